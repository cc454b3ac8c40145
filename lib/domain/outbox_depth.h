/*
 * domain/outbox_depth.h - how much is owed to the outside, of all tenants together.
 */
#ifndef DOMAIN_OUTBOX_DEPTH_H
#define DOMAIN_OUTBOX_DEPTH_H

#include "db/store.h"

struct outbox_depth {
    const char *name; /* "webhook_outbox", …, one for each topic, and "webhook_deliveries" */
    int64_t pending, delivered, failed;
};

extern const struct entity outbox_depth_entity;

/* An array of struct outbox_depth; a topic that nothing is owed of is there with zeros. */
bool outbox_depths(struct work *work, struct rows *depths);

#endif
