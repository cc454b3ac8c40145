/*
 * openai/input.h - the audio that comes in: voice activity by energy, turns, and the words that
 * are hidden in what was heard.
 *
 * Whatever its format, audio is turned into 8 kHz mu-law before anything looks at it.  A-law
 * loses the hidden words on the way; 24 kHz PCM keeps them if every sample of the 8 kHz audio was
 * written three times.
 */
#ifndef SIM_OPENAI_INPUT_H
#define SIM_OPENAI_INPUT_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/watermark.h"
#include "openai/model.h"

struct session;

enum { FRAME_SAMPLES = 160 };

struct input {
    struct watermark_finder *finder;
    struct json_object *found; /* utterances found since the last turn */
    uint64_t samples;          /* ever appended */
    unsigned char *buffer;     /* heard and not yet part of a turn */
    size_t buffered, room;
    unsigned char frame[FRAME_SAMPLES]; /* the voice detector's, while it fills */
    size_t framed;
    bool speaking;
    unsigned loud_frames; /* in a row */
    uint64_t loud_end;    /* sample behind the last loud frame */
    char item_id[ID_SIZE];
    bool faster_noted;
};

void input_begin(struct session *session);
void input_free(struct input *input);

/* The client's events. */
void input_append(struct session *session, struct json_object *event);
void input_commit(struct session *session, struct json_object *event);
void input_clear(struct session *session, struct json_object *event);

/* Nobody spoke for as long as idle_timeout_ms says: an empty turn, and the model speaks. */
void input_idle(struct session *session, struct json_object *unused);

#endif
