/*
 * Tenants are alone: every operation of every documented API is asked with another tenant's
 * credential for what is not his, without a credential, and with one of another kind.  The
 * documents say which operations there are, so that a new one is asked as well.
 */
#include <string.h>

#include <criterion/criterion.h>

#include "api/tenancies.h"
#include "api/twilio/router.h"

TestSuite(isolation, .timeout = 240);

/* ---- operations ---- */

struct operation {
    const char *api, *method, *path; /* upper case; with its names in braces */
    json_object *whole, *of;
};

static const char *const apis[] = {"kwickphone", "stateset", "twilio", "phony"};

/* What the carrier posts is proved by its signature, sockets are the daemon's. */
static bool is_asked(const struct operation *one)
{
    static const char *const others[] = {"/health/live",
                                         "/health/ready",
                                         "/healthz",
                                         "/api/v1/incoming-call-sip",
                                         "/api/v1/outbound-call-sip",
                                         "/api/v1/admin/auth/session",
                                         "/api/v1/admin/auth/login",
                                         "/api/v1/admin/auth/logout",
                                         "/api/v1/incoming-call",
                                         "/api/v1/outbound-call",
                                         "/api/v1/call-status",
                                         "/api/v1/access-requests"};

    for (size_t i = 0; i < COUNT_OF(others); i++)
        if (strcmp(one->path, others[i]) == 0)
            return false;
    return !json_object_object_get_ex(one->of, "x-served-by-daemon", NULL);
}

static bool is_operators(const struct operation *one)
{
    return strncmp(one->path, "/api/v1/admin/", 14) == 0;
}

struct pair {
    struct tenancy theirs, ours;
};

typedef void look(const struct operation *one, const struct pair *pair);

/* How many operations were looked at. */
static size_t each(const char *api, const struct pair *pair, look *see)
{
    json_object *whole =
        kept(json_object_get(http("GET", say("/api-docs/%s.json", api), NULL, NULL).json));
    json_object *paths = json_object_object_get(whole, "paths");
    size_t count = 0;

    cr_assert(paths, "there is no document of %s", api);
    json_object_object_foreach(paths, path, operations)
    {
        json_object_object_foreach(operations, name, of)
        {
            struct operation one = {api, NULL, path, whole, of};

            one.method = strcmp(name, "get") == 0      ? "GET"
                         : strcmp(name, "put") == 0    ? "PUT"
                         : strcmp(name, "post") == 0   ? "POST"
                         : strcmp(name, "patch") == 0  ? "PATCH"
                         : strcmp(name, "delete") == 0 ? "DELETE"
                                                       : NULL;
            if (one.method && is_asked(&one)) {
                see(&one, pair);
                count++;
            }
        }
    }
    return count;
}

/* What is not one of many of a tenant's, but what they are in. */
static bool is_container(const char *name)
{
    return strcmp(name, "tenant_id") == 0 || strcmp(name, "AccountSid") == 0 ||
           strcmp(name, "WorkspaceSid") == 0;
}

/* The path with ids; containers are "around", all else is "inside"; how many of them there are. */
static const char *path_of(const struct operation *one, const struct tenancy *around,
                           const struct tenancy *inside, size_t *arounds, size_t *insides)
{
    const char *path = "", *rest = one->path, *open;

    *arounds = *insides = 0;
    while ((open = strchr(rest, '{'))) {
        const char *name = say("%.*s", (int)strcspn(open + 1, "}"), open + 1), *value;
        const struct source *source;
        bool container = is_container(name);

        path = say("%s%.*s", path, (int)(open - rest), rest);
        source = source_of(name, path);
        value = source                              ? value_of(source, container ? around : inside)
                : strcmp(name, "action") == 0       ? "barge"
                : strcmp(path, "/v1/numbers/") == 0 ? inside->customer.number_id
                                                    : NULL;
        cr_assert(value, "nobody knows where %s of %s comes from", name, one->path);
        *arounds += container;
        *insides += !container && strcmp(name, "action") != 0;
        path = say("%s%s", path, value);
        rest = strchr(open, '}') + 1;
    }
    return say("%s%s", path, rest);
}

/* ---- bodies ---- */

static json_object *resolved(json_object *whole, json_object *schema)
{
    json_object *named, *choices;

    if (json_object_object_get_ex(schema, "$ref", &named))
        return resolved(whole, json_object_object_get(
                                   json_object_object_get(
                                       json_object_object_get(whole, "components"), "schemas"),
                                   strrchr(json_object_get_string(named), '/') + 1));
    if (json_object_object_get_ex(schema, "oneOf", &choices))
        return resolved(whole, json_object_array_get_idx(choices, 0));
    return schema;
}

