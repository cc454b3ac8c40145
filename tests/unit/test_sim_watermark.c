#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "common/speech.h"
#include "common/watermark.h"

/* What a finder told, one after the other. */
struct told {
    int count;
    char text[4][200];
    struct watermark_found found[4];
};

static void remember(void *user, const struct watermark_found *found)
{
    struct told *told = user;

    cr_assert_lt(told->count, 4);
    told->found[told->count] = *found;
    if (found->text != NULL)
        strcpy(told->text[told->count], found->text);
    told->count++;
}

/* Some audio that is not silence, always the same. */
static unsigned char *noise(size_t count)
{
    unsigned char *bytes = malloc(count);
    unsigned state = 1;

    for (size_t i = 0; i < count; i++) {
        state = state * 1103515245U + 12345U;
        bytes[i] = (unsigned char)(state >> 23);
    }
    return bytes;
}

static unsigned char *marked(const char *text, size_t samples, size_t *count)
{
    unsigned char *plain = noise(samples);
    unsigned char *bytes = watermark_put(text, plain, samples, count);

    free(plain);
    return bytes;
}

static struct told listen(const unsigned char *bytes, size_t count, size_t chunk)
{
    struct watermark_finder *finder = watermark_new();
    struct told told = {0};

    for (size_t at = 0; at < count; at += chunk)
        watermark_feed(finder, bytes + at, count - at < chunk ? count - at : chunk, remember,
                       &told);
    watermark_free(finder);
    return told;
}

Test(sim_watermark, words_come_back_whatever_the_size_of_the_chunks)
{
    static const size_t chunks[] = {1, 7, 160, 1000, 100000};
    size_t count;
    unsigned char *bytes = marked("Grüße, Trunkline!", 4000, &count);

    for (size_t i = 0; i < sizeof chunks / sizeof chunks[0]; i++) {
        struct told told = listen(bytes, count, chunks[i]);

        cr_assert_eq(told.count, 1);
        cr_assert(told.found[0].whole);
        cr_assert_eq(told.found[0].samples_total, 4000);
        cr_assert_str_eq(told.text[0], "Grüße, Trunkline!");
    }
    free(bytes);
}

Test(sim_watermark, only_the_lowest_bit_of_a_sample_changes)
{
    size_t count;
    unsigned char *plain = noise(3000), *bytes = marked("hello", 3000, &count);

    cr_assert_eq(count, 3000);
    for (size_t i = 0; i < count; i++) {
        cr_assert_eq(plain[i] & 0xFE, bytes[i] & 0xFE);
        cr_assert(i < watermark_room(5) || plain[i] == bytes[i]);
    }
    free(plain);
    free(bytes);
}

Test(sim_watermark, audio_too_short_for_its_words_is_padded_but_never_with_digital_silence)
{
    size_t count, changes = 0;
    unsigned char *bytes = marked("a text that needs room", 10, &count);

    cr_assert_eq(count, watermark_room(strlen("a text that needs room")));
    for (size_t i = 11; i < count; i++)
        changes += (bytes[i] & 0xFE) != (bytes[i - 1] & 0xFE);
    cr_assert_gt(changes, count / 8);
    cr_assert(listen(bytes, count, count).found[0].whole);
    free(bytes);
}

Test(sim_watermark, one_changed_dropped_or_repeated_sample_is_noticed)
{
    size_t count;
    unsigned char *bytes = marked("hello", 2000, &count);
    unsigned char *other = malloc(count + 2000);

    memcpy(other, bytes, count);
    other[1500] ^= 2;
    cr_assert_not(listen(other, count, 160).found[0].whole);
    cr_assert_str_eq(listen(other, count, 160).text[0], "hello");

    memcpy(other + 1500, bytes + 1501, count - 1501);
    memset(other + count - 1, 0xFF, 100);
    cr_assert_not(listen(other, count + 99, 160).found[0].whole);

    memcpy(other, bytes, 1500);
    memcpy(other + 1500, bytes + 1499, count - 1499);
    cr_assert_not(listen(other, count + 1, 160).found[0].whole);
    free(other);
    free(bytes);
}

