/*
 * tests/unit/world.h - a tenant with an agent, a number and a node, for tests of calls.
 *
 * Every test has a tenant of its own; what looks at the rows of all tenants (nodes, outbox,
 * deliveries, sweeps) has a database of its own as well.
 */
#ifndef TESTS_UNIT_WORLD_H
#define TESTS_UNIT_WORLD_H

#include "core/config.h"
#include "db/store.h"
#include "domain/agents.h"
#include "domain/calls.h"
#include "domain/inbound.h"
#include "domain/nodes.h"
#include "domain/numbers.h"
#include "domain/sessions.h"
#include "domain/tenants.h"

struct world {
    struct work work;
    struct config config;
    struct tenant tenant;
    struct agent agent;
    struct agent_version version;
    struct phone_number number;
    struct media_node node;
    char database[64]; /* of its own, dropped at the end; empty: the shared one */
};

/* "settings" is the tenant's document, NULL for {}; "alone": in a database of its own. */
void world_begin(struct world *world, const char *settings, bool alone);
void world_end(struct world *world);

/* Another connection of the same tenant, for two at once. */
struct work world_work(const struct world *world);

/* What the server did for the world's connection so far: rows that it read on, and that it sorted.
 */
int64_t rows_read(struct world *world);
int64_t rows_sorted(struct world *world);

/* A call SID, stream SID … nobody has. */
const char *new_sid(struct world *world, const char *letters);

/* A number nobody has: +1312555…. */
const char *new_number(struct world *world);

/* The facts of a call from "from" to the world's number. */
struct inbound_facts facts_from(struct world *world, const char *from);

/* Brings in a call; the test fails when that fails. Its call, session and plan. */
struct incoming {
    struct call_plan plan;
    struct call call;
    struct voice_session session;
};
struct incoming call_in(struct world *world);

/* Claims the session of a call for the world's node, as the daemon does; its stream SID. */
const char *claim_stream(struct world *world, const struct incoming *incoming);

/* Says something in the session; "seq" from 1. */
void say_turn(struct world *world, const struct voice_session *session, int64_t seq,
              const char *role, const char *text);

/* The carrier says that the call is over. */
void end_by_carrier(struct world *world, uid call, int64_t duration_seconds);

/*
 * One round of a job, and what it left under way; with memory of its own, so that what the test
 * holds stays.
 */
void job_once(struct world *world, const char *job);

/* The first number of a statement whose one parameter is the tenant. */
int64_t tenant_number(struct world *world, const char *sql);

#endif
