/*
 * Keys that the agent presses, listened to in what is sent to the carrier, as a telephone exchange
 * would.
 */
#include <criterion/criterion.h>

#include <math.h>
#include <string.h>

#include "core/clock.h"
#include "outlets.h"
#include "stream/audio.h"
#include "stream/bridge.h"
#include "stream/line.h"
#include "stream/socket.h"
#include "stream/tones.h"

enum { RATE = 8000, MOST = 16 * RATE };

static struct kept carrier, model;
static struct live *live;
static int16_t heard[MOST];
static size_t nheard;

static void begin(void)
{
    live = live_for_test(&carrier, &model);
}

static void end(void)
{
    live_release(live);
}

TestSuite(tones, .init = begin, .fini = end);

/* Decodes all audio that was sent so far. */
static void listen(void)
{
    static unsigned char ulaw[MOST];

    nheard = 0;
    for (size_t i = 0; i < carrier.count; i++) {
        const char *at = strstr(carrier.texts[i], "\"payload\":\"");
        size_t count;

        if (!at)
            continue;
        at += strlen("\"payload\":\"");
        count = audio_decode(at, strcspn(at, "\""), ulaw);
        for (size_t j = 0; j < count && nheard < MOST; j++)
            heard[nheard++] = audio_sample(ulaw[j]);
    }
}

static void later(int ms)
{
    clock_advance_ms(ms);
    sockets_send();
}

/* The strength of one frequency in a piece of what is heard (Goertzel), in dB of a full wave. */
static double level(double hertz, size_t from, size_t count)
{
    double twice = 2 * cos(2 * M_PI * hertz / RATE), last = 0, before = 0, power;

    for (size_t i = from; i < from + count && i < nheard; i++) {
        double now = heard[i] + twice * last - before;

        before = last;
        last = now;
    }
    power = last * last + before * before - twice * last * before;
    return 10 * log10(power / (32124.0 * 32124.0 * (double)count * (double)count / 4) + 1e-12);
}

/* The frequency near "hertz" that is strongest. */
static double peak(double hertz, size_t from, size_t count)
{
    double best = 0, strongest = -200;

    for (double at = hertz * 0.96; at < hertz * 1.04; at += 0.5)
        if (level(at, from, count) > strongest) {
            strongest = level(at, from, count);
            best = at;
        }
    return best;
}

static void sounds(char key, size_t from)
{
    static const char pad[] = "123A456B789C*0#D";
    static const double lows[] = {697, 770, 852, 941}, highs[] = {1209, 1336, 1477, 1633};
    double low = lows[(strchr(pad, key) - pad) / 4], high = highs[(strchr(pad, key) - pad) % 4];
    double twist = level(high, from, 800) - level(low, from, 800);

    cr_expect_leq(fabs(peak(low, from, 800) / low - 1), 0.015, "%c: %f", key, peak(low, from, 800));
    cr_expect_leq(fabs(peak(high, from, 800) / high - 1), 0.015, "%c", key);
    cr_expect_leq(fabs(twist), 3.0, "%c: twist %f dB", key, twist);
    cr_expect_geq(level(low, from, 800), -20.0, "%c: %f dB", key, level(low, from, 800));
    for (size_t i = 0; i < 4; i++) {
        cr_expect(lows[i] == low || level(lows[i], from, 800) < level(low, from, 800) - 20);
        cr_expect(highs[i] == high || level(highs[i], from, 800) < level(high, from, 800) - 20);
    }
}

static double loudest(size_t from, size_t count)
{
    double most = 0;

    for (size_t i = from; i < from + count && i < nheard; i++)
        most = fmax(most, abs(heard[i]));
    return most;
}

Test(tones, of_every_key_are_what_an_exchange_wants)
{
    static const char keys[] = "0123456789*#ABCD";

    cr_assert(digits_send(live, keys));
    listen();
    cr_assert_eq(nheard, sizeof keys * 1600 - 1600);
    for (size_t i = 0; keys[i]; i++) {
        sounds(keys[i], i * 1600);
        cr_expect_lt(loudest(i * 1600 + 801, 798), 10, "silence follows %c", keys[i]);
    }
    cr_expect_lt(loudest(0, nheard), 16000, "nothing clips");
}

