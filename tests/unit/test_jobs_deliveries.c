#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "answerer.h"
#include "core/crypto.h"
#include "domain/finalise.h"
#include "domain/outbox.h"
#include "domain/webhooks.h"
#include "stream/jobs/jobs.h"
#include "stream/jobs/runs.h"
#include "world.h"

static struct world world;
static struct work *const work = &world.work;

static void setup(void)
{
    world_begin(&world, NULL, true);
    world.config.allow_private_urls = "yes";
    answerer_start();
}

static void end(void)
{
    world_end(&world);
}

TestSuite(deliveries, .init = setup, .fini = end);

static const char secret[] = "whsec_of_the_test";

static struct webhook_endpoint add_endpoint(const char *path)
{
    struct webhook_endpoint endpoint;
    const char *shown;

    row_clear(&webhook_endpoint_entity, &endpoint);
    endpoint.dialect = "kwickphone";
    endpoint.url = arena_format(&work->arena, "%s%s", answerer_url(), path);
    endpoint.events.json = "[\"call.completed\"]";
    cr_assert(webhook_create(work, &endpoint, secret, &shown), "%s", work->error.message);
    return endpoint;
}

static uid add_delivery(const struct webhook_endpoint *endpoint)
{
    struct webhook_delivery delivery;

    row_clear(&webhook_delivery_entity, &delivery);
    delivery.id = uid_new();
    delivery.endpoint_id = endpoint->id;
    delivery.event_id = uid_new();
    delivery.event_type = "call.completed";
    delivery.body = "{\"id\":\"evt\",\"event\":\"call.completed\"}";
    delivery.state = "pending";
    delivery.attempts = 0;
    delivery.available_at = delivery.created_at = clock_now();
    cr_assert(store_insert(work, &webhook_delivery_entity, &delivery,
                           columns_all(&webhook_delivery_entity)),
              "%s", work->error.message);
    return delivery.id;
}

static struct webhook_delivery read_delivery(uid id)
{
    struct webhook_delivery delivery;

    cr_assert(store_get(work, &webhook_delivery_entity, id, &delivery));
    return delivery;
}

static struct webhook_endpoint read_endpoint(uid id)
{
    struct webhook_endpoint endpoint;

    cr_assert(store_get(work, &webhook_endpoint_entity, id, &endpoint));
    return endpoint;
}

static void expect_signed(const struct heard *heard)
{
    const char *signature = heard_header(heard, "X-KwickPhone-Signature");
    int64_t seconds = strtoll(strstr(signature, "t=") + 2, NULL, 10);

    cr_expect_str_eq(signature,
                     webhook_signature(work, secret, (instant){seconds * 1000}, heard->body));
}

Test(deliveries, of_a_finished_call_arrive_signed)
{
    struct incoming in = call_in(&world);
    struct heard heard;

    add_endpoint("/hook");
    claim_stream(&world, &in);
    cr_assert(session_end(
        work, in.session.id,
        &(struct session_end){
            .result = "completed", .at = NO_INSTANT, .duration_ms = 900, .model_segments = 1},
        NULL));
    end_by_carrier(&world, in.call.id, 42);
    cr_assert(call_finalise(work, in.call.id, NULL));
    job_once(&world, "fan-out");
    job_once(&world, "deliveries");
    cr_assert_eq(answerer_count("/hook"), 1);
    heard = answerer_heard("/hook", 0);
    cr_expect_str_eq(heard.method, "POST");
    cr_expect_str_eq(heard_header(&heard, "Content-Type"), "application/json");
    cr_expect_str_eq(heard_header(&heard, "X-Delivery-Attempt"), "1");
    cr_expect_str_eq(heard_header(&heard, "X-Event-Id"), heard_header(&heard, "X-Idempotency-Key"));
    cr_expect_not_null(strstr(heard.body, heard_header(&heard, "X-Event-Id")));
    cr_expect_not_null(strstr(heard.body, in.call.call_sid));
    expect_signed(&heard);
    job_once(&world, "fan-out");
    job_once(&world, "deliveries");
    cr_expect_eq(answerer_count("/hook"), 1, "it was delivered once");
}

