/*
 * The KwickPhone dialect's calls: what is listed, said and recorded, and for whom.
 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "api/api.h"

TestSuite(kwickphone_calls, .timeout = 120);

Test(kwickphone_calls, are_listed_newest_first)
{
    struct customer customer = customer_new();
    const char *sids[3];
    struct reply reply;

    customer_number(&customer);
    for (int i = 0; i < 3; i++)
        sids[i] = call_arrives(&customer, say("+1312555012%d", i), NULL);
    reply = kwick(&customer, "GET", "/v1/calls", NULL);
    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    for (int i = 0; i < 3; i++)
        cr_expect_str_eq(at(reply.json, say("data.%d.id", i)), sids[2 - i]);
    cr_expect_not(has(reply.json, "data.3"));
    cr_expect_str_eq(at(reply.json, "data.0.number_id"), customer.number_id);
    cr_expect_str_eq(at(reply.json, "data.0.phone_number"), customer.number);
    cr_expect_str_eq(at(reply.json, "data.0.caller"), "+13125550122");
    cr_expect_str_eq(at(reply.json, "data.0.direction"), "inbound");
    cr_expect_str_eq(at(reply.json, "data.0.has_recording"), "false");
    cr_expect_str_eq(at(reply.json, "data.0.has_transcript"), "false");
    cr_expect_not(has(reply.json, "data.0.outcome"), "absent values are left out: %s", reply.body);
    cr_expect_not(has(reply.json, "data.0.duration_sec"), "%s", reply.body);
    cr_expect_eq(strlen(at(reply.json, "data.0.started_at")), strlen("2025-01-15T10:00:00Z"));
}

Test(kwickphone_calls, come_in_pages_on_request)
{
    struct customer customer = customer_new();
    const char *sids[3];
    struct reply reply;

    customer_number(&customer);
    for (int i = 0; i < 3; i++)
        sids[i] = call_arrives(&customer, "+13125550123", NULL);
    reply = kwick(&customer, "GET", "/v1/calls?limit=1&offset=1", NULL);
    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect_str_eq(at(reply.json, "data.0.id"), sids[1]);
    cr_expect_not(has(reply.json, "data.1"));
    reply = kwick(&customer, "GET", "/v1/calls?offset=3", NULL);
    cr_expect_eq(reply.status, 200);
    cr_expect_not(has(reply.json, "data.0"));
    reply = kwick(&customer, "GET", "/v1/calls?limit=200&unknown=1", NULL);
    cr_expect_eq(reply.status, 200);
    cr_expect(has(reply.json, "data.2"));
}

struct bad_page {
    char query[40];
};

ParameterizedTestParameters(kwickphone_calls, have_no_such_page)
{
    static struct bad_page pages[] = {
        {"limit=0"},    {"limit=201"}, {"limit=-1"},  {"limit=ten"},
        {"limit=1.5"},  {"limit="},    {"offset=-1"}, {"limit=99999999999999999999"},
        {"offset=one"}, {"limit=%zz"}, {"limit=%00"}, {"offset=%FF"},
    };

    return cr_make_param_array(struct bad_page, pages, COUNT_OF(pages));
}

ParameterizedTest(struct bad_page *given, kwickphone_calls, have_no_such_page)
{
    struct customer customer = customer_new();
    struct reply reply = kwick(&customer, "GET", say("/v1/calls?%s", given->query), NULL);

    kwick_refused(&reply, 400, "invalid_request");
}

Test(kwickphone_calls, have_no_transcript_while_nothing_was_said)
{
    struct customer customer = customer_new();
    struct reply reply;
    const char *sid;

    customer_number(&customer);
    sid = call_arrives(&customer, "+13125550123", NULL);
    reply = kwick(&customer, "GET", say("/v1/calls/%s/transcript", sid), NULL);
    kwick_refused(&reply, 404, "not_found");
    reply = kwick(&customer, "GET", say("/v1/calls/%s/recording", sid), NULL);
    kwick_refused(&reply, 404, "not_found");
}

struct no_call {
    char id[48];
};

ParameterizedTestParameters(kwickphone_calls, that_are_not_there)
{
    static struct no_call ids[] = {
        {"CA00000000000000000000000000000000"},
        {"CA"},
        {"1"},
        {"call_1"},
        {"%2F"},
        {"CA%000"},
        {"..%2F1"},
        {"%FF%FE"},
        {"'%20OR"},
        {"%F0%9F%93%9E"},
    };

    return cr_make_param_array(struct no_call, ids, COUNT_OF(ids));
}

/* What cannot be read at all is a bad request, what can be read is not there. */
ParameterizedTest(struct no_call *given, kwickphone_calls, that_are_not_there)
{
    struct customer customer = customer_new();
    static const char *const parts[] = {"transcript", "recording"};
    bool readable = !strstr(given->id, "%00") && !strstr(given->id, "%FF");

    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        struct reply reply =
            kwick(&customer, "GET", say("/v1/calls/%s/%s", given->id, parts[i]), NULL);

        if (readable)
            kwick_refused(&reply, 404, "not_found");
        else
            kwick_refused(&reply, 400, "invalid_request");
    }
}

