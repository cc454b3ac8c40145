/* twilio/dial.c - ringing at others and connecting the one that answers. */
#include "twilio/dial.h"

#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "twilio/call.h"
#include "twilio/callee.h"
#include "twilio/queue.h"
#include "twilio/recordings.h"
#include "twilio/room.h"

enum { LEGS_MAX = 10, RING_SECONDS = 30 };

struct dial {
    struct call *parent;
    struct call *legs[LEGS_MAX];
    xmlNode *nouns[LEGS_MAX]; /* NULL: the number stands in <Dial> itself */
    int count, rung, open;    /* legs, how many of them rang, how many have not ended */
    bool sequential, bridged, ended, records;
    long timeout, limit;
    char *action, *method, *caller_id;
    struct call *answered; /* the leg that counts */
    int64_t bridged_micros;
};

static void ring(struct dial *dial);

/* ---- the end ---- */

static void dial_free(struct dial *dial)
{
    free(dial->action);
    free(dial->method);
    free(dial->caller_id);
    free(dial);
}

static const char *result_of(const struct dial *dial)
{
    const struct call *last = dial->answered ? dial->answered : dial->legs[dial->rung - 1];

    return last ? call_status(last) : "failed";
}

static void add_results(const struct dial *dial, struct form *more)
{
    const struct call *leg = dial->answered ? dial->answered : dial->legs[0];

    form_add(more, "DialCallStatus", result_of(dial));
    form_add(more, "DialCallSid", leg ? leg->sid : NULL);
    if (dial->bridged)
        form_add_integer(more, "DialCallDuration",
                         (web_micros() - dial->bridged_micros + 999999) / 1000000);
    form_add(more, "DialBridged", dial->bridged ? "true" : "false");
    if (dial->records)
        recordings_add_to_form(dial->parent, more);
}

static void unbridge(struct dial *dial)
{
    dial->parent->peer = NULL;
    for (int i = 0; i < dial->rung; i++) {
        dial->legs[i]->peer = NULL;
        dial->legs[i]->leg_of = NULL;
    }
}

/* Nobody is left on the other end: the call goes on. */
static void over(struct dial *dial)
{
    struct call *parent = dial->parent;
    struct form more = {.pairs = NULL};

    dial->ended = true;
    parent->dial = NULL;
    unbridge(dial);
    if (dial->records)
        recording_finish(parent);
    add_results(dial, &more);
    program_action(parent, dial->action, dial->method, &more);
    form_free(&more);
    dial_free(dial);
}

static void end_legs(struct dial *dial, const struct call *but)
{
    for (int i = 0; i < dial->rung; i++)
        if (dial->legs[i] != but && !call_ended(dial->legs[i]))
            call_hang_up(dial->legs[i]);
}

void dial_abort(struct call *call)
{
    struct dial *dial = call->dial;

    if (!dial)
        return;
    call->dial = NULL;
    dial->ended = true;
    end_legs(dial, NULL);
    unbridge(dial);
    dial_free(dial);
}

void dial_parent_ended(struct call *call)
{
    dial_abort(call);
}

void dial_leg_ended(struct call *call)
{
    struct dial *dial = call->leg_of;

    if (!dial || dial->ended)
        return;
    dial->open--;
    if (call == dial->answered || (!dial->open && dial->rung == dial->count))
        over(dial);
    else if (!dial->open)
        ring(dial);
}

/* ---- the bridge ---- */

static void bridge(struct call *leg)
{
    struct dial *dial = leg->leg_of;

    if (!dial || dial->ended || call_ended(leg))
        return;
    dial->bridged = true;
    dial->bridged_micros = web_micros();
    leg->peer = dial->parent;
    dial->parent->peer = leg;
    log_event("bridged", "call", dial->parent->sid, "leg", leg->sid, NULL);
    if (dial->limit)
        call_limit(leg, dial->limit);
}

