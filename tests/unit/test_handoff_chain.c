/*
 * Callers who are passed on with care, and what happens when whoever is asked first does not come:
 * the next one is called while the caller waits in the same room.
 */
#include <criterion/criterion.h>

#include <string.h>

#include "domain/call_setup.h"
#include "domain/call_state.h"
#include "domain/human_legs.h"
#include "fake_carrier.h"
#include "world.h"

static struct world world;
static struct work *const work = &world.work;
static struct fake_carrier carrier;
static struct incoming in;
static struct handoff handoff;

/* The carrier takes the next order. */
static void carrier_takes(void)
{
    fake_carrier_answers(
        &carrier, &work->arena, 201,
        arena_format(&work->arena,
                     "{\"sid\":\"%s\",\"status\":\"queued\",\"direction\":"
                     "\"outbound-api\",\"from\":\"+1\",\"to\":\"+1\",\"duration\":null,"
                     "\"price\":null,\"start_time\":null,\"end_time\":null}",
                     new_sid(&world, "CA")));
}

static void carrier_refuses(void)
{
    fake_carrier_answers(&carrier, &work->arena, 400,
                         "{\"code\":21211,\"message\":\"Invalid 'To' number\",\"status\":400}");
}

static void begin(void)
{
    const struct session_end transferred = {.result = "transferred",
                                            .at = NO_INSTANT,
                                            .duration_ms = NO_INTEGER,
                                            .model_segments = NO_INTEGER};

    world_begin(&world, NULL, false);
    fake_carrier_start(&carrier);
    world.config.rehearsal_api_base_url = carrier.base_url;
    world.config.allow_private_urls = "yes";
    in = call_in(&world);
    claim_stream(&world, &in);
    handoff = (struct handoff){.call_id = in.call.id,
                               .mode = "warm",
                               .initiated_by = "ai",
                               .target = "+13125550101",
                               .briefing = "Wants a red bike.",
                               .next_targets = "+13125550102,+13125550103"};
    cr_assert(handoff_request(work, &handoff), "%s", work->error.message);
    cr_assert(session_end(work, in.session.id, &transferred, NULL));
    carrier_takes();
}

static void end(void)
{
    fake_carrier_stop(&carrier);
    world_end(&world);
}

TestSuite(handoff_chain, .init = begin, .fini = end);

/* The caller's leg asks what follows: who waits where. */
static const char *gather(bool expected)
{
    struct call_plan plan = {0};
    bool begun;

    cr_assert(handoff_gather(work, &in.call, &in.session, &handoff, &plan, &begun), "%s",
              work->error.message);
    cr_expect_eq(begun, expected);
    return plan.conference;
}

/* The newest handoff of the call, read anew. */
static struct handoff newest(void)
{
    struct handoff found;

    cr_assert(handoff_open(work, in.call.id, &found), "%s", work->error.message);
    return found;
}

/* The human's leg comes to an end as the carrier says. */
static void leg_ends(uid leg, const char *state)
{
    struct call_news news = NO_NEWS;
    struct call known;

    news.state = state;
    cr_assert(call_apply(work, leg, &news, NULL), "%s", work->error.message);
    cr_assert(call_get(work, leg, &known));
    cr_assert(human_leg_ended(work, &known), "%s", work->error.message);
}

static int64_t handoffs_in(const char *state)
{
    return tenant_number(&world,
                         arena_format(&work->arena,
                                      "SELECT COUNT(*) FROM handoffs WHERE tenant_id = ? AND state"
                                      " = '%s'",
                                      state));
}

static int64_t tasks(void)
{
    return tenant_number(&world, "SELECT COUNT(*) FROM callback_tasks WHERE tenant_id = ?");
}

