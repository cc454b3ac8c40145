/*
 * api/gate_ways.h - every way in which something of ours can dial or text: the operations of each
 * API, TwiML of ours and of customers, what a worker is told, and what callers are answered.
 */
#ifndef API_GATE_WAYS_H
#define API_GATE_WAYS_H

#include "api/twilio/sdk.h"

/* Somebody who dials. */
struct desk {
    struct account account;
    const struct customer *customer;
    const char *phony;
    const char *foreign;       /* another tenant's number that is tried to call from */
    const char *call, *stream; /* one that came in and talks to the agent; NULL: no way needs it */
};

struct desk desk_new(void);

/* Brings in a call that talks to the agent from now on. */
void desk_talk(struct desk *desk);

/* A number that no other test calls: the last digits are those of the desk's own. */
const char *number_like(const struct desk *desk, const char *beginning);

/* Why somebody is not reached. */
enum reason { NOBODY, COUNTRY, PREMIUM, SUPPRESSED, CAPPED, FOREIGN, REASONS };

/*
 * What it takes and where it shows: it can be told whom to call from; needs a call; TwiML is looked
 * at when the carrier asks for it, and what is refused there ends the call; a worker is told; the
 * answer itself is TwiML, carried out by whoever asked.
 */
enum { HAS_FROM = 1, IN_A_CALL = 2, IN_TWIML = 4, IN_A_TASK = 8, IN_ANSWER = 16 };

/* A way: it tries to reach "to", from a number where that can be said. */
typedef struct reply way_out(const struct desk *desk, const char *to, const char *from);

struct way {
    char name[44];
    const char *operation; /* "POST /api/v1/make-call"; several have one */
    way_out *go;
    int flags;
    short statuses[REASONS]; /* what is answered for each reason, in their order */
};

extern const struct way ways[];
extern const size_t ways_count;

/* Whether one of them runs that function. */
bool way_runs_function(const char *name);

#endif
