/*
 * twilio/webhook.h - signed requests to the customer's URLs, with the limits and retries of the
 * real carrier and the faults that a test ordered.
 *
 * Faults are matched against "event":"webhook", "kind", "call" (or message) SID, "status" (the
 * CallStatus, MessageStatus or event) and "to":
 *   duplicate (sent twice)   delay (ms)   skip (never sent; counts as no answer)
 *   reorder (sent after the next one of the same subject and kind)   wrong-signature
 */
#ifndef SIM_TWILIO_WEBHOOK_H
#define SIM_TWILIO_WEBHOOK_H

#include <json-c/json.h>

#include "twilio/carrier.h"
#include "twilio/form.h"
#include "twilio/outgoing.h"
#include "twilio/signature.h"

enum { WEBHOOK_LIMIT_MS = 15000, WEBHOOK_CONNECT_MS = 5000 };

struct webhook {
    const char *kind; /* "voice", "status", "action", "amd", "recording", "stream", "sms", … */
    const struct account *account;
    const char *url;
    const char *method; /* NULL is POST */
    enum signed_as signed_as;
    const char *subject;        /* SID of the call or message, for the log and for faults */
    const char *status;         /* what it tells, for the log and for faults; may be NULL */
    struct form form;           /* taken */
    struct json_object *record; /* an array that gets an entry with the outcome; may be NULL */
};

/* Told once, in the loop; "answer->status" is 0 when there was no answer. */
typedef void (*webhook_done)(void *user, const struct outgoing_answer *answer);

/*
 * Sends it.  Webhooks of kind "status" about one subject go one after the other, so that they
 * arrive in order unless a fault says otherwise.  done may be NULL.
 */
void webhook_send(const struct webhook *webhook, webhook_done done, void *user);

/* True while anything about a call or message is on its way. */
bool webhook_busy(const char *subject);

#endif
