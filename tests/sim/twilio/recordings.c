/* twilio/recordings.c - making recordings, telling of them, and their REST resources. */
#include "twilio/recordings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "twilio/sound.h"
#include "twilio/webhook.h"

enum { PROCESSING_MS = 300, SAMPLES_MAX = 8000 * 1800, SOUNDS_KEPT = 100 };

struct recording {
    char sid[SID_SIZE];
    struct call *call;
    const char *status, *source;
    int channels;
    int64_t created_ms, ended_ms, updated_ms;
    char *told_url, *told_method, *told_events;
    unsigned char *sides[2]; /* mu-law of the person and of the other side */
    size_t count, room;
    bool deleted;
    struct recording *next;
};

static struct recording *recordings; /* the latest first */

/* ---- making ---- */

static struct recording *recording_new(struct call *call, const char *source)
{
    struct recording *recording = calloc(1, sizeof *recording);

    sid_new("RE", recording->sid);
    recording->call = call;
    recording->source = source;
    recording->status = "in-progress";
    recording->channels = 2;
    recording->created_ms = recording->updated_ms = web_epoch_ms();
    recording->next = recordings;
    recordings = recording;
    call->recording = recording;
    return recording;
}

/* Only so many keep their sound, so that a long load test does not fill the memory. */
static void forget_old_sound(void)
{
    int kept = 0;

    for (struct recording *recording = recordings; recording; recording = recording->next) {
        if (++kept <= SOUNDS_KEPT || !recording->ended_ms)
            continue;
        free(recording->sides[0]);
        free(recording->sides[1]);
        recording->sides[0] = recording->sides[1] = NULL;
        recording->count = recording->room = 0;
    }
}

static void take_settings(struct recording *recording, const xmlNode *node)
{
    char *url = attribute(node, "recordingStatusCallback");
    char *method = attribute(node, "recordingStatusCallbackMethod");
    char *events = attribute(node, "recordingStatusCallbackEvent");

    recording->told_url = program_url(recording->call, url);
    text_replace(&recording->told_method, method);
    text_replace(&recording->told_events, events);
    if (attribute_is(node, "channels", "mono") || attribute_is(node, "recordingChannels", "mono"))
        recording->channels = 1;
    xmlFree(url);
    xmlFree(method);
    xmlFree(events);
}

/* As the call was ordered; an order to record later says so itself. */
static void take_order(struct recording *recording)
{
    text_replace(&recording->told_url, recording->call->record_url);
    text_replace(&recording->told_method, recording->call->record_method);
    text_replace(&recording->told_events, recording->call->record_events);
}

static long seconds_of(const struct recording *recording)
{
    return (long)(recording->ended_ms - recording->created_ms + 999) / 1000;
}

static char *media_url(const struct recording *recording)
{
    char *uri = rest_uri(recording->call->account, "/Recordings/%s", recording->sid);
    char *url = text_of("%s%s", carrier.base_url, uri);

    free(uri);
    return url;
}

static void tell(struct recording *recording, const char *status)
{
    const struct call *call = recording->call;
    struct webhook webhook = {.kind = "recording",
                              .account = call->account,
                              .url = recording->told_url,
                              .method = recording->told_method,
                              .subject = call->sid,
                              .status = status,
                              .record = call->webhooks};
    char date[DATE_SIZE], *url;

    log_event("recording", "call", call->sid, "recording", recording->sid, "status", status, NULL);
    if (!recording->told_url ||
        !strstr(recording->told_events ? recording->told_events : "completed", status))
        return;
    url = media_url(recording);
    form_add(&webhook.form, "AccountSid", call->account->sid);
    form_add(&webhook.form, "CallSid", *call->parent_sid ? call->parent_sid : call->sid);
    form_add(&webhook.form, "RecordingSid", recording->sid);
    form_add(&webhook.form, "RecordingUrl", url);
    form_add(&webhook.form, "RecordingStatus", status);
    form_add_integer(&webhook.form, "RecordingDuration",
                     recording->ended_ms ? seconds_of(recording) : -1);
    form_add_integer(&webhook.form, "RecordingChannels", recording->channels);
    form_add(&webhook.form, "RecordingStartTime", date_rfc2822(recording->created_ms, date));
    form_add(&webhook.form, "RecordingSource", recording->source);
    form_add(&webhook.form, "RecordingTrack", "both");
    webhook_send(&webhook, NULL, NULL);
    free(url);
}

