/*
 * Who watches calls: how he proves himself, what he hears, and what he is refused.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "domain/commands.h"
#include "domain/events.h"
#include "domain/keys.h"
#include "domain/tickets.h"
#include "own_call.h"

/* A key of the call's tenant; "permissions" is a JSON array or NULL. */
static const char *key_of(struct own_call *call, const char *kind, const char *permissions)
{
    const struct key_order order = {.kind = kind, .permissions = permissions};
    struct api_key key;
    const char *secret;

    cr_assert(key_create(&call->work, &order, &key, &secret), "%s", call->work.error.message);
    return secret;
}

static const char *phony_key(struct own_call *call)
{
    return key_of(call, "phony", "[\"events:read\"]");
}

static const char *bearer(const char *key)
{
    return say("Authorization: Bearer %s\r\n", key);
}

/* Opens a socket and waits until it listens. */
static struct websocket watch_at(int port, const char *path, const char *headers)
{
    struct websocket ws = websocket_open(port, path, headers);

    cr_assert_eq(ws.status, 101, "%d", ws.status);
    cr_assert_not_null(websocket_hear_with(&ws, "\"type\":\"ping\"", 20), "closed with %d",
                       ws.close_code);
    return ws;
}

static struct websocket watch(const char *path, const char *headers)
{
    return watch_at(stream_port(), path, headers);
}

/* The next event, pings passed over. */
static json_object *event(struct websocket *ws)
{
    const char *text;

    while ((text = websocket_hear(ws, 20)) && strstr(text, "\"type\":\"ping\""))
        ;
    return text ? kept(json_tokener_parse(text)) : NULL;
}

static json_object *event_of(struct websocket *ws, const char *type)
{
    json_object *one;

    while ((one = event(ws)) && strcmp(at(one, "type"), type) != 0)
        ;
    cr_assert(one, "no %s came; closed with %d", type, ws->close_code);
    return one;
}

static void closes_with(struct websocket *ws, int code)
{
    cr_expect(websocket_closed(ws, 20));
    cr_expect_eq(ws->close_code, code, "%d", ws->close_code);
    websocket_end(ws);
}

/* Writes an event of the call, as a web worker would. */
static uid put_event(struct own_call *call, const char *type, const char *payload)
{
    const struct call_event one = {
        .id = uid_new(),
        .call_id = call->call,
        .session_id = call->session,
        .type = type,
        .level = "info",
        .source = "platform",
        .payload = {payload},
        .occurred_at = clock_now(),
    };

    cr_assert(events_put(&call->work, &one, 1), "%s", call->work.error.message);
    return one.id;
}

/* ---- what is heard ---- */

Test(watching, a_call_is_followed_from_its_start_to_its_end, .timeout = 120)
{
    struct customer customer = customer_new();
    const char *key = customer_key(&customer, "phony", "\"permissions\":[\"events:read\"]");
    struct websocket ws = watch("/events/ws", bearer(key));
    json_object *first, *last, *finals[4];
    size_t nfinals = 0;
    bool partial = false, greeted = false, asked = false;
    const char *sid;

    customer_number(&customer);
    sid =
        call_place(&customer, "+13125550123",
                   "[{\"wait_agent\":true},{\"say\":\"When do you open?\"},{\"wait_agent\":true}]");
    first = event_of(&ws, "call.started");
    cr_expect_str_eq(at(first, "call_sid"), sid);
    cr_expect_str_eq(at(first, "callSid"), sid);
    cr_expect_str_eq(at(first, "from_number"), "+13125550123");
    cr_expect_eq(strlen(at(first, "id")), 26u);
    while ((last = event(&ws)) && strcmp(at(last, "type"), "call.ended") != 0) {
        partial = partial || strcmp(at(last, "type"), "transcript.partial") == 0;
        if (strcmp(at(last, "type"), "transcript.final") == 0 && nfinals < COUNT(finals))
            finals[nfinals++] = last;
    }
    cr_assert(last, "closed with %d", ws.close_code);
    cr_expect(partial, "words are told while they are spoken");
    cr_assert_geq(nfinals, 2);
    for (size_t i = 0; i < nfinals; i++) {
        const char *text = at(finals[i], "text");

        cr_expect_str_eq(at(finals[i], "call_sid"), sid);
        greeted = greeted || strcmp(text, "Hello, this is the desk.") == 0;
        asked = asked || (strcmp(text, "When do you open?") == 0 &&
                          strcmp(at(finals[i], "speaker"), "caller") == 0);
    }
    cr_expect(greeted && asked, "each side's words are told when they are known");
    cr_expect_str_eq(at(last, "status"), "completed");
    cr_expect_gt(atoi(at(last, "duration")), 0);
    websocket_end(&ws);
}

