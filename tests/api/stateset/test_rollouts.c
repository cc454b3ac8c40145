/*
 * How an agent's calls are shared between its versions, and what happens to a version that does
 * badly, through the operator's operations.
 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "api/stateset/evaluated.h"
#include "domain/agents.h"

TestSuite(rollouts, .timeout = 120);

#define NOBODY "00000000-0000-4000-8000-000000000000"
#define SWEEP "/api/v1/admin/rollout-governance/sweep"

static const char *agent_path(const struct evaluated *of, const char *rest)
{
    return admin_path(&of->customer, say("/agents/%s%s", of->customer.agent_id, rest));
}

static struct reply share(const struct evaluated *of, const char *version, int percentage)
{
    return admin("PUT", agent_path(of, "/rollouts"),
                 say("{\"entries\":[{\"agent_version_id\":\"%s\",\"traffic_percentage\":%d}]}",
                     version, percentage));
}

static struct reply set_policy(const struct evaluated *of, const char *body)
{
    return admin("PUT", agent_path(of, "/rollout-policy"), body);
}

static struct reply evaluate(const struct evaluated *of, bool apply)
{
    return admin("POST", agent_path(of, "/rollout-governance/evaluate"),
                 say("{\"apply\":%s}", apply ? "true" : "false"));
}

static const char policy[] = "{\"enabled\":true,\"lookback_hours\":24,\"min_eval_count\":2,"
                             "\"min_avg_score\":0.7,\"min_high_quality_rate\":0.5}";

/* A version with half of the calls, and the policy. */
static struct evaluated rolled_out(const char **version)
{
    struct evaluated of = evaluated_new();

    *version = evaluated_version(&of);
    cr_assert_eq(share(&of, *version, 50).status, 200);
    cr_assert_eq(set_policy(&of, policy).status, 200);
    return of;
}

Test(rollouts, share_calls_between_versions)
{
    struct evaluated of = evaluated_new();
    const char *version = evaluated_version(&of);
    struct reply reply = admin("GET", agent_path(&of, "/rollouts"), NULL);

    cr_assert_eq(reply.status, 200, "%s", reply.body);
    cr_expect_str_eq(at(reply.json, "count"), "0");
    reply = share(&of, version, 100);
    cr_assert_eq(reply.status, 200, "%s", reply.body);
    reply = admin("GET", agent_path(&of, "/rollouts"), NULL);
    cr_expect_str_eq(at(reply.json, "count"), "1");
    cr_expect_str_eq(at(reply.json, "rollouts.0.agent_version_id"), version);
    cr_expect_str_eq(at(reply.json, "rollouts.0.traffic_percentage"), "100");
    cr_expect_str_eq(at(reply.json, "rollouts.0.version_number"), "2");
    cr_expect_str_eq(at(reply.json, "rollouts.0.position"), "0");
    cr_expect_str_eq(at(reply.json, "rollouts.0.tenant_id"), of.customer.tenant);
    reply = admin("PUT", agent_path(&of, "/rollouts"), "{\"entries\":[]}");
    cr_expect_str_eq(at(reply.json, "count"), "0");
    cr_expect_eq(number_of(say("SELECT COUNT(*) FROM audit_log WHERE tenant_id = %lld"
                               " AND action = 'rollouts.replaced'",
                               (long long)of.work.tenant)),
                 2);
}

/* Which version a call that comes in now is answered with. */
static const char *version_of_call(const struct evaluated *of)
{
    struct reply reply;
    const char *sid = call_arrives(&of->customer, "+13125550142", &reply);

    return text_of(say("SELECT LOWER(INSERT(INSERT(INSERT(INSERT(HEX(agent_version_id), 9, 0, '-'),"
                       " 14, 0, '-'), 19, 0, '-'), 24, 0, '-')) FROM calls WHERE tenant_id = %lld"
                       " AND call_sid = '%s'",
                       (long long)of->work.tenant, sid));
}

Test(rollouts, decide_which_version_answers)
{
    struct evaluated of = evaluated_new();
    const char *version = evaluated_version(&of);

    customer_number(&of.customer);
    cr_expect_str_eq(version_of_call(&of), of.customer.agent_version_id);
    cr_assert_eq(share(&of, version, 100).status, 200);
    cr_expect_str_eq(version_of_call(&of), version);
}

