#include "domain/call_overviews.h"

#include "core/text.h"

static const struct column columns_of_overview[] = {
    COLUMN(call_overview, tenant_id, NOT_NULL),        COLUMN(call_overview, id, NOT_NULL),
    COLUMN(call_overview, call_sid, NOT_NULL),         COLUMN(call_overview, agent_id, NULLABLE),
    COLUMN(call_overview, from_addr, NULLABLE),        COLUMN(call_overview, to_addr, NULLABLE),
    COLUMN(call_overview, direction, NOT_NULL),        COLUMN(call_overview, state, NOT_NULL),
    COLUMN(call_overview, started_at, NOT_NULL),       COLUMN(call_overview, ended_at, NULLABLE),
    COLUMN(call_overview, duration_seconds, NULLABLE), COLUMN(call_overview, cost_micros, NULLABLE),
    COLUMN(call_overview, context, NOT_NULL),
};

const struct entity call_overview_entity = ENTITY(call_overview, "call", NULL, columns_of_overview);

#define OVERVIEW                                                                                   \
    "SELECT c.tenant_id, COALESCE((SELECT s.id FROM voice_sessions AS s"                           \
    " WHERE s.tenant_id = c.tenant_id AND s.call_id = c.id AND s.state <> 'expired'"               \
    " ORDER BY s.id DESC LIMIT 1), c.id) AS id, c.call_sid, c.agent_id, c.from_addr, c.to_addr,"   \
    " c.direction, c.state, c.started_at, c.ended_at, c.duration_seconds, c.cost_micros,"          \
    " c.context FROM "
#define NEWEST_FIRST " ORDER BY c.started_at DESC, c.id DESC"

/* ---- under way ---- */

/* Rows that were written but not ordered count for as long as an order takes. */
enum { MOST_ACTIVE = 10000, ORDERING_MS = 2 * 60 * 1000 };

bool calls_active(struct work *work, uid agent, struct rows *calls)
{
    static const char sql[] =
        OVERVIEW "calls AS c WHERE c.tenant_id = ?"
                 " AND (c.state IN ('queued', 'initiated', 'ringing', 'in_progress')"
                 " OR c.state = 'created' AND c.started_at > ? AND c.scheduled_at IS NULL)"
                 " AND (? OR c.agent_id = ?)" NEWEST_FIRST " LIMIT ?";
    instant ordering = instant_after(clock_now(), -ORDERING_MS);
    bool of_any = uid_is_none(agent);
    int64_t most = MOST_ACTIVE;
    const struct param params[] = {PARAM(work->tenant), PARAM(ordering), PARAM(of_any),
                                   PARAM(agent), PARAM(most)};

    return db_select(work, sql, params, COUNT(params), &call_overview_entity, calls);
}

/* ---- over ---- */

struct conditions {
    struct text sql;
    struct param params[8];
    size_t count;
};

static void add(struct conditions *conditions, const char *sql, struct param param)
{
    text_put(&conditions->sql, sql);
    conditions->params[conditions->count++] = param;
}

/* All of it stands in the index. */
static struct conditions conditions_of(struct work *work, const struct call_history *history)
{
    struct conditions conditions = {.sql = {.arena = &work->arena}};

    text_add(&conditions.sql,
             " FROM calls FORCE INDEX (%s)"
             " WHERE state IN ('completed', 'busy', 'no_answer', 'failed', 'canceled')",
             uid_is_none(history->agent) ? "ix_figures" : "ix_agent_figures");
    add(&conditions, " AND tenant_id = ?", (struct param)PARAM(work->tenant));
    if (!uid_is_none(history->agent))
        add(&conditions, " AND agent_id = ?", (struct param)PARAM(history->agent));
    if (!instant_is_none(history->from))
        add(&conditions, " AND started_at >= ?", (struct param)PARAM(history->from));
    if (!instant_is_none(history->to))
        add(&conditions, " AND started_at < ?", (struct param)PARAM(history->to));
    return conditions;
}

/* Who pages on sees that there is more, however far down. */
static bool count(struct work *work, struct conditions conditions,
                  const struct call_history *history, int64_t *total)
{
    int64_t beyond = history->skip + history->size + 1;
    int64_t most = beyond > CALL_HISTORY_COUNTED ? beyond : CALL_HISTORY_COUNTED;
    const char *sql;

    add(&conditions, " LIMIT ?", (struct param)PARAM(most));
    sql =
        arena_format(&work->arena, "SELECT COUNT(*) FROM (SELECT 1%s) AS ended", conditions.sql.at);
    return db_number(work, sql, conditions.params, conditions.count, 0, total);
}

static bool page(struct work *work, struct conditions conditions,
                 const struct call_history *history, struct rows *calls)
{
    const char *sql;

    text_put(&conditions.sql, " ORDER BY started_at DESC, id DESC");
    add(&conditions, " LIMIT ?", (struct param)PARAM(history->size));
    add(&conditions, " OFFSET ?", (struct param)PARAM(history->skip));
    sql = arena_format(&work->arena,
                       OVERVIEW "(SELECT tenant_id, id%s) AS k JOIN calls AS c"
                                " ON c.tenant_id = k.tenant_id AND c.id = k.id" NEWEST_FIRST,
                       conditions.sql.at);
    return db_select(work, sql, conditions.params, conditions.count, &call_overview_entity, calls);
}

bool calls_ended(struct work *work, const struct call_history *history, struct rows *calls,
                 int64_t *total)
{
    return count(work, conditions_of(work, history), history, total) &&
           page(work, conditions_of(work, history), history, calls);
}
