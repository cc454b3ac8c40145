/*
 * The KwickPhone dialect's numbers: bought once, charged once, given back, and refused when a rule
 * says so.
 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "api/api.h"

enum { MONTH = 5000000, GIFT = 50000000 };

TestSuite(kwickphone, .timeout = 60);

static struct reply order_as(const struct customer *customer, const char *key, const char *body)
{
    return ask("POST", "/v1/numbers", customer->kwickphone, body, say("Idempotency-Key: %s", key));
}

static const char *order_body(void)
{
    return say("{\"area_code\":\"%s\"}", area_code());
}

/* The numbers as the tenant lists them. */
static json_object *listed(const struct customer *customer)
{
    struct reply reply = kwick(customer, "GET", "/v1/numbers", NULL);
    json_object *data = NULL;

    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_assert(json_object_object_get_ex(reply.json, "data", &data), "%s", reply.body);
    return data;
}

static size_t owned(const struct customer *customer)
{
    return json_object_array_length(listed(customer));
}

static void add_balance(const struct customer *customer, long long micros)
{
    struct reply reply =
        admin("POST", admin_path(customer, "/balance"), say("{\"amount_micros\":%lld}", micros));

    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
}

static const char *agent_of(const struct customer *customer, const char *number)
{
    return text_of(say("SELECT HEX(r.agent_id) FROM phone_routes r JOIN tenants t"
                       " ON t.id = r.tenant_id WHERE t.tenant_key = '%s' AND r.e164 = '%s'",
                       customer->tenant, number));
}

static bool nothing_happened(const struct customer *customer)
{
    return balance_of(customer) == GIFT && owned(customer) == 0;
}

/* ---- what is sold ---- */

Test(kwickphone, sells_a_number_and_charges_its_first_month)
{
    struct customer customer = customer_new();
    struct reply reply = kwick(&customer, "POST", "/v1/numbers",
                               "{\"business_phone\":\"(312) 555-1234\",\"area_code\":\"312\","
                               "\"webhook_url\":\"https://hooks.example.com/k\"}");

    cr_assert_eq(reply.status, 201, "%ld %s", reply.status, reply.body);
    cr_expect_str_eq(at(reply.json, "id"), "num_1");
    cr_expect_eq(strncmp(at(reply.json, "phone_number"), "+1312", 5), 0, "%s", reply.body);
    cr_expect_str_eq(at(reply.json, "business_phone"), "+13125551234");
    cr_expect_str_eq(at(reply.json, "status"), "active");
    cr_expect_str_eq(at(reply.json, "webhook_url"), "https://hooks.example.com/k");
    cr_expect_eq(strncmp(at(reply.json, "webhook_secret"), "whsec_", 6), 0, "%s", reply.body);
    cr_expect_eq(strlen(at(reply.json, "created_at")), strlen("2025-01-15T10:00:00Z"));
    cr_expect_eq(balance_of(&customer), GIFT - MONTH);
    cr_expect(*agent_of(&customer, at(reply.json, "phone_number")), "no agent answers it");
}

Test(kwickphone, leaves_out_what_a_number_has_not)
{
    struct customer customer = customer_new();
    struct reply reply = kwick(&customer, "POST", "/v1/numbers", "{}");

    cr_assert_eq(reply.status, 201, "%ld %s", reply.status, reply.body);
    cr_expect_not(has(reply.json, "business_phone"), "%s", reply.body);
    cr_expect_not(has(reply.json, "webhook_url"), "%s", reply.body);
    reply = kwick(&customer, "GET", "/v1/numbers", NULL);
    cr_expect_not(has(reply.json, "data.0.business_phone"), "%s", reply.body);
    cr_expect_not(has(reply.json, "data.0.webhook_url"), "%s", reply.body);
}

Test(kwickphone, tells_the_webhook_secret_once)
{
    struct customer customer = customer_new();
    struct reply reply;

    customer_number(&customer);
    reply = kwick(&customer, "GET", "/v1/numbers", NULL);
    cr_expect_str_eq(at(reply.json, "data.0.phone_number"), customer.number, "%s", reply.body);
    cr_expect_not(has(reply.json, "data.0.webhook_secret"), "%s", reply.body);
    cr_expect_null(strstr(reply.body, customer.webhook_secret));
}

