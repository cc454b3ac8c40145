/*
 * The page at "/", seen in Chromium: the state of the parts, the demo tenant's calls while they
 * happen, the transcript and the player of each.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "harness/harness.h"

static struct {
    pid_t driver;
    const char *base; /* of the driver's session */
} browser;

static const char *const json[] = {"Content-Type: application/json", NULL};

static struct reply drive(const char *method, const char *path, const char *body)
{
    return http_bytes(method, say("%s%s", browser.base, path), json, body, body ? strlen(body) : 0,
                      60000);
}

static void start_browser(void)
{
    int port = 21000 + (int)(getpid() % 9000);
    struct reply reply;

    browser.driver = fork();
    if (browser.driver == 0) {
        setpgid(0, 0);
        if (!freopen(say("%s/log/chromedriver.log", fact("VAR")), "w", stdout))
            _exit(126);
        execlp("chromedriver", "chromedriver", say("--port=%d", port), (char *)NULL);
        _exit(127);
    }
    browser.base = say("http://127.0.0.1:%d", port);
    AWAIT(drive("GET", "/status", NULL).status == 200);
    reply = drive(
        "POST", "/session",
        say("{\"capabilities\":{\"alwaysMatch\":{\"goog:chromeOptions\":{\"binary\":"
            "\"/usr/bin/chromium\",\"args\":[\"--headless\",\"--no-sandbox\","
            "\"--disable-gpu\",\"--disable-dev-shm-usage\",\"--disable-quic\",\"--no-first-run\","
            "\"--disable-background-networking\",\"--disable-component-update\","
            "\"--disable-sync\",\"--window-size=1100,1400\","
            "\"--user-data-dir=%s/tmp/chromium\"]}}}}",
            fact("VAR")));
    cr_assert_eq(reply.status, 200, "no session: %s", reply.body);
    browser.base = say("%s/session/%s", browser.base, at(reply.json, "value.sessionId"));
}

static void stop_browser(void)
{
    drive("DELETE", "", NULL);
    kill(-browser.driver, SIGTERM);
    waitpid(browser.driver, NULL, 0);
}

/* The value of an expression in the page, as text. */
static const char *see(const char *expression)
{
    const char *script = say("return String(%s)", expression);
    json_object *body = kept(json_object_new_object());

    json_object_object_add(body, "script", json_object_new_string(script));
    json_object_object_add(body, "args", json_object_new_array());
    return at(drive("POST", "/execute/sync",
                    json_object_to_json_string_ext(body, JSON_C_TO_STRING_NOSLASHESCAPE))
                  .json,
              "value");
}

static bool sees(const char *expression, const char *value)
{
    return strcmp(see(expression), value) == 0;
}

static void visit(const char *url)
{
    drive("POST", "/url", say("{\"url\":\"%s\"}", url));
}

/* Makes the call that "make call" makes; its output is kept in a file. */
static pid_t make_call(const char *text)
{
    pid_t child = fork();

    if (child == 0) {
        setenv("TEXT", text, 1);
        if (!freopen(say("%s/log/make-call.log", fact("VAR")), "w", stdout))
            _exit(126);
        execl("etc/dev/call", "call", (char *)NULL);
        _exit(127);
    }
    return child;
}

TestSuite(page, .init = start_browser, .fini = stop_browser, .timeout = 180);

Test(page, shows_a_call_from_its_ringing_to_its_recording)
{
    int status;
    pid_t call;

    visit(fact("BASE_URL"));
    AWAIT(atoi(see("document.querySelectorAll('#parts .good').length")) >= 3);
    cr_expect(sees("document.querySelectorAll('#parts .bad').length", "0"), "%s",
              see("document.querySelector('#parts').innerText"));

    cr_expect(sees("document.querySelector('#key-form').offsetParent", "null"),
              "the form for a key is seen beside the demo's calls");

    call = make_call("Do you repair tandems on Friday?");
    AWAIT_FOR(40, sees("document.querySelectorAll('#calls tbody .live').length", "1"));
    AWAIT_FOR(60, strstr(see("document.querySelector('#turns').innerText"),
                         "Do you repair tandems on Friday?"));
    cr_assert(waitpid(call, &status, 0) == call && WIFEXITED(status) && WEXITSTATUS(status) == 0,
              "make call failed; see make-call.log");

    AWAIT(sees("document.querySelector('#calls tbody tr td:nth-child(4)').innerText", "completed"));
    AWAIT(sees("document.querySelectorAll('#recording audio').length", "1"));
    AWAIT(sees("document.querySelector('#recording audio').duration > 3", "true"));
    cr_expect(atoi(see("document.querySelectorAll('#turns .agent').length")) >= 2);
    cr_expect(atoi(see("document.querySelectorAll('#turns .caller').length")) >= 2);
}

Test(page, asks_for_a_key_where_there_is_no_demo_and_says_when_it_is_wrong)
{
    visit(fact("BASE_URL"));
    see("(sessionStorage.setItem('key', 'kp_live_wrong'), location.reload())");
    AWAIT(!sees("document.querySelector('#key-form').offsetParent", "null"));
    cr_expect(sees("document.querySelector('#key-problem').innerText", "That key is not valid."));
}
