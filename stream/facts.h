/*
 * stream/facts.h - what happened in a call, as lines that outlive the process.
 *
 * A fact is one line of JSON.  The loop writes it, the spool keeps it, the writer applies it to the
 * database through the domain; applying it twice changes nothing.
 */
#ifndef STREAM_FACTS_H
#define STREAM_FACTS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/clock.h"
#include "core/uid.h"
#include "core/work.h"
#include "domain/voices.h"
#include "stream/transcript.h"

/* Whose fact it is. */
struct subject {
    int64_t tenant;
    uid call, session;
    unsigned redacts;                            /* REDACT_…: what no fact of it holds */
    char call_sid[ID_SIZE], stream_sid[ID_SIZE]; /* as the carrier calls it; "": not known */
};

/* Who is told of events as they happen, and whether anybody wants those of a tenant. */
struct event_news;
void facts_tell(void (*publish)(const struct event_news *news), bool (*wanted)(int64_t tenant));

/* Where facts go; the writer's, or a test's.  False: there is no room, the fact is lost. */
typedef bool facts_sink(const char *line, size_t length);
void facts_to(facts_sink *sink);

/* Somebody's turn, once its text is there; written again when that changes. */
void fact_turn(const struct subject *subject, const struct slot *slot);

/* How a turn is being heard: so much of it at a time, and from then on as time goes. */
struct heard_so_far {
    int64_t heard_ms, sent_ms; /* never more than was sent */
    instant since;             /* NO_INSTANT: it stands still */
};

/*
 * The same, which counts only when this process dies before it can write more (checkpoint.h);
 * without "heard" it was heard to its end.
 */
void fact_heard_so_far(const struct subject *subject, const struct slot *slot,
                       const struct heard_so_far *heard);

/* The same as event transcript.final, for who follows the call live. */
void fact_said(const struct subject *subject, const struct slot *slot);

/*
 * What somebody has said so far of a turn that is not over: event transcript.partial, which is only
 * told, never written down.  Where the tenant redacts anything it keeps no digits at all.
 */
void fact_saying(const struct subject *subject, const struct slot *slot);

/* "payload" is a JSON object or NULL. */
void fact_event(const struct subject *subject, const char *type, const char *level,
                const char *source, const char *payload);

/* The session was taken while the store was away: its rows may still have to be made. */
struct outage_call;
void fact_claimed(const struct outage_call *call, const char *stream_sid, int64_t node_id,
                  int64_t node_epoch);

/* The model answered: the session is active. */
void fact_active(const struct subject *subject);

/* It says its last sentence. */
void fact_draining(const struct subject *subject);

/* Over; result and end_reason as session_end() takes them (end_reason may be NULL). */
void fact_end(const struct subject *subject, const char *result, const char *end_reason,
              int64_t duration_ms, int64_t segments);

/* Its carrier's socket broke; the call may come back. */
void fact_lost(const struct subject *subject);

/* A leg's room moved on: waiting, live. */
void fact_room(const struct subject *subject, uid room, const char *state);

/* A tool was called, or answered; "id" names the invocation. */
struct tool_fact {
    uid id, tool_id;                         /* tool_id: of a tenant's own tool */
    const char *name, *call_ref, *arguments; /* arguments: JSON */
    const char *via;                         /* realtime, relay; NULL: realtime */
    int64_t http_status;                     /* of a webhook; NO_INTEGER: none */
    const char *status, *result, *error;     /* result: JSON or NULL */
    instant started_at;
    int64_t duration_ms; /* NO_INTEGER while it runs */
};

/* Written when the tool is called, and again when it has answered. */
void fact_tool(const struct subject *subject, const struct tool_fact *tool);

/* How another voice than the model's fares; later ones of a session replace it. */
void fact_voice(const struct subject *subject, const struct voice_use *use);

/* A line of the spool, and how far its applying has come. */
struct fact {
    const char *line;
    size_t length;
    bool is_left; /* by a process that ended before it was applied */
    instant died; /* … and when; a time before the fact's own: nobody knows */
};

/* Whether the fact ends a session (or says that it is lost), and which. */
bool fact_ends(const struct fact *fact, uid *session);

/*
 * Whether the fact is somebody's turn, as it stands when its process died at "died"; texts lie in
 * the work's arena.
 */
struct turn;
bool fact_is_turn(struct work *work, const struct fact *fact, struct turn *turn);

/*
 * Applies facts in their order, as few statements as possible, and says how many were done.  False
 * with BUSY when the database is away: try the rest again.  A line that cannot be read or that the
 * domain refuses is logged, without its text, and counts as done.
 */
bool facts_apply(struct work *work, const struct fact *facts, size_t count, size_t *done);

#endif
