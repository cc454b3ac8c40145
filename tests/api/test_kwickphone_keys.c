/*
 * Who may ask the KwickPhone dialect, and how often.
 */
#include <string.h>
#include <strings.h>
#include <time.h>

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "api/api.h"

TestSuite(kwickphone_keys, .timeout = 60);

/* Every operation of the dialect. */
struct operation {
    char method[8], path[48];
};

static struct operation operations[] = {
    {"POST", "/v1/numbers"},
    {"GET", "/v1/numbers"},
    {"DELETE", "/v1/numbers/num_1"},
    {"GET", "/v1/calls"},
    {"GET", "/v1/calls/CA0/transcript"},
    {"GET", "/v1/calls/CA0/recording"},
};

/* Every answer with a bad key: nothing tells why. */
static void looks_like_a_bad_key(const struct reply *reply)
{
    kwick_refused(reply, 401, "unauthorized");
    cr_expect_str_eq(at(reply->json, "error.message"), "Missing or invalid API key.");
    cr_expect_str_eq(reply_header_of(reply, "WWW-Authenticate"), "Bearer");
}

ParameterizedTestParameters(kwickphone_keys, are_asked_for)
{
    return cr_make_param_array(struct operation, operations, COUNT_OF(operations));
}

ParameterizedTest(struct operation *given, kwickphone_keys, are_asked_for)
{
    struct reply reply = ask(given->method, given->path, NULL, NULL, NULL);

    looks_like_a_bad_key(&reply);
}

struct credential {
    char header[120];
};

ParameterizedTestParameters(kwickphone_keys, of_no_use)
{
    static struct credential credentials[] = {
        /* clang-format off */
        {"Authorization:"},
        {"Authorization: Bearer"},
        {"Authorization: Bearer "},
        {"Authorization: Bearer kp_live_0123456789012345678901234567890123456789"},
        {"Authorization: Bearer null"},
        {"Authorization: Bearer \xff\xfe"},
        {"Authorization: Bearer ' OR 1=1 --"},
        {"Authorization: Basic a3A6bGl2ZQ=="},
        {"Authorization: Digest username=\"demo\""},
        {"X-API-Key: kp_live_0123456789012345678901234567890123456789"},
        {"Cookie: Authorization=Bearer%20kp_live_0123456789012345678901234567890123456789"},
        /* clang-format on */
    };

    return cr_make_param_array(struct credential, credentials, COUNT_OF(credentials));
}

ParameterizedTest(struct credential *given, kwickphone_keys, of_no_use)
{
    struct reply reply = ask("GET", "/v1/numbers", NULL, NULL, given->header);

    looks_like_a_bad_key(&reply);
}

Test(kwickphone_keys, are_read_whole)
{
    struct customer customer = customer_new();
    struct reply reply = ask("GET", "/v1/numbers", say("%sx", customer.kwickphone), NULL, NULL);

    looks_like_a_bad_key(&reply);
    reply = ask("GET", "/v1/numbers",
                say("%.*s", (int)strlen(customer.kwickphone) - 1, customer.kwickphone), NULL, NULL);
    looks_like_a_bad_key(&reply);
    reply = ask("GET", "/v1/numbers", NULL, NULL, say("X-API-Key: %s", customer.kwickphone));
    looks_like_a_bad_key(&reply);
    reply = ask("GET", say("/v1/numbers?api_key=%s", customer.kwickphone), NULL, NULL, NULL);
    looks_like_a_bad_key(&reply);
    reply = ask("GET", "/v1/numbers", NULL, NULL,
                say("Authorization: bearer  %s", customer.kwickphone));
    cr_expect_eq(reply.status, 200, "schemes have no case: %ld", reply.status);
}

struct other_kind {
    char kind[16];
};

ParameterizedTestParameters(kwickphone_keys, of_other_dialects)
{
    static struct other_kind kinds[] = {{"twilio"}, {"thruai"}, {"stateset"}, {"phony"}};

    return cr_make_param_array(struct other_kind, kinds, COUNT_OF(kinds));
}

ParameterizedTest(struct other_kind *given, kwickphone_keys, of_other_dialects)
{
    struct customer customer = customer_new();
    struct reply reply =
        ask("GET", "/v1/numbers", customer_key(&customer, given->kind, NULL), NULL, NULL);

    looks_like_a_bad_key(&reply);
}

/* The names and values of an answer's headers, but what differs between any two answers. */
static const char *headers_alike(const struct reply *reply)
{
    static const char *const own[] = {"X-Request-Id:", "Date:"};
    char *kept = say("%s", "");

    for (const char *line = reply->headers; *line;
         line += strcspn(line, "\n"), line += *line != 0) {
        bool differs = false;

        for (size_t i = 0; i < COUNT_OF(own); i++)
            differs = differs || strncasecmp(line, own[i], strlen(own[i])) == 0;
        if (!differs)
            kept = say("%s%.*s\n", kept, (int)strcspn(line, "\n"), line);
    }
    return kept;
}

Test(kwickphone_keys, used_from_elsewhere_look_exactly_like_bad_ones)
{
    struct customer customer = customer_new();
    const char *elsewhere =
        customer_key(&customer, "kwickphone", "\"ip_allowlist\":[\"203.0.113.7\",\"10.0.0.0/8\"]");
    struct reply missed = ask("GET", "/v1/numbers", elsewhere, NULL, NULL);
    struct reply bad =
        ask("GET", "/v1/numbers", "kp_live_0123456789012345678901234567890123456789", NULL, NULL);

    looks_like_a_bad_key(&missed);
    cr_expect_str_eq(missed.body, bad.body);
    cr_expect_str_eq(headers_alike(&missed), headers_alike(&bad));
}

