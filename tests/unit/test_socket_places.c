/*
 * So many sockets a key, or a tenant, over all nodes.
 */
#include <criterion/criterion.h>

#include <pthread.h>
#include <stdlib.h>

#include "db/db.h"
#include "domain/socket_places.h"
#include "stream/places.h"
#include "stream/proof.h"
#include "world.h"

enum { MOST = 3, RACERS = 4, TRIES = 3, RACED = 5 };

static struct world world;
static struct work *const work = &world.work;
static struct media_node other;

static void setup(void)
{
    world_begin(&world, NULL, true);
    row_clear(&media_node_entity, &other);
    other.name = "other";
    other.role = "daemon";
    other.version = "test";
    other.capacity = 10;
    cr_assert(node_register(work, &other));
}

static void end(void)
{
    world_end(&world);
}

TestSuite(socket_places, .init = setup, .fini = end);

static struct socket_place of(const struct media_node *node, uid key)
{
    return (struct socket_place){
        .role = "events", .key = key, .node_id = node->id, .node_epoch = node->epoch};
}

static void is_let_in(struct socket_place *place)
{
    cr_expect(socket_place_hold(work, place, MOST), "%s", work->error.message);
}

static void is_one_too_many(struct socket_place *place)
{
    cr_expect_not(socket_place_hold(work, place, MOST));
    cr_expect_eq(work->error.what, LIMIT_REACHED, "%s", work->error.message);
}

/* All that one key may have: one here, the others at the other node. */
static void fill(struct socket_place places[MOST], uid key)
{
    for (int i = 0; i < MOST; i++) {
        places[i] = of(i ? &other : &world.node, key);
        is_let_in(&places[i]);
    }
}

static int64_t held(const char *role)
{
    int64_t count;

    cr_assert(socket_places_held(work, role, &count));
    return count;
}

Test(socket_places, are_counted_over_all_nodes)
{
    uid key = uid_new();
    struct socket_place places[MOST], more = of(&world.node, key);

    fill(places, key);
    is_one_too_many(&more);
    cr_assert(socket_place_give_back(work, &places[1]));
    is_let_in(&more);
    more = of(&other, key);
    is_one_too_many(&more);
    cr_expect_eq(held("events"), MOST);
}

Test(socket_places, of_one_key_take_none_from_another)
{
    struct socket_place places[MOST], another = of(&world.node, uid_new()),
                                      of_tenant = of(&world.node, NO_UID);
    uid key = uid_new();

    fill(places, key);
    is_let_in(&another);
    is_let_in(&of_tenant);
    of_tenant = (struct socket_place){
        .role = "logs", .key = key, .node_id = world.node.id, .node_epoch = world.node.epoch};
    is_let_in(&of_tenant);
    cr_expect_eq(held("logs"), 1);
    work->tenant = world.tenant.id + 1;
    another = of(&world.node, key);
    is_let_in(&another);
    cr_expect_eq(held("events"), 1);
    work->tenant = world.tenant.id;
}

Test(socket_places, are_kept_by_who_asks_again)
{
    uid key = uid_new();
    struct socket_place places[MOST], more = of(&other, key);

    fill(places, key);
    for (int i = 0; i < MOST; i++)
        is_let_in(&places[i]);
    is_one_too_many(&more);
    cr_expect_eq(held("events"), MOST);
}

Test(socket_places, of_a_silent_node_are_free_and_it_learns_that_they_are)
{
    uid key = uid_new();
    struct socket_place places[MOST], more[MOST];

    fill(places, key);
    clock_advance_ms(NODE_STALE_MS + 1);
    cr_assert(node_heartbeat(work, &world.node, 0));
    for (int i = 1; i < MOST; i++) {
        more[i] = of(&world.node, key);
        is_let_in(&more[i]);
    }
    is_let_in(&places[0]);
    cr_assert(node_heartbeat(work, &other, 0));
    is_one_too_many(&places[1]);
    cr_assert(socket_place_give_back(work, &more[1]));
    is_let_in(&places[1]);
}

/* After an outage of the store all heartbeats are old: nobody takes from himself. */
Test(socket_places, of_ones_own_node_are_not_lost_to_it)
{
    uid key = uid_new();
    struct socket_place places[MOST], more = of(&other, key);

    for (int i = 0; i < MOST; i++) {
        places[i] = of(&other, key);
        is_let_in(&places[i]);
    }
    clock_advance_ms(NODE_STALE_MS + 1);
    is_one_too_many(&more);
}

