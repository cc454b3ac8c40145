/*
 * twilio/keys.h - keys that somebody presses as tones, heard as a telephone exchange hears them.
 */
#ifndef SIM_TWILIO_KEYS_H
#define SIM_TWILIO_KEYS_H

#include <stddef.h>

enum { KEYS_MAX = 128 };

struct keys {
    char pressed[KEYS_MAX + 1]; /* all that were heard */
    size_t count;
    char now;    /* of the last step; 0: none */
    int lasting; /* for so many steps */
};

/* Hears a step of 20 ms; a key counts when it sounds for two of them, and again after a pause. */
void keys_hear(struct keys *keys, const unsigned char *ulaw, size_t count);

#endif
