/*
 * A lease at random: three who want it, a clock, and who gives it back.  One holds it at a time,
 * and each who comes after another has a greater fence than all before.
 */
#include <string.h>

#include <criterion/criterion.h>

#include "core/rand.h"
#include "domain/leases.h"
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

TestSuite(lease_walks, .init = begin, .fini = end, .timeout = 60);

/* The whole walk takes less than a minute, after which the store's clock is looked at anew. */
enum { HOLDERS = 3, LIFE_MS = 300, STEPS = 300, LONGEST_PAUSE_MS = 300 };

static const char *const names[HOLDERS] = {"ann", "bob", "cleo"};

struct model {
    int holder; /* -1: nobody ever had it */
    int64_t fence, until_ms;
    int64_t known[HOLDERS]; /* the fence that each got last */
};

static bool is_held(const struct model *m)
{
    return m->holder >= 0 && clock_now().ms < m->until_ms;
}

static void take(struct model *m, const char *name)
{
    int who = walk_draw(HOLDERS);
    bool may = !is_held(m) || m->holder == who, taken;
    int64_t fence;

    cr_assert(lease_take(work, name, names[who], LIFE_MS, &fence, &taken), "%s",
              work->error.message);
    cr_assert_eq(taken, may, "%s", names[who]);
    if (!taken)
        return;
    m->fence += !is_held(m);
    cr_assert_eq(fence, m->fence, "%s", names[who]);
    m->holder = who;
    m->known[who] = fence;
    m->until_ms = clock_now().ms + LIFE_MS;
}

static void give_back(struct model *m, const char *name)
{
    int who = walk_draw(HOLDERS);

    cr_assert(lease_release(work, name, names[who], m->known[who]));
    if (m->holder == who && m->known[who] == m->fence)
        m->until_ms = clock_now().ms;
}

static void compare(const struct model *m, const char *name, int step)
{
    int holders = 0;

    for (int who = 0; who < HOLDERS; who++) {
        bool held;

        cr_assert(lease_is_held(work, name, names[who], m->known[who], &held));
        cr_assert_eq(held, is_held(m) && m->holder == who && m->known[who] == m->fence,
                     "step %d, %s", step, names[who]);
        holders += held;
    }
    cr_assert_leq(holders, 1, "step %d", step);
}

Test(lease_walks, have_one_holder_and_a_fence_that_grows)
{
    const char *name =
        arena_format(&work->arena, "walk-%llx", (unsigned long long)rand_below(1ull << 60));
    struct model m = {.holder = -1};

    walk_begin(7);
    for (int step = 0; step < STEPS; step++) {
        int what = walk_draw(4);

        if (what < 2)
            take(&m, name);
        else if (what == 2)
            give_back(&m, name);
        else
            clock_advance_ms(1 + walk_draw(LONGEST_PAUSE_MS));
        compare(&m, name, step);
    }
}
