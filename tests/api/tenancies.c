#include "api/tenancies.h"

#include <string.h>

#include <criterion/criterion.h>

#include "api/phony/phony.h"
#include "api/stateset/evaluated.h"
#include "api/twilio/router.h"
#include "domain/outcomes.h"
#include "domain/tenants.h"

/* ---- two tenants ---- */

static struct tenancy tenancy_of(struct account account)
{
    return (struct tenancy){
        .customer = account.customer,
        .account = account,
        .phony = phony_key(&account.customer, "\"*\""),
    };
}

static void must(struct reply reply)
{
    cr_assert(reply.status / 100 == 2, "%ld %s", reply.status, reply.body);
}

/* A workspace with one of each, and a reservation. */
static void add_work(struct router *router)
{
    const char *queue = made(router, "TaskQueues", "FriendlyName=" MARK "Queue");
    const char *flow = made(router, "Workflows",
                            say("FriendlyName=" MARK "Flow&Configuration=%s",
                                encoded(say("{\"task_routing\":{\"default_filter\":{\"queue\":"
                                            "\"%s\"}}}",
                                            queue))));

    change(router, say("Activities/%s", named(router, "Activities", "Offline")),
           "FriendlyName=" MARK "Off");
    made(router, "Workers",
         say("FriendlyName=" MARK "Worker&ActivitySid=%s",
             named(router, "Activities", "Available")));
    made(router, "Tasks",
         say("WorkflowSid=%s&Attributes=%s", flow, encoded("{\"m\":\"" MARK "\"}")));
}

/* A recording that can be played. */
static void add_recording(const char *call)
{
    query(say("INSERT INTO recordings (tenant_id, id, call_id, source, status, channels,"
              " duration_ms, content_type, bytes, started_at, available_at) SELECT tenant_id, id,"
              " id, 'bridge', 'available', 2, 4200, 'audio/mpeg', 8, started_at, started_at"
              " FROM calls WHERE call_sid = '%s'",
              call));
    query(say("INSERT INTO recording_chunks (tenant_id, recording_id, seq, bytes) SELECT tenant_id,"
              " id, 0, '" MARK "' FROM calls WHERE call_sid = '%s'",
              call));
}

/* What was said in a call. */
static void add_words(const char *call)
{
    query(say("INSERT INTO call_turns (tenant_id, session_id, call_id, seq, role, text,"
              " occurred_at) SELECT s.tenant_id, s.id, c.id, 1, 'user', '" MARK
              "', c.started_at FROM voice_sessions s JOIN calls c ON c.tenant_id = s.tenant_id AND"
              " c.id = s.call_id WHERE c.call_sid = '%s'",
              call));
}

/* A conversation with a score and an outcome. */
static void add_results(const struct customer *customer)
{
    struct evaluated of = {.customer = *customer, .work = {.id = "test", .config = config_load()}};
    struct voice_outcome row;
    struct tenant tenant;

    of.work.db = db_open(fact("DATABASE_URL"));
    cr_assert(tenant_by_key(&of.work, customer->tenant, &tenant));
    of.work.tenant = tenant.id;
    evaluated_score(&of, NULL, 0.5);
    row_clear(&voice_outcome_entity, &row);
    row.id = uid_new();
    row.stream_sid = say("MZ%s", new_call_sid() + 2);
    row.call_sid = new_call_sid();
    row.resolution = "resolved";
    row.primary_intent = MARK;
    row.billing_status = "not_billable";
    row.outcome_source = "runtime";
    row.disposition = row.metadata = (document){"{}"};
    row.occurred_at = row.created_at = row.updated_at = clock_now();
    row.rev = 1;
    row.call_type = "inbound";
    cr_assert(
        store_insert(&of.work, &voice_outcome_entity, &row, columns_all(&voice_outcome_entity)),
        "%s", of.work.error.message);
}

