#include "stream/events_role.h"

#include <string.h>

#include "core/json.h"
#include "domain/call_state.h"

enum { SOCKETS_OF_KEY = 10, MESSAGES = 50, SLOW = 4408 };

/* ---- what an event is called ---- */

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/*
 * A call starts when it is answered; one that comes in, when its stream is there, because its
 * carrier does not always tell.
 */
static bool is_start(const struct event_news *news)
{
    bool is_outbound = news->direction && strcmp(news->direction, "outbound") == 0;

    return is_outbound ? strcmp(news->type, "call.answered") == 0
                       : strcmp(news->type, "session.connected") == 0 && !news->is_resumed;
}

static const char *type_of(const struct event_news *news)
{
    static const char *const same[] = {"call.ended", "transcript.partial", "transcript.final",
                                       "context.updated", "error"};
    static const char *const updates[] = {"call.", "session.", "handoff.", "supervisor."};

    for (size_t i = 0; i < COUNT(same); i++)
        if (strcmp(same[i], news->type) == 0)
            return same[i];
    if (is_start(news))
        return "call.started";
    if (strcmp(news->level, "error") == 0)
        return "error";
    for (size_t i = 0; i < COUNT(updates); i++)
        if (begins(news->type, updates[i]))
            return "call.updated";
    return NULL;
}

/* ---- what stands in it ---- */

static void add_text(struct text *out, const char *name, const char *value)
{
    if (!value)
        return;
    text_add(out, ",\"%s\":", name);
    text_json(out, value);
}

static void add_key(struct text *out, const char *name, const char *prefix, uid key)
{
    char digits[27];

    if (uid_is_none(key))
        return;
    uid_write_base32(key, digits);
    text_add(out, ",\"%s\":\"%s%s\"", name, prefix, digits);
}

static void add_words(struct text *out, json_object *payload)
{
    const char *role = json_text(payload, "role");

    add_text(out, "text", json_text(payload, "text"));
    add_text(out, "speaker", role && strcmp(role, "user") == 0 ? "caller" : "agent");
}

/* As the calls' list has it; what only the table knows is known of a call that starts. */
static const char *status_of(const struct event_news *news, json_object *payload)
{
    const char *state = json_text(payload, "state");

    if (!state)
        state = is_start(news) ? "in_progress" : news->call_state;
    return state && call_state_rank(state) ? call_state_word(CALL_AS_PHONY, state, false) : NULL;
}

/* What the agent asks its supervisor, and what it is answered. */
static void add_question(struct text *out, json_object *payload)
{
    const char *question = json_text(payload, "question");

    add_text(out, "message", question ? question : json_text(payload, "answer"));
}

static void add_state(struct text *out, const struct event_news *news, json_object *payload)
{
    add_text(out, "status", status_of(news, payload));
    add_text(out, "direction", news->direction);
    add_text(out, "from_number", news->from_addr);
    add_text(out, "to_number", news->to_addr);
    add_key(out, "agent_id", "agent_", news->agent_id);
}

static void add_context(struct text *out, struct arena *arena, json_object *payload)
{
    static const char *const names[] = {"context", "updates"};

    for (size_t i = 0; i < COUNT(names); i++) {
        json_object *part = json_member(payload, names[i]);

        if (json_object_is_type(part, json_type_object))
            text_add(out, ",\"%s\":%s", names[i], json_write(arena, part));
    }
}

static void add_error(struct text *out, const struct event_news *news, json_object *payload)
{
    const char *code = json_text(payload, "code"), *message = json_text(payload, "message");

    add_text(out, "code", code ? code : news->type);
    add_text(out, "message", message ? message : "Something went wrong in this call.");
}

static void add_details(struct text *out, const char *type, const struct event_news *news)
{
    json_object *payload = json_parse(news->payload.json ? news->payload.json : "{}");

    if (begins(type, "transcript."))
        add_words(out, payload);
    else if (strcmp(type, "context.updated") == 0)
        add_context(out, out->arena, payload);
    else if (strcmp(type, "error") == 0)
        add_error(out, news, payload);
    else
        add_state(out, news, payload);
    if (strcmp(type, "call.updated") == 0) {
        add_text(out, "event", news->type);
        add_question(out, payload);
    }
    if (strcmp(type, "call.ended") == 0)
        text_add(out, ",\"duration\":%lld",
                 (long long)(news->duration_seconds > 0 ? news->duration_seconds : 0));
    json_object_put(payload);
}

static bool render(const struct visitor *visitor, const struct event_news *news, struct text *out)
{
    const char *type = type_of(news);
    char at[32], id[27];

    (void)visitor;
    if (!type)
        return false;
    uid_write_base32(news->id, id);
    instant_write_iso(news->occurred_at, ISO_MILLISECONDS, at);
    text_add(out, "{\"type\":\"%s\",\"id\":\"%s\",\"timestamp\":\"%s\"", type, id, at);
    add_text(out, "call_sid", news->call_sid);
    add_text(out, "callSid", news->call_sid);
    add_key(out, "session_id", "session_", news->session_id);
    add_details(out, type, news);
    text_char(out, '}');
    return true;
}

const struct stage events_stage = {
    .path = "/events/ws",
    .proof = {.key_kind = "phony",
              .permission = "events:read",
              .ticket = "events",
              .most_sockets = SOCKETS_OF_KEY,
              .is_by_key = true},
    .takes_api_key = true,
    .takes_frames = true,
    .pings = true,
    .render = render,
};

static int admit(const struct upgrade *upgrade, void **with)
{
    return visitor_admit(&events_stage, upgrade, with);
}

const struct role events_role = {
    .name = "events",
    .path = "/events/ws",
    .most = VISITOR_MESSAGE,
    .most_queued = VISITOR_BACKLOG,
    .most_messages = MESSAGES,
    .slow_code = SLOW,
    .is_talk = true,
    .admit = admit,
    .opened = visitor_opened,
    .message = visitor_message,
    .closed = visitor_closed,
};
