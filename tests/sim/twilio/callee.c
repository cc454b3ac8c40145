/* twilio/callee.c - ringing at a number. */
#include "twilio/callee.h"

#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "twilio/call.h"

enum { INITIATED_MS = 20, RINGING_MS = 60, ANSWER_MS = 200, NEVER_MS = 24 * 3600 * 1000 };

static const char default_script[] = "[{\"say\":\"Hello, who is calling please?\"}]";

static struct json_object *callees; /* orders by number */

/* A call that rings. */
struct ringing {
    struct call *call;
    int64_t timeout_ms;
    void (*answered)(struct call *call);
};

/* ---- what is set ---- */

const char *callee_set(struct json_object *order)
{
    static const char *const results[] = {"answer", "busy",    "no-answer",
                                          "failed", "machine", "refused"};
    const char *result = json_text(order, "result"), *number = json_text(order, "number");
    bool known = !result;

    for (size_t i = 0; result && i < sizeof results / sizeof results[0]; i++)
        known = known || !strcmp(result, results[i]);
    if (!number)
        return "a number is missing";
    if (!known)
        return "the result is unknown";
    if (script_fault(json_member(order, "script")))
        return script_fault(json_member(order, "script"));
    if (!callees)
        callees = json_object_new_object();
    json_object_object_add(callees, number, json_object_get(order));
    return NULL;
}

void callees_clear(void)
{
    json_object_put(callees);
    callees = NULL;
}

struct json_object *callee_of(const char *number)
{
    return number ? json_member(callees, number) : NULL;
}

/* ---- ringing ---- */

static bool result_is(const struct call *call, const char *result)
{
    return text_is(json_text(callee_of(call->to), "result"), result);
}

static void pick_up(struct ringing *ringing)
{
    struct call *call = ringing->call;
    struct json_object *callee = callee_of(call->to), *steps = json_member(callee, "script");
    struct json_object *otherwise = steps ? NULL : json_tokener_parse(default_script);

    call_answer(call);
    call->script =
        script_new(call, steps ? steps : otherwise, json_integer(callee, "max_seconds", 0));
    json_object_put(otherwise);
    ringing->answered(call);
}

static void ring_over(void *user)
{
    struct ringing *ringing = user;
    struct call *call = ringing->call;

    call->ring = NULL;
    if (result_is(call, "busy"))
        call_end(call, CALL_BUSY, 486);
    else if (result_is(call, "failed"))
        call_end(call, CALL_FAILED, 404);
    else if (result_is(call, "no-answer") ||
             json_integer(callee_of(call->to), "answer_after_ms", ANSWER_MS) > ringing->timeout_ms)
        call_end(call, CALL_NO_ANSWER, 487);
    else
        pick_up(ringing);
    free(ringing);
}

static void begin_ringing(void *user)
{
    struct ringing *ringing = user;
    struct call *call = ringing->call;
    int64_t wait_ms = json_integer(callee_of(call->to), "answer_after_ms",
                                   result_is(call, "no-answer") ? NEVER_MS : ANSWER_MS);

    call->ring = NULL;
    if (!result_is(call, "failed") && !result_is(call, "busy"))
        call_ringing(call);
    call->ring =
        web_after(carrier.web, wait_ms < ringing->timeout_ms ? wait_ms : ringing->timeout_ms,
                  ring_over, ringing);
}

static void begin(void *user)
{
    struct ringing *ringing = user;

    ringing->call->ring = NULL;
    call_initiated(ringing->call);
    ringing->call->ring = web_after(carrier.web, RINGING_MS, begin_ringing, ringing);
}

void callee_ring(struct call *call, int64_t timeout_seconds, void (*answered)(struct call *call))
{
    struct ringing *ringing = calloc(1, sizeof *ringing);

    *ringing =
        (struct ringing){.call = call, .timeout_ms = timeout_seconds * 1000, .answered = answered};
    call->ring = web_after(carrier.web, INITIATED_MS, begin, ringing);
}

const char *callee_verdict(const struct call *call, const char *mode)
{
    const char *ordered = json_text(callee_of(call->to), "answered_by");

    if (ordered)
        return ordered;
    if (!result_is(call, "machine"))
        return "human";
    return text_is(mode, "DetectMessageEnd") ? "machine_end_beep" : "machine_start";
}