Test(kwickphone, lists_its_numbers_newest_first)
{
    struct customer customer = customer_new();
    json_object *numbers;

    for (int i = 0; i < 3; i++)
        cr_assert_eq(kwick(&customer, "POST", "/v1/numbers", "{}").status, 201);
    numbers = listed(&customer);
    cr_assert_eq(json_object_array_length(numbers), 3u);
    for (int i = 0; i < 3; i++)
        cr_expect_str_eq(at(numbers, say("%d.id", i)), say("num_%d", 3 - i));
}

Test(kwickphone, lets_one_agent_answer_all_numbers_of_a_business_phone)
{
    static const char *const phones[] = {"+13125551234", "(312) 555-1234", "+13125559999"};
    struct customer customer = customer_new();
    const char *agents[3];

    for (int i = 0; i < 3; i++) {
        struct reply reply =
            kwick(&customer, "POST", "/v1/numbers", say("{\"business_phone\":\"%s\"}", phones[i]));

        cr_assert_eq(reply.status, 201, "%ld %s", reply.status, reply.body);
        agents[i] = agent_of(&customer, at(reply.json, "phone_number"));
    }
    cr_expect_str_eq(agents[0], agents[1], "one line, two agents");
    cr_expect_str_neq(agents[0], agents[2], "two lines, one agent");
}

Test(kwickphone, passes_over_fields_that_it_does_not_know)
{
    struct customer customer = customer_new();
    struct reply reply = kwick(&customer, "POST", "/v1/numbers",
                               "{\"area_code\":null,\"business_phone\":null,\"webhook_url\":null,"
                               "\"later\":{\"deep\":[1,{}]}}");

    cr_expect_eq(reply.status, 201, "%ld %s", reply.status, reply.body);
}

/* ---- what is refused ---- */

struct bad_order {
    char body[120], word[24];
};

ParameterizedTestParameters(kwickphone, refuses_orders)
{
    static struct bad_order orders[] = {
        /* clang-format off */
        {"{\"area_code\":312}",                                          "area_code"},
        {"{\"area_code\":\"31\"}",                                       "area_code"},
        {"{\"area_code\":\"3122\"}",                                     "area_code"},
        {"{\"area_code\":\"112\"}",                                      "area_code"},
        {"{\"area_code\":\"31x\"}",                                      "area_code"},
        {"{\"area_code\":\"\"}",                                         "area_code"},
        {"{\"area_code\":[\"312\"]}",                                    "area_code"},
        {"{\"business_phone\":\"12\"}",                                  "business_phone"},
        {"{\"business_phone\":\"call me\"}",                             "business_phone"},
        {"{\"business_phone\":13125551234}",                             "business_phone"},
        {"{\"business_phone\":true}",                                    "business_phone"},
        {"{\"business_phone\":\"+1312555123456789012\"}",                "business_phone"},
        {"{\"business_phone\":{\"number\":\"+13125551234\"}}",           "business_phone"},
        {"{\"webhook_url\":\"\"}",                                       "webhook_url"},
        {"{\"webhook_url\":\"nowhere\"}",                                "webhook_url"},
        {"{\"webhook_url\":\"ftp://example.com/hook\"}",                 "webhook_url"},
        {"{\"webhook_url\":\"http://example.com/hook\"}",                "webhook_url"},
        {"{\"webhook_url\":\"https://user:word@example.com/hook\"}",     "webhook_url"},
        {"{\"webhook_url\":\"https://example.com/hook#part\"}",          "webhook_url"},
        {"{\"webhook_url\":\"https://localhost/hook\"}",                 "webhook_url"},
        {"{\"webhook_url\":\"https://127.0.0.1/hook\"}",                 "webhook_url"},
        {"{\"webhook_url\":\"http://127.0.0.1:1/hook\"}",                "webhook_url"},
        {"{\"webhook_url\":\"https://10.1.2.3/hook\"}",                  "webhook_url"},
        {"{\"webhook_url\":\"https://192.168.1.1/hook\"}",               "webhook_url"},
        {"{\"webhook_url\":\"https://169.254.169.254/latest/meta-data\"}", "webhook_url"},
        {"{\"webhook_url\":\"https://[::1]/hook\"}",                     "webhook_url"},
        {"{\"webhook_url\":\"https://[::ffff:10.0.0.1]/hook\"}",         "webhook_url"},
        {"{\"webhook_url\":\"https://0x7f000001/hook\"}",                "webhook_url"},
        {"{\"webhook_url\":\"https://2130706433/hook\"}",                "webhook_url"},
        {"{\"webhook_url\":42}",                                         "webhook_url"},
        {"[]",                                                           "object"},
        {"\"312\"",                                                      "object"},
        {"42",                                                           "object"},
        {"{\"area_code\":\"312\"",                                       "JSON"},
        {"{\"area_code\":\"312\"} and more",                             "JSON"},
        {"area_code=312",                                                "JSON"},
        /* clang-format on */
    };

    return cr_make_param_array(struct bad_order, orders, COUNT_OF(orders));
}

