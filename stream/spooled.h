/*
 * stream/spooled.h - what the spools of this host hold of a call.
 *
 * A node that was killed leaves turns in its spool which the store gets only when it starts again.
 * Who continues the call meanwhile, on the same host, reads them there.
 */
#ifndef STREAM_SPOOLED_H
#define STREAM_SPOOLED_H

#include "db/store.h"

/*
 * Adds the turns of a call that lie in spools below SPOOL_DIR to an array of struct turn, in the
 * order they were said; those that are there already are left alone.  Reads disks: not for the
 * loop.
 */
void spooled_turns(struct work *work, uid call, struct rows *turns);

#endif