Test(kwickphone_calls, of_another_tenant_do_not_exist)
{
    struct customer one = customer_new(), other = customer_new();
    struct reply reply;
    const char *sid;

    customer_number(&one);
    sid = call_arrives(&one, "+13125550123", NULL);
    reply = kwick(&other, "GET", "/v1/calls", NULL);
    cr_expect_eq(reply.status, 200);
    cr_expect_not(has(reply.json, "data.0"), "%s", reply.body);
    reply = kwick(&other, "GET", say("/v1/calls/%s/transcript", sid), NULL);
    kwick_refused(&reply, 404, "not_found");
    reply = kwick(&other, "GET", say("/v1/calls/%s/recording", sid), NULL);
    kwick_refused(&reply, 404, "not_found");
}

/* ---- what is shown of them ---- */

/* Writes a call of the customer's first number into the store, as the daemon leaves it. */
static const char *add_call(const struct customer *customer, int age_seconds, const char *columns)
{
    const char *sid = new_call_sid(), *hex = sid + 2;

    query(say("INSERT INTO calls SET tenant_id = (SELECT id FROM tenants WHERE tenant_key = '%s'),"
              " id = UNHEX('%s'), call_sid = '%s', carrier = 'sim', origin = 'carrier',"
              " direction = 'inbound', from_addr = '+13125559999', to_addr = '%s',"
              " customer_phone = '+13125559999', state = 'completed', state_rank = 90,"
              " phone_number_id = (SELECT n.id FROM phone_numbers n JOIN tenants t"
              " ON t.id = n.tenant_id WHERE t.tenant_key = '%s' LIMIT 1),"
              " started_at = UTC_TIMESTAMP(3) - INTERVAL %d SECOND%s",
              customer->tenant, hex, sid, customer->number, customer->tenant, age_seconds,
              columns));
    return sid;
}

Test(kwickphone_calls, say_how_they_ended)
{
    struct customer customer = customer_new();
    struct reply reply;
    const char *sid;

    customer_number(&customer);
    sid = add_call(&customer, 100,
                   ", outcome = 'answered', business_outcome = 'order_placed',"
                   " duration_seconds = 92, turn_count = 3, recording_count = 1");
    reply = kwick(&customer, "GET", "/v1/calls", NULL);
    cr_assert_str_eq(at(reply.json, "data.0.id"), sid, "%s", reply.body);
    cr_expect_str_eq(at(reply.json, "data.0.status"), "completed");
    cr_expect_str_eq(at(reply.json, "data.0.outcome"), "order_placed");
    cr_expect_str_eq(at(reply.json, "data.0.duration_sec"), "92");
    cr_expect_str_eq(at(reply.json, "data.0.has_recording"), "true");
    cr_expect_str_eq(at(reply.json, "data.0.has_transcript"), "true");
}

static void add_turn(const char *sid, int seq, const char *role, const char *text, int start_ms)
{
    query(say("INSERT INTO call_turns (tenant_id, session_id, seq, call_id, role, text,"
              " occurred_at, start_ms, end_ms, interrupted) SELECT tenant_id, id, %d, id, '%s',"
              " '%s', started_at + INTERVAL %d SECOND, %d, %d, %d FROM calls WHERE call_sid = '%s'",
              seq, role, text, seq, start_ms, start_ms + 900, seq == 2, sid));
}

