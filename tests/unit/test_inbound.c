#include <criterion/criterion.h>

#include <string.h>

#include "domain/after.h"
#include "domain/handoffs.h"
#include "domain/ledger.h"
#include "domain/tokens.h"
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

TestSuite(inbound, .init = setup, .fini = end);

static struct call_plan begin(struct inbound_facts facts)
{
    struct call_plan plan;

    cr_assert(inbound_begin(work, &facts, &plan), "%s", work->error.message);
    return plan;
}

static struct call call_of(const char *call_sid)
{
    struct call call;

    cr_assert(call_by_sid(work, call_sid, &call), "%s", work->error.message);
    return call;
}

Test(inbound, calls_are_connected_to_a_node_by_a_token_for_their_session)
{
    struct incoming in = call_in(&world);
    struct token token;

    cr_assert(token_read(work, TOKEN_STREAM, in.plan.stream_token, &token));
    cr_expect(uid_equal(token.call, in.call.id));
    cr_expect(uid_equal(token.session, in.session.id));
    cr_expect(uid_equal(token.agent_version, world.version.id));
    cr_expect(strncmp(in.plan.stream_url, "wss://", 6) == 0);
    cr_expect(strstr(in.plan.stream_url, "/media-stream/v1.") != NULL);
    cr_expect(strncmp(in.plan.after_url, "https://voice.example.com/hooks/twilio/after/v1.", 48) ==
              0);
    cr_expect_str_eq(in.call.state, "ringing");
    cr_expect_str_eq(in.call.direction, "inbound");
    cr_expect(uid_equal(in.call.phone_number_id, world.number.id));
    cr_expect_str_eq(in.call.agent_name, "Front desk");
    cr_expect_str_eq(in.session.call_type, "inbound");
}

Test(inbound, calls_told_of_again_get_a_fresh_token_on_the_same_session)
{
    struct inbound_facts facts = facts_from(&world, "+13125550001");
    struct call_plan first = begin(facts), second;
    struct token a, b;

    clock_set(instant_after(clock_now(), 1000));
    second = begin(facts);
    cr_assert_eq(second.kind, PLAN_CONNECT);
    cr_assert(token_read(work, TOKEN_STREAM, first.stream_token, &a));
    cr_assert(token_read(work, TOKEN_STREAM, second.stream_token, &b));
    cr_expect(uid_equal(a.session, b.session));
    cr_expect_str_neq(first.stream_token, second.stream_token);
    cr_expect_eq(tenant_number(&world, "SELECT COUNT(*) FROM calls WHERE tenant_id = ?"), 1);
}

Test(inbound, withheld_numbers_and_odd_callers_are_kept_as_they_are)
{
    struct inbound_facts facts = facts_from(&world, "anonymous");
    struct call call;

    facts.caller_name = "Zo\xc3\xab \xff";
    begin(facts);
    call = call_of(facts.call_sid);
    cr_expect_str_eq(call.customer_phone, "anonymous");
    cr_expect_str_eq(call.caller_name, "Zo\xc3\xab \xef\xbf\xbd");
    facts = facts_from(&world, "client:\xc3\xa9l\xc3\xa8ne");
    begin(facts);
    call = call_of(facts.call_sid);
    cr_expect_str_eq(call.from_addr, "client:??l??ne");
    cr_expect_str_eq(call.channel, "web");
}

Test(inbound, calls_without_a_sid_are_refused)
{
    struct inbound_facts facts = facts_from(&world, "+13125550001");
    struct call_plan plan;

    facts.call_sid = "CA1";
    cr_expect_not(inbound_begin(work, &facts, &plan));
    cr_expect_eq(work->error.what, INVALID);
}

Test(inbound, calls_to_a_number_without_an_agent_are_asked_for_a_message)
{
    struct inbound_facts facts = facts_from(&world, "+13125550001");
    struct call_plan plan;
    struct call call;

    cr_assert(db_execute(work, "DELETE FROM phone_routes WHERE tenant_id = ?",
                         (const struct param[]){PARAM(work->tenant)}, 1, NULL));
    plan = begin(facts);
    cr_expect_eq(plan.kind, PLAN_VOICEMAIL);
    cr_expect(strlen(plan.say) > 20);
    call = call_of(facts.call_sid);
    cr_expect_str_eq(call.end_reason, "no_route");
    begin(facts);
    cr_expect_eq(tenant_number(&world, "SELECT COUNT(*) FROM callback_tasks WHERE tenant_id = ?"),
                 1, "asked twice, one task");
}

