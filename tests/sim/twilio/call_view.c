/* twilio/call_view.c - a call as REST shows it, and as the control port does. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "twilio/call.h"
#include "twilio/media.h"
#include "twilio/numbers.h"
#include "twilio/recordings.h"
#include "twilio/relay.h"
#include "twilio/rest.h"

/* ---- the resource ---- */

static void set_date(struct json_object *body, const char *name, int64_t epoch_ms)
{
    char date[DATE_SIZE];

    json_set(body, name, epoch_ms ? date_rfc2822(epoch_ms, date) : NULL);
}

static void set_formatted(struct json_object *body, const char *name, const char *number)
{
    char text[32];

    if (!strncmp(number, "+1", 2) && strlen(number) == 12)
        snprintf(text, sizeof text, "(%.3s) %.3s-%.4s", number + 2, number + 5, number + 8);
    else
        snprintf(text, sizeof text, "%.31s", number);
    json_set(body, name, text);
}

static struct json_object *subresources(const struct call *call)
{
    static const char *const names[][2] = {
        {"notifications", "Notifications"},
        {"recordings", "Recordings"},
        {"payments", "Payments"},
        {"events", "Events"},
        {"siprec", "Siprec"},
        {"streams", "Streams"},
        {"transcriptions", "Transcriptions"},
    };
    struct json_object *uris = json_object_new_object();
    char *uri;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        uri = rest_uri(call->account, "/Calls/%s/%s.json", call->sid, names[i][1]);
        json_set(uris, names[i][0], uri);
        free(uri);
    }
    return uris;
}

static void add_parties(const struct call *call, struct json_object *body)
{
    struct json_object *number =
        number_find(text_is(call->direction, "inbound") ? call->to : call->from);

    json_set(body, "to", call->to);
    set_formatted(body, "to_formatted", call->to);
    json_set(body, "from", call->from);
    set_formatted(body, "from_formatted", call->from);
    json_set(body, "phone_number_sid", json_text(number, "sid"));
}

static void add_times(const struct call *call, struct json_object *body)
{
    char duration[24];

    snprintf(
        duration, sizeof duration, "%lld",
        (long long)(call->answered_ms ? (call->ended_ms - call->answered_ms + 999) / 1000 : 0));
    set_date(body, "date_created", call->created_ms);
    set_date(body, "date_updated", call->updated_ms);
    set_date(body, "start_time", call->answered_ms ? call->answered_ms : call->ended_ms);
    set_date(body, "end_time", call->ended_ms);
    json_set(body, "duration", call->ended_ms ? duration : NULL);
}

struct json_object *call_resource(const struct call *call)
{
    struct json_object *body = json_object_new_object();
    char *uri = rest_uri(call->account, "/Calls/%s.json", call->sid);

    json_set(body, "sid", call->sid);
    json_set(body, "account_sid", call->account->sid);
    json_set(body, "parent_call_sid", *call->parent_sid ? call->parent_sid : NULL);
    add_parties(call, body);
    add_times(call, body);
    json_set(body, "status", call_status(call));
    json_set(body, "price", call->price);
    json_set(body, "price_unit", "USD");
    json_set(body, "direction", call->direction);
    json_set(body, "answered_by", call->answered_by);
    json_set(body, "api_version", "2010-04-01");
    json_set(body, "forwarded_from", NULL);
    json_set(body, "group_sid", NULL);
    json_set(body, "caller_name", text_is(call->direction, "inbound") ? "" : NULL);
    json_set(body, "queue_time", "0");
    json_set(body, "trunk_sid", "");
    json_set_object(body, "subresource_uris", subresources(call));
    json_set(body, "uri", uri);
    free(uri);
    return body;
}

/* ---- the view of the control port ---- */

struct json_object *call_view(const struct call *call)
{
    struct json_object *body = json_object_new_object();

    json_set(body, "call_sid", call->sid);
    json_set(body, "state", call_status(call));
    json_set(body, "direction", call->direction);
    json_set(body, "from", call->from);
    json_set(body, "to", call->to);
    json_set(body, "parent_call_sid", *call->parent_sid ? call->parent_sid : NULL);
    json_set_flag(body, "ended", call_ended(call));
    json_set_integer(body, "created_ms", call->created_ms);
    json_set_integer(body, "answered_ms", call->answered_ms);
    json_set_integer(body, "ended_ms", call->ended_ms);
    json_set_integer(body, "now_ms", call_now_ms(call));
    json_set_integer(body, "latest_step_ms", call->latest_ms);
    json_set_object(body, "transcript", json_object_get(call->transcript));
    json_set_object(body, "twiml", json_object_get(call->verbs));
    json_set_object(body, "callbacks", json_object_get(call->webhooks));
    json_set_object(body, "alerts", json_object_get(call->alerts));
    json_set_object(body, "streams", media_view(call));
    json_set_object(body, "relays", relay_view(call));
    json_set_object(body, "recordings", recordings_view(call));
    return body;
}
