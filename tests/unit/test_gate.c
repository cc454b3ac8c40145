#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include <string.h>

#include "domain/gate.h"
#include "domain/ledger.h"
#include "domain/suppressions.h"
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

TestSuite(gate, .init = setup, .fini = end);

/* Whether a call to "to" passes; why not is in work->error. */
static bool passes(const char *to)
{
    const struct outward outward = {.channel = GATE_VOICE, .from = world.number.e164, .to = to};
    struct gate_pass pass;

    return gate_check(work, &outward, &pass) && uid_equal(pass.number, world.number.id);
}

static void change(const char *sql)
{
    cr_assert(db_execute(work, sql, (const struct param[]){PARAM(work->tenant)}, 1, NULL), "%s",
              work->error.message);
}

Test(gate, lets_calls_within_the_own_country_pass)
{
    cr_expect(passes("+13125550001"), "%s", work->error.message);
}

Test(gate, lets_calls_to_public_sip_hosts_pass)
{
    cr_expect(passes("sip:desk@pbx.example.com;transport=tls"), "%s", work->error.message);
    cr_expect(passes("sips:pbx.example.com"), "%s", work->error.message);
}

struct refused {
    char to[48];
    enum failure what;
};

ParameterizedTestParameters(gate, refuses)
{
    static struct refused cases[] = {
        /* clang-format off */
        {"",              INVALID},
        {"3125550001",    INVALID},
        {"sip:a@127.0.0.1", INVALID}, /* our own network */
        {"sip:",          INVALID},
        {"sip:+19005550001@sip.example.com", FORBIDDEN},
        {"+19005550001",  FORBIDDEN}, /* premium */
        {"+14165550001",  FORBIDDEN}, /* Canada */
        {"+18765550001",  FORBIDDEN}, /* Jamaica */
        {"+442071838750", FORBIDDEN},
        {"+881612345678", FORBIDDEN}, /* satellite */
        {"+870773123456", FORBIDDEN},
        {"+979123456789", FORBIDDEN},
        {"+999123456789", FORBIDDEN}, /* nobody's */
        /* clang-format on */
    };

    return cr_make_param_array(struct refused, cases, COUNT(cases));
}

ParameterizedTest(struct refused *given, gate, refuses)
{
    cr_expect_not(passes(given->to), "%s", given->to);
    cr_expect_eq(work->error.what, given->what, "%s: %s", given->to, work->error.message);
}

Test(gate, lets_no_one_call_from_anothers_number)
{
    struct outward outward = {.channel = GATE_VOICE, .from = "+13125550009", .to = "+13125550001"};

    cr_expect_not(gate_check(work, &outward, NULL));
    cr_expect_eq(work->error.what, INVALID);
    cr_expect_str_eq(work->error.field, "from");
    outward.from = NULL;
    cr_expect_not(gate_check(work, &outward, NULL));
    change("UPDATE phone_numbers SET status = 'suspended' WHERE tenant_id = ?");
    outward.from = world.number.e164;
    cr_expect_not(gate_check(work, &outward, NULL));
}

Test(gate, opens_the_countries_that_the_settings_name_and_no_premium_number_there)
{
    change("UPDATE tenants SET config = '{\"outbound\":{\"allowed_countries\":[\"GB\"]}}'"
           " WHERE id = ?");
    cr_expect(passes("+442071838750"), "%s", work->error.message);
    cr_expect_not(passes("+13125550001"), "named countries take the place of the own one");
    cr_expect_not(passes("+449098790879"), "premium");
    change("UPDATE tenants SET config = '{\"outbound\":{\"allowed_countries\":[\"*\"]}}'"
           " WHERE id = ?");
    cr_expect(passes("+4930123456"));
    cr_expect_not(passes("+881612345678"));
}

