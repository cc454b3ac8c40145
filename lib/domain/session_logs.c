#include "domain/session_logs.h"

#include <string.h>

#include "core/text.h"
#include "domain/call_search.h"
#include "domain/invocations.h"
#include "domain/sessions.h"
#include "domain/turns.h"
#include "domain/words.h"

static const struct column columns_of_log[] = {
    COLUMN(session_log, tenant_id, NOT_NULL),
    COLUMN(session_log, id, NOT_NULL),
    COLUMN(session_log, stream_id, NOT_NULL),
    COLUMN(session_log, call_sid, NULLABLE),
    COLUMN(session_log, call_type, NULLABLE),
    COLUMN(session_log, customer_phone, NULLABLE),
    COLUMN(session_log, agent_name, NULLABLE),
    COLUMN(session_log, model, NULLABLE),
    COLUMN(session_log, voice, NULLABLE),
    COLUMN(session_log, org_ref, NULLABLE),
    COLUMN(session_log, list_status, NOT_NULL),
    COLUMN(session_log, summary, NULLABLE),
    COLUMN(session_log, sentiment, NULLABLE),
    COLUMN(session_log, rating, NULLABLE),
    COLUMN(session_log, turn_count, NOT_NULL),
    COLUMN(session_log, duration_ms, NULLABLE),
    COLUMN(session_log, tags, NOT_NULL),
    COLUMN(session_log, vad_events, NOT_NULL),
    COLUMN(session_log, metadata, NOT_NULL),
    COLUMN(session_log, imported_transcript, NULLABLE),
    COLUMN(session_log, imported_functions, NULLABLE),
    COLUMN(session_log, started_at, NOT_NULL),
    COLUMN(session_log, ended_at, NULLABLE),
    COLUMN(session_log, created_at, NOT_NULL),
    COLUMN(session_log, updated_at, NOT_NULL),
};

const struct entity session_log_entity = ENTITY(session_log, "voice session", NULL, columns_of_log);

static const char *const statuses[] = {"active", "completed", "transferred", "failed", NULL};
static const char *const sorts[] = {"asc", "desc", NULL};

static const struct column columns_of_filter[] = {
    COLUMN(session_log_filter, status, NULLABLE, .one_of = statuses),
    COLUMN(session_log_filter, search, NULLABLE, .max = 200),
    COLUMN(session_log_filter, sort, NULLABLE, .one_of = sorts),
    COLUMN(session_log_filter, stream_id, NULLABLE, .max = 64),
    COLUMN(session_log_filter, agent_key, NULLABLE, .max = 80),
    COLUMN(session_log_filter, started_after, NULLABLE),
};

const struct entity session_log_filter_entity =
    ENTITY(session_log_filter, "filter of sessions", NULL, columns_of_filter);

#define SELECT_LOGS                                                                                \
    "SELECT s.tenant_id, s.id, COALESCE(s.stream_sid, CONCAT('MZ', LOWER(HEX(s.id)))) AS"          \
    " stream_id, COALESCE(c.call_sid, s.imported_call_sid) AS call_sid, s.call_type,"              \
    " s.customer_phone, s.agent_name, s.model, s.voice, s.org_ref, s.list_status,"                 \
    " COALESCE(s.summary, c.summary) AS summary, COALESCE(s.sentiment, c.sentiment) AS"            \
    " sentiment, s.rating, s.turn_count, s.duration_ms, s.tags, s.vad_events, s.metadata,"         \
    " s.imported_transcript, s.imported_functions, s.started_at, s.ended_at, s.created_at,"        \
    " s.updated_at"
#define FROM_SESSIONS " FROM voice_sessions AS s"
#define JOIN_CALLS " LEFT JOIN calls AS c ON c.tenant_id = s.tenant_id AND c.id = s.call_id"

/* ---- what was said and done in those that are shown ---- */

/* Few statements for any number of sessions: the last key fills the places that are left. */
static const size_t places[] = {1, 10, 50, 200};

