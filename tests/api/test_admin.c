/*
 * The operator's part: whom it lets in, tenants as documents, and balances.
 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "api/api.h"

TestSuite(admin, .timeout = 60);

#define BASE "/api/v1/admin/tenants/"
#define NOBODY "00000000-0000-4000-8000-000000000000"

/* ---- who may ask ---- */

/* Every operation; @ stands for the tenant. */
struct operation {
    char method[8], path[88];
};

static struct operation operations[] = {
    {"GET", BASE "@"},
    {"PUT", BASE "@"},
    {"GET", BASE "@/api-keys"},
    {"POST", BASE "@/api-keys"},
    {"DELETE", BASE "@/api-keys/" NOBODY},
    {"GET", BASE "@/agents"},
    {"POST", BASE "@/agents"},
    {"GET", BASE "@/agent-versions"},
    {"POST", BASE "@/agent-versions"},
    {"POST", BASE "@/agent-versions/" NOBODY "/publish"},
    {"GET", BASE "@/phone-number-routes"},
    {"PUT", BASE "@/phone-number-routes"},
    {"DELETE", BASE "@/phone-number-routes/" NOBODY},
    {"POST", BASE "@/balance"},
};

/* The path with a tenant in its place. */
static const char *path_of(const struct operation *operation, const char *tenant)
{
    const char *mark = strchr(operation->path, '@');

    return say("%.*s%s%s", (int)(mark - operation->path), operation->path, tenant, mark + 1);
}

ParameterizedTestParameters(admin, asks_for_its_key)
{
    return cr_make_param_array(struct operation, operations, COUNT_OF(operations));
}

ParameterizedTest(struct operation *given, admin, asks_for_its_key)
{
    struct customer customer = customer_new();
    const char *key = fact("ADMIN_API_KEY"), *path = path_of(given, customer.tenant);
    const char *const wrong[] = {NULL,
                                 "x-admin-key:",
                                 "x-admin-key: adm_00000000000000000000000000000000",
                                 say("x-admin-key: %sx", key),
                                 say("x-admin-key: %.*s", (int)strlen(key) - 1, key),
                                 say("Authorization: Bearer %s", key),
                                 say("Authorization: Bearer %s", customer.stateset),
                                 say("X-API-Key: %s", key),
                                 say("Cookie: x-admin-key=%s", key)};

    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        struct reply reply = ask(given->method, path, NULL, "{}", wrong[i]);

        admin_refused(&reply, 401);
        cr_expect_null(strstr(reply.body, customer.tenant));
    }
    cr_expect_eq(rows_of(&customer, "agents"), 1);
    cr_expect_eq(rows_of(&customer, "api_keys"), 2);
}

/* Without a key nobody learns which tenants there are. */
Test(admin, refuses_strangers_alike_whether_the_tenant_is_there_or_not)
{
    struct customer customer = customer_new();
    struct reply there = ask("GET", admin_path(&customer, ""), NULL, NULL, NULL);
    struct reply none = ask("GET", BASE "no-such-tenant", NULL, NULL, NULL);

    admin_refused(&there, 401);
    cr_expect_str_eq(there.body, none.body);
}

ParameterizedTestParameters(admin, knows_no_such_tenant)
{
    return cr_make_param_array(struct operation, operations, COUNT_OF(operations));
}

ParameterizedTest(struct operation *given, admin, knows_no_such_tenant)
{
    static const char *const names[] = {"no-such-tenant", "-", "%F0%9F%93%9E", "a%20b",
                                        "'%20OR%201"};
    struct reply reply;

    if (strcmp(given->method, "PUT") == 0 && strchr(given->path, '@')[1] == '\0')
        return; /* makes the tenant */
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        reply = admin(given->method, path_of(given, names[i]), "{}");
        admin_refused(&reply, 404);
    }
}

/* ---- tenants ---- */

static struct reply put(const struct customer *customer, const char *document)
{
    return admin("PUT", admin_path(customer, ""), document);
}