/* A value that the schema allows. */
static json_object *sample(json_object *whole, json_object *given)
{
    json_object *schema = resolved(whole, given), *words;
    const char *type = json_object_to_json_string(json_object_object_get(schema, "type"));

    if (json_object_object_get_ex(schema, "enum", &words))
        return json_object_get(json_object_array_get_idx(words, 0));
    if (strstr(type, "\"integer\"") || strstr(type, "\"number\""))
        return json_object_new_int(1);
    if (strstr(type, "\"boolean\""))
        return json_object_new_boolean(1);
    if (strstr(type, "\"array\""))
        return json_object_new_array();
    return strstr(type, "\"string\"") ? json_object_new_string("+13125550378")
                                      : json_object_new_object();
}

static bool is_required(json_object *schema, const char *name)
{
    json_object *required = json_object_object_get(schema, "required");

    for (size_t i = 0; required && i < json_object_array_length(required); i++)
        if (strcmp(json_object_get_string(json_object_array_get_idx(required, i)), name) == 0)
            return true;
    return false;
}

/* What must mean something beyond its type. */
static const char *const meanings[][2] = {
    {"digit", "\"1\""},
    {"snoozed_until", "\"2036-01-01T00:00:00Z\""},
    {"operator", "\"Ann\""},
    {"participant_b", "\"+13125550379\""},
    {"context", "{\"vip\":true}"},
    {"name", "\"Urgent\""},
    {"FriendlyName", "\"Urgent\""},
};

static json_object *meant_by(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(meanings); i++)
        if (strcmp(meanings[i][0], name) == 0)
            return json_tokener_parse(meanings[i][1]);
    return NULL;
}

/* What the operation needs, and every id that it would take: that tenant's. */
static json_object *members_of(const struct operation *one, json_object *content,
                               const struct tenancy *tenancy, size_t *ids)
{
    json_object *schema = resolved(one->whole, json_object_object_get(content, "schema"));
    json_object *properties = json_object_object_get(schema, "properties");
    json_object *body = kept(json_object_new_object());

    if (!properties)
        return body;
    json_object_object_foreach(properties, name, property)
    {
        const struct source *source = source_of(name, "");
        json_object *meant;

        *ids += source != NULL;
        if (source)
            json_object_object_add(body, name, json_object_new_string(value_of(source, tenancy)));
        else if ((meant = meant_by(name)))
            json_object_object_add(body, name, meant);
        else if (is_required(schema, name))
            json_object_object_add(body, name, sample(one->whole, property));
    }
    return body;
}

static const char *as_form(json_object *members)
{
    const char *form = "";

    json_object_object_foreach(members, name, value)
    {
        form =
            say("%s%s%s=%s", form, *form ? "&" : "", name, encoded(json_object_get_string(value)));
    }
    return form;
}

/* What to send; how many ids there are in it. */
static const char *body_of(const struct operation *one, const struct tenancy *tenancy, size_t *ids)
{
    json_object *content =
        json_object_object_get(json_object_object_get(one->of, "requestBody"), "content");
    json_object *json = json_object_object_get(content, "application/json");
    json_object *form = json_object_object_get(content, "application/x-www-form-urlencoded");

    *ids = 0;
    if (*one->method == 'G' || *one->method == 'D')
        return NULL;
    if (strstr(one->path, "/rollout-policy"))
        return "{\"enabled\":true,\"lookback_hours\":24,\"min_eval_count\":2,"
               "\"min_avg_score\":0.7,\"min_high_quality_rate\":0.5}";
    if (strcmp(one->api, "twilio") == 0)
        return as_form(members_of(one, form ? form : json, tenancy, ids));
    return json ? json_object_to_json_string(members_of(one, json, tenancy, ids)) : "";
}

/* ---- asking ---- */

static const char *bearer(const char *key)
{
    return say("Authorization: Bearer %s", key);
}

/* The credential that an API takes of a tenant. */
static const char *credential_for(const char *api, const struct tenancy *tenancy)
{
    return strcmp(api, "twilio") == 0       ? basic_of(&tenancy->account)
           : strcmp(api, "phony") == 0      ? bearer(tenancy->phony)
           : strcmp(api, "kwickphone") == 0 ? bearer(tenancy->customer.kwickphone)
                                            : bearer(tenancy->customer.stateset);
}

static struct reply asked(const struct operation *one, const char *path, const char *body,
                          const char *credential)
{
    const char *const headers[] = {strcmp(one->api, "twilio") == 0
                                       ? "Content-Type: application/x-www-form-urlencoded"
                                       : "Content-Type: application/json",
                                   credential, NULL};

    return http(one->method, path, headers, body);
}

/* ---- what is seen, and what is changed ---- */

