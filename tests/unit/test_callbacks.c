#include <criterion/criterion.h>

#include <stdio.h>
#include <string.h>

#include "core/rand.h"
#include "domain/callbacks.h"
#include "domain/recordings.h"
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

TestSuite(callbacks, .init = setup, .fini = end);

/* A callback as it arrives, with up to eight fields. */
struct example {
    struct twilio_field fields[8];
    struct arrival arrival;
};

static struct example status(const char *call_sid, const char *state, const char *sequence,
                             const char *duration)
{
    struct example e = {
        .fields = {{"CallSid", call_sid},
                   {"AccountSid", world.config.rehearsal_account_sid},
                   {"CallStatus", state},
                   {"SequenceNumber", sequence},
                   {"Timestamp", "Mon, 02 Nov 2026 10:00:00 +0000"}},
        .arrival = {.kind = "status",
                    .url = "https://voice.example.com/api/v1/call-status",
                    .signature = "valid",
                    .received_at = clock_now()},
    };

    e.arrival.form.count = 5;
    if (duration)
        e.fields[e.arrival.form.count++] = (struct twilio_field){"CallDuration", duration};
    return e;
}

/* Stores and applies; what became of it. */
static const char *take(struct example *e, bool *fresh)
{
    struct carrier_callback callback;
    bool is_fresh;

    e->arrival.form.at = e->fields;
    cr_assert(callback_store(work, &e->arrival, &callback, &is_fresh), "%s", work->error.message);
    if (fresh)
        *fresh = is_fresh;
    if (!is_fresh)
        return "duplicate";
    cr_assert(callback_apply(work, &callback), "%s", work->error.message);
    return callback.applied;
}

Test(callbacks, received_twice_are_applied_once)
{
    struct incoming in = call_in(&world);
    struct example e = status(in.call.call_sid, "in-progress", "2", NULL);

    cr_expect_str_eq(take(&e, NULL), "applied");
    cr_expect_str_eq(take(&e, NULL), "duplicate");
    e.arrival.idempotency_token = "one";
    cr_expect_str_eq(take(&e, NULL), "late", "another delivery of the same news");
    cr_expect_str_eq(take(&e, NULL), "duplicate");
}

/* What must not depend on the order in which callbacks arrive. */
struct facts {
    char state[16], outcome[16];
    int64_t duration_seconds, answered_ms;
    bool finalised;
};

static struct facts facts_of(uid id)
{
    struct facts facts = {0};
    struct call call;

    cr_assert(call_get(work, id, &call));
    snprintf(facts.state, sizeof facts.state, "%s", call.state);
    snprintf(facts.outcome, sizeof facts.outcome, "%s", call.outcome ? call.outcome : "-");
    facts.duration_seconds = call.duration_seconds;
    facts.answered_ms = call.answered_at.ms;
    facts.finalised = !instant_is_none(call.finalized_at);
    return facts;
}

/* An ordered call, as the row stands when its callbacks arrive. */
static struct call ordered(void)
{
    struct call call;

    call_begin(work, &call);
    call.call_sid = new_sid(&world, "CA");
    call.carrier = "sim";
    call.carrier_account_sid = world.config.rehearsal_account_sid;
    call.origin = "stateset";
    call.direction = "outbound";
    call.state = "queued";
    cr_assert(call_insert(work, &call));
    return call;
}

