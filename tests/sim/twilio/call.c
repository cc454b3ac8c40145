/* twilio/call.c - the life of a call. */
#include "twilio/call.h"

#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "twilio/dial.h"
#include "twilio/media.h"
#include "twilio/queue.h"
#include "twilio/recordings.h"
#include "twilio/relay.h"
#include "twilio/room.h"
#include "twilio/webhook.h"

/* Steps of all calls fall on a common grid, so that twenty calls do not wake the loop twenty times.
 */
enum { PRICE_AFTER_MS = 1000, GRID_MICROS = 5000 };

static struct call *calls;

static const char *const statuses[] = {
    [CALL_QUEUED] = "queued",
    [CALL_RINGING] = "ringing",
    [CALL_IN_PROGRESS] = "in-progress",
    [CALL_COMPLETED] = "completed",
    [CALL_BUSY] = "busy",
    [CALL_FAILED] = "failed",
    [CALL_NO_ANSWER] = "no-answer",
    [CALL_CANCELED] = "canceled",
};

/* ---- finding ---- */

struct call *call_new(const struct account *account, const char *direction, const char *from,
                      const char *to)
{
    struct call *call = calloc(1, sizeof *call);
    char token[SID_SIZE];

    sid_new("CA", call->sid);
    sid_new("CT", token);
    call->account = account;
    call->direction = direction;
    call->from = text_copy(from);
    call->to = text_copy(to);
    call->token = text_of("{\"parentCallInfoToken\":\"%s==\",\"identityHeaderTokens\":[]}", token);
    call->created_ms = call->updated_ms = web_epoch_ms();
    call->transcript = json_object_new_array();
    call->verbs = json_object_new_array();
    call->webhooks = json_object_new_array();
    call->alerts = json_object_new_array();
    call->next = calls;
    calls = call;
    log_event("call", "call", call->sid, "direction", direction, "from", from, "to", to, NULL);
    return call;
}

struct call *call_find(const char *sid)
{
    for (struct call *call = calls; call; call = call->next)
        if (text_is(sid, call->sid))
            return call;
    return NULL;
}

struct call *calls_first(void)
{
    return calls;
}

const char *call_status(const struct call *call)
{
    return statuses[call->state];
}

bool call_ended(const struct call *call)
{
    return call->state >= CALL_COMPLETED;
}

int64_t call_now_ms(const struct call *call)
{
    return call->steps * STEP_MS;
}

/* ---- whom it is told ---- */

static void add_places(struct form *form, const char *who)
{
    static const char *const names[] = {"City", "State", "Zip"};
    char *name;

    for (int i = 0; i < 3; i++) {
        name = text_of("%s%s", who, names[i]);
        form_add(form, name, "");
        free(name);
    }
    name = text_of("%sCountry", who);
    form_add(form, name, "US");
    free(name);
}

void call_form(const struct call *call, struct form *form)
{
    form_add(form, "CallSid", call->sid);
    form_add(form, "AccountSid", call->account->sid);
    form_add(form, "From", call->from);
    form_add(form, "To", call->to);
    form_add(form, "Caller", call->from);
    form_add(form, "Called", call->to);
    form_add(form, "CallStatus", call_status(call));
    form_add(form, "ApiVersion", "2010-04-01");
    form_add(form, "Direction", call->direction);
    if (*call->parent_sid)
        form_add(form, "ParentCallSid", call->parent_sid);
    if (text_is(call->direction, "inbound")) {
        form_add(form, "CallToken", call->token);
        form_add(form, "StirVerstat", "TN-Validation-Passed-A");
    }
    if (call->answered_by)
        form_add(form, "AnsweredBy", call->answered_by);
    add_places(form, "From");
    add_places(form, "To");
    add_places(form, "Caller");
    add_places(form, "Called");
}

unsigned call_events(const char *words)
{
    static const char *const names[] = {"initiated", "ringing", "answered", "completed"};
    unsigned events = 0;

    for (int i = 0; i < 4; i++)
        if (!words ? i == 3 : strstr(words, names[i]) != NULL)
            events |= 1u << i;
    return events;
}

void call_tell_to(struct call *call, const char *url, const char *method, const char *events)
{
    text_replace(&call->told.url, url && *url ? url : NULL);
    text_replace(&call->told.method, method);
    call->told.events = call_events(events);
}

static int64_t seconds_of(const struct call *call)
{
    return call->answered_ms ? (call->ended_ms - call->answered_ms + 999) / 1000 : 0;
}

static void add_ending(const struct call *call, struct form *form)
{
    form_add_integer(form, "CallDuration", seconds_of(call));
    form_add_integer(form, "SipResponseCode", call->sip_code);
    if (call->state != CALL_COMPLETED)
        return;
    form_add_integer(form, "Duration", (seconds_of(call) + 59) / 60);
    if (call->record)
        recordings_add_to_form(call, form);
}

static void tell(struct call *call, enum call_event event, const char *status)
{
    struct webhook webhook = {.kind = "status",
                              .account = call->account,
                              .url = call->told.url,
                              .method = call->told.method,
                              .subject = call->sid,
                              .status = status,
                              .record = call->webhooks};
    char date[DATE_SIZE];

    log_event("call_status", "call", call->sid, "status", status, NULL);
    if (!call->told.url || !(call->told.events & event))
        return;
    call_form(call, &webhook.form);
    form_set(&webhook.form, "CallStatus", status);
    form_add(&webhook.form, "Timestamp", date_rfc2822(web_epoch_ms(), date));
    form_add(&webhook.form, "CallbackSource", "call-progress-events");
    form_add_integer(&webhook.form, "SequenceNumber", call->told.sequence++);
    if (event == TELL_COMPLETED)
        add_ending(call, &webhook.form);
    webhook_send(&webhook, NULL, NULL);
}

