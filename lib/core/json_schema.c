#include "core/json_schema.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/text.h"

/* A value inside of the one that is checked: "where" is the way to it, "" for the whole. */
struct place {
    struct arena *arena;
    const char *where;
    size_t depth;
};

static const char *check(const struct place *place, json_object *schema, json_object *value);

static const char *misfit(const struct place *place, const char *why)
{
    return arena_format(place->arena, "%s %s", *place->where ? place->where : "the value", why);
}

static struct place inside(const struct place *place, const char *name)
{
    return (struct place){
        .arena = place->arena,
        .where = *place->where ? arena_format(place->arena, "%s.%s", place->where, name)
                               : arena_text(place->arena, name),
        .depth = place->depth + 1,
    };
}

/* ---- type ---- */

static bool is_number(json_object *value)
{
    return json_object_is_type(value, json_type_int) ||
           json_object_is_type(value, json_type_double);
}

static bool is_whole(json_object *value)
{
    double number = json_object_get_double(value);

    return is_number(value) && fabs(number - trunc(number)) <= 0;
}

static bool is_of_type(const char *type, json_object *value)
{
    static const struct {
        const char *name;
        json_type type;
    } types[] = {
        {"string", json_type_string}, {"boolean", json_type_boolean}, {"object", json_type_object},
        {"array", json_type_array},   {"null", json_type_null},
    };

    if (strcmp(type, "integer") == 0)
        return is_whole(value);
    if (strcmp(type, "number") == 0)
        return is_number(value);
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (strcmp(types[i].name, type) == 0)
            return json_object_is_type(value, types[i].type);
    return true; /* no type that we know */
}

static const char *check_type(const struct place *place, json_object *schema, json_object *value)
{
    json_object *type = json_member(schema, "type");
    size_t count = json_object_is_type(type, json_type_array) ? json_object_array_length(type) : 0;

    if (json_object_is_type(type, json_type_string) &&
        !is_of_type(json_object_get_string(type), value))
        return misfit(
            place, arena_format(place->arena, "must be of type %s", json_object_get_string(type)));
    for (size_t i = 0; i < count; i++) {
        const char *name = json_object_get_string(json_object_array_get_idx(type, i));

        if (name && is_of_type(name, value))
            return NULL;
    }
    return count ? misfit(place, "is of a type that is not allowed") : NULL;
}

/* ---- values ---- */

static const char *check_values(const struct place *place, json_object *schema, json_object *value)
{
    json_object *list = json_member(schema, "enum"), *only = json_member(schema, "const");
    size_t count = json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;

    if (only && !json_object_equal(only, value))
        return misfit(place,
                      arena_format(place->arena, "must be %s", json_write(place->arena, only)));
    for (size_t i = 0; i < count; i++)
        if (json_object_equal(json_object_array_get_idx(list, i), value))
            return NULL;
    return count ? misfit(place, arena_format(place->arena, "must be one of %s",
                                              json_write(place->arena, list)))
                 : NULL;
}

/* ---- bounds ---- */

enum measure { NUMBER, LENGTH, ITEMS };

static const struct bound {
    const char *name, *why;
    enum measure measure;
    bool upper, excluded;
} bounds[] = {
    {"minimum", "must not be below", NUMBER, false, false},
    {"maximum", "must not be above", NUMBER, true, false},
    {"exclusiveMinimum", "must be above", NUMBER, false, true},
    {"exclusiveMaximum", "must be below", NUMBER, true, true},
    {"minLength", "must not have fewer characters than", LENGTH, false, false},
    {"maxLength", "must not have more characters than", LENGTH, true, false},
    {"minItems", "must not have fewer items than", ITEMS, false, false},
    {"maxItems", "must not have more items than", ITEMS, true, false},
};

/* Whether a bound speaks about such a value, and how much of it there is. */
static bool measure(enum measure what, json_object *value, double *amount)
{
    switch (what) {
    case NUMBER:
        *amount = json_object_get_double(value);
        return is_number(value);
    case LENGTH:
        if (!json_object_is_type(value, json_type_string))
            return false;
        *amount = (double)text_characters(json_object_get_string(value));
        return true;
    case ITEMS:
        if (!json_object_is_type(value, json_type_array))
            return false;
        *amount = (double)json_object_array_length(value);
        return true;
    }
    return false;
}

static const char *check_bounds(const struct place *place, json_object *schema, json_object *value)
{
    double amount, limit;

    for (size_t i = 0; i < sizeof bounds / sizeof bounds[0]; i++) {
        const struct bound *bound = &bounds[i];
        json_object *given = json_member(schema, bound->name);

        if (!is_number(given) || !measure(bound->measure, value, &amount))
            continue;
        limit = json_object_get_double(given);
        if ((bound->upper ? amount > limit : amount < limit) ||
            (bound->excluded && !(amount < limit) && !(amount > limit)))
            return misfit(place, arena_format(place->arena, "%s %s", bound->why,
                                              json_write(place->arena, given)));
    }
    return NULL;
}

/* ---- what lies inside ---- */

static const char *check_required(const struct place *place, json_object *schema,
                                  json_object *value)
{
    json_object *names = json_member(schema, "required");
    size_t count =
        json_object_is_type(names, json_type_array) ? json_object_array_length(names) : 0;

    for (size_t i = 0; i < count; i++) {
        const char *name = json_object_get_string(json_object_array_get_idx(names, i));
        struct place missing = inside(place, name ? name : "");

        if (name && !json_object_object_get_ex(value, name, NULL))
            return misfit(&missing, "is missing");
    }
    return NULL;
}

static const char *check_members(const struct place *place, json_object *schema, json_object *value)
{
    json_object *properties = json_member(schema, "properties");
    bool closed = !json_boolean(schema, "additionalProperties", true);
    const char *why = check_required(place, schema, value);

    json_object_object_foreach(value, name, member)
    {
        struct place at = inside(place, name);
        json_object *its = json_member(properties, name);

        if (!why && its)
            why = check(&at, its, member);
        else if (!why && closed)
            why = misfit(&at, "is not known");
    }
    return why;
}

static const char *check_items(const struct place *place, json_object *schema, json_object *value)
{
    json_object *items = json_member(schema, "items");
    const char *why = NULL;
    char name[24];

    for (size_t i = 0; i < json_object_array_length(value) && !why; i++) {
        struct place at;

        snprintf(name, sizeof name, "%zu", i);
        at = inside(place, name);
        why = check(&at, items, json_object_array_get_idx(value, i));
    }
    return why;
}

static const char *check(const struct place *place, json_object *schema, json_object *value)
{
    const char *why;

    if (!json_object_is_type(schema, json_type_object) || place->depth > JSON_DEPTH)
        return NULL;
    why = check_type(place, schema, value);
    if (!why)
        why = check_values(place, schema, value);
    if (!why)
        why = check_bounds(place, schema, value);
    if (!why && json_object_is_type(value, json_type_object))
        why = check_members(place, schema, value);
    if (!why && json_object_is_type(value, json_type_array))
        why = check_items(place, schema, value);
    return why;
}

const char *json_misfit(struct arena *arena, json_object *schema, json_object *value)
{
    const struct place place = {.arena = arena, .where = ""};

    return check(&place, schema, value);
}
