#include "domain/orphans.h"

#include <string.h>

#include "core/log.h"
#include "domain/call_state.h"
#include "domain/calls.h"
#include "domain/finalise.h"
#include "domain/nodes.h"
#include "domain/silent_calls.h"

/* So long a node that started anew has to apply what its predecessor left in the spool. */
enum { SPOOL_REPLAY_MS = 15 * 1000 };

/* What became of the process that held a session. */
enum holder { HOLDER_SILENT, HOLDER_REPLACED, HOLDER_GONE };

static bool find_holder(struct work *work, const struct voice_session *session, enum holder *holder)
{
    struct media_node node;

    if (!node_by_id(work, session->node_id, &node))
        return false;
    if (node.epoch == session->node_epoch)
        *holder = HOLDER_SILENT;
    else
        *holder =
            clock_now().ms - node.started_at.ms < SPOOL_REPLAY_MS ? HOLDER_REPLACED : HOLDER_GONE;
    return true;
}

static bool is_over_long(const struct call *call)
{
    return call_state_is_terminal(call->state) && !instant_is_none(call->ended_at) &&
           clock_now().ms - call->ended_at.ms >= FINALISE_AFTER_MS;
}

/* Asks about a leg that may go on; a carrier that does not answer leaves it as it is. */
static bool listen(struct work *work, const struct call *call)
{
    struct error error = work->error;
    bool ours;

    if (call_state_is_terminal(call->state) || strcmp(call->carrier, "none") == 0)
        return true;
    if (!call_take_turn(work, call->id, &ours))
        return false;
    if (!ours || call_ask_carrier(work, call->id, NULL))
        return true;
    if (work->error.what == BUSY)
        return false;
    work->error = error;
    return true;
}

static bool end_lost(struct work *work, const struct voice_session *session)
{
    static const struct session_end how = {
        .result = "failed",
        .end_reason = "node_lost",
        .at = {INT64_MIN},
        .duration_ms = NO_INTEGER,
        .model_segments = NO_INTEGER,
    };

    return session_end(work, session->id, &how, NULL) &&
           (uid_is_none(session->call_id) || call_finalise(work, session->call_id, NULL));
}

/* A call that goes on may get another session; one that is over gets none. */
static bool give_up(struct work *work, const struct voice_session *session, bool over, bool *lost)
{
    if (!session_lose(work, session->id, lost))
        return false;
    if (*lost)
        log_warning(work, "session.lost", "node=%lld epoch=%lld", (long long)session->node_id,
                    (long long)session->node_epoch);
    return !over || end_lost(work, session);
}

bool orphan_settle(struct work *work, const struct voice_session *session, bool *lost)
{
    bool no_call = uid_is_none(session->call_id), ignored;
    enum holder holder;
    struct call call;

    lost = lost ? lost : &ignored;
    *lost = false;
    if (!find_holder(work, session, &holder) ||
        (!no_call && !call_get(work, session->call_id, &call)))
        return false;
    if (holder == HOLDER_REPLACED)
        return true;
    if (holder == HOLDER_GONE)
        return give_up(work, session, no_call || call_state_is_terminal(call.state), lost);
    if (no_call)
        return true;
    return is_over_long(&call) ? give_up(work, session, true, lost) : listen(work, &call);
}
