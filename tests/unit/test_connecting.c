/*
 * Where a call's model and its voice are connected to, when names or addresses fail.
 */
#include <criterion/criterion.h>

#include <stdio.h>
#include <string.h>

#include "core/clock.h"
#include "core/config.h"
#include "outlets.h"
#include "stream/elevenlabs.h"
#include "stream/offloop.h"
#include "stream/realtime_link.h"
#include "stream/resolver.h"
#include "stream/socket.h"

static const struct config config = {.openai_realtime_url = "wss://model.test/v1/realtime",
                                     .elevenlabs_base_url = "https://voice.test"};
static struct kept carrier, model;
static struct live *live;
static _Atomic int looked_up;
static _Atomic bool is_away; /* the name server */

/* What was connected to last. */
static struct {
    int count;
    char address[64];
    const struct role *role;
    void *with;
} last;

static void connect(const struct role *role, const struct target *target, void *with)
{
    last.count++;
    last.role = role;
    last.with = with;
    snprintf(last.address, sizeof last.address, "%s", target->address);
}

/* Every host has two addresses. */
static bool look_up(const char *host, const char *avoided, char *address, size_t size)
{
    (void)host;
    looked_up++;
    snprintf(address, size, "192.0.2.%d", strcmp(avoided, "192.0.2.1") == 0 ? 2 : 1);
    return !is_away;
}

/* All that was asked is answered. */
static void settle(void)
{
    resolver_stop();
    offloop_collect();
    cr_assert(resolver_start(&config));
}

static void begin(void)
{
    live = live_for_test(&carrier, &model);
    live->work.config = &config;
    live->model = NULL;
    resolver_look_up_by(look_up);
    sockets_connect_by(connect);
    cr_assert(resolver_start(&config));
}

static void end(void)
{
    resolver_stop();
}

TestSuite(connecting, .init = begin, .fini = end);

static void later(int64_t ms)
{
    clock_advance_ms(ms);
    sockets_send();
    live_tick();
}

static void last_ends(int status)
{
    last.role->closed(last.with, &(struct closing){.status = status, .reason = ""});
}

Test(connecting, a_name_that_is_not_found_once_does_not_end_the_call)
{
    is_away = true;
    realtime_mind.connect(live);
    settle();
    offloop_collect(); /* the second attempt, which follows at once */
    is_away = false;
    cr_expect_eq(live->connects, 2u);
    later(500);
    settle();
    cr_expect_eq(looked_up, 2);
    cr_expect_eq(last.count, 1);
    cr_expect_eq(live->state, LIVE_CONNECTING);
}

Test(connecting, a_model_that_cannot_be_reached_is_looked_for_elsewhere)
{
    realtime_mind.connect(live);
    settle();
    cr_expect_str_eq(last.address, "192.0.2.1");
    last_ends(0);
    settle();
    cr_expect_eq(last.count, 2);
    cr_expect_str_eq(last.address, "192.0.2.2");
}

Test(connecting, a_model_that_does_not_answer_in_time_is_looked_for_elsewhere)
{
    realtime_mind.connect(live);
    settle();
    later(5001);
    settle();
    cr_expect_eq(last.count, 2);
    cr_expect_str_eq(last.address, "192.0.2.2");
}

Test(connecting, a_model_that_refuses_or_breaks_off_was_reached)
{
    struct kept opened;

    realtime_mind.connect(live);
    settle();
    last_ends(503);
    kept_open(&opened);
    last.role->opened(last.with, &opened.outlet);
    last_ends(0);
    later(500);
    cr_expect_eq(last.count, 3);
    cr_expect_str_eq(last.address, "192.0.2.1");
    cr_expect_eq(looked_up, 1);
}

/* ---- voices ---- */

static void heard(struct live *of, struct tts *tts)
{
    (void)of, (void)tts;
}

static void heard_why(struct live *of, struct tts *tts, const char *why)
{
    (void)of, (void)tts, (void)why;
}

static const struct tts_listener listener = {
    .opened = heard, .finished = heard, .failed = heard_why};

static struct tts *open_voice(void)
{
    static const struct voice_choice choice = {
        .voice_id = "v", .model_id = "m", .settings_json = "{}", .api_key = "k"};
    struct tts *tts = tts_open(live, &choice, &listener);

    settle();
    return tts;
}

Test(connecting, a_voice_that_cannot_be_reached_is_looked_for_elsewhere)
{
    open_voice();
    cr_expect_str_eq(last.address, "192.0.2.1");
    last_ends(0);
    open_voice();
    cr_expect_str_eq(last.address, "192.0.2.2");
}

Test(connecting, a_voice_that_nobody_waits_for_any_longer_is_looked_for_elsewhere)
{
    struct tts *tts = open_voice();

    later(2000);
    tts_close(tts);
    open_voice();
    cr_expect_str_eq(last.address, "192.0.2.2");
}

Test(connecting, a_voice_that_is_not_wanted_or_refuses_was_not_unreachable)
{
    tts_close(open_voice());
    open_voice();
    last_ends(401);
    open_voice();
    cr_expect_str_eq(last.address, "192.0.2.1");
    cr_expect_eq(looked_up, 1);
}