Test(handoff_chain, calls_the_next_one_when_the_first_does_not_answer)
{
    const char *room = gather(true);
    struct handoff first = newest(), second;
    struct call leg;

    carrier_takes();
    leg_ends(first.human_call_id, "no_answer");
    second = newest();
    cr_expect_str_eq(second.target, "+13125550102");
    cr_expect_str_eq(second.state, "dialing");
    cr_expect_str_eq(second.briefing, "Wants a red bike.");
    cr_assert(call_get(work, second.human_call_id, &leg));
    cr_expect_str_eq(leg.to_addr, "+13125550102");
    cr_expect_eq(handoffs_in("no_answer"), 1);
    cr_expect_eq(tasks(), 0, "somebody may still come");
    handoff = second;
    cr_expect_str_eq(gather(true), room, "the caller waits where it waited");
}

Test(handoff_chain, lets_the_next_human_into_the_room_in_which_the_caller_waits)
{
    const char *room = gather(true);
    struct token token = {.tenant_id = work->tenant};
    struct call_plan plan;

    carrier_takes();
    leg_ends(newest().human_call_id, "busy");
    token.call = newest().human_call_id;
    cr_assert(human_answered(work, &token, &(struct human_facts){.digits = "1"}, &plan));
    cr_expect_eq(plan.kind, PLAN_CONFERENCE);
    cr_expect_str_eq(plan.conference, room);
}

Test(handoff_chain, goes_on_when_the_first_one_declines)
{
    const struct human_facts declines = {.digits = "2", .was_asked = true};
    struct token token = {.tenant_id = work->tenant};
    struct call_plan plan;

    gather(true);
    token.call = newest().human_call_id;
    cr_assert(human_answered(work, &token, &declines, &plan));
    cr_expect_eq(plan.kind, PLAN_HANGUP);
    cr_expect_eq(tasks(), 0);
    carrier_takes();
    leg_ends(token.call, "completed");
    cr_expect_str_eq(newest().target, "+13125550102");
    cr_expect_eq(handoffs_in("declined"), 1);
}

Test(handoff_chain, asks_each_only_once_however_often_it_is_told)
{
    uid first;

    gather(true);
    first = newest().human_call_id;
    carrier_takes();
    leg_ends(first, "no_answer");
    leg_ends(first, "no_answer");
    cr_expect_str_eq(newest().target, "+13125550102");
    cr_expect_eq(tenant_number(&world, "SELECT COUNT(*) FROM handoffs WHERE tenant_id = ?"), 2);
}

Test(handoff_chain, passes_over_whom_the_carrier_does_not_call)
{
    gather(true);
    carrier_refuses();
    leg_ends(newest().human_call_id, "no_answer");
    cr_expect_eq(handoffs_in("failed"), 2, "neither of the others could be called");
    cr_expect_eq(handoffs_in("no_answer"), 1);
    cr_expect_eq(tasks(), 1);
}

Test(handoff_chain, begins_with_the_second_when_the_first_cannot_be_called)
{
    cr_assert(handoff_move(work, &handoff, "dialing"));
    handoff.target = "+19005550100"; /* nobody's callers are passed on to a premium number */
    cr_expect_not_null(gather(true));
    cr_expect_str_eq(newest().target, "+13125550102");
}

Test(handoff_chain, gives_up_after_the_last_one)
{
    bool nobody;

    gather(true);
    for (int i = 0; i < 3; i++) {
        cr_assert(handoff_nobody_came(work, in.call.id, &nobody));
        cr_expect_not(nobody, "number %d is asked", i + 1);
        carrier_takes();
        leg_ends(newest().human_call_id, "no_answer");
    }
    cr_assert(handoff_nobody_came(work, in.call.id, &nobody));
    cr_expect(nobody);
    cr_expect_eq(handoffs_in("no_answer"), 3);
    cr_expect_eq(tasks(), 1);
}

Test(handoff_chain, ends_with_the_caller)
{
    gather(true);
    end_by_carrier(&world, in.call.id, 20);
    carrier_takes();
    leg_ends(newest().human_call_id, "canceled");
    cr_expect_eq(tenant_number(&world, "SELECT COUNT(*) FROM handoffs WHERE tenant_id = ?"), 1);
    cr_expect_eq(tasks(), 0);
}
