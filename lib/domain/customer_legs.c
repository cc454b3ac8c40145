#include "domain/customer_legs.h"

#include <string.h>

#include "domain/call_setup.h"
#include "domain/call_state.h"
#include "domain/callbacks.h"
#include "domain/calls.h"
#include "domain/finalise.h"
#include "domain/words.h"

struct leg {
    const struct call *parent;
    const struct form *form;
    struct call call;
};

static bool write_step(struct work *work, void *with)
{
    struct leg *leg = with;

    return call_write(work, &leg->call, NULL, 0);
}

static bool make(struct work *work, struct leg *leg)
{
    const struct call *parent = leg->parent;
    const char *to = form_text(leg->form, "To");
    struct call *call = &leg->call;

    call_begin(work, call);
    call->call_sid = form_text(leg->form, "CallSid");
    call->carrier = parent->carrier;
    call->carrier_account_sid = parent->carrier_account_sid;
    call->origin = "transfer";
    call->direction = "outbound";
    call->channel = to && strncmp(to, "sip", 3) == 0 ? "sip" : "pstn";
    call->media_mode = "none";
    call->leg_role = "human";
    call->parent_call_id = parent->id;
    call->from_addr = word_ascii(&work->arena, form_text(leg->form, "From"), 128);
    call->to_addr = word_ascii(&work->arena, to, 128);
    call->org_ref = parent->org_ref;
    return db_transaction(work, write_step, leg);
}

/* The row of the leg; of two news at once one makes it. */
static bool find(struct work *work, struct leg *leg)
{
    const char *sid = form_text(leg->form, "CallSid");

    if (call_by_sid(work, sid, &leg->call))
        return true;
    if (work->error.what != NOT_FOUND)
        return false;
    return make(work, leg) || (work->error.what == CONFLICT && call_by_sid(work, sid, &leg->call));
}

bool customer_leg_news(struct work *work, const struct call *parent, const struct form *form,
                       instant at)
{
    struct leg leg = {.parent = parent, .form = form};
    struct call_news news = NO_NEWS;

    news.state = call_state_of_carrier(form_text(form, "CallStatus"));
    news.at = at;
    news.carrier_seq = form_integer(form, "SequenceNumber");
    news.duration_seconds = form_integer(form, "CallDuration");
    news.error_code = word_ascii(&work->arena, form_text(form, "ErrorCode"), 48);
    if (!news.state || !word_sid(form_text(form, "CallSid")) ||
        strcmp(form_text(form, "CallSid"), parent->call_sid) == 0)
        return true; /* no news of a leg */
    return find(work, &leg) && call_apply(work, leg.call.id, &news, NULL) &&
           (!call_state_is_terminal(news.state) || call_finalise(work, leg.call.id, NULL));
}
