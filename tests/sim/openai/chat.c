#include "openai/chat.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/fault.h"
#include "common/log.h"
#include "openai/chat_check.h"
#include "openai/chat_stream.h"
#include "openai/json.h"
#include "openai/model.h"
#include "openai/script.h"

enum { PIECE_WORDS = 2 };

/* An answer in the making. */
struct chat {
    char id[ID_SIZE];
    const char *model_name;
    int64_t created;
    struct plan plan;
    char *text;                       /* what is said; NULL when nothing is */
    struct json_object *calls;        /* as a message holds them; NULL when there are none */
    int64_t read_tokens, said_tokens; /* by 4 bytes each */
};

/* ---- models ------------------------------------------------------------------------------- */

static void list_models(struct web_request *request)
{
    static const char *const names[] = {"gpt-realtime", "gpt-realtime-mini", "gpt-realtime-2",
                                        "gpt-4.1-mini", "gpt-4o-mini-transcribe"};
    struct json_object *list = json_object_new_array();

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        json_object_array_add(list, pack("id=s object=s created=i owned_by=s", names[i], "model",
                                         (int64_t)1756339200, "openai"));
    web_answer_json(request, 200, pack("object=s data=o", "list", list));
}

/* ---- the answer --------------------------------------------------------------------------- */

/* The text of a message, whose content is a text or a list of parts; to be freed. */
static char *message_text(struct json_object *message)
{
    struct json_object *content = at(message, "content");
    char *text = strdup(text_at(message, "content", ""));
    size_t length = strlen(text);

    if (!json_object_is_type(content, json_type_array))
        return text;
    for (size_t i = 0; i < json_object_array_length(content); i++) {
        const char *part = text_at(json_object_array_get_idx(content, i), "text", "");

        text = realloc(text, length + strlen(part) + 1);
        if (text == NULL)
            abort();
        strcpy(text + length, part);
        length += strlen(part);
    }
    return text;
}

/* Function tools are nested here and flat in the Realtime API. */
static struct json_object *flat_tools(struct json_object *tools)
{
    struct json_object *flat = json_object_new_array();
    size_t count = tools == NULL ? 0 : json_object_array_length(tools);

    for (size_t i = 0; i < count; i++)
        json_object_array_add(flat,
                              json_object_get(at(json_object_array_get_idx(tools, i), "function")));
    return flat;
}

static void make_plan(struct chat *chat, struct json_object *body)
{
    struct json_object *messages = at(body, "messages");
    size_t count = json_object_array_length(messages);
    struct json_object *last = json_object_array_get_idx(messages, count - 1);
    struct json_object *tools = flat_tools(at(body, "tools"));
    struct json_object *choice = at(body, "tool_choice");
    const char *role = text_at(last, "role", "");
    char *text = message_text(last);
    struct prompt prompt = {.tools = tools, .tool_choice = choice, .opening = true};

    if (at(choice, "function") != NULL)
        prompt.tool_choice = at(choice, "function");
    if (strcmp(role, "tool") == 0)
        prompt.tool_output = text;
    else if (strcmp(role, "user") == 0)
        prompt.heard = text;
    else
        prompt.instructions = text;
    plan_make(&chat->plan, &prompt);
    free(text);
    json_object_put(tools);
}

static void add_call(struct chat *chat, const struct step *step)
{
    if (chat->calls == NULL)
        chat->calls = json_object_new_array();
    json_object_array_add(chat->calls,
                          pack("id=s type=s function=o", step->call_id, "function",
                               pack("name=s arguments=s", step->name, step->arguments)));
}

static void add_text(struct chat *chat, const char *said)
{
    size_t length = chat->text == NULL ? 0 : strlen(chat->text);

    chat->text = realloc(chat->text, length + strlen(said) + 2);
    if (chat->text == NULL)
        abort();
    sprintf(chat->text + length, "%s%s", length > 0 ? " " : "", said);
}

static struct json_object *usage(const struct chat *chat)
{
    return pack("prompt_tokens=i completion_tokens=i total_tokens=i prompt_tokens_details=o "
                "completion_tokens_details=o",
                chat->read_tokens, chat->said_tokens, chat->read_tokens + chat->said_tokens,
                pack("cached_tokens=i", (int64_t)0), pack("reasoning_tokens=i", (int64_t)0));
}

static const char *finish_reason(const struct chat *chat)
{
    return chat->calls != NULL               ? "tool_calls"
           : chat->plan.incomplete == NULL   ? "stop"
           : chat->plan.incomplete[0] == 'm' ? "length"
                                             : "content_filter";
}

static void answer_whole(struct chat *chat, struct web_request *request)
{
    struct json_object *choices = json_object_new_array();
    struct json_object *message = pack("role=s content=s", "assistant", chat->text);

    if (chat->calls != NULL)
        pack_into(message, "tool_calls=k", chat->calls);
    json_object_array_add(choices, pack("index=i message=o finish_reason=s", (int64_t)0, message,
                                        finish_reason(chat)));
    web_answer_json(request, 200,
                    pack("id=s object=s created=i model=s choices=o usage=o", chat->id,
                         "chat.completion", chat->created, chat->model_name, choices, usage(chat)));
}

/* ---- as a stream -------------------------------------------------------------------------- */

