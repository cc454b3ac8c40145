/*
 * The Twilio dialect's calls as they are fetched, listed, paged and forgotten.
 */
#include <string.h>

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "api/twilio/sdk.h"

TestSuite(twilio_calls, .timeout = 60);

static const char *calls_path(const struct account *account, const char *query)
{
    return account_path(account, say("/Calls.json%s", query));
}

static const char *call_path(const struct account *account, const char *sid)
{
    return account_path(account, say("/Calls/%s.json", sid));
}

/* What the store says of a call that has been over for a while. */
static void settle(const char *sid, const char *what)
{
    query(say("UPDATE calls SET state = 'completed', state_rank = 90, %s WHERE call_sid = '%s'",
              what, sid));
}

/* ---- one call ---- */

Test(twilio_calls, that_came_in_are_seen_with_all_that_is_known)
{
    struct account account = account_with_number();
    const char *sid = call_arrives(&account.customer, "+13125550123", NULL);
    struct reply reply;
    json_object *call;

    settle(sid, "started_at = '2026-03-02 10:00:00', answered_at = '2026-03-02 10:00:05.250',"
                " ended_at = '2026-03-02 10:01:37', duration_seconds = 92,"
                " carrier_price_micros = 13000, caller_name = 'Ada'");
    reply = twilio(&account, "GET", call_path(&account, sid), NULL);
    call = reply.json;
    cr_assert_eq(reply.status, 200, "%s", reply.body);
    cr_expect_str_eq(at(call, "sid"), sid);
    cr_expect_str_eq(at(call, "account_sid"), account.sid);
    cr_expect_str_eq(at(call, "from"), "+13125550123");
    cr_expect_str_eq(at(call, "from_formatted"), "(312) 555-0123");
    cr_expect_str_eq(at(call, "to"), account.customer.number);
    cr_expect_eq(strncmp(at(call, "phone_number_sid"), "PN", 2), 0, "%s", reply.body);
    cr_expect_str_eq(at(call, "direction"), "inbound");
    cr_expect_str_eq(at(call, "status"), "completed");
    cr_expect_str_eq(at(call, "date_created"), "Mon, 02 Mar 2026 10:00:00 +0000");
    cr_expect_str_eq(at(call, "start_time"), "Mon, 02 Mar 2026 10:00:05 +0000");
    cr_expect_str_eq(at(call, "end_time"), "Mon, 02 Mar 2026 10:01:37 +0000");
    cr_expect(strstr(reply.body, "\"duration\":\"92\""), "%s", reply.body);
    cr_expect(strstr(reply.body, "\"price\":\"-0.01300\""), "%s", reply.body);
    cr_expect_str_eq(at(call, "price_unit"), "USD");
    cr_expect_str_eq(at(call, "api_version"), "2010-04-01");
    cr_expect_str_eq(at(call, "caller_name"), "Ada");
    cr_expect_str_eq(at(call, "uri"), call_path(&account, sid));
    cr_expect_str_eq(at(call, "subresource_uris.recordings"),
                     account_path(&account, say("/Calls/%s/Recordings.json", sid)));
}

Test(twilio_calls, show_what_is_not_known_as_null)
{
    static const char *const unknown[] = {"parent_call_sid", "end_time",  "duration",
                                          "price",           "group_sid", "answered_by",
                                          "forwarded_from",  "trunk_sid", "queue_time"};
    struct account account = account_with_number();
    const char *sid = call_arrives(&account.customer, "+13125550123", NULL);
    struct reply reply = twilio(&account, "GET", call_path(&account, sid), NULL);

    for (size_t i = 0; i < COUNT_OF(unknown); i++)
        cr_expect(strstr(reply.body, say("\"%s\":null", unknown[i])), "%s: %s", unknown[i],
                  reply.body);
    cr_expect_str_eq(at(reply.json, "status"), "ringing");
}

