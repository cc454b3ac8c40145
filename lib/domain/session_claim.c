#include "domain/agents.h"
#include "domain/call_setup.h"
#include "domain/call_state.h"
#include "domain/calls.h"
#include "domain/events.h"
#include "domain/sessions.h"
#include "domain/tokens.h"

#include <string.h>

enum { CLOCKS_DIFFER_MS = 30 * 1000 };

/* A claim with what its token says, and where the answer goes. */
struct claiming {
    const struct claim *claim;
    struct token token;
    hash256 hash;
    struct voice_session *session;
    struct call *call;
    struct agent_version *version;
};

static bool refuse(struct work *work)
{
    return fail(work, UNAUTHENTICATED, "The token is not valid, or was used");
}

/* The one statement that decides who gets the session. */
static bool take(struct work *work, const struct claiming *claiming)
{
    static const char sql[] =
        "UPDATE voice_sessions SET state = 'connecting', state_rank = 20, node_id = ?,"
        " node_epoch = ?, stream_sid = COALESCE(?, stream_sid),"
        " relay_sid = COALESCE(?, relay_sid), connected_at = ?, updated_at = ?, rev = rev + 1"
        " WHERE token_hash = ? AND tenant_id = ? AND id = ? AND call_id = ?"
        " AND state = 'pending' AND token_expires_at > ?";
    const struct claim *claim = claiming->claim;
    const char *stream_sid = claim->relay ? NULL : claim->stream_sid;
    const char *relay_sid = claim->relay ? claim->stream_sid : NULL;
    const bytes hash = {claiming->hash.bytes, sizeof claiming->hash.bytes};
    instant now = clock_now(), latest = instant_after(now, -CLOCKS_DIFFER_MS);
    const struct param params[] = {
        PARAM(claim->node_id),
        PARAM(claim->node_epoch),
        PARAM(stream_sid),
        PARAM(relay_sid),
        PARAM(now),
        PARAM(now),
        PARAM(hash),
        PARAM(work->tenant),
        PARAM(claiming->token.session),
        PARAM(claiming->token.call),
        PARAM(latest),
    };
    uint64_t changed;

    return db_execute(work, sql, params, COUNT(params), &changed) && (changed == 1 || refuse(work));
}

/* The stream must be of the call that the token was made for; an ordered call may learn its SID. */
static bool is_same_call(struct work *work, const struct claiming *claiming)
{
    const char *sid = claiming->claim->call_sid;
    struct call *call = claiming->call;
    char provisional[SID_SIZE];

    if (!sid)
        return refuse(work);
    if (strcmp(sid, call->call_sid) == 0)
        return true;
    sid_write("CA", call->id, provisional);
    if (strcmp(call->call_sid, provisional) != 0)
        return refuse(work);
    if (!call_learn_sid(work, call->id, sid))
        return false;
    call->call_sid = arena_text(&work->arena, sid);
    return true;
}

static bool note(struct work *work, const struct claiming *claiming)
{
    const struct claim *claim = claiming->claim;
    struct call_news answered = NO_NEWS;

    answered.state = "in_progress";
    if (claim->stream_sid &&
        !call_alias_put(work, claim->stream_sid, claim->relay ? "relay_sid" : "stream_sid",
                        claiming->call->id, claiming->session->id))
        return false;
    return call_apply(work, claiming->call->id, &answered, NULL) &&
           call_tell_started(work, claiming->call->id) &&
           event_put(work, claiming->call->id, claiming->session->id, "session.connected", "media",
                     NULL);
}

static bool claim_step(struct work *work, void *with)
{
    struct claiming *claiming = with;

    return take(work, claiming) && session_get(work, claiming->token.session, claiming->session) &&
           call_get(work, claiming->token.call, claiming->call) && is_same_call(work, claiming) &&
           note(work, claiming) && call_get(work, claiming->token.call, claiming->call);
}

bool session_claim(struct work *work, const struct claim *claim, struct voice_session *session,
                   struct call *call, struct agent_version *version)
{
    struct claiming claiming = {
        .claim = claim, .session = session, .call = call, .version = version};

    if (!token_read(work, claim->relay ? TOKEN_RELAY : TOKEN_STREAM, claim->token, &claiming.token))
        return false;
    claiming.hash = token_hash(claim->token);
    work->tenant = claiming.token.tenant_id;
    return db_transaction(work, claim_step, &claiming) &&
           agent_version_find(work, session->agent_version_id, version);
}