Test(inbound, calls_beyond_the_limit_are_passed_on_to_the_business)
{
    struct inbound_facts facts;
    struct handoff handoff;
    struct call_plan plan;
    struct call call;

    cr_assert(db_execute(work,
                         "UPDATE phone_numbers SET business_phone = '+13125557777'"
                         " WHERE tenant_id = ?",
                         (const struct param[]){PARAM(work->tenant)}, 1, NULL));
    cr_assert(db_execute(work, "UPDATE tenants SET max_concurrent_calls = 1 WHERE id = ?",
                         (const struct param[]){PARAM(work->tenant)}, 1, NULL));
    call_in(&world);
    facts = facts_from(&world, "+13125550001");
    plan = begin(facts);
    cr_assert_eq(plan.kind, PLAN_DIAL);
    cr_expect_str_eq(plan.dial_to, "+13125557777");
    call = call_of(facts.call_sid);
    cr_expect_str_eq(call.end_reason, "refused");
    cr_assert(handoff_open(work, call.id, &handoff));
    cr_expect_str_eq(handoff.initiated_by, "fallback");
    cr_expect_not(call.escalated, "nobody escalated");
}

Test(inbound, calls_are_not_passed_on_to_premium_numbers)
{
    cr_assert(db_execute(work,
                         "UPDATE phone_numbers SET business_phone = '+19005557777'"
                         " WHERE tenant_id = ?",
                         (const struct param[]){PARAM(work->tenant)}, 1, NULL));
    cr_assert(db_execute(work, "UPDATE tenants SET max_concurrent_calls = 0 WHERE id = ?",
                         (const struct param[]){PARAM(work->tenant)}, 1, NULL));
    cr_expect_eq(begin(facts_from(&world, "+13125550001")).kind, PLAN_VOICEMAIL);
}

Test(inbound, calls_of_a_suspended_tenant_hear_a_sentence)
{
    struct inbound_facts facts = facts_from(&world, "+13125550001");
    struct call_plan plan;

    cr_assert(db_execute(work, "UPDATE tenants SET status = 'suspended' WHERE id = ?",
                         (const struct param[]){PARAM(work->tenant)}, 1, NULL));
    plan = begin(facts);
    cr_expect_eq(plan.kind, PLAN_SAY);
    cr_expect(strlen(plan.say) > 20);
    cr_expect_str_eq(call_of(facts.call_sid).end_reason, "refused");
}

Test(inbound, calls_that_the_balance_does_not_cover_are_not_connected)
{
    struct inbound_facts facts = facts_from(&world, "+13125550001");
    struct ledger_row row;

    cr_assert(db_execute(work,
                         "INSERT INTO price_items (scope_tenant_id, sku, valid_from, unit,"
                         " price_micros, currency) VALUES (?, 'voice.inbound.minute',"
                         " '2020-01-01', 'minute', 10000, 'USD')",
                         (const struct param[]){PARAM(work->tenant)}, 1, NULL));
    cr_expect_eq(begin(facts).kind, PLAN_VOICEMAIL);
    cr_expect_str_eq(call_of(facts.call_sid).end_reason, "balance");
    row_clear(&ledger_entity, &row);
    row.kind = "topup";
    row.amount_micros = 30000;
    row.dedupe = "topup:1";
    cr_assert(ledger_put(work, &row, NULL));
    cr_expect_eq(begin(facts_from(&world, "+13125550001")).kind, PLAN_CONNECT);
}

Test(inbound_alone, calls_without_a_node_go_down_the_ladder, .init = NULL, .fini = NULL)
{
    struct inbound_facts facts;

    world_begin(&world, "{\"fallback\":{\"voicemail\":false,\"sentence\":\"Bye for now.\"}}", true);
    cr_assert(node_set_state(work, &world.node, "draining"));
    facts = facts_from(&world, "+13125550001");
    cr_expect_str_eq(begin(facts).say, "Bye for now.");
    cr_expect_str_eq(call_of(facts.call_sid).end_reason, "node_lost");
    world_end(&world);
}

