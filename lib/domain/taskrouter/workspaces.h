/*
 * domain/taskrouter/workspaces.h - the container of everything else (reference, twilio 8.1 and
 * domain-model 1.28).
 *
 * Every change in a workspace is one transaction that begins by locking the workspace's row
 * (workspace_hold), so that of two at once one sees what the other did, nothing waits in a circle,
 * and priorities hold among all of a workspace's tasks.  What must hold over a cluster, where such
 * a lock is one node's own, is guarded by unique keys as well (domain/taskrouter/reservations.h).
 *
 * For all modules here: functions that change something are transactions of their own.  "if_rev"
 * is the revision that If-Match named, NO_INTEGER for any; another one is PRECONDITION.  A row of
 * another workspace does not exist: NOT_FOUND; lists of a workspace that does not exist are empty.
 * Fields at fault are named as the columns are.
 */
#ifndef DOMAIN_TASKROUTER_WORKSPACES_H
#define DOMAIN_TASKROUTER_WORKSPACES_H

#include "db/store.h"

struct tr_workspace {
    int64_t tenant_id;
    uid id;
    const char *friendly_name, *event_callback_url, *events_filter; /* NULL or empty: all events */
    bool multi_task;
    uid default_activity_id;            /* of new workers */
    uid timeout_activity_id;            /* of workers who let a reservation time out */
    const char *prioritize_queue_order; /* FIFO, LIFO */
    instant created_at, updated_at;
    int64_t rev;
    const char *default_activity_name, *timeout_activity_name; /* computed */
};

extern const struct entity tr_workspace_entity;

/* Every member at its nothing, a new key, many tasks at once, FIFO. */
void tr_workspace_begin(struct tr_workspace *workspace);

/*
 * Writes a new one with the activities Offline, Available and Unavailable; Offline is its default
 * and its timeout activity.  "template_name": NULL, NONE, or FIFO, which adds a queue of everybody
 * and a workflow that leads there.  INVALID: friendly_name, event_callback_url, template,
 * prioritize_queue_order.
 */
bool tr_workspace_create(struct work *work, struct tr_workspace *workspace,
                         const char *template_name);

/* Sets the members "given" of "wanted" (wanted->id says of which) and answers the row. */
bool tr_workspace_update(struct work *work, const struct tr_workspace *wanted, columns given,
                         int64_t if_rev, struct tr_workspace *workspace);

/* Deletes it with everything in it. */
bool tr_workspace_delete(struct work *work, uid id, int64_t if_rev);

bool tr_workspace_get(struct work *work, uid id, struct tr_workspace *workspace);

/* An array of struct tr_workspace; friendly_name NULL: any. */
bool tr_workspaces_list(struct work *work, const char *friendly_name, struct page *page,
                        struct rows *workspaces);

/*
 * Makes the tenant's first workspace, with a queue and a workflow, unless it ever had one: for the
 * first use of the dialect.  Two at once make one.  Costs one look at the store when there is one.
 */
bool tr_workspace_ensure(struct work *work);

/*
 * Locks the row until the end of the caller's transaction and reads it; NOT_FOUND.  Whoever changes
 * anything in a workspace calls this first.
 */
bool tr_workspace_hold(struct work *work, uid id, struct tr_workspace *workspace);

/* Task channels: every workspace has the same six. */
extern const char *const tr_channels[]; /* default, voice, sms, chat, video, email; NULL */

/* The key of a channel of a workspace (TC…); it is made of the workspace's. */
uid tr_channel_id(uid workspace, const char *channel);

/* The channel of that unique name or TC SID; NULL when there is none. */
const char *tr_channel_read(uid workspace, const char *text);

#endif
