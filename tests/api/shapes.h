/*
 * api/shapes.h - the APIs that bad input is sent to: where they are, what their refusals look like.
 */
#ifndef API_SHAPES_H
#define API_SHAPES_H

#include "api/api.h"

enum api { KWICKPHONE, OPERATOR, CALLBACKS, HOOKS, STATESET, SITE, APIS };

struct api_facts {
    const char *name;
    const char *takes; /* a path that takes bodies; @ stands for the tenant; NULL: none */
    const char *gives; /* a path that is read; NULL: none */
    size_t body_limit;
    void (*shape)(const struct reply *reply); /* that a refusal is one of this API */
};

extern const struct api_facts apis[APIS];

/* A tenant's credential for an API, as a header's line with its end; "" where there is none. */
const char *credential(const struct customer *customer, enum api api);

/* Sends a body to the API on a connection of its own, which must go on afterwards. */
struct reply send_body(const struct customer *customer, enum api api, const char *body,
                       size_t length);

/* Sends a request line ("GET /v1/numbers", @ for the tenant) and more headers likewise. */
struct reply send_line(const struct customer *customer, enum api api, const char *line,
                       const char *more);

/* The head of a request with a body of so many bytes. */
const char *head_of(const struct customer *customer, enum api api, size_t length);

/* That a tenant has what customer_new() gave it, and nothing more. */
void nothing_was_written(const struct customer *customer);

#endif
