/*
 * A visitor's time with the daemon, without sockets: what is looked at again once a minute, and
 * what he leaves behind.
 */
#include <criterion/criterion.h>

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "db/db.h"
#include "domain/keys.h"
#include "domain/socket_places.h"
#include "domain/tickets.h"
#include "outlets.h"
#include "stream/events_role.h"
#include "stream/node.h"
#include "stream/offloop.h"
#include "stream/proof.h"
#include "stream/socket.h"
#include "stream/visitor.h"
#include "world.h"

enum { MINUTE_MS = 61 * 1000, SOCKETS = 10 };

static struct world world;
static struct work *const work = &world.work;
static struct config config;
static char name[64];

/* All that was asked of the store is answered. */
static void settle(void)
{
    proofs_stop();
    offloop_collect();
    cr_assert(proofs_start(&config));
}

static void setup(void)
{
    world_begin(&world, NULL, false);
    clock_set(clock_now());
    snprintf(name, sizeof name, "%s-visited", world.node.name);
    config = world.config;
    config.database_url = getenv("TEST_DATABASE_URL");
    config.node_name = name;
    config.listen_control = "127.0.0.1:9";
    visitors_configure(&config);
    cr_assert(proofs_start(&config));
    cr_assert(node_start(&config));
    for (int tries = 0; !node_id() && tries < 10000; tries++) {
        offloop_collect();
        usleep(1000);
    }
    cr_assert(node_id(), "the node was not registered");
}

static void end(void)
{
    proofs_stop();
    node_stop();
    world_end(&world);
}

TestSuite(visitors, .init = setup, .fini = end, .timeout = 60);

struct guest {
    void *with;
    struct kept outlet;
};

/* Comes in with what he shows in his header or his query, and is heard. */
static void guest_comes(struct guest *guest, const char *authorization, const char *query)
{
    const struct upgrade upgrade = {.path = "/events/ws",
                                    .query = query,
                                    .ip = "192.0.2.1",
                                    .host = "",
                                    .signature = "",
                                    .authorization = authorization,
                                    .api_key = "",
                                    .protocols = "",
                                    .control = ""};

    cr_assert_eq(events_role.admit(&upgrade, &guest->with), 101);
    kept_open(&guest->outlet);
    events_role.opened(guest->with, &guest->outlet.outlet);
    settle();
}

static void guest_goes(struct guest *guest)
{
    events_role.closed(guest->with, &(struct closing){.code = 1000, .reason = ""});
    settle();
}

static void a_minute_passes(void)
{
    clock_advance_ms(MINUTE_MS);
    cr_assert(node_heartbeat(work, &world.node, 0));
    sockets_send();  /* a turn of the loop is over, the next sees the new time */
    visitors_tick(); /* says its ping, */
    visitors_tick(); /* and looks again */
    settle();
}

static const char *bearer_of_new_key(struct api_key *key)
{
    const struct key_order order = {.kind = "phony", .permissions = "[\"events:read\"]"};
    const char *secret;

    cr_assert(key_create(work, &order, key, &secret), "%s", work->error.message);
    return arena_format(&work->arena, "Bearer %s", secret);
}

static int64_t places_held(void)
{
    int64_t count;

    cr_assert(db_number(work, "SELECT COUNT(*) FROM socket_places WHERE tenant_id = ?",
                        (const struct param[]){PARAM(work->tenant)}, 1, 0, &count));
    return count;
}

/* As if the sweep of another node had thought this one lost. */
static void lose_places(void)
{
    cr_assert(db_execute(work, "DELETE FROM socket_places WHERE tenant_id = ?",
                         (const struct param[]){PARAM(work->tenant)}, 1, NULL));
}

Test(visitors, hold_a_place_from_their_coming_to_their_going)
{
    struct api_key key;
    struct guest guest;

    guest_comes(&guest, bearer_of_new_key(&key), "");
    cr_expect_str_eq(kept_last(&guest.outlet), "{\"type\":\"ping\"}");
    cr_expect_eq(places_held(), 1);
    guest_goes(&guest);
    cr_expect_eq(places_held(), 0);
}

Test(visitors, who_leave_while_they_are_looked_at_leave_nothing_behind)
{
    struct api_key key;
    const char *bearer = bearer_of_new_key(&key);
    const struct upgrade upgrade = {.path = "/events/ws",
                                    .query = "",
                                    .ip = "192.0.2.1",
                                    .authorization = bearer,
                                    .api_key = "",
                                    .protocols = ""};
    struct guest guest;

    cr_assert_eq(events_role.admit(&upgrade, &guest.with), 101);
    kept_open(&guest.outlet);
    events_role.opened(guest.with, &guest.outlet.outlet);
    events_role.closed(guest.with, &(struct closing){.code = 1006, .reason = ""});
    settle(); /* he is proven, and gone; nobody could be asked just then to take his place back */
    clock_advance_ms(5000);
    visitors_tick();
    settle();
    cr_expect_eq(places_held(), 0);
    cr_expect_eq(visitors_count(), 0u);
}

