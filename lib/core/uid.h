/*
 * core/uid.h - the 128-bit key of every row, and its spellings (reference, section 2.1).
 *
 * Keys are UUIDv7: 48 bits of Unix milliseconds, the version, 74 random bits, so that their byte
 * order is their order in time.  They are made by us, not by the database, so that rows can be
 * referred to before they are written.
 */
#ifndef CORE_UID_H
#define CORE_UID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/clock.h"

typedef struct {
    unsigned char bytes[16];
} uid;

#define NO_UID ((uid){{0}}) /* no key; as a column: NULL */

/* A new key; later ones of the same process are greater, also within one millisecond. */
uid uid_new(void);

/* The smallest key that could have been made at that time, for ranges. */
uid uid_at(instant when);

bool uid_is_none(uid id);
bool uid_equal(uid a, uid b);
int uid_compare(uid a, uid b);

/* "01939f3a-7c21-7a4e-8b1d-5f6a7b8c9d0e" */
void uid_write_uuid(uid id, char text[37]);
bool uid_read_uuid(const char *text, uid *id);

/* 26 digits of Crockford's alphabet, lower or upper case. */
void uid_write_base32(uid id, char text[27]);
void uid_write_base32_upper(uid id, char text[27]);
bool uid_read_base32(const char *text, uid *id);

/* 32 lower-case hex digits. */
void uid_write_hex(uid id, char text[33]);
bool uid_read_hex(const char *text, uid *id);

/*
 * Reads any spelling of a key: a UUID, 26 base32 digits, 32 hex digits, each also behind one of the
 * prefixes ("AGT-", "agent_", "AP"; NULL at the end; NULL for none).  False when it is none of
 * these.
 */
bool uid_read(const char *text, const char *const *prefixes, uid *id);

#endif
