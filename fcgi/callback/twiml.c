#include "fcgi/callback/twiml.h"

#include "fcgi/callback/twiml_handoff.h"
#include "fcgi/callback/twiml_relay.h"

static void begin(struct text *out)
{
    text_put(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response>");
}

static void end(struct text *out)
{
    text_put(out, "</Response>\n");
}

static void number_attribute(struct text *out, const char *name, int64_t value)
{
    if (value > 0)
        text_add(out, " %s=\"%lld\"", name, (long long)value);
}

static void say(struct text *out, const char *sentence, const char *language)
{
    if (!sentence)
        return;
    text_put(out, "<Say");
    text_attribute(out, "language", language);
    text_char(out, '>');
    text_xml(out, sentence);
    text_put(out, "</Say>");
}

/* Whatever ends the verb before, the carrier comes back to the after hook. */
static void redirect(struct text *out, const char *url)
{
    if (!url)
        return;
    text_put(out, "<Redirect method=\"POST\">");
    text_xml(out, url);
    text_put(out, "</Redirect>");
}

static void parameter(struct text *out, const char *name, const char *value)
{
    if (!value)
        return;
    text_add(out, "<Parameter name=\"%s\"", name);
    text_attribute(out, "value", value);
    text_put(out, "/>");
}

static void connect(struct text *out, const struct call_plan *plan)
{
    if (plan->relay) {
        twiml_write_relay(out, plan);
        return;
    }
    text_put(out, "<Connect><Stream");
    text_attribute(out, "url", plan->stream_url);
    text_attribute(out, "statusCallback", plan->stream_status_url);
    text_char(out, '>');
    parameter(out, "stream_token", plan->stream_token);
    parameter(out, "from", plan->stream_from);
    parameter(out, "to", plan->stream_to);
    parameter(out, "resumes", plan->stream_resumes);
    text_put(out, "</Stream></Connect>");
    redirect(out, plan->after_url);
}

static void dial(struct text *out, const struct call_plan *plan)
{
    bool sip = plan->dial_to[0] != '+';

    text_put(out, "<Dial");
    text_attribute(out, "action", plan->after_url);
    text_attribute(out, "method", plan->after_url ? "POST" : NULL);
    number_attribute(out, "timeout", plan->dial_timeout_seconds);
    number_attribute(out, "timeLimit", plan->dial_limit_seconds);
    text_attribute(out, "callerId", plan->caller_id);
    text_put(out, sip ? "><Sip" : "><Number");
    text_attribute(out, "statusCallback", plan->dial_status_url);
    text_char(out, '>');
    text_xml(out, plan->dial_to);
    text_put(out, sip ? "</Sip></Dial>" : "</Number></Dial>");
}

static void take_message(struct text *out, const struct call_plan *plan)
{
    text_put(out, "<Record");
    text_attribute(out, "action", plan->after_url);
    text_attribute(out, "method", plan->after_url ? "POST" : NULL);
    number_attribute(out, "maxLength", plan->voicemail_limit_seconds);
    text_attribute(out, "recordingStatusCallback", plan->recording_url);
    text_put(out, " playBeep=\"true\"/>");
}

void twiml_write_plan(struct text *out, const struct call_plan *plan)
{
    begin(out);
    if (plan->kind != PLAN_ASK)
        say(out, plan->say, plan->language);
    switch (plan->kind) {
    case PLAN_CONNECT:
        connect(out, plan);
        break;
    case PLAN_DIAL:
        dial(out, plan);
        break;
    case PLAN_CONFERENCE:
        twiml_write_conference(out, plan);
        break;
    case PLAN_ASK:
        twiml_write_question(out, plan);
        break;
    case PLAN_VOICEMAIL:
        take_message(out, plan);
        break;
    case PLAN_WAIT:
        text_add(out, "<Pause length=\"%lld\"/>",
                 (long long)(plan->wait_seconds > 0 ? plan->wait_seconds : 1));
        redirect(out, plan->after_url);
        break;
    case PLAN_SAY:
    case PLAN_HANGUP:
        text_put(out, "<Hangup/>");
        break;
    case PLAN_NOTHING:
        break;
    }
    end(out);
}

void twiml_write_message(struct text *out, const char *message)
{
    begin(out);
    if (message) {
        text_put(out, "<Message>");
        text_xml(out, message);
        text_put(out, "</Message>");
    }
    end(out);
}
