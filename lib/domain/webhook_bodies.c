#include "domain/webhook_bodies.h"

#include <string.h>

#include "core/text.h"
#include "domain/call_state.h"
#include "domain/calls.h"
#include "domain/numbers.h"

static bool is(const char *text, const char *word)
{
    return text && strcmp(text, word) == 0;
}

/* KwickPhone's receivers hear of the end of every call, whatever the end was. */
static const char *kwickphone_name(const char *event)
{
    return is(event, "call.completed") || is(event, "call.failed") ? "call.completed" : NULL;
}

static void member(struct text *out, const char *name, const char *value)
{
    if (!value)
        return;
    text_add(out, ",\"%s\":", name);
    text_json(out, value);
}

/* The call as its API shows it; what is absent is left out. */
static bool kwickphone_call(struct work *work, struct text *out, const struct call *call)
{
    bool inbound = is(call->direction, "inbound");
    struct phone_number number;
    char started[32];

    text_put(out, "{\"id\":");
    text_json(out, call->call_sid);
    if (number_find(work, call->phone_number_id, &number))
        text_add(out, ",\"number_id\":\"num_%lld\"", (long long)number.seq);
    else if (work->error.what != NOT_FOUND)
        return false;
    member(out, "phone_number", inbound ? call->to_addr : call->from_addr);
    member(out, "caller", call->customer_phone);
    member(out, "direction", call->direction);
    member(out, "status", call_state_word(CALL_AS_KWICKPHONE, call->state, false));
    member(out, "outcome", call->business_outcome ? call->business_outcome : call->outcome);
    if (call->duration_seconds != NO_INTEGER)
        text_add(out, ",\"duration_sec\":%lld", (long long)call->duration_seconds);
    instant_write_iso(call->started_at, ISO_SECONDS, started);
    member(out, "started_at", started);
    text_add(out, ",\"has_recording\":%s", call->recording_count > 0 ? "true" : "false");
    text_add(out, ",\"has_transcript\":%s}", call->turn_count > 0 ? "true" : "false");
    return true;
}

static bool kwickphone_body(struct work *work, const struct webhook_event *event, struct text *out)
{
    char at[32];

    instant_write_iso(event->at, ISO_SECONDS, at);
    text_add(out, "{\"id\":\"%s\",\"event\":\"%s\",\"created_at\":\"%s\",\"data\":{\"call\":",
             webhook_event_id(&work->arena, event->id), kwickphone_name(event->name), at);
    if (!kwickphone_call(work, out, event->call))
        return false;
    text_put(out, "}}");
    return true;
}

static const struct teller {
    const char *dialect, *signature_header;
    const char *(*name)(const char *event);
    bool (*body)(struct work *work, const struct webhook_event *event, struct text *out);
} tellers[] = {
    {"kwickphone", "X-KwickPhone-Signature", kwickphone_name, kwickphone_body},
};

static const struct teller *teller_of(const char *dialect)
{
    for (size_t i = 0; i < COUNT(tellers); i++)
        if (is(dialect, tellers[i].dialect))
            return &tellers[i];
    return NULL;
}

const char *webhook_event_name(const char *dialect, const char *event)
{
    const struct teller *teller = teller_of(dialect);

    return teller ? teller->name(event) : NULL;
}

bool webhook_body(struct work *work, const char *dialect, const struct webhook_event *event,
                  const char **body)
{
    const struct teller *teller = teller_of(dialect);
    struct text out = {.arena = &work->arena};

    if (!teller)
        return fail(work, INTERNAL, "Nobody tells %s of events", dialect);
    if (!teller->body(work, event, &out))
        return false;
    *body = out.at;
    return true;
}

char *webhook_event_id(struct arena *arena, uid id)
{
    char digits[27];

    uid_write_base32(id, digits);
    return arena_format(arena, "evt_%s", digits);
}

const char *webhook_signature_header(const char *dialect)
{
    const struct teller *teller = teller_of(dialect);

    return teller ? teller->signature_header : "X-Trunkline-Signature";
}