Test(rollouts, refuse_shares_that_cannot_be)
{
    struct evaluated of = evaluated_new(), other = evaluated_new();
    const char *version = evaluated_version(&of), *path = agent_path(&of, "/rollouts");
    const char *published = of.customer.agent_version_id;
    struct reply draft = admin("POST", admin_path(&of.customer, "/agent-versions"),
                               say("{\"agent_id\":\"%s\",\"config\":{}}", of.customer.agent_id));
    const char *bodies[] = {
        say("{\"entries\":[{\"agent_version_id\":\"%s\",\"traffic_percentage\":0}]}", version),
        say("{\"entries\":[{\"agent_version_id\":\"%s\",\"traffic_percentage\":101}]}", version),
        say("{\"entries\":[{\"agent_version_id\":\"%s\"}]}", version),
        say("{\"entries\":[{\"agent_version_id\":\"%s\",\"traffic_percentage\":60},"
            "{\"agent_version_id\":\"%s\",\"traffic_percentage\":41}]}",
            version, published),
        say("{\"entries\":[{\"agent_version_id\":\"%s\",\"traffic_percentage\":10},"
            "{\"agent_version_id\":\"%s\",\"traffic_percentage\":10}]}",
            version, version),
        say("{\"entries\":[{\"agent_version_id\":\"%s\",\"traffic_percentage\":10}]}",
            at(draft.json, "version.id")),
        say("{\"entries\":[{\"agent_version_id\":\"%s\",\"traffic_percentage\":10}]}",
            other.customer.agent_version_id),
        "{\"entries\":[{\"agent_version_id\":\"x\",\"traffic_percentage\":10}]}",
        "{\"entries\":[7]}",
        "{\"entries\":{}}",
    };

    cr_assert_eq(share(&of, version, 30).status, 200);
    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        struct reply reply = admin("PUT", path, bodies[i]);

        admin_refused(&reply, 400);
    }
    cr_expect_str_eq(at(admin("GET", path, NULL).json, "rollouts.0.traffic_percentage"), "30",
                     "what was refused changed nothing");
}

Test(rollouts, of_agents_that_are_not_there_are_not_found)
{
    struct evaluated of = evaluated_new(), other = evaluated_new();
    const char *agents[] = {NOBODY, other.customer.agent_id, "nonsense"};
    static const char *const operations[][3] = {
        {"GET", "/rollouts", NULL},
        {"PUT", "/rollouts", "{\"entries\":[]}"},
        {"GET", "/rollout-policy", NULL},
        {"PUT", "/rollout-policy", policy},
        {"POST", "/rollout-governance/evaluate", "{}"},
    };

    for (size_t i = 0; i < COUNT_OF(agents); i++)
        for (size_t j = 0; j < COUNT_OF(operations); j++) {
            const char *path =
                admin_path(&of.customer, say("/agents/%s%s", agents[i], operations[j][1]));
            struct reply reply = admin(operations[j][0], path, operations[j][2]);

            admin_refused(&reply, 404);
            reply = ask(operations[j][0], path, of.customer.stateset, "{}", NULL);
            admin_refused(&reply, 401);
        }
    struct reply reply = ask("POST", SWEEP, of.customer.stateset, "{}", NULL);
    admin_refused(&reply, 401);
}

Test(rollouts, have_a_policy_that_is_kept)
{
    struct evaluated of = evaluated_new();
    struct reply reply = admin("GET", agent_path(&of, "/rollout-policy"), NULL);

    cr_assert_eq(reply.status, 200, "%s", reply.body);
    cr_expect(has(reply.json, "policy"));
    cr_expect_not(has(reply.json, "policy.enabled"), "none is set");
    cr_assert_eq(set_policy(&of, policy).status, 200);
    reply = set_policy(&of, "{\"enabled\":false,\"lookback_hours\":48,\"min_eval_count\":3,"
                            "\"min_avg_score\":0.6,\"min_high_quality_rate\":null}");
    cr_assert_eq(reply.status, 200, "%s", reply.body);
    reply = admin("GET", agent_path(&of, "/rollout-policy"), NULL);
    cr_expect_str_eq(at(reply.json, "policy.enabled"), "false");
    cr_expect_str_eq(at(reply.json, "policy.lookback_hours"), "48");
    cr_expect_str_eq(at(reply.json, "policy.min_avg_score"), "0.6");
    cr_expect_str_eq(at(reply.json, "policy.min_high_quality_rate"), "");
    cr_expect_str_eq(at(reply.json, "policy.tenant_id"), of.customer.tenant);
    cr_expect_str_eq(at(reply.json, "policy.agent_id"), of.customer.agent_id);
}

