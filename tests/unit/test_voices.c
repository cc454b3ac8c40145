/* Which voice a tenant's calls ask for, when it is spared, and what the operator is shown of it. */
#include <string.h>

#include <criterion/criterion.h>

#include "domain/secrets.h"
#include "domain/voices.h"
#include "world.h"

static struct world world;
static struct work *const work = &world.work;

static void begin(const char *settings)
{
    world_begin(&world, settings, false);
    world.config.elevenlabs_api_key = "xi-server";
}

static void end(void)
{
    world_end(&world);
}

TestSuite(voices, .fini = end);

static struct voice_choice choose(const char *config)
{
    struct agent_version version = {.config = {config}};
    struct voice_choice choice;

    cr_assert(voice_choose(work, &world.tenant, &version, &choice), "%s", work->error.message);
    return choice;
}

static const char elsewhere[] = "{\"voice_settings\":{\"provider\":\"elevenlabs\",\"voiceId\":"
                                "\"v1\",\"stability\":0.4,\"similarityBoost\":0.8}}";

Test(voices, are_the_models_own_where_nobody_asks_for_another)
{
    begin(NULL);
    cr_expect_str_eq(choose("{\"voice\":\"marin\"}").provider, VOICE_OPENAI);
    cr_expect_str_eq(choose("{\"voice_settings\":{\"provider\":\"unheard of\"}}").provider,
                     VOICE_OPENAI);
}

Test(voices, are_read_in_either_spelling)
{
    struct voice_choice choice;

    begin(NULL);
    choice = choose(elsewhere);
    cr_expect_str_eq(choice.provider, VOICE_ELEVENLABS);
    cr_expect_str_eq(choice.voice_id, "v1");
    cr_expect_str_eq(choice.model_id, "eleven_flash_v2_5");
    cr_expect_str_eq(choice.settings_json, "{\"stability\":0.4,\"similarity_boost\":0.8}");
    cr_expect_str_eq(choice.api_key, "xi-server");
    cr_expect_null(choice.obstacle);
}

Test(voices, may_be_the_tenants_for_all_of_its_agents_with_a_key_of_its_own)
{
    struct voice_choice choice;

    begin("{\"audio_output_provider\":\"elevenlabs\",\"elevenlabs\":{\"voice_id\":\"v2\","
          "\"model_id\":\"m2\",\"api_key\":\"xi-tenant\"}}");
    choice = choose("{}");
    cr_expect_str_eq(choice.voice_id, "v2");
    cr_expect_str_eq(choice.model_id, "m2");
    cr_expect_str_eq(choice.api_key, "xi-tenant");
    cr_expect_null(strstr(world.tenant.config.json, "xi-tenant"), "the key stands in no document");
}

Test(voices, need_a_key_and_a_name)
{
    begin(NULL);
    cr_expect_str_eq(choose("{\"voice_settings\":{\"provider\":\"elevenlabs\"}}").obstacle,
                     VOICE_NOT_CONFIGURED);
    world.config.elevenlabs_api_key = NULL;
    cr_expect_str_eq(choose(elsewhere).obstacle, VOICE_NOT_CONFIGURED);
}

static void note(instant used_at, const char *reason, bool failed)
{
    const struct voice_use use = {
        .session_id = uid_new(),
        .provider = VOICE_ELEVENLABS,
        .effective = reason ? VOICE_OPENAI : VOICE_ELEVENLABS,
        .fallback_reason = reason,
        .failed_at = failed ? used_at : NO_INSTANT,
        .utterances = reason ? 0 : 2,
        .first_audio_ms = reason ? NO_INTEGER : 180,
        .used_at = used_at,
    };

    cr_assert(voice_use_put(work, &use) && voice_use_put(work, &use), "%s", work->error.message);
}

Test(voices, are_spared_for_a_while_after_a_failure)
{
    begin(NULL);
    note(instant_after(clock_now(), -VOICE_COOL_DOWN_MS - 1000), "closed", true);
    cr_expect_null(choose(elsewhere).obstacle, "long enough ago");
    note(clock_now(), "quota_exceeded", true);
    cr_expect_str_eq(choose(elsewhere).obstacle, VOICE_COOLING_DOWN);
}

static struct voice_state state(void)
{
    struct voice_state found = {.tenant_key = NULL};
    struct rows rows;

    cr_assert(voice_states(work, &rows), "%s", work->error.message);
    for (size_t i = 0; i < rows.count; i++) {
        const struct voice_state *one = (const struct voice_state *)rows.at + i;

        if (strcmp(one->tenant_key, world.tenant.tenant_key) == 0)
            found = *one;
    }
    cr_assert_not_null(found.tenant_key, "the tenant is not shown");
    return found;
}

Test(voices, show_the_operator_how_they_fare)
{
    begin(NULL);
    cr_expect_str_eq(state().configured_provider, VOICE_OPENAI);
    note(instant_after(clock_now(), -5000), NULL, false);
    cr_expect_str_eq(state().effective_provider, VOICE_ELEVENLABS);
    cr_expect_eq(state().first_audio_ms, 180);
    cr_expect_not(state().fallback_active);
    note(clock_now(), "refused", true);
    cr_expect(state().fallback_active);
    cr_expect_str_eq(state().fallback_reason, "refused");
    cr_expect_str_eq(state().effective_provider, VOICE_OPENAI);
    cr_expect_not(state().elevenlabs_ready);
    cr_expect_eq(state().spoken_sessions, 1);
    cr_expect_eq(state().fallback_sessions, 1);
}