Test(tones, wait_where_they_are_told_to)
{
    cr_assert(digits_send(live, "1w2W,3"));
    listen();
    cr_assert_eq(nheard, 3u * 1600 + 4000 + 8000 + 4000);
    sounds('1', 0);
    cr_expect_lt(loudest(1600, 4000), 10);
    sounds('2', 5600);
    sounds('3', 7200 + 12000);
}

static void agent_says(const char *item, size_t count)
{
    struct arena arena = {0};
    unsigned char *ulaw = arena_new(&arena, unsigned char, count);
    char *text = arena_new(&arena, char, count * 2 + 8);
    struct delta delta = {.response = "r1", .item = item, .audio = {.at = text}};

    /* a voice: 200 Hz, half as loud as can be */
    for (size_t i = 0; i < count; i++)
        ulaw[i] = sin(2 * M_PI * 200 * (double)i / RATE) > 0 ? 0x90 : 0x10;
    delta.audio.length = audio_encode(ulaw, count, text);
    bridge_from_model(live, &delta);
    arena_free(&arena);
}

/* The longest silence, in samples. */
static size_t longest_silence(void)
{
    size_t longest = 0, now = 0;

    for (size_t i = 0; i < nheard; i++) {
        now = abs(heard[i]) < 200 ? now + 1 : 0;
        longest = now > longest ? now : longest;
    }
    return longest;
}

Test(tones, are_mixed_into_the_agents_speech_without_a_gap)
{
    agent_says("i1", 1000);
    cr_assert(digits_send(live, "59"));
    listen();
    cr_expect_eq(nheard, 1000u, "the speech that follows carries them");
    agent_says("i1", 2200);
    agent_says("i1", 2000);
    bridge_item_ends(live, "i1");
    listen();
    cr_expect_eq(nheard, 5200u, "the speech is no longer for it");
    cr_expect_leq(longest_silence(), 480u, "60 ms");
    sounds('5', 1000);
    sounds('9', 2600);
}

Test(tones, that_outlast_the_speech_are_sent_behind_it)
{
    agent_says("i1", 400);
    cr_assert(digits_send(live, "5"));
    agent_says("i1", 400);
    bridge_item_ends(live, "i1");
    listen();
    cr_expect_eq(nheard, 400u + 1600);
    sounds('5', 400);
}

Test(tones, do_not_wait_for_speech_that_does_not_come)
{
    agent_says("i1", 800);
    cr_assert(digits_send(live, "5"));
    later(150);
    tones_tick(live);
    listen();
    cr_expect_eq(nheard, 800u + 1600);
}

Test(tones, that_the_carrier_forgot_are_pressed_again_unless_they_were_heard)
{
    agent_says("i1", 800);
    bridge_item_ends(live, "i1");
    cr_assert(digits_send(live, "123"));
    later(100 + 60);
    kept_forget(&carrier);
    live->responses.caller_speaks = true;
    bridge_interrupt(live);
    listen();
    cr_assert_eq(nheard, 2u * 1600, "of the first enough was heard");
    sounds('2', 0);
    sounds('3', 1600);
}

Test(tones, keep_the_line_open_until_they_are_heard)
{
    cr_expect(tones_are_idle(live));
    cr_assert(digits_send(live, "12"));
    cr_expect_not(tones_are_idle(live));
    later(390);
    cr_expect_not(tones_are_idle(live));
    later(20);
    cr_expect(tones_are_idle(live));
}

Test(tones, of_what_is_no_key_are_refused)
{
    char many[TONES_MOST + 2];

    memset(many, '1', sizeof many - 1);
    many[sizeof many - 1] = '\0';
    cr_expect_not(digits_send(live, ""));
    cr_expect_not(digits_send(live, "12x"));
    cr_expect_not(digits_send(live, many));
    cr_expect_eq(carrier.count, 0u);
}

static char pressed[TONES_MOST + 1];

static void press(struct live *on, const char *digits)
{
    (void)on;
    snprintf(pressed, sizeof pressed, "%s", digits);
}

Test(tones, are_left_to_a_line_that_speaks_itself)
{
    static const struct line words = {.name = "words", .digits = press};

    live->line = &words;
    cr_expect(digits_send(live, "42#"));
    cr_expect_str_eq(pressed, "42#");
    cr_expect_eq(carrier.count, 0u);
}
