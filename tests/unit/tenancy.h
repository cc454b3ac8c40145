/*
 * tests/unit/tenancy.h - a tenant of the test's own, with a configuration and a connection.
 */
#ifndef TESTS_UNIT_TENANCY_H
#define TESTS_UNIT_TENANCY_H

#include "core/config.h"
#include "db/store.h"
#include "domain/agents.h"
#include "domain/tenants.h"

/* What the tests' work is configured with; a test may change it. */
extern struct config tenancy_config;

/* A piece of work for a new tenant; "settings" is its document, NULL for {}. */
struct work tenancy_begin(struct tenant *tenant, const char *settings);

/* Another tenant of the same database; the work's tenant stays. */
void tenancy_other(struct work *work, struct tenant *tenant);

void tenancy_end(struct work *work);

/* An agent of that key with one published version; the test fails when that fails. */
struct agent tenancy_agent(struct work *work, const char *key);

/* The first number of a statement whose only parameter is the work's tenant. */
int64_t tenancy_number(struct work *work, const char *sql);

#endif
