/*
 * The functions that StateSet's clients may list and run by hand.
 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "api/api.h"
#include "domain/tool_definitions.h"
#include "harness/store.h"

TestSuite(stateset_functions, .timeout = 60);

static struct reply test(const struct customer *customer, const char *body)
{
    return ask("POST", "/test-function", customer->stateset, body, NULL);
}

/* A tool of the tenant's own, at the receiver, which answers that an order was shipped. */
static void own_tool(const struct customer *customer, const char *path, int status)
{
    struct work work = customer_work(customer);
    struct tool_definition tool;
    struct reply reply;

    reply = control("RECEIVER", "POST", "/_tool",
                    say("{\"path\":\"%s\",\"status\":%d,\"body\":\"{\\\"order\\\":{\\\"status\\\":"
                        "\\\"shipped\\\"}}\",\"type\":\"application/json\"}",
                        path, status));
    cr_assert_lt(reply.status, 300, "%s", reply.body);
    tool_begin(&tool);
    tool.name = "get_order";
    tool.description = "Look up an order";
    tool.url = say("http://127.0.0.1:%s%s", fact("RECEIVER_PORT"), path);
    tool.parameters.json = "{\"type\":\"object\",\"properties\":{\"order_id\":{\"type\":"
                           "\"string\"}},\"required\":[\"order_id\"]}";
    cr_assert(tool_create(&work, &tool, "whsec_tool", NULL), "%s", work.error.message);
}

Test(stateset_functions, are_listed_with_the_tenants_own)
{
    struct customer customer = customer_new(), other = customer_new();
    struct reply reply, theirs;

    own_tool(&customer, say("/t/%s", customer.tenant), 200);
    reply = ask("GET", "/tools", customer.stateset, NULL, NULL);
    theirs = ask("GET", "/tools", other.stateset, NULL, NULL);
    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect(strstr(reply.body, "\"send_tracking_sms\""));
    cr_expect(strstr(reply.body, "\"get_order\""));
    cr_expect_null(strstr(theirs.body, "\"get_order\""));
    cr_expect_str_eq(at(reply.json, "tools.0.definition.type"), "function");
    cr_expect_str_eq(at(reply.json, "tools.0.definition.name"), at(reply.json, "tools.0.name"));
    cr_expect(has(reply.json, say("tools.%d", atoi(at(reply.json, "count")) - 1)));
    cr_expect_eq(ask("GET", "/tools", NULL, NULL, NULL).status, 401);
}

Test(stateset_functions, of_a_tenant_run_at_its_address)
{
    struct customer customer = customer_new();
    struct reply reply;

    own_tool(&customer, say("/t/%s", customer.tenant), 200);
    reply = test(&customer, "{\"name\":\"get_order\",\"args\":{\"order_id\":\"12345\"}}");
    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect_str_eq(at(reply.json, "ok"), "true");
    cr_expect_str_eq(at(reply.json, "result.order.status"), "shipped");
    cr_expect_eq(rows_of(&customer, "tool_invocations"), 1);
    reply = test(&customer, "{\"name\":\"get_order\",\"args\":{}}");
    is_not_ok(&reply, 500, "order_id");
}

Test(stateset_functions, that_fail_say_so)
{
    struct customer customer = customer_new();
    struct reply reply;

    own_tool(&customer, say("/t/%s", customer.tenant), 503);
    reply = test(&customer, "{\"name\":\"get_order\",\"args\":{\"order_id\":\"12345\"}}");
    is_not_ok(&reply, 500, "503");
    reply = test(&customer, "{\"name\":\"nothing\",\"args\":{}}");
    is_not_ok(&reply, 500, "Function not found: nothing");
    reply = test(&customer, "{\"name\":\"get_voice_session_eval\",\"args\":{}}");
    is_not_ok(&reply, 500, "session_id");
    reply = test(&customer, "{\"name\":\"send_tracking_sms\",\"args\":[]}");
    is_not_ok(&reply, 500, "object");
    reply = test(&customer, "{}");
    is_not_ok(&reply, 400, "name");
    reply = ask("POST", "/test-function", NULL, "{}", NULL);
    is_not_ok(&reply, 401, "");
    cr_expect_str_eq(at(reply.json, "code"), "UNAUTHORIZED");
}

/* A session that the tenant brought in, by the name that it had there. */
static void bring_in(const struct customer *customer, const char *stream)
{
    struct reply reply = ask("POST", "/api/v1/voice-sessions", customer->stateset,
                             say("{\"stream_id\":\"%s\",\"customer_phone\":\"+13125550149\","
                                 "\"transcript\":[{\"role\":\"user\",\"content\":\"A human!\"}]}",
                                 stream),
                             NULL);

    cr_assert_eq(reply.status, 201, "%ld %s", reply.status, reply.body);
}

Test(stateset_functions, act_on_the_session_of_the_context)
{
    struct customer customer = customer_new();
    struct reply reply;

    bring_in(&customer, "desk-7");
    reply = test(&customer, "{\"name\":\"evaluate_escalation_need\",\"args\":{},\"context\":{"
                            "\"session_id\":\"desk-7\"}}");
    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect_str_eq(at(reply.json, "result.should_escalate"), "true");
    cr_expect_str_eq(at(reply.json, "result.reasons.0"), "explicit_request");
    reply = test(&customer, "{\"name\":\"record_voice_session_eval\",\"args\":{\"score\":0.5},"
                            "\"context\":{\"session_id\":\"desk-7\"}}");
    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    reply =
        ask("GET", "/api/v1/voice-session-evals/by-session/desk-7", customer.stateset, NULL, NULL);
    cr_expect_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect_str_eq(at(reply.json, "score"), "0.5");
    cr_expect_str_eq(at(reply.json, "stream_id"), "desk-7");
    reply = test(&customer, "{\"name\":\"get_voice_session_eval\",\"args\":{},\"context\":{"
                            "\"session_id\":\"desk-8\"}}");
    is_not_ok(&reply, 500, "");
}

Test(stateset_functions, act_on_the_customer_of_the_context)
{
    struct customer customer = customer_new();
    struct reply reply;

    customer_number(&customer);
    reply = test(&customer, "{\"name\":\"send_post_call_survey_sms\",\"args\":{\"survey_url\":"
                            "\"https://a.example\"},\"context\":{\"customer_phone\":"
                            "\"+13125550149\"}}");
    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect_str_eq(at(reply.json, "result.to"), "+13125550149");
    cr_expect_str_eq(text_of(say("SELECT i.via FROM tool_invocations i JOIN tenants t ON t.id ="
                                 " i.tenant_id WHERE t.tenant_key = '%s'",
                                 customer.tenant)),
                     "test");
}