Test(twilio_calls, that_nobody_answered_took_no_time)
{
    struct account account = account_with_number();
    const char *sid = call_arrives(&account.customer, "+13125550123", NULL);
    struct reply reply;

    query(say("UPDATE calls SET state = 'no_answer', state_rank = 90, started_at = '2026-03-02"
              " 10:00:00', ended_at = '2026-03-02 10:00:30' WHERE call_sid = '%s'",
              sid));
    reply = twilio(&account, "GET", calls_path(&account, "?StartTime=2026-03-02"), NULL);
    cr_expect_str_eq(at(reply.json, "calls.0.sid"), sid, "%s", reply.body);
    cr_expect_str_eq(at(reply.json, "calls.0.status"), "no-answer");
    cr_expect_str_eq(at(reply.json, "calls.0.duration"), "0");
    cr_expect_str_eq(at(reply.json, "calls.0.start_time"), at(reply.json, "calls.0.end_time"));
}

Test(twilio_calls, are_read_by_the_official_client)
{
    struct account account = account_with_number();
    const char *sid = call_arrives(&account.customer, "+13125550123", NULL);
    json_object *call;

    settle(sid, "answered_at = '2026-03-02 10:00:05', ended_at = '2026-03-02 10:01:37',"
                " duration_seconds = 92, carrier_price_micros = 13000");
    call = sdk_ok(&account, "[\"calls\",[\"%s\"],\"fetch\",[]]", sid);
    cr_expect_str_eq(at(call, "sid"), sid);
    cr_expect_str_eq(at(call, "startTime"), "2026-03-02T10:00:05.000Z");
    cr_expect_str_eq(at(call, "duration"), "92");
    cr_expect_str_eq(at(call, "price"), "-0.01300");
    cr_expect_str_eq(at(call, "status"), "completed");
}

Test(twilio_calls, of_every_api_are_seen)
{
    struct account account = account_with_number();
    struct reply reply = ask("POST", "/api/v1/make-call", account.customer.stateset,
                             "{\"to\":\"+13125550190\"}", NULL);
    const char *sid = at(reply.json, "call_sid");

    cr_assert_eq(reply.status, 200, "%s", reply.body);
    reply = twilio(&account, "GET", call_path(&account, sid), NULL);
    cr_expect_eq(reply.status, 200, "%s", reply.body);
    cr_expect_str_eq(at(reply.json, "direction"), "outbound-api");
    cr_expect_str_eq(at(reply.json, "to"), "+13125550190");
    reply = twilio(&account, "GET", calls_path(&account, ""), NULL);
    cr_expect_str_eq(at(reply.json, "calls.0.sid"), sid);
}

Test(twilio_calls, of_other_accounts_are_not_there)
{
    struct account account = account_with_number(), other = account_new();
    const char *sid = call_arrives(&account.customer, "+13125550123", NULL);
    static const char *const ids[] = {"CA", "1", "CAzz", "RE00000000000000000000000000000001",
                                      "..%2F1"};
    struct reply reply = twilio(&other, "GET", call_path(&other, sid), NULL);

    twilio_refused(&reply, 404, 20404);
    reply = twilio(&other, "POST", call_path(&other, sid), "Status=completed");
    twilio_refused(&reply, 404, 20404);
    reply = twilio(&other, "DELETE", call_path(&other, sid), NULL);
    twilio_refused(&reply, 404, 20404);
    for (size_t i = 0; i < COUNT_OF(ids); i++) {
        reply = twilio(&account, "GET", call_path(&account, ids[i]), NULL);
        twilio_refused(&reply, 404, 20404);
    }
}

/* ---- lists ---- */

