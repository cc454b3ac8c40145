/*
 * twilio/relay_in.h - text, play, sendDigits, language and end of the server, and what is wrong
 * with them.
 */
#ifndef SIM_TWILIO_RELAY_IN_H
#define SIM_TWILIO_RELAY_IN_H

struct relay;

void relay_in(struct relay *relay, const char *text);

#endif
