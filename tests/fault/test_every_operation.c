/*
 * What every operation of StateSet's document, and of Phony's, answers when it cannot do its work:
 * without a credential, with a body that is none, while the store is away or broken, while the
 * operator is not configured.  The document says which of these an operation knows.
 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "fault/repair.h"
#include "harness/operations.h"

#define NOBODY "00000000-0000-4000-8000-000000000000"
#define NOBODYS_CALL "CA00000000000000000000000000000001"

static struct operations operations;
static const char *operators_key;
static const char *phonys_key; /* while it is Phony's document that is gone through */

static void begin(void)
{
    stack_repair();
    operators_key = say("%s", fact("ADMIN_API_KEY"));
    operations = operations_of("stateset");
    phonys_key = NULL;
}

TestSuite(every_operation, .init = begin, .fini = begin, .timeout = 240);

/* ---- what is asked ---- */

static json_object *sample_text(json_object *schema)
{
    json_object *words;
    const char *format = at(schema, "format");

    if (json_object_object_get_ex(schema, "enum", &words))
        return json_object_get(json_object_array_get_idx(words, 0));
    if (strcmp(format, "date-time") == 0)
        return json_object_new_string("2030-01-01T00:00:00Z");
    return json_object_new_string(strcmp(format, "uuid") == 0 ? NOBODY : "+13125550199");
}

/* A value that the schema allows, with its required members only. */
static json_object *sample(json_object *document, json_object *given)
{
    json_object *schema = schema_resolved(document, given), *required, *value;
    json_object *properties = json_object_object_get(schema, "properties");
    const char *type = json_object_to_json_string(json_object_object_get(schema, "type"));

    if (strstr(type, "\"string\""))
        return sample_text(schema);
    if (strstr(type, "\"integer\"") || strstr(type, "\"number\""))
        return json_object_new_int(1);
    if (strstr(type, "\"boolean\""))
        return json_object_new_boolean(1);
    if (strstr(type, "\"array\""))
        return json_object_new_array();
    value = json_object_new_object();
    if (json_object_object_get_ex(schema, "required", &required))
        for (size_t i = 0; i < json_object_array_length(required); i++) {
            const char *name = json_object_get_string(json_object_array_get_idx(required, i));

            json_object_object_add(value, name,
                                   sample(document, json_object_object_get(properties, name)));
        }
    return value;
}

static const char *written_body(const struct operation *one)
{
    json_object *content = json_object_object_get(json_object_object_get(one->of, "requestBody"),
                                                  "content"),
                *json = json_object_object_get(content, "application/json");

    if (!json)
        return *one->method == 'G' ? NULL : "";
    return json_object_to_json_string(
        kept(sample(one->document, json_object_object_get(json, "schema"))));
}

/* Bodies that must mean something beyond their types. */
static const char *const bodies[][2] = {
    {"/api/v1/automations/escalate-call", "{\"call_sid\":\"CA00000000000000000000000000000001\"}"},
    {"/api/v1/automations/escalate-call-with-bridge",
     "{\"call_sid\":\"CA00000000000000000000000000000001\"}"},
    {"/api/v1/operator-queues/{queue_key}", "{\"name\":\"Urgent\"}"},
    {"/tenants", "{\"name\":\"Acme\",\"subdomain\":\"nobodys\"}"},
    {"/api/calls/{call_sid}/context", "{\"context\":{}}"},
    {"/api/override/text", "{\"call_sid\":\"" NOBODYS_CALL "\",\"text\":\"Hi\"}"},
    {"/api/override/dtmf", "{\"call_sid\":\"" NOBODYS_CALL "\",\"digit\":\"1\"}"},
    {"/api/override/transfer", "{\"call_sid\":\"" NOBODYS_CALL "\",\"target\":\"+13125550199\"}"},
    {"/api/override/end", "{\"call_sid\":\"" NOBODYS_CALL "\"}"},
    {"/api/override/clarification", "{\"call_sid\":\"" NOBODYS_CALL "\",\"response\":\"Yes\"}"},
    {"/api/v1/access-requests",
     "{\"company_name\":\"Acme\",\"contact_name\":\"Ada\",\"work_email\":\"ada@example.com\","
     "\"use_case\":\"Answering the telephone of a shop\"}"},
};

