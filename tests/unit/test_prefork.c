#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <criterion/redirect.h>

#include "core/clock.h"
#include "core/config.h"
#include "core/log.h"
#include "domain/host_memory.h"
#include "fcgi/prefork.h"
#include "folder.h"

static char directory[FOLDER_SIZE];
static int report[2]; /* what workers say: a struct said, each in one write */

struct said {
    pid_t pid;
    char what; /* 'b'egun, 'e'nded */
};

static void setup(void)
{
    static struct config config;

    cr_redirect_stderr();
    folder_make(directory);
    config.spool_dir = directory;
    host_memory_open(&config);
    cr_assert_eq(pipe(report), 0);
}

static void end(void)
{
    folder_remove(directory);
}

TestSuite(prefork, .init = setup, .fini = end, .timeout = 60);

static void say(char what)
{
    const struct said said = {getpid(), what};

    (void)!write(report[1], &said, sizeof said);
}

static struct said heard(void)
{
    struct said said = {0};

    cr_assert_eq(read(report[0], &said, sizeof said), (ssize_t)sizeof said);
    return said;
}

/* A worker that has something in hand when it is told to end, and finishes it. */
static int serve_patiently(int socket, int32_t pool)
{
    sigset_t watched;
    int signal;

    (void)socket;
    worker_slot_take(pool);
    sigemptyset(&watched);
    sigaddset(&watched, SIGTERM);
    sigprocmask(SIG_BLOCK, &watched, NULL);
    say('b');
    sigwait(&watched, &signal);
    say('e');
    return EXIT_SUCCESS;
}

/* A worker that has had one request in hand for longer than anybody waits. */
static int serve_endlessly(int socket, int32_t pool)
{
    struct worker_slot *slot = worker_slot_take(pool);

    (void)socket;
    atomic_store(&slot->busy_since_us, clock_monotonic_us() - (STUCK_SECONDS + 1) * 1000000LL);
    say('b');
    while (pause() < 0)
        ;
    return EXIT_SUCCESS;
}

static pid_t start(int (*serve)(int, int32_t), size_t workers)
{
    const struct pool pools[] = {{"one", workers, -1, serve}, {"other", 1, -1, serve_patiently}};
    pid_t pid = fork();

    if (pid == 0)
        _exit(prefork_run(pools, 2));
    return pid;
}

static void stop(pid_t parent)
{
    int status;

    kill(parent, SIGTERM);
    cr_assert_eq(waitpid(parent, &status, 0), parent);
    cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

Test(prefork, keeps_as_many_workers_as_it_should)
{
    pid_t parent = start(serve_patiently, 2);
    struct said first = heard(), said;

    heard();
    heard();
    kill(first.pid, SIGKILL);
    said = heard();
    cr_expect_eq(said.what, 'b');
    cr_expect_neq(said.pid, first.pid);
    stop(parent);
}

Test(prefork, lets_workers_finish_what_they_have_in_hand)
{
    pid_t parent = start(serve_patiently, 3);
    int ended = 0;

    for (int i = 0; i < 4; i++)
        cr_expect_eq(heard().what, 'b');
    stop(parent);
    for (int i = 0; i < 4; i++)
        ended += heard().what == 'e';
    cr_expect_eq(ended, 4);
}

Test(prefork, kills_a_worker_that_hangs)
{
    pid_t parent = start(serve_endlessly, 1), hung = 0;
    struct said said;

    for (int i = 0; i < 2; i++) {
        said = heard();
        if (worker_slot_of(said.pid) && atomic_load(&worker_slot_of(said.pid)->busy_since_us))
            hung = said.pid;
    }
    said = heard();
    cr_expect_eq(said.what, 'b');
    cr_expect_neq(said.pid, hung);
    kill(parent, SIGKILL); /* workers end with their parent */
    waitpid(parent, NULL, 0);
    while (heard().what != 'e')
        ;
}

/* Listening. */

Test(prefork, listens_where_a_dead_process_did)
{
    char address[80];
    struct stat seen;
    int fd;

    snprintf(address, sizeof address, "unix:%s/socket", directory);
    fd = listen_on(address);
    cr_assert_geq(fd, 0);
    cr_assert_eq(stat(address + 5, &seen), 0);
    cr_expect_eq(seen.st_mode & 0777, 0660);
    cr_expect_lt(listen_on(address), 0, "while it is in use");
    close(fd);
    fd = listen_on(address + 5);
    cr_expect_geq(fd, 0, "left behind");
    close(fd);
}

Test(prefork, listens_on_a_port)
{
    struct sockaddr_storage name;
    socklen_t size = sizeof name;
    int fd = listen_on("127.0.0.1:0");

    cr_assert_geq(fd, 0);
    cr_expect_eq(getsockname(fd, (struct sockaddr *)&name, &size), 0);
    cr_expect_eq(name.ss_family, AF_INET);
    close(fd);
}

Test(prefork, says_why_it_cannot_listen)
{
    static const char *const wrong[] = {"nowhere", "unix:/proc/none/socket", "host.invalid:80",
                                        "127.0.0.1:http-no-such-service", ""};

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        cr_expect_lt(listen_on(wrong[i]), 0, "%s", wrong[i]);
}
