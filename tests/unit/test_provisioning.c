#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "core/json.h"
#include "domain/ledger.h"
#include "domain/phone_routes.h"
#include "domain/provisioning.h"
#include "domain/webhooks.h"
#include "fake_carrier.h"
#include "tenancy.h"

enum { TWO_MINUTES_MS = 2 * 60 * 1000 };

static struct work work;
static struct tenant tenant;
static struct fake_carrier carrier;
static struct phone_number number;
static const char *secret;

static void add_funds(int64_t dollars)
{
    char id[37];
    struct ledger_row row = {.kind = "topup", .amount_micros = dollars * 1000000};

    uid_write_uuid(uid_new(), id);
    row.dedupe = id;
    cr_assert(ledger_put(&work, &row, NULL));
}

static void setup(void)
{
    clock_set((instant){1762077600000}); /* 2 November 2025, 10:00, before any key is made */
    fake_carrier_start(&carrier);
    tenancy_config.rehearsal_api_base_url = carrier.base_url;
    tenancy_config.rehearsal_account_sid = "AC00000000000000000000000000000001";
    tenancy_config.rehearsal_auth_token = "a token for rehearsals";
    work = tenancy_begin(&tenant, "{\"limits\":{\"max_numbers\":4}}");
    add_funds(100);
}

static void end(void)
{
    tenancy_end(&work);
    fake_carrier_stop(&carrier);
}

TestSuite(provisioning, .init = setup, .fini = end);

static bool order(const struct number_wish *wish)
{
    struct number_wish whole = *wish;

    whole.api_origin = "kwickphone";
    whole.with_webhook = true;
    return number_provision(&work, &tenant, &whole, &number, &secret);
}

static int64_t balance(void)
{
    int64_t micros;

    cr_assert(ledger_balance(&work, LEDGER_CURRENCY, &micros));
    return micros;
}

static int64_t months_charged(void)
{
    return tenancy_number(&work, "SELECT COUNT(*) FROM billing_ledger WHERE tenant_id = ?"
                                 " AND kind = 'number' AND amount_micros = -5000000");
}

static int64_t in_state(const char *status)
{
    static const char sql[] =
        "SELECT COUNT(*) FROM phone_numbers WHERE tenant_id = ? AND status = ?";
    const struct param params[] = {PARAM(work.tenant), PARAM(status)};
    int64_t count;

    cr_assert(db_number(&work, sql, params, COUNT(params), 0, &count));
    return count;
}

/* The one number in that state. */
static struct phone_number the_one(const char *status)
{
    static const char sql[] =
        "SELECT id, seq FROM phone_numbers WHERE tenant_id = ? AND status = ?";
    const struct param params[] = {PARAM(work.tenant), PARAM(status)};
    struct phone_number found;

    cr_assert(db_find(&work, sql, params, COUNT(params), &phone_number_entity, &found));
    cr_assert(number_find(&work, found.id, &found));
    return found;
}

Test(provisioning, buys_routes_and_charges)
{
    struct webhook_endpoint endpoint;
    struct phone_route route;

    cr_assert(order(&(struct number_wish){.area_code = "312",
                                          .business_phone = "+13125551234",
                                          .webhook_url = "https://hooks.example.com/k"}),
              "%s", work.error.message);
    cr_expect_str_eq(number.status, "active");
    cr_expect_eq(strncmp(number.e164, "+1312", 5), 0);
    cr_expect_eq(number.seq, 1);
    cr_expect_eq(strncmp(number.carrier_sid, "PN", 2), 0);
    cr_expect_str_eq(number.source, "simulated");
    cr_expect_str_eq(number.webhook_url, "https://hooks.example.com/k");
    cr_expect(number.sms);
    cr_expect_eq(number.billed_until.ms, 1764669600000, "2 December");
    cr_assert(phone_route_for(&work, number.e164, "inbound", &route));
    cr_expect_str_eq(route.agent_key, "line-13125551234");
    cr_expect_neq(route.resolved_version_number, NO_INTEGER, "the agent is published");
    cr_assert(webhook_of_number(&work, number.id, &endpoint));
    cr_expect(endpoint.enabled);
    cr_expect_str_eq(webhook_secret(&work, &endpoint), secret);
    cr_expect_eq(strncmp(secret, "whsec_", 6), 0);
    cr_expect_eq(balance(), 95000000);
    cr_expect_eq(months_charged(), 1);
}

