#include <criterion/criterion.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "answerer.h"
#include "core/clock.h"
#include "stream/chat_link.h"
#include "stream/offloop.h"

/* What the loop heard of one answer. */
static struct heard_answer {
    char words[400], error[80], arguments[80];
    bool is_over, may_retry;
    int64_t out;
} heard_of;

static void begin(void)
{
    signal(SIGPIPE, SIG_IGN); /* the server writes to who has left */
    answerer_start();
    cr_assert(chat_links_start());
}

static void end(void)
{
    chat_links_stop();
    offloop_collect();
}

TestSuite(chat_link, .init = begin, .fini = end, .timeout = 30);

static void take(void *with, const char *words, const struct chat_end *how)
{
    struct heard_answer *heard = with;

    strncat(heard->words, words, sizeof heard->words - strlen(heard->words) - 1);
    if (!how)
        return;
    heard->is_over = true;
    heard->may_retry = how->may_retry;
    snprintf(heard->error, sizeof heard->error, "%s", how->error ? how->error : "");
    heard->out = how->answer->usage.out;
    if (how->answer->ncalls)
        snprintf(heard->arguments, sizeof heard->arguments, "%s", how->answer->calls[0].arguments);
}

static const char *say_url(const char *path)
{
    static char url[200];

    snprintf(url, sizeof url, "%s%s", answerer_url(), path);
    return url;
}

static struct chat_stream *ask(const char *base)
{
    static struct arena arena;
    struct chat_server server;

    chat_server_of(&arena, base, &server);
    return chat_stream_open(&server, "sk-test", "{}", 2, take, &heard_of);
}

static void await_end(void)
{
    while (!heard_of.is_over) {
        offloop_collect();
        usleep(2000);
    }
}

#define WORDS "data: {\"choices\":[{\"delta\":{\"content\":\"It is\"}}]}\n\n"
#define DONE                                                                                       \
    "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"                          \
    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":9}}\n\n"           \
    "data: [DONE]\n\n"

Test(chat_link, an_answer_is_heard_with_its_end)
{
    struct heard request;

    answerer_say("/v1/", 200, WORDS DONE);
    cr_assert_not_null(ask(say_url("/v1")));
    await_end();
    cr_expect_str_eq(heard_of.words, "It is");
    cr_expect_str_eq(heard_of.error, "");
    cr_expect_eq(heard_of.out, 9);
    request = answerer_heard("/v1/", 0);
    cr_expect_str_eq(request.path, "/v1/chat/completions");
    cr_expect_str_eq(heard_header(&request, "Authorization"), "Bearer sk-test");
}

Test(chat_link, a_call_is_put_together)
{
    answerer_say("/v1/", 200,
                 "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"a\","
                 "\"function\":{\"name\":\"x\",\"arguments\":\"{\\\"k\"}}]}}]}\n\n"
                 "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,"
                 "\"function\":{\"arguments\":\"\\\":1}\"}}]}}]}\n\n" DONE);
    ask(say_url("/v1"));
    await_end();
    cr_expect_str_eq(heard_of.arguments, "{\"k\":1}");
}

Test(chat_link, a_refusal_says_why_and_whether_to_try_again)
{
    answerer_say("/busy/", 429, "{\"error\":{\"code\":\"rate_limit_exceeded\"}}");
    ask(say_url("/busy"));
    await_end();
    cr_expect_str_eq(heard_of.error, "rate_limit_exceeded");
    cr_expect(heard_of.may_retry);
    heard_of = (struct heard_answer){0};
    answerer_say("/key/", 401, "{\"error\":{\"code\":\"invalid_api_key\"}}");
    ask(say_url("/key"));
    await_end();
    cr_expect_str_eq(heard_of.error, "invalid_api_key");
    cr_expect_not(heard_of.may_retry);
}

Test(chat_link, an_answer_that_breaks_off_may_be_asked_for_again_only_if_nothing_was_said)
{
    answerer_say("/words/", 200, WORDS);
    ask(say_url("/words"));
    await_end();
    cr_expect_str_eq(heard_of.words, "It is");
    cr_expect_str_eq(heard_of.error, "truncated");
    cr_expect_not(heard_of.may_retry);
    heard_of = (struct heard_answer){0};
    answerer_drop("/nothing/");
    ask(say_url("/nothing"));
    await_end();
    cr_expect_str_eq(heard_of.error, "unreachable");
    cr_expect(heard_of.may_retry);
}

Test(chat_link, what_is_no_answer_is_an_error)
{
    answerer_say("/v1/", 200, "data: {\"choices\":[{]\n\n");
    ask(say_url("/v1"));
    await_end();
    cr_expect_str_eq(heard_of.error, "unreadable");
}

Test(chat_link, a_model_that_says_nothing_for_ten_seconds_is_given_up)
{
    clock_set((instant){1767225600000});
    answerer_hold("/v1/");
    ask(say_url("/v1"));
    while (answerer_count("/v1/") == 0)
        usleep(2000);
    clock_advance_ms(CHAT_FIRST_MS + 1);
    await_end();
    cr_expect_str_eq(heard_of.error, "timeout");
    cr_expect(heard_of.may_retry);
    answerer_release();
}

Test(chat_link, of_an_answer_that_nobody_wants_any_more_nothing_is_heard)
{
    struct chat_stream *stream;

    answerer_hold("/v1/");
    stream = ask(say_url("/v1"));
    while (answerer_count("/v1/") == 0)
        usleep(2000);
    chat_stream_cancel(stream);
    answerer_release();
    chat_links_stop();
    offloop_collect();
    cr_expect_not(heard_of.is_over);
    cr_assert(chat_links_start());
}