/* ---- the steps ---- */

static void take_step(struct call *call)
{
    unsigned char voice[STEP_BYTES];
    int64_t now_ms = call_now_ms(call);

    if (now_ms < call->program.speaking_until_ms)
        hearing_voice(&call->hearing, now_ms);
    script_step(call);
    if (call_ended(call))
        return;
    if (mouth_next(&call->mouth, voice, sizeof voice) && call->peer)
        hearing_voice(&call->peer->hearing, call_now_ms(call->peer));
    media_step(call, voice);
    relay_step(call);
    call->steps++;
}

static int64_t due_micros(const struct call *call)
{
    return call->answered_micros + (call->steps + 1) * STEP_MS * 1000;
}

/* Takes every step that is due, and waits for the next one. */
static void on_time(void *user)
{
    struct call *call = user;
    int64_t now = web_micros();

    call->step = NULL;
    if ((now - due_micros(call)) / 1000 > call->latest_ms)
        call->latest_ms = (now - due_micros(call)) / 1000;
    while (!call_ended(call) && due_micros(call) <= now)
        take_step(call);
    if (!call_ended(call))
        call->step = web_at(carrier.web, due_micros(call), on_time, call);
}

/* ---- going on ---- */

static void enter(struct call *call, enum call_state state)
{
    call->state = state;
    call->updated_ms = web_epoch_ms();
}

void call_initiated(struct call *call)
{
    tell(call, TELL_INITIATED, "initiated");
}

void call_ringing(struct call *call)
{
    enter(call, CALL_RINGING);
    tell(call, TELL_RINGING, "ringing");
}

void call_answer(struct call *call)
{
    if (call->state >= CALL_IN_PROGRESS)
        return;
    web_timer_cancel(call->ring);
    call->ring = NULL;
    enter(call, CALL_IN_PROGRESS);
    call->answered_ms = web_epoch_ms();
    call->answered_micros = (web_micros() / GRID_MICROS + 1) * GRID_MICROS;
    call->step = web_at(carrier.web, due_micros(call), on_time, call);
    tell(call, TELL_ANSWERED, "in-progress");
    if (call->record)
        recording_begin(call, "OutboundAPI", NULL);
}

static void limit_reached(void *user)
{
    struct call *call = user;

    call->limit = NULL;
    log_event("call_time_limit", "call", call->sid, NULL);
    call_hang_up(call);
}

void call_limit(struct call *call, int64_t seconds)
{
    web_timer_cancel(call->limit);
    call->limit = seconds > 0 ? web_after(carrier.web, seconds * 1000, limit_reached, call) : NULL;
}

static void set_price(void *user)
{
    struct call *call = user;
    double minute = text_is(call->direction, "inbound") ? 0.0085 : 0.0140;

    call->price = text_of("%.5f", -minute * (double)((seconds_of(call) + 59) / 60));
    call->updated_ms = web_epoch_ms();
}

static void cancel_timers(struct call *call)
{
    web_timer_cancel(call->step);
    web_timer_cancel(call->ring);
    web_timer_cancel(call->limit);
    call->step = call->ring = call->limit = NULL;
}

void call_end(struct call *call, enum call_state state, int sip_code)
{
    if (call_ended(call))
        return;
    enter(call, state);
    call->ended_ms = web_epoch_ms();
    call->sip_code = sip_code;
    cancel_timers(call);
    script_end(call);
    media_end(call);
    relay_end(call);
    room_leave(call);
    queue_abort(call);
    recording_finish(call);
    program_abort(call);
    tell(call, TELL_COMPLETED, call_status(call));
    dial_parent_ended(call);
    dial_leg_ended(call);
    if (state == CALL_COMPLETED)
        web_after(carrier.web, PRICE_AFTER_MS, set_price, call);
}

void call_hang_up(struct call *call)
{
    if (call->state == CALL_IN_PROGRESS)
        call_end(call, CALL_COMPLETED, 200);
    else
        call_end(call, CALL_CANCELED, 487);
}

void call_leave(struct call *call)
{
    log_event("caller_hangs_up", "call", call->sid, NULL);
    if (call->state == CALL_IN_PROGRESS)
        call_end(call, CALL_COMPLETED, 200);
    else
        call_end(call, CALL_NO_ANSWER, 487);
}

/* ---- what was said and what went wrong ---- */

void call_said(struct call *call, const struct said *said)
{
    struct json_object *entry = json_object_new_object(), *logged;

    json_set(entry, "who", said->who);
    json_set(entry, "text", said->text);
    json_set_integer(entry, "at_ms", said->at_ms);
    json_set_integer(entry, "heard_ms", said->heard_ms);
    json_set_integer(entry, "total_ms", said->total_ms);
    json_set_integer(entry, "gap_ms", said->gap_ms);
    json_set_flag(entry, "whole", said->whole);
    logged = json_object_new_object();
    json_set(logged, "call", call->sid);
    json_set_object(logged, "said", json_object_get(entry));
    json_object_array_add(call->transcript, entry);
    log_json("said", logged);
}

void call_alert(struct call *call, int code, const char *detail)
{
    struct json_object *entry = json_object_new_object();

    json_set_integer(entry, "code", code);
    json_set(entry, "detail", detail);
    json_set_integer(entry, "at_ms", call_now_ms(call));
    json_object_array_add(call->alerts, json_object_get(entry));
    json_set(entry, "call", call->sid);
    log_json("alert", entry);
}
