/*
 * domain/call_context.h - what is known of one call beside what is said in it, changed while the
 * call is under way (reference 3.6).
 */
#ifndef DOMAIN_CALL_CONTEXT_H
#define DOMAIN_CALL_CONTEXT_H

#include "core/column.h"
#include "core/work.h"
#include "domain/calls.h"

enum { CALL_CONTEXT_MOST = 32 * 1024 }; /* bytes of a whole context */

/*
 * Members of "changes" (a JSON object) replace those of the same name, null removes one.  It is
 * written down with the event context.updated; then the conversation, when there is one already,
 * is told.  "context" is all of it.  WRONG_STATE when the call is over, INVALID blaming "context"
 * when it becomes too large.  That nobody could be told is logged: what is stored stays.
 */
bool call_context_change(struct work *work, const struct call *call, document changes,
                         const char *origin, const char *by, document *context);

#endif
