/*
 * twilio/relay.h - <Connect><ConversationRelay>: the carrier hears and speaks, the server reads and
 * writes.
 *
 * What the person says is told as prompts, in part when he begins and whole when he has ended. What
 * the server writes is spoken at 55 ms a character, talk cycle by talk cycle; whoever speaks over
 * it interrupts it.  The end is told to the action's URL with SessionStatus and HandoffData.
 *
 * The language that prompts tell is the one that was ordered, and with "multi" the one that was
 * heard.  What an attribute may not be (64101) ends the verb before there is a socket.
 *
 * Faults are matched against "event":"relay", "call", "from" and "to" when the relay opens:
 *   close (the socket is dropped at "ms")   no-setup (the first message is never sent)
 *   garbage (a message that is no JSON follows the first)   foreign (signed with another token)
 *   error (the carrier tells of an error at once)
 */
#ifndef SIM_TWILIO_RELAY_H
#define SIM_TWILIO_RELAY_H

#include <json-c/json.h>
#include <stdbool.h>

#include "twilio/program.h"

struct call;

/* Opens the relay of a call; "connect" is the verb and "node" its noun. */
void relay_begin(struct call *call, xmlNode *connect, xmlNode *node, const char *url,
                 struct json_object *parameters);

bool relay_is_open(const struct call *call);

/* 20 ms of the agent's voice. */
void relay_step(struct call *call);

/*
 * The person begins to say something, or has said it, or pressed a key.  "language" is the one that
 * is spoken ("es"), NULL for the one that is expected; it is told only where it is detected.
 */
void relay_speech_begins(struct call *call, const char *text, const char *language);
void relay_speech(struct call *call, const char *text, const char *language);
void relay_digit(struct call *call, char digit);

/* The call goes elsewhere or ends; no verb follows. */
void relay_end(struct call *call);

/* All relays of a call for the control port, as an array. */
struct json_object *relay_view(const struct call *call);

#endif
