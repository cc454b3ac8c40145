#include "domain/events.h"

#include <string.h>

#include "core/text.h"

static const char *const levels[] = {"debug", "info", "warn", "error", NULL};
static const char *const sources[] = {"carrier",  "media",   "model",      "tool",
                                      "platform", "webhook", "supervisor", NULL};

static const struct column columns_of_event[] = {
    COLUMN(call_event, tenant_id, NOT_NULL),
    COLUMN(call_event, id, NOT_NULL),
    COLUMN(call_event, call_id, NULLABLE),
    COLUMN(call_event, session_id, NULLABLE),
    COLUMN(call_event, type, NOT_NULL, .max = 48),
    COLUMN(call_event, level, NOT_NULL, .one_of = levels),
    COLUMN(call_event, source, NOT_NULL, .one_of = sources),
    COLUMN(call_event, payload, NOT_NULL),
    COLUMN(call_event, occurred_at, NOT_NULL),
};

const struct entity call_event_entity =
    ENTITY(call_event, "call event", "call_events", columns_of_event);

#define EVENT_COLUMNS                                                                              \
    "tenant_id, id, call_id, session_id, type, level, source, payload, occurred_at"

enum { EVENT_VALUES = 9, AT_ONCE = 16 };

/* The parameters of one event, in the order of the columns. */
static void add_values(struct work *work, const struct call_event *event, struct param *params)
{
    static const document nothing = {"{}"};
    const struct param values[EVENT_VALUES] = {
        PARAM(work->tenant),      PARAM(event->id),      PARAM(event->call_id),
        PARAM(event->session_id), PARAM(event->type),    PARAM(event->level),
        PARAM(event->source),     PARAM(event->payload), PARAM(event->occurred_at),
    };

    memcpy(params, values, sizeof values);
    if (!event->payload.json)
        params[7].value = &nothing;
}

/* A key names one event for ever, so a row that is there already is the same. */
static bool put_some(struct work *work, const struct call_event *events, size_t count)
{
    struct text sql = {.arena = &work->arena};
    struct param params[AT_ONCE * EVENT_VALUES];

    text_put(&sql, "INSERT INTO call_events (" EVENT_COLUMNS ") VALUES ");
    for (size_t i = 0; i < count; i++) {
        text_put(&sql, i ? ", (?, ?, ?, ?, ?, ?, ?, ?, ?)" : "(?, ?, ?, ?, ?, ?, ?, ?, ?)");
        add_values(work, &events[i], params + i * EVENT_VALUES);
    }
    text_put(&sql, " ON DUPLICATE KEY UPDATE id = VALUES(id)");
    return db_execute(work, sql.at, params, count * EVENT_VALUES, NULL);
}

struct batch {
    const struct call_event *events;
    size_t count;
};

static bool put_batch(struct work *work, void *with)
{
    const struct batch *batch = with;

    for (size_t i = 0; i < batch->count; i += AT_ONCE) {
        size_t rest = batch->count - i;

        if (!put_some(work, batch->events + i, rest < AT_ONCE ? rest : AT_ONCE))
            return false;
    }
    return true;
}

bool events_put(struct work *work, const struct call_event *events, size_t count)
{
    struct batch batch = {events, count};

    return count <= AT_ONCE ? count == 0 || put_some(work, events, count)
                            : db_transaction(work, put_batch, &batch);
}

bool event_put(struct work *work, uid call, uid session, const char *type, const char *source,
               const char *payload)
{
    const struct call_event event = {
        .id = uid_new(),
        .call_id = call,
        .session_id = session,
        .type = type,
        .level = "info",
        .source = source,
        .payload = {payload},
        .occurred_at = clock_now(),
    };

    return put_some(work, &event, 1);
}

bool events_of_call(struct work *work, uid call, uid after, int64_t limit, struct rows *events)
{
    static const char sql[] = "SELECT " EVENT_COLUMNS " FROM call_events"
                              " WHERE tenant_id = ? AND call_id = ? AND id > ?"
                              " ORDER BY id LIMIT ?";
    bytes key = {after.bytes, sizeof after.bytes}; /* "none" is the smallest key here, not NULL */
    const struct param params[] = {PARAM(work->tenant), PARAM(call), PARAM(key), PARAM(limit)};

    return db_select(work, sql, params, COUNT(params), &call_event_entity, events);
}

bool events_since(struct work *work, uid after, int64_t limit, struct rows *events)
{
    static const char sql[] = "SELECT " EVENT_COLUMNS " FROM call_events"
                              " WHERE tenant_id = ? AND id > ? ORDER BY id LIMIT ?";
    bytes key = {after.bytes, sizeof after.bytes};
    const struct param params[] = {PARAM(work->tenant), PARAM(key), PARAM(limit)};

    return db_select(work, sql, params, COUNT(params), &call_event_entity, events);
}
