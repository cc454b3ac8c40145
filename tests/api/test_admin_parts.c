/*
 * What the operator gives a tenant: keys, agents with their versions, and routes.
 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "api/api.h"

TestSuite(admin_parts, .timeout = 60);

#define NOBODY "00000000-0000-4000-8000-000000000000"

static struct reply post(const struct customer *customer, const char *rest, const char *body)
{
    return admin("POST", admin_path(customer, rest), body);
}

static struct reply get(const struct customer *customer, const char *rest)
{
    return admin("GET", admin_path(customer, rest), NULL);
}

/* ---- keys ---- */

struct kind {
    char name[12], prefix[12];
};

ParameterizedTestParameters(admin_parts, keys_of_all_kinds)
{
    static struct kind kinds[] = {
        {"twilio", ""},   {"kwickphone", "kp_live_"}, {"thruai", "sk_live_"},
        {"phony", "pk_"}, {"stateset", "ssk_"},
    };

    return cr_make_param_array(struct kind, kinds, COUNT_OF(kinds));
}

ParameterizedTest(struct kind *given, admin_parts, keys_of_all_kinds)
{
    struct customer customer = customer_new();
    struct reply reply =
        post(&customer, "/api-keys",
             say("{\"kind\":\"%s\",\"label\":\"Till\",\"permissions\":[\"calls:read\"],"
                 "\"ip_allowlist\":[\"192.0.2.0/24\"],\"expires_at\":\"2099-01-01T00:00:00Z\"}",
                 given->name));
    const char *token = at(reply.json, "created.token");

    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect_eq(strncmp(token, given->prefix, strlen(given->prefix)), 0, "%s", token);
    cr_expect_geq(strlen(token), 32u);
    cr_expect_str_eq(at(reply.json, "created.api_key.kind"), given->name);
    cr_expect_str_eq(at(reply.json, "created.api_key.label"), "Till");
    cr_expect_str_eq(at(reply.json, "created.api_key.permissions.0"), "calls:read");
    cr_expect_str_eq(at(reply.json, "created.api_key.ip_allowlist.0"), "192.0.2.0/24");
    cr_expect_str_eq(at(reply.json, "created.api_key.expires_at"), "2099-01-01T00:00:00Z");
    if (strcmp(given->name, "twilio") == 0)
        cr_expect_eq(strlen(at(reply.json, "created.account_sid")), 34u, "%s", reply.body);
    else
        cr_expect_not(has(reply.json, "created.account_sid"), "%s", reply.body);
    reply = get(&customer, say("/api-keys?kind=%s", given->name));
    cr_expect_not_null(strstr(reply.body, "\"label\":\"Till\""), "%s", reply.body);
    cr_expect_null(strstr(reply.body, token), "a token is shown again");
    cr_expect_eq(number_of(say("SELECT COUNT(*) FROM api_keys WHERE HEX(key_hash) = HEX('%s')"
                               " OR sealed = '%s' OR label = '%s'",
                               token, token, token)),
                 0);
}

Test(admin_parts, keys_are_of_stateset_unless_they_say_otherwise)
{
    struct customer customer = customer_new();
    struct reply reply = post(&customer, "/api-keys", NULL);
    const char *token;

    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect_str_eq(at(reply.json, "created.api_key.kind"), "stateset");
    token = say("the bearer of %s", customer.tenant);
    reply = post(&customer, "/api-keys", say("{\"token\":\"%s\"}", token));
    cr_expect_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect_str_eq(at(reply.json, "created.token"), token);
    cr_expect_str_eq(at(reply.json, "created.api_key.label"), "legacy");
}

struct bad_body {
    char body[160], word[24];
};