Test(rollouts, refuse_policies_that_cannot_be)
{
    struct evaluated of = evaluated_new();
    static const char *const bodies[] = {
        "{}",
        "{\"enabled\":true,\"lookback_hours\":0,\"min_eval_count\":2,\"min_avg_score\":0.7}",
        "{\"enabled\":true,\"lookback_hours\":24,\"min_eval_count\":0,\"min_avg_score\":0.7}",
        "{\"enabled\":true,\"lookback_hours\":24,\"min_eval_count\":2,\"min_avg_score\":1.1}",
        "{\"enabled\":true,\"lookback_hours\":24,\"min_eval_count\":2,\"min_avg_score\":0.5,"
        "\"min_high_quality_rate\":-0.1}",
        "{\"enabled\":\"yes\",\"lookback_hours\":24,\"min_eval_count\":2,\"min_avg_score\":0.7}",
    };

    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        struct reply reply = set_policy(&of, bodies[i]);

        admin_refused(&reply, 400);
    }
    cr_expect_eq(rows_of(&of.customer, "rollout_policies"), 0);
}

Test(rollouts, are_not_judged_without_a_policy_or_without_a_share)
{
    struct evaluated of = evaluated_new();
    struct reply reply = evaluate(&of, true);

    cr_assert_eq(reply.status, 200, "%s", reply.body);
    cr_expect_str_eq(at(reply.json, "evaluation.status"), "no_policy");
    cr_assert_eq(set_policy(&of, policy).status, 200);
    reply = evaluate(&of, true);
    cr_expect_str_eq(at(reply.json, "evaluation.status"), "no_rollout");
    cr_expect_str_eq(at(reply.json, "evaluation.published_version.agent_version_id"),
                     of.customer.agent_version_id);
    cr_expect_str_eq(at(reply.json, "evaluation.policy.min_eval_count"), "2");
}

Test(rollouts, need_enough_recent_evaluations_to_be_judged)
{
    const char *version;
    struct evaluated of = rolled_out(&version);
    struct session_eval old = evaluated_score(&of, version, 0.1);
    struct reply reply;

    evaluated_age(&of, &old, 25);
    evaluated_score(&of, version, 0.1);
    reply = evaluate(&of, true);
    cr_expect_str_eq(at(reply.json, "evaluation.status"), "insufficient_data");
    cr_expect_str_eq(at(reply.json, "evaluation.applied"), "false");
    cr_expect_str_eq(at(reply.json, "evaluation.rollout_versions.0.eval_count"), "1");
    cr_expect(*at(reply.json, "evaluation.rollout_versions.0.reasons.0"));
    cr_expect_eq(rows_of(&of.customer, "agent_rollouts"), 1);
}

Test(rollouts, that_do_well_stay)
{
    const char *version;
    struct evaluated of = rolled_out(&version);
    struct reply reply;

    evaluated_score(&of, version, 0.7);
    evaluated_score(&of, version, 0.9);
    evaluated_score(&of, of.customer.agent_version_id, 0.1);
    reply = evaluate(&of, true);
    cr_expect_str_eq(at(reply.json, "evaluation.status"), "healthy", "%s", reply.body);
    cr_expect_not(has(reply.json, "evaluation.reasons.0"));
    cr_expect_float_eq(atof(at(reply.json, "evaluation.rollout_versions.0.avg_score")), 0.8, 1e-9);
    cr_expect_str_eq(at(reply.json, "evaluation.rollout_versions.0.high_quality_rate"), "0.5");
    cr_expect_str_eq(at(reply.json, "evaluation.published_version.eval_count"), "1");
    cr_expect_eq(rows_of(&of.customer, "agent_rollouts"), 1);
}

