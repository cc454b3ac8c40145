/*
 * Who watches: what is remembered, what is told, what a visitor may say; without sockets.
 */
#include <criterion/criterion.h>

#include <string.h>

#include "core/json.h"
#include "domain/events.h"
#include "outlets.h"
#include "stream/events_role.h"
#include "stream/handshakes.h"
#include "stream/logs_role.h"
#include "stream/seen.h"
#include "stream/visitor_frames.h"
#include "stream/watchdog.h"
#include "tenancy.h"

/* ---- events that are seen twice ---- */

Test(seen, an_event_is_new_once_however_many_come_between)
{
    struct seen *seen = seen_new(100);
    uid ids[250];

    for (size_t i = 0; i < COUNT(ids); i++) {
        ids[i] = uid_new();
        cr_expect_not(seen_before(seen, ids[i]));
        cr_expect(seen_before(seen, ids[i]));
        cr_expect(i < 99 || seen_before(seen, ids[i - 99]), "the last hundred are remembered");
    }
    seen_free(seen);
}

/* ---- handshakes ---- */

Test(handshakes, one_that_takes_five_seconds_is_named_once)
{
    static const int early, late;

    handshake_begin(&early, "192.0.2.1", 1000);
    handshake_begin(&late, "192.0.2.1", 3000000);
    cr_expect_null(handshake_overdue(4000000));
    cr_expect_eq(handshake_overdue(5001000), &early);
    cr_expect_null(handshake_overdue(5001000));
    handshake_end(&late);
    cr_expect_null(handshake_overdue(90000000));
}

Test(handshakes, only_so_many_wait_at_once)
{
    static char connections[HANDSHAKES_MOST];

    for (size_t i = 0; i < HANDSHAKES_MOST; i++) {
        cr_assert(handshakes_have_room(""));
        handshake_begin(&connections[i], "", 1);
    }
    cr_expect_not(handshakes_have_room(""));
    cr_expect_not(handshakes_have_room("192.0.2.1"));
    handshake_end(&connections[7]);
    cr_expect(handshakes_have_room("192.0.2.1"));
}

Test(handshakes, one_address_leaves_room_for_others)
{
    static char connections[HANDSHAKES_OF_ADDRESS];

    for (size_t i = 0; i < HANDSHAKES_OF_ADDRESS; i++) {
        cr_assert(handshakes_have_room("192.0.2.1"));
        handshake_begin(&connections[i], "192.0.2.1", 1);
    }
    cr_expect_not(handshakes_have_room("192.0.2.1"));
    cr_expect(handshakes_have_room("192.0.2.2"));
    cr_expect(handshakes_have_room(""), "a proxy speaks for many");
    handshake_end(&connections[0]);
    cr_expect(handshakes_have_room("192.0.2.1"));
}

/* ---- the watchdog ---- */

Test(watchdog, a_long_turn_is_told_with_what_it_ran)
{
    watchdog_runs("media", "message");
    watchdog_runs("media", "message");
    watchdog_runs("task", "claims");
    watchdog_turn(4000, 1000000);
    cr_expect_str_eq(watchdog_last(), "", "4 ms are not long");
    watchdog_runs("media", "message");
    watchdog_runs("media", "message");
    watchdog_runs("task", "claims");
    watchdog_turn(7000, 1010000);
    cr_expect_str_eq(watchdog_last(), "media.message*2 task.claims*1");
}

Test(watchdog, what_finds_no_place_is_counted)
{
    static const char *const roles[] = {"a", "b"};

    for (int i = 0; i < 10; i++)
        watchdog_runs(roles[i % 2], "x");
    watchdog_turn(7000, 1);
    cr_expect_not_null(strstr(watchdog_last(), " and 1 more"), "%s", watchdog_last());
}

/* ---- what visitors read ---- */

static struct event_news ringing = {
    .tenant_id = 7,
    .id = {{1, 2, 3}},
    .call_id = {{4, 5, 6}},
    .session_id = {{7, 8, 9}},
    .type = "call.ringing",
    .level = "info",
    .source = "carrier",
    .payload = {"{\"state\":\"ringing\"}"},
    .occurred_at = {1767225600123},
    .call_sid = "CA1",
    .direction = "inbound",
    .duration_seconds = NO_INTEGER,
};

