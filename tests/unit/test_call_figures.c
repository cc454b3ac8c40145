/* What a tenant's calls add up to, by agents, hours and days of its own clocks. */
#include <criterion/criterion.h>

#include <string.h>

#include "core/zone.h"
#include "domain/call_figures.h"
#include "domain/call_overviews.h"
#include "world.h"

static struct world world;
static struct work *const work = &world.work;

static void setup(void)
{
    world_begin(&world, NULL, false);
}

static void end(void)
{
    clock_release();
    world_end(&world);
}

TestSuite(call_figures, .init = setup, .fini = end);
TestSuite(call_overviews, .init = setup, .fini = end);

static instant at(const char *iso)
{
    instant when;

    cr_assert(instant_read_iso(iso, &when), "%s", iso);
    return when;
}

/* A call of the world's agent that began then; "seconds" NO_INTEGER: nobody answered. */
static struct call call_at(const char *iso, const char *state, int64_t seconds)
{
    struct call call;

    call_begin(work, &call);
    call.origin = "phony";
    call.direction = "outbound";
    call.state = state;
    call.agent_id = world.agent.id;
    call.started_at = at(iso);
    call.ended_at = strcmp(state, "in_progress") == 0 ? NO_INSTANT : call.started_at;
    call.duration_seconds = seconds;
    cr_assert(call_insert(work, &call), "%s", work->error.message);
    return call;
}

static struct tenant_figures figures_since(const char *iso, const char *zone)
{
    struct tenant_figures figures;

    cr_assert(call_figures_of_tenant(work, zone_open(&work->arena, zone), at(iso), &figures), "%s",
              work->error.message);
    return figures;
}

Test(call_figures, count_begun_minutes_and_what_became_of_calls)
{
    struct tenant_figures figures;

    clock_set(at("2026-11-10T12:00:00Z"));
    call_at("2026-11-10T09:00:00Z", "completed", 61);
    call_at("2026-11-10T10:00:00Z", "completed", 60);
    call_at("2026-11-10T10:30:00Z", "no_answer", NO_INTEGER);
    call_at("2026-11-10T11:00:00Z", "in_progress", NO_INTEGER);
    call_at("2026-11-01T11:00:00Z", "completed", 600);
    figures = figures_since("2026-11-09T12:00:00Z", "UTC");
    cr_expect_eq(figures.agents, 1);
    cr_expect_eq(figures.all.calls, 4);
    cr_expect_eq(figures.all.minutes, 3, "61 seconds are two minutes begun");
    cr_expect_eq(call_figures_average(&figures.all), 61);
    cr_expect_float_eq(call_figures_success(&figures.all), 2.0 / 3, 1e-9);
    cr_expect_eq(busiest_hour(figures.by_hour), 10);
    cr_assert_eq(figures.top.count, 1);
    cr_expect_str_eq(((struct agent_figures *)figures.top.at)->name, world.agent.name);
    cr_expect_eq(((struct agent_figures *)figures.top.at)->minutes, 3);
}

Test(call_figures, are_nothing_without_calls)
{
    struct tenant_figures figures = figures_since("2026-11-09T12:00:00Z", "UTC");

    cr_expect_eq(figures.all.calls, 0);
    cr_expect_eq(call_figures_average(&figures.all), 0);
    cr_expect_eq(call_figures_success(&figures.all), 0);
    cr_expect_eq(busiest_hour(figures.by_hour), NO_INTEGER);
    cr_expect_eq(figures.top.count, 0);
}

/* In Berlin clocks went back at 01:00 UTC on 25 October 2026. */
Test(call_figures, know_on_which_hour_clocks_stood_when_a_call_began)
{
    struct tenant_figures figures;

    clock_set(at("2026-10-30T00:00:00Z"));
    call_at("2026-10-24T10:00:00Z", "completed", 60); /* 12:00 in summer */
    call_at("2026-10-26T11:00:00Z", "completed", 60); /* 12:00 in winter */
    call_at("2026-10-25T00:59:59Z", "completed", 60); /* 02:59 */
    call_at("2026-10-25T01:00:00Z", "completed", 60); /* 02:00, the hour once more */
    figures = figures_since("2026-10-01T00:00:00Z", "Europe/Berlin");
    cr_expect_eq(figures.by_hour[12], 2);
    cr_expect_eq(figures.by_hour[2], 2);
    cr_expect_eq(figures.all.calls, 4);
}

Test(call_figures, of_an_agent_have_the_days_of_its_tenant)
{
    struct agent_history history;
    const struct day_figures *days;
    const struct zone *zone = zone_open(&work->arena, "America/New_York");

    clock_set(at("2026-11-10T12:00:00Z"));
    call_at("2026-11-09T03:00:00Z", "completed", 90); /* the 8th in New York */
    call_at("2026-11-09T20:00:00Z", "completed", 30);
    call_at("2026-11-10T01:00:00Z", "busy", NO_INTEGER); /* still the 9th */
    call_at("2025-01-01T12:00:00.700Z", "completed", 30);
    cr_assert(call_figures_of_agent(work, zone, world.agent.id, NO_INSTANT,
                                    local_midnight(zone, local_day(zone, clock_now()) - 29),
                                    &history),
              "%s", work->error.message);
    cr_expect_eq(history.all.calls, 4, "all of them, however old");
    days = history.days.at;
    cr_assert_eq(history.days.count, 2);
    cr_expect_str_eq(days[0].date, "2026-11-08");
    cr_expect_eq(days[0].minutes, 2);
    cr_expect_str_eq(days[1].date, "2026-11-09");
    cr_expect_eq(days[1].calls, 2);
    cr_expect_eq(history.by_hour[22], 1);
    cr_expect_eq(history.by_hour[7], 1);
}

