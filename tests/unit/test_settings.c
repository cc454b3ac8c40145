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

Test(settings, tell_the_model_what_the_agent_knows_in_every_call)
{
    const char *call, *agent;

    read("{\"instructions\":\"Sell.\",\"assistant_profile\":\"Patient.\","
         "\"context_data\":{\"region\":\"west\"}}",
         NULL, "{\"name\":\"Ada\"}");
    call = strstr(settings.instructions, "\"Ada\"");
    agent = strstr(settings.instructions, "{\"region\":\"west\"}");
    cr_expect(call && agent && call < agent, "%s", settings.instructions);
    read("{\"instructions\":\"Sell.\",\"context_data\":{}}", NULL, "{}");
    cr_expect_str_eq(settings.instructions, "Sell.");
    read("{\"instructions\":\"Sell.\",\"context_data\":\"x\"}", NULL, "{}");
    cr_expect_str_eq(settings.instructions, "Sell.");
}

Test(settings, put_a_voice_of_the_model_in_the_place_of_one_that_it_has_not)
{
    static const char *const voices[][2] = {
        {"nova", "coral"}, {"onyx", "cedar"}, {"fable", "ballad"}, {"alloy", "alloy"}};

    for (size_t i = 0; i < COUNT(voices); i++) {
        json_object *tree, *output;

        read(arena_format(&work.arena, "{\"voice\":\"%s\"}", voices[i][0]), NULL, "{}");
        tree = update();
        output = json_member(json_member(json_member(tree, "session"), "audio"), "output");
        cr_expect_str_eq(json_text(output, "voice"), voices[i][1]);
        cr_expect_str_eq(settings.voice, voices[i][0]);
        json_object_put(tree);
    }
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

/* ---- when the caller speaks ---- */

Test(settings, without_conditions_leave_interruptions_to_the_model)
{
    read("{\"interruption_settings\":{\"enabled\":true,\"bargeInDuringGreeting\":true,"
         "\"minSilenceMs\":700}}",
         NULL, "{}");
    cr_expect_not(settings.interruption.decides);
    cr_expect(settings.model_interrupts);
    cr_expect_not_null(strstr(settings.turn_detection, "\"silence_duration_ms\":700"));
    cr_expect_not_null(strstr(settings.turn_detection, "\"create_response\":true"));
    cr_expect_not_null(strstr(settings.turn_detection, "\"interrupt_response\":true"));
}

Test(settings, with_any_condition_keep_the_model_from_stopping_and_answering_by_itself)
{
    static const char *const conditions[] = {
        "\"enabled\":false",           "\"bargeInDuringGreeting\":false",
        "\"sensitivityMs\":300",       "\"bargeInConfidence\":0.5",
        "\"echoConfidence\":0.9",      "\"falseInterruptionTimeoutMs\":1000",
        "\"sensitivity_ms\":300",      "\"barge_in_during_greeting\":false",
        "\"ignore_backchannels\":true"};

    for (size_t i = 0; i < COUNT(conditions); i++) {
        read(arena_format(&work.arena, "{\"interruption_settings\":{%s}}", conditions[i]), NULL,
             "{}");
        cr_expect(settings.interruption.decides, "%s", conditions[i]);
        cr_expect_not(settings.model_interrupts);
        cr_expect_not_null(strstr(settings.turn_detection, "\"create_response\":false"));
        cr_expect_not_null(strstr(settings.turn_detection, "\"interrupt_response\":false"));
    }
}

Test(settings, of_interruptions_stay_within_the_contracts_ranges)
{
    read("{\"interruptionSettings\":{\"sensitivityMs\":5,\"falseInterruptionTimeoutMs\":60000,"
         "\"bargeInConfidence\":7,\"echoConfidence\":-1}}",
         NULL, "{}");
    cr_expect_eq(settings.interruption.speech_ms, 100);
    cr_expect_eq(settings.interruption.false_ms, 5000);
    cr_expect_float_eq(settings.interruption.confidence, 1, 1e-9);
    cr_expect_float_eq(settings.interruption.echo, 0, 1e-9);
    read("{\"interruptionSettings\":{\"sensitivityMs\":\"soon\"}}", NULL, "{}");
    cr_expect_eq(settings.interruption.speech_ms, 300);
    cr_expect_eq(settings.interruption.false_ms, 1500);
}

Test(settings, of_turn_detection_stay_within_the_contracts_ranges)
{
    read(
        "{\"s2sTurnDetection\":{\"threshold\":3,\"prefixPaddingMs\":9000,\"silenceDurationMs\":1}}",
        NULL, "{}");
    cr_expect_not_null(strstr(settings.turn_detection, "\"threshold\":1,\"prefix_padding_ms\":2000,"
                                                       "\"silence_duration_ms\":200"),
                       "%s", settings.turn_detection);
    read("{\"s2s_turn_detection\":{\"type\":\"semantic_vad\",\"eagerness\":\"wild\"}}", NULL, "{}");
    cr_expect_not_null(strstr(settings.turn_detection, "\"eagerness\":\"auto\""));
}

/* How long a caller must be silent for his turn to be over, which two settings can say. */
static const char *silence_with(const char *members)
{
    const char *at;

    read(arena_format(&work.arena, "{%s}", members), NULL, "{}");
    at = strstr(settings.turn_detection, "\"silence_duration_ms\":");
    cr_assert_not_null(at);
    at += strlen("\"silence_duration_ms\":");
    return arena_copy(&work.arena, at, strcspn(at, ","));
}

Test(settings, of_the_silence_that_ends_a_turn_stay_within_the_contracts_ranges)
{
    cr_expect_str_eq(silence_with(""), "500");
    cr_expect_str_eq(silence_with("\"interruptionSettings\":{\"minSilenceMs\":1}"), "100");
    cr_expect_str_eq(silence_with("\"interruptionSettings\":{\"minSilenceMs\":9000}"), "3000");
    cr_expect_str_eq(silence_with("\"s2sTurnDetection\":{\"silenceDurationMs\":9000}"), "3000");
    cr_expect_str_eq(silence_with("\"interruptionSettings\":{\"minSilenceMs\":900},"
                                  "\"s2sTurnDetection\":{\"silenceDurationMs\":400}"),
                     "400", "which is meant for this kind of agent");
}

Test(settings, ask_how_sure_the_words_are_only_where_the_model_can_say)
{
    json_object *tree;

    read("{\"interruptionSettings\":{\"bargeInConfidence\":0.6}}", NULL, "{}");
    tree = update();
    cr_expect_not_null(json_member(json_member(tree, "session"), "include"));
    json_object_put(tree);
    read("{\"interruptionSettings\":{\"bargeInConfidence\":0.6},"
         "\"s2s_config\":{\"transcriptionModel\":\"whisper-1\"}}",
         NULL, "{}");
    tree = update();
    cr_expect_null(json_member(json_member(tree, "session"), "include"));
    json_object_put(tree);
}

/* ---- how the agent hears and speaks ---- */

Test(settings, carry_noise_reduction_transcription_and_speed_into_the_session)
{
    json_object *tree, *audio, *input, *words;

    read("{\"language\":\"de-DE\",\"voice_settings\":{\"speed\":4},\"s2s_config\":{"
         "\"noiseReduction\":\"far_field\",\"transcriptionModel\":\"gpt-4o-transcribe\"},"
         "\"stt_config\":{\"keywords\":[\"Kettenblatt\",\"Tretlager\"]}}",
         NULL, "{}");
    tree = update();
    audio = json_member(json_member(tree, "session"), "audio");
    input = json_member(audio, "input");
    words = json_member(input, "transcription");
    cr_expect_str_eq(json_text(json_member(input, "noise_reduction"), "type"), "far_field");
    cr_expect_str_eq(json_text(words, "model"), "gpt-4o-transcribe");
    cr_expect_str_eq(json_text(words, "language"), "de");
    cr_expect_str_eq(json_text(words, "prompt"), "Kettenblatt, Tretlager");
    cr_expect_float_eq(json_object_get_double(json_member(json_member(audio, "output"), "speed")),
                       1.5, 1e-9, "as fast as the model can");
    json_object_put(tree);
}

Test(settings, reduce_noise_unless_it_is_off)
{
    read("{}", NULL, "{}");
    cr_expect_str_eq(settings.noise_reduction, "near_field");
    read("{\"s2sConfig\":{\"noiseReduction\":\"off\"}}", NULL, "{}");
    cr_expect_null(settings.noise_reduction);
}

Test(settings, say_how_a_call_opens_and_ends)
{
    read("{\"callSettings\":{\"maxDurationSeconds\":10,\"silenceTimeoutSeconds\":900,"
         "\"dtmfEnabled\":false,\"voicemailMessage\":\"Call us.\","
         "\"endCallPhrases\":[\"bye now\",7]},\"firstSpeaker\":\"user\"}",
         NULL, "{}");
    cr_expect_eq(settings.call_limit_seconds, 30);
    cr_expect_eq(settings.silence_seconds, 300);
    cr_expect_not(settings.takes_keys);
    cr_expect_str_eq(settings.voicemail_message, "Call us.");
    cr_expect_eq(settings.nend_phrases, 1);
    cr_expect(settings.is_caller_first);
    read("{\"call_settings\":{\"max_duration_seconds\":120,\"voicemail_message\":\"\"}}", NULL,
         "{}");
    cr_expect_eq(settings.call_limit_seconds, 120);
    cr_expect_eq(settings.silence_seconds, 30);
    cr_expect(settings.takes_keys);
    cr_expect_null(settings.voicemail_message);
    cr_expect_not(settings.is_caller_first);
}
