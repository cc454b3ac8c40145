#include <criterion/criterion.h>

#include <string.h>

#include "domain/call_state.h"
#include "domain/events.h"
#include "world.h"

static struct world world;
static struct work *const work = &world.work;

static void setup(void)
{
    world_begin(&world, NULL, false);
}

static void end(void)
{
    world_end(&world);
}

TestSuite(calls, .init = setup, .fini = end);

/* A call of ours that was not ordered yet. */
static struct call outgoing(void)
{
    struct call call;

    call_begin(work, &call);
    call.carrier = "sim";
    call.origin = "stateset";
    call.direction = "outbound";
    cr_assert(call_insert(work, &call), "%s", work->error.message);
    return call;
}

static bool apply(uid call, const char *state, int64_t carrier_seq)
{
    struct call_news news = NO_NEWS;
    bool moved;

    news.state = state;
    news.carrier_seq = carrier_seq;
    cr_assert(call_apply(work, call, &news, &moved), "%s", work->error.message);
    return moved;
}

static const char *state_of(uid call)
{
    struct call row;

    cr_assert(call_get(work, call, &row), "%s", work->error.message);
    return row.state;
}

Test(calls, only_move_forward)
{
    struct call call = outgoing();

    cr_expect(apply(call.id, "ringing", 1));
    cr_expect_not(apply(call.id, "initiated", 0), "late");
    cr_expect_not(apply(call.id, "ringing", 1), "repeated");
    cr_expect_str_eq(state_of(call.id), "ringing");
    cr_expect(apply(call.id, "completed", 3));
    cr_expect_not(apply(call.id, "in_progress", 2));
    cr_expect_not(apply(call.id, "busy", 4), "the first end is the end");
    cr_expect_str_eq(state_of(call.id), "completed");
}

Test(calls, take_the_carriers_end_for_one_that_was_assumed)
{
    struct call call = outgoing();
    struct call_news swept = NO_NEWS;

    swept.state = "failed";
    swept.error_code = ERROR_SWEPT;
    cr_assert(call_apply(work, call.id, &swept, NULL));
    cr_expect_not(apply(call.id, "busy", 3));
    cr_expect(apply(call.id, "completed", 3));
    cr_assert(call_get(work, call.id, &call));
    cr_expect_str_eq(call.state, "completed");
    cr_expect_null(call.error_code);
}

Test(calls, keep_what_late_news_still_adds)
{
    struct call call = outgoing();
    struct call_news answered = NO_NEWS;

    apply(call.id, "completed", 3);
    answered.state = "in_progress";
    answered.at = instant_after(clock_now(), -60000);
    answered.answered_by = "human";
    answered.carrier_seq = 2;
    cr_assert(call_apply(work, call.id, &answered, NULL));
    cr_assert(call_get(work, call.id, &call));
    cr_expect_eq(call.answered_at.ms, answered.at.ms);
    cr_expect_str_eq(call.answered_by, "human");
    cr_expect_eq(call.carrier_seq, 3);
}

Test(calls, write_an_event_for_each_move_and_none_else)
{
    struct call call = outgoing();
    struct rows rows;

    apply(call.id, "ringing", 1);
    apply(call.id, "ringing", 1);
    apply(call.id, "in_progress", 2);
    apply(call.id, "no_answer", 3);
    cr_assert(events_of_call(work, call.id, NO_UID, 10, &rows));
    cr_assert_eq(rows.count, 3);
    cr_expect_str_eq(((struct call_event *)rows.at)[0].type, "call.ringing");
    cr_expect_str_eq(((struct call_event *)rows.at)[1].type, "call.answered");
    cr_expect_str_eq(((struct call_event *)rows.at)[2].type, "call.ended");
    cr_expect_str_eq(((struct call_event *)rows.at)[2].payload.json, "{\"state\":\"no_answer\"}");
}

