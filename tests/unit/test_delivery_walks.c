/*
 * Deliveries of webhooks at random: two senders whose leases run out, a receiver in any mood, and a
 * clock.  Only who holds a delivery says what came of it, what has an end keeps it, and the next
 * attempt is due when the schedule says.
 */
#include <string.h>

#include <criterion/criterion.h>

#include "domain/webhook_bodies.h"
#include "domain/webhooks.h"
#include "walks.h"
#include "world.h"

static struct world world;
static struct work *const work = &world.work;

static void begin(void)
{
    world_begin(&world, NULL, true);
    clock_set(clock_now());
}

static void end(void)
{
    clock_release();
    world_end(&world);
}

TestSuite(delivery_walks, .init = begin, .fini = end, .timeout = 120);

enum { LEASE_MS = 30 * 1000, MOST = 2, HELD = 12, HOUR_MS = 3600 * 1000 };
enum state { PENDING, RETRYING, SENT, FAILED };

static const char *const words[] = {"pending", "retrying", "sent", "failed"};
static const char *const senders[] = {"one", "two"};

struct one {
    uid id;
    enum state state;
    int64_t attempts;
    instant due, lease; /* NO_INSTANT: nobody holds it */
    const char *holder;
    bool was_given_up; /* by a sender, who tells of it */
};

/* A delivery as somebody got hold of it, perhaps long ago. */
struct held {
    struct webhook_sending sending;
    int number;
};

struct model {
    uid endpoint;
    bool is_enabled;
    struct one all[MOST];
    struct held held[HELD];
    int nheld;
};

static bool is_over(const struct one *one)
{
    return one->state >= SENT;
}

static bool is_free(const struct one *one)
{
    return !is_over(one) && one->due.ms <= clock_now().ms &&
           (instant_is_none(one->lease) || one->lease.ms < clock_now().ms);
}

static int number_of(const struct model *m, uid id)
{
    for (int i = 0; i < MOST; i++)
        if (uid_equal(m->all[i].id, id))
            return i;
    return -1;
}

/* ---- what happens ---- */

static void claim(struct model *m)
{
    const char *sender = senders[walk_draw(2)];
    const struct webhook_sending *got;
    struct rows rows;
    int expected = 0;

    cr_assert(deliveries_claim(work, sender, LEASE_MS, 10, &rows), "%s", work->error.message);
    got = rows.at;
    for (int i = 0; i < MOST; i++) {
        if (!is_free(&m->all[i]))
            continue;
        if (!m->is_enabled) { /* it goes nowhere any more, and nobody is told */
            m->all[i].state = FAILED;
            m->all[i].due = clock_now();
            m->all[i].lease = NO_INSTANT;
            continue;
        }
        m->all[i].holder = sender;
        m->all[i].lease = instant_after(clock_now(), LEASE_MS);
        expected++;
    }
    cr_assert_eq((int)rows.count, expected);
    for (size_t i = 0; i < rows.count; i++) {
        int number = number_of(m, got[i].delivery.id);

        cr_assert_geq(number, 0, "it is one of another walk");
        m->held[m->nheld++ % HELD] = (struct held){got[i], number};
    }
}

/* The wait before the next attempt, as the reference has it; -1: there is none. */
static int64_t wait_after(int64_t attempts)
{
    static const int64_t waits_s[] = {10, 50, 240, 1500, 5400, 14400, 21600, 43200};

    return attempts <= (int64_t)COUNT(waits_s) ? waits_s[attempts - 1] * 1000 : -1;
}

static void expect_due(struct one *one)
{
    int64_t wait_ms = wait_after(one->attempts);
    struct webhook_delivery now;

    cr_assert(store_get(work, &webhook_delivery_entity, one->id, &now));
    cr_assert_geq(now.available_at.ms, clock_now().ms + wait_ms * 8 / 10);
    cr_assert_leq(now.available_at.ms, clock_now().ms + wait_ms * 12 / 10);
    one->due = now.available_at;
}

static void note(struct one *one, int64_t status)
{
    one->attempts++;
    one->lease = NO_INSTANT;
    if (status == 200) {
        one->state = SENT;
    } else if (status == 410 || wait_after(one->attempts) < 0) {
        one->state = FAILED;
        one->was_given_up = true;
    } else {
        one->state = RETRYING;
        expect_due(one);
    }
}

