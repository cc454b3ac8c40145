/*
 * domain/agent_edits.h - agents of dialects that edit in place, and the end of an agent.
 */
#ifndef DOMAIN_AGENT_EDITS_H
#define DOMAIN_AGENT_EDITS_H

#include "domain/agents.h"

/* What is to change; NULL leaves it as it is. */
struct agent_edit {
    const char *name, *direction, *status;
    const char *config; /* JSON object: its members replace those of the published document, a null
                           takes one away */
    const char *by;     /* agent_versions.created_by */
};

/*
 * Changes the agent and publishes a further version of it, in one transaction: of two who edit at
 * once, each change holds.  Calls under way keep the version they began with.  NOT_FOUND.
 */
bool agent_edit(struct work *work, uid id, const struct agent_edit *edit);

/*
 * Deletes the agent: nothing is routed to it any more, its key may be used again, live calls
 * finish.  The row stays for what refers to it.  NOT_FOUND, also once more.
 */
bool agent_delete(struct work *work, uid id);

#endif
