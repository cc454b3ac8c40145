#include "own_call.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "core/config.h"
#include "domain/agents.h"
#include "harness/store.h"

static void find_agent(struct work *work, struct agent_version *version)
{
    struct agent agent;

    cr_assert(agent_by_key(work, "desk", &agent), "%s", work->error.message);
    cr_assert(agent_version_find(work, agent.published_version_id, version));
}

static void write_rows(struct own_call *own, const struct agent_version *version)
{
    struct call call = call_coming_in(&own->work);
    struct voice_session session;
    char *token;

    own->sid = call.call_sid;
    own->stream_sid = say("MZ%s", own->sid + 2);
    call.channel = "pstn";
    call.media_mode = "stream";
    call.leg_role = "primary";
    call.agent_id = version->agent_id;
    call.agent_version_id = version->id;
    session_begin(&session);
    session.call_id = call.id;
    session.transport = "media_stream";
    session.agent_id = version->agent_id;
    session.agent_version_id = version->id;
    cr_assert(call_insert(&own->work, &call) && session_insert(&own->work, &session) &&
                  session_issue_token(&own->work, &session, &token),
              "%s", own->work.error.message);
    own->call = call.id;
    own->session = session.id;
    own->token = token;
}

struct own_call own_call_new(void)
{
    struct own_call own = {.customer = customer_new()};
    struct agent_version version;

    own.work = customer_work(&own.customer);
    find_agent(&own.work, &version);
    write_rows(&own, &version);
    return own;
}

struct websocket own_call_open(const struct own_call *call, int port)
{
    return websocket_open(port, say("/media-stream/%s", call->token), "");
}

void own_call_start(const struct own_call *call, struct websocket *ws)
{
    websocket_say(ws, "{\"event\":\"connected\",\"protocol\":\"Call\",\"version\":\"1.0.0\"}");
    websocket_say(ws, say("{\"event\":\"start\",\"sequenceNumber\":\"1\",\"start\":{"
                          "\"accountSid\":\"AC1\",\"streamSid\":\"%s\",\"callSid\":\"%s\","
                          "\"tracks\":[\"inbound\"],\"mediaFormat\":{\"encoding\":"
                          "\"audio/x-mulaw\",\"sampleRate\":8000,\"channels\":1},"
                          "\"customParameters\":{}},\"streamSid\":\"%s\"}",
                          call->stream_sid, call->sid, call->stream_sid));
}

void own_call_frame(struct websocket *ws)
{
    char silence[217];

    memset(silence, '/', sizeof silence);
    memcpy(silence + 213, "w==", 4);
    websocket_say(ws, say("{\"event\":\"media\",\"media\":{\"track\":\"inbound\",\"timestamp\":"
                          "\"20\",\"payload\":\"%s\"}}",
                          silence));
}

const char *own_call_hear(struct websocket *ws, const char *part, int seconds)
{
    for (int i = 0; i < seconds; i++) {
        const char *text = websocket_hear_with(ws, part, 1);

        if (text || ws->close_code)
            return text;
        own_call_frame(ws);
    }
    return NULL;
}

const char *own_call_state(struct own_call *call)
{
    struct voice_session session;

    cr_assert(session_get(&call->work, call->session, &session));
    return session.state;
}

int stream_port(void)
{
    return atoi(fact("STREAM_PORT"));
}

/* A port that nobody uses now. */
static int free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    cr_assert_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    getsockname(fd, (struct sockaddr *)&address, &length);
    close(fd);
    return ntohs(address.sin_port);
}

/* Files of this process and of what it becomes cannot grow. */
static void fill_disk(void)
{
    struct rlimit limit = {0};

    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &limit);
}

/* It shares the stack's secrets and database, and has ports, a name and a spool of its own. */
static struct own_daemon start(const char *capacity, bool is_full)
{
    struct own_daemon own = {.port = free_port(), .control_port = free_port()};
    const char *programs = getenv("PROGRAMS");
    const char *program = say("%s/trunkline-streamd", programs ? programs : getenv("BUILD"));
    struct websocket ws;

    own.spool = say("/tmp/own-daemon-%d", own.port);
    own.pid = fork();
    if (own.pid == 0) {
        const struct config *config = config_load();

        setenv("STREAM_AUTH_SECRET", config->stream_auth_secret, 1);
        setenv("CONTROL_SECRET", config->control_secret, 1);
        setenv("SECRETS_KEY", config->secrets_key, 1);
        setenv("KEY_PEPPER", config->key_pepper, 1);
        setenv("SPOOL_DIR", own.spool, 1);
        setenv("NODE_NAME", say("own-%d", own.port), 1);
        setenv("NODE_CAPACITY", capacity, 1);
        if (is_full)
            fill_disk();
        setenv("LISTEN_STREAM", say("127.0.0.1:%d", own.port), 1);
        setenv("LISTEN_CONTROL", say("127.0.0.1:%d", own.control_port), 1);
        execl(program, program, "--no-jobs", (char *)NULL);
        _exit(127);
    }
    AWAIT((ws = websocket_open(own.port, "/media-stream/x", "")).status == 401);
    return own;
}

struct own_daemon own_daemon_start(void)
{
    return start("1", false);
}

struct own_daemon own_daemon_start_full(void)
{
    return start("2", true);
}

int own_daemon_end(struct own_daemon *daemon)
{
    int status = 0, tries = 1000;

    while (waitpid(daemon->pid, &status, WNOHANG) == 0 && tries-- > 0)
        nap_ms(20);
    if (tries <= 0)
        kill(daemon->pid, SIGKILL);
    if (system(say("rm -rf %s", daemon->spool)) != 0)
        return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
