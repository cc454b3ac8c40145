/*
 * Calls that a client of Phony's API orders, sees, and adds context to.
 */
#include <string.h>

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "api/phony/phony.h"

TestSuite(phony_calls, .timeout = 120);

/* A customer whose own agent answers its number, and who has a key. */
static struct phony desk_new(void)
{
    struct phony phony = phony_new();

    customer_number(&phony.customer);
    return phony;
}

static const char *agent_of(const struct phony *phony)
{
    return at(pho_must(phony, 200, "GET", "/api/agents", NULL).json, "0.id");
}

static struct reply order(const struct phony *phony, const char *agent, const char *body)
{
    return pho(phony, "POST", say("/api/agents/%s/call", agent), body);
}

static json_object *row_of(json_object *list, const char *sid)
{
    for (size_t i = 0; list && i < json_object_array_length(list); i++)
        if (strcmp(at(json_object_array_get_idx(list, i), "call_sid"), sid) == 0)
            return json_object_array_get_idx(list, i);
    return NULL;
}

/* ---- ordering ---- */

Test(phony_calls, are_ordered_from_the_agents_number_with_a_context)
{
    struct phony phony = desk_new();
    const char *agent = agent_of(&phony);
    struct reply reply = order(&phony, agent,
                               say("{\"to_number\":\"%s\",\"context\":{\"customer_id\":"
                                   "\"CUST_789\",\"call_purpose\":\"follow_up\"}}",
                                   rings_on("+13125550270")));
    const char *sid = at(reply.json, "call_sid");
    json_object *row;

    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect_str_eq(at(reply.json, "status"), "queued");
    cr_expect_str_eq(at(reply.json, "message"), "Call initiated successfully");
    cr_expect_eq(strncmp(sid, "CA", 2), 0);
    cr_expect_eq(control("CARRIER", "GET", say("/_calls/%s", sid), NULL).status, 200);
    row = row_of(pho_must(&phony, 200, "GET", "/api/calls/active", NULL).json, sid);
    cr_assert(row, "the call is not among those under way");
    cr_expect_str_eq(at(row, "id"), at(reply.json, "id"));
    cr_expect_eq(strncmp(at(row, "id"), "session_", 8), 0);
    cr_expect_str_eq(at(row, "agent_id"), agent);
    cr_expect_str_eq(at(row, "from_number"), phony.customer.number);
    cr_expect_str_eq(at(row, "to_number"), "+13125550270");
    cr_expect_str_eq(at(row, "direction"), "outbound");
    cr_expect(strcmp(at(row, "status"), "queued") == 0 || strcmp(at(row, "status"), "ringing") == 0,
              "%s", at(row, "status"));
    cr_expect_str_eq(at(row, "context.customer_id"), "CUST_789");
    cr_expect_str_eq(column_of(sid, "origin"), "phony");
}

Test(phony_calls, are_ordered_from_the_number_that_is_named_or_the_tenants)
{
    struct phony phony = desk_new();
    const char *agent = phony_agent_new(&phony, "outbound");
    struct reply reply =
        order(&phony, agent, say("{\"to_number\":\"%s\"}", rings_on("+13125550271")));

    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect_str_eq(column_of(at(reply.json, "call_sid"), "from_addr"), phony.customer.number);
    reply = order(&phony, agent,
                  say("{\"to_number\":\"%s\",\"from_number\":\"%s\"}", rings_on("+13125550272"),
                      phony.customer.number));
    cr_expect_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
}

struct wrong {
    char body[200], field[24];
    int status;
};

ParameterizedTestParameters(phony_calls, are_not_ordered)
{
    static struct wrong wrongs[] = {
        {"{}", "to_number", 400},
        {"{\"to_number\":\"13125550273\"}", "to_number", 400},
        {"{\"to_number\":5}", "to_number", 400},
        {"{\"to_number\":\"+13125550273\",\"from_number\":\"+13125550100\"}", "from_number", 400},
        {"{\"to_number\":\"+13125550273\",\"context\":[1]}", "context", 400},
        {"{\"to_number\":\"+88213125550\"}", "", 403},
        {"{\"to_number\":\"+442079460000\"}", "", 403},
        {"not json", "", 400},
    };

    return cr_make_param_array(struct wrong, wrongs, COUNT_OF(wrongs));
}

ParameterizedTest(struct wrong *given, phony_calls, are_not_ordered)
{
    struct phony phony = desk_new();
    struct reply reply = order(&phony, agent_of(&phony), given->body);

    pho_refused(&reply, given->status, given->status == 400 ? "bad_request" : "forbidden");
    if (*given->field)
        pho_blamed(&reply, given->field);
    cr_expect_eq(rows_of(&phony.customer, "calls"), 0);
}

