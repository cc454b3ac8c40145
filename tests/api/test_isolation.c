/*
 * Tenants are alone: every operation of every documented API is asked with another tenant's
 * credential for what is not his, without a credential, and with one of another kind.  The
 * documents say which operations there are, so that a new one is asked as well; the older paths of
 * an operation are asked like itself.
 */
#include <string.h>

#include <criterion/criterion.h>

#include "api/operations.h"
#include "api/twilio/router.h"

TestSuite(isolation, .timeout = 240);

/* What anybody may ask, and sockets, have tests of their own (test_isolation_doors.c). */
static bool is_asked(const struct operation *one)
{
    return !operation_is_open(one) && !operation_is_daemons(one);
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
    const char *path = operation_path(one, around, &pair->theirs, &arounds, &insides);
    const char *body = operation_body(one, &pair->theirs, &ids), *leak;
    bool foreign = insides > 0 || (operation_is_operators(one) && ids > 0) ||
                   (arounds > 0 && around == &pair->theirs);
    const char *credential = operation_is_operators(one)
                                 ? say("x-admin-key: %s", fact("ADMIN_API_KEY"))
                                 : credential_for(one->api, &pair->ours);
    struct reply reply;

    /* The operator may see each tenant; what he asks of one must not be another's. */
    if (operation_is_operators(one) && (around == &pair->theirs || insides + ids == 0))
        return;
    reply = operation_ask(one, path, body, credential);
    if (foreign && !is_named_by_each(one))
        cr_expect(reply.status == 404 || reply.status == 403 || reply.status == 401 ||
                      (reply.status == 400 && insides == 0) || reply.status == 409,
                  "%s %s with another tenant's ids (%s): %ld %s", one->method, one->path, path,
                  reply.status, reply.body);
    cr_expect(reply.status != 500 || strcmp(one->path, "/test-function") == 0, "%s %s: %s",
              one->method, path, reply.body);
    leak = leak_in(&reply, say("%s %s", path, body ? body : ""), &pair->theirs, NULL);
    cr_expect_not(leak, "%s %s (%s) shows %s of another tenant: %s", one->method, one->path, path,
                  leak, reply.body);
    nothing_changed(say("%s %s (%s)", one->method, one->path, path));
}

static void by_another_tenant(const struct operation *one, const struct pair *pair)
{
    if (!is_asked(one) || is_import(one))
        return;
    asked_for_theirs(one, &pair->theirs, pair);
    if (strchr(one->path, '{'))
        asked_for_theirs(one, &pair->ours, pair);
}

/* Otherwise all that is refused would say nothing. */
static void by_whose_it_is(const struct operation *one, const struct pair *pair)
{
    size_t arounds, insides;
    const char *path = operation_path(one, &pair->theirs, &pair->theirs, &arounds, &insides);
    bool platform = strncmp(one->path, "/tenants", 8) == 0;
    struct reply reply;

    if (!is_asked(one) || strcmp(one->method, "GET") != 0)
        return;
    reply =
        operation_ask(one, path, NULL,
                      operation_is_operators(one) ? say("x-admin-key: %s", fact("ADMIN_API_KEY"))
                                                  : credential_for(one->api, &pair->theirs));
    cr_expect_eq(reply.status, platform && insides + arounds == 0 ? 403 : 200, "%s %s: %ld %s",
                 one->method, path, reply.status, reply.body);
}

static void by_nobody(const struct operation *one, const struct pair *pair)
{
    size_t arounds, insides, ids;
    const char *path = operation_path(one, &pair->theirs, &pair->theirs, &arounds, &insides);
    struct reply reply;

    if (!is_asked(one))
        return;
    reply = operation_ask(one, path, operation_body(one, &pair->theirs, &ids), NULL);
    cr_expect_eq(reply.status, 401, "%s %s without a credential: %ld %s", one->method, path,
                 reply.status, reply.body);
}

