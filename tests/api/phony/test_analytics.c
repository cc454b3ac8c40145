/*
 * Figures that a client of Phony's API reads, by the clocks of its tenant.
 */
#include <string.h>

#include <criterion/criterion.h>

#include "api/phony/phony.h"

TestSuite(phony_analytics, .timeout = 120);

/* A call of an agent that began so many hours ago and is over. */
static void call_of(const struct phony *phony, const char *agent, int hours_ago, const char *state,
                    const char *seconds)
{
    query(
        say("INSERT INTO calls (tenant_id, id, call_sid, carrier, origin, direction, state,"
            " state_rank, agent_id, started_at, ended_at, duration_seconds, context, variables,"
            " metadata, created_at, updated_at) SELECT a.tenant_id, UNHEX(REPLACE(UUID(), '-',"
            " '')), '%s', 'sim', 'phony', 'outbound', '%s', 90, a.id,"
            " UTC_TIMESTAMP(3) - INTERVAL %d HOUR, UTC_TIMESTAMP(3), %s, '{}', '{}', '{}', NOW(3),"
            " NOW(3) FROM agents a JOIN tenants t ON t.id = a.tenant_id WHERE t.tenant_key = '%s'"
            " AND a.name = '%s'",
            new_call_sid(), state, hours_ago, seconds, phony->customer.tenant, agent));
}

static json_object *summary(const struct phony *phony, const char *query)
{
    return pho_must(phony, 200, "GET", say("/api/analytics/summary%s", query), NULL).json;
}

Test(phony_analytics, of_a_tenant_count_what_began_in_the_period)
{
    struct phony phony = phony_new();
    const char *agent = phony_agent_new(&phony, "outbound");
    json_object *day, *year;

    call_of(&phony, "Agent", 1, "completed", "61");
    call_of(&phony, "Agent", 2, "completed", "59");
    call_of(&phony, "Agent", 3, "no_answer", "NULL");
    call_of(&phony, "Desk", 4, "completed", "600");
    call_of(&phony, "Agent", 25, "completed", "60");
    call_of(&phony, "Agent", 24 * 200, "failed", "NULL");
    day = summary(&phony, "?period=day");
    cr_expect_str_eq(at(day, "total_agents"), "2");
    cr_expect_str_eq(at(day, "total_calls"), "4");
    cr_expect_str_eq(at(day, "total_minutes"), "13", "each call is rounded up");
    cr_expect_str_eq(at(day, "average_call_duration"), "240");
    cr_expect_str_eq(at(day, "success_rate"), "0.75");
    cr_expect_str_eq(at(day, "top_agents.0.agent_id"), agent);
    cr_expect_str_eq(at(day, "top_agents.0.calls"), "3");
    cr_expect_str_eq(at(day, "top_agents.0.minutes"), "3");
    cr_expect_str_eq(at(day, "top_agents.1.name"), "Desk");
    cr_expect_str_eq(at(summary(&phony, ""), "total_calls"), "5", "a month when nothing is said");
    cr_expect_str_eq(at(summary(&phony, "?period=week"), "total_calls"), "5");
    year = summary(&phony, "?period=year");
    cr_expect_str_eq(at(year, "total_calls"), "6");
}

Test(phony_analytics, without_calls_are_nothing)
{
    struct phony phony = phony_new();
    json_object *figures = summary(&phony, "");

    cr_expect_str_eq(at(figures, "total_calls"), "0");
    cr_expect_str_eq(at(figures, "average_call_duration"), "0");
    cr_expect_str_eq(at(figures, "success_rate"), "0");
    cr_expect(has(figures, "busiest_hour"));
    cr_expect_str_eq(at(figures, "busiest_hour"), "");
    cr_expect_eq(json_object_array_length(json_object_object_get(figures, "top_agents")), 0u);
}