Test(kwickphone_calls, show_what_was_said)
{
    struct customer customer = customer_new(), other = customer_new();
    struct reply reply;
    const char *sid, *path;

    customer_number(&customer);
    sid = add_call(&customer, 100, ", duration_seconds = 92");
    path = say("/v1/calls/%s/transcript", sid);
    reply = kwick(&customer, "GET", path, NULL);
    kwick_refused(&reply, 404, "not_found");
    add_turn(sid, 1, "system", "Be brief.", 0);
    add_turn(sid, 2, "assistant", "Thanks for calling", 100);
    add_turn(sid, 3, "user", "A large pepperoni", 1500);
    add_turn(sid, 4, "tool", "ok", 2000);
    reply = kwick(&customer, "GET", path, NULL);
    cr_assert_eq(reply.status, 200, "%s", reply.body);
    cr_expect_str_eq(at(reply.json, "call_sid"), sid);
    cr_expect_str_eq(at(reply.json, "duration_sec"), "92");
    cr_expect_str_eq(at(reply.json, "turns.0.role"), "agent");
    cr_expect_str_eq(at(reply.json, "turns.0.text"), "Thanks for calling");
    cr_expect_str_eq(at(reply.json, "turns.0.start_ms"), "100");
    cr_expect_str_eq(at(reply.json, "turns.0.end_ms"), "1000");
    cr_expect_str_eq(at(reply.json, "turns.0.interrupted"), "true");
    cr_expect_str_eq(at(reply.json, "turns.1.role"), "caller");
    cr_expect_not(has(reply.json, "turns.2"), "neither instructions nor tools were said");
    reply = kwick(&other, "GET", path, NULL);
    kwick_refused(&reply, 404, "not_found");
}

/* Puts a recording of 300000 bytes into the store, in two chunks: bytes 0, 1, 2 … 250, 0, 1 … */
static void add_recording(const char *sid)
{
    query(say("INSERT INTO recordings (tenant_id, id, call_id, source, status, channels,"
              " duration_ms, content_type, bytes, available_at) SELECT tenant_id, id, id, 'bridge',"
              " 'available', 2, 5000, 'audio/mpeg', 300000, started_at FROM calls"
              " WHERE call_sid = '%s'",
              sid));
    for (int seq = 0; seq < 2; seq++)
        query(say("INSERT INTO recording_chunks (tenant_id, recording_id, seq, bytes)"
                  " SELECT tenant_id, id, %d, SUBSTRING(REPEAT(UNHEX('%s'), 1200), %d, %d)"
                  " FROM calls WHERE call_sid = '%s'",
                  seq,
                  at(query("SELECT GROUP_CONCAT(LPAD(HEX(seq), 2, '0') ORDER BY seq SEPARATOR '')"
                           " AS h FROM seq_0_to_250"),
                     "0.h"),
                  seq * 262144 + 1, seq ? 300000 - 262144 : 262144, sid));
}

static bool is_part(const struct reply *reply, size_t first, size_t length)
{
    if (reply->length != length)
        return false;
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)reply->body[i] != (first + i) % 251)
            return false;
    return true;
}

struct range_case {
    char range[40], content_range[40];
    long status;
    int first, length;
};

ParameterizedTestParameters(kwickphone_calls, are_played_whole_or_in_part)
{
    static struct range_case cases[] = {
        /* clang-format off */
        {"",                    "",                         200, 0,      300000},
        {"bytes=0-99",          "bytes 0-99/300000",        206, 0,      100},
        {"bytes=100-",          "bytes 100-299999/300000",  206, 100,    299900},
        {"bytes=-500",          "bytes 299500-299999/300000", 206, 299500, 500},
        {"bytes=-999999",       "bytes 0-299999/300000",    206, 0,      300000},
        {"bytes=262100-262200", "bytes 262100-262200/300000", 206, 262100, 101},
        {"bytes=299999-400000", "bytes 299999-299999/300000", 206, 299999, 1},
        {"bytes=300000-",       "bytes */300000",           416, 0,      0},
        {"bytes=-0",            "bytes */300000",           416, 0,      0},
        {"bytes=5-2",           "",                         200, 0,      300000},
        {"bytes=0-1,5-6",       "",                         200, 0,      300000},
        {"bytes=x-1",           "",                         200, 0,      300000},
        {"lines=0-1",           "",                         200, 0,      300000},
        /* clang-format on */
    };

    return cr_make_param_array(struct range_case, cases, COUNT_OF(cases));
}

