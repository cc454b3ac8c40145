#include "core/json.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "core/text.h"

/* Parses a text that json_check() let pass; "nested" is how deep it may be. */
static bool parse(const char *text, size_t length, size_t nested, json_object **tree)
{
    json_tokener *tokener = json_tokener_new_ex((int)nested + 2);
    bool ok;

    if (!tokener)
        abort();
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
    *tree = json_tokener_parse_ex(tokener, text, (int)length);
    if (json_tokener_get_error(tokener) == json_tokener_continue)
        *tree = json_tokener_parse_ex(tokener, "", 1); /* a number ends only where the text does */
    ok = json_tokener_get_error(tokener) == json_tokener_success;
    json_tokener_free(tokener);
    return ok;
}

bool json_is_valid(const char *text)
{
    size_t at;

    return text && !json_check(text, strlen(text), NULL, &at);
}

bool json_read(struct work *work, const char *text, size_t length, const struct json_rules *rules,
               json_object **tree)
{
    size_t at, depth = rules && rules->depth ? rules->depth : JSON_DEPTH;
    const char *fault;

    *tree = NULL;
    if (length >= INT_MAX)
        return fail(work, TOO_LARGE, "The JSON text is too large");
    fault = json_check(text, length, rules, &at);
    if (fault)
        return fail(work, INVALID, "The JSON text is not valid at byte %zu: %s", at, fault);
    return parse(text, length, depth, tree) ||
           fail(work, INVALID, "The JSON text could not be read");
}

json_object *json_parse(const char *text)
{
    json_object *tree = NULL;
    size_t length = text ? strlen(text) : 0;

    if (!length || length >= INT_MAX || !parse(text, length, (size_t)JSON_DEPTH * 2, &tree))
        return NULL;
    return tree;
}

json_object *json_member(json_object *object, const char *name)
{
    json_object *member = NULL;

    if (json_object_is_type(object, json_type_object))
        json_object_object_get_ex(object, name, &member);
    return member;
}

uid json_key(json_object *object, const char *name)
{
    const char *digits = json_text(object, name);
    uid key;

    return digits && uid_read_hex(digits, &key) ? key : NO_UID;
}

const char *json_text(json_object *object, const char *name)
{
    json_object *member = json_member(object, name);

    return json_object_is_type(member, json_type_string) ? json_object_get_string(member) : NULL;
}

int64_t json_integer(json_object *object, const char *name, int64_t fallback)
{
    json_object *member = json_member(object, name);

    return json_object_is_type(member, json_type_int) ? json_object_get_int64(member) : fallback;
}

double json_real(json_object *object, const char *name, double fallback)
{
    json_object *member = json_member(object, name);

    return json_object_is_type(member, json_type_double) ||
                   json_object_is_type(member, json_type_int)
               ? json_object_get_double(member)
               : fallback;
}

bool json_boolean(json_object *object, const char *name, bool fallback)
{
    json_object *member = json_member(object, name);

    return json_object_is_type(member, json_type_boolean) ? json_object_get_boolean(member)
                                                          : fallback;
}

static void write_tree(struct text *text, json_object *tree);

static void write_object(struct text *text, json_object *object)
{
    const char *between = "";

    text_char(text, '{');
    json_object_object_foreach(object, name, member)
    {
        text_put(text, between);
        text_json(text, name);
        text_char(text, ':');
        write_tree(text, member);
        between = ",";
    }
    text_char(text, '}');
}

static void write_array(struct text *text, json_object *array)
{
    size_t length = json_object_array_length(array);

    text_char(text, '[');
    for (size_t i = 0; i < length; i++) {
        if (i)
            text_char(text, ',');
        write_tree(text, json_object_array_get_idx(array, i));
    }
    text_char(text, ']');
}

/* json-c keeps the spelling of a double that was read, and spells one that was made too long. */
static void write_double(struct text *text, json_object *number)
{
    const char *spelling = json_object_get_userdata(number);

    if (spelling)
        text_put(text, spelling);
    else
        text_real(text, json_object_get_double(number));
}

static void write_tree(struct text *text, json_object *tree)
{
    switch (json_object_get_type(tree)) {
    case json_type_object:
        write_object(text, tree);
        break;
    case json_type_array:
        write_array(text, tree);
        break;
    case json_type_string:
        text_json_bytes(text, json_object_get_string(tree),
                        (size_t)json_object_get_string_len(tree));
        break;
    case json_type_double:
        write_double(text, tree);
        break;
    default: /* null, numbers and words: json-c's own spelling is the shortest */
        text_put(text, json_object_to_json_string_ext(tree, JSON_C_TO_STRING_PLAIN));
    }
}

char *json_write(struct arena *arena, json_object *tree)
{
    struct text text = {.arena = arena};

    write_tree(&text, tree);
    return text.at;
}
