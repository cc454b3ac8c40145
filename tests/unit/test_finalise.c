#include <criterion/criterion.h>

#include <pthread.h>
#include <string.h>

#include "domain/finalise.h"
#include "domain/ledger.h"
#include "domain/outbox.h"
#include "domain/turns.h"
#include "domain/webhooks.h"
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

TestSuite(finalise, .init = setup, .fini = end);

/* A call that was answered, in which both spoke, and whose stream has ended. */
static struct incoming conversation(void)
{
    struct session_end how = {.result = "completed",
                              .end_reason = "agent_end",
                              .at = NO_INSTANT,
                              .duration_ms = 41000,
                              .model_segments = 1};
    struct incoming in = call_in(&world);

    claim_stream(&world, &in);
    say_turn(&world, &in.session, 1, "assistant", "Hello! How can I help?");
    say_turn(&world, &in.session, 2, "user", "A table for two at eight.");
    say_turn(&world, &in.session, 3, "assistant", "It is booked.");
    cr_assert(session_end(work, in.session.id, &how, NULL));
    return in;
}

static bool finalised(uid call)
{
    bool done = false;

    cr_assert(call_finalise(work, call, &done), "%s", work->error.message);
    return done;
}

Test(finalise, waits_for_both_the_carrier_and_the_session)
{
    struct incoming in = call_in(&world);

    claim_stream(&world, &in);
    cr_expect_not(finalised(in.call.id), "the call and its session are live");
    end_by_carrier(&world, in.call.id, 10);
    cr_expect_not(finalised(in.call.id), "the session is live");
    cr_assert(session_end(work, in.session.id,
                          &(struct session_end){.result = "completed",
                                                .at = NO_INSTANT,
                                                .duration_ms = 1,
                                                .model_segments = NO_INTEGER},
                          NULL));
    cr_expect(finalised(in.call.id));
    cr_expect_not(finalised(in.call.id), "it was done");
}

Test(finalise, does_not_wait_longer_than_a_minute_for_the_session)
{
    struct incoming in = call_in(&world);

    claim_stream(&world, &in);
    end_by_carrier(&world, in.call.id, 10);
    clock_set(instant_after(clock_now(), FINALISE_AFTER_MS + 1000));
    cr_expect(finalised(in.call.id));
    cr_assert(session_get(work, in.session.id, &in.session));
    cr_expect_str_eq(in.session.state, "ended");
    cr_expect_str_eq(in.session.result, "failed");
}

Test(finalise, does_not_wait_longer_than_a_minute_for_the_carrier)
{
    struct incoming in = conversation();

    cr_expect_not(finalised(in.call.id));
    clock_set(instant_after(clock_now(), FINALISE_AFTER_MS + 1000));
    cr_expect(finalised(in.call.id));
    cr_assert(call_get(work, in.call.id, &in.call));
    cr_expect_str_eq(in.call.state, "completed");
}

Test(finalise, leaves_a_call_alone_that_was_passed_on_to_a_human)
{
    struct incoming in = call_in(&world);

    claim_stream(&world, &in);
    cr_assert(session_end(work, in.session.id,
                          &(struct session_end){.result = "transferred",
                                                .at = NO_INSTANT,
                                                .duration_ms = 1,
                                                .model_segments = NO_INTEGER},
                          NULL));
    clock_set(instant_after(clock_now(), 10 * FINALISE_AFTER_MS));
    cr_expect_not(finalised(in.call.id));
}

Test(finalise, writes_down_what_came_of_the_call)
{
    struct incoming in = conversation();

    end_by_carrier(&world, in.call.id, 42);
    cr_assert(finalised(in.call.id));
    cr_assert(call_get(work, in.call.id, &in.call));
    cr_expect_str_eq(in.call.outcome, "answered");
    cr_expect_str_eq(in.call.resolution, "resolved");
    cr_expect_str_eq(in.call.end_reason, "agent_end");
    cr_expect_eq(in.call.duration_seconds, 42);
    cr_expect_eq(in.call.turn_count, 3);
    cr_expect_str_eq(in.call.model, "gpt-realtime");
    cr_expect_str_eq(in.call.voice, "marin");
    cr_expect_eq(tenant_number(&world, "SELECT COUNT(*) FROM voice_outcomes WHERE tenant_id = ?"),
                 1);
    cr_expect_eq(tenant_number(&world, "SELECT COUNT(*) FROM voice_outcomes WHERE tenant_id = ?"
                                       " AND JSON_VALUE(disposition, '$.end_reason') = 'agent_end'"
                                       " AND JSON_VALUE(disposition, '$.outcome') = 'answered'"),
                 1);
    cr_expect_eq(tenant_number(&world, "SELECT turn_count FROM call_latency WHERE tenant_id = ?"),
                 2);
    cr_expect_eq(tenant_number(&world, "SELECT CAST(e2e_max AS SIGNED) FROM call_latency"
                                       " WHERE tenant_id = ?"),
                 600);
    cr_expect_eq(tenant_number(&world, "SELECT COUNT(*) FROM usage_events WHERE tenant_id = ?"), 1);
}

