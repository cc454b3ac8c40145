/*
 * twilio/program.h - the TwiML document that a call runs, verb by verb.
 */
#ifndef SIM_TWILIO_PROGRAM_H
#define SIM_TWILIO_PROGRAM_H

#include <libxml/tree.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "twilio/form.h"

struct call;

enum { REDIRECTS_MAX = 10 };

struct program {
    xmlDoc *document;
    xmlNode *next; /* the verb to run next */
    char *url;     /* of the document; NULL for an inline one */
    char *fallback_url, *fallback_method;
    struct web_timer *timer; /* of the verb that runs */
    int redirects;
    unsigned serial;                     /* tells an answer that comes too late */
    void (*finished)(struct call *call); /* when verbs run out; NULL: hang up */
    struct gather *gather;               /* the <Gather> or <Record> that listens */
    int64_t speaking_until_ms;           /* the carrier's own voice is heard until then */
};

/* Fetches a document for a call and runs it.  "more" are further parameters, may be NULL. */
void program_fetch(struct call *call, const char *url, const char *method, const struct form *more);

/* The same for an action URL, which may be relative to the document; the next verb without one. */
void program_action(struct call *call, const char *url, const char *method,
                    const struct form *more);

/* Runs an inline document. */
void program_run(struct call *call, const char *text, size_t length);

/* Goes on with the next verb. */
void program_next(struct call *call);

/* Goes on with the next verb after a while. */
void program_next_after(struct call *call, int64_t ms);

/* Stops whatever verb runs, without running another. */
void program_abort(struct call *call);

/* A document that rests while another runs: put aside, taken up again where it was, or dropped. */
struct parked {
    xmlDoc *document;
    xmlNode *next;
    char *url;
};
void program_park(struct call *call, struct parked *parked);
void program_unpark(struct call *call, struct parked *parked);
void parked_free(struct parked *parked);

/* The person on the phone pressed a key, or said something while a <Gather> listens. */
void program_digit(struct call *call, char digit);
void program_speech(struct call *call, const char *text);

/* True while a verb listens to the person. */
bool program_listens(const struct call *call);

/* An URL of an attribute, made absolute; to be freed by the caller; NULL for NULL. */
char *program_url(const struct call *call, const char *url);

/* An attribute, to be freed with xmlFree(); NULL when it is missing. */
char *attribute(const xmlNode *node, const char *name);
long attribute_number(const xmlNode *node, const char *name, long otherwise);
bool attribute_is(const xmlNode *node, const char *name, const char *value);

/* The trimmed text in an element, to be freed by the caller. */
char *node_text(const xmlNode *node);
bool node_is(const xmlNode *node, const char *name);

/* The first element from a node on, and the next behind it. */
xmlNode *element_from(xmlNode *node);

#endif