ParameterizedTestParameters(admin_parts, keys_refused)
{
    static struct bad_body bodies[] = {
        /* clang-format off */
        {"[]",                                            "object"},
        {"{",                                             "JSON"},
        {"{\"kind\":\"other\"}",                          "kind"},
        {"{\"kind\":\"\"}",                               "kind"},
        {"{\"kind\":5}",                                  "kind"},
        {"{\"label\":5}",                                 "label"},
        {"{\"label\":\"1234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901\"}", "label"},
        {"{\"permissions\":\"all\"}",                     "permissions"},
        {"{\"permissions\":[1]}",                         "permissions"},
        {"{\"ip_allowlist\":\"127.0.0.1\"}",              "ip_allowlist"},
        {"{\"ip_allowlist\":[\"nowhere\"]}",              "ip_allowlist"},
        {"{\"ip_allowlist\":[\"10.0.0.0/33\"]}",          "ip_allowlist"},
        {"{\"ip_allowlist\":[\"10.0.0.0/\"]}",            "ip_allowlist"},
        {"{\"ip_allowlist\":[\"2001:db8::/129\"]}",       "ip_allowlist"},
        {"{\"expires_at\":\"soon\"}",                     "expires_at"},
        {"{\"expires_at\":\"2020-01-01T00:00:00Z\"}",     "expires_at"},
        {"{\"expires_at\":\"2099-02-30T00:00:00Z\"}",     "expires_at"},
        {"{\"expires_at\":4070908800}",                   "expires_at"},
        {"{\"token\":\"short\"}",                         "token"},
        {"{\"kind\":\"kwickphone\",\"token\":\"the bearer of long ago\"}", "token"},
        /* clang-format on */
    };

    return cr_make_param_array(struct bad_body, bodies, COUNT_OF(bodies));
}

ParameterizedTest(struct bad_body *given, admin_parts, keys_refused)
{
    struct customer customer = customer_new();
    struct reply reply = post(&customer, "/api-keys", given->body);

    admin_refused(&reply, 400);
    cr_expect(strstr(at(reply.json, "error"), given->word), "%s", reply.body);
    cr_expect_eq(rows_of(&customer, "api_keys"), 2);
}

Test(admin_parts, keys_are_limited_in_number)
{
    struct customer customer = customer_new(); /* has one */
    struct reply reply;

    for (int i = 2; i <= 5; i++)
        customer_key(&customer, "kwickphone", NULL);
    reply = post(&customer, "/api-keys", "{\"kind\":\"kwickphone\"}");
    admin_refused(&reply, 409);
    reply = get(&customer, "/api-keys?kind=kwickphone");
    cr_expect_str_eq(at(reply.json, "count"), "5");
    reply =
        admin("DELETE", admin_path(&customer, say("/api-keys/%s", at(reply.json, "api_keys.0.id"))),
              NULL);
    cr_expect_eq(reply.status, 200);
    cr_expect_eq(post(&customer, "/api-keys", "{\"kind\":\"kwickphone\"}").status, 200,
                 "revoked ones do not count");
    for (int i = 1; i <= 2; i++)
        customer_key(&customer, "twilio", NULL);
    reply = post(&customer, "/api-keys", "{\"kind\":\"twilio\"}");
    admin_refused(&reply, 409);
}

Test(admin_parts, keys_are_made_once_when_the_operator_repeats_himself)
{
    struct customer customer = customer_new();
    const char *path = admin_path(&customer, "/api-keys");
    struct reply first = admin_with("POST", path, "{\"label\":\"a\"}", "Idempotency-Key: k");
    struct reply again = admin_with("POST", path, "{\"label\":\"a\"}", "Idempotency-Key: k");

    cr_expect_eq(first.status, 200);
    cr_expect_str_eq(at(again.json, "created.token"), at(first.json, "created.token"));
    cr_expect_eq(rows_of(&customer, "api_keys"), 3);
    cr_expect_eq(number_of(say("SELECT COUNT(*) FROM idempotency_keys WHERE body LIKE '%%%s%%'",
                               at(first.json, "created.token"))),
                 0, "the token lies in the clear");
}

Test(admin_parts, keys_are_listed_by_kind)
{
    struct customer customer = customer_new();
    struct reply reply = get(&customer, "/api-keys");

    cr_expect_str_eq(at(reply.json, "count"), "2");
    cr_expect_str_eq(at(get(&customer, "/api-keys?kind=phony").json, "count"), "0");
    reply = get(&customer, "/api-keys?kind=other");
    admin_refused(&reply, 400);
}