/* Half an hour off every other clock, and never moved. */
Test(phony_analytics, know_hours_by_the_tenants_clocks)
{
    struct phony phony = phony_new();
    const char *agent, *hour, *day;
    json_object *figures;

    query(say("UPDATE tenants SET timezone = 'Asia/Kolkata' WHERE tenant_key = '%s'",
              phony.customer.tenant));
    agent = phony_agent_new(&phony, "outbound");
    call_of(&phony, "Agent", 1, "completed", "60");
    hour = text_of(say("SELECT HOUR(started_at + INTERVAL 330 MINUTE) FROM calls c JOIN tenants t"
                       " ON t.id = c.tenant_id WHERE t.tenant_key = '%s'",
                       phony.customer.tenant));
    day = text_of(say("SELECT DATE(started_at + INTERVAL 330 MINUTE) FROM calls c JOIN tenants t"
                      " ON t.id = c.tenant_id WHERE t.tenant_key = '%s'",
                      phony.customer.tenant));
    cr_expect_str_eq(at(summary(&phony, ""), "busiest_hour"), hour);
    figures = pho_must(&phony, 200, "GET", say("/api/analytics/agents/%s", agent), NULL).json;
    cr_expect_str_eq(at(figures, say("hourly_distribution.%s", hour)), "1");
    cr_expect_str_eq(at(figures, "daily_trend.0.date"), day);
}

Test(phony_analytics, of_an_agent_count_all_its_calls_unless_a_period_is_named)
{
    struct phony phony = phony_new();
    const char *agent = phony_agent_new(&phony, "outbound");
    const char *path = say("/api/analytics/agents/%s", agent);
    json_object *all, *week;

    call_of(&phony, "Agent", 1, "completed", "61");
    call_of(&phony, "Agent", 24 * 300, "busy", "NULL");
    call_of(&phony, "Desk", 1, "completed", "600");
    all = pho_must(&phony, 200, "GET", path, NULL).json;
    cr_expect_str_eq(at(all, "agent_id"), agent);
    cr_expect_str_eq(at(all, "name"), "Agent");
    cr_expect_str_eq(at(all, "total_calls"), "2");
    cr_expect_str_eq(at(all, "total_minutes"), "2");
    cr_expect_str_eq(at(all, "average_call_duration"), "61");
    cr_expect_str_eq(at(all, "success_rate"), "0.5");
    cr_expect_eq(json_object_array_length(json_object_object_get(all, "daily_trend")), 1u);
    cr_expect_str_eq(at(all, "daily_trend.0.minutes"), "2");
    week = pho_must(&phony, 200, "GET", say("%s?period=week", path), NULL).json;
    cr_expect_str_eq(at(week, "total_calls"), "1");
    cr_expect_str_eq(at(week, "success_rate"), "1");
}

Test(phony_analytics, of_others_are_for_the_platform)
{
    struct phony phony = phony_new(), platform = phony_platform(), other = phony_new();
    const char *agent = phony_agent_new(&phony, "outbound");
    const char *query = say("?tenant_id=%s", phony.customer.tenant);
    struct reply reply;

    call_of(&phony, "Agent", 1, "completed", "61");
    cr_expect_str_eq(at(summary(&phony, query), "total_calls"), "1", "one's own may be named");
    cr_expect_str_eq(at(summary(&platform, query), "total_calls"), "1");
    reply = pho(&other, "GET", say("/api/analytics/summary%s", query), NULL);
    pho_refused(&reply, 403, "forbidden");
    reply = pho(&other, "GET", say("/api/analytics/agents/%s", agent), NULL);
    pho_refused(&reply, 404, "not_found");
}

Test(phony_analytics, refuse_periods_that_are_none)
{
    struct phony phony = phony_new();
    const char *agent = phony_agent_new(&phony, "outbound");
    struct reply reply = pho(&phony, "GET", "/api/analytics/summary?period=decade", NULL);

    pho_refused(&reply, 400, "bad_request");
    pho_blamed(&reply, "period");
    reply = pho(&phony, "GET", say("/api/analytics/agents/%s?period=", agent), NULL);
    pho_refused(&reply, 400, "bad_request");
}
