#include "mailbox.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "harness/harness.h"

static char journal[] = "/tmp/mailbox-XXXXXX";

static void become_server(int out)
{
    const char *build = getenv("BUILD");

    prctl(PR_SET_PDEATHSIG, SIGTERM);
    dup2(out, STDOUT_FILENO);
    execl(say("%s/sim/smtp", build ? build : "build"), "smtp", "--listen", "127.0.0.1:0", "--log",
          journal, (char *)NULL);
    _exit(127);
}

static void end_journal(void)
{
    unlink(journal);
}

const char *mailbox_start(void)
{
    int ends[2], port;
    FILE *said;

    cr_assert(mkstemp(journal) >= 0 && pipe(ends) == 0);
    atexit(end_journal);
    if (fork() == 0)
        become_server(ends[1]);
    close(ends[1]);
    said = fdopen(ends[0], "r");
    cr_assert(said && fscanf(said, "listening %d", &port) == 1, "the stand-in did not start");
    return say("smtp://127.0.0.1:%d", port);
}

json_object *mailbox_log(const char *event)
{
    json_object *found = kept(json_object_new_array());
    FILE *file = fopen(journal, "r");
    char *line = NULL;
    size_t size = 0;

    cr_assert_not_null(file);
    while (getline(&line, &size, file) > 0) {
        json_object *entry = json_tokener_parse(line);

        if (strcmp(at(entry, "event"), event) == 0)
            json_object_array_add(found, entry);
        else
            json_object_put(entry);
    }
    free(line);
    fclose(file);
    return found;
}
