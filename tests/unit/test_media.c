#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include <string.h>

#include "core/clock.h"
#include "outlets.h"
#include "stream/bridge.h"
#include "stream/coalesce.h"
#include "stream/media.h"
#include "stream/realtime.h"
#include "stream/socket.h"

static struct kept carrier, model;
static struct live *live;
static struct arena arena;

static void begin(void)
{
    live = live_for_test(&carrier, &model);
}

static void end(void)
{
    live_release(live);
    arena_free(&arena);
}

TestSuite(media, .init = begin, .fini = end);

static bool take(const char *given)
{
    const char *text = expand(&arena, given);

    return media_take(live, text, strlen(text));
}

#define FRAME                                                                                      \
    "{'event':'media','sequenceNumber':'4','media':{'track':'inbound','chunk':'3','timestamp':'"   \
    "60','payload':'#160#'},'streamSid':'MZ1'}"

Test(media, a_frame_passes_untouched_in_one_message)
{
    const char *audio = expand(&arena, "#160#");

    cr_expect(take(FRAME));
    cr_assert_eq(model.count, 1);
    cr_expect_str_eq(
        model.texts[0],
        arena_format(&arena, "{\"type\":\"input_audio_buffer.append\",\"audio\":\"%s\"}", audio));
}

/* Bytes of "frames" messages but for the second half of the last. */
static size_t most_of(size_t frames)
{
    size_t length = strlen(expand(&arena, FRAME));

    return (frames - 1) * length + length / 2;
}

Test(media, frames_that_leave_together_are_awaited_together)
{
    take(FRAME);
    cr_expect_eq(media_role.awaits(live), 0, "each leaves by itself");
    coalesce_force(3);
    take(FRAME);
    cr_expect_eq(media_role.awaits(live), 0, "one more and they leave");
    take(FRAME);
    cr_expect_eq(model.count, 2);
    for (int i = 0; i < 2; i++) {
        cr_expect_eq(media_role.awaits(live), most_of(3));
        take(FRAME);
        cr_expect_eq(media_role.awaits(live), most_of(2));
        take(FRAME);
        take(FRAME);
    }
    cr_expect_eq(model.count, 4);
    coalesce_force(1);
    cr_expect_eq(media_role.awaits(live), 0);
}

Test(media, a_carrier_that_falls_silent_is_not_awaited)
{
    coalesce_force(3);
    take(FRAME);
    cr_expect_gt(media_role.awaits(live), 0);
    clock_advance_ms(250);
    sockets_send();
    cr_expect_eq(media_role.awaits(live), 0, "what it said besides is read");
    take(FRAME);
    take(FRAME);
    cr_expect_gt(media_role.awaits(live), 0);
}

Test(media, frames_that_are_not_held_are_not_awaited)
{
    coalesce_force(3);
    take("{'event':'media','media':{'payload':'#2000#'}}");
    cr_expect_eq(media_role.awaits(live), 0, "no carrier's");
    take(FRAME);
    take(FRAME);
    cr_expect_gt(media_role.awaits(live), 0);
    live->state = LIVE_CONNECTING;
    take(FRAME);
    cr_expect_eq(media_role.awaits(live), 0, "it waits for the model");
}

Test(media, frames_wait_until_the_model_is_ready_and_keep_their_order)
{
    live->state = LIVE_CONNECTING;
    live->model = NULL;
    for (int i = 1; i <= 50; i++)
        take(arena_format(&arena, "{'event':'media','media':{'timestamp':'%d','payload':'#%d#'}}",
                          i * 20, i * 3));
    live->model = &model.outlet;
    live_ready(live);
    cr_expect_eq(kept_with(&model, "input_audio_buffer.append"), 50);
    cr_expect_lt(strlen(model.texts[0]), strlen(model.texts[49]));
    cr_expect_eq(live->base_ms, 20);
    cr_expect_not_null(strstr(kept_last(&model), "response.create"), "the greeting follows");
}

Test(media, audio_that_is_none_goes_nowhere)
{
    static const char *const payloads[] = {"", "AAA", "AA\\\"A", "AAA\\u0000", "====", "AA AA==="};

    for (size_t i = 0; i < COUNT(payloads); i++)
        cr_expect(
            take(arena_format(&arena, "{'event':'media','media':{'payload':'%s'}}", payloads[i])));
    cr_expect(take("{'event':'media','media':{'payload':12}}"));
    cr_expect(take("{'event':'media','media':{}}"));
    cr_expect(take("{'event':'media','media':{'track':'outbound','payload':'AAAA'}}"));
    cr_expect_eq(model.count, 0);
}

Test(media, what_is_no_message_ends_the_connection_and_what_is_unknown_does_not)
{
    cr_expect_not(take("nonsense"));
    cr_expect_not(take("[]"));
    cr_expect_not(take(""));
    cr_expect(take("{}"));
    cr_expect(take("{'event':'connected','protocol':'Call','version':'1.0.0'}"));
    cr_expect(take("{'event':'somethingNew','x':{}}"));
    cr_expect(take("{'event':7}"));
    cr_expect_not(take("{'event':'mark'}"));
    cr_expect_not(take("{'event':'mark','mark':{'name':'x'},'a':NaN}"));
}

