/*
 * The outward gate: whatever an API can dial or text with is tried with whom it may not reach, and
 * the carrier gets no order.  Each way is tried with somebody it may reach as well, whom the
 * carrier is then asked to reach.  No operation is forgotten: what is neither a way out nor known
 * to reach nobody fails the test.
 */
#include <string.h>

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "api/gate_ways.h"
#include "api/operations.h"
#include "domain/functions.h"
#include "fcgi/callback/callback.h"

TestSuite(gate_of_all, .timeout = 150);

static void must(struct reply reply)
{
    cr_assert(reply.status / 100 == 2, "%ld %s", reply.status, reply.body);
}

/* ---- who is not reached ---- */

static const char *const reasons[REASONS] = {"somebody",         "a forbidden country",
                                             "a premium range",  "a suppressed number",
                                             "an exhausted cap", "a foreign number to call from"};

static void suppress(const struct desk *desk, const char *number)
{
    query(say("INSERT INTO suppressions (tenant_id, id, channel, address, source) SELECT id,"
              " UNHEX(REPLACE(UUID(), '-', '')), 'all', '%s', 'api' FROM tenants WHERE tenant_key ="
              " '%s'",
              number, desk->customer->tenant));
}

static void exhaust(const struct desk *desk)
{
    must(admin("PUT", admin_path(desk->customer, "/runtime-config"),
               "{\"outbound\":{\"daily_calls\":0,\"daily_messages\":0}}"));
}

static const char *whom(const struct desk *desk, enum reason reason)
{
    const char *to = reason == COUNTRY   ? number_like(desk, "+44207")
                     : reason == PREMIUM ? number_like(desk, "+1900")
                     : reason == CAPPED  ? rings_on(number_like(desk, "+1872"))
                                         : rings_on(number_like(desk, "+1815"));

    if (reason == SUPPRESSED)
        suppress(desk, to);
    if (reason == CAPPED)
        exhaust(desk);
    return to;
}

/* ---- what the carrier was asked ---- */

static size_t orders_in(const char *log, const struct desk *desk, const char *to)
{
    json_object *all = control("CARRIER", "GET", log, NULL).json;
    size_t count = 0;

    cr_assert(json_object_is_type(all, json_type_array));
    for (size_t i = 0; i < json_object_array_length(all); i++) {
        json_object *one = json_object_array_get_idx(all, i);
        const char *from = at(one, "from");

        count += strcmp(at(one, "to"), to) == 0 || strcmp(from, desk->customer->number) == 0 ||
                 (desk->foreign && strcmp(from, desk->foreign) == 0);
    }
    return count;
}

/* Calls and messages to whom was not to be reached, and all that the desk's numbers sent. */
static size_t orders(const struct desk *desk, const char *to)
{
    return orders_in("/_calls", desk, to) + orders_in("/_messages", desk, to);
}

/* ---- and got ---- */

/* Whether the TwiML of a call was found to do what it may not. */
static bool is_refused(const char *call)
{
    return *text_of(say("SELECT COALESCE(error_code, '') FROM calls WHERE call_sid = '%s'", call));
}

/* Whether all was done that follows from what was told a worker. */
static bool is_followed(const struct desk *desk)
{
    return number_of(say("SELECT COUNT(*) FROM outbox x JOIN tenants t ON t.id = x.tenant_id WHERE"
                         " t.tenant_key = '%s' AND x.topic = 'taskrouter' AND x.state = 'pending'",
                         desk->customer->tenant)) == 0;
}

/* What is dialled or written by whoever asked stands in the answer. */
static void expect_answer(const struct way *way, const struct reply *reply, const char *to,
                          enum reason reason)
{
    bool reaches = strstr(reply->body, "<Dial") || strstr(reply->body, "<Message");

    cr_expect_eq(reaches, reason == NOBODY, "%s for %s: %s", way->name, reasons[reason],
                 reply->body);
    if (reason != NOBODY)
        cr_expect_null(strstr(reply->body, to), "%s for %s: %s", way->name, reasons[reason],
                       reply->body);
}

static void try(const struct way *way, struct desk *desk, enum reason reason, const char *from)
{
    const char *to = whom(desk, reason);
    struct reply reply;

    if (way->flags & IN_A_CALL && (!desk->call || way->flags & (IN_TWIML | IN_A_TASK)))
        desk_talk(desk);
    reply = way->go(desk, to, from);
    cr_expect_eq(reply.status, way->statuses[reason], "%s for %s: %ld %s", way->name,
                 reasons[reason], reply.status, reply.body);
    if (reply.status >= 400)
        cr_expect(*at(reply.json, "error") || *at(reply.json, "message"), "%s for %s: %s",
                  way->name, reasons[reason], reply.body);
    if (way->flags & IN_TWIML && reason != NOBODY)
        AWAIT(is_refused(desk->call));
    if (way->flags & IN_A_TASK && reason != NOBODY)
        AWAIT(is_followed(desk));
    if (way->flags & IN_ANSWER)
        expect_answer(way, &reply, to, reason);
    else if (reason == NOBODY)
        AWAIT(orders(desk, to) > 0);
    if (reason != NOBODY)
        cr_expect_eq(orders(desk, to), 0u, "%s reaches %s", way->name, reasons[reason]);
}

