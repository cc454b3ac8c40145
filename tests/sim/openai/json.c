#include "openai/json.h"

#include <stdarg.h>
#include <string.h>

static struct json_object *next_value(char kind, va_list *values)
{
    const char *text;

    switch (kind) {
    case 's':
        text = va_arg(*values, const char *);
        return text == NULL ? NULL : json_object_new_string(text);
    case 'i':
        return json_object_new_int64(va_arg(*values, int64_t));
    case 'd':
        return json_object_new_double(va_arg(*values, double));
    case 'b':
        return json_object_new_boolean(va_arg(*values, int));
    case 'o':
        return va_arg(*values, struct json_object *);
    case 'k':
        return json_object_get(va_arg(*values, struct json_object *));
    default:
        return NULL;
    }
}

static void pack_values(struct json_object *object, const char *members, va_list *values)
{
    char name[64];

    while (*members != '\0') {
        size_t length = strcspn(members, "=");

        if (length >= sizeof name || members[length] == '\0')
            return;
        memcpy(name, members, length);
        name[length] = '\0';
        json_object_object_add(object, name, next_value(members[length + 1], values));
        members += length + 2;
        members += strspn(members, " ");
    }
}

struct json_object *pack(const char *members, ...)
{
    struct json_object *object = json_object_new_object();
    va_list values;

    va_start(values, members);
    pack_values(object, members, &values);
    va_end(values);
    return object;
}

void pack_into(struct json_object *object, const char *members, ...)
{
    va_list values;

    va_start(values, members);
    pack_values(object, members, &values);
    va_end(values);
}

struct json_object *pack_list(const char *first, ...)
{
    struct json_object *list = json_object_new_array();
    va_list values;

    va_start(values, first);
    for (const char *text = first; text != NULL; text = va_arg(values, const char *))
        json_object_array_add(list, json_object_new_string(text));
    va_end(values);
    return list;
}

struct json_object *at(struct json_object *object, const char *path)
{
    char name[64];

    while (object != NULL && *path != '\0') {
        size_t length = strcspn(path, ".");
        struct json_object *member = NULL;

        if (length >= sizeof name || !json_object_is_type(object, json_type_object))
            return NULL;
        memcpy(name, path, length);
        name[length] = '\0';
        json_object_object_get_ex(object, name, &member);
        object = member;
        path += length;
        path += *path == '.';
    }
    return object;
}

const char *text_at(struct json_object *object, const char *path, const char *otherwise)
{
    struct json_object *value = at(object, path);

    return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : otherwise;
}

int64_t number_at(struct json_object *object, const char *path, int64_t otherwise)
{
    struct json_object *value = at(object, path);

    return json_object_is_type(value, json_type_int) ? json_object_get_int64(value) : otherwise;
}

double real_at(struct json_object *object, const char *path, double otherwise)
{
    struct json_object *value = at(object, path);

    return json_object_is_type(value, json_type_int) || json_object_is_type(value, json_type_double)
               ? json_object_get_double(value)
               : otherwise;
}

bool true_at(struct json_object *object, const char *path, bool otherwise)
{
    struct json_object *value = at(object, path);

    return json_object_is_type(value, json_type_boolean) ? json_object_get_boolean(value)
                                                         : otherwise;
}

struct json_object *copy_of(struct json_object *value)
{
    struct json_object *copy = NULL;

    if (value != NULL)
        json_object_deep_copy(value, &copy, NULL);
    return copy;
}

void count_up(struct json_object *object, const char *name, int64_t by)
{
    int64_t now = number_at(object, name, 0);
    struct json_object *value = NULL;

    /* A name may hold dots (event types do), so it is not taken for a path. */
    if (json_object_object_get_ex(object, name, &value))
        now = json_object_get_int64(value);
    json_object_object_add(object, name, json_object_new_int64(now + by));
}