/* The first to answer wins; a document of the noun runs for him before he is connected. */
static void leg_answered(struct call *leg)
{
    struct dial *dial = leg->leg_of;
    char *url = NULL, *absolute, *method = NULL;

    if (!dial || dial->answered)
        return;
    dial->answered = leg;
    end_legs(dial, leg);
    for (int i = 0; i < dial->rung; i++)
        if (dial->legs[i] == leg && dial->nouns[i]) {
            url = attribute(dial->nouns[i], "url");
            method = attribute(dial->nouns[i], "method");
        }
    absolute = program_url(dial->parent, url);
    leg->program.finished = bridge;
    if (absolute)
        program_fetch(leg, absolute, method, NULL);
    else
        bridge(leg);
    xmlFree(url);
    xmlFree(method);
    free(absolute);
}

/* ---- ringing ---- */

static struct call *leg_new(struct dial *dial, int i)
{
    xmlNode *noun = dial->nouns[i];
    char *to = node_text(noun), *url = NULL, *method = NULL, *events = NULL;
    const char *from = dial->caller_id ? dial->caller_id : dial->parent->from;
    struct call *leg = call_new(dial->parent->account, "outbound-dial", from, to);

    memcpy(leg->parent_sid, dial->parent->sid, SID_SIZE);
    leg->leg_of = dial;
    url = attribute(noun, "statusCallback");
    method = attribute(noun, "statusCallbackMethod");
    events = attribute(noun, "statusCallbackEvent");
    if (url) {
        char *absolute = program_url(dial->parent, url);

        call_tell_to(leg, absolute, method, events);
        free(absolute);
    }
    free(to);
    xmlFree(url);
    xmlFree(method);
    xmlFree(events);
    return leg;
}

/* Lets the next leg ring, or all of them. */
static void ring(struct dial *dial)
{
    do {
        dial->legs[dial->rung] = leg_new(dial, dial->rung);
        dial->open++;
        callee_ring(dial->legs[dial->rung++], dial->timeout, leg_answered);
    } while (!dial->sequential && dial->rung < dial->count);
}

static bool is_noun(const xmlNode *node)
{
    return node_is(node, "Number") || node_is(node, "Client") || node_is(node, "Sip");
}

static void add_nouns(struct dial *dial, xmlNode *node)
{
    for (xmlNode *child = element_from(node->children); child; child = element_from(child->next))
        if (is_noun(child) && dial->count < LEGS_MAX)
            dial->nouns[dial->count++] = child;
    if (!dial->count)
        dial->nouns[dial->count++] = node;
}

static bool wants_recording(xmlNode *node)
{
    char *record = attribute(node, "record");
    bool wanted = record && strcmp(record, "do-not-record") && strcmp(record, "false");

    xmlFree(record);
    return wanted;
}

static struct dial *dial_new(struct call *call, xmlNode *node)
{
    struct dial *dial = calloc(1, sizeof *dial);
    char *action = attribute(node, "action"), *method = attribute(node, "method");
    char *caller_id = attribute(node, "callerId");

    dial->parent = call;
    dial->action = program_url(call, action);
    dial->method = text_copy(method);
    dial->caller_id = text_copy(caller_id);
    dial->timeout = attribute_number(node, "timeout", RING_SECONDS);
    dial->limit = attribute_number(node, "timeLimit", 0);
    dial->sequential = attribute_is(node, "sequential", "true");
    dial->records = wants_recording(node);
    add_nouns(dial, node);
    xmlFree(action);
    xmlFree(method);
    xmlFree(caller_id);
    return dial;
}

void dial_run(struct call *call, xmlNode *node)
{
    for (xmlNode *child = element_from(node->children); child; child = element_from(child->next))
        if (node_is(child, "Conference")) {
            room_enter(call, child, node);
            return;
        } else if (node_is(child, "Queue")) {
            queue_take(call, child, node);
            return;
        }
    call->dial = dial_new(call, node);
    call->dial->records = call->dial->records && recording_begin(call, "DialVerb", node);
    ring(call->dial);
}
