#include "domain/call_figures.h"

#include <stdlib.h>
#include <string.h>

#include "core/text.h"
#include "domain/tenants.h"

enum { SECOND_MS = 1000, DAY_MS = 24 * 3600 * SECOND_MS };

static const struct column columns_of_agent[] = {
    COLUMN(agent_figures, agent_id, NOT_NULL),
    COLUMN(agent_figures, name, NOT_NULL),
    COLUMN(agent_figures, calls, NOT_NULL),
    COLUMN(agent_figures, minutes, NOT_NULL),
};

const struct entity agent_figures_entity =
    ENTITY(agent_figures, "agent's figures", NULL, columns_of_agent);

static const struct column columns_of_day[] = {
    COLUMN(day_figures, date, NOT_NULL),
    COLUMN(day_figures, calls, NOT_NULL),
    COLUMN(day_figures, minutes, NOT_NULL),
};

const struct entity day_figures_entity = ENTITY(day_figures, "day's figures", NULL, columns_of_day);

/* What calls of one agent in one hour, or on one day, add up to. */
struct sum {
    uid agent_id;
    int64_t part; /* the hour, or the day since 1970 */
    int64_t calls, ended, completed, timed, seconds, minutes;
};

static const struct column columns_of_sum[] = {
    COLUMN(sum, agent_id, NULLABLE), COLUMN(sum, part, NOT_NULL),      COLUMN(sum, calls, NOT_NULL),
    COLUMN(sum, ended, NOT_NULL),    COLUMN(sum, completed, NOT_NULL), COLUMN(sum, timed, NOT_NULL),
    COLUMN(sum, seconds, NOT_NULL),  COLUMN(sum, minutes, NOT_NULL),
};

static const struct entity sum_entity = ENTITY(sum, "sum of calls", NULL, columns_of_sum);

/* ---- figures of figures ---- */

double call_figures_success(const struct call_figures *figures)
{
    return figures->ended ? (double)figures->completed / (double)figures->ended : 0;
}

int64_t call_figures_average(const struct call_figures *figures)
{
    return figures->timed ? (figures->seconds + figures->timed / 2) / figures->timed : 0;
}

int64_t busiest_hour(const int64_t by_hour[HOURS_OF_DAY])
{
    int64_t busiest = 0;

    for (int64_t hour = 1; hour < HOURS_OF_DAY; hour++)
        if (by_hour[hour] > by_hour[busiest])
            busiest = hour;
    return by_hour[busiest] ? busiest : NO_INTEGER;
}

static void add(struct call_figures *figures, const struct sum *sum)
{
    figures->calls += sum->calls;
    figures->ended += sum->ended;
    figures->completed += sum->completed;
    figures->timed += sum->timed;
    figures->seconds += sum->seconds;
    figures->minutes += sum->minutes;
}

/* ---- reading ---- */

/* clang-format off */
#define AS_NUMBER(expression, name) " CAST(COALESCE(" expression ", 0) AS SIGNED) AS " name
#define SUMS(index)                                                                                \
    " COUNT(*) AS calls,"                                                                          \
    AS_NUMBER("SUM(state IN ('completed', 'busy', 'no_answer', 'failed', 'canceled'))", "ended") ","\
    AS_NUMBER("SUM(state = 'completed')", "completed") ","                                         \
    AS_NUMBER("SUM(duration_seconds > 0)", "timed") ","                                            \
    AS_NUMBER("SUM(duration_seconds)", "seconds") ","                                              \
    AS_NUMBER("SUM(CEIL(duration_seconds / 60))", "minutes")                                       \
    " FROM calls FORCE INDEX (" index ")"                                                          \
    " WHERE tenant_id = ? AND started_at >= ? AND started_at < ?"
/* clang-format on */

/* What is summed: by what, of which calls. */
struct question {
    const char *sql; /* parameters: offset in seconds, tenant, from, to, agent */
    uid agent;
    bool of_agent;
};

/* clang-format off */
static const char by_agent_and_hour[] =
    "SELECT agent_id, HOUR(started_at + INTERVAL ? SECOND) AS part," SUMS("ix_figures")
    " GROUP BY agent_id, part";
static const char by_hour_of_agent[] =
    "SELECT agent_id, HOUR(started_at + INTERVAL ? SECOND) AS part," SUMS("ix_agent_figures")
    " AND agent_id = ? GROUP BY agent_id, part";
static const char by_day_of_agent[] =
    "SELECT agent_id, TO_DAYS(started_at + INTERVAL ? SECOND) - 719528 AS part,"
    SUMS("ix_agent_figures") " AND agent_id = ? GROUP BY agent_id, part ORDER BY part";
