/*
 * domain/events.h - everything that happened in a call (reference 1.8).
 *
 * An event is identified by its key, which its writer makes; writing it twice changes nothing.
 * Keys of one process grow, so they keep the order of what it saw.
 */
#ifndef DOMAIN_EVENTS_H
#define DOMAIN_EVENTS_H

#include "db/store.h"

struct call_event {
    int64_t tenant_id;
    uid id, call_id, session_id;
    const char *type;   /* "call.ringing", "session.connected", "tool.started", … */
    const char *level;  /* debug, info, warn, error */
    const char *source; /* carrier, media, model, tool, platform, webhook, supervisor */
    document payload;
    instant occurred_at;
};

extern const struct entity call_event_entity;

/* Writes events of work->tenant; those that are there already are passed over. */
bool events_put(struct work *work, const struct call_event *events, size_t count);

/* Writes one event of level info that happened now; payload is JSON, NULL for {}. */
bool event_put(struct work *work, uid call, uid session, const char *type, const char *source,
               const char *payload);

/* Events of a call after "after" (NO_UID: from the start), oldest first, at most "limit". */
bool events_of_call(struct work *work, uid call, uid after, int64_t limit, struct rows *events);

/* The same of the whole tenant, for live sockets. */
bool events_since(struct work *work, uid after, int64_t limit, struct rows *events);

#endif
