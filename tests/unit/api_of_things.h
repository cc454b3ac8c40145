/*
 * tests/unit/api_of_things.h - small dialects over the table of things, for tests of the engine.
 *
 *     /things   lenient, nulls shown, pages by limit and offset
 *     /strict   refuses unknown fields, leaves out what is absent, says that an id is malformed
 *     /forms    forms with their fields InPascalCase
 *     /         answers what belongs to none
 *
 * "Authorization: Bearer good" is the tenant of the test's work; anything else is nobody.
 */
#ifndef TESTS_UNIT_API_OF_THINGS_H
#define TESTS_UNIT_API_OF_THINGS_H

#include "fcgi/dialect.h"
#include "things.h"

extern struct work things_work;
extern struct config things_config;
extern const struct dialect lenient, strict, forms, rest;
extern const struct view thing_view;

/* For .init and .fini: a tenant, the table, the dialects prepared. */
void things_api_begin(void);
void things_api_end(void);

/* A request "GET /things?limit=3" of the test's tenant; in line and body ' stands for ". */
struct request things_request(const char *line, const char *body);

/* Adds a header to it. */
void with_header(struct request *req, const char *name, const char *value);

/* The answer's header; NULL when it has none. */
const char *answered_header(const struct request *req, const char *name);

/* Sends it and returns the answer's text, " written as '. */
const char *answered(struct request *req);

/* What the test sees of handlers that count how often they ran. */
extern int handled;

/* Whether the lenient dialect has had enough. */
extern bool limited;

/* The next answers of POST /things/slow and /things/secret. */
extern enum failure slow_failure;
extern bool slow_fails;

#endif
