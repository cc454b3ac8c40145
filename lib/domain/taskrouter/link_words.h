/*
 * domain/taskrouter/link_words.h - what rows of the outbox (topic "taskrouter") are about.
 *
 * Private to the folder.
 */
#ifndef DOMAIN_TASKROUTER_LINK_WORDS_H
#define DOMAIN_TASKROUTER_LINK_WORDS_H

#define LINK_ACCEPTED "reservation.accepted"  /* subject: the task; "reservation", "connect", "to" \
                                               */
#define LINK_OVER "task.over"                 /* subject: the task; "how" */
#define LINK_INSTRUCTION "instruction"        /* subject: the reservation; "do" */
#define LINK_CALLBACK "callback_task.created" /* subject: the callback task; "queue" */
#define LINK_SUBJECT_OVER "subject.over"      /* subject: the task; "how" its subject ended */

#endif
