/*
 * The monitor of Phony's reference, as it stands there, in a browser: it sees a real call.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "browser/browser.h"
#include "harness/harness.h"

/* The worked example between the marks of its own code, with our address in the place of its. */
static const char *monitor(void)
{
    static const char theirs[] = "wss://api.example.com";
    FILE *file = fopen("tests/browser/monitor.js", "r");
    static char text[4096];
    char *host;

    cr_assert(file, "tests/browser/monitor.js is not there");
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    host = strstr(text, theirs);
    cr_assert(host);
    return say("%.*sws://127.0.0.1:%s%s", (int)(host - text), text, fact("PORT"),
               host + sizeof theirs - 1);
}

TestSuite(monitor, .init = start_browser, .fini = stop_browser, .timeout = 180);

Test(monitor, of_the_reference_sees_a_call_from_its_start_to_its_end)
{
    struct customer customer = customer_new();
    const char *key = customer_key(&customer, "phony", "\"permissions\":[\"events:read\"]");
    const char *sid, *lines;

    customer_number(&customer);
    visit(fact("BASE_URL"));
    run_script("window.lines = [];"
               "console.log = (...words) => window.lines.push(words.join(' '));");
    /* The one line more is the credential. */
    run_script(say("%s\nws.onopen = () => ws.send(JSON.stringify({type: 'auth', token: '%s'}));"
                   "\nwindow.monitor = ws;",
                   monitor(), key));
    AWAIT(sees("window.monitor.readyState", "1"));
    nap_ms(500);
    sid = call_place(&customer, "+13125550296",
                     "[{\"wait_agent\":true},{\"say\":\"Thank you, goodbye\"},"
                     "{\"wait_agent\":true},{\"pause_ms\":15000}]");
    AWAIT_FOR(60, strstr(see("window.lines.join('\\n')"), "Call ended, duration:"));
    lines = see("window.lines.join('\\n')");
    cr_expect(strncmp(lines, say("Call started: %s\n", sid), strlen(sid) + 15) == 0, "%s", lines);
    cr_expect(strstr(lines, "Transcript: Hello, this is the desk."), "%s", lines);
    cr_expect_null(strstr(lines, "undefined"), "%s", lines);
    cr_expect_gt(atoi(strstr(lines, "duration: ") + strlen("duration: ")), 0, "%s", lines);
}
