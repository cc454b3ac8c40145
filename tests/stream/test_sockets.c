/*
 * What strangers, broken carriers and an operator do to the daemon's sockets.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "core/json.h"
#include "domain/commands.h"
#include "own_call.h"

TestSuite(sockets, .timeout = 120);

struct refusal_case {
    char path[80];
    int status;
};

ParameterizedTestParameters(sockets, refusals)
{
    static struct refusal_case cases[] = {
        {"/media-stream/nonsense", 401},
        {"/media-stream/v1.AAAA.BBBB", 401},
        {"/media-stream?stream_token=v1.AAAA.BBBB", 401},
        {"/n/other/media-stream/v1.AAAA.BBBB", 401},
        {"/media-stream/a/b", 404},
        {"/elsewhere", 404},
        {"/", 404},
    };

    return cr_make_param_array(struct refusal_case, cases, COUNT(cases));
}

ParameterizedTest(struct refusal_case *given, sockets, refusals)
{
    struct websocket ws = websocket_open(stream_port(), given->path, "");

    cr_expect_eq(ws.status, given->status, "%s: %d", given->path, ws.status);
    websocket_end(&ws);
}

Test(sockets, a_request_for_no_websocket_is_told_so)
{
    struct reply reply =
        http("GET", say("http://127.0.0.1:%d/media-stream", stream_port()), NULL, NULL);

    cr_expect_eq(reply.status, 400);
    cr_expect_str_eq(reply.body, "Missing WebSocket upgrade headers");
    cr_expect_str_eq(reply_header_of(&reply, "content-type"), "text/plain");
    cr_expect_eq(http("GET", say("http://127.0.0.1:%d/nothing", stream_port()), NULL, NULL).status,
                 404);
}

Test(sockets, a_token_opens_one_call_and_no_second)
{
    struct own_call call = own_call_new();
    struct websocket first = own_call_open(&call, stream_port()), second;

    cr_assert_eq(first.status, 101);
    own_call_start(&call, &first);
    cr_assert_not_null(own_call_hear(&first, "\"event\":\"media\"", 10), "the agent greets");
    AWAIT(strcmp(own_call_state(&call), "active") == 0);
    second = own_call_open(&call, stream_port());
    cr_assert_eq(second.status, 101, "its signature is right");
    own_call_start(&call, &second);
    cr_expect(websocket_closed(&second, 10));
    cr_expect_eq(second.close_code, 1008);
    cr_expect_str_eq(own_call_state(&call), "active", "the first one goes on");
    websocket_say(&first, "{\"event\":\"stop\",\"stop\":{\"callSid\":\"x\"}}");
    cr_expect(websocket_closed(&first, 10));
    cr_expect_eq(first.close_code, 1000);
    cr_expect_str_eq(own_call_state(&call), "ended", "it is stored before the socket closes");
}

Test(sockets, a_token_of_one_call_does_not_open_another)
{
    struct own_call call = own_call_new();
    struct websocket ws = own_call_open(&call, stream_port());

    call.sid = new_call_sid();
    own_call_start(&call, &ws);
    cr_expect(websocket_closed(&ws, 10));
    cr_expect_eq(ws.close_code, 1008);
    cr_expect_str_eq(own_call_state(&call), "pending");
}

Test(sockets, a_token_may_come_as_a_parameter)
{
    struct own_call call = own_call_new();
    struct websocket ws = websocket_open(stream_port(), "/media-stream", "");

    cr_assert_eq(ws.status, 101);
    websocket_say(&ws, say("{\"event\":\"start\",\"start\":{\"streamSid\":\"%s\",\"callSid\":"
                           "\"%s\",\"customParameters\":{\"stream_token\":\"%s\"}}}",
                           call.stream_sid, call.sid, call.token));
    cr_expect_not_null(own_call_hear(&ws, "\"event\":\"media\"", 10));
    websocket_end(&ws);
    AWAIT(strcmp(own_call_state(&call), "lost") == 0);
}

Test(sockets, without_a_token_or_a_start_frame_nothing_begins)
{
    struct websocket ws = websocket_open(stream_port(), "/media-stream", "");
    struct websocket silent = websocket_open(stream_port(), "/media-stream", "");

    websocket_say(&ws,
                  "{\"event\":\"start\",\"start\":{\"streamSid\":\"MZ1\",\"callSid\":\"CA1\"}}");
    cr_expect(websocket_closed(&ws, 10));
    cr_expect_eq(ws.close_code, 1008);
    cr_expect(websocket_closed(&silent, 10), "a start frame is waited for 5 seconds");
    cr_expect_eq(silent.close_code, 1008);
}

Test(sockets, only_so_many_strangers_may_wait)
{
    struct websocket waiting[21];
    struct own_daemon daemon = own_daemon_start();
    int taken = 0, status;

    for (size_t i = 0; i < COUNT(waiting); i++) {
        waiting[i] = websocket_open(daemon.port, "/media-stream", "");
        taken += waiting[i].status == 101;
    }
    cr_expect_leq(taken, 20);
    cr_expect(waiting[20].status == 429 || waiting[20].status == 503, "%d", waiting[20].status);
    for (size_t i = 0; i < COUNT(waiting); i++)
        websocket_end(&waiting[i]);
    kill(daemon.pid, SIGINT);
    status = own_daemon_end(&daemon);
    cr_expect_eq(status, 0, "%d", status);
}

Test(sockets, a_message_that_is_too_long_ends_the_connection)
{
    struct own_call call = own_call_new();
    struct websocket ws = own_call_open(&call, stream_port());
    char *text = calloc(1, 70 * 1024);

    own_call_start(&call, &ws);
    memset(text, ' ', 66 * 1024);
    websocket_say(&ws, text);
    cr_expect(websocket_closed(&ws, 10));
    cr_expect_eq(ws.close_code, 1009);
    free(text);
}

Test(sockets, what_is_no_message_ends_the_connection)
{
    struct own_call call = own_call_new();
    struct websocket ws = own_call_open(&call, stream_port());

    websocket_say(&ws, "hello?");
    cr_expect(websocket_closed(&ws, 10));
    cr_expect_eq(ws.close_code, 1008);
}

/* A socket that shows something in its header, and begins the call. */
static struct websocket start_as(const struct own_call *call, const char *bearer)
{
    struct websocket ws =
        websocket_open(stream_port(), "/media-stream", say("Authorization: Bearer %s\r\n", bearer));

