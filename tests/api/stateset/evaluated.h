/*
 * api/stateset/evaluated.h - customers with sessions that were evaluated, written into the store as
 * the runtime writes them.
 */
#ifndef API_STATESET_EVALUATED_H
#define API_STATESET_EVALUATED_H

#include "api/api.h"
#include "core/config.h"
#include "db/db.h"
#include "domain/session_evals.h"
#include "domain/sessions.h"
#include "harness/store.h"

struct evaluated {
    struct customer customer;
    struct work work; /* of that tenant */
};

struct evaluated evaluated_new(void);

/* A session that is over, spoken by a version of the agent ("" or NULL: of no agent). */
struct voice_session evaluated_session(struct evaluated *of, const char *version_id);

/* Such a session with a score. */
struct session_eval evaluated_score(struct evaluated *of, const char *version_id, double score);

/* A further version of the customer's agent that was published; the one before is again. */
const char *evaluated_version(const struct evaluated *of);

/* Sets an evaluation's time back. */
void evaluated_age(struct evaluated *of, const struct session_eval *eval, int hours);

#endif
