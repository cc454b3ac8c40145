/*
 * domain/event_news.h - events of calls together with what who watches wants to know of the call.
 *
 * The same struct stands for an event that was read from the table and for one that a daemon tells
 * at once; what only the table knows is NULL (NO_INTEGER) there.
 */
#ifndef DOMAIN_EVENT_NEWS_H
#define DOMAIN_EVENT_NEWS_H

#include "db/store.h"

struct event_news {
    int64_t tenant_id;
    uid id, call_id, session_id, agent_id;
    const char *type, *level, *source; /* as in domain/events.h */
    document payload;
    instant occurred_at;
    const char *call_sid, *stream_sid;
    bool is_resumed; /* its session goes on with a call that had broken off */
    const char *call_state, *direction, *from_addr, *to_addr;
    int64_t duration_seconds; /* of the call, as far as it is known */
};

extern const struct entity event_news_entity;

/* What is asked for: events after a key, of one call (NO_UID: of all the tenant's). */
struct news_range {
    uid after, call;
    int64_t limit;
    bool newest; /* the last "limit" of them, not the first */
};

/* An array of struct event_news, oldest first. */
bool news_read(struct work *work, const struct news_range *range, struct rows *news);

#endif
