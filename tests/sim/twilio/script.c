/* twilio/script.c - the person on the phone. */
#include "twilio/script.h"

#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "twilio/call.h"
#include "twilio/media.h"
#include "twilio/relay.h"
#include "twilio/voice.h"

enum {
    SILENCE_MS = 600,
    WAIT_MS = 20000,
    DIGIT_EVERY_MS = 240,
    BARGE_MS = 700,
    MAX_SECONDS = 120,
    STEPS_MAX = 200
};

enum act { SAY, WAIT_AGENT, WAIT_TEXT, PAUSE, BARGE, DTMF, HANG_UP };

static const char *const acts[] = {
    [SAY] = "say",        [WAIT_AGENT] = "wait_agent", [WAIT_TEXT] = "wait_text",
    [PAUSE] = "pause_ms", [BARGE] = "barge",           [DTMF] = "dtmf",
    [HANG_UP] = "hangup",
};

enum { ACTS = sizeof acts / sizeof acts[0] };

struct step {
    enum act act;
    const char *text, *language; /* belong to the script's JSON */
    int64_t ms, timeout_ms;
    unsigned char *speech;
    size_t count;
    bool ready; /* the speech is made, or there is none to make */
};

struct script {
    struct call *call;
    struct json_object *given;
    struct step steps[STEPS_MAX + 2];
    int count, at;
    bool begun; /* the step at hand has begun doing its thing */
    bool ended;
    int64_t step_ms;  /* when the step at hand came up */
    int64_t began_ms; /* when it began to speak */
    int64_t after_ms; /* turns that began before are old */
    size_t digit;
    int64_t limit_ms;
};

/* ---- making one ---- */

static int act_of(struct json_object *item)
{
    for (int act = 0; act < ACTS; act++)
        if (json_member(item, acts[act]))
            return act;
    return -1;
}

const char *script_fault(struct json_object *steps)
{
    if (!steps)
        return NULL;
    if (!json_object_is_type(steps, json_type_array))
        return "a script is an array of steps";
    if (json_object_array_length(steps) > STEPS_MAX)
        return "the script is too long";
    for (size_t i = 0; i < json_object_array_length(steps); i++)
        if (act_of(json_object_array_get_idx(steps, i)) < 0)
            return "a step of the script is unknown";
    return NULL;
}

static int64_t duration_of(enum act act, struct json_object *item)
{
    struct json_object *value = json_member(item, acts[act]);

    if (act == BARGE)
        return json_integer(item, "after_ms", BARGE_MS);
    if (act == PAUSE)
        return json_object_get_int64(value);
    return json_object_is_type(value, json_type_int) ? json_object_get_int64(value) : SILENCE_MS;
}

static void speech_made(void *user, unsigned char *speech, size_t count)
{
    struct step *step = user;

    step->speech = speech;
    step->count = count;
    step->ready = true;
}

static void add_step(struct script *script, struct json_object *item)
{
    struct step *step = &script->steps[script->count++];
    int act = act_of(item);

    step->act = (enum act)act;
    step->ms = duration_of(step->act, item);
    step->timeout_ms = json_integer(item, "timeout_ms", WAIT_MS);
    step->text = json_text(item, acts[act]);
    step->language = json_text(item, "lang");
    if (act == SAY || act == BARGE)
        voice_make(step->text, json_text(item, "voice"), speech_made, step);
    else
        step->ready = true;
}

static void add_ending(struct script *script)
{
    enum act last = script->count ? script->steps[script->count - 1].act : PAUSE;

    if (last == HANG_UP)
        return;
    if (last != WAIT_AGENT)
        script->steps[script->count++] = (struct step){
            .act = WAIT_AGENT, .ms = SILENCE_MS, .timeout_ms = WAIT_MS, .ready = true};
    script->steps[script->count++] = (struct step){.act = HANG_UP, .ready = true};
}

struct script *script_new(struct call *call, struct json_object *steps, int64_t max_seconds)
{
    struct script *script = calloc(1, sizeof *script);
    size_t count = steps ? json_object_array_length(steps) : 0;

    script->call = call;
    script->given = json_object_get(steps);
    for (size_t i = 0; i < count; i++)
        add_step(script, json_object_array_get_idx(steps, i));
    add_ending(script);
    script->limit_ms = (max_seconds > 0 ? max_seconds : MAX_SECONDS) * 1000;
    return script;
}

/* ---- doing the steps ---- */

static void next_step(struct script *script, int64_t now_ms)
{
    script->at++;
    script->begun = false;
    script->digit = 0;
    script->step_ms = now_ms;
}

/* Somebody is there to listen: the person does not speak to a ringing tone. */
static bool has_audience(const struct call *call)
{
    return media_is_open(call) || relay_is_open(call) || program_listens(call) || call->peer ||
           call->room;
}

static bool new_turn(const struct script *script)
{
    const struct hearing *hearing = &script->call->hearing;

    return hearing->any && hearing->turn_began_ms >= script->after_ms;
}