Test(phony_calls, need_a_number_to_call_from)
{
    struct phony phony = phony_new();
    struct reply reply =
        order(&phony, phony_agent_new(&phony, "outbound"), "{\"to_number\":\"+13125550274\"}");

    pho_refused(&reply, 400, "bad_request");
    pho_blamed(&reply, "from_number");
}

Test(phony_calls, reach_nobody_who_does_not_want_to_be_reached)
{
    struct phony phony = desk_new();
    struct reply reply;

    query(say("INSERT INTO suppressions (tenant_id, id, channel, address, source) SELECT id,"
              " UNHEX(REPLACE(UUID(), '-', '')), 'voice', '+13125550275', 'api' FROM tenants WHERE"
              " tenant_key = '%s'",
              phony.customer.tenant));
    reply = order(&phony, agent_of(&phony), "{\"to_number\":\"+13125550275\"}");
    pho_refused(&reply, 403, "forbidden");
}

Test(phony_calls, are_no_more_at_once_than_the_tenant_may_have)
{
    struct phony phony = desk_new();
    const char *agent = agent_of(&phony);
    struct reply reply;

    query(say("UPDATE tenants SET max_concurrent_calls = 1 WHERE tenant_key = '%s'",
              phony.customer.tenant));
    cr_assert_eq(
        order(&phony, agent, say("{\"to_number\":\"%s\"}", rings_on("+13125550276"))).status, 200);
    reply = order(&phony, agent, "{\"to_number\":\"+13125550277\"}");
    pho_refused(&reply, 429, "rate_limited");
    cr_expect(reply_header_of(&reply, "Retry-After"));
}

Test(phony_calls, are_ordered_by_active_agents_of_the_tenant_alone)
{
    struct phony phony = desk_new(), other = desk_new();
    const char *agent = agent_of(&phony);
    struct reply reply = order(&phony, agent_of(&other), "{\"to_number\":\"+13125550278\"}");

    pho_refused(&reply, 404, "not_found");
    pho_must(&phony, 200, "PUT", say("/api/agents/%s", agent), "{\"status\":\"inactive\"}");
    reply = order(&phony, agent, "{\"to_number\":\"+13125550278\"}");
    pho_refused(&reply, 409, "conflict");
}

Test(phony_calls, are_ordered_once_for_an_idempotency_key)
{
    struct phony phony = desk_new();
    const char *path = say("/api/agents/%s/call", agent_of(&phony));
    const char *body = say("{\"to_number\":\"%s\"}", rings_on("+13125550279"));
    struct reply first = ask("POST", path, phony.key, body, "Idempotency-Key: one");
    struct reply second = ask("POST", path, phony.key, body, "Idempotency-Key: one");

    cr_assert_eq(first.status, 200, "%ld %s", first.status, first.body);
    cr_expect_str_eq(second.body, first.body);
    cr_expect_eq(rows_of(&phony.customer, "calls"), 1);
}

Test(phony_calls, that_the_carrier_refuses_or_loses_are_not_available)
{
    struct phony phony = desk_new();
    const char *path = say("/api/agents/%s/call", agent_of(&phony));
    const char *account = customer_carrier(&phony.customer);
    struct reply reply;

    carrier_fails(account, "POST", "/Calls", "\"do\":\"status\",\"status\":403");
    reply = ask("POST", path, phony.key, "{\"to_number\":\"+13125550280\"}", NULL);
    pho_refused(&reply, 503, "unavailable");
    carrier_fails(account, "POST", "/Calls", "\"do\":\"lose\"");
    reply =
        ask("POST", path, phony.key, "{\"to_number\":\"+13125550281\"}", "Idempotency-Key: lost");
    pho_refused(&reply, 503, "unavailable");
    reply =
        ask("POST", path, phony.key, "{\"to_number\":\"+13125550281\"}", "Idempotency-Key: lost");
    cr_expect_eq(reply.status, 503, "%s", reply.body);
    cr_expect_eq(rows_of(&phony.customer, "calls"), 2, "what was lost is not ordered again");
}

/* ---- lists ---- */

/* A call of the tenant's agent that is over, begun at a time, as it would stand in the store. */
static const char *ended_call(const struct phony *phony, const char *when, const char *state,
                              const char *seconds)
{
    const char *sid = new_call_sid();

    query(say("INSERT INTO calls (tenant_id, id, call_sid, carrier, origin, direction, state,"
              " state_rank, agent_id, from_addr, to_addr, started_at, ended_at, duration_seconds,"
              " cost_micros, context, variables, metadata, created_at, updated_at) SELECT"
              " a.tenant_id, UNHEX(REPLACE(UUID(), '-', '')), '%s', 'sim', 'carrier', 'inbound',"
              " '%s', 90, a.id, '+13125550123', '+13125550124', '%s', '%s', %s, 52000, '{}', '{}',"
              " '{}', NOW(3), NOW(3) FROM agents a JOIN tenants t ON t.id = a.tenant_id WHERE"
              " t.tenant_key = '%s' LIMIT 1",
              sid, state, when, when, seconds, phony->customer.tenant));
    return sid;
}

