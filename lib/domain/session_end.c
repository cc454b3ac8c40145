#include "domain/call_state.h"
#include "domain/calls.h"
#include "domain/events.h"
#include "domain/sessions.h"

/* Moves a session forward if it is not there yet; "moved" says whether it was this statement. */
static bool move(struct work *work, uid id, const char *state, bool *moved)
{
    static const char sql[] =
        "UPDATE voice_sessions SET state = ?, state_rank = ?, updated_at = ?, rev = rev + 1"
        " WHERE tenant_id = ? AND id = ? AND state_rank < ?";
    int64_t rank = session_state_rank(state);
    instant now = clock_now();
    const struct param params[] = {PARAM(state),        PARAM(rank), PARAM(now),
                                   PARAM(work->tenant), PARAM(id),   PARAM(rank)};
    uint64_t changed;

    if (!db_execute(work, sql, params, COUNT(params), &changed))
        return false;
    *moved = changed == 1;
    return true;
}

bool session_activate(struct work *work, uid id, instant at)
{
    static const char sql[] = "UPDATE voice_sessions SET connected_at = COALESCE(connected_at, ?)"
                              " WHERE tenant_id = ? AND id = ?";
    const struct param params[] = {PARAM(at), PARAM(work->tenant), PARAM(id)};
    bool moved;

    return move(work, id, "active", &moved) && db_execute(work, sql, params, COUNT(params), NULL);
}

bool session_drain(struct work *work, uid id)
{
    bool moved;

    return move(work, id, "draining", &moved);
}

/* An ending under way. */
struct ending {
    uid id;
    const struct session_end *how;
    instant at;
    bool ended;
    struct voice_session session;
};

/* Pending sessions end too: a call may be over before its stream was ever opened. */
static bool mark_ended(struct work *work, struct ending *ending)
{
    static const char sql[] =
        "UPDATE voice_sessions SET state = 'ended', state_rank = 90, result = ?, ended_at = ?,"
        " duration_ms = COALESCE(?, TIMESTAMPDIFF(MICROSECOND, connected_at, ?) DIV 1000),"
        " model_segments = COALESCE(?, model_segments), updated_at = ?, rev = rev + 1"
        " WHERE tenant_id = ? AND id = ? AND state_rank < 90";
    const struct session_end *how = ending->how;
    instant now = clock_now();
    const struct param params[] = {
        PARAM(how->result),         PARAM(ending->at), PARAM(how->duration_ms), PARAM(ending->at),
        PARAM(how->model_segments), PARAM(now),        PARAM(work->tenant),     PARAM(ending->id),
    };
    uint64_t changed;

    if (!db_execute(work, sql, params, COUNT(params), &changed))
        return false;
    ending->ended = changed == 1;
    return true;
}

static bool end_step(struct work *work, void *with)
{
    struct ending *ending = with;
    struct call_news news = NO_NEWS;

    if (!mark_ended(work, ending))
        return false;
    if (!ending->ended)
        return true;
    news.end_reason = ending->how->end_reason;
    return session_get(work, ending->id, &ending->session) &&
           (!news.end_reason || uid_is_none(ending->session.call_id) ||
            call_apply(work, ending->session.call_id, &news, NULL)) &&
           event_put(work, ending->session.call_id, ending->id, "session.ended", "media", NULL);
}

bool session_end(struct work *work, uid id, const struct session_end *how, bool *ended)
{
    struct ending ending = {
        .id = id, .how = how, .at = instant_is_none(how->at) ? clock_now() : how->at};

    if (!db_transaction(work, end_step, &ending))
        return false;
    if (ended)
        *ended = ending.ended;
    return true;
}

struct loss {
    uid id;
    bool lost;
};

static bool lose_step(struct work *work, void *with)
{
    struct loss *loss = with;
    struct voice_session session;

    return move(work, loss->id, "lost", &loss->lost) &&
           (!loss->lost ||
            (session_get(work, loss->id, &session) &&
             event_put(work, session.call_id, session.id, "session.lost", "platform", NULL)));
}

bool session_lose(struct work *work, uid id, bool *lost)
{
    struct loss loss = {.id = id};

    if (!db_transaction(work, lose_step, &loss))
        return false;
    if (lost)
        *lost = loss.lost;
    return true;
}

bool sessions_expire(struct work *work, instant now, int64_t limit, uint64_t *expired)
{
    static const char sql[] =
        "UPDATE voice_sessions SET state = 'expired', state_rank = 90, updated_at = ?,"
        " rev = rev + 1 WHERE node_id IS NULL AND state = 'pending' AND token_expires_at < ?"
        " LIMIT ?";
    const struct param params[] = {PARAM(now), PARAM(now), PARAM(limit)};

    return db_execute(work, sql, params, COUNT(params), expired);
}

bool sessions_orphaned(struct work *work, instant since, int64_t limit, struct rows *sessions)
{
    const char *sql = arena_format(
        &work->arena,
        "SELECT %s FROM media_nodes AS n JOIN voice_sessions AS s ON s.node_id = n.id"
        " AND s.state IN ('connecting', 'active', 'draining')"
        " WHERE n.role = 'daemon' AND (n.heartbeat_at < ? OR n.epoch <> s.node_epoch) LIMIT ?",
        store_names(work, &voice_session_entity, "s"));
    const struct param params[] = {PARAM(since), PARAM(limit)};

    return db_select(work, sql, params, COUNT(params), &voice_session_entity, sessions);
}

bool session_spool_applied(struct work *work, uid id, int64_t spool_seq)
{
    static const char sql[] = "UPDATE voice_sessions SET spool_seq = ?"
                              " WHERE tenant_id = ? AND id = ? AND spool_seq < ?";
    const struct param params[] = {PARAM(spool_seq), PARAM(work->tenant), PARAM(id),
                                   PARAM(spool_seq)};

    return db_execute(work, sql, params, COUNT(params), NULL);
}