Test(callbacks, in_any_order_and_number_end_in_the_same_state)
{
    static const char *const states[] = {"initiated", "ringing", "in-progress", "completed"};
    static const char *const times[] = {
        "Mon, 02 Nov 2026 10:00:00 +0000", "Mon, 02 Nov 2026 10:00:02 +0000",
        "Mon, 02 Nov 2026 10:00:07 +0000", "Mon, 02 Nov 2026 10:00:49 +0000"};

    rand_seed(20261102);
    for (int round = 0; round < 40; round++) {
        struct call call = ordered();
        struct example news[12];
        struct facts facts;

        for (size_t i = 0; i < COUNT(news); i++) { /* each thrice */
            static const char *const sequence[] = {"0", "1", "2", "3"};

            news[i] =
                status(call.call_sid, states[i % 4], sequence[i % 4], i % 4 == 3 ? "42" : NULL);
            news[i].fields[4].value = times[i % 4];
            if (i >= 4) /* some are repeated under a token of their own */
                news[i].arrival.idempotency_token = arena_format(&work->arena, "%d-%zu", round, i);
        }
        for (size_t i = COUNT(news) - 1; i > 0; i--) {
            size_t j = rand_below(i + 1);
            struct example swap = news[i];

            news[i] = news[j];
            news[j] = swap;
        }
        for (size_t i = 0; i < COUNT(news); i++)
            take(&news[i], NULL);
        facts = facts_of(call.id);
        cr_expect_str_eq(facts.state, "completed", "round %d", round);
        cr_expect_str_eq(facts.outcome, "answered", "round %d", round);
        cr_expect_eq(facts.duration_seconds, 42, "round %d", round);
        cr_expect_eq(facts.answered_ms, 1793613607000, "round %d: %lld", round,
                     (long long)facts.answered_ms);
        cr_expect(facts.finalised, "round %d", round);
        arena_reset(&work->arena);
    }
}

Test(callbacks, for_a_call_we_do_not_know_yet_are_kept_and_applied_when_we_do)
{
    struct example e;
    struct call call;
    uint64_t applied;

    call_begin(work, &call);
    call.call_sid = new_sid(&world, "CA");
    call.carrier = "sim";
    call.origin = "stateset";
    call.direction = "outbound";
    e = status(call.call_sid, "ringing", "1", NULL);
    cr_expect_str_eq(take(&e, NULL), "orphan");
    cr_assert(call_insert(work, &call));
    cr_assert(callbacks_retry_orphans(work, instant_after(clock_now(), 1000), 100, &applied), "%s",
              work->error.message);
    cr_expect_geq(applied, 1);
    cr_assert(call_get(work, call.id, &call));
    cr_expect_str_eq(call.state, "ringing");
}

Test(callbacks, find_their_call_by_our_key_and_teach_it_its_sid)
{
    const char *sid = new_sid(&world, "CA");
    struct example e = status(sid, "ringing", "1", NULL);
    struct call call;
    char key[27];

    call_begin(work, &call);
    call.carrier = "sim";
    call.origin = "stateset";
    call.direction = "outbound";
    call.error_code = "order_unknown";
    cr_assert(call_insert(work, &call));
    uid_write_base32(call.id, key);
    e.arrival.url = arena_format(&work->arena, "%s?cid=%s", e.arrival.url, key);
    cr_expect_str_eq(take(&e, NULL), "applied");
    cr_assert(call_get(work, call.id, &call));
    cr_expect_str_eq(call.call_sid, sid);
    cr_expect_str_eq(call.state, "ringing");
    cr_expect_null(call.error_code, "now it is known");
}

Test(callbacks, of_another_account_are_rejected)
{
    struct incoming in = call_in(&world);
    struct example e = status(in.call.call_sid, "completed", "3", "5");

    e.fields[1].value = "AC99999999999999999999999999999999";
    cr_expect_str_eq(take(&e, NULL), "rejected");
    cr_expect_str_eq(facts_of(in.call.id).state, "ringing");
}

Test(callbacks, of_another_tenant_are_rejected)
{
    struct incoming in = call_in(&world);
    struct example e = status(in.call.call_sid, "completed", "3", "5");
    int64_t mine = work->tenant;

    work->tenant = mine + 1; /* whose token proved it */
    cr_expect_str_eq(take(&e, NULL), "rejected");
    work->tenant = mine;
    cr_expect_str_eq(facts_of(in.call.id).state, "ringing");
}