static struct reply get(const struct customer *customer)
{
    return admin("GET", admin_path(customer, ""), NULL);
}

Test(admin, makes_a_tenant_of_a_document)
{
    const char *path = say(BASE "t%s", new_call_sid() + 2);
    struct reply reply = admin("PUT", path,
                               "{\"display_name\":\"Bakery\",\"voice\":\"marin\","
                               "\"colors\":{\"sky\":[\"blue\",null,1.50]},\"empty\":null}");

    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect_str_eq(at(reply.json, "ok"), "true");
    cr_expect_str_eq(at(reply.json, "tenant_id"), path + strlen(BASE));
    reply = admin("GET", path, NULL);
    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect_str_eq(at(reply.json, "config.display_name"), "Bakery");
    cr_expect_str_eq(at(reply.json, "config.colors.sky.0"), "blue", "unknown keys are kept");
    cr_expect_str_eq(at(reply.json, "config.colors.sky.2"), "1.50", "as they were written");
    cr_expect(has(reply.json, "config.empty"));
    cr_expect_str_eq(reply_header_of(&reply, "ETag"), say("\"%s\"", at(reply.json, "etag")));
}

Test(admin, replaces_the_document_whole)
{
    struct customer customer = customer_new();
    struct reply reply;

    cr_assert_eq(put(&customer, "{\"display_name\":\"One\",\"first\":1}").status, 200);
    cr_assert_eq(put(&customer, "{\"display_name\":\"Two\",\"second\":2}").status, 200);
    reply = get(&customer);
    cr_expect_str_eq(at(reply.json, "config.display_name"), "Two");
    cr_expect_str_eq(at(reply.json, "config.second"), "2");
    cr_expect_not(has(reply.json, "config.first"), "%s", reply.body);
}

Test(admin, changes_a_tenant_only_as_it_was_read)
{
    struct customer customer = customer_new();
    const char *path = admin_path(&customer, ""), *tag = at(get(&customer).json, "etag");
    struct reply reply;

    reply = admin_with("PUT", path, "{\"v\":1}", say("If-Match: \"%s\"", tag));
    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect_str_neq(at(reply.json, "etag"), tag);
    reply = admin_with("PUT", path, "{\"v\":2}", say("If-Match: \"%s\"", tag));
    admin_refused(&reply, 412);
    reply = admin_with("PUT", path, "{\"v\":2}", "If-Match: \"\"");
    admin_refused(&reply, 412);
    reply = admin_with("PUT", path, "{\"v\":2}", "If-Match: nonsense, \"1-000000000000\"");
    admin_refused(&reply, 412);
    reply = get(&customer);
    cr_expect_str_eq(at(reply.json, "config.v"), "1", "a refused change was written");
    tag = at(reply.json, "etag");
    reply = admin_with("PUT", path, "{\"v\":3}", say("If-Match: \"other\", \"%s\"", tag));
    cr_expect_eq(reply.status, 200, "listed: %ld", reply.status);
    cr_expect_eq(admin_with("PUT", path, "{\"v\":4}", "If-Match: *").status, 200);
    cr_expect_eq(put(&customer, "{\"v\":5}").status, 200, "absent: the last one wins");
}

Test(admin, makes_no_tenant_under_a_condition)
{
    const char *name = say("t%s", new_call_sid() + 2);
    struct reply reply = admin_with("PUT", say(BASE "%s", name), "{}", "If-Match: *");

    admin_refused(&reply, 412);
    cr_expect_eq(admin("GET", say(BASE "%s", name), NULL).status, 404);
}

/* A request as the operator, beside the test. */
static int admin_aside(const char *method, const char *path, const char *body, const char *header)
{
    const char *const headers[] = {say("x-admin-key: %s", fact("ADMIN_API_KEY")),
                                   "Content-Type: application/json", header, NULL};

    return ask_aside(method, path, headers, body);
}