static struct arena arena;

static json_object *shown(const struct stage *stage, const struct event_news *news)
{
    struct visitor visitor = {.proven = {.tenant_key = "acme"}};
    struct text text = {.arena = &arena};

    return stage->render(&visitor, news, &text) ? json_parse(text.at) : NULL;
}

static const char *event_called(const char *type, const char *direction, const char *level)
{
    struct event_news news = ringing;
    json_object *event;
    const char *name;

    news.type = type;
    news.direction = direction;
    news.level = level;
    event = shown(&events_stage, &news);
    name = arena_text(&arena, json_text(event, "type"));
    json_object_put(event);
    return name;
}

Test(events_view, events_have_the_names_of_the_published_list)
{
    cr_expect_str_eq(event_called("session.connected", "inbound", "info"), "call.started");
    cr_expect_str_eq(event_called("call.answered", "inbound", "info"), "call.updated");
    cr_expect_str_eq(event_called("call.answered", "outbound", "info"), "call.started");
    cr_expect_str_eq(event_called("session.connected", "outbound", "info"), "call.updated");
    cr_expect_str_eq(event_called("call.escalated", "inbound", "info"), "call.updated");
    cr_expect_str_eq(event_called("call.ended", "inbound", "info"), "call.ended");
    cr_expect_str_eq(event_called("context.updated", NULL, "info"), "context.updated");
    cr_expect_str_eq(event_called("model.error", NULL, "error"), "error");
    cr_expect_null(event_called("model.usage", NULL, "debug"), "nothing that the list lacks");
}

Test(events_view, an_event_says_which_call_and_when)
{
    json_object *event = shown(&events_stage, &ringing);

    cr_expect_str_eq(json_text(event, "timestamp"), "2026-01-01T00:00:00.123Z");
    cr_expect_str_eq(json_text(event, "call_sid"), "CA1");
    cr_expect_str_eq(json_text(event, "callSid"), "CA1");
    cr_expect_str_eq(json_text(event, "status"), "ringing");
    cr_expect_eq(strncmp(json_text(event, "session_id"), "session_", 8), 0);
    json_object_put(event);
}

Test(logs_view, a_line_has_every_promised_member)
{
    static const char *const names[] = {"type",       "level",    "timestamp", "tenant",
                                        "stream_sid", "call_sid", "event",     "message"};
    json_object *line = shown(&logs_stage, &ringing);

    for (size_t i = 0; i < COUNT(names); i++)
        cr_expect_not_null(json_text(line, names[i]), "%s", names[i]);
    cr_expect_str_eq(json_text(line, "tenant"), "acme");
    cr_expect_str_eq(json_text(line, "message"), "call.ringing: ringing");
    json_object_put(line);
}

/* ---- news on their way between nodes ---- */

Test(news, what_one_node_writes_another_reads)
{
    struct work work = {.id = "test"};
    struct text text = {.arena = &arena};
    struct event_news news;

    news_write(&text, &ringing);
    cr_assert(news_parse(&work, text.at, text.length, &news));
    cr_expect_eq(news.tenant_id, 7);
    cr_expect(uid_equal(news.id, ringing.id) && uid_equal(news.call_id, ringing.call_id));
    cr_expect_str_eq(news.type, "call.ringing");
    cr_expect_str_eq(news.call_sid, "CA1");
    cr_expect_str_eq(news.payload.json, "{\"state\":\"ringing\"}");
    cr_expect_eq(news.occurred_at.ms, ringing.occurred_at.ms);
    work_end(&work);
}

Test(news, what_is_no_news_is_refused)
{
    static const char *const texts[] = {"", "[]", "{}", "{\"tenant\":7}",
                                        "{\"tenant\":7,\"at\":1,\"id\":\"xyz\",\"type\":\"a\"}"};
    struct work work = {.id = "test"};
    struct event_news news;

    for (size_t i = 0; i < COUNT(texts); i++)
        cr_expect_not(news_parse(&work, texts[i], strlen(texts[i]), &news), "%s", texts[i]);
    work_end(&work);
}

