/*
 * What a human hears to whom a caller is to be passed on (twilio.md 3).
 */
#include "domain/human_legs.h"
#include "fcgi/callback/callback.h"

/* Without the store nothing is known of the caller: the agent resumes when the leg has ended. */
static bool excuse(struct request *req, const struct received *received)
{
    const struct call_plan plan = {
        .kind = PLAN_SAY,
        .say = "We are sorry, the caller cannot be connected at the moment. Goodbye.",
    };

    return callback_answer_plan(req, received, &plan);
}

/* POST /hooks/twilio/human/{token} */
bool human_hook(struct request *req)
{
    struct human_facts facts = {.was_asked = request_query(req, "asked") != NULL};
    struct received received;
    struct call_plan plan;
    struct token token;

    if (!token_read(&req->work, TOKEN_AFTER, request_path(req, "token"), &token) ||
        !callback_receive(req, "action", token.tenant_id, &received))
        return false;
    if (received.journaled)
        return excuse(req, &received);
    facts.digits = form_text(&received.posted.form, "Digits");
    if (human_answered(&req->work, &token, &facts, &plan))
        return callback_answer_plan(req, &received, &plan);
    return (req->work.error.what == BUSY || req->work.error.what == INTERNAL) &&
           excuse(req, &received);
}
