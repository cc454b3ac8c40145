/*
 * What the agent does besides talking: its tenant's own tools, and the built-in ones, in whole
 * calls.
 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "domain/tool_definitions.h"
#include "harness/store.h"

#define ASKS(words) "[{\"wait_agent\":true},{\"say\":\"" words "\"},{\"wait_agent\":true}]"

struct shop {
    struct customer customer;
    struct work work;  /* with a connection to the stack's database, as the customer's tenant */
    const char *tools; /* the path of its tools at the receiver */
};

/* A tenant with a number, whose agent's document holds these members. */
static struct shop shop_with(const char *config)
{
    struct shop shop = {.customer = customer_new()};

    customer_number(&shop.customer);
    customer_version(&shop.customer, say(DESK ",%s", config));
    shop.work = customer_work(&shop.customer);
    shop.tools = say("/tools/%s", shop.customer.tenant);
    return shop;
}

static struct tool_definition tool_at(const struct shop *shop, const char *name)
{
    struct tool_definition tool;

    tool_begin(&tool);
    tool.name = name;
    tool.description = "Looks up an order";
    tool.url = say("http://127.0.0.1:%s%s/%s", fact("RECEIVER_PORT"), shop->tools, name);
    tool.parameters.json = "{\"type\":\"object\",\"properties\":{\"order_id\":{\"type\":"
                           "\"string\"}},\"required\":[\"order_id\"]}";
    return tool;
}

static void add_tool(struct shop *shop, struct tool_definition *tool)
{
    cr_assert(tool_create(&shop->work, tool, "a secret of the shop",
                          "{\"X-Shop\":\"the shop's own key\"}"),
              "%s", shop->work.error.message);
}

/* What the tool's address answers; "more" are further members of the order. */
static void tool_answers(const struct shop *shop, const char *name, const char *more)
{
    control("RECEIVER", "POST", "/_secret",
            say("{\"path\":\"%s\",\"header\":\"X-ThruAI-Signature\",\"secret\":\"a secret of the "
                "shop\"}",
                shop->tools));
    control("RECEIVER", "POST", "/_tool", say("{\"path\":\"%s/%s\",%s}", shop->tools, name, more));
}

static json_object *requests_to(const struct shop *shop)
{
    struct reply reply =
        control("RECEIVER", "GET", say("/_log?after=0&path=%s", shop->tools), NULL);
    json_object *entries;

    cr_assert(json_object_object_get_ex(reply.json, "entries", &entries));
    return entries;
}

static const char *transcript(const struct shop *shop, const char *sid)
{
    return kwick(&shop->customer, "GET", say("/v1/calls/%s/transcript", sid), NULL).body;
}

/* The one run of a tool in the shop's calls, once it has ended. */
static json_object *run_of(const struct shop *shop, const char *name)
{
    const char *sql = say("SELECT status, error, http_status, via, tool_id IS NOT NULL AS own,"
                          " CAST(arguments AS CHAR) AS arguments, CAST(result AS CHAR) AS result"
                          " FROM tool_invocations WHERE tenant_id = %lld AND tool_name = '%s'",
                          (long long)shop->work.tenant, name);
    json_object *rows;

    AWAIT((rows = query(sql)) && json_object_array_length(rows) > 0 &&
          strcmp(at(rows, "0.status"), "running") != 0);
    cr_expect_eq(json_object_array_length(rows), 1u);
    return json_object_array_get_idx(rows, 0);
}

static int64_t count_of(const struct shop *shop, const char *table, const char *where)
{
    return atoi(at(query(say("SELECT COUNT(*) AS n FROM %s WHERE tenant_id = %lld AND %s", table,
                             (long long)shop->work.tenant, where)),
                   "0.n"));
}

/* ---- tools of the tenant ---- */

