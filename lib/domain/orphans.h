/*
 * domain/orphans.h - sessions whose node is gone, or only seems to be (reference 5.15).
 */
#ifndef DOMAIN_ORPHANS_H
#define DOMAIN_ORPHANS_H

#include "domain/sessions.h"

/*
 * Settles one session that sessions_orphaned() found.  A node that started anew and has had time to
 * apply its spool has lost what it held: the session is lost.  A node that is merely silent may be
 * cut off from the database alone, so its session is left while the carrier's leg goes on, and for
 * a minute after that.  A lost session of a call that is over ends as failed, and the call is
 * finalised.  "lost" (may be NULL) says whether the session was given up now.  The work's tenant is
 * the session's.
 */
bool orphan_settle(struct work *work, const struct voice_session *session, bool *lost);

#endif