/* Whether an answer holds something of the tenant's that nobody sent. */
static const char *leak_in(const struct reply *reply, const char *sent,
                           const struct tenancy *theirs)
{
    const char *const marks[] = {MARK, CALLER, theirs->customer.number, theirs->customer.tenant,
                                 theirs->account.sid};

    for (size_t i = 0; i < COUNT_OF(marks); i++)
        if (strstr(reply->body, marks[i]) && !strstr(sent, marks[i]))
            return marks[i];
    for (size_t i = 0; i < sources_count; i++) {
        const char *value = value_of(&sources[i], theirs);

        if (strstr(reply->body, value) && !strstr(sent, value))
            return value;
    }
    return NULL;
}

/* Counted beside requests, or moved by jobs and clocks whenever they are due. */
#define NO_DATA                                                                                    \
    "'rate_counters', 'tenant_counters', 'latency_daily', 'usage_daily', 'leases', 'outbox', "     \
    "'tickets'"

/* One query that tells of each table what the tenant has in it. */
static const char *census_of(const struct tenancy *theirs)
{
    json_object *tables =
        query("SELECT table_name AS t, GROUP_CONCAT(CONCAT('x.`', column_name, '`')) AS c FROM"
              " information_schema.columns WHERE table_schema = DATABASE() AND table_name NOT IN"
              " (" NO_DATA ") GROUP BY table_name HAVING SUM(column_name = 'tenant_id') = 1");
    const char *sql = say("SELECT 'tenants' AS t, CRC32(CONCAT_WS('|', config, rev, status)) AS c"
                          " FROM tenants WHERE tenant_key = '%s'",
                          theirs->customer.tenant);

    for (size_t i = 0; i < json_object_array_length(tables); i++) {
        json_object *table = json_object_array_get_idx(tables, i);

        sql = say("%s UNION ALL SELECT '%s', CONCAT(COUNT(*), ':', COALESCE(BIT_XOR(CRC32("
                  "CONCAT_WS('|', %s))), 0)) FROM %s x WHERE x.tenant_id = (SELECT id FROM tenants"
                  " WHERE tenant_key = '%s')",
                  sql, at(table, "t"), at(table, "c"), at(table, "t"), theirs->customer.tenant);
    }
    return sql;
}

static const char *census;   /* of the first tenant */
static json_object *counted; /* what it told last */

static void nothing_changed(const struct operation *one, const char *path)
{
    json_object *now = query(census);

    for (size_t i = 0; i < json_object_array_length(now); i++)
        cr_expect_str_eq(at(json_object_array_get_idx(now, i), "c"),
                         at(json_object_array_get_idx(counted, i), "c"),
                         "%s %s (%s) changed %s of another tenant", one->method, one->path, path,
                         at(json_object_array_get_idx(now, i), "t"));
    counted = now;
}

/* ---- what must be ---- */

/* Who names something that each tenant has under names of his own gets his own. */
static bool is_named_by_each(const struct operation *one)
{
    return strcmp(one->path, "/api/v1/operator-queues/{queue_key}") == 0 ||
           strcmp(one->path, "/v1/numbers/{id}") == 0; /* "num_1" */
}

/* What is brought in has the names that it had elsewhere; see the test of its own. */
static bool is_import(const struct operation *one)
{
    return strcmp(one->path, "/api/v1/voice-sessions") == 0 && strcmp(one->method, "POST") == 0;
}

static void asked_for_theirs(const struct operation *one, const struct tenancy *around,
                             const struct pair *pair)
{
    size_t arounds, insides, ids;
    const char *path = path_of(one, around, &pair->theirs, &arounds, &insides);
    const char *body = body_of(one, &pair->theirs, &ids), *leak;
    bool foreign =
        insides > 0 || (is_operators(one) && ids > 0) || (arounds > 0 && around == &pair->theirs);
    const char *credential = is_operators(one) ? say("x-admin-key: %s", fact("ADMIN_API_KEY"))
                                               : credential_for(one->api, &pair->ours);
    struct reply reply;

    /* The operator may see each tenant; what he asks of one must not be another's. */
    if (is_operators(one) && (around == &pair->theirs || insides + ids == 0))
        return;
    reply = asked(one, path, body, credential);
    if (foreign && !is_named_by_each(one))
        cr_expect(reply.status == 404 || reply.status == 403 || reply.status == 401 ||
                      (reply.status == 400 && insides == 0) || reply.status == 409,
                  "%s %s with another tenant's ids (%s): %ld %s", one->method, one->path, path,
                  reply.status, reply.body);
    leak = reply.status < 400 ? leak_in(&reply, say("%s %s", path, body ? body : ""), &pair->theirs)
                              : NULL;
    cr_expect_not(leak, "%s %s (%s) shows %s of another tenant: %s", one->method, one->path, path,
                  leak, reply.body);
    nothing_changed(one, path);
}

static void by_another_tenant(const struct operation *one, const struct pair *pair)
{
    if (is_import(one))
        return;
    asked_for_theirs(one, &pair->theirs, pair);
    if (strchr(one->path, '{'))
        asked_for_theirs(one, &pair->ours, pair);
}

