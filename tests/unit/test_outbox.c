#include <criterion/criterion.h>

#include <pthread.h>
#include <string.h>

#include "domain/outbox.h"
#include "world.h"

static struct world world;
static struct work *const work = &world.work;

static void setup(void)
{
    world_begin(&world, NULL, true);
}

static void end(void)
{
    world_end(&world);
}

TestSuite(outbox, .init = setup, .fini = end);

static size_t claim(const char *owner, struct rows *rows)
{
    cr_assert(outbox_claim(work, NULL, owner, 60000, 100, rows), "%s", work->error.message);
    return rows->count;
}

Test(outbox, owes_one_effect_per_topic_and_dedupe)
{
    uid subject = uid_new();
    struct rows rows;

    cr_assert(outbox_put(work, "webhook", subject, "call.completed", NULL, "call.completed:1"));
    cr_assert(outbox_put(work, "webhook", subject, "call.completed", NULL, "call.completed:1"));
    cr_assert(outbox_put(work, "sms", subject, NULL, "{\"a\":1}", "call.completed:1"));
    cr_assert(outbox_put(work, "webhook", subject, "call.updated", NULL, NULL));
    cr_assert(outbox_put(work, "webhook", subject, "call.updated", NULL, NULL));
    cr_expect_eq(claim("one", &rows), 4);
}

Test(outbox, rows_are_held_by_one_until_the_lease_is_over)
{
    struct rows rows;

    cr_assert(outbox_put(work, "webhook", NO_UID, "call.completed", NULL, NULL));
    cr_expect_eq(claim("one", &rows), 1);
    cr_expect_eq(((struct outbox_row *)rows.at)->attempts, 1);
    cr_expect_eq(claim("two", &rows), 0);
    clock_set(instant_after(clock_now(), 61000));
    cr_expect_eq(claim("two", &rows), 1, "the first one died");
    cr_expect_eq(((struct outbox_row *)rows.at)->attempts, 2);
}

Test(outbox, rows_are_finished_by_who_holds_them)
{
    struct outbox_row lost, held;
    struct rows rows;

    cr_assert(outbox_put(work, "webhook", NO_UID, "call.completed", NULL, NULL));
    claim("one", &rows);
    lost = *(struct outbox_row *)rows.at;
    clock_set(instant_after(clock_now(), 61000));
    claim("two", &rows);
    held = *(struct outbox_row *)rows.at;
    cr_assert(outbox_delivered(work, &lost));
    cr_expect_eq(tenant_number(&world, "SELECT COUNT(*) FROM outbox WHERE tenant_id = ?"
                                       " AND state = 'pending'"),
                 1, "too late");
    cr_assert(outbox_delivered(work, &held));
    cr_expect_eq(tenant_number(&world, "SELECT COUNT(*) FROM outbox WHERE tenant_id = ?"
                                       " AND state = 'delivered'"),
                 1);
}

Test(outbox, rows_wait_for_their_time_unless_let_go)
{
    uid subject = uid_new();
    instant later = instant_after(clock_now(), 15000), due;
    struct rows rows;

    cr_assert(outbox_put_later(work, "webhook", subject, "call.completed", NULL, "x", later));
    cr_expect_eq(claim("one", &rows), 0);
    cr_assert(outbox_next_due(work, &due));
    cr_expect_eq(due.ms, later.ms);
    cr_assert(outbox_release(work, "webhook", uid_new()));
    cr_expect_eq(claim("one", &rows), 0, "another's");
    cr_assert(outbox_release(work, "webhook", subject));
    cr_expect_eq(claim("one", &rows), 1);
}

Test(outbox, rows_that_failed_come_again_or_never)
{
    struct rows rows;

    cr_assert(outbox_put(work, "sms", NO_UID, NULL, NULL, NULL));
    claim("one", &rows);
    cr_assert(outbox_failed(work, rows.at, "no answer", instant_after(clock_now(), 10000)));
    cr_expect_eq(claim("one", &rows), 0);
    clock_set(instant_after(clock_now(), 10001));
    cr_expect_eq(claim("one", &rows), 1);
    cr_assert(outbox_failed(work, rows.at, "never", NO_INSTANT));
    clock_set(instant_after(clock_now(), 1000000));
    cr_expect_eq(claim("one", &rows), 0);
    cr_expect_eq(tenant_number(&world, "SELECT COUNT(*) FROM outbox WHERE tenant_id = ?"
                                       " AND state = 'failed' AND last_error = 'never'"),
                 1);
}

struct claimer {
    struct work work;
    const char *owner;
    size_t claimed;
};

static void *run_claimer(void *with)
{
    struct claimer *claimer = with;
    struct rows rows;

    for (int i = 0; i < 10; i++)
        if (outbox_claim(&claimer->work, "webhook", claimer->owner, 60000, 10, &rows))
            claimer->claimed += rows.count;
    return NULL;
}

Test(outbox, rows_are_claimed_once_however_many_claim)
{
    enum { MANY = 4, ROWS = 30 };
    static const char *const owners[MANY] = {"a", "b", "c", "d"};
    struct claimer claimers[MANY];
    pthread_t threads[MANY];
    size_t claimed = 0;

    for (int i = 0; i < ROWS; i++)
        cr_assert(outbox_put(work, "webhook", NO_UID, "call.completed", NULL, NULL));
    for (int i = 0; i < MANY; i++) {
        claimers[i] = (struct claimer){.work = world_work(&world), .owner = owners[i]};
        cr_assert_eq(pthread_create(&threads[i], NULL, run_claimer, &claimers[i]), 0);
    }
    for (int i = 0; i < MANY; i++) {
        pthread_join(threads[i], NULL);
        claimed += claimers[i].claimed;
        db_close(claimers[i].work.db);
        work_end(&claimers[i].work);
    }
    cr_expect_eq(claimed, ROWS);
}
