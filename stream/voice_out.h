/*
 * stream/voice_out.h - whose voice speaks the model's words.
 *
 * Usually the model's own: then nothing here has anything to do.  Where the agent asks for another
 * voice, the model's session gives text, which is spoken by that voice, item after item, and comes
 * back as audio of the model's item.  So marks, barge-in, recording and transcript work as ever.
 * Words enter the transcript when they are spoken.
 *
 * A voice that is refused, breaks off, or gives no sound for 2 s is given up for this session: the
 * model is configured to speak itself and says what is still unsaid (reference 1.27).
 */
#ifndef STREAM_VOICE_OUT_H
#define STREAM_VOICE_OUT_H

#include <json-c/json.h>

#include "domain/voices.h"
#include "stream/playback.h"

struct live;
struct utterance;
struct tts;

struct voice_out {
    struct voice_choice choice;          /* provider NULL: the model's own voice was asked for */
    bool is_on;                          /* words go to the other voice */
    struct tts *speaking;                /* says the first utterance */
    struct tts *spare;                   /* waits for the next */
    struct utterance *first;             /* in their order; NULL: nothing is to be said */
    char items[PLAYBACK_ITEMS][ID_SIZE]; /* the latest that came as text */
    size_t nitems;
    int64_t utterances, first_audio_ms;
    unsigned handed_over; /* how often the model had to say what was left unsaid */
    const char *reason;   /* why it is not, or no longer, used */
    char failure[64];
    instant failed_at;
};

/* What the agent asks for is known; before the model is configured. */
void voice_out_begin(struct live *live, const struct voice_choice *choice);

/* The model's events response.output_text.delta and .done. */
void voice_out_words(struct live *live, json_object *event);
void voice_out_words_done(struct live *live, json_object *event);

/*
 * An item was cut short: nothing more of it is heard, and the model's conversation keeps only what
 * was.  False when the item is the model's own audio.
 */
bool voice_out_cut(struct live *live, const struct cut *cut);

/* The caller interrupts: words that have not become sound yet never will. */
void voice_out_stop(struct live *live);

/* Looks after a voice that gives no sound; ten times a second. */
void voice_out_tick(struct live *live);

/* The session ends: writes down how the voice fared. */
void voice_out_close(struct live *live);

#endif
