#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "core/config.h"
#include "domain/host_memory.h"
#include "domain/rates.h"
#include "fcgi/rates.h"
#include "folder.h"
#include "tenancy.h"

/* Each test has a host of its own: a directory, and the memory mapped from it. */

enum { NOON = 1762084800 }; /* a multiple of every window here */

static char directory[FOLDER_SIZE];
static struct config config;
static struct work work;

static void setup(void)
{
    folder_make(directory);
    config = tenancy_config;
    config.spool_dir = directory;
    config.node_name = directory + strlen("/tmp/");
    host_memory_open(&config);
    work = (struct work){.id = "test", .config = &config};
    work.db = db_open(getenv("TEST_DATABASE_URL"));
    clock_set((instant){(int64_t)NOON * 1000});
}

static void end(void)
{
    folder_remove(directory);
    db_close(work.db);
    work_end(&work);
    clock_release();
}

TestSuite(rates, .init = setup, .fini = end);

/* A key that no other test of the shared database has. */
static const char *own_key(void)
{
    return directory + strlen("/tmp/trunkline-");
}

Test(rates, allow_as_many_as_the_limit)
{
    struct rate rate;

    for (int i = 1; i <= 60; i++) {
        rate = rate_count(&work, "b", "k", 60, 60);
        cr_expect(rate.allowed);
        cr_expect_eq(rate.remaining, 60 - i);
    }
    rate = rate_count(&work, "b", "k", 60, 60);
    cr_expect_not(rate.allowed);
    cr_expect_eq(rate.remaining, 0);
    cr_expect_eq(rate.limit, 60);
}

Test(rates, tell_keys_and_buckets_apart)
{
    for (int i = 0; i < 5; i++)
        rate_count(&work, "b", "k", 60, 60);
    cr_expect_eq(rate_count(&work, "b", "other", 60, 60).remaining, 59);
    cr_expect_eq(rate_count(&work, "other", "k", 60, 60).remaining, 59);
    cr_expect_eq(rate_count(&work, "b", "k", 60, 60).remaining, 54);
}

Test(rates, begin_anew_with_every_window)
{
    struct rate rate;

    clock_advance_ms(59000);
    rate = rate_count(&work, "b", "k", 1, 60);
    cr_expect(rate.allowed);
    cr_expect_eq(rate.reset_at_seconds, NOON + 60);
    cr_expect_eq(rate.retry_after_seconds, 1);
    cr_expect_not(rate_count(&work, "b", "k", 1, 60).allowed);
    clock_advance_ms(1000);
    rate = rate_count(&work, "b", "k", 1, 60);
    cr_expect(rate.allowed);
    cr_expect_eq(rate.retry_after_seconds, 60);
}

Test(rates, know_keys_of_any_length)
{
    char key[1000];

    memset(key, 'x', sizeof key - 1);
    key[sizeof key - 1] = '\0';
    cr_expect(rate_count(&work, "b", key, 1, 60).allowed);
    cr_expect_not(rate_count(&work, "b", key, 1, 60).allowed);
    key[998] = 'y';
    cr_expect(rate_count(&work, "b", key, 1, 60).allowed);
}

/* Far more clients than there is room for: who is counted often is not forgotten for them. */
Test(rates, survive_a_flood_of_addresses)
{
    char key[32];

    for (int i = 0; i < 100; i++)
        rate_count(&work, "b", "busy", 100, 60);
    for (int i = 0; i < 200000; i++) {
        snprintf(key, sizeof key, "2001:db8::%x", i);
        rate_count(&work, "b", key, 100, 60);
    }
    cr_expect_not(rate_count(&work, "b", "busy", 100, 60).allowed);
}

enum { PROCESSES = 8, HITS = 120000, ALLOWED = 500000 };

