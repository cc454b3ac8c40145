/*
 * domain/rollouts.h - which share of an agent's calls each of its versions gets (reference 1.3).
 *
 * Shares are percent; what they leave below 100 goes to the published version.  Which call falls
 * to which share is drawn by agent_version_resolve() (domain/agents.h), the same call always to the
 * same.
 */
#ifndef DOMAIN_ROLLOUTS_H
#define DOMAIN_ROLLOUTS_H

#include "db/store.h"

/* A share, with the names of its agent and the number of its version. */
struct rollout_share {
    int64_t tenant_id;
    uid id, agent_id, agent_version_id;
    int64_t traffic_percentage, position;
    instant created_at, updated_at;
    const char *agent_key, *agent_name;
    int64_t version_number;
};

extern const struct entity rollout_share_entity;

/* What a share is made from. */
struct rollout_entry {
    uid agent_version_id;
    int64_t traffic_percentage;
};

enum { MOST_ROLLOUTS = 20 };

/* Shares of an agent by position: an array of struct rollout_share. NOT_FOUND: no such agent. */
bool rollouts_list(struct work *work, uid agent_id, struct rows *shares);

/*
 * Replaces all shares of an agent in one transaction; none gives every call to the published
 * version.  "actor" is noted in the audit log.  INVALID for a share outside 1 to 100, a sum above
 * 100, more than MOST_ROLLOUTS, a version named twice, and one that is not this agent's or was
 * never published.
 */
bool rollouts_replace(struct work *work, uid agent_id, const struct rollout_entry *entries,
                      size_t count, const char *actor, struct rows *shares);

#endif