Test(watching, what_was_missed_is_replayed_and_then_goes_on_without_a_gap_or_a_double)
{
    struct own_call call = own_call_new();
    char after[27];
    uid before = put_event(&call, "context.updated", "{\"context\":{\"n\":0}}");
    struct websocket ws;

    for (int n = 1; n <= 300; n++)
        put_event(&call, "context.updated", say("{\"context\":{\"n\":%d}}", n));
    uid_write_base32(before, after);
    ws = websocket_open(stream_port(), say("/events/ws?after=%s", after), bearer(phony_key(&call)));
    for (int n = 301; n <= 320; n++)
        put_event(&call, "context.updated", say("{\"context\":{\"n\":%d}}", n));
    for (int n = 1; n <= 320; n++)
        cr_assert_str_eq(at(event(&ws), "context.n"), say("%d", n));
    websocket_end(&ws);
}

Test(watching, one_call_is_followed_by_any_of_its_names)
{
    struct own_call call = own_call_new();
    const char *key = phony_key(&call);
    char uuid[37], session[27];
    const char *names[3];

    uid_write_uuid(call.call, uuid);
    uid_write_base32(call.session, session);
    names[0] = uuid;
    names[1] = call.sid;
    names[2] = say("session_%s", session);
    for (size_t i = 0; i < COUNT(names); i++) {
        struct websocket ws = watch(say("/events/ws?call_id=%s", names[i]), bearer(key));
        const struct call_event other = {.id = uid_new(),
                                         .call_id = uid_new(),
                                         .type = "error",
                                         .level = "error",
                                         .source = "platform",
                                         .payload = {"{}"},
                                         .occurred_at = clock_now()};

        cr_assert(events_put(&call.work, &other, 1));
        put_event(&call, "context.updated", "{\"context\":{\"a\":1}}");
        cr_expect_str_eq(at(event(&ws), "type"), "context.updated", "by %s", names[i]);
        websocket_end(&ws);
    }
}

Test(watching, calls_are_added_and_left_while_the_socket_is_open)
{
    struct own_call call = own_call_new();
    struct websocket ws = watch("/events/ws", bearer(phony_key(&call)));

    websocket_say(&ws, "{\"type\":\"unsubscribe\"}");
    websocket_say(&ws, "{\"type\":\"ping\"}");
    cr_assert_not_null(websocket_hear_with(&ws, "pong", 10));
    put_event(&call, "context.updated", "{\"context\":{\"n\":1}}");
    websocket_say(&ws,
                  "{\"type\":\"subscribe\",\"call_sid\":\"CA00000000000000000000000000000000\"}");
    cr_expect_str_eq(at(event_of(&ws, "error"), "code"), "not_found");
    websocket_say(&ws, say("{\"type\":\"subscribe\",\"call_sid\":\"%s\"}", call.sid));
    AWAIT((put_event(&call, "context.updated", "{\"context\":{\"n\":2}}"),
           websocket_hear_with(&ws, "\"n\":2", 1)));
    websocket_end(&ws);
}

Test(watching, one_tenant_hears_nothing_of_another)
{
    struct own_call call = own_call_new(), foreign = own_call_new();
    const char *key = phony_key(&call);
    struct websocket ws = watch("/events/ws", bearer(key)), other;

    put_event(&foreign, "context.updated", "{\"context\":{\"whose\":\"theirs\"}}");
    put_event(&call, "context.updated", "{\"context\":{\"whose\":\"ours\"}}");
    cr_expect_str_eq(at(event(&ws), "context.whose"), "ours");
    other = websocket_open(stream_port(), say("/events/ws?call_sid=%s", foreign.sid), bearer(key));
    closes_with(&other, 4404);
    websocket_end(&ws);
}

