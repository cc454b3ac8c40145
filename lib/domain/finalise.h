/*
 * domain/finalise.h - the end of a call is written down once (reference 5.7).
 */
#ifndef DOMAIN_FINALISE_H
#define DOMAIN_FINALISE_H

#include "core/uid.h"
#include "core/work.h"

/* So long after the first of {call over, sessions over} the second is no longer waited for. */
enum { FINALISE_AFTER_MS = 60 * 1000, RECORDING_WAIT_MS = 15 * 1000 };

/*
 * Writes outcome, resolution, texts, latencies, usage, ledger and outbox rows in one transaction,
 * if the call is over and its sessions are, or one of both has been so for FINALISE_AFTER_MS.
 * Whoever sees the second of both calls this; of two at once one does it.  "done" (may be NULL)
 * says whether it was this call that did it; false with true returned means that it is too early or
 * was done.
 */
bool call_finalise(struct work *work, uid call, bool *done);

/*
 * Calls that are due for it since FINALISE_AFTER_MS and were missed, of all tenants: "keys" is an
 * array of struct finalise_due.
 */
struct finalise_due {
    int64_t tenant_id;
    uid id;
};

struct rows;

bool calls_due_for_finalise(struct work *work, instant now, int64_t limit, struct rows *keys);

#endif
