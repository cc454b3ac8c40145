/*
 * domain/commands.h - orders for the daemon that holds a session (reference 1.15, 5.9).
 *
 * The row is the durable record and is executed at most once: whoever moves it from queued to
 * running does it.  Posting to the node's control listener only makes it immediate.
 */
#ifndef DOMAIN_COMMANDS_H
#define DOMAIN_COMMANDS_H

#include "db/store.h"

struct session_command {
    uid id;
    int64_t tenant_id;
    uid session_id, call_id;
    int64_t node_id, node_epoch;
    const char *kind; /* monitor, whisper, barge, escalate, end, say, dtmf, context, … */
    document args;
    const char *state; /* queued, running, done, failed, expired */
    document result;
    const char *error, *created_by;
    instant created_at, expires_at, started_at, finished_at;
};

extern const struct entity session_command_entity;

/* How long a command may wait for its node: a late one would hit another moment of the call. */
enum { COMMAND_LIFE_MS = 30 * 1000, CONTEXT_LIFE_MS = 5 * 60 * 1000 };

/*
 * Orders something of the session's node: "command" has session_id, call_id, kind, args,
 * created_by; key, node and times are filled in.  WRONG_STATE when the session is not live.
 */
bool command_order(struct work *work, struct session_command *command);

/* What the daemon answers when the session has ended meanwhile. */
#define COMMAND_OVER "the session is over"

/* … and when nobody has asked what "clarify" would answer. */
#define COMMAND_NO_QUESTION "no question is open in this call"

/* queued -> expired: nobody will carry it out; "expired" is false when somebody took it before. */
bool command_expire(struct work *work, uid id, bool *expired);

/* The command of that key; NOT_FOUND when the tenant has none. */
bool command_find(struct work *work, uid id, struct session_command *command);

/*
 * Takes a queued command of this node's epoch; NOT_FOUND when there is none, it was taken, or it
 * expired.  Sets work->tenant.
 */
bool command_take(struct work *work, uid id, int64_t node_id, int64_t node_epoch,
                  struct session_command *command);

/* Commands that wait for this node, oldest first: an array of struct session_command. */
bool commands_queued(struct work *work, int64_t node_id, int64_t node_epoch, struct rows *commands);

/* Writes down what came of it; "error" NULL: done, with "result" as JSON or NULL. */
bool command_finish(struct work *work, uid id, const char *result, const char *error);

/* The header X-Trunkline-Control for a request to a node, in the work's arena. */
char *control_signature(struct work *work, const char *method, const char *path, const char *body);

#endif
