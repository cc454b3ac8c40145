#include <criterion/criterion.h>

#include <string.h>

#include "core/redact.h"
#include "domain/events.h"
#include "domain/invocations.h"
#include "domain/turns.h"
#include "slots.h"
#include "stream/facts.h"
#include "world.h"

static struct world world;
static struct work *const work = &world.work;
static struct incoming in;
static struct subject subject;

static char lines[32][4096];
static struct fact facts[32];
static size_t nfacts;

static bool keep(const char *line, size_t length)
{
    memcpy(lines[nfacts], line, length);
    facts[nfacts] = (struct fact){.line = lines[nfacts], .length = length};
    nfacts++;
    return true;
}

static void setup(void)
{
    world_begin(&world, NULL, false);
    in = call_in(&world);
    claim_stream(&world, &in);
    subject = (struct subject){world.tenant.id, in.call.id, in.session.id};
    facts_to(keep);
}

static void end(void)
{
    world_end(&world);
}

TestSuite(facts, .init = setup, .fini = end);

static struct slot said(int64_t seq, enum speaker speaker, const char *text)
{
    struct slot slot = slot_said(seq, speaker, text);

    slot.first_audio_ms = 321;
    strcpy(slot.item, "item_1");
    return slot;
}

static void apply(void)
{
    size_t done;

    cr_expect(facts_apply(work, facts, nfacts, &done), "%s", work->error.message);
    cr_expect_eq(done, nfacts);
}

Test(facts, of_a_conversation_become_turns_however_often_they_are_applied)
{
    struct slot first = said(1, SPEAKER_ASSISTANT, "Say \"hi\", größe 👋"),
                second = said(2, SPEAKER_USER, "Hi");
    const struct turn *turns;
    struct rows rows;

    fact_turn(&subject, &first);
    fact_turn(&subject, &second);
    apply();
    apply();
    cr_assert(turns_of_call(work, in.call.id, &rows));
    cr_assert_eq(rows.count, 2);
    turns = rows.at;
    cr_expect_str_eq(turns[0].text, "Say \"hi\", größe 👋");
    cr_expect_str_eq(turns[0].role, "assistant");
    cr_expect_eq(turns[0].e2e_first_audio_ms, 321);
    cr_expect_eq(turns[0].llm_first_token_ms, NO_INTEGER);
    cr_expect_not(turns[0].interrupted);
    cr_expect_str_eq(turns[1].role, "user");
    cr_expect_eq(turns[1].start_ms, 2000);
    cr_expect_str_eq(turns[1].item_ref, "item_1");
}

Test(facts, of_an_interruption_replace_what_was_said_by_what_was_heard)
{
    struct slot slot = said(1, SPEAKER_ASSISTANT, "one two three");
    const struct turn *turn;
    struct rows rows;

    fact_turn(&subject, &slot);
    slot.text = (struct text){.at = (char *)(uintptr_t) "one", .length = 3};
    slot.heard_ms = 400;
    fact_turn(&subject, &slot);
    apply();
    cr_assert(turns_of_call(work, in.call.id, &rows));
    turn = rows.at;
    cr_assert_eq(rows.count, 1);
    cr_expect_str_eq(turn->text, "one");
    cr_expect(turn->interrupted);
    cr_expect_eq(turn->heard_ms, 400);
}

Test(facts, lead_a_session_through_its_states_and_finalise_the_call)
{
    struct voice_session session;

    fact_active(&subject);
    apply();
    cr_assert(session_get(work, in.session.id, &session));
    cr_expect_str_eq(session.state, "active");
    fact_draining(&subject);
    apply();
    cr_assert(session_get(work, in.session.id, &session));
    cr_expect_str_eq(session.state, "draining");
    end_by_carrier(&world, in.call.id, 5);
    fact_end(&subject, "completed", "agent_end", 5000, 1);
    apply();
    apply();
    cr_assert(session_get(work, in.session.id, &session));
    cr_expect_str_eq(session.state, "ended");
    cr_expect_str_eq(session.result, "completed");
    cr_expect_eq(session.duration_ms, 5000);
    cr_assert(call_get(work, in.call.id, &in.call));
    cr_expect_str_eq(in.call.end_reason, "agent_end");
    cr_expect_not(instant_is_none(in.call.finalized_at));
}

Test(facts, of_a_lost_session_leave_the_call_open)
{
    struct voice_session session;

    fact_lost(&subject);
    apply();
    cr_assert(session_get(work, in.session.id, &session));
    cr_expect_str_eq(session.state, "lost");
    cr_assert(call_get(work, in.call.id, &in.call));
    cr_expect(instant_is_none(in.call.finalized_at));
}