/* One event; a delta of NULL is the event that holds the usage alone. */
static void write_chunk(FILE *out, const struct chat *chat, struct json_object *delta,
                        const char *finish)
{
    struct json_object *choices = json_object_new_array(), *chunk;

    if (delta != NULL)
        json_object_array_add(choices,
                              pack("index=i delta=o finish_reason=s", (int64_t)0, delta, finish));
    chunk =
        pack("id=s object=s created=i model=s choices=o usage=o", chat->id, "chat.completion.chunk",
             chat->created, chat->model_name, choices, delta == NULL ? usage(chat) : NULL);
    fprintf(out, "data: %s\n\n",
            json_object_to_json_string_ext(chunk, JSON_C_TO_STRING_PLAIN |
                                                      JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(chunk);
}

static void write_text(FILE *out, const struct chat *chat)
{
    const char *text = chat->text;

    while (text != NULL && *text != '\0') {
        size_t length = 0;
        char *piece;

        for (int word = 0; word < PIECE_WORDS && text[length] != '\0'; word++)
            length += strcspn(text + length + 1, " ") + 1;
        piece = strndup(text, length);
        write_chunk(out, chat, pack("content=s", piece), NULL);
        free(piece);
        text += length;
    }
}

static void write_call(FILE *out, const struct chat *chat, size_t index)
{
    struct json_object *call = json_object_array_get_idx(chat->calls, index);
    const char *arguments = text_at(call, "function.arguments", "");
    struct json_object *list = json_object_new_array();

    json_object_array_add(
        list, pack("index=i id=s type=s function=o", (int64_t)index, text_at(call, "id", ""),
                   "function", pack("name=s arguments=s", text_at(call, "function.name", ""), "")));
    write_chunk(out, chat, pack("tool_calls=o", list), NULL);
    for (size_t from = 0, length = strlen(arguments); from < length; from += 6) {
        char *piece = strndup(arguments + from, 6);

        list = json_object_new_array();
        json_object_array_add(
            list, pack("index=i function=o", (int64_t)index, pack("arguments=s", piece)));
        write_chunk(out, chat, pack("tool_calls=o", list), NULL);
        free(piece);
    }
}

static void answer_stream(struct chat *chat, struct web_request *request, bool with_usage)
{
    char *body = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&body, &length);

    if (out == NULL)
        abort();
    write_chunk(out, chat, pack("role=s content=s", "assistant", ""), NULL);
    write_text(out, chat);
    for (size_t i = 0; chat->calls != NULL && i < json_object_array_length(chat->calls); i++)
        write_call(out, chat, i);
    write_chunk(out, chat, pack(""), finish_reason(chat));
    if (with_usage)
        write_chunk(out, chat, NULL, NULL);
    fputs("data: [DONE]\n\n", out);
    fclose(out);
    chat_stream(request, body, chat->id, chat->model_name);
}

/* ---- requests ----------------------------------------------------------------------------- */

static void complete(struct web_request *request, struct json_object *body)
{
    const struct fault *refused;
    struct chat chat = {.model_name = text_at(body, "model", ""), .created = web_epoch_ms() / 1000};

    make_id(chat.id, "chatcmpl");
    chat.id[strlen("chatcmpl")] = '-';
    make_plan(&chat, body);
    for (size_t i = 0; i < chat.plan.count; i++)
        if (chat.plan.steps[i].kind == CALL)
            add_call(&chat, &chat.plan.steps[i]);
        else
            add_text(&chat, chat.plan.steps[i].text);
    chat.read_tokens = (int64_t)strlen(json_object_to_json_string(at(body, "messages"))) / 4;
    chat.said_tokens = chat.text == NULL ? 8 : (int64_t)strlen(chat.text) / 4 + 1;
    log_json("chat", pack("id=s model=s text=s calls=o messages=o tools=o", chat.id,
                          chat.model_name, chat.text, copy_of(chat.calls),
                          copy_of(at(body, "messages")), copy_of(at(body, "tools"))));
    refused = fault_strike("refuse", "event", "chat", "model", chat.model_name, NULL);
    if (refused != NULL)
        web_answer_json(request, refused->status,
                        http_error("server_error", "server_error", "The server had an error."));
    else if (chat.plan.failure != NULL)
        web_answer_json(request, strcmp(chat.plan.failure, "server_error") == 0 ? 500 : 429,
                        http_error(chat.plan.failure, chat.plan.failure, "The request failed."));
    else if (true_at(body, "stream", false))
        answer_stream(&chat, request, true_at(body, "stream_options.include_usage", false));
    else
        answer_whole(&chat, request);
    plan_free(&chat.plan);
    free(chat.text);
    json_object_put(chat.calls);
}

static void check_body(struct web_request *request)
{
    struct json_object *body = web_body_json(request), *error = chat_check(body);

    if (error == NULL) {
        complete(request, body);
        return;
    }
    log_json("chat.refused", copy_of(error));
    web_answer_json(request, 400, error);
}

void chat_handle(struct web_request *request, void *user)
{
    const char *path = web_path(request);
    bool get = strcmp(web_method(request), "GET") == 0;
    char id[ID_SIZE];

    (void)user;
    web_add_header(request, "x-request-id", make_id(id, "req"));
    if (!key_accepted(request))
        web_answer_json(
            request, 401,
            http_error("invalid_request_error", "invalid_api_key", "Incorrect API key provided."));
    else if (get && strcmp(path, "/v1/models") == 0)
        list_models(request);
    else if (!get && strcmp(path, "/v1/chat/completions") == 0)
        check_body(request);
    else
        web_answer_json(request, 404,
                        http_error("invalid_request_error", "unknown_url", "Unknown request URL"));
}
