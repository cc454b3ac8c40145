#include <criterion/criterion.h>

#include <string.h>

#include "core/config.h"
#include "domain/tokens.h"

static struct config config = {.stream_auth_secret = "primary",
                               .stream_auth_secret_previous = "previous"};
static struct work work = {.id = "test", .config = &config};

static void setup(void)
{
    clock_set((instant){1793620800000});
}

static void end(void)
{
    work_end(&work);
}

TestSuite(tokens, .init = setup, .fini = end);

static struct token example(void)
{
    return (struct token){
        .tenant_id = 4000000007,
        .call = uid_new(),
        .session = uid_new(),
        .agent_version = uid_new(),
        .expires_at = instant_after(clock_now(), 120000),
    };
}

Test(tokens, carry_what_they_were_made_of)
{
    struct token token = example(), read;
    const char *text = token_make(&work, TOKEN_STREAM, &token);

    cr_assert(token_read(&work, TOKEN_STREAM, text, &read), "%s", work.error.message);
    cr_expect_eq(read.tenant_id, token.tenant_id);
    cr_expect(uid_equal(read.call, token.call));
    cr_expect(uid_equal(read.session, token.session));
    cr_expect(uid_equal(read.agent_version, token.agent_version));
    cr_expect_eq(read.expires_at.ms, token.expires_at.ms);
    cr_expect_leq(strlen(text), TOKEN_LIMIT);
    cr_expect_eq(strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"),
                 strlen(text), "it stands in a path as it is");
}

Test(tokens, are_for_one_purpose)
{
    struct token token = example();
    const char *text = token_make(&work, TOKEN_STREAM, &token);

    cr_expect_not(token_read(&work, TOKEN_AFTER, text, &token));
    cr_expect_not(token_read(&work, TOKEN_RELAY, text, &token));
    cr_expect_eq(work.error.what, UNAUTHENTICATED);
}

Test(tokens, expire_half_a_minute_late_because_clocks_differ)
{
    struct token token = example();
    const char *text = token_make(&work, TOKEN_STREAM, &token);

    clock_advance_ms(120000 + 30000);
    cr_expect(token_read(&work, TOKEN_STREAM, text, &token));
    clock_advance_ms(1);
    cr_expect_not(token_read(&work, TOKEN_STREAM, text, &token));
    cr_expect_eq(work.error.what, UNAUTHENTICATED);
}

Test(tokens, of_the_previous_secret_are_still_read)
{
    struct token token = example();
    const char *text = token_make(&work, TOKEN_STREAM, &token);

    config.stream_auth_secret = "next";
    config.stream_auth_secret_previous = "primary";
    cr_expect(token_read(&work, TOKEN_STREAM, text, &token));
    config.stream_auth_secret_previous = "another";
    cr_expect_not(token_read(&work, TOKEN_STREAM, text, &token));
    config.stream_auth_secret_previous = "";
    cr_expect_not(token_read(&work, TOKEN_STREAM, text, &token));
}

Test(tokens, with_any_character_changed_are_refused)
{
    struct token token = example();
    char *text = token_make(&work, TOKEN_STREAM, &token);
    size_t length = strlen(text);

    for (size_t i = 0; i < length; i++) {
        char was = text[i];

        text[i] = was == 'A' ? 'B' : 'A';
        cr_expect_not(token_read(&work, TOKEN_STREAM, text, &token), "at %zu", i);
        text[i] = was;
        cr_expect_not(token_read(&work, TOKEN_STREAM, arena_copy(&work.arena, text, i), &token),
                      "cut at %zu", i);
    }
    cr_expect(token_read(&work, TOKEN_STREAM, text, &token));
}

Test(tokens, of_no_form_are_refused)
{
    static const char *const texts[] = {"", "v1", "v1..", "v1.a.b", "v2.a.b", "v1.a.b.c", "v1.!.!"};
    struct token token;
    char longer[TOKEN_LIMIT + 10];

    for (size_t i = 0; i < COUNT(texts); i++)
        cr_expect_not(token_read(&work, TOKEN_STREAM, texts[i], &token), "%s", texts[i]);
    cr_expect_not(token_read(&work, TOKEN_STREAM, NULL, &token));
    memset(longer, 'a', sizeof longer);
    longer[sizeof longer - 1] = '\0';
    cr_expect_not(token_read(&work, TOKEN_STREAM, longer, &token));
}
