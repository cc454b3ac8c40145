#include "domain/finalise.h"

#include <string.h>

#include "domain/call_state.h"
#include "domain/finalise_parts.h"
#include "domain/rooms.h"
#include "domain/taskrouter/links.h"

/* What is known of a call's sessions, in one row. */
struct sessions_summary {
    int64_t open;        /* connecting, active, draining */
    int64_t lost;        /* lost, and not continued yet */
    int64_t transferred; /* ended by a transfer: the call goes on without us */
    instant ended_at;    /* when the last of them ended; none when none did */
};

static const struct column columns_of_summary[] = {
    COLUMN(sessions_summary, open, NOT_NULL),
    COLUMN(sessions_summary, lost, NOT_NULL),
    COLUMN(sessions_summary, transferred, NOT_NULL),
    COLUMN(sessions_summary, ended_at, NULLABLE),
};

static const struct entity summary_entity =
    ENTITY(sessions_summary, "session", NULL, columns_of_summary);

static bool summarise(struct work *work, uid call, struct sessions_summary *summary)
{
    static const char sql[] =
        "SELECT COUNT(IF(state IN ('connecting', 'active', 'draining'), 1, NULL)) AS open,"
        " COUNT(IF(state = 'lost', 1, NULL)) AS lost,"
        " COUNT(IF(result = 'transferred', 1, NULL)) AS transferred,"
        " MAX(IF(state = 'ended', ended_at, NULL)) AS ended_at"
        " FROM voice_sessions WHERE tenant_id = ? AND call_id = ?";
    const struct param params[] = {PARAM(work->tenant), PARAM(call)};

    row_clear(&summary_entity, summary);
    return db_find(work, sql, params, COUNT(params), &summary_entity, summary);
}

static bool is_long_ago(instant when, instant now)
{
    return !instant_is_none(when) && now.ms - when.ms >= FINALISE_AFTER_MS;
}

/*
 * Both sides are over, or one has been for a minute.  A call that was passed on to a human goes on
 * without a session of ours, and so does one that a customer's TwiML took over, so then only the
 * carrier knows its end.
 */
static bool is_due(const struct call *call, const struct sessions_summary *sessions, instant now)
{
    if (!instant_is_none(call->finalized_at))
        return false;
    if (call_state_is_terminal(call->state))
        return sessions->open == 0 || is_long_ago(call->ended_at, now);
    return strcmp(call->media_mode, "none") != 0 && sessions->open == 0 && sessions->lost == 0 &&
           sessions->transferred == 0 && is_long_ago(sessions->ended_at, now);
}

/* Whoever changes this row finalises the call; everybody else waits for it and then sees zero. */
static bool guard(struct work *work, struct finalising *f)
{
    static const char sql[] = "UPDATE calls SET finalized_at = ?, updated_at = ?, rev = rev + 1"
                              " WHERE tenant_id = ? AND id = ? AND finalized_at IS NULL";
    const struct param params[] = {PARAM(f->now), PARAM(f->now), PARAM(work->tenant), PARAM(f->id)};
    uint64_t changed;

    if (!db_execute(work, sql, params, COUNT(params), &changed))
        return false;
    f->done = changed == 1;
    return true;
}

/* The carrier never said how it ended, so it ended when its last session did. */
static bool end_call(struct work *work, const struct finalising *f,
                     const struct sessions_summary *sessions)
{
    struct call_news news = NO_NEWS;

    news.state = "completed";
    news.at = sessions->ended_at;
    return call_state_is_terminal(f->call.state) || call_apply(work, f->id, &news, NULL);
}

/* Sessions that never connected expire; those whose node is gone end as failed. */
static bool close_sessions(struct work *work, const struct finalising *f)
{
    static const char sql[] =
        "UPDATE voice_sessions SET result = IF(state = 'pending', NULL, 'failed'),"
        " ended_at = COALESCE(ended_at, ?), state_rank = 90,"
        " state = IF(state = 'pending', 'expired', 'ended'), updated_at = ?, rev = rev + 1"
        " WHERE tenant_id = ? AND call_id = ? AND state_rank < 90";
    const struct param params[] = {PARAM(f->now), PARAM(f->now), PARAM(work->tenant), PARAM(f->id)};

    return db_execute(work, sql, params, COUNT(params), NULL);
}

