#include <criterion/criterion.h>

#include <string.h>

#include "core/json.h"
#include "domain/functions.h"
#include "outlets.h"
#include "stream/realtime.h"
#include "stream/refused.h"
#include "stream/tools/toolbox.h"

static struct kept carrier, model;
static struct live *live;
static struct arena arena;

static void begin(void)
{
    live = live_for_test(&carrier, &model);
    live->settings.transcription_model = "nova-3";
}

static void end(void)
{
    live_release(live);
    arena_free(&arena);
}

TestSuite(refused, .init = begin, .fini = end);

static bool refused(const char *param)
{
    return refused_setting(live, "invalid_value", param);
}

Test(refused, a_setting_gets_its_default_and_is_given_up_once)
{
    live->settings.voice = "Joanna";
    live->settings.language = "ga";
    live->settings.transcription_prompt = "Trunkline";
    live->settings.noise_reduction = "near_field";
    live->settings.speed = 1.2;
    live->settings.max_output_tokens = 9000;
    for (int time = 0; time < 2; time++) {
        bool first = time == 0;

        cr_expect_eq(refused("session.audio.output.voice"), first);
        cr_expect_eq(refused("session.audio.output.speed"), first);
        cr_expect_eq(refused("session.audio.input.transcription.language"), first);
        cr_expect_eq(refused("session.audio.input.transcription.prompt"), first);
        cr_expect_eq(refused("session.audio.input.transcription.model"), first);
        cr_expect_eq(refused("session.audio.input.noise_reduction.type"), first);
        cr_expect_eq(refused("session.max_output_tokens"), first);
    }
    cr_expect_str_eq(live->settings.voice, "marin");
    cr_expect_str_eq(live->settings.transcription_model, "gpt-4o-mini-transcribe");
    cr_expect_null(live->settings.language);
}

Test(refused, what_is_not_a_setting_of_ours_is_not_given_up)
{
    cr_expect_not(refused(NULL));
    cr_expect_not(refused("session.type"));
    cr_expect_not(refused("audio_end_ms"));
}

Test(refused, instructions_lose_a_quarter_at_a_time_down_to_a_few_pages)
{
    struct text text = {.arena = &arena};

    for (int i = 0; i < 10000; i++)
        text_put(&text, "\xC3\xA9");
    live->settings.instructions = text.at;
    cr_expect(refused("session.instructions"));
    cr_expect_eq(strlen(live->settings.instructions), 15000u, "no character is cut in two");
    for (int i = 0; i < 10; i++)
        refused("session.instructions");
    cr_expect_gt(strlen(live->settings.instructions), 3000u);
    cr_expect_not(refused("session.instructions"));
}

Test(refused, a_tool_is_left_out_and_can_still_be_found_by_whoever_runs_it)
{
    struct tool tools[] = {{.name = "a"}, {.name = "b"}, {.name = "c"}};
    struct toolbox box = {.tools = tools, .count = 3};

    live->settings.tools = &box;
    cr_expect(refused("session.tools[1].parameters"));
    cr_expect_eq(live->settings.tools->count, 2u);
    cr_expect_null(toolbox_find(live->settings.tools, "b"));
    cr_expect_not_null(toolbox_find(live->settings.tools, "c"));
    cr_expect_not_null(toolbox_find(&box, "b"));
    cr_expect(refused("session.tools"), "none is named, so that any may be it");
    cr_expect_eq(live->settings.tools->count, 0u);
    cr_expect_not(refused("session.tools"));
}

#define REFUSAL(param)                                                                             \
    "{'type':'error','error':{'type':'t','code':'invalid_value','param':'" param                   \
    "','event_id':'cl_0001_session'}}"

Test(refused, the_rest_is_sent_again_and_the_call_waits_for_it)
{
    const char *text = expand(&arena, REFUSAL("session.audio.output.voice"));

    live->state = LIVE_CONFIGURING;
    live->connects = 3;
    strcpy(live->setup_event, "cl_0001_session");
    live->settings.voice = "Joanna";
    cr_expect(realtime_take(live, text, strlen(text)));
    cr_expect_eq(live->state, LIVE_CONFIGURING);
    cr_expect_not_null(strstr(kept_last(&model), "session.update"));
    cr_expect_not_null(strstr(kept_last(&model), "\"voice\":\"marin\""));
    cr_expect_not_null(strstr(facts_kept, "session.audio.output.voice"));
}

/* ---- what we offer by ourselves ---- */

static bool lists_have_items(json_object *schema)
{
    const char *type = json_text(schema, "type");

    if (!json_object_is_type(schema, json_type_object))
        return true;
    if (type && strcmp(type, "array") == 0 && !json_member(schema, "items"))
        return false;
    json_object_object_foreach(schema, name, value)
    {
        (void)name;
        if (!lists_have_items(value))
            return false;
    }
    return true;
}

static void expect_taken(const char *name, const char *parameters)
{
    json_object *schema = json_parse(parameters);
    const char *type = json_text(schema, "type");

    cr_expect(type && strcmp(type, "object") == 0, "%s", name);
    cr_expect(lists_have_items(schema), "%s", name);
    json_object_put(schema);
}

Test(refused, no_tool_of_our_own_has_a_schema_that_models_do_not_take)
{
    const struct builtin *builtin;
    const struct function *function;

    for (size_t i = 0; (builtin = builtin_at(i)); i++)
        expect_taken(builtin->name, builtin->parameters);
    for (size_t i = 0; (function = function_at(i)); i++)
        expect_taken(function->name, function->parameters);
}
