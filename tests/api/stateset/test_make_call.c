/*
 * Calls that a client of StateSet's API orders.
 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "api/api.h"

TestSuite(stateset_make_call, .timeout = 120);

static struct reply make(const struct customer *customer, const char *body, const char *header)
{
    return ask("POST", "/api/v1/make-call", customer->stateset, body, header);
}

static long long calls_of(const struct customer *customer)
{
    return rows_of(customer, "calls");
}

Test(stateset_make_call, orders_at_the_carrier_from_the_tenants_number)
{
    struct customer customer = customer_new();
    struct reply reply, carrier;

    customer_number(&customer);
    reply = make(&customer, say("{\"to\":\"%s\"}", rings_on("+13125550170")), NULL);
    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect_str_eq(at(reply.json, "ok"), "true");
    cr_expect_str_eq(at(reply.json, "status"), "queued");
    cr_expect_str_eq(at(reply.json, "to"), "+13125550170");
    cr_expect_str_eq(at(reply.json, "from"), customer.number);
    carrier = control("CARRIER", "GET", say("/_calls/%s", at(reply.json, "call_sid")), NULL);
    cr_expect_eq(carrier.status, 200, "%s", carrier.body);
    cr_expect(strstr(carrier.body, "+13125550170"), "%s", carrier.body);
    cr_expect_str_eq(column_of(at(reply.json, "call_sid"), "origin"), "stateset");
}

Test(stateset_make_call, reads_numbers_as_people_of_the_tenants_country_write_them)
{
    struct customer customer = customer_new();
    struct reply reply;

    customer_number(&customer);
    rings_on("+13125550168");
    reply = make(&customer, "{\"to\":\"(312) 555-0168\"}", NULL);
    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect_str_eq(at(reply.json, "to"), "+13125550168");
    cr_assert_eq(
        admin("PUT", admin_path(&customer, "/runtime-config"), "{\"country\":\"GB\"}").status, 200);
    reply = make(&customer, "{\"to\":\"(312) 555-0168\"}", NULL);
    is_not_ok(&reply, 400, "");
    reply = ask("GET", "/api/v1/call-logs?to_number=0013125550168", customer.stateset, NULL, NULL);
    cr_expect_str_eq(at(reply.json, "count"), "1", "%s", reply.body);
}

Test(stateset_make_call, says_when_to_come_back_when_too_many_calls_are_on)
{
    struct customer customer = customer_new();
    struct reply reply;

    customer_number(&customer);
    cr_assert_eq(admin("PUT", admin_path(&customer, "/runtime-config"),
                       "{\"limits\":{\"max_concurrent_calls\":0}}")
                     .status,
                 200);
    reply = make(&customer, "{\"to\":\"+13125550169\"}", NULL);
    is_not_ok(&reply, 429, "calls");
    cr_expect_gt(atoi(reply_header_of(&reply, "Retry-After")), 0);
    cr_expect_eq(calls_of(&customer), 0);
}

Test(stateset_make_call, promises_nothing_when_the_cap_of_a_day_is_reached)
{
    struct customer customer = customer_new();
    struct reply reply;

    customer_number(&customer);
    cr_assert_eq(
        admin("PUT", admin_path(&customer, "/runtime-config"), "{\"outbound\":{\"daily_calls\":0}}")
            .status,
        200);
    reply = make(&customer, "{\"to\":\"+13125550169\"}", NULL);
    is_not_ok(&reply, 429, "cap");
    cr_expect_null(reply_header_of(&reply, "Retry-After"));
    cr_expect_eq(calls_of(&customer), 0);
}

Test(stateset_make_call, takes_the_agent_the_greeting_and_the_unit_that_are_named)
{
    struct customer customer = customer_new();
    struct reply reply;
    const char *sid;

    customer_number(&customer);
    reply = make(&customer,
                 say("{\"to\":\"%s\",\"from\":\"%s\",\"agent_version_id\":\"%s\",\"agent_key\":"
                     "\"nobody\",\"agent_name\":\"Reminder\",\"greeting\":\"Hi, Acme Dental.\","
                     "\"org_id\":\"org-456\"}",
                     rings_on("+13125550171"), customer.number, customer.agent_version_id),
                 NULL);
    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    sid = at(reply.json, "call_sid");
    cr_expect_str_eq(column_of(sid, "agent_name"), "Reminder");
    cr_expect_str_eq(column_of(sid, "org_ref"), "org-456");
    cr_expect_str_eq(column_of(sid, "LOWER(HEX(agent_version_id))"),
                     text_of(say("SELECT REPLACE('%s', '-', '')", customer.agent_version_id)));
    cr_expect_str_eq(
        text_of(say("SELECT s.greeting FROM voice_sessions s JOIN calls c ON c.id = s.call_id"
                    " WHERE c.call_sid = '%s'",
                    sid)),
        "Hi, Acme Dental.");
}

Test(stateset_make_call, takes_the_published_version_of_the_agent_that_is_named)
{
    struct customer customer = customer_new();
    struct reply reply;
    const char *key;

    customer_number(&customer);
    key = text_of(say("SELECT a.agent_key FROM agents a JOIN tenants t ON t.id = a.tenant_id WHERE"
                      " t.tenant_key = '%s'",
                      customer.tenant));
    reply = make(&customer,
                 say("{\"to\":\"%s\",\"agent_key\":\"%s\"}", rings_on("+13125550172"), key), NULL);
    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect_str_eq(column_of(at(reply.json, "call_sid"), "LOWER(HEX(agent_version_id))"),
                     text_of(say("SELECT REPLACE('%s', '-', '')", customer.agent_version_id)));
}

struct wrong {
    char body[160], word[24];
};

ParameterizedTestParameters(stateset_make_call, orders_nothing)
{
    static struct wrong wrongs[] = {
        {"{}", "to"},
        {"{\"to\":\"nobody\"}", "to"},
        {"{\"to\":5}", "to"},
        {"{\"to\":\"+13125550173\",\"agent_key\":\"nobody\"}", "agent"},
        {"{\"to\":\"+13125550173\",\"agent_version_id\":\"nothing\"}", "version"},
        {"{\"to\":\"+13125550173\",\"from\":\"+13125550100\"}", ""},
        {"{\"to\":\"+88213125550\"}", ""},
        {"{\"to\":\"+442079460000\"}", ""},
        {"not json", ""},
    };

    return cr_make_param_array(struct wrong, wrongs, COUNT_OF(wrongs));
}

ParameterizedTest(struct wrong *given, stateset_make_call, orders_nothing)
{
    struct customer customer = customer_new();
    struct reply reply;

    customer_number(&customer);
    reply = make(&customer, given->body, NULL);
    is_not_ok(&reply, 400, given->word);
    cr_expect_eq(calls_of(&customer), 0);
}

Test(stateset_make_call, reaches_no_agent_and_no_number_of_another_tenant)
{
    struct customer customer = customer_new(), other = customer_new();
    struct reply reply;

    customer_number(&customer);
    customer_number(&other);
    reply = make(
        &customer,
        say("{\"to\":\"+13125550174\",\"agent_version_id\":\"%s\"}", other.agent_version_id), NULL);
    is_not_ok(&reply, 400, "version");
    reply = make(&customer, say("{\"to\":\"+13125550174\",\"from\":\"%s\"}", other.number), NULL);
    is_not_ok(&reply, 400, "");
    cr_expect_eq(calls_of(&customer), 0);
}

Test(stateset_make_call, needs_a_key)
{
    struct reply reply = ask("POST", "/api/v1/make-call", NULL, "{\"to\":\"+13125550175\"}", NULL);

    cr_expect_eq(reply.status, 401);
    cr_expect_str_eq(at(reply.json, "code"), "UNAUTHORIZED", "%s", reply.body);
    cr_expect_str_eq(at(reply.json, "success"), "false");
}

Test(stateset_make_call, calls_once_for_an_idempotency_key)
{
    struct customer customer = customer_new();
    const char *body = say("{\"to\":\"%s\"}", rings_on("+13125550176"));
    struct reply first, second;

    customer_number(&customer);
    first = make(&customer, body, "Idempotency-Key: reminder-1");
    second = make(&customer, body, "Idempotency-Key: reminder-1");
    cr_assert_eq(first.status, 200, "%ld %s", first.status, first.body);
    cr_expect_str_eq(second.body, first.body);
    cr_expect_eq(calls_of(&customer), 1);
}

Test(stateset_make_call, says_when_the_carrier_refuses)
{
    struct customer customer = customer_new();
    struct reply reply;
    const char *account;

    customer_number(&customer);
    account = customer_carrier(&customer);
    carrier_fails(account, "POST", "/Calls", "\"do\":\"status\",\"status\":403");
    reply = make(&customer, "{\"to\":\"+13125550177\"}", NULL);
    is_not_ok(&reply, 500, "carrier");
    cr_expect_str_eq(text_of(say("SELECT c.state FROM calls c JOIN tenants t ON t.id = c.tenant_id"
                                 " WHERE t.tenant_key = '%s'",
                                 customer.tenant)),
                     "failed");
}

Test(stateset_make_call, names_a_call_whose_order_got_no_answer_and_never_orders_it_again)
{
    struct customer customer = customer_new();
    struct reply reply, again;
    const char *account;

    customer_number(&customer);
    account = customer_carrier(&customer);
    carrier_fails(account, "POST", "/Calls", "\"do\":\"lose\"");
    reply = make(&customer, "{\"to\":\"+13125550178\"}", "Idempotency-Key: lost-1");
    is_not_ok(&reply, 503, "carrier");
    cr_expect_str_eq(at(reply.json, "status"), "created", "%s", reply.body);
    cr_expect_str_eq(column_of(at(reply.json, "call_sid"), "error_code"), "order_unknown");
    again = make(&customer, "{\"to\":\"+13125550178\"}", "Idempotency-Key: lost-1");
    cr_expect_str_eq(again.body, reply.body);
    cr_expect_eq(calls_of(&customer), 1);
}

Test(stateset_make_call, is_known_by_its_old_path)
{
    struct customer customer = customer_new();
    struct reply reply;

    customer_number(&customer);
    reply = ask("POST", "/make-call", customer.stateset,
                say("{\"to\":\"%s\"}", rings_on("+13125550179")), NULL);
    cr_expect_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect_str_eq(reply_header_of(&reply, "Deprecation"), "true");
}