bool recording_begin(struct call *call, const char *source, const xmlNode *node)
{
    struct recording *recording;

    if (call->recording)
        return false;
    recording = recording_new(call, source);
    if (node)
        take_settings(recording, node);
    else
        take_order(recording);
    forget_old_sound();
    tell(recording, "in-progress");
    return true;
}

void recording_take(struct call *call, const unsigned char *caller, const unsigned char *agent)
{
    struct recording *recording = call->recording;

    if (!recording || recording->count + STEP_BYTES > SAMPLES_MAX)
        return;
    if (recording->count + STEP_BYTES > recording->room) {
        recording->room = (recording->room + STEP_BYTES) * 2;
        for (int side = 0; side < 2; side++)
            recording->sides[side] = realloc(recording->sides[side], recording->room);
    }
    memcpy(recording->sides[0] + recording->count, caller, STEP_BYTES);
    memcpy(recording->sides[1] + recording->count, agent, STEP_BYTES);
    recording->count += STEP_BYTES;
}

static void processed(void *user)
{
    struct recording *recording = user;

    recording->status = recording->count ? "completed" : "absent";
    recording->updated_ms = web_epoch_ms();
    tell(recording, recording->status);
}

void recording_finish(struct call *call)
{
    struct recording *recording = call->recording;

    if (!recording)
        return;
    call->recording = NULL;
    recording->ended_ms = recording->updated_ms = web_epoch_ms();
    recording->status = "processing";
    web_after(carrier.web, PROCESSING_MS, processed, recording);
}

static const struct recording *latest(const struct call *call)
{
    const struct recording *recording = recordings;

    while (recording && recording->call != call)
        recording = recording->next;
    return recording;
}

void recordings_add_to_form(const struct call *call, struct form *form)
{
    const struct recording *recording = latest(call);
    char *url;

    if (!recording)
        return;
    url = media_url(recording);
    form_add(form, "RecordingUrl", url);
    form_add(form, "RecordingSid", recording->sid);
    form_add_integer(form, "RecordingDuration",
                     recording->ended_ms ? seconds_of(recording)
                                         : (web_epoch_ms() - recording->created_ms + 999) / 1000);
    free(url);
}

/* ---- resources ---- */

static void set_date(struct json_object *body, const char *name, int64_t epoch_ms)
{
    char date[DATE_SIZE];

    json_set(body, name, date_rfc2822(epoch_ms, date));
}

static struct json_object *resource(const struct recording *recording)
{
    struct json_object *body = json_object_new_object();
    const struct call *call = recording->call;
    char *uri = rest_uri(call->account, "/Recordings/%s.json", recording->sid);
    char *url = media_url(recording), duration[24];

    snprintf(duration, sizeof duration, "%ld", seconds_of(recording));
    json_set(body, "account_sid", call->account->sid);
    json_set(body, "api_version", "2010-04-01");
    json_set(body, "call_sid", call->sid);
    json_set(body, "conference_sid", NULL);
    set_date(body, "date_created", recording->created_ms);
    set_date(body, "date_updated", recording->updated_ms);
    set_date(body, "start_time", recording->created_ms);
    json_set(body, "duration", recording->ended_ms ? duration : "-1");
    json_set(body, "sid", recording->sid);
    json_set(body, "price", NULL);
    json_set(body, "price_unit", "USD");
    json_set(body, "status", recording->deleted ? "deleted" : recording->status);
    json_set_integer(body, "channels", recording->channels);
    json_set(body, "source", recording->source);
    json_set(body, "error_code", NULL);
    json_set(body, "track", "both");
    json_set(body, "uri", uri);
    json_set(body, "encryption_details", NULL);
    json_set_object(body, "subresource_uris", json_object_new_object());
    json_set(body, "media_url", url);
    free(uri);
    free(url);
    return body;
}

