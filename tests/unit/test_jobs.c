#include <criterion/criterion.h>

#include <string.h>

#include "answerer.h"
#include "domain/finalise.h"
#include "domain/leases.h"
#include "domain/outbox.h"
#include "stream/jobs/jobs.h"
#include "world.h"

static struct world world;
static struct work *const work = &world.work;

static void setup(void)
{
    world_begin(&world, NULL, true);
}

static void end(void)
{
    world_end(&world);
}

TestSuite(jobs, .init = setup, .fini = end);

Test(jobs, have_names_of_their_own_and_a_pace)
{
    for (size_t i = 0; i < jobs_count; i++) {
        cr_expect_gt(jobs[i].interval_ms, 0, "%s", jobs[i].name);
        cr_expect_lt(strlen(jobs[i].name), 40, "%s", jobs[i].name);
        for (size_t k = 0; k < i; k++)
            cr_expect_str_neq(jobs[i].name, jobs[k].name);
    }
}

Test(jobs, that_there_are_not_are_refused)
{
    cr_expect_not(jobs_once(work, "dishes"));
    cr_expect_eq(work->error.what, NOT_FOUND);
}

Test(jobs, finish_what_was_left_unfinished_and_once)
{
    struct incoming left = call_in(&world), never = call_in(&world);

    claim_stream(&world, &left);
    end_by_carrier(&world, left.call.id, 12);
    clock_set(instant_after(clock_now(), 10 * 60 * 1000));
    job_once(&world, "finalise");
    job_once(&world, "expired");
    job_once(&world, "finalise");
    cr_assert(call_get(work, left.call.id, &left.call));
    cr_expect_not(instant_is_none(left.call.finalized_at));
    cr_expect_eq(tenant_number(&world, "SELECT COUNT(*) FROM outbox WHERE tenant_id = ?"
                                       " AND event_type = 'call.completed'"),
                 1);
    cr_assert(session_get(work, never.session.id, &never.session));
    cr_expect_str_eq(never.session.state, "expired");
}

/* A session nobody connected to; its state tells whether the job ran. */
static const char *state_after(const char *job, struct incoming *in)
{
    job_once(&world, job);
    cr_assert(session_get(work, in->session.id, &in->session));
    return in->session.state;
}

Test(jobs, that_another_host_does_are_left_to_it)
{
    struct incoming in = call_in(&world);
    int64_t fence;
    bool taken;

    clock_set(instant_after(clock_now(), 10 * 60 * 1000));
    cr_assert(lease_take(work, "job:expired", "another", 60000, &fence, &taken));
    cr_expect_str_eq(state_after("expired", &in), "pending");
    clock_advance_ms(61000);
    cr_expect_str_eq(state_after("expired", &in), "expired", "the other is dead");
    cr_assert(lease_take(work, "job:expired", "another", 60000, &fence, &taken));
    cr_expect(taken, "the lease was given back");
}

Test(jobs, fail_quietly_while_the_store_is_away)
{
    struct work away = {.id = "away", .config = work->config};

    world.config.billing_outcomes_url = "http://127.0.0.1:9"; /* without it that job has no work */
    away.db = db_open("mysql://nobody@localhost/none?socket=/nowhere/at/all");
    for (size_t i = 0; i < jobs_count; i++) {
        if (strcmp(jobs[i].name, "journal") == 0)
            continue;
        cr_expect_not(jobs_once(&away, jobs[i].name), "%s", jobs[i].name);
        cr_expect_eq(away.error.what, BUSY, "%s", jobs[i].name);
    }
    db_close(away.db);
    work_end(&away);
}

Test(jobs, put_off_an_effect_that_fails_and_try_it_again)
{
    static const char sql[] = "SELECT TIMESTAMPDIFF(SECOND, ?, available_at) FROM outbox"
                              " WHERE tenant_id = ? AND state = 'pending' AND attempts = 1"
                              " AND last_error IS NOT NULL";
    struct incoming in = call_in(&world);
    instant now = clock_now();
    int64_t seconds;

    clock_set(now);
    cr_assert(db_execute(
        work,
        "INSERT INTO recordings (tenant_id, id, call_id, recording_sid, source, status)"
        " SELECT tenant_id, id, id, CONCAT('RE', LOWER(HEX(id))), 'carrier', 'processing'"
        " FROM calls",
        NULL, 0, NULL));
    cr_assert(outbox_put(work, "recording", in.call.id, "recording.copy", NULL, NULL));
    job_once(&world, "recordings");
    cr_assert(db_number(work, sql, (const struct param[]){PARAM(now), PARAM(work->tenant)}, 2, -1,
                        &seconds));
    cr_expect(seconds >= 7 && seconds <= 12, "%lld", (long long)seconds);
}

/* A host that is busy ends more calls in a second than the carrier is asked of at once. */
Test(jobs, bring_about_all_that_is_owed_in_one_round)
{
    enum { CALLS = 7 };

    answerer_start();
    world.config.rehearsal_api_base_url = answerer_url();
    answerer_say("/2010-04-01/Accounts/AC00000000000000000000000000000000/Calls/", 200,
                 "{\"sid\":\"CA0\",\"status\":\"completed\",\"price\":\"-0.0170\","
                 "\"price_unit\":\"USD\"}");
    for (int i = 0; i < CALLS; i++) {
        struct incoming in = call_in(&world);

        claim_stream(&world, &in);
        cr_assert(session_end(work, in.session.id,
                              &(struct session_end){.result = "completed", .at = clock_now()},
                              NULL));
        end_by_carrier(&world, in.call.id, 60);
        cr_assert(call_finalise(work, in.call.id, NULL), "%s", work->error.message);
    }
    clock_set(instant_after(clock_now(), 60 * 1000));
    job_once(&world, "prices");
    cr_expect_eq(tenant_number(&world, "SELECT COUNT(*) FROM calls WHERE tenant_id = ?"
                                       " AND carrier_price_micros = 17000"),
                 CALLS);
}