static const char *body_of(const struct operation *one)
{
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
        if (strcmp(one->path, bodies[i][0]) == 0)
            return bodies[i][1];
    return written_body(one);
}

static bool is_operators(const struct operation *one)
{
    return strncmp(one->path, "/api/v1/admin/", 14) == 0;
}

/* The path with somebody's tenant, and nobody's everything else. */
static const char *path_of(const struct operation *one, const struct customer *customer)
{
    const char *const values[][2] = {
        {"tenant_id", customer->tenant},  {"agent_id", customer->agent_id}, {"action", "barge"},
        {"phone_number", "+13125550199"}, {"queue_key", "urgent"},          {NULL, NULL}};

    return operation_path_with(one, values, NOBODY);
}

static struct reply ask(const struct operation *one, const struct customer *customer,
                        const char *body)
{
    const char *credential = is_operators(one) ? say("x-admin-key: %s", operators_key)
                                               : say("Authorization: Bearer %s",
                                                     phonys_key ? phonys_key : customer->stateset);
    const char *const headers[] = {credential, "Content-Type: application/json", NULL};

    return http(one->method, path_of(one, customer), headers, body);
}

/* What the carrier posts is proved by its signature, and sockets are the daemon's. */
static bool is_asked(const struct operation *one)
{
    static const char *const others[] = {
        "/media-stream",         "/api/v1/logs",          "/relay/ws",          "/events/ws",
        "/api/v1/incoming-call", "/api/v1/outbound-call", "/api/v1/call-status"};

    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strcmp(one->path, others[i]) == 0)
            return false;
    return strncmp(one->path, "/health/", 8) != 0 &&
           !json_object_object_get(one->of, "x-served-by-daemon");
}

typedef void look(const struct operation *one, const struct customer *customer, int status);

/* Those that are documented to answer so. */
static void each(const struct customer *customer, int status, look *at_it)
{
    for (size_t i = 0; i < operations.count; i++)
        if (is_asked(&operations.at[i]) && operation_knows(&operations.at[i], status))
            at_it(&operations.at[i], customer, status);
}

static void asked_well(const struct operation *one, const struct customer *customer, int status)
{
    struct reply reply = ask(one, customer, body_of(one));

    cr_expect_eq(reply.status, status, "%s %s %s: %ld %s", one->method, one->path,
                 body_of(one) ? body_of(one) : "", reply.status, reply.body);
}

static void asked_badly(const struct operation *one, const struct customer *customer, int status)
{
    struct reply reply;

    if (*one->method == 'G' || *one->method == 'D')
        return;
    reply = ask(one, customer, "{\"limit\":");
    cr_expect_eq(reply.status, status, "%s %s: %ld %s", one->method, one->path, reply.status,
                 reply.body);
}

static void asked_by_nobody(const struct operation *one, const struct customer *customer,
                            int status)
{
    static const char *const headers[] = {"Content-Type: application/json", NULL};
    struct reply reply;

    if (strcmp(one->path, "/api/v1/admin/auth/logout") == 0)
        return; /* only pages of others are refused there */
    reply = http(one->method, path_of(one, customer), headers, body_of(one));

    cr_expect_eq(reply.status, status, "%s %s: %ld %s", one->method, one->path, reply.status,
                 reply.body);
}

/* ---- and answered ---- */

Test(every_operation, is_401_without_a_credential)
{
    struct customer customer = customer_new();

    each(&customer, 401, asked_by_nobody);
}

Test(every_operation, is_400_with_a_body_that_is_none)
{
    struct customer customer = customer_new();

    each(&customer, 400, asked_badly);
}