Test(admin, lets_one_of_many_writers_through)
{
    struct customer customer = customer_new();
    const char *condition = say("If-Match: \"%s\"", at(get(&customer).json, "etag"));
    int asides[4], written = 0;

    for (int i = 0; i < 4; i++)
        asides[i] = admin_aside("PUT", admin_path(&customer, ""), say("{\"v\":%d}", i), condition);
    for (int i = 0; i < 4; i++) {
        long status = aside_status(asides[i]);

        cr_expect(status == 200 || status == 412, "%ld", status);
        written += status == 200;
    }
    cr_expect_eq(written, 1);
}

Test(admin, says_when_a_tenant_is_unchanged)
{
    struct customer customer = customer_new();
    const char *path = admin_path(&customer, ""), *tag = at(get(&customer).json, "etag");
    struct reply reply = admin_with("GET", path, NULL, say("If-None-Match: \"%s\"", tag));

    cr_expect_eq(reply.status, 304);
    cr_expect_eq(reply.length, 0u);
    cr_expect_str_eq(reply_header_of(&reply, "ETag"), say("\"%s\"", tag));
    reply = admin_with("GET", path, NULL, "If-None-Match: \"other\"");
    cr_expect_eq(reply.status, 200);
}

#define SECRET "s3cr3t-of-the-carrier-0123456789"

Test(admin, never_shows_a_secret_again)
{
    struct customer customer = customer_new();
    struct reply reply = put(
        &customer, "{\"twilio\":{\"account_sid\":\"AC00000000000000000000000000000001\","
                   "\"auth_token\":\"" SECRET "\"},"
                   "\"crm\":{\"deep\":{\"api_key\":\"" SECRET "\",\"url\":\"https://x.example\"}},"
                   "\"password\":\"" SECRET "\"}");

    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect_null(strstr(reply.body, SECRET));
    reply = get(&customer);
    cr_expect_null(strstr(reply.body, SECRET), "%s", reply.body);
    cr_expect_str_eq(at(reply.json, "config.twilio.auth_token"), "[redacted]");
    cr_expect_str_eq(at(reply.json, "config.crm.deep.api_key"), "[redacted]");
    cr_expect_str_eq(at(reply.json, "config.password"), "[redacted]");
    cr_expect_str_eq(at(reply.json, "config.crm.deep.url"), "https://x.example");
    cr_expect_eq(number_of(say("SELECT COUNT(*) FROM tenants WHERE tenant_key = '%s'"
                               " AND config LIKE '%%" SECRET "%%'",
                               customer.tenant)),
                 0, "a secret lies in the clear");
    cr_expect_eq(rows_of(&customer, "tenant_secrets"), 3);
}

/* What was read may be written back: the word that stands for a secret leaves it as it is. */
Test(admin, keeps_a_secret_that_comes_back_redacted)
{
    struct customer customer = customer_new();
    const char *account = customer_carrier(&customer);
    json_object *config = NULL;

    cr_assert(json_object_object_get_ex(get(&customer).json, "config", &config));
    cr_expect_str_eq(at(config, "twilio.auth_token"), "[redacted]");
    cr_assert_eq(put(&customer, json_object_to_json_string(config)).status, 200);
    cr_expect_eq(kwick(&customer, "POST", "/v1/numbers", "{}").status, 201);
    cr_assert_eq(put(&customer, say("{\"twilio\":{\"account_sid\":\"%s\"}}", account)).status, 200);
    cr_expect_eq(kwick(&customer, "POST", "/v1/numbers", "{}").status, 201, "left out");
    cr_expect_eq(carrier_numbers(account), 2u);
}

Test(admin, forgets_a_secret_that_comes_back_null)
{
    struct customer customer = customer_new();
    const char *account = customer_carrier(&customer);

    cr_assert_eq(put(&customer, say("{\"carrier_mode\":\"byoc\",\"twilio\":{\"account_sid\":\"%s\","
                                    "\"auth_token\":null}}",
                                    account))
                     .status,
                 200);
    cr_expect_eq(rows_of(&customer, "tenant_secrets"), 0);
    cr_expect_eq(kwick(&customer, "POST", "/v1/numbers", "{}").status, 503);
    cr_expect_eq(carrier_numbers(account), 0u);
}

