/*
 * domain/callback_state.h - how a callback task moves (reference 1.14).
 *
 * open and in_progress lead to each other and to completed and canceled, which lead nowhere; of a
 * task that is finished only metadata and notes may still change.  Every move is one transaction on
 * the locked row together with its event, so of two at once one sees what the other did.
 */
#ifndef DOMAIN_CALLBACK_STATE_H
#define DOMAIN_CALLBACK_STATE_H

#include "domain/callback_tasks.h"

enum task_move {
    TASK_CLAIM,    /* takes an open task; nothing happens to one that is the operator's already */
    TASK_ASSIGN,   /* says whose it is, without claiming it */
    TASK_RELEASE,  /* in_progress -> open */
    TASK_SNOOZE,   /* out of sight until a moment, at most 90 days away */
    TASK_UNSNOOZE, /* nothing happens when it is not snoozed */
    TASK_ACKNOWLEDGE, /* the first one is kept, a later one changes nothing */
    TASK_CHANGE,      /* sets members; the status as the states allow */
    TASK_MOVES
};

struct task_order {
    enum task_move move;
    uid task;
    const char *operator_name; /* who moves it; NULL: nobody in person */
    const char *note;          /* appended to the notes; NULL: none */
    instant until;             /* of a snooze */
    const char *reason;
    bool silent;                 /* no event */
    bool keeps_assignee;         /* of a release */
    struct callback_task wanted; /* of an assignment or a change: the members … */
    columns given;               /* … that are to be set */
};

/*
 * Makes the move and answers the row.  NOT_FOUND; WRONG_STATE for a move that the state does not
 * allow, also when another was faster; INVALID for a time out of bounds or an unknown queue.
 */
bool callback_task_move(struct work *work, const struct task_order *order,
                        struct callback_task *task);

#endif