ParameterizedTest(struct range_case *given, kwickphone_calls, are_played_whole_or_in_part)
{
    struct customer customer = customer_new();
    const char *sid, *path, *content_range;
    struct reply reply;

    customer_number(&customer);
    sid = add_call(&customer, 100, "");
    path = say("/v1/calls/%s/recording", sid);
    add_recording(sid);
    reply = ask("GET", path, customer.kwickphone, NULL,
                *given->range ? say("Range: %s", given->range) : NULL);
    cr_assert_eq(reply.status, given->status, "%s: %ld", given->range, reply.status);
    content_range = reply_header_of(&reply, "Content-Range");
    cr_expect_str_eq(content_range ? content_range : "", given->content_range);
    if (given->status == 416) {
        kwick_refused(&reply, 416, "range_not_satisfiable");
        return;
    }
    cr_expect_str_eq(reply_header_of(&reply, "Content-Type"), "audio/mpeg");
    cr_expect_str_eq(reply_header_of(&reply, "Accept-Ranges"), "bytes");
    cr_expect(is_part(&reply, (size_t)given->first, (size_t)given->length), "%s: %zu bytes",
              given->range, reply.length);
}

/* A part is never put behind the beginning of another recording. */
Test(kwickphone_calls, are_played_in_part_only_while_the_same)
{
    struct customer customer = customer_new(), other = customer_new();
    const char *key, *path, *sid, *tag;
    struct reply reply;

    customer_number(&customer);
    sid = add_call(&customer, 100, "");
    add_recording(sid);
    key = say("Authorization: Bearer %s", customer.kwickphone);
    path = say("/v1/calls/%s/recording", sid);
    reply = kwick(&other, "GET", path, NULL);
    kwick_refused(&reply, 404, "not_found");
    reply = kwick(&customer, "HEAD", path, NULL);
    tag = reply_header_of(&reply, "ETag");
    cr_assert(reply.status == 200 && reply.length == 0 && tag, "%ld", reply.status);
    cr_expect_str_eq(reply_header_of(&reply, "Content-Length"), "300000");
    reply =
        http("GET", path,
             (const char *const[]){key, "Range: bytes=0-9", say("If-Range: %s", tag), NULL}, NULL);
    cr_expect_eq(reply.status, 206);
    reply = http("GET", path,
                 (const char *const[]){key, "Range: bytes=0-9", "If-Range: \"other\"", NULL}, NULL);
    cr_expect_eq(reply.status, 200);
}

/* The carrier rings, a caller speaks, the agent answers: what they said is read and heard. */
Test(kwickphone_calls, are_transcribed_and_recorded)
{
    struct customer customer = customer_new();
    struct reply reply;
    const char *sid;

    customer_number(&customer);
    sid = call_place(&customer, "+13125550123",
                     "[{\"wait_agent\":true},{\"say\":\"Are you open?\"},{\"wait_agent\":true}]");
    call_ended(sid);
    call_settled(&customer, sid);
    reply = kwick(&customer, "GET", say("/v1/calls/%s/transcript", sid), NULL);
    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect_str_eq(at(reply.json, "call_sid"), sid);
    cr_expect_str_eq(at(reply.json, "status"), "completed");
    cr_expect_str_eq(at(reply.json, "turns.0.role"), "agent");
    cr_expect_str_eq(at(reply.json, "turns.0.text"), "Hello, this is the desk.");
    cr_expect_str_eq(at(reply.json, "turns.1.role"), "caller");
    cr_expect_str_eq(at(reply.json, "turns.1.text"), "Are you open?");
    reply = kwick(&customer, "GET", say("/v1/calls/%s/recording", sid), NULL);
    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect_str_eq(reply_header_of(&reply, "Content-Type"), "audio/mpeg");
    cr_expect_gt(reply.length, 10000u);
}