struct bad_name {
    char name[80];
};

ParameterizedTestParameters(admin, refuses_names)
{
    static struct bad_name names[] = {
        /* clang-format off */
        {"audio-providers"}, {"cache-metrics"}, {"cached"}, {"evict-idle"}, {"reload-cached"}, {"validate"},
        {".hidden"}, {"-dash"}, {"_under"}, {"a%20b"}, {"a%2Fb"}, {"a:b"}, {"a@b"}, {"%C3%A9t%C3%A9"},
        {"a123456789012345678901234567890123456789012345678901234567890123x"},
        /* clang-format on */
    };

    return cr_make_param_array(struct bad_name, names, COUNT_OF(names));
}

ParameterizedTest(struct bad_name *given, admin, refuses_names)
{
    struct reply reply = admin("PUT", say(BASE "%s", given->name), "{}");

    admin_refused(&reply, 400);
}

struct bad_document {
    char body[80], word[24];
};

ParameterizedTestParameters(admin, refuses_documents)
{
    static struct bad_document documents[] = {
        /* clang-format off */
        {"",                                               "object"},
        {"[]",                                             "object"},
        {"null",                                           "object"},
        {"7",                                              "object"},
        {"{",                                              "JSON"},
        {"{\"tenant_id\":\"another\"}",                    "tenant_id"},
        {"{\"tenant_id\":5}",                              "tenant_id"},
        {"{\"display_name\":5}",                           "display_name"},
        {"{\"display_name\":\"\"}",                        "display_name"},
        {"{\"status\":\"closed\"}",                        "status"},
        {"{\"slug\":\"Has Caps\"}",                        "slug"},
        {"{\"timezone\":\"not a zone!\"}",                 "timezone"},
        {"{\"org_id\":[]}",                                "org_id"},
        {"{\"voice\":5}",                                  "voice"},
        {"{\"model\":{}}",                                 "model"},
        {"{\"carrier_mode\":\"pigeon\"}",                  "carrier_mode"},
        {"{\"twilio\":\"AC1\"}",                           "twilio"},
        {"{\"twilio\":{\"account_sid\":5}}",               "twilio.account_sid"},
        {"{\"twilio\":{\"account_sid\":\"AC'; DROP\"}}",   "twilio.account_sid"},
        {"{\"limits\":{\"max_numbers\":\"7\"}}",           "limits.max_numbers"},
        {"{\"limits\":{\"max_numbers\":-1}}",              "limits.max_numbers"},
        {"{\"limits\":{\"max_numbers\":1.5}}",             "limits.max_numbers"},
        {"{\"limits\":{\"max_agents\":99999999999999999999}}", "number"},
        {"{\"retention\":[]}",                             "retention"},
        /* clang-format on */
    };

    return cr_make_param_array(struct bad_document, documents, COUNT_OF(documents));
}

ParameterizedTest(struct bad_document *given, admin, refuses_documents)
{
    struct customer customer = customer_new();
    const char *before = at(get(&customer).json, "etag");
    struct reply reply = put(&customer, given->body);

    admin_refused(&reply, 400);
    cr_expect(strstr(at(reply.json, "error"), given->word), "%s", reply.body);
    cr_expect_str_eq(at(get(&customer).json, "etag"), before, "it was written");
}

Test(admin, gives_a_slug_to_one_tenant)
{
    struct customer one = customer_new(), other = customer_new();
    const char *document = say("{\"slug\":\"s-%s\"}", one.tenant);
    struct reply reply;

    cr_assert_eq(put(&one, document).status, 200);
    reply = put(&other, document);
    admin_refused(&reply, 400);
}

/* ---- balances ---- */

static struct reply pay(const struct customer *customer, const char *body, const char *header)
{
    return admin_with("POST", admin_path(customer, "/balance"), body, header);
}

