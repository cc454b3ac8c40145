/*
 * domain/tickets.h - one-time words that open a socket, where a browser cannot show a key
 * (reference 1.2, 4.12).
 *
 * A ticket is 43 random characters; the table keeps its SHA-256.  It belongs to one tenant and one
 * role of the daemon ("events", "logs", "monitor"), lives shortly, and opens once.
 */
#ifndef DOMAIN_TICKETS_H
#define DOMAIN_TICKETS_H

#include "core/uid.h"
#include "core/work.h"

enum { TICKET_LIFE_MS = 60 * 1000, TICKET_LIMIT = 64 /* longer texts are no tickets */ };

struct ticket {
    const char *role;  /* what it opens, ASCII: "events", "logs", "monitor" */
    uid call, session; /* what the bearer may see, NO_UID: all of the tenant's */
    const char *mode; /* how far the bearer may go ("monitor", "barge"); NULL where there is none */
    const char *by;   /* who it was made for, for the log; may be NULL */
};

/* A new ticket of the work's tenant for "life_ms"; its text, in the arena, exists only here. */
bool ticket_issue(struct work *work, const struct ticket *ticket, int64_t life_ms,
                  const char **text);

/*
 * Redeems it for that role, once, and sets work->tenant; UNAUTHENTICATED when there is no such
 * ticket, it is for another role, was redeemed, or has run out.
 */
bool ticket_redeem(struct work *work, const char *text, const char *role, struct ticket *ticket);

#endif
