/*
 * api/phony/phony.h - what the suites of Phony's dialect share: customers with a key, and what its
 * refusals look like.
 */
#ifndef API_PHONY_PHONY_H
#define API_PHONY_PHONY_H

#include "api/api.h"

/* A tenant with a key that has every scope of a tenant. */
struct phony {
    struct customer customer;
    const char *key;
};

struct phony phony_new(void);

/* A key of the tenant with these permissions: "\"viewer\"", "\"agents:read\",\"calls:read\"". */
const char *phony_key(const struct customer *customer, const char *permissions);

/* A new tenant's key that may manage all tenants. */
struct phony phony_platform(void);

/* A request with a key as a bearer. */
struct reply pho(const struct phony *phony, const char *method, const char *path, const char *body);

/* The same, whose answer must have this status. */
struct reply pho_must(const struct phony *phony, long status, const char *method, const char *path,
                      const char *body);

/* A new agent of the type, by POST /api/agents; its id. */
const char *phony_agent_new(const struct phony *phony, const char *type);

/* Buys the customer a number and takes it from the agent that it came with: it is available. */
const char *phony_number_new(struct phony *phony);

/* "/api/phone-numbers/<number>/<what>" */
const char *number_path(const char *number, const char *what);

/* That it is Phony's refusal of this status and word, and says why. */
void pho_refused(const struct reply *reply, long status, const char *word);

/* That this field is blamed as well. */
void pho_blamed(const struct reply *reply, const char *field);

#endif