/* "(?, ?, …)" and the parameters: the tenant and the sessions from "logs" on. */
static size_t put_keys(struct text *sql, struct param *params, const struct work *work,
                       const struct session_log *logs, size_t count)
{
    size_t n = 0;

    while (places[n] < count)
        n++;
    params[0] = (struct param)PARAM(work->tenant);
    for (size_t i = 0; i < places[n]; i++) {
        text_put(sql, i ? ", ?" : "(?");
        params[1 + i] = (struct param)PARAM(logs[i < count ? i : count - 1].id);
    }
    text_char(sql, ')');
    return 1 + places[n];
}

/* Rows of one session follow each other; "of" reads whose a row is. */
static void share_out(struct session_log *logs, size_t count, const struct rows *all, size_t size,
                      uid (*of)(const void *row), struct rows *(*into)(struct session_log *log))
{
    for (size_t i = 0; i < count; i++)
        *into(&logs[i]) = (struct rows){NULL, 0};
    for (size_t i = 0; i < all->count; i++) {
        char *row = (char *)all->at + i * size;

        for (size_t k = 0; k < count; k++)
            if (uid_equal(logs[k].id, of(row))) {
                struct rows *rows = into(&logs[k]);

                if (!rows->at)
                    rows->at = row;
                rows->count++;
                break;
            }
    }
}

static uid session_of_turn(const void *row)
{
    return ((const struct turn *)row)->session_id;
}

static uid session_of_invocation(const void *row)
{
    return ((const struct invocation *)row)->session_id;
}

static struct rows *turns_of(struct session_log *log)
{
    return &log->turns;
}

static struct rows *invocations_of(struct session_log *log)
{
    return &log->invocations;
}

enum { MOST_LOGS = 200 };

static bool fill(struct work *work, struct session_log *logs, size_t count)
{
    struct text turns = {.arena = &work->arena}, tools = {.arena = &work->arena};
    struct param params[1 + MOST_LOGS];
    struct rows said, done;
    size_t n;

    if (count == 0)
        return true;
    text_put(&turns, "SELECT session_id, seq, role, text, occurred_at FROM call_turns"
                     " WHERE tenant_id = ? AND role <> 'tool' AND session_id IN ");
    n = put_keys(&turns, params, work, logs, count);
    text_put(&turns, " ORDER BY session_id, seq");
    text_add(&tools, "SELECT %s FROM tool_invocations WHERE tenant_id = ? AND session_id IN ",
             store_names(work, &invocation_entity, NULL));
    put_keys(&tools, params, work, logs, count);
    text_put(&tools, " ORDER BY session_id, id");
    if (!db_select(work, turns.at, params, n, &turn_entity, &said) ||
        !db_select(work, tools.at, params, n, &invocation_entity, &done))
        return false;
    share_out(logs, count, &said, sizeof(struct turn), session_of_turn, turns_of);
    share_out(logs, count, &done, sizeof(struct invocation), session_of_invocation, invocations_of);
    return true;
}

/* ---- lists ---- */

enum { MOST_PARAMS = 16 };

/* A list's conditions while they are put together. */
struct listing {
    struct work *work;
    const struct session_log_filter *filter;
    struct text where;
    struct param params[MOST_PARAMS];
    size_t nparams;
    struct call_search search;
};

static void narrow(struct listing *l, const char *condition, const struct param *value)
{
    text_put(&l->where, condition);
    l->params[l->nparams++] = *value;
}

/* The keys of texts are those of calls, or of sessions that had no call of ours. */
static void narrow_by_search(struct listing *l)
{
    narrow(l, " AND (CONVERT(s.customer_phone USING utf8mb4) LIKE ?",
           &(struct param)PARAM(l->search.like)); /* an ASCII column compares with ASCII alone */
    narrow(l, " OR s.agent_name LIKE ?", &(struct param)PARAM(l->search.like));
    narrow(l, " OR s.summary LIKE ?", &(struct param)PARAM(l->search.like));
    narrow(l, " OR c.summary LIKE ?", &(struct param)PARAM(l->search.like));
    narrow(l,
           " OR COALESCE(s.call_id, s.id) IN (SELECT said.id FROM (SELECT DISTINCT x.call_id AS id"
           " FROM call_texts AS x WHERE x.tenant_id = ?",
           &(struct param)PARAM(l->work->tenant));
    if (l->search.words)
        narrow(l, " AND MATCH (x.body, x.tenant_term) AGAINST (? IN BOOLEAN MODE)",
               &(struct param)PARAM(l->search.words));
    narrow(l, " AND x.body LIKE ?) AS said))", &(struct param)PARAM(l->search.like));
}

