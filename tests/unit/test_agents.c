#include <string.h>

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "tenancy.h"

static struct work work;
static struct tenant tenant;

static void setup(void)
{
    work = tenancy_begin(&tenant, NULL);
}

static void end(void)
{
    tenancy_end(&work);
}

TestSuite(agents, .init = setup, .fini = end);

static bool create(const char *key, int64_t max_agents, struct agent *agent)
{
    row_clear(&agent_entity, agent);
    agent->agent_key = key;
    agent->name = "An agent";
    agent->direction = "both";
    agent->status = "active";
    agent->origin = "stateset";
    return agent_create(&work, agent, max_agents);
}

static struct agent_version draft(uid agent_id, const char *config)
{
    struct agent_version version;

    cr_assert(agent_version_create(&work, agent_id, config, "test", &version), "%s",
              work.error.message);
    return version;
}

/* Puts the version into the rollout; the table has no other writer yet. */
static void roll_out(uid agent_id, uid version_id, int64_t percentage, int64_t position)
{
    static const char sql[] = "INSERT INTO agent_rollouts (tenant_id, id, agent_id,"
                              " agent_version_id, traffic_percentage, position)"
                              " VALUES (?, ?, ?, ?, ?, ?)";
    uid id = uid_new();
    const struct param params[] = {PARAM(work.tenant), PARAM(id),         PARAM(agent_id),
                                   PARAM(version_id),  PARAM(percentage), PARAM(position)};

    cr_assert(db_execute(&work, sql, params, COUNT(params), NULL), "%s", work.error.message);
}

Test(agents, are_found_by_id_and_key)
{
    struct agent agent, found;

    cr_assert(create("front-desk", NO_INTEGER, &agent));
    cr_assert(agent_find(&work, agent.id, &found));
    cr_expect_str_eq(found.agent_key, "front-desk");
    cr_assert(agent_by_key(&work, "front-desk", &found));
    cr_expect(uid_equal(found.id, agent.id));
    cr_expect_not(agent_by_key(&work, "caf\xc3\xa9", &found));
    cr_expect_eq(work.error.what, NOT_FOUND);
}

Test(agents, of_another_tenant_do_not_exist)
{
    struct agent agent = tenancy_agent(&work, "front-desk"), found;
    struct agent_version version;
    struct tenant other;

    tenancy_other(&work, &other);
    work.tenant = other.id;
    cr_expect_not(agent_find(&work, agent.id, &found));
    cr_expect_eq(work.error.what, NOT_FOUND);
    cr_expect_not(agent_by_key(&work, "front-desk", &found));
    cr_expect_not(agent_version_find(&work, agent.published_version_id, &version));
    cr_expect_not(agent_version_publish(&work, agent.published_version_id, &version));
    cr_expect_eq(work.error.what, NOT_FOUND);
    cr_expect_not(agent_version_create(&work, agent.id, "{}", NULL, &version));
    cr_expect_eq(work.error.what, NOT_FOUND);
    cr_expect(create("front-desk", NO_INTEGER, &found), "keys are a tenant's own");
}

Test(agents, that_were_deleted_do_not_exist)
{
    static const char sql[] =
        "UPDATE agents SET deleted_at = '2026-01-01' WHERE tenant_id = ? AND id = ?";
    struct agent agent = tenancy_agent(&work, "a"), found;
    const struct param params[] = {PARAM(work.tenant), PARAM(agent.id)};
    struct agent_version version;
    struct rows agents;

    cr_assert(db_execute(&work, sql, params, COUNT(params), NULL));
    cr_expect_not(agent_find(&work, agent.id, &found));
    cr_expect_not(agent_by_key(&work, "a", &found));
    cr_expect(agent_version_find(&work, agent.published_version_id, &version),
              "a call under way needs it to its end");
    cr_expect_not(agent_version_create(&work, agent.id, "{}", NULL, &version));
    cr_expect_eq(work.error.what, NOT_FOUND);
    cr_assert(agents_list(&work, &agents));
    cr_expect_eq(agents.count, 0);
}

struct key_case {
    char key[100];
    bool good;
};

