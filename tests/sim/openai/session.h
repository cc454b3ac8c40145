/*
 * openai/session.h - one websocket session: its life, its events in and out, its timers, and the
 * record that /_state shows of it.
 */
#ifndef SIM_OPENAI_SESSION_H
#define SIM_OPENAI_SESSION_H

#include "common/web.h"
#include "openai/input.h"
#include "openai/items.h"
#include "openai/json.h"
#include "openai/model.h"

struct response;
struct later;
struct player;

struct session {
    struct session *next;
    struct web_socket *socket;
    int64_t number; /* counting from 1 */
    char id[ID_SIZE], conversation_id[ID_SIZE];
    int64_t opened_micros;
    struct json_object *settings; /* the effective configuration, as session.updated shows it */
    bool configured;              /* a session.update was accepted */
    bool voice_fixed;             /* audio was produced */
    bool stalled;                 /* by a fault: says nothing more */
    bool muted;                   /* by a fault: sends no more audio */
    struct input input;
    struct items items;
    struct response *responses; /* running; one of them in the conversation at most */
    int64_t response_count;
    int64_t cached_text, cached_audio; /* tokens that the next response finds in the cache */
    struct later *timers;
    struct later *idle;       /* waits for a caller who says nothing */
    struct json_object *held; /* events behind a delayed one; NULL when nothing is delayed */
    struct json_object *record;
    struct json_object *sent_counts, *received_counts; /* parts of the record */
    struct player *player;                             /* in a replay */
};

/* Handles upgrades and messages of /v1/realtime. */
extern const struct web_socket_events session_events;

/* Sends an event with "type" and a new event_id before its members (the reference is taken). */
void session_send(struct session *session, const char *type, struct json_object *members);

/* Sends text as it is, in order with the events. */
void session_send_text(struct session *session, const char *text);

/* What was wrong with a client event.  "param" and "cause" (the event) may be NULL. */
void session_error(struct session *session, struct json_object *cause, const char *code,
                   const char *param, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* Notes a mistake of the client that a real server would bear, or that tests look for. */
void session_violation(struct session *session, const char *what, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Adds a fact to one of the lists of the record and to the log (the reference is taken). */
void session_note(struct session *session, const char *list, struct json_object *fact);

/* Calls run(session, data) once, "ms" from now, unless the session ends before; "data" is taken. */
struct later *session_after(struct session *session, int64_t ms,
                            void (*run)(struct session *session, struct json_object *data),
                            struct json_object *data);
void session_cancel(struct later *later); /* NULL is fine */

/* Milliseconds since the session began. */
int64_t session_ms(const struct session *session);

/* The living session of a number, or NULL. */
struct session *session_find(int64_t number);

#endif
