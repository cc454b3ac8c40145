/*
 * domain/nodes.h - processes that hold calls, and which of them gets the next (reference 1.27).
 */
#ifndef DOMAIN_NODES_H
#define DOMAIN_NODES_H

#include "db/store.h"

/* Without a heartbeat for so long a node's sessions are orphans. */
enum { NODE_HEARTBEAT_MS = 2000, NODE_STALE_MS = 10000 };

struct media_node {
    int64_t id;
    const char *name;
    int64_t epoch;     /* its start in ms */
    const char *role;  /* daemon, fcgi, worker */
    const char *state; /* up, draining, down */
    const char *public_ws_url, *control_url, *version;
    int64_t capacity, active_sessions, load_permille;
    instant started_at, heartbeat_at;
};

extern const struct entity media_node_entity;

/*
 * Registers a process under its name: the row of that name is taken over, or the smallest free id
 * is taken.  The caller sets name, role, URLs, version, capacity; id, epoch, state and times are
 * filled in.
 */
bool node_register(struct work *work, struct media_node *node);

/*
 * Says that the node lives and how busy it is.  CONFLICT when another process registered under the
 * same name since (its epoch differs): the caller must stop taking calls.
 */
bool node_heartbeat(struct work *work, struct media_node *node, int64_t active_sessions);

/* up, draining or down; the row stays. */
bool node_set_state(struct work *work, struct media_node *node, const char *state);

/* The node of that id, whatever its state; NOT_FOUND. */
bool node_by_id(struct work *work, int64_t id, struct media_node *node);

/* Whether the node is up or draining, of that epoch, and its heartbeat fresh. */
bool node_is_alive(struct work *work, int64_t id, int64_t epoch, bool *alive);

/*
 * Whether anybody listens at the node's control address, asked with a patience of 250 ms; true also
 * when that cannot be found out.
 */
bool node_answers(struct work *work, int64_t id);

/*
 * The daemon for a call: up, heartbeat fresh, room left, least load; ties are spread by the call's
 * key.  "avoid" (0: none) is not taken while there is another.  NOT_FOUND when none has room.
 */
bool node_choose(struct work *work, uid call, int64_t avoid, struct media_node *node);

/* All nodes of a role with a fresh heartbeat: an array of struct media_node. */
bool nodes_alive(struct work *work, const char *role, struct rows *nodes);

/* Where the carrier connects a stream: the node's public URL or STREAM_PUBLIC_URL, and the token.
 */
char *node_stream_url(struct work *work, const struct media_node *node, const char *token);

/* Where a supervisor's browser listens to a call that the node holds. */
char *node_monitor_url(struct work *work, const struct media_node *node);

/* The same for a conversation relay, whose token is a parameter. */
char *node_relay_url(struct work *work, const struct media_node *node);

#endif
