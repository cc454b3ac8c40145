/*
 * domain/process_figures.h - what processes that answer requests count: how keys were remembered,
 * how carrier callbacks were proved (reference 1.27).
 *
 * Counts are collected in the process and added, at most every ten seconds and soon after it falls
 * idle, to rows of stat_totals that only the processes of one host write ("cache.hits@7").  Readers
 * add the hosts up and take away what stood there at the last reset.  Which keys a process holds
 * stands in its row of process_stats.
 */
#ifndef DOMAIN_PROCESS_FIGURES_H
#define DOMAIN_PROCESS_FIGURES_H

#include "core/crypto.h"
#include "db/store.h"

enum figure {
    FIGURE_CACHE_HITS,
    FIGURE_CACHE_MISSES,
    FIGURE_CACHE_RELOADS,   /* it was held, but had to be proved again */
    FIGURE_CACHE_EVICTIONS, /* it gave way to another key, or its tenant was put out */

    /* Every callback that was proved or not is one of these seven … */
    FIGURE_EXPLICIT_SUCCESS,
    FIGURE_EXPLICIT_INVALID,
    FIGURE_HINT_HITS,
    FIGURE_LOOKUP_SUCCESS,
    FIGURE_LOOKUP_NOT_FOUND,
    FIGURE_LOOKUP_ERROR, /* the store could not say */
    /* … and every look for a hint a hit or one of these. */
    FIGURE_HINT_MISSES,
    FIGURE_HINT_EXPIRED,
    FIGURE_HINT_MISMATCH, /* the hinted tenant's token does not fit */
    FIGURE_HINT_STALE,    /* the hinted tenant has no token any more */
    FIGURE_LOOKUP_CANDIDATES,
    FIGURES
};

/* Counts one. */
void figure_note(enum figure figure);

/* Counts one of the cache's figures for a key; "tenant" is whose it is, 0 while nobody knows. */
void key_cache_note(const hash256 *key, int64_t tenant, enum figure figure);

/* Whether something waits to be written. */
bool figures_waiting(void);

/* Writes what waits, if "now" or ten seconds after the last time; failures leave it waiting. */
void figures_flush(struct work *work, bool now);

/* Sums over all hosts since the last reset. */
bool figures_read(struct work *work, int64_t sums[FIGURES]);

/* Sets the callbacks' figures, or the cache's, back to nothing. */
bool figures_reset_callbacks(struct work *work);

/* A key that processes hold or held. */
struct cached_key {
    const char *fingerprint; /* says which key it is to nobody but us */
    const char *tenant_key;  /* NULL: not known */
    bool present;
    int64_t hits, misses, reloads, evictions;
};

/* Those of all processes, the most used first: an array of struct cached_key. */
bool cached_keys_list(struct work *work, int64_t limit, struct rows *keys);

/* A tenant of which a process holds a key. */
struct cached_tenant {
    int64_t id, live_sessions, log_subscribers;
    const char *tenant_key;
    instant used_at;
};

/* An array of struct cached_tenant, by their keys. */
bool cached_tenants_list(struct work *work, struct rows *tenants);

/*
 * Puts out tenants that were last asked for longer ago and have no live session: every process
 * proves their keys again before it serves them.
 */
bool cached_tenants_evict(struct work *work, int64_t idle_seconds, int64_t *evicted,
                          int64_t *remaining);

#endif