Test(call_figures, never_count_another_tenants_calls)
{
    struct world other;

    world_begin(&other, NULL, false);
    clock_set(at("2026-11-10T12:00:00Z"));
    call_at("2026-11-10T09:00:00Z", "completed", 61);
    work->tenant = other.tenant.id;
    cr_expect_eq(figures_since("2026-11-01T00:00:00Z", "UTC").all.calls, 0);
    work->tenant = world.tenant.id;
    world_end(&other);
}

/* ---- lists ---- */

Test(call_overviews, tell_calls_under_way_from_those_that_are_over)
{
    struct incoming in = call_in(&world);
    const struct call_overview *call;
    struct rows calls;
    int64_t total;

    call_at("2026-11-10T09:00:00Z", "completed", 61);
    cr_assert(calls_active(work, NO_UID, &calls), "%s", work->error.message);
    call = calls.at;
    cr_assert_eq(calls.count, 1);
    cr_expect(uid_equal(call->id, in.session.id));
    cr_expect_str_eq(call->call_sid, in.call.call_sid);
    cr_expect_str_eq(call->state, "ringing");
    cr_assert(calls_active(work, uid_new(), &calls));
    cr_expect_eq(calls.count, 0);
    cr_assert(calls_ended(work,
                          &(struct call_history){.from = NO_INSTANT, .to = NO_INSTANT, .size = 10},
                          &calls, &total),
              "%s", work->error.message);
    cr_expect_eq(total, 1);
    cr_expect_eq(((const struct call_overview *)calls.at)->duration_seconds, 61);
}

Test(call_overviews, page_what_is_over_newest_first_within_a_time)
{
    static const char *const times[] = {"2026-11-10T09:00:00Z", "2026-11-10T10:00:00Z",
                                        "2026-11-10T11:00:00Z"};
    struct call_history wanted = {
        .agent = world.agent.id, .from = at(times[0]), .to = at(times[2]), .size = 1, .skip = 1};
    const struct call_overview *call;
    struct rows calls;
    int64_t total;

    for (size_t i = 0; i < COUNT(times); i++)
        call_at(times[i], "completed", 60);
    cr_assert(calls_ended(work, &wanted, &calls, &total), "%s", work->error.message);
    cr_expect_eq(total, 2, "the end does not count");
    call = calls.at;
    cr_assert_eq(calls.count, 1);
    cr_expect_eq(call->started_at.ms, at(times[0]).ms, "the second page has the older one");
    wanted.agent = uid_new();
    cr_assert(calls_ended(work, &wanted, &calls, &total));
    cr_expect_eq(total, 0);
}

/* A client pages on while there is more than it has seen. */
Test(call_overviews, of_very_many_calls_never_end_before_the_last_page)
{
    static const char sql[] =
        "INSERT INTO calls (tenant_id, id, call_sid, carrier, origin, direction, state, state_rank,"
        " started_at) SELECT ?, UNHEX(MD5(CONCAT(?, '-', seq))),"
        " CONCAT('CA', MD5(CONCAT(?, '-', seq))), 'sim', 'phony', 'outbound', 'completed', 90,"
        " '2026-11-01' FROM seq_1_to_10300";
    const struct param params[] = {PARAM(work->tenant), PARAM(work->tenant), PARAM(work->tenant)};
    struct call_history wanted = {.size = 100, .from = NO_INSTANT, .to = NO_INSTANT};
    const int64_t skips[] = {0, 10000, 10200, 10300}, totals[] = {10000, 10101, 10300, 10300};
    struct rows calls;
    int64_t total;

    cr_assert(db_execute(work, sql, params, COUNT(params), NULL), "%s", work->error.message);
    for (size_t i = 0; i < COUNT(skips); i++) {
        wanted.skip = skips[i];
        cr_assert(calls_ended(work, &wanted, &calls, &total), "%s", work->error.message);
        cr_expect_eq(total, totals[i], "%lld from %lld", (long long)total, (long long)skips[i]);
        cr_expect_eq(calls.count, skips[i] < 10300 ? 100 : 0);
    }
}

Test(call_overviews, and_figures_of_an_agent_cost_no_calls_of_others)
{
    struct call_history wanted = {
        .agent = world.agent.id, .size = 10, .from = NO_INSTANT, .to = NO_INSTANT};
    uid agent = world.agent.id;
    struct agent_history history;
    struct rows calls;
    int64_t total, before;

    clock_set(at("2026-11-10T12:00:00Z"));
    for (int i = 0; i < 3; i++)
        call_at("2026-11-10T09:00:00Z", "completed", 61);
    world.agent.id = uid_new();
    for (int i = 0; i < 100; i++)
        call_at("2026-11-10T10:00:00Z", "completed", 60);
    before = rows_read(&world);
    cr_assert(calls_ended(work, &wanted, &calls, &total), "%s", work->error.message);
    cr_expect_eq(total, 3);
    cr_expect_leq(rows_read(&world) - before, 30, "%lld", (long long)(rows_read(&world) - before));
    before = rows_read(&world);
    cr_assert(call_figures_of_agent(work, NULL, agent, NO_INSTANT, at("2026-11-01"), &history),
              "%s", work->error.message);
    cr_expect_eq(history.all.calls, 3);
    cr_expect_leq(rows_read(&world) - before, 30, "%lld", (long long)(rows_read(&world) - before));
    world.agent.id = agent;
}