/* One of many that count at the same time; they begin when the last is there. */
static void take_many(const int gate[2], _Atomic int *allowed)
{
    char byte;

    close(gate[1]);
    (void)!read(gate[0], &byte, 1);
    for (int i = 0; i < HITS; i++)
        if (rate_count(&work, "b", "k", ALLOWED, 60).allowed)
            atomic_fetch_add(allowed, 1);
    _exit(0);
}

Test(rates, are_exact_over_all_processes_of_a_host)
{
    _Atomic int *allowed =
        mmap(NULL, sizeof *allowed, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int gate[2];

    cr_assert(allowed != MAP_FAILED && pipe(gate) == 0);
    for (int i = 0; i < PROCESSES; i++)
        if (fork() == 0)
            take_many(gate, allowed);
    close(gate[1]);
    while (wait(NULL) > 0)
        ;
    cr_expect_eq(atomic_load(allowed), ALLOWED);
}

static int64_t told(const char *key)
{
    static const char sql[] = "SELECT hits FROM rate_counters WHERE bucket = ? AND node_id = ?";
    const char *bucket = arena_format(&work.arena, "b:%s", key);
    int64_t node = atomic_load(&host_memory()->node), hits = -1;
    const struct param params[] = {PARAM(bucket), PARAM(node)};

    db_number(&work, sql, params, COUNT(params), -1, &hits);
    return hits;
}

/* What another host has told the database. */
static void count_elsewhere(const char *key, int64_t hits)
{
    static const char sql[] = "REPLACE INTO rate_counters (bucket, window_start, node_id, hits)"
                              " VALUES (?, ?, 9999, ?)";
    const char *bucket = arena_format(&work.arena, "b:%s", key);
    int64_t start = clock_now().ms / 1000;
    const struct param params[] = {PARAM(bucket), PARAM(start), PARAM(hits)};

    cr_assert(db_execute(&work, sql, params, COUNT(params), NULL), "%s", work.error.message);
}

Test(rates, are_shared_with_other_hosts)
{
    count_elsewhere(own_key(), 90);
    cr_expect_eq(rate_count(&work, "b", own_key(), 100, 60).remaining, 99);
    rates_fold(&work);
    cr_expect_eq(told(own_key()), 1);
    cr_expect_eq(rate_count(&work, "b", own_key(), 100, 60).remaining, 8);
}

Test(rates, are_told_once_a_second)
{
    rate_count(&work, "b", own_key(), 100, 60);
    rates_fold(&work);
    rate_count(&work, "b", own_key(), 100, 60);
    clock_advance_ms(900);
    rates_fold(&work);
    cr_expect_eq(told(own_key()), 1);
    clock_advance_ms(100);
    rates_fold(&work);
    cr_expect_eq(told(own_key()), 2);
}

Test(rates, are_told_sooner_after_twenty_hits)
{
    rate_count(&work, "b", own_key(), 100, 60);
    rates_fold(&work);
    for (int i = 0; i < 20; i++)
        rate_count(&work, "b", own_key(), 100, 60);
    rates_fold(&work);
    cr_expect_eq(told(own_key()), 1);
    clock_advance_ms(100);
    rates_fold(&work);
    cr_expect_eq(told(own_key()), 21);
}

Test(rates, go_on_while_the_database_is_away)
{
    struct db *db = work.db;

    work.db = db_open("mysql://nobody@localhost/none?socket=/nonexistent");
    cr_expect_eq(rate_count(&work, "b", own_key(), 2, 60).remaining, 1);
    rates_fold(&work);
    cr_expect(rate_count(&work, "b", own_key(), 2, 60).allowed);
    cr_expect_not(rate_count(&work, "b", own_key(), 2, 60).allowed);
    db_close(work.db);
    work.db = db;
}

Test(rates, that_are_strict_are_counted_in_the_database)
{
    struct rate rate;

    count_elsewhere(own_key(), 3);
    cr_assert(rate_count_strictly(&work, "b", own_key(), 5, 60, &rate));
    cr_expect(rate.allowed);
    cr_expect_eq(rate.remaining, 1);
    cr_assert(rate_count_strictly(&work, "b", own_key(), 5, 60, &rate));
    cr_expect(rate.allowed);
    cr_assert(rate_count_strictly(&work, "b", own_key(), 5, 60, &rate));
    cr_expect_not(rate.allowed);
}

/* Long before the other tests of the database, so that it takes nothing from them. */
Test(rates, are_swept_when_they_are_old)
{
    clock_set((instant){(int64_t)(NOON - 30 * 86400) * 1000});
    count_elsewhere(own_key(), 1);
    clock_advance_ms(3LL * 86400 * 1000);
    cr_assert(rates_sweep(&work));
    cr_expect_eq(told(own_key()), -1);
}

Test(rates, refuse_with_the_time_to_wait)
{
    struct request req = {.work = {.config = &config}};
    struct rate rate;

    cr_assert(rate_take(&req, "b", "k", 1, 60, &rate));
    cr_expect_not(rate_take(&req, "b", "k", 1, 60, &rate));
    cr_expect_eq(req.work.error.what, RATE_LIMITED);
    cr_expect_eq(req.work.error.retry_after_seconds, 60);
    rate_headers(&req, "X-RateLimit", &rate);
    cr_expect_eq(req.reply_headers.count, 3);
    cr_expect_str_eq(req.reply_headers.at[1].name, "X-RateLimit-Remaining");
    cr_expect_str_eq(req.reply_headers.at[1].value, "0");
    request_end(&req);
}

/* Slow calls outward. */

/* A process that has a call of tenant 7 in hand until it is killed; its number. */
static pid_t begin_elsewhere(void)
{
    int ready[2];
    char byte = 0;
    pid_t pid;

    cr_assert_eq(pipe(ready), 0);
    pid = fork();
    if (pid == 0) {
        byte = outward_begin(worker_slot_take(0), 7, 2);
        (void)!write(ready[1], &byte, 1);
        pause();
        _exit(0);
    }
    cr_assert_eq(read(ready[0], &byte, 1), 1);
    cr_expect(byte);
    close(ready[0]);
    close(ready[1]);
    return pid;
}

static void end_elsewhere(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

Test(rates, cap_slow_calls_of_a_tenant)
{
    struct worker_slot *slot = worker_slot_take(0);
    pid_t one = begin_elsewhere(), other = begin_elsewhere();

    cr_expect_not(outward_begin(slot, 7, 2));
    cr_expect(outward_begin(slot, 8, 2));
    outward_end(slot);
    end_elsewhere(one);
    cr_expect(outward_begin(slot, 7, 2), "a worker that is gone has nothing in hand");
    end_elsewhere(other);
}

/* Says how it went, and has its call in hand until the test closes the pipe. */
static void begin_and_hold(const int report[2], const int hold[2])
{
    char begun;

    close(hold[1]);
    begun = outward_begin(worker_slot_take(0), 7, 3);
    (void)!write(report[1], &begun, 1);
    (void)!read(hold[0], &begun, 1);
    _exit(0);
}

Test(rates, cap_slow_calls_exactly_when_many_begin_at_once)
{
    int report[2], hold[2], sum = 0;
    char begun;

    cr_assert(pipe(report) == 0 && pipe(hold) == 0);
    for (int i = 0; i < 10; i++)
        if (fork() == 0)
            begin_and_hold(report, hold);
    for (int i = 0; i < 10; i++) {
        cr_assert_eq(read(report[0], &begun, 1), 1);
        sum += begun;
    }
    close(hold[1]);
    while (wait(NULL) > 0)
        ;
    cr_expect_eq(sum, 3);
}

Test(rates, find_the_worker_of_a_process)
{
    pid_t pid = begin_elsewhere();

    cr_expect_not_null(worker_slot_of(pid));
    end_elsewhere(pid);
    cr_expect_null(worker_slot_of(pid));
}
