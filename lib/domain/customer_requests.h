/*
 * domain/customer_requests.h - what a customer is sent: the carrier's parameters in its own terms,
 * form-encoded, signed with the auth token of its key (twilio.md 1, 2, 7.6).
 */
#ifndef DOMAIN_CUSTOMER_REQUESTS_H
#define DOMAIN_CUSTOMER_REQUESTS_H

#include <stddef.h>

#include "core/uid.h"
#include "core/work.h"

struct form;
struct http_header;
struct webhook_sending;

/*
 * The parameters as the customer is to see them: its own AccountSid in place of the carrier's
 * account, our URLs in place of those of the carrier's recordings, its own names of conferences.
 * In the arena.
 */
bool customer_form(struct work *work, const struct form *theirs, struct form *ours);

/* "a=1&b=2", percent-encoded, in the order of the form; and back. */
const char *customer_form_write(struct work *work, const struct form *form);
void customer_form_read(struct work *work, const char *body, struct form *form);

/* One request that is to be signed. */
struct customer_request {
    const char *url;   /* without a fragment; for GET with the parameters in its query */
    const char *body;  /* NULL: GET */
    const char *token; /* the auth token; NULL: the tenant has none, and nothing is signed */
    const char *idempotency_token;
};

/* A request to "url" (a fragment is dropped) with the form, by "method". */
bool customer_request(struct work *work, const char *url, const char *method,
                      const struct form *form, struct customer_request *request);

#define CUSTOMER_FORM_TYPE "application/x-www-form-urlencoded; charset=utf-8"

enum { CUSTOMER_HEADERS = 4 };

/*
 * Writes its headers (not the type of its body) into an array of CUSTOMER_HEADERS, among them
 * X-Twilio-Signature where there is a token; answers how many.
 */
size_t customer_headers(struct work *work, const struct customer_request *request,
                        struct http_header *headers);

/*
 * A delivery of a form to a URL of the customer's, through webhook_deliveries.  The same event is
 * delivered to a URL once.
 */
struct customer_delivery {
    const char *url, *method;
    const char *event_type; /* "status", "recording", "amd", "stream", …; for lists and the log */
    const struct form *form; /* the carrier's */
    uid event;               /* the carrier's callback */
};

/* Writes the delivery down for the jobs to make; the URL's fragment is dropped. */
bool customer_deliver(struct work *work, const struct customer_delivery *delivery);

/* The request of one attempt of such a delivery. */
bool customer_attempt(struct work *work, const struct webhook_sending *sending,
                      struct customer_request *request);

#endif