Test(twilio_calls, are_listed_newest_first_in_pages_that_hold_still)
{
    struct account account = account_with_number();
    struct reply reply;
    const char *sids[5], *before;

    for (int i = 0; i < 5; i++)
        sids[i] = call_arrives(&account.customer, say("+1312555013%d", i), NULL);
    reply = twilio(&account, "GET", calls_path(&account, "?PageSize=2"), NULL);
    cr_assert_eq(reply.status, 200, "%s", reply.body);
    cr_expect_str_eq(at(reply.json, "calls.0.sid"), sids[4]);
    cr_expect_str_eq(at(reply.json, "calls.1.sid"), sids[3]);
    cr_expect_not(has(reply.json, "calls.2"));
    cr_expect_str_eq(at(reply.json, "page"), "0");
    cr_expect_str_eq(at(reply.json, "page_size"), "2");
    cr_expect_str_eq(at(reply.json, "start"), "0");
    cr_expect_str_eq(at(reply.json, "end"), "1");
    cr_expect_str_eq(at(reply.json, "uri"), calls_path(&account, "?PageSize=2&Page=0"));
    cr_expect_str_eq(at(reply.json, "first_page_uri"), at(reply.json, "uri"));
    cr_expect(strstr(reply.body, "\"previous_page_uri\":null"), "%s", reply.body);
    call_arrives(&account.customer, "+13125550139", NULL);
    reply = twilio(&account, "GET", at(reply.json, "next_page_uri"), NULL);
    cr_expect_str_eq(at(reply.json, "calls.0.sid"), sids[2]);
    cr_expect_str_eq(at(reply.json, "calls.1.sid"), sids[1]);
    cr_expect_str_eq(at(reply.json, "start"), "2");
    before = at(reply.json, "previous_page_uri");
    reply = twilio(&account, "GET", at(reply.json, "next_page_uri"), NULL);
    cr_expect_str_eq(at(reply.json, "calls.0.sid"), sids[0]);
    cr_expect_not(has(reply.json, "calls.1"));
    cr_expect(strstr(reply.body, "\"next_page_uri\":null"), "%s", reply.body);
    reply = twilio(&account, "GET", before, NULL);
    cr_expect_str_eq(at(reply.json, "calls.0.sid"), sids[4], "%s", reply.body);
    cr_expect_str_eq(at(reply.json, "calls.1.sid"), sids[3]);
}

Test(twilio_calls, are_paged_by_number_too)
{
    struct account account = account_with_number();
    const char *sids[3];
    struct reply reply;

    for (int i = 0; i < 3; i++)
        sids[i] = call_arrives(&account.customer, "+13125550123", NULL);
    reply = twilio(&account, "GET", calls_path(&account, "?PageSize=1&Page=2"), NULL);
    cr_expect_str_eq(at(reply.json, "calls.0.sid"), sids[0]);
    cr_expect(strstr(reply.body, "\"next_page_uri\":null"), "%s", reply.body);
    reply = twilio(&account, "GET", calls_path(&account, "?Page=7"), NULL);
    cr_expect_eq(reply.status, 200);
    cr_expect_not(has(reply.json, "calls.0"));
}

struct bad_page {
    char query[60];
    int code;
};

ParameterizedTestParameters(twilio_calls, have_no_such_page)
{
    static struct bad_page pages[] = {
        {"PageSize=0", 20007},   {"PageSize=1001", 20007},
        {"PageSize=ten", 20007}, {"Page=-1", 20001},
        {"Page=x", 20001},       {"Page=999999", 20001},
        {"PageToken=x", 20001},  {"PageToken=PAnothing", 20001},
        {"Status=dead", 20001},  {"StartTime=yesterday", 20001},
        {"EndTime%3C=1", 20001}, {"ParentCallSid=CA1", 20001},
    };

    return cr_make_param_array(struct bad_page, pages, COUNT_OF(pages));
}

ParameterizedTest(struct bad_page *given, twilio_calls, have_no_such_page)
{
    struct account account = account_new();
    struct reply reply =
        twilio(&account, "GET", calls_path(&account, say("?%s", given->query)), NULL);

    twilio_refused(&reply, 400, given->code);
}

