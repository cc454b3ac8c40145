/*
 * domain/customer_callbacks.h - what a customer of the Twilio dialect wants done in a call and
 * wants to hear of it: Url, Twiml, FallbackUrl, StatusCallback, RecordingStatusCallback,
 * AsyncAmdStatusCallback (twilio.md 2, 6.1, 6.2, 7.6).
 *
 * The carrier is never given a URL of the customer's: it asks and tells us, and we ask and tell the
 * customer with the same parameters under the customer's own AccountSid, signed with the customer's
 * own auth token.
 *
 * Who orders a call for a customer fills struct customer_wishes, checks them, and hands them over
 * as outbound_order.customer; outbound_order() does the rest: with "url" or "twiml" no agent and no
 * session are made, and the carrier gets our URL.  Without both the order's agent talks, and the
 * callbacks come all the same.  Who changes a live call calls customer_redirect().  The wishes lie
 * in calls.carrier_params.
 */
#ifndef DOMAIN_CUSTOMER_CALLBACKS_H
#define DOMAIN_CUSTOMER_CALLBACKS_H

#include "core/uid.h"
#include "core/work.h"

struct call;
struct customer_hook;
struct form;

/* The texts as they were given; NULL: was not given.  Methods: NULL is POST. */
struct customer_wishes {
    const char *url, *method;
    const char *twiml; /* counts only without "url" */
    const char *fallback_url, *fallback_method;
    const char *status_url, *status_method;
    const char *status_events; /* "initiated answered", blanks or commas between; NULL: completed */
    const char *recording_url, *recording_method;
    const char *recording_events; /* "in-progress completed absent"; NULL: completed */
    const char *amd_url, *amd_method;
};

enum { CUSTOMER_TWIML_LIMIT = 4000, CUSTOMER_URL_LIMIT = 1000 };

/*
 * Whether they can be fulfilled: INVALID blaming the parameter as Twilio spells it ("Url", "Twiml",
 * "StatusCallback", "StatusCallbackEvent", …).  URLs must lead to the public internet, by https or,
 * as at the carrier, http (remote/guard.h), with its connection overrides ("#rc=2") allowed behind
 * them; TwiML must be well-formed with one <Response>.  Nothing is stored.
 */
bool customer_wishes_check(struct work *work, const struct customer_wishes *wishes);

/* Whether TwiML of the customer's, and no agent, takes the call. */
bool customer_answers(const struct customer_wishes *wishes);

/*
 * What calls.carrier_params holds of them, in the arena: a JSON object with the parameters' own
 * names.  What "before" (JSON, or NULL) says stays where the wishes say nothing; "" takes away.
 */
const char *customer_params(struct work *work, const char *before,
                            const struct customer_wishes *wishes);

/*
 * The URL that the carrier is to ask (by POST) for the TwiML of this call, when it is answered or
 * redirected.  Writes the row behind it; the wishes must answer.
 */
bool customer_answer_url(struct work *work, const struct call *call,
                         const struct customer_wishes *wishes, const char **url);

/*
 * Changes a live call as POST Calls/{Sid} does: new callbacks are noted, and with "url" or "twiml"
 * the carrier is redirected; an agent that talks in the call falls silent and its session ends.
 * "limit_seconds" is the new TimeLimit, 0: none.  WRONG_STATE when the call is over or the carrier
 * says that it is (21220), INVALID as above, UPSTREAM and BUSY as the carrier's answer has it.
 * "call" is read anew.
 */
bool customer_redirect(struct work *work, struct call *call, const struct customer_wishes *wishes,
                       int64_t limit_seconds);

/* ---- what the carrier told of the call is told on; inside or outside a transaction ---- */

/*
 * A delivery to the call's StatusCallback if it wants to hear of that status, to its
 * RecordingStatusCallback, to its AsyncAmdStatusCallback.  "event" is the key of the carrier's
 * callback: one that is applied twice is told once.  Calls without wishes cost nothing.
 */
bool customer_tell_status(struct work *work, const struct call *call, const struct form *form,
                          uid event);
bool customer_tell_recording(struct work *work, const struct call *call, const struct form *form,
                             uid event);
bool customer_tell_amd(struct work *work, const struct call *call, const struct form *form,
                       uid event);

/* What a callback was told of that came to a URL of ours in place of the customer's. */
bool customer_tell_hook(struct work *work, const struct customer_hook *hook,
                        const struct form *form, uid event);

/* A setting of a call's wishes by the parameter's name ("FallbackUrl"), in the arena; or NULL. */
const char *customer_wish(struct work *work, const struct call *call, const char *name);

#endif