Test(tools, of_a_tenant_are_asked_with_a_signature_and_their_answer_is_spoken, .timeout = 120)
{
    struct shop shop = shop_with("\"enabled_tools\":[\"get_order\",\"end_call\"]");
    struct tool_definition tool = tool_at(&shop, "get_order");
    json_object *asked, *row;
    const char *sid;

    tool.response_path = "order.status";
    add_tool(&shop, &tool);
    tool_answers(&shop, "get_order",
                 "\"body\":\"{\\\"order\\\":{\\\"status\\\":\\\"It has left\\\"}}\"");
    sid = call_place(&shop.customer, "+13125550123",
                     ASKS("Use the tool get_order with {\\\"order_id\\\":\\\"A12\\\"}"));
    call_ended(sid);
    call_settled(&shop.customer, sid);

    asked = requests_to(&shop);
    cr_assert_eq(json_object_array_length(asked), 1u, "once");
    cr_expect_str_eq(at(asked, "0.signature"), "valid");
    cr_expect_str_eq(at(asked, "0.method"), "POST");
    cr_expect(strstr(at(asked, "0.body"), "\"arguments\":{\"order_id\":\"A12\"}"), "%s",
              at(asked, "0.body"));
    cr_expect(strstr(at(asked, "0.body"), "\"from\":\"+13125550123\""));
    row = run_of(&shop, "get_order");
    cr_expect_str_eq(at(row, "status"), "ok");
    cr_expect_str_eq(at(row, "http_status"), "200");
    cr_expect_str_eq(at(row, "own"), "1");
    cr_expect_str_eq(at(row, "result"), "\"It has left\"");
    cr_expect(strstr(transcript(&shop, sid), "The tool says: It has left"), "%s",
              transcript(&shop, sid));
    cr_expect_eq(count_of(&shop, "call_events", "type = 'tool.started'"), 1);
    cr_expect_eq(count_of(&shop, "call_events", "type = 'tool.finished'"), 1);
}

/* It never answers; the agent says its phrase, hears the caller and gives the tool up. */
Test(tools, that_hang_are_bridged_with_a_phrase_and_given_up, .timeout = 120)
{
    struct shop shop = shop_with("\"enabled_tools\":[\"get_order\"]");
    struct tool_definition tool = tool_at(&shop, "get_order");
    const char *sid, *said;

    tool.timeout_seconds = 6;
    tool.speak_during = "One moment, I am looking.";
    add_tool(&shop, &tool);
    control("RECEIVER", "POST", "/_fault",
            say("{\"match\":{\"path\":\"%s\"},\"do\":\"stall\"}", shop.tools));
    sid = call_place(&shop.customer, "+13125550123",
                     "[{\"wait_agent\":true},{\"say\":\"Call tool get_order with "
                     "{\\\"order_id\\\":\\\"A12\\\"}\"},{\"wait_text\":\"I am looking\"},"
                     "{\"say\":\"Is anybody there\"},{\"wait_text\":\"You said\"},"
                     "{\"wait_text\":\"did not answer in time\"}]");
    call_ended(sid);
    call_settled(&shop.customer, sid);
    said = transcript(&shop, sid);
    cr_expect(strstr(said, "One moment, I am looking."), "%s", said);
    cr_expect(strstr(said, "You said: Is anybody there"), "the caller is answered meanwhile");
    cr_expect(strstr(said, "did not answer in time"));
    cr_expect_str_eq(at(run_of(&shop, "get_order"), "status"), "timeout");
}

Test(tools, at_private_addresses_are_not_reached_by_redirects_either, .timeout = 120)
{
    struct shop shop = shop_with("\"enabled_tools\":[\"get_order\"]");
    struct tool_definition tool = tool_at(&shop, "get_order"), hidden = tool_at(&shop, "hidden");
    json_object *row;
    const char *sid;

    hidden.url = say("http://127.0.0.1:%s/private", fact("CARRIER_PORT"));
    cr_expect_not(tool_create(&shop.work, &hidden, NULL, NULL), "it cannot even be made");
    add_tool(&shop, &tool);
    tool_answers(
        &shop, "get_order",
        say("\"status\":307,\"location\":\"http://127.0.0.1:%s/private\"", fact("CARRIER_PORT")));
    sid = call_place(&shop.customer, "+13125550123",
                     ASKS("Call tool get_order with {\\\"order_id\\\":\\\"A12\\\"}"));
    call_ended(sid);
    row = run_of(&shop, "get_order");
    cr_expect_str_eq(at(row, "status"), "rejected");
    cr_expect(strstr(at(row, "error"), "not public"), "%s", at(row, "error"));
}

Test(tools, that_fail_or_are_called_wrongly_tell_the_model_why, .timeout = 120)
{
    struct shop shop = shop_with("\"enabled_tools\":[\"get_order\"]");
    struct tool_definition tool = tool_at(&shop, "get_order");
    const char *sid, *said;

    add_tool(&shop, &tool);
    tool_answers(&shop, "get_order",
                 "\"status\":500,\"body\":\"out of order\",\"type\":\"text/plain\"");
    sid = call_place(&shop.customer, "+13125550123",
                     "[{\"wait_agent\":true},{\"say\":\"Call tool get_order with {}\"},"
                     "{\"wait_text\":\"order_id is missing\"},{\"say\":\"Call tool get_order with "
                     "{\\\"order_id\\\":\\\"A12\\\"}\"},{\"wait_text\":\"out of order\"}]");
    call_ended(sid);
    call_settled(&shop.customer, sid);
    said = transcript(&shop, sid);
    cr_expect(strstr(said, "order_id is missing"), "%s", said);
    cr_expect(strstr(said, "HTTP status 500"), "%s", said);
    cr_expect_eq(json_object_array_length(requests_to(&shop)), 1u, "the wrong one never left");
}

