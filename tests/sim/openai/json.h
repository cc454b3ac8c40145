/*
 * openai/json.h - building and reading JSON in one line.
 */
#ifndef SIM_OPENAI_JSON_H
#define SIM_OPENAI_JSON_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * An object with the given members, "name=kind" separated by blanks.  Kinds: s text (NULL is
 * null), i int64_t, d double, b bool, n null (takes no argument), o an object whose reference is
 * taken, k one that is kept by the caller too.
 *
 *   pack("item_id=s content_index=i item=k", id, (int64_t)0, item)
 */
struct json_object *pack(const char *members, ...);

/* The same into an object that is there already. */
void pack_into(struct json_object *object, const char *members, ...);

/* A list of texts, ending in NULL. */
struct json_object *pack_list(const char *first, ...) __attribute__((sentinel));

/* The value at a path such as "audio.input.format", NULL when it is missing or null. */
struct json_object *at(struct json_object *object, const char *path);

/* The same as a text, a number, a truth; the fallback when it is missing or of another type. */
const char *text_at(struct json_object *object, const char *path, const char *otherwise);
int64_t number_at(struct json_object *object, const char *path, int64_t otherwise);
double real_at(struct json_object *object, const char *path, double otherwise);
bool true_at(struct json_object *object, const char *path, bool otherwise);

/* A deep copy; NULL of NULL. */
struct json_object *copy_of(struct json_object *value);

/* Adds a number to a counter. */
void count_up(struct json_object *object, const char *name, int64_t by);

#endif
