/*
 * The jobs as a host without a daemon runs them: the program does one and ends, or does all of them
 * and nothing else.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "harness/harness.h"
#include "harness/websocket.h"
#include "stream/jobs/jobs.h"

static const char *program(void)
{
    const char *programs = getenv("PROGRAMS");

    return say("%s/trunkline-streamd", programs ? programs : getenv("BUILD"));
}

/* Its exit status; what it complains of stands in the suite's own log. */
static int once(const char *job)
{
    int status = system(say("%s --once %s >/dev/null", program(), job));

    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

/* Some two dozen processes, one after the other. */
Test(from_cron, every_job_can_be_run_once, .timeout = 180)
{
    AWAIT(http("GET", "/health/ready", NULL, NULL).status == 200); /* the schema is there */
    for (size_t i = 0; i < jobs_count; i++)
        cr_expect_eq(once(jobs[i].name), 0, "%s", jobs[i].name);
}

Test(from_cron, a_job_that_there_is_not_is_an_error)
{
    cr_expect_eq(once("tidy-the-desk"), 1);
}

Test(from_cron, the_jobs_alone_open_no_listener_and_end_when_they_are_told_to, .timeout = 60)
{
    const char *log = say("/tmp/jobs-only-%d.log", getpid());
    int port = 20000 + getpid() % 10000, status;
    pid_t pid = fork();

    if (pid == 0) {
        setenv("LOG_FILE", log, 1);
        setenv("LISTEN_STREAM", say("127.0.0.1:%d", port), 1);
        execl(program(), program(), "--jobs-only", (char *)NULL);
        _exit(127);
    }
    AWAIT(system(say("grep -q jobs.started %s 2>/dev/null", log)) == 0);
    cr_expect_eq(websocket_open(port, "/media-stream/x", "").status, 0, "nobody listens");
    kill(pid, SIGTERM);
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    unlink(log);
}
