#include <criterion/criterion.h>

#include <string.h>

#include "answerer.h"
#include "domain/leases.h"
#include "domain/ledger.h"
#include "domain/orphans.h"
#include "domain/outbox.h"
#include "domain/recording_copies.h"
#include "domain/recordings.h"
#include "domain/retention.h"
#include "domain/silent_calls.h"
#include "domain/sms.h"
#include "domain/sms_sending.h"
#include "domain/suppressions.h"
#include "domain/sweeps.h"
#include "world.h"

static struct world world;
static struct work *const work = &world.work;

static void setup(void)
{
    world_begin(&world, NULL, false);
    answerer_start();
    world.config.rehearsal_api_base_url = answerer_url();
    clock_set(clock_now());
}

static void end(void)
{
    world_end(&world);
}

TestSuite(sweeps, .init = setup, .fini = end);

#define ACCOUNT "/2010-04-01/Accounts/AC00000000000000000000000000000000"
enum { MINUTE_MS = 60 * 1000, HOUR_MS = 60 * MINUTE_MS };

static const char *state_of(uid call)
{
    struct call found;

    cr_assert(call_get(work, call, &found), "%s", work->error.message);
    return found.state;
}

static struct voice_session session_now(const struct incoming *in)
{
    struct voice_session session;

    cr_assert(session_get(work, in->session.id, &session));
    return session;
}

/* The carrier's account of a call. */
static void carrier_says(const struct incoming *in, const char *status)
{
    answerer_say(ACCOUNT "/Calls/", 200,
                 arena_format(&work->arena,
                              "{\"sid\":\"%s\",\"status\":\"%s\",\"duration\":\"37\"}",
                              in->call.call_sid, status));
}

/* ---- silent calls ---- */

/* A call that rang and whose end nobody told us. */
static struct incoming silent_call(void)
{
    struct incoming in = call_in(&world);

    clock_advance_ms(3 * MINUTE_MS);
    return in;
}

static bool finds(const struct rows *keys, uid call)
{
    bool found = false;

    for (size_t i = 0; i < keys->count; i++)
        found |= uid_equal(((const struct sweep_key *)keys->at)[i].id, call);
    return found;
}

static bool is_silent(uid call)
{
    struct rows keys;

    cr_assert(calls_silent(work, clock_now(), 10000, &keys), "%s", work->error.message);
    return finds(&keys, call);
}

Test(sweeps, ask_about_a_call_without_a_session_after_two_minutes)
{
    struct incoming in = call_in(&world);

    cr_expect_not(is_silent(in.call.id));
    clock_advance_ms(3 * MINUTE_MS);
    cr_expect(is_silent(in.call.id));
}

Test(sweeps, leave_a_call_alone_while_its_session_is_live)
{
    struct incoming in = call_in(&world);

    claim_stream(&world, &in);
    clock_advance_ms(30 * MINUTE_MS);
    cr_expect_not(is_silent(in.call.id));
    clock_advance_ms(4 * HOUR_MS);
    cr_expect(is_silent(in.call.id), "no call is that long");
}

Test(sweeps, ask_about_a_call_once_in_two_minutes_over_all_hosts)
{
    struct incoming in = silent_call();
    bool ours;

    cr_assert(call_take_turn(work, in.call.id, &ours));
    cr_expect(ours);
    cr_expect_not(is_silent(in.call.id));
    cr_assert(call_take_turn(work, in.call.id, &ours));
    cr_expect_not(ours);
    clock_advance_ms(SILENT_MS +
                     1000); /* the lease is of the database's time, as far as we know it */
    cr_expect(is_silent(in.call.id));
}

Test(sweeps, believe_the_carrier_that_a_call_is_over)
{
    struct incoming in = silent_call();
    struct call call;
    bool over;

    carrier_says(&in, "completed");
    cr_assert(call_ask_carrier(work, in.call.id, &over), "%s", work->error.message);
    cr_expect(over);
    cr_assert(call_get(work, in.call.id, &call));
    cr_expect_str_eq(call.state, "completed");
    cr_expect_eq(call.duration_seconds, 37);
    cr_expect_not(instant_is_none(call.finalized_at));
    cr_assert(call_ask_carrier(work, in.call.id, &over));
    cr_expect_eq(tenant_number(&world, "SELECT COUNT(*) FROM outbox WHERE tenant_id = ?"
                                       " AND event_type = 'call.completed'"),
                 1);
}

Test(sweeps, believe_the_carrier_that_a_call_goes_on)
{
    struct incoming in = silent_call();
    bool over = true;

    carrier_says(&in, "in-progress");
    cr_assert(call_ask_carrier(work, in.call.id, &over));
    cr_expect_not(over);
    cr_expect_str_eq(state_of(in.call.id), in.call.state);
}

