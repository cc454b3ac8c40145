/*
 * twilio/room.h - conferences: calls that hear each other, and what is told of them.
 */
#ifndef SIM_TWILIO_ROOM_H
#define SIM_TWILIO_ROOM_H

#include "twilio/program.h"

/* <Dial><Conference>: the call joins and stays until it ends or goes elsewhere. */
void room_enter(struct call *call, xmlNode *conference, xmlNode *dial);

/* The call is no longer in its conference; nothing happens when it was in none. */
void room_leave(struct call *call);

#endif