Test(inbound, calls_missed_in_an_outage_are_written_down_with_a_task)
{
    struct inbound_facts facts = facts_from(&world, "+13125550001");
    struct call call;

    cr_assert(inbound_missed(work, &facts), "%s", work->error.message);
    cr_assert(inbound_missed(work, &facts));
    call = call_of(facts.call_sid);
    cr_expect_str_eq(call.state, "completed");
    cr_expect_not(instant_is_none(call.finalized_at));
    cr_expect_str_eq(call.resolution, "callback_scheduled");
    cr_expect_eq(tenant_number(&world, "SELECT COUNT(*) FROM callback_tasks WHERE tenant_id = ?"),
                 1);
}

/* After the stream. */

static struct token after_token(const struct incoming *in)
{
    const char *slash = strrchr(in->plan.after_url, '/');
    struct token token;

    cr_assert(token_read(work, TOKEN_AFTER, slash + 1, &token), "%s", work->error.message);
    return token;
}

static struct call_plan after(const struct incoming *in, const char *dial_status, int64_t waited)
{
    const struct after_facts facts = {.dial_status = dial_status, .waited = waited};
    struct token token = after_token(in);
    struct call_plan plan;

    cr_assert(after_connect(work, &token, &facts, &plan), "%s", work->error.message);
    return plan;
}

static void end_session(const struct incoming *in, const char *result)
{
    const struct session_end how = {.result = result,
                                    .at = NO_INSTANT,
                                    .duration_ms = NO_INTEGER,
                                    .model_segments = NO_INTEGER};

    cr_assert(session_end(work, in->session.id, &how, NULL), "%s", work->error.message);
}

Test(inbound, calls_whose_session_ended_are_hung_up)
{
    struct incoming in = call_in(&world);

    claim_stream(&world, &in);
    end_session(&in, "completed");
    cr_expect_eq(after(&in, NULL, 0).kind, PLAN_HANGUP);
}

Test(inbound, calls_give_a_live_node_time_to_say_how_the_session_ended)
{
    struct incoming in = call_in(&world);
    struct call_plan plan;

    claim_stream(&world, &in);
    plan = after(&in, NULL, 0);
    cr_expect_eq(plan.kind, PLAN_WAIT);
    cr_expect(strstr(plan.after_url, "?waited=1") != NULL);
    cr_expect_eq(after(&in, NULL, 1).kind, PLAN_WAIT);
    cr_expect_eq(after(&in, NULL, 2).kind, PLAN_CONNECT);
}

Test(inbound, calls_of_a_lost_node_go_on_in_a_new_session_at_once)
{
    struct incoming in = call_in(&world);
    struct voice_session next;
    struct call_plan plan;

    claim_stream(&world, &in);
    cr_assert(node_set_state(work, &world.node, "down"));
    cr_assert(db_execute(work, "UPDATE voice_sessions SET node_epoch = 1 WHERE tenant_id = ?",
                         (const struct param[]){PARAM(work->tenant)}, 1, NULL));
    cr_assert(node_set_state(work, &world.node, "up"));
    plan = after(&in, NULL, 0);
    cr_assert_eq(plan.kind, PLAN_CONNECT);
    cr_assert(session_of_call(work, in.call.id, &next));
    cr_expect(uid_equal(next.resume_of, in.session.id));
    cr_expect_eq(next.resume_count, 1);
    cr_expect_null(next.greeting, "nobody is greeted twice");
    cr_assert(session_get(work, in.session.id, &in.session));
    cr_expect_str_eq(in.session.state, "lost");
    plan = after(&in, NULL, 0);
    cr_expect_eq(plan.kind, PLAN_CONNECT, "asked twice");
    cr_expect_eq(tenant_number(&world, "SELECT COUNT(*) FROM voice_sessions WHERE tenant_id = ?"),
                 2);
}

Test(inbound, calls_are_resumed_twice_and_then_go_down_the_ladder)
{
    struct incoming in = call_in(&world);

    for (int i = 0; i < RESUME_LIMIT; i++) {
        claim_stream(&world, &in);
        in.plan = after(&in, NULL, AFTER_WAITS);
        cr_assert_eq(in.plan.kind, PLAN_CONNECT);
        clock_set(instant_after(clock_now(), 1000));
    }
    claim_stream(&world, &in);
    cr_expect_eq(after(&in, NULL, AFTER_WAITS).kind, PLAN_VOICEMAIL);
    cr_expect_str_eq(call_of(in.call.call_sid).end_reason, "node_lost");
}

