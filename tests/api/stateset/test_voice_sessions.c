/*
 * Voice sessions as a tenant's client reads them afterwards, and those that it brings in itself.
 */

#include <criterion/criterion.h>

#include "api/api.h"
#include "domain/sessions.h"
#include "domain/turns.h"
#include "harness/store.h"

TestSuite(voice_sessions, .timeout = 90);

#define SESSIONS "/api/v1/voice-sessions"

struct holder {
    struct customer customer;
    struct work work;
};

static struct holder holder_new(void)
{
    struct holder holder = {.customer = customer_new()};

    holder.work = customer_work(&holder.customer);
    return holder;
}

static struct reply get(const struct holder *holder, const char *path)
{
    return ask("GET", path, holder->customer.stateset, NULL, NULL);
}

static struct reply bring(const struct holder *holder, const char *body)
{
    return ask("POST", SESSIONS, holder->customer.stateset, body, NULL);
}

/* A session of ours that began so long ago and said one thing. */
static struct voice_session held(struct holder *holder, int64_t seconds, const char *state,
                                 const char *result)
{
    struct call call = call_coming_in(&holder->work);
    struct voice_session session;
    struct turn turn;

    call.started_at = instant_after(clock_now(), -seconds * 1000);
    session_begin(&session);
    session.call_id = call.id;
    session.started_at = call.started_at;
    session.state = state;
    session.result = result;
    session.stream_sid = say("MZ%s", call.call_sid + 2);
    session.customer_phone = "+13125550190";
    session.agent_name = "Front Desk";
    row_clear(&turn_entity, &turn);
    turn.session_id = session.id;
    turn.call_id = call.id;
    turn.seq = 1;
    turn.role = "user";
    turn.text = "Good morning.";
    turn.occurred_at = session.started_at;
    turn.redactions = 0;
    cr_assert(call_insert(&holder->work, &call) && session_insert(&holder->work, &session) &&
                  turns_put(&holder->work, &turn, 1),
              "%s", holder->work.error.message);
    return session;
}

Test(voice_sessions, are_listed_newest_first_with_what_was_said)
{
    struct holder holder = holder_new(), other = holder_new();
    struct voice_session old = held(&holder, 100, "ended", "transferred");
    struct voice_session now = held(&holder, 5, "active", NULL);
    struct reply reply;

    held(&other, 5, "active", NULL);
    reply = get(&holder, SESSIONS);
    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect_str_eq(at(reply.json, "ok"), "true");
    cr_expect_str_eq(at(reply.json, "tenant"), holder.customer.tenant);
    cr_expect_str_eq(at(reply.json, "count"), "2");
    cr_expect_str_eq(at(reply.json, "total"), "2");
    cr_expect_str_eq(at(reply.json, "sessions.0.id"), uuid_of(now.id));
    cr_expect_str_eq(at(reply.json, "sessions.0.status"), "active");
    cr_expect_str_eq(at(reply.json, "sessions.1.id"), uuid_of(old.id));
    cr_expect_str_eq(at(reply.json, "sessions.1.status"), "transferred");
    cr_expect_str_eq(at(reply.json, "sessions.1.turn_count"), "1");
    cr_expect_str_eq(at(reply.json, "sessions.1.transcript.0.content"), "Good morning.");
    cr_expect_not(has(reply.json, "sessions.1.transcript.1"));
    reply = get(&holder, SESSIONS "?sort=asc&limit=1");
    cr_expect_str_eq(at(reply.json, "sessions.0.id"), uuid_of(old.id));
    cr_expect_str_eq(at(reply.json, "total"), "2");
    reply = get(&holder, SESSIONS "?limit=1&offset=1");
    cr_expect_str_eq(at(reply.json, "sessions.0.id"), uuid_of(old.id));
}

Test(voice_sessions, are_narrowed_by_the_query)
{
    struct holder holder = holder_new();
    struct voice_session one = held(&holder, 100, "ended", "failed");
    char since[32];

    cr_assert_eq(bring(&holder, "{\"stream_id\":\"theirs-1\",\"agent_name\":\"Night Porter Zoë\","
                                "\"transcript\":[{\"role\":\"user\",\"content\":\"I lost my "
                                "umbrella.\"}]}")
                     .status,
                 201);
    instant_write_iso(instant_after(one.started_at, 1000), ISO_SECONDS, since);
    const char *const first[] = {"status=failed", say("stream_id=%s", one.stream_sid),
                                 "search=front%20desk"};
    const char *const second[] = {"status=completed",
                                  "stream_id=theirs-1",
                                  "search=umbrella",
                                  "search=UMBR",
                                  "search=night+porter",
                                  "search=porter%20zo%C3%AB",
                                  say("started_after=%s", since)};
    const char *const none[] = {"status=active", "stream_id=theirs-2", "search=parasol",
                                "agent_key=nobody", "search=my%25umbrella"};

    for (size_t i = 0; i < COUNT_OF(first); i++) {
        struct reply reply = get(&holder, say(SESSIONS "?%s", first[i]));
        cr_expect_str_eq(at(reply.json, "total"), "1", "%s %s", first[i], reply.body);
        cr_expect_str_eq(at(reply.json, "sessions.0.id"), uuid_of(one.id), "%s", first[i]);
    }
    for (size_t i = 0; i < COUNT_OF(second); i++) {
        struct reply reply = get(&holder, say(SESSIONS "?%s", second[i]));
        cr_expect_str_eq(at(reply.json, "total"), "1", "%s %s", second[i], reply.body);
        cr_expect_str_eq(at(reply.json, "sessions.0.stream_id"), "theirs-1", "%s", second[i]);
    }
    for (size_t i = 0; i < COUNT_OF(none); i++) {
        struct reply reply = get(&holder, say(SESSIONS "?%s", none[i]));
        cr_expect_str_eq(at(reply.json, "total"), "0", "%s %s", none[i], reply.body);
        cr_expect(has(reply.json, "sessions"));
    }
}

