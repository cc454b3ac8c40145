/*
 * domain/twiml_words.h - the verbs, nouns and attributes of TwiML that we know (twilio.md 3), and
 * what each of them means to whoever rewrites a document.
 */
#ifndef DOMAIN_TWIML_WORDS_H
#define DOMAIN_TWIML_WORDS_H

#include <stdbool.h>
#include <stddef.h>

enum attribute_use {
    AS_IT_IS = 1, /* passed on */
    OWN_ONLY,     /* names something in the carrier's account: passed on only in one of the tenant's
                     own */
    METHOD,       /* how an URL beside it is asked; ours is always asked by POST */
    ASKED,        /* a URL that answers TwiML */
    TOLD,         /* a URL that is told something */
    EVENTS,       /* which news the URL beside it wants */
    SOCKET,       /* a websocket's URL */
    CALLER        /* a caller id */
};

struct twiml_attribute {
    const char *name;
    enum attribute_use use;
    const char *method; /* ASKED, TOLD: the attribute that says how */
    const char *kind;   /* TOLD: customer_hook.kind */
};

enum twiml_content {
    NO_CONTENT,
    WORDS,         /* text, spoken */
    MEDIA,         /* the URL of a sound */
    NEXT_DOCUMENT, /* the URL of the next document */
    NUMBER,        /* a telephone number */
    NUMBER_OR,     /* a telephone number, or elements */
    CLIENT,        /* who is signed in at the carrier's account by that name */
    CLIENT_OR,     /* the same, or elements */
    SIP_URI,
    ROOM,      /* a name that counts in the carrier's account */
    JSON_TEXT, /* passed on */
    MESSAGE,   /* a text message, which we send */
};

/* What a customer's element needs beyond what the customer says, and what it is. */
enum twiml_trait {
    LEG = 1,         /* calls somebody: we are always told how that goes */
    RECORDS = 2,     /* makes a recording: we are always told of it */
    MAY_RECORD = 4,  /* … where its attribute "record" says so */
    SAME_ACTION = 8, /* without "action", the document itself is asked again */
    NEEDS_OWN = 16   /* works only in a carrier account of the tenant's own */
};

struct twiml_element {
    const char *name;
    const char *inside; /* " Response Gather ": the elements that it may stand in */
    enum twiml_content content;
    unsigned traits;
    const struct twiml_attribute *attributes; /* ends with a row without a name */
};

/* The element of that name in that parent; NULL when it is not known there. */
const struct twiml_element *twiml_element(const char *name, const char *parent);

/* The attribute of that name; NULL when it is not known. */
const struct twiml_attribute *twiml_attribute(const struct twiml_element *element,
                                              const char *name);

#endif
