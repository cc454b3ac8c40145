#include <pthread.h>
#include <string.h>
#include <time.h>

#include <criterion/criterion.h>
#include <mysqld_error.h>

#include "things.h"

static struct work work;

static void setup(void)
{
    work = things_begin();
}

static void end(void)
{
    things_end(&work);
}

TestSuite(transaction, .init = setup, .fini = end);

static bool add(struct work *given, const char *code)
{
    struct thing thing = thing_new();

    thing.code = code;
    return store_insert(given, &thing_entity, &thing, THING(code));
}

static bool add_two_and_fail(struct work *given, void *with)
{
    int *runs = with;

    ++*runs;
    return add(given, "a") && add(given, "b") && fail(given, WRONG_STATE, "Not like this");
}

Test(transaction, leaves_nothing_behind_when_its_step_fails)
{
    int runs = 0;

    cr_expect(!db_transaction(&work, add_two_and_fail, &runs));
    cr_expect_eq(work.error.what, WRONG_STATE);
    cr_expect_str_eq(work.error.message, "Not like this");
    cr_expect_eq(runs, 1);
    cr_expect_eq(things_count(&work, "a") + things_count(&work, "b"), 0);
}

static bool fail_busy(struct work *given, void *with)
{
    int *runs = with;

    ++*runs;
    return fail(given, BUSY, "The carrier is busy");
}

Test(transaction, is_repeated_for_the_database_only)
{
    int runs = 0;

    cr_expect(!db_transaction(&work, fail_busy, &runs));
    cr_expect_eq(runs, 1);
}

static bool add_twice(struct work *given, void *with)
{
    (void)with;
    return add(given, "a") && add(given, "a");
}

Test(transaction, tells_of_a_duplicate)
{
    cr_expect(!db_transaction(&work, add_twice, NULL));
    cr_expect_eq(work.error.what, CONFLICT);
    cr_expect_eq(db_last_error(work.db), ER_DUP_ENTRY);
    cr_expect_eq(things_count(&work, "a"), 0);
}

static bool add_and_nest(struct work *given, void *with)
{
    int *runs = with;

    return add(given, "outer") && !db_transaction(given, add_two_and_fail, runs) &&
           fail(given, INVALID, "The inner one failed");
}

Test(transaction, within_another_is_part_of_it)
{
    int runs = 0;

    cr_expect(!db_transaction(&work, add_and_nest, &runs));
    cr_expect_eq(work.error.what, INVALID);
    cr_expect_eq(things_count(&work, "outer") + things_count(&work, "a"), 0);
}

/* A step that overlooks that the database gave up its transaction. */
static bool overlook_a_deadlock(struct work *given, void *with)
{
    static const char deadlock[] = "SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213";
    int *runs = with;

    ++*runs;
    if (*runs == 1) {
        cr_expect(!db_execute(given, deadlock, NULL, 0, NULL));
        cr_expect(!add(given, "first"), "by itself it would be stored for good");
        cr_expect_eq(given->error.what, BUSY);
        return true;
    }
    return add(given, "second");
}

Test(transaction, that_was_given_up_executes_nothing_more)
{
    int runs = 0;

    cr_expect(db_transaction(&work, overlook_a_deadlock, &runs));
    cr_expect_eq(runs, 2);
    cr_expect_eq(things_count(&work, "first"), 0);
    cr_expect_eq(things_count(&work, "second"), 1);
}

/* Where two meet; who is alone for a second goes on, so that nobody waits for ever. */
struct meeting {
    pthread_mutex_t mutex;
    pthread_cond_t both;
    int here;
};

static void meet(struct meeting *meeting)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec++;
    pthread_mutex_lock(&meeting->mutex);
    meeting->here++;
    pthread_cond_broadcast(&meeting->both);
    while (meeting->here < 2 &&
           pthread_cond_timedwait(&meeting->both, &meeting->mutex, &until) == 0)
        ;
    pthread_mutex_unlock(&meeting->mutex);
}

/* Two who take the same two rows in different order. */
struct rival {
    struct work work;
    struct meeting *meeting;
    uid first, second;
    int runs;
    bool ok;
};

static bool increase(struct work *given, uid id)
{
    static const char sql[] = "UPDATE test_things SET amount = amount + ?"
                              " WHERE tenant_id = ? AND id = ?";
    int64_t one = 1;
    const struct param params[] = {PARAM(one), PARAM(given->tenant), PARAM(id)};

    return db_execute(given, sql, params, COUNT(params), NULL);
}

static bool increase_both(struct work *given, void *with)
{
    struct rival *rival = with;

    if (!increase(given, rival->first))
        return false;
    if (rival->runs++ == 0)
        meet(rival->meeting);
    return increase(given, rival->second);
}

static void *compete(void *with)
{
    struct rival *rival = with;

    rival->ok = db_transaction(&rival->work, increase_both, rival);
    return NULL;
}

/* One contest for two rows; how often the two steps ran together. */
static int contest(uid a, uid b)
{
    struct meeting meeting = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0};
    struct rival rivals[] = {{.meeting = &meeting, .first = a, .second = b},
                             {.meeting = &meeting, .first = b, .second = a}};
    pthread_t threads[2];

    for (int i = 0; i < 2; i++) {
        rivals[i].work = things_begin();
        rivals[i].work.tenant = work.tenant;
        cr_assert_eq(pthread_create(&threads[i], NULL, compete, &rivals[i]), 0);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
        cr_expect(rivals[i].ok, "%s", rivals[i].work.error.message);
        things_end(&rivals[i].work);
    }
    return rivals[0].runs + rivals[1].runs;
}

/* Where the server let one go before the other, they have not met and try again. */
Test(transaction, is_repeated_after_a_deadlock, .timeout = 120)
{
    uid a = thing_add(&work, "a", 0), b = thing_add(&work, "b", 0);
    int contests = 1, runs = contest(a, b);
    struct thing thing;

    for (; runs == 2 && contests < 5; contests++)
        runs = contest(a, b);
    cr_expect_eq(runs, 3, "one of them lost once");
    cr_assert(store_get(&work, &thing_entity, a, &thing));
    cr_expect_eq(thing.amount, 2 * contests);
}

/* Another connection waits for a row that this transaction holds. */
static bool block_the_other(struct work *given, void *with)
{
    struct rival *rival = with;

    return increase(given, rival->first) && !increase(&rival->work, rival->first);
}

Test(transaction, is_not_waited_for_without_end)
{
    struct rival rival = {.work = things_begin(), .first = thing_add(&work, "a", 0)};

    rival.work.tenant = work.tenant;
    cr_assert(db_execute(&rival.work, "SET innodb_lock_wait_timeout = 0", NULL, 0, NULL));
    cr_expect(db_transaction(&work, block_the_other, &rival));
    cr_expect_eq(rival.work.error.what, BUSY);
    cr_expect_eq(db_last_error(rival.work.db), ER_LOCK_WAIT_TIMEOUT);
    things_end(&rival.work);
}
