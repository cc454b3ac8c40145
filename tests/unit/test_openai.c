#include <criterion/criterion.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "remote/openai.h"

static struct arena arena;
static struct chat_answer answer;
static struct chat_words words;

static void begin(void)
{
    answer = (struct chat_answer){0};
    words = (struct chat_words){0};
}

static void end(void)
{
    chat_answer_free(&answer);
    free(words.at);
    arena_free(&arena);
}

TestSuite(openai, .init = begin, .fini = end);

static bool take(const char *event)
{
    return chat_event_read(&answer, event, strlen(event), &words);
}

static const char *url_of(const char *base)
{
    struct chat_server server;

    chat_server_of(&arena, base, &server);
    return server.url;
}

Test(openai, the_path_is_joined_to_whatever_base_is_given)
{
    cr_expect_str_eq(url_of("https://api.openai.com/v1"),
                     "https://api.openai.com/v1/chat/completions");
    cr_expect_str_eq(url_of("http://127.0.0.1:8000/v1/"),
                     "http://127.0.0.1:8000/v1/chat/completions");
    cr_expect_str_eq(
        url_of("https://r.openai.azure.com/openai/deployments/d?api-version=2025-04-01"),
        "https://r.openai.azure.com/openai/deployments/d/chat/completions"
        "?api-version=2025-04-01");
}

Test(openai, each_server_is_spoken_to_in_its_own_way)
{
    struct chat_server openai, azure, other;

    chat_server_of(&arena, "https://api.openai.com/v1", &openai);
    chat_server_of(&arena, "https://r.openai.azure.com/openai/v1", &azure);
    chat_server_of(&arena, "http://localhost:11434/v1", &other);
    cr_expect_str_eq(openai.key_header, "Authorization");
    cr_expect_str_eq(openai.key_prefix, "Bearer ");
    cr_expect_str_eq(azure.key_header, "api-key");
    cr_expect_str_eq(azure.key_prefix, "");
    cr_expect_str_eq(openai.max_tokens_field, "max_completion_tokens");
    cr_expect_str_eq(other.max_tokens_field, "max_tokens");
    cr_expect(openai.knows_obfuscation && !azure.knows_obfuscation && !other.knows_obfuscation);
}

static json_object *request(const struct chat_request *given, const char *base)
{
    struct text body = {.arena = &arena};
    struct chat_server server;
    json_object *tree;

    chat_server_of(&arena, base, &server);
    chat_request_write(&body, &server, given);
    tree = json_parse(body.at);
    cr_assert_not_null(tree, "%s", body.at);
    return tree;
}

Test(openai, a_request_holds_the_conversation_with_calls_and_their_answers)
{
    const struct chat_call call = {"call_1", "look", "{\"a\":1}"};
    const struct chat_message messages[] = {
        {.role = CHAT_SYSTEM, .text = "Be \"brief\"."},
        {.role = CHAT_USER, .text = "Hi"},
        {.role = CHAT_ASSISTANT, .calls = &call, .ncalls = 1},
        {.role = CHAT_TOOL, .text = "{}", .call_ref = "call_1"},
    };
    json_object *tree = request(
        &(struct chat_request){
            .model = "gpt-4.1-mini",
            .messages = messages,
            .nmessages = 4,
            .tools = "[{\"type\":\"function\",\"function\":{\"name\":\"look\",\"parameters\":{}}}]",
            .no_calls = true,
            .max_tokens = 300,
            .temperature = 0.5,
        },
        "https://api.openai.com/v1");

    cr_expect_str_eq(
        json_write(&arena, tree),
        "{\"model\":\"gpt-4.1-mini\",\"stream\":true,\"stream_options\":{\"include_usage\":true,"
        "\"include_obfuscation\":false},\"messages\":["
        "{\"role\":\"system\",\"content\":\"Be \\\"brief\\\".\"},"
        "{\"role\":\"user\",\"content\":\"Hi\"},"
        "{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"call_1\","
        "\"type\":\"function\",\"function\":{\"name\":\"look\",\"arguments\":\"{\\\"a\\\":1}\"}}]},"
        "{\"role\":\"tool\",\"content\":\"{}\",\"tool_call_id\":\"call_1\"}],"
        "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"look\",\"parameters\":{}}}],"
        "\"tool_choice\":\"none\",\"max_completion_tokens\":300,\"temperature\":0.5}");
    json_object_put(tree);
}

Test(openai, reasoning_models_are_told_no_temperature)
{
    const struct chat_message message = {.role = CHAT_USER, .text = "Hi"};
    json_object *tree = request(
        &(struct chat_request){
            .model = "gpt-5-mini", .messages = &message, .nmessages = 1, .temperature = 0.5},
        "https://api.openai.com/v1");

    cr_expect_null(json_member(tree, "temperature"));
    cr_expect_null(json_member(tree, "tools"));
    json_object_put(tree);
}

