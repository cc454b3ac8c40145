/*
 * domain/log_followers.h - how many sockets follow a tenant's log, over all stream nodes.
 *
 * A node writes its counts down beside its figures, every ten seconds; what a silent node wrote is
 * not believed for longer than a minute.
 */
#ifndef DOMAIN_LOG_FOLLOWERS_H
#define DOMAIN_LOG_FOLLOWERS_H

#include "core/clock.h"
#include "core/work.h"

struct log_followers {
    int64_t tenant, count;
};

/* Writes a process's counts into its row, which node_figures_put() made. */
bool log_followers_put(struct work *work, int64_t node, int64_t pid, instant started_at,
                       const struct log_followers *followers, size_t count);

/* Those of work->tenant. */
bool log_followers_of(struct work *work, int64_t *count);

#endif
