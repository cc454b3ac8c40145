#include "openai/session.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/fault.h"
#include "common/log.h"
#include "openai/effective.h"
#include "openai/replay.h"
#include "openai/response.h"
#include "openai/settings.h"

enum { LIST_MAX = 2000, EVENT_ID_MAX = 512 };

struct later {
    struct later *next;
    struct session *session;
    struct web_timer *timer;
    void (*run)(struct session *session, struct json_object *data);
    struct json_object *data;
};

/* ---- timers ------------------------------------------------------------------------------- */

static void later_remove(struct later *later)
{
    struct later **link = &later->session->timers;

    while (*link != later)
        link = &(*link)->next;
    *link = later->next;
}

static void later_fire(void *user)
{
    struct later *later = user;

    later_remove(later);
    later->run(later->session, later->data);
    json_object_put(later->data);
    free(later);
}

struct later *session_after(struct session *session, int64_t ms,
                            void (*run)(struct session *session, struct json_object *data),
                            struct json_object *data)
{
    struct later *later = calloc(1, sizeof *later);

    if (later == NULL)
        abort();
    *later = (struct later){session->timers, session, NULL, run, data};
    session->timers = later;
    later->timer = web_after(model.web, ms, later_fire, later);
    return later;
}

void session_cancel(struct later *later)
{
    if (later == NULL)
        return;
    later_remove(later);
    web_timer_cancel(later->timer);
    json_object_put(later->data);
    free(later);
}

int64_t session_ms(const struct session *session)
{
    return (web_micros() - session->opened_micros) / 1000;
}

struct session *session_find(int64_t number)
{
    struct session *session = model.sessions;

    while (session != NULL && session->number != number)
        session = session->next;
    return session;
}

/* ---- the record --------------------------------------------------------------------------- */

void session_note(struct session *session, const char *list, struct json_object *fact)
{
    struct json_object *facts = at(session->record, list);

    pack_into(fact, "ms=i", session_ms(session));
    if (json_object_array_length(facts) < LIST_MAX)
        json_object_array_add(facts, copy_of(fact));
    pack_into(fact, "session=s", session->id);
    log_json(list, fact);
}

void session_violation(struct session *session, const char *what, const char *format, ...)
{
    char detail[300];
    va_list args;

    va_start(args, format);
    vsnprintf(detail, sizeof detail, format, args);
    va_end(args);
    session_note(session, "violations", pack("what=s detail=s", what, detail));
}

static struct json_object *record_new(const struct session *session, const char *model_name)
{
    static const char *const lists[] = {"updates",   "heard",   "turns", "spoken",     "responses",
                                        "truncates", "cancels", "tools", "violations", "told"};
    struct json_object *record =
        pack("id=s number=i model=s state=s closed=n opened_at_ms=i appended_bytes=i "
             "appended_ms=i received=o sent=o",
             session->id, session->number, model_name, "open", web_epoch_ms(), (int64_t)0,
             (int64_t)0, json_object_new_object(), json_object_new_object());

    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        json_object_object_add(record, lists[i], json_object_new_array());
    if (json_object_array_length(model.records) >= RECORDS_MAX)
        json_object_array_del_idx(model.records, 0, 1);
    json_object_array_add(model.records, json_object_get(record));
    return record;
}

/* ---- sending ------------------------------------------------------------------------------ */

static void release_held(struct session *session, struct json_object *unused)
{
    struct json_object *held = session->held;

    (void)unused;
    session->held = NULL;
    for (size_t i = 0; i < json_object_array_length(held); i++)
        session_send_text(session, json_object_get_string(json_object_array_get_idx(held, i)));
    json_object_put(held);
}

void session_send_text(struct session *session, const char *text)
{
    if (session->stalled || session->socket == NULL)
        return;
    if (session->held != NULL)
        json_object_array_add(session->held, json_object_new_string(text));
    else
        web_socket_send(session->socket, text, strlen(text));
}

/* Whatever is sent from now on waits; a connection keeps its order. */
static void hold_back(struct session *session, int64_t ms)
{
    if (session->held != NULL)
        return;
    session->held = json_object_new_array();
    session_after(session, ms, release_held, NULL);
}

static const struct fault *strike(struct session *session, struct json_object *counts,
                                  const char *type)
{
    char nth[24], number[24];
    struct json_object *count = NULL;

    json_object_object_get_ex(counts, type, &count);
    snprintf(nth, sizeof nth, "%lld", (long long)json_object_get_int64(count));
    snprintf(number, sizeof number, "%lld", (long long)session->number);
    return fault_strike(NULL, "event", type, "nth", nth, "session", session->id, "session_number",
                        number, "model", text_at(session->record, "model", ""), NULL);
}

/*
 * What a fault does at an event: delay (this and all that follow, by ms), drop (the event), error
 * (an error event comes first; "code"), close ("code", "reason"), disconnect (without a close
 * frame), garbage (half an event comes first), stall (nothing more is said), mute (no more audio).
 * Returns false when the event itself is not to be sent or handled.
 */