static json_object *history(const struct phony *phony, const char *query)
{
    return pho_must(phony, 200, "GET", say("/api/calls/history%s", query), NULL).json;
}

Test(phony_calls, that_are_over_are_paged_newest_first)
{
    struct phony phony = phony_new();
    const char *first = ended_call(&phony, "2026-03-01 10:00:00", "completed", "240");
    const char *second = ended_call(&phony, "2026-03-02 10:00:00", "no_answer", "NULL");
    json_object *all = history(&phony, ""), *page = history(&phony, "?limit=1&offset=1");

    cr_expect_str_eq(at(all, "total"), "2");
    cr_expect_str_eq(at(all, "limit"), "100");
    cr_expect_str_eq(at(all, "offset"), "0");
    cr_expect_str_eq(at(all, "calls.0.call_sid"), second);
    cr_expect_str_eq(at(all, "calls.0.status"), "no_answer");
    cr_expect_str_eq(at(all, "calls.0.duration_seconds"), "0");
    cr_expect_str_eq(at(all, "calls.1.duration_seconds"), "240");
    cr_expect_str_eq(at(all, "calls.1.started_at"), "2026-03-01T10:00:00Z");
    cr_expect_str_eq(at(all, "calls.1.cost"), "0.052");
    cr_expect_str_eq(at(page, "calls.0.call_sid"), first);
    cr_expect_str_eq(at(page, "total"), "2");
    cr_expect_str_eq(at(page, "limit"), "1");
    cr_expect(!has(page, "calls.1"));
    cr_expect_eq(
        json_object_array_length(pho_must(&phony, 200, "GET", "/api/calls/active", NULL).json), 0u);
}

/* A day is the tenant's own: in New York the second of March begins at 05:00 UTC. */
Test(phony_calls, that_are_over_are_found_by_agents_and_dates)
{
    struct phony phony = phony_new();
    const char *other;

    query(say("UPDATE tenants SET timezone = 'America/New_York' WHERE tenant_key = '%s'",
              phony.customer.tenant));
    other = phony_agent_new(&phony, "outbound");
    ended_call(&phony, "2026-03-02 04:59:59", "completed", "1"); /* the first there */
    ended_call(&phony, "2026-03-02 05:00:00", "completed", "2");
    ended_call(&phony, "2026-03-03 04:59:59", "completed", "3");
    ended_call(&phony, "2026-03-03 05:00:00", "completed", "4");
    cr_expect_str_eq(at(history(&phony, "?start_date=2026-03-02&end_date=2026-03-02"), "total"),
                     "2");
    cr_expect_str_eq(at(history(&phony, "?end_date=2026-03-02T05:00:00Z"), "total"), "1",
                     "the end does not count");
    cr_expect_str_eq(at(history(&phony, "?start_date=2026-03-02T05:00:00Z"), "total"), "3");
    cr_expect_str_eq(at(history(&phony, "?start_date=2026-03-02T06:00:00+01:00"), "total"), "3");
    cr_expect_str_eq(at(history(&phony, say("?agent_id=%s", other)), "total"), "0");
    cr_expect_str_eq(at(history(&phony, "?agent_id=agent_nobody"), "total"), "0");
}

Test(phony_calls, lists_refuse_what_they_cannot_read)
{
    static const char *const wrongs[][2] = {
        {"start_date", "?start_date=yesterday"},
        {"end_date", "?end_date=2026-02-30"},
        {"limit", "?limit=0"},
        {"limit", "?limit=1001"},
        {"offset", "?offset=-1"},
    };
    struct phony phony = phony_new();

    for (size_t i = 0; i < COUNT_OF(wrongs); i++) {
        struct reply reply = pho(&phony, "GET", say("/api/calls/history%s", wrongs[i][1]), NULL);

        pho_refused(&reply, 400, "bad_request");
        pho_blamed(&reply, wrongs[i][0]);
    }
}

/* ---- context ---- */

