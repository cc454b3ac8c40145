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
static unsigned asked;   /* connections */
static struct kept next; /* the session beside the one in use … */
static const struct role *next_role;
static void *next_with; /* … and by what it is known */

static void connect(const struct role *role, const struct target *target, void *with)
{
    (void)target;
    next_role = role;
    next_with = with;
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

/* ---- the session that follows ---- */

static void next_says(const char *given)
{
    const char *text = expand(&arena, given);

    next_role->message(next_with, text, strlen(text));
}

/* The new connection is there, and was told how to behave. */
static void opens_beside(void)
{
    cr_assert_eq(asked, 1u);
    kept_open(&next);
    next_role->opened(next_with, &next.outlet);
    next_says("{'type':'session.created','session':{'id':'s2'}}");
    cr_assert_eq(kept_with(&next, "session.update"), 1u);
}

static void takes_over(void)
{
    opens_beside();
    next_says("{'type':'session.updated','session':{}}");
    later(1);
    later(1);
    cr_assert_eq(live->model, &next.outlet);
}

Test(rollover, in_mid_answer_leaves_the_answer_to_the_next_session)
{
    lives(15);
    live->responses.phase = RESPONSE_RUNS;
    live->responses.since_us = INT64_MAX / 2;
    later(14 * 60 + 45);
    takes_over();
    cr_expect_eq(kept_with(&next, "\"purpose\":\"resume\""), 1u);
    cr_expect_eq(kept_with(&next, "response.create"), 1u);
}

Test(rollover, in_a_quiet_moment_owes_nothing)
{
    later(3301);
    takes_over();
    cr_expect_eq(kept_with(&next, "response.create"), 0u, "%s", kept_last(&next));
}

/* The provider does not take the voice that the last configuration asked for. */
static void refuses_the_voice(const char *event)
{
    next_says(arena_format(&arena,
                           "{'type':'error','error':{'type':'invalid_request_error','code':"
                           "'invalid_value','param':'session.audio.output.voice','event_id':'%s'}}",
                           event));
}

Test(rollover, does_without_a_setting_that_the_next_session_refuses)
{
    live->settings.voice = "gone";
    later(3301);
    opens_beside();
    refuses_the_voice(live->rollover.setup_event);
    cr_expect_eq(next.closed, 0u);
    cr_expect_eq(kept_with(&next, "session.update"), 2u);
    cr_expect_not_null(strstr(kept_last(&next), "\"marin\""), "%s", kept_last(&next));
    refuses_the_voice(live->rollover.setup_event);
    cr_expect_eq(next.closed, 1000u, "there is nothing left to give up");
}

Test(rollover, takes_no_other_error_for_a_refused_setting)
{
    live->settings.voice = "fine";
    later(3301);
    opens_beside();
    refuses_the_voice("cl_9999_other");
    cr_expect_eq(next.closed, 1000u);
    cr_expect_str_eq(live->settings.voice, "fine");
}
