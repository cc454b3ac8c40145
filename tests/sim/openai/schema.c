#include "openai/schema.h"

#include <string.h>

#include "openai/json.h"

enum { NAME_MAX_LENGTH = 64, DEPTH_MAX = 16 };

bool schema_is_name(const char *name)
{
    return name[0] != '\0' && strlen(name) <= NAME_MAX_LENGTH &&
           !name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")];
}

/* Whether every list says what it holds; what is deeper is not looked at. */
static bool lists_have_items(struct json_object *schema, int depth)
{
    if (depth == DEPTH_MAX)
        return true;
    if (json_object_is_type(schema, json_type_array))
        for (size_t i = 0; i < json_object_array_length(schema); i++)
            if (!lists_have_items(json_object_array_get_idx(schema, i), depth + 1))
                return false;
    if (!json_object_is_type(schema, json_type_object))
        return true;
    if (strcmp(text_at(schema, "type", ""), "array") == 0 && at(schema, "items") == NULL)
        return false;
    json_object_object_foreach(schema, name, value)
    {
        (void)name;
        if (!lists_have_items(value, depth + 1))
            return false;
    }
    return true;
}

const char *schema_fault(struct json_object *schema)
{
    if (strcmp(text_at(schema, "type", ""), "object") != 0)
        return "schema must be a JSON Schema of 'type: \"object\"'";
    return lists_have_items(schema, 0) ? NULL : "array schema missing items";
}