Test(deliveries, note_what_the_receiver_answered)
{
    struct webhook_endpoint endpoint = add_endpoint("/hook");
    struct webhook_delivery delivery;
    uid id = add_delivery(&endpoint);

    answerer_say("/hook", 202, "taken \xFF");
    job_once(&world, "deliveries");
    delivery = read_delivery(id);
    cr_expect_str_eq(delivery.state, "sent");
    cr_expect_eq(delivery.status_code, 202);
    cr_expect_eq(delivery.attempts, 1);
    cr_expect_str_eq(delivery.response_head, "taken \xEF\xBF\xBD");
    cr_expect_not(instant_is_none(delivery.delivered_at));
}

Test(deliveries, are_repeated_by_the_schedule_and_stay_the_same)
{
    struct webhook_endpoint endpoint = add_endpoint("/hook");
    uid id = add_delivery(&endpoint);
    struct webhook_delivery delivery;
    struct heard first, second;

    clock_set(instant_after(clock_now(), 1000));
    answerer_say("/hook", 500, "no");
    job_once(&world, "deliveries");
    delivery = read_delivery(id);
    cr_expect_str_eq(delivery.state, "retrying");
    cr_expect_geq(delivery.available_at.ms, clock_now().ms + 8000);
    cr_expect_leq(delivery.available_at.ms, clock_now().ms + 12000);
    clock_advance_ms(7000);
    job_once(&world, "deliveries");
    cr_expect_eq(answerer_count("/hook"), 1, "it is not due yet");
    clock_advance_ms(6000);
    answerer_say("/hook", 200, "yes");
    job_once(&world, "deliveries");
    cr_assert_eq(answerer_count("/hook"), 2);
    first = answerer_heard("/hook", 0);
    second = answerer_heard("/hook", 1);
    cr_expect_str_eq(first.body, second.body);
    cr_expect_str_eq(heard_header(&first, "X-Event-Id"), heard_header(&second, "X-Event-Id"));
    cr_expect_str_eq(heard_header(&second, "X-Delivery-Attempt"), "2");
    expect_signed(&second);
    cr_expect_str_eq(read_delivery(id).state, "sent");
}

Test(deliveries, are_given_up_after_a_day)
{
    struct webhook_endpoint endpoint = add_endpoint("/hook");
    uid id = add_delivery(&endpoint);

    clock_set(clock_now());
    answerer_say("/hook", 503, "no");
    for (int i = 0; i < 12; i++) {
        job_once(&world, "deliveries");
        clock_advance_ms((int64_t)15 * 3600 * 1000);
    }
    cr_expect_eq(answerer_count("/hook"), 9);
    cr_expect_str_eq(read_delivery(id).state, "failed");
}

Test(deliveries, to_who_is_gone_disable_the_endpoint)
{
    struct webhook_endpoint endpoint = add_endpoint("/gone");
    uid first = add_delivery(&endpoint), second;

    answerer_say("/gone", 410, "gone");
    job_once(&world, "deliveries");
    cr_expect_str_eq(read_delivery(first).state, "failed");
    cr_expect_not(read_endpoint(endpoint.id).enabled);
    second = add_delivery(&endpoint);
    job_once(&world, "deliveries");
    cr_expect_eq(answerer_count("/gone"), 1);
    cr_expect_str_eq(read_delivery(second).state, "failed");
}

Test(deliveries, to_an_endpoint_that_was_removed_fail)
{
    struct webhook_endpoint endpoint = add_endpoint("/removed");
    uid id = add_delivery(&endpoint);

    cr_assert(db_execute(work,
                         "UPDATE webhook_endpoints SET deleted_at = UTC_TIMESTAMP(3)"
                         " WHERE tenant_id = ? AND id = ?",
                         (struct param[]){PARAM(work->tenant), PARAM(endpoint.id)}, 2, NULL));
    job_once(&world, "deliveries");
    cr_expect_eq(answerer_count("/removed"), 0);
    cr_expect_str_eq(read_delivery(id).state, "failed");
    cr_expect_str_eq(read_delivery(id).last_error, "The endpoint is gone");
}

