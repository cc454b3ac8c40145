/* What is old goes, by the tenant's own rules, and what went can be proven. */
#include <criterion/criterion.h>

#include <string.h>

#include "core/crypto.h"
#include "domain/audit.h"
#include "domain/callbacks.h"
#include "domain/customer_hooks.h"
#include "domain/customer_requests.h"
#include "domain/finalise.h"
#include "domain/recordings.h"
#include "domain/retention.h"
#include "domain/tenant_runtime.h"
#include "domain/turns.h"
#include "world.h"

static struct world world;
static struct work *const work = &world.work;

static void begin(const char *settings)
{
    world_begin(&world, settings, false);
    clock_set(clock_now());
}

static void end(void)
{
    world_end(&world);
}

TestSuite(retention, .fini = end);

/* Keys only grow, so what is older is made first. */
static void days_pass(int64_t days)
{
    clock_advance_ms(days * 24 * 3600 * 1000);
    cr_assert(node_heartbeat(work, &world.node, 0), "%s", work->error.message);
}

/* A call with a turn and a recording that is over. */
static struct incoming a_call(void)
{
    struct incoming in = call_in(&world);
    struct recording recording;
    hash256 hash = sha256("x", 1);
    const struct recording_end over = {.duration_ms = 1000, .bytes = 4, .sha256 = hash.bytes};

    claim_stream(&world, &in);
    say_turn(&world, &in.session, 1, "user", "hello");
    row_clear(&recording_entity, &recording);
    recording.call_id = in.call.id;
    recording.channels = 2;
    recording.content_type = "audio/mpeg";
    cr_assert(recording_begin(work, &recording), "%s", work->error.message);
    cr_assert(recording_append_chunk(work, &recording, 0, "data", 4));
    cr_assert(recording_finish(work, recording.id, &over));
    end_by_carrier(&world, in.call.id, 5);
    cr_assert(session_end(work, in.session.id,
                          &(struct session_end){.result = "completed", .at = clock_now()}, NULL));
    return in;
}

static uint64_t run(void)
{
    uint64_t deleted;

    cr_assert(retention_of_tenant(work, clock_now(), &deleted), "%s", work->error.message);
    return deleted;
}

static bool has_recording(const struct incoming *in)
{
    struct recording recording;

    return recording_of_call(work, in->call.id, &recording);
}

static size_t turns_left(const struct incoming *in)
{
    struct rows rows;

    cr_assert(turns_of_call(work, in->call.id, &rows));
    return rows.count;
}

static const char *proof(size_t *count)
{
    struct rows rows;

    cr_assert(audit_list(work, "retention.deleted", 10, &rows));
    *count = rows.count;
    return rows.count ? ((const struct audit_row *)rows.at)->detail.json : "";
}

Test(retention, keeps_each_kind_of_data_as_long_as_the_reference_says)
{
    struct incoming recent, spring, last_year, ancient;
    struct call call;

    begin(NULL);
    ancient = a_call();
    days_pass(400);
    last_year = a_call();
    days_pass(300);
    spring = a_call();
    days_pass(90);
    recent = a_call();
    days_pass(10);
    cr_expect_gt(run(), 0);
    cr_expect(has_recording(&recent));
    cr_expect_eq(turns_left(&recent), 1);
    cr_expect_not(has_recording(&spring));
    cr_expect_eq(turns_left(&spring), 1);
    cr_expect_eq(turns_left(&last_year), 0);
    cr_expect(call_get(work, last_year.call.id, &call));
    cr_expect_not(call_get(work, ancient.call.id, &call));
}

Test(retention, follows_the_tenants_rules_and_proves_what_it_deleted)
{
    struct incoming recent, old;
    const char *detail;
    struct call call;
    size_t proofs;

    begin("{\"retention\":{\"transcripts\":7,\"recordings\":200}}");
    old = a_call();
    days_pass(95);
    recent = a_call();
    days_pass(5);
    run();
    cr_expect_eq(turns_left(&recent), 1);
    cr_expect_eq(turns_left(&old), 0);
    cr_expect(has_recording(&old));
    cr_expect(call_get(work, old.call.id, &call));
    detail = proof(&proofs);
    cr_expect_eq(proofs, 1);
    cr_expect_not_null(strstr(detail, "\"call_turns\":1"), "%s", detail);
    cr_expect_not_null(strstr(detail, "\"transcripts\":7"), "%s", detail);
    run();
    proof(&proofs);
    cr_expect_eq(proofs, 1, "a round that deletes nothing proves nothing");
}

Test(retention, leaves_nothing_of_a_tenant_that_was_deleted_ninety_days_ago)
{
    struct incoming in;
    struct call call;

    begin("{\"twilio\":{\"auth_token\":\"a secret\"},\"retention\":{\"calls\":3000}}");
    in = a_call();
    cr_assert(call_finalise(work, in.call.id, NULL));
    cr_assert(tenant_delete(work, &world.tenant, "test"), "%s", work->error.message);
    days_pass(89);
    run();
    cr_expect(call_get(work, in.call.id, &call));
    days_pass(2);
    run();
    cr_expect_not(call_get(work, in.call.id, &call));
    cr_expect_eq(turns_left(&in), 0);
    cr_expect_not(has_recording(&in));
    cr_expect_eq(tenant_number(&world, "SELECT COUNT(*) FROM tenant_secrets WHERE tenant_id = ?"),
                 0);
}

/* They are found by what they say, not by when they were made. */
Test(retention, forgets_customers_urls_that_nothing_was_delivered_to)
{
    struct incoming in;
    struct customer_hook hook = {.kind = "other", .url = "https://a.example.com/", .method = "GET"};
    struct form form = {0};
    struct customer_delivery delivery = {
        .url = hook.url, .event_type = "call.status", .form = &form};

    begin(NULL);
    in = call_in(&world);
    hook.call_id = in.call.id;
    customer_hook_url(work, &hook);
    cr_assert(customer_hooks_write(work, &hook, 1), "%s", work->error.message);
    delivery.event = uid_new();
    cr_assert(customer_deliver(work, &delivery), "%s", work->error.message);
    days_pass(20);
    run();
    cr_expect_eq(tenant_number(&world, "SELECT COUNT(*) FROM customer_hooks WHERE tenant_id = ?"),
                 1);
    cr_expect_eq(
        tenant_number(&world, "SELECT COUNT(*) FROM webhook_endpoints WHERE tenant_id = ?"), 1);
    days_pass(20);
    run();
    cr_expect_eq(tenant_number(&world, "SELECT COUNT(*) FROM customer_hooks WHERE tenant_id = ?"),
                 0);
    cr_expect_eq(
        tenant_number(&world, "SELECT COUNT(*) FROM webhook_endpoints WHERE tenant_id = ?"), 0);
}

Test(retention, leaves_calls_that_are_not_over)
{
    struct incoming in;
    struct call call;

    begin("{\"retention\":{\"calls\":1}}");
    in = call_in(&world);
    days_pass(3);
    run();
    cr_expect(call_get(work, in.call.id, &call));
}