Test(facts, of_tools_and_events_are_kept_once)
{
    const struct tool_fact tool = {
        .id = uid_new(),
        .name = "end_call",
        .call_ref = "call_1",
        .arguments = "{\"reason\":\"bye\"}",
        .status = "ok",
        .result = "{\"status\":\"ending\"}",
        .started_at = clock_now(),
        .duration_ms = 0,
    };
    struct rows rows;
    size_t before;

    cr_assert(events_of_call(work, in.call.id, NO_UID, 100, &rows));
    before = rows.count;
    fact_tool(&subject, &tool);
    fact_event(&subject, "turn.interrupted", "info", "media", "{\"heard_ms\":5}");
    fact_event(&subject, "model.error", "warn", "model", NULL);
    apply();
    apply();
    cr_assert(events_of_call(work, in.call.id, NO_UID, 100, &rows));
    cr_expect_eq(rows.count, before + 2);
    cr_assert(invocations_of_call(work, in.call.id, &rows));
    cr_assert_eq(rows.count, 1);
    cr_expect_str_eq(((struct invocation *)rows.at)->tool_name, "end_call");
    cr_assert(call_get(work, in.call.id, &in.call));
    cr_expect_eq(in.call.tool_call_count, 1);
}

/* What cannot be applied is passed over, or it would stop everything behind it for ever. */
Test(facts, that_make_no_sense_do_not_stop_those_behind_them)
{
    struct slot slot = said(1, SPEAKER_USER, "Hi");
    struct rows rows;

    keep("not JSON", 8);
    keep("{\"kind\":\"unknown\"}", 18);
    keep("{\"kind\":\"turn\",\"tenant\":1}", 26);
    fact_turn(&subject, &slot);
    keep("{\"kind\":\"end\"}", 14);
    fact_event(&subject, "model.error", "warn", "model", NULL);
    apply();
    cr_assert(turns_of_call(work, in.call.id, &rows));
    cr_expect_eq(rows.count, 1);
}

Test(facts, of_two_tenants_in_one_batch_stay_apart)
{
    struct slot slot = said(1, SPEAKER_USER, "mine");
    struct world other;
    struct incoming theirs;
    struct subject them;
    struct rows rows;

    world_begin(&other, NULL, false);
    theirs = call_in(&other);
    them = (struct subject){other.tenant.id, theirs.call.id, theirs.session.id};
    fact_turn(&subject, &slot);
    slot = said(1, SPEAKER_USER, "theirs");
    fact_turn(&them, &slot);
    apply();
    cr_assert(turns_of_call(&other.work, theirs.call.id, &rows));
    cr_assert_eq(rows.count, 1);
    cr_expect_str_eq(((struct turn *)rows.at)->text, "theirs");
    world_end(&other);
}

Test(facts, that_end_a_session_are_known_by_it)
{
    uid session;

    fact_active(&subject);
    fact_end(&subject, "completed", NULL, 1, 1);
    fact_lost(&subject);
    cr_expect_not(fact_ends(&facts[0], &session));
    cr_expect(fact_ends(&facts[1], &session));
    cr_expect(uid_equal(session, subject.session));
    cr_expect(fact_ends(&facts[2], &session));
    cr_expect_not(fact_ends(&(struct fact){.line = "nonsense", .length = 8}, &session));
}

Test(facts, never_hold_what_the_tenant_does_not_keep)
{
    struct slot turn =
        said(1, SPEAKER_USER, "It is four one one one, 1111 1111 1111, or jo@example.com");
    struct tool_fact tool = {
        .id = uid_new(),
        .name = "pay",
        .call_ref = "c1",
        .arguments = "{\"card\":4111111111111111}",
        .status = "error",
        .result = "{\"said\":\"4111 1111 1111 1111 was refused\"}",
        .error = "4111111111111111 was refused",
        .started_at = clock_now(),
        .duration_ms = 5,
    };
    struct rows rows;

    subject.redacts = REDACT_CARDS;
    fact_turn(&subject, &turn);
    fact_said(&subject, &turn);
    fact_event(&subject, "keys.pressed", "info", "media", "{\"keys\":\"4111111111111111#\"}");
    fact_tool(&subject, &tool);
    for (size_t i = 0; i < nfacts; i++) {
        lines[i][facts[i].length] = '\0';
        cr_expect_null(strstr(lines[i], "1111"), "%s", lines[i]);
        cr_expect_not_null(strstr(lines[i], "[card]"), "%s", lines[i]);
    }
    apply();
    cr_assert(turns_of_call(work, in.call.id, &rows));
    cr_expect_str_eq(((const struct turn *)rows.at)->text, "It is [card], or jo@example.com");
    cr_expect_eq(((const struct turn *)rows.at)->redactions, 1);
}