ParameterizedTest(struct bad_order *given, kwickphone, refuses_orders)
{
    struct customer customer = customer_new();
    struct reply reply = kwick(&customer, "POST", "/v1/numbers", given->body);

    kwick_refused(&reply, 400, "invalid_request");
    cr_expect(strstr(at(reply.json, "error.message"), given->word), "%s", reply.body);
    cr_expect(nothing_happened(&customer));
}

Test(kwickphone, sells_nothing_without_five_dollars)
{
    struct customer customer = customer_new();
    const char *account = customer_carrier(&customer);
    struct reply reply;

    add_balance(&customer, -GIFT + MONTH - 1);
    reply = kwick(&customer, "POST", "/v1/numbers", "{\"area_code\":\"312\"}");
    kwick_refused(&reply, 402, "insufficient_balance");
    cr_expect_eq(balance_of(&customer), MONTH - 1);
    cr_expect_eq(carrier_numbers(account), 0u, "one was bought nevertheless");
    add_balance(&customer, 1);
    cr_expect_eq(kwick(&customer, "POST", "/v1/numbers", "{}").status, 201);
    cr_expect_eq(balance_of(&customer), 0);
}

Test(kwickphone, sells_five_numbers_a_day)
{
    struct customer customer = customer_new();
    struct reply reply;

    for (int i = 0; i < 5; i++)
        cr_assert_eq(kwick(&customer, "POST", "/v1/numbers", "{}").status, 201);
    reply = kwick(&customer, "POST", "/v1/numbers", "{}");
    kwick_refused(&reply, 409, "limit_reached");
    cr_assert_eq(kwick(&customer, "DELETE", "/v1/numbers/1", NULL).status, 200);
    reply = kwick(&customer, "POST", "/v1/numbers", "{}");
    kwick_refused(&reply, 409, "limit_reached"); /* given back, but of this day */
    cr_expect_eq(balance_of(&customer), GIFT - 5 * MONTH);
    cr_expect_eq(owned(&customer), 4u);
}

Test(kwickphone, sells_no_more_numbers_than_the_account_may_have)
{
    struct customer customer = customer_new();
    struct reply reply =
        admin("PUT", admin_path(&customer, ""), "{\"limits\":{\"max_numbers\":1}}");

    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_assert_eq(kwick(&customer, "POST", "/v1/numbers", "{}").status, 201);
    reply = kwick(&customer, "POST", "/v1/numbers", "{}");
    kwick_refused(&reply, 409, "limit_reached");
    cr_expect_eq(balance_of(&customer), GIFT - MONTH);
    cr_expect_eq(kwick(&customer, "DELETE", "/v1/numbers/1", NULL).status, 200);
    cr_expect_eq(kwick(&customer, "POST", "/v1/numbers", "{}").status, 201, "one was given back");
}

Test(kwickphone, has_no_numbers_in_an_empty_area)
{
    struct customer customer = customer_new();
    struct reply reply = kwick(&customer, "POST", "/v1/numbers", "{\"area_code\":\"999\"}");

    kwick_refused(&reply, 503, "provider_unavailable");
    cr_expect(nothing_happened(&customer));
}

/* A carrier that fails, at the search or at the order. */
struct failure {
    char method[8], path[40], what[80];
};

