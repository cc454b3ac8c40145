/*
 * stream/settings.h - how the agent of a call speaks, listens and acts: its version's document
 * (reference 1.3) as one struct, and the model's session made of it (openai-realtime.md, 4).
 */
#ifndef STREAM_SETTINGS_H
#define STREAM_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/text.h"
#include "core/work.h"
#include "domain/agents.h"
#include "domain/calls.h"
#include "domain/sessions.h"

struct settings {
    const char *model, *voice, *language; /* language: two letters, NULL when unknown */
    const char *instructions;
    const char *greeting; /* NULL: the agent finds its own words */
    const char *transcription_model, *noise_reduction;
    const char *turn_detection; /* JSON as the model wants it */
    bool may_end_call, records;
    bool speaks_text; /* the model writes, and another voice speaks (stream/voice_out.h) */
    bool pauses_for_cards; /* the recording, while card data may be heard */
    bool model_interrupts; /* the model cancels its answer by itself when the caller speaks */
    int64_t call_limit_seconds, silence_seconds; /* 0: none */
    int64_t max_output_tokens;                   /* 0: no limit */
};

/*
 * Reads the version's document, and what the session and the call say beside it.  Texts live in
 * the work's arena.  Unknown members and members of a wrong type mean the default, because a call
 * that can be answered is answered.  "tenant_records" is what counts when the agent says nothing.
 */
void settings_read(struct work *work, const struct agent_version *version,
                   const struct voice_session *session, const struct call *call,
                   bool tenant_records, struct settings *settings);

/* Adds the message session.update with its event id. */
void settings_write(const struct settings *settings, const char *event, struct text *text);

#endif
