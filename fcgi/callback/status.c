#include "fcgi/callback/callback.h"

/* Stores and applies; what the store cannot take now waits in the journal. */
static bool take(struct request *req, const char *kind, struct received *received)
{
    if (!callback_receive(req, kind, 0, received))
        return false;
    if (received->journaled || !received->fresh)
        return true;
    return callback_apply(&req->work, &received->callback) ||
           /* it is stored, and a sweep applies it when the store has time */
           req->work.error.what == BUSY;
}

/* POST /api/v1/call-status */
bool call_status(struct request *req)
{
    struct received received;

    return take(req, "status", &received) &&
           reply_text(req, 200, "application/json", "{\"ok\":true}");
}

static bool take_hook(struct request *req, const char *kind)
{
    struct received received;

    return take(req, kind, &received) && reply_empty(req, 204);
}

/* POST /hooks/twilio/amd: who answered */
bool amd_hook(struct request *req)
{
    return take_hook(req, "amd");
}

/* POST /hooks/twilio/recording */
bool recording_hook(struct request *req)
{
    return take_hook(req, "recording");
}

/* POST /hooks/twilio/stream: a media stream started, stopped or failed */
bool stream_hook(struct request *req)
{
    return take_hook(req, "stream");
}

/* POST /hooks/twilio/conference */
bool conference_hook(struct request *req)
{
    return take_hook(req, "other");
}

/* POST /hooks/twilio/sms-status: a delivery receipt */
bool sms_status_hook(struct request *req)
{
    return take_hook(req, "sms_status");
}
