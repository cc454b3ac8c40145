/*
 * POST /hooks/twilio/callback/{token}: the carrier tells what a customer's TwiML asked to be told;
 * it is stored, applied where it concerns us, and delivered to the customer.
 */
#include "fcgi/callback/callback.h"

bool customer_callback_hook(struct request *req)
{
    struct received received;
    struct token token;

    if (!token_read(&req->work, TOKEN_CUSTOMER, request_path(req, "token"), &token) ||
        !callback_receive(req, "other", token.tenant_id, &received))
        return false;
    if (!received.journaled && received.fresh && !callback_apply(&req->work, &received.callback) &&
        req->work.error.what != BUSY)
        return false;
    return reply_empty(req, 204);
}
