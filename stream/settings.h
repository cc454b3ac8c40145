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

/*
 * When the agent falls silent because the caller speaks.  Without conditions it does on the first
 * sound, and the model sees to it by itself.  With any, "decides" is set: the model neither stops
 * nor answers unless it is told to, and interruption.c judges.
 */
struct interruption_rules {
    bool decides;
    bool is_enabled, in_greeting; /* whether the agent, and its greeting, can be interrupted */
    bool has_conditions;          /* of those that follow */
    bool ignores_backchannels;    /* "uh-huh" does not stop it */
    int64_t speech_ms;            /* of voice before it counts; 0: any */
    int64_t false_ms;             /* after so long without words the agent goes on */
    double confidence;            /* of the words; 0: any */
    double echo;                  /* as similar to the agent's own words it is an echo; 0: never */
};

struct toolbox;

struct settings {
    const char *model, *voice, *language; /* language: two letters, NULL when unknown */
    const char *instructions;
    const char *greeting; /* NULL: the agent finds its own words */
    bool is_caller_first; /* the agent waits to be spoken to */
    double speed;         /* of the voice; 1: as it is */
    const char *transcription_model, *transcription_prompt; /* prompt: NULL when there is none */
    const char *noise_reduction;                            /* NULL: off */
    const char *turn_detection; /* JSON as the model wants it; "null": it listens for no turns */
    struct interruption_rules interruption;
    const char **end_phrases; /* said by the caller, each of them ends the call */
    size_t nend_phrases;
    bool takes_keys;               /* what the caller types goes into the conversation */
    const char *farewell;          /* what the agent says when it is told to end; NULL: nothing */
    const char *voicemail_message; /* for a machine that answers; NULL: the call just ends */
    bool records;
    const struct toolbox *tools; /* NULL: none */
    bool speaks_text;      /* the model writes, and another voice speaks (stream/voice_out.h) */
    bool pauses_for_cards; /* the recording, while card data may be heard */
    bool model_interrupts; /* the model cancels its answer by itself when the caller speaks */
    int64_t call_limit_seconds;
    int64_t silence_seconds;   /* after so long the caller is asked whether they are there */
    int64_t max_output_tokens; /* 0: no limit */
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
