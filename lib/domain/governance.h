/*
 * domain/governance.h - versions in rollout are held to their agent's policy (reference 1.3).
 *
 * Each version that has a share of the calls is judged by the evaluations of its sessions in the
 * policy's time: "insufficient_data" with too few of them, "rollback_recommended" when the average
 * or the rate of high quality is too low, "healthy" otherwise.  Applied, a version that should go
 * loses its share, its calls go to the published version again, and it is "rolled_back".  The
 * published version itself is never judged ("published").
 */
#ifndef DOMAIN_GOVERNANCE_H
#define DOMAIN_GOVERNANCE_H

#include "domain/rollout_policies.h"

/* How a version did. */
struct version_verdict {
    uid rollout_id; /* the share's row */
    uid agent_version_id;
    int64_t version_number, traffic_percentage;
    int64_t eval_count;
    double avg_score, high_quality_rate; /* NaN without evaluations */
    instant last_eval_at;
    const char *status;
    document reasons; /* array of sentences */
    const char *agent_key, *agent_name;
};

extern const struct entity version_verdict_entity;

struct governance_evaluation {
    uid agent_id;
    const char *agent_key, *agent_name;
    /* The worst of its versions', or no_policy, disabled, no_rollout. */
    const char *status;
    bool applied;                            /* a share was taken away */
    document reasons;                        /* array of sentences */
    const struct rollout_policy *policy;     /* NULL: none */
    const struct version_verdict *published; /* NULL: none, or no policy that says how far back */
    struct rows versions;                    /* struct version_verdict, by position */
};

/* An evaluation, and whose it is. */
struct governance_item {
    const char *tenant_key;
    const char *key_prefix; /* how the tenant's newest key begins; "" without one */
    struct governance_evaluation evaluation;
};

extern const struct entity governance_item_entity;

/* Who has it done, for the audit log. */
struct governor {
    const char *kind; /* admin, system */
    const char *name;
};

/*
 * Judges an agent of work->tenant and keeps what was found; with "apply" shares are taken away, an
 * audit row each.  NOT_FOUND: no such agent.
 */
bool governance_evaluate(struct work *work, uid agent_id, bool apply, const struct governor *by,
                         struct governance_evaluation *evaluation);

#endif
