/*
 * Which agent has which number, where an agent has one.
 */
#include <string.h>

#include <criterion/criterion.h>

#include "domain/number_agents.h"
#include "domain/phone_routes.h"
#include "world.h"

static struct world world;

static void setup(void)
{
    world_begin(&world, NULL, false);
    cr_assert(number_free(&world.work, world.number.e164), "%s", world.work.error.message);
}

static void end(void)
{
    world_end(&world);
}

TestSuite(number_agents, .init = setup, .fini = end);

static bool is_free(const char *e164)
{
    struct rows numbers;
    bool found = false;

    cr_assert(numbers_free(&world.work, &numbers), "%s", world.work.error.message);
    for (size_t i = 0; i < numbers.count; i++)
        found = found || strcmp(((struct phone_number *)numbers.at)[i].e164, e164) == 0;
    return found;
}

static uid another_agent(const char *direction)
{
    struct agent agent;

    row_clear(&agent_entity, &agent);
    agent.agent_key = arena_format(&world.work.arena, "another-%s", direction);
    agent.name = "Another";
    agent.direction = direction;
    agent.status = "active";
    agent.origin = "phony";
    cr_assert(agent_create(&world.work, &agent, NO_INTEGER), "%s", world.work.error.message);
    return agent.id;
}

static void is_refused(const char *e164, uid agent, enum failure what)
{
    cr_expect_not(number_give(&world.work, e164, agent));
    cr_expect_eq(world.work.error.what, what, "%s", world.work.error.message);
}

Test(number_agents, give_and_take_back)
{
    const char *number = world.number.e164;
    bool has;

    cr_expect(is_free(number));
    cr_assert(number_give(&world.work, number, world.agent.id), "%s", world.work.error.message);
    cr_expect(number_give(&world.work, number, world.agent.id), "once more changes nothing");
    cr_expect_not(is_free(number));
    cr_assert(agent_has_number(&world.work, world.agent.id, &has));
    cr_expect(has);
    cr_assert(number_free(&world.work, number));
    cr_expect(number_free(&world.work, number), "once more changes nothing");
    cr_expect(is_free(number));
    cr_assert(agent_has_number(&world.work, world.agent.id, &has));
    cr_expect_not(has);
}

Test(number_agents, give_only_what_is_free_to_whom_may_have_it)
{
    const char *number = world.number.e164;
    uid inbound = another_agent("inbound"), outbound = another_agent("outbound");

    is_refused("+13125550000", world.agent.id, NOT_FOUND);
    is_refused("nonsense", world.agent.id, NOT_FOUND);
    is_refused(number, uid_new(), NOT_FOUND);
    is_refused(number, outbound, INVALID);
    cr_expect_str_eq(world.work.error.field, "agent_id");
    cr_assert(number_give(&world.work, number, inbound));
    is_refused(number, world.agent.id, CONFLICT);
}

Test(number_agents, change_what_an_agent_has)
{
    const char *number = world.number.e164;
    uid other = another_agent("inbound");
    struct phone_route route;

    cr_assert(number_change(&world.work, number, other), "%s", world.work.error.message);
    cr_assert(phone_route_for(&world.work, number, "inbound", &route));
    cr_expect(uid_equal(route.agent_id, other));
    cr_expect_not(number_change(&world.work, number, world.agent.id));
    cr_expect_eq(world.work.error.what, CONFLICT);
    cr_assert(number_change(&world.work, NULL, other), "%s", world.work.error.message);
    cr_expect(is_free(number));
}