Test(twilio_calls, are_walked_through_by_the_official_client)
{
    struct account account = account_with_number();
    json_object *calls;

    for (int i = 0; i < 5; i++)
        call_arrives(&account.customer, say("+1312555014%d", i), NULL);
    calls = sdk_ok(&account, "[\"calls\",\"list\",[{\"pageSize\":2}]]");
    cr_assert_eq(json_object_array_length(calls), 5u);
    cr_expect_str_eq(at(calls, "0.from"), "+13125550144");
    cr_expect_str_eq(at(calls, "4.from"), "+13125550140");
    calls = sdk_ok(&account, "[\"calls\",\"list\",[{\"limit\":3}]]");
    cr_expect_eq(json_object_array_length(calls), 3u);
    calls = sdk_ok(&account, "[\"calls\",\"page\",[{\"pageSize\":2}],\"nextPage\",[],"
                             "\"previousPage\",[],\"instances\"]");
    cr_expect_str_eq(at(calls, "0.from"), "+13125550144");
    cr_expect_str_eq(at(calls, "1.from"), "+13125550143");
}

/* Three calls: of March, of April, and one that rings now. */
struct calls {
    struct account account;
    const char *march, *april, *now;
};

static struct calls three_calls(void)
{
    struct calls calls = {.account = account_with_number()};

    calls.march = call_arrives(&calls.account.customer, "+13125550151", NULL);
    calls.april = call_arrives(&calls.account.customer, "+13125550152", NULL);
    calls.now = call_arrives(&calls.account.customer, "+13125550153", NULL);
    settle(calls.march, "started_at = '2026-03-02 10:00:00', answered_at = '2026-03-02 10:00:05',"
                        " ended_at = '2026-03-02 10:01:37'");
    settle(calls.april, "started_at = '2026-04-01 23:59:00', answered_at = '2026-04-01 23:59:30',"
                        " ended_at = '2026-04-02 00:10:00'");
    return calls;
}

struct filter {
    char query[80];
    char letters[4]; /* of those that it leaves: m, a, n; newest first */
};

static struct filter filters[] = {
    /* clang-format off */
    {"Status=ringing",                          "n"},
    {"Status=completed",                        "am"},
    {"Status=busy",                             ""},
    {"From=%2B13125550151",                     "m"},
    {"From=+13125550151",                       "m"},
    {"From=%2B1%20(312)%20555-0151",            "m"},
    {"From=client:ada",                         ""},
    {"To=+13125550151",                         ""},
    {"StartTime=2026-03-02",                    "m"},
    {"StartTime=2026-03-02T23:00:00Z",          "m"},
    {"StartTime=2026-03-03",                    ""},
    {"StartTime=2026-03-02T01:00:00%2B02:00",   ""},
    {"StartTime%3E=2026-03-03",                 "a"},
    {"StartTime%3E=2026-03-02T10:00:05Z",       "am"},
    {"StartTime%3E=2026-03-02T10:00:06Z",       "a"},
    {"StartTime>=2026-03-03",                   "a"},
    {"StartTime%3C=2026-04-01",                 "m"},
    {"StartTime%3C=2026-04-02",                 "am"},
    {"StartTime%3E=2026-03-01&StartTime%3C=2026-04-01", "m"},
    {"EndTime=2026-04-02",                      "a"},
    {"EndTime=2026-04-01",                      ""},
    {"EndTime%3E=2026-04-02T00:00:00Z",         "a"},
    {"EndTime%3C=2026-04-02T00:00:00Z",         "m"},
    {"Status=completed&EndTime%3E=2026-04-02",  "a"},
    {"Status=",                                 "nam"},
    /* clang-format on */
};

Test(twilio_calls, are_narrowed_by_every_filter)
{
    struct calls calls = three_calls();

    /* Days are those of UTC, wherever the account is at home. */
    query(say("UPDATE tenants SET timezone = 'Pacific/Auckland' WHERE account_sid = '%s'",
              calls.account.sid));
    for (size_t i = 0; i < COUNT_OF(filters); i++) {
        struct reply reply = twilio(&calls.account, "GET",
                                    calls_path(&calls.account, say("?%s", filters[i].query)), NULL);
        char letters[4] = "";

        for (size_t j = 0; j < 3 && has(reply.json, say("calls.%zu", j)); j++) {
            const char *sid = at(reply.json, say("calls.%zu.sid", j));

            strcat(letters, strcmp(sid, calls.march) == 0   ? "m"
                            : strcmp(sid, calls.april) == 0 ? "a"
                                                            : "n");
        }
        cr_expect_eq(reply.status, 200, "%s: %s", filters[i].query, reply.body);
        cr_expect_str_eq(letters, filters[i].letters, "%s: %s", filters[i].query, reply.body);
    }
}

