#include <math.h>
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "core/config.h"
#include "fake_carrier.h"
#include "remote/twilio.h"

static struct config config = {.allow_private_urls = "no"};
static struct work work = {.id = "test", .config = &config};
static struct fake_carrier fake;
static struct carrier carrier;

static void setup(void)
{
    fake_carrier_start(&fake);
    carrier = (struct carrier){fake.base_url, "AC1", "token", CARRIER_SIMULATED};
}

static void end(void)
{
    fake_carrier_stop(&fake);
    work_end(&work);
}

TestSuite(twilio, .init = setup, .fini = end, .timeout = 20);

static void answer_with(const char *status, const char *body)
{
    fake.canned = arena_format(&work.arena, "HTTP/1.1 %s\r\nContent-Length: %zu\r\n\r\n%s", status,
                               strlen(body), body);
}

struct outcome_case {
    char status[32], body[80];
    enum carrier_end end;
    enum failure what;
    int code;
};

ParameterizedTestParameters(twilio, says_whether_an_order_may_have_been_done)
{
    static struct outcome_case cases[] = {
        /* clang-format off */
        {"201 Created", "{\"sid\":\"PN1\",\"phone_number\":\"+13125550000\"}", CARRIER_DONE, INVALID, 0},
        {"201 Created", "{\"sid\":\"PN1\"}",              CARRIER_UNKNOWN, UPSTREAM, 0},
        {"201 Created", "<html>",                         CARRIER_UNKNOWN, UPSTREAM, 0},
        {"201 Created", "",                               CARRIER_UNKNOWN, UPSTREAM, 0},
        {"201 Created", "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]", CARRIER_UNKNOWN, UPSTREAM, 0},
        {"400 Bad Request", "{\"code\":21422}",           CARRIER_REFUSED, LIMIT_REACHED, 21422},
        {"400 Bad Request", "{\"code\":21211}",           CARRIER_REFUSED, INVALID,  21211},
        {"401 Unauthorized", "{\"code\":20003}",          CARRIER_REFUSED, UPSTREAM, 20003},
        {"404 Not Found", "{\"code\":20404}",             CARRIER_REFUSED, NOT_FOUND, 20404},
        {"429 Too Many", "{\"code\":20429}",              CARRIER_REFUSED, UPSTREAM, 20429},
        {"500 Internal", "{\"code\":20500}",              CARRIER_UNKNOWN, UPSTREAM, 20500},
        {"503 Unavailable", "no JSON",                    CARRIER_UNKNOWN, UPSTREAM, 0},
        /* clang-format on */
    };

    return cr_make_param_array(struct outcome_case, cases, COUNT(cases));
}

ParameterizedTest(struct outcome_case *given, twilio, says_whether_an_order_may_have_been_done)
{
    struct number_order order = {.phone_number = "+13125550000"};
    struct carrier_outcome outcome;
    struct carrier_number number;

    answer_with(given->status, given->body);
    cr_expect_eq(twilio_buy_number(&work, &carrier, &order, &number, &outcome),
                 given->end == CARRIER_DONE);
    cr_expect_eq(outcome.end, given->end, "%s %s", given->status, given->body);
    cr_expect_eq(outcome.code, given->code);
    if (given->end != CARRIER_DONE)
        cr_expect_eq(work.error.what, given->what);
}

Test(twilio, knows_that_nothing_was_ordered_when_nothing_was_sent)
{
    struct number_order order = {.phone_number = "+13125550000"};
    struct carrier_outcome outcome;
    struct carrier_number number;

    carrier.base_url = "http://127.0.0.1:1";
    cr_expect_not(twilio_buy_number(&work, &carrier, &order, &number, &outcome));
    cr_expect_eq(outcome.end, CARRIER_REFUSED);
    cr_expect_eq(outcome.status, 0);
}

Test(twilio, knows_nothing_when_the_connection_ends)
{
    struct number_order order = {.phone_number = "+13125550000"};
    struct carrier_outcome outcome;
    struct carrier_number number;

    fake.sales_lost = 1;
    cr_expect_not(twilio_buy_number(&work, &carrier, &order, &number, &outcome));
    cr_expect_eq(outcome.end, CARRIER_UNKNOWN);
}

Test(twilio, reads_capabilities_in_both_spellings)
{
    struct carrier_numbers numbers;

    answer_with("200 OK",
                "{\"available_phone_numbers\":["
                "{\"phone_number\":\"+1\",\"capabilities\":{\"voice\":true,\"SMS\":true}},"
                "{\"no\":\"number\"},"
                "{\"phone_number\":\"+2\",\"locality\":\"Chicago\",\"region\":\"IL\"}]}");
    cr_assert(twilio_search_numbers(
        &work, &carrier, &(struct number_search){.country = "US", .area_code = "312", .limit = 3},
        &numbers));
    cr_assert_eq(numbers.count, 2);
    cr_expect(numbers.at[0].voice && numbers.at[0].sms && !numbers.at[0].mms);
    cr_expect_str_eq(numbers.at[1].locality, "Chicago");
    cr_expect_null(numbers.at[1].sid);
    cr_expect_not_null(strstr(fake.request,
                              "GET /2010-04-01/Accounts/AC1/AvailablePhoneNumbers/US/Local.json?"
                              "AreaCode=312&"),
                       "%s", fake.request);
    cr_expect_not_null(strstr(fake.request, "Authorization: Basic QUMxOnRva2Vu\r\n"));
}

