/*
 * domain/number_agents.h - which agent has which number, for dialects where an agent has one: it is
 * given to it, taken from it, or free (reference 1.4).
 *
 * The rows are phone_routes as everywhere; an agent has a number when calls to it are its own.
 */
#ifndef DOMAIN_NUMBER_AGENTS_H
#define DOMAIN_NUMBER_AGENTS_H

#include "core/uid.h"
#include "core/work.h"
#include "db/store.h"

/*
 * Gives a number to an agent.  NOT_FOUND when the tenant has no such number or agent, INVALID
 * blaming "agent_id" when the agent only calls out, WRONG_STATE when the number is not in service,
 * CONFLICT when another agent has it or the agent has another.  Once more changes nothing.
 */
bool number_give(struct work *work, const char *e164, uid agent_id);

/* The same, but the agent gives back what it had; e164 NULL: that alone. */
bool number_change(struct work *work, const char *e164, uid agent_id);

/* Takes a number from whoever has it; NOT_FOUND when the tenant has no such number. */
bool number_free(struct work *work, const char *e164);

/* Numbers in service that no agent has, newest first: an array of struct phone_number. */
bool numbers_free(struct work *work, struct rows *numbers);

/* Whether calls to some number are the agent's. */
bool agent_has_number(struct work *work, uid agent_id, bool *has);

#endif
