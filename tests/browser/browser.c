#include "browser/browser.h"

#include <signal.h>
#include <stdio.h>
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

void start_browser(void)
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

void stop_browser(void)
{
    drive("DELETE", "", NULL);
    kill(-browser.driver, SIGTERM);
    waitpid(browser.driver, NULL, 0);
}

static const char *execute(const char *script)
{
    json_object *body = kept(json_object_new_object());

    json_object_object_add(body, "script", json_object_new_string(script));
    json_object_object_add(body, "args", json_object_new_array());
    return at(drive("POST", "/execute/sync",
                    json_object_to_json_string_ext(body, JSON_C_TO_STRING_NOSLASHESCAPE))
                  .json,
              "value");
}

void run_script(const char *script)
{
    execute(script);
}

const char *see(const char *expression)
{
    return execute(say("return String(%s)", expression));
}

bool sees(const char *expression, const char *value)
{
    return strcmp(see(expression), value) == 0;
}

void visit(const char *url)
{
    drive("POST", "/url", say("{\"url\":\"%s\"}", url));
}
