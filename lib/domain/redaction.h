/*
 * domain/redaction.h - what of a call's texts is not kept (reference 0.1, rule 10).
 *
 * A tenant's settings say it ("redaction": {"cards": true, "phones": true, …}); an agent's version
 * may ask for more, never for less.
 */
#ifndef DOMAIN_REDACTION_H
#define DOMAIN_REDACTION_H

#include "core/redact.h"
#include "domain/agents.h"
#include "domain/tenants.h"

/* REDACT_… for calls of the version; either may be NULL. */
unsigned redaction_of(const struct tenant *tenant, const struct agent_version *version);

#endif
