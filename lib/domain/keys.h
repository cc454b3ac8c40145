/*
 * domain/keys.h - API keys of the five dialects, and who asks.
 *
 * A key is stored as HMAC-SHA-256 under the server's pepper and found by one read of that hash; the
 * key itself is shown once.  Only auth tokens of the Twilio dialect are kept sealed as well,
 * because outgoing requests are signed with them.  A key works on its own dialect only.
 */
#ifndef DOMAIN_KEYS_H
#define DOMAIN_KEYS_H

#include "core/column.h"
#include "core/crypto.h"
#include "core/work.h"
#include "db/store.h"
#include "domain/tenants.h"

struct api_key {
    int64_t tenant_id; /* 0: a key of the platform */
    uid id;
    const char *kind; /* one of key_kinds */
    const char *label, *key_prefix;
    bytes key_hash, sealed;
    document permissions, ip_allowlist;
    const char *created_by;
    instant expires_at, revoked_at, last_used_at, created_at;
};

extern const struct entity api_key_entity;
extern const char *const key_kinds[]; /* twilio, kwickphone, thruai, stateset, phony */

/* How proving a key ended. */
enum key_verdict {
    KEY_GOOD,
    KEY_BAD, /* unknown, of another dialect, or used from an address that it is not for */
    KEY_REVOKED,
    KEY_EXPIRED,
    KEY_SUSPENDED, /* the key is good, its tenant is not served; key and tenant are filled */
    KEY_UNPROVEN   /* the store did not answer; work->error says so */
};

/*
 * Who holds a secret of that kind.  Does not change the work's tenant.  For kind "twilio" the
 * caller compares tenant->account_sid with the user name himself.  client_ip NULL: allowlists never
 * fit. A key of the platform leaves the tenant cleared, with id 0.
 */
enum key_verdict key_authenticate(struct work *work, const char *kind, const char *secret,
                                  const char *client_ip, struct api_key *key,
                                  struct tenant *tenant);

/* The hash a secret is stored and found under; for caches. */
hash256 key_hash(const struct work *work, const char *secret);

/* Whether an address may use a key with this allowlist (JSON array of addresses and CIDRs). */
bool key_allows_address(document ip_allowlist, const char *client_ip);

/*
 * Whether the permissions (JSON array of names) contain "permission", "*", its "area:*", or a role
 * that has it: "viewer" has all that reads, "supervisor" also "calls:write" and "supervisor:write",
 * "admin" everything.  "platform:admin" is had by that name alone.
 */
bool key_permits(const char *permissions, const char *permission);

/* Whether the text looks like a key of that kind, by its prefix; legacy StateSet keys have none. */
bool key_looks_like(const char *kind, const char *secret);

struct key_order {
    const char *kind;         /* NULL: stateset */
    const char *label;        /* may be NULL, as all that follow */
    const char *permissions;  /* JSON array; NULL: [] */
    const char *ip_allowlist; /* JSON array of addresses and CIDRs */
    const char *created_by;
    instant expires_at; /* 0 or NO_INSTANT: never */
    bool test;          /* of kind thruai: sk_test_ instead of sk_live_ */
    const char *secret; /* an existing legacy bearer instead of a new key (StateSet only) */
};

/*
 * Makes a key for the work's tenant.  *secret is shown once.  INVALID for an unknown kind or a
 * malformed list; LIMIT_REACHED at the sixth live kwickphone key or third live Twilio token.
 */
bool key_create(struct work *work, const struct key_order *order, struct api_key *key,
                const char **secret);

/* Keys of the work's tenant of one kind (NULL: all), revoked ones included, newest first. */
bool keys_list(struct work *work, const char *kind, struct rows *keys);

/* Revokes a key; once more answers the same row; NOT_FOUND. */
bool key_revoke(struct work *work, uid id, struct api_key *key);

/* The primary auth token of the tenant's Twilio dialect in the clear; NOT_FOUND when it has none.
 */
bool key_twilio_token(struct work *work, const char **token);

/* Notes that a key was used, at most once a minute. */
bool key_touch(struct work *work, const struct api_key *key);

#endif
