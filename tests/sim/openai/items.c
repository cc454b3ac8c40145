#include "openai/items.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "openai/audio.h"
#include "openai/response.h"
#include "openai/session.h"
#include "openai/settings.h"

enum { ITEM_ID_MAX = 32 }; /* of ids that a client gives */

/* ---- the list ----------------------------------------------------------------------------- */

static size_t item_index(const struct items *items, const char *id)
{
    size_t i = 0;

    while (i < items->count && strcmp(items->at[i]->id, id) != 0)
        i++;
    return i;
}

struct item *item_find(const struct items *items, const char *id)
{
    size_t index = id == NULL ? items->count : item_index(items, id);

    return index < items->count ? items->at[index] : NULL;
}

const char *item_before(const struct items *items, const struct item *item)
{
    size_t index = item_index(items, item->id);

    return index > 0 ? items->at[index - 1]->id : NULL;
}

const char *item_last(const struct items *items)
{
    return items->count > 0 ? items->at[items->count - 1]->id : NULL;
}

static void item_free(struct item *item)
{
    json_object_put(item->json);
    free(item->words);
    free(item->audio);
    free(item);
}

void items_free(struct items *items)
{
    for (size_t i = 0; i < items->count; i++)
        item_free(items->at[i]);
    free(items->at);
    *items = (struct items){0};
}

static void insert(struct items *items, size_t place, struct item *item)
{
    if (items->count == items->room) {
        items->room = items->room == 0 ? 64 : 2 * items->room;
        items->at = realloc(items->at, items->room * sizeof(struct item *));
        if (items->at == NULL)
            abort();
    }
    memmove(items->at + place + 1, items->at + place,
            (items->count - place) * sizeof(struct item *));
    items->at[place] = item;
    items->count++;
}

struct item *item_add(struct session *session, struct json_object *json, const char *after)
{
    struct items *items = &session->items;
    struct item *item = calloc(1, sizeof *item);
    size_t place = items->count;

    if (item == NULL)
        abort();
    item->json = json;
    snprintf(item->id, sizeof item->id, "%s", text_at(json, "id", ""));
    item->words = item_words(json);
    if (after != NULL)
        place = strcmp(after, "root") == 0 ? 0 : item_index(items, after) + 1;
    if (place > items->count) {
        item_free(item);
        return NULL;
    }
    insert(items, place, item);
    return item;
}

void item_announce(struct session *session, const char *type, const struct item *item)
{
    session_send(session, type,
                 pack("previous_item_id=s item=k", item_before(&session->items, item), item->json));
}

bool item_is(const struct item *item, const char *type, const char *role)
{
    return strcmp(text_at(item->json, "type", ""), type) == 0 &&
           (role == NULL || strcmp(text_at(item->json, "role", ""), role) == 0);
}

char *item_words(struct json_object *json)
{
    struct json_object *content = at(json, "content");
    size_t count = content == NULL ? 0 : json_object_array_length(content), length = 0;
    char *words = calloc(1, 1);

    for (size_t i = 0; i < count; i++) {
        struct json_object *part = json_object_array_get_idx(content, i);
        const char *text = text_at(part, "text", text_at(part, "transcript", ""));

        words = realloc(words, length + strlen(text) + 2);
        if (words == NULL)
            abort();
        length += (size_t)sprintf(words + length, "%s%s", length > 0 ? " " : "", text);
    }
    return words;
}

/* ---- creating ----------------------------------------------------------------------------- */

static bool refuse(struct session *session, struct json_object *event, const char *code,
                   const char *param, const char *why)
{
    session_violation(session, "refused", "%s: %s", code, param);
    session_error(session, event, code, param, "%s: '%s'.", why, param);
    return false;
}

/* What a part must have, and what it may have. */
static const struct {
    const char *role, *type, *needed, *members;
} parts[] = {
    {"assistant", "output_text", "text", "type text"},
    {"user", "input_text", "text", "type text"},
    {"user", "input_audio", "audio", "type audio transcript"},
    {"user", "input_image", "image_url", "type image_url detail"},
    {"system", "input_text", "text", "type text"},
};

static bool check_part(struct session *session, struct json_object *event, struct json_object *part,
                       const char *role, size_t index)
{
    const char *type = text_at(part, "type", "");
    char param[60];

    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (strcmp(parts[i].role, role) == 0 && strcmp(parts[i].type, type) == 0) {
            snprintf(param, sizeof param, "item.content[%zu].%s", index, parts[i].needed);
            if (text_at(part, parts[i].needed, NULL) == NULL)
                return refuse(session, event, "missing_required_parameter", param,
                              "Missing required parameter");
            snprintf(param, sizeof param, "item.content[%zu].", index);
            return settings_only(session, event, part, param, parts[i].members);
        }
    snprintf(param, sizeof param, "item.content[%zu].type", index);
    return refuse(session, event, "invalid_value", param, "Invalid value for");
}

