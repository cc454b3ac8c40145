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

#include "browser/browser.h"
#include "harness/harness.h"

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

/* What it printed: at the end the call as every dialect shows it. */
static void expect_all_dialects(void)
{
    static const char *const names[] = {"KwickPhone", "StateSet", "Phony", "Twilio"};
    static char text[64 * 1024];
    FILE *file = fopen(say("%s/log/make-call.log", fact("VAR")), "r");
    char sid[35];

    cr_assert_not_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    cr_assert(strstr(text, "(CA"));
    snprintf(sid, sizeof sid, "%s", strstr(text, "(CA") + 1);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *part = strstr(text, say("%s shows it as", names[i]));
        const char *end = part ? strstr(part, "\n}\n") : NULL;

        cr_assert(end, "%s did not show the call:\n%s", names[i], text);
        /* StateSet's lists name the stream, not the call. */
        cr_expect(i == 1 || (strstr(part, sid) && strstr(part, sid) < end), "%s shows another call",
                  names[i]);
    }
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
    expect_all_dialects();

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
