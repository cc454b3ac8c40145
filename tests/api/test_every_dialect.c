/*
 * One call is one thing: whichever API made it, each of the others tells the same of it.
 */
#include <string.h>

#include <criterion/criterion.h>

#include "api/phony/phony.h"
#include "api/twilio/sdk.h"

TestSuite(every_dialect, .timeout = 120);

/* A tenant that holds a key of every kind. */
struct tenant {
    struct account twilio;
    struct phony phony;
};

static struct tenant tenant_new(void)
{
    struct tenant tenant = {.twilio = account_with_number()};

    tenant.phony.customer = tenant.twilio.customer;
    tenant.phony.key = phony_key(&tenant.twilio.customer, "\"*\"");
    return tenant;
}

/* What there is to know of a call, in the words of the store. */
struct facts {
    const char *sid, *from, *to, *direction;
    const char *began, *began_rfc; /* "2026-11-02T10:00:00", "Mon, 02 Nov 2026 10:00:00 +0000" */
    const char *seconds;           /* of one that is over */
};

static struct facts facts_of(const char *sid)
{
    json_object *row = query(say("SELECT from_addr, to_addr, direction, duration_seconds AS s,"
                                 " DATE_FORMAT(started_at, '%%Y-%%m-%%dT%%H:%%i:%%s') AS iso,"
                                 " DATE_FORMAT(started_at, '%%a, %%d %%b %%Y %%H:%%i:%%s +0000')"
                                 " AS rfc FROM calls WHERE call_sid = '%s'",
                                 sid));

    cr_assert_eq(json_object_array_length(row), 1u, "%s", sid);
    return (struct facts){sid,
                          at(row, "0.from_addr"),
                          at(row, "0.to_addr"),
                          at(row, "0.direction"),
                          at(row, "0.iso"),
                          at(row, "0.rfc"),
                          at(row, "0.s")};
}

/* ---- the makers ---- */

static const char *by_stateset(const struct tenant *tenant, const char *to)
{
    struct reply reply = ask("POST", "/api/v1/make-call", tenant->twilio.customer.stateset,
                             say("{\"to\":\"%s\"}", to), NULL);

    cr_assert_eq(reply.status, 200, "%s", reply.body);
    return at(reply.json, "call_sid");
}

static const char *by_phony(const struct tenant *tenant, const char *to)
{
    const char *agent = at(pho_must(&tenant->phony, 200, "GET", "/api/agents", NULL).json, "0.id");
    struct reply reply = pho(&tenant->phony, "POST", say("/api/agents/%s/call", agent),
                             say("{\"to_number\":\"%s\"}", to));

    cr_assert_eq(reply.status, 200, "%s", reply.body);
    return at(reply.json, "call_sid");
}

static const char *by_twilio(const struct tenant *tenant, const char *to)
{
    return at(
        sdk_ok(&tenant->twilio,
               "[\"calls\",\"create\",[{\"to\":\"%s\",\"from\":\"%s\",\"applicationSid\":"
               "\"AP%s\"}]]",
               to, tenant->twilio.customer.number,
               text_of(say("SELECT REPLACE('%s', '-', '')", tenant->twilio.customer.agent_id))),
        "sid");
}

/* KwickPhone makes numbers; their calls come in. */
static const char *by_kwickphone(const struct tenant *tenant, const char *from)
{
    return call_arrives(&tenant->twilio.customer, from, NULL);
}

/* ---- the readers ---- */

static json_object *row_where(json_object *list, const char *name, const char *value)
{
    for (size_t i = 0; list && i < json_object_array_length(list); i++)
        if (strcmp(at(json_object_array_get_idx(list, i), name), value) == 0)
            return json_object_array_get_idx(list, i);
    return NULL;
}

static json_object *member_of(json_object *object, const char *name)
{
    json_object *member = NULL;

    json_object_object_get_ex(object, name, &member);
    return member;
}

static void kwickphone_tells(const struct tenant *tenant, const struct facts *facts,
                             const char *status)
{
    struct reply reply = kwick(&tenant->twilio.customer, "GET", "/v1/calls", NULL);
    json_object *row = row_where(member_of(reply.json, "data"), "id", facts->sid);
    bool in = strcmp(facts->direction, "inbound") == 0;

    cr_assert(row, "%s", reply.body);
    cr_expect_str_eq(at(row, "phone_number"), in ? facts->to : facts->from);
    cr_expect_str_eq(at(row, "caller"), in ? facts->from : facts->to);
    cr_expect_str_eq(at(row, "direction"), facts->direction);
    cr_expect_str_eq(at(row, "started_at"), say("%sZ", facts->began));
    if (status)
        cr_expect_str_eq(at(row, "status"), status);
    if (status && *facts->seconds)
        cr_expect_str_eq(at(row, "duration_sec"), facts->seconds);
}