Test(every_operation, is_503_while_the_store_is_away)
{
    struct customer customer = customer_new();

    part_stop("database", "TERM");
    each(&customer, 503, asked_well);
}

static void of_tenants(const struct operation *one, const struct customer *customer, int status)
{
    if (!is_operators(one))
        asked_well(one, customer, status);
}

static void of_operators(const struct operation *one, const struct customer *customer, int status)
{
    if (is_operators(one))
        asked_well(one, customer, status);
}

Test(every_operation, is_500_while_the_store_is_broken)
{
    struct customer customer = customer_new();

    cr_assert_eq(
        http("GET", "/status",
             (const char *const[]){say("Authorization: Bearer %s", customer.stateset), NULL}, NULL)
            .status,
        200);
    tables_away_but("'tenants', 'api_keys', 'schema_migrations'");
    each(&customer, 500, of_tenants);
    tables_back();
    tables_away_but("'schema_migrations'");
    each(&customer, 500, of_operators);
}

/* From here on it is Phony's document that is gone through. */
static struct customer phonys_customer(void)
{
    struct customer customer = customer_new();

    phonys_key = customer_key(&customer, "phony", "\"permissions\":[\"*\",\"platform:admin\"]");
    operations = operations_of("phony");
    return customer;
}

Test(every_operation, of_phony_is_refused_while_the_store_is_away)
{
    struct customer customer = phonys_customer();

    each(&customer, 400, asked_badly);
    part_stop("database", "TERM");
    each(&customer, 503, asked_well);
}

static void of_a_tenant(const struct operation *one, const struct customer *customer, int status)
{
    if (strncmp(one->path, "/tenants", 8) != 0)
        asked_well(one, customer, status);
}

static void of_tenants_as_such(const struct operation *one, const struct customer *customer,
                               int status)
{
    if (strncmp(one->path, "/tenants", 8) == 0)
        asked_well(one, customer, status);
}

Test(every_operation, of_phony_is_500_while_the_store_is_broken)
{
    struct customer customer = phonys_customer();

    tables_away_but("'tenants', 'api_keys', 'schema_migrations'");
    each(&customer, 500, of_a_tenant);
    tables_back();
    tables_away_but("'schema_migrations'");
    each(&customer, 500, of_tenants_as_such);
}

Test(every_operation, of_the_operator_is_404_until_he_is_configured)
{
    const char *name = say("%s", fact("ADMIN_USERNAME"));
    struct customer customer = customer_new();

    setenv("ADMIN_USERNAME", "", 1);
    api_restart_with("ADMIN_API_KEY", "");
    each(&customer, 404, of_operators);
    setenv("ADMIN_API_KEY", operators_key, 1);
    api_restart_with("ADMIN_USERNAME", name);
}

Test(every_operation, that_orders_calls_is_429_beyond_its_tenants_rate)
{
    struct customer customer = customer_new();
    const struct operation one = {.method = "POST", .path = "/api/v1/voice/translation-calls"};
    struct reply reply = {0};

    api_restart_with("RATE_LIMIT_TENANT_PER_MINUTE", "2");
    for (int i = 0; i < 6 && reply.status != 429; i++) /* a minute may end meanwhile */
        reply = ask(&one, &customer, "{}");
    cr_expect_eq(reply.status, 429, "%ld %s", reply.status, reply.body);
    cr_expect_not_null(reply_header_of(&reply, "Retry-After"));
    api_restart_with("RATE_LIMIT_TENANT_PER_MINUTE", NULL);
}

Test(every_operation, is_400_with_a_form_that_is_none)
{
    static const char *const headers[] = {"Content-Type: application/x-www-form-urlencoded", NULL};
    struct reply reply = http("POST", "/api/v1/outbound-call", headers, "CallSid=%00&To=%ZZ");

    cr_expect_eq(reply.status, 400, "%ld %s", reply.status, reply.body);
}