Test(visitors, with_a_revoked_key_are_closed_within_a_minute)
{
    struct api_key key;
    struct guest guest, other;

    guest_comes(&guest, bearer_of_new_key(&key), "");
    cr_assert(key_revoke(work, key.id, &key));
    guest_comes(&other, bearer_of_new_key(&key), "");
    a_minute_passes();
    cr_expect_eq(guest.outlet.closed, 1008u, "%u", guest.outlet.closed);
    cr_expect_eq(other.outlet.closed, 0u, "%u", other.outlet.closed);
    guest_goes(&guest);
    guest_goes(&other);
}

Test(visitors, whose_place_was_lost_take_another)
{
    struct api_key key;
    struct guest guest, bearer;
    const char *ticket;

    guest_comes(&guest, bearer_of_new_key(&key), "");
    cr_assert(ticket_issue(work, &(struct ticket){.role = "events"}, TICKET_LIFE_MS, &ticket));
    guest_comes(&bearer, "", arena_format(&work->arena, "ticket=%s", ticket));
    lose_places();
    a_minute_passes();
    cr_expect_eq(places_held(), 2);
    cr_expect_eq(guest.outlet.closed + bearer.outlet.closed, 0u);
    guest_goes(&guest);
    guest_goes(&bearer);
}

Test(visitors, whose_place_others_have_by_now_are_closed)
{
    struct api_key key;
    struct guest guest;

    guest_comes(&guest, bearer_of_new_key(&key), "");
    lose_places();
    for (int i = 0; i < SOCKETS; i++) {
        struct socket_place place = {.role = "events",
                                     .key = key.id,
                                     .node_id = world.node.id,
                                     .node_epoch = world.node.epoch};

        cr_assert(socket_place_hold(work, &place, SOCKETS));
    }
    a_minute_passes();
    cr_expect_eq(guest.outlet.closed, 4429u, "%u", guest.outlet.closed);
    guest_goes(&guest);
    cr_expect_eq(places_held(), SOCKETS);
}

/* ---- the end of the node ---- */

static atomic_bool is_answering;

/* As a store that does not answer holds up whoever asks it. */
static void wait_for_store(struct work *own, struct task *task)
{
    (void)own, (void)task;
    while (!is_answering)
        usleep(1000);
}

static void was_waiting(struct task *task)
{
    (void)task;
}

Test(visitors, leave_their_places_to_the_end_of_the_node)
{
    struct task slow = {.run = wait_for_store, .done = was_waiting};
    struct api_key key;
    const char *bearer = bearer_of_new_key(&key);
    struct guest early, late;
    int64_t held;

    guest_comes(&early, bearer, "");
    guest_comes(&late, bearer, "");
    cr_assert_eq(places_held(), 2);
    cr_assert(proofs_run(&slow));
    events_role.closed(early.with, &(struct closing){.code = 1000, .reason = ""});
    visitors_leave();
    cr_expect_eq(late.outlet.closed, 1001u);
    is_answering = true;
    guest_goes(&late);
    cr_expect_eq(places_held(), 2, "the store was asked for nothing");
    node_stop();
    cr_assert(socket_places_held(work, "events", &held), "%s", work->error.message);
    cr_expect_eq(held, 0);
}

/* ---- what happens during a replay ---- */

/* Comes in, is proven, and what was before is being read. */
static struct visitor *guest_replays(struct guest *guest, const char *bearer)
{
    const struct upgrade upgrade = {.path = "/events/ws",
                                    .query = "after=evt_0190a0a0a0a07000800000000000000a",
                                    .ip = "192.0.2.1",
                                    .authorization = bearer,
                                    .api_key = "",
                                    .protocols = ""};
    struct visitor *visitor;

    cr_assert_eq(events_role.admit(&upgrade, &guest->with), 101);
    kept_open(&guest->outlet);
    visitor = guest->with;
    events_role.opened(visitor, &guest->outlet.outlet);
    for (int tries = 0; visitor->state != REPLAYING && tries < 10000; tries++) {
        offloop_collect();
        usleep(1000);
    }
    cr_assert_eq(visitor->state, REPLAYING);
    return visitor;
}

static void is_told(struct visitor *visitor, const char *type)
{
    const struct event_news news = {.tenant_id = work->tenant,
                                    .id = uid_new(),
                                    .call_id = uid_new(),
                                    .session_id = uid_new(),
                                    .type = type,
                                    .level = "info",
                                    .source = "carrier",
                                    .payload = {"{}"},
                                    .occurred_at = clock_now(),
                                    .call_sid = "CA1",
                                    .direction = "inbound",
                                    .duration_seconds = NO_INTEGER};

    visitor->watcher.tell(&visitor->watcher, &news);
}

Test(visitors, are_told_what_happened_meanwhile_when_they_have_read_what_was_before)
{
    struct api_key key;
    struct guest guest;
    struct visitor *visitor = guest_replays(&guest, bearer_of_new_key(&key));

    is_told(visitor, "call.first");
    guest.outlet.outlet.waiting = VISITOR_BACKLOG / 4; /* of the replay */
    settle();
    is_told(visitor, "call.second");
    cr_expect_eq(kept_with(&guest.outlet, "call."), 0u);
    guest.outlet.outlet.waiting = 0;
    visitors_tick();
    cr_expect_eq(kept_with(&guest.outlet, "call."), 2u);
    is_told(visitor, "call.third");
    cr_expect_eq(kept_with(&guest.outlet, "call."), 3u);
    cr_expect_eq(guest.outlet.closed, 0u);
    guest_goes(&guest);
}
