/*
 * domain/webhook_history.h - what was posted to a tenant's receivers, and posting it again.
 */
#ifndef DOMAIN_WEBHOOK_HISTORY_H
#define DOMAIN_WEBHOOK_HISTORY_H

#include "db/store.h"

/* A delivery as it is looked at. */
struct webhook_past {
    uid id, event_id;
    const char *event_name; /* "evt_…" */
    const char *event_type, *url, *state, *last_error;
    int64_t attempts, status_code, response_ms;
    uid replay_of; /* NO_UID: it is no replay */
    instant created_at, available_at, delivered_at;
};

extern const struct entity webhook_past_entity;

/* The tenant's, newest first, in one state (NULL: any): an array of struct webhook_past. */
bool webhook_history(struct work *work, const char *state, const struct page *page,
                     struct rows *past);

/*
 * Posts the body of a delivery once more, to where its endpoint is now, as a delivery of its own
 * under the same event id; answers that one.  NOT_FOUND; WRONG_STATE while it is still on its way,
 * and when the endpoint is gone or was given up.
 */
bool webhook_replay(struct work *work, uid delivery, struct webhook_past *made);

#endif
