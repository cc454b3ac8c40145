/*
 * The outward gate in conversations: what an agent's own tools dial and text with is tried with
 * whom it may not reach.
 */
#include <string.h>

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "harness/harness.h"

TestSuite(gate_of_tools, .timeout = 150);

static void must(struct reply reply)
{
    cr_assert(reply.status / 100 == 2, "%ld %s", reply.status, reply.body);
}

/* ---- a tenant whose agent may do both ---- */

static struct customer customer_with_tools(void)
{
    struct customer customer = customer_new();
    const char *versions = say("/api/v1/admin/tenants/%s/agent-versions", customer.tenant);
    struct reply reply;

    customer_number(&customer);
    reply = admin("POST", versions,
                  say("{\"agent_id\":\"%s\",\"config\":{\"greeting\":\"Hello, this is the desk.\","
                      "\"instructions\":\"Be brief.\",\"enabled_tools\":[\"send_sms\","
                      "\"transfer_call\"]}}",
                      customer.agent_id));
    must(reply);
    must(admin("POST", say("%s/%s/publish", versions, at(reply.json, "version.id")), NULL));
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

/* What a tool's one run ended with. */
static const char *end_of(const struct customer *customer, const char *tool)
{
    json_object *rows;

    AWAIT((rows = query(say("SELECT x.status FROM tool_invocations x JOIN tenants t ON t.id ="
                            " x.tenant_id WHERE t.tenant_key = '%s' AND x.tool_name = '%s' AND"
                            " x.status <> 'running'",
                            customer->tenant, tool))) &&
          json_object_array_length(rows) == 1);
    return at(rows, "0.status");
}

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

/* A caller whose agent uses a tool; without "caller_like" the caller is who is reached, without a
   "value" he is who is named. */
static void uses(const struct reason *reason, const char *tool, const char *caller_like,
                 const char *argument, const char *value)
{
    struct customer customer = customer_with_tools();
    const char *to = number_like(&customer, reason->beginning);
    const char *caller = caller_like ? number_like(&customer, caller_like) : to;
    const char *call;

    if (reason->set)
        reason->set(&customer, to);
    call = call_place(&customer, caller,
                      say("[{\"wait_agent\":true},{\"say\":\"Use the tool %s with "
                          "{\\\"%s\\\":\\\"%s\\\"}\"},{\"pause_ms\":90000}]",
                          tool, argument, value ? value : to));
    cr_expect_eq(strcmp(end_of(&customer, tool), "ok") == 0, reason->is_none, "%s for %s: %s", tool,
                 reason->name, end_of(&customer, tool));
    if (reason->is_none)
        AWAIT(orders(&customer, to) > 0);
    hang_up(call);
    if (!reason->is_none)
        cr_expect_eq(orders(&customer, to), 0u, "%s reaches %s", tool, reason->name);
}

/* ---- and is ---- */

/* A test runs in a process of its own, where functions lie elsewhere: it is told a number. */
ParameterizedTestParameters(gate_of_tools, lets_agents_pass_nobody_on)
{
    static size_t numbers[REASONS];

    for (size_t i = 0; i < REASONS; i++)
        numbers[i] = i;
    return cr_make_param_array(size_t, numbers, REASONS);
}

ParameterizedTest(size_t *number, gate_of_tools, lets_agents_pass_nobody_on)
{
    uses(&reasons[*number], "transfer_call", "+1914", "target", NULL);
}

ParameterizedTestParameters(gate_of_tools, lets_agents_write_to_nobody)
{
    static size_t numbers[REASONS];

    for (size_t i = 0; i < REASONS; i++)
        numbers[i] = i;
    return cr_make_param_array(size_t, numbers, REASONS);
}

/* Only callers are written to. */
ParameterizedTest(size_t *number, gate_of_tools, lets_agents_write_to_nobody)
{
    uses(&reasons[*number], "send_sms", NULL, "body", "We open at nine.");
}