ParameterizedTestParameters(kwickphone, charges_nothing_when_the_carrier_fails)
{
    static struct failure failures[] = {
        /* clang-format off */
        {"GET",  "/AvailablePhoneNumbers", "\"do\":\"status\",\"status\":500,\"times\":-1"},
        {"GET",  "/AvailablePhoneNumbers", "\"do\":\"status\",\"status\":401,\"times\":-1"},
        {"GET",  "/AvailablePhoneNumbers", "\"do\":\"drop\",\"times\":-1"},
        {"GET",  "/AvailablePhoneNumbers", "\"do\":\"garbage\",\"times\":-1"},
        {"POST", "/IncomingPhoneNumbers",  "\"do\":\"status\",\"status\":400,\"code\":21422,\"times\":-1"},
        {"POST", "/IncomingPhoneNumbers",  "\"do\":\"status\",\"status\":400,\"code\":21402,\"times\":-1"},
        {"POST", "/IncomingPhoneNumbers",  "\"do\":\"status\",\"status\":429,\"code\":20429,\"times\":-1"},
        {"POST", "/IncomingPhoneNumbers",  "\"do\":\"status\",\"status\":503,\"times\":-1"},
        {"POST", "/IncomingPhoneNumbers",  "\"do\":\"drop\",\"times\":-1"},
        {"POST", "/IncomingPhoneNumbers",  "\"do\":\"garbage\",\"times\":-1"},
        /* clang-format on */
    };

    return cr_make_param_array(struct failure, failures, COUNT_OF(failures));
}

ParameterizedTest(struct failure *given, kwickphone, charges_nothing_when_the_carrier_fails)
{
    struct customer customer = customer_new();
    const char *account = customer_carrier(&customer);
    struct reply reply;

    carrier_fails(account, given->method, given->path, given->what);
    reply = kwick(&customer, "POST", "/v1/numbers", order_body());
    kwick_refused(&reply, 503, "provider_unavailable");
    cr_expect_null(strstr(reply.body, "fault"), "the carrier's own words: %s", reply.body);
    cr_expect_eq(balance_of(&customer), GIFT);
    cr_expect_eq(carrier_numbers(account), 0u);
}

/* Somebody else may be faster with a number that the search offered. */
Test(kwickphone, tries_the_next_number_when_one_is_gone)
{
    struct customer customer = customer_new();
    const char *account = customer_carrier(&customer);
    struct reply reply;

    carrier_fails(account, "POST", "/IncomingPhoneNumbers",
                  "\"do\":\"status\",\"status\":400,\"code\":21422,\"times\":2");
    reply = kwick(&customer, "POST", "/v1/numbers", order_body());
    cr_expect_eq(reply.status, 201, "%ld %s", reply.status, reply.body);
    cr_expect_eq(balance_of(&customer), GIFT - MONTH);
    cr_expect_eq(owned(&customer), 1u);
    cr_expect_eq(carrier_numbers(account), 1u);
}

/* ---- what is repeated ---- */

Test(kwickphone, charges_once_when_the_client_repeats_itself)
{
    struct customer customer = customer_new();
    struct reply first = order_as(&customer, "order-1", "{\"area_code\":\"312\"}");
    struct reply again = order_as(&customer, "order-1", "{\"area_code\":\"312\"}");

    cr_assert_eq(first.status, 201, "%ld %s", first.status, first.body);
    cr_expect_eq(again.status, 201, "%ld %s", again.status, again.body);
    cr_expect_str_eq(again.body, first.body, "the very same answer, its secret as well");
    cr_expect_str_eq(reply_header_of(&again, "X-Idempotent-Replayed"), "true");
    cr_expect_null(reply_header_of(&first, "X-Idempotent-Replayed"));
    cr_expect_eq(balance_of(&customer), GIFT - MONTH);
    cr_expect_eq(owned(&customer), 1u);
}

Test(kwickphone, refuses_another_order_under_the_same_key)
{
    struct customer customer = customer_new();
    struct reply reply;

    cr_assert_eq(order_as(&customer, "order-1", "{\"area_code\":\"312\"}").status, 201);
    reply = order_as(&customer, "order-1", "{\"area_code\":\"415\"}");
    kwick_refused(&reply, 409, "conflict");
    cr_expect_eq(owned(&customer), 1u);
}

Test(kwickphone, repeats_refusals_as_well)
{
    struct customer customer = customer_new();
    struct reply reply;

    add_balance(&customer, -GIFT);
    reply = order_as(&customer, "order-1", "{}");
    kwick_refused(&reply, 402, "insufficient_balance");
    add_balance(&customer, GIFT);
    reply = order_as(&customer, "order-1", "{}");
    kwick_refused(&reply, 402, "insufficient_balance");
    cr_expect_eq(order_as(&customer, "order-2", "{}").status, 201);
}

Test(kwickphone, keeps_the_keys_of_tenants_apart)
{
    struct customer one = customer_new(), other = customer_new();
    struct reply first = order_as(&one, "order-1", "{}");
    struct reply second = order_as(&other, "order-1", "{}");

    cr_expect_eq(first.status, 201);
    cr_expect_eq(second.status, 201);
    cr_expect_str_neq(at(first.json, "phone_number"), at(second.json, "phone_number"));
    cr_expect_null(reply_header_of(&second, "X-Idempotent-Replayed"));
}