/* Otherwise all that is refused would say nothing. */
static void by_whose_it_is(const struct operation *one, const struct pair *pair)
{
    size_t arounds, insides;
    const char *path = path_of(one, &pair->theirs, &pair->theirs, &arounds, &insides);
    bool platform = strncmp(one->path, "/tenants", 8) == 0;
    struct reply reply;

    if (strcmp(one->method, "GET") != 0)
        return;
    reply = asked(one, path, NULL,
                  is_operators(one) ? say("x-admin-key: %s", fact("ADMIN_API_KEY"))
                                    : credential_for(one->api, &pair->theirs));
    cr_expect_eq(reply.status, platform && insides + arounds == 0 ? 403 : 200, "%s %s: %ld %s",
                 one->method, path, reply.status, reply.body);
}

static void by_nobody(const struct operation *one, const struct pair *pair)
{
    size_t arounds, insides, ids;
    const char *path = path_of(one, &pair->theirs, &pair->theirs, &arounds, &insides);
    struct reply reply = asked(one, path, body_of(one, &pair->theirs, &ids), NULL);

    cr_expect_eq(reply.status, 401, "%s %s without a credential: %ld %s", one->method, path,
                 reply.status, reply.body);
}

/* Good credentials of the tenant's own, each for another API than the one that is asked. */
static void by_another_kind(const struct operation *one, const struct pair *pair)
{
    size_t arounds, insides, ids;
    const char *path = path_of(one, &pair->theirs, &pair->theirs, &arounds, &insides);

    for (size_t i = 0; i < COUNT_OF(apis); i++) {
        struct reply reply;

        if (strcmp(apis[i], one->api) == 0 && !is_operators(one))
            continue;
        reply = asked(one, path, body_of(one, &pair->theirs, &ids),
                      credential_for(apis[i], &pair->theirs));
        cr_expect_eq(reply.status, 401, "%s %s with a key of %s: %ld %s", one->method, path,
                     apis[i], reply.status, reply.body);
    }
}

/* ---- and is ---- */

static void walk(const char *api, size_t at_least)
{
    struct pair pair = {first_tenant(), second_tenant()};
    size_t count;

    count = each(api, &pair, by_whose_it_is);
    cr_expect_geq(count, at_least, "%s has %zu operations", api, count);
    each(api, &pair, by_nobody);
    each(api, &pair, by_another_kind);
    census = census_of(&pair.theirs);
    counted = query(census);
    each(api, &pair, by_another_tenant);
}

Test(isolation, of_tenants_that_kwickphones_clients_see)
{
    walk("kwickphone", 6);
}

Test(isolation, of_tenants_that_statesets_clients_see)
{
    walk("stateset", 90);
}

Test(isolation, of_tenants_that_twilios_clients_see)
{
    walk("twilio", 45);
}

Test(isolation, of_tenants_that_phonys_clients_see)
{
    walk("phony", 20);
}

Test(isolation, of_sessions_that_are_brought_in_under_anothers_names)
{
    struct pair pair = {first_tenant(), second_tenant()};
    const struct operation one = {.method = "POST", .path = "/api/v1/voice-sessions"};
    const char *stream = value_of(source_of("stream_id", ""), &pair.theirs);
    const char *call = value_of(source_of("call_sid", ""), &pair.theirs);
    struct reply reply;

    census = census_of(&pair.theirs);
    counted = query(census);
    reply = ask("POST", one.path, pair.ours.customer.stateset,
                say("{\"stream_id\":\"%s\",\"call_sid\":\"%s\"}", stream, call), NULL);
    cr_expect_eq(reply.status, 201, "%ld %s", reply.status, reply.body);
    nothing_changed(&one, one.path);
    reply = ask("GET", say("/api/v1/voice-sessions/by-stream/%s", stream),
                pair.ours.customer.stateset, NULL, NULL);
    cr_expect_str_eq(at(reply.json, "tenant_id"), pair.ours.customer.tenant, "%s", reply.body);
    reply = ask("GET", say("/api/v1/voice-sessions/by-stream/%s", stream),
                pair.theirs.customer.stateset, NULL, NULL);
    cr_expect_str_eq(at(reply.json, "tenant_id"), pair.theirs.customer.tenant, "%s", reply.body);
}

Test(isolation, of_numbers_that_each_tenant_counts_for_itself)
{
    struct customer theirs = customer_new(), ours = customer_new();
    struct reply reply;

    customer_number(&theirs);
    reply = kwick(&ours, "DELETE", say("/v1/numbers/%s", theirs.number_id), NULL);
    kwick_refused(&reply, 404, "not_found");
    reply = kwick(&theirs, "GET", "/v1/numbers", NULL);
    cr_expect_str_eq(at(reply.json, "data.0.id"), theirs.number_id, "%s", reply.body);
}
