/*
 * KwickPhone's receivers hear of the end of a call, with the call as the API shows it.
 */
#include <string.h>

#include "domain/call_state.h"
#include "domain/calls.h"
#include "domain/numbers.h"
#include "domain/webhook_tellers.h"

/* Of the end of every call, whatever the end was. */
static const char *name_of(const char *event)
{
    return strcmp(event, "call.completed") == 0 || strcmp(event, "call.failed") == 0
               ? "call.completed"
               : NULL;
}

/* What is absent is left out. */
static bool put_call(struct work *work, struct text *out, const struct call *call)
{
    bool inbound = strcmp(call->direction, "inbound") == 0;
    struct phone_number number;
    char started[32];

    text_put(out, "{\"id\":");
    text_json(out, call->call_sid);
    if (number_find(work, call->phone_number_id, &number))
        text_add(out, ",\"number_id\":\"num_%lld\"", (long long)number.seq);
    else if (work->error.what != NOT_FOUND)
        return false;
    text_member(out, "phone_number", inbound ? call->to_addr : call->from_addr);
    text_member(out, "caller", call->customer_phone);
    text_member(out, "direction", call->direction);
    text_member(out, "status", call_state_word(CALL_AS_KWICKPHONE, call->state, false));
    text_member(out, "outcome", call->business_outcome ? call->business_outcome : call->outcome);
    if (call->duration_seconds != NO_INTEGER)
        text_add(out, ",\"duration_sec\":%lld", (long long)call->duration_seconds);
    instant_write_iso(call->started_at, ISO_SECONDS, started);
    text_member(out, "started_at", started);
    text_add(out, ",\"has_recording\":%s", call->recording_count > 0 ? "true" : "false");
    text_add(out, ",\"has_transcript\":%s}", call->turn_count > 0 ? "true" : "false");
    return true;
}

static bool body_of(struct work *work, const struct webhook_event *event, struct text *out)
{
    char at[32];

    instant_write_iso(event->at, ISO_SECONDS, at);
    text_add(out, "{\"id\":\"%s\",\"event\":\"%s\",\"created_at\":\"%s\",\"data\":{\"call\":",
             webhook_event_id(&work->arena, event->id), name_of(event->name), at);
    if (!put_call(work, out, event->call))
        return false;
    text_put(out, "}}");
    return true;
}

const struct webhook_teller webhook_teller_kwickphone = {"kwickphone", "X-KwickPhone-Signature",
                                                         name_of, body_of};