Test(provisioning, tells_the_carrier_where_to_call)
{
    const struct fake_number *sold;

    cr_assert(order(&(struct number_wish){.area_code = "312"}));
    sold = fake_carrier_sold(&carrier, number.friendly_name);
    cr_assert_not_null(sold);
    cr_expect_not_null(
        strstr(sold->form, "VoiceUrl=https%3A%2F%2Fvoice.example.com%2Fapi%2Fv1%2Fincoming-call"));
    cr_expect_not_null(strstr(
        sold->form, "StatusCallback=https%3A%2F%2Fvoice.example.com%2Fapi%2Fv1%2Fcall-status"));
    cr_expect_not_null(
        strstr(sold->form, "SmsUrl=https%3A%2F%2Fvoice.example.com%2Fhooks%2Ftwilio%2Fsms"));
}

Test(provisioning, has_a_secret_without_a_webhook)
{
    struct webhook_endpoint endpoint;

    cr_assert(order(&(struct number_wish){0}));
    cr_expect_eq(strncmp(secret, "whsec_", 6), 0);
    cr_expect_null(number.webhook_url);
    cr_assert(webhook_of_number(&work, number.id, &endpoint));
    cr_expect_not(endpoint.enabled);
}

Test(provisioning, gives_one_line_one_agent)
{
    struct phone_route first, second, third;

    cr_assert(order(&(struct number_wish){.business_phone = "+13125551234"}));
    cr_assert(phone_route_for(&work, number.e164, "inbound", &first));
    cr_assert(order(&(struct number_wish){.business_phone = "+13125551234"}));
    cr_assert(phone_route_for(&work, number.e164, "inbound", &second));
    cr_assert(order(&(struct number_wish){.business_phone = "+13125559999"}));
    cr_assert(phone_route_for(&work, number.e164, "inbound", &third));
    cr_expect(uid_equal(first.agent_id, second.agent_id));
    cr_expect_not(uid_equal(first.agent_id, third.agent_id));
}

/* Whoever moved the line to an agent of his own keeps it there. */
Test(provisioning, follows_the_line_to_another_agent)
{
    struct agent mine = tenancy_agent(&work, "mine");
    struct phone_route route;

    cr_assert(order(&(struct number_wish){.business_phone = "+13125551234"}));
    cr_assert(phone_route_for(&work, number.e164, "inbound", &route));
    route.agent_id = mine.id;
    cr_assert(phone_route_put(&work, &route));
    cr_assert(order(&(struct number_wish){.business_phone = "+13125551234"}));
    cr_assert(phone_route_for(&work, number.e164, "inbound", &route));
    cr_expect_str_eq(route.agent_key, "mine");
}

Test(provisioning, makes_agents_from_the_template)
{
    json_object *config =
        json_parse("{\"agent_template\":{\"greeting\":\"Moin\",\"voice\":\"ash\"}}");
    struct agent_version version;
    struct agent agent;
    bool created;

    cr_assert(tenant_put(&work, tenant.tenant_key, config, NULL, &tenant, &created));
    json_object_put(config);
    cr_assert(order(&(struct number_wish){0}));
    cr_assert(agent_by_key(&work, "line-default", &agent));
    cr_assert(agent_version_find(&work, agent.published_version_id, &version));
    cr_expect_not_null(strstr(version.config.json, "\"greeting\":\"Moin\""));
    cr_expect_not_null(strstr(version.config.json, "\"voice\":\"ash\""));
    cr_expect_not_null(strstr(version.config.json, "\"instructions\":"));
}