Test(admin_parts, keys_are_revoked_for_good)
{
    struct customer customer = customer_new(), other = customer_new();
    const char *id = at(get(&customer, "/api-keys?kind=stateset").json, "api_keys.0.id");
    struct reply first, again;

    again = admin("DELETE", admin_path(&other, say("/api-keys/%s", id)), NULL);
    admin_refused(&again, 404);
    first = admin("DELETE", admin_path(&customer, say("/api-keys/%s", id)), NULL);
    cr_expect_eq(first.status, 200);
    cr_expect(*at(first.json, "api_key.revoked_at"), "%s", first.body);
    again = admin("DELETE", admin_path(&customer, say("/api-keys/%s", id)), NULL);
    cr_expect_eq(again.status, 200);
    cr_expect_str_eq(again.body, first.body);
    again = admin("DELETE", admin_path(&customer, "/api-keys/" NOBODY), NULL);
    admin_refused(&again, 404);
    again = admin("DELETE", admin_path(&customer, "/api-keys/7"), NULL);
    admin_refused(&again, 404);
}

/* ---- agents ---- */

Test(admin_parts, agents_are_made_and_listed)
{
    struct customer customer = customer_new(), other = customer_new();
    struct reply reply =
        post(&customer, "/agents",
             "{\"agent_key\":\"night\",\"name\":\"Night\",\"direction\":\"inbound\"}");

    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect_str_eq(at(reply.json, "agent.agent_key"), "night");
    cr_expect_str_eq(at(reply.json, "agent.tenant_id"), customer.tenant);
    cr_expect_str_eq(at(reply.json, "agent.direction"), "inbound");
    reply = get(&customer, "/agents");
    cr_expect_str_eq(at(reply.json, "count"), "2");
    cr_expect_str_eq(at(reply.json, "agents.0.agent_key"), "night", "newest first");
    cr_expect_str_eq(at(get(&other, "/agents").json, "count"), "1", "of another tenant");
}

ParameterizedTestParameters(admin_parts, agents_refused)
{
    static struct bad_body bodies[] = {
        /* clang-format off */
        {"",                                              "required"},
        {"{}",                                            "required"},
        {"[]",                                            "object"},
        {"{\"agent_key\":\"a\"}",                         "name"},
        {"{\"name\":\"A\"}",                              "agent_key"},
        {"{\"agent_key\":\"a\",\"name\":\"\"}",           "name"},
        {"{\"agent_key\":\"a\",\"name\":null}",           "name"},
        {"{\"agent_key\":\"desk\",\"name\":\"Twice\"}",   "agent_key"},
        {"{\"agent_key\":\"\",\"name\":\"A\"}",           "agent_key"},
        {"{\"agent_key\":\"Has Caps\",\"name\":\"A\"}",   "agent_key"},
        {"{\"agent_key\":\"-a\",\"name\":\"A\"}",         "agent_key"},
        {"{\"agent_key\":5,\"name\":\"A\"}",              "agent_key"},
        {"{\"agent_key\":\"a\",\"name\":\"A\",\"direction\":\"sideways\"}", "direction"},
        {"{\"agent_key\":\"a\",\"name\":\"A\",\"description\":{}}", "description"},
        /* clang-format on */
    };

    return cr_make_param_array(struct bad_body, bodies, COUNT_OF(bodies));
}

ParameterizedTest(struct bad_body *given, admin_parts, agents_refused)
{
    struct customer customer = customer_new();
    struct reply reply = post(&customer, "/agents", given->body);

    admin_refused(&reply, 400);
    cr_expect(strstr(at(reply.json, "error"), given->word), "%s", reply.body);
    cr_expect_eq(rows_of(&customer, "agents"), 1);
}

Test(admin_parts, agents_are_limited_in_number)
{
    struct customer customer = customer_new();
    struct reply reply;

    cr_assert_eq(admin("PUT", admin_path(&customer, ""), "{\"limits\":{\"max_agents\":1}}").status,
                 200);
    reply = post(&customer, "/agents", "{\"agent_key\":\"night\",\"name\":\"Night\"}");
    admin_refused(&reply, 409);
}

/* ---- versions ---- */

static const char *draft(const struct customer *customer, const char *config)
{
    struct reply reply = post(customer, "/agent-versions",
                              say("{\"agent_id\":\"%s\"%s%s}", customer->agent_id,
                                  config ? ",\"config\":" : "", config ? config : ""));

    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect_str_eq(at(reply.json, "version.status"), "draft");
    return at(reply.json, "version.id");
}

