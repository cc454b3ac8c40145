/*
 * core/json.h - JSON that comes from outside.
 *
 * json-c 0.16 lets through what must not pass: duplicate keys, NaN, single quotes, raw control
 * characters, lone surrogates, and it cuts keys at NUL.  json_check() refuses these before json-c
 * sees the text, and bounds its depth.  How large a text may be is for whoever received it to say.
 */
#ifndef CORE_JSON_H
#define CORE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <json-c/json.h>

#include "core/uid.h"
#include "core/work.h"

enum { JSON_DEPTH = 32 };

struct json_rules {
    size_t depth;         /* how many arrays and objects may lie in one another; 0: JSON_DEPTH */
    bool refuse_repeated; /* keys that stand twice in one object; otherwise the last one counts */
};

/*
 * NULL when the text is one JSON value within the rules (NULL: the usual depth, no key twice), else
 * what is wrong; *at says at which byte.
 */
const char *json_check(const char *text, size_t length, const struct json_rules *rules, size_t *at);

/* Whether a text is JSON by the usual rules; NULL is not. */
bool json_is_valid(const char *text);

/*
 * Checks and parses.  On success the tree is the caller's to put, NULL for "null"; on failure it is
 * NULL and the error INVALID, with a message that says where.
 */
bool json_read(struct work *work, const char *text, size_t length, const struct json_rules *rules,
               json_object **tree);

/* The same for a text we stored ourselves, checked then; NULL when it is none. The caller puts it.
 */
json_object *json_parse(const char *text);

/*
 * Members of an object by name; NULL, NO_UID, the fallback, when absent or of another type, or when
 * the object is none.  What they point at belongs to the object.
 */
const char *json_text(json_object *object, const char *name);
int64_t json_integer(json_object *object, const char *name, int64_t fallback);
double json_real(json_object *object, const char *name, double fallback);
bool json_boolean(json_object *object, const char *name, bool fallback);
json_object *json_member(json_object *object, const char *name);
uid json_key(json_object *object, const char *name); /* from 32 hex digits */

/* Writes a tree as compact JSON into the arena; numbers that were read stay as they were written.
 */
char *json_write(struct arena *arena, json_object *tree);

#endif
