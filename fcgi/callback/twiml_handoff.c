#include "fcgi/callback/twiml_handoff.h"

enum { KEY_SECONDS = 8 };

void twiml_write_conference(struct text *out, const struct call_plan *plan)
{
    text_put(out, "<Dial");
    text_attribute(out, "action", plan->after_url);
    text_attribute(out, "method", plan->after_url ? "POST" : NULL);
    text_add(out, " timeLimit=\"%lld\"><Conference", (long long)plan->dial_limit_seconds);
    text_attribute(out, "participantLabel", plan->conference_label);
    text_put(out, " beep=\"false\" startConferenceOnEnter=\"true\" endConferenceOnExit=\"true\"");
    text_attribute(out, "statusCallback", plan->conference_status_url);
    text_attribute(out, "statusCallbackEvent", "start end join leave");
    text_char(out, '>');
    text_xml(out, plan->conference);
    text_put(out, "</Conference></Dial>");
}

void twiml_write_question(struct text *out, const struct call_plan *plan)
{
    text_put(out, "<Gather input=\"dtmf\" numDigits=\"1\" finishOnKey=\"\"");
    text_add(out, " timeout=\"%d\" method=\"POST\"", KEY_SECONDS);
    text_attribute(out, "action", plan->after_url);
    text_put(out, "><Say");
    text_attribute(out, "language", plan->language);
    text_char(out, '>');
    text_xml(out, plan->say);
    text_put(out, "</Say></Gather><Redirect method=\"POST\">");
    text_xml(out, plan->after_url);
    text_put(out, "</Redirect>");
}