Test(kwickphone, refuses_malformed_idempotency_keys)
{
    struct customer customer = customer_new();
    struct reply reply = order_as(&customer, "two words", "{}");

    kwick_refused(&reply, 400, "invalid_request");
    reply = order_as(&customer, say("%0256d", 1), "{}");
    kwick_refused(&reply, 400, "invalid_request");
    cr_expect(nothing_happened(&customer));
}

/* The carrier sold the number, and its answer was lost. */
Test(kwickphone, finds_a_number_whose_answer_was_lost)
{
    struct customer customer = customer_new();
    const char *account = customer_carrier(&customer);
    struct reply reply;

    carrier_fails(account, "POST", "/IncomingPhoneNumbers", "\"do\":\"lose\"");
    reply = kwick(&customer, "POST", "/v1/numbers", order_body());
    cr_expect_eq(reply.status, 201, "%ld %s", reply.status, reply.body);
    cr_expect_eq(balance_of(&customer), GIFT - MONTH);
    cr_expect_eq(carrier_numbers(account), 1u);
}

/* And the look for it failed as well: nobody knows, until somebody asks again. */
Test(kwickphone, settles_an_order_in_doubt_when_the_client_repeats_it)
{
    struct customer customer = customer_new();
    const char *account = customer_carrier(&customer), *body = order_body();
    struct reply reply;

    carrier_fails(account, "POST", "/IncomingPhoneNumbers", "\"do\":\"lose\"");
    carrier_fails(account, "GET", "/IncomingPhoneNumbers", "\"do\":\"status\",\"status\":503");
    reply = order_as(&customer, "order-1", body);
    kwick_refused(&reply, 503, "provider_unavailable");
    cr_expect_eq(balance_of(&customer), GIFT, "charged before it is known");
    cr_expect_eq(carrier_numbers(account), 1u);
    cr_expect_str_eq(at(listed(&customer), "0.status"), "provisioning");
    reply = order_as(&customer, "order-1", body);
    cr_assert_eq(reply.status, 201, "%ld %s", reply.status, reply.body);
    cr_expect_eq(strncmp(at(reply.json, "webhook_secret"), "whsec_", 6), 0, "%s", reply.body);
    cr_expect_eq(order_as(&customer, "order-1", body).status, 201);
    cr_expect_eq(balance_of(&customer), GIFT - MONTH);
    cr_expect_eq(carrier_numbers(account), 1u, "a second number was bought");
    cr_expect_eq(owned(&customer), 1u);
}

static int order_aside(const struct customer *customer, const char *header, const char *body)
{
    const char *const headers[] = {say("Authorization: Bearer %s", customer->kwickphone),
                                   "Content-Type: application/json", header, NULL};

    return ask_aside("POST", "/v1/numbers", headers, body);
}

Test(kwickphone, charges_once_when_the_client_asks_twice_at_once)
{
    struct customer customer = customer_new();
    const char *account = customer_carrier(&customer), *body = order_body();
    int created = 0, asides[2];

    carrier_fails(account, "POST", "/IncomingPhoneNumbers", "\"do\":\"delay\",\"ms\":300");
    for (int i = 0; i < 2; i++)
        asides[i] = order_aside(&customer, "Idempotency-Key: order-1", body);
    for (int i = 0; i < 2; i++) {
        long status = aside_status(asides[i]);

        cr_expect(status == 201 || status == 409, "%ld", status);
        created += status == 201;
    }
    cr_expect_geq(created, 1);
    cr_expect_eq(balance_of(&customer), GIFT - MONTH);
    cr_expect_eq(carrier_numbers(account), 1u);
}

/* What is promised to one order cannot be spent by another. */
Test(kwickphone, spends_no_dollar_twice_in_orders_at_once)
{
    struct customer customer = customer_new();
    const char *account = customer_carrier(&customer);
    int asides[4];

    add_balance(&customer, -GIFT + 2 * MONTH);
    carrier_fails(account, "POST", "/IncomingPhoneNumbers",
                  "\"do\":\"delay\",\"ms\":200,\"times\":-1");
    for (int i = 0; i < 4; i++)
        asides[i] = order_aside(&customer, NULL, order_body());
    for (int i = 0; i < 4; i++) {
        long status = aside_status(asides[i]);

        cr_expect(status == 201 || status == 402 || status == 429, "%ld", status);
    }
    cr_expect_geq(balance_of(&customer), 0);
    cr_expect_eq(balance_of(&customer), 2 * MONTH - MONTH * (long long)carrier_numbers(account));
}

