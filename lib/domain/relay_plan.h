/*
 * domain/relay_plan.h - agents that read and write instead of hearing and speaking: the carrier's
 * conversation relay turns the caller's speech into text and the agent's text into speech
 * (reference 5.2, 5.12; twilio.md 3.2).
 *
 * A version's document asks for it by "pipeline_mode": "relay"; its object "relay_config" may name
 * the carrier's voice and recogniser.
 */
#ifndef DOMAIN_RELAY_PLAN_H
#define DOMAIN_RELAY_PLAN_H

#include "core/work.h"
#include "domain/call_plan.h"

struct voice_session;

/* How the relay is to hear and speak; what is NULL is left to the carrier. */
struct relay_plan {
    const char *language; /* BCP 47, or "multi" */
    const char *tts_provider, *voice;
    const char *transcription_provider, *speech_model;
    const char *hints;
    const char *interruptible;         /* none, dtmf, speech, any */
    const char *interrupt_sensitivity; /* low, medium, high */
    const char *ignore_backchannel;    /* "true" */
};

/* Whether a version's document (parsed) wants a relay. */
struct json_object;
bool relay_is_wanted(struct json_object *config);

/* Whether the session goes over a relay. */
bool relay_is_session(const struct voice_session *session);

/* Fills plan->relay for a session's agent version. */
bool relay_plan_read(struct work *work, const struct voice_session *session,
                     struct call_plan *plan);

#endif