static bool check_message(struct session *session, struct json_object *event,
                          struct json_object *item)
{
    const char *role = text_at(item, "role", NULL);
    struct json_object *content = at(item, "content");

    if (role == NULL)
        return refuse(session, event, "missing_required_parameter", "item.role",
                      "Missing required parameter");
    if (strcmp(role, "user") != 0 && strcmp(role, "assistant") != 0 && strcmp(role, "system") != 0)
        return refuse(session, event, "invalid_value", "item.role", "Invalid value for");
    if (!json_object_is_type(content, json_type_array))
        return refuse(session, event, "missing_required_parameter", "item.content",
                      "Missing required parameter");
    for (size_t i = 0; i < json_object_array_length(content); i++)
        if (!check_part(session, event, json_object_array_get_idx(content, i), role, i))
            return false;
    return true;
}

static bool check_texts(struct session *session, struct json_object *event,
                        struct json_object *item, const char *const *names)
{
    for (; *names != NULL; names++)
        if (text_at(item, *names, NULL) == NULL) {
            char param[60];

            snprintf(param, sizeof param, "item.%s", *names);
            return refuse(session, event, "missing_required_parameter", param,
                          "Missing required parameter");
        }
    return true;
}

/* The call of the conversation that an output answers, or NULL; "outputs" counts its outputs. */
static struct item *find_call(struct session *session, const char *call_id, int *outputs)
{
    struct item *call = NULL;

    *outputs = 0;
    for (size_t i = 0; i < session->items.count; i++) {
        struct item *item = session->items.at[i];

        if (strcmp(text_at(item->json, "call_id", ""), call_id) != 0)
            continue;
        if (item_is(item, "function_call", NULL))
            call = item;
        else
            ++*outputs;
    }
    return call;
}

static bool check_output(struct session *session, struct json_object *event,
                         struct json_object *item)
{
    static const char *const needed[] = {"call_id", "output", NULL};
    const char *call_id = text_at(item, "call_id", "");
    int outputs;

    if (!check_texts(session, event, item, needed))
        return false;
    if (find_call(session, call_id, &outputs) == NULL)
        return refuse(session, event, "invalid_tool_call_id", "item.call_id",
                      "Tool call ID not found in conversation");
    if (outputs > 0)
        session_violation(session, "double_tool_output", "%s", call_id);
    session_note(session, "tools",
                 pack("call_id=s output=s", call_id, text_at(item, "output", "")));
    return true;
}

static bool check_kind(struct session *session, struct json_object *event, struct json_object *item)
{
    static const char *const call[] = {"call_id", "name", "arguments", NULL};
    const char *type = text_at(item, "type", "");

    if (strcmp(type, "message") == 0)
        return settings_only(session, event, item, "item.", "id object type status role content") &&
               check_message(session, event, item);
    if (strcmp(type, "function_call") == 0)
        return settings_only(session, event, item, "item.",
                             "id object type status call_id name arguments") &&
               check_texts(session, event, item, call);
    if (strcmp(type, "function_call_output") == 0)
        return settings_only(session, event, item, "item.",
                             "id object type status call_id output") &&
               check_output(session, event, item);
    return refuse(session, event, "invalid_value", "item.type", "Invalid value for");
}

static bool check_item(struct session *session, struct json_object *event, struct json_object *item)
{
    const char *type = text_at(item, "type", NULL), *id = text_at(item, "id", NULL);
    const char *after = text_at(event, "previous_item_id", NULL);

    if (type == NULL)
        return refuse(session, event, "missing_required_parameter", "item.type",
                      "Missing required parameter");
    if (id != NULL && strlen(id) > ITEM_ID_MAX)
        return refuse(session, event, "string_above_max_length", "item.id",
                      "32 characters at most for");
    if (id != NULL && (id[0] == '\0' || item_find(&session->items, id) != NULL))
        return refuse(session, event, "invalid_value", "item.id", "Invalid value for");
    if (after != NULL && strcmp(after, "root") != 0 && item_find(&session->items, after) == NULL)
        return refuse(session, event, "item_create_invalid_previous_item_id", "previous_item_id",
                      "Previous item not found");
    return check_kind(session, event, item);
}