ParameterizedTestParameters(agents, keys)
{
    static struct key_case cases[] = {
        /* clang-format off */
        {"a", true}, {"0.a_b-c", true},
        {"", false}, {"A", false}, {"-a", false}, {".a", false}, {"a b", false}, {"a/b", false},
        {"a~b", false}, {"\xc3\xa9", false},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false},
        /* clang-format on */
    };

    return cr_make_param_array(struct key_case, cases, COUNT(cases));
}

ParameterizedTest(struct key_case *given, agents, keys)
{
    struct agent agent;

    cr_expect_eq(create(given->key, NO_INTEGER, &agent), given->good, "%s", given->key);
    if (!given->good)
        cr_expect_str_eq(work.error.field, "agent_key");
}

Test(agents, have_a_key_of_their_own)
{
    struct agent agent;

    cr_assert(create("twice", NO_INTEGER, &agent));
    cr_expect_not(create("twice", NO_INTEGER, &agent));
    cr_expect_eq(work.error.what, CONFLICT);
}

Test(agents, are_limited)
{
    struct agent agent;

    cr_assert(create("one", 2, &agent));
    cr_assert(create("two", 2, &agent));
    cr_expect_not(create("three", 2, &agent));
    cr_expect_eq(work.error.what, LIMIT_REACHED);
}

Test(agents, number_their_versions)
{
    struct agent agent;

    cr_assert(create("a", NO_INTEGER, &agent));
    cr_expect_eq(draft(agent.id, "{}").version_number, 1);
    cr_expect_eq(draft(agent.id, "{}").version_number, 2);
    cr_expect_str_eq(draft(agent.id, "{}").status, "draft");
    cr_assert(agent_find(&work, agent.id, &agent));
    cr_expect(uid_is_none(agent.published_version_id), "a draft is not published");
}

Test(agents, publish_one_version_at_a_time)
{
    struct agent agent = tenancy_agent(&work, "a");
    struct agent_version first, second = draft(agent.id, "{\"greeting\":\"Two\"}");

    cr_assert(agent_version_publish(&work, second.id, &second));
    cr_expect_str_eq(second.status, "published");
    cr_expect_not(instant_is_none(second.published_at));
    cr_assert(agent_version_find(&work, agent.published_version_id, &first));
    cr_expect_str_eq(first.status, "superseded");
    cr_assert(agent_find(&work, agent.id, &agent));
    cr_expect(uid_equal(agent.published_version_id, second.id));
}

Test(agents, that_are_published_again_stay_as_they_are)
{
    struct agent agent = tenancy_agent(&work, "a");
    struct agent_version before, after;

    cr_assert(agent_version_find(&work, agent.published_version_id, &before));
    cr_assert(agent_version_publish(&work, before.id, &after));
    cr_expect_eq(after.rev, before.rev);
    cr_expect_eq(after.published_at.ms, before.published_at.ms);
}

Test(agents, draft_from_what_is_published)
{
    struct agent agent = tenancy_agent(&work, "a");

    cr_expect_str_eq(draft(agent.id, NULL).config.json, "{\"greeting\":\"Hello\"}");
    cr_expect_str_eq(draft(agent.id, "{\"greeting\":\"Two\"}").config.json,
                     "{\"greeting\":\"Two\"}");
}

Test(agents, list_versions_newest_first)
{
    struct agent agent = tenancy_agent(&work, "a"), other = tenancy_agent(&work, "b");
    struct rows versions;

    draft(agent.id, NULL);
    cr_assert(agent_versions_list(&work, agent.id, &versions));
    cr_assert_eq(versions.count, 2);
    cr_expect_eq(((struct agent_version *)versions.at)[0].version_number, 2);
    cr_expect_str_eq(((struct agent_version *)versions.at)[0].agent_key, "a");
    cr_assert(agent_versions_list(&work, NO_UID, &versions));
    cr_expect_eq(versions.count, 3);
    cr_expect(uid_equal(((struct agent_version *)versions.at)[0].agent_id, agent.id));
    (void)other;
}

Test(agents, answer_with_the_published_version)
{
    struct agent agent = tenancy_agent(&work, "a");
    struct agent_version version;

    draft(agent.id, "{}");
    cr_assert(agent_version_resolve(&work, &agent, NO_UID, NO_UID, uid_new(), &version));
    cr_expect(uid_equal(version.id, agent.published_version_id));
}