Test(provisioning, asks_for_money_first)
{
    struct ledger_row row = {
        .kind = "charge", .amount_micros = -95000001, .dedupe = "charge:all but too little"};

    cr_assert(ledger_put(&work, &row, NULL));
    cr_expect_not(order(&(struct number_wish){0}));
    cr_expect_eq(work.error.what, UNPAID);
    cr_expect_eq(carrier.searches, 0);
    row = (struct ledger_row){.kind = "topup", .amount_micros = 1, .dedupe = "topup:one"};
    cr_assert(ledger_put(&work, &row, NULL));
    cr_expect(order(&(struct number_wish){0}), "five dollars are enough");
    cr_expect_eq(balance(), 0);
}

Test(provisioning, spends_no_money_twice)
{
    struct ledger_row row = {
        .kind = "charge", .amount_micros = -95000000, .dedupe = "charge:all but one month"};

    cr_assert(ledger_put(&work, &row, NULL));
    carrier.sales_lost = 1;
    cr_expect_not(order(&(struct number_wish){0}));
    cr_expect_eq(in_state("provisioning"), 1);
    cr_expect_not(order(&(struct number_wish){0}));
    cr_expect_eq(work.error.what, UNPAID, "the month is promised to the order under way");
}

Test(provisioning, takes_the_price_from_the_list)
{
    static const char sql[] = "INSERT INTO price_items (scope_tenant_id, sku, valid_from, unit,"
                              " price_micros, currency)"
                              " VALUES (?, 'number.month', '2025-01-01', 'month', 7000000, 'USD')";
    const struct param params[] = {PARAM(work.tenant)};

    cr_assert(db_execute(&work, sql, params, COUNT(params), NULL));
    cr_assert(order(&(struct number_wish){0}));
    cr_expect_eq(balance(), 93000000);
}

Test(provisioning, stops_at_the_tenants_limit)
{
    for (int i = 0; i < 4; i++)
        cr_assert(order(&(struct number_wish){0}), "%s", work.error.message);
    cr_expect_not(order(&(struct number_wish){0}));
    cr_expect_eq(work.error.what, LIMIT_REACHED);
    cr_expect_eq(carrier.sold, 4);
}

Test(provisioning, stops_at_five_a_day)
{
    for (int i = 0; i < 5; i++) {
        cr_assert(order(&(struct number_wish){0}), "%s", work.error.message);
        cr_assert(number_release(&work, &number));
    }
    cr_expect_not(order(&(struct number_wish){0}));
    cr_expect_eq(work.error.what, LIMIT_REACHED);
    clock_advance_ms(24 * 3600 * 1000 - 1000);
    cr_expect_not(order(&(struct number_wish){0}));
    clock_advance_ms(2000);
    cr_expect(order(&(struct number_wish){0}));
}

Test(provisioning, finds_nothing_where_nothing_is)
{
    carrier.searches_empty = 1;
    cr_expect_not(order(&(struct number_wish){.area_code = "212"}));
    cr_expect_eq(work.error.what, UPSTREAM);
    cr_expect_eq(carrier.orders, 0);
    cr_expect_eq(balance(), 100000000);
    cr_expect_eq(tenancy_number(&work, "SELECT COUNT(*) FROM phone_numbers WHERE tenant_id = ?"),
                 0);
}

Test(provisioning, tries_another_number_when_one_is_gone)
{
    carrier.sales_refused = 2;
    cr_assert(order(&(struct number_wish){0}), "%s", work.error.message);
    cr_expect_eq(carrier.orders, 3);
    cr_expect_eq(in_state("failed"), 2);
    cr_expect_eq(months_charged(), 1);
}

Test(provisioning, fails_when_the_carrier_refuses)
{
    carrier.sales_forbidden = 1;
    cr_expect_not(order(&(struct number_wish){0}));
    cr_expect_eq(work.error.what, UPSTREAM);
    cr_expect_eq(carrier.orders, 1);
    cr_expect_eq(in_state("failed"), 1);
    cr_expect_eq(balance(), 100000000);
}