Test(sweeps, fail_a_call_that_the_carrier_does_not_know)
{
    struct incoming in = silent_call();
    struct call call;

    answerer_say(ACCOUNT "/Calls/", 404, "{\"code\":20404}");
    cr_assert(call_ask_carrier(work, in.call.id, NULL));
    cr_assert(call_get(work, in.call.id, &call));
    cr_expect_str_eq(call.state, "failed");
    cr_expect_str_eq(call.error_code, ERROR_SWEPT);
}

Test(sweeps, leave_a_call_as_it_is_when_the_carrier_does_not_answer)
{
    struct incoming in = silent_call();

    answerer_drop(ACCOUNT "/Calls/");
    cr_expect_not(call_ask_carrier(work, in.call.id, NULL));
    cr_expect_eq(work->error.what, UPSTREAM);
    cr_expect_str_eq(state_of(in.call.id), in.call.state);
}

/* ---- orphans ---- */

static struct incoming live_call(void)
{
    struct incoming in = call_in(&world);

    claim_stream(&world, &in);
    return in;
}

static bool settles(const struct incoming *in)
{
    struct voice_session session = session_now(in);
    bool lost;

    cr_assert(orphan_settle(work, &session, &lost), "%s", work->error.message);
    return lost;
}

static void restart_node(void)
{
    clock_advance_ms(5);
    cr_assert(node_register(work, &world.node));
}

Test(sweeps, give_a_restarted_node_time_to_apply_its_spool)
{
    struct incoming in = live_call();

    restart_node();
    cr_expect_not(settles(&in));
    cr_expect_str_eq(session_now(&in).state, "connecting");
    clock_advance_ms(16 * 1000);
    cr_expect(settles(&in));
    cr_expect_str_eq(session_now(&in).state, "lost");
}

Test(sweeps, end_the_lost_session_of_a_call_that_is_over)
{
    struct incoming in = live_call();
    struct call call;

    restart_node();
    end_by_carrier(&world, in.call.id, 20);
    clock_advance_ms(16 * 1000);
    cr_expect(settles(&in));
    cr_expect_str_eq(session_now(&in).state, "ended");
    cr_expect_str_eq(session_now(&in).result, "failed");
    cr_assert(call_get(work, in.call.id, &call));
    cr_expect_str_eq(call.end_reason, "node_lost");
    cr_expect_not(instant_is_none(call.finalized_at));
}

Test(sweeps, leave_the_session_of_a_silent_node_while_the_carrier_has_the_call)
{
    struct incoming in = live_call();

    carrier_says(&in, "in-progress");
    clock_advance_ms(MINUTE_MS);
    cr_expect_not(settles(&in));
    cr_expect_not(settles(&in));
    cr_expect_str_eq(session_now(&in).state, "connecting");
    cr_expect_eq(answerer_count(ACCOUNT "/Calls/"), 1, "asked once in two minutes");
}

Test(sweeps, end_the_session_of_a_silent_node_a_minute_after_its_call)
{
    struct incoming in = live_call();

    carrier_says(&in, "completed");
    clock_advance_ms(MINUTE_MS);
    cr_expect_not(settles(&in));
    cr_expect_str_eq(state_of(in.call.id), "completed");
    cr_expect_str_eq(session_now(&in).state, "connecting");
    clock_advance_ms(MINUTE_MS + 1000);
    cr_expect(settles(&in));
    cr_expect_str_eq(session_now(&in).state, "ended");
}

/* ---- recordings of the carrier ---- */

static struct outbox_row ordered_copy(uid call)
{
    const struct carrier_recording news = {
        .recording_sid = new_sid(&world, "RE"),
        .status = "available",
        .url = "http://elsewhere.example/never/asked",
        .channels = 2,
        .duration_ms = 4000,
        .started_at = clock_now(),
    };
    struct page page = {.size = 1};
    struct outbox_row like = {.topic = "recording"};
    struct rows rows;

    cr_assert(recording_note_carrier(work, call, &news), "%s", work->error.message);
    cr_assert(
        store_list(work, &outbox_row_entity, &like,
                   columns_add(NO_COLUMNS, &outbox_row_entity, offsetof(struct outbox_row, topic)),
                   &page, &rows));
    cr_assert_eq(rows.count, 1);
    return *(const struct outbox_row *)rows.at;
}

static struct recording recording_now(const struct outbox_row *row)
{
    struct recording recording;

    cr_assert(store_get(work, &recording_entity, row->subject_id, &recording));
    return recording;
}