/* What the daemon of the test's own says of itself. */
static json_object *status_of(struct own_call *call, const struct own_daemon *daemon)
{
    static const char path[] = "/control/status";
    const char *const headers[] = {
        say("X-Trunkline-Control: %s", control_signature(&call->work, "GET", path, "")), NULL};

    return http("GET", say("http://127.0.0.1:%d%s", daemon->control_port, path), headers, NULL)
        .json;
}

/* What somebody has said so far is only told, never written down: it can come by the feed alone. */
Test(watching, news_of_another_node_come_over_its_feed, .timeout = 90)
{
    struct own_call call = own_call_new();
    struct own_daemon daemon = own_daemon_start();
    struct websocket ws = watch_at(daemon.port, "/events/ws", bearer(phony_key(&call))), line;

    AWAIT(atoi(at(status_of(&call, &daemon), "feeds")) > 0);
    line = own_call_open(&call, stream_port());
    own_call_start(&call, &line);
    cr_assert_not_null(own_call_hear(&line, "\"event\":\"mark\"", 20));
    cr_expect_str_eq(at(event_of(&ws, "call.started"), "call_sid"), call.sid);
    cr_expect_str_eq(at(event_of(&ws, "transcript.partial"), "speaker"), "agent");
    cr_expect_str_eq(at(event_of(&ws, "transcript.final"), "text"), "Hello, this is the desk.");
    websocket_end(&line);
    websocket_end(&ws);
    kill(daemon.pid, SIGINT);
    cr_expect_eq(own_daemon_end(&daemon), 0);
}

Test(watching, what_no_node_tells_is_read_from_the_table_until_the_node_goes_away)
{
    struct own_call call = own_call_new();
    struct own_daemon daemon = own_daemon_start();
    struct websocket ws = watch_at(daemon.port, "/events/ws", bearer(phony_key(&call)));

    put_event(&call, "context.updated", "{\"context\":{\"n\":1}}");
    cr_expect_str_eq(at(event(&ws), "context.n"), "1");
    kill(daemon.pid, SIGINT);
    closes_with(&ws, 1001);
    cr_expect_eq(own_daemon_end(&daemon), 0);
}

Test(watching, the_log_stream_tells_what_the_api_promises)
{
    struct own_call call = own_call_new();
    const char *key = key_of(&call, "stateset", NULL);
    struct websocket ws;
    json_object *line;

    put_event(&call, "call.ringing", "{\"state\":\"ringing\"}");
    put_event(&call, "call.answered", "{\"state\":\"in_progress\"}");
    ws = websocket_open(stream_port(), "/api/v1/logs?tail=1", bearer(key));
    line = event(&ws);
    cr_assert_not_null(line, "%d", ws.close_code);
    cr_expect_str_eq(at(line, "type"), "log");
    cr_expect_str_eq(at(line, "event"), "call.answered");
    cr_expect_str_eq(at(line, "level"), "info");
    cr_expect_str_eq(at(line, "call_sid"), call.sid);
    cr_expect_eq(strncmp(at(line, "stream_sid"), "MZ", 2), 0);
    cr_expect_str_eq(at(line, "data.state"), "in_progress");
    cr_expect(has(line, "tenant") && has(line, "timestamp") && has(line, "message"));
    put_event(&call, "tool.started", "{\"name\":\"end_call\"}");
    cr_expect_str_eq(at(event(&ws), "event"), "tool.started");
    websocket_end(&ws);
}

Test(watching, the_log_stream_is_narrowed_by_level_and_name)
{
    struct own_call call = own_call_new();
    const char *key = key_of(&call, "stateset", NULL);
    struct websocket ws = websocket_open(stream_port(), "/logs?event=tool.&tail=50", bearer(key)),
                     none;

    put_event(&call, "call.ringing", "{}");
    put_event(&call, "tool.finished", "{}");
    cr_expect_str_eq(at(event(&ws), "event"), "tool.finished");
    websocket_end(&ws);
    none = websocket_open(stream_port(), "/api/v1/logs?level=loud", bearer(key));
    cr_expect_eq(none.status, 400);
    none = websocket_open(stream_port(), "/api/v1/logs", "");
    cr_expect_eq(none.status, 401);
}

