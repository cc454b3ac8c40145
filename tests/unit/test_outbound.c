#include <criterion/criterion.h>

#include <string.h>

#include "domain/ledger.h"
#include "domain/outbound.h"
#include "domain/suppressions.h"
#include "fake_carrier.h"
#include "world.h"

static struct world world;
static struct work *const work = &world.work;
static struct fake_carrier carrier;

static void setup(void)
{
    world_begin(&world, NULL, false);
    fake_carrier_start(&carrier);
    world.config.rehearsal_api_base_url = carrier.base_url;
    world.config.allow_private_urls = "yes";
}

static void end(void)
{
    fake_carrier_stop(&carrier);
    world_end(&world);
}

TestSuite(outbound, .init = setup, .fini = end);

static const char *call_json(const char *sid, const char *status)
{
    return arena_format(&work->arena,
                        "{\"sid\":\"%s\",\"status\":\"%s\",\"direction\":\"outbound-api\","
                        "\"from\":\"%s\",\"to\":\"+13125550001\",\"duration\":null,"
                        "\"price\":null,\"start_time\":null,\"end_time\":null}",
                        sid, status, world.number.e164);
}

static bool order(struct call *call)
{
    const struct outbound_order given = {
        .origin = "stateset",
        .from = world.number.e164,
        .to = "+13125550001",
        .machine_detection = "Enable",
        .greeting = "Good evening",
    };

    return outbound_order(work, &given, call);
}

Test(outbound, orders_carry_our_key_and_get_the_carriers_sid)
{
    const char *sid = new_sid(&world, "CA");
    struct call call, found;
    char key[27];

    fake_carrier_answers(&carrier, &work->arena, 201, call_json(sid, "queued"));
    cr_assert(order(&call), "%s", work->error.message);
    cr_expect_str_eq(call.call_sid, sid);
    cr_expect_str_eq(call.state, "queued");
    cr_expect_str_eq(call.direction, "outbound");
    cr_expect_str_eq(call.customer_phone, "+13125550001");
    uid_write_base32(call.id, key);
    cr_expect(strstr(carrier.request, key) != NULL, "%s", carrier.request);
    cr_expect(strstr(carrier.request, "AsyncAmd=true") != NULL);
    cr_assert(call_by_key_anywhere(work, call.id, &found), "the provisional name is an alias");
}

Test(outbound, orders_that_the_carrier_refuses_fail_and_give_the_hold_back)
{
    struct ledger_row row;
    struct call call;
    int64_t balance;

    cr_assert(db_execute(work,
                         "INSERT INTO price_items (scope_tenant_id, sku, valid_from, unit,"
                         " price_micros, currency) VALUES (?, 'voice.outbound.minute',"
                         " '2020-01-01', 'minute', 10000, 'USD')",
                         (const struct param[]){PARAM(work->tenant)}, 1, NULL));
    row_clear(&ledger_entity, &row);
    row.kind = "topup";
    row.amount_micros = 1000000;
    row.dedupe = "topup:1";
    cr_assert(ledger_put(work, &row, NULL));
    fake_carrier_answers(&carrier, &work->arena, 400,
                         "{\"code\":21211,\"message\":\"Invalid 'To'\",\"status\":400}");
    cr_expect_not(order(&call));
    cr_assert(call_get(work, call.id, &call));
    cr_expect_str_eq(call.state, "failed");
    cr_expect_str_eq(call.outcome, "failed");
    cr_expect_str_eq(call.error_code, "21211");
    cr_expect_not(instant_is_none(call.finalized_at));
    cr_assert(ledger_balance(work, LEDGER_CURRENCY, &balance));
    cr_expect_eq(balance, 1000000);
}

Test(outbound, orders_without_an_answer_are_not_known_and_not_repeated)
{
    struct call call;

    fake_carrier_answers(&carrier, &work->arena, 201, "not json at all");
    cr_expect_not(order(&call));
    cr_expect_eq(work->error.what, BUSY);
    cr_assert(call_get(work, call.id, &call));
    cr_expect_str_eq(call.state, "created");
    cr_expect_str_eq(call.error_code, "order_unknown");
}

