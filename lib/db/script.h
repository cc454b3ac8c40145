/*
 * db/script.h - the statements of a file of SQL, one after the other.
 *
 * A statement ends at a semicolon outside of quotes and comments.  Comments in front of a statement
 * are passed over; those inside stay, the database knows them.
 */
#ifndef DB_SCRIPT_H
#define DB_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>

struct script {
    const char *rest; /* begin with the whole text */
    const char *statement;
    size_t length; /* of the statement, without its semicolon */
};

/* Finds the next statement; false when there is none. */
bool script_next(struct script *script);

#endif