/* ---- what is given back ---- */

Test(kwickphone, takes_a_number_back_once)
{
    struct customer customer = customer_new();
    const char *account = customer_carrier(&customer);
    struct reply reply;

    customer_number(&customer);
    cr_assert_eq(carrier_numbers(account), 1u);
    reply = kwick(&customer, "DELETE", say("/v1/numbers/%s", customer.number_id), NULL);
    cr_expect_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect_str_eq(reply.body, "{\"released\":true}");
    cr_expect_eq(owned(&customer), 0u);
    cr_expect_eq(carrier_numbers(account), 0u);
    cr_expect_str_eq(agent_of(&customer, customer.number), "", "an agent still answers it");
    reply = kwick(&customer, "DELETE", say("/v1/numbers/%s", customer.number_id), NULL);
    kwick_refused(&reply, 404, "not_found");
    cr_expect_eq(balance_of(&customer), GIFT - MONTH, "the month was paid");
}

Test(kwickphone, reads_a_numbers_id_with_and_without_its_prefix)
{
    struct customer customer = customer_new();

    cr_assert_eq(kwick(&customer, "POST", "/v1/numbers", "{}").status, 201);
    cr_assert_eq(kwick(&customer, "POST", "/v1/numbers", "{}").status, 201);
    cr_expect_eq(kwick(&customer, "DELETE", "/v1/numbers/num_1", NULL).status, 200);
    cr_expect_eq(kwick(&customer, "DELETE", "/v1/numbers/2", NULL).status, 200);
    cr_expect_eq(owned(&customer), 0u);
}

struct no_number {
    char id[32];
};

ParameterizedTestParameters(kwickphone, takes_back_no_number_that_is_not_there)
{
    static struct no_number ids[] = {
        /* clang-format off */
        {"2"}, {"num_2"}, {"0"}, {"-1"}, {"num_"}, {"num_x"}, {"num_1x"}, {"NUM_1"}, {"num_num_1"},
        {"1.0"}, {"+1"}, {"%201"}, {"99999999999"}, {"99999999999999999999"}, {"num_1%2F2"},
        {"%2B13125550000"}, {"%F0%9F%93%9E"},
        /* clang-format on */
    };

    return cr_make_param_array(struct no_number, ids, COUNT_OF(ids));
}

ParameterizedTest(struct no_number *given, kwickphone, takes_back_no_number_that_is_not_there)
{
    struct customer customer = customer_new();
    struct reply reply;

    cr_assert_eq(kwick(&customer, "POST", "/v1/numbers", "{}").status, 201);
    reply = kwick(&customer, "DELETE", say("/v1/numbers/%s", given->id), NULL);
    kwick_refused(&reply, 404, "not_found");
    cr_expect_eq(owned(&customer), 1u, "%s was number 1", given->id);
}

Test(kwickphone, takes_back_no_number_of_another_tenant)
{
    struct customer one = customer_new(), other = customer_new();
    struct reply reply;

    cr_assert_eq(kwick(&one, "POST", "/v1/numbers", "{}").status, 201);
    reply = kwick(&other, "DELETE", "/v1/numbers/num_1", NULL);
    kwick_refused(&reply, 404, "not_found");
    cr_expect_eq(owned(&one), 1u);
    cr_expect_eq(owned(&other), 0u);
}

/* The tenant is rid of it at once; the carrier is asked again later. */
Test(kwickphone, takes_a_number_back_while_the_carrier_is_away)
{
    struct customer customer = customer_new();
    const char *account = customer_carrier(&customer);
    struct reply reply;

    cr_assert_eq(kwick(&customer, "POST", "/v1/numbers", "{}").status, 201);
    carrier_fails(account, "DELETE", "/IncomingPhoneNumbers", "\"do\":\"status\",\"status\":500");
    reply = kwick(&customer, "DELETE", "/v1/numbers/1", NULL);
    cr_expect_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect_eq(owned(&customer), 0u);
    cr_expect_eq(kwick(&customer, "DELETE", "/v1/numbers/1", NULL).status, 404);
    cr_expect_eq(carrier_numbers(account), 1u);
}
