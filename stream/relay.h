/*
 * stream/relay.h - the carrier's side of a call that goes over Twilio's ConversationRelay, which
 * turns speech into text and text into speech (twilio.md 5).
 *
 * The socket is proven by the carrier's signature on its handshake and by the relay token in its
 * first message, which must come within five seconds.
 */
#ifndef STREAM_RELAY_H
#define STREAM_RELAY_H

#include <stdbool.h>
#include <stddef.h>

#include "domain/relay_proof.h"
#include "stream/line.h"
#include "stream/relay_patience.h"
#include "stream/socket.h"

enum { RELAY_MARKS = 16, RELAY_LANGUAGE = 17 };

/* The end of something that the carrier speaks: it tells nobody when, so that it is reckoned. */
struct relay_mark {
    char name[MARK_SIZE];
    int64_t due_us;
};

struct relay {
    struct relay_handshake handshake;
    struct relay_mark marks[RELAY_MARKS];
    size_t nmarks;
    unsigned prompts;              /* turns of the caller */
    const char *early;             /* what the caller said before the agent could hear; or NULL */
    bool owes_rest;                /* a sentence was cut, and nobody has said anything since */
    bool is_silenced;              /* the caller interrupted: what is still sent would be stale */
    int64_t speaks_until_us;       /* the caller is in the middle of something; 0: is not */
    int64_t partial_us;            /* when half a sentence was last told */
    char language[RELAY_LANGUAGE]; /* that the carrier was last told to speak; "": the agent's */
    struct relay_patience patience;
};

/* Sockets at /relay/ws and /n/{node}/relay/ws. */
extern const struct role relay_role;

extern const struct line relay_line;

/* The configuration that new sessions get; set once at the start. */
void relay_configure(const struct config *config);

/* One message of the carrier; false when the connection is to be closed for it. */
bool relay_take(struct live *live, const char *text, size_t length);

/* What is due, ten times a second. */
void relay_tick(struct live *live);

/* Whether a path is the relay's. */
bool relay_path(const char *path);

#endif
