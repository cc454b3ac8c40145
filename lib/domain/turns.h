/*
 * domain/turns.h - who said what (reference 1.7).
 *
 * Written by the one daemon that owns the session, in batches and again when its spool is replayed:
 * a turn is identified by session and seq, and writing it twice changes nothing.
 */
#ifndef DOMAIN_TURNS_H
#define DOMAIN_TURNS_H

#include "db/store.h"

struct turn {
    int64_t tenant_id;
    uid session_id;
    int64_t seq;
    uid call_id;
    const char *role; /* user, assistant, system, tool, operator */
    const char *text; /* of an interrupted answer: what was heard */
    const char *translation;
    instant occurred_at;
    int64_t start_ms, end_ms; /* offsets from the start of the session */
    bool interrupted;
    int64_t heard_ms;
    double confidence; /* NaN: unknown */
    const char *language, *item_ref;
    int64_t llm_first_token_ms, e2e_first_audio_ms;
    int64_t redactions;
};

extern const struct entity turn_entity;

/*
 * Writes turns of work->tenant, and counts those of their calls and sessions anew; in one
 * transaction, or inside the caller's.  Of a turn that is there already text, times and figures are
 * replaced.
 */
bool turns_put(struct work *work, const struct turn *turns, size_t count);

/* All turns of a call over its sessions, in the order they were said: an array of struct turn. */
bool turns_of_call(struct work *work, uid call, struct rows *turns);

/* The same of one session. */
bool turns_of_session(struct work *work, uid session, struct rows *turns);

#endif
