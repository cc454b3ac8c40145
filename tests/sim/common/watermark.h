/*
 * common/watermark.h - words hidden in the speech that says them.
 *
 * An utterance is mu-law audio, 8,000 samples a second.  The lowest bit of each of its first
 * samples carries one bit of this, most significant bit first:
 *
 *     "Trun"             32 bits
 *     version, 1          8
 *     length of the text 16, in bytes
 *     length of audio    32, in samples, from the first bit of "Trun" on
 *     CRC-32             32, over the text and then over every sample with its lowest bit cleared
 *     the text               UTF-8
 *
 * Whoever hears the audio can read the words, and knows by the checksum whether every sample came
 * through, in order and once.  The lowest bit of mu-law is too faint to be heard.
 */
#ifndef SIM_WATERMARK_H
#define SIM_WATERMARK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { WATERMARK_TEXT_MAX = 8000, WATERMARK_SAMPLES_MAX = 8000 * 600 };

/* Samples that are needed to carry a text of so many bytes. */
size_t watermark_room(size_t text_bytes);

/*
 * A copy of "count" mu-law samples with the text hidden in it, to be freed by the caller; padded
 * with faint noise when the audio is too short for the text.  NULL when text or audio is too long.
 */
unsigned char *watermark_put(const char *text, const unsigned char *ulaw, size_t count,
                             size_t *out_count);

/* An utterance that a finder came across. */
struct watermark_found {
    const char *text;      /* NULL while the text has not been heard to its end */
    size_t samples_total;  /* what the utterance should have */
    size_t samples_heard;  /* what arrived before it ended or another began */
    bool whole;            /* complete, and the checksum is right */
    uint64_t first_sample; /* where it began, counted from the first sample ever fed */
};

/* Called when an utterance is complete, or when another begins inside it ("whole" is then false).
 * The text belongs to the finder and lives until the call returns. */
typedef void watermark_callback(void *user, const struct watermark_found *found);

struct watermark_finder;

struct watermark_finder *watermark_new(void);
void watermark_free(struct watermark_finder *finder);

/* Listens to the next samples; chunks may be of any size.  on_found may be NULL. */
void watermark_feed(struct watermark_finder *finder, const unsigned char *ulaw, size_t count,
                    watermark_callback *on_found, void *user);

/* True, and describes it, when an utterance has begun and is not complete.  Its text stays valid
 * until the finder is fed again. */
bool watermark_pending(const struct watermark_finder *finder, struct watermark_found *found);

/* Forgets an utterance that has begun, because its rest will not come (the speaker was cut off).
 * Counting of samples goes on. */
void watermark_forget(struct watermark_finder *finder);

/* Samples fed so far. */
uint64_t watermark_position(const struct watermark_finder *finder);

#endif
