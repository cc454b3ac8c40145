/*
 * domain/audit.h - what was done, by whom and why, for those who ask later (reference 1.29).
 *
 * Rows are never changed.  Each carries a hash over itself and the row its writer wrote before, so
 * that a row that was taken out or altered shows.  A writer is a thread of a process.
 */
#ifndef DOMAIN_AUDIT_H
#define DOMAIN_AUDIT_H

#include "db/store.h"

struct audit_row {
    int64_t tenant_id;
    uid id;
    const char *actor_kind; /* api_key, admin, user, system, carrier */
    const char *actor;
    const char *action; /* "retention.deleted", "recording.consent", … */
    const char *object_kind, *object_id;
    document detail;
    const char *writer;
    bytes prev_hash, hash;
    instant created_at;
};

extern const struct entity audit_entity;

/*
 * Writes a row of work->tenant; the caller sets actor_kind, actor, action and, where there are, the
 * object and the detail.  Not inside a transaction: a chain cannot be rolled back.
 */
bool audit_put(struct work *work, struct audit_row *row);

/* The hash that a row must have behind "previous". */
void audit_hash(const struct audit_row *row, const unsigned char previous[32],
                unsigned char hash[32]);

/* Rows of work->tenant with that action, newest first: an array of struct audit_row. */
bool audit_list(struct work *work, const char *action, int64_t limit, struct rows *rows);

#endif
