/*
 * Providers that are reached as real ones are: by wss:// and https://, with names and certificates,
 * through a server that would rather speak HTTP/2.  The node is started anew with such addresses,
 * so each test has the stack to itself.
 */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "harness/harness.h"

/* What ends TLS before the stand-ins: one port for each certificate (tests/harness/tls-front). */
static struct {
    const char *folder;
    int trusted, stranger, misnamed;
    pid_t pid;
    long log_before; /* bytes of the node's log, when the test began */
} front;

/* ---- the front ---- */

static int free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    cr_assert_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    getsockname(fd, (struct sockaddr *)&address, &length);
    close(fd);
    return ntohs(address.sin_port);
}

static bool listens(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    bool is = connect(fd, (struct sockaddr *)&address, sizeof address) == 0;

    close(fd);
    return is;
}

static void front_start(void)
{
    front.folder = say("%s/tls-%d", fact("VAR"), (int)getpid());
    front.trusted = free_port();
    front.stranger = free_port();
    front.misnamed = free_port();
    front.pid = fork();
    if (front.pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        execl("tests/harness/tls-front", "tls-front", front.folder, say("%d", front.trusted),
              say("%d", front.stranger), say("%d", front.misnamed), fact("MODEL_PORT"),
              fact("VOICES_PORT"), (char *)NULL);
        _exit(127);
    }
    AWAIT(listens(front.trusted) && listens(front.stranger) && listens(front.misnamed));
}

/* All its connections break in mid-air; who connects again is served. */
static void front_breaks(void)
{
    FILE *file = fopen(say("/proc/%d/task/%d/children", (int)front.pid, (int)front.pid), "r");
    int worker = 0;

    cr_assert(file && fscanf(file, "%d", &worker) == 1, "nginx has no worker");
    fclose(file);
    kill(worker, SIGKILL);
}

/* ---- the node ---- */

static void restart_node(void)
{
    part_stop("stream", "INT");
    part_start("stream");
    AWAIT(strcmp(at(query(say("SELECT COUNT(*) AS up FROM media_nodes WHERE name = '%s' AND state ="
                              " 'up' AND heartbeat_at > UTC_TIMESTAMP(3) - INTERVAL 5 SECOND",
                              fact("NODE_NAME"))),
                    "0.up"),
                 "1") == 0);
}

/* Providers' addresses, 0 for as it was. */
static void restart_with(int realtime_port, int chat_port, int voices_port)
{
    setenv("SSL_CERT_FILE", say("%s/ca.pem", front.folder), 1);
    if (realtime_port)
        setenv("OPENAI_REALTIME_URL", say("wss://localhost:%d/v1/realtime", realtime_port), 1);
    if (chat_port)
        setenv("OPENAI_BASE_URL", say("https://localhost:%d/v1", chat_port), 1);
    if (voices_port)
        setenv("ELEVENLABS_BASE_URL", say("https://localhost:%d", voices_port), 1);
    restart_node();
}

static const char *const addresses[] = {"OPENAI_REALTIME_URL", "OPENAI_BASE_URL",
                                        "ELEVENLABS_BASE_URL"};
static const char *usual[sizeof addresses / sizeof addresses[0]];

static FILE *node_log(void)
{
    FILE *log = fopen(say("%s/log/stream.log", fact("VAR")), "r");

    cr_assert_not_null(log);
    return log;
}

static void begin(void)
{
    FILE *log = node_log();

    fseek(log, 0, SEEK_END);
    front.log_before = ftell(log);
    fclose(log);
    for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++)
        usual[i] = say("%s", fact(addresses[i]));
    front_start();
}

static void end(void)
{
    for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++)
        setenv(addresses[i], usual[i], 1);
    unsetenv("SSL_CERT_FILE");
    restart_node();
    kill(front.pid, SIGTERM);
    waitpid(front.pid, NULL, 0);
}

TestSuite(tls, .init = begin, .fini = end, .timeout = 240);

/* How many lines of the node's log have both, since the test began. */
static int logged(const char *event, const char *with)
{
    FILE *log = node_log();
    char line[4096];
    int count = 0;

    fseek(log, front.log_before, SEEK_SET);
    while (fgets(line, sizeof line, log))
        count += strstr(line, event) && strstr(line, with);
    fclose(log);
    return count;
}

/* ---- calls ---- */

/* A customer whose agent's document has these members. */
static struct customer customer_with(const char *members)
{
    struct customer customer = customer_new();

    customer_version(&customer, members);
    customer_number(&customer);
    return customer;
}

