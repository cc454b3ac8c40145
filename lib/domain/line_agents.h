/*
 * domain/line_agents.h - which agent answers for a line of business that was never configured.
 *
 * A business phone keys its agent: whoever orders a second number for the same line gets the agent
 * of the first.  A new line's agent begins as the tenant's template ("agent_template" in its
 * settings, a version document) or as a plain receptionist.
 */
#ifndef DOMAIN_LINE_AGENTS_H
#define DOMAIN_LINE_AGENTS_H

#include "core/work.h"
#include "domain/agents.h"
#include "domain/tenants.h"

/*
 * The agent of a business phone (E.164; NULL: the tenant's default line) of the work's tenant, made
 * and published when there is none.  "origin" is the dialect that asks.
 */
bool line_agent(struct work *work, const struct tenant *tenant, const char *business_phone,
                const char *origin, struct agent *agent);

#endif
