/*
 * domain/host_node.h - the host's row in media_nodes, as a server of requests.
 */
#ifndef DOMAIN_HOST_NODE_H
#define DOMAIN_HOST_NODE_H

#include "core/work.h"

/* Its id, registered on first demand by whichever process asks; 0 while the database is away. */
int64_t host_node(struct work *work);

/* Says that the host lives and how many of its workers are busy; for the janitor. */
void host_node_heartbeat(struct work *work);

#endif