static const char *index_of(const struct session_log_filter *filter)
{
    return filter->agent_key ? "ix_agent" : filter->status ? "ix_list_status" : "ix_started";
}

static bool put_conditions(struct listing *l)
{
    const struct session_log_filter *filter = l->filter;

    if (filter->search && !call_search_read(l->work, "search", filter->search, &l->search))
        return false;
    if (!filter->stream_id)
        text_add(&l->where, " FORCE INDEX (%s)", index_of(filter));
    text_put(&l->where, JOIN_CALLS);
    narrow(l, " WHERE s.tenant_id = ?", &(struct param)PARAM(l->work->tenant));
    if (filter->stream_id)
        narrow(l, " AND s.stream_sid = ?", &(struct param)PARAM(filter->stream_id));
    if (filter->status)
        narrow(l, " AND s.list_status = ?", &(struct param)PARAM(filter->status));
    if (filter->agent_key) {
        narrow(l, " AND s.agent_id = (SELECT a.id FROM agents AS a WHERE a.tenant_id = ?",
               &(struct param)PARAM(l->work->tenant));
        narrow(l, " AND a.agent_key = ?)", &(struct param)PARAM(filter->agent_key));
    }
    if (!instant_is_none(filter->started_after))
        narrow(l, " AND s.started_at > ?", &(struct param)PARAM(filter->started_after));
    if (filter->search)
        narrow_by_search(l);
    return true;
}

/* Who pages on sees that there is more, however far down. */
static bool count(struct listing l, int64_t beyond, int64_t *total)
{
    int64_t most = beyond > SESSION_LOGS_COUNTED ? beyond : SESSION_LOGS_COUNTED;
    const char *sql = arena_format(
        &l.work->arena, "SELECT COUNT(*) FROM (SELECT 1" FROM_SESSIONS "%s LIMIT ?) AS counted",
        l.where.at);

    l.params[l.nparams] = (struct param)PARAM(most);
    return db_number(l.work, sql, l.params, l.nparams + 1, 0, total);
}

bool session_logs_list(struct work *work, const struct session_log_filter *filter,
                       const struct page *page, struct rows *logs, int64_t *total)
{
    struct listing l = {.work = work, .filter = filter, .where.arena = &work->arena};
    const char *way = filter->sort && strcmp(filter->sort, "asc") == 0 ? "" : " DESC";
    int64_t size = (int64_t)page->size, skip = (int64_t)page->skip;

    if (!put_conditions(&l) || !count(l, skip + size + 1, total))
        return false;
    l.params[l.nparams++] = (struct param)PARAM(size);
    l.params[l.nparams++] = (struct param)PARAM(skip);
    return db_select(work,
                     arena_format(&work->arena,
                                  SELECT_LOGS FROM_SESSIONS
                                  "%s ORDER BY s.started_at%s, s.id%s LIMIT ? OFFSET ?",
                                  l.where.at, way, way),
                     l.params, l.nparams, &session_log_entity, logs) &&
           fill(work, logs->at, logs->count);
}

/* ---- one ---- */

bool session_log_get(struct work *work, uid id, struct session_log *log)
{
    static const char sql[] =
        SELECT_LOGS FROM_SESSIONS JOIN_CALLS " WHERE s.tenant_id = ? AND s.id = ?";
    const struct param params[] = {PARAM(work->tenant), PARAM(id)};

    return db_find(work, sql, params, COUNT(params), &session_log_entity, log) &&
           fill(work, log, 1);
}

bool session_log_by_stream(struct work *work, const char *stream, struct session_log *log)
{
    static const char sql[] =
        SELECT_LOGS FROM_SESSIONS JOIN_CALLS " WHERE s.tenant_id = ? AND s.stream_sid = ?";
    const struct param params[] = {PARAM(work->tenant), PARAM(stream)};
    struct voice_session session;

    if (db_find(work, sql, params, COUNT(params), &session_log_entity, log))
        return fill(work, log, 1);
    if (work->error.what != NOT_FOUND || !word_sid(stream))
        return false;
    return session_resolve(work, stream, &session) && session_log_get(work, session.id, log);
}