/* Whether all that a receiver is to be told of the tenant's call was told. */
static bool is_told(const struct customer *customer)
{
    json_object *row = query(say("SELECT COUNT(*) AS every, SUM(d.state = 'sent') AS sent FROM"
                                 " webhook_deliveries d JOIN tenants t ON t.id = d.tenant_id WHERE"
                                 " t.tenant_key = '%s'",
                                 customer->tenant));

    return strcmp(at(row, "0.every"), "0") != 0 &&
           strcmp(at(row, "0.every"), at(row, "0.sent")) == 0;
}

struct tenancy first_tenant(void)
{
    struct router router = router_new();
    struct customer *customer = &router.account.customer;
    const char *call;

    customer_number(customer);
    call = call_arrives(customer, CALLER, NULL);
    must(callback("/api/v1/call-status",
                  call_form(customer, call, "completed", "&CallDuration=7&SequenceNumber=3"),
                  fact("REHEARSAL_AUTH_TOKEN"), NULL));
    AWAIT(number_of(say("SELECT COUNT(*) FROM calls WHERE call_sid = '%s' AND finalized_at IS NOT"
                        " NULL",
                        call)) == 1);
    add_recording(call);
    add_words(call);
    add_work(&router);
    add_results(customer);
    must(ask("POST", "/api/v1/callback-tasks", customer->stateset,
             "{\"disposition\":\"callback_requested\",\"summary\":\"" MARK "\"}", NULL));
    must(ask("PUT", "/api/v1/operator-queues/marigold", customer->stateset,
             "{\"name\":\"" MARK "\"}", NULL));
    AWAIT(is_told(customer));
    return tenancy_of(router.account);
}

struct tenancy second_tenant(void)
{
    struct router router = router_new();

    customer_number(&router.account.customer);
    return tenancy_of(router.account);
}

/* ---- where ids come from ---- */

