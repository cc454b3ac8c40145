#include <criterion/criterion.h>

#include "core/rand.h"
#include "domain/leases.h"
#include "world.h"

static struct world world;
static struct work *const work = &world.work;
static const char *name;

static void setup(void)
{
    world_begin(&world, NULL, false);
    name = arena_format(&work->arena, "test-%llx", (unsigned long long)rand_below(1ull << 60));
}

static void end(void)
{
    world_end(&world);
}

TestSuite(leases, .init = setup, .fini = end);

static bool take(const char *holder, int64_t *fence)
{
    bool taken;

    cr_assert(lease_take(work, name, holder, 10000, fence, &taken), "%s", work->error.message);
    return taken;
}

static bool held(const char *holder, int64_t fence)
{
    bool is_held;

    cr_assert(lease_is_held(work, name, holder, fence, &is_held));
    return is_held;
}

Test(leases, have_one_holder)
{
    int64_t fence;

    cr_expect(take("a", &fence));
    cr_expect_eq(fence, 1);
    cr_expect_not(take("b", &fence));
    cr_expect(held("a", 1));
    cr_expect_not(held("b", 1));
}

Test(leases, are_prolonged_under_the_same_fence)
{
    int64_t fence;

    take("a", &fence);
    clock_set(instant_after(clock_now(), 8000));
    cr_expect(take("a", &fence));
    cr_expect_eq(fence, 1);
    clock_set(instant_after(clock_now(), 8000));
    cr_expect(held("a", 1));
}

Test(leases, that_ran_out_go_to_the_next_with_a_greater_fence)
{
    int64_t old, fence;

    take("a", &old);
    clock_set(instant_after(clock_now(), 10001));
    cr_expect_not(held("a", old));
    cr_expect(take("b", &fence));
    cr_expect_eq(fence, old + 1);
    cr_expect_not(held("a", old), "who was paused sees that it is over");
    cr_assert(lease_release(work, name, "a", old));
    cr_expect(held("b", fence), "and cannot give away what is not his");
}

Test(leases, of_a_holder_that_slept_get_a_new_fence)
{
    int64_t fence;

    take("a", &fence);
    clock_set(instant_after(clock_now(), 10001));
    cr_expect(take("a", &fence));
    cr_expect_eq(fence, 2, "somebody may have had it meanwhile");
}

Test(leases, given_back_are_free)
{
    int64_t fence;

    take("a", &fence);
    cr_assert(lease_release(work, name, "a", fence));
    cr_expect(take("b", &fence));
    cr_expect_eq(fence, 2);
}
