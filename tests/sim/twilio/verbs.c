/* twilio/verbs.c - the verbs that speak, wait, connect and end. */
#include "twilio/verbs.h"

#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "twilio/call.h"
#include "twilio/dial.h"
#include "twilio/gather.h"
#include "twilio/media.h"
#include "twilio/queue.h"
#include "twilio/recordings.h"
#include "twilio/relay.h"

enum { MS_PER_CHARACTER = 55, SHORTEST_MS = 400, PLAY_MS = 1000, TONE_MS = 250 };

/* ---- sound ---- */

static int64_t digits_ms(const char *digits)
{
    int64_t ms = 0;

    for (; *digits; digits++)
        ms += *digits == 'w' ? 500 : *digits == 'W' ? 1000 : TONE_MS;
    return ms;
}

static int64_t sound_ms(const xmlNode *node, const char *text)
{
    char *digits = attribute(node, "digits");
    int64_t ms = (int64_t)strlen(text) * MS_PER_CHARACTER;

    if (node_is(node, "Pause"))
        ms = attribute_number(node, "length", 1) * 1000;
    else if (digits)
        ms = digits_ms(digits);
    else if (node_is(node, "Play"))
        ms = PLAY_MS;
    else if (ms < SHORTEST_MS)
        ms = SHORTEST_MS;
    xmlFree(digits);
    return ms;
}

int64_t verb_speak(struct call *call, xmlNode *node, int64_t after_ms)
{
    char *text = node_text(node);
    int64_t ms = sound_ms(node, text), at_ms = call_now_ms(call) + after_ms;

    if (node_is(node, "Say"))
        call_said(call, &(struct said){.who = "carrier",
                                       .text = text,
                                       .at_ms = at_ms,
                                       .heard_ms = ms,
                                       .total_ms = ms,
                                       .whole = true});
    if (!node_is(node, "Pause"))
        call->program.speaking_until_ms = at_ms + ms;
    free(text);
    return ms;
}

static void run_sound(struct call *call, xmlNode *node)
{
    program_next_after(call, verb_speak(call, node, 0));
}

/* ---- going elsewhere ---- */

static void run_redirect(struct call *call, xmlNode *node)
{
    char *text = node_text(node), *url = program_url(call, *text ? text : call->program.url);
    char *method = attribute(node, "method");

    if (++call->program.redirects > REDIRECTS_MAX || !url) {
        call_alert(call, 11215, text);
        call_end(call, CALL_COMPLETED, 200);
    } else {
        program_fetch(call, url, method, NULL);
    }
    free(text);
    free(url);
    xmlFree(method);
}

static void run_hangup(struct call *call, xmlNode *node)
{
    (void)node;
    call_end(call, CALL_COMPLETED, 200);
}

/* Refuses an inbound call that is not answered yet. */
static void run_reject(struct call *call, xmlNode *node)
{
    if (call->state == CALL_IN_PROGRESS)
        call_end(call, CALL_COMPLETED, 200);
    else if (attribute_is(node, "reason", "busy"))
        call_end(call, CALL_BUSY, 486);
    else
        call_end(call, CALL_NO_ANSWER, 603);
}

/* ---- streams and recordings ---- */

static struct json_object *parameters_of(const xmlNode *stream)
{
    struct json_object *parameters = json_object_new_object();
    char *name, *value;

    for (xmlNode *child = element_from(stream->children); child;
         child = element_from(child->next)) {
        if (!node_is(child, "Parameter"))
            continue;
        name = attribute(child, "name");
        value = attribute(child, "value");
        if (name)
            json_set(parameters, name, value ? value : "");
        xmlFree(name);
        xmlFree(value);
    }
    return parameters;
}

/* ws or wss for http or https of a relative URL. */
static char *socket_url(const struct call *call, const char *url)
{
    char *absolute = program_url(call, url), *socket;

    if (!text_begins(absolute, "http"))
        return absolute;
    socket = text_of("ws%s", absolute + 4);
    free(absolute);
    return socket;
}

static void connect_stream(struct call *call, xmlNode *node)
{
    char *given = attribute(node, "url"), *url = socket_url(call, given ? given : "");
    char *name = attribute(node, "name"), *told = attribute(node, "statusCallback");
    char *method = attribute(node, "statusCallbackMethod");
    struct media_order order = {.url = url,
                                .name = name,
                                .status_callback = told,
                                .status_callback_method = method,
                                .parameters = parameters_of(node)};

    media_begin(call, &order);
    free(url);
    xmlFree(given);
    xmlFree(name);
    xmlFree(told);
    xmlFree(method);
}

static void connect_relay(struct call *call, xmlNode *connect, xmlNode *node)
{
    char *given = attribute(node, "url"), *url = socket_url(call, given ? given : "");

    relay_begin(call, connect, node, url, parameters_of(node));
    free(url);
    xmlFree(given);
}

static void unknown(struct call *call, const xmlNode *node)
{
    call_alert(call, 12200, (const char *)node->name);
    program_next(call);
}

static void run_connect(struct call *call, xmlNode *node)
{
    xmlNode *stream = element_from(node->children);

    if (node_is(stream, "Stream"))
        connect_stream(call, stream);
    else if (node_is(stream, "ConversationRelay"))
        connect_relay(call, node, stream);
    else
        unknown(call, stream ? stream : node);
}

static void run_start(struct call *call, xmlNode *node)
{
    xmlNode *child = element_from(node->children);

    if (node_is(child, "Recording"))
        recording_begin(call, "StartCallRecordingAPI", child);
    else if (!node_is(child, "Stream"))
        call_alert(call, 12200, child ? (const char *)child->name : "Start");
    program_next(call);
}

static void run_stop(struct call *call, xmlNode *node)
{
    if (node_is(element_from(node->children), "Recording"))
        recording_finish(call);
    program_next(call);
}

/* ---- which is which ---- */

static const struct {
    const char *name;
    void (*run)(struct call *call, xmlNode *node);
    bool answers; /* an inbound call that is still ringing */
} verbs[] = {
    {"Say", run_sound, true},          {"Play", run_sound, true},
    {"Pause", run_sound, false},       {"Gather", gather_run, true},
    {"Record", gather_record, true},   {"Dial", dial_run, true},
    {"Redirect", run_redirect, false}, {"Hangup", run_hangup, true},
    {"Reject", run_reject, false},     {"Connect", run_connect, true},
    {"Start", run_start, true},        {"Stop", run_stop, false},
    {"Enqueue", queue_enter, true},    {"Leave", queue_leave, false},
};

void verb_run(struct call *call, xmlNode *node)
{
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        if (!node_is(node, verbs[i].name))
            continue;
        if (verbs[i].answers)
            call_answer(call);
        verbs[i].run(call, node);
        return;
    }
    unknown(call, node);
}

void verbs_abort(struct call *call)
{
    gather_abort(call);
    call->program.speaking_until_ms = 0;
}
