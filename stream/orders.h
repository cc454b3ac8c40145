/*
 * stream/orders.h - what a session can be told to do while it is under way (reference 1.15, 5.9).
 *
 *   say       {"text"}             the agent says it to the caller, as it stands, at once
 *   whisper   {"text"}             the agent alone hears it, and takes it into account
 *   context   {"text"}             the agent learns something
 *   clarify   {"text"}             the answer to what the agent asked (stream/clarification.h)
 *   dtmf      {"text"}             keys are pressed
 *   monitor                        somebody listens (stream/monitor.h): nothing changes
 *   barge     {"target"}           a supervisor takes over, by socket (stream/takeover.h) or, with
 * a target, by phone: then the caller is passed on at once escalate, transfer {"target"}  the agent
 * ends its sentence, and the caller is passed on end       {"reason"}           the agent says
 * goodbye, if it has words for it, and hangs up drain                          the agent ends its
 * sentence and hangs up amd       {"answered_by"}      the carrier's verdict on who answered
 *
 * Whom the caller is passed on to stands in a handoff, written together with the order.
 */
#ifndef STREAM_ORDERS_H
#define STREAM_ORDERS_H

#include "core/json.h"
#include "stream/live.h"

/* Does it; NULL, or what speaks against it in words for people. */
const char *order_run(struct live *live, const char *kind, json_object *args);

#endif