Test(admin, adds_to_a_balance_and_takes_from_it)
{
    struct customer customer = customer_new();
    struct reply reply = pay(&customer, "{\"amount_micros\":1,\"note\":\"a millionth\"}", NULL);

    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect_str_eq(at(reply.json, "balance_micros"), "50000001");
    cr_expect_str_eq(at(reply.json, "currency"), "USD");
    reply = pay(&customer, "{\"amount_micros\":-60000001}", NULL);
    cr_expect_str_eq(at(reply.json, "balance_micros"), "-10000000", "%s", reply.body);
    cr_expect_eq(balance_of(&customer), -10000000);
}

ParameterizedTestParameters(admin, refuses_amounts)
{
    static struct bad_document amounts[] = {
        /* clang-format off */
        {"",                                        "amount_micros"},
        {"{}",                                      "amount_micros"},
        {"[]",                                      "object"},
        {"{\"amount_micros\":0}",                   "amount_micros"},
        {"{\"amount_micros\":null}",                "amount_micros"},
        {"{\"amount_micros\":\"5\"}",               "amount_micros"},
        {"{\"amount_micros\":1.5}",                 "amount_micros"},
        {"{\"amount_micros\":true}",                "amount_micros"},
        {"{\"amount_micros\":1000000000001}",       "amount_micros"},
        {"{\"amount_micros\":-1000000000001}",      "amount_micros"},
        {"{\"amount_micros\":9223372036854775807}", "amount_micros"},
        {"{\"amount_micros\":-9223372036854775808}", "amount_micros"},
        {"{\"amount_micros\":9223372036854775808}", "number"},
        {"{\"amount_micros\":1e400}",               "number"},
        {"{\"amount_micros\":5,\"note\":5}",        "note"},
        /* clang-format on */
    };

    return cr_make_param_array(struct bad_document, amounts, COUNT_OF(amounts));
}

ParameterizedTest(struct bad_document *given, admin, refuses_amounts)
{
    struct customer customer = customer_new();
    struct reply reply = pay(&customer, given->body, NULL);

    admin_refused(&reply, 400);
    cr_expect(strstr(at(reply.json, "error"), given->word), "%s", reply.body);
    cr_expect_eq(balance_of(&customer), 50000000);
}

Test(admin, adds_once_when_the_operator_repeats_himself)
{
    struct customer customer = customer_new();
    struct reply first = pay(&customer, "{\"amount_micros\":7}", "Idempotency-Key: gift");
    struct reply again = pay(&customer, "{\"amount_micros\":7}", "Idempotency-Key: gift");

    cr_expect_eq(first.status, 200);
    cr_expect_eq(again.status, 200);
    cr_expect_str_eq(again.body, first.body);
    cr_expect_eq(balance_of(&customer), 50000007);
    again = pay(&customer, "{\"amount_micros\":8}", "Idempotency-Key: gift");
    admin_refused(&again, 409);
    cr_expect_eq(balance_of(&customer), 50000007);
}

Test(admin, keeps_the_repetitions_of_tenants_apart)
{
    struct customer one = customer_new(), other = customer_new();

    cr_expect_eq(pay(&one, "{\"amount_micros\":7}", "Idempotency-Key: gift").status, 200);
    cr_expect_eq(pay(&other, "{\"amount_micros\":7}", "Idempotency-Key: gift").status, 200);
    cr_expect_eq(balance_of(&one), 50000007);
    cr_expect_eq(balance_of(&other), 50000007);
}

Test(admin, adds_once_when_it_is_asked_many_times_at_once)
{
    struct customer customer = customer_new();
    int asides[6];

    for (int i = 0; i < 6; i++)
        asides[i] = admin_aside("POST", admin_path(&customer, "/balance"), "{\"amount_micros\":7}",
                                "Idempotency-Key: gift");
    for (int i = 0; i < 6; i++) {
        long status = aside_status(asides[i]);

        cr_expect(status == 200 || status == 409, "%ld", status);
    }
    cr_expect_eq(balance_of(&customer), 50000007);
}
