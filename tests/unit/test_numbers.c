#include <string.h>

#include <criterion/criterion.h>

#include "domain/numbers.h"
#include "domain/phone_routes.h"
#include "tenancy.h"

static struct work work;
static struct tenant tenant;

static void setup(void)
{
    clock_set(
        (instant){1762077600000}); /* before the first key is made, because keys never go back */
    work = tenancy_begin(&tenant, NULL);
}

static void end(void)
{
    tenancy_end(&work);
}

TestSuite(numbers, .init = setup, .fini = end);
TestSuite(phone_routes, .init = setup, .fini = end);

/* A number that nobody else's test has. */
static const char *e164(int i)
{
    return arena_format(&work.arena, "+1800%07lld", (long long)(tenant.id % 100000 * 100 + i));
}

static struct phone_number add(const char *number, const char *status)
{
    struct phone_number row;

    row_clear(&phone_number_entity, &row);
    row.id = uid_new();
    cr_assert(tenant_next(&work, "number", &row.seq));
    row.e164 = number;
    row.country = "US";
    row.source = "simulated";
    row.status = status;
    row.api_origin = "kwickphone";
    row.currency = "USD";
    row.metadata.json = "{}";
    row.created_at = row.updated_at = clock_now();
    row.rev = 1;
    cr_assert(store_insert(&work, &phone_number_entity, &row, columns_all(&phone_number_entity)),
              "%s", work.error.message);
    return row;
}

Test(numbers, are_found_by_each_of_their_names)
{
    struct phone_number row = add(e164(1), "active"), found;

    cr_assert(number_find(&work, row.id, &found));
    cr_expect_str_eq(found.e164, e164(1));
    cr_assert(number_by_seq(&work, row.seq, &found));
    cr_expect(uid_equal(found.id, row.id));
    cr_assert(number_by_e164(&work, e164(1), &found));
    cr_expect_eq(found.tenant_id, tenant.id);
    cr_assert(number_owned(&work, e164(1), &found));
    cr_expect_not(number_by_e164(&work, "1800", &found));
    cr_expect_eq(work.error.what, NOT_FOUND);
}

Test(numbers, have_one_owner_at_a_time)
{
    struct phone_number first = add(e164(1), "released"), found;
    struct tenant other;

    (void)first;
    tenancy_other(&work, &other);
    work.tenant = other.id;
    add(e164(1), "active");
    cr_assert(number_by_e164(&work, e164(1), &found));
    cr_expect_eq(found.tenant_id, other.id);
    work.tenant = tenant.id;
    cr_expect_not(number_owned(&work, e164(1), &found));
    cr_expect_eq(work.error.what, NOT_FOUND);
    cr_expect_not(number_by_seq(&work, 99, &found));
}

Test(numbers, that_are_given_back_are_not_listed)
{
    struct rows numbers;
    int64_t count;

    add(e164(1), "active");
    add(e164(2), "released");
    add(e164(3), "failed");
    add(e164(4), "releasing");
    add(e164(5), "provisioning");
    cr_assert(numbers_of_origin(&work, "kwickphone", &numbers));
    cr_assert_eq(numbers.count, 2);
    cr_expect_str_eq(((struct phone_number *)numbers.at)[0].e164, e164(5), "newest first");
    cr_assert(numbers_of_origin(&work, "thruai", &numbers));
    cr_expect_eq(numbers.count, 0);
    cr_assert(numbers_count(&work, &count));
    cr_expect_eq(count, 2);
}

Test(numbers, ordered_lately_are_counted_unless_they_failed)
{
    int64_t count;

    add(e164(1), "released");
    clock_advance_ms(2 * 3600 * 1000);
    add(e164(2), "active");
    add(e164(3), "failed");
    cr_assert(numbers_ordered_since(&work, "kwickphone", (instant){1762077600000 + 1000}, &count));
    cr_expect_eq(count, 1);
    cr_assert(numbers_ordered_since(&work, "kwickphone", (instant){1762077600000}, &count));
    cr_expect_eq(count, 2);
}

Test(numbers, that_are_left_open_are_found_for_all_tenants)
{
    struct rows open;
    bool found = false;

    clock_set((instant){1000000000000 + tenant.id});
    add(e164(1), "provisioning");
    cr_assert(numbers_unsettled(&work, clock_now(), 1000, &open));
    for (size_t i = 0; i < open.count; i++)
        cr_expect_neq(((struct phone_number *)open.at)[i].tenant_id, tenant.id, "too young");
    cr_assert(numbers_unsettled(&work, instant_after(clock_now(), 1), 1000, &open));
    for (size_t i = 0; i < open.count; i++)
        found |= ((struct phone_number *)open.at)[i].tenant_id == tenant.id;
    cr_expect(found);
}