/* ---- built-in ones ---- */

Test(tools, of_our_own_pass_the_caller_on, .timeout = 120)
{
    struct shop shop = shop_with("\"enabled_tools\":[\"transfer_call\"],\"transfer_settings\":{"
                                 "\"departments\":{\"Sales\":\"+13125550177\"}}");
    json_object *carrier;
    const char *sid;

    somebody_on("+13125550177", "\"answer_after_ms\":200,\"script\":[{\"say\":\"Sales here\"},"
                                "{\"pause_ms\":500},{\"hangup\":true}]");
    sid = call_place(&shop.customer, "+13125550123",
                     "[{\"wait_agent\":true},{\"say\":\"Use the tool transfer_call with "
                     "{\\\"target\\\":\\\"sales\\\"}\"},{\"wait_text\":\"Sales here\"}]");
    carrier = call_ended(sid);
    cr_expect(strstr(json_object_to_json_string(carrier), "Sales here"), "%s",
              json_object_to_json_string(carrier));
    cr_expect_str_eq(at(run_of(&shop, "transfer_call"), "status"), "ok");
    cr_expect_eq(count_of(&shop, "handoffs", "target = '+13125550177' AND initiated_by = 'ai'"), 1);
    cr_expect_eq(count_of(&shop, "voice_sessions", "result = 'transferred'"), 1);
}

Test(tools, of_our_own_send_a_text_message_once, .timeout = 120)
{
    struct shop shop = shop_with("\"enabled_tools\":[\"send_sms\"]");
    const char *sid;

    sid = call_place(&shop.customer, "+13125550123",
                     ASKS("Use the tool send_sms with {\\\"body\\\":\\\"We open at nine.\\\"}"));
    call_ended(sid);
    cr_expect_str_eq(at(run_of(&shop, "send_sms"), "status"), "ok");
    AWAIT(count_of(&shop, "sms_messages", "message_sid IS NOT NULL") == 1);
    cr_expect(strstr(control("CARRIER", "GET", "/_messages", NULL).body, shop.customer.number));
}

Test(tools, of_our_own_note_that_somebody_must_call_back, .timeout = 120)
{
    struct shop shop = shop_with("\"voice\":\"cedar\"");
    const char *sid;

    sid = call_place(&shop.customer, "+13125550123",
                     ASKS("Use the tool create_callback_task with "
                          "{\\\"summary\\\":\\\"about an invoice\\\"}"));
    call_ended(sid);
    cr_expect_str_eq(at(run_of(&shop, "create_callback_task"), "status"), "ok");
    cr_expect_eq(count_of(&shop, "callback_tasks",
                          "summary = 'about an invoice' AND customer_phone = '+13125550123' AND"
                          " disposition = 'callback_requested'"),
                 1);
}

Test(tools, of_our_own_know_that_nobody_is_there_when_it_is_closed, .timeout = 120)
{
    struct shop shop = shop_with("\"timezone\":\"Europe/Berlin\",\"business_hours\":{}");
    const char *sid;

    sid = call_place(&shop.customer, "+13125550123",
                     ASKS("Use the tools check_business_hours and escalate_call_to_human"));
    call_ended(sid);
    cr_expect(strstr(at(run_of(&shop, "check_business_hours"), "result"), "\"open\":false") ||
              strstr(at(run_of(&shop, "check_business_hours"), "result"), "\"open\": false"));
    cr_expect_eq(count_of(&shop, "callback_tasks", "disposition = 'human_follow_up_required'"), 1,
                 "escalating is a task then");
}

Test(tools, of_our_own_press_keys_that_the_other_side_hears, .timeout = 120)
{
    struct shop shop = shop_with("\"enabled_tools\":[\"press_digits\"]");
    json_object *carrier;
    const char *sid;

    sid = call_place(&shop.customer, "+13125550123",
                     "[{\"wait_agent\":true},{\"say\":\"Use the tool press_digits with "
                     "{\\\"digits\\\":\\\"1590#\\\"}\"},{\"wait_text\":\"One moment\"},"
                     "{\"pause_ms\":2500},{\"say\":\"Call tool press_digits with "
                     "{\\\"digits\\\":\\\"44w2*\\\"}\"},{\"pause_ms\":3000}]");
    carrier = call_ended(sid);
    cr_expect_str_eq(at(carrier, "streams.0.keys"), "1590#442*");
    cr_expect(strstr(json_object_to_json_string(carrier), "One moment, please."),
              "what it said meanwhile was understood");
    cr_expect_eq(json_object_array_length(json_object_object_get(carrier, "streams")), 1u,
                 "the stream was not begun anew");
}
