/*
 * Tasks and their reservations at random: clients, workers, the clock and the router all pull at
 * them.  What is allowed is told by the tables of the reference (twilio 8.2, 8.3), written down
 * here once more; and a task and its reservations always tell the same.
 */
#include <string.h>

#include <criterion/criterion.h>

#include "routing.h"
#include "walks.h"

static struct routing_world r;

static void begin(void)
{
    routing_begin(&r, true);
}

static void end(void)
{
    routing_end(&r);
}

TestSuite(taskrouter_walks, .init = begin, .fini = end, .timeout = 180);

enum { TASKS = 4, WORKERS = 3, OFFERS = 120, STEPS = 30 };

/* ---- the tables ---- */

struct way {
    const char *from, *to;
};

static const struct way task_ways[] = {
    {"pending", "reserved"},   {"pending", "canceled"},   {"reserved", "pending"},
    {"reserved", "assigned"},  {"reserved", "canceled"},  {"assigned", "wrapping"},
    {"assigned", "completed"}, {"wrapping", "completed"},
};

static const struct way reservation_ways[] = {
    {"pending", "accepted"},   {"pending", "rejected"},  {"pending", "timeout"},
    {"pending", "canceled"},   {"pending", "rescinded"}, {"accepted", "wrapping"},
    {"accepted", "completed"}, {"accepted", "canceled"}, {"wrapping", "completed"},
    {"wrapping", "canceled"},
};

/* What a client may tell of a task. */
static const struct way client_ways[] = {
    {"pending", "canceled"},   {"reserved", "canceled"},  {"assigned", "wrapping"},
    {"assigned", "completed"}, {"wrapping", "completed"},
};

static bool leads(const struct way *ways, size_t count, const char *from, const char *to)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(ways[i].from, from) == 0 && strcmp(ways[i].to, to) == 0)
            return true;
    return false;
}

/* Whether it can have come there in a few moves. */
static bool can_have_come(const struct way *ways, size_t count, const char *from, const char *to,
                          int moves)
{
    if (strcmp(from, to) == 0)
        return true;
    for (size_t i = 0; moves > 0 && i < count; i++)
        if (strcmp(ways[i].from, from) == 0 &&
            can_have_come(ways, count, ways[i].to, to, moves - 1))
            return true;
    return false;
}

/* ---- what is known ---- */

struct offer {
    uid id;
    const char *status;
};

struct known {
    uid task;
    const char *status; /* NULL: it is no longer shown */
    struct offer offers[OFFERS];
    size_t noffers;
};

struct model {
    struct known tasks[TASKS];
    int count;
    uid workers[WORKERS];
};

static bool is_over(const char *status)
{
    return strcmp(status, "completed") == 0 || strcmp(status, "canceled") == 0;
}

/* ---- what happens ---- */

static void client_orders(struct model *m)
{
    if (m->count == TASKS)
        return;
    m->tasks[m->count] = (struct known){.task = task_of(&r, NO_UID, NULL).id, .status = "pending"};
    m->count++;
}

static void client_ends(struct known *known)
{
    static const char *const words[] = {"canceled", "wrapping", "completed"};
    const char *to = words[walk_draw(3)];
    bool may = leads(client_ways, COUNT(client_ways), known->status, to);

    cr_assert_eq(end_task_as(&r, known->task, to, NULL), may, "%s to %s", known->status, to);
    if (!may)
        cr_assert_eq(r.work->error.what, WRONG_STATE, "%s", r.work->error.message);
}

static void worker_answers(struct known *known)
{
    static const char *const words[] = {"accepted", "accepted", "rejected", "wrapping",
                                        "completed"};
    const struct offer *offer;
    const char *to = words[walk_draw(5)];
    bool may;

    if (!known->noffers)
        return;
    offer = &known->offers[walk_once_in(3) ? (size_t)walk_draw((int)known->noffers)
                                           : known->noffers - 1];
    may = leads(reservation_ways, COUNT(reservation_ways), offer->status, to);
    cr_assert_eq(decide(&r, offer->id, to), may, "%s to %s: %s", offer->status, to,
                 r.work->error.message);
    if (!may)
        cr_assert_eq(r.work->error.what, WRONG_STATE, "%s", r.work->error.message);
}

static void worker_moves(struct model *m)
{
    const uid activities[] = {r.available, r.available, r.unavailable};

    put_worker(&r, m->workers[walk_draw(WORKERS)], activities[walk_draw(3)]);
}

/* ---- what must be ---- */