Test(provisioning, fails_when_no_carrier_answers)
{
    tenancy_config.rehearsal_api_base_url = "http://127.0.0.1:1";
    cr_expect_not(order(&(struct number_wish){0}));
    cr_expect_eq(work.error.what, UPSTREAM);
    cr_expect_eq(balance(), 100000000);
}

/* The number was sold, but the answer was lost on the way. */
Test(provisioning, finds_its_number_when_the_answer_is_lost)
{
    carrier.answers_lost = 1;
    cr_assert(order(&(struct number_wish){0}), "%s", work.error.message);
    cr_expect_str_eq(number.status, "active");
    cr_expect_eq(carrier.sold, 1);
    cr_expect_eq(months_charged(), 1);
}

Test(provisioning, finishes_an_order_that_the_client_repeats)
{
    const struct number_wish wish = {.request_key = "the same request"};

    carrier.answers_lost = 1;
    carrier.finds_lost = 1;
    cr_expect_not(order(&wish));
    cr_expect_eq(work.error.what, UPSTREAM);
    cr_expect_eq(in_state("provisioning"), 1);
    cr_expect_eq(balance(), 100000000, "nothing is charged in doubt");
    cr_assert(order(&wish), "%s", work.error.message);
    cr_expect_str_eq(number.status, "active");
    cr_expect_eq(carrier.sold, 1);
    cr_expect_eq(months_charged(), 1);
    cr_expect_not_null(secret);
}

Test(provisioning, answers_a_repetition_with_the_same_number_and_secret)
{
    const struct number_wish wish = {.request_key = "the same request"};
    const char *first;
    int64_t seq;

    cr_assert(order(&wish));
    first = secret;
    seq = number.seq;
    cr_assert(order(&wish));
    cr_expect_eq(number.seq, seq);
    cr_expect_str_eq(secret, first);
    cr_expect_eq(carrier.sold, 1);
    cr_expect_eq(months_charged(), 1);
    cr_assert(order(&(struct number_wish){.request_key = "another request"}));
    cr_expect_eq(carrier.sold, 2);
}

Test(provisioning, does_not_order_again_while_in_doubt)
{
    const struct number_wish wish = {.request_key = "the same request"};

    carrier.sales_lost = 1;
    cr_expect_not(order(&wish));
    cr_expect_not(order(&wish));
    cr_expect_eq(work.error.what, UPSTREAM);
    cr_expect_eq(carrier.orders, 1);
    clock_advance_ms(TWO_MINUTES_MS + 1);
    cr_assert(order(&wish), "the carrier knows nothing of it: it is ordered anew");
    cr_expect_eq(carrier.orders, 2);
    cr_expect_eq(in_state("failed"), 1);
    cr_expect_eq(months_charged(), 1);
}

Test(provisioning, settles_later_what_was_sold)
{
    struct phone_number open;
    struct phone_route route;

    carrier.answers_lost = 1;
    carrier.finds_lost = 1;
    cr_expect_not(order(&(struct number_wish){.webhook_url = "https://hooks.example.com/k"}));
    open = the_one("provisioning");
    cr_assert(provisioning_settle(&work, &open), "%s", work.error.message);
    cr_expect_str_eq(open.status, "active");
    cr_expect_str_eq(open.webhook_url, "https://hooks.example.com/k");
    cr_expect(phone_route_for(&work, open.e164, "inbound", &route));
    cr_assert(provisioning_settle(&work, &open), "once more changes nothing");
    cr_expect_eq(months_charged(), 1);
    cr_expect_eq(tenancy_number(&work, "SELECT COUNT(*) FROM webhook_endpoints"
                                       " WHERE tenant_id = ?"),
                 1);
}

/* Another process with a connection of its own settles the same row. */
static pid_t settle_elsewhere(const struct phone_number *open)
{
    pid_t child = fork();

    if (child == 0) {
        struct work elsewhere = {.id = "elsewhere", .tenant = work.tenant, .config = work.config};
        struct phone_number row = *open;

        elsewhere.db = db_open(getenv("TEST_DATABASE_URL"));
        _exit(provisioning_settle(&elsewhere, &row) && strcmp(row.status, "active") == 0 ? 0 : 1);
    }
    return child;
}

