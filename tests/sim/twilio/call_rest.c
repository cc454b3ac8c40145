/* twilio/call_rest.c - placing calls and changing live ones. */
#include "twilio/call_rest.h"

#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "twilio/call.h"
#include "twilio/callee.h"
#include "twilio/media.h"
#include "twilio/numbers.h"
#include "twilio/queue.h"
#include "twilio/relay.h"
#include "twilio/room.h"
#include "twilio/webhook.h"

enum { TWIML_MAX = 4000, RING_SECONDS = 60, VERDICT_MS = 600 };

/* What is to happen when an outbound call is answered. */
struct placing {
    struct call *call;
    char *url, *method, *twiml, *detection, *verdict_url;
    bool asynchronous;
    struct placing *next;
};

static struct placing *placings;

/* ---- after the answer ---- */

static struct placing *placing_of(const struct call *call)
{
    struct placing *placing = placings;

    while (placing && placing->call != call)
        placing = placing->next;
    return placing;
}

static void begin_program(struct placing *placing, const struct form *more)
{
    struct call *call = placing->call;

    if (call_ended(call))
        return;
    if (placing->url)
        program_fetch(call, placing->url, placing->method, more);
    else
        program_run(call, placing->twiml, strlen(placing->twiml));
}

static void tell_verdict(struct placing *placing)
{
    struct call *call = placing->call;
    struct webhook webhook = {.kind = "amd",
                              .account = call->account,
                              .url = placing->verdict_url,
                              .subject = call->sid,
                              .status = call->answered_by,
                              .record = call->webhooks};

    if (!placing->verdict_url)
        return;
    form_add(&webhook.form, "CallSid", call->sid);
    form_add(&webhook.form, "AccountSid", call->account->sid);
    form_add(&webhook.form, "AnsweredBy", call->answered_by);
    form_add_integer(&webhook.form, "MachineDetectionDuration", VERDICT_MS);
    webhook_send(&webhook, NULL, NULL);
}

static void verdict(void *user)
{
    struct placing *placing = user;
    struct form more = {.pairs = NULL};

    if (call_ended(placing->call))
        return;
    placing->call->answered_by = callee_verdict(placing->call, placing->detection);
    log_event("machine_detection", "call", placing->call->sid, "answered_by",
              placing->call->answered_by, NULL);
    if (placing->asynchronous) {
        tell_verdict(placing);
        return;
    }
    form_add_integer(&more, "MachineDetectionDuration", VERDICT_MS);
    begin_program(placing, &more);
    form_free(&more);
}

static void answered(struct call *call)
{
    struct placing *placing = placing_of(call);

    if (placing->detection)
        web_after(carrier.web, VERDICT_MS, verdict, placing);
    if (!placing->detection || placing->asynchronous)
        begin_program(placing, NULL);
}

/* ---- placing a call ---- */

static bool is_callable(const char *to)
{
    return is_e164(to) || text_begins(to, "client:") || text_begins(to, "sip:");
}

static bool is_http(const char *url)
{
    return text_begins(url, "http://") || text_begins(url, "https://");
}

static bool may_show(const struct rest *rest, const char *from)
{
    struct json_object *number = number_find(from);

    return !is_e164(from) || (number && number_account(number) == rest->account);
}

