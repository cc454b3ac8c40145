/* Who asks for it has every recorded call begin with a sentence, once, and proves it later. */
#include <criterion/criterion.h>

#include <string.h>

#include "domain/audit.h"
#include "domain/consent.h"
#include "domain/events.h"
#include "world.h"

static struct world world;
static struct work *const work = &world.work;

static void begin(const char *settings)
{
    world_begin(&world, settings, false);
}

static void end(void)
{
    world_end(&world);
}

TestSuite(consent, .fini = end);

static void note(const struct incoming *in)
{
    cr_assert(consent_note(work, &world.tenant, &world.version, &in->call, &in->session), "%s",
              work->error.message);
}

Test(consent, is_said_before_the_agent_and_stamped_when_the_session_begins)
{
    struct incoming in;
    struct rows rows;
    const char *again;

    begin("{\"recording\":{\"enabled\":true,\"consent_text\":\"We record this call.\"}}");
    in = call_in(&world);
    cr_assert_not_null(in.plan.say);
    cr_expect_str_eq(in.plan.say, "We record this call.");
    cr_expect(instant_is_none(in.call.consent_at));
    claim_stream(&world, &in);
    note(&in);
    note(&in);
    cr_assert(call_get(work, in.call.id, &in.call));
    cr_expect(!instant_is_none(in.call.consent_at));
    cr_assert(audit_list(work, "recording.consent", 10, &rows));
    cr_assert_eq(rows.count, 1, "it is written down once");
    cr_expect_not_null(
        strstr(((const struct audit_row *)rows.at)->detail.json, "We record this call."));
    cr_assert(consent_of_call(work, &in.call, &again));
    cr_expect_null(again, "a call that comes back does not hear it again");
}

Test(consent, is_not_asked_of_calls_that_are_not_recorded)
{
    struct incoming in;

    begin("{\"recording\":{\"enabled\":false,\"consent_text\":\"We record this call.\"}}");
    in = call_in(&world);
    cr_expect_null(in.plan.say);
    claim_stream(&world, &in);
    note(&in);
    cr_assert(call_get(work, in.call.id, &in.call));
    cr_expect(instant_is_none(in.call.consent_at));
}

Test(consent, may_be_required_without_words)
{
    struct incoming in;

    begin("{\"recording\":{\"enabled\":true,\"consent_required\":true}}");
    in = call_in(&world);
    cr_assert_not_null(in.plan.say);
    cr_expect_str_eq(in.plan.say, "This call is recorded.");
}

Test(audit, shows_a_row_that_was_altered)
{
    struct audit_row row = {.actor_kind = "system", .actor = "test"};
    const struct audit_row *kept;
    unsigned char hash[32];
    struct rows rows;

    begin(NULL);
    for (int i = 0; i < 2; i++) {
        row.action = "test.done";
        row.detail.json = "{\"rows\":3}";
        cr_assert(audit_put(work, &row), "%s", work->error.message);
    }
    cr_assert(audit_list(work, "test.done", 10, &rows));
    cr_assert_eq(rows.count, 2);
    kept = rows.at;
    cr_expect_arr_eq(kept[0].prev_hash.at, kept[1].hash.at, 32, "the newer knows the older");
    audit_hash(&kept[0], kept[0].prev_hash.at, hash);
    cr_expect_arr_eq(hash, kept[0].hash.at, 32);
    row = kept[0];
    row.detail.json = "{\"rows\":2}";
    audit_hash(&row, kept[0].prev_hash.at, hash);
    cr_expect(memcmp(hash, kept[0].hash.at, 32) != 0);
    end();
}
