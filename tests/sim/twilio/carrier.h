/*
 * twilio/carrier.h - the stand-in as a whole: its loop and where it is, small helpers for JSON and
 * text, identifiers and dates.
 */
#ifndef SIM_TWILIO_CARRIER_H
#define SIM_TWILIO_CARRIER_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/web.h"

enum { SID_SIZE = 35, DATE_SIZE = 40 };

struct carrier {
    struct web *web;
    char base_url[128]; /* of the service, "http://127.0.0.1:PORT" */
};

extern struct carrier carrier;

/* One account; there are as many as were given on the command line or the control port. */
struct account {
    char sid[SID_SIZE];
    char token[128];
    char created[DATE_SIZE];
    struct account *next;
};

/* Adds or changes an account; false when the SID is no account's. */
bool account_add(const char *sid, const char *token);
const struct account *account_find(const char *sid);
const struct account *account_first(void);

/* A new SID: two letters and 32 hexadecimal digits.  Random, so that restarts make no doubles. */
void sid_new(const char *prefix, char sid[SID_SIZE]);

/* "Fri, 20 Aug 2010 01:13:42 +0000" and "2024-05-14T18:50:02Z" of milliseconds since 1970. */
const char *date_rfc2822(int64_t epoch_ms, char date[DATE_SIZE]);
const char *date_iso(int64_t epoch_ms, char date[DATE_SIZE]);

/* Formatted text to be freed by the caller. */
char *text_of(const char *format, ...) __attribute__((format(printf, 1, 2)));
char *text_copy(const char *text); /* NULL for NULL */
void text_replace(char **text, const char *with);
bool text_is(const char *text, const char *expected); /* false for NULL */
bool text_begins(const char *text, const char *with);
bool is_e164(const char *number);

/* A member of an object: NULL or "otherwise" when it is missing or null. */
struct json_object *json_member(struct json_object *object, const char *name);
const char *json_text(struct json_object *object, const char *name);
int64_t json_integer(struct json_object *object, const char *name, int64_t otherwise);
bool json_flag(struct json_object *object, const char *name, bool otherwise);

/* Sets a member; a NULL text is null. */
void json_set(struct json_object *object, const char *name, const char *text);
void json_set_integer(struct json_object *object, const char *name, int64_t value);
void json_set_flag(struct json_object *object, const char *name, bool value);
void json_set_object(struct json_object *object, const char *name, struct json_object *value);

#endif
