/*
 * The outward gate in conversations: what an agent's own tools dial and text with, and what it says
 * to that end, is tried with whom it may not reach; and who sits at a socket is no way out either.
 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "harness/harness.h"
#include "harness/websocket.h"
#include "stream/tools/builtins.h"

TestSuite(gate_of_tools, .timeout = 150);

static void must(struct reply reply)
{
    cr_assert(reply.status / 100 == 2, "%ld %s", reply.status, reply.body);
}

/* ---- a tenant whose agent may do all of it ---- */

static struct customer customer_with_tools(void)
{
    struct customer customer = customer_new();

    customer_number(&customer);
    customer_version(&customer, DESK ",\"enabled_tools\":[\"send_sms\",\"transfer_call\","
                                     "\"escalate_call_to_human\",\"send_tracking_sms\"]");
    return customer;
}

/* The last digits are the tenant's own number's, so that nobody else is called there. */
static const char *number_like(const struct customer *customer, const char *beginning)
{
    return say("%s%s", beginning, customer->number + 5);
}

/* ---- who is not reached ---- */

static void suppress(const struct customer *customer, const char *number)
{
    query(say("INSERT INTO suppressions (tenant_id, id, channel, address, source) SELECT id,"
              " UNHEX(REPLACE(UUID(), '-', '')), 'all', '%s', 'api' FROM tenants WHERE tenant_key ="
              " '%s'",
              number, customer->tenant));
}

static void exhaust(const struct customer *customer, const char *number)
{
    (void)number;
    must(admin("PUT", say("/api/v1/admin/tenants/%s/runtime-config", customer->tenant),
               "{\"outbound\":{\"daily_calls\":0,\"daily_messages\":0}}"));
}

static const struct reason {
    const char *name, *beginning;
    void (*set)(const struct customer *customer, const char *number);
    bool is_none;
} reasons[] = {
    {"a forbidden country", "+44207", NULL, false},
    {"a premium range", "+1900", NULL, false},
    {"a suppressed number", "+1815", suppress, false},
    {"an exhausted cap", "+1872", exhaust, false},
    {"somebody", "+1847", NULL, true},
};

enum { REASONS = sizeof reasons / sizeof *reasons };

/* ---- what came of it ---- */

static size_t orders_in(const char *log, const struct customer *customer, const char *to)
{
    json_object *all = control("CARRIER", "GET", log, NULL).json;
    size_t count = 0;

    cr_assert(json_object_is_type(all, json_type_array));
    for (size_t i = 0; i < json_object_array_length(all); i++) {
        json_object *one = json_object_array_get_idx(all, i);

        count += strcmp(at(one, "to"), to) == 0 || strcmp(at(one, "from"), customer->number) == 0;
    }
    return count;
}

static size_t orders(const struct customer *customer, const char *to)
{
    return orders_in("/_calls", customer, to) + orders_in("/_messages", customer, to);
}

static void hang_up(const char *call)
{
    control("CARRIER", "DELETE", say("/_calls/%s", call), NULL);
    call_ended(call);
}

/* ---- how an agent reaches somebody ---- */

/*
 * What the caller says, with whom to reach in it, and the tool that is run for it.  Callers
 * themselves are reached without being named.  Where nobody can be passed on to, a human may be
 * asked to call back instead, which is no failure.
 */
struct means {
    char name[44], tool[32], words[140];
    bool is_caller, has_other_end;
};

static struct means all_means[] = {
    {"a transfer", "transfer_call", "Use the tool transfer_call with {\"target\":\"%s\"}", false,
     false},
    {"a transfer that is said", "transfer_call", "Well [[transfer:%s]]", false, false},
    {"an escalation", "escalate_call_to_human",
     "Use the tool escalate_call_to_human with {\"target_number\":\"%s\"}", false, true},
    {"a text to the caller", "send_sms",
     "Use the tool send_sms with {\"body\":\"We open at nine.\"}", true, false},
    {"a text to somebody", "send_sms",
     "Use the tool send_sms with {\"body\":\"We open at nine.\",\"to\":\"%s\"}", false, false},
    {"a function's text", "send_tracking_sms",
     "Use the tool send_tracking_sms with {\"customer_phone\":\"%s\",\"carrier\":\"UPS\","
     "\"tracking_number\":\"1Z\"}",
     false, false},
};

/* One caller, for one reason. */
struct attempt {
    const struct reason *reason;
    struct customer customer;
    const char *to, *call;
};

static const char *with_whom(const char *words, const char *to)
{
    const char *place = strstr(words, "%s");

    return place ? say("%.*s%s%s", (int)(place - words), words, to, place + 2) : words;
}

static struct attempt attempt_begin(const struct means *means, const struct reason *reason)
{
    struct attempt attempt = {.reason = reason, .customer = customer_with_tools()};
    const char *words;

    attempt.to = number_like(&attempt.customer, reason->beginning);
    if (reason->set)
        reason->set(&attempt.customer, attempt.to);
    words = json_object_to_json_string(
        kept(json_object_new_string(with_whom(means->words, attempt.to))));
    attempt.call = call_place(
        &attempt.customer, means->is_caller ? attempt.to : number_like(&attempt.customer, "+1914"),
        say("[{\"wait_agent\":true},{\"say\":%s},{\"pause_ms\":90000}]", words));
    return attempt;
}

