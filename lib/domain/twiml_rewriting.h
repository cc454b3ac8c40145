/*
 * domain/twiml_rewriting.h - a customer's document while it is written anew: what the files share
 * that do so (customer_twiml.c, twiml_messages.c, twiml_enqueue.c), and nobody else's business.
 */
#ifndef DOMAIN_TWIML_REWRITING_H
#define DOMAIN_TWIML_REWRITING_H

#include <libxml/tree.h>

#include "domain/customer_twiml.h"

struct twiml_element;

/* The carrier's numbers for what is wrong. */
enum {
    TWIML_BAD_URL = 11100,
    TWIML_TOO_LONG = 11750,
    TWIML_NO_XML = 12100,
    TWIML_NOT_KNOWN = 12200,
    TWIML_BAD_CALLER = 13214,
    TWIML_BAD_NUMBER = 13224,
    TWIML_NOT_ALLOWED_THERE = 13227
};

struct rewriting {
    struct work *work;
    const struct twiml_rules *rules;
    const struct twiml_source *source;
    struct twiml_result *result;
    const char *caller; /* of the verb at hand, whose legs are called from it */
    size_t legs;        /* in it so far */
    size_t texts;       /* messages in the document so far */
};

/* Something that is left out; the first ones are told of. */
void twiml_notice(struct rewriting *r, int code, const char *element, const char *attribute);

/* The same of every attribute that the element does not know. */
void twiml_notice_unknown(struct rewriting *r, const struct twiml_element *element,
                          const xmlNode *node);

/* The document as a whole fails: INVALID. */
bool twiml_refuse(struct rewriting *r, int code, const char *element, const char *attribute);

void twiml_put_attribute(struct rewriting *r, const char *name, const char *value);

/* A URL that we shall ask or tell; NULL when it may not be, and the document is refused. */
const char *twiml_customer_url(struct rewriting *r, const char *element, const char *attribute,
                               const char *value);

/* How the customer is asked, GET or POST, by the attribute that says so (may be NULL). */
const char *twiml_method_of(struct rewriting *r, const xmlNode *node, const char *attribute);

/* Our URL in place of the customer's; NULL when there are too many, and the document is refused. */
const char *twiml_hide(struct rewriting *r, struct customer_hook hook);

/* The same for one that is asked what comes next: who waits for a worker goes on waiting. */
const char *twiml_hide_next(struct rewriting *r, struct customer_hook hook);

/* Whether it is a document for who waits for a worker. */
bool twiml_is_for_waiting(const struct rewriting *r);

/* ---- <Sms> (twiml_messages.c) ---- */

/*
 * One at the head of the document is sent.  "ends": its action, for which a redirect is written,
 * says what comes next, and nothing of the document does.
 */
bool twiml_put_message(struct rewriting *r, const xmlNode *node, bool *ends);

/* One further down: a redirect, for which the document is read from there. */
bool twiml_put_rest(struct rewriting *r, const xmlNode *node);

/* ---- <Enqueue workflowSid="WW…"> (twiml_enqueue.c) ---- */

/* Whether it names a workflow that the tenant has with us; false: the store could not be asked. */
bool twiml_names_workflow(struct rewriting *r, const xmlNode *node, bool *names);

/* A queue of this caller alone, in which we are asked what it hears, and make its task. */
bool twiml_put_task_queue(struct rewriting *r, const xmlNode *node);

#endif