static struct phone_route route_to(const char *number, uid agent_id)
{
    struct phone_route route;

    row_clear(&phone_route_entity, &route);
    route.e164 = number;
    route.direction = "inbound";
    route.agent_id = agent_id;
    return route;
}

Test(phone_routes, say_who_answers)
{
    struct agent agent = tenancy_agent(&work, "a");
    struct phone_route route = route_to(e164(1), agent.id), found;

    cr_assert(phone_route_put(&work, &route), "%s", work.error.message);
    cr_assert(phone_route_for(&work, e164(1), "inbound", &found));
    cr_expect_str_eq(found.agent_key, "a");
    cr_expect(uid_equal(found.resolved_agent_version_id, agent.published_version_id));
    cr_expect_eq(found.resolved_version_number, 1);
    cr_expect_not(phone_route_for(&work, e164(1), "outbound", &found));
    cr_expect_eq(work.error.what, NOT_FOUND);
}

Test(phone_routes, are_one_for_each_number_and_direction)
{
    struct agent a = tenancy_agent(&work, "a"), b = tenancy_agent(&work, "b");
    struct phone_route first = route_to(e164(1), a.id), second = route_to(e164(1), b.id);
    struct rows routes;

    cr_assert(phone_route_put(&work, &first));
    cr_assert(phone_route_put(&work, &second));
    cr_expect(uid_equal(first.id, second.id), "the route keeps its id");
    cr_expect_str_eq(second.agent_key, "b");
    second.direction = "outbound";
    second.id = NO_UID;
    cr_assert(phone_route_put(&work, &second));
    cr_assert(phone_routes_list(&work, &routes));
    cr_expect_eq(routes.count, 2);
}

Test(phone_routes, change_by_their_id)
{
    struct agent a = tenancy_agent(&work, "a");
    struct phone_route route = route_to(e164(1), a.id), found;

    cr_assert(phone_route_put(&work, &route));
    route.e164 = e164(2);
    route.greeting = "Good morning";
    cr_assert(phone_route_put(&work, &route));
    cr_expect_not(phone_route_for(&work, e164(1), "inbound", &found));
    cr_assert(phone_route_for(&work, e164(2), "inbound", &found));
    cr_expect_str_eq(found.greeting, "Good morning");
    route.id = uid_new();
    cr_expect_not(phone_route_put(&work, &route));
    cr_expect_eq(work.error.what, NOT_FOUND);
}

Test(phone_routes, lead_to_no_strangers)
{
    struct agent mine = tenancy_agent(&work, "a"), theirs;
    struct phone_route route;
    struct tenant other;

    tenancy_other(&work, &other);
    work.tenant = other.id;
    theirs = tenancy_agent(&work, "a");
    add(e164(7), "active");
    work.tenant = tenant.id;
    route = route_to(e164(1), theirs.id);
    cr_expect_not(phone_route_put(&work, &route));
    cr_expect_str_eq(work.error.field, "agent_id");
    route = route_to(e164(1), mine.id);
    route.agent_version_id = theirs.published_version_id;
    cr_expect_not(phone_route_put(&work, &route));
    cr_expect_str_eq(work.error.field, "agent_version_id");
    route = route_to(e164(7), mine.id);
    cr_expect_not(phone_route_put(&work, &route));
    cr_expect_str_eq(work.error.field, "phone_number");
}

Test(phone_routes, may_pin_a_version)
{
    struct agent agent = tenancy_agent(&work, "a");
    struct agent_version draft;
    struct phone_route route;

    cr_assert(agent_version_create(&work, agent.id, "{}", NULL, &draft));
    route = route_to(e164(1), agent.id);
    route.agent_version_id = draft.id;
    cr_assert(phone_route_put(&work, &route));
    cr_expect(uid_equal(route.resolved_agent_version_id, draft.id));
    cr_expect_eq(route.resolved_version_number, 2);
}

Test(phone_routes, that_are_removed_are_shown_once_more)
{
    struct agent agent = tenancy_agent(&work, "a");
    struct phone_route route = route_to(e164(1), agent.id), gone;
    struct tenant other;

    cr_assert(phone_route_put(&work, &route));
    tenancy_other(&work, &other);
    work.tenant = other.id;
    cr_expect_not(phone_route_remove(&work, route.id, &gone));
    cr_expect_eq(work.error.what, NOT_FOUND);
    work.tenant = tenant.id;
    cr_assert(phone_route_remove(&work, route.id, &gone));
    cr_expect_str_eq(gone.e164, e164(1));
    cr_expect_not(phone_route_remove(&work, route.id, &gone));
    cr_expect_eq(work.error.what, NOT_FOUND);
}
