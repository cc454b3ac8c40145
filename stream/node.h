/*
 * stream/node.h - this process as one of the installation's media nodes (reference 1.27).
 *
 * It registers under its name, says every two seconds that it lives and how busy it is, and stops
 * taking calls when it is told to end, or when another process took its name.
 */
#ifndef STREAM_NODE_H
#define STREAM_NODE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/config.h"

/* Registers, again and again while the database is away; false when no thread can be started. */
bool node_start(const struct config *config);

/* Says goodbye; the row is "down" afterwards if the database answers. */
void node_stop(void);

/* From the loop's tick: the heartbeat, when it is due. */
void node_tick(void);

/* No further calls; those that are go on. */
void node_drain(void);

/* Whether it is registered, keeps its facts and does not drain; and whether it drains. */
bool node_takes_calls(void);
bool node_is_draining(void);

/* As the database knows it; 0 before it is registered. */
int64_t node_id(void);
int64_t node_epoch(void);

/* NODE_NAME, or the host's name. */
const char *node_name(const struct config *config);

#endif