/* A test runs in a process of its own, where functions lie elsewhere: it is told a number. */
ParameterizedTestParameters(gate_of_all, keeps_back)
{
    static size_t numbers[64];

    cr_assert_leq(ways_count, COUNT_OF(numbers));
    for (size_t i = 0; i < ways_count; i++)
        numbers[i] = i;
    return cr_make_param_array(size_t, numbers, ways_count);
}

ParameterizedTest(size_t *number, gate_of_all, keeps_back)
{
    static const enum reason order[] = {COUNTRY, PREMIUM, FOREIGN, SUPPRESSED, CAPPED};
    const struct way *way = &ways[*number];
    struct desk desk = desk_new(), other = desk_new();

    desk.customer = &desk.account.customer;
    other.customer = &other.account.customer;
    desk.foreign = other.customer->number;
    for (size_t i = 0; i < COUNT_OF(order); i++)
        if (order[i] != FOREIGN || way->flags & HAS_FROM)
            try(way, &desk, order[i],
                order[i] == FOREIGN ? other.customer->number : desk.customer->number);
    try(way, &other, NOBODY, other.customer->number);
}

/* ---- nothing is forgotten ---- */

/*
 * What changes something and reaches nobody itself; of calls and hand-overs that it lets go on, the
 * ways above and those of tests/stream/test_gate.c begin them.
 */
static const char *const reaching_nobody[] = {
    /* clang-format off */
    "POST /v1/numbers",
    "DELETE /v1/numbers/{id}",
    "GET /api/v1/logs",
    "POST /api/v1/admin/outboxes/billing-outcomes/sweep",
    "POST /api/v1/admin/rollout-governance/sweep",
    "POST /api/v1/admin/tenants/evict-idle",
    "POST /api/v1/admin/tenants/reload-cached",
    "POST /api/v1/admin/tenants/validate",
    "DELETE /api/v1/admin/tenants/{tenant_id}",
    "PUT /api/v1/admin/tenants/{tenant_id}",
    "POST /api/v1/admin/tenants/{tenant_id}/agent-versions",
    "POST /api/v1/admin/tenants/{tenant_id}/agent-versions/{version_id}/publish",
    "POST /api/v1/admin/tenants/{tenant_id}/agents",
    "POST /api/v1/admin/tenants/{tenant_id}/agents/{agent_id}/rollout-governance/evaluate",
    "PUT /api/v1/admin/tenants/{tenant_id}/agents/{agent_id}/rollout-policy",
    "PUT /api/v1/admin/tenants/{tenant_id}/agents/{agent_id}/rollouts",
    "POST /api/v1/admin/tenants/{tenant_id}/api-keys",
    "DELETE /api/v1/admin/tenants/{tenant_id}/api-keys/{key_id}",
    "POST /api/v1/admin/tenants/{tenant_id}/balance",
    "PUT /api/v1/admin/tenants/{tenant_id}/phone-number-routes",
    "DELETE /api/v1/admin/tenants/{tenant_id}/phone-number-routes/{route_id}",
    "POST /api/v1/admin/tenants/{tenant_id}/phone-number-routes/{route_id}/check",
    "POST /api/v1/admin/tenants/{tenant_id}/reload",
    "PUT /api/v1/admin/tenants/{tenant_id}/runtime-config",
    "POST /api/v1/admin/tenants/{tenant_id}/webhook-deliveries/{delivery_id}/replay",
    "POST /api/v1/access-requests",
    "POST /api/v1/admin/auth/login",
    "POST /api/v1/admin/auth/logout",
    "POST /api/v1/admin/twilio/webhook-diagnostics/cache/clear",
    "POST /api/v1/admin/twilio/webhook-diagnostics/counters/reset",
    "POST /api/v1/automations/email/loop-followup",
    "POST /api/v1/automations/voice/business-hours",
    "POST /api/v1/automations/voice/escalation-need",
    "POST /api/v1/automations/voice/evaluation",
    "POST /api/v1/automations/voice/get-eval",
    "POST /api/v1/callback-tasks",
    "PATCH /api/v1/callback-tasks/{id}",
    "POST /api/v1/callback-tasks/{id}/acknowledge",
    "POST /api/v1/callback-tasks/{id}/assign",
    "POST /api/v1/callback-tasks/{id}/claim",
    "POST /api/v1/callback-tasks/{id}/release",
    "POST /api/v1/callback-tasks/{id}/snooze",
    "POST /api/v1/callback-tasks/{id}/unsnooze",
    "PUT /api/v1/operator-queues/{queue_key}",
    "POST /api/v1/admin/operator-queues/external-reconciliation/sweep",
    "POST /api/v1/admin/operator-queues/sweep",
    "POST /api/v1/voice-sessions",
    "POST /api/v1/call-status",
    "POST /api/v1/outbound-call",
    "GET /media-stream",
    "POST /2010-04-01/Accounts/{AccountSid}.json",
    "DELETE /2010-04-01/Accounts/{AccountSid}/Calls/{Sid}.json",
    "POST /2010-04-01/Accounts/{AccountSid}/Calls/{CallSid}/Recordings.json",
    "DELETE /2010-04-01/Accounts/{AccountSid}/Recordings/{Sid}.json",
    "POST /v1/Workspaces",
    "DELETE /v1/Workspaces/{Sid}",
    "POST /v1/Workspaces/{Sid}",
    "POST /v1/Workspaces/{WorkspaceSid}/Activities",
    "DELETE /v1/Workspaces/{WorkspaceSid}/Activities/{Sid}",
    "POST /v1/Workspaces/{WorkspaceSid}/Activities/{Sid}",
    "POST /v1/Workspaces/{WorkspaceSid}/TaskQueues",
    "DELETE /v1/Workspaces/{WorkspaceSid}/TaskQueues/{Sid}",
    "POST /v1/Workspaces/{WorkspaceSid}/TaskQueues/{Sid}",
    "POST /v1/Workspaces/{WorkspaceSid}/Tasks",
    "DELETE /v1/Workspaces/{WorkspaceSid}/Tasks/{Sid}",
    "POST /v1/Workspaces/{WorkspaceSid}/Tasks/{Sid}",
    "POST /v1/Workspaces/{WorkspaceSid}/Workers",
    "DELETE /v1/Workspaces/{WorkspaceSid}/Workers/{Sid}",
    "POST /v1/Workspaces/{WorkspaceSid}/Workers/{Sid}",
    "DELETE /v1/Workspaces/{WorkspaceSid}/Workflows/{Sid}",
    "POST /v1/Workspaces/{WorkspaceSid}/Workflows/{Sid}",
    "POST /api/agents",
    "DELETE /api/agents/{agent_id}",
    "PUT /api/agents/{agent_id}",
    "POST /api/phone-numbers/{phone_number}/assign",
    "POST /api/phone-numbers/{phone_number}/release",
    "POST /tenants",
    "PATCH /tenants/{tenant_id}",
    "PUT /api/calls/{call_sid}/context",
    "GET /events/ws",
    "GET /relay/ws",
    "POST /api/override/clarification",
    "POST /api/override/dtmf",
    "POST /api/override/end",
    "POST /api/override/text",
    "POST /incoming-call",
    "POST /outbound-call",
    "POST /call-status",
    "POST /hooks/twilio/after/{token}",
    "POST /hooks/twilio/human/{token}",
    "POST /hooks/twilio/callback/{token}",
    "POST /hooks/twilio/amd",
    "POST /hooks/twilio/recording",
    "POST /hooks/twilio/stream",
    "POST /hooks/twilio/conference",
    "POST /hooks/twilio/sms-status",
    "POST /hooks/twilio/probe",
    /* clang-format on */
};

