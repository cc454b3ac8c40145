/*
 * fcgi/site/parts.h - what this host needs, and how it stands.
 */
#ifndef FCGI_SITE_PARTS_H
#define FCGI_SITE_PARTS_H

#include "core/column.h"
#include "fcgi/dialect.h"

/* One part as it was found a moment ago. */
struct part {
    const char *name;   /* "database" */
    const char *status; /* one word or two: "connected" */
    bool ready;
    document details;
    bool needed;        /* without it this host should get no requests */
    const char *detail; /* one line for people */
};

extern const struct entity part_entity;

/*
 * What stands in media_nodes: daemons that live, and the calls they hold; on all hosts and on this
 * one, whose daemons have its name, or its name and a number: "web1", "web1-2".
 */
struct daemons {
    size_t nodes;
    int64_t calls, calls_here;
    bool drains; /* there are daemons here, and each of them takes no more calls */
};

/* Looks at every part; the answer's rows are struct part. Never fails. */
struct rows parts_look(struct request *req);

/* False when the store does not answer. */
bool daemons_count(struct request *req, struct daemons *daemons);

/* Since when the host serves, in seconds. */
int64_t host_uptime_seconds(void);

#endif