struct start_case {
    char text[300];
    bool ok;
};

#define START(details) "{'event':'start','start':{" details "}}"

ParameterizedTestParameters(media, start)
{
    static struct start_case cases[] = {
        /* clang-format off */
        {START("'streamSid':'MZ1','callSid':'CA1','customParameters':{}"), true},
        {START("'streamSid':'MZ1','callSid':'CA1','mediaFormat':{'encoding':'audio/x-mulaw','sampleRate':8000,'channels':1}"), true},
        {START("'streamSid':'MZ1','callSid':'CA1','mediaFormat':{'encoding':'audio/l16','sampleRate':8000,'channels':1}"), false},
        {START("'streamSid':'MZ1','callSid':'CA1','mediaFormat':{'encoding':'audio/x-mulaw','sampleRate':16000}"), false},
        {START("'streamSid':'MZ\\\"1','callSid':'CA1'"), false},
        {START("'streamSid':'','callSid':'CA1'"), false},
        {START("'callSid':'CA1'"), false},
        {START("'streamSid':'MZ1'"), false},
        {START("'streamSid':12,'callSid':'CA1'"), false},
        {"{'event':'start'}", false},
        {"{'event':'start','start':[]}", false},
        /* clang-format on */
    };

    return cr_make_param_array(struct start_case, cases, COUNT(cases));
}

ParameterizedTest(struct start_case *given, media, start)
{
    live->state = LIVE_OPEN;
    cr_expect_eq(take(given->text), given->ok, "%s", given->text);
    if (given->ok)
        cr_expect_eq(carrier.closed, 1008, "without a token there is no call");
}

Test(media, a_second_start_is_refused)
{
    cr_expect_not(take(START("'streamSid':'MZ1','callSid':'CA1'")));
}

Test(media, stop_is_the_end_and_is_written_down)
{
    cr_expect(take("{'event':'stop','stop':{'accountSid':'AC1','callSid':'CA1'}}"));
    cr_expect_eq(live->state, LIVE_CLOSING);
    cr_expect_eq(model.closed, 1000);
    cr_expect_not_null(strstr(facts_kept, "\"kind\":\"end\""));
    cr_expect_not_null(strstr(facts_kept, "\"reason\":\"caller_hangup\""));
    cr_expect(take(FRAME), "late frames do no harm");
}

Test(media, keys_are_told_when_no_more_come)
{
    cr_expect(take("{'event':'dtmf','dtmf':{'track':'inbound_track','digit':'4'}}"));
    cr_expect(take("{'event':'dtmf','dtmf':{'digit':'2'}}"));
    cr_expect(take("{'event':'dtmf','dtmf':{'digit':'xx'}}"));
    cr_expect(take("{'event':'dtmf','dtmf':{}}"));
    live_tick();
    cr_expect_eq(model.count, 0);
    clock_advance_ms(2600);
    sockets_send();
    live_tick();
    cr_expect_eq(kept_with(&model, "keypad: 42\""), 1);
    cr_expect_eq(kept_with(&model, "response.create"), 1);
}

Test(media, a_hash_key_ends_the_digits)
{
    static const char hash[] = "{\"event\":\"dtmf\",\"dtmf\":{\"digit\":\"#\"}}";

    take("{'event':'dtmf','dtmf':{'digit':'7'}}");
    take("{\"event\":\"dtmf\",\"dtmf\":{\"digit\":\"*\"}}");
    live_tick();
    cr_expect_eq(model.count, 0);
    cr_expect(media_take(live, hash, sizeof hash - 1));
    live_tick();
    cr_expect_eq(kept_with(&model, "keypad: 7*#"), 1);
}

Test(media, a_line_without_frames_is_dead)
{
    clock_advance_ms(31000);
    sockets_send();
    live_tick();
    cr_expect_eq(live->state, LIVE_CLOSING);
    cr_expect_not_null(strstr(facts_kept, "\"reason\":\"carrier_error\""));
}

struct path_case {
    char path[64];
    bool ok;
    char token[32];
};

ParameterizedTestParameters(media, path)
{
    static struct path_case cases[] = {
        {"/media-stream", true, ""},
        {"/media-stream/", true, ""},
        {"/media-stream/v1.a.b", true, "v1.a.b"},
        {"/n/one/media-stream/v1.a.b", true, "v1.a.b"},
        {"/n/one/media-stream", true, ""},
        {"/media-stream/v1/x", false, ""},
        {"/media-streams", false, ""},
        {"/n/one", false, ""},
        {"/", false, ""},
        {"", false, ""},
    };

    return cr_make_param_array(struct path_case, cases, COUNT(cases));
}

ParameterizedTest(struct path_case *given, media, path)
{
    char token[TOKEN_LIMIT + 1] = "";

    cr_expect_eq(media_path(given->path, token), given->ok, "%s", given->path);
    if (given->ok)
        cr_expect_str_eq(token, given->token);
}
