/*
 * stream/events_role.h - /events/ws: Phony's live events (reference 4.12, 5.16).
 *
 * With ?call_sid= or ?call_id=, in any spelling of a call or of its session, events of that call;
 * without, of all the tenant's.  ?after=<event id> first replays what happened since, at most ten
 * minutes and 1000 events back.  Each event has type, id, timestamp, call_sid (and callSid) and
 * session_id; what else depends on its type.
 */
#ifndef STREAM_EVENTS_ROLE_H
#define STREAM_EVENTS_ROLE_H

#include "stream/visitor.h"

extern const struct role events_role;
extern const struct stage events_stage;

#endif