Test(sweeps, copy_a_recording_whole_and_once)
{
    static unsigned char bytes_there[RECORDING_CHUNK + 777];
    struct incoming in = call_in(&world);
    struct outbox_row row = ordered_copy(in.call.id);
    struct recording recording;
    bytes copy;

    for (size_t i = 0; i < sizeof bytes_there; i++)
        bytes_there[i] = (unsigned char)(i * 31 >> 3);
    answerer_say_bytes(ACCOUNT "/Recordings/", 200, bytes_there, sizeof bytes_there);
    cr_assert(recording_copy(work, &row, false), "%s", work->error.message);
    recording = recording_now(&row);
    cr_expect_str_eq(recording.status, "available");
    cr_expect_eq(recording.bytes, (int64_t)sizeof bytes_there);
    cr_assert(recording_read(work, &recording, 0, sizeof bytes_there, &copy));
    cr_assert_eq(copy.length, sizeof bytes_there);
    cr_expect_eq(memcmp(copy.at, bytes_there, sizeof bytes_there), 0);
    cr_assert(recording_copy(work, &row, false));
    cr_expect_eq(answerer_count(ACCOUNT "/Recordings/"), 1);
}

Test(sweeps, give_a_recording_up_only_at_the_last_attempt)
{
    struct incoming in = call_in(&world);
    struct outbox_row row = ordered_copy(in.call.id);

    answerer_say(ACCOUNT "/Recordings/", 503, "");
    cr_expect_not(recording_copy(work, &row, false));
    cr_expect_str_eq(recording_now(&row).status, "processing");
    cr_expect_not(recording_copy(work, &row, true));
    cr_expect_str_eq(recording_now(&row).status, "failed");
}

/* ---- messages ---- */

static struct outbox_row queued_message(const char *to)
{
    struct sms_message message;

    row_clear(&sms_message_entity, &message);
    message.id = message.conversation_id = uid_new();
    message.direction = "outbound";
    message.status = "queued";
    message.status_rank = 10;
    message.from_number = world.number.e164;
    message.to_number = to;
    message.body = "Your table is booked.";
    message.media.json = "[]";
    message.metadata.json = "{}";
    message.origin = "tool";
    message.created_at = message.updated_at = clock_now();
    cr_assert(store_insert(work, &sms_message_entity, &message,
                           columns_without(columns_all(&sms_message_entity), 0)),
              "%s", work->error.message);
    return (struct outbox_row){.tenant_id = work->tenant, .subject_id = message.id};
}

static struct sms_message message_now(const struct outbox_row *row)
{
    struct sms_message message;

    cr_assert(store_get(work, &sms_message_entity, row->subject_id, &message));
    return message;
}

Test(sweeps, send_a_message_once)
{
    struct outbox_row row = queued_message("+13125550123");
    const char *sid = new_sid(&world, "SM");

    answerer_say(ACCOUNT "/Messages.json", 201,
                 arena_format(&work->arena, "{\"sid\":\"%s\",\"status\":\"queued\"}", sid));
    cr_assert(sms_send(work, &row), "%s", work->error.message);
    cr_assert(sms_send(work, &row));
    cr_assert_eq(answerer_count(ACCOUNT "/Messages.json"), 1);
    cr_expect_str_eq(message_now(&row).message_sid, sid);
    cr_expect_str_eq(message_now(&row).status, "sending");
    cr_expect_not_null(
        strstr(answerer_heard(ACCOUNT "/Messages.json", 0).body, "To=%2B13125550123"));
}

Test(sweeps, never_send_a_message_again_whose_answer_was_lost)
{
    struct outbox_row row = queued_message("+13125550123");

    answerer_drop(ACCOUNT "/Messages.json");
    cr_assert(sms_send(work, &row));
    cr_assert(sms_send(work, &row));
    cr_expect_eq(answerer_count(ACCOUNT "/Messages.json"), 1);
    cr_expect_str_eq(message_now(&row).error_code, "order_unknown");
}

Test(sweeps, send_a_message_again_that_certainly_did_not_leave)
{
    struct outbox_row row = queued_message("+13125550123");

    answerer_say(ACCOUNT "/Messages.json", 429, "{\"code\":20429}");
    cr_expect_not(sms_send(work, &row));
    cr_expect_str_eq(message_now(&row).status, "queued");
}

Test(sweeps, fail_a_message_that_the_carrier_refuses)
{
    struct outbox_row row = queued_message("+13125550123");

    answerer_say(ACCOUNT "/Messages.json", 400, "{\"code\":21614,\"message\":\"no mobile\"}");
    cr_assert(sms_send(work, &row));
    cr_expect_str_eq(message_now(&row).status, "failed");
    cr_expect_str_eq(message_now(&row).error_code, "21614");
}

Test(sweeps, send_no_message_to_who_said_stop)
{
    struct outbox_row row = queued_message("+13125550199");
    struct suppression suppression;

    row_clear(&suppression_entity, &suppression);
    suppression.channel = "sms";
    suppression.address = "+13125550199";
    suppression.our_address = "";
    suppression.source = "keyword";
    suppression.keyword = "STOP";
    cr_assert(suppression_put(work, &suppression), "%s", work->error.message);
    cr_assert(sms_send(work, &row));
    cr_expect_eq(answerer_count("/"), 0);
    cr_expect_str_eq(message_now(&row).status, "failed");
}

