/*
 * tests/unit/things.h - a table with a column of every type, for tests of the database layer.
 */
#ifndef TESTS_UNIT_THINGS_H
#define TESTS_UNIT_THINGS_H

#include "db/store.h"

struct thing {
    int64_t tenant_id;
    uid id;
    const char *label;    /* any language */
    const char *code;     /* ascii, unique with the tenant */
    const char *kind;     /* "small", "large" */
    const char *internet; /* an address */
    int64_t amount, tiny, exact;
    double ratio;
    bool flag;
    instant at, day;
    uid other_id;
    document settings;
    bytes raw, hash;
    instant created_at, updated_at;
    int64_t rev;
    int64_t twice; /* computed: twice the amount */
};

extern const struct entity thing_entity;

/* The set of one column of a thing. */
#define THING(member) columns_add(NO_COLUMNS, &thing_entity, offsetof(struct thing, member))

/* A piece of work with a connection of its own, a tenant of its own and the table at hand. */
struct work things_begin(void);
void things_end(struct work *work);

/* A thing without anything but a new key. */
struct thing thing_new(void);

/* Writes a thing with that code; the test fails if that fails. Returns its key. */
uid thing_add(struct work *work, const char *code, int64_t amount);

/* How many things with that code the tenant has. */
int64_t things_count(struct work *work, const char *code);

/* The first number of a statement without parameters. */
int64_t number_of(struct work *work, const char *sql);

/* Closes the connection of "victim" at the server and waits until the server is done with it. */
void kill_connection(struct work *victim);

/* Waits until the server has no connection of that number. */
void wait_for_end_of(struct work *observer, int64_t connection);

#endif
