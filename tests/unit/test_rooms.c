/* The two calls of a translation call: ordered together, on one node, over together. */
#include <string.h>

#include <criterion/criterion.h>

#include "domain/outage_calls.h"
#include "domain/outbound.h"
#include "domain/rooms.h"
#include "domain/route_cache.h"
#include "fake_carrier.h"
#include "stream/outage.h"
#include "world.h"

static struct world world;
static struct work *const work = &world.work;
static struct fake_carrier carrier;

static void setup(void)
{
    world_begin(&world, NULL, true);
    fake_carrier_start(&carrier);
    world.config.rehearsal_api_base_url = carrier.base_url;
    world.config.allow_private_urls = "yes";
}

static void end(void)
{
    fake_carrier_stop(&carrier);
    world_end(&world);
}

TestSuite(rooms, .init = setup, .fini = end);

static struct room make_room(const char *state, int64_t node)
{
    struct room room;

    row_clear(&room_entity, &room);
    room.tenant_id = work->tenant;
    room.id = uid_new();
    room.kind = "translation";
    room.state = state;
    room.original_level = 15;
    room.node_id = node;
    room.created_at = room.updated_at = clock_now();
    room.rev = 1;
    cr_assert(store_insert(work, &room_entity, &room, columns_all(&room_entity)), "%s",
              work->error.message);
    return room;
}

static const char *state_of(uid id)
{
    struct room room;

    cr_assert(room_get(work, id, &room));
    return room.state;
}

Test(rooms, only_move_forward)
{
    struct room room = make_room("forming", NO_INTEGER);

    cr_assert(room_move(work, room.id, "live", clock_now(), NULL));
    cr_assert(room_move(work, room.id, "waiting", clock_now(), NULL));
    cr_expect_str_eq(state_of(room.id), "live");
    cr_assert(room_settle(work, room.id, clock_now()));
    cr_expect_str_eq(state_of(room.id), "ended", "no leg is left");
    cr_assert(room_move(work, room.id, "failed", clock_now(), "late"));
    cr_expect_str_eq(state_of(room.id), "ended");
}

Test(rooms, where_nobody_met_have_failed)
{
    struct room room = make_room("waiting", NO_INTEGER);

    cr_assert(room_settle(work, room.id, clock_now()));
    cr_expect_str_eq(state_of(room.id), "failed");
}

/* Nothing listens at the world's node, so it counts as lost as soon as there is another. */
Test(rooms, have_one_node_for_both_legs)
{
    struct room room = make_room("live", NO_INTEGER);
    struct media_node node, again;

    cr_assert(room_node(work, room.id, &node), "%s", work->error.message);
    cr_expect_eq(node.id, world.node.id);
    cr_assert(room_get(work, room.id, &room));
    cr_expect_eq(room.node_id, node.id, "it is named for the other leg");
    cr_assert(room_node(work, room.id, &again));
    cr_expect_eq(again.id, node.id);
    cr_assert(room_settle(work, room.id, clock_now()));
    cr_expect_not(room_node(work, room.id, &again));
    cr_expect_eq(work->error.what, WRONG_STATE);
}

static bool translate(struct room *room, struct call *legs)
{
    const struct translation_order order = {
        .from = world.number.e164,
        .to_a = "+13125550001",
        .to_b = "+13125550002",
        .language_b = "de",
        .original_level = NO_INTEGER,
    };

    return room_translate(work, &order, room, legs);
}

Test(rooms, whose_order_the_carrier_refuses_leave_no_leg_behind)
{
    struct call legs[2];
    struct room room;

    carrier.canned = "HTTP/1.1 400 X\r\nContent-Type: application/json\r\nContent-Length: 54\r\n"
                     "Connection: close\r\n\r\n"
                     "{\"code\":21214,\"message\":\"cannot be reached\",\"status\":400}";
    cr_expect_not(translate(&room, legs));
    cr_expect_eq(work->error.what, UPSTREAM);
    cr_expect_str_eq(state_of(room.id), "failed");
    cr_expect_eq(tenant_number(&world, "SELECT COUNT(*) FROM calls WHERE tenant_id = ?"), 2);
    cr_expect_eq(tenant_number(&world, "SELECT COUNT(*) FROM calls WHERE tenant_id = ?"
                                       " AND state <> 'failed'"),
                 0);
    cr_expect_eq(tenant_number(&world, "SELECT COUNT(*) FROM voice_sessions WHERE tenant_id = ?"
                                       " AND state = 'pending'"),
                 0);
}

/* ---- without the store ---- */

static bool is_taken_without_the_store(const struct voice_session *session)
{
    struct voice_session row = *session;
    const struct claim claim = {.token = session_first_token(work, &row), .call_sid = "CA1"};
    struct outage_caller caller = {.from = "+13125550123"};
    struct outage_taken taken;
    bool ok = outage_take(work, &claim, &caller, &taken);

    cr_expect(ok || work->error.what == BUSY, "the carrier is told to come back");
    return ok;
}

static bool goes_on_without_the_store(const struct call *call, const struct voice_session *session)
{
    const char *url = after_url(work, call, session);
    struct call_plan plan;
    struct token token;

    cr_assert(token_read(work, TOKEN_AFTER, strrchr(url, '/') + 1, &token));
    return outage_after(work, &token, 0, &plan);
}

Test(rooms, have_legs_that_wait_for_the_store_where_an_agents_caller_need_not)
{
    struct incoming in = call_in(&world);

    known_version_put(work, &world.version, &(struct known_version){0});
    cr_expect(is_taken_without_the_store(&in.session));
    in.session.id = uid_new();
    in.session.room_id = in.call.room_id = uid_new();
    cr_expect_not(is_taken_without_the_store(&in.session));
    cr_expect_not(goes_on_without_the_store(&in.call, &in.session));
}