Test(finalise, counts_a_humans_leg_to_the_outcome_of_the_call_it_is_for)
{
    struct incoming in = conversation();
    struct call leg;

    call_begin(work, &leg);
    leg.carrier = "sim";
    leg.origin = "transfer";
    leg.direction = "outbound";
    leg.media_mode = "bridge";
    leg.leg_role = "human";
    leg.parent_call_id = in.call.id;
    leg.to_addr = "+13125550177";
    cr_assert(call_insert(work, &leg), "%s", work->error.message);
    end_by_carrier(&world, leg.id, 30);
    cr_assert(finalised(leg.id));
    cr_expect_eq(tenant_number(&world, "SELECT COUNT(*) FROM voice_outcomes WHERE tenant_id = ?"),
                 0);
    end_by_carrier(&world, in.call.id, 42);
    cr_assert(finalised(in.call.id));
    cr_expect_eq(tenant_number(&world, "SELECT COUNT(*) FROM voice_outcomes WHERE tenant_id = ?"),
                 1);
}

Test(finalise, makes_the_text_of_a_call_searchable_for_its_tenant_alone)
{
    static const char sql[] =
        "SELECT COUNT(*) FROM call_texts WHERE MATCH (body, tenant_term) AGAINST (? IN BOOLEAN"
        " MODE)";
    struct incoming in = conversation();
    const char *mine = arena_format(&work->arena, "+tnt%lld +booked", (long long)work->tenant);
    const char *others = arena_format(&work->arena, "+tnt%lld1 +booked", (long long)work->tenant);
    const struct param ours[] = {PARAM(mine)}, foreign[] = {PARAM(others)};
    int64_t found;

    end_by_carrier(&world, in.call.id, 42);
    cr_assert(finalised(in.call.id));
    cr_assert(db_number(work, sql, ours, 1, -1, &found));
    cr_expect_eq(found, 1);
    cr_assert(db_number(work, sql, foreign, 1, -1, &found));
    cr_expect_eq(found, 0);
}

Test(finalise, calls_a_conversation_without_the_callers_voice_abandoned)
{
    struct incoming in = call_in(&world);

    end_by_carrier(&world, in.call.id, 3);
    cr_assert(finalised(in.call.id));
    cr_assert(call_get(work, in.call.id, &in.call));
    cr_expect_str_eq(in.call.resolution, "abandoned");
    cr_assert(session_get(work, in.session.id, &in.session));
    cr_expect_str_eq(in.session.state, "expired", "nobody connected to it");
}

Test(finalise, owes_each_event_once)
{
    static const char sql[] =
        "SELECT COUNT(*) FROM outbox WHERE tenant_id = ? AND topic = 'webhook'";
    struct incoming in = conversation();

    end_by_carrier(&world, in.call.id, 42);
    cr_assert(finalised(in.call.id));
    cr_expect_not(finalised(in.call.id));
    cr_expect_eq(tenant_number(&world, sql), 3,
                 "call.started, call.completed and transcript.ready");
}

struct finaliser {
    struct work work;
    uid call;
    bool ok, done;
};

static void *run_finaliser(void *with)
{
    struct finaliser *finaliser = with;

    finaliser->ok = call_finalise(&finaliser->work, finaliser->call, &finaliser->done);
    return NULL;
}

