#include "harness/operations.h"

#include <string.h>
#include <strings.h>

#include <criterion/criterion.h>

/* NULL: not a method, but what all operations of a path have in common. */
static const char *method_of(const char *name)
{
    static const char *const methods[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};

    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (strcasecmp(name, methods[i]) == 0)
            return methods[i];
    return NULL;
}

static size_t members_below(json_object *paths)
{
    size_t count = 0;

    json_object_object_foreach(paths, path, members)
    {
        (void)path;
        count += (size_t)json_object_object_length(members);
    }
    return count;
}

struct operations operations_of(const char *api)
{
    json_object *document = http("GET", say("/api-docs/%s.json", api), NULL, NULL).json;
    json_object *paths = json_object_object_get(document, "paths");
    struct operation *all;
    size_t count = 0;

    cr_assert(paths, "there is no document of %s", api);
    all = kept_memory(members_below(paths) * sizeof *all);
    json_object_object_foreach(paths, path, members)
    {
        json_object_object_foreach(members, name, of)
        {
            if (method_of(name))
                all[count++] = (struct operation){method_of(name), path, of, document};
        }
    }
    return (struct operations){.at = all, .count = count};
}

bool operation_knows(const struct operation *one, int status)
{
    return has(one->of, say("responses.%d", status));
}

static const char *value_of(const char *name, size_t length, const char *const (*values)[2])
{
    for (; values && (*values)[0]; values++)
        if (strlen((*values)[0]) == length && strncmp((*values)[0], name, length) == 0)
            return (*values)[1];
    return NULL;
}

const char *operation_path_with(const struct operation *one, const char *const (*values)[2],
                                const char *other)
{
    const char *path = one->path, *open, *value;

    while ((open = strchr(path, '{'))) {
        size_t length = strcspn(open + 1, "}");

        value = value_of(open + 1, length, values);
        path = say("%.*s%s%s", (int)(open - path), path, value ? value : other, open + length + 2);
    }
    return path;
}

json_object *schema_resolved(json_object *document, json_object *schema)
{
    json_object *all =
        json_object_object_get(json_object_object_get(document, "components"), "schemas");
    json_object *named, *choices;

    if (json_object_object_get_ex(schema, "$ref", &named))
        return schema_resolved(
            document, json_object_object_get(all, strrchr(json_object_get_string(named), '/') + 1));
    if (json_object_object_get_ex(schema, "oneOf", &choices))
        return schema_resolved(document, json_object_array_get_idx(choices, 0));
    return schema;
}