Test(voice_sessions, refuse_filters_that_are_none)
{
    struct holder holder = holder_new();
    const char *const wrong[] = {"status=ringing", "sort=up",   "started_after=yesterday",
                                 "limit=201",      "offset=-1", "search=%20"};

    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        struct reply reply = get(&holder, say(SESSIONS "?%s", wrong[i]));
        stateset_refused(&reply, 400, "VALIDATION_ERROR");
    }
}

Test(voice_sessions, that_were_held_elsewhere_are_brought_in)
{
    struct holder holder = holder_new();
    struct reply reply = bring(
        &holder,
        "{\"stream_id\":\"ext-7\",\"call_sid\":\"their-call\",\"call_type\":\"inbound\","
        "\"customer_phone\":\"+13125550123\",\"agent_name\":\"Ann\",\"model\":\"m\",\"voice\":"
        "\"v\","
        "\"org_id\":\"org-1\",\"status\":\"transferred\",\"summary\":\"Asked.\","
        "\"sentiment\":\"positive\",\"duration_ms\":5000,\"tags\":[\"vip\"],"
        "\"metadata\":{\"a\":1},\"transcript\":["
        "{\"role\":\"assistant\",\"content\":\"Hello\",\"timestamp\":\"2026-01-02T03:04:05Z\"},"
        "{\"role\":\"user\",\"content\":\"Hi\",\"timestamp\":\"2026-01-02T03:04:07Z\"}]}");

    cr_assert_eq(reply.status, 201, "%ld %s", reply.status, reply.body);
    const char *id = say("%s", at(reply.json, "id"));
    struct reply by_stream = get(&holder, SESSIONS "/by-stream/ext-7");
    struct reply by_id = get(&holder, say(SESSIONS "/%s", id));
    cr_expect_str_eq(by_stream.body, by_id.body);
    cr_expect_str_eq(by_id.body, reply.body);
    static const struct {
        const char *name, *value;
    } expected[] = {
        {"stream_id", "ext-7"},
        {"call_sid", "their-call"},
        {"call_type", "inbound"},
        {"customer_phone", "+13125550123"},
        {"agent_name", "Ann"},
        {"model", "m"},
        {"voice", "v"},
        {"org_id", "org-1"},
        {"status", "transferred"},
        {"summary", "Asked."},
        {"sentiment", "positive"},
        {"duration_ms", "5000"},
        {"tags.0", "vip"},
        {"metadata.a", "1"},
        {"turn_count", "2"},
        {"transcript.1.role", "user"},
        {"transcript.1.content", "Hi"},
        {"started_at", "2026-01-02T03:04:05Z"},
        {"ended_at", "2026-01-02T03:04:10Z"},
    };
    for (size_t i = 0; i < COUNT_OF(expected); i++)
        cr_expect_str_eq(at(by_id.json, expected[i].name), expected[i].value, "%s: %s",
                         expected[i].name, by_id.body);
    cr_expect_str_eq(at(by_id.json, "tenant_id"), holder.customer.tenant);
    cr_expect(has(by_id.json, "function_calls") && has(by_id.json, "vad_events"));
    cr_expect_eq(rows_of(&holder.customer, "call_turns"), 2, "kept as turns");
}

Test(voice_sessions, with_another_kind_of_transcript_keep_it_as_it_is)
{
    struct holder holder = holder_new();
    struct reply reply =
        bring(&holder, "{\"stream_id\":\"ext-8\",\"transcript\":{\"words\":[\"hello\",\"you\"]}}");

    cr_assert_eq(reply.status, 201, "%ld %s", reply.status, reply.body);
    cr_expect_str_eq(at(reply.json, "transcript.words.1"), "you");
    cr_expect_str_eq(at(reply.json, "status"), "completed");
    reply =
        bring(&holder, "{\"stream_id\":\"ext-9\",\"transcript\":[{\"role\":\"user\",\"content\":"
                       "\"a\"},{\"who\":\"b\"}]}");
    cr_expect_str_eq(at(reply.json, "transcript.1.who"), "b", "%s", reply.body);
    cr_expect_str_eq(at(reply.json, "turn_count"), "0");
    cr_expect_eq(rows_of(&holder.customer, "call_turns"), 0);
}

