/*
 * twilio/scenario.h - the control port's orders: calls and messages of people, signed forms, and
 * what came of them.
 *
 *   POST /_calls     {"to","from","account","url","status_callback","script":[…],"max_seconds"}
 *                    -> 201 {"call_sid"}; GET lists; GET /_calls/{sid}?wait_ms=N waits until it has
 * ended and everything that follows has been told; DELETE hangs up POST /_callee    see callee.h;
 * DELETE forgets all POST /_sms       {"from","to","body"}, answered when the customer's server has
 * answered GET  /_messages POST /_numbers
 * {"account","phone_number","voice_url","status_callback","sms_url"}; GET lists POST /_accounts
 * {"sid","token"} POST /_webhook   see signed_form.h GET  /_speech?text=…&voice=…   mu-law bytes of
 * speech with its words hidden in it
 */
#ifndef SIM_TWILIO_SCENARIO_H
#define SIM_TWILIO_SCENARIO_H

#include "common/control.h"

extern const struct control scenario;

#endif
