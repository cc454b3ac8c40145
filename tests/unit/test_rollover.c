/*
 * When a model's session is replaced: before the provider ends it, whatever life it gives it.
 */
#include <criterion/criterion.h>

#include <string.h>

#include "core/clock.h"
#include "core/config.h"
#include "outlets.h"
#include "stream/realtime.h"
#include "stream/resolver.h"
#include "stream/socket.h"

static struct kept carrier, model;
static struct live *live;
static struct arena arena;
static unsigned asked; /* connections */

static void connect(const struct role *role, const struct target *target, void *with)
{
    (void)role, (void)target, (void)with;
    asked++;
}

static void begin(void)
{
    static struct config config = {.openai_realtime_url = "ws://model.invalid/v1/realtime",
                                   .model_session_seconds = 3300};

    live = live_for_test(&carrier, &model);
    live->work.config = &config;
    live->settings.call_limit_seconds = live->settings.silence_seconds = 0;
    live->rollover.born_us = sockets_now_us();
    resolver_pretend("192.0.2.7");
    sockets_connect_by(connect);
    asked = 0;
}

static void end(void)
{
    arena_free(&arena);
}

TestSuite(rollover, .init = begin, .fini = end);

static void later(int64_t seconds)
{
    clock_advance_ms((int)(seconds * 1000));
    sockets_send();
    live->last_media_us = sockets_now_us();
    live_tick();
}

/* The session says that it lives for so many minutes. */
static void lives(int64_t minutes)
{
    const char *text = arena_format(
        &arena, "{\"type\":\"session.created\",\"session\":{\"id\":\"s\",\"expires_at\":%lld}}",
        (long long)(clock_now().ms / 1000 + minutes * 60));

    cr_expect(realtime_take(live, text, strlen(text)));
}

Test(rollover, comes_after_the_configured_time_where_nothing_is_said_of_another)
{
    later(3299);
    cr_expect_eq(asked, 0u);
    later(2);
    cr_expect_eq(asked, 1u);
}

Test(rollover, comes_before_the_end_of_a_session_that_lives_shorter)
{
    lives(30);
    later(27 * 60);
    cr_expect_eq(asked, 0u);
    later(60);
    cr_expect_eq(asked, 1u, "of its last twelfth");
}

Test(rollover, waits_for_quiet_but_not_to_the_end)
{
    lives(15);
    live->responses.phase = RESPONSE_RUNS;
    live->responses.since_us = INT64_MAX / 2;
    later(14 * 60);
    cr_expect_eq(asked, 0u, "somebody speaks");
    later(45);
    cr_expect_eq(asked, 1u, "a quarter of a minute is left");
}

Test(rollover, does_not_believe_a_session_that_is_over_before_it_began)
{
    lives(-90);
    later(60);
    cr_expect_eq(asked, 0u, "one of the clocks is wrong");
    lives(INT32_MAX);
    later(60);
    cr_expect_eq(asked, 0u);
}