/* True when the order is good; else it has been answered. */
static bool check(struct rest *rest)
{
    const char *to = rest_param(rest, "To"), *from = rest_param(rest, "From");
    const char *url = rest_param(rest, "Url"), *twiml = rest_param(rest, "Twiml");

    if (!to || !*to)
        rest_error(rest, 400, 21201, "No 'To' number is specified");
    else if (!is_callable(to))
        rest_error(rest, 400, 21211, "Invalid 'To' Phone Number: %s", to);
    else if (text_is(json_text(callee_of(to), "result"), "refused"))
        rest_error(rest, 400, 21214, "'To' phone number cannot be reached: %s", to);
    else if (!from || !*from)
        rest_error(rest, 400, 21213, "No 'From' number is specified");
    else if (!is_callable(from))
        rest_error(rest, 400, 21212, "Invalid 'From' Phone Number: %s", from);
    else if (!may_show(rest, from))
        rest_error(rest, 400, 21210, "Source phone number %s not verified", from);
    else if (!url && !twiml)
        rest_error(rest, 400, 21205, "Url parameter is required.");
    else if (url && !is_http(url))
        rest_error(rest, 400, 21205, "Url is not a valid URL: %s", url);
    else if (!url && strlen(twiml) > TWIML_MAX)
        rest_error(rest, 400, 20001, "Twiml must be at most %d characters", TWIML_MAX);
    else if (rest_param(rest, "SendDigits") &&
             strspn(rest_param(rest, "SendDigits"), "0123456789ABCD#*wW") !=
                 strlen(rest_param(rest, "SendDigits")))
        rest_error(rest, 400, 21206, "SendDigits is invalid");
    else
        return true;
    return false;
}

static long number_param(const struct rest *rest, const char *name, long otherwise)
{
    const char *value = rest_param(rest, name);

    return value ? strtol(value, NULL, 10) : otherwise;
}

/* The repeated StatusCallbackEvent as words; NULL when there is none. */
static char *events_of(const struct rest *rest)
{
    char *words = NULL, *more;

    for (size_t i = 0; i < rest->params.count; i++) {
        if (strcmp(rest->params.pairs[i].name, "StatusCallbackEvent"))
            continue;
        more = text_of("%s %s", words ? words : "", rest->params.pairs[i].value);
        free(words);
        words = more;
    }
    return words;
}

static struct placing *placing_new(const struct rest *rest, struct call *call)
{
    struct placing *placing = calloc(1, sizeof *placing);
    const char *detection = rest_param(rest, "MachineDetection");

    placing->call = call;
    placing->url = text_copy(rest_param(rest, "Url"));
    placing->method = text_copy(rest_param(rest, "Method"));
    placing->twiml = text_copy(rest_param(rest, "Twiml"));
    if (detection && strcmp(detection, "none") && !rest_param(rest, "SendDigits"))
        placing->detection = text_copy(detection);
    placing->verdict_url = text_copy(rest_param(rest, "AsyncAmdStatusCallback"));
    placing->asynchronous = text_is(rest_param(rest, "AsyncAmd"), "true");
    placing->next = placings;
    placings = placing;
    return placing;
}

static void take_fallback(const struct rest *rest, struct call *call)
{
    if (rest_param(rest, "FallbackUrl"))
        text_replace(&call->program.fallback_url, rest_param(rest, "FallbackUrl"));
    if (rest_param(rest, "FallbackMethod"))
        text_replace(&call->program.fallback_method, rest_param(rest, "FallbackMethod"));
}

void calls_create(struct rest *rest)
{
    struct call *call;
    char *events;

    if (!check(rest))
        return;
    call =
        call_new(rest->account, "outbound-api", rest_param(rest, "From"), rest_param(rest, "To"));
    events = events_of(rest);
    call_tell_to(call, rest_param(rest, "StatusCallback"), rest_param(rest, "StatusCallbackMethod"),
                 events);
    free(events);
    call->record = text_is(rest_param(rest, "Record"), "true");
    text_replace(&call->record_url, rest_param(rest, "RecordingStatusCallback"));
    text_replace(&call->record_method, rest_param(rest, "RecordingStatusCallbackMethod"));
    text_replace(&call->record_events, rest_param(rest, "RecordingStatusCallbackEvent"));
    take_fallback(rest, call);
    placing_new(rest, call);
    call_limit(call, number_param(rest, "TimeLimit", 0));
    callee_ring(call, number_param(rest, "Timeout", RING_SECONDS), answered);
    rest_answer(rest, 201, call_resource(call));
}

/* ---- reading ---- */

static struct call *named(struct rest *rest)
{
    struct call *call = call_find(rest->ids[0]);

