/*
 * A call that is kept for a replay, from its first frame to the replay.
 */
#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "own_call.h"
#include "stream/replay.h"

/* The one file of a directory that is a whole log; NULL while there is none. */
static const char *log_in(const char *directory)
{
    DIR *at = opendir(directory);
    struct dirent *entry;
    const char *found = NULL;

    while (at && (entry = readdir(at)))
        if (strlen(entry->d_name) > 5 &&
            strcmp(entry->d_name + strlen(entry->d_name) - 5, ".call") == 0)
            found = say("%s/%s", directory, entry->d_name);
    if (at)
        closedir(at);
    return found;
}

Test(keeping, a_call_that_was_kept_is_said_again_to_the_byte, .timeout = 90)
{
    static struct replay_result result;
    struct own_call call = own_call_new();
    char directory[] = "/tmp/kept-calls-XXXXXX";
    struct own_daemon daemon;
    struct websocket line;
    const char *log;

    cr_assert_not_null(mkdtemp(directory));
    setenv("CALL_LOG_DIR", directory, 1);
    daemon = own_daemon_start();
    line = own_call_open(&call, daemon.port);
    own_call_start(&call, &line);
    cr_assert_not_null(own_call_hear(&line, "\"event\":\"mark\"", 20), "the agent speaks");
    for (int i = 0; i < 20; i++)
        own_call_frame(&line);
    websocket_say(&line, say("{\"event\":\"stop\",\"sequenceNumber\":\"9\",\"streamSid\":\"%s\","
                             "\"stop\":{\"accountSid\":\"AC1\",\"callSid\":\"%s\"}}",
                             call.stream_sid, call.sid));
    cr_expect(websocket_closed(&line, 20));
    AWAIT((log = log_in(directory)));
    kill(daemon.pid, SIGINT);
    own_daemon_end(&daemon);

    cr_assert(replay_file(log, &result), "%s", result.difference);
    cr_expect_str_empty(result.difference, "%s", result.difference);
    cr_expect_gt(result.outputs, 20u);
    cr_expect_eq(system(say("grep -q %s %s", call.token, log)), 256, "its token is no part of it");
    unlink(log);
    rmdir(directory);
}
