/*
 * domain/taskrouter/activities.h - what workers can be doing, and whether work may reach them then.
 */
#ifndef DOMAIN_TASKROUTER_ACTIVITIES_H
#define DOMAIN_TASKROUTER_ACTIVITIES_H

#include "db/store.h"

enum { TR_ACTIVITIES_MOST = 100 }; /* of a workspace */

struct tr_activity {
    int64_t tenant_id;
    uid id, workspace_id;
    const char *friendly_name; /* at most 64 characters, one of a kind whatever its case */
    bool available;            /* never changes */
    instant created_at, updated_at;
    int64_t rev;
};

extern const struct entity tr_activity_entity;

/* Writes a new one with a new key; CONFLICT for a name that is taken, LIMIT_REACHED. */
bool tr_activity_create(struct work *work, struct tr_activity *activity);

/* Only its name changes; "available" is taken without a word and changes nothing. */
bool tr_activity_update(struct work *work, const struct tr_activity *wanted, columns given,
                        int64_t if_rev, struct tr_activity *activity);

/* WRONG_STATE while a worker is in it, or the workspace or a queue uses it. */
bool tr_activity_delete(struct work *work, uid workspace, uid id, int64_t if_rev);

bool tr_activity_get(struct work *work, uid workspace, uid id, struct tr_activity *activity);

struct tr_activity_filter {
    uid workspace;
    const char *friendly_name; /* NULL: any */
    const char *available;     /* true, 1, yes, or anything else for not; NULL: any */
};

/* An array of struct tr_activity. */
bool tr_activities_list(struct work *work, const struct tr_activity_filter *filter,
                        struct page *page, struct rows *activities);

/* Whether a client's word means yes: true, 1, yes, in any case. */
bool tr_word_is_yes(const char *word);

#endif