static bool fault_at(struct session *session, const struct fault *fault)
{
    const char *act = fault->act;

    log_event("fault", "session", session->id, "do", act, NULL);
    if (strcmp(act, "delay") == 0)
        hold_back(session, fault->ms);
    else if (strcmp(act, "error") == 0)
        session_error(session, NULL, text_at(fault->order, "code", "server_error"), NULL,
                      "The server had an error while processing your request");
    else if (strcmp(act, "garbage") == 0)
        session_send_text(session, "{\"type\":\"response.output_audio.del\xC3");
    else if (strcmp(act, "mute") == 0)
        session->muted = true;
    else if (strcmp(act, "stall") == 0)
        session->stalled = true;
    else if (strcmp(act, "close") == 0)
        web_socket_close(session->socket, (int)number_at(fault->order, "code", 1011),
                         text_at(fault->order, "reason", "The server had an error"));
    else if (strcmp(act, "disconnect") == 0)
        web_socket_drop(session->socket);
    return strcmp(act, "delay") == 0 || strcmp(act, "garbage") == 0 || strcmp(act, "error") == 0;
}

void session_send(struct session *session, const char *type, struct json_object *members)
{
    char id[ID_SIZE];
    struct json_object *event = pack("type=s event_id=s", type, make_id(id, "event"));
    const struct fault *fault;

    json_object_object_foreach(members, name, value)
    {
        json_object_object_add(event, name, json_object_get(value));
    }
    json_object_put(members);
    count_up(session->sent_counts, type, 1);
    fault = session->stalled || strcmp(type, "error") == 0
                ? NULL
                : strike(session, session->sent_counts, type);
    if ((fault == NULL || fault_at(session, fault)) &&
        !(session->muted && strcmp(type, "response.output_audio.delta") == 0))
        session_send_text(session,
                          json_object_to_json_string_ext(event, JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(event);
}

static const char *error_type(const char *code)
{
    if (strcmp(code, "server_error") == 0)
        return "server_error";
    return strstr(code, "rate_limit") != NULL ? "rate_limit_error" : "invalid_request_error";
}

void session_error(struct session *session, struct json_object *cause, const char *code,
                   const char *param, const char *format, ...)
{
    char message[400];
    va_list args;

    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    log_json("error",
             pack("session=s code=s param=s message=s", session->id, code, param, message));
    session_send(
        session, "error",
        pack("error=o", pack("type=s code=s message=s param=s event_id=s", error_type(code), code,
                             message, param, text_at(cause, "event_id", NULL))));
}

/* ---- receiving ---------------------------------------------------------------------------- */

static const struct {
    const char *type;
    void (*handle)(struct session *session, struct json_object *event);
    const char *members; /* besides type and event_id */
} client_events[] = {
    {"session.update", session_update, "session"},
    {"input_audio_buffer.append", input_append, "audio"},
    {"input_audio_buffer.commit", input_commit, ""},
    {"input_audio_buffer.clear", input_clear, ""},
    {"conversation.item.create", item_create, "item previous_item_id"},
    {"conversation.item.retrieve", item_retrieve, "item_id"},
    {"conversation.item.truncate", item_truncate, "item_id content_index audio_end_ms"},
    {"conversation.item.delete", item_delete, "item_id"},
    {"response.create", response_create, "response"},
    {"response.cancel", response_cancel, "response_id"},
};

static void dispatch(struct session *session, struct json_object *event, const char *type)
{
    for (size_t i = 0; i < sizeof client_events / sizeof client_events[0]; i++) {
        char allowed[100];

        if (strcmp(client_events[i].type, type) != 0)
            continue;
        snprintf(allowed, sizeof allowed, "type event_id %s", client_events[i].members);
        if (settings_only(session, event, event, "", allowed))
            client_events[i].handle(session, event);
        return;
    }
    session_violation(session, "unknown_event", "%.60s", type);
    session_error(session, event, "invalid_value", "type", "Invalid value: '%.60s'.", type);
}

/* What every event must have before it is looked at; returns its type, or NULL after an error. */
static const char *event_type(struct session *session, struct json_object *event)
{
    const char *type = text_at(event, "type", NULL);

    if (!json_object_is_type(event, json_type_object)) {
        session_violation(session, "not_json", "a message that is no JSON object");
        session_error(session, NULL, "invalid_json", NULL, "The message is not a JSON object.");
        return NULL;
    }
    if (type == NULL) {
        session_error(session, event, "missing_required_parameter", "type",
                      "Missing required parameter: 'type'.");
        return NULL;
    }
    if (strlen(text_at(event, "event_id", "")) > EVENT_ID_MAX) {
        session_error(session, NULL, "string_above_max_length", "event_id",
                      "Invalid 'event_id': string too long.");
        return NULL;
    }
    return type;
}

static void on_message(struct web_socket *socket, const char *text, size_t length, void *user)
{
    struct session *session = web_socket_data(socket);
    struct json_tokener *tokener = json_tokener_new();
    struct json_object *event = json_tokener_parse_ex(tokener, text, (int)length);
    const char *type;
    const struct fault *fault;

    (void)user;
    json_tokener_free(tokener);
    if (session != NULL && !session->stalled && (type = event_type(session, event)) != NULL) {
        count_up(session->received_counts, type, 1);
        fault = strike(session, session->received_counts, type);
        if (fault == NULL || fault_at(session, fault)) {
            if (session->player != NULL)
                replay_receive(session, event, type);
            else
                dispatch(session, event, type);
        }
    }
    json_object_put(event);
}

/* ---- opening and closing ------------------------------------------------------------------ */

static bool known_model(const char *name)
{
    static const char *const families[] = {"gpt-realtime", "gpt-4o-realtime",
                                           "gpt-4o-mini-realtime"};

    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++)
        if (strncmp(name, families[i], strlen(families[i])) == 0)
            return true;
    return false;
}

/* A fault {"match":{"event":"upgrade"},"do":"status","status":429} refuses the connection. */
static int on_upgrade(struct web_request *request, void *user)
{
    const char *name = web_query_value(request, "model");
    const struct fault *fault;
    int status = 101;

    (void)user;
    fault = fault_strike("status", "event", "upgrade", "path", web_path(request), "model",
                         name == NULL ? "" : name, NULL);
    if (fault != NULL)
        status = fault->status != 0 ? fault->status : 503;
    else if (strcmp(web_path(request), "/v1/realtime") != 0)
        status = 404;
    else if (!key_accepted(request))
        status = 401;
    else if (name == NULL || name[0] == '\0' || web_query_value(request, "temperature") != NULL)
        status = 400;
    else if (!known_model(name))
        status = 404;
    if (status != 101)
        log_json("upgrade.refused",
                 pack("path=s model=s status=i", web_path(request), name, (int64_t)status));
    return status;
}

static void expire(struct session *session, struct json_object *unused)
{
    (void)unused;
    session_error(session, NULL, "session_expired", NULL,
                  "Your session hit the maximum duration of 60 minutes.");
    if (session->socket != NULL)
        web_socket_close(session->socket, 1001,
                         "Your session hit the maximum duration of 60 minutes.");
}

static void greet(struct session *session)
{
    session_send(session, "session.created", pack("session=k", session->settings));
    session_send(session, "conversation.created",
                 pack("conversation=o",
                      pack("id=s object=s", session->conversation_id, "realtime.conversation")));
    session_after(session, model.session_seconds * 1000, expire, NULL);
}

/* The beta is gone: whoever still asks for it is told so and cut off. */
static void refuse_beta(struct session *session)
{
    session_violation(session, "beta_header", "OpenAI-Beta was sent");
    session_error(session, NULL, "beta_api_shape_disabled", NULL,
                  "The Realtime Beta API is no longer supported.");
    web_socket_close(session->socket, 4000, "invalid_request_error.beta_api_shape_disabled");
}

static void on_open(struct web_socket *socket, struct web_request *request, void *user)
{
    struct session *session = calloc(1, sizeof *session);
    const char *name = web_query_value(request, "model");

    (void)user;
    if (session == NULL)
        abort();
    session->socket = socket;
    session->number = ++model.session_count;
    session->opened_micros = web_micros();
    make_id(session->id, "sess");
    make_id(session->conversation_id, "conv");
    session->settings =
        effective_default(session->id, name, web_epoch_ms() / 1000 + model.session_seconds);
    session->record = record_new(session, name);
    session->sent_counts = at(session->record, "sent");
    session->received_counts = at(session->record, "received");
    session->next = model.sessions;
    model.sessions = session;
    web_socket_set(socket, session);
    input_begin(session);
    log_json("session.open",
             pack("session=s number=i model=s", session->id, session->number, name));
    if (web_header(request, "openai-beta") != NULL)
        refuse_beta(session);
    else if (model.replay != NULL)
        replay_begin(session);
    else
        greet(session);
}

static void session_free(struct session *session)
{
    struct session **link = &model.sessions;

    while (*link != session)
        link = &(*link)->next;
    *link = session->next;
    responses_free(session);
    while (session->timers != NULL)
        session_cancel(session->timers);
    replay_end(session);
    input_free(&session->input);
    items_free(&session->items);
    json_object_put(session->held);
    json_object_put(session->settings);
    json_object_put(session->record);
    free(session);
}

static void on_closed(struct web_socket *socket, int code, const char *reason, void *user)
{
    struct session *session = web_socket_data(socket);

    (void)user;
    if (session == NULL)
        return;
    session->socket = NULL;
    pack_into(session->record, "state=s closed=o closed_at_ms=i", "closed",
              pack("code=i reason=s", (int64_t)code, reason), web_epoch_ms());
    log_json("session.closed",
             pack("session=s code=i reason=s received=o sent=o", session->id, (int64_t)code, reason,
                  copy_of(session->received_counts), copy_of(session->sent_counts)));
    session_free(session);
}

const struct web_socket_events session_events = {on_upgrade, on_open, on_message, on_closed};