/* ---- what a visitor says ---- */

static struct kept outlet;

static struct visitor listening(void)
{
    kept_open(&outlet);
    return (struct visitor){
        .stage = &events_stage, .state = LISTENING, .outlet = &outlet.outlet, .wants_all = true};
}

static bool say(struct visitor *visitor, const char *text)
{
    const char *frame = expand(&arena, text);

    return visitor_frame(visitor, frame, strlen(frame));
}

Test(visitor, a_ping_is_answered_and_anything_else_unknown_ends_the_socket)
{
    struct visitor visitor = listening();

    cr_expect(say(&visitor, "{'type':'ping'}"));
    cr_expect_str_eq(kept_last(&outlet), "{\"type\":\"pong\"}");
    cr_expect(say(&visitor, "{'type':'pong'}"));
    cr_expect_not(say(&visitor, "{'type':'dance'}"));
    cr_expect_not(say(&visitor, "hello"));
    cr_expect_not(say(&visitor, "{'type':'auth','token':'pk_x'}"), "he is known already");
}

Test(visitor, who_is_not_known_may_only_show_who_he_is)
{
    struct visitor visitor = listening();

    visitor.state = WAITING;
    cr_expect_not(say(&visitor, "{'type':'subscribe'}"));
    cr_expect_not(say(&visitor, "{'type':'auth'}"));
    cr_expect_not(say(&visitor, "{'type':'auth','token':''}"));
    cr_expect_not(say(&visitor, "{'type':'auth','token':'pk_x','after':'yesterday'}"));
}

Test(visitor, he_hears_of_the_calls_and_levels_that_he_wants)
{
    struct visitor visitor = listening();

    cr_expect(visitor_wants(&visitor, &ringing));
    visitor_add_call(&visitor, (uid){{9}});
    cr_expect_not(visitor_wants(&visitor, &ringing));
    visitor_add_call(&visitor, ringing.call_id);
    cr_expect(visitor_wants(&visitor, &ringing));
    visitor.level = visitor_level("warn");
    cr_expect_not(visitor_wants(&visitor, &ringing));
    visitor.level = visitor_level("debug");
    strcpy(visitor.event, "tool.");
    cr_expect_not(visitor_wants(&visitor, &ringing));
}

Test(visitor, a_query_is_read_by_names)
{
    char value[8];

    visitor_query("after=1&xcall=2&call=345", "call", value, sizeof value);
    cr_expect_str_eq(value, "345");
    visitor_query("call=12345678", "call", value, sizeof value);
    cr_expect_str_eq(value, "", "what does not fit is not there");
    visitor_query("", "call", value, sizeof value);
    cr_expect_str_eq(value, "");
}

/* ---- the table ---- */

Test(event_news, a_tenant_reads_his_own_and_the_last_of_them)
{
    struct tenant tenant, other;
    struct work work = tenancy_begin(&tenant, NULL);
    uid first = NO_UID;
    struct rows rows;
    const struct event_news *news;

    for (int i = 0; i < 5; i++)
        cr_assert(event_put(&work, uid_new(), NO_UID, "context.updated", "platform", NULL));
    cr_assert(news_read(&work, &(struct news_range){.limit = 3}, &rows));
    cr_assert_eq(rows.count, 3u);
    news = rows.at;
    first = news[0].id;
    cr_assert(
        news_read(&work, &(struct news_range){.after = first, .limit = 2, .newest = true}, &rows));
    news = rows.at;
    cr_assert_eq(rows.count, 2u);
    cr_expect_lt(uid_compare(news[0].id, news[1].id), 0, "oldest first");
    cr_assert(news_read(&work, &(struct news_range){.call = news[1].call_id, .limit = 9}, &rows));
    cr_expect_eq(rows.count, 1u);
    tenancy_other(&work, &other);
    work.tenant = other.id;
    cr_assert(news_read(&work, &(struct news_range){.limit = 9}, &rows));
    cr_expect_eq(rows.count, 0u);
    work.tenant = tenant.id;
    tenancy_end(&work);
}
