/*
 * twilio/outgoing.h - HTTP requests to others, on a thread of their own so that no slow server
 * ever holds up media.
 */
#ifndef SIM_TWILIO_OUTGOING_H
#define SIM_TWILIO_OUTGOING_H

#include <stdbool.h>
#include <stddef.h>

/* What is to be sent; texts are copied. */
struct outgoing {
    const char *url;
    const char *method;         /* "GET" or "POST" */
    const char *content_type;   /* NULL when there is no body */
    const char *body;           /* NULL for none */
    const char *const *headers; /* "Name: value", NULL at the end */
    long connect_timeout_ms, timeout_ms;
};

/* What came back; lives until the callback returns. */
struct outgoing_answer {
    int status;          /* 0: no answer at all */
    bool connect_failed; /* nobody heard the request */
    bool timed_out;
    const char *type; /* Content-Type, or "" */
    const char *body; /* with a NUL behind it */
    size_t length;
    const char *error; /* for people, when status is 0 */
    long ms;           /* how long it took */
};

typedef void (*outgoing_done)(void *user, const struct outgoing_answer *answer);

/* Sends it; done is called in the loop. */
void outgoing_send(const struct outgoing *outgoing, outgoing_done done, void *user);

/* Ends the thread; what is under way is given up. */
void outgoing_end(void);

#endif
