/*
 * domain/agents.h - agents, their immutable versions, and which version takes a call.
 *
 * The agent is the identity; everything a call needs stands in one version's document.  A published
 * version never changes, so an edit never touches a live call.
 */
#ifndef DOMAIN_AGENTS_H
#define DOMAIN_AGENTS_H

#include "core/column.h"
#include "core/work.h"
#include "db/store.h"

struct agent {
    int64_t tenant_id;
    uid id;
    const char *agent_key, *name, *description;
    const char *direction; /* inbound, outbound, both */
    const char *status;    /* one of agent_states */
    const char *origin;    /* the dialect that made it */
    uid published_version_id;
    int64_t last_version;
    document metadata;
    instant deleted_at, created_at, updated_at;
    int64_t rev;
};

struct agent_version {
    int64_t tenant_id;
    uid id, agent_id;
    int64_t version_number;
    const char *status; /* draft, published, superseded */
    document config;
    bytes config_hash;
    const char *created_by;
    instant published_at, created_at, updated_at;
    int64_t rev;
    const char *agent_key, *agent_name; /* of its agent, read along with it */
};

struct agent_rollout {
    int64_t tenant_id;
    uid id, agent_id, agent_version_id;
    int64_t traffic_percentage, position;
    instant created_at, updated_at;
    int64_t rev;
};

extern const struct entity agent_entity, agent_version_entity, agent_rollout_entity;
extern const char *const agent_states[], *const agent_directions[], *const dialect_names[];

/* The agent with that id or key; NOT_FOUND also when it was deleted. */
bool agent_find(struct work *work, uid id, struct agent *agent);
bool agent_by_key(struct work *work, const char *agent_key, struct agent *agent);

/* All agents of the tenant, newest first: an array of struct agent. */
bool agents_list(struct work *work, struct rows *agents);

/*
 * Makes an agent from its agent_key, name, description, direction, status and origin; the rest of
 * the row is filled.  INVALID for a malformed key, CONFLICT for one in use, LIMIT_REACHED beyond
 * max_agents (NO_INTEGER: no limit).
 */
bool agent_create(struct work *work, struct agent *agent, int64_t max_agents);

/* The version with that id, with its agent's names, also of a deleted agent; NOT_FOUND. */
bool agent_version_find(struct work *work, uid id, struct agent_version *version);

/* Versions of one agent (NO_UID: of all), newest first: an array of struct agent_version. */
bool agent_versions_list(struct work *work, uid agent_id, struct rows *versions);

/* Adds a draft; config NULL copies the published version's document. */
bool agent_version_create(struct work *work, uid agent_id, const char *config,
                          const char *created_by, struct agent_version *version);

/*
 * Makes a version the published one; the one before is superseded, and a rollout row of it is
 * removed.  Once more changes nothing.
 */
bool agent_version_publish(struct work *work, uid id, struct agent_version *version);

/* Adds a version and publishes it in one transaction, for dialects that edit in place. */
bool agent_version_replace(struct work *work, uid agent_id, const char *config,
                           const char *created_by, struct agent_version *version);

/*
 * Which version takes a call, in this order: the explicit one, the route's pinned one, the rollout
 * draw by the call's id, the published one.  "explicit" and "pinned" may be NO_UID.  INVALID when
 * the explicit one is not this agent's, WRONG_STATE when nothing is published or the agent is not
 * active.
 */
bool agent_version_resolve(struct work *work, const struct agent *agent, uid explicit_version,
                           uid pinned_version, uid call_id, struct agent_version *version);

/* The draw of a call, 0 to 99. */
unsigned rollout_draw(uid call_id);

#endif
