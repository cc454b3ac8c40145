/*
 * domain/agent_hours.h - whether somebody is there for a caller: the hours of the call's agent
 * stand above the tenant's, and so does its time zone.
 */
#ifndef DOMAIN_AGENT_HOURS_H
#define DOMAIN_AGENT_HOURS_H

#include "core/text.h"
#include "core/work.h"
#include "domain/business_hours.h"

/*
 * Reads them by the version's document (NULL: none).  "known" is false when neither has hours, or
 * they cannot be read.
 */
bool agent_hours(struct work *work, const char *config, struct business_hours *answer, bool *known);

/*
 * The same as JSON for a model or an automation: {"open","timezone","now","next_change"}.
 * NOT_FOUND when no hours are set.
 */
bool agent_hours_write(struct work *work, const char *config, struct text *result);

#endif
