#include <criterion/criterion.h>

#include <pthread.h>
#include <string.h>

#include "core/json.h"
#include "domain/governance_sweep.h"
#include "domain/leases.h"
#include "domain/rollouts.h"
#include "domain/session_evals.h"
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

TestSuite(governance, .init = setup, .fini = end);

/* An agent of that tenant whose older version has half of the calls, under a policy. */
static uid governed(int64_t tenant, const char *key)
{
    struct agent_version old, version;
    struct rollout_policy policy;
    struct agent agent;
    struct rows shares;

    work->tenant = tenant;
    row_clear(&agent_entity, &agent);
    agent.agent_key = key;
    agent.name = "An agent";
    agent.direction = "both";
    agent.status = "active";
    agent.origin = "stateset";
    cr_assert(agent_create(work, &agent, NO_INTEGER), "%s", work->error.message);
    cr_assert(agent_version_replace(work, agent.id, "{}", "test", &old));
    cr_assert(agent_version_replace(work, agent.id, "{}", "test", &version));
    cr_assert(
        rollouts_replace(work, agent.id, &(struct rollout_entry){old.id, 50}, 1, "test", &shares),
        "%s", work->error.message);
    row_clear(&rollout_policy_entity, &policy);
    policy.agent_id = agent.id;
    policy.enabled = true;
    policy.lookback_hours = 24;
    policy.min_eval_count = 1;
    policy.min_avg_score = 0.5;
    cr_assert(rollout_policy_put(work, &policy, "test"), "%s", work->error.message);
    return agent.id;
}

/* A score for a session that the agent's version in rollout spoke. */
static void score(uid agent_id, double value)
{
    struct voice_session session;
    struct session_eval eval;
    struct rows shares;

    cr_assert(rollouts_list(work, agent_id, &shares) && shares.count == 1);
    session_begin(&session);
    session.transport = "imported";
    session.stream_sid = new_sid(&world, "MZ");
    session.agent_id = agent_id;
    session.agent_version_id = ((const struct rollout_share *)shares.at)->agent_version_id;
    cr_assert(session_insert(work, &session), "%s", work->error.message);
    row_clear(&session_eval_entity, &eval);
    eval.score = value;
    cr_assert(session_eval_put(work, session.stream_sid, &eval), "%s", work->error.message);
}

static const struct sweep_order order = {
    .apply = true, .limit = 10, .holder = "one", .by = {"system", "governance"}};

Test(governance, goes_through_all_tenants_and_takes_back_what_does_badly)
{
    struct tenant other;
    struct governance_sweep sweep;
    uid good, bad;
    struct rows shares;

    good = governed(world.tenant.id, "good");
    score(good, 0.9);
    work->tenant = 0;
    json_object *config = json_object_new_object();
    bool created;
    cr_assert(tenant_put(work, "the-other", config, NULL, &other, &created));
    json_object_put(config);
    bad = governed(other.id, "bad");
    score(bad, 0.1);
    cr_assert(governance_sweep(work, &order, &sweep), "%s", work->error.message);
    cr_expect_eq(sweep.evaluated_tenants, 2);
    cr_expect_eq(sweep.evaluated_agents, 2);
    cr_expect_eq(sweep.rollbacks_applied, 1);
    cr_expect_eq(sweep.items.count, 2);
    cr_expect_eq(sweep.failures.count, 0);
    work->tenant = other.id;
    cr_assert(rollouts_list(work, bad, &shares));
    cr_expect_eq(shares.count, 0);
    work->tenant = world.tenant.id;
    cr_assert(rollouts_list(work, good, &shares));
    cr_expect_eq(shares.count, 1);
    cr_expect_not(rollouts_list(work, bad, &shares), "another tenant's agent is not there");
}

