/*
 * stream/outage.h - sessions that are taken while the store is away (reference 5.15).
 *
 * The token's signature is all the proof there is; that it is shown once is watched by this process
 * alone.  What the claim would have read comes from the host's cache, and from the front in the
 * stream's own parameters; the claim itself becomes a fact of the spool.
 */
#ifndef STREAM_OUTAGE_H
#define STREAM_OUTAGE_H

#include <json-c/json.h>

#include "domain/agents.h"
#include "domain/calls.h"
#include "domain/outage_calls.h"
#include "domain/sessions.h"
#include "stream/responses.h"

struct live;

/* What the carrier's start frame says of the call beside its names. */
struct outage_caller {
    char from[128], to[128], account[ID_SIZE];
    uid resumes; /* the session that broke off; NO_UID: none */
};

/* Keeps it; texts that are too long are left out. */
void outage_note(struct outage_caller *caller, json_object *start);

/* What is taken: the rows as far as they are known here. */
struct outage_taken {
    struct outage_call call;
    struct voice_session session;
    struct call row;
    struct agent_version version;
    bool tenant_records;
    unsigned redacts;
};

/*
 * Takes a session without the store, in the thread of the claims.  UNAUTHENTICATED when the token
 * is not good or was shown before, BUSY when the version is not known on this host.  Sets
 * work->tenant; texts lie in the work's arena.
 */
bool outage_take(struct work *work, const struct claim *claim, const struct outage_caller *caller,
                 struct outage_taken *taken);

#endif