/* clang-format on */

static bool read_sums(struct work *work, const struct question *question, int64_t offset,
                      instant from, instant to, struct rows *sums)
{
    const struct param params[] = {PARAM(offset), PARAM(work->tenant), PARAM(from), PARAM(to),
                                   PARAM(question->agent)};

    return db_select(work, question->sql, params, COUNT(params) - !question->of_agent, &sum_entity,
                     sums);
}

static int64_t offset_at(const struct zone *zone, instant when)
{
    return zone ? zone_offset(zone, when) : 0;
}

/* The first moment after "from" at which the clocks are moved, or "to". */
static instant clocks_change(const struct zone *zone, instant from, instant to)
{
    int64_t offset = offset_at(zone, from);
    instant before = from, after = from;

    while (after.ms < to.ms && offset_at(zone, after) == offset) {
        before = after;
        after = instant_after(after, DAY_MS);
    }
    if (after.ms >= to.ms && offset_at(zone, to) == offset)
        return to;
    if (after.ms > to.ms)
        after = to;
    while (after.ms - before.ms > SECOND_MS) {
        instant middle = {before.ms + (after.ms - before.ms) / 2};

        if (offset_at(zone, middle) == offset)
            before = middle;
        else
            after = middle;
    }
    return (instant){after.ms - after.ms % SECOND_MS};
}

/* All sums of calls that began from one moment to another, for as long as clocks stand alike. */
static bool ask(struct work *work, const struct zone *zone, const struct question *question,
                instant from, instant to, bool (*take)(const struct sum *sum, void *with),
                void *with)
{
    while (from.ms < to.ms) {
        instant end = clocks_change(zone, from, to);
        struct rows rows;

        if (!read_sums(work, question, offset_at(zone, from), from, end, &rows))
            return false;
        for (size_t i = 0; i < rows.count; i++)
            if (!take((const struct sum *)rows.at + i, with))
                return false;
        from = end;
    }
    return true;
}

/* ---- a tenant ---- */

/* Agents while they are summed; grows with the agents that had calls. */
struct ranking {
    struct arena *arena;
    struct tenant_figures *figures;
    struct agent_figures *agents;
    size_t count, room;
};

static struct agent_figures *agent_of(struct ranking *ranking, uid id)
{
    struct agent_figures *more;

    for (size_t i = ranking->count; i-- > 0;) /* sums of one agent come together */
        if (uid_equal(ranking->agents[i].agent_id, id))
            return &ranking->agents[i];
    if (ranking->count == ranking->room) {
        ranking->room = ranking->room ? 2 * ranking->room : 64;
        more = arena_new(ranking->arena, struct agent_figures, ranking->room);
        if (ranking->count)
            memcpy(more, ranking->agents, ranking->count * sizeof *more);
        ranking->agents = more;
    }
    ranking->agents[ranking->count] = (struct agent_figures){.agent_id = id, .name = ""};
    return &ranking->agents[ranking->count++];
}

static bool take_for_tenant(const struct sum *sum, void *with)
{
    struct ranking *ranking = with;
    struct agent_figures *agent;

    add(&ranking->figures->all, sum);
    if (sum->part >= 0 && sum->part < HOURS_OF_DAY)
        ranking->figures->by_hour[sum->part] += sum->calls;
    if (uid_is_none(sum->agent_id))
        return true;
    agent = agent_of(ranking, sum->agent_id);
    agent->calls += sum->calls;
    agent->minutes += sum->minutes;
    return true;
}

static int compare(const void *one, const void *other)
{
    const struct agent_figures *a = one, *b = other;

    if (a->calls != b->calls)
        return a->calls < b->calls ? 1 : -1;
    if (a->minutes != b->minutes)
        return a->minutes < b->minutes ? 1 : -1;
    return uid_compare(a->agent_id, b->agent_id);
}

/* Agents that were deleted keep their name. */
static bool name_agent(struct work *work, struct agent_figures *agent)
{
    static const char sql[] = "SELECT id AS agent_id, name, 0 AS calls, 0 AS minutes FROM agents"
                              " WHERE tenant_id = ? AND id = ?";
    const struct param params[] = {PARAM(work->tenant), PARAM(agent->agent_id)};
    struct agent_figures named;

    if (!db_find(work, sql, params, COUNT(params), &agent_figures_entity, &named))
        return work->error.what == NOT_FOUND;
    agent->name = named.name;
    return true;
}

