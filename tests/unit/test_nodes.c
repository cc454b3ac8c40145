#include <criterion/criterion.h>

#include <string.h>

#include "db/db.h"
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

TestSuite(nodes, .init = setup, .fini = end);

static struct media_node another(const char *name, int64_t capacity, int64_t sessions)
{
    struct media_node node;

    row_clear(&media_node_entity, &node);
    node.name = name;
    node.role = "daemon";
    node.version = "test";
    node.capacity = capacity;
    cr_assert(node_register(work, &node), "%s", work->error.message);
    cr_assert(node_heartbeat(work, &node, sessions), "%s", work->error.message);
    return node;
}

static int64_t chosen(int64_t avoid)
{
    struct media_node node;

    return node_choose(work, uid_new(), avoid, &node) ? node.id : 0;
}

Test(nodes, take_over_the_row_of_their_name)
{
    struct media_node first = another("a", 10, 0), second;

    clock_set(instant_after(clock_now(), 5));
    second = another("a", 20, 0);
    cr_expect_eq(second.id, first.id);
    cr_expect_neq(second.epoch, first.epoch);
    cr_expect_not(node_heartbeat(work, &first, 0), "its successor runs");
    cr_expect_eq(work->error.what, CONFLICT);
    cr_expect_neq(another("b", 10, 0).id, first.id);
}

Test(nodes, with_the_least_load_get_the_call)
{
    struct media_node busy = another("busy", 10, 6), idle = another("idle", 100, 10);

    cr_assert(node_heartbeat(work, &world.node, 900));
    for (int i = 0; i < 5; i++)
        cr_expect_eq(chosen(0), idle.id);
    (void)busy;
}

Test(nodes, that_are_equally_loaded_share_the_calls)
{
    struct media_node other = another("other", 1000, 0);
    int first = 0, second = 0;

    for (int i = 0; i < 60; i++)
        *(chosen(0) == other.id ? &second : &first) += 1;
    cr_expect_gt(first, 10);
    cr_expect_gt(second, 10);
}

Test(nodes, that_are_full_draining_or_silent_get_no_call)
{
    struct media_node full = another("full", 5, 5);

    cr_assert(node_set_state(work, &world.node, "draining"));
    cr_expect_eq(chosen(0), 0);
    cr_assert(node_heartbeat(work, &full, 4));
    cr_expect_eq(chosen(0), full.id);
    clock_set(instant_after(clock_now(), NODE_STALE_MS + 1));
    cr_expect_eq(chosen(0), 0);
    cr_expect_eq(work->error.what, NOT_FOUND);
}

Test(nodes, that_lost_a_call_are_avoided_while_there_are_others)
{
    cr_expect_eq(chosen(world.node.id), world.node.id, "better than none");
    cr_assert_eq(chosen(0), world.node.id);
    another("other", 10, 9);
    cr_expect_neq(chosen(world.node.id), world.node.id);
}

Test(nodes, are_alive_under_their_epoch_while_their_heart_beats)
{
    bool alive;

    cr_assert(node_is_alive(work, world.node.id, world.node.epoch, &alive));
    cr_expect(alive);
    cr_assert(node_is_alive(work, world.node.id, world.node.epoch - 1, &alive));
    cr_expect_not(alive);
    clock_set(instant_after(clock_now(), NODE_STALE_MS + 1));
    cr_assert(node_is_alive(work, world.node.id, world.node.epoch, &alive));
    cr_expect_not(alive);
}

Test(nodes, are_alive_for_hosts_whose_clocks_are_wrong)
{
    const int64_t wrong_ms[] = {-3600 * 1000, 20 * 1000};
    instant right = clock_now();

    for (size_t i = 0; i < COUNT(wrong_ms); i++) {
        struct work other;
        bool alive;

        clock_set(instant_after(right, wrong_ms[i]));
        other = world_work(&world);
        cr_assert(node_is_alive(&other, world.node.id, world.node.epoch, &alive), "%s",
                  other.error.message);
        cr_expect(alive, "for a clock that is %lld ms off", (long long)wrong_ms[i]);
        cr_assert(node_heartbeat(&other, &world.node, 0));
        db_close(other.db);
        work_end(&other);
        clock_set(right);
        cr_assert(node_is_alive(work, world.node.id, world.node.epoch, &alive));
        cr_expect(alive, "its heartbeat is nobody's future or past");
    }
}

Test(nodes, without_a_url_of_their_own_are_reached_at_the_servers)
{
    struct media_node plain = another("plain", 10, 0);

    cr_expect_str_eq(node_stream_url(work, &world.node, "tok"),
                     "wss://node.example.com/n/one/media-stream/tok");
    cr_expect_str_eq(node_stream_url(work, &plain, "tok"),
                     "wss://media.example.com/media-stream/tok");
}
