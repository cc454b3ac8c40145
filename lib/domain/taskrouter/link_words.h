/*
 * domain/taskrouter/link_words.h - what rows of the outbox (topic "taskrouter") are about.
 *
 * Private to the folder.
 */
#ifndef DOMAIN_TASKROUTER_LINK_WORDS_H
#define DOMAIN_TASKROUTER_LINK_WORDS_H

/* Subject: the task; with "reservation", "connect", "to". */
#define LINK_ACCEPTED "reservation.accepted"

/* Subject: the task; with "how" it ended. */
#define LINK_OVER "task.over"

/* Subject: the reservation; with what to "do". */
#define LINK_INSTRUCTION "instruction"

/* Subject: the callback task; with its "queue". */
#define LINK_CALLBACK "callback_task.created"

/* Subject: the task; with "how" that ended which it stands for. */
#define LINK_SUBJECT_OVER "subject.over"

#endif
