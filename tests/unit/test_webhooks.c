#define _GNU_SOURCE 1
#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include <stdio.h>
#include <string.h>

#include "core/crypto.h"
#include "domain/call_news.h"
#include "domain/finalise.h"
#include "domain/outbox.h"
#include "domain/webhooks.h"
#include "world.h"

static struct world world;
static struct work *const work = &world.work;

static void setup(void)
{
    world_begin(&world, NULL, true);
}

static void end(void)
{
    world_end(&world);
}

TestSuite(webhooks, .init = setup, .fini = end);

static struct webhook_endpoint endpoint(uid number, const char *events)
{
    struct webhook_endpoint row;

    row_clear(&webhook_endpoint_entity, &row);
    row.dialect = "kwickphone";
    row.url = "https://receiver.example.com/hook";
    row.number_id = number;
    row.events.json = events;
    cr_assert(webhook_create(work, &row, "whsec_known", NULL), "%s", work->error.message);
    return row;
}

/* Ends a call in some state and fans out what it owes. */
static struct call ended_call(const char *state)
{
    struct incoming in = call_in(&world);
    struct call_news news = NO_NEWS;
    struct rows rows;

    news.state = state;
    cr_assert(call_apply(work, in.call.id, &news, NULL));
    cr_assert(call_finalise(work, in.call.id, NULL), "%s", work->error.message);
    cr_assert(outbox_claim(work, "webhook", "test", 60000, 10, &rows));
    for (size_t i = 0; i < rows.count; i++)
        cr_assert(webhooks_fan_out(work, (struct outbox_row *)rows.at + i), "%s",
                  work->error.message);
    return in.call;
}

static size_t claim(struct rows *rows)
{
    cr_assert(deliveries_claim(work, "sender", 30000, 100, rows), "%s", work->error.message);
    return rows->count;
}

static void finish(const struct webhook_sending *sending, int64_t status)
{
    const struct delivery_result result = {
        .status_code = status, .response_ms = 12, .response_head = "hm"};

    cr_assert(delivery_finish(work, sending, &result), "%s", work->error.message);
}

Test(webhooks, tell_each_endpoint_that_asked)
{
    struct rows rows;

    endpoint(world.number.id, "[\"call.completed\"]");
    endpoint(NO_UID, "[]");
    endpoint(NO_UID, "[\"*\"]");
    endpoint(uid_new(), "[]");
    endpoint(NO_UID, "[\"number.released\"]");
    ended_call("completed");
    cr_expect_eq(claim(&rows), 3);
}

Test(webhooks, tell_of_every_end_of_a_call)
{
    struct webhook_sending *sending;
    struct rows rows;

    endpoint(world.number.id, "[]");
    ended_call("no_answer");
    cr_assert_eq(claim(&rows), 1);
    sending = rows.at;
    cr_expect_str_eq(sending->delivery.event_type, "call.completed");
    cr_expect(strstr(sending->delivery.body, "\"status\":\"no_answer\"") != NULL);
    cr_expect(strstr(sending->delivery.body, "\"outcome\":\"no_answer\"") != NULL);
    cr_expect(strstr(sending->delivery.body, "\"has_recording\":false") != NULL);
}

Test(webhooks, are_made_once_from_one_row)
{
    struct incoming in = call_in(&world);
    struct rows rows, claimed;

    endpoint(world.number.id, "[]");
    end_by_carrier(&world, in.call.id, 3);
    cr_assert(call_finalise(work, in.call.id, NULL));
    cr_assert(outbox_claim(work, "webhook", "test", 60000, 10, &rows));
    cr_assert(webhooks_fan_out(work, rows.at));
    cr_assert(webhooks_fan_out(work, rows.at));
    cr_expect_eq(claim(&claimed), 1);
}

Test(webhooks, are_signed_over_time_and_body)
{
    const char *signature =
        webhook_signature(work, "whsec_known", (instant){1793620800123}, "{\"a\":1}");
    hash256 mac = hmac_sha256("whsec_known", 11, "1793620800.{\"a\":1}", 18);
    char expected[100] = "t=1793620800,v1=";

    hex_write(mac.bytes, sizeof mac.bytes, expected + strlen(expected));
    cr_expect_str_eq(signature, expected);
}

Test(webhooks, carry_the_same_id_and_body_at_every_attempt)
{
    struct webhook_sending first;
    struct rows rows;
    char **before, **after;

    endpoint(world.number.id, "[]");
    ended_call("completed");
    cr_assert_eq(claim(&rows), 1);
    first = *(struct webhook_sending *)rows.at;
    before = delivery_headers(work, &first);
    finish(&first, 500);
    cr_expect_eq(claim(&rows), 0, "not at once");
    clock_set(instant_after(clock_now(), 12001));
    cr_assert_eq(claim(&rows), 1);
    after = delivery_headers(work, rows.at);
    cr_expect_str_eq(((struct webhook_sending *)rows.at)->delivery.body, first.delivery.body);
    cr_expect_str_eq(before[2], after[2], "X-Event-Id");
    cr_expect_str_eq(before[3], after[3], "X-Idempotency-Key");
    cr_expect_str_eq(before[4], "X-Delivery-Attempt: 1");
    cr_expect_str_eq(after[4], "X-Delivery-Attempt: 2");
    cr_expect_str_neq(before[5], after[5], "signed for its own moment");
    finish(rows.at, 204);
    clock_set(instant_after(clock_now(), 1000000));
    cr_expect_eq(claim(&rows), 0);
    cr_expect_eq(tenant_number(&world, "SELECT COUNT(*) FROM webhook_deliveries"
                                       " WHERE tenant_id = ? AND state = 'sent'"),
                 1);
}

