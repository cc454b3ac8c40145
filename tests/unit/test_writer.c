#include <criterion/criterion.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "domain/turns.h"
#include "folder.h"
#include "slots.h"
#include "stream/facts.h"
#include "stream/offloop.h"
#include "stream/spool.h"
#include "stream/writer.h"
#include "world.h"

static struct world world;
static struct incoming in;
static struct subject subject;
static struct config away; /* a configuration whose database does not answer */
static char directory[FOLDER_SIZE];
static size_t endings;

static void ended(uid session)
{
    endings += uid_equal(session, subject.session);
}

static void setup(void)
{
    world_begin(&world, NULL, false);
    in = call_in(&world);
    claim_stream(&world, &in);
    subject = (struct subject){world.tenant.id, in.call.id, in.session.id};
    world.config.database_url = getenv("TEST_DATABASE_URL");
    away = world.config;
    away.database_url = "mysql://nobody@localhost/none?socket=/nowhere/at/all";
    folder_make(directory);
    facts_to(writer_put);
}

static void end(void)
{
    folder_remove(directory);
    world_end(&world);
}

TestSuite(writer, .init = setup, .fini = end, .timeout = 60);

static size_t turns(void)
{
    struct rows rows;

    cr_assert(turns_of_call(&world.work, in.call.id, &rows));
    return rows.count;
}

static void nap(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    offloop_collect();
}

Test(writer, brings_facts_to_the_database_and_tells_of_the_end)
{
    cr_assert(writer_start(&world.config, directory, ended));
    for (int64_t seq = 1; seq <= 100; seq++)
        write_turn(&subject, seq);
    fact_end(&subject, "completed", NULL, 10, 1);
    while (!endings)
        nap();
    cr_expect_eq(turns(), 100, "everything before the end is there when it is told");
    cr_expect_eq(endings, 1);
    cr_expect_eq(writer_backlog(), 0);
    writer_stop(1000);
}

Test(writer, keeps_what_the_database_does_not_take_for_the_next_process)
{
    cr_assert(writer_start(&away, directory, ended));
    for (int64_t seq = 1; seq <= 50; seq++)
        write_turn(&subject, seq);
    while (writer_backlog() < 50)
        nap();
    writer_stop(50);
    cr_expect_eq(turns(), 0);
    cr_assert(writer_start(&world.config, directory, ended));
    write_turn(&subject, 51);
    fact_end(&subject, "completed", NULL, 10, 1);
    while (!endings)
        nap();
    cr_expect_eq(turns(), 51);
    writer_stop(1000);
}

Test(writer, applies_what_a_killed_process_left_behind)
{
    static const char line[] =
        "{\"kind\":\"end\",\"tenant\":%lld,\"call\":\"%s\",\"session\":\"%s\","
        "\"at\":1767225600000,\"result\":\"completed\"}";
    char text[300], call[33], session[33];
    struct spool spool;

    uid_write_hex(subject.call, call);
    uid_write_hex(subject.session, session);
    snprintf(text, sizeof text, line, (long long)subject.tenant, call, session);
    cr_assert(spool_open(&spool, directory) && spool_append(&spool, text, strlen(text)));
    spool_close(&spool);
    cr_assert(writer_start(&world.config, directory, ended));
    while (!endings)
        nap();
    writer_stop(1000);
    cr_assert(session_get(&world.work, in.session.id, &in.session));
    cr_expect_str_eq(in.session.state, "ended");
}

Test(writer, leaves_an_empty_spool_when_everything_was_taken)
{
    char path[100];

    cr_assert(writer_start(&world.config, directory, ended));
    write_turn(&subject, 1);
    writer_stop(5000);
    cr_expect_eq(turns(), 1);
    snprintf(path, sizeof path, "%s/00000001.log", directory);
    cr_expect_neq(access(path, F_OK), 0);
}

/* A disk that takes no byte more. */
static void fill_disk(bool full)
{
    struct rlimit limit;

    signal(SIGXFSZ, SIG_IGN);
    cr_assert_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = full ? 1 : limit.rlim_max;
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

Test(writer, goes_past_a_full_disk_and_comes_back_to_it)
{
    cr_assert(writer_start(&world.config, directory, ended));
    write_turn(&subject, 1);
    while (turns() < 1)
        nap();
    fill_disk(true);
    write_turn(&subject, 2);
    write_turn(&subject, 3);
    while (turns() < 3)
        nap();
    cr_expect_not(writer_is_healthy(), "no new calls");
    fill_disk(false);
    while (!writer_is_healthy())
        nap();
    write_turn(&subject, 4);
    fact_end(&subject, "completed", NULL, 10, 1);
    while (!endings)
        nap();
    cr_expect_eq(turns(), 4);
    writer_stop(1000);
}

Test(writer, takes_what_was_heard_so_far_only_from_the_dead)
{
    struct slot slot = slot_said(1, SPEAKER_ASSISTANT, "Once upon a time");
    const struct heard_so_far heard = {
        .heard_ms = 0, .sent_ms = 4000, .since = instant_after(clock_now(), -2000)};
    struct rows rows;

    cr_assert(writer_start(&away, directory, ended));
    write_turn(&subject, 5);
    fact_heard_so_far(&subject, &slot, &heard);
    while (writer_backlog() < 2)
        nap();
    writer_stop(50);
    cr_assert(writer_start(&world.config, directory, ended));
    slot.seq = 2;
    fact_heard_so_far(&subject, &slot, &heard);
    fact_end(&subject, "completed", NULL, 10, 1);
    while (!endings)
        nap();
    cr_expect_eq(turns(), 2, "a living process says more later");
    cr_assert(turns_of_call(&world.work, in.call.id, &rows));
    cr_expect_str_eq(((const struct turn *)rows.at)[0].text, "Once", "half of it was heard");
    writer_stop(1000);
}

/* A backlog as long as it may be, without its bytes. */
static void fill_spool(void)
{
    char path[100];
    FILE *file;

    snprintf(path, sizeof path, "%s/00000001.log", directory);
    file = fopen(path, "w");
    cr_assert_eq(ftruncate(fileno(file), 256 * 1024 * 1024), 0);
    fclose(file);
}

Test(writer, beyond_its_bound_keeps_what_matters_and_no_more)
{
    static const char minor[] = "{\"kind\":\"event\",\"level\":\"debug\"}";
    static const char major[] = "{\"kind\":\"event\",\"level\":\"info\"}";
    static const char partial[] = "{\"kind\":\"partial\",\"text\":\"so far\"}";
    static const char turn[] = "{\"kind\":\"turn\",\"text\":\"level debug\"}";

    fill_spool();
    cr_assert(writer_start(&away, directory, ended));
    cr_expect_not(writer_put(minor, sizeof minor - 1));
    cr_expect_not(writer_put(partial, sizeof partial - 1));
    cr_expect(writer_put(major, sizeof major - 1));
    cr_expect(writer_put(turn, sizeof turn - 1));
    writer_stop(50);
}

Test(writer, that_does_not_run_takes_nothing)
{
    cr_expect_not(writer_put("{}", 2));
    cr_expect_not(writer_is_healthy());
    cr_expect_not(writer_start(&world.config, "/proc/no/such/place", ended));
    cr_expect_not(writer_is_healthy());
}
