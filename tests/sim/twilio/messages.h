/*
 * twilio/messages.h - text messages: sent through REST, received from a person, and the answers
 * that TwiML gives.
 */
#ifndef SIM_TWILIO_MESSAGES_H
#define SIM_TWILIO_MESSAGES_H

#include "twilio/rest.h"

void messages_create(struct rest *rest);
void messages_fetch(struct rest *rest);
void messages_list(struct rest *rest);

/*
 * A person sends a message to a bought number: {"from","to","body"}.  Answers the request of the
 * control port when the customer's server has: {"message_sid","webhook_status","replies":[…]}.
 */
void messages_receive(struct web_request *request);

/* Every message, for the control port. */
struct json_object *messages_all(void);

#endif