/* Good credentials of the tenant's own, each for another API than the one that is asked. */
static void by_another_kind(const struct operation *one, const struct pair *pair)
{
    size_t arounds, insides, ids;
    const char *path = operation_path(one, &pair->theirs, &pair->theirs, &arounds, &insides);

    for (size_t i = 0; is_asked(one) && i < API_NAMES; i++) {
        struct reply reply;

        if (strcmp(api_names[i], one->api) == 0 && !operation_is_operators(one))
            continue;
        reply = operation_ask(one, path, operation_body(one, &pair->theirs, &ids),
                              credential_for(api_names[i], &pair->theirs));
        cr_expect_eq(reply.status, 401, "%s %s with a key of %s: %ld %s", one->method, path,
                     api_names[i], reply.status, reply.body);
    }
}

/* ---- and is ---- */

static size_t each(const char *api, const struct pair *pair, look *see)
{
    operations_each_alias(api, pair, see);
    return operations_each(api, pair, see);
}

static void walk(const char *api, size_t at_least)
{
    struct pair pair = {first_tenant(), second_tenant()};
    size_t count;

    count = each(api, &pair, by_whose_it_is);
    cr_expect_geq(count, at_least, "%s has %zu operations", api, count);
    each(api, &pair, by_nobody);
    each(api, &pair, by_another_kind);
    census_begin(&pair.theirs);
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
    const char *path = "/api/v1/voice-sessions";
    const char *stream = value_of(source_of("stream_id", ""), &pair.theirs);
    const char *call = value_of(source_of("call_sid", ""), &pair.theirs);
    struct reply reply;

    census_begin(&pair.theirs);
    reply = ask("POST", path, pair.ours.customer.stateset,
                say("{\"stream_id\":\"%s\",\"call_sid\":\"%s\"}", stream, call), NULL);
    cr_expect_eq(reply.status, 201, "%ld %s", reply.status, reply.body);
    nothing_changed(path);
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

Test(isolation, of_numbers_that_a_gateway_tells_of)
{
    static const char *const paths[] = {"/api/v1/incoming-call-sip", "/api/v1/outbound-call-sip",
                                        "/incoming-call-sip", "/outbound-call-sip"};
    struct pair pair = {first_tenant(), second_tenant()};
    const char *number = encoded(pair.theirs.customer.number);
    const char *call = value_of(source_of("call_sid", ""), &pair.theirs), *leak;
    const char *key = text_of(say("SELECT LOWER(HEX(id)) FROM calls WHERE call_sid = '%s'", call));
    const char *const asked[][2] = {
        {"", say("CallSid=%s&From=%s&To=%s", new_call_sid(), number, number)},
        {"", say("CallSid=%s&From=%s&To=%s", call, number, number)},
        {say("?cid=%s", key), say("CallSid=%s&From=%s&To=%s", call, number, number)},
    };

    census_begin(&pair.theirs);
    for (size_t i = 0; i < COUNT_OF(paths) * COUNT_OF(asked); i++) {
        const char *path = say("%s%s", paths[i % COUNT_OF(paths)], asked[i / COUNT_OF(paths)][0]);
        const char *form = asked[i / COUNT_OF(paths)][1];
        const char *const headers[] = {"Content-Type: application/x-www-form-urlencoded",
                                       credential_for("stateset", &pair.ours), NULL};
        struct reply reply = http("POST", path, headers, form);

        cr_expect(reply.status == 200 || reply.status == 404, "%s %s: %ld %s", path, form,
                  reply.status, reply.body);
        cr_expect_null(strstr(reply.body, "<Stream"), "%s %s: %s", path, form, reply.body);
        cr_expect_null(strstr(reply.body, "<Dial"), "%s %s: %s", path, form, reply.body);
        leak = leak_in(&reply, say("%s %s", path, form), &pair.theirs, NULL);
        cr_expect_not(leak, "%s shows %s: %s", path, leak, reply.body);
        nothing_changed(path);
    }
}