Test(calls, are_found_under_every_name)
{
    struct call call = outgoing(), found;
    const char *sid = new_sid(&world, "CA"), *stream = new_sid(&world, "MZ");
    char uuid[37], base32[27], provisional[SID_SIZE];

    sid_write("CA", call.id, provisional);
    cr_expect_str_eq(call.call_sid, provisional);
    cr_assert(call_learn_sid(work, call.id, sid), "%s", work->error.message);
    cr_assert(call_alias_put(work, stream, "stream_sid", call.id, NO_UID));
    uid_write_uuid(call.id, uuid);
    uid_write_base32_upper(call.id, base32);
    const char *names[] = {sid, stream, uuid, provisional,
                           arena_format(&work->arena, "CALL-%s", base32)};

    for (size_t i = 0; i < COUNT(names); i++) {
        cr_expect(call_resolve(work, names[i], &found), "%s", names[i]);
        cr_expect(uid_equal(found.id, call.id), "%s", names[i]);
    }
    cr_expect_str_eq(found.call_sid, sid);
}

Test(calls, learn_their_sid_once)
{
    struct call call = outgoing();
    const char *first = new_sid(&world, "CA");

    cr_assert(call_learn_sid(work, call.id, first));
    cr_assert(call_learn_sid(work, call.id, new_sid(&world, "CA")));
    cr_assert(call_get(work, call.id, &call));
    cr_expect_str_eq(call.call_sid, first);
    cr_expect_not(call_learn_sid(work, call.id, "nonsense"));
}

Test(calls, of_another_tenant_do_not_exist)
{
    struct call call = outgoing(), found;
    const char *sid = new_sid(&world, "CA"), *stream = new_sid(&world, "MZ");
    char uuid[37];

    cr_assert(call_learn_sid(work, call.id, sid));
    cr_assert(call_alias_put(work, stream, "stream_sid", call.id, NO_UID));
    uid_write_uuid(call.id, uuid);
    work->tenant++;
    cr_expect_not(call_resolve(work, sid, &found));
    cr_expect_eq(work->error.what, NOT_FOUND);
    cr_expect_not(call_resolve(work, stream, &found));
    cr_expect_not(call_resolve(work, uuid, &found));
    cr_expect_not(call_resolve(work, call.call_sid, &found));
    cr_expect(call_apply(work, call.id, &NO_NEWS, NULL), "nothing matches, nothing happens");
    work->tenant--;
    cr_expect_str_eq(state_of(call.id), "created");
}

Test(calls, that_nobody_named_are_not_found)
{
    static const char *const names[] = {"",
                                        "CA",
                                        "CALL-",
                                        "AGT-01JEFKMZ11F978P7AZD9XRS78E",
                                        "CA0123456789abcdef0123456789abcdef",
                                        "num_42"};
    struct call found;

    for (size_t i = 0; i < COUNT(names); i++) {
        cr_expect_not(call_resolve(work, names[i], &found), "%s", names[i]);
        cr_expect_eq(work->error.what, NOT_FOUND, "%s", names[i]);
    }
}

Test(calls, are_found_without_a_tenant_by_sid_and_by_key)
{
    struct call call = outgoing(), found;
    int64_t tenant = work->tenant;

    work->tenant = 0;
    cr_assert(call_by_key_anywhere(work, call.id, &found));
    cr_expect_eq(work->tenant, tenant);
    cr_assert(call_learn_sid(work, call.id, new_sid(&world, "CA")));
    work->tenant = 0;
    cr_assert(call_by_key_anywhere(work, call.id, &found), "the key still leads to it");
    work->tenant = 0;
    cr_assert(call_by_sid_anywhere(work, found.call_sid, &found));
    cr_expect_eq(work->tenant, tenant);
}

Test(calls, that_are_live_are_counted_up_to_a_limit)
{
    int64_t count;

    for (int i = 0; i < 5; i++)
        apply(outgoing().id, "ringing", 1);
    apply(outgoing().id, "completed", 1);
    cr_assert(calls_live(work, 100, &count));
    cr_expect_eq(count, 5);
    cr_assert(calls_live(work, 3, &count));
    cr_expect_eq(count, 3);
}