Test(voice_sessions, that_go_on_elsewhere_are_not_ours_to_supervise)
{
    struct holder holder = holder_new();
    struct reply reply = bring(&holder, "{\"stream_id\":\"ext-10\",\"status\":\"active\"}");

    cr_assert_eq(reply.status, 201, "%ld %s", reply.status, reply.body);
    cr_expect_str_eq(at(reply.json, "status"), "active");
    cr_expect_str_eq(at(reply.json, "ended_at"), "");
    reply = get(&holder, "/api/v1/sessions");
    cr_expect_not(has(reply.json, "sessions.0"), "%s", reply.body);
}

Test(voice_sessions, are_brought_in_once)
{
    struct holder holder = holder_new(), other = holder_new();
    struct reply reply = bring(&holder, "{\"stream_id\":\"ext-11\"}");

    cr_assert_eq(reply.status, 201, "%ld %s", reply.status, reply.body);
    reply = bring(&holder, "{\"stream_id\":\"ext-11\",\"transcript\":[{\"role\":\"user\","
                           "\"content\":\"again\"}]}");
    stateset_refused(&reply, 409, "CONFLICT");
    cr_expect_eq(rows_of(&holder.customer, "voice_sessions"), 1);
    cr_expect_eq(rows_of(&holder.customer, "call_turns"), 0);
    reply = bring(&other, "{\"stream_id\":\"ext-11\"}");
    cr_expect_eq(reply.status, 201, "another tenant has streams of its own");
}

Test(voice_sessions, repeated_under_one_key_are_answered_alike)
{
    struct holder holder = holder_new();
    const char *header = say("Idempotency-Key: %s", new_call_sid());
    struct reply first =
        ask("POST", SESSIONS, holder.customer.stateset, "{\"stream_id\":\"ext-12\"}", header);
    struct reply second =
        ask("POST", SESSIONS, holder.customer.stateset, "{\"stream_id\":\"ext-12\"}", header);

    cr_expect_eq(first.status, 201);
    cr_expect_eq(second.status, 201, "%s", second.body);
    cr_expect_str_eq(at(second.json, "id"), at(first.json, "id"));
}

Test(voice_sessions, refuse_bodies_that_are_none)
{
    struct holder holder = holder_new();
    const char *const wrong[] = {"{}",
                                 "{\"stream_id\":null}",
                                 "{\"stream_id\":\"\"}",
                                 "{\"stream_id\":\"a b\"}",
                                 "{\"stream_id\":7}",
                                 "{\"stream_id\":\"x\",\"status\":\"ringing\"}",
                                 "{\"stream_id\":\"x\",\"duration_ms\":-1}",
                                 "{\"stream_id\":\"x\",\"duration_ms\":\"long\"}",
                                 "{\"stream_id\":\"x\",\"tags\":\"vip\"}",
                                 "{\"stream_id\":\"x\",\"tags\":[1]}",
                                 "[",
                                 ""};

    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        struct reply reply = bring(&holder, wrong[i]);
        stateset_refused(&reply, 400, "VALIDATION_ERROR");
    }
    cr_expect_eq(rows_of(&holder.customer, "voice_sessions"), 0);
}

Test(voice_sessions, of_others_and_of_nobody_do_not_exist)
{
    struct holder holder = holder_new(), other = holder_new();
    struct voice_session session = held(&other, 5, "ended", "completed");
    const char *const paths[] = {say(SESSIONS "/%s", uuid_of(session.id)),
                                 say(SESSIONS "/by-stream/%s", session.stream_sid),
                                 SESSIONS "/nonsense", SESSIONS "/by-stream/nonsense"};

    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        struct reply reply = get(&holder, paths[i]);
        stateset_refused(&reply, 404, "NOT_FOUND");
    }
    cr_expect_eq(get(&other, paths[0]).status, 200);
    cr_expect_eq(get(&other, paths[1]).status, 200);
}

Test(voice_sessions, need_a_key)
{
    const char *const paths[] = {SESSIONS, SESSIONS "/by-stream/MZ1",
                                 SESSIONS "/01939f3a-7c21-7b02-9c44-0a1b2c3d4e5f"};

    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        struct reply reply = ask("GET", paths[i], NULL, NULL, NULL);
        stateset_refused(&reply, 401, "UNAUTHORIZED");
    }
    struct reply reply = ask("POST", SESSIONS, NULL, "{\"stream_id\":\"x\"}", NULL);
    stateset_refused(&reply, 401, "UNAUTHORIZED");
}