Test(governance, looks_first_at_those_that_waited_longest)
{
    struct sweep_order one = order;
    struct governance_sweep sweep;
    struct tenant others[2];

    one.limit = 1;
    governed(world.tenant.id, "first");
    for (int i = 0; i < 2; i++) {
        json_object *config = json_object_new_object();
        bool created;

        cr_assert(
            tenant_put(work, i ? "b-tenant" : "a-tenant", config, NULL, &others[i], &created));
        json_object_put(config);
        governed(others[i].id, "agent");
    }
    const char *seen[3];
    for (int i = 0; i < 3; i++) {
        cr_assert(governance_sweep(work, &one, &sweep), "%s", work->error.message);
        cr_assert_eq(sweep.items.count, 1);
        seen[i] = ((const struct governance_item *)sweep.items.at)->tenant_key;
        clock_set(instant_after(clock_now(), 1000));
    }
    cr_expect(strcmp(seen[0], seen[1]) && strcmp(seen[1], seen[2]) && strcmp(seen[0], seen[2]),
              "%s %s %s", seen[0], seen[1], seen[2]);
}

Test(governance, is_done_by_one_at_a_time)
{
    struct governance_sweep sweep;
    int64_t fence;
    bool taken;

    cr_assert(lease_take(work, "rollout-sweep", "another", 60000, &fence, &taken) && taken);
    cr_expect_not(governance_sweep(work, &order, &sweep));
    cr_expect_eq(work->error.what, BUSY);
    cr_assert(lease_release(work, "rollout-sweep", "another", fence));
    cr_expect(governance_sweep(work, &order, &sweep));
}

/* One of two processes that sweep at the same moment. */
struct sweeper {
    struct work work;
    struct sweep_order order;
    struct governance_sweep sweep;
    bool done;
};

static void *run_sweeper(void *with)
{
    struct sweeper *sweeper = with;

    sweeper->work.tenant = 0;
    sweeper->done = governance_sweep(&sweeper->work, &sweeper->order, &sweeper->sweep);
    return NULL;
}

static int64_t audited(int64_t tenant)
{
    work->tenant = tenant;
    return tenant_number(&world, "SELECT COUNT(*) FROM audit_log WHERE tenant_id = ?"
                                 " AND action = 'rollout.rolled_back'");
}

Test(governance, of_two_who_sweep_at_once_takes_back_each_rollout_once)
{
    enum { SWEEPERS = 4, AGENTS = 6 };
    static const char *const names[SWEEPERS] = {"one", "two", "three", "four"};
    struct sweeper sweepers[SWEEPERS];
    pthread_t threads[SWEEPERS];
    int64_t taken_back = 0;
    int done = 0;

    for (int i = 0; i < AGENTS; i++)
        score(governed(world.tenant.id, arena_format(&work->arena, "bad-%d", i)), 0.1);
    for (int i = 0; i < SWEEPERS; i++) {
        sweepers[i] = (struct sweeper){.work = world_work(&world), .order = order};
        sweepers[i].order.holder = names[i];
        cr_assert_eq(pthread_create(&threads[i], NULL, run_sweeper, &sweepers[i]), 0);
    }
    for (int i = 0; i < SWEEPERS; i++) {
        pthread_join(threads[i], NULL);
        cr_expect(sweepers[i].done || sweepers[i].work.error.what == BUSY, "%s",
                  sweepers[i].work.error.message);
        done += sweepers[i].done;
        taken_back += sweepers[i].done ? sweepers[i].sweep.rollbacks_applied : 0;
        db_close(sweepers[i].work.db);
        work_end(&sweepers[i].work);
    }
    cr_expect_geq(done, 1);
    cr_expect_eq(taken_back, AGENTS);
    cr_expect_eq(audited(world.tenant.id), AGENTS, "each with one line of its own");
}

Test(governance, judges_no_version_by_what_the_published_one_gets_itself)
{
    struct governance_evaluation evaluation;
    const struct governor by = {"admin", "test"};
    struct agent agent;
    struct rows shares;
    uid id = governed(world.tenant.id, "both");

    cr_assert(agent_find(work, id, &agent));
    cr_assert(rollouts_replace(work, id, &(struct rollout_entry){agent.published_version_id, 10}, 1,
                               "test", &shares));
    score(id, 0.1);
    cr_assert(governance_evaluate(work, id, true, &by, &evaluation), "%s", work->error.message);
    cr_expect_not(evaluation.applied);
    cr_expect_str_eq(((const struct version_verdict *)evaluation.versions.at)->status, "published");
    cr_expect_eq(evaluation.published->eval_count, 1);
}