/* A sender tells what came of an attempt, perhaps too late. */
static void finish(struct model *m)
{
    static const int64_t moods[] = {200, 500, 500, 404, 0, 500, 503, 410};
    struct held *held = &m->held[walk_draw(m->nheld < HELD ? m->nheld : HELD)];
    const struct webhook_delivery *known = &held->sending.delivery;
    struct one *one = &m->all[held->number];
    const struct delivery_result result = {.status_code = moods[walk_draw(8)], .response_ms = 5};
    bool counts = !is_over(one) && !instant_is_none(one->lease) && one->holder &&
                  strcmp(one->holder, known->lease_owner) == 0 &&
                  one->lease.ms == known->lease_until.ms;

    cr_assert(delivery_finish(work, &held->sending, &result), "%s", work->error.message);
    if (result.status_code == 410)
        m->is_enabled = false;
    if (counts)
        note(one, result.status_code);
}

/* ---- what must be ---- */

static int64_t told(void)
{
    return tenant_number(&world, "SELECT COUNT(*) FROM outbox WHERE tenant_id = ? AND event_type ="
                                 " '" WEBHOOK_DELIVERY_FAILED "'");
}

static void compare(const struct model *m, unsigned seed, int step)
{
    struct webhook_endpoint endpoint;

    for (int i = 0; i < MOST; i++) {
        const struct one *one = &m->all[i];
        struct webhook_delivery now;

        cr_assert(store_get(work, &webhook_delivery_entity, one->id, &now));
        cr_assert_str_eq(now.state, words[one->state], "seed %u step %d, number %d: %s", seed, step,
                         i, now.state);
        cr_assert_eq(now.attempts, one->attempts, "seed %u step %d, number %d", seed, step, i);
        cr_assert_eq(!instant_is_none(now.delivered_at), one->state == SENT);
    }
    cr_assert(store_get(work, &webhook_endpoint_entity, m->endpoint, &endpoint));
    cr_assert_eq(endpoint.enabled, m->is_enabled, "seed %u step %d", seed, step);
}

/* Endpoints that fail for long are left alone for a while; that has tests of its own. */
static void calm(uid endpoint)
{
    static const char sql[] = "UPDATE webhook_endpoints SET failure_count = 0, last_delivery_at = ?"
                              " WHERE tenant_id = ? AND id = ?";
    instant now = clock_now();
    const struct param params[] = {PARAM(now), PARAM(work->tenant), PARAM(endpoint)};

    cr_assert(db_execute(work, sql, params, COUNT(params), NULL));
}

static uid add_endpoint(void)
{
    struct webhook_endpoint endpoint;
    const char *shown;

    row_clear(&webhook_endpoint_entity, &endpoint);
    endpoint.dialect = "stateset";
    endpoint.url = "https://example.com/hook";
    endpoint.events.json = "[]";
    cr_assert(webhook_create(work, &endpoint, NULL, &shown), "%s", work->error.message);
    return endpoint.id;
}

static uid add_delivery(uid endpoint)
{
    struct webhook_delivery row;

    row_clear(&webhook_delivery_entity, &row);
    row.id = uid_new();
    row.endpoint_id = endpoint;
    row.event_id = uid_new();
    row.event_type = "call.completed";
    row.body = "{}";
    row.state = "pending";
    row.attempts = 0;
    row.available_at = row.created_at = clock_now();
    cr_assert(
        store_insert(work, &webhook_delivery_entity, &row, columns_all(&webhook_delivery_entity)),
        "%s", work->error.message);
    return row.id;
}

static void walk(unsigned seed)
{
    struct model m = {.endpoint = add_endpoint(), .is_enabled = true};
    int64_t given_up = told();

    for (int i = 0; i < MOST; i++)
        m.all[i] =
            (struct one){.id = add_delivery(m.endpoint), .due = clock_now(), .lease = NO_INSTANT};
    walk_begin(seed);
    for (int step = 0; step < 60; step++) {
        int what = walk_draw(5);

        clock_advance_ms(10);
        if (what < 2 || !m.nheld)
            claim(&m);
        else if (what < 4)
            finish(&m);
        else
            clock_advance_ms(walk_draw(walk_once_in(3) ? 15 * HOUR_MS : 2 * LEASE_MS));
        compare(&m, seed, step);
        calm(m.endpoint);
    }
    for (int i = 0; i < MOST; i++)
        given_up += m.all[i].was_given_up;
    cr_assert_eq(told(), given_up, "seed %u: who is given up is told of once", seed);
    cr_assert(db_execute(work, "DELETE FROM webhook_deliveries", NULL, 0, NULL));
}

Test(delivery_walks, are_held_by_one_and_end_once)
{
    for (unsigned seed = 1; seed <= 30; seed++)
        walk(seed);
}
