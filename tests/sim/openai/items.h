/*
 * openai/items.h - the conversation of a session: messages, tool calls and their outputs, in order.
 */
#ifndef SIM_OPENAI_ITEMS_H
#define SIM_OPENAI_ITEMS_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

#include "openai/model.h"

struct session;

struct item {
    char id[ID_SIZE];
    struct json_object *json; /* as events show it */
    char *words;              /* what the model understood: text, or words found in the audio */
    size_t samples;           /* of its audio */
    unsigned char *audio;     /* the caller's, mu-law; NULL for others */
};

struct items {
    struct item **at;
    size_t count, room;
};

/* Adds an item (its json is taken) behind the item of that id, at the end when "after" is NULL,
 * at the front when it is "root".  NULL when there is no such item; then json is freed. */
struct item *item_add(struct session *session, struct json_object *json, const char *after);

struct item *item_find(const struct items *items, const char *id);

/* The id of the item before, or NULL. */
const char *item_before(const struct items *items, const struct item *item);

/* The id of the last item, or NULL. */
const char *item_last(const struct items *items);

/* Sends an event about an item that shows it whole, with the id of the item before. */
void item_announce(struct session *session, const char *type, const struct item *item);

bool item_is(const struct item *item, const char *type, const char *role);

/* Text of an item's content, of all its parts, to be freed. */
char *item_words(struct json_object *json);

void items_free(struct items *items);

/* The client's events. */
void item_create(struct session *session, struct json_object *event);
void item_retrieve(struct session *session, struct json_object *event);
void item_truncate(struct session *session, struct json_object *event);
void item_delete(struct session *session, struct json_object *event);

#endif