const struct source sources[] = {
    /* clang-format off */
    {"tenant_id",        "/admin/tenants/",  PLAIN,   NULL,  "t.tenant_key", "agents"},
    {"tenant_id",        NULL,               DASHED,  NULL,  "t.public_id", "agents"},
    {"AccountSid",       NULL,               PLAIN,   NULL,  "t.account_sid", "agents"},
    {"agent_id",         NULL,               DASHED,  NULL,  "MIN(x.id)", "agents"},
    {"version_id",       NULL,               DASHED,  NULL,  "MIN(x.id)", "agent_versions"},
    {"agent_version_id", NULL,               DASHED,  NULL,  "MIN(x.id)", "agent_versions"},
    {"key_id",           NULL,               DASHED,  NULL,  "MIN(x.id)", "api_keys"},
    {"route_id",         NULL,               DASHED,  NULL,  "MIN(x.id)", "phone_routes"},
    {"delivery_id",      NULL,               DASHED,  NULL,  "MIN(x.id)", "webhook_deliveries"},
    {"phone_number",     NULL,               PLAIN,   NULL,  "MIN(x.e164)", "phone_numbers"},
    {"from",             NULL,               PLAIN,   NULL,  "MIN(x.e164)", "phone_numbers"},
    {"from_number",      NULL,               PLAIN,   NULL,  "MIN(x.e164)", "phone_numbers"},
    {"From",             NULL,               PLAIN,   NULL,  "MIN(x.e164)", "phone_numbers"},
    {"queue_key",        NULL,               PLAIN,   NULL,  "MIN(x.queue_key)", "operator_queues"},
    {"stream_sid",       "/by-stream/",      PLAIN,   NULL,  "MIN(x.stream_sid)", "voice_outcomes"},
    {"stream_sid",       NULL,               PLAIN,   NULL,  "MIN(x.stream_sid)", "voice_sessions"},
    {"stream_id",        NULL,               PLAIN,   NULL,  "MIN(x.stream_sid)", "voice_sessions"},
    {"session_id",       NULL,               PLAIN,   NULL,  "MIN(x.stream_sid)", "session_evals"},
    {"callSid",          NULL,               PLAIN,   NULL,  "MIN(IF(x.finalized_at IS NULL, NULL, x.call_sid))", "calls"},
    {"call_sid",         NULL,               PLAIN,   NULL,  "MIN(IF(x.finalized_at IS NULL, NULL, x.call_sid))", "calls"},
    {"CallSid",          NULL,               PLAIN,   NULL,  "MIN(IF(x.finalized_at IS NULL, NULL, x.call_sid))", "calls"},
    {"Sid",              "/Calls/",          PLAIN,   NULL,  "MIN(IF(x.finalized_at IS NULL, NULL, x.call_sid))", "calls"},
    {"Sid",              "/Recordings/",     SID,     "RE",  "MIN(x.id)", "recordings"},
    {"Sid",              "/Workspaces/",     SID,     "WS",  "MIN(x.id)", "tr_workspaces"},
    {"WorkspaceSid",     NULL,               SID,     "WS",  "MIN(x.id)", "tr_workspaces"},
    {"Sid",              "/Activities/",     SID,     "WA",  "MIN(x.id)", "tr_activities"},
    {"ActivitySid",      NULL,               SID,     "WA",  "MIN(x.id)", "tr_activities"},
    {"Sid",              "/TaskQueues/",     SID,     "WQ",  "MIN(x.id)", "tr_task_queues"},
    {"Sid",              "/Workflows/",      SID,     "WW",  "MIN(x.id)", "tr_workflows"},
    {"WorkflowSid",      NULL,               SID,     "WW",  "MIN(x.id)", "tr_workflows"},
    {"Sid",              "/Workers/",        SID,     "WK",  "MIN(x.id)", "tr_workers"},
    {"WorkerSid",        NULL,               SID,     "WK",  "MIN(x.id)", "tr_workers"},
    {"Sid",              "/Tasks/",          SID,     "WT",  "MIN(x.id)", "tr_tasks"},
    {"TaskSid",          NULL,               SID,     "WT",  "MIN(x.id)", "tr_tasks"},
    {"Sid",              "/Reservations/",   SID,     "WR",  "MIN(x.id)", "tr_reservations"},
    {"TaskQueueSid",     NULL,               SID,     "WQ",  "MIN(x.id)", "tr_task_queues"},
    {"ApplicationSid",   NULL,               SID,     "AP",  "MIN(x.id)", "agents"},
    {"CallFrom",         NULL,               PLAIN,   NULL,  "MIN(x.e164)", "phone_numbers"},
    {"DequeueFrom",      NULL,               PLAIN,   NULL,  "MIN(x.e164)", "phone_numbers"},
    {"id",               "/callback-tasks/", DASHED,  NULL,  "MIN(x.id)", "callback_tasks"},
    {"id",               "/call-logs/",      DASHED,  NULL,  "MIN(IF(x.finalized_at IS NULL, NULL, x.id))", "calls"},
    {"id",               "/voice-sessions/", DASHED,  NULL,  "MIN(x.id)", "voice_sessions"},
    {"id",               "/voice-outcomes/", DASHED,  NULL,  "MIN(x.id)", "voice_outcomes"},
    /* clang-format on */
};
const size_t sources_count = COUNT_OF(sources);

static bool ends_in(const char *text, const char *end)
{
    size_t length = strlen(text), tail = strlen(end);

    return length >= tail && strcmp(text + length - tail, end) == 0;
}

const struct source *source_of(const char *name, const char *path)
{
    for (size_t i = 0; i < sources_count; i++)
        if (strcmp(sources[i].name, name) == 0 &&
            (!sources[i].behind || ends_in(path, sources[i].behind)))
            return &sources[i];
    return NULL;
}

const char *value_of(const struct source *source, const struct tenancy *tenancy)
{
    const char *sql =
        say("SELECT %s AS v FROM tenants t LEFT JOIN %s x ON x.tenant_id = t.id"
            " WHERE t.tenant_key = '%s'",
            source->spelling == PLAIN ? source->value : say("LOWER(HEX(%s))", source->value),
            source->table, tenancy->customer.tenant);
    const char *v = text_of(sql);

    cr_assert(*v, "the tenant has nothing for %s: %s", source->name, sql);
    return source->spelling == SID ? say("%s%s", source->prefix, v)
           : source->spelling == DASHED
               ? say("%.8s-%.4s-%.4s-%.4s-%s", v, v + 8, v + 12, v + 16, v + 20)
               : v;
}