static void stateset_tells(const struct tenant *tenant, const struct facts *facts,
                           const char *status)
{
    struct reply reply =
        ask("GET", "/api/v1/call-logs", tenant->twilio.customer.stateset, NULL, NULL);
    bool in = strcmp(facts->direction, "inbound") == 0;
    json_object *row = row_where(member_of(reply.json, "calls"), in ? "from_number" : "to_number",
                                 in ? facts->from : facts->to);

    cr_assert(row, "%s", reply.body);
    cr_expect_str_eq(at(row, "from_number"), facts->from);
    cr_expect_str_eq(at(row, "to_number"), facts->to);
    cr_expect_str_eq(at(row, "direction"), facts->direction);
    cr_expect_eq(strncmp(at(row, "started_at"), facts->began, strlen(facts->began)), 0, "%s",
                 at(row, "started_at"));
    if (status)
        cr_expect_str_eq(at(row, "status"), status);
    if (status && *facts->seconds)
        cr_expect_str_eq(at(row, "duration_seconds"), facts->seconds);
}

static void twilio_tells(const struct tenant *tenant, const struct facts *facts, const char *status)
{
    struct reply reply =
        twilio(&tenant->twilio, "GET",
               account_path(&tenant->twilio, say("/Calls/%s.json", facts->sid)), NULL);
    bool in = strcmp(facts->direction, "inbound") == 0;

    cr_assert_eq(reply.status, 200, "%s", reply.body);
    cr_expect_str_eq(at(reply.json, "from"), facts->from);
    cr_expect_str_eq(at(reply.json, "to"), facts->to);
    cr_expect_str_eq(at(reply.json, "direction"), in ? "inbound" : "outbound-api");
    cr_expect_str_eq(at(reply.json, "date_created"), facts->began_rfc);
    if (status)
        cr_expect_str_eq(at(reply.json, "status"), status);
    if (status && *facts->seconds)
        cr_expect_str_eq(at(reply.json, "duration"), facts->seconds);
}

static void phony_tells(const struct tenant *tenant, const struct facts *facts, const char *status)
{
    struct reply reply =
        pho(&tenant->phony, "GET", status ? "/api/calls/history" : "/api/calls/active", NULL);
    json_object *list = status ? member_of(reply.json, "calls") : reply.json;
    json_object *row = row_where(list, "call_sid", facts->sid);

    cr_assert(row, "%s", reply.body);
    cr_expect_str_eq(at(row, "from_number"), facts->from);
    cr_expect_str_eq(at(row, "to_number"), facts->to);
    cr_expect_str_eq(at(row, "direction"), facts->direction);
    cr_expect_str_eq(at(row, "started_at"), say("%sZ", facts->began));
    if (status)
        cr_expect_str_eq(at(row, "status"), status);
    if (status && *facts->seconds)
        cr_expect_str_eq(at(row, "duration_seconds"), facts->seconds);
}

/* "status" NULL: it is under way, and how far it is may change from one reader to the next. */
static void all_tell(const struct tenant *tenant, const char *sid, const char *status)
{
    struct facts facts = facts_of(sid);

    kwickphone_tells(tenant, &facts, status);
    stateset_tells(tenant, &facts, status);
    twilio_tells(tenant, &facts, status);
    phony_tells(tenant, &facts, status);
}

/* ---- and what they agree on ---- */

static bool is_in(const char *sid, const char *state)
{
    return strcmp(text_of(say("SELECT state FROM calls WHERE call_sid = '%s'", sid)), state) == 0;
}

Test(every_dialect, tells_the_same_of_a_call_that_any_of_them_ordered)
{
    static const struct {
        const char *(*make)(const struct tenant *tenant, const char *to);
        const char *to;
    } makers[] = {
        {by_stateset, "+13125550291"},
        {by_phony, "+13125550292"},
        {by_twilio, "+13125550293"},
    };
    struct tenant tenant = tenant_new();

    for (size_t i = 0; i < COUNT_OF(makers); i++) {
        const char *sid;

        rings_on(makers[i].to);
        sid = makers[i].make(&tenant, makers[i].to);
        all_tell(&tenant, sid, NULL);
        sdk_ok(&tenant.twilio, "[\"calls\",[\"%s\"],\"update\",[{\"status\":\"canceled\"}]]", sid);
        AWAIT(is_in(sid, "canceled"));
        all_tell(&tenant, sid, "canceled");
    }
}

Test(every_dialect, tells_the_same_of_a_call_that_came_in)
{
    struct tenant tenant = tenant_new();
    const char *sid = by_kwickphone(&tenant, "+13125550294");
    struct reply reply;

    all_tell(&tenant, sid, NULL);
    reply = callback(
        "/api/v1/call-status",
        call_form(&tenant.twilio.customer, sid, "completed", "&CallDuration=7&SequenceNumber=3"),
        fact("REHEARSAL_AUTH_TOKEN"), NULL);
    cr_assert_lt(reply.status, 300, "%ld %s", reply.status, reply.body);
    AWAIT(is_in(sid, "completed"));
    all_tell(&tenant, sid, "completed");
}
