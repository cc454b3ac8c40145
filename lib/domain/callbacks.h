/*
 * domain/callbacks.h - what a carrier posts: stored raw, applied once (reference 1.8, 5.15).
 *
 * A callback is journalled before it is interpreted.  A repeat is answered like the first and does
 * nothing; one that was overtaken only fills gaps; one for a call we do not know yet is kept as an
 * orphan and looked at again for ten minutes.
 */
#ifndef DOMAIN_CALLBACKS_H
#define DOMAIN_CALLBACKS_H

#include "db/store.h"
#include "remote/twilio_signature.h"

/* The decoded fields of a form, in the order they were sent. */
struct form {
    const struct twilio_field *at;
    size_t count;
};

/* The first field of that name; NULL when there is none. An empty field is "". */
const char *form_value(const struct form *form, const char *name);

/* The same, but NULL for an empty field. */
const char *form_text(const struct form *form, const char *name);

/* A field as a number; NO_INTEGER when it is none. */
int64_t form_integer(const struct form *form, const char *name);

/* One posted callback; the row of carrier_callbacks and the form it holds. */
struct carrier_callback {
    uid id;
    bytes dedupe;
    const char *kind; /* voice, status, amd, stream, recording, action, sms, sms_status, … */
    int64_t tenant_id;
    const char *call_sid;
    int64_t sequence_number;
    document params;
    const char *url, *matching_url;
    const char *signature; /* valid, invalid, absent, not_required */
    instant received_at;
    const char *applied; /* new, applied, duplicate, late, orphan, rejected */
    instant applied_at;
    int64_t response_ms;
};

extern const struct entity carrier_callback_entity;

/* A callback as it arrived. */
struct arrival {
    const char *kind, *url;        /* the URL with its query, which may hold our key ("cid") */
    const char *idempotency_token; /* the carrier's retry header; NULL: none */
    struct form form;
    const char *signature, *matching_url;
    instant received_at;
};

/*
 * Stores it; "fresh" is false for a repeat, whose first row is then answered in "callback".
 * work->tenant, if known, is noted.
 */
bool callback_store(struct work *work, const struct arrival *arrival,
                    struct carrier_callback *callback, bool *fresh);

/*
 * Applies a stored callback of kind status, amd, stream, recording, action (conference) or
 * sms_status and writes down what came of it in "applied".  A call that thereby ended is finalised.
 * work->tenant may be 0: the call's SID or our key finds it.
 */
bool callback_apply(struct work *work, struct carrier_callback *callback);

/* Notes what came of a callback that was answered elsewhere (voice, sms). */
bool callback_settle(struct work *work, const struct carrier_callback *callback,
                     const char *applied, int64_t response_ms);

/* Looks again at orphans that are younger than ten minutes; older ones are given up. */
bool callbacks_retry_orphans(struct work *work, instant now, int64_t limit, uint64_t *applied);

/* Stored callbacks that were never applied because the process died; applies them. */
bool callbacks_retry_new(struct work *work, instant now, int64_t limit, uint64_t *applied);

/* The form of a stored callback. */
bool callback_form(struct work *work, const struct carrier_callback *callback, struct form *form);

#endif