Test(gate, respects_who_does_not_want_to_be_called)
{
    struct suppression suppression = {
        .channel = "voice", .address = "+13125550001", .source = "api"};

    cr_assert(suppression_put(work, &suppression));
    cr_expect_not(passes("+13125550001"));
    cr_expect_eq(work->error.what, FORBIDDEN);
    cr_expect(passes("+13125550002"));
    cr_assert(suppression_lift(work, "voice", "+13125550001", ""));
    cr_expect(passes("+13125550001"));
    suppression.channel = "all";
    cr_assert(suppression_put(work, &suppression));
    cr_expect_not(passes("+13125550001"));
    work->tenant++;
    bool suppressed;
    cr_assert(is_suppressed(work, "voice", "+13125550001", "", &suppressed));
    cr_expect_not(suppressed, "another tenant's list");
    work->tenant--;
}

Test(gate, counts_calls_at_once_but_no_leg_of_a_running_call)
{
    struct outward transfer = {
        .channel = GATE_VOICE, .from = world.number.e164, .to = "+13125550001", .transfer = true};

    change("UPDATE tenants SET max_concurrent_calls = 1 WHERE id = ?");
    cr_expect(passes("+13125550001"));
    call_in(&world);
    cr_expect_not(passes("+13125550001"));
    cr_expect_eq(work->error.what, LIMIT_REACHED);
    cr_expect_gt(work->error.retry_after_seconds, 0, "calls end");
    cr_expect(gate_check(work, &transfer, NULL));
    transfer.beside = 1;
    cr_expect_not(gate_check(work, &transfer, NULL), "a second one that rings takes a slot");
    change("UPDATE tenants SET max_concurrent_calls = 2 WHERE id = ?");
    cr_expect(gate_check(work, &transfer, NULL));
}

/* An outbound call that ended a while ago. */
static void past_call(int64_t duration_seconds, int64_t ago_ms)
{
    struct call call;

    call_begin(work, &call);
    call.carrier = "sim";
    call.origin = "stateset";
    call.direction = "outbound";
    call.state = "completed";
    call.duration_seconds = duration_seconds;
    call.started_at = instant_after(clock_now(), -ago_ms);
    cr_assert(call_insert(work, &call));
}

Test(gate, caps_the_calls_and_minutes_of_a_day)
{
    change("UPDATE tenants SET config ="
           " '{\"outbound\":{\"daily_calls\":2,\"daily_minutes\":10}}' WHERE id = ?");
    past_call(60, 25 * 3600 * 1000);
    past_call(60, 3600 * 1000);
    cr_expect(passes("+13125550001"));
    past_call(60, 3600 * 1000);
    cr_expect_not(passes("+13125550001"));
    cr_expect_eq(work->error.what, LIMIT_REACHED);
    cr_expect_eq(work->error.retry_after_seconds, 0, "a day does not pass in seconds");
    change("UPDATE tenants SET config ="
           " '{\"outbound\":{\"daily_calls\":9,\"daily_minutes\":2}}' WHERE id = ?");
    cr_expect_not(passes("+13125550001"), "minutes");
}

Test(gate, asks_for_money_where_there_is_a_price)
{
    struct ledger_row row;

    change("INSERT INTO price_items (scope_tenant_id, sku, valid_from, unit, price_micros,"
           " currency) VALUES (?, 'voice.outbound.minute', '2020-01-01', 'minute', 10000, 'USD')");
    cr_expect_not(passes("+13125550001"));
    cr_expect_eq(work->error.what, UNPAID);
    row_clear(&ledger_entity, &row);
    row.kind = "topup";
    row.amount_micros = 1000000;
    row.dedupe = "topup:1";
    cr_assert(ledger_put(work, &row, NULL));
    cr_expect(passes("+13125550001"), "%s", work->error.message);
    change("UPDATE tenants SET config = '{\"outbound\":{\"daily_spend_micros\":5}}' WHERE id = ?");
    row_clear(&ledger_entity, &row);
    row.kind = "call";
    row.amount_micros = -6;
    row.dedupe = "call:1";
    cr_assert(ledger_put(work, &row, NULL));
    cr_expect_not(passes("+13125550001"));
    cr_expect_eq(work->error.what, LIMIT_REACHED);
}

Test(gate, is_closed_for_suspended_tenants)
{
    change("UPDATE tenants SET status = 'suspended' WHERE id = ?");
    cr_expect_not(passes("+13125550001"));
    cr_expect_eq(work->error.what, FORBIDDEN);
}