    cr_assert_eq(ws.status, 101, "%d", ws.status);
    own_call_start(call, &ws);
    return ws;
}

Test(sockets, a_program_of_the_tenants_own_streams_with_its_key_or_a_token)
{
    struct own_call call = own_call_new(), other = own_call_new();
    struct websocket ws = start_as(&call, other.customer.stateset);

    cr_expect(websocket_closed(&ws, 20), "a foreign key opens nothing");
    cr_expect_eq(ws.close_code, 1008, "%d", ws.close_code);
    ws = start_as(&call, "sk_nothing");
    cr_expect(websocket_closed(&ws, 20));
    cr_expect_eq(ws.close_code, 1008, "%d", ws.close_code);
    ws = start_as(&call, call.customer.stateset);
    cr_expect_not_null(own_call_hear(&ws, "\"event\":\"media\"", 20), "closed with %d",
                       ws.close_code);
    websocket_end(&ws);
    ws = start_as(&call, call.customer.stateset);
    cr_expect(websocket_closed(&ws, 20), "a call has one stream");
    ws = start_as(&other, other.token);
    cr_expect_not_null(own_call_hear(&ws, "\"event\":\"media\"", 20), "closed with %d",
                       ws.close_code);
    websocket_end(&ws);
}

Test(sockets, a_stranger_gives_no_orders)
{
    const char *base = say("http://%s", fact("LISTEN_CONTROL"));
    const char *const forged[] = {"X-Trunkline-Control: t=1767225600,v1=00", NULL};

    cr_expect_eq(http("GET", say("%s/control/status", base), NULL, NULL).status, 401);
    cr_expect_eq(http("GET", say("%s/control/status", base), forged, NULL).status, 401);
    cr_expect_eq(http("POST", say("%s/control/commands/x", base), NULL, "{}").status, 401);
}

/* A request to the control listener, signed as our programs do. */
static struct reply order(struct own_call *call, const char *method, const char *path,
                          const char *body)
{
    const char *const headers[] = {
        say("X-Trunkline-Control: %s",
            control_signature(&call->work, method, path, body ? body : "")),
        NULL};

    return http(method, say("http://%s%s", fact("LISTEN_CONTROL"), path), headers, body);
}

Test(sockets, the_daemon_says_how_it_is)
{
    struct own_call call = own_call_new();
    struct reply reply = order(&call, "GET", "/control/status", NULL);

    cr_assert_eq(reply.status, 200, "%ld", reply.status);
    cr_expect(has(reply.json, "sessions") && has(reply.json, "backlog"));
    cr_expect_str_eq(at(reply.json, "draining"), "false");
    cr_expect_eq(order(&call, "GET", "/control/nothing", NULL).status, 404);
}

static const char *command_state(struct own_call *call, uid id)
{
    struct session_command command;

    cr_assert(command_find(&call->work, id, &command));
    return command.state;
}

/* Writes an order's row; the post that makes it immediate is up to the test. */
static uid command(struct own_call *call, const char *kind, const char *args)
{
    struct session_command command = {
        .session_id = call->session, .call_id = call->call, .kind = kind, .args = {args}};

    cr_assert(command_order(&call->work, &command), "%s", call->work.error.message);
    return command.id;
}

