#include <string.h>

#include "domain/number_webhooks.h"
#include "fcgi/callback/callback.h"

enum { LONGEST_NONCE = 64 };

/*
 * POST /hooks/twilio/probe: one of our own, signed as the carrier signs, which shows whether the
 * carrier's requests come through to us as they were signed.  Nothing is kept of it.
 */
bool probe_hook(struct request *req)
{
    struct posted posted;
    const char *nonce;
    size_t length;

    if (!callback_proved(req, "voice", &posted))
        return false;
    nonce = form_text(&posted.form, "Nonce");
    length = nonce ? strlen(nonce) : 0;
    if (!length || length > LONGEST_NONCE)
        return fail(&req->work, INVALID, "There is no Nonce");
    req->status = 200;
    req->reply_type = "text/plain; charset=utf-8";
    text_add(&req->reply, "proved %s\n", nonce);
    return true;
}
