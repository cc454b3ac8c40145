/*
 * stream/rollover.h - a model's session is replaced by a new one before its time is up
 * (openai-realtime.md 1.3, 5.11).
 *
 * When it is MODEL_SESSION_SECONDS old, or a twelfth of the life that the provider gives it is
 * left, and nobody speaks, a second connection is opened beside it and configured alike.  For a
 * moment both hear the caller; when it stays quiet the new one is told the last turns and takes
 * over, and the old one is closed.  Who begins to speak in that moment speaks to the old session,
 * and the next quiet moment is tried.  A call that is recorded for replay keeps its session.
 */
#ifndef STREAM_ROLLOVER_H
#define STREAM_ROLLOVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stream/responses.h"
#include "stream/scan.h"

struct live;
struct link;
struct outlet;

struct rollover {
    struct link *link;     /* the new connection; NULL: there is none */
    struct outlet *outlet; /* … once it is open */
    bool is_configured;
    char setup_event[EVENT_SIZE];
    int64_t born_us;    /* when the session in use was opened */
    int64_t due_us;     /* when it is to be replaced, as the provider says; 0: it does not */
    int64_t expires_us; /* … and when it ends */
    int64_t next_due_us, next_expires_us; /* the same of the new one */
    int64_t asked_us;                     /* when the new one was */
    int64_t heard_us;                     /* since when both hear the caller; 0: not yet */
    int64_t base_ms;                      /* of the call, when that began */
    int64_t not_before_us;                /* after a try that failed */
};

/* From the tick, while the call is talked in. */
void rollover_tick(struct live *live);

/* What the caller says goes to the new session too, once that is wanted. */
void rollover_hear(struct live *live, struct slice audio);

/* What the session in use says of itself: session.created. */
void rollover_note(struct live *live, const char *text, size_t length);

/* The new connection is open, says something, is gone. */
void rollover_opened(struct live *live, struct outlet *outlet);
bool rollover_take(struct live *live, const char *text, size_t length);
void rollover_gone(struct live *live);

/* Lets go of the new connection, if there is one. */
void rollover_drop(struct live *live);

#endif