Test(provisioning, is_settled_once_by_many_at_once)
{
    struct phone_number open;
    pid_t children[6];
    int status;

    carrier.answers_lost = 1;
    carrier.finds_lost = 1;
    cr_expect_not(order(&(struct number_wish){0}));
    open = the_one("provisioning");
    for (int i = 0; i < 6; i++)
        children[i] = settle_elsewhere(&open);
    for (int i = 0; i < 6; i++) {
        cr_assert_eq(waitpid(children[i], &status, 0), children[i]);
        cr_expect_eq(status, 0, "who comes late finds it settled");
    }
    cr_expect_eq(months_charged(), 1);
    cr_expect_eq(tenancy_number(&work, "SELECT COUNT(*) FROM webhook_endpoints"
                                       " WHERE tenant_id = ?"),
                 1);
}

Test(provisioning, gives_up_what_was_never_sold)
{
    struct phone_number open;

    carrier.sales_lost = 1;
    cr_expect_not(order(&(struct number_wish){0}));
    open = the_one("provisioning");
    cr_expect_not(provisioning_settle(&work, &open), "it may still arrive");
    cr_expect_eq(in_state("provisioning"), 1);
    clock_advance_ms(TWO_MINUTES_MS + 1);
    carrier.finds_lost = 1;
    cr_expect_not(provisioning_settle(&work, &open), "no answer says nothing");
    cr_expect_eq(in_state("provisioning"), 1);
    cr_assert(provisioning_settle(&work, &open));
    cr_expect_str_eq(open.status, "failed");
    cr_expect_eq(balance(), 100000000);
}

Test(provisioning, gives_numbers_back)
{
    struct webhook_endpoint endpoint;
    struct phone_route route;

    cr_assert(order(&(struct number_wish){.webhook_url = "https://hooks.example.com/k"}));
    cr_assert(number_release(&work, &number), "%s", work.error.message);
    cr_expect_eq(carrier.released, 1);
    cr_expect_str_eq(the_one("released").e164, number.e164);
    cr_expect_not(phone_route_for(&work, number.e164, "inbound", &route));
    cr_expect_not(webhook_of_number(&work, number.id, &endpoint));
    cr_expect_not(number_release(&work, &number));
    cr_expect_eq(work.error.what, NOT_FOUND);
    cr_expect_eq(months_charged(), 1, "the month is not given back");
}

Test(provisioning, gives_numbers_back_later_when_the_carrier_is_away)
{
    struct phone_number open;

    cr_assert(order(&(struct number_wish){0}));
    carrier.releases_failed = 1;
    cr_assert(number_release(&work, &number), "for the client it is given back");
    open = the_one("releasing");
    cr_assert(provisioning_settle(&work, &open), "%s", work.error.message);
    cr_expect_str_eq(open.status, "released");
    cr_expect_eq(carrier.released, 1);
}

Test(provisioning, gives_back_what_the_carrier_has_forgotten)
{
    cr_assert(order(&(struct number_wish){0}));
    memset(carrier.numbers, 0, sizeof carrier.numbers);
    cr_assert(number_release(&work, &number));
    cr_expect_eq(in_state("released"), 1);
}

/* The client gives up an order in doubt; what the carrier sold is given back, and not charged. */
Test(provisioning, gives_back_orders_under_way)
{
    struct phone_number open;

    carrier.answers_lost = 1;
    carrier.finds_lost = 1;
    cr_expect_not(order(&(struct number_wish){0}));
    open = the_one("provisioning");
    cr_assert(number_release(&work, &open));
    cr_expect_eq(in_state("released"), 1);
    cr_expect_eq(carrier.released, 1);
    cr_expect_eq(months_charged(), 0);
}

Test(provisioning, charges_to_the_end_of_a_short_month)
{
    clock_set((instant){1769853600000}); /* 31 January 2026, 10:00 */
    cr_assert(order(&(struct number_wish){0}));
    cr_expect_eq(number.billed_until.ms, 1772272800000, "28 February");
}
