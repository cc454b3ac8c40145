/*
 * Behind every web server that we have a snippet for: an authorised request, a signed callback, and
 * a media socket reach the programs.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "harness/harness.h"
#include "harness/websocket.h"

struct server {
    char kind[12]; /* "" is the stack's own lighttpd */
    bool sockets;  /* whether it can pass websockets on */
};

static int free_port(void)
{
    return 12000 + (int)(getpid() % 7000);
}

static bool answers(const char *base)
{
    return http("GET", say("%s/health/live", base), NULL, NULL).status == 200;
}

static pid_t serve(const char *kind, int port)
{
    pid_t child = fork();

    if (child == 0) {
        setpgid(0, 0);
        execl("tests/harness/web-server", "web-server", kind, say("%d", port), (char *)NULL);
        _exit(127);
    }
    return child;
}

static void request_is_authorised(const char *base, const struct customer *customer)
{
    const char *const headers[] = {say("Authorization: Bearer %s", customer->kwickphone), NULL};
    struct reply reply = http("GET", say("%s/v1/numbers", base), headers, NULL);

    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect_str_eq(at(reply.json, "data.0.phone_number"), customer->number);
    reply = http("GET", say("%s/v1/numbers", base), NULL, NULL);
    cr_expect_eq(reply.status, 401);
}

/* Posts a signed incoming call and answers the path of its media socket. */
static const char *callback_is_answered(const char *base, const struct customer *customer)
{
    const char *form =
        say("AccountSid=%s&CallSid=%s&From=%%2B13125550111&To=%s%s&CallStatus=ringing"
            "&Direction=inbound&ApiVersion=2010-04-01",
            fact("REHEARSAL_ACCOUNT_SID"), new_call_sid(), "%2B", customer->number + 1);
    struct reply reply =
        callback_at(base, "/api/v1/incoming-call", form, fact("REHEARSAL_AUTH_TOKEN"), NULL);
    const char *url;

    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_assert(strstr(reply.body, "<Connect>"), "%s", reply.body);
    url = strstr(strstr(reply.body, "<Stream url=\""), "/media-stream");
    cr_assert_not_null(url, "%s", reply.body);
    return say("%.*s", (int)strcspn(url, "\""), url);
}

static void media_flows(int port, const char *path, const char *call_sid)
{
    struct websocket ws = websocket_open(port, path, "");

    cr_assert_eq(ws.status, 101, "the upgrade was answered with %d", ws.status);
    websocket_say(&ws, "{\"event\":\"connected\",\"protocol\":\"Call\",\"version\":\"1.0.0\"}");
    websocket_say(&ws,
                  say("{\"event\":\"start\",\"sequenceNumber\":\"1\",\"start\":{\"accountSid\":"
                      "\"%s\",\"streamSid\":\"MZ%s\",\"callSid\":\"%s\",\"tracks\":"
                      "[\"inbound\"],\"mediaFormat\":{\"encoding\":\"audio/x-mulaw\","
                      "\"sampleRate\":8000,\"channels\":1},\"customParameters\":{}},"
                      "\"streamSid\":\"MZ%s\"}",
                      fact("REHEARSAL_ACCOUNT_SID"), call_sid + 2, call_sid, call_sid + 2));
    cr_assert_not_null(websocket_hear_with(&ws, "\"media\"", 15), "no audio of the agent came");
    websocket_end(&ws);
}

ParameterizedTestParameters(web_servers, pass_everything_on)
{
    static struct server servers[] = {
        {"", true}, {"nginx", true}, {"apache", true}, {"fcgid", false}};

    return cr_make_param_array(struct server, servers, 4);
}

ParameterizedTest(struct server *server, web_servers, pass_everything_on, .timeout = 120)
{
    int port = server->kind[0] ? free_port() : atoi(fact("PORT"));
    const char *base = say("http://127.0.0.1:%d", port), *path, *sid;
    pid_t child = server->kind[0] ? serve(server->kind, port) : 0;
    struct customer customer = customer_new();

    customer_number(&customer);
    AWAIT(answers(base));
    request_is_authorised(base, &customer);
    path = callback_is_answered(base, &customer);
    sid = at(query(say("SELECT call_sid FROM calls c JOIN tenants t ON t.id = c.tenant_id"
                       " WHERE t.tenant_key = '%s'",
                       customer.tenant)),
             "0.call_sid");
    if (server->sockets)
        media_flows(port, path, sid);
    if (child > 0) {
        kill(-child, SIGTERM);
        waitpid(child, NULL, 0);
    }
}
