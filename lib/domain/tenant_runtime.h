/*
 * domain/tenant_runtime.h - a tenant's settings in force, patching them, and the end of a tenant.
 */
#ifndef DOMAIN_TENANT_RUNTIME_H
#define DOMAIN_TENANT_RUNTIME_H

#include "domain/tenants.h"

/*
 * The settings that are in force: what the document says, what holds where it says nothing, and
 * whether carrier and voices are ready.  Secrets stay redacted.  In the work's arena.
 */
document tenant_runtime(struct work *work, const struct tenant *tenant);

/*
 * Merges a patch (RFC 7396) into the settings; a null takes a setting away, secrets included.
 * NOT_FOUND when there is no such tenant, otherwise as tenant_put().  Without if_match a patch is
 * merged into what is there at that moment, so that two patches of different settings both hold.
 */
bool tenant_patch(struct work *work, const char *tenant_key, json_object *patch,
                  const char *if_match, struct tenant *tenant);

/* Looks at the stored document again and makes every process forget what it holds of the tenant. */
bool tenant_reload(struct work *work, struct tenant *tenant);

/*
 * Deletes the tenant: its keys are revoked, it is no longer served, its live calls are asked to
 * end, its names are free again.  What it has is kept until retention takes it.  NOT_FOUND when
 * that was done before.  "by" stands in the audit log.
 */
bool tenant_delete(struct work *work, struct tenant *tenant, const char *by);

#endif
