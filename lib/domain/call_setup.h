/*
 * domain/call_setup.h - the rows of a new call: what agent version it gets, what of that version's
 * document the call and its session show.
 */
#ifndef DOMAIN_CALL_SETUP_H
#define DOMAIN_CALL_SETUP_H

#include "core/uid.h"
#include "core/work.h"

struct agent;
struct agent_version;
struct call;
struct voice_session;

/*
 * Fills what call and session say of the agent: ids, names, model, voice, language, greeting
 * (NULL: the version's own).  What the call has already is kept.
 */
void call_set_agent(struct work *work, struct call *call, struct voice_session *session,
                    const struct agent *agent, const struct agent_version *version,
                    const char *greeting);

/*
 * Writes a new call with its session (NULL: none), the hold of "hold_micros", and the events
 * call.created and session.pending; inside the caller's transaction.
 */
bool call_write(struct work *work, struct call *call, struct voice_session *session,
                int64_t hold_micros);

/*
 * Owes call.started to who wants to hear of it, once for a call; in the transaction in which a
 * daemon takes its session.
 */
bool call_tell_started(struct work *work, uid call);

#endif
