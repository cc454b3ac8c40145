/*
 * domain/taskrouter/workers.h - who can take work.
 *
 * On each channel a worker takes as many tasks at once as its capacity says: one, or what the
 * attributes say: {"channels": {"chat": {"capacity": 3}}} (an extension; without operations for
 * worker channels this is where a client can say it).
 */
#ifndef DOMAIN_TASKROUTER_WORKERS_H
#define DOMAIN_TASKROUTER_WORKERS_H

#include <json-c/json.h>

#include "db/store.h"

enum {
    TR_WORKERS_MOST = 15000,      /* of a workspace */
    TR_ATTRIBUTES_LONGEST = 4096, /* characters */
    TR_CAPACITY_MOST = 1000
};

struct tr_worker {
    int64_t tenant_id;
    uid id, workspace_id;
    const char *friendly_name; /* at most 64 characters, one of a kind whatever its case */
    document attributes;       /* as the client gave them */
    uid activity_id;
    int64_t capacity;
    instant status_changed_at; /* its activity's last change */
    instant idle_since;        /* that, or when its last task left it */
    instant deleted_at, created_at, updated_at;
    int64_t rev;
    const char *activity_name; /* computed, as the next */
    bool available;            /* its activity's flag */
};

extern const struct entity tr_worker_entity;

/*
 * Writes a new one with a new key.  Members that hold nothing: activity_id is the workspace's
 * default, attributes are {}.  INVALID: friendly_name, activity_id, attributes (no JSON object, or
 * too long); CONFLICT for a name that is taken (the dialect's 400, code 20001); LIMIT_REACHED.
 */
bool tr_worker_create(struct work *work, struct tr_worker *worker);

struct tr_worker_change {
    struct tr_worker wanted; /* wanted.id and wanted.workspace_id say of whom */
    columns given;           /* activity_id, attributes, friendly_name */
    bool reject_pending;     /* only together with an activity that is not available */
    int64_t if_rev;
};

/* Changes it, answers the row, and looks again for work for it. */
bool tr_worker_update(struct work *work, const struct tr_worker_change *change,
                      struct tr_worker *worker);

/* Its pending reservations are canceled; WRONG_STATE while it has accepted ones. */
bool tr_worker_delete(struct work *work, uid workspace, uid id, int64_t if_rev);

bool tr_worker_get(struct work *work, uid workspace, uid id, struct tr_worker *worker);

struct tr_worker_filter {
    uid workspace;
    uid activity_id, queue_id; /* NO_UID: any; queue: whom its expression matches */
    const char *activity_name, *queue_name, *friendly_name; /* NULL: any */
    const char *available;                                  /* as tr_word_is_yes(); NULL: any */
    const char *expression; /* target workers expression; NULL: any */
    const char *ordering;   /* DateStatusChanged, DateCreated, FriendlyName; NULL: by key */
};

/*
 * An array of struct tr_worker.  INVALID blaming "target_workers_expression" or "ordering"; a queue
 * that does not exist matches nobody.
 */
bool tr_workers_list(struct work *work, const struct tr_worker_filter *filter, struct page *page,
                     struct rows *workers);

/*
 * What expressions see of a worker: its attributes and sid, friendly_name, activity_sid,
 * activity_name.  The caller puts it.
 */
json_object *tr_worker_scope(const struct tr_worker *worker);

/* How many tasks of a channel it takes at once; "scope" is tr_worker_scope()'s. */
int64_t tr_worker_capacity(const struct tr_worker *worker, json_object *scope, const char *channel);

#endif