Test(twilio, finds_a_number_by_its_whole_name_only)
{
    struct carrier_number number;

    answer_with("200 OK",
                "{\"incoming_phone_numbers\":["
                "{\"sid\":\"PN1\",\"phone_number\":\"+1\",\"friendly_name\":\"order-10\"},"
                "{\"sid\":\"PN2\",\"phone_number\":\"+2\",\"friendly_name\":\"order-1\"}]}");
    cr_assert(twilio_find_number(&work, &carrier, "order-1", NULL, &number));
    cr_expect_str_eq(number.sid, "PN2");
    cr_expect_not(twilio_find_number(&work, &carrier, "order-2", NULL, &number));
    cr_expect_eq(work.error.what, NOT_FOUND);
}

Test(twilio, counts_a_number_that_is_gone_as_given_back)
{
    struct carrier_outcome outcome;

    answer_with("404 Not Found", "{\"code\":20404}");
    cr_expect(twilio_release_number(&work, &carrier, "PN1", &outcome));
    cr_expect_eq(outcome.end, CARRIER_DONE);
    answer_with("204 No Content", "");
    cr_expect(twilio_release_number(&work, &carrier, "PN1", NULL));
    answer_with("500 Oops", "");
    cr_expect_not(twilio_release_number(&work, &carrier, "PN1", &outcome));
}

Test(twilio, orders_calls_with_the_settings_it_is_given)
{
    const struct carrier_setting settings[] = {{"To", "+13125550001"},
                                               {"Url", "https://v.example.com/x?cid=1"},
                                               {"Record", NULL},
                                               {"StatusCallbackEvent", "answered"},
                                               {"StatusCallbackEvent", "completed"}};
    struct carrier_call call;

    answer_with("201 Created",
                "{\"sid\":\"CA1\",\"status\":\"queued\",\"direction\":\"outbound-api\","
                "\"duration\":null,\"price\":null,\"start_time\":null}");
    cr_assert(twilio_call_create(&work, &carrier, settings, COUNT(settings), &call, NULL));
    cr_expect_str_eq(call.sid, "CA1");
    cr_expect_str_eq(call.status, "queued");
    cr_expect_eq(call.duration_seconds, NO_INTEGER);
    cr_expect_eq(call.price_micros, NO_INTEGER);
    cr_expect(instant_is_none(call.started_at));
    cr_expect_not_null(strstr(fake.request,
                              "\r\n\r\nTo=%2B13125550001&Url=https%3A%2F%2Fv.example.com%2Fx%3Fcid"
                              "%3D1&StatusCallbackEvent=answered&StatusCallbackEvent=completed"),
                       "%s", fake.request);
}

Test(twilio, reads_what_a_call_cost)
{
    struct carrier_call call;

    answer_with("200 OK", "{\"sid\":\"CA1\",\"status\":\"completed\",\"duration\":\"15\","
                          "\"price\":\"-0.03000\",\"price_unit\":\"USD\","
                          "\"start_time\":\"Sun, 02 Nov 2025 10:00:00 +0000\"}");
    cr_assert(twilio_call_fetch(&work, &carrier, "CA1", &call));
    cr_expect_eq(call.duration_seconds, 15);
    cr_expect_eq(call.price_micros, 30000);
    cr_expect_eq(call.started_at.ms, 1762077600000);
}

Test(twilio, says_that_a_call_is_not_in_progress)
{
    const struct carrier_setting hang_up = {"Status", "completed"};
    struct carrier_outcome outcome;
    struct carrier_call call;

    answer_with("400 Bad Request", "{\"code\":21220,\"message\":\"Call is not in-progress\"}");
    cr_expect_not(twilio_call_update(&work, &carrier, "CA1", &hang_up, 1, &call, &outcome));
    cr_expect_eq(outcome.code, 21220);
    cr_expect_eq(work.error.detail, 21220);
    cr_expect_null(strstr(work.error.message, "in-progress"), "not the carrier's words");
}

Test(twilio, lists_calls_between_two_numbers)
{
    struct carrier_calls calls;

    answer_with("200 OK", "{\"calls\":[{\"sid\":\"CA1\"},{\"sid\":\"CA2\"}]}");
    cr_assert(twilio_calls_list(&work, &carrier, "+1", "+2", (instant){1762077600000}, &calls));
    cr_expect_eq(calls.count, 2);
    cr_expect_not_null(
        strstr(fake.request, "From=%2B1&To=%2B2&StartTime%3E=2025-11-02T10%3A00%3A00Z"), "%s",
        fake.request);
}

Test(twilio, sends_messages)
{
    const struct carrier_setting settings[] = {{"To", "+1"}, {"Body", "Hello & goodbye"}};
    const char *sid;

    answer_with("201 Created", "{\"sid\":\"SM1\"}");
    cr_assert(twilio_message_create(&work, &carrier, settings, 2, &sid, NULL));
    cr_expect_str_eq(sid, "SM1");
    cr_expect_not_null(strstr(fake.request, "Body=Hello%20%26%20goodbye"));
}

Test(twilio, reads_bytes)
{
    const char *body;
    size_t length;

    answer_with("200 OK", "bytes");
    cr_assert(twilio_get(&work, &carrier, "/Recordings/RE1.mp3", 100, &body, &length));
    cr_expect_eq(length, 5);
    cr_expect_not(twilio_get(&work, &carrier, "/Recordings/RE1.mp3", 4, &body, &length));
    answer_with("404 Not Found", "");
    cr_expect_not(twilio_get(&work, &carrier, "/Recordings/RE1.mp3", 100, &body, &length));
    cr_expect_eq(work.error.what, NOT_FOUND);
}
