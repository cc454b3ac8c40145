#include "domain/operator_queues.h"

#include <string.h>

#include "core/json.h"
#include "core/zone.h"
#include "domain/business_hours.h"
#include "domain/taskrouter/links.h"

enum { DAY_SECONDS = 86400, YEAR_SECONDS = 366 * DAY_SECONDS, HOUR_MS = 3600 * 1000 };

static const struct column columns_of_queue[] = {
    COLUMN(operator_queue, tenant_id, NOT_NULL),
    COLUMN(operator_queue, id, NOT_NULL),
    COLUMN(operator_queue, queue_key, NOT_NULL, .max = 80),
    COLUMN(operator_queue, name, NOT_NULL, .max = 190),
    COLUMN(operator_queue, description, NULLABLE, .max = 1000),
    COLUMN(operator_queue, is_default, NOT_NULL),
    COLUMN(operator_queue, active, NOT_NULL),
    COLUMN(operator_queue, priority, NOT_NULL, .least = INT32_MIN, .most = INT32_MAX),
    COLUMN(operator_queue, default_assignee, NULLABLE, .max = 190),
    COLUMN(operator_queue, sla_seconds, NULLABLE, .least = 1, .most = YEAR_SECONDS),
    COLUMN(operator_queue, auto_dispatch_enabled, NOT_NULL),
    COLUMN(operator_queue, auto_dispatch_delay_seconds, NULLABLE, .least = 0, .most = YEAR_SECONDS),
    COLUMN(operator_queue, auto_dispatch_retry_delay_seconds, NULLABLE, .least = 0,
           .most = YEAR_SECONDS),
    COLUMN(operator_queue, auto_dispatch_max_attempts, NOT_NULL, .least = 0, .most = 100),
    COLUMN(operator_queue, dispatch_schedule, NOT_NULL, .max = 16000),
    COLUMN(operator_queue, dispatch_timezone, NULLABLE, .max = 64),
    COLUMN(operator_queue, dispatch_window_start_hour_utc, NULLABLE, .least = 0, .most = 23),
    COLUMN(operator_queue, dispatch_window_end_hour_utc, NULLABLE, .least = 0, .most = 24),
    COLUMN(operator_queue, follow_up_escalation_seconds, NULLABLE, .least = 0,
           .most = YEAR_SECONDS),
    COLUMN(operator_queue, follow_up_escalation_assignee, NULLABLE, .max = 190),
    COLUMN(operator_queue, follow_up_escalation_priority, NULLABLE, .least = INT32_MIN,
           .most = INT32_MAX),
    COLUMN(operator_queue, follow_up_escalation_queue_key, NULLABLE, .max = 80),
    COLUMN(operator_queue, tr_queue_id, NULLABLE),
    COLUMN(operator_queue, metadata, NOT_NULL, .max = 16000),
    COLUMN(operator_queue, created_at, NOT_NULL),
    COLUMN(operator_queue, updated_at, NOT_NULL),
    COLUMN(operator_queue, rev, NOT_NULL),
};

const struct entity operator_queue_entity =
    ENTITY(operator_queue, "operator queue", "operator_queues", columns_of_queue);

void operator_queue_begin(struct operator_queue *queue)
{
    row_clear(&operator_queue_entity, queue);
    queue->id = uid_new();
    queue->active = true;
    queue->priority = 0;
    queue->auto_dispatch_max_attempts = 3;
    queue->dispatch_schedule.json = queue->metadata.json = "{}";
}

/* ---- what a queue may be ---- */

static bool check_key(struct work *work, const char *key)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

    if (strcmp(key, "stats") == 0 || strcmp(key, "unassigned") == 0)
        return fail_field(work, "queue_key", "%s is a reserved key", key);
    if (!*key || strlen(key) > 80 || key[strspn(key, letters)])
        return fail_field(work, "queue_key",
                          "queue_key must be 1 to 80 letters, digits, dots, dashes, underscores");
    return true;
}