/* What a tool's one run ended with; "" while it has not. */
static const char *end_of(const struct customer *customer, const char *tool)
{
    return at(query(say("SELECT x.status FROM tool_invocations x JOIN tenants t ON t.id ="
                        " x.tenant_id WHERE t.tenant_key = '%s' AND x.tool_name = '%s' AND"
                        " x.status <> 'running'",
                        customer->tenant, tool)),
              "0.status");
}

static void attempt_end(const struct means *means, const struct attempt *attempt)
{
    const struct reason *reason = attempt->reason;
    const char *end;

    AWAIT(*(end = end_of(&attempt->customer, means->tool)));
    cr_expect_eq(strcmp(end, "ok") == 0, reason->is_none || means->has_other_end, "%s for %s: %s",
                 means->name, reason->name, end);
    if (reason->is_none)
        AWAIT(orders(&attempt->customer, attempt->to) > 0);
    hang_up(attempt->call);
    if (!reason->is_none)
        cr_expect_eq(orders(&attempt->customer, attempt->to), 0u, "%s reaches %s", means->name,
                     reason->name);
}

/* ---- and is kept back ---- */

ParameterizedTestParameters(gate_of_tools, keeps_agents_back)
{
    return cr_make_param_array(struct means, all_means, sizeof all_means / sizeof *all_means);
}

/* All reasons at once, each with a caller of its own. */
ParameterizedTest(struct means *means, gate_of_tools, keeps_agents_back)
{
    struct attempt attempts[REASONS];

    for (size_t i = 0; i < REASONS; i++)
        attempts[i] = attempt_begin(means, &reasons[i]);
    for (size_t i = 0; i < REASONS; i++)
        attempt_end(means, &attempts[i]);
}

/* ---- nothing is forgotten ---- */

static bool is_means(const char *tool)
{
    for (size_t i = 0; i < sizeof all_means / sizeof *all_means; i++)
        if (strcmp(all_means[i].tool, tool) == 0)
            return true;
    return false;
}

Test(gate_of_tools, is_asked_about_every_tool)
{
    static const char *const reaching_nobody[] = {
        "pause_recording",      "resume_recording", "end_call",
        "press_digits",         "request_user",     "create_callback_task",
        "check_business_hours", "switch_language"};
    const struct builtin *builtin;

    for (size_t i = 0; (builtin = builtin_at(i)); i++) {
        bool known = is_means(builtin->name);

        for (size_t j = 0; j < sizeof reaching_nobody / sizeof *reaching_nobody; j++)
            known = known || strcmp(reaching_nobody[j], builtin->name) == 0;
        cr_expect(known, "can %s dial or text?", builtin->name);
    }
}

/* ---- sockets ---- */

static const char *stream_of(const char *call)
{
    return at(query(say("SELECT s.stream_sid FROM voice_sessions s JOIN calls c ON c.tenant_id ="
                        " s.tenant_id AND c.id = s.call_id WHERE c.call_sid = '%s' AND s.state ="
                        " 'active'",
                        call)),
              "0.stream_sid");
}

/* Who asks for a call at a socket that tells of calls is let go. */
static void ask_at(const char *path, const char *key, const char *greeting, const char *frame)
{
    struct websocket ws = websocket_open(atoi(fact("STREAM_PORT")), path,
                                         key ? say("Authorization: Bearer %s\r\n", key) : "");

    cr_assert_eq(ws.status, 101, "%s: %d", path, ws.status);
    if (greeting)
        cr_assert(websocket_hear_with(&ws, greeting, 20), "%s closed with %d", path, ws.close_code);
    websocket_say(&ws, frame);
    cr_expect(websocket_closed(&ws, 20), "%s takes %s", path, frame);
    websocket_end(&ws);
}

static const char *monitor_of(const struct customer *customer, const char *stream)
{
    const char *const headers[] = {say("Authorization: Bearer %s", customer->stateset),
                                   "Content-Type: application/json", NULL};
    struct reply reply =
        http("POST", say("/api/v1/sessions/%s/actions/monitor", stream), headers, "{}");

    must(reply);
    return strstr(at(reply.json, "url"), "/monitor/ws");
}

Test(gate_of_tools, takes_no_orders_from_sockets)
{
    static const char *const types[] = {"transfer", "escalate", "call", "command"};
    struct customer customer = customer_with_tools();
    const char *phony = customer_key(&customer, "phony", "\"permissions\":[\"*\"]"), *stream;
    const char *to = number_like(&customer, "+1847");
    const char *call = call_place(&customer, number_like(&customer, "+1914"),
                                  "[{\"wait_agent\":true},{\"pause_ms\":90000}]");

    AWAIT_FOR(40, *(stream = stream_of(call)));
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        const char *frame = say("{\"type\":\"%s\",\"action\":\"transfer\",\"kind\":\"transfer\","
                                "\"call_sid\":\"%s\",\"stream_sid\":\"%s\",\"target\":\"%s\","
                                "\"to\":\"%s\"}",
                                types[i], call, stream, to, to);

        ask_at("/events/ws", phony, "ping", frame);
        ask_at(monitor_of(&customer, stream), NULL, "\"session\"", frame);
    }
    cr_expect_str_eq(stream_of(call), stream, "the call goes on");
    hang_up(call);
    cr_expect_eq(orders(&customer, to), 0u);
}