/* ---- what is seen, and what is changed ---- */

enum { MOST_SOURCES = 64 };

/* The ids of what a tenant has; they are looked up once. */
static const char *const *ids_of(const struct tenancy *tenancy)
{
    static struct {
        const char *tenant;
        const char *ids[MOST_SOURCES];
    } known[2];
    size_t which = known[0].tenant && known[0].tenant != tenancy->customer.tenant;

    if (known[which].tenant == tenancy->customer.tenant)
        return known[which].ids;
    cr_assert(!known[which].tenant && sources_count <= MOST_SOURCES);
    known[which].tenant = tenancy->customer.tenant;
    for (size_t i = 0; i < sources_count; i++)
        known[which].ids[i] = value_of(&sources[i], tenancy);
    return known[which].ids;
}

static bool is_shown(const struct reply *reply, const char *sent, const char *value)
{
    return strstr(reply->body, value) && !strstr(sent, value);
}

const char *leak_in(const struct reply *reply, const char *sent, const struct tenancy *theirs,
                    const struct tenancy *alike)
{
    const char *const marks[] = {theirs->customer.number, theirs->customer.tenant,
                                 theirs->account.sid, MARK, CALLER};
    const char *const *ids = ids_of(theirs), *const *others = alike ? ids_of(alike) : NULL;

    for (size_t i = 0; i < COUNT_OF(marks) - (alike ? 2 : 0); i++)
        if (is_shown(reply, sent, marks[i]))
            return marks[i];
    for (size_t i = 0; i < sources_count; i++)
        if (is_shown(reply, sent, ids[i]) && !(others && strcmp(ids[i], others[i]) == 0))
            return ids[i];
    return NULL;
}

/*
 * Counted beside requests, or moved by jobs and clocks whenever they are due; and what was posted
 * of a tenant's calls, which is kept for the operator when it is refused, too.
 */
#define NO_DATA                                                                                    \
    "'rate_counters', 'tenant_counters', 'latency_daily', 'usage_daily', 'leases', 'outbox', "     \
    "'tickets', 'carrier_callbacks'"

static const char *census;   /* one query that tells of each table what the tenant has in it */
static json_object *counted; /* what it told last */

void census_begin(const struct tenancy *theirs)
{
    json_object *tables =
        query("SELECT table_name AS t, GROUP_CONCAT(CONCAT('x.`', column_name, '`')) AS c FROM"
              " information_schema.columns WHERE table_schema = DATABASE() AND table_name NOT IN"
              " (" NO_DATA ") GROUP BY table_name HAVING SUM(column_name = 'tenant_id') = 1");

    census = say("SELECT 'tenants' AS t, CRC32(CONCAT_WS('|', config, rev, status)) AS c"
                 " FROM tenants WHERE tenant_key = '%s'",
                 theirs->customer.tenant);
    for (size_t i = 0; i < json_object_array_length(tables); i++) {
        json_object *table = json_object_array_get_idx(tables, i);

        census =
            say("%s UNION ALL SELECT '%s', CONCAT(COUNT(*), ':', COALESCE(BIT_XOR(CRC32("
                "CONCAT_WS('|', %s))), 0)) FROM %s x WHERE x.tenant_id = (SELECT id FROM"
                " tenants WHERE tenant_key = '%s')",
                census, at(table, "t"), at(table, "c"), at(table, "t"), theirs->customer.tenant);
    }
    counted = query(census);
}

void nothing_changed(const char *what)
{
    json_object *now = query(census);

    for (size_t i = 0; i < json_object_array_length(now); i++)
        cr_expect_str_eq(at(json_object_array_get_idx(now, i), "c"),
                         at(json_object_array_get_idx(counted, i), "c"),
                         "%s changed %s of another tenant", what,
                         at(json_object_array_get_idx(now, i), "t"));
    counted = now;
}
