/*
 * One store under all dialects: a call that was made through any of them is read through all others
 * with the same facts.
 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "core/clock.h"
#include "harness/harness.h"

/* A customer who may use every dialect, with one number and one agent. */
struct tenant {
    struct customer customer;
    const char *phony, *account, *token;
};

static struct tenant tenant_new(void)
{
    struct tenant tenant = {.customer = customer_new()};

    customer_number(&tenant.customer);
    tenant.phony = customer_key(&tenant.customer, "phony", "\"permissions\":[\"*\"]");
    tenant.token = customer_key(&tenant.customer, "twilio", NULL);
    tenant.account = at(query(say("SELECT account_sid AS sid FROM tenants WHERE tenant_key = '%s'",
                                  tenant.customer.tenant)),
                        "0.sid");
    return tenant;
}

/* Somebody who answers, says goodbye and is hung up on. */
static const char *answers(const char *number)
{
    return somebody_on(number, "\"answer_after_ms\":300,\"script\":[{\"wait_agent\":true},"
                               "{\"say\":\"Thank you, goodbye\"},{\"wait_agent\":true},"
                               "{\"pause_ms\":15000}]");
}

static const char *basic(const struct tenant *tenant)
{
    return basic_credential(say("%s:%s", tenant->account, tenant->token));
}

static struct reply ask(const char *method, const char *path, const char *credential,
                        const char *body)
{
    const char *const headers[] = {credential, "Content-Type: application/json", NULL};

    return http(method, path, headers, body);
}

/* ---- making one ---- */

static const char *make_kwickphone(const struct tenant *tenant, const char *number)
{
    return call_place(&tenant->customer, number,
                      "[{\"wait_agent\":true},{\"say\":\"Thank you, goodbye\"},"
                      "{\"wait_agent\":true},{\"pause_ms\":15000}]");
}

static const char *made(const struct reply *reply, const char *where)
{
    cr_assert_eq(reply->status / 100, 2, "%ld %s", reply->status, reply->body);
    return at(reply->json, where);
}

static const char *make_stateset(const struct tenant *tenant, const char *number)
{
    struct reply reply =
        ask("POST", "/api/v1/make-call", say("Authorization: Bearer %s", tenant->customer.stateset),
            say("{\"to\":\"%s\"}", answers(number)));

    return made(&reply, "call_sid");
}

static const char *make_phony(const struct tenant *tenant, const char *number)
{
    const char *key = say("X-API-Key: %s", tenant->phony);
    struct reply agents = ask("GET", "/api/agents", key, NULL);
    struct reply reply = ask("POST", say("/api/agents/%s/call", at(agents.json, "0.id")), key,
                             say("{\"to_number\":\"%s\"}", answers(number)));

    return made(&reply, "call_sid");
}

/* Answered by the agent: an ApplicationSid is the agent's key behind "AP". */
static const char *make_twilio(const struct tenant *tenant, const char *number)
{
    const char *const headers[] = {basic(tenant), "Content-Type: application/x-www-form-urlencoded",
                                   NULL};
    char *application = say("AP%s", tenant->customer.agent_id), *to = application;
    struct reply reply;

    for (const char *from = application; *from; from++)
        if (*from != '-')
            *to++ = *from;
    *to = '\0';
    reply = http("POST", say("/2010-04-01/Accounts/%s/Calls.json", tenant->account), headers,
                 say("To=%%2B%s&From=%%2B%s&ApplicationSid=%s", answers(number) + 1,
                     tenant->customer.number + 1, application));
    return made(&reply, "sid");
}

/* ---- reading it ---- */

struct facts {
    const char *dialect, *sid, *from, *to, *direction, *status, *seconds;
    instant started;
};

static instant iso(const char *text)
{
    instant when;

    cr_assert(instant_read_iso(text, &when), "%s", text);
    return when;
}

static json_object *row_of(json_object *list, const char *name, const char *sid)
{
    for (size_t i = 0; list && i < json_object_array_length(list); i++)
        if (strcmp(at(json_object_array_get_idx(list, i), name), sid) == 0)
            return json_object_array_get_idx(list, i);
    give_up(__FILE__, __LINE__, say("call %s in %s", sid, json_object_to_json_string(list)));
}

/* It names our side and the other one. */
static struct facts by_kwickphone(const struct tenant *tenant, const char *sid)
{
    json_object *list = json_object_object_get(
        ask("GET", "/v1/calls", say("Authorization: Bearer %s", tenant->customer.kwickphone), NULL)
            .json,
        "data");
    json_object *row = row_of(list, "id", sid);
    const char *ours = at(row, "phone_number"), *other = at(row, "caller");
    bool is_inbound = strcmp(at(row, "direction"), "inbound") == 0;

    return (struct facts){
        .dialect = "kwickphone",
        .sid = at(row, "id"),
        .from = is_inbound ? other : ours,
        .to = is_inbound ? ours : other,
        .direction = at(row, "direction"),
        .status = at(row, "status"),
        .seconds = at(row, "duration_sec"),
        .started = iso(at(row, "started_at")),
    };
}

