/*
 * domain/invocations.h - tools that an agent called, and what came of it (reference 1.10).
 *
 * An invocation is identified by its key, which its writer makes; writing it again replaces what
 * was known of it.
 */
#ifndef DOMAIN_INVOCATIONS_H
#define DOMAIN_INVOCATIONS_H

#include "db/store.h"

struct invocation {
    int64_t tenant_id;
    uid id, call_id, session_id;
    const char *tool_name;
    uid tool_id;                /* of a tenant's own tool; none for a built-in one */
    const char *via;            /* realtime, relay, automation, test, workflow, simulation */
    const char *model_call_ref; /* the model's own name of the call */
    document arguments, result;
    const char *status; /* running, ok, error, timeout, rejected */
    int64_t http_status;
    const char *error;
    instant started_at;
    int64_t duration_ms;
};

extern const struct entity invocation_entity;

/* Every member at its nothing, a new key, via "realtime", status "running", started now. */
void invocation_begin(struct invocation *invocation);

/* Writes it, or what became of it, and counts the call's tools anew. */
bool invocation_put(struct work *work, const struct invocation *invocation);

/* Those of a call, oldest first: an array of struct invocation. */
bool invocations_of_call(struct work *work, uid call, struct rows *invocations);

#endif
