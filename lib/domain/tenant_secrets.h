/*
 * domain/tenant_secrets.h - secrets that stand in a tenant's document; private to its settings.
 *
 * They are told by the names of their members: a text called api_key, auth_token, password … is
 * one, and so is every text below such a name.  In lists they are named by their places:
 * "accounts.0.api_key".
 */
#ifndef DOMAIN_TENANT_SECRETS_H
#define DOMAIN_TENANT_SECRETS_H

#include "core/json.h"
#include "core/work.h"

enum { TENANT_SECRETS_MOST = 64 };

/* A secret found in a document, and what is to become of it. */
struct found_secret {
    const char *path, *value; /* value NULL: it stays what it is */
};

struct found_secrets {
    struct found_secret at[TENANT_SECRETS_MOST];
    size_t count;
};

/* The member that a path of names and places leads to, NULL when there is none. */
json_object *document_member(json_object *config, const char *path);

/* Whether a document says null to what the path leads to, or to something that holds it. */
bool document_nulls(json_object *config, const char *path);

/*
 * Takes the secrets out and leaves TENANT_REDACTED in their places; where that stands already it
 * means what the tenant of that key, who need not be there, has there.  What cannot be stored
 * (too long, one too many, named beyond ASCII) is INVALID, unless the tenant's document has it as
 * it is: then it is left there.
 */
bool tenant_secrets_take(struct work *work, const char *tenant_key, json_object *config,
                         struct found_secrets *found);

/*
 * INVALID when the word that stands for a secret stands where the tenant of that key, who need not
 * be there, neither has one nor had the word before.
 */
bool tenant_secrets_check(struct work *work, const char *tenant_key,
                          const struct found_secrets *found);

/*
 * Of those that the work's tenant has: removed where the document says null, and where a list no
 * longer has their place; else they are shown in it.
 */
bool tenant_secrets_keep(struct work *work, json_object *config);

/* Stores those that were found with a value. */
bool tenant_secrets_put(struct work *work, const struct found_secrets *found);

#endif