/* ---- how he proves himself ---- */

Test(watching, a_visitor_proves_himself_in_any_of_four_ways)
{
    struct own_call call = own_call_new();
    const char *key = phony_key(&call), *ticket;
    struct websocket ws;

    ws = watch("/events/ws", say("X-API-Key: %s\r\n", key));
    websocket_end(&ws);
    ws = watch("/events/ws", say("Sec-WebSocket-Protocol: trunkline, bearer.%s\r\n", key));
    cr_expect_str_eq(ws.protocol, "trunkline");
    websocket_end(&ws);
    cr_assert(
        ticket_issue(&call.work, &(struct ticket){.role = "events"}, TICKET_LIFE_MS, &ticket));
    ws = watch(say("/events/ws?ticket=%s", ticket), "");
    websocket_end(&ws);
    ws = websocket_open(stream_port(), say("/events/ws?ticket=%s", ticket), "");
    closes_with(&ws, 1008);
    ws = websocket_open(stream_port(), "/events/ws", "");
    websocket_say(&ws, say("{\"type\":\"auth\",\"token\":\"%s\"}", key));
    cr_expect_not_null(websocket_hear_with(&ws, "ping", 10));
    websocket_end(&ws);
}

Test(watching, the_web_server_leads_there_too)
{
    struct own_call call = own_call_new();
    const char *key = phony_key(&call);
    struct websocket ws = watch_at(atoi(fact("PORT")), "/events/ws", bearer(key));

    websocket_end(&ws);
    ws = watch_at(atoi(fact("PORT")), say("/n/%s/events/ws", fact("NODE_NAME")), bearer(key));
    websocket_end(&ws);
    cr_expect_eq(
        http("GET", say("http://127.0.0.1:%d/events/ws", stream_port()), NULL, NULL).status, 426);
}

Test(watching, who_shows_nothing_of_worth_is_refused, .timeout = 60)
{
    struct own_call call = own_call_new();
    const char *const headers[] = {
        bearer("pk_nothing"),
        bearer(key_of(&call, "stateset", NULL)),
        bearer(key_of(&call, "phony", "[\"calls:read\"]")),
    };
    struct websocket silent = websocket_open(stream_port(), "/events/ws", ""),
                     rude = websocket_open(stream_port(), "/events/ws", "");

    for (size_t i = 0; i < COUNT(headers); i++) {
        struct websocket ws = websocket_open(stream_port(), "/events/ws", headers[i]);

        closes_with(&ws, 1008);
    }
    websocket_say(&rude, "{\"type\":\"subscribe\"}");
    closes_with(&rude, 1008);
    closes_with(&silent, 1008);
}

Test(watching, a_key_has_ten_sockets)
{
    struct own_call call = own_call_new();
    const char *key = phony_key(&call), *headers = bearer(key);
    struct websocket open[10], more;

    for (size_t i = 0; i < COUNT(open); i++)
        open[i] = watch("/events/ws", headers);
    more = websocket_open(stream_port(), "/events/ws", headers);
    cr_expect_eq(more.status, 429, "%d", more.status);
    more = websocket_open(stream_port(), "/events/ws", "");
    websocket_say(&more, say("{\"type\":\"auth\",\"token\":\"%s\"}", key));
    closes_with(&more, 4429);
    for (size_t i = 0; i < COUNT(open); i++)
        websocket_end(&open[i]);
    AWAIT((more = websocket_open(stream_port(), "/events/ws", headers)).status == 101);
    cr_expect_not_null(websocket_hear_with(&more, "ping", 10));
    websocket_end(&more);
}

/* How many sockets it takes at once, of so many that open one after the other on two nodes. */
static int let_in(struct websocket *open, int most, const int *ports, const char *path,
                  const char *headers)
{
    int count = 0;

    for (int i = 0; i < most; i++) {
        struct websocket ws = websocket_open(ports[i % 2], path, headers);
        bool is_in = ws.status == 101 && websocket_hear_with(&ws, "\"type\":", 20);

        cr_expect(is_in || ws.status == 429 || ws.close_code == 4429, "%d, then %d", ws.status,
                  ws.close_code);
        if (is_in)
            open[count++] = ws;
    }
    return count;
}

