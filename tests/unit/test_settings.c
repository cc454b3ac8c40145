#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include <string.h>

#include "core/json.h"
#include "stream/settings.h"

static struct work work = {.id = "test"};
static struct settings settings;

static void end(void)
{
    work_end(&work);
}

TestSuite(settings, .fini = end);

static void read(const char *config, const char *greeting, const char *variables)
{
    struct agent_version version = {.config = {config}};
    struct voice_session session = {.greeting = greeting};
    struct call call = {.variables = {variables}, .context = {"{}"}};

    settings_read(&work, &version, &session, &call, true, &settings);
}

/* The message as a tree; the test's end gives it back. */
static json_object *update(void)
{
    struct text text = {.arena = &work.arena};
    json_object *tree = NULL;

    settings_write(&settings, "cl_0001_session", &text);
    cr_assert(json_read(&work, text.at, text.length, NULL, &tree), "%s", text.at);
    return tree;
}

Test(settings, of_an_empty_document_make_a_call_that_works)
{
    json_object *tree, *session, *input;

    read("{}", NULL, "{}");
    tree = update();
    session = json_member(tree, "session");
    input = json_member(json_member(session, "audio"), "input");
    cr_expect_str_eq(json_text(tree, "type"), "session.update");
    cr_expect_str_eq(json_text(session, "type"), "realtime");
    cr_expect_str_eq(json_text(json_member(input, "format"), "type"), "audio/pcmu");
    cr_expect_str_eq(json_text(json_member(input, "turn_detection"), "type"), "server_vad");
    cr_expect_eq(json_integer(json_member(input, "turn_detection"), "silence_duration_ms", 0), 500);
    cr_expect_str_eq(settings.model, "gpt-realtime");
    cr_expect(settings.records, "the tenant's word counts when the agent has none");
    json_object_put(tree);
}

Test(settings, of_no_document_or_a_broken_one_do_no_harm)
{
    read(NULL, NULL, NULL);
    cr_expect_not_null(settings.instructions);
    read("not JSON", NULL, NULL);
    cr_expect_not_null(settings.voice);
    read("{\"voice\":7,\"greeting\":[],\"enabled_tools\":{},\"s2s_turn_detection\":\"x\"}", NULL,
         NULL);
    cr_expect_str_eq(settings.voice, "marin");
    cr_expect_null(settings.greeting);
    json_object_put(update());
}

Test(settings, are_what_the_agent_says)
{
    json_object *tree, *audio, *detection;

    read("{\"voice\":\"cedar\",\"realtime_model\":\"gpt-realtime-mini\",\"language\":\"de-DE\","
         "\"instructions\":\"Say \\\"hi\\\".\",\"greeting\":\"Hello\",\"enabled_tools\":[],"
         "\"recording\":{\"enabled\":false},\"s2s_turn_detection\":{\"type\":\"server_vad\","
         "\"threshold\":0.7,\"silenceDurationMs\":700,\"prefix_padding_ms\":200}}",
         NULL, "{\"name\":\"Ann\"}");
    tree = update();
    audio = json_member(json_member(tree, "session"), "audio");
    detection = json_member(json_member(audio, "input"), "turn_detection");
    cr_expect_str_eq(json_text(json_member(audio, "output"), "voice"), "cedar");
    cr_expect_eq(json_real(detection, "threshold", 0), 0.7);
    cr_expect_eq(json_integer(detection, "silence_duration_ms", 0), 700);
    cr_expect_eq(json_integer(detection, "prefix_padding_ms", 0), 200);
    cr_expect_str_eq(
        json_text(json_member(json_member(audio, "input"), "transcription"), "language"), "de");
    cr_expect_eq(json_object_array_length(json_member(json_member(tree, "session"), "tools")), 0);
    cr_expect_not_null(strstr(settings.instructions, "Say \"hi\"."));
    cr_expect_not_null(strstr(settings.instructions, "{\"name\":\"Ann\"}"));
    cr_expect_str_eq(settings.greeting, "Hello");
    cr_expect_not(settings.records);
    json_object_put(tree);
}

Test(settings, of_the_call_stand_above_the_agents)
{
    read("{\"greeting\":\"Hello\"}", "Good evening", "{}");
    cr_expect_str_eq(settings.greeting, "Good evening");
}

Test(settings, know_the_other_turn_detection)
{
    json_object *tree, *detection;

    read("{\"s2s_turn_detection\":{\"type\":\"semantic_vad\",\"eagerness\":\"low\"}}", NULL, "{}");
    tree = update();
    detection = json_member(
        json_member(json_member(json_member(tree, "session"), "audio"), "input"), "turn_detection");
    cr_expect_str_eq(json_text(detection, "eagerness"), "low");
    cr_expect_null(json_member(detection, "threshold"), "which it does not have");
    json_object_put(tree);
}