Test(socket_places, of_a_process_that_has_a_successor_are_free)
{
    uid key = uid_new();
    struct socket_place places[MOST], more = of(&world.node, key);

    fill(places, key);
    clock_advance_ms(5);
    cr_assert(node_register(work, &other));
    is_let_in(&more);
    cr_expect_eq(held("events"), 2);
}

Test(socket_places, of_lost_nodes_are_swept)
{
    uid key = uid_new();
    struct socket_place places[MOST];
    uint64_t swept;

    fill(places, key);
    cr_assert(socket_places_sweep(work, &swept));
    cr_expect_eq(swept, 0u);
    cr_assert(node_set_state(work, &other, "down"));
    cr_assert(socket_places_sweep(work, &swept));
    cr_expect_eq(swept, (uint64_t)MOST - 1);
    is_let_in(&places[0]);
    cr_expect_eq(held("events"), 1);
}

/* Each with a connection of its own, as nodes have. */
static void *race(void *with)
{
    struct work own = world_work(&world);
    int64_t *taken = with;

    for (int i = 0; i < TRIES; i++) {
        struct socket_place place = of(&world.node, NO_UID);

        *taken += socket_place_hold(&own, &place, RACED);
    }
    db_close(own.db);
    work_end(&own);
    return NULL;
}

Test(socket_places, are_never_more_however_many_ask_at_once)
{
    pthread_t threads[RACERS];
    int64_t taken[RACERS] = {0}, sum = 0;

    for (int i = 0; i < RACERS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, race, &taken[i]), 0);
    for (int i = 0; i < RACERS; i++) {
        pthread_join(threads[i], NULL);
        sum += taken[i];
    }
    cr_expect_eq(sum, RACED, "%lld", (long long)sum);
    cr_expect_eq(held("events"), RACED);
}

/* ---- in the daemon, while the store is away ---- */

static void setup_shared(void)
{
    world_begin(&world, NULL, false);
    clock_set(clock_now());
}

TestSuite(socket_places_away, .init = setup_shared, .fini = end);

static struct config reached, unreached;

/* All that was asked is answered, and the helper asks the given store from then on. */
static void ask_at(struct config *config, const char *url)
{
    proofs_stop();
    offloop_collect();
    *config = world.config;
    config->database_url = url;
    cr_assert(proofs_start(config));
}

static void ask_nobody(void)
{
    ask_at(&unreached, "mysql://nobody:none@127.0.0.1:1/none");
}

static void ask_the_store(void)
{
    ask_at(&reached, getenv("TEST_DATABASE_URL"));
}

static const struct proof_kind kind = {.ticket = "events", .most_sockets = 1, .is_by_key = true};
static unsigned refusal;
static struct socket_place given;

static void answered(struct task *task)
{
    struct visitor_proof *proof = (struct visitor_proof *)task;

    refusal = proof->refusal;
    given = proof->place;
    proof_free(proof);
}

/* Asks for a place for a socket of the key. */
static void wants_place(uid key)
{
    struct visitor_proof *proof = calloc(1, sizeof *proof);

    proof->kind = &kind;
    proof->who = (struct proven){.tenant = world.tenant.id, .key = key};
    proof->wants_place = true;
    proof->place = of(&world.node, key);
    cr_assert(proof_ask(proof, answered));
}

Test(socket_places_away, nobody_is_turned_away_and_is_counted_later)
{
    uid key = uid_new();
    struct socket_place first;

    ask_nobody();
    wants_place(key);
    ask_the_store();
    cr_expect_eq(refusal, 0u);
    first = given;
    cr_expect_eq(held("events"), 0);
    wants_place(key);
    ask_the_store();
    cr_expect_eq(refusal, 0u);
    wants_place(key);
    ask_the_store();
    cr_expect_eq(refusal, 4429u, "the store knows of the one before");
    cr_expect_not(socket_place_hold(work, &first, 1), "and so does who came first");
    cr_expect_eq(held("events"), 1);
}

Test(socket_places_away, a_place_is_given_back_when_the_store_is_there_again)
{
    struct socket_place place = of(&world.node, uid_new());

    is_let_in(&place);
    ask_nobody();
    places_give_back(world.tenant.id, &place);
    ask_the_store();
    cr_expect_eq(held("events"), 1);
    clock_advance_ms(5000);
    places_tick();
    ask_the_store();
    cr_expect_eq(held("events"), 0);
}
