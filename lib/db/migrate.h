/*
 * db/migrate.h - brings the schema up to date.
 *
 * The program carries the files of sql/ in itself.  Each is applied once, in the order of its
 * number, and written down in schema_migrations with its checksum.  Safe to run twice and from two
 * hosts at once: whoever holds the lease "migrate" works, the others wait for the result.
 */
#ifndef DB_MIGRATE_H
#define DB_MIGRATE_H

#include "core/work.h"

struct migration {
    unsigned version;
    const char *name, *sql;
};

extern const struct migration migrations[]; /* made from sql/ by the Makefile */
extern const size_t migrations_count;

/* Applies what is missing; "applied" (may be NULL) says how many files that was. */
bool migrate(struct work *work, unsigned *applied);

/* Whether nothing is missing; one cheap statement, false with BUSY when the database is away. */
bool migrate_is_current(struct work *work, bool *current);

#endif
