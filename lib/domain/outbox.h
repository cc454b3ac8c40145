/*
 * domain/outbox.h - effects owed to the outside (reference 1.16).
 *
 * A row is written in the transaction of the change that caused it; a dispatcher claims due rows by
 * lease, does what they say, and finishes them.  Delivery is at least once.
 */
#ifndef DOMAIN_OUTBOX_H
#define DOMAIN_OUTBOX_H

#include "db/store.h"

struct outbox_row {
    int64_t tenant_id;
    uid id;
    const char *topic; /* webhook, billing_outcome, workflow, sms, email, analysis, recording, … */
    uid subject_id;
    const char *event_type;
    document payload;
    const char *dedupe;
    const char *state; /* pending, delivered, failed */
    int64_t attempts;
    instant available_at;
    const char *lease_owner;
    instant lease_until;
    const char *last_error;
    instant created_at, finished_at;
};

extern const struct entity outbox_row_entity;

/*
 * Owes an effect, now or from "available_at" on.  One effect per topic and dedupe (NULL: none): a
 * repeat is no error and changes nothing.  Inside the caller's transaction.
 */
bool outbox_put(struct work *work, const char *topic, uid subject, const char *event_type,
                const char *payload_json, const char *dedupe);
bool outbox_put_later(struct work *work, const char *topic, uid subject, const char *event_type,
                      const char *payload_json, const char *dedupe, instant available_at);

/* Lets rows of a subject that wait for a later time go now. */
bool outbox_release(struct work *work, const char *topic, uid subject);

/*
 * Claims up to "limit" due rows of a topic (NULL: any), of all tenants, for "lease_ms": an array of
 * struct outbox_row that nobody else holds.
 */
bool outbox_claim(struct work *work, const char *topic, const char *owner, int64_t lease_ms,
                  int64_t limit, struct rows *claimed);

/* pending -> delivered; nothing when the lease was lost to another. */
bool outbox_delivered(struct work *work, const struct outbox_row *row);

/* Again at "again", or, with NO_INSTANT, -> failed. "error" is kept. */
bool outbox_failed(struct work *work, const struct outbox_row *row, const char *error,
                   instant again);

/*
 * Settles the pending row of a topic and dedupe that nobody holds, for who did what it says without
 * claiming it: delivered when "error" is NULL, else tried again at "again".
 */
bool outbox_settle(struct work *work, const char *topic, const char *dedupe, const char *error,
                   instant again);

/* When the next pending row is due; NO_INSTANT when none is. */
bool outbox_next_due(struct work *work, instant *when);

#endif
