/*
 * domain/sessions.h - one conversation over one media connection (reference 1.6).
 *
 * The row is written with the call, before any media flows; the daemon that shows the one-time
 * token first claims it.  A session that replaces a lost one is a new row of the same call.
 */
#ifndef DOMAIN_SESSIONS_H
#define DOMAIN_SESSIONS_H

#include "db/store.h"

struct call;
struct agent_version;

struct voice_session {
    int64_t tenant_id;
    uid id, call_id, room_id;
    const char *transport; /* media_stream, relay, provider_sip, gather, web, imported */
    const char *stream_sid, *relay_sid;
    const char *state; /* one of session_states */
    int64_t state_rank;
    const char *result;          /* completed, transferred, failed; set together with "ended" */
    int64_t node_id, node_epoch; /* who holds it */
    bytes token_hash;
    instant token_expires_at;
    uid resume_of;
    int64_t resume_count;
    const char *call_type, *customer_phone;
    uid agent_id, agent_version_id;
    const char *agent_name, *model, *voice, *greeting, *org_ref, *language;
    instant started_at, connected_at, ended_at;
    int64_t duration_ms, turn_count;
    const char *summary, *sentiment;
    int64_t rating;
    document tags, vad_events, imported_transcript, imported_functions, metadata;
    int64_t model_segments, spool_seq;
    instant created_at, updated_at;
    int64_t rev;
};

extern const struct entity voice_session_entity;

/* Every member at its nothing, a new key, state "pending", empty documents, started now. */
void session_begin(struct voice_session *session);

/* The tenant's session of that key; NOT_FOUND. */
bool session_get(struct work *work, uid id, struct voice_session *session);

/* The newest session of a call that is not expired; NOT_FOUND when there is none. */
bool session_of_call(struct work *work, uid call, struct voice_session *session);

/* Any spelling of a session (reference 2.3): UUID, "SES-…", "session_…", stream SID, "MZ" + hex. */
bool session_resolve(struct work *work, const char *text, struct voice_session *session);

/* Writes a new row; inside the caller's transaction. */
bool session_insert(struct work *work, const struct voice_session *session);

/*
 * Makes the first stream token of a session that is still to be written: fills its hash and expiry.
 * The session's call and agent version must be set.
 */
char *session_first_token(struct work *work, struct voice_session *session);

/*
 * Makes a stream token for a pending session and notes its hash; an earlier token stops working.
 * The text lives in the work's arena.  WRONG_STATE when the session is no longer pending.
 */
bool session_issue_token(struct work *work, const struct voice_session *session, char **text);

/* Who claims, and with what. */
struct claim {
    const char *token;      /* as it came in the path or as a parameter */
    bool relay;             /* it came over a conversation relay, not a media stream */
    const char *stream_sid; /* of the carrier's start frame */
    const char *call_sid;   /* of the same; must be the token's call */
    int64_t node_id, node_epoch;
};

/*
 * Takes a pending session for a node: token read and checked, the row moved to "connecting" by one
 * conditional update, stream SID and alias written, the call brought to in_progress, event
 * session.connected; all in one transaction.  Of two who try, one gets UNAUTHENTICATED; so does who
 * shows an expired, foreign or tampered token or another call's SID.  Sets work->tenant.
 */
bool session_claim(struct work *work, const struct claim *claim, struct voice_session *session,
                   struct call *call, struct agent_version *version);

/* connecting -> active, when the model answered. */
bool session_activate(struct work *work, uid id, instant at);

/* … -> draining: it says its last sentence. */
bool session_drain(struct work *work, uid id);

/* How a session ended. */
struct session_end {
    const char *result;     /* completed, transferred, failed */
    const char *end_reason; /* of calls.end_reason; NULL: the call's other news says it */
    instant at;
    int64_t duration_ms;
    int64_t model_segments; /* NO_INTEGER: unknown */
};

/*
 * … -> ended, once; repeating changes nothing.  The call is not ended by it: the carrier says when
 * it is over.  Event session.ended.  "ended" (may be NULL) says whether it was this call that did
 * it.  Call call_finalise() afterwards.
 */
bool session_end(struct work *work, uid id, const struct session_end *how, bool *ended);

/* connecting, active or draining -> lost: its node is gone. Event session.lost. */
bool session_lose(struct work *work, uid id, bool *lost);

/* pending sessions whose token ran out before "now" become expired, at most "limit" of them. */
bool sessions_expire(struct work *work, instant now, int64_t limit, uint64_t *expired);

/*
 * Sessions in connecting, active or draining whose node stopped its heartbeat before "since" or
 * started anew: of all tenants, an array of struct voice_session.
 */
bool sessions_orphaned(struct work *work, instant since, int64_t limit, struct rows *sessions);

/* The last record of a node's spool that was applied to the session; smaller numbers are ignored.
 */
bool session_spool_applied(struct work *work, uid id, int64_t spool_seq);

#endif