static struct customer speaker_new(void)
{
    return customer_with(DESK ",\"voice\":\"marin\"");
}

static struct customer reader_new(void)
{
    return customer_with(DESK ",\"pipeline_mode\":\"relay\"");
}

static struct customer voiced_new(void)
{
    return customer_with(DESK ",\"voice_settings\":{\"provider\":\"elevenlabs\",\"voice_id\":"
                              "\"rachel\",\"model_id\":\"eleven_flash_v2_5\"}");
}

#define TALK                                                                                       \
    "[{\"wait_agent\":true},{\"say\":\"Are you there?\"},"                                         \
    "{\"wait_text\":\"Are you there?\"},{\"hangup\":true}]"

static bool ends_with(const char *text, const char *end)
{
    return strlen(text) >= strlen(end) && strcmp(text + strlen(text) - strlen(end), end) == 0;
}

/* Whether the caller's phone got every sample of a sentence of the agent's that ends so. */
static bool was_heard(json_object *carrier, const char *text)
{
    json_object *heard = NULL;

    json_object_object_get_ex(carrier, "transcript", &heard);
    for (size_t i = 0; heard && i < json_object_array_length(heard); i++) {
        json_object *one = json_object_array_get_idx(heard, i);

        if (strcmp(at(one, "who"), "agent") == 0 && ends_with(at(one, "text"), text) &&
            strcmp(at(one, "whole"), "true") == 0)
            return true;
    }
    return false;
}

#define HEARD(carrier, text)                                                                       \
    cr_expect(was_heard(carrier, text), "%s", json_object_to_json_string(carrier))

static const char *fallback_of(const char *sid)
{
    return at(query(say("SELECT v.fallback_reason FROM session_voices v JOIN voice_sessions s ON"
                        " s.tenant_id = v.tenant_id AND s.id = v.session_id JOIN calls c ON"
                        " c.tenant_id = s.tenant_id AND c.id = s.call_id WHERE c.call_sid = '%s'",
                        sid)),
              "0.fallback_reason");
}

/* ---- how they were connected ---- */

/* The front's line about a request whose path holds "part"; it comes when the connection ends. */
static json_object *handshake(const char *part)
{
    for (int tries = 0; tries < 1000; tries++, nap_ms(20)) {
        FILE *log = fopen(say("%s/front.jsonl", front.folder), "r");
        char line[4096];
        json_object *found = NULL;

        while (log && !found && fgets(line, sizeof line, log))
            if (strstr(line, part))
                found = json_tokener_parse(line);
        if (log)
            fclose(log);
        if (found)
            return kept(found);
    }
    give_up(__FILE__, __LINE__, say("the front's line about %s", part));
}

static void expect_websocket(const char *part)
{
    json_object *one = handshake(part);
    const char *all = json_object_to_json_string(one);

    cr_expect_str_eq(at(one, "status"), "101", "%s", all);
    cr_expect_str_eq(at(one, "tls"), "TLSv1.3", "%s", all);
    cr_expect_str_eq(at(one, "server_name"), "localhost", "%s", all);
    cr_expect_str_eq(at(one, "host"), say("localhost:%d", front.trusted), "%s", all);
    cr_expect_str_eq(at(one, "alpn"), "http/1.1", "HTTP/2 has no upgrade: %s", all);
    cr_expect_str_eq(at(one, "extensions"), "", "audio is not worth compressing: %s", all);
    cr_expect_str_eq(at(one, "origin"), "", "%s", all);
}

/* The model of that name found nothing wrong with what it was sent. */
static void expect_no_fault_of(const char *model)
{
    json_object *sessions = NULL;

    json_object_object_get_ex(control("MODEL", "GET", "/_state", NULL).json, "sessions", &sessions);
    for (size_t i = 0; sessions && i < json_object_array_length(sessions); i++) {
        json_object *one = json_object_array_get_idx(sessions, i);

        if (strcmp(at(one, "model"), model) != 0)
            continue;
        cr_expect_not(has(one, "violations.0"), "%s", json_object_to_json_string(one));
        return;
    }
    cr_expect_fail("the model has no such session");
}