Test(sockets, orders_of_a_supervisor_are_carried_out_once)
{
    struct own_call call = own_call_new();
    struct websocket ws = own_call_open(&call, stream_port());
    char key[37];
    uid id;

    own_call_start(&call, &ws);
    cr_assert_not_null(own_call_hear(&ws, "\"event\":\"mark\"", 10));
    id = command(&call, "say", "{\"text\":\"One moment.\"}");
    uid_write_uuid(id, key);
    cr_expect_eq(order(&call, "POST", say("/control/commands/%s", key), "").status, 202);
    AWAIT(strcmp(command_state(&call, id), "done") == 0);
    id = command(&call, "say", "{}");
    AWAIT(strcmp(command_state(&call, id), "failed") == 0);
    id = command(&call, "end", "{}");
    cr_expect(websocket_closed(&ws, 10), "found without a post");
    cr_expect_eq(ws.close_code, 1000);
    AWAIT(strcmp(command_state(&call, id), "done") == 0);
    cr_expect_str_eq(own_call_state(&call), "ended");
}

Test(sockets, a_daemon_that_is_told_to_end_lets_its_call_end_first)
{
    struct own_call call = own_call_new(), late = own_call_new();
    struct own_daemon daemon = own_daemon_start();
    struct websocket ws = own_call_open(&call, daemon.port), refused;

    own_call_start(&call, &ws);
    cr_assert_not_null(own_call_hear(&ws, "\"event\":\"media\"", 10));
    kill(daemon.pid, SIGTERM);
    AWAIT((refused = own_call_open(&late, daemon.port)).status == 503);
    cr_assert_not_null(own_call_hear(&ws, "\"event\":\"mark\"", 10), "the call goes on");
    AWAIT(strcmp(own_call_state(&call), "active") == 0);
    websocket_say(&ws, "{\"event\":\"stop\",\"stop\":{\"callSid\":\"x\"}}");
    cr_expect(websocket_closed(&ws, 10));
    cr_expect_eq(own_daemon_end(&daemon), 0);
    cr_expect_str_eq(own_call_state(&call), "ended");
}

/* What the private listener of a test's own daemon answers to an order to drain. */
static int drain(struct own_call *call, const struct own_daemon *daemon, bool is_signed)
{
    static const char path[] = "/control/drain";
    const char *const headers[] = {
        say("X-Trunkline-Control: %s", control_signature(&call->work, "POST", path, "")), NULL};

    return (int)http("POST", say("http://127.0.0.1:%d%s", daemon->control_port, path),
                     is_signed ? headers : NULL, "")
        .status;
}

Test(sockets, a_daemon_that_is_ordered_to_drain_lets_its_call_end_first)
{
    struct own_call call = own_call_new(), late = own_call_new();
    struct own_daemon daemon = own_daemon_start();
    struct websocket ws = own_call_open(&call, daemon.port), refused;

    own_call_start(&call, &ws);
    cr_assert_not_null(own_call_hear(&ws, "\"event\":\"media\"", 10));
    cr_expect_eq(drain(&call, &daemon, false), 401);
    cr_expect_eq(drain(&call, &daemon, true), 202);
    cr_expect_eq(drain(&call, &daemon, true), 202, "asked twice it does not hurry");
    AWAIT((refused = own_call_open(&late, daemon.port)).status == 503);
    cr_assert_not_null(own_call_hear(&ws, "\"event\":\"mark\"", 10), "the call goes on");
    websocket_say(&ws, "{\"event\":\"stop\",\"stop\":{\"callSid\":\"x\"}}");
    cr_expect(websocket_closed(&ws, 10));
    cr_expect_eq(own_daemon_end(&daemon), 0);
    cr_expect_str_eq(own_call_state(&call), "ended");
}

Test(sockets, a_daemon_that_must_end_now_leaves_its_call_to_another)
{
    struct own_call call = own_call_new();
    struct own_daemon daemon = own_daemon_start();
    struct websocket ws = own_call_open(&call, daemon.port);

    own_call_start(&call, &ws);
    cr_assert_not_null(own_call_hear(&ws, "\"event\":\"media\"", 10));
    kill(daemon.pid, SIGINT);
    cr_expect(websocket_closed(&ws, 10));
    cr_expect_eq(ws.close_code, 1001);
    cr_expect_eq(own_daemon_end(&daemon), 0);
    cr_expect_str_eq(own_call_state(&call), "lost");
}

Test(sockets, a_daemon_that_is_full_takes_no_more)
{
    struct own_call call = own_call_new(), more = own_call_new();
    struct own_daemon daemon = own_daemon_start(); /* for one call */
    struct websocket ws = own_call_open(&call, daemon.port), second;

    cr_assert_eq(ws.status, 101);
    second = own_call_open(&more, daemon.port);
    cr_expect_eq(second.status, 503);
    kill(daemon.pid, SIGINT);
    cr_expect_eq(own_daemon_end(&daemon), 0);
}
