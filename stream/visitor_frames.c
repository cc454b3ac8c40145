#include "stream/visitor_frames.h"

#include <stdio.h>
#include <string.h>

#include "core/json.h"

static const char *const levels[] = {"debug", "info", "warn", "error"};

int visitor_level(const char *text)
{
    for (int i = 0; i < (int)COUNT(levels); i++)
        if (strcmp(levels[i], text) == 0)
            return i;
    return -1;
}

void visitor_query(const char *query, const char *name, char *value, size_t size)
{
    size_t name_length = strlen(name);

    value[0] = '\0';
    while (*query) {
        size_t length = strcspn(query, "&");

        if (length > name_length && query[name_length] == '=' &&
            strncmp(query, name, name_length) == 0 && length - name_length - 1 < size) {
            memcpy(value, query + name_length + 1, length - name_length - 1);
            value[length - name_length - 1] = '\0';
            return;
        }
        query += length + (query[length] == '&');
    }
}

bool visitor_event_id(const char *text, uid *id)
{
    static const char *const prefixes[] = {"evt_", "EVT-", "event_", NULL};

    return uid_read(text, prefixes, id);
}

/* ---- what he wants ---- */

bool visitor_wants(const struct visitor *visitor, const struct event_news *news)
{
    bool is_one_of_his = visitor->wants_all;

    for (size_t i = 0; !is_one_of_his && i < visitor->ncalls; i++)
        is_one_of_his = uid_equal(visitor->calls[i], news->call_id);
    return is_one_of_his && visitor_level(news->level) >= visitor->level &&
           strncmp(news->type, visitor->event, strlen(visitor->event)) == 0;
}

bool visitor_add_call(struct visitor *visitor, uid call)
{
    if (visitor->ncalls == VISITOR_CALLS)
        return false;
    visitor->wants_all = false;
    visitor->calls[visitor->ncalls++] = call;
    return true;
}

static void remove_call(struct visitor *visitor, uid call)
{
    for (size_t i = 0; i < visitor->ncalls; i++)
        if (uid_equal(visitor->calls[i], call))
            visitor->calls[i--] = visitor->calls[--visitor->ncalls];
}

/* ---- what he says ---- */

static void say_error(struct visitor *visitor, const char *code, const char *message)
{
    struct arena arena = {0};
    struct text text = {.arena = &arena};
    char id[27], at[32];

    uid_write_base32(uid_new(), id);
    instant_write_iso(clock_now(), ISO_MILLISECONDS, at);
    text_add(&text, "{\"type\":\"error\",\"id\":\"%s\",\"timestamp\":\"%s\",\"code\":\"%s\",", id,
             at, code);
    text_put(&text, "\"message\":");
    text_json(&text, message);
    text_char(&text, '}');
    outlet_send(visitor->outlet, text.at, text.length);
    arena_free(&arena);
}

static bool take_after(struct visitor *visitor, json_object *frame)
{
    const char *after = json_text(frame, "after");

    return !after || visitor_event_id(after, &visitor->after);
}

static const char *call_of(json_object *frame)
{
    const char *call = json_text(frame, "call_sid");

    return call ? call : json_text(frame, "call_id");
}

static bool on_auth(struct visitor *visitor, json_object *frame)
{
    const char *token = json_text(frame, "token"), *call = call_of(frame);

    if (visitor->state != WAITING || !token || !*token || strlen(token) >= PROOF_SECRET ||
        (call && strlen(call) >= PROOF_NAME) || !take_after(visitor, frame))
        return false;
    memcpy(visitor->secret, token, strlen(token) + 1);
    if (call)
        memcpy(visitor->call, call, strlen(call) + 1);
    visitor_prove(visitor);
    return true;
}

static bool on_subscribe(struct visitor *visitor, json_object *frame)
{
    const char *call = call_of(frame);

    if (visitor->state != LISTENING || visitor->is_asking) {
        say_error(visitor, "busy", "Wait for the answer to what was asked before.");
        return visitor->state != WAITING;
    }
    visitor->after = NO_UID;
    visitor->tail = 0;
    if (!take_after(visitor, frame))
        return false;
    if (call) {
        visitor->is_leaving_call = false;
        if (!visitor_find_call(visitor, call))
            say_error(visitor, "invalid_request", "That is no call.");
        return true;
    }
    if (uid_is_none(visitor->proven.call)) {
        visitor->wants_all = true;
        visitor->ncalls = 0;
    }
    if (!uid_is_none(visitor->after))
        visitor_read_again(visitor);
    return true;
}

static bool on_unsubscribe(struct visitor *visitor, json_object *frame)
{
    const char *call = call_of(frame);

    if (visitor->state != LISTENING || visitor->is_asking) {
        say_error(visitor, "busy", "Wait for the answer to what was asked before.");
        return visitor->state != WAITING;
    }
    if (!call) {
        visitor->wants_all = false;
        visitor->ncalls = 0;
        return true;
    }
    visitor->is_leaving_call = true;
    if (!visitor_find_call(visitor, call))
        say_error(visitor, "invalid_request", "That is no call.");
    return true;
}

void visitor_call_found(struct visitor *visitor, uid call)
{
    if (uid_is_none(call)) {
        say_error(visitor, "not_found", "There is no such call.");
        return;
    }
    remove_call(visitor, call);
    if (visitor->is_leaving_call)
        return;
    if (!visitor_add_call(visitor, call))
        say_error(visitor, "invalid_request", "One socket follows at most 16 calls.");
    else if (!uid_is_none(visitor->after))
        visitor_read_again(visitor);
}

static bool on_ping(struct visitor *visitor, json_object *frame)
{
    static const char pong[] = "{\"type\":\"pong\"}";

    (void)frame;
    outlet_send(visitor->outlet, pong, sizeof pong - 1);
    return true;
}

static bool on_pong(struct visitor *visitor, json_object *frame)
{
    (void)visitor;
    (void)frame;
    return true;
}

static const struct kind {
    const char *type;
    bool (*take)(struct visitor *visitor, json_object *frame);
} kinds[] = {
    {"auth", on_auth}, {"subscribe", on_subscribe}, {"unsubscribe", on_unsubscribe},
    {"ping", on_ping}, {"pong", on_pong},
};

bool visitor_frame(struct visitor *visitor, const char *text, size_t length)
{
    const struct json_rules rules = {.depth = 4, .refuse_repeated = true};
    struct work work = {.id = "visitor"};
    json_object *frame = NULL;
    const char *type;
    bool ok = false;

    if (json_read(&work, text, length, &rules, &frame)) {
        type = json_text(frame, "type");
        for (size_t i = 0; type && i < COUNT(kinds); i++)
            if (strcmp(kinds[i].type, type) == 0)
                ok = kinds[i].take(visitor, frame);
    }
    json_object_put(frame);
    work_end(&work);
    return ok;
}