Test(tls, every_kind_of_call_is_whole_over_it)
{
    struct customer speaker, voiced, reader;
    const char *model = say("gpt-realtime-tls-%d", (int)getpid()), *spoken, *voice, *read;
    json_object *carrier;

    restart_with(front.trusted, front.trusted, front.trusted);
    speaker =
        customer_with(say("\"greeting\":\"Hello, this is the desk.\",\"realtime_model\":\"%s\","
                          "\"instructions\":\"%0*d\"",
                          model, 40000, 0)); /* the model's answer is a message of 40 KB */
    voiced = voiced_new();
    reader = reader_new();
    spoken = call_place(&speaker, "+13125550180", TALK);
    voice = call_place(&voiced, "+13125550181", TALK);
    read = call_place(&reader, "+13125550182", TALK);
    carrier = call_ended(spoken);
    HEARD(carrier, "Hello, this is the desk.");
    HEARD(carrier, "Are you there?");
    carrier = call_ended(voice);
    HEARD(carrier, "Hello, this is the desk.");
    HEARD(carrier, "Are you there?");
    AWAIT(strcmp(at(call_settled(&voiced, voice), "status"), "completed") == 0);
    cr_expect_str_eq(fallback_of(voice), "");
    HEARD(call_ended(read), "Are you there?");
    expect_no_fault_of(model);
    expect_websocket("/v1/realtime");
    expect_websocket("/stream-input");
    cr_expect_str_eq(at(handshake("/v1/chat/completions"), "status"), "200");
}

Test(tls, a_connection_that_breaks_without_a_word_is_made_again)
{
    struct customer customer = speaker_new();
    json_object *carrier;
    const char *sid;

    restart_with(front.trusted, 0, 0);
    sid =
        call_place(&customer, "+13125550183",
                   "[{\"wait_agent\":true},{\"say\":\"Are you there?\"},{\"wait_text\":\"You said:"
                   " Are you there?\"},{\"pause_ms\":4000},{\"say\":\"And now?\"},{\"wait_text\":"
                   "\"You said: And now?\"},{\"hangup\":true}]");
    AWAIT_FOR(60, strstr(control("CARRIER", "GET", say("/_calls/%s", sid), NULL).body,
                         "You said: Are you there?"));
    front_breaks();
    carrier = call_ended(sid);
    HEARD(carrier, "You said: And now?");
    cr_expect(logged("model.lost", "next=same") > 0);
}

/* ---- servers that may be others than they say ---- */

/* A spoken call and a read one, to which no model can be had: neither is left in silence. */
static void expect_no_agent(void)
{
    struct customer speaker = speaker_new(), reader = reader_new();
    const char *spoken = call_place(&speaker, "+13125550184", "[{\"pause_ms\":8000}]");
    const char *read = call_place(&reader, "+13125550185",
                                  "[{\"wait_agent\":true},{\"say\":\"Are you there?\"},"
                                  "{\"pause_ms\":20000}]");
    const char *heard = json_object_to_json_string(call_ended(spoken));
    json_object *carrier;

    cr_expect(strstr(heard, "leave a message"), "%s", heard);
    cr_expect_str_eq(at(query(say("SELECT end_reason FROM calls WHERE call_sid = '%s'", spoken)),
                        "0.end_reason"),
                     "model_error");
    carrier = call_ended(read);
    heard = json_object_to_json_string(carrier);
    cr_expect(strstr(at(carrier, "relays.0.handoff"), "\"result\":\"failed\""), "%s", heard);
    cr_expect(strstr(heard, "\"who\": \"carrier\""), "the caller heard nothing at the end: %s",
              heard);
}

Test(tls, a_certificate_that_nobody_known_has_signed_is_refused)
{
    restart_with(front.stranger, front.misnamed, 0);
    expect_no_agent();
    cr_expect(logged("socket.untrusted", "SSL_CERT_FILE") > 0, "what to do is said");
    cr_expect(logged("socket.untrusted", "host=localhost") > 0);
    cr_expect(logged("http.untrusted", "correct the host in the URL") > 0);
}

Test(tls, a_certificate_of_another_host_is_refused)
{
    restart_with(front.misnamed, front.stranger, 0);
    expect_no_agent();
    cr_expect(logged("socket.untrusted", "correct the host in the URL") > 0, "what to do is said");
    cr_expect(logged("http.untrusted", "SSL_CERT_FILE") > 0);
}

Test(tls, a_voice_that_is_not_trusted_is_replaced_by_the_models_own)
{
    struct customer customer = voiced_new();
    const char *sid;
    json_object *carrier;

    restart_with(front.trusted, 0, front.stranger);
    sid = call_place(&customer, "+13125550186", TALK);
    carrier = call_ended(sid);
    HEARD(carrier, "Hello, this is the desk.");
    HEARD(carrier, "Are you there?");
    AWAIT(strcmp(fallback_of(sid), "refused") == 0);
    cr_expect(logged("socket.untrusted", "role=voice") > 0);
}