Test(outbound, orders_without_an_answer_are_settled_by_asking)
{
    const char *sid = new_sid(&world, "CA");
    struct call call;
    bool settled;

    fake_carrier_answers(&carrier, &work->arena, 201, "not json at all");
    order(&call);
    fake_carrier_answers(&carrier, &work->arena, 200, "{\"calls\":[]}");
    cr_assert(outbound_settle(work, call.id, &settled), "%s", work->error.message);
    cr_expect_not(settled, "it may still appear");
    fake_carrier_answers(&carrier, &work->arena, 200,
                         arena_format(&work->arena, "{\"calls\":[%s]}", call_json(sid, "ringing")));
    cr_assert(outbound_settle(work, call.id, &settled), "%s", work->error.message);
    cr_expect(settled);
    cr_assert(call_get(work, call.id, &call));
    cr_expect_str_eq(call.call_sid, sid);
    cr_expect_str_eq(call.state, "ringing");
    cr_expect_null(call.error_code);
}

Test(outbound, orders_that_the_carrier_never_had_fail_in_the_end)
{
    struct call call;
    bool settled;

    fake_carrier_answers(&carrier, &work->arena, 201, "not json at all");
    order(&call);
    fake_carrier_answers(&carrier, &work->arena, 200, "{\"calls\":[]}");
    clock_set(instant_after(clock_now(), 11 * 60 * 1000));
    cr_assert(outbound_settle(work, call.id, &settled), "%s", work->error.message);
    cr_expect(settled);
    cr_assert(call_get(work, call.id, &call));
    cr_expect_str_eq(call.state, "failed");
}

Test(outbound, orders_pass_the_gate_before_anything_is_written)
{
    struct suppression suppression = {
        .channel = "voice", .address = "+13125550001", .source = "api"};
    struct call call;

    cr_assert(suppression_put(work, &suppression));
    cr_expect_not(order(&call));
    cr_expect_eq(work->error.what, FORBIDDEN);
    cr_expect_eq(tenant_number(&world, "SELECT COUNT(*) FROM calls WHERE tenant_id = ?"), 0);
}

Test(outbound, calls_that_were_answered_are_connected)
{
    const char *sid = new_sid(&world, "CA");
    struct call_plan plan;
    struct call call;
    char key[27];

    fake_carrier_answers(&carrier, &work->arena, 201, "not json at all");
    order(&call);
    uid_write_base32(call.id, key);
    work->tenant = 0; /* whose it is, the key says */
    cr_assert(outbound_answered(work, key, sid, "human", &plan), "%s", work->error.message);
    cr_expect_eq(plan.kind, PLAN_CONNECT);
    cr_assert(call_get(work, call.id, &call));
    cr_expect_str_eq(call.call_sid, sid, "learned before the order's own answer");
    cr_expect_str_eq(call.state, "in_progress");
    cr_expect_str_eq(call.answered_by, "human");
}

Test(outbound, calls_that_a_machine_answered_are_hung_up_on)
{
    const char *sid = new_sid(&world, "CA");
    struct call_plan plan;
    struct call call;

    fake_carrier_answers(&carrier, &work->arena, 201, call_json(sid, "queued"));
    cr_assert(order(&call));
    cr_assert(outbound_answered(work, NULL, sid, "machine_start", &plan));
    cr_expect_eq(plan.kind, PLAN_HANGUP);
}

Test(outbound, calls_that_are_not_ours_hear_a_sentence)
{
    const char *sid = new_sid(&world, "CA");
    struct call_plan plan;
    struct call call;

    cr_assert(outbound_answered(work, NULL, sid, NULL, &plan));
    cr_expect_eq(plan.kind, PLAN_SAY);
    fake_carrier_answers(&carrier, &work->arena, 201, call_json(sid, "queued"));
    cr_assert(order(&call));
    work->tenant++; /* proved by another tenant's token */
    cr_assert(outbound_answered(work, NULL, sid, NULL, &plan));
    cr_expect_eq(plan.kind, PLAN_SAY);
    work->tenant--;
}
