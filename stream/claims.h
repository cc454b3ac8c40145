/*
 * stream/claims.h - a session's token is claimed in the database, off the loop.
 */
#ifndef STREAM_CLAIMS_H
#define STREAM_CLAIMS_H

#include <stdbool.h>

#include "core/config.h"
#include "stream/live.h"

bool claims_start(const struct config *config);
void claims_stop(void);

/*
 * What a client that is no carrier may show in its header Authorization: a stream token, or a key
 * of the tenant's, which claims any call of the tenant's that waits for its stream.  Which of them
 * it is, and whether it is good, is found out with the claim.  False: it shows nothing.
 */
bool claim_bearer(const char *authorization, char token[TOKEN_LIMIT + 1]);

/*
 * Claims the session's token for this node; the answer is live_claimed() or live_refused(),
 * in a later turn of the loop.  False when too many wait already.
 */
bool claim_ask(struct live *live);

/* Somebody else answers claims, for replays: he holds the session meanwhile; NULL: nobody does. */
void claims_by(bool (*ask)(struct live *live));

#endif
