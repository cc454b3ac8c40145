/*
 * domain/resolve.h - one row, one key, many spellings: what a client calls a row, in any dialect,
 * becomes its key (reference, section 2.3).
 *
 * A row of another tenant does not exist, and neither does a malformed id: NOT_FOUND.
 */
#ifndef DOMAIN_RESOLVE_H
#define DOMAIN_RESOLVE_H

#include "core/uid.h"
#include "core/work.h"

enum resolved { AN_AGENT, AN_AGENT_VERSION, A_NUMBER, A_CALL, A_SESSION, A_ROUTE, A_KEY };

/* The key of the work's tenant's row that the text names. */
bool resolve(struct work *work, enum resolved what, const char *text, uid *id);

/* The tenant that the text names: tenant_key, "ORG-…", "tenant_…", account SID or slug. */
bool resolve_tenant(struct work *work, const char *text, int64_t *tenant_id);

#endif