static bool is_known(const char *line)
{
    for (size_t i = 0; i < COUNT_OF(reaching_nobody); i++)
        if (strcmp(reaching_nobody[i], line) == 0)
            return true;
    for (size_t i = 0; i < ways_count; i++)
        if (strcmp(ways[i].operation, line) == 0)
            return true;
    return false;
}

static void is_remembered(const struct operation *one, const struct pair *pair)
{
    const char *line = say("%s %s", one->method, one->path);

    (void)pair;
    if (strcmp(one->method, "GET") != 0 || operation_is_daemons(one))
        cr_expect(is_known(line), "can %s dial or text?", line);
}

Test(gate_of_all, is_asked_about_every_operation)
{
    static const struct dialect *const carriers[] = {&callbacks, &hooks};
    size_t count = 0;

    for (size_t i = 0; i < API_NAMES; i++)
        count += operations_each(api_names[i], NULL, is_remembered);
    cr_expect_geq(count, 160u, "%zu", count);
    for (size_t i = 0; i < COUNT_OF(carriers); i++)
        for (size_t j = 0; j < carriers[i]->nroutes; j++)
            cr_expect(is_known(carriers[i]->routes[j].line), "can %s dial or text?",
                      carriers[i]->routes[j].line);
}

Test(gate_of_all, is_asked_about_every_function)
{
    static const char *const writing_nobody[] = {
        "send_loop_followup_email", /* mail has no number */
        "check_business_hours",      "evaluate_escalation_need",
        "record_voice_session_eval", "get_voice_session_eval",
    };
    const struct function *function;

    for (size_t i = 0; (function = function_at(i)); i++) {
        bool known = way_runs_function(function->name);

        for (size_t j = 0; j < COUNT_OF(writing_nobody); j++)
            known = known || strcmp(writing_nobody[j], function->name) == 0;
        cr_expect(known, "can %s dial or text?", function->name);
    }
}