Test(sim_watermark, an_utterance_that_another_cuts_off_is_told_and_the_other_is_whole)
{
    size_t count;
    unsigned char *bytes = marked("first", 2000, &count);
    unsigned char *both = malloc(3000);
    struct told told;

    memcpy(both, bytes, 1000);
    memcpy(both + 1000, bytes, 2000);
    told = listen(both, 3000, 160);
    cr_assert_eq(told.count, 2);
    cr_assert_not(told.found[0].whole);
    cr_assert_eq(told.found[0].samples_heard, 1000);
    cr_assert(told.found[1].whole);
    cr_assert_eq(told.found[1].first_sample, 1000);
    free(both);
    free(bytes);
}

Test(sim_watermark, an_utterance_under_way_can_be_read_and_forgotten)
{
    struct watermark_finder *finder = watermark_new();
    struct watermark_found found;
    size_t count;
    unsigned char *bytes = marked("under way", 2000, &count);

    cr_assert_not(watermark_pending(finder, &found));
    watermark_feed(finder, bytes, 130, NULL, NULL);
    cr_assert(watermark_pending(finder, &found));
    cr_assert_null(found.text);
    watermark_feed(finder, bytes + 130, 870, NULL, NULL);
    cr_assert(watermark_pending(finder, &found));
    cr_assert_str_eq(found.text, "under way");
    cr_assert_eq(found.samples_heard, 1000);
    watermark_forget(finder);
    cr_assert_not(watermark_pending(finder, &found));
    cr_assert_eq(watermark_position(finder), 1000);
    watermark_free(finder);
    free(bytes);
}

Test(sim_watermark, a_text_too_long_is_refused)
{
    size_t count;
    char *text = malloc(WATERMARK_TEXT_MAX + 2);

    memset(text, 'x', WATERMARK_TEXT_MAX + 1);
    text[WATERMARK_TEXT_MAX + 1] = '\0';
    cr_assert_null(marked(text, 10, &count));
    free(text);
}

Test(sim_speech, every_code_of_mu_law_survives_being_decoded)
{
    for (int code = 0; code < 256; code++)
        cr_assert(code == 0x7F || speech_encode(speech_decode((unsigned char)code)) == code);
    cr_assert_eq(speech_decode(0xFF), 0);
    cr_assert_eq(speech_decode(0x80), 32124);
    cr_assert_eq(speech_decode(0x00), -32124);
}

Test(sim_speech, a_sentence_is_loud_has_short_pauses_and_holds_its_words)
{
    static const char text[] = "Good morning. Is my bike ready?";
    size_t count, quiet = 0, longest = 0;
    unsigned char *bytes = speech_ulaw(text, NULL, &count);
    struct told told;
    int peak = 0;

    cr_assert_not_null(bytes);
    for (size_t i = 0; i < count; i++) {
        int level = abs(speech_decode(bytes[i]));

        quiet = level < 300 ? quiet + 1 : 0;
        longest = quiet > longest ? quiet : longest;
        peak = level > peak ? level : peak;
    }
    told = listen(bytes, count, 160);
    cr_assert(told.found[0].whole);
    cr_assert_str_eq(told.text[0], text);
    cr_assert_gt(count, 8000);
    cr_assert_gt(peak, 12000);
    cr_assert_lt(longest, (SPEECH_PAUSE_MS + 40) * 8);
    free(bytes);
}

Test(sim_speech, words_survive_a_conversion_to_linear_samples_and_back)
{
    size_t count;
    unsigned char *bytes = speech_ulaw("Hm... well, yes.", NULL, &count);

    for (size_t i = 0; i < count; i++)
        bytes[i] = speech_encode(speech_decode(bytes[i]));
    cr_assert(listen(bytes, count, 160).found[0].whole);
    free(bytes);
}

Test(sim_speech, what_was_spoken_before_is_spoken_the_same_again)
{
    size_t first_count, second_count;
    unsigned char *first = speech_ulaw("-v is no option here", "en-us+f3", &first_count);
    unsigned char *second = speech_ulaw("-v is no option here", "en-us+f3", &second_count);

    cr_assert_eq(first_count, second_count);
    cr_assert_arr_eq(first, second, first_count);
    free(first);
    free(second);
}
