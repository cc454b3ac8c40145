/*
 * StateSet's receivers: one envelope that holds what each of its published descriptions names
 * (semantics 1.4), around the data of the event.
 */
#include <string.h>

#include "core/json.h"
#include "domain/call_names.h"
#include "domain/call_state.h"
#include "domain/calls.h"
#include "domain/sessions.h"
#include "domain/tenants.h"
#include "domain/webhook_tellers.h"

/* The date of the contract that bodies keep to. */
#define API_VERSION "2026-05-14"

/* How each kind of event fills "data"; events that are not here are nobody's business. */
struct telling;
typedef void teller(struct telling *telling);
static teller tell_begin, tell_end, tell_escalation, tell_payload;

static const struct kind {
    const char *event; /* one that ends with a dot stands for all that begin so */
    const char *name;  /* NULL: as we call it */
    teller *data;
} kinds[] = {
    {"call.started", NULL, tell_begin},          {"call.completed", NULL, tell_end},
    {"call.failed", "call.completed", tell_end}, {"call.updated", NULL, tell_end},
    {"call.escalated", NULL, tell_escalation},   {"session.evaluated", NULL, tell_payload},
    {"callback_task.", NULL, tell_payload},      {WEBHOOK_DELIVERY_FAILED, NULL, tell_payload},
};

static const struct kind *kind_of(const char *event)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        size_t length = strlen(kinds[i].event);
        bool family = kinds[i].event[length - 1] == '.';

        if (strncmp(event, kinds[i].event, family ? length : length + 1) == 0)
            return &kinds[i];
    }
    return NULL;
}

static const char *name_of(const char *event)
{
    const struct kind *kind = kind_of(event);

    return kind && kind->name ? kind->name : kind ? event : NULL;
}

/* A body while it is written. */
struct telling {
    const struct webhook_event *event;
    const struct call *call;      /* NULL: the event is about none */
    const char *call_sid;         /* NULL: none is known */
    const char *stream_sid;       /* of a call */
    const char *voice_session_id; /* NULL: none */
    json_object *payload;
    struct text *out; /* where the data go */
};

/* ---- data ---- */

static void put(struct text *out, const char *name, const char *value)
{
    text_add(out, ",\"%s\":", name);
    text_json(out, value);
}

static void put_at(struct text *out, const char *name, instant at)
{
    char text[40];

    instant_write_iso(at, ISO_SHORTEST, text);
    put(out, name, instant_is_none(at) ? NULL : text);
}

/* Which call it is, and between whom. */
static void put_call(struct telling *telling)
{
    text_put(telling->out, "{\"stream_sid\":");
    text_json(telling->out, telling->stream_sid);
    put(telling->out, "call_sid", telling->call->call_sid);
    put(telling->out, "from_number", telling->call->from_addr);
    put(telling->out, "to_number", telling->call->to_addr);
    put(telling->out, "direction", telling->call->direction);
}

static void tell_begin(struct telling *telling)
{
    put_call(telling);
    put_at(telling->out, "started_at", telling->call->started_at);
    text_char(telling->out, '}');
}

static void put_number(struct text *out, const char *name, int64_t value)
{
    if (value == NO_INTEGER)
        text_add(out, ",\"%s\":null", name);
    else
        text_add(out, ",\"%s\":%lld", name, (long long)value);
}

static void tell_end(struct telling *telling)
{
    const struct call *call = telling->call;
    struct text *out = telling->out;

    put_call(telling);
    put(out, "status", call_state_word(CALL_AS_STATESET_LOG, call->state, call->escalated));
    put(out, "outcome", call->outcome);
    put_number(out, "duration_seconds", call->duration_seconds);
    text_add(out, ",\"escalated\":%s", call->escalated ? "true" : "false");
    put_number(out, "function_call_count", call->tool_call_count);
    put_number(out, "transcript_turn_count", call->turn_count);
    put(out, "summary", call->summary);
    put_at(out, "ended_at", call->ended_at);
    text_char(out, '}');
}