static bool rank(struct work *work, struct ranking *ranking)
{
    size_t count = ranking->count < TOP_AGENTS ? ranking->count : TOP_AGENTS;

    if (ranking->count)
        qsort(ranking->agents, ranking->count, sizeof *ranking->agents, compare);
    for (size_t i = 0; i < count; i++)
        if (!name_agent(work, &ranking->agents[i]))
            return false;
    ranking->figures->top = (struct rows){ranking->agents, count};
    return true;
}

bool call_figures_of_tenant(struct work *work, const struct zone *zone, instant since,
                            struct tenant_figures *figures)
{
    static const char agents[] =
        "SELECT COUNT(*) FROM agents WHERE tenant_id = ? AND deleted_at IS NULL";
    const struct param tenant[] = {PARAM(work->tenant)};
    const struct question question = {.sql = by_agent_and_hour};
    struct ranking ranking = {.arena = &work->arena, .figures = figures};

    *figures = (struct tenant_figures){.agents = 0};
    return db_number(work, agents, tenant, 1, 0, &figures->agents) &&
           ask(work, zone, &question, since, instant_after(clock_now(), 1), take_for_tenant,
               &ranking) &&
           rank(work, &ranking);
}

/* ---- an agent ---- */

struct telling {
    struct arena *arena;
    struct agent_history *history;
    struct day_figures *days;
    size_t count, room;
};

static bool take_hour(const struct sum *sum, void *with)
{
    struct agent_history *history = with;

    add(&history->all, sum);
    if (sum->part >= 0 && sum->part < HOURS_OF_DAY)
        history->by_hour[sum->part] += sum->calls;
    return true;
}

static const char *date_of(struct arena *arena, int64_t day)
{
    char text[32];

    instant_write_sql((instant){day * DAY_MS}, text);
    return arena_copy(arena, text, 10);
}

/* A day on which the clocks were moved comes in two parts. */
static bool take_day(const struct sum *sum, void *with)
{
    struct telling *telling = with;
    const char *date = date_of(telling->arena, sum->part);
    struct day_figures *last = telling->count ? &telling->days[telling->count - 1] : NULL;

    if (!last || strcmp(last->date, date) != 0) {
        if (telling->count == telling->room)
            return true;
        last = &telling->days[telling->count++];
        *last = (struct day_figures){.date = date};
    }
    last->calls += sum->calls;
    last->minutes += sum->minutes;
    return true;
}

static bool find_first(struct work *work, uid agent, instant *first)
{
    static const char sql[] = "SELECT CAST(FLOOR(UNIX_TIMESTAMP(MIN(started_at))) AS SIGNED)"
                              " FROM calls WHERE tenant_id = ? AND agent_id = ?";
    const struct param params[] = {PARAM(work->tenant), PARAM(agent)};
    int64_t seconds;

    if (!db_number(work, sql, params, COUNT(params), NO_INTEGER, &seconds))
        return false;
    *first = seconds == NO_INTEGER ? clock_now() : (instant){seconds * SECOND_MS};
    return true;
}

bool call_figures_of_agent(struct work *work, const struct zone *zone, uid agent, instant since,
                           instant days_since, struct agent_history *history)
{
    const struct question hours = {.sql = by_hour_of_agent, .agent = agent, .of_agent = true};
    const struct question days = {.sql = by_day_of_agent, .agent = agent, .of_agent = true};
    instant now = instant_after(clock_now(), 1);
    struct telling telling = {.arena = &work->arena, .history = history};

    *history = (struct agent_history){.by_hour = {0}};
    telling.room = (size_t)((now.ms - days_since.ms) / DAY_MS + 2);
    telling.days = arena_new(&work->arena, struct day_figures, telling.room);
    if ((instant_is_none(since) && !find_first(work, agent, &since)) ||
        !ask(work, zone, &hours, since, now, take_hour, history) ||
        !ask(work, zone, &days, days_since, now, take_day, &telling))
        return false;
    history->days = (struct rows){telling.days, telling.count};
    return true;
}

const struct zone *zone_of_tenant(struct work *work, const struct tenant *tenant)
{
    return tenant->timezone ? zone_open(&work->arena, tenant->timezone) : NULL;
}

instant local_midnight(const struct zone *zone, int64_t day)
{
    return zone ? zone_moment(zone, day, 0) : (instant){day * DAY_MS};
}

int64_t local_day(const struct zone *zone, instant when)
{
    int64_t local_ms = when.ms + offset_at(zone, when) * SECOND_MS;

    return local_ms / DAY_MS - (local_ms % DAY_MS < 0);
}