Test(kwickphone_keys, count_the_address_behind_trusted_proxies)
{
    struct customer customer = customer_new();
    const char *key = customer_key(&customer, "kwickphone",
                                   "\"ip_allowlist\":[\"203.0.113.0/24\",\"2001:db8::/32\"]");
    struct reply reply = ask("GET", "/v1/numbers", key, NULL, "X-Forwarded-For: 203.0.113.9");

    cr_expect_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    reply = ask("GET", "/v1/numbers", key, NULL, "X-Forwarded-For: 2001:db8::7");
    cr_expect_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    reply = ask("GET", "/v1/numbers", key, NULL, "X-Forwarded-For: 203.0.114.9");
    looks_like_a_bad_key(&reply);
    reply = ask("GET", "/v1/numbers", key, NULL, "X-Forwarded-For: 203.0.113.9, 198.51.100.1");
    looks_like_a_bad_key(&reply);
    reply = ask("GET", "/v1/numbers", key, NULL, "X-Forwarded-For: nonsense");
    looks_like_a_bad_key(&reply);
    reply = ask("GET", "/v1/numbers", key, NULL, NULL);
    looks_like_a_bad_key(&reply);
}

Test(kwickphone_keys, with_an_allowlist_work_from_there)
{
    struct customer customer = customer_new();
    const char *key = customer_key(&customer, "kwickphone", "\"ip_allowlist\":[\"127.0.0.1/32\"]");

    cr_expect_eq(ask("GET", "/v1/numbers", key, NULL, NULL).status, 200);
}

Test(kwickphone_keys, are_of_no_use_once_revoked)
{
    struct customer customer = customer_new();
    const char *id;

    cr_assert_eq(kwick(&customer, "GET", "/v1/numbers", NULL).status, 200);
    id = at(admin("GET", admin_path(&customer, "/api-keys?kind=kwickphone"), NULL).json,
            "api_keys.0.id");
    cr_assert_eq(admin("DELETE", admin_path(&customer, say("/api-keys/%s", id)), NULL).status, 200);
    for (int i = 0; i < 8; i++) { /* whichever worker answers */
        struct reply reply = kwick(&customer, "GET", "/v1/numbers", NULL);

        looks_like_a_bad_key(&reply);
    }
}

Test(kwickphone_keys, are_of_no_use_once_expired)
{
    struct customer customer = customer_new();
    time_t end = time(NULL) + 2;
    struct reply reply;
    const char *key;
    char text[32];

    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", gmtime(&end));
    key = customer_key(&customer, "kwickphone", say("\"expires_at\":\"%s\"", text));
    cr_expect_eq(ask("GET", "/v1/numbers", key, NULL, NULL).status, 200);
    AWAIT_FOR(5, time(NULL) > end);
    for (int i = 0; i < 8; i++) {
        reply = ask("GET", "/v1/numbers", key, NULL, NULL);
        looks_like_a_bad_key(&reply);
    }
}

Test(kwickphone_keys, of_a_suspended_tenant_look_like_bad_ones)
{
    struct customer customer = customer_new();
    struct reply reply;

    cr_assert_eq(kwick(&customer, "GET", "/v1/numbers", NULL).status, 200);
    cr_assert_eq(admin("PUT", admin_path(&customer, ""), "{\"status\":\"suspended\"}").status, 200);
    for (int i = 0; i < 8; i++) {
        reply = kwick(&customer, "GET", "/v1/numbers", NULL);
        looks_like_a_bad_key(&reply);
    }
    cr_assert_eq(admin("PUT", admin_path(&customer, ""), "{\"status\":\"active\"}").status, 200);
    cr_expect_eq(kwick(&customer, "GET", "/v1/numbers", NULL).status, 200);
}

/* ---- how often ---- */

static long remaining(const struct reply *reply)
{
    return header_number(reply, "X-RateLimit-Remaining");
}

Test(kwickphone_keys, may_ask_sixty_times_a_minute)
{
    struct customer customer = customer_new();
    struct reply reply = kwick(&customer, "GET", "/v1/numbers", NULL);
    long retry;

    cr_expect_eq(remaining(&reply), 59);
    cr_expect_eq(header_number(&reply, "X-RateLimit-Limit"), 60);
    reply = use_up_minute("/v1/numbers", customer.kwickphone);
    kwick_refused(&reply, 429, "rate_limited");
    cr_expect_eq(remaining(&reply), 0);
    retry = header_number(&reply, "Retry-After");
    cr_expect(retry >= 1 && retry <= 60, "%ld", retry);
    for (size_t i = 0; i < COUNT_OF(operations); i++) {
        reply = ask(operations[i].method, operations[i].path, customer.kwickphone, NULL, NULL);
        kwick_refused(&reply, 429, "rate_limited");
    }
    cr_expect_eq(rows_of(&customer, "phone_numbers"), 0);
}

Test(kwickphone_keys, have_limits_of_their_own)
{
    struct customer customer = customer_new();
    const char *other = customer_key(&customer, "kwickphone", NULL);

    cr_assert_eq(use_up_minute("/v1/numbers", customer.kwickphone).status, 429);
    cr_expect_eq(ask("GET", "/v1/numbers", other, NULL, NULL).status, 200);
}

Test(kwickphone_keys, are_counted_when_they_are_refused_for_other_reasons)
{
    struct customer customer = customer_new();
    struct reply first = kwick(&customer, "POST", "/v1/numbers", "{\"area_code\":1}");
    struct reply second = kwick(&customer, "GET", "/v1/calls/none/transcript", NULL);

    cr_expect_eq(first.status, 400);
    cr_expect_eq(second.status, 404);
    cr_expect(remaining(&second) < remaining(&first) || remaining(&second) == 59,
              "%ld and then %ld", remaining(&first), remaining(&second));
}