    if (call && call->account == rest->account && !call->deleted)
        return call;
    rest_not_found(rest);
    return NULL;
}

void calls_fetch(struct rest *rest)
{
    struct call *call = named(rest);

    if (call)
        rest_answer(rest, 200, call_resource(call));
}

/* Numbers in a query may have lost their plus. */
static bool party_fits(const char *wanted, const char *is)
{
    return !wanted || text_is(is, wanted) || (*wanted == ' ' && text_is(is + 1, wanted + 1));
}

static bool fits(const struct rest *rest, const struct call *call)
{
    const char *status = rest_param(rest, "Status"), *parent = rest_param(rest, "ParentCallSid");

    return call->account == rest->account && !call->deleted &&
           party_fits(rest_param(rest, "To"), call->to) &&
           party_fits(rest_param(rest, "From"), call->from) &&
           (!status || text_is(status, call_status(call))) &&
           (!parent || text_is(parent, call->parent_sid)) &&
           rest_date_fits(rest, "StartTime",
                          call->answered_ms ? call->answered_ms : call->created_ms) &&
           rest_date_fits(rest, "EndTime", call->ended_ms ? call->ended_ms : web_epoch_ms());
}

void calls_list(struct rest *rest)
{
    struct json_object *all = json_object_new_array();

    for (struct call *call = calls_first(); call; call = call->next)
        if (fits(rest, call))
            json_object_array_add(all, call_resource(call));
    rest_list(rest, "calls", all);
}

/* ---- changing ---- */

static void redirect(struct rest *rest, struct call *call)
{
    const char *url = rest_param(rest, "Url"), *twiml = rest_param(rest, "Twiml");

    take_fallback(rest, call);
    media_end(call);
    relay_end(call);
    room_leave(call);
    queue_abort(call);
    program_abort(call);
    if (url)
        program_fetch(call, url, rest_param(rest, "Method"), NULL);
    else
        program_run(call, twiml, strlen(twiml));
}

static void change_state(struct rest *rest, struct call *call, const char *status)
{
    if (!strcmp(status, "completed"))
        call_hang_up(call);
    else if (!strcmp(status, "canceled") && call->state < CALL_IN_PROGRESS)
        call_end(call, CALL_CANCELED, 487);
    else {
        rest_error(rest, 400, !strcmp(status, "canceled") ? 21220 : 20001,
                   "Call is not in a state that allows %s", status);
        return;
    }
    rest_answer(rest, 200, call_resource(call));
}

void calls_update(struct rest *rest)
{
    struct call *call = named(rest);
    const char *status = rest_param(rest, "Status"), *url = rest_param(rest, "Url");
    const char *twiml = rest_param(rest, "Twiml");
    bool redirects = url || twiml;

    if (!call)
        return;
    if (rest_param(rest, "StatusCallback"))
        call_tell_to(call, rest_param(rest, "StatusCallback"),
                     rest_param(rest, "StatusCallbackMethod"), NULL);
    if (call_ended(call))
        rest_error(rest, 400, 21220, "Call is not in-progress. Cannot redirect.");
    else if (status && *status)
        change_state(rest, call, status);
    else if (redirects && call->state != CALL_IN_PROGRESS)
        rest_error(rest, 400, 21220, "Call is not in-progress. Cannot redirect.");
    else if ((url && !is_http(url)) || (!url && twiml && strlen(twiml) > TWIML_MAX))
        rest_error(rest, 400, 21205, "Url or Twiml is not valid");
    else {
        if (rest_param(rest, "TimeLimit"))
            call_limit(call, number_param(rest, "TimeLimit", 0));
        if (redirects)
            redirect(rest, call);
        rest_answer(rest, 200, call_resource(call));
    }
}

void calls_delete(struct rest *rest)
{
    struct call *call = named(rest);

    if (!call)
        return;
    if (!call_ended(call)) {
        rest_error(rest, 400, 21220, "A call in progress cannot be deleted");
        return;
    }
    call->deleted = true;
    rest_answer(rest, 204, NULL);
}
