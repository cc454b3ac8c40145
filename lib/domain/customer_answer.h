/*
 * domain/customer_answer.h - what a customer's program answers to the carrier's question: the
 * customer's URL is asked in the carrier's place, its document checked and rewritten.
 *
 * A document that cannot be had or is refused is asked for at the call's FallbackUrl, with
 * ErrorCode and ErrorUrl; without one, or when that fails too, the call hears a sentence and ends.
 * Either way an event of the call says what was wrong, and where.
 */
#ifndef DOMAIN_CUSTOMER_ANSWER_H
#define DOMAIN_CUSTOMER_ANSWER_H

#include <stddef.h>

#include "core/uid.h"
#include "core/work.h"

struct call;
struct customer_hook;
struct form;

/* The carrier waits 15 s for us: the customer and its fallback have together so long. */
enum { CUSTOMER_BUDGET_MS = 13000, CUSTOMER_FIRST_MS = 8000, CUSTOMER_REDIRECTS = 10 };

struct customer_question {
    const struct customer_hook *hook;
    const struct call *call;
    const struct form *form;       /* the carrier's parameters */
    const char *idempotency_token; /* the carrier's; NULL: none */
    uid event; /* the carrier's callback: what is sent for it is sent once; NO_UID: none */
};

/*
 * Asks and answers; *twiml is a whole document in the arena.  False only when the store does not
 * answer (BUSY, INTERNAL).
 */
bool customer_answer(struct work *work, const struct customer_question *question,
                     const char **twiml);

/* How an URL wants to be asked, from its fragment: "#rc=2&rp=5xx,ct&rt=5000&tt=9000". */
struct customer_overrides {
    int64_t total_ms; /* of the whole exchange; 0: as usual */
    int64_t read_ms;  /* of one attempt; 0: as usual */
    int64_t retries;
    bool on_4xx, on_5xx, on_connect, on_read; /* after which failures */
};

/* Reads them; what the URL does not say is as the carrier has it: one more try when not reached. */
void customer_overrides_read(const char *url, struct customer_overrides *overrides);

#endif
