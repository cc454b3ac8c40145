/*
 * stream/elevenlabs.h - speech by ElevenLabs: one connection speaks one utterance, word by word as
 * the words come, and says which of them each piece of audio holds.
 *
 * A connection is opened ahead of its utterance, because it takes longer than the speech that
 * follows.  Closing it is how the voice is silenced: what was under way is never heard of again.
 */
#ifndef STREAM_ELEVENLABS_H
#define STREAM_ELEVENLABS_H

#include "domain/voices.h"
#include "stream/live.h"
#include "stream/scan.h"

struct tts;

/* What a connection tells of itself; each may close it. */
struct tts_listener {
    void (*opened)(struct live *live, struct tts *tts);

    /* Base64 µ-law, and how many bytes of the text were spoken in it (0: not told). */
    void (*audio)(struct live *live, struct tts *tts, struct slice audio, size_t spoken);

    /* Everything was said; the connection is done with. */
    void (*finished)(struct live *live, struct tts *tts);

    /* It is of no use any more: "refused", "closed", or the provider's own word. */
    void (*failed)(struct live *live, struct tts *tts, const char *why);
};

/*
 * Begins to connect; it holds the call until its socket is gone.  The choice must outlive it.
 * NULL when that failed at once.
 */
struct tts *tts_open(struct live *live, const struct voice_choice *choice,
                     const struct tts_listener *listener);

/* Whether the provider's socket is there now. */
bool tts_is_open(const struct tts *tts);

/* Whether it was open at some time; one that ended before was refused. */
bool tts_was_open(const struct tts *tts);

/* Text to be spoken, best a whole sentence; only while it is open. */
void tts_say(struct tts *tts, const char *text, size_t length);

/* No more text follows. */
void tts_end(struct tts *tts);

/* Lets go of it, at once and without a word to the listener; NULL: nothing. */
void tts_close(struct tts *tts);

#endif
