/*
 * domain/taskrouter/questions.h - assignment callbacks: a customer's program is asked what is to
 * become of a reservation (reference, twilio 8.6).
 *
 * A question is a row of the outbox (topic "assignment").  The workflow's URL has five seconds,
 * then its fallback URL; when neither answers with something that can be done, the reservation is
 * canceled and the task offered again.  A question of a reservation that was decided meanwhile is
 * forgotten.
 */
#ifndef DOMAIN_TASKROUTER_QUESTIONS_H
#define DOMAIN_TASKROUTER_QUESTIONS_H

#include "core/work.h"

enum { TR_ANSWER_MS = 5000, TR_ANSWER_LIMIT = 64 * 1024 };

/*
 * One round: claims up to "limit" questions of all tenants as "owner", asks them all at once, and
 * carries out the answers.  *asked says how many there were.  A store that goes away leaves the
 * rest to the next round.
 */
bool tr_questions_ask(struct work *work, const char *owner, int64_t limit, int64_t *asked);

#endif
