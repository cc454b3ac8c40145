/*
 * domain/call_news.h - what is heard of a call, and how it moves the call (reference 1.5, 5.15).
 */
#ifndef DOMAIN_CALL_NEWS_H
#define DOMAIN_CALL_NEWS_H

#include "core/uid.h"
#include "core/work.h"

/* What a piece of news says about a call; members at their nothing change nothing. */
struct call_news {
    const char *state; /* where the call is now; NULL: no news of that */
    instant at;        /* when that was */
    int64_t carrier_seq;
    const char *answered_by;
    int64_t duration_seconds;
    const char *end_reason;
    const char *error_code, *error_message;
};

/* News begin as this, and what is known is filled in. */
extern const struct call_news NO_NEWS;

/* The error_code of an end that a sweep assumed; the carrier's own word replaces it. */
#define ERROR_SWEPT "swept"

/*
 * Applies news: the state moves if its rank is higher (the first end state wins, but "completed"
 * replaces a "failed" that a sweep assumed); times and verdicts still missing are filled in even
 * when the news is late.  "moved" (may be NULL) says whether the state changed; an event is written
 * then.  One transaction, or inside the caller's.
 */
bool call_apply(struct work *work, uid id, const struct call_news *news, bool *moved);

#endif