#define DELTA(delta) "{\"choices\":[{\"index\":0,\"delta\":" delta ",\"finish_reason\":null}]}"

Test(openai, words_come_piece_by_piece_and_the_usage_last)
{
    cr_expect(take(DELTA("{\"role\":\"assistant\",\"content\":\"\"}")));
    cr_expect(take(DELTA("{\"content\":\"It is\"}")));
    cr_expect(take(DELTA("{\"content\":\" ready.\"}")));
    cr_expect_not(answer.is_finished);
    cr_expect(take("{\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":null}"));
    cr_expect(take("{\"choices\":[],\"usage\":{\"prompt_tokens\":120,\"completion_tokens\":9,"
                   "\"prompt_tokens_details\":{\"cached_tokens\":64}}}"));
    cr_expect(take("[DONE]"));
    cr_expect_str_eq(words.at, "It is ready.");
    cr_expect(answer.is_finished && answer.has_usage && !answer.is_cut);
    cr_expect_eq(answer.usage.in, 120);
    cr_expect_eq(answer.usage.cached, 64);
    cr_expect_eq(answer.usage.out, 9);
}

#define CALL(parts) DELTA("{\"tool_calls\":[" parts "]}")

Test(openai, calls_are_put_together_by_their_index)
{
    take(CALL("{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"x\",\"arguments\":\"\"}}"));
    take(CALL("{\"index\":1,\"id\":\"b\",\"function\":{\"name\":\"y\",\"arguments\":\"{\"}}"));
    take(CALL("{\"index\":0,\"function\":{\"arguments\":\"{\\\"k\\\"\"}}"));
    take(CALL("{\"index\":1,\"function\":{\"arguments\":\"}\"}},"
              "{\"index\":0,\"function\":{\"arguments\":\":1}\"}}"));
    cr_assert_eq(answer.ncalls, 2);
    cr_expect_str_eq(answer.calls[0].id, "a");
    cr_expect_str_eq(answer.calls[0].arguments, "{\"k\":1}");
    cr_expect_str_eq(answer.calls[1].name, "y");
    cr_expect_str_eq(answer.calls[1].arguments, "{}");
}

Test(openai, servers_that_count_nothing_and_repeat_the_id_are_understood)
{
    take(CALL("{\"id\":\"a\",\"function\":{\"name\":\"x\",\"arguments\":\"{\"}}"));
    take(CALL("{\"id\":\"a\",\"function\":{\"name\":\"x\",\"arguments\":\"}\"}}"));
    take(CALL("{\"id\":\"b\",\"function\":{\"name\":\"y\",\"arguments\":\"{}\"}}"));
    cr_assert_eq(answer.ncalls, 2);
    cr_expect_str_eq(answer.calls[0].arguments, "{}");
    cr_expect_str_eq(answer.calls[1].name, "y");
}

Test(openai, more_calls_or_longer_ones_than_are_taken_are_noticed)
{
    char *longer = calloc(1, CHAT_ARGUMENTS + 200);

    for (int i = 0; i < CHAT_CALLS; i++)
        take(arena_format(&arena, CALL("{\"index\":%d,\"id\":\"a%d\"}"), i, i));
    cr_expect_not(answer.too_much);
    take(CALL("{\"index\":99,\"id\":\"z\"}"));
    cr_expect(answer.too_much);
    answer.too_much = false;
    memset(longer, 'a', CHAT_ARGUMENTS + 1);
    take(arena_format(&arena, CALL("{\"index\":0,\"function\":{\"arguments\":\"%s\"}}"), longer));
    cr_expect(answer.too_much);
    free(longer);
}

Test(openai, an_error_inside_a_stream_is_an_error)
{
    cr_expect(take("{\"error\":{\"message\":\"x\",\"type\":\"server_error\",\"code\":null}}"));
    cr_expect_str_eq(answer.error, "server_error");
    cr_expect_not(take("{\"choices\":[{]}"));
    cr_expect_not(take("[]"));
    cr_expect(take("{\"choices\":7,\"usage\":[]}"));
}

Test(openai, what_may_be_sent_again_depends_on_what_was_answered)
{
    char code[CHAT_NAME];

    cr_expect(chat_may_retry(0, "unreachable"));
    cr_expect(chat_may_retry(500, "server_error"));
    cr_expect(chat_may_retry(429, "rate_limit_exceeded"));
    cr_expect_not(chat_may_retry(429, "insufficient_quota"));
    cr_expect_not(chat_may_retry(401, "invalid_api_key"));
    chat_error_read("<html>", 6, 502, code);
    cr_expect_str_eq(code, "http_502");
    chat_error_read("{\"error\":{\"code\":\"model_not_found\"}}", 36, 404, code);
    cr_expect_str_eq(code, "model_not_found");
}
