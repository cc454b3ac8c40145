/*
 * domain/secrets.h - a tenant's credentials for carriers and providers, sealed, by name.
 *
 * What is sealed is bound to tenant and name, so that it cannot be moved to another row.
 */
#ifndef DOMAIN_SECRETS_H
#define DOMAIN_SECRETS_H

#include "core/column.h"
#include "core/work.h"
#include "db/db.h"

struct tenant_secret {
    const char *name; /* "carrier_token", or where it stood in the settings: "openai.api_key" */
    bytes sealed;
    const char *hint; /* the last characters */
    instant validated_at, created_at, updated_at;
    int64_t rev;
};

extern const struct entity tenant_secret_entity;

#define SECRET_CARRIER_TOKEN "carrier_token"

/* Stores a secret of the work's tenant, in the place of an older one. */
bool secret_put(struct work *work, const char *name, const char *secret);

/* The secret in the clear, in the arena; NOT_FOUND when there is none. */
bool secret_get(struct work *work, const char *name, const char **secret);

/* The names there are: an array of struct tenant_secret. */
bool secrets_list(struct work *work, struct rows *secrets);

/* Removes one; no failure when there is none. */
bool secret_remove(struct work *work, const char *name);

/*
 * Seals and opens what other tables keep sealed (webhook secrets, auth tokens, headers); "what"
 * names the row: "webhook_endpoints <uuid>".  secret_open answers INTERNAL when the key does not
 * fit.
 */
bytes secret_seal(struct work *work, const char *what, const char *secret);
bool secret_open(struct work *work, const char *what, bytes sealed, const char **secret);

#endif