static struct facts by_stateset(const struct tenant *tenant, const char *sid)
{
    json_object *row = row_of(
        json_object_object_get(ask("GET", say("/api/v1/call-logs?call_sid=%s", sid),
                                   say("Authorization: Bearer %s", tenant->customer.stateset), NULL)
                                   .json,
                               "calls"),
        "from_number",
        at(query(say("SELECT from_addr AS it FROM calls WHERE call_sid = '%s'", sid)), "0.it"));

    return (struct facts){
        .dialect = "stateset",
        .sid = sid,
        .from = at(row, "from_number"),
        .to = at(row, "to_number"),
        .direction = at(row, "direction"),
        .status = at(row, "status"),
        .seconds = at(row, "duration_seconds"),
        .started = iso(at(row, "started_at")),
    };
}

static struct facts by_phony(const struct tenant *tenant, const char *sid)
{
    json_object *row =
        row_of(json_object_object_get(
                   ask("GET", "/api/calls/history", say("X-API-Key: %s", tenant->phony), NULL).json,
                   "calls"),
               "call_sid", sid);

    return (struct facts){
        .dialect = "phony",
        .sid = at(row, "call_sid"),
        .from = at(row, "from_number"),
        .to = at(row, "to_number"),
        .direction = at(row, "direction"),
        .status = at(row, "status"),
        .seconds = at(row, "duration_seconds"),
        .started = iso(at(row, "started_at")),
    };
}

static struct facts by_twilio(const struct tenant *tenant, const char *sid)
{
    struct reply reply =
        ask("GET", say("/2010-04-01/Accounts/%s/Calls/%s.json", tenant->account, sid),
            basic(tenant), NULL);
    instant created = NO_INSTANT;

    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_assert(instant_read_rfc2822(at(reply.json, "date_created"), &created), "%s", reply.body);
    return (struct facts){
        .dialect = "twilio",
        .sid = at(reply.json, "sid"),
        .from = at(reply.json, "from"),
        .to = at(reply.json, "to"),
        .direction =
            strncmp(at(reply.json, "direction"), "outbound", 8) == 0 ? "outbound" : "inbound",
        .status = at(reply.json, "status"),
        .seconds = at(reply.json, "duration"),
        .started = created,
    };
}

static void agree(const struct facts *one, const struct facts *other)
{
    cr_expect_str_eq(one->sid, other->sid, "%s and %s", one->dialect, other->dialect);
    cr_expect_str_eq(one->from, other->from, "%s and %s", one->dialect, other->dialect);
    cr_expect_str_eq(one->to, other->to, "%s and %s", one->dialect, other->dialect);
    cr_expect_str_eq(one->direction, other->direction, "%s and %s", one->dialect, other->dialect);
    cr_expect_str_eq(one->status, other->status, "%s and %s", one->dialect, other->dialect);
    cr_expect_str_eq(one->seconds, other->seconds, "%s and %s", one->dialect, other->dialect);
    cr_expect_eq(one->started.ms / 1000, other->started.ms / 1000, "%s and %s", one->dialect,
                 other->dialect);
}

/* What the store itself has, which none of them may differ from. */
static struct facts by_store(const char *sid)
{
    json_object *row = query(say("SELECT from_addr, to_addr, direction, state, duration_seconds,"
                                 " DATE_FORMAT(started_at, '%%Y-%%m-%%dT%%H:%%i:%%sZ') AS started"
                                 " FROM calls WHERE call_sid = '%s'",
                                 sid));

    return (struct facts){
        .dialect = "the store",
        .sid = sid,
        .from = at(row, "0.from_addr"),
        .to = at(row, "0.to_addr"),
        .direction = at(row, "0.direction"),
        .status = at(row, "0.state"),
        .seconds = at(row, "0.duration_seconds"),
        .started = iso(at(row, "0.started")),
    };
}

static void is_the_same_everywhere(const char *(*make)(const struct tenant *tenant,
                                                       const char *number),
                                   const char *number)
{
    static struct facts (*const readers[])(const struct tenant *, const char *) = {
        by_kwickphone, by_stateset, by_phony, by_twilio};
    struct tenant tenant = tenant_new();
    const char *sid = make(&tenant, number);
    struct facts truth;

    call_ended(sid);
    AWAIT_FOR(30, *at(query(say("SELECT outcome FROM calls WHERE call_sid = '%s' AND finalized_at"
                                " IS NOT NULL AND duration_seconds IS NOT NULL",
                                sid)),
                      "0.outcome"));
    truth = by_store(sid);
    cr_expect_str_eq(truth.status, "completed");
    cr_expect_gt(atoi(truth.seconds), 0);
    for (size_t i = 0; i < sizeof readers / sizeof *readers; i++) {
        struct facts facts = readers[i](&tenant, sid);

        agree(&facts, &truth);
    }
}

TestSuite(every_dialect, .timeout = 120);

Test(every_dialect, knows_a_call_to_a_kwickphone_number)
{
    is_the_same_everywhere(make_kwickphone, "+13125550301");
}

Test(every_dialect, knows_a_call_that_stateset_made)
{
    is_the_same_everywhere(make_stateset, "+13125550302");
}

Test(every_dialect, knows_a_call_that_phony_made)
{
    is_the_same_everywhere(make_phony, "+13125550303");
}

Test(every_dialect, knows_a_call_that_twilio_made)
{
    is_the_same_everywhere(make_twilio, "+13125550304");
}
