/*
 * Calls on several nodes are one list, and whoever gives an order need not know which node holds
 * the call.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "own_call.h"

TestSuite(nodes, .timeout = 120);

/* A call on the daemon of that port, in which the agent has begun to talk. */
static struct websocket talk_on(struct own_call *call, int port)
{
    struct websocket ws = own_call_open(call, port);

    cr_assert_eq(ws.status, 101, "%d", ws.status);
    own_call_start(call, &ws);
    cr_assert(own_call_hear(&ws, "\"media\"", 20), "the agent said nothing");
    AWAIT(strcmp(own_call_state(call), "active") == 0);
    return ws;
}

static const char *node_of(const struct own_call *call)
{
    return at(query(say("SELECT node_id FROM voice_sessions WHERE tenant_id = %lld AND state ="
                        " 'active'",
                        (long long)call->work.tenant)),
              "0.node_id");
}

static struct reply as_its_tenant(const struct own_call *call, const char *method, const char *path,
                                  const char *body)
{
    const char *const headers[] = {say("Authorization: Bearer %s", call->customer.stateset),
                                   "Content-Type: application/json", NULL};

    return http(method, path, headers, body);
}

Test(nodes, hold_calls_that_one_list_shows_and_every_order_reaches)
{
    struct own_daemon daemon = own_daemon_start();
    struct own_call here = own_call_new(), there = own_call_new();
    struct websocket one = talk_on(&here, stream_port()), other = talk_on(&there, daemon.port);
    struct reply reply = admin("GET", "/api/v1/admin/sessions", NULL);

    cr_expect_str_neq(node_of(&here), node_of(&there));
    cr_expect(strstr(reply.body, here.stream_sid) && strstr(reply.body, there.stream_sid), "%s",
              reply.body);
    reply = as_its_tenant(&there, "GET", "/api/v1/sessions", NULL);
    cr_expect(strstr(reply.body, there.stream_sid), "%s", reply.body);
    reply = as_its_tenant(&there, "POST", say("/api/v1/sessions/%s/actions/end", there.stream_sid),
                          "{}");
    cr_expect_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect(websocket_closed(&other, 20), "the order did not reach the other node");
    AWAIT(strcmp(own_call_state(&there), "ended") == 0);
    cr_expect_str_eq(own_call_state(&here), "active", "the one on the first node goes on");
    websocket_end(&one);
    websocket_end(&other);
    kill(daemon.pid, SIGINT);
    cr_expect_eq(own_daemon_end(&daemon), 0);
}
