#include <criterion/criterion.h>

#include "domain/ledger.h"
#include "tenancy.h"

static struct work work;
static struct tenant tenant;

static void setup(void)
{
    clock_set(
        (instant){1762077600000}); /* before the first key is made, because keys never go back */
    work = tenancy_begin(&tenant, NULL);
}

static void end(void)
{
    tenancy_end(&work);
}

TestSuite(ledger, .init = setup, .fini = end);

static bool put(const char *kind, int64_t micros, const char *dedupe)
{
    struct ledger_row row = {.kind = kind, .amount_micros = micros, .dedupe = dedupe};
    bool fresh;

    cr_assert(ledger_put(&work, &row, &fresh), "%s", work.error.message);
    return fresh;
}

static int64_t balance(void)
{
    int64_t micros;

    cr_assert(ledger_balance(&work, "USD", &micros));
    return micros;
}

Test(ledger, begins_with_nothing)
{
    cr_expect_eq(balance(), 0);
}

Test(ledger, adds_up)
{
    put("topup", 50000000, "topup:1");
    put("number", -5000000, "number:1:2026-11");
    put("call", -13000, "call:1");
    cr_expect_eq(balance(), 44987000);
}

Test(ledger, takes_nothing_twice)
{
    cr_expect(put("topup", 50000000, "topup:1"));
    cr_expect_not(put("topup", 50000000, "topup:1"));
    cr_expect_not(put("topup", 70000000, "topup:1"), "whatever the amount");
    cr_expect_eq(balance(), 50000000);
}

static bool put_twice(struct work *inside, void *with)
{
    (void)inside, (void)with;
    put("topup", 1, "topup:1");
    put("topup", 1, "topup:1");
    put("topup", 1, "topup:2");
    return true;
}

Test(ledger, goes_on_after_a_repetition_inside_a_transaction)
{
    cr_assert(db_transaction(&work, put_twice, NULL), "%s", work.error.message);
    cr_expect_eq(balance(), 2);
}

Test(ledger, knows_tenants_and_currencies_apart)
{
    struct ledger_row euros = {
        .kind = "topup", .amount_micros = 7, .currency = "EUR", .dedupe = "topup:eur"};
    struct tenant other;
    int64_t micros;

    put("topup", 5, "topup:1");
    cr_assert(ledger_put(&work, &euros, NULL));
    cr_expect_eq(balance(), 5);
    cr_assert(ledger_balance(&work, "EUR", &micros));
    cr_expect_eq(micros, 7);
    tenancy_other(&work, &other);
    work.tenant = other.id;
    cr_expect_eq(balance(), 0);
    cr_expect(put("topup", 1, "topup:1"), "dedupe is a tenant's own");
}

Test(ledger, keeps_its_sum_when_it_is_folded)
{
    instant now = clock_now();

    put("topup", 50000000, "topup:1");
    clock_advance_ms(1000);
    put("number", -5000000, "number:1");
    clock_advance_ms(1000);
    put("call", -1000000, "call:1");
    cr_assert(ledger_fold(&work, "USD", instant_after(now, 1500)), "%s", work.error.message);
    cr_expect_eq(balance(), 44000000);
    cr_expect_eq(tenancy_number(&work, "SELECT settled_micros FROM billing_balances"
                                       " WHERE tenant_id = ?"),
                 45000000);
    cr_assert(ledger_fold(&work, "USD", instant_after(now, 1500)));
    cr_assert(ledger_fold(&work, "USD", instant_after(now, 500)), "never backwards");
    cr_expect_eq(balance(), 44000000);
    cr_assert(ledger_fold(&work, "USD", instant_after(now, 5000)));
    put("refund", 10, "refund:1");
    clock_advance_ms(10000);
    put("refund", 10, "refund:2");
    cr_expect_eq(tenancy_number(&work, "SELECT settled_micros FROM billing_balances"
                                       " WHERE tenant_id = ?"),
                 44000000);
}

static void set_price(int64_t scope, const char *sku, instant from, int64_t micros)
{
    static const char sql[] = "INSERT INTO price_items (scope_tenant_id, sku, valid_from, unit,"
                              " price_micros, currency) VALUES (?, ?, ?, 'month', ?, 'USD')";
    const struct param params[] = {PARAM(scope), PARAM(sku), PARAM(from), PARAM(micros)};

    cr_assert(db_execute(&work, sql, params, COUNT(params), NULL), "%s", work.error.message);
}

/* The goods are this test's own, because prices of the platform are everybody's. */
Test(ledger, finds_the_price_that_is_valid)
{
    const char *sku = arena_format(&work.arena, "goods.%lld", (long long)tenant.id);
    instant now = {1762077600000};
    int64_t micros;

    cr_assert(price_of(&work, sku, now, 42, &micros));
    cr_expect_eq(micros, 42, "no price list");
    set_price(0, sku, instant_after(now, -2000), 100);
    set_price(0, sku, instant_after(now, -1000), 200);
    set_price(0, sku, instant_after(now, 1000), 300);
    cr_assert(price_of(&work, sku, now, 42, &micros));
    cr_expect_eq(micros, 200);
    set_price(tenant.id, sku, instant_after(now, -5000), 50);
    cr_assert(price_of(&work, sku, now, 42, &micros));
    cr_expect_eq(micros, 50, "the tenant's own comes first");
}

Test(ledger, knows_whether_prices_bind_the_tenant)
{
    bool exist;

    set_price(tenant.id, "x", (instant){1000}, 1);
    cr_assert(prices_exist(&work, &exist));
    cr_expect(exist);
}
