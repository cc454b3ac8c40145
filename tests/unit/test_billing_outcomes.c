#include <criterion/criterion.h>

#include <string.h>

#include "answerer.h"
#include "domain/billing_outcomes.h"
#include "domain/finalise.h"
#include "domain/outcomes.h"
#include "domain/webhooks.h"
#include "world.h"

static struct world world;
static struct work *const work = &world.work;

static void setup(void)
{
    world_begin(&world,
                "{\"billing\":{\"outcomes\":{\"enabled\":true,"
                "\"skus\":{\"abandoned\":\"short-call\"}}}}",
                true);
    answerer_start();
    world.config.billing_outcomes_url = arena_format(&work->arena, "%s/bills", answerer_url());
    world.config.billing_outcomes_secret = "a secret between us";
    clock_set(clock_now());
}

static void end(void)
{
    world_end(&world);
}

TestSuite(billing_outcomes, .init = setup, .fini = end);

/* A call that was answered and is finalised; nobody spoke. */
static uid over(void)
{
    struct incoming in = call_in(&world);
    bool done;

    claim_stream(&world, &in);
    cr_assert(session_end(work, in.session.id,
                          &(struct session_end){.result = "completed",
                                                .at = NO_INSTANT,
                                                .duration_ms = 1,
                                                .model_segments = NO_INTEGER},
                          NULL));
    end_by_carrier(&world, in.call.id, 10);
    cr_assert(call_finalise(work, in.call.id, &done), "%s", work->error.message);
    return in.call.id;
}

static int64_t rows_in(const char *billing_status)
{
    return tenant_number(&world, arena_format(&work->arena,
                                              "SELECT COUNT(*) FROM voice_outcomes"
                                              " WHERE tenant_id = ? AND billing_status = '%s'",
                                              billing_status));
}

/* One round; the tenant is the test's again. */
static struct billing_sweep round_of(int64_t limit)
{
    struct billing_sweep sweep;
    int64_t tenant = work->tenant;

    cr_assert(billing_deliver(work, "test", limit, &sweep), "%s", work->error.message);
    work->tenant = tenant;
    return sweep;
}

Test(billing_outcomes, are_owed_with_the_end_of_the_call)
{
    over();
    cr_expect_eq(rows_in("pending_emit"), 1);
    cr_expect_eq(tenant_number(&world, "SELECT COUNT(*) FROM outbox AS o JOIN voice_outcomes AS v"
                                       " ON v.tenant_id = o.tenant_id AND v.id = o.subject_id"
                                       " WHERE o.tenant_id = ? AND o.topic = 'billing_outcome'"),
                 1);
}

Test(billing_outcomes, are_posted_signed_and_under_one_name)
{
    struct heard heard;
    instant now = clock_now();
    struct billing_sweep sweep;

    over();
    sweep = round_of(10);
    cr_expect_eq(sweep.attempted, 1);
    cr_expect_eq(sweep.delivered, 1);
    cr_expect_eq(rows_in("emitted"), 1);
    cr_assert_eq(answerer_count("/bills"), 1);
    heard = answerer_heard("/bills", 0);
    cr_expect_not_null(strstr(heard.body, heard_header(&heard, "X-Idempotency-Key")));
    cr_expect_not_null(strstr(heard.body, "\"billable_sku\":\"short-call\""), "%s", heard.body);
    cr_expect_str_eq(heard_header(&heard, "X-Trunkline-Signature"),
                     webhook_signature(work, "a secret between us", now, heard.body));
    cr_expect_eq(round_of(10).attempted, 0, "nothing is told twice");
}

Test(billing_outcomes, are_tried_for_a_day_and_then_given_up_until_a_sweep)
{
    int64_t tenant = work->tenant;
    struct billing_sweep sweep;
    int rounds = 0;

    over();
    answerer_say("/bills", 500, "no");
    do {
        sweep = round_of(10);
        cr_assert_eq(sweep.attempted, 1, "round %d", rounds);
        clock_advance_ms(30LL * 3600 * 1000);
    } while (sweep.rescheduled && ++rounds < 20);
    cr_expect_eq(sweep.failed, 1);
    cr_expect_eq(rows_in("failed"), 1);
    cr_expect_eq(round_of(10).attempted, 0, "it was given up");
    answerer_say("/bills", 204, "");
    cr_assert(billing_revive(work, 10), "%s", work->error.message);
    work->tenant = tenant;
    cr_expect_eq(rows_in("pending_emit"), 1);
    cr_expect_eq(round_of(10).delivered, 1);
    cr_expect_eq(rows_in("emitted"), 1);
}

Test(billing_outcomes, are_told_as_many_as_asked_for)
{
    for (int i = 0; i < 3; i++)
        over();
    cr_expect_eq(round_of(2).delivered, 2);
    cr_expect_eq(rows_in("pending_emit"), 1);
    cr_expect_eq(round_of(0).attempted, 0);
}

Test(billing_outcomes, that_were_deleted_are_owed_no_more)
{
    const struct param params[] = {PARAM(work->tenant)};

    over();
    cr_assert(db_execute(work, "DELETE FROM voice_outcomes WHERE tenant_id = ?", params, 1, NULL));
    cr_expect_eq(round_of(10).delivered, 1);
    cr_expect_eq(answerer_count("/bills"), 0);
}

Test(billing_outcomes, wait_while_nothing_bills_them)
{
    struct billing_sweep sweep;

    over();
    world.config.billing_outcomes_url = NULL;
    cr_expect_not(billing_deliver(work, "test", 10, &sweep));
    cr_expect_eq(work->error.what, UPSTREAM);
    cr_expect_eq(rows_in("pending_emit"), 1);
}