/* Tools that ran when the session ended will never answer; handoffs and what TaskRouter has of the
 * call end with it. */
static bool close_loose_ends(struct work *work, const struct finalising *f)
{
    static const char tools[] = "UPDATE tool_invocations SET status = 'error', error = 'node_lost'"
                                " WHERE tenant_id = ? AND call_id = ? AND status = 'running'";
    static const char handoffs[] =
        "UPDATE handoffs SET ended_at = ?,"
        " state = IF(state = 'bridged', 'completed', 'canceled'), updated_at = ?, rev = rev + 1"
        " WHERE tenant_id = ? AND call_id = ?"
        " AND state IN ('requested', 'dialing', 'ringing', 'briefing', 'bridged')";
    const struct param params[] = {PARAM(f->now), PARAM(f->now), PARAM(work->tenant), PARAM(f->id)};

    return db_execute(work, tools, params + 2, 2, NULL) &&
           db_execute(work, handoffs, params, COUNT(params), NULL) &&
           tr_link_call_over(work, &f->call);
}

static bool read_all(struct work *work, struct finalising *f)
{
    f->has_session = session_of_call(work, f->id, &f->session);
    if (!f->has_session && work->error.what != NOT_FOUND)
        return false;
    return call_recount(work, f->id) && call_get(work, f->id, &f->call) &&
           turns_of_call(work, f->id, &f->turns);
}

/* One transaction behind the guard; what is not due yet, or was done, is left as it is. */
static bool finalise_step(struct work *work, void *with)
{
    struct finalising *f = with;
    struct sessions_summary sessions;

    f->done = false;
    if (!call_get(work, f->id, &f->call) || !summarise(work, f->id, &sessions))
        return false;
    if (!is_due(&f->call, &sessions, f->now))
        return true;
    if (!guard(work, f))
        return false;
    if (!f->done)
        return true;
    return end_call(work, f, &sessions) && close_sessions(work, f) && close_loose_ends(work, f) &&
           room_settle(work, f->call.room_id, f->now) && read_all(work, f) &&
           finalise_decide(work, f) && finalise_record(work, f) && finalise_tell(work, f);
}

bool call_finalise(struct work *work, uid call, bool *done)
{
    struct finalising f = {.id = call, .now = clock_now()};

    if (!db_transaction(work, finalise_step, &f))
        return false;
    if (done)
        *done = f.done;
    return true;
}

static const struct column columns_of_due[] = {
    COLUMN(finalise_due, tenant_id, NOT_NULL),
    COLUMN(finalise_due, id, NOT_NULL),
};

static const struct entity due_entity = ENTITY(finalise_due, "call", NULL, columns_of_due);

enum { SWEEP_BACK_MS = 7 * 24 * 60 * 60 * 1000 }; /* what is older was given up */

/* Ended calls nobody finalised, and live ones all of whose sessions ended. */
bool calls_due_for_finalise(struct work *work, instant now, int64_t limit, struct rows *keys)
{
    static const char sql[] =
        "SELECT tenant_id, id FROM calls AS c WHERE state_rank = 90 AND updated_at < ?"
        " AND updated_at > ? AND finalized_at IS NULL"
        " UNION ALL SELECT tenant_id, id FROM calls AS c WHERE state_rank = 60 AND updated_at < ?"
        " AND finalized_at IS NULL AND media_mode <> 'none' AND EXISTS (SELECT 1 FROM "
        "voice_sessions AS s"
        " WHERE s.tenant_id = c.tenant_id AND s.call_id = c.id AND s.state = 'ended')"
        " AND NOT EXISTS (SELECT 1 FROM voice_sessions AS s WHERE s.tenant_id = c.tenant_id"
        " AND s.call_id = c.id AND (s.state_rank < 90 OR s.result = 'transferred')) LIMIT ?";
    instant before = instant_after(now, -FINALISE_AFTER_MS);
    instant after = instant_after(now, -SWEEP_BACK_MS);
    const struct param params[] = {PARAM(before), PARAM(after), PARAM(before), PARAM(limit)};

    return db_select(work, sql, params, COUNT(params), &due_entity, keys);
}