Test(twilio_calls, are_narrowed_by_the_official_client)
{
    struct calls calls = three_calls();
    json_object *found;

    found = sdk_ok(&calls.account,
                   "[\"calls\",\"list\",[{\"status\":\"completed\","
                   "\"from\":\"+13125550152\",\"to\":\"%s\"}]]",
                   calls.account.customer.number);
    cr_assert_eq(json_object_array_length(found), 1u);
    cr_expect_str_eq(at(found, "0.sid"), calls.april);
}

Test(twilio_calls, keep_their_filters_in_links)
{
    struct calls calls = three_calls();
    struct reply reply =
        twilio(&calls.account, "GET",
               calls_path(&calls.account, "?StartTime%3E=2026-03-01&PageSize=1"), NULL);

    cr_expect_str_eq(at(reply.json, "calls.0.sid"), calls.april);
    cr_expect(strstr(at(reply.json, "next_page_uri"), "StartTime%3E=2026-03-01&"), "%s",
              reply.body);
    reply = twilio(&calls.account, "GET", at(reply.json, "next_page_uri"), NULL);
    cr_expect_str_eq(at(reply.json, "calls.0.sid"), calls.march);
    cr_expect(strstr(reply.body, "\"next_page_uri\":null"), "%s", reply.body);
}

Test(twilio_calls, are_found_by_the_call_that_dialled_them)
{
    struct account account = account_with_number();
    const char *parent = call_arrives(&account.customer, "+13125550123", NULL);
    const char *leg = call_arrives(&account.customer, "+13125550124", NULL);
    struct reply reply;

    query(say("UPDATE calls c JOIN calls p ON p.call_sid = '%s' SET c.parent_call_id = p.id,"
              " c.direction = 'outbound' WHERE c.call_sid = '%s'",
              parent, leg));
    reply = twilio(&account, "GET", calls_path(&account, say("?ParentCallSid=%s", parent)), NULL);
    cr_expect_str_eq(at(reply.json, "calls.0.sid"), leg);
    cr_expect_str_eq(at(reply.json, "calls.0.parent_call_sid"), parent);
    cr_expect_str_eq(at(reply.json, "calls.0.direction"), "outbound-dial");
    cr_expect_not(has(reply.json, "calls.1"));
    reply = twilio(&account, "GET",
                   calls_path(&account, "?ParentCallSid=CA00000000000000000000000000000001"), NULL);
    cr_expect_eq(reply.status, 200);
    cr_expect_not(has(reply.json, "calls.0"));
}

/* ---- forgetting ---- */

Test(twilio_calls, that_are_over_are_forgotten_here_alone)
{
    struct account account = account_with_number();
    const char *sid = call_arrives(&account.customer, "+13125550123", NULL);
    struct reply reply;

    settle(sid, "ended_at = started_at");
    cr_expect_str_eq(
        json_object_get_string(sdk_ok(&account, "[\"calls\",[\"%s\"],\"remove\",[]]", sid)),
        "true");
    sdk_refused(&account, 404, 20404, "[\"calls\",[\"%s\"],\"fetch\",[]]", sid);
    reply = twilio(&account, "DELETE", call_path(&account, sid), NULL);
    twilio_refused(&reply, 404, 20404);
    reply = twilio(&account, "GET", calls_path(&account, ""), NULL);
    cr_expect_not(has(reply.json, "calls.0"), "%s", reply.body);
    reply = twilio(&account, "GET", account_path(&account, say("/Calls/%s/Recordings.json", sid)),
                   NULL);
    twilio_refused(&reply, 404, 20404);
    reply = kwick(&account.customer, "GET", "/v1/calls", NULL);
    cr_expect_str_eq(at(reply.json, "data.0.id"), sid);
}