Test(admin_parts, versions_begin_as_the_published_one)
{
    struct customer customer = customer_new();
    struct reply reply;

    draft(&customer, NULL);
    reply = get(&customer, say("/agent-versions?agent_id=%s", customer.agent_id));
    cr_expect_str_eq(at(reply.json, "count"), "2");
    cr_expect_str_eq(at(reply.json, "versions.0.version_number"), "2");
    cr_expect_str_eq(at(reply.json, "versions.0.config.greeting"), "Hello, this is the desk.");
    cr_expect_str_eq(at(reply.json, "versions.0.agent_key"), "desk");
}

Test(admin_parts, versions_keep_what_is_not_known)
{
    struct customer customer = customer_new();
    struct reply reply;

    draft(&customer, "{\"greeting\":\"Hi\",\"voice\":null,\"moods\":{\"rain\":[0.10]}}");
    reply = get(&customer, "/agent-versions");
    cr_expect_str_eq(at(reply.json, "versions.0.config.greeting"), "Hi");
    cr_expect_str_eq(at(reply.json, "versions.0.config.moods.rain.0"), "0.10");
}

Test(admin_parts, versions_are_published_one_at_a_time)
{
    struct customer customer = customer_new();
    const char *id = draft(&customer, "{\"greeting\":\"Hi\"}");
    const char *path = admin_path(&customer, say("/agent-versions/%s/publish", id));
    struct reply first = admin("POST", path, NULL), again = admin("POST", path, NULL);

    cr_expect_eq(first.status, 200, "%ld %s", first.status, first.body);
    cr_expect_str_eq(at(first.json, "version.status"), "published");
    cr_expect(*at(first.json, "version.published_at"));
    cr_expect_eq(again.status, 200);
    cr_expect_str_eq(again.body, first.body);
    cr_expect_str_eq(at(get(&customer, "/agent-versions").json, "versions.1.status"), "published",
                     "this dialect knows no third state");
    cr_expect_eq(number_of(say("SELECT COUNT(*) FROM agent_versions v JOIN tenants t"
                               " ON t.id = v.tenant_id WHERE t.tenant_key = '%s'"
                               " AND v.status = 'published'",
                               customer.tenant)),
                 1);
}

Test(admin_parts, versions_are_the_agents_own)
{
    struct customer one = customer_new(), other = customer_new();
    struct reply reply =
        post(&other, "/agent-versions", say("{\"agent_id\":\"%s\"}", one.agent_id));

    admin_refused(&reply, 404);
    reply = admin(
        "POST", admin_path(&other, say("/agent-versions/%s/publish", one.agent_version_id)), NULL);
    admin_refused(&reply, 404);
    reply = admin("POST", admin_path(&other, "/agent-versions/7/publish"), NULL);
    admin_refused(&reply, 404);
    reply = get(&other, say("/agent-versions?agent_id=%s", one.agent_id));
    cr_expect_str_eq(at(reply.json, "count"), "0");
    reply = get(&other, "/agent-versions?agent_id=7");
    admin_refused(&reply, 400);
    cr_expect_eq(rows_of(&other, "agent_versions"), 1);
}

ParameterizedTestParameters(admin_parts, versions_refused)
{
    static struct bad_body bodies[] = {
        /* clang-format off */
        {"",                                                    "agent_id"},
        {"{}",                                                  "agent_id"},
        {"[]",                                                  "object"},
        {"{\"agent_id\":null}",                                 "agent_id"},
        {"{\"agent_id\":\"desk\"}",                             "agent_id"},
        {"{\"agent_id\":7}",                                    "agent_id"},
        {"{\"agent_id\":\"@\",\"config\":[]}",                  "config"},
        {"{\"agent_id\":\"@\",\"config\":\"{}\"}",              "config"},
        {"{\"agent_id\":\"@\",\"config\":{\"greeting\":5}}",    "greeting"},
        {"{\"agent_id\":\"@\",\"config\":{\"voice\":[]}}",      "voice"},
        {"{\"agent_id\":\"@\",\"config\":{\"instructions\":{}}}", "instructions"},
        /* clang-format on */
    };

    return cr_make_param_array(struct bad_body, bodies, COUNT_OF(bodies));
}

