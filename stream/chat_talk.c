#include "stream/chat_talk.h"

#include <stdio.h>
#include <string.h>

static size_t size_of(const struct talk_message *message)
{
    size_t size = message->text ? strlen(message->text) : 0;

    for (size_t i = 0; i < message->ncalls; i++)
        size += strlen(message->calls[i].call.arguments) +
                (message->calls[i].output ? strlen(message->calls[i].output) : 0);
    return size;
}

/* The latest message always stays. */
static void forget_oldest(struct talk *talk)
{
    while (talk->bytes > TALK_BYTES && talk->first != talk->last) {
        talk->bytes -= size_of(talk->first);
        talk->first = talk->first->next;
        talk->count--;
    }
}

struct talk_message *talk_add(struct talk *talk, enum chat_role role, const char *item,
                              const char *text)
{
    struct talk_message *message = arena_new(talk->arena, struct talk_message, 1);

    message->role = role;
    snprintf(message->item, sizeof message->item, "%s", item);
    message->text = text && *text ? arena_text(talk->arena, text) : NULL;
    if (talk->last)
        talk->last->next = message;
    else
        talk->first = message;
    talk->last = message;
    talk->count++;
    talk->bytes += size_of(message);
    forget_oldest(talk);
    return message;
}

static struct talk_call *find_call(const struct talk *talk, const char *id)
{
    for (struct talk_message *message = talk->first; message; message = message->next)
        for (size_t i = 0; i < message->ncalls; i++)
            if (strcmp(message->calls[i].call.id, id) == 0)
                return &message->calls[i];
    return NULL;
}

void talk_add_calls(struct talk *talk, struct talk_message *message,
                    const struct chat_call_read *calls, size_t count)
{
    struct arena *arena = talk->arena;

    message->calls = arena_new(arena, struct talk_call, count);
    for (size_t i = 0; i < count; i++) {
        const char *id = calls[i].id;
        bool is_new = *id && !find_call(talk, id);

        message->calls[i].call = (struct chat_call){
            .id = is_new ? arena_text(arena, id)
                         : arena_format(arena, "call_%zu_%s", i, message->item),
            .name = arena_text(arena, calls[i].name),
            .arguments = arena_text(arena, calls[i].arguments ? calls[i].arguments : "{}"),
        };
        message->ncalls = i + 1;
    }
    talk->bytes += size_of(message) - (message->text ? strlen(message->text) : 0);
    forget_oldest(talk);
}

void talk_cut(struct talk *talk, const char *item, const char *text)
{
    for (struct talk_message *message = talk->first; message; message = message->next) {
        if (strcmp(message->item, item) != 0 || message->role != CHAT_ASSISTANT)
            continue;
        talk->bytes -= message->text ? strlen(message->text) : 0;
        message->text = *text ? arena_text(talk->arena, text) : NULL;
        talk->bytes += message->text ? strlen(message->text) : 0;
    }
}

bool talk_answer(struct talk *talk, const char *call_ref, const char *output)
{
    struct talk_call *call = find_call(talk, call_ref);

    if (!call)
        return false;
    if (!call->output) {
        call->output = arena_text(talk->arena, output);
        talk->bytes += strlen(output);
        forget_oldest(talk);
    }
    return true;
}

size_t talk_open(const struct talk *talk)
{
    const struct talk_message *latest = NULL;
    size_t count = 0;

    for (const struct talk_message *message = talk->first; message; message = message->next)
        if (message->ncalls)
            latest = message;
    for (size_t i = 0; latest && i < latest->ncalls; i++)
        count += latest->calls[i].output == NULL;
    return count;
}

/* An assistant's message with what was answered to its calls; how many messages that is. */
static size_t list_one(const struct talk_message *message, struct arena *arena,
                       struct chat_message *to)
{
    struct chat_call *calls = arena_new(arena, struct chat_call, message->ncalls);

    if (!message->text && !message->ncalls)
        return 0; /* nothing of it was heard */
    for (size_t i = 0; i < message->ncalls; i++) {
        const char *output = message->calls[i].output;

        calls[i] = message->calls[i].call;
        to[i + 1] = (struct chat_message){
            .role = CHAT_TOOL,
            .text = output ? output : "{\"status\":\"still running\"}",
            .call_ref = calls[i].id,
        };
    }
    *to = (struct chat_message){
        .role = message->role,
        .text = message->text,
        .calls = calls,
        .ncalls = message->ncalls,
    };
    return 1 + message->ncalls;
}

size_t talk_list(const struct talk *talk, struct arena *arena, const char *system, const char *wish,
                 struct chat_message **messages)
{
    size_t count = 0, most = 2;
    struct chat_message *list;

    for (const struct talk_message *message = talk->first; message; message = message->next)
        most += 1 + message->ncalls;
    list = arena_new(arena, struct chat_message, most);
    list[count++] = (struct chat_message){.role = CHAT_SYSTEM, .text = system};
    for (const struct talk_message *message = talk->first; message; message = message->next)
        count += list_one(message, arena, list + count);
    if (wish)
        list[count++] = (struct chat_message){.role = CHAT_SYSTEM, .text = wish};
    *messages = list;
    return count;
}
