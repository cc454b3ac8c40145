/*
 * core/e164.h - telephone numbers (ITU-T E.164).
 */
#ifndef CORE_E164_H
#define CORE_E164_H

#include <stdbool.h>
#include <stddef.h>

enum { E164_SIZE = 20 };

/*
 * Reads a number as people write it ("+1 (312) 555-1234", "0049…", or national digits with
 * "country" a two-letter code whose prefix is added) and writes it as "+" and up to 15 digits.
 * False when it is no telephone number.
 */
bool e164_read(const char *text, const char *country, char number[E164_SIZE]);

/* Whether the text is "+" and 7 to 15 digits, the first not 0, and nothing else. */
bool e164_is_valid(const char *text);

/* The two-letter country of a number ("US" for +1 312…, "CA" for +1 416…); "" when unknown. */
const char *e164_country(const char *number);

/* "+1312555****" for logs: the last four digits hidden. */
void e164_mask(const char *number, char masked[E164_SIZE]);

#endif
