/*
 * domain/consent.h - the sentence that a call begins with where it is recorded and its tenant asks
 * for it (reference 5.2).
 *
 * The carrier says it before it connects the call to us, so no recording of ours can begin before
 * it; that it was said is stamped in the call when the session begins.
 */
#ifndef DOMAIN_CONSENT_H
#define DOMAIN_CONSENT_H

#include "domain/agents.h"
#include "domain/calls.h"
#include "domain/sessions.h"
#include "domain/tenants.h"

/* Whether calls of the version are recorded: the version's word, else the tenant's. */
bool call_is_recorded(struct work *work, const struct tenant *tenant,
                      const struct agent_version *version);

/*
 * What is to be said before the call is connected; NULL when it is not recorded, when nobody asks
 * for it, or when it was said before.  The version's recording.consent_text, else the tenant's,
 * else, where the tenant's recording.consent_required is true, a sentence of ours.
 */
const char *consent_sentence(struct work *work, const struct tenant *tenant,
                             const struct agent_version *version, const struct call *call);

/* The same of a call alone: what it needs is read. */
bool consent_of_call(struct work *work, const struct call *call, const char **sentence);

/* Stamps the call whose session begins, once: consent_at, an event and an audit row. */
bool consent_note(struct work *work, const struct tenant *tenant,
                  const struct agent_version *version, const struct call *call,
                  const struct voice_session *session);

#endif