/* The text with the agent's id where @ stands. */
static const char *with_agent(const struct customer *customer, const char *body)
{
    const char *mark = strchr(body, '@');

    return mark ? say("%.*s%s%s", (int)(mark - body), body, customer->agent_id, mark + 1) : body;
}

ParameterizedTest(struct bad_body *given, admin_parts, versions_refused)
{
    struct customer customer = customer_new();
    struct reply reply = post(&customer, "/agent-versions", with_agent(&customer, given->body));

    admin_refused(&reply, 400);
    cr_expect(strstr(at(reply.json, "error"), given->word), "%s", reply.body);
    cr_expect_eq(rows_of(&customer, "agent_versions"), 1);
}

/* Creations of the operator may be repeated, but not for something else. */
Test(admin_parts, creations_are_repeated_as_they_were)
{
    struct customer customer = customer_new();
    const char *const bodies[][3] = {
        {"/agents", "{\"agent_key\":\"a\",\"name\":\"A\"}", "{\"agent_key\":\"b\",\"name\":\"B\"}"},
        {"/agent-versions", say("{\"agent_id\":\"%s\"}", customer.agent_id),
         say("{\"agent_id\":\"%s\",\"config\":{}}", customer.agent_id)},
        {"/api-keys", "{\"label\":\"a\"}", "{\"label\":\"b\"}"},
    };

    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        const char *path = admin_path(&customer, bodies[i][0]);
        struct reply first = admin_with("POST", path, bodies[i][1], "Idempotency-Key: k");
        struct reply again = admin_with("POST", path, bodies[i][1], "Idempotency-Key: k");
        struct reply other = admin_with("POST", path, bodies[i][2], "Idempotency-Key: k");

        cr_expect_eq(first.status, 200, "%s: %s", path, first.body);
        cr_expect_str_eq(again.body, first.body);
        admin_refused(&other, 409);
    }
    cr_expect_eq(rows_of(&customer, "agents"), 2);
    cr_expect_eq(rows_of(&customer, "agent_versions"), 2);
    cr_expect_eq(rows_of(&customer, "api_keys"), 3);
}

/* ---- routes ---- */

static const char *fresh_number(void)
{
    unsigned long part = strtoul(say("%.7s", new_call_sid() + 2), NULL, 16) % 100000000UL;

    return say("+4420%08lu", part);
}

static struct reply route(const struct customer *customer, const char *number, const char *more)
{
    return admin("PUT", admin_path(customer, "/phone-number-routes"),
                 say("{\"phone_number\":\"%s\",\"direction\":\"inbound\",\"agent_id\":\"%s\"%s}",
                     number, customer->agent_id, more));
}

Test(admin_parts, routes_are_one_for_a_number_and_direction)
{
    struct customer customer = customer_new();
    const char *number = fresh_number(), *id;
    struct reply reply = route(&customer, number, "");

    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    id = at(reply.json, "route.id");
    cr_expect_str_eq(at(reply.json, "route.phone_number"), number);
    cr_expect_str_eq(at(reply.json, "route.agent_key"), "desk");
    cr_expect_str_eq(at(reply.json, "route.resolved_version_number"), "1");
    reply = route(&customer, number, ",\"greeting\":\"Hello again\"");
    cr_expect_str_eq(at(reply.json, "route.id"), id);
    cr_expect_str_eq(at(reply.json, "route.greeting"), "Hello again");
    reply = get(&customer, "/phone-number-routes");
    cr_expect_str_eq(at(reply.json, "count"), "1");
}

Test(admin_parts, routes_are_read_in_national_spelling)
{
    struct customer customer = customer_new();
    unsigned part = (unsigned)strtoul(say("%.6s", new_call_sid() + 2), NULL, 16) % 10000000;
    struct reply reply = route(&customer, say("(800) %03u-%04u", part / 10000, part % 10000), "");

    cr_expect_str_eq(at(reply.json, "route.phone_number"), say("+1800%07u", part), "%s",
                     reply.body);
    cr_expect_str_eq(at(reply.json, "route.resolved_agent_version_id"), customer.agent_version_id);
}

