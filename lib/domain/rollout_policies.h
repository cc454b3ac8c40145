/*
 * domain/rollout_policies.h - what a version in rollout must achieve to stay (reference 1.3).
 */
#ifndef DOMAIN_ROLLOUT_POLICIES_H
#define DOMAIN_ROLLOUT_POLICIES_H

#include "db/store.h"

struct rollout_policy {
    int64_t tenant_id;
    uid agent_id;
    bool enabled;
    int64_t lookback_hours;       /* evaluations that count are at most so old; 1 to 8760 */
    int64_t min_eval_count;       /* with fewer nothing is decided; 1 to 100000 */
    double min_avg_score;         /* 0 to 1 */
    double min_high_quality_rate; /* share of high-quality scores, 0 to 1; NaN: not asked for */
    instant created_at, updated_at;
};

extern const struct entity rollout_policy_entity;

/* The policy of an agent; NOT_FOUND for no such agent, *found false when it has none. */
bool rollout_policy_of(struct work *work, uid agent_id, struct rollout_policy *policy, bool *found);

/*
 * Writes the policy of an agent, which policy->agent_id names, and reads it back; "actor" is noted
 * in the audit log.  NOT_FOUND, or INVALID for values out of bounds.
 */
bool rollout_policy_put(struct work *work, struct rollout_policy *policy, const char *actor);

#endif
