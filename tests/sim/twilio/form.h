/*
 * twilio/form.h - names and values of a form or a query, in their order, repeats included.
 */
#ifndef SIM_TWILIO_FORM_H
#define SIM_TWILIO_FORM_H

#include <stddef.h>

struct form_pair {
    char *name, *value;
};

struct form {
    struct form_pair *pairs;
    size_t count, room;
};

/* Appends a pair; a NULL value is left out. */
void form_add(struct form *form, const char *name, const char *value);
void form_add_integer(struct form *form, const char *name, long long value);

/* Replaces the first pair of that name, or appends one. */
void form_set(struct form *form, const char *name, const char *value);

/* The first value of a name, or NULL. */
const char *form_get(const struct form *form, const char *name);

/* Appends the pairs of an encoded form or query. */
void form_parse(struct form *form, const char *text);

/* Appends copies of the pairs of another. */
void form_append(struct form *form, const struct form *other);

/* Encoded as application/x-www-form-urlencoded, to be freed by the caller. */
char *form_encode(const struct form *form);

void form_free(struct form *form);

#endif
