/* remote/openai_answer.c - what the events of a streamed answer say. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "remote/openai.h"

enum { EVENT_DEPTH = 16, MOST_WORDS = 64 * 1024 };

void chat_words_add(struct chat_words *words, const char *text, size_t length)
{
    if (words->length + length + 1 > words->room) {
        words->room = 2 * (words->length + length) + 256;
        words->at = realloc(words->at, words->room);
        if (!words->at)
            abort();
    }
    if (length)
        memcpy(words->at + words->length, text, length);
    words->length += length;
    words->at[words->length] = '\0';
}

void chat_answer_free(struct chat_answer *answer)
{
    for (size_t i = 0; i < answer->ncalls; i++)
        free(answer->calls[i].arguments);
    answer->ncalls = 0;
}

/* ---- calls ---- */

/* The call that a part belongs to: by its index; servers that leave it out send one part each. */
static struct chat_call_read *call_of(struct chat_answer *answer, json_object *part, size_t place)
{
    const char *id = json_text(part, "id");
    bool counted = json_member(part, "index") != NULL;
    int64_t index = json_integer(part, "index", (int64_t)place);

    for (size_t i = 0; i < answer->ncalls; i++) {
        struct chat_call_read *call = &answer->calls[i];

        if (counted ? call->index == index : id ? strcmp(call->id, id) == 0 : call->index == index)
            return call;
    }
    if (answer->ncalls == CHAT_CALLS) {
        answer->too_much = true;
        return NULL;
    }
    answer->calls[answer->ncalls] =
        (struct chat_call_read){.index = counted ? index : (int64_t)answer->ncalls};
    return &answer->calls[answer->ncalls++];
}

static void add_arguments(struct chat_answer *answer, struct chat_call_read *call, const char *more)
{
    size_t length = strlen(more);

    if (call->length + length > CHAT_ARGUMENTS) {
        answer->too_much = true;
        return;
    }
    call->arguments = realloc(call->arguments, call->length + length + 1);
    if (!call->arguments)
        abort();
    memcpy(call->arguments + call->length, more, length + 1);
    call->length += length;
}

static void read_calls(struct chat_answer *answer, json_object *list)
{
    size_t count = json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;

    for (size_t i = 0; i < count; i++) {
        json_object *part = json_object_array_get_idx(list, i);
        json_object *function = json_member(part, "function");
        struct chat_call_read *call = call_of(answer, part, i);
        const char *id = json_text(part, "id"), *name = json_text(function, "name");
        const char *arguments = json_text(function, "arguments");

        if (!call)
            return;
        if (id && !call->id[0])
            snprintf(call->id, sizeof call->id, "%s", id);
        if (name && !call->name[0])
            snprintf(call->name, sizeof call->name, "%s", name);
        if (arguments)
            add_arguments(answer, call, arguments);
    }
}

/* ---- events ---- */

static void read_choice(struct chat_answer *answer, json_object *choice, struct chat_words *words)
{
    json_object *delta = json_member(choice, "delta");
    const char *content = json_text(delta, "content"), *refusal = json_text(delta, "refusal");
    const char *finish = json_text(choice, "finish_reason");
    const char *said = content && *content ? content : refusal;
    size_t length = said ? strlen(said) : 0;

    if (words->length + length > MOST_WORDS)
        answer->too_much = true;
    else if (length)
        chat_words_add(words, said, length);
    read_calls(answer, json_member(delta, "tool_calls"));
    if (!finish)
        return;
    answer->is_finished = true;
    answer->is_cut = strcmp(finish, "length") == 0 || strcmp(finish, "content_filter") == 0;
}

static void read_usage(struct chat_answer *answer, json_object *usage)
{
    if (!json_object_is_type(usage, json_type_object))
        return;
    answer->has_usage = true;
    answer->usage = (struct chat_usage){
        .in = json_integer(usage, "prompt_tokens", 0),
        .cached = json_integer(json_member(usage, "prompt_tokens_details"), "cached_tokens", 0),
        .out = json_integer(usage, "completion_tokens", 0),
    };
}

static const char *code_of(json_object *tree)
{
    json_object *error = json_member(tree, "error");
    const char *code = json_text(error, "code");

    if (!code || !*code)
        code = json_text(error, "type");
    return code && *code ? code : error ? "error" : NULL;
}

bool chat_event_read(struct chat_answer *answer, const char *data, size_t length,
                     struct chat_words *words)
{
    static const char done[] = "[DONE]";
    const struct json_rules rules = {.depth = EVENT_DEPTH};
    struct work work = {.id = "chat"};
    json_object *tree = NULL, *choices;
    const char *code;
    bool ok;

    if (length >= sizeof done - 1 && memcmp(data, done, sizeof done - 1) == 0) {
        answer->is_finished = true;
        return true;
    }
    ok = json_read(&work, data, length, &rules, &tree) &&
         json_object_is_type(tree, json_type_object);
    choices = ok ? json_member(tree, "choices") : NULL;
    if (json_object_is_type(choices, json_type_array) && json_object_array_length(choices) > 0)
        read_choice(answer, json_object_array_get_idx(choices, 0), words);
    if (ok)
        read_usage(answer, json_member(tree, "usage"));
    code = ok ? code_of(tree) : NULL;
    if (code)
        snprintf(answer->error, sizeof answer->error, "%s", code);
    json_object_put(tree);
    work_end(&work);
    return ok;
}

/* ---- answers that are no stream ---- */

void chat_error_read(const char *body, size_t length, int status, char code[CHAT_NAME])
{
    const struct json_rules rules = {.depth = EVENT_DEPTH};
    struct work work = {.id = "chat"};
    json_object *tree = NULL;
    const char *found = NULL;

    if (json_read(&work, body, length, &rules, &tree) &&
        json_object_is_type(tree, json_type_object))
        found = code_of(tree);
    if (found)
        snprintf(code, CHAT_NAME, "%s", found);
    else
        snprintf(code, CHAT_NAME, "http_%d", status);
    json_object_put(tree);
    work_end(&work);
}

bool chat_may_retry(int status, const char *code)
{
    if (strcmp(code, "insufficient_quota") == 0)
        return false;
    return status == 0 || status == 408 || status == 409 || status == 429 || status >= 500;
}
