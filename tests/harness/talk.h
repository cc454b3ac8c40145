/*
 * harness/talk.h - who said what in a call: as our transcript has it, and as it was heard at the
 * carrier's.
 */
#ifndef HARNESS_TALK_H
#define HARNESS_TALK_H

#include "harness/harness.h"

/* The turns of a call's transcript, an array of {role, text, …}; fails the test without one. */
json_object *call_turns(const struct customer *customer, const char *call_sid);

/* Whether "caller" or "agent" says exactly that in one of the turns. */
bool turns_hold(json_object *turns, const char *role, const char *text);

/*
 * Whether the agent was heard to its end with something that begins so, in a call as the carrier
 * stand-in tells of it (call_ended()).
 */
bool agent_was_heard(json_object *carrier, const char *text);

#endif
