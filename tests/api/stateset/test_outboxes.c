/*
 * What is owed to the outside: how deep the outboxes are, and outcomes on their way to what bills
 * them.
 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "api/stateset/evaluated.h"
#include "domain/billing_outcomes.h"

TestSuite(outboxes, .timeout = 90);

#define DEPTH "/api/v1/admin/outboxes/depth"
#define SWEEP "/api/v1/admin/outboxes/billing-outcomes/sweep"

static struct voice_outcome billed(struct evaluated *of)
{
    struct voice_outcome row = outcome_of_a_call("resolved");

    row.billable_sku = "voice.call.resolved";
    row.billing_status = "pending_emit";
    cr_assert(
        store_insert(&of->work, &voice_outcome_entity, &row, columns_all(&voice_outcome_entity)) &&
            billing_outcome_owe(&of->work, &row),
        "%s", of->work.error.message);
    return row;
}

static const char *status_of(const struct evaluated *of, const struct voice_outcome *row)
{
    return at(ask("GET", say("/api/v1/voice-outcomes/by-stream/%s", row->stream_sid),
                  of->customer.stateset, NULL, NULL)
                  .json,
              "outcome.billing_status");
}

/* How deep one outbox is said to be; -1 when it is not named. */
static long depth_of(const struct reply *reply, const char *table, const char *state)
{
    for (size_t i = 0; has(reply->json, say("depths.%zu", i)); i++)
        if (strcmp(at(reply->json, say("depths.%zu.table", i)), table) == 0)
            return atol(at(reply->json, say("depths.%zu.%s", i, state)));
    return -1;
}

Test(outboxes, tell_how_deep_they_are)
{
    static const char *const tables[] = {"webhook_outbox", "billing_outcome_outbox",
                                         "sms_outbox",     "email_outbox",
                                         "carrier_outbox", "webhook_deliveries"};
    struct reply reply = admin("GET", DEPTH, NULL);

    cr_assert_eq(reply.status, 200, "%s", reply.body);
    cr_expect_str_eq(at(reply.json, "count"), "10");
    for (size_t i = 0; i < COUNT_OF(tables); i++)
        cr_expect_geq(depth_of(&reply, tables[i], "pending"), 0, "%s", tables[i]);
}

Test(outboxes, bring_outcomes_to_what_bills_them)
{
    struct evaluated of = evaluated_new();
    struct voice_outcome row = billed(&of);
    struct reply log;

    cr_assert_eq(admin("POST", SWEEP "?limit=1000", NULL).status, 200);
    AWAIT(strcmp(status_of(&of, &row), "emitted") == 0);
    log = control("RECEIVER", "GET", "/_log?after=0&path=/billing-outcomes", NULL);
    cr_expect(strstr(log.body, uuid_of(row.id)), "it was posted");
    cr_expect(strstr(log.body, row.stream_sid));
    log = admin("GET", DEPTH, NULL);
    cr_expect_gt(depth_of(&log, "billing_outcome_outbox", "delivered"), 0);
}

Test(outboxes, try_outcomes_again_that_were_given_up)
{
    struct evaluated of = evaluated_new();
    struct voice_outcome row = billed(&of);
    const struct param params[] = {PARAM(of.work.tenant)};

    AWAIT(strcmp(status_of(&of, &row), "emitted") == 0);
    cr_assert(db_execute(&of.work,
                         "UPDATE voice_outcomes SET billing_status = 'failed' WHERE tenant_id = ?",
                         params, 1, NULL) &&
              db_execute(&of.work,
                         "UPDATE outbox SET state = 'failed', attempts = 9 WHERE tenant_id = ?",
                         params, 1, NULL));
    cr_assert_eq(admin("POST", SWEEP, NULL).status, 200);
    AWAIT(strcmp(status_of(&of, &row), "emitted") == 0);
}

Test(outboxes, count_what_a_sweep_did)
{
    struct reply reply = admin("POST", SWEEP "?limit=10", NULL);

    cr_assert_eq(reply.status, 200, "%s", reply.body);
    cr_expect_str_eq(at(reply.json, "ok"), "true");
    cr_expect_eq(atol(at(reply.json, "attempted")), atol(at(reply.json, "delivered")) +
                                                        atol(at(reply.json, "rescheduled")) +
                                                        atol(at(reply.json, "failed")));
}

Test(outboxes, are_the_operators)
{
    struct customer customer = customer_new();
    struct reply reply = ask("GET", DEPTH, customer.stateset, NULL, NULL);

    admin_refused(&reply, 401);
    reply = ask("POST", SWEEP, customer.stateset, NULL, NULL);
    admin_refused(&reply, 401);
}