Test(admin_parts, routes_are_changed_by_their_id)
{
    struct customer customer = customer_new();
    const char *one = fresh_number(), *other = fresh_number();
    const char *id = at(route(&customer, one, "").json, "route.id");
    struct reply reply;

    cr_assert_eq(route(&customer, other, "").status, 200);
    reply = route(&customer, other, say(",\"id\":\"%s\"", id));
    admin_refused(&reply, 409);
    reply = route(&customer, fresh_number(), ",\"id\":\"" NOBODY "\"");
    admin_refused(&reply, 404);
    reply = route(&customer, fresh_number(), say(",\"id\":\"%s\"", id));
    cr_expect_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect_str_eq(at(reply.json, "route.id"), id);
}

Test(admin_parts, routes_are_removed_once)
{
    struct customer customer = customer_new(), other = customer_new();
    const char *id = at(route(&customer, fresh_number(), "").json, "route.id");
    struct reply reply =
        admin("DELETE", admin_path(&other, say("/phone-number-routes/%s", id)), NULL);

    admin_refused(&reply, 404);
    reply = admin("DELETE", admin_path(&customer, say("/phone-number-routes/%s", id)), NULL);
    cr_expect_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect_str_eq(at(reply.json, "route.id"), id);
    reply = admin("DELETE", admin_path(&customer, say("/phone-number-routes/%s", id)), NULL);
    admin_refused(&reply, 404);
    reply = admin("DELETE", admin_path(&customer, "/phone-number-routes/7"), NULL);
    admin_refused(&reply, 404);
}

Test(admin_parts, routes_lead_to_the_tenants_own)
{
    struct customer one = customer_new(), other = customer_new();
    struct reply reply;

    customer_number(&one);
    reply = route(&other, one.number, "");
    admin_refused(&reply, 400);
    other.agent_id = one.agent_id;
    reply = route(&other, fresh_number(), "");
    admin_refused(&reply, 400);
    reply =
        route(&one, fresh_number(), say(",\"agent_version_id\":\"%s\"", other.agent_version_id));
    admin_refused(&reply, 400);
    cr_expect_eq(rows_of(&other, "phone_routes"), 0);
    cr_expect_eq(rows_of(&one, "phone_routes"), 1);
}

ParameterizedTestParameters(admin_parts, routes_refused)
{
    static struct bad_body bodies[] = {
        /* clang-format off */
        {"",   "required"},
        {"{}", "required"},
        {"[]", "object"},
        {"{\"direction\":\"inbound\",\"agent_id\":\"@\"}",                                     "phone_number"},
        {"{\"phone_number\":\"+442071234567\",\"agent_id\":\"@\"}",                            "direction"},
        {"{\"phone_number\":\"+442071234567\",\"direction\":\"inbound\"}",                     "agent_id"},
        {"{\"phone_number\":\"nobody\",\"direction\":\"inbound\",\"agent_id\":\"@\"}",         "phone_number"},
        {"{\"phone_number\":5,\"direction\":\"inbound\",\"agent_id\":\"@\"}",                  "phone_number"},
        {"{\"phone_number\":\"+442071234567\",\"direction\":\"up\",\"agent_id\":\"@\"}",       "direction"},
        {"{\"phone_number\":\"+442071234567\",\"direction\":\"inbound\",\"agent_id\":\"desk\"}", "agent_id"},
        {"{\"phone_number\":\"+442071234567\",\"direction\":\"inbound\",\"agent_id\":\"@\",\"id\":5}", "id"},
        {"{\"phone_number\":\"+442071234567\",\"direction\":\"inbound\",\"agent_id\":\"@\",\"greeting\":[]}", "greeting"},
        /* clang-format on */
    };

    return cr_make_param_array(struct bad_body, bodies, COUNT_OF(bodies));
}

ParameterizedTest(struct bad_body *given, admin_parts, routes_refused)
{
    struct customer customer = customer_new();
    struct reply reply = admin("PUT", admin_path(&customer, "/phone-number-routes"),
                               with_agent(&customer, given->body));

    admin_refused(&reply, 400);
    cr_expect(strstr(at(reply.json, "error"), given->word), "%s", reply.body);
    cr_expect_eq(rows_of(&customer, "phone_routes"), 0);
}