Test(phony_calls, take_context_until_they_are_over)
{
    struct phony phony = desk_new(), other = phony_new();
    struct reply reply = order(
        &phony, agent_of(&phony),
        say("{\"to_number\":\"%s\",\"context\":{\"a\":1,\"b\":2}}", rings_on("+13125550282")));
    const char *sid = at(reply.json, "call_sid"), *path = say("/api/calls/%s/context", sid);

    cr_assert_eq(reply.status, 200, "%s", reply.body);
    reply = pho_must(&phony, 200, "PUT", path, "{\"context\":{\"a\":null,\"c\":{\"d\":3}}}");
    cr_expect_str_eq(at(reply.json, "message"), "Context updated successfully");
    cr_expect_str_eq(at(reply.json, "call_sid"), sid);
    cr_expect_str_eq(at(reply.json, "context.b"), "2");
    cr_expect_str_eq(at(reply.json, "context.c.d"), "3");
    cr_expect(!has(reply.json, "context.a"), "null takes a member away");
    cr_expect_str_eq(column_of(sid, "JSON_VALUE(context, '$.c.d')"), "3");
    cr_expect_eq(number_of(say("SELECT COUNT(*) FROM call_events e JOIN calls c ON c.id = e.call_id"
                               " WHERE c.call_sid = '%s' AND e.type = 'context.updated'",
                               sid)),
                 1);
    reply = pho(&other, "PUT", path, "{\"context\":{\"a\":1}}");
    pho_refused(&reply, 404, "not_found");
    control("CARRIER", "DELETE", say("/_calls/%s", sid), NULL);
    AWAIT(number_of(say("SELECT state_rank FROM calls WHERE call_sid = '%s'", sid)) == 90);
    reply = pho(&phony, "PUT", path, "{\"context\":{\"a\":1}}");
    pho_refused(&reply, 409, "conflict");
}

Test(phony_calls, take_context_that_is_an_object_of_some_size)
{
    struct phony phony = desk_new();
    struct reply reply =
        order(&phony, agent_of(&phony), say("{\"to_number\":\"%s\"}", rings_on("+13125550283")));
    const char *path = say("/api/calls/%s/context", at(reply.json, "call_sid"));
    const char *const wrongs[] = {"{}", "{\"context\":null}", "{\"context\":[]}", "[]",
                                  say("{\"context\":{\"a\":\"%*s\"}}", 33000, "")};

    for (size_t i = 0; i < COUNT_OF(wrongs); i++) {
        reply = pho(&phony, "PUT", path, wrongs[i]);
        pho_refused(&reply, 400, "bad_request");
    }
    pho_must(&phony, 200, "PUT", path, say("{\"context\":{\"a\":\"%*s\"}}", 20000, ""));
    reply = pho(&phony, "PUT", path, say("{\"context\":{\"b\":\"%*s\"}}", 20000, ""));
    pho_refused(&reply, 400, "bad_request");
    pho_blamed(&reply, "context");
}

/* ---- who may ---- */

static const struct operation {
    const char *method, *path, *body, *wrong_scope;
} operations[] = {
    {"GET", "/api/calls/active", NULL, "agents:read"},
    {"GET", "/api/calls/history", NULL, "agents:read"},
    {"POST", "/api/agents/agent_1/call", "{\"to_number\":\"+13125550123\"}", "calls:read"},
    {"PUT", "/api/calls/CA1/context", "{\"context\":{}}", "calls:read"},
    {"POST", "/api/override/text", "{\"call_sid\":\"CA1\",\"text\":\"Hi\"}", "calls:write"},
    {"POST", "/api/override/dtmf", "{\"call_sid\":\"CA1\",\"digit\":\"1\"}", "calls:write"},
    {"POST", "/api/override/transfer", "{\"call_sid\":\"CA1\",\"target\":\"+13125550123\"}",
     "calls:write"},
    {"POST", "/api/override/end", "{\"call_sid\":\"CA1\"}", "calls:write"},
    {"POST", "/api/override/clarification", "{\"call_sid\":\"CA1\",\"response\":\"Yes\"}",
     "calls:write"},
    {"GET", "/api/analytics/summary", NULL, "calls:read"},
    {"GET", "/api/analytics/agents/agent_1", NULL, "calls:read"},
};

Test(phony_calls, are_for_keys_of_their_scope_alone)
{
    struct phony phony = phony_new();

    for (size_t i = 0; i < COUNT_OF(operations); i++) {
        const struct operation *one = &operations[i];
        const char *key = phony_key(&phony.customer, say("\"%s\"", one->wrong_scope));
        struct reply reply = ask(one->method, one->path, NULL, one->body, NULL);

        pho_refused(&reply, 401, "unauthorized");
        reply = ask(one->method, one->path, key, one->body, NULL);
        pho_refused(&reply, 403, "forbidden");
        reply = ask(one->method, one->path, phony.customer.stateset, one->body, NULL);
        pho_refused(&reply, 401, "unauthorized");
    }
}

Test(phony_calls, are_asked_for_fifty_times_a_minute_at_most)
{
    struct phony phony = phony_new();
    struct reply reply = use_up_minute("/api/calls/active", phony.key);

    for (size_t i = 0; i < COUNT_OF(operations); i++) {
        reply = pho(&phony, operations[i].method, operations[i].path, operations[i].body);
        pho_refused(&reply, 429, "rate_limited");
        cr_expect(reply_header_of(&reply, "Retry-After"));
        cr_expect_str_eq(at(reply.json, "limit"), "50");
    }
}
