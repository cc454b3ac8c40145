/*
 * domain/governance_sweep.h - the rollouts of all tenants held to their policies.
 */
#ifndef DOMAIN_GOVERNANCE_SWEEP_H
#define DOMAIN_GOVERNANCE_SWEEP_H

#include "domain/governance.h"

enum { SWEEP_TENANTS = 100, SWEEP_MOST_TENANTS = 1000 };

struct sweep_order {
    bool apply;
    int64_t tenant;     /* only this one; 0: any */
    int64_t limit;      /* tenants at most */
    const char *holder; /* who sweeps, for the lease; at most 48 bytes */
    struct governor by;
};

/* An agent that could not be judged. */
struct sweep_failure {
    const char *key_prefix;
    uid agent_id;
    const char *error;
};

extern const struct entity sweep_failure_entity;

struct governance_sweep {
    int64_t attempted_tenants, evaluated_tenants, attempted_agents, evaluated_agents;
    int64_t rollback_recommended, rollbacks_applied; /* versions */
    struct rows items;                               /* struct governance_item */
    struct rows failures;                            /* struct sweep_failure */
};

/*
 * Judges every agent that has an enabled policy and a rollout, of the tenants that were not looked
 * at for the longest time.  One agent's failure does not keep the others from it.  BUSY while
 * another sweep is under way, or when the store is away.  The work's tenant is 0 afterwards.
 */
bool governance_sweep(struct work *work, const struct sweep_order *order,
                      struct governance_sweep *sweep);

#endif