struct json_object *recordings_view(const struct call *call)
{
    struct json_object *all = json_object_new_array();

    for (struct recording *recording = recordings; recording; recording = recording->next)
        if (recording->call == call)
            json_object_array_add(all, resource(recording));
    return all;
}

/* ---- REST ---- */

static struct call *named_call(struct rest *rest)
{
    struct call *call = call_find(rest->ids[0]);

    if (call && call->account == rest->account)
        return call;
    rest_not_found(rest);
    return NULL;
}

static struct recording *named(struct rest *rest)
{
    for (struct recording *recording = recordings; recording; recording = recording->next)
        if (text_is(rest->ids[0], recording->sid) && recording->call->account == rest->account &&
            (!recording->deleted || text_is(rest_param(rest, "IncludeSoftDeleted"), "true")))
            return recording;
    rest_not_found(rest);
    return NULL;
}

static void list(struct rest *rest, const char *call_sid)
{
    struct json_object *all = json_object_new_array();

    for (struct recording *recording = recordings; recording; recording = recording->next)
        if (recording->call->account == rest->account && !recording->deleted &&
            (!call_sid || !strcmp(call_sid, recording->call->sid)))
            json_object_array_add(all, resource(recording));
    rest_list(rest, "recordings", all);
}

void recordings_of_call(struct rest *rest)
{
    if (named_call(rest))
        list(rest, rest->ids[0]);
}

void recordings_list(struct rest *rest)
{
    list(rest, rest_param(rest, "CallSid"));
}

void recordings_start(struct rest *rest)
{
    struct call *call = named_call(rest);
    const char *url = rest_param(rest, "RecordingStatusCallback");

    if (!call)
        return;
    if (call->state != CALL_IN_PROGRESS || call->recording) {
        rest_error(rest, 400, 21220, "Requested resource is not eligible for recording");
        return;
    }
    recording_begin(call, "StartCallRecordingAPI", NULL);
    text_replace(&call->recording->told_url, url);
    text_replace(&call->recording->told_events, rest_param(rest, "RecordingStatusCallbackEvent"));
    call->recording->channels = text_is(rest_param(rest, "RecordingChannels"), "dual") ? 2 : 1;
    rest_answer(rest, 201, resource(call->recording));
}

void recordings_control(struct rest *rest)
{
    struct call *call = named_call(rest);
    const char *status = rest_param(rest, "Status");
    struct recording *recording = call ? call->recording : NULL;

    if (!call)
        return;
    if (!recording ||
        (!text_is(rest->ids[1], "Twilio.CURRENT") && !text_is(rest->ids[1], recording->sid))) {
        rest_not_found(rest);
        return;
    }
    if (text_is(status, "stopped"))
        recording_finish(call);
    else if (text_is(status, "paused") || text_is(status, "in-progress"))
        recording->status = *status == 'p' ? "paused" : "in-progress";
    rest_answer(rest, 200, resource(recording));
}

void recordings_fetch(struct rest *rest)
{
    struct recording *recording = named(rest);

    if (recording)
        rest_answer(rest, 200, resource(recording));
}

void recordings_delete(struct rest *rest)
{
    struct recording *recording = named(rest);

    if (!recording)
        return;
    recording->deleted = true;
    rest_answer(rest, 204, NULL);
}

static void media(struct rest *rest, const char *type, sound_coder coder)
{
    struct recording *recording = named(rest);
    unsigned char *bytes;
    size_t length;

    if (!recording)
        return;
    if (!text_is(recording->status, "completed") || !recording->count) {
        rest_not_found(rest);
        return;
    }
    bytes = coder(recording->sides[0], recording->sides[1], recording->count,
                  text_is(rest_param(rest, "RequestedChannels"), "2") ? 2 : 1, &length);
    rest_media(rest, type, bytes, length);
    free(bytes);
}

void recordings_wav(struct rest *rest)
{
    media(rest, "audio/x-wav", sound_wav);
}

void recordings_mp3(struct rest *rest)
{
    media(rest, "audio/mpeg", sound_mp3);
}