Test(watching, a_key_has_ten_sockets_on_all_nodes_together, .timeout = 90)
{
    struct own_call call = own_call_new();
    struct own_daemon daemon = own_daemon_start();
    const int ports[] = {stream_port(), daemon.port};
    const char *headers = bearer(phony_key(&call)), *other = bearer(phony_key(&call));
    struct websocket open[14], more;

    cr_expect_eq(let_in(open, 14, ports, "/events/ws", headers), 10);
    more = watch_at(daemon.port, "/events/ws", other);
    websocket_end(&more);
    websocket_end(&open[0]);
    AWAIT(let_in(&more, 1, &daemon.port, "/events/ws", headers) == 1);
    websocket_end(&more);
    kill(daemon.pid, SIGINT);
    cr_expect_eq(own_daemon_end(&daemon), 0);
}

Test(watching, a_tenants_log_has_twenty_sockets_on_all_nodes_together, .timeout = 90)
{
    struct own_call call = own_call_new();
    struct own_daemon daemon = own_daemon_start();
    const int ports[] = {stream_port(), daemon.port};
    struct websocket open[24];
    int count = 0;

    put_event(&call, "call.ringing", "{}");
    for (int i = 0; i < 4; i++)
        count += let_in(open + count, 6, ports, "/api/v1/logs?tail=1",
                        bearer(key_of(&call, "stateset", NULL)));
    cr_expect_eq(count, 20);
    kill(daemon.pid, SIGINT);
    cr_expect_eq(own_daemon_end(&daemon), 0);
}

Test(watching, the_sockets_of_a_node_that_was_killed_are_not_counted, .timeout = 90)
{
    struct own_call call = own_call_new();
    struct own_daemon daemon = own_daemon_start();
    const int here[] = {stream_port(), stream_port()}, there[] = {daemon.port, daemon.port};
    const char *headers = bearer(phony_key(&call));
    struct websocket open[10];

    cr_assert_eq(let_in(open, 10, there, "/events/ws", headers), 10);
    cr_expect_eq(let_in(open, 1, here, "/events/ws", headers), 0);
    kill(daemon.pid, SIGKILL);
    own_daemon_end(&daemon);
    AWAIT_FOR(40, (nap_ms(200), let_in(open, 1, here, "/events/ws", headers) == 1));
    websocket_end(&open[0]);
}

/* He pauses for as long as a busy program might; what he asked for waits with the node. */
Test(watching, who_reads_slowly_gets_all_that_he_missed, .timeout = 90)
{
    struct own_call call = own_call_new();
    uid before = put_event(&call, "context.updated", "{\"context\":{\"n\":0}}");
    char after[27], *words = calloc(1, 20001);
    struct websocket ws;

    memset(words, 'x', 20000);
    for (int n = 1; n <= 600; n++)
        put_event(&call, "context.updated",
                  say("{\"context\":{\"n\":%d,\"words\":\"%s\"}}", n, words));
    uid_write_base32(before, after);
    ws = websocket_open_narrow(stream_port(), say("/events/ws?after=%s", after),
                               bearer(phony_key(&call)));
    nap_ms(2500);
    for (int n = 1; n <= 600; n++)
        cr_assert_str_eq(at(event(&ws), "context.n"), say("%d", n));
    websocket_end(&ws);
    free(words);
}

Test(watching, who_does_not_read_is_let_go, .timeout = 90)
{
    struct own_call call = own_call_new();
    struct websocket ws =
        websocket_open_narrow(stream_port(), "/events/ws", bearer(phony_key(&call)));
    char *words = calloc(1, 30001);

    memset(words, 'x', 30000);
    cr_assert_not_null(websocket_hear_with(&ws, "ping", 10));
    for (int n = 0; n < 400; n++)
        put_event(&call, "context.updated", say("{\"context\":{\"words\":\"%s\"}}", words));
    AWAIT_FOR(40, system(say("grep -q 'socket.overrun.*role=events' %s/log/stream.log",
                             fact("VAR"))) == 0);
    closes_with(&ws, 4408);
    free(words);
}