void item_create(struct session *session, struct json_object *event)
{
    struct json_object *given = at(event, "item"), *json;
    char id[ID_SIZE];
    struct item *item;

    if (!check_item(session, event, given))
        return;
    json = pack("id=s object=s type=s status=s", text_at(given, "id", make_id(id, "item")),
                "realtime.item", text_at(given, "type", ""), "completed");
    json_object_object_foreach(given, name, value)
    {
        if (strcmp(name, "id") != 0 && strcmp(name, "object") != 0 && strcmp(name, "status") != 0)
            json_object_object_add(json, name, copy_of(value));
    }
    session_note(session, "told", pack("item=k", given));
    item = item_add(session, json, text_at(event, "previous_item_id", NULL));
    item_announce(session, "conversation.item.added", item);
    item_announce(session, "conversation.item.done", item);
}

/* ---- the other events --------------------------------------------------------------------- */

static struct item *asked_for(struct session *session, struct json_object *event, const char *verb)
{
    const char *id = text_at(event, "item_id", NULL);
    struct item *item = item_find(&session->items, id);
    char code[60];

    if (id == NULL) {
        refuse(session, event, "missing_required_parameter", "item_id",
               "Missing required parameter");
    } else if (item == NULL) {
        snprintf(code, sizeof code, "item_%s_invalid_item_id", verb);
        session_violation(session, code, "%s", id);
        session_error(session, event, code, "item_id",
                      "Error: the item with id '%s' does not exist.", id);
    }
    return item;
}

void item_retrieve(struct session *session, struct json_object *event)
{
    struct item *item = asked_for(session, event, "retrieve");
    struct json_object *json;

    if (item == NULL)
        return;
    json = copy_of(item->json);
    if (item->audio != NULL) {
        char *base64 =
            audio_write(at(session->settings, "audio.input.format"), item->audio, item->samples);

        pack_into(json_object_array_get_idx(at(json, "content"), 0), "audio=s", base64);
        free(base64);
    }
    session_send(session, "conversation.item.retrieved", pack("item=o", json));
}

void item_delete(struct session *session, struct json_object *event)
{
    struct item *item = asked_for(session, event, "delete");
    struct items *items = &session->items;
    size_t index;

    if (item == NULL)
        return;
    index = item_index(items, item->id);
    session_send(session, "conversation.item.deleted", pack("item_id=s", item->id));
    items->count--;
    memmove(items->at + index, items->at + index + 1,
            (items->count - index) * sizeof(struct item *));
    item_free(item);
}

/* The first part of the content forgets what it said. */
static void cut_words(struct item *item)
{
    struct json_object *content = at(item->json, "content");

    item->words[0] = '\0';
    if (content != NULL && json_object_array_length(content) > 0)
        pack_into(json_object_array_get_idx(content, 0), "transcript=s", "");
}

static void truncate_item(struct session *session, struct json_object *event, struct item *item,
                          int64_t end_ms)
{
    int64_t length_ms = (int64_t)(item->samples + 7) / 8;
    bool valid = end_ms >= 0 && end_ms <= length_ms;

    session_note(session, "truncates",
                 pack("item_id=s audio_end_ms=i produced_ms=i valid=b", item->id, end_ms, length_ms,
                      (int)valid));
    if (!valid) {
        session_violation(session, "truncate_overrun", "%s: %lld of %lld ms", item->id,
                          (long long)end_ms, (long long)length_ms);
        session_error(session, event, "invalid_value", "audio_end_ms",
                      "Audio content of %lldms is already shorter than %lldms",
                      (long long)length_ms, (long long)end_ms);
        return;
    }
    item->samples = (size_t)end_ms * 8 < item->samples ? (size_t)end_ms * 8 : item->samples;
    cut_words(item);
    session_send(session, "conversation.item.truncated",
                 pack("item_id=s content_index=i audio_end_ms=i", item->id, (int64_t)0, end_ms));
}

void item_truncate(struct session *session, struct json_object *event)
{
    struct item *item = asked_for(session, event, "truncate");
    struct json_object *end = at(event, "audio_end_ms");

    if (item == NULL)
        return;
    if (number_at(event, "content_index", -1) != 0)
        refuse(session, event, "invalid_value", "content_index", "Invalid value for");
    else if (!json_object_is_type(end, json_type_int))
        refuse(session, event, "invalid_type", "audio_end_ms", "Expected an integer for");
    else if (!item_is(item, "message", "assistant") || item->samples == 0)
        refuse(session, event, "unsupported_content_type", "item_id",
               "Only model audio can be truncated");
    else
        truncate_item(session, event, item, json_object_get_int64(end));
}
