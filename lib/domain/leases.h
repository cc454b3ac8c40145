/*
 * domain/leases.h - who may run a job that must run only once in the cluster (reference 1.27).
 *
 * A lease is taken by one conditional statement.  Its fence grows with every take-over; the holder
 * writes it into what it changes, or checks it, so that a holder that was paused cannot overwrite
 * its successor.
 */
#ifndef DOMAIN_LEASES_H
#define DOMAIN_LEASES_H

#include "db/db.h"

/* Takes a free or expired lease, or prolongs one's own; "taken" says whether it is ours now. */
bool lease_take(struct work *work, const char *name, const char *holder, int64_t duration_ms,
                int64_t *fence, bool *taken);

/* Whether it is still ours, with that fence, at this moment. */
bool lease_is_held(struct work *work, const char *name, const char *holder, int64_t fence,
                   bool *held);

/* Gives it back before its time; nothing happens when it is no longer ours. */
bool lease_release(struct work *work, const char *name, const char *holder, int64_t fence);

#endif