struct delay_case {
    int64_t attempts, least_s, most_s;
};

ParameterizedTestParameters(webhook_delays, grow)
{
    static struct delay_case cases[] = {
        {1, 8, 12},      {2, 40, 60},       {3, 192, 288},     {4, 1200, 1800},
        {5, 4320, 6480}, {6, 11520, 17280}, {7, 17280, 25920}, {8, 34560, 51840},
    };

    return cr_make_param_array(struct delay_case, cases, COUNT(cases));
}

ParameterizedTest(struct delay_case *given, webhook_delays, grow)
{
    cr_expect_eq(delivery_delay_ms(given->attempts, 0), given->least_s * 1000);
    cr_expect_leq(delivery_delay_ms(given->attempts, 999), given->most_s * 1000);
    cr_expect_gt(delivery_delay_ms(given->attempts, 999), given->least_s * 1000);
}

Test(webhook_delays, end_after_a_day)
{
    int64_t sum = 0;

    for (int64_t i = 1; delivery_delay_ms(i, 500) >= 0; i++)
        sum += delivery_delay_ms(i, 500);
    cr_expect_eq(sum, 24 * 3600 * INT64_C(1000));
    cr_expect_eq(delivery_delay_ms(9, 0), -1);
}

Test(webhooks, are_given_up_after_the_last_attempt)
{
    struct rows rows;

    endpoint(world.number.id, "[]");
    ended_call("completed");
    for (int i = 0; i < 9; i++) {
        cr_assert_eq(claim(&rows), 1, "attempt %d", i + 1);
        finish(rows.at, 0);
        clock_set(instant_after(clock_now(), 24 * 3600 * 1000));
        cr_assert(db_execute(work,
                             "UPDATE webhook_endpoints SET last_delivery_at = UTC_TIMESTAMP()"
                             " + INTERVAL 1 YEAR WHERE tenant_id = ?",
                             (const struct param[]){PARAM(work->tenant)}, 1, NULL));
    }
    cr_expect_eq(claim(&rows), 0);
    cr_expect_eq(tenant_number(&world, "SELECT attempts FROM webhook_deliveries"
                                       " WHERE tenant_id = ? AND state = 'failed'"),
                 9);
}

Test(webhooks, stop_for_a_receiver_that_is_gone)
{
    struct webhook_endpoint row = endpoint(world.number.id, "[]");
    struct rows rows;

    ended_call("completed");
    ended_call("completed");
    cr_assert_eq(claim(&rows), 2);
    finish(rows.at, 410);
    cr_assert(store_get(work, &webhook_endpoint_entity, row.id, &row));
    cr_expect_not(row.enabled);
    cr_expect(row.disabled_reason != NULL);
    clock_set(instant_after(clock_now(), 31000));
    cr_expect_eq(claim(&rows), 0, "the other one fails without being sent");
    cr_expect_eq(tenant_number(&world, "SELECT COUNT(*) FROM webhook_deliveries"
                                       " WHERE tenant_id = ? AND state = 'failed'"),
                 2);
}

Test(webhooks, pause_after_twenty_failures_in_a_row)
{
    struct webhook_endpoint row = endpoint(world.number.id, "[]");
    struct rows rows;

    for (int i = 0; i < 20; i++)
        ended_call("completed");
    for (int failed = 0; failed < 20; failed += (int)rows.count) {
        cr_assert_gt(claim(&rows), 0, "after %d", failed);
        cr_expect_leq(rows.count, 4, "one endpoint takes four places at most");
        for (size_t i = 0; i < rows.count; i++)
            finish((struct webhook_sending *)rows.at + i, 503);
    }
    cr_assert(store_get(work, &webhook_endpoint_entity, row.id, &row));
    cr_expect_gt(row.opened_until.ms, clock_now().ms + 14 * 60000);
    cr_expect(row.enabled);
    clock_set(instant_after(clock_now(), 60000));
    cr_expect_eq(claim(&rows), 0, "the circuit is open");
    clock_set(instant_after(clock_now(), 15 * 60000));
    cr_assert_gt(claim(&rows), 0);
    finish(rows.at, 200);
    cr_assert(store_get(work, &webhook_endpoint_entity, row.id, &row));
    cr_expect_eq(row.failure_count, 0);
    cr_expect(instant_is_none(row.opened_until));
}

Test(webhooks, keep_their_secret_sealed)
{
    struct webhook_endpoint row = endpoint(world.number.id, "[]"), found;

    cr_assert(webhook_of_number(work, world.number.id, &found));
    cr_expect(uid_equal(found.id, row.id));
    cr_expect_str_eq(webhook_secret(work, &found), "whsec_known");
    cr_expect_null(memmem(found.secret.at, found.secret.length, "whsec", 5));
    found.id = uid_new();
    cr_expect_null(webhook_secret(work, &found), "moved to another row");
    cr_assert(webhooks_forget_number(work, world.number.id));
    cr_expect_not(webhook_of_number(work, world.number.id, &found));
}