Test(callbacks, that_nobody_proved_cannot_take_the_place_of_the_carriers)
{
    static const char *const kinds[] = {"status", "amd", "stream"};
    struct incoming in = call_in(&world);

    for (size_t i = 0; i < COUNT(kinds); i++) {
        struct example forged = status(in.call.call_sid, "in-progress", "2", NULL), real;
        struct carrier_callback callback;
        bool fresh;

        forged.arrival.kind = kinds[i];
        real = forged;
        forged.arrival.signature = "invalid";
        forged.arrival.form.at = forged.fields;
        cr_assert(callback_store(work, &forged.arrival, &callback, &fresh));
        cr_expect_str_eq(callback.applied, "rejected");
        cr_assert(callback_apply(work, &callback), "it stays what it is");
        cr_expect_str_eq(facts_of(in.call.id).state, i ? "in_progress" : "ringing");
        cr_expect_str_eq(take(&real, &fresh), "applied");
        cr_expect(fresh, "%s", kinds[i]);
    }
}

Test(callbacks, tell_who_answered)
{
    struct call call = ordered();
    struct example e = status(call.call_sid, "in-progress", "2", NULL);

    e.arrival.kind = "amd";
    e.fields[5] = (struct twilio_field){"AnsweredBy", "machine_end_beep"};
    e.arrival.form.count = 6;
    cr_expect_str_eq(take(&e, NULL), "applied");
    cr_assert(call_get(work, call.id, &call));
    cr_expect_str_eq(call.answered_by, "machine_end_beep");
    cr_expect_str_eq(call.state, "queued", "that is no news of the state");
}

Test(callbacks, order_the_copy_of_a_recording_once)
{
    struct incoming in = call_in(&world);
    const char *sid = new_sid(&world, "RE");
    struct example e = {
        .fields = {{"CallSid", in.call.call_sid},
                   {"RecordingSid", sid},
                   {"RecordingStatus", "completed"},
                   {"RecordingUrl", "https://api.example.com/rec"},
                   {"RecordingDuration", "7"},
                   {"RecordingChannels", "2"}},
        .arrival = {.kind = "recording",
                    .url = "https://voice.example.com/hooks/twilio/recording",
                    .signature = "valid",
                    .received_at = clock_now(),
                    .form = {.count = 6}},
    };
    struct example early = e;

    early.fields[2].value = "in-progress";
    cr_expect_str_eq(take(&e, NULL), "applied");
    cr_expect_str_eq(take(&e, NULL), "duplicate");
    cr_expect_str_eq(take(&early, NULL), "applied", "reordered");
    cr_expect_eq(tenant_number(&world, "SELECT COUNT(*) FROM recordings WHERE tenant_id = ?"
                                       " AND status = 'processing' AND duration_ms = 7000"),
                 1);
    cr_expect_eq(tenant_number(&world, "SELECT COUNT(*) FROM outbox WHERE tenant_id = ?"
                                       " AND topic = 'recording'"),
                 1);
}

Test(callbacks, with_nonsense_in_them_change_nothing)
{
    struct incoming in = call_in(&world);
    struct example e = status(in.call.call_sid, "levitating", "2", "soon");

    cr_expect_str_eq(take(&e, NULL), "rejected");
    e = status("CA\xc3\xa9", "completed", "99999999999999999999", "-1");
    cr_expect_str_eq(take(&e, NULL), "orphan");
    cr_expect_str_eq(facts_of(in.call.id).state, "ringing");
}

Test(callbacks, keep_their_fields_as_they_came)
{
    struct incoming in = call_in(&world);
    struct example e = status(in.call.call_sid, "ringing", "1", NULL);
    struct carrier_callback callback;
    struct form form;
    bool fresh;

    e.fields[5] = (struct twilio_field){"CallerName", "O\"Neil \xc3\xa9 \x07"};
    e.fields[6] = (struct twilio_field){"FromZip", ""};
    e.arrival.form = (struct form){e.fields, 7};
    cr_assert(callback_store(work, &e.arrival, &callback, &fresh));
    cr_assert(callback_store(work, &e.arrival, &callback, &fresh), "now read from the table");
    cr_expect_not(fresh);
    cr_assert(callback_form(work, &callback, &form));
    cr_expect_eq(form.count, 7);
    cr_expect_str_eq(form_value(&form, "CallerName"), "O\"Neil \xc3\xa9 \x07");
    cr_expect_str_eq(form_value(&form, "FromZip"), "");
    cr_expect_null(form_text(&form, "FromZip"));
}
