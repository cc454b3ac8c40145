/*
 * fcgi/twilio/taskrouter.h - the v1 API of TaskRouter: workspaces and what is in them (reference,
 * twilio 8, and domain-model 1.28).
 *
 * The rules are those of lib/domain/taskrouter; here is how they are asked for and told.  Every
 * answer with one row carries its revision as ETag; every change honours If-Match, every GET of one
 * row If-None-Match.
 */
#ifndef FCGI_TWILIO_TASKROUTER_H
#define FCGI_TWILIO_TASKROUTER_H

#include "domain/taskrouter/workspaces.h"
#include "fcgi/twilio/twilio.h"

extern const struct dialect twilio_taskrouter;

/* The header of a change that must find the row as it was read. */
#define TASKROUTER_IF_MATCH                                                                        \
    {                                                                                              \
        "If-Match", "\"type\":\"string\"",                                                         \
            "The ETag that the row must still have; otherwise the answer is 412.", "header"        \
    }

/* ---- what the files of this API share (taskrouter.c) ---- */

/* The key that a {name} of the path spells behind these letters ("Sid", "WK"); NOT_FOUND. */
bool taskrouter_path_id(struct request *req, const char *name, const char *letters, uid *id);

/* The key of the path's WorkspaceSid, which is there; NOT_FOUND. */
bool taskrouter_here(struct request *req, uid *workspace);

/* A SID in the query, NO_UID when it is not there; INVALID when it is none of that kind. */
bool taskrouter_query_id(struct request *req, const char *name, const char *letters, uid *id);

/*
 * A list that is not in the order of its keys is paged by Page alone.  To be called between
 * twilio_read_page() and the list.
 */
void taskrouter_own_order(struct page *page);

/*
 * An order is a struct that begins with the row it is about and goes on with what no column is for.
 * These are the columns of "of" among the members of the order that were given.
 */
columns taskrouter_given(const struct entity *order, columns given, const struct entity *of);

/*
 * The revision that If-Match lets a change of this row begin from: NO_INTEGER when it is not sent
 * or "*".  PRECONDITION when it names another.
 */
bool taskrouter_if_rev(struct request *req, int64_t rev, int64_t *if_rev);

/* Answers with one row and its ETag, or 304 to a GET that knows it. */
bool taskrouter_reply(struct request *req, int status, const struct view *view, const void *row,
                      int64_t rev);

/*
 * A link below the row's workspace: "/Tasks/WT", the digits of a member that is a key, and
 * "/Reservations".
 */
struct taskrouter_link {
    const char *name, *path;
    size_t member; /* NO_MEMBER: the path says it all */
    const char *rest;
};

#define NO_MEMBER SIZE_MAX

#define TASKROUTER_LINKS                                                                           \
    "\"type\":\"object\",\"format\":\"uri-map\",\"additionalProperties\":{\"type\":[\"string\","   \
    "\"null\"]}"

/* Writes a map of links; one to a thing that is not there is null. */
void taskrouter_put_links(struct request *req, struct text *out, uid workspace,
                          const struct taskrouter_link *links, size_t count, const void *row);

/* A member that is true for true, 1 and yes, and false for any other word. */
extern const struct wire taskrouter_yes;

/* A member that the contract writes as the texts "true" and "false". */
extern const struct wire taskrouter_truth;

/* "application/json", whatever the member. */
extern const struct wire taskrouter_content_type;

/* ---- workspaces ---- */
extern const struct view taskrouter_workspace_view, taskrouter_workspace_order_view,
    taskrouter_workspace_change_view;
extern const struct query_parameter taskrouter_workspace_filters[];
bool taskrouter_list_workspaces(struct request *req);
bool taskrouter_create_workspace(struct request *req);
bool taskrouter_get_workspace(struct request *req);
bool taskrouter_update_workspace(struct request *req);
bool taskrouter_delete_workspace(struct request *req);

/* ---- activities ---- */
extern const struct view taskrouter_activity_view, taskrouter_activity_order_view,
    taskrouter_activity_change_view;
extern const struct query_parameter taskrouter_activity_filters[];
bool taskrouter_list_activities(struct request *req);
bool taskrouter_create_activity(struct request *req);
bool taskrouter_get_activity(struct request *req);
bool taskrouter_update_activity(struct request *req);
bool taskrouter_delete_activity(struct request *req);

/* ---- workers ---- */
extern const struct view taskrouter_worker_view, taskrouter_worker_order_view,
    taskrouter_worker_change_view;
extern const struct query_parameter taskrouter_worker_filters[];
bool taskrouter_list_workers(struct request *req);
bool taskrouter_create_worker(struct request *req);
bool taskrouter_get_worker(struct request *req);
bool taskrouter_update_worker(struct request *req);
bool taskrouter_delete_worker(struct request *req);

/* ---- task queues ---- */
extern const struct view taskrouter_queue_view, taskrouter_queue_order_view,
    taskrouter_queue_change_view;
extern const struct query_parameter taskrouter_queue_filters[];
bool taskrouter_list_queues(struct request *req);
bool taskrouter_create_queue(struct request *req);
bool taskrouter_get_queue(struct request *req);
bool taskrouter_update_queue(struct request *req);
bool taskrouter_delete_queue(struct request *req);

/* ---- workflows ---- */
extern const struct view taskrouter_workflow_view, taskrouter_workflow_order_view,
    taskrouter_workflow_change_view;
extern const struct query_parameter taskrouter_workflow_filters[];
bool taskrouter_list_workflows(struct request *req);
bool taskrouter_create_workflow(struct request *req);
bool taskrouter_get_workflow(struct request *req);
bool taskrouter_update_workflow(struct request *req);
bool taskrouter_delete_workflow(struct request *req);

/* ---- tasks ---- */
extern const struct view taskrouter_task_view, taskrouter_task_order_view,
    taskrouter_task_change_view;
extern const struct query_parameter taskrouter_task_filters[];
bool taskrouter_list_tasks(struct request *req);
bool taskrouter_create_task(struct request *req);
bool taskrouter_get_task(struct request *req);
bool taskrouter_update_task(struct request *req);
bool taskrouter_delete_task(struct request *req);

/* ---- reservations, of a task or of a worker ---- */
extern const struct view taskrouter_reservation_view, taskrouter_reservation_change_view;
extern const struct query_parameter taskrouter_task_reservation_filters[],
    taskrouter_worker_reservation_filters[];
bool taskrouter_list_reservations(struct request *req);
bool taskrouter_get_reservation(struct request *req);
bool taskrouter_update_reservation(struct request *req);

#endif