static void look_at_offers(struct known *known, unsigned seed, int step)
{
    struct rows rows = reservations_of(&r, known->task);
    const struct tr_reservation *all = rows.at;

    cr_assert_geq(rows.count, known->noffers, "seed %u step %d: one is gone", seed, step);
    cr_assert_leq(rows.count, OFFERS);
    for (size_t i = 0; i < rows.count; i++) {
        const char *before = i < known->noffers ? known->offers[i].status : "pending";

        if (i < known->noffers)
            cr_assert(uid_equal(known->offers[i].id, all[i].id), "seed %u step %d", seed, step);
        cr_assert(
            can_have_come(reservation_ways, COUNT(reservation_ways), before, all[i].status, 3),
            "seed %u step %d: a reservation came from %s to %s", seed, step, before, all[i].status);
        known->offers[i] = (struct offer){all[i].id, all[i].status};
    }
    known->noffers = rows.count;
}

static size_t offers_in(const struct known *known, const char *status)
{
    size_t count = 0;

    for (size_t i = 0; i < known->noffers; i++)
        count += strcmp(known->offers[i].status, status) == 0;
    return count;
}

/* A task is where its reservations say. */
static void expect_agreement(const struct known *known, unsigned seed, int step)
{
    static const struct way pairs[] = {
        {"reserved", "pending"}, {"assigned", "accepted"}, {"wrapping", "wrapping"}};

    for (size_t i = 0; i < COUNT(pairs); i++)
        cr_assert_eq(offers_in(known, pairs[i].to),
                     (size_t)(strcmp(known->status, pairs[i].from) == 0),
                     "seed %u step %d: a task is %s and has %zu %s", seed, step, known->status,
                     offers_in(known, pairs[i].to), pairs[i].to);
    cr_assert_eq(offers_in(known, "completed"), (size_t)(strcmp(known->status, "completed") == 0),
                 "seed %u step %d", seed, step);
}

static void look_at(struct known *known, unsigned seed, int step)
{
    struct tr_task now;

    if (!known->status)
        return;
    if (!tr_task_get(r.work, r.workspace.id, known->task, &now)) {
        cr_assert(r.work->error.what == NOT_FOUND && is_over(known->status),
                  "seed %u step %d: a task that is %s is gone", seed, step, known->status);
        known->status = NULL;
        return;
    }
    cr_assert(can_have_come(task_ways, COUNT(task_ways), known->status, now.assignment_status, 4),
              "seed %u step %d: a task came from %s to %s", seed, step, known->status,
              now.assignment_status);
    known->status = now.assignment_status;
    look_at_offers(known, seed, step);
    expect_agreement(known, seed, step);
}

/* Nobody is asked two things at once, or has two in hand. */
static void expect_workers(unsigned seed, int step)
{
    cr_assert_eq(tenant_number(&r.world, "SELECT COUNT(*) FROM (SELECT worker_id FROM"
                                         " tr_reservations WHERE tenant_id = ? AND status IN"
                                         " ('pending', 'accepted', 'wrapping') GROUP BY worker_id"
                                         " HAVING COUNT(*) > 1) AS t"),
                 0, "seed %u step %d: a worker has two things to do", seed, step);
}

static void take_step(struct model *m)
{
    struct known *known = m->count ? &m->tasks[walk_draw(m->count)] : NULL;
    int what = walk_draw(10);

    if (!known || what < 2)
        client_orders(m);
    else if (what < 6 && known->status)
        worker_answers(known);
    else if (what == 6 && known->status)
        client_ends(known);
    else if (what == 7)
        worker_moves(m);
    else
        pass_seconds(&r, walk_draw(90));
}

static void finish(struct model *m)
{
    for (int i = 0; i < m->count; i++)
        if (m->tasks[i].status)
            cr_assert(tr_task_delete(r.work, r.workspace.id, m->tasks[i].task, NO_INTEGER), "%s",
                      r.work->error.message);
}

static void walk(const uid *workers, unsigned seed)
{
    struct model m = {.count = 0};

    memcpy(m.workers, workers, sizeof m.workers);
    walk_begin(seed);
    for (int step = 0; step < STEPS; step++) {
        clock_advance_ms(10);
        take_step(&m);
        for (int i = 0; i < m.count; i++)
            look_at(&m.tasks[i], seed, step);
        expect_workers(seed, step);
    }
    finish(&m);
}

Test(taskrouter_walks, move_tasks_and_reservations_together)
{
    uid workers[WORKERS];

    for (int i = 0; i < WORKERS; i++)
        workers[i] = worker_in(&r, r.available, arena_format(&r.work->arena, "w%d", i), NULL);
    for (unsigned seed = 1; seed <= 12; seed++)
        walk(workers, seed);
}
