/*
 * domain/taskrouter/link_words.h - what rows of the outbox (topic "taskrouter") are about.
 *
 * Private to the folder.
 */
#ifndef DOMAIN_TASKROUTER_LINK_WORDS_H
#define DOMAIN_TASKROUTER_LINK_WORDS_H

/* Subject: the task; with "reservation", "connect", and how the worker is called: "to", "from",
 * "ring_seconds", "record". */
#define LINK_ACCEPTED "reservation.accepted"

/* Subject: the task; with "how" it ended, and of a callback task that somebody had accepted also
 * "callback", its key, and "who". */
#define LINK_OVER "task.over"

/* Subject: the reservation; with what to "do". */
#define LINK_INSTRUCTION "instruction"

/* Subject: the callback task; with its "queue". */
#define LINK_CALLBACK "callback_task.created"

/* Subject: the task; with "how" that ended which it stands for, and the "reason" of a task that
 * waits still. */
#define LINK_SUBJECT_OVER "subject.over"

#endif
