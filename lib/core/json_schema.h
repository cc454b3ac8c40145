/*
 * core/json_schema.h - whether a value is what a JSON Schema asks for.
 *
 * Of JSON Schema it knows type (one or several), enum, const, required, properties,
 * additionalProperties false, items, minimum, maximum, exclusiveMinimum, exclusiveMaximum,
 * minLength, maxLength, minItems and maxItems.  Other words of it are passed over: what they would
 * forbid is let through.
 */
#ifndef CORE_JSON_SCHEMA_H
#define CORE_JSON_SCHEMA_H

#include "core/arena.h"
#include "core/json.h"

/*
 * NULL when the value fits, else one sentence that says where and why not ("items.0.count must not
 * be above 5"), in the arena.  A schema that is no object fits everything.
 */
const char *json_misfit(struct arena *arena, json_object *schema, json_object *value);

/*
 * Schemas as texts that stand in tables: SCHEMA_OBJECT(SCHEMA_TEXT("reason", "500", "why"),
 * "\"reason\"") is an object with one member, a text of at most 500 characters, which must be
 * there.  Members, and the names of those that must be, are separated by commas.
 */
#define SCHEMA_OBJECT(members, required)                                                           \
    "{\"type\":\"object\",\"properties\":{" members "},\"required\":[" required "]}"
#define SCHEMA_TEXT(name, most, about)                                                             \
    "\"" name "\":{\"type\":\"string\",\"maxLength\":" most ",\"description\":\"" about "\"}"

#endif
