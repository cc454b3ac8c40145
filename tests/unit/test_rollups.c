/* Days of a tenant, and what the carrier asks for a call. */
#include <criterion/criterion.h>

#include <string.h>

#include "answerer.h"
#include "core/crypto.h"
#include "domain/call_prices.h"
#include "domain/finalise.h"
#include "domain/latency.h"
#include "domain/outbox.h"
#include "domain/rollups.h"
#include "domain/sweeps.h"
#include "world.h"

static struct world world;
static struct work *const work = &world.work;

static void setup(void)
{
    world_begin(&world, NULL, false);
    answerer_start();
    world.config.rehearsal_api_base_url = answerer_url();
    clock_set(clock_now());
}

static void end(void)
{
    world_end(&world);
}

TestSuite(rollups, .init = setup, .fini = end);
TestSuite(prices, .init = setup, .fini = end);

static struct incoming ended_call(int64_t seconds)
{
    struct incoming in = call_in(&world);

    claim_stream(&world, &in);
    say_turn(&world, &in.session, 1, "user", "hello");
    cr_assert(session_end(work, in.session.id,
                          &(struct session_end){.result = "completed", .at = clock_now()}, NULL));
    end_by_carrier(&world, in.call.id, seconds);
    cr_assert(call_finalise(work, in.call.id, NULL), "%s", work->error.message);
    cr_assert(call_get(work, in.call.id, &in.call));
    return in;
}

Test(rollups, count_a_days_calls_however_often_they_run)
{
    ended_call(61);
    ended_call(30);
    for (int i = 0; i < 2; i++)
        cr_assert(rollup_usage(work, clock_now()), "%s", work->error.message);
    cr_expect_eq(tenant_number(&world, "SELECT COUNT(*) FROM usage_daily WHERE tenant_id = ?"), 1);
    cr_expect_eq(tenant_number(&world, "SELECT calls FROM usage_daily WHERE tenant_id = ?"), 2);
    cr_expect_eq(tenant_number(&world, "SELECT seconds FROM usage_daily WHERE tenant_id = ?"), 91);
    cr_expect_eq(
        tenant_number(&world, "SELECT rounded_minutes FROM usage_daily WHERE tenant_id = ?"), 3);
}

static void answer_after(const struct incoming *in, int64_t ms)
{
    const struct turn turn = {.llm_first_token_ms = ms, .e2e_first_audio_ms = ms};

    cr_assert(latency_put(work, in->call.id, in->call.started_at, "m", "v", &turn, 1));
}

Test(rollups, add_up_how_fast_agents_answered)
{
    struct incoming first = ended_call(5), second = ended_call(5);

    answer_after(&first, 400);
    answer_after(&second, 400);
    for (int i = 0; i < 2; i++)
        cr_assert(rollup_latency(work, clock_now()), "%s", work->error.message);
    cr_expect_eq(tenant_number(&world, "SELECT turns FROM latency_daily WHERE tenant_id = ?"), 2);
    cr_expect_eq(tenant_number(&world, "SELECT calls FROM latency_daily WHERE tenant_id = ?"), 2);
    /* 400 ms fall into bucket 34 of those that have four to a doubling */
    cr_expect_eq(tenant_number(&world, "SELECT ORD(SUBSTRING(histogram, 34 * 4 + 4, 1))"
                                       " FROM latency_daily WHERE tenant_id = ?"),
                 2);
}

Test(rollups, find_tenants_that_had_calls)
{
    struct rows rows;

    ended_call(5);
    cr_assert(tenants_with_calls(work, instant_after(clock_now(), -60000), world.tenant.id - 1, 1,
                                 &rows));
    cr_assert_eq(rows.count, 1);
    cr_expect_eq(((const struct sweep_tenant *)rows.at)->id, world.tenant.id);
}

#define ACCOUNT "/2010-04-01/Accounts/AC00000000000000000000000000000000"

Test(prices, are_asked_of_the_carrier_until_it_knows_them)
{
    struct incoming in = ended_call(61);
    const struct outbox_row row = {.tenant_id = world.tenant.id, .subject_id = in.call.id};

    cr_expect_eq(tenant_number(&world, "SELECT COUNT(*) FROM outbox WHERE tenant_id = ?"
                                       " AND topic = 'carrier' AND event_type = 'call.price'"),
                 1);
    answerer_say(
        ACCOUNT "/Calls/", 200,
        arena_format(&work->arena, "{\"sid\":\"%s\",\"status\":\"completed\"}", in.call.call_sid));
    cr_expect_not(call_price_ask(work, &row));
    cr_expect_eq(work->error.what, UPSTREAM);
    answerer_say(ACCOUNT "/Calls/", 200,
                 arena_format(&work->arena,
                              "{\"sid\":\"%s\",\"status\":\"completed\",\"price\":\"-0.0170\","
                              "\"price_unit\":\"USD\"}",
                              in.call.call_sid));
    cr_assert(call_price_ask(work, &row), "%s", work->error.message);
    cr_assert(call_get(work, in.call.id, &in.call));
    cr_expect_eq(in.call.carrier_price_micros, 17000);
}