static void begin_speaking(struct script *script, struct step *step, int64_t now_ms)
{
    script->call->mouth = (struct mouth){.speech = step->speech, .count = step->count};
    script->begun = true;
    script->began_ms = now_ms;
    relay_speech_begins(script->call, step->text, step->language);
    log_event("caller_speaks", "call", script->call->sid, "text", step->text, NULL);
}

static void said(struct script *script, const struct step *step)
{
    struct call *call = script->call;
    struct said what = {.who = call->leg_of ? "human" : "caller",
                        .text = step->text,
                        .at_ms = script->began_ms,
                        .heard_ms = (int64_t)step->count / 8,
                        .total_ms = (int64_t)step->count / 8,
                        .whole = true};

    call_said(call, &what);
    program_speech(call, step->text);
    relay_speech(call, step->text, step->language);
    if (!call->peer)
        return;
    if (call->room)
        what.who = "human"; /* whoever else is in a conference */
    what.at_ms = call_now_ms(call->peer) - what.total_ms;
    call_said(call->peer, &what);
}

/* True when the words are spoken to their end. */
static bool speak(struct script *script, struct step *step, int64_t now_ms)
{
    const struct mouth *mouth = &script->call->mouth;

    if (!script->begun) {
        if (step->act == SAY && !has_audience(script->call))
            return false;
        if (step->act == BARGE &&
            (!new_turn(script) || now_ms < script->call->hearing.turn_began_ms + step->ms))
            return now_ms - script->step_ms > step->timeout_ms;
        begin_speaking(script, step, now_ms);
        return false;
    }
    if (mouth->at < mouth->count)
        return false;
    said(script, step);
    script->after_ms = now_ms;
    return true;
}

static bool wait_for_agent(struct script *script, const struct step *step, int64_t now_ms)
{
    if (now_ms - script->step_ms > step->timeout_ms) {
        log_event("caller_gave_up_waiting", "call", script->call->sid, NULL);
        return true;
    }
    if (!new_turn(script) || hearing_silence(&script->call->hearing, now_ms) < step->ms)
        return false;
    script->after_ms = now_ms;
    return true;
}

static bool wait_for_text(struct script *script, const struct step *step, int64_t now_ms)
{
    struct json_object *heard = script->call->transcript, *entry;
    const char *text;

    for (size_t i = 0; i < json_object_array_length(heard); i++) {
        entry = json_object_array_get_idx(heard, i);
        text = json_text(entry, "text");
        if (text && !text_is(json_text(entry, "who"), "caller") && strstr(text, step->text))
            return true;
    }
    return now_ms - script->step_ms > step->timeout_ms;
}

static bool press_keys(struct script *script, const struct step *step, int64_t now_ms)
{
    struct call *call = script->call;

    if (!has_audience(call))
        return false;
    if (now_ms < script->step_ms + (int64_t)script->digit * DIGIT_EVERY_MS)
        return false;
    if (!step->text[script->digit])
        return true;
    media_digit(call, step->text[script->digit]);
    relay_digit(call, step->text[script->digit]);
    program_digit(call, step->text[script->digit++]);
    return false;
}

/* True when the step at hand is done. */
static bool do_step(struct script *script, struct step *step, int64_t now_ms)
{
    switch (step->act) {
    case SAY:
    case BARGE:
        return speak(script, step, now_ms);
    case WAIT_AGENT:
        return wait_for_agent(script, step, now_ms);
    case WAIT_TEXT:
        return wait_for_text(script, step, now_ms);
    case PAUSE:
        return now_ms - script->step_ms >= step->ms;
    case DTMF:
        return press_keys(script, step, now_ms);
    case HANG_UP:
        call_leave(script->call);
        return false;
    }
    return false;
}

void script_step(struct call *call)
{
    struct script *script = call->script;
    int64_t now_ms = call_now_ms(call);
    struct step *step;

    if (!script || script->ended)
        return;
    if (now_ms >= script->limit_ms) {
        log_event("caller_ran_out_of_time", "call", call->sid, NULL);
        call_leave(call);
        return;
    }
    step = &script->steps[script->at];
    if (script->at < script->count && step->ready && do_step(script, step, now_ms))
        next_step(script, now_ms);
}

/* ---- the end ---- */

/* Words that were cut off by the end of the call. */
static void note_unfinished(struct script *script)
{
    const struct step *step = &script->steps[script->at];
    const struct mouth *mouth = &script->call->mouth;
    bool speaking =
        script->at < script->count && script->begun && (step->act == SAY || step->act == BARGE);

    if (!speaking || !mouth->at)
        return;
    call_said(script->call, &(struct said){.who = script->call->leg_of ? "human" : "caller",
                                           .text = step->text,
                                           .at_ms = script->began_ms,
                                           .heard_ms = (int64_t)mouth->at / 8,
                                           .total_ms = (int64_t)mouth->count / 8});
}

void script_end(struct call *call)
{
    struct script *script = call->script;

    if (!script || script->ended)
        return;
    note_unfinished(script);
    script->ended = true;
    call->mouth = (struct mouth){.speech = NULL};
}