Test(inbound, calls_whose_stream_was_never_taken_are_offered_again_for_a_while)
{
    struct incoming in = call_in(&world);
    struct call_plan plan;
    int64_t waited = 0;
    int offered = 0;

    for (; waited < 100; waited++) {
        plan = after(&in, NULL, waited);
        offered += plan.kind == PLAN_CONNECT;
        if (plan.kind != PLAN_CONNECT && plan.kind != PLAN_WAIT)
            break;
        cr_expect(strstr(plan.after_url, arena_format(&work->arena, "?waited=%lld",
                                                      (long long)waited + 1)) != NULL);
    }
    cr_expect_gt(offered, 1);
    cr_expect_eq(plan.kind, PLAN_VOICEMAIL);
    cr_expect_eq(tenant_number(&world, "SELECT COUNT(*) FROM voice_sessions WHERE tenant_id = ?"),
                 1, "the same session all the time");
}

Test(inbound, calls_are_passed_on_to_whom_the_agent_named)
{
    struct incoming in = call_in(&world);
    struct handoff handoff = {.call_id = in.call.id,
                              .mode = "cold",
                              .initiated_by = "ai",
                              .target = "+13125558888",
                              .reason = "The caller asked for a human"};
    struct call_plan plan;

    claim_stream(&world, &in);
    cr_assert(handoff_request(work, &handoff), "%s", work->error.message);
    end_session(&in, "transferred");
    plan = after(&in, NULL, 0);
    cr_assert_eq(plan.kind, PLAN_DIAL);
    cr_expect_str_eq(plan.dial_to, "+13125558888");
    cr_expect_null(plan.caller_id, "the human sees who calls");
    cr_expect(call_of(in.call.call_sid).escalated);
    in.plan = plan;
    cr_expect_eq(after(&in, "completed", 0).kind, PLAN_HANGUP);
    cr_expect_not(handoff_open(work, in.call.id, &handoff), "it is over");
}

Test(inbound, calls_that_the_human_did_not_take_are_asked_for_a_message)
{
    struct incoming in = call_in(&world);
    struct handoff handoff = {
        .call_id = in.call.id, .mode = "cold", .initiated_by = "ai", .target = "+13125558888"};

    claim_stream(&world, &in);
    cr_assert(handoff_request(work, &handoff));
    end_session(&in, "transferred");
    in.plan = after(&in, NULL, 0);
    in.plan = after(&in, "no-answer", 0);
    cr_expect_eq(in.plan.kind, PLAN_VOICEMAIL);
    cr_expect_eq(after(&in, NULL, 0).kind, PLAN_HANGUP, "after the message");
    cr_expect_eq(tenant_number(&world, "SELECT COUNT(*) FROM handoffs WHERE tenant_id = ?"
                                       " AND state = 'no_answer'"),
                 1);
}

Test(inbound, calls_that_the_business_did_not_take_are_not_passed_on_again)
{
    struct incoming in = {0};
    struct inbound_facts facts = facts_from(&world, "+13125550001");

    cr_assert(db_execute(work,
                         "UPDATE phone_numbers SET business_phone = '+13125557777'"
                         " WHERE tenant_id = ?",
                         (const struct param[]){PARAM(work->tenant)}, 1, NULL));
    cr_assert(db_execute(work, "UPDATE tenants SET max_concurrent_calls = 0 WHERE id = ?",
                         (const struct param[]){PARAM(work->tenant)}, 1, NULL));
    in.plan = begin(facts);
    cr_assert_eq(in.plan.kind, PLAN_DIAL);
    cr_expect_eq(after(&in, "busy", 0).kind, PLAN_VOICEMAIL);
    cr_expect_eq(begin(facts).kind, PLAN_VOICEMAIL, "nor when the carrier asks anew");
}

Test(inbound, calls_are_not_passed_on_past_the_gate)
{
    struct incoming in = call_in(&world);
    struct handoff handoff = {
        .call_id = in.call.id, .mode = "cold", .initiated_by = "ai", .target = "+442071838750"};

    claim_stream(&world, &in);
    cr_assert(handoff_request(work, &handoff));
    end_session(&in, "transferred");
    cr_expect_eq(after(&in, NULL, 0).kind, PLAN_VOICEMAIL, "another country");
}

Test(inbound, calls_that_are_over_stay_over)
{
    struct incoming in = call_in(&world);

    claim_stream(&world, &in);
    end_by_carrier(&world, in.call.id, 5);
    cr_expect_eq(after(&in, NULL, 0).kind, PLAN_HANGUP);
}
