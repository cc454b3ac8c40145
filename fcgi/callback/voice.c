#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "core/log.h"
#include "domain/after.h"
#include "domain/inbound.h"
#include "domain/outbound.h"
#include "fcgi/callback/callback.h"

/* Whether a failure is the store's: then the caller is told to call again, never nothing. */
static bool is_outage(const struct request *req)
{
    return req->work.error.what == BUSY || req->work.error.what == INTERNAL;
}

static bool answer_outage(struct request *req, const struct received *received)
{
    struct call_plan plan;

    if (received->connects)
        return callback_answer_plan(req, received, &received->plan);
    log_warning(&req->work, "callback.outage", "kind=%s", received->posted.kind);
    inbound_unavailable(&req->work, &plan);
    return callback_answer_plan(req, received, &plan);
}

/* Whether the account is that of a stand-in for the carrier. */
static const char *carrier_of_account(const struct request *req, const char *account_sid)
{
    const char *rehearsal = req->work.config->rehearsal_account_sid;

    return rehearsal && account_sid && strcmp(rehearsal, account_sid) == 0 ? "sim" : "twilio";
}

static struct inbound_facts facts_of(const struct request *req, const struct posted *posted)
{
    const struct form *form = &posted->form;

    return (struct inbound_facts){
        .call_sid = form_text(form, "CallSid"),
        .account_sid = form_text(form, "AccountSid"),
        .from = form_text(form, "From"),
        .to = form_text(form, "To"),
        .caller_name = form_text(form, "CallerName"),
        .forwarded_from = form_text(form, "ForwardedFrom"),
        .carrier = carrier_of_account(req, form_text(form, "AccountSid")),
        .arrived_at = posted->received_at,
    };
}

/* A console may send the end of a call to the URL that answers it. */
static bool is_status(const struct request *req)
{
    return request_form(req, "CallbackSource") != NULL;
}

bool incoming_call(struct request *req)
{
    struct inbound_facts facts;
    struct received received;
    struct call_plan plan;

    if (is_status(req))
        return call_status(req);
    if (!callback_receive(req, "voice", 0, &received))
        return false;
    if (received.journaled)
        return answer_outage(req, &received);
    facts = facts_of(req, &received.posted);
    if (!req->work.tenant) {
        log_warning(&req->work, "call.unknown_number", "to=%s account=%s",
                    facts.to ? facts.to : "-", facts.account_sid ? facts.account_sid : "-");
        inbound_refuse(&req->work, &plan);
        return callback_answer_plan(req, &received, &plan);
    }
    if (inbound_begin(&req->work, &facts, &plan))
        return callback_answer_plan(req, &received, &plan);
    if (!is_outage(req))
        return false;
    callback_keep(req, &received); /* when it cannot be kept, the caller is answered all the same */
    return answer_outage(req, &received);
}

const char *callback_verdict(const struct form *form)
{
    static const char *const known[] = {
        "human", "machine_start", "machine_end_beep", "machine_end_silence", "machine_end_other",
        "fax",   "unknown"};
    const char *verdict = form_text(form, "AnsweredBy");

    for (size_t i = 0; verdict && i < COUNT(known); i++)
        if (strcmp(known[i], verdict) == 0)
            return known[i];
    return NULL;
}

bool outbound_call(struct request *req)
{
    struct received received;
    struct call_plan plan;

    if (!callback_receive(req, "voice", 0, &received))
        return false;
    if (received.journaled)
        return answer_outage(req, &received);
    if (outbound_answered(&req->work, request_query(req, "cid"),
                          form_text(&received.posted.form, "CallSid"),
                          callback_verdict(&received.posted.form), &plan))
        return callback_answer_plan(req, &received, &plan);
    return is_outage(req) && answer_outage(req, &received);
}

/* How often a call is asked to wait while the store is away, and for how many seconds each time. */
enum { OUTAGE_WAITS = 8, OUTAGE_PAUSE = 4 };

/*
 * Between two verbs of a running call the store may be away: a stream that broke off goes on at
 * another node.  Else the caller hears a second of silence, and we are asked again.
 */
static bool wait_for_store(struct request *req, const struct token *token,
                           const struct received *received)
{
    const char *waited = request_query(req, "outage");
    int64_t count = waited && strlen(waited) < 4 ? strtol(waited, NULL, 10) : 0;
    struct call_plan plan;

    if (!form_text(&received->posted.form, "DialCallStatus") &&
        outage_after(&req->work, token, count, &plan))
        return callback_answer_plan(req, received, &plan);
    plan = (struct call_plan){.kind = PLAN_WAIT, .wait_seconds = count ? OUTAGE_PAUSE : 1};
    if (count >= OUTAGE_WAITS)
        return answer_outage(req, received);
    plan.after_url = hook_url(&req->work, arena_format(&req->work.arena, "%s?outage=%lld",
                                                       req->path, (long long)count + 1));
    return callback_answer_plan(req, received, &plan);
}

/*
 * A relay that we ended says so in the words that we gave the carrier for it: the store may not
 * know yet that the agent had nothing more to do.
 */
static bool relay_was_ended(const struct form *form)
{
    const char *status = form_text(form, "SessionStatus"), *data = form_text(form, "HandoffData");
    json_object *tree = status && data && strcmp(status, "ended") == 0 && strlen(data) < 2000
                            ? json_parse(data)
                            : NULL;
    const char *result = json_text(tree, "result");
    bool ended = result && strcmp(result, "completed") == 0;

    json_object_put(tree);
    return ended;
}

bool after_hook(struct request *req)
{
    const char *waited = request_query(req, "waited");
    struct after_facts facts = {.waited =
                                    waited && strlen(waited) < 4 ? strtol(waited, NULL, 10) : 0};
    struct received received;
    struct call_plan plan;
    struct token token;

    if (!token_read(&req->work, TOKEN_AFTER, request_path(req, "token"), &token) ||
        !callback_receive(req, "action", token.tenant_id, &received))
        return false;
    if (received.journaled)
        return wait_for_store(req, &token, &received);
    facts.dial_status = form_text(&received.posted.form, "DialCallStatus");
    facts.agent_ended = relay_was_ended(&received.posted.form);
    if (after_connect(&req->work, &token, &facts, &plan))
        return callback_answer_plan(req, &received, &plan);
    return is_outage(req) && wait_for_store(req, &token, &received);
}
