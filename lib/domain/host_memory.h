/*
 * domain/host_memory.h - what the processes of one host tell each other without the database.
 *
 * One file below SPOOL_DIR, mapped by every worker: counters of limits, which worker does what
 * since when, the revocation epoch.  Everything in it is atomic words that may be lost: a process
 * killed at any instruction leaves nothing locked and nothing wrong for longer than a window.
 * When the file cannot be mapped the process goes on with memory of its own.
 */
#ifndef DOMAIN_HOST_MEMORY_H
#define DOMAIN_HOST_MEMORY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/config.h"

enum { RATE_SETS = 8192, RATE_WAYS = 8, WORKER_SLOTS = 640, STATUS_CLASSES = 6 };

/* What one worker is doing; a file lock that ends with the process says whether it lives. */
struct worker_slot {
    _Atomic int32_t pid;
    _Atomic int32_t pool;
    _Atomic int64_t busy_since_us;  /* monotonic; 0: idle */
    _Atomic int64_t outward_tenant; /* whose slow call outward is in hand; 0: none */
    _Atomic uint64_t outward_ticket;
    _Atomic uint64_t requests;
};

struct host_memory {
    _Atomic int64_t started_at_ms; /* since when this host serves */
    _Atomic int64_t watched_at_us; /* when workers were last looked after, monotonic; 0: never */
    _Atomic int64_t node;          /* its row in media_nodes; 0: not known yet */
    _Atomic uint64_t key_epoch;    /* grows when remembered keys must be forgotten */
    _Atomic int64_t epoch_stored;  /* what stat_totals said last */
    _Atomic int64_t epoch_read_at_ms;
    _Atomic uint64_t tickets;
    _Atomic uint64_t requests[STATUS_CLASSES]; /* answered, by the first digit of the status */
    struct worker_slot workers[WORKER_SLOTS];
    _Atomic uint64_t rates[RATE_SETS][RATE_WAYS];  /* see rates.c */
    _Atomic uint64_t shares[RATE_SETS][RATE_WAYS]; /* of the same buckets: other hosts' hits */
};

/*
 * Maps the file of the configuration's SPOOL_DIR, once a process; before that, and when it cannot
 * be mapped, the memory is the process's own.  A child inherits the map, but no slot.
 */
void host_memory_open(const struct config *config);

/* What the host shares, or the process alone has; never NULL. */
struct host_memory *host_memory(void);

/* Takes a free slot for this process; NULL when there is none, or no file to lock. */
struct worker_slot *worker_slot_take(int32_t pool);

/* The slot that this process has taken; NULL when it has none. */
struct worker_slot *worker_slot_mine(void);

/* The slot of a living process; NULL when it has none. */
const struct worker_slot *worker_slot_of(int32_t pid);

/*
 * Whether this worker may begin a slow call outward for a tenant, of whose calls at most "most" may
 * run at once on this host.  Ends with outward_end(), which may also be called after a refusal.
 */
bool outward_begin(struct worker_slot *slot, int64_t tenant, int64_t most);
void outward_end(struct worker_slot *slot);

#endif
