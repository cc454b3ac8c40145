#include "stream/tools/schema.h"

#include <stdbool.h>
#include <string.h>

#include "core/json.h"

enum { DEEPEST = 16 };

static bool is_type(json_object *schema, const char *name)
{
    const char *type = json_text(schema, "type");

    return type && strcmp(type, name) == 0;
}

/* Says of every list what is in it; true when that had to be added somewhere. */
static bool fill_lists(json_object *schema, int depth)
{
    bool changed = false;

    if (depth == DEEPEST)
        return false;
    if (json_object_is_type(schema, json_type_array)) {
        for (size_t i = 0; i < json_object_array_length(schema); i++)
            changed |= fill_lists(json_object_array_get_idx(schema, i), depth + 1);
        return changed;
    }
    if (!json_object_is_type(schema, json_type_object))
        return false;
    if (is_type(schema, "array") && !json_member(schema, "items")) {
        json_object_object_add(schema, "items", json_object_new_object());
        changed = true;
    }
    json_object_object_foreach(schema, name, value)
    {
        (void)name;
        changed |= fill_lists(value, depth + 1);
    }
    return changed;
}

const char *tool_schema(struct arena *arena, const char *json)
{
    json_object *schema = json ? json_parse(json) : NULL;
    bool is_object = json_object_is_type(schema, json_type_object), changed = false;

    if (is_object && !json_member(schema, "type")) {
        json_object_object_add(schema, "type", json_object_new_string("object"));
        changed = true;
    }
    if (!is_object || !is_type(schema, "object"))
        json = NULL;
    else if (fill_lists(schema, 0) || changed)
        json = json_write(arena, schema);
    json_object_put(schema);
    return json;
}
