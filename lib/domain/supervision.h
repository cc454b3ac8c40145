/*
 * domain/supervision.h - a supervisor's hand on a live session (reference 1.15, 5.9).
 *
 * What was ordered is written down twice in one transaction: as supervisor_actions, for those who
 * ask later, and as session_commands, for the node.  The post to the node's control listener makes
 * it immediate; then the command's row is watched for what came of it.
 */
#ifndef DOMAIN_SUPERVISION_H
#define DOMAIN_SUPERVISION_H

#include "db/store.h"
#include "domain/sessions.h"

struct supervisor_action {
    int64_t tenant_id;
    uid id, call_id, session_id;
    const char *stream_sid, *call_sid;
    const char *action; /* monitor, whisper, barge, escalate, end, say, dtmf, context, clarify */
    const char *supervisor, *origin, *target, *note, *reason;
    uid command_id;
    document metadata;
    instant created_at;
};

extern const struct entity supervisor_action_entity;

/* What is wanted, and by whom. */
struct human_wish;

struct supervision {
    const char *action;             /* kind of the command: as above, and transfer */
    const char *origin;             /* stateset, phony, thruai, twilio, console */
    const char *supervisor;         /* who; NULL: the origin */
    const char *target;             /* whom to dial: escalate, transfer, and barge by phone */
    bool warm;                      /* whoever answers is told first, and may decline */
    const struct human_wish *human; /* escalate: how "target" is called, and that the caller waits
                                       for it and comes back to the agent; NULL: as usual */
    const char *note, *reason; /* note: what is said, whispered, pressed, or told to the human */
};

/* What came of it. */
struct supervised {
    uid command, handoff;
    bool is_queued;     /* the node has not taken it up yet */
    const char *ticket; /* monitor, and barge by socket: what opens "url", once, within a minute */
    const char *url;
};

/*
 * Orders it, and waits up to two seconds for its node.  NOT_FOUND: the session is over or nobody's;
 * INVALID: something is missing (fields "note", "target"), or nobody has asked what is answered
 * (clarify); the gate's failures for a target that
 * may not be dialled; WRONG_STATE: the session does not do that; BUSY: its node is gone, and the
 * order with it.
 */
bool supervision_order(struct work *work, const struct voice_session *session,
                       const struct supervision *wanted, struct supervised *done);

/* A session that is under way, as lists show it. */
struct live_session {
    int64_t tenant_id;
    uid id;
    const char *tenant_key, *stream_sid, *call_type, *customer_phone, *agent_name, *greeting;
    const char *org_ref, *escalation_target;
    bool escalated;
    instant started_at;
};

extern const struct entity live_session_entity;

/* Those of work->tenant, oldest first, of all nodes; "everybody": of all tenants. */
bool sessions_live(struct work *work, bool everybody, struct rows *sessions);

/* Whether it is connecting, active or draining. */
bool session_is_live(const struct voice_session *session);

/* What the supervisors did, newest first. */
struct action_filter {
    bool everybody; /* of all tenants, or only of "tenant" if that is not 0 */
    int64_t tenant;
    const char *stream_sid, *action; /* NULL: any; of the five words that all dialects know */
};

/* A page of them: an array of struct supervisor_action. */
bool supervisor_actions_list(struct work *work, const struct action_filter *filter,
                             const struct page *page, struct rows *actions);

#endif
