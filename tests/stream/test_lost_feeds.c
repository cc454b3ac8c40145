/*
 * Who follows calls at a node that is lost: what happened meanwhile is not.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "domain/events.h"
#include "domain/keys.h"
#include "own_call.h"

static const char *bearer(struct own_call *call)
{
    const struct key_order order = {.kind = "phony", .permissions = "[\"events:read\"]"};
    struct api_key key;
    const char *secret;

    cr_assert(key_create(&call->work, &order, &key, &secret), "%s", call->work.error.message);
    return say("Authorization: Bearer %s\r\n", secret);
}

/* Opens a socket; it follows from where "after" stands (NULL: from now). */
static struct websocket watch(int port, const char *after, const char *headers)
{
    struct websocket ws;

    AWAIT((ws = websocket_open(
               port, say("/events/ws%s%s", after ? "?after=" : "", after ? after : ""), headers))
              .status == 101);
    return ws;
}

/* Writes event number "n" of the call, as a web worker would; those of one moment have no order. */
static void put_event(struct own_call *call, int n)
{
    const struct call_event one = {
        .id = uid_new(),
        .call_id = call->call,
        .session_id = call->session,
        .type = "context.updated",
        .level = "info",
        .source = "platform",
        .payload = {say("{\"context\":{\"n\":%d}}", n)},
        .occurred_at = clock_now(),
    };

    cr_assert(events_put(&call->work, &one, 1), "%s", call->work.error.message);
    nap_ms(2);
}

/* The next event, pings passed over. */
static json_object *event(struct websocket *ws)
{
    const char *text;

    while ((text = websocket_hear(ws, 20)) && strstr(text, "\"type\":\"ping\""))
        ;
    cr_assert_not_null(text, "closed with %d", ws->close_code);
    return kept(json_tokener_parse(text));
}

/* Events from "first" to "last" come, each once and in order; the id of the last. */
static const char *hears(struct websocket *ws, int first, int last)
{
    const char *id = NULL;

    for (int n = first; n <= last; n++) {
        json_object *one = event(ws);

        cr_assert_str_eq(at(one, "context.n"), say("%d", n));
        id = at(one, "id");
    }
    return id;
}

Test(lost_feeds, who_comes_back_with_the_last_event_misses_none, .timeout = 90)
{
    struct own_call call = own_call_new();
    struct own_daemon daemon = own_daemon_start();
    const char *headers = bearer(&call), *last;
    struct websocket ws = watch(daemon.port, NULL, headers);

    cr_assert_not_null(websocket_hear_with(&ws, "\"type\":\"ping\"", 20));
    for (int n = 1; n <= 5; n++)
        put_event(&call, n);
    last = hears(&ws, 1, 5);
    kill(daemon.pid, SIGKILL);
    own_daemon_end(&daemon);
    cr_expect(websocket_closed(&ws, 20));
    websocket_end(&ws);
    for (int n = 6; n <= 40; n++)
        put_event(&call, n);
    ws = watch(stream_port(), last, headers);
    for (int n = 41; n <= 45; n++)
        put_event(&call, n);
    hears(&ws, 6, 45);
    websocket_end(&ws);
}

Test(lost_feeds, of_a_node_that_dies_leave_its_followers_elsewhere_in_peace, .timeout = 90)
{
    struct own_call call = own_call_new();
    struct own_daemon daemon = own_daemon_start();
    struct websocket ws = watch(stream_port(), NULL, bearer(&call)), line;

    cr_assert_not_null(websocket_hear_with(&ws, "\"type\":\"ping\"", 20));
    line = own_call_open(&call, daemon.port);
    own_call_start(&call, &line);
    cr_assert_not_null(own_call_hear(&line, "\"event\":\"mark\"", 20));
    cr_assert_not_null(websocket_hear_with(&ws, "Hello, this is the desk.", 20));
    kill(daemon.pid, SIGKILL);
    own_daemon_end(&daemon);
    put_event(&call, 1);
    cr_assert_not_null(websocket_hear_with(&ws, "\"context\":{\"n\":1}", 20));
    websocket_end(&line);
    websocket_end(&ws);
}
