/*
 * twilio/hearing.h - what a person on the phone hears: whether somebody speaks, and since when.
 */
#ifndef SIM_TWILIO_HEARING_H
#define SIM_TWILIO_HEARING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Voice after so long a silence is a new turn. */
enum { TURN_GAP_MS = 300 };

struct hearing {
    bool any;              /* ever heard a voice */
    int64_t turn_began_ms; /* of the turn that is or was heard last */
    int64_t last_voice_ms;
};

/* There is a voice at a moment. */
void hearing_voice(struct hearing *hearing, int64_t now_ms);

/* Milliseconds since the last voice. */
int64_t hearing_silence(const struct hearing *hearing, int64_t now_ms);

/* True when mu-law samples are louder than line noise. */
bool is_voice(const unsigned char *ulaw, size_t count);

/* What a person says: speech that is being sent, 20 ms by 20 ms. */
struct mouth {
    const unsigned char *speech;
    size_t count, at;
};

/* The next samples: speech, and silence behind it.  True while there was speech. */
bool mouth_next(struct mouth *mouth, unsigned char *ulaw, size_t count);

#endif