/* Hours that cannot be read would be a queue that nobody is ever called from; {} is always. */
static bool check_schedule(struct work *work, const struct operator_queue *queue)
{
    json_object *hours = json_parse(queue->dispatch_schedule.json);
    bool is_object = json_object_is_type(hours, json_type_object);
    struct business_hours answer;
    bool ok = is_object && business_hours_at(&work->arena, hours, queue->dispatch_timezone,
                                             clock_now(), &answer);

    json_object_put(hours);
    if (queue->dispatch_timezone && !zone_open(&work->arena, queue->dispatch_timezone))
        return fail_field(work, "dispatch_timezone", "There is no such time zone");
    return (ok && !answer.unread) ||
           fail_field(work, "dispatch_schedule",
                      "dispatch_schedule must be an object with the hours of weekdays, such as"
                      " {\"monday\":\"09:00-12:30, 13:00-17:00\"}");
}

static bool check(struct work *work, const struct operator_queue *queue)
{
    bool begins = queue->dispatch_window_start_hour_utc != NO_INTEGER;
    bool ends = queue->dispatch_window_end_hour_utc != NO_INTEGER;

    if (begins != ends)
        return fail_field(work, "dispatch_window_end_hour_utc", "A window needs both its hours");
    if (!*queue->name)
        return fail_field(work, "name", "name must not be empty");
    return check_key(work, queue->queue_key) && check_schedule(work, queue);
}

/* ---- writing ---- */

/* Two who make different queues the default one wait for each other here. */
static bool hold_tenant(struct work *work)
{
    static const char sql[] = "SELECT id FROM tenants WHERE id = ? FOR UPDATE";
    const struct param params[] = {PARAM(work->tenant)};
    int64_t id;

    return db_number(work, sql, params, COUNT(params), 0, &id);
}

static bool only_default(struct work *work, const struct operator_queue *queue)
{
    static const char sql[] =
        "UPDATE operator_queues SET is_default = 0, updated_at = ?, rev = rev + 1"
        " WHERE tenant_id = ? AND is_default = 1 AND queue_key <> ?";
    instant now = clock_now();
    const struct param params[] = {PARAM(now), PARAM(work->tenant), PARAM(queue->queue_key)};

    return !queue->is_default || db_execute(work, sql, params, COUNT(params), NULL);
}

static bool put_step(struct work *work, void *with)
{
    struct operator_queue *queue = with, there;
    columns all = columns_all(&operator_queue_entity);
    columns key =
        columns_add(NO_COLUMNS, &operator_queue_entity, offsetof(struct operator_queue, queue_key));
    bool ok;

    if (!hold_tenant(work))
        return false;
    if (store_find(work, &operator_queue_entity, queue, key, &there)) {
        queue->id = there.id;
        queue->created_at = there.created_at;
        ok = store_update(work, &operator_queue_entity, queue, all);
    } else {
        queue->created_at = clock_now();
        ok =
            work->error.what == NOT_FOUND && store_insert(work, &operator_queue_entity, queue, all);
    }
    return ok && only_default(work, queue) &&
           store_get(work, &operator_queue_entity, queue->id, queue);
}

bool operator_queue_put(struct work *work, struct operator_queue *queue)
{
    queue->updated_at = clock_now();
    return check(work, queue) && tr_link_queue(work, queue->metadata.json, &queue->tr_queue_id) &&
           db_transaction(work, put_step, queue);
}

/* ---- reading ---- */

bool operator_queue_for(struct work *work, const char *queue_key, struct operator_queue *queue)
{
    const char *sql = arena_format(&work->arena,
                                   "SELECT %s FROM operator_queues WHERE tenant_id = ?"
                                   " AND active = 1 AND %s ORDER BY priority, id LIMIT 1",
                                   store_names(work, &operator_queue_entity, NULL),
                                   queue_key ? "queue_key = ?" : "is_default = 1");
    const struct param params[] = {PARAM(work->tenant), PARAM(queue_key)};

    return db_find(work, sql, params, queue_key ? 2 : 1, &operator_queue_entity, queue);
}

bool operator_queues_list(struct work *work, struct rows *queues)
{
    const char *sql = arena_format(
        &work->arena,
        "SELECT %s FROM operator_queues WHERE tenant_id = ? ORDER BY priority, name, id",
        store_names(work, &operator_queue_entity, NULL));
    const struct param params[] = {PARAM(work->tenant)};

    return db_select(work, sql, params, COUNT(params), &operator_queue_entity, queues);
}