Test(rollouts, that_do_badly_are_reported_and_when_applied_rolled_back)
{
    const char *version;
    struct evaluated of = rolled_out(&version);
    struct reply reply;

    evaluated_score(&of, version, 0.3);
    evaluated_score(&of, version, 0.4);
    reply = evaluate(&of, false);
    cr_assert_eq(reply.status, 200, "%s", reply.body);
    cr_expect_str_eq(at(reply.json, "evaluation.status"), "rollback_recommended");
    cr_expect_str_eq(at(reply.json, "evaluation.applied"), "false");
    cr_expect(has(reply.json, "evaluation.rollout_versions.0.reasons.1"), "score and quality");
    cr_expect_eq(rows_of(&of.customer, "agent_rollouts"), 1);
    reply = evaluate(&of, true);
    cr_expect_str_eq(at(reply.json, "evaluation.status"), "rolled_back");
    cr_expect_str_eq(at(reply.json, "evaluation.applied"), "true");
    cr_expect_str_eq(at(reply.json, "evaluation.rollout_versions.0.status"), "rolled_back");
    cr_expect_eq(rows_of(&of.customer, "agent_rollouts"), 0, "its calls are the published one's");
    cr_expect_eq(rows_of(&of.customer, "rollout_evaluations"), 2, "both are kept");
    cr_expect_str_eq(text_of(say("SELECT object_id FROM audit_log WHERE tenant_id = %lld"
                                 " AND action = 'rollout.rolled_back'",
                                 (long long)of.work.tenant)),
                     version);
}

Test(rollouts, are_left_alone_while_the_policy_is_off)
{
    const char *version;
    struct evaluated of = rolled_out(&version);
    struct reply reply;

    evaluated_score(&of, version, 0.1);
    evaluated_score(&of, version, 0.1);
    set_policy(&of, "{\"enabled\":false,\"lookback_hours\":24,\"min_eval_count\":2,"
                    "\"min_avg_score\":0.7}");
    reply = evaluate(&of, true);
    cr_expect_str_eq(at(reply.json, "evaluation.status"), "disabled");
    cr_expect_eq(rows_of(&of.customer, "agent_rollouts"), 1);
}

/* Another sweep may be under way on this stack; its end is waited for. */
static struct reply sweep(const char *body)
{
    struct reply reply;

    AWAIT((reply = admin("POST", SWEEP, body)).status != 503);
    return reply;
}

Test(rollouts, of_one_tenant_are_swept_by_its_key)
{
    const char *version, *body;
    struct evaluated of = rolled_out(&version);
    struct reply reply;

    evaluated_score(&of, version, 0.1);
    evaluated_score(&of, version, 0.1);
    body = say("{\"apply\":true,\"auth_token\":\"%s\"}", of.customer.stateset);
    reply = sweep(body);
    cr_assert_eq(reply.status, 200, "%s", reply.body);
    cr_expect_str_eq(at(reply.json, "result.attempted_tenants"), "1");
    cr_expect_str_eq(at(reply.json, "result.evaluated_agents"), "1");
    cr_expect_str_eq(at(reply.json, "result.rollback_recommended"), "1");
    cr_expect_str_eq(at(reply.json, "result.rollbacks_applied"), "1");
    cr_expect_str_eq(at(reply.json, "result.items.0.tenant_id"), of.customer.tenant);
    cr_expect_str_eq(at(reply.json, "result.items.0.evaluation.status"), "rolled_back");
    cr_expect_null(strstr(reply.body, of.customer.stateset), "the key is not told");
    cr_expect_eq(strncmp(of.customer.stateset, at(reply.json, "result.items.0.auth_token"),
                         strlen(at(reply.json, "result.items.0.auth_token"))),
                 0);
    reply = sweep(body);
    cr_expect_str_eq(at(reply.json, "result.attempted_tenants"), "0", "nothing is left to judge");
}

Test(rollouts, of_all_tenants_are_swept)
{
    const char *versions[2];
    struct evaluated of = rolled_out(&versions[0]), other = rolled_out(&versions[1]);
    struct reply reply = sweep("{\"limit\":1000}");

    cr_assert_eq(reply.status, 200, "%s", reply.body);
    cr_expect(strstr(reply.body, of.customer.agent_id));
    cr_expect(strstr(reply.body, other.customer.agent_id));
    reply = sweep("{\"limit\":0}");
    cr_expect_str_eq(at(reply.json, "result.attempted_tenants"), "0");
    cr_expect_eq(rows_of(&of.customer, "agent_rollouts"), 1, "nothing is applied unasked");
}

Test(rollouts, of_a_key_that_nobody_has_are_a_failure_of_the_sweep)
{
    struct reply reply = sweep("{\"auth_token\":\"ssk_0123456789abcdefghij\"}");

    cr_assert_eq(reply.status, 200, "%s", reply.body);
    cr_expect_str_eq(at(reply.json, "result.attempted_tenants"), "0");
    cr_expect(*at(reply.json, "result.failures.0.error"));
    cr_expect_null(strstr(reply.body, "89abcdefghij"));
}
