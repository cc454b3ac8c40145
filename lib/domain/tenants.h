/*
 * domain/tenants.h - organizations: what they are called, whether they are served, their settings.
 *
 * Tenants are the one thing that is found without a tenant, so these statements do not name one.
 * The settings document keeps keys that we do not know.  Secrets in it are moved to tenant_secrets
 * and leave the word TENANT_REDACTED in their place, which means "unchanged" when it comes back.
 */
#ifndef DOMAIN_TENANTS_H
#define DOMAIN_TENANTS_H

#include <json-c/json.h>

#include "core/column.h"
#include "core/work.h"
#include "db/store.h"
#include "remote/twilio.h"

#define TENANT_REDACTED "[redacted]"

struct tenant {
    int64_t id;
    uid public_id;
    const char *tenant_key; /* the operator's spelling, used in paths */
    int64_t parent_tenant_id;
    const char *name, *slug;
    const char *status; /* one of tenant_states */
    const char *owner_email, *billing_email, *timezone;
    const char *account_sid; /* user name of the Twilio dialect */
    const char *default_org_ref;
    int64_t max_agents, max_concurrent_calls, max_numbers;
    int64_t markup_bp;
    const char *carrier_mode;        /* platform, byoc or simulated */
    const char *carrier_account_sid; /* the account its callbacks arrive from; NULL: none its own */
    document config;                 /* settings; shown to nobody but by tenant_shown() */
    bytes config_hash;
    int64_t cache_epoch; /* grows when processes must forget what they hold of the tenant */
    document retention, redaction;
    instant deleted_at, created_at, updated_at;
    int64_t rev;
};

extern const struct entity tenant_entity;
extern const char *const tenant_states[];

/*
 * The tenant by one of its names; NOT_FOUND when there is none or it was deleted.  By its id also a
 * deleted one is found, because what it left is still brought to an end; it is not served.
 */
bool tenant_by_id(struct work *work, int64_t id, struct tenant *tenant);
bool tenant_by_key(struct work *work, const char *tenant_key, struct tenant *tenant);
bool tenant_by_account_sid(struct work *work, const char *account_sid, struct tenant *tenant);

/* Tenants whose callbacks come from a carrier account of their own: an array of struct tenant. */
bool tenants_by_carrier_account(struct work *work, const char *account_sid, struct rows *tenants);

/* Those that were not deleted, newest first: an array of struct tenant. */
bool tenants_list(struct work *work, const struct page *page, struct rows *tenants);

/* The same, those of one status; NULL: of any. */
bool tenants_of_status(struct work *work, const char *status, const struct page *page,
                       struct rows *tenants);

/*
 * A condition on a table with tenant_id for lists of all tenants: what was deleted is in none. Said
 * as what there is not, so that the table's own index is gone through first.
 */
#define OF_LIVING_TENANT(table)                                                                    \
    "NOT EXISTS (SELECT 1 FROM tenants AS gone WHERE gone.id = " table                             \
    ".tenant_id AND gone.deleted_at IS NOT NULL)"

/* Whether calls and requests of the tenant are served: trial or active. */
bool tenant_is_served(const struct tenant *tenant);

/* "<rev>-<12 hex digits of the settings' hash>", in the arena. */
char *tenant_etag(struct arena *arena, const struct tenant *tenant);

/* Whether a header If-Match or If-None-Match names the tenant's revision: exact, listed or "*". */
bool tenant_etag_listed(const char *header, const char *etag);

/*
 * Creates a tenant or replaces its settings.  The document's known keys (display_name, status,
 * timezone, org_id, slug, owner_email, billing_email, limits, twilio.account_sid, …) are copied
 * into their columns.  if_match NULL: the last writer wins; otherwise PRECONDITION when the
 * revision is another.  INVALID for a reserved or malformed key, for known keys of a wrong type,
 * and for TENANT_REDACTED where no secret is stored.  A known key that is not mentioned leaves its
 * column as it is; one that is null makes it what a new tenant begins with.  *created says which
 * it was.  The tree is changed: its secrets are redacted.
 */
bool tenant_put(struct work *work, const char *tenant_key, json_object *config,
                const char *if_match, struct tenant *tenant, bool *created);

/* The same after a merge patch, whose nulls are not in the document any more. */
bool tenant_put_patched(struct work *work, const char *tenant_key, json_object *config,
                        json_object *patch, const char *if_match, struct tenant *tenant,
                        bool *created);

/*
 * What tenant_put() would say to such a document, and the tenant it would make, without writing
 * anything; the tree is changed alike.
 */
bool tenant_check(struct work *work, const char *tenant_key, json_object *config,
                  struct tenant *tenant);

/*
 * The settings as they may be shown: a secret that stands in them still, because it came before its
 * name was one's or cannot be stored, is redacted.  In the work's arena.
 */
document tenant_shown(struct work *work, const struct tenant *tenant);

/*
 * A setting of the tenant's document by its name, "recording.enabled"; NULL and the fallback when
 * absent or of another type.  In the arena.
 */
const char *tenant_setting(struct work *work, const struct tenant *tenant, const char *path);
bool tenant_setting_is_on(struct work *work, const struct tenant *tenant, const char *path,
                          bool fallback);

/* The country whose numbers the tenant writes without its code: "country", or US. */
const char *tenant_country(struct work *work, const struct tenant *tenant);

/* The carrier account that orders of this tenant go to; UPSTREAM when there is none. */
bool carrier_of_tenant(struct work *work, const struct tenant *tenant, struct carrier *carrier);

/* The same for what was ordered earlier, by where it was: phone_numbers.source. */
bool carrier_of_source(struct work *work, const struct tenant *tenant, const char *source,
                       struct carrier *carrier);

/* How phone_numbers.source and calls.carrier name where the account is. */
const char *carrier_source(const struct carrier *carrier);
const char *carrier_name(const struct carrier *carrier);

/*
 * The next small integer of a tenant's counter ("number"), from 1.  Inside a transaction it also
 * makes the tenant's others who count the same thing wait for its end.
 */
bool tenant_next(struct work *work, const char *counter, int64_t *value);

/* Makes every process forget what it holds of the tenant. */
bool tenant_touch(struct work *work, int64_t id);

#endif