/* From the beginning hour up to the ending one, over midnight when that is smaller. */
static bool in_window(const struct operator_queue *queue, instant now)
{
    int64_t from = queue->dispatch_window_start_hour_utc;
    int64_t to = queue->dispatch_window_end_hour_utc, hour = now.ms / HOUR_MS % 24;

    if (from == NO_INTEGER || to == NO_INTEGER || from == to)
        return true;
    return from < to ? hour >= from && hour < to : hour >= from || hour < to;
}

bool operator_queue_is_open(struct arena *arena, const struct operator_queue *queue, instant now)
{
    json_object *hours = json_parse(queue->dispatch_schedule.json);
    struct business_hours answer = {.open = false};
    bool any = json_object_is_type(hours, json_type_object) && json_object_object_length(hours) > 0;
    bool open = !any || (business_hours_at(arena, hours, queue->dispatch_timezone, now, &answer) &&
                         answer.open);

    json_object_put(hours);
    return open && in_window(queue, now);
}

/* ---- figures ---- */

static const struct column columns_of_stats[] = {
    COLUMN(queue_stats, queue_key, NOT_NULL),
    COLUMN(queue_stats, name, NOT_NULL),
    COLUMN(queue_stats, priority, NOT_NULL),
    COLUMN(queue_stats, sla_seconds, NULLABLE),
    COLUMN(queue_stats, open_tasks, NOT_NULL),
    COLUMN(queue_stats, in_progress_tasks, NOT_NULL),
    COLUMN(queue_stats, overdue_tasks, NOT_NULL),
    COLUMN(queue_stats, unassigned_tasks, NOT_NULL),
    COLUMN(queue_stats, total_tasks, NOT_NULL),
    COLUMN(queue_stats, oldest_task_age_secs, NULLABLE),
};

const struct entity queue_stats_entity = ENTITY(queue_stats, "statistics", NULL, columns_of_stats);

#define FIGURES                                                                                    \
    "SELECT queue_key, SUM(status = 'open') AS open_tasks,"                                        \
    " SUM(status = 'in_progress') AS in_progress_tasks,"                                           \
    " SUM(status IN ('open', 'in_progress') AND"                                                   \
    " (COALESCE(sla_due_at < ?, 0) OR COALESCE(due_at < ?, 0))) AS overdue_tasks,"                 \
    " SUM(status IN ('open', 'in_progress') AND assigned_to IS NULL) AS unassigned_tasks,"         \
    " COUNT(*) AS total_tasks,"                                                                    \
    " MIN(IF(status IN ('open', 'in_progress'), created_at, NULL)) AS oldest"                      \
    " FROM callback_tasks WHERE tenant_id = ?"
/* clang-format off */
#define FIGURE(name) "CAST(COALESCE(t." name ", 0) AS SIGNED) AS " name ", "
#define STATS                                                                                      \
    FIGURE("open_tasks")                                                                           \
    FIGURE("in_progress_tasks")                                                                    \
    FIGURE("overdue_tasks")                                                                        \
    FIGURE("unassigned_tasks")                                                                     \
    FIGURE("total_tasks")                                                                          \
    "TIMESTAMPDIFF(MICROSECOND, t.oldest, ?) / 1e6 AS oldest_task_age_secs"
/* clang-format on */

bool operator_queues_stats(struct work *work, struct rows *stats)
{
    static const char sql[] =
        "SELECT q.queue_key, q.name, q.priority, q.sla_seconds, " STATS
        " FROM operator_queues AS q LEFT JOIN (" FIGURES " AND queue_key IS NOT NULL"
        " GROUP BY queue_key) AS t ON t.queue_key = q.queue_key WHERE q.tenant_id = ?"
        " UNION ALL SELECT 'unassigned', 'Unassigned', 0, NULL, " STATS " FROM (" FIGURES
        " AND queue_key IS NULL GROUP BY queue_key) AS t WHERE t.total_tasks > 0"
        " ORDER BY queue_key = 'unassigned', priority, name";
    instant now = clock_now();
    const struct param params[] = {
        PARAM(now), PARAM(now), PARAM(now), PARAM(work->tenant), PARAM(work->tenant),
        PARAM(now), PARAM(now), PARAM(now), PARAM(work->tenant),
    };

    return db_select(work, sql, params, COUNT(params), &queue_stats_entity, stats);
}
