/*
 * POST /hooks/twilio/twiml/{token}: the carrier asks what to do, and we ask the customer.
 */
#include <stdlib.h>
#include <string.h>

#include "core/config.h"
#include "core/log.h"
#include "domain/calls.h"
#include "domain/customer_answer.h"
#include "domain/customer_hooks.h"
#include "domain/customer_requests.h"
#include "domain/host_memory.h"
#include "domain/inbound.h"
#include "domain/taskrouter/queued_calls.h"
#include "fcgi/callback/callback.h"

/*
 * How often the carrier is asked to come back (it does so ten times at most), how long it waits,
 * and how much of its parameters is kept for then.
 */
enum { COME_BACKS = 8, PAUSE_SECONDS = 1, KEPT_LIMIT = 1500 };

static bool is_outage(const struct request *req)
{
    return req->work.error.what == BUSY || req->work.error.what == INTERNAL;
}

static bool reply_twiml(struct request *req, const struct received *received, const char *twiml)
{
    int64_t took_ms = (clock_monotonic_us() - received->begun_us) / 1000;

    if (!received->journaled)
        callback_settle(&req->work, &received->callback, "applied", took_ms);
    req->status = 200;
    req->reply_type = "text/xml";
    text_put(&req->reply, twiml);
    return true;
}

/* What the carrier says in every request of a call, and will say again. */
static bool is_usual(const char *name)
{
    static const char *const usual[] = {"From",       "To",         "Caller",
                                        "Called",     "CallSid",    "AccountSid",
                                        "CallStatus", "ApiVersion", "Direction"};

    for (size_t i = 0; i < COUNT(usual); i++)
        if (strncmp(name, usual[i], strlen(usual[i])) == 0)
            return true;
    return false;
}

/* The parameters that this request alone has: digits, how a dial went, … */
static struct form unusual(struct request *req, const struct form *form)
{
    struct twilio_field *fields = arena_new(&req->work.arena, struct twilio_field, form->count);
    struct form rest = {.at = fields};

    for (size_t i = 0; i < form->count; i++)
        if (!is_usual(form->at[i].name))
            fields[rest.count++] = form->at[i];
    return rest;
}

/* What the carrier said, and what it had said when it was asked to come back. */
static struct form complete(struct request *req, const struct form *form)
{
    const char *kept = request_query(req, "kept");
    struct form before = {0}, all;
    struct twilio_field *fields;

    if (kept)
        customer_form_read(&req->work, kept, &before);
    fields = arena_new(&req->work.arena, struct twilio_field, form->count + before.count);
    all = (struct form){.at = fields};
    for (size_t i = 0; i < form->count; i++)
        fields[all.count++] = form->at[i];
    for (size_t i = 0; i < before.count; i++)
        if (!form_value(form, before.at[i].name))
            fields[all.count++] = before.at[i];
    return all;
}

static int64_t times_asked(struct request *req)
{
    const char *again = request_query(req, "again");

    return again && strlen(again) < 3 ? strtol(again, NULL, 10) : 0;
}

/* The request that the carrier has come back for: what was sent for it is not sent once more. */
static uid first_event(struct request *req, const struct received *received)
{
    const char *first = request_query(req, "event");
    uid event;

    return first && uid_read_hex(first, &event) ? event : received->callback.id;
}

/*
 * Whether the carrier can be asked to come back with the same parameters; *url is where.  What it
 * signs covers them, so nobody else can make them up.
 */
static bool can_come_back(struct request *req, const struct received *received,
                          const struct form *form, const char **url)
{
    struct form rest = unusual(req, form);
    const char *kept = customer_form_write(&req->work, &rest);
    struct text query = {.arena = &req->work.arena};
    uid event = first_event(req, received);
    int64_t asked = times_asked(req);
    char hex[33];

    if (asked >= COME_BACKS || strlen(kept) > KEPT_LIMIT)
        return false;
    text_add(&query, "%s?again=%lld", req->path, (long long)asked + 1);
    uid_write_hex(event, hex);
    if (!uid_is_none(event))
        text_add(&query, "&event=%s", hex);
    text_put(&query, "&kept=");
    text_url(&query, kept);
    *url = hook_url(&req->work, query.at);
    return true;
}

/* A second of silence, and the same question once more; else a sentence. */
static bool ask_again(struct request *req, const struct received *received, const struct form *form)
{
    struct call_plan plan = {.kind = PLAN_WAIT, .wait_seconds = PAUSE_SECONDS};

    if (!can_come_back(req, received, form, &plan.after_url))
        inbound_unavailable(&req->work, &plan);
    return callback_answer_plan(req, received, &plan);
}

/* No tenant's slow program gets all workers; who must wait comes back, or hears that we cannot. */
static bool is_crowded(struct request *req)
{
    struct worker_slot *slot = worker_slot_mine();

    return slot && req->work.config &&
           !outward_begin(slot, req->work.tenant, req->work.config->outward_calls_per_tenant);
}

static void leave(void)
{
    struct worker_slot *slot = worker_slot_mine();

    if (slot)
        outward_end(slot);
}

/* The first request of a call that we ordered may be faster than the answer to the order. */
static bool learn(struct request *req, const struct form *form, struct call *call)
{
    const char *sid = form_text(form, "CallSid"), *verdict = form_text(form, "AnsweredBy");
    struct call_news news = NO_NEWS;

    if (form_text(form, "ParentCallSid") || !sid)
        return true;
    news.answered_by = callback_verdict(form);
    return call_learn_sid(&req->work, call->id, sid) &&
           (!verdict || call_apply(&req->work, call->id, &news, NULL)) &&
           call_get(&req->work, call->id, call);
}

/* Who waits for a worker of TaskRouter's, or has waited; *twiml is what there is to say to it. */
static bool look_after_queue(struct request *req, const struct customer_hook *hook,
                             const struct call *call, const struct form *form, const char **twiml)
{
    const char *result = form_text(form, "QueueResult");

    *twiml = NULL;
    if (customer_hook_waits(hook))
        return tr_caller_waits(&req->work, hook, call, form, twiml);
    return !result || tr_caller_left(&req->work, call->id, result);
}

static bool ask_customer(struct request *req, const struct received *received,
                         const struct token *token, const struct form *form)
{
    struct customer_hook hook;
    struct call call;
    const char *twiml;
    const struct customer_question question = {
        .hook = &hook,
        .call = &call,
        .form = form,
        .idempotency_token = received->posted.idempotency_token,
        .event = first_event(req, received),
    };

    return customer_hook_read(&req->work, token, &hook) &&
           call_get(&req->work, hook.call_id, &call) && learn(req, form, &call) &&
           look_after_queue(req, &hook, &call, form, &twiml) &&
           (twiml || customer_answer(&req->work, &question, &twiml)) &&
           reply_twiml(req, received, twiml);
}

bool customer_twiml_hook(struct request *req)
{
    struct received received;
    struct token token;
    struct form form;
    bool ok;

    if (!token_read(&req->work, TOKEN_CUSTOMER, request_path(req, "token"), &token) ||
        !callback_receive(req, "action", token.tenant_id, &received))
        return false;
    form = complete(req, &received.posted.form);
    if (received.journaled)
        return ask_again(req, &received, &form);
    req->work.tenant = token.tenant_id;
    if (is_crowded(req))
        return ask_again(req, &received, &form);
    ok = ask_customer(req, &received, &token, &form);
    leave();
    return ok || (is_outage(req) && ask_again(req, &received, &form));
}