Test(agents, answer_with_the_version_that_is_asked_for)
{
    struct agent agent = tenancy_agent(&work, "a"), other = tenancy_agent(&work, "b");
    struct agent_version version, staged = draft(agent.id, "{}");

    cr_assert(agent_version_resolve(&work, &agent, staged.id, NO_UID, uid_new(), &version));
    cr_expect(uid_equal(version.id, staged.id), "also a draft");
    cr_expect_not(agent_version_resolve(&work, &agent, other.published_version_id, NO_UID,
                                        uid_new(), &version));
    cr_expect_eq(work.error.what, INVALID);
    cr_expect_not(agent_version_resolve(&work, &agent, uid_new(), NO_UID, uid_new(), &version));
    cr_expect_eq(work.error.what, INVALID);
}

Test(agents, answer_with_the_version_that_a_route_pins)
{
    struct agent agent = tenancy_agent(&work, "a");
    struct agent_version version, pinned = draft(agent.id, "{}");

    roll_out(agent.id, draft(agent.id, "{}").id, 100, 0);
    cr_assert(agent_version_resolve(&work, &agent, NO_UID, pinned.id, uid_new(), &version));
    cr_expect(uid_equal(version.id, pinned.id));
    cr_assert(agent_version_resolve(&work, &agent, NO_UID, uid_new(), uid_new(), &version));
    cr_expect_not(uid_equal(version.id, pinned.id), "a pin to nothing is none");
}

/* A call of that draw. */
static uid call_drawing(unsigned draw)
{
    uid call = uid_new();

    while (rollout_draw(call) != draw)
        call = uid_new();
    return call;
}

/* The draw is the call's, so that a repeated callback gets the same version. */
Test(agents, share_calls_as_the_rollout_says)
{
    static const unsigned draws[] = {0, 29, 30, 49, 50, 99};
    struct agent agent = tenancy_agent(&work, "a");
    struct agent_version one = draft(agent.id, "{}"), two = draft(agent.id, "{}"), version;

    roll_out(agent.id, one.id, 30, 0);
    roll_out(agent.id, two.id, 20, 1);
    for (size_t i = 0; i < COUNT(draws); i++) {
        uid call = call_drawing(draws[i]);
        uid expected = draws[i] < 30 ? one.id : draws[i] < 50 ? two.id : agent.published_version_id;

        cr_assert(agent_version_resolve(&work, &agent, NO_UID, NO_UID, call, &version));
        cr_expect(uid_equal(version.id, expected), "drawn %u", draws[i]);
    }
}

Test(agents, draw_evenly)
{
    unsigned below = 0;

    for (int i = 0; i < 10000; i++) {
        unsigned drawn = rollout_draw(uid_new());

        cr_assert(drawn < 100);
        below += drawn < 25;
    }
    cr_expect(below > 2200 && below < 2800, "%u of 10000 below 25", below);
}

Test(agents, leave_the_rollout_when_published)
{
    struct agent agent = tenancy_agent(&work, "a");
    struct agent_version one = draft(agent.id, "{}"), two = draft(agent.id, "{}");

    roll_out(agent.id, one.id, 30, 0);
    roll_out(agent.id, two.id, 20, 1);
    cr_assert(agent_version_publish(&work, one.id, &one));
    cr_expect_eq(tenancy_number(&work, "SELECT COUNT(*) FROM agent_rollouts WHERE tenant_id = ?"),
                 1);
}

Test(agents, without_a_published_version_take_no_calls)
{
    struct agent_version version;
    struct agent agent;

    cr_assert(create("a", NO_INTEGER, &agent));
    draft(agent.id, "{}");
    cr_expect_not(agent_version_resolve(&work, &agent, NO_UID, NO_UID, uid_new(), &version));
    cr_expect_eq(work.error.what, WRONG_STATE);
}

Test(agents, that_are_inactive_take_no_calls)
{
    struct agent agent = tenancy_agent(&work, "a");
    struct agent_version version;

    agent.status = "inactive";
    cr_expect_not(agent_version_resolve(&work, &agent, NO_UID, NO_UID, uid_new(), &version));
    cr_expect_eq(work.error.what, WRONG_STATE);
}