Test(deliveries, open_the_circuit_after_twenty_failures_in_a_row)
{
    struct webhook_endpoint endpoint = add_endpoint("/broken"), well = add_endpoint("/well");
    instant opened_until;
    size_t failed;

    clock_set(clock_now());
    answerer_say("/broken", 500, "no");
    for (int i = 0; i < 25; i++)
        add_delivery(&endpoint);
    job_once(&world, "deliveries");
    failed = answerer_count("/broken");
    cr_expect(failed >= 20 && failed <= 23, "three may be on their way at the twentieth");
    opened_until = read_endpoint(endpoint.id).opened_until;
    cr_expect_eq(opened_until.ms, clock_now().ms + 15 * 60 * 1000);
    add_delivery(&well);
    clock_advance_ms(14 * 60 * 1000);
    job_once(&world, "deliveries");
    cr_expect_eq(answerer_count("/broken"), failed, "the circuit is open");
    cr_expect_eq(answerer_count("/well"), 1);
    answerer_say("/broken", 200, "yes");
    clock_advance_ms(2 * 60 * 1000);
    job_once(&world, "deliveries");
    cr_expect_eq(answerer_count("/broken"), failed + 25);
    cr_expect_eq(read_endpoint(endpoint.id).failure_count, 0);
}

/* Another sender, in a process of its own, which uses a connection of its own. */
static pid_t start_sender(void)
{
    pid_t pid = fork();
    struct work other;

    if (pid)
        return pid;
    other = world_work(&world);
    _exit(jobs_once(&other, "deliveries") ? EXIT_SUCCESS : EXIT_FAILURE);
}

Test(deliveries, go_out_once_when_two_send_at_once)
{
    enum { ENDPOINTS = 6, EACH = 3 };
    pid_t senders[2];
    int status;

    for (int i = 0; i < ENDPOINTS; i++) {
        struct webhook_endpoint endpoint = add_endpoint(arena_format(&work->arena, "/hook/%d", i));

        for (int k = 0; k < EACH; k++)
            add_delivery(&endpoint);
    }
    for (int i = 0; i < 2; i++)
        senders[i] = start_sender();
    for (int i = 0; i < 2; i++) {
        cr_assert(waitpid(senders[i], &status, 0) == senders[i]);
        cr_expect_eq(status, 0);
    }
    cr_expect_eq(answerer_count("/hook"), ENDPOINTS * EACH);
    cr_expect_eq(tenant_number(&world, "SELECT COUNT(*) FROM webhook_deliveries"
                                       " WHERE tenant_id = ? AND state = 'sent' AND attempts = 1"),
                 ENDPOINTS * EACH);
}

Test(deliveries, of_a_sender_that_died_go_out_again_with_the_same_event)
{
    struct webhook_endpoint endpoint = add_endpoint("/hook");
    struct webhook_delivery delivery = read_delivery(add_delivery(&endpoint));
    struct rows claimed;
    struct heard heard;
    char id[27];

    clock_set(clock_now());
    cr_assert(deliveries_claim(work, "one that dies", 30000, 10, &claimed));
    cr_assert_eq(claimed.count, 1);
    job_once(&world, "deliveries");
    cr_expect_eq(answerer_count("/hook"), 0, "the lease holds");
    clock_advance_ms(31000);
    job_once(&world, "deliveries");
    cr_assert_eq(answerer_count("/hook"), 1);
    heard = answerer_heard("/hook", 0);
    uid_write_base32(delivery.event_id, id);
    cr_expect_not_null(strstr(heard_header(&heard, "X-Event-Id"), id));
}

