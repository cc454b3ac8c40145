/* twilio/gather.c - waiting for keys, words, or the end of a message. */
#include "twilio/gather.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "twilio/call.h"
#include "twilio/recordings.h"
#include "twilio/verbs.h"

enum { DIGITS_MAX = 64, RECORD_MAX_MS = 3600000 };

struct gather {
    bool takes_message, records, wants_keys, wants_speech, on_empty;
    char digits[DIGITS_MAX + 1];
    char finish_on[16];
    size_t wanted; /* digits */
    int64_t timeout_ms;
    char *action, *method;
};

static void finish(struct call *call, const char *speech);

static void gather_free(struct gather *gather)
{
    free(gather->action);
    free(gather->method);
    free(gather);
}

void gather_abort(struct call *call)
{
    if (call->program.gather)
        gather_free(call->program.gather);
    call->program.gather = NULL;
}

static void timed_out(void *user)
{
    struct call *call = user;

    call->program.timer = NULL;
    finish(call, NULL);
}

static void wait_for_more(struct call *call, int64_t ms)
{
    web_timer_cancel(call->program.timer);
    call->program.timer = web_after(carrier.web, ms, timed_out, call);
}

static struct gather *gather_new(struct call *call, xmlNode *node, const char *finish_on)
{
    struct gather *gather = calloc(1, sizeof *gather);
    char *action = attribute(node, "action"), *method = attribute(node, "method");
    char *key = attribute(node, "finishOnKey");

    gather->timeout_ms = attribute_number(node, "timeout", 5) * 1000;
    gather->action = program_url(call, action ? action : call->program.url);
    gather->method = text_copy(method);
    snprintf(gather->finish_on, sizeof gather->finish_on, "%s", key ? key : finish_on);
    xmlFree(action);
    xmlFree(method);
    xmlFree(key);
    call->program.gather = gather;
    return gather;
}

void gather_run(struct call *call, xmlNode *node)
{
    struct gather *gather = gather_new(call, node, "#");
    char *input = attribute(node, "input");
    int64_t spoken_ms = 0;

    gather->wants_keys = !input || strstr(input, "dtmf");
    gather->wants_speech = input && strstr(input, "speech");
    gather->wanted = (size_t)attribute_number(node, "numDigits", DIGITS_MAX);
    gather->on_empty = attribute_is(node, "actionOnEmptyResult", "true");
    xmlFree(input);
    for (xmlNode *child = element_from(node->children); child; child = element_from(child->next))
        spoken_ms += verb_speak(call, child, spoken_ms);
    wait_for_more(call, spoken_ms + gather->timeout_ms);
}

void gather_record(struct call *call, xmlNode *node)
{
    struct gather *gather = gather_new(call, node, "1234567890*#");

    gather->takes_message = gather->wants_keys = gather->wants_speech = true;
    gather->wanted = DIGITS_MAX;
    gather->records = recording_begin(call, "RecordVerb", node);
    wait_for_more(call, gather->timeout_ms ? gather->timeout_ms : RECORD_MAX_MS);
}

bool program_listens(const struct call *call)
{
    return call->program.gather != NULL;
}

void program_digit(struct call *call, char digit)
{
    struct gather *gather = call->program.gather;
    size_t length;

    if (!gather || !gather->wants_keys)
        return;
    if (strchr(gather->finish_on, digit)) {
        if (gather->takes_message)
            gather->digits[0] = digit;
        finish(call, NULL);
        return;
    }
    length = strlen(gather->digits);
    gather->digits[length++] = digit;
    if (length >= gather->wanted || length >= DIGITS_MAX)
        finish(call, NULL);
    else
        wait_for_more(call, gather->timeout_ms);
}

void program_speech(struct call *call, const char *text)
{
    struct gather *gather = call->program.gather;

    if (!gather || !gather->wants_speech)
        return;
    if (gather->takes_message)
        wait_for_more(call, gather->timeout_ms ? gather->timeout_ms : RECORD_MAX_MS);
    else
        finish(call, text);
}

static void add_results(struct call *call, const struct gather *gather, const char *speech,
                        struct form *more)
{
    if (gather->takes_message)
        recordings_add_to_form(call, more);
    if (gather->wants_keys && !speech)
        form_add(more, "Digits", gather->digits);
    if (speech) {
        form_add(more, "SpeechResult", speech);
        form_add(more, "Confidence", "0.94");
    }
}

/* Goes on: with the action when there was any input, else with the next verb. */
static void finish(struct call *call, const char *speech)
{
    struct gather *gather = call->program.gather;
    struct form more = {.pairs = NULL};
    bool any = speech || *gather->digits || gather->on_empty || gather->takes_message;

    web_timer_cancel(call->program.timer);
    call->program.timer = NULL;
    call->program.gather = NULL;
    call->program.speaking_until_ms = 0;
    if (gather->records)
        recording_finish(call);
    add_results(call, gather, speech, &more);
    program_action(call, any ? gather->action : NULL, gather->method, &more);
    form_free(&more);
    gather_free(gather);
}