/* StateSet knows two who escalate; who asks through an API is no model. */
static const char *initiator(const char *by)
{
    return by && strcmp(by, "ai") == 0 ? "ai" : "supervisor";
}

static void tell_escalation(struct telling *telling)
{
    json_object *payload = telling->payload;
    const char *target = json_text(payload, "target");
    struct text *out = telling->out;

    put_call(telling);
    put(out, "target", target ? target : "");
    put(out, "reason", json_text(payload, "reason"));
    put(out, "initiated_by", initiator(json_text(payload, "initiated_by")));
    put(out, "mode", json_text(payload, "mode"));
    put(out, "handoff_id", json_text(payload, "handoff_id"));
    text_char(out, '}');
}

static void tell_payload(struct telling *telling)
{
    text_put(telling->out, telling->event->payload);
}

/* ---- the envelope ---- */

/* The stream of the session, or the name that is made of the session's or the call's key. */
static const char *name_stream(struct work *work, const struct voice_session *session, uid call)
{
    char name[SID_SIZE];

    if (session && session->stream_sid)
        return session->stream_sid;
    sid_write("MZ", session ? session->id : call, name);
    return arena_text(&work->arena, name);
}

static bool find_session(struct work *work, struct telling *telling)
{
    struct voice_session session;
    char id[37];
    bool found;

    telling->voice_session_id = json_text(telling->payload, "voice_session_id");
    if (!telling->call)
        return true;
    telling->call_sid = telling->call->call_sid;
    found = session_of_call(work, telling->call->id, &session);
    if (!found && work->error.what != NOT_FOUND)
        return false;
    telling->stream_sid = name_stream(work, found ? &session : NULL, telling->call->id);
    if (!found || telling->voice_session_id)
        return true;
    uid_write_uuid(session.id, id);
    telling->voice_session_id = arena_text(&work->arena, id);
    return true;
}

/* What is about no call alone may say of which one it is about too. */
static void find_call_sid(struct telling *telling)
{
    if (!telling->call_sid)
        telling->call_sid = json_text(json_member(telling->payload, "task"), "call_sid");
    if (!telling->call_sid)
        telling->call_sid = json_text(telling->payload, "call_sid");
}

static void put_head(struct work *work, const struct telling *telling, const struct tenant *tenant,
                     struct text *out)
{
    const char *prefix = tenant_setting(work, tenant, "webhook_event_prefix");
    const char *name = name_of(telling->event->name);
    char at[40];

    instant_write_iso(telling->event->at, ISO_SHORTEST, at);
    text_add(out, "{\"id\":\"%s\"", webhook_event_id(&work->arena, telling->event->id));
    put(out, "event", arena_format(&work->arena, "%s%s", prefix ? prefix : "", name));
    put(out, "created_at", at);
    put(out, "timestamp", at);
    put(out, "tenant_id", tenant->tenant_key);
    put(out, "api_version", API_VERSION);
    put(out, "call_sid", telling->call_sid);
    put(out, "voice_session_id", telling->voice_session_id);
}

static bool write(struct work *work, struct telling *telling, struct text *out)
{
    struct text data = {.arena = &work->arena};
    struct tenant tenant;

    if (!tenant_by_id(work, work->tenant, &tenant) || !find_session(work, telling))
        return false;
    find_call_sid(telling);
    telling->out = &data;
    kind_of(telling->event->name)->data(telling);
    put_head(work, telling, &tenant, out);
    text_add(out, ",\"data\":%s,\"payload\":%s}", data.at, data.at);
    return true;
}

static bool body_of(struct work *work, const struct webhook_event *event, struct text *out)
{
    struct telling telling = {
        .event = event,
        .call = event->call,
        .payload = json_parse(event->payload),
    };
    bool ok = write(work, &telling, out);

    json_object_put(telling.payload);
    return ok;
}

const struct webhook_teller webhook_teller_stateset = {"stateset", "X-StateSet-Signature", name_of,
                                                       body_of};
