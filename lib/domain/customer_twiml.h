/*
 * domain/customer_twiml.h - a customer's TwiML: read, checked, and written anew for the carrier
 * (twilio.md 3).
 *
 * Nothing of the document is passed on as it came.  It is parsed within bounds (no entities, no
 * network, no DTD), and only the verbs, nouns and attributes that the reference knows are written
 * down again; others are left out with a notice, as the carrier itself ignores them (12200).
 * Whatever would dial or text outward passes the gate; URLs that the carrier would ask or tell are
 * replaced by ours (domain/customer_hooks.h); names of conferences and queues are kept apart from
 * those of other tenants on the same carrier account.  Streams and relays go to the customer's own
 * websocket as they are.
 *
 * <Sms> is carried out by us, when its turn comes: at the head of a document while it is read; the
 * carrier comes back for one further down, and for the verbs behind it.  In what is heard while
 * waiting for a worker it is left out, as the carrier does: that is read again and again.
 *
 * <Enqueue> for a workflow that the tenant has with us is a queue of that one caller, in which the
 * carrier asks us (domain/taskrouter/queued_calls.h); for any other it is left to the carrier. What
 * the documents heard there ask for next is asked in that queue as well, whose task may be over.
 */
#ifndef DOMAIN_CUSTOMER_TWIML_H
#define DOMAIN_CUSTOMER_TWIML_H

#include "core/text.h"
#include "core/uid.h"
#include "core/work.h"

struct call;
struct customer_hook;
struct customer_sms;
struct tenant;

enum {
    TWIML_SIZE_LIMIT = 64 * 1024, /* bytes of a document */
    TWIML_DEPTH_LIMIT = 8,
    TWIML_ELEMENT_LIMIT = 1000,
    TWIML_HOOK_LIMIT = 200, /* URLs in one document */
};

/* Something that is wrong with a document, in the numbers of the carrier's debugger. */
struct twiml_notice {
    int code;          /* 11100 invalid URL, 12100 no XML, 12200 not known, 13214 caller id, … */
    const char *about; /* "Dial.callerId"; for the customer, in the arena */
};

enum { TWIML_NOTICES = 16 };

struct twiml_source {
    const struct call *call; /* in which it is carried out */
    const char *document;
    size_t length;
    const char *base_url; /* where it came from; NULL: given in an order, URLs must be absolute */
    const struct customer_hook *asked; /* by which it was asked for; NULL: by none */
    uid event; /* the carrier's request: its texts are sent once; NO_UID: as often as it is read */
};

struct twiml_result {
    struct text text;            /* what the carrier gets */
    struct customer_hook *hooks; /* rows that its URLs need, still to be written */
    size_t nhooks;
    struct twiml_notice notices[TWIML_NOTICES]; /* what was left out */
    size_t nnotices;
    struct twiml_notice error; /* why it was refused; code 0: it was not */
};

/*
 * Reads, checks and rewrites.  False: refused, result->error says why, and work->error is INVALID
 * (malformed, too large, a URL that may not be asked) or as the gate had it (domain/gate.h);
 * BUSY or INTERNAL when the store could not be asked.
 */
bool customer_twiml_rewrite(struct work *work, const struct twiml_source *source,
                            struct twiml_result *result);

/* Whether it is well-formed, within bounds, and has one <Response>; asks nobody. */
bool customer_twiml_check(struct work *work, const char *text, size_t length,
                          struct twiml_notice *error);

/* What a document may do in a call: found out from the store, or made by a test. */
struct twiml_rules {
    bool own_account;          /* the carrier account is the tenant's own */
    const char *room_prefix;   /* in front of names of conferences and queues; NULL: nothing */
    const char *ours, *theirs; /* the call's number of the tenant's, and who is at its other end */
    const char *country;       /* for numbers without a country; may be "" */
    /* Whether a caller id is a number of the tenant's. */
    bool (*is_ours)(struct work *work, const char *number, bool *is_ours);
    /* The gate: a number or "sip:…" that would be called from "from", with so many others at once.
     */
    bool (*may_reach)(struct work *work, const char *from, const char *to, int64_t beside);
    /* Whether a workflow is one that the tenant has with us; NULL: none is. */
    bool (*has_workflow)(struct work *work, const char *sid, bool *has);
    /* Sends a text message, domain/customer_sms.h. */
    bool (*send)(struct work *work, const struct customer_sms *sms, int *code);
};

/* The prefix of a tenant's conferences and queues; NULL when its carrier account is its own. */
const char *twiml_room_prefix(struct work *work, const struct tenant *tenant);

/* The same as customer_twiml_rewrite() with rules that are known already. */
bool twiml_rewrite_by(struct work *work, const struct twiml_rules *rules,
                      const struct twiml_source *source, struct twiml_result *result);

#endif
