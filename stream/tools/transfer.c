#include "stream/tools/transfer.h"

#include <string.h>
#include <strings.h>

#include "core/column.h"
#include "core/e164.h"

/* The first of some members that is a text. */
static const char *first_of(json_object *object, const char *const *names)
{
    for (; *names; names++)
        if (json_text(object, *names))
            return json_text(object, *names);
    return NULL;
}

static const char *number_of(json_object *destination)
{
    static const char *const names[] = {"number", "phone_number", "phoneNumber", "target", NULL};

    json_object *numbers = json_member(destination, "numbers");
    const char *number = json_object_is_type(destination, json_type_string)
                             ? json_object_get_string(destination)
                             : first_of(destination, names);

    if (!number && json_object_is_type(numbers, json_type_array))
        number = json_object_get_string(json_object_array_get_idx(numbers, 0));
    return number;
}

static json_object *destinations_of(json_object *settings)
{
    json_object *all = json_member(settings, "destinations");

    return all ? all : json_member(settings, "departments");
}

static bool is_meant(const char *name, const char *number, const char *wanted)
{
    return number &&
           (!wanted || strcmp(number, wanted) == 0 || (name && strcasecmp(name, wanted) == 0));
}

/* The number of a destination by its name or number; of any, when nothing is wanted. */
static const char *find(json_object *all, const char *wanted)
{
    size_t count = json_object_is_type(all, json_type_array) ? json_object_array_length(all) : 0;

    for (size_t i = 0; i < count; i++) {
        json_object *one = json_object_array_get_idx(all, i);

        if (is_meant(json_text(one, "name"), number_of(one), wanted))
            return number_of(one);
    }
    if (!json_object_is_type(all, json_type_object))
        return NULL;
    json_object_object_foreach(all, name, one)
    {
        if (is_meant(name, number_of(one), wanted))
            return number_of(one);
    }
    return NULL;
}

/* Words for whoever answers; the settings' default then. */
static bool is_anybody(const char *wanted)
{
    static const char *const words[] = {"human", "operator", "agent", "person", "representative"};

    for (size_t i = 0; wanted && i < COUNT(words); i++)
        if (strcasecmp(words[i], wanted) == 0)
            return true;
    return !wanted || !*wanted;
}

bool transfer_find(struct work *work, json_object *settings, const char *wanted,
                   const char **number)
{
    static const char *const defaults[] = {
        "default_number", "defaultNumber", "number", "phone_number", "phoneNumber", "target", NULL};
    json_object *all = destinations_of(settings);
    bool any = json_boolean(settings, "allow_any_number",
                            json_boolean(settings, "allowAnyNumber", all == NULL));
    const char *found = wanted ? find(all, wanted) : NULL, *usual = first_of(settings, defaults);
    char read[E164_SIZE];

    *number = NULL;
    if (!found && is_anybody(wanted))
        found = usual ? usual : find(all, NULL);
    else if (!found && e164_read(wanted, NULL, read))
        found = any || (usual && strcmp(usual, read) == 0) ? read : NULL;
    else if (!found)
        return fail(work, NOT_FOUND, "There is no destination of that name");
    if (!found && !is_anybody(wanted))
        return fail(work, FORBIDDEN, "Callers are not passed on to that number");
    *number = arena_text(&work->arena, found);
    return true;
}

/* ---- who else ---- */

struct others {
    struct text text;
    const char *number; /* who is called first */
    size_t count;
};

static bool is_listed(const char *list, const char *number)
{
    size_t length = strlen(number);

    for (; list && (list = strstr(list, number)); list += length)
        if (list[length] == ',' || !list[length])
            return true;
    return false;
}

static void add_other(struct others *others, const char *given)
{
    char read[E164_SIZE];

    if (!given || others->count == TRANSFER_OTHERS || !e164_read(given, NULL, read) ||
        strcmp(read, others->number) == 0 || is_listed(others->text.at, read))
        return;
    text_add(&others->text, "%s%s", others->count++ ? "," : "", read);
}

static void add_list(struct others *others, json_object *list)
{
    size_t count = json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;

    for (size_t i = 0; i < count; i++)
        add_other(others, number_of(json_object_array_get_idx(list, i)));
}

/* All numbers of a destination that is meant. */
static void add_destination(struct others *others, const char *name, json_object *one,
                            const char *wanted)
{
    if (!is_meant(name, number_of(one), wanted))
        return;
    add_other(others, number_of(one));
    add_list(others, json_member(one, "numbers"));
}

const char *transfer_others(struct work *work, json_object *settings, const char *wanted,
                            const char *number)
{
    struct others others = {.text = {.arena = &work->arena}, .number = number};
    json_object *all = destinations_of(settings);
    json_object *last = json_member(settings, "fallback_numbers");
    size_t count = json_object_is_type(all, json_type_array) ? json_object_array_length(all) : 0;

    if (is_anybody(wanted) && !find(all, wanted ? wanted : ""))
        wanted = NULL;
    for (size_t i = 0; i < count; i++) {
        json_object *one = json_object_array_get_idx(all, i);

        add_destination(&others, json_text(one, "name"), one, wanted);
    }
    if (json_object_is_type(all, json_type_object)) {
        json_object_object_foreach(all, name, one)
        {
            add_destination(&others, name, one, wanted);
        }
    }
    add_list(&others, last ? last : json_member(settings, "fallbackNumbers"));
    return others.text.at;
}

static void add_name(struct text *text, const char *name, bool *any)
{
    if (!name || strlen(name) > 80)
        return;
    text_add(text, "%s%s", *any ? ", " : " Known destinations: ", name);
    *any = true;
}

void transfer_names(json_object *settings, struct text *text)
{
    json_object *all = destinations_of(settings);
    size_t count = json_object_is_type(all, json_type_array) ? json_object_array_length(all) : 0;
    bool any = false;

    for (size_t i = 0; i < count; i++)
        add_name(text, json_text(json_object_array_get_idx(all, i), "name"), &any);
    if (json_object_is_type(all, json_type_object)) {
        json_object_object_foreach(all, name, one)
        {
            add_name(text, number_of(one) ? name : NULL, &any);
        }
    }
    if (any)
        text_put(text, ".");
}

json_object *transfer_settings(json_object *config)
{
    json_object *settings = json_member(config, "transfer_settings");

    return settings ? settings : json_member(config, "transferSettings");
}
