/*
 * domain/call_names.h - what a call is called outside: the carrier's SID, our provisional one,
 * aliases (reference 2.2 and 2.3).
 */
#ifndef DOMAIN_CALL_NAMES_H
#define DOMAIN_CALL_NAMES_H

#include "core/uid.h"
#include "core/work.h"

struct call;

enum { SID_SIZE = 35 };

/* "CA" or "MZ" and the 32 hex digits of a key. */
void sid_write(const char letters[2], uid id, char sid[SID_SIZE]);

/* The tenant's call of that SID, the carrier's or an earlier name of it; NOT_FOUND otherwise. */
bool call_by_sid(struct work *work, const char *sid, struct call *call);

/* The same, but only under the SID that its row holds now: one look for calls that are new. */
bool call_by_current_sid(struct work *work, const char *sid, struct call *call);

/*
 * The call of that SID whoever it belongs to, for callbacks, which arrive without a tenant; sets
 * work->tenant to the call's when there is one.
 */
bool call_by_sid_anywhere(struct work *work, const char *sid, struct call *call);

/* The same by our key, which the URLs of an ordered call carry ("cid"). */
bool call_by_key_anywhere(struct work *work, uid id, struct call *call);

/*
 * Resolves any spelling of a call: UUID, "CALL-…", carrier's, provisional or derived SID, alias;
 * NOT_FOUND for anything else and for what belongs to another tenant.
 */
bool call_resolve(struct work *work, const char *text, struct call *call);

/*
 * The carrier's SID of a call we ordered, learned from the order's answer or from the first
 * callback: replaces the provisional one, which becomes an alias.  Nothing changes when one was
 * learned before.
 */
bool call_learn_sid(struct work *work, uid id, const char *sid);

/* Notes another name: kind is stream_sid, relay_sid, provider_call or provisional. */
bool call_alias_put(struct work *work, const char *alias, const char *kind, uid call, uid session);

#endif
