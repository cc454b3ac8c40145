/*
 * domain/voices.h - whose voice speaks the model's words: the model's own, or ElevenLabs'.
 *
 * An agent's version asks for it (voice_settings: provider, voice_id, model_id and how it sounds),
 * or the tenant's document does for all of its agents (audio_output_provider, elevenlabs.voice_id,
 * elevenlabs.model_id, elevenlabs.api_key).  After a failure a tenant's calls speak with the
 * model's own voice for VOICE_COOL_DOWN_MS; every session that asked for another voice leaves a row
 * that says how it went, from which the operator's diagnostics are made.
 */
#ifndef DOMAIN_VOICES_H
#define DOMAIN_VOICES_H

#include "core/column.h"
#include "core/work.h"
#include "db/db.h"

struct agent_version;
struct tenant;

#define VOICE_OPENAI "openai"
#define VOICE_ELEVENLABS "elevenlabs"

/* Why a voice that was asked for is not tried. */
#define VOICE_NOT_CONFIGURED "not_configured" /* no key, or no voice is named */
#define VOICE_COOLING_DOWN "cooling_down"     /* it failed a moment ago */

enum { VOICE_COOL_DOWN_MS = 60 * 1000 };

struct voice_choice {
    const char *provider; /* VOICE_OPENAI or VOICE_ELEVENLABS: what was asked for */
    const char *obstacle; /* NULL: it can be used */
    const char *voice_id, *model_id;
    const char *settings_json; /* how it sounds: stability, similarity_boost, style, speed, … */
    const char *api_key;       /* secret */
};

/* What a call of this agent speaks with; texts in the work's arena. */
bool voice_choose(struct work *work, const struct tenant *tenant,
                  const struct agent_version *version, struct voice_choice *choice);

/* How a session fared that asked for another voice than the model's. */
struct voice_use {
    uid session_id;
    const char *provider, *effective;
    const char *fallback_reason; /* NULL: none */
    instant failed_at;           /* NO_INSTANT: it did not fail here */
    int64_t utterances, first_audio_ms;
    instant used_at;
};

/* Writes the row of a session, in the place of an older one. */
bool voice_use_put(struct work *work, const struct voice_use *use);

/* A tenant in the operator's diagnostics. */
struct voice_state {
    const char *tenant_key;
    bool cached; /* it had a session in the last quarter of an hour */
    const char *configured_provider, *effective_provider;
    bool fallback_active;
    const char *fallback_reason;
    bool elevenlabs_configured, elevenlabs_ready;
    int64_t active_sessions;
    const char *last_error; /* of the last 24 hours, as the rest */
    instant last_error_at;
    int64_t spoken_sessions, fallback_sessions, first_audio_ms; /* first_audio_ms: the longest */
};

extern const struct entity voice_state_entity;

/*
 * The state of every tenant: an array of struct voice_state, by age of the tenant, at most 2,000.
 * "cached" says that it had a session in the last quarter of an hour.
 */
bool voice_states(struct work *work, struct rows *states);

/* The state of one; NOT_FOUND when there is no such tenant. */
bool voice_state_of(struct work *work, int64_t tenant, struct voice_state *state);

#endif
