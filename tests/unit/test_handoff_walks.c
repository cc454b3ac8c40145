/*
 * Handoffs at random: whatever the carrier, the human and the hooks tell, and in which order, a
 * handoff only goes on, ends once, and a chain is walked once.
 */
#include <string.h>

#include <criterion/criterion.h>

#include "domain/handoffs.h"
#include "walks.h"
#include "world.h"

static struct world world;
static struct work *const work = &world.work;

static void begin(void)
{
    world_begin(&world, NULL, false);
    clock_set(clock_now());
}

static void end(void)
{
    clock_release();
    world_end(&world);
}

TestSuite(handoff_walks, .init = begin, .fini = end, .timeout = 120);

/* In the order in which a handoff gets there; the last five are ends. */
static const char *const words[] = {"requested", "dialing",  "ringing",   "briefing", "bridged",
                                    "completed", "declined", "no_answer", "failed",   "canceled"};

enum { REQUESTED, FIRST_END = 5, STATES = COUNT(words), CHAIN = 3 };

static const char *const targets[CHAIN] = {"+13125550101", "+13125550102", "+13125550103"};

struct one {
    uid id;
    int state;
    bool has_next; /* somebody else would be called after this one */
};

struct model {
    uid call;
    struct one all[CHAIN];
    int count;
    int64_t told;
};

static bool is_over(const struct one *one)
{
    return one->state >= FIRST_END;
}

static struct handoff handoff_now(uid id)
{
    struct handoff handoff;

    cr_assert(store_get(work, &handoff_entity, id, &handoff), "%s", work->error.message);
    return handoff;
}

static void note(struct model *m, struct one *one, int to)
{
    if (is_over(one) || to == one->state || (to < FIRST_END && to < one->state))
        return;
    one->state = to;
    m->told++;
}

static void move(struct model *m)
{
    struct one *one = &m->all[walk_draw(m->count)];
    struct handoff handoff = handoff_now(one->id);
    int to = walk_once_in(3) ? FIRST_END + walk_draw(STATES - FIRST_END) : walk_draw(FIRST_END);

    cr_assert(handoff_move(work, &handoff, words[to]), "%s", work->error.message);
    note(m, one, to);
}

/* Two who saw the same end want to go on: what each of them knows is from before. */
static void go_on(struct model *m)
{
    struct one *one = &m->all[walk_draw(m->count)];
    struct handoff handoff = handoff_now(one->id), next;
    int to = FIRST_END + walk_draw(STATES - FIRST_END);

    for (int who = 0; who < 2; who++) {
        bool more;

        cr_assert(handoff_next(work, &handoff, words[to], &next, &more), "%s", work->error.message);
        cr_assert_eq(more, one->has_next, "number %ld", (long)(one - m->all));
        if (!more)
            continue;
        one->has_next = false;
        note(m, one, to);
        m->all[m->count] = (struct one){next.id, REQUESTED, m->count + 1 < CHAIN};
        m->count++;
        m->told++;
    }
}

static void compare(const struct model *m, unsigned seed, int step)
{
    struct handoff open;
    const struct one *expected = NULL;
    int open_count = 0;

    for (int i = 0; i < m->count; i++) {
        struct handoff now = handoff_now(m->all[i].id);

        cr_assert_str_eq(now.state, words[m->all[i].state], "seed %u step %d, number %d: %s", seed,
                         step, i, now.state);
        cr_assert_eq(!instant_is_none(now.ended_at), is_over(&m->all[i]));
        cr_assert_str_eq(now.target, targets[i]);
        if (!is_over(&m->all[i])) {
            expected = &m->all[i];
            open_count++;
        }
    }
    cr_assert_leq(open_count, 1, "seed %u step %d: one human is called at a time", seed, step);
    cr_assert_eq(handoff_open(work, m->call, &open), expected != NULL, "seed %u step %d", seed,
                 step);
    if (expected)
        cr_assert(uid_equal(open.id, expected->id));
}

static int64_t told(uid call)
{
    static const char sql[] = "SELECT COUNT(*) FROM call_events WHERE tenant_id = ? AND call_id = ?"
                              " AND type LIKE 'handoff.%'";
    const struct param params[] = {PARAM(work->tenant), PARAM(call)};
    int64_t count;

    cr_assert(db_number(work, sql, params, COUNT(params), -1, &count));
    return count;
}

static void walk(unsigned seed)
{
    struct handoff handoff = {.mode = "warm",
                              .initiated_by = "ai",
                              .target = targets[0],
                              .next_targets = "+13125550102,+13125550103"};
    struct model m = {.call = call_in(&world).call.id, .count = 1, .told = 1};

    handoff.call_id = m.call;
    cr_assert(handoff_request(work, &handoff), "%s", work->error.message);
    m.all[0] = (struct one){handoff.id, REQUESTED, true};
    walk_begin(seed);
    for (int step = 0; step < 20; step++) {
        clock_advance_ms(10);
        if (walk_once_in(5))
            go_on(&m);
        else
            move(&m);
        compare(&m, seed, step);
    }
    cr_assert_eq(told(m.call), m.told, "seed %u: what happened is told once", seed);
    end_by_carrier(&world, m.call, 1);
}

Test(handoff_walks, go_on_and_end_once)
{
    for (unsigned seed = 1; seed <= 30; seed++)
        walk(seed);
}