/* ---- upkeep ---- */

static int64_t pending_rows(void)
{
    return tenant_number(&world, "SELECT COUNT(*) FROM outbox WHERE tenant_id = ?");
}

/* An outbox row of that age in that state. */
static void add_row(const char *state, int64_t age_days)
{
    static const char sql[] =
        "INSERT INTO outbox (tenant_id, id, topic, payload, state, attempts, available_at,"
        " created_at, finished_at) VALUES (?, ?, 'webhook', '{}', ?, 1, ?, ?, ?)";
    instant when = instant_after(clock_now(), -age_days * 24 * HOUR_MS);
    uid id = uid_at(when), made = uid_new();
    const struct param params[] = {PARAM(work->tenant), PARAM(id),   PARAM(state),
                                   PARAM(when),         PARAM(when), PARAM(when)};

    memcpy(id.bytes + 6, made.bytes + 6, 10); /* unlike any other of that time */
    cr_assert(db_execute(work, sql, params, COUNT(params), NULL), "%s", work->error.message);
}

Test(sweeps, delete_what_was_delivered_a_week_ago_and_what_failed_a_month_ago)
{
    uint64_t deleted;

    add_row("delivered", 8);
    add_row("delivered", 6);
    add_row("failed", 8);
    add_row("failed", 31);
    add_row("pending", 40);
    cr_assert(retention_of_tenant(work, clock_now(), &deleted), "%s", work->error.message);
    cr_expect_eq(deleted, 2);
    cr_expect_eq(pending_rows(), 3);
    cr_assert(retention_of_tenant(work, clock_now(), &deleted));
    cr_expect_eq(deleted, 0);
}

Test(sweeps, delete_nothing_of_another_tenant)
{
    uint64_t deleted;

    add_row("delivered", 8);
    work->tenant += 1000000;
    cr_assert(retention_of_tenant(work, clock_now(), &deleted));
    work->tenant -= 1000000;
    cr_expect_eq(deleted, 0);
    cr_expect_eq(pending_rows(), 1);
}

Test(sweeps, delete_more_than_a_batch)
{
    uint64_t deleted;

    for (int i = 0; i < RETENTION_BATCH + 20; i++)
        add_row("delivered", 8);
    cr_assert(retention_of_tenant(work, clock_now(), &deleted));
    cr_expect_eq(deleted, RETENTION_BATCH + 20);
}

/* Whether a turn to ask about a call, taken at that time, is still written down after a sweep. */
static bool keeps_turn_of(instant when)
{
    static const char sql[] = "SELECT COUNT(*) FROM leases WHERE name = ?";
    const char *name = arena_format(&work->arena, "call:%s", new_sid(&world, "XX"));
    const struct param params[] = {PARAM(name)};
    instant now = clock_now();
    int64_t fence, left;
    bool taken;

    clock_set(when);
    cr_assert(lease_take(work, name, "us", 1000, &fence, &taken));
    clock_set(now);
    cr_assert(retention_shared(work, now), "%s", work->error.message);
    cr_assert(db_number(work, sql, params, COUNT(params), 0, &left));
    return left == 1;
}

Test(sweeps, delete_what_all_tenants_share_when_it_is_old)
{
    cr_expect(keeps_turn_of(clock_now()));
    cr_expect_not(keeps_turn_of(instant_after(clock_now(), -2 * HOUR_MS)));
}

static bool has_open_ledger(instant before)
{
    struct rows tenants;

    cr_assert(tenants_with_open_ledger(work, before, work->tenant - 1, 1, &tenants));
    return tenants.count && ((const struct sweep_tenant *)tenants.at)->id == work->tenant;
}

Test(sweeps, fold_a_ledger_until_nothing_is_left_to_fold)
{
    struct ledger_row row = {.kind = "topup", .amount_micros = 7000000, .dedupe = "topup:1"};
    int64_t balance;

    row.created_at = NO_INSTANT;
    cr_assert(ledger_put(work, &row, NULL), "%s", work->error.message);
    cr_expect_not(has_open_ledger(instant_after(clock_now(), -2 * HOUR_MS)));
    clock_advance_ms(3 * HOUR_MS);
    cr_expect(has_open_ledger(instant_after(clock_now(), -2 * HOUR_MS)));
    cr_assert(ledger_fold(work, LEDGER_CURRENCY, instant_after(clock_now(), -2 * HOUR_MS)));
    cr_expect_not(has_open_ledger(instant_after(clock_now(), -2 * HOUR_MS)));
    cr_assert(ledger_balance(work, LEDGER_CURRENCY, &balance));
    cr_expect_eq(balance, 7000000);
}
