#include "domain/sms.h"

#include "core/log.h"
#include "fcgi/callback/callback.h"
#include "fcgi/callback/twiml.h"

enum { MOST_MEDIA = 10 };

/* "[{"url":…,"content_type":…}]"; NULL when the message has no media. */
static const char *media_of(struct request *req, const struct form *form)
{
    struct arena *arena = &req->work.arena;
    struct text json = {.arena = arena};

    for (int i = 0; i < MOST_MEDIA; i++) {
        const char *url = form_text(form, arena_format(arena, "MediaUrl%d", i));

        if (!url)
            break;
        text_put(&json, i ? ",{\"url\":" : "[{\"url\":");
        text_json(&json, url);
        text_put(&json, ",\"content_type\":");
        text_json(&json, form_text(form, arena_format(arena, "MediaContentType%d", i)));
        text_char(&json, '}');
    }
    if (json.at)
        text_char(&json, ']');
    return json.at;
}

static bool answer(struct request *req, const char *message)
{
    req->status = 200;
    req->reply_type = "text/xml";
    twiml_write_message(&req->reply, message);
    return true;
}

/* POST /hooks/twilio/sms: a message came in */
bool sms_hook(struct request *req)
{
    struct sms_arrival arrival;
    struct received received;
    const struct form *form = &received.posted.form;
    const char *message = NULL;

    if (!callback_receive(req, "sms", 0, &received))
        return false;
    if (received.journaled || !req->work.tenant)
        return answer(req, NULL);
    arrival = (struct sms_arrival){
        .message_sid = form_text(form, "MessageSid"),
        .from = form_text(form, "From"),
        .to = form_text(form, "To"),
        .body = form_value(form, "Body"),
        .opt_out_type = form_text(form, "OptOutType"),
        .media_json = media_of(req, form),
        .segments = form_integer(form, "NumSegments"),
    };
    if (!sms_receive(&req->work, &arrival, &message))
        return req->work.error.what == BUSY ? answer(req, NULL) : false;
    callback_settle(&req->work, &received.callback, "applied", NO_INTEGER);
    return answer(req, message);
}