Test(deliveries, to_a_slow_receiver_hold_up_nobody_else)
{
    struct webhook_endpoint slow = add_endpoint("/slow"), quick = add_endpoint("/quick");

    answerer_hold("/slow");
    for (int i = 0; i < 10; i++)
        add_delivery(&slow);
    for (int i = 0; i < 6; i++)
        add_delivery(&quick);
    for (int round = 0; round < 20 && answerer_count("/quick") < 6; round++)
        cr_assert(run_deliveries(work));
    cr_expect_eq(answerer_count("/quick"), 6);
    cr_expect_eq(tenant_number(&world, "SELECT COUNT(*) FROM webhook_deliveries"
                                       " WHERE tenant_id = ? AND lease_until IS NOT NULL"),
                 4, "one endpoint is sent four at once");
    answerer_release();
    job_once(&world, "deliveries");
    cr_expect_eq(answerer_count("/slow"), 10);
}

static int64_t claim(const char *owner)
{
    struct rows claimed;

    cr_assert(deliveries_claim(work, owner, 30000, 128, &claimed), "%s", work->error.message);
    return (int64_t)claimed.count;
}

Test(deliveries, of_a_tenant_with_many_receivers_leave_room_for_others)
{
    struct webhook_endpoint theirs;

    clock_set(clock_now());
    for (int i = 0; i < 40; i++) {
        struct webhook_endpoint endpoint = add_endpoint(arena_format(&work->arena, "/many/%d", i));

        add_delivery(&endpoint);
    }
    cr_expect_eq(claim("first"), 32);
    cr_expect_eq(claim("second"), 0, "what is under way counts");
    work->tenant++;
    theirs = add_endpoint("/theirs");
    add_delivery(&theirs);
    work->tenant--;
    cr_expect_eq(claim("third"), 1, "another tenant's turn does not wait");
    clock_advance_ms(31000);
    cr_expect_eq(claim("fourth"), 33, "the leases ran out");
}

Test(deliveries, to_one_receiver_leave_room_for_the_tenants_others)
{
    struct webhook_endpoint busy = add_endpoint("/busy"), other = add_endpoint("/other");

    clock_set(instant_after(clock_now(), 1000));
    for (int i = 0; i < 40; i++)
        add_delivery(&busy);
    clock_advance_ms(1000);
    add_delivery(&other);
    cr_expect_eq(claim("first"), 4 + 1);
}

Test(deliveries, never_reach_a_private_address_that_is_not_allowed)
{
    struct webhook_endpoint endpoint = add_endpoint("/hook");
    uid id = add_delivery(&endpoint);

    world.config.allow_private_urls = "no";
    job_once(&world, "deliveries");
    cr_expect_eq(answerer_count("/"), 0);
    cr_expect_str_eq(read_delivery(id).state, "retrying");
    cr_assert_not_null(read_delivery(id).last_error);
    cr_expect_not_null(strstr(read_delivery(id).last_error, "not public"));
}

Test(deliveries, of_two_tenants_are_kept_apart)
{
    struct webhook_endpoint mine = add_endpoint("/mine"), theirs;
    uid of_mine = add_delivery(&mine), of_theirs;

    work->tenant++;
    theirs = add_endpoint("/theirs");
    of_theirs = add_delivery(&theirs);
    answerer_say("/theirs", 500, "no");
    job_once(&world, "deliveries");
    cr_expect_str_eq(read_delivery(of_theirs).state, "retrying");
    cr_expect_eq(read_endpoint(theirs.id).failure_count, 1);
    work->tenant--;
    cr_expect_str_eq(read_delivery(of_mine).state, "sent");
    cr_expect_eq(read_endpoint(mine.id).failure_count, 0);
}

Test(deliveries, of_topics_that_nobody_serves_wait_untouched)
{
    cr_assert(outbox_put(work, "workflow", uid_new(), "workflow.trigger", NULL, NULL));
    job_once(&world, "all");
    cr_expect_eq(tenant_number(&world, "SELECT COUNT(*) FROM outbox WHERE tenant_id = ?"
                                       " AND state = 'pending' AND attempts = 0"),
                 1);
}