Test(finalise, happens_once_however_many_try_at_the_same_time)
{
    enum { MANY = 8 };
    struct incoming in = conversation();
    struct finaliser finalisers[MANY];
    pthread_t threads[MANY];
    int done = 0;

    end_by_carrier(&world, in.call.id, 42);
    for (int i = 0; i < MANY; i++) {
        finalisers[i] = (struct finaliser){.work = world_work(&world), .call = in.call.id};
        cr_assert_eq(pthread_create(&threads[i], NULL, run_finaliser, &finalisers[i]), 0);
    }
    for (int i = 0; i < MANY; i++) {
        pthread_join(threads[i], NULL);
        cr_expect(finalisers[i].ok, "%s", finalisers[i].work.error.message);
        done += finalisers[i].done;
        db_close(finalisers[i].work.db);
        work_end(&finalisers[i].work);
    }
    cr_expect_eq(done, 1);
    cr_expect_eq(
        tenant_number(&world,
                      "SELECT COUNT(*) FROM outbox WHERE tenant_id = ? AND topic = 'webhook'"),
        3);
}

static void set_price(const char *sku, int64_t micros)
{
    static const char sql[] =
        "INSERT INTO price_items (scope_tenant_id, sku, valid_from, unit, price_micros, currency)"
        " VALUES (?, ?, '2020-01-01', 'minute', ?, 'USD')";
    const struct param params[] = {PARAM(work->tenant), PARAM(sku), PARAM(micros)};

    cr_assert(db_execute(work, sql, params, COUNT(params), NULL), "%s", work->error.message);
}

static void top_up(int64_t micros)
{
    struct ledger_row row;

    row_clear(&ledger_entity, &row);
    row.kind = "topup";
    row.amount_micros = micros;
    row.dedupe = "topup:test";
    cr_assert(ledger_put(work, &row, NULL), "%s", work->error.message);
}

static int64_t balance(void)
{
    int64_t micros;

    cr_assert(ledger_balance(work, LEDGER_CURRENCY, &micros), "%s", work->error.message);
    return micros;
}

Test(finalise, gives_the_hold_back_and_charges_begun_minutes)
{
    struct incoming in;

    set_price("voice.inbound.minute", 20000);
    top_up(1000000);
    in = conversation();
    cr_expect_eq(balance(), 1000000 - 3 * 20000, "three minutes are held");
    end_by_carrier(&world, in.call.id, 61);
    cr_assert(finalised(in.call.id));
    cr_expect_eq(balance(), 1000000 - 2 * 20000);
    cr_assert(call_get(work, in.call.id, &in.call));
    cr_expect_eq(in.call.cost_micros, 40000);
}

/* From the number to the delivery, the whole way that a call's facts take. */
Test(finalise_chain, ends_in_a_signed_delivery_in_the_dialects_words, .init = NULL, .fini = NULL)
{
    struct webhook_endpoint endpoint;
    struct webhook_sending *sending;
    struct rows rows;
    const char *secret;
    struct incoming in;

    world_begin(&world, NULL, true);
    row_clear(&webhook_endpoint_entity, &endpoint);
    endpoint.dialect = "kwickphone";
    endpoint.url = "https://receiver.example.com/hook";
    endpoint.number_id = world.number.id;
    cr_assert(webhook_create(work, &endpoint, NULL, &secret), "%s", work->error.message);
    cr_expect(strncmp(secret, "whsec_", 6) == 0);
    in = conversation();
    end_by_carrier(&world, in.call.id, 42);
    cr_assert(finalised(in.call.id));

    cr_assert(outbox_claim(work, "webhook", "sender", 60000, 10, &rows), "%s", work->error.message);
    cr_assert_eq(rows.count, 3);
    for (size_t i = 0; i < rows.count; i++)
        cr_assert(webhooks_fan_out(work, (struct outbox_row *)rows.at + i), "%s",
                  work->error.message);
    cr_assert(deliveries_claim(work, "sender", 60000, 10, &rows), "%s", work->error.message);
    cr_assert_eq(rows.count, 1, "the receiver hears of the end only");
    sending = rows.at;
    cr_expect_str_eq(sending->delivery.event_type, "call.completed");
    cr_expect(strstr(sending->delivery.body, in.call.call_sid) != NULL);
    cr_expect(strstr(sending->delivery.body, "\"number_id\":\"num_1\"") != NULL);
    cr_expect(strstr(sending->delivery.body, "\"duration_sec\":42") != NULL);
    cr_expect(strstr(sending->delivery.body, "\"has_transcript\":true") != NULL);
    cr_expect(strstr(delivery_headers(work, sending)[5], "X-KwickPhone-Signature: t=") != NULL);
    world_end(&world);
}
