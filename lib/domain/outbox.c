#include "domain/outbox.h"

#include "domain/words.h"

static const char *const topics[] = {"webhook", "billing_outcome", "workflow",   "sms",
                                     "email",   "analysis",        "recording",  "notify",
                                     "carrier", "taskrouter",      "assignment", NULL};
static const char *const outbox_states[] = {"pending", "delivered", "failed", NULL};

static const struct column columns_of_outbox[] = {
    COLUMN(outbox_row, tenant_id, NOT_NULL),
    COLUMN(outbox_row, id, NOT_NULL),
    COLUMN(outbox_row, topic, NOT_NULL, .one_of = topics),
    COLUMN(outbox_row, subject_id, NULLABLE),
    COLUMN(outbox_row, event_type, NULLABLE, .max = 64),
    COLUMN(outbox_row, payload, NOT_NULL),
    COLUMN(outbox_row, dedupe, NULLABLE, .max = 120),
    COLUMN(outbox_row, state, NOT_NULL, .one_of = outbox_states),
    COLUMN(outbox_row, attempts, NOT_NULL),
    COLUMN(outbox_row, available_at, NOT_NULL),
    COLUMN(outbox_row, lease_owner, NULLABLE, .max = 48),
    COLUMN(outbox_row, lease_until, NULLABLE),
    COLUMN(outbox_row, last_error, NULLABLE, .max = 500),
    COLUMN(outbox_row, created_at, NOT_NULL),
    COLUMN(outbox_row, finished_at, NULLABLE),
};

const struct entity outbox_row_entity =
    ENTITY(outbox_row, "outbox row", "outbox", columns_of_outbox);

#define OUTBOX_COLUMNS                                                                             \
    "tenant_id, id, topic, subject_id, event_type, payload, dedupe, state, attempts, "             \
    "available_at, lease_owner, lease_until, last_error, created_at, finished_at"

bool outbox_put_later(struct work *work, const char *topic, uid subject, const char *event_type,
                      const char *payload_json, const char *dedupe, instant available_at)
{
    static const char sql[] =
        "INSERT INTO outbox (tenant_id, id, topic, subject_id, event_type, payload, dedupe, state,"
        " attempts, available_at, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, 'pending', 0, ?, ?)"
        " ON DUPLICATE KEY UPDATE topic = topic";
    instant now = clock_now();
    uid id = uid_new();
    const document payload = {payload_json ? payload_json : "{}"};
    const struct param params[] = {
        PARAM(work->tenant), PARAM(id),     PARAM(topic),        PARAM(subject), PARAM(event_type),
        PARAM(payload),      PARAM(dedupe), PARAM(available_at), PARAM(now),
    };

    return db_execute(work, sql, params, COUNT(params), NULL);
}

bool outbox_put(struct work *work, const char *topic, uid subject, const char *event_type,
                const char *payload_json, const char *dedupe)
{
    return outbox_put_later(work, topic, subject, event_type, payload_json, dedupe, clock_now());
}

bool outbox_release(struct work *work, const char *topic, uid subject)
{
    static const char sql[] =
        "UPDATE outbox SET available_at = ? WHERE tenant_id = ? AND state = 'pending'"
        " AND topic = ? AND available_at > ? AND subject_id = ? AND attempts = 0";
    instant now = clock_now();
    const struct param params[] = {PARAM(now), PARAM(work->tenant), PARAM(topic), PARAM(now),
                                   PARAM(subject)};

    return db_execute(work, sql, params, COUNT(params), NULL);
}

/* What is due and free of a lease, oldest first; others may look at the same rows at once. */
static bool look(struct work *work, const char *topic, instant now, int64_t limit,
                 struct rows *rows)
{
    static const char of_topic[] =
        "SELECT " OUTBOX_COLUMNS " FROM outbox WHERE state = 'pending' AND topic = ?"
        " AND available_at <= ? AND (lease_until IS NULL OR lease_until < ?)"
        " ORDER BY available_at LIMIT ?";
    static const char of_any[] =
        "SELECT " OUTBOX_COLUMNS " FROM outbox WHERE state = 'pending'"
        " AND available_at <= ? AND (lease_until IS NULL OR lease_until < ?)"
        " ORDER BY available_at LIMIT ?";
    const struct param params[] = {PARAM(topic), PARAM(now), PARAM(now), PARAM(limit)};

    return topic ? db_select(work, of_topic, params, COUNT(params), &outbox_row_entity, rows)
                 : db_select(work, of_any, params + 1, COUNT(params) - 1, &outbox_row_entity, rows);
}

/* The row count decides whose it is. */
static bool claim_one(struct work *work, struct outbox_row *row, const char *owner, instant now,
                      instant until, bool *ours)
{
    static const char sql[] =
        "UPDATE outbox SET lease_owner = ?, lease_until = ?, attempts = attempts + 1"
        " WHERE tenant_id = ? AND id = ? AND state = 'pending' AND available_at <= ?"
        " AND (lease_until IS NULL OR lease_until < ?)";
    const struct param params[] = {PARAM(owner),   PARAM(until), PARAM(row->tenant_id),
                                   PARAM(row->id), PARAM(now),   PARAM(now)};
    uint64_t changed;

    if (!db_execute(work, sql, params, COUNT(params), &changed))
        return false;
    *ours = changed == 1;
    row->lease_owner = owner;
    row->lease_until = until;
    row->attempts++;
    return true;
}

bool outbox_claim(struct work *work, const char *topic, const char *owner, int64_t lease_ms,
                  int64_t limit, struct rows *claimed)
{
    instant now = clock_now(), until = instant_after(now, lease_ms);
    struct rows found;
    struct outbox_row *rows;

    if (!look(work, topic, now, limit, &found))
        return false;
    rows = found.at;
    *claimed = (struct rows){.at = rows};
    for (size_t i = 0; i < found.count; i++) {
        bool ours;

        if (!claim_one(work, &rows[i], owner, now, until, &ours))
            return false;
        if (ours)
            rows[claimed->count++] = rows[i];
    }
    return true;
}

bool outbox_delivered(struct work *work, const struct outbox_row *row)
{
    static const char sql[] =
        "UPDATE outbox SET state = 'delivered', finished_at = ?, lease_until = NULL"
        " WHERE tenant_id = ? AND id = ? AND state = 'pending' AND lease_owner <=> ?";
    instant now = clock_now();
    const struct param params[] = {PARAM(now), PARAM(row->tenant_id), PARAM(row->id),
                                   PARAM(row->lease_owner)};

    return db_execute(work, sql, params, COUNT(params), NULL);
}

bool outbox_failed(struct work *work, const struct outbox_row *row, const char *error,
                   instant again)
{
    static const char later[] =
        "UPDATE outbox SET last_error = ?, available_at = ?, lease_until = NULL"
        " WHERE tenant_id = ? AND id = ? AND state = 'pending' AND lease_owner <=> ?";
    static const char never[] =
        "UPDATE outbox SET last_error = ?, finished_at = ?, state = 'failed', lease_until = NULL"
        " WHERE tenant_id = ? AND id = ? AND state = 'pending' AND lease_owner <=> ?";
    bool over = instant_is_none(again);
    const char *text = word_text(&work->arena, error, 500);
    instant when = over ? clock_now() : again;
    const struct param params[] = {PARAM(text), PARAM(when), PARAM(row->tenant_id), PARAM(row->id),
                                   PARAM(row->lease_owner)};

    return db_execute(work, over ? never : later, params, COUNT(params), NULL);
}

bool outbox_settle(struct work *work, const char *topic, const char *dedupe, const char *error,
                   instant again)
{
    static const char sql[] =
        "UPDATE outbox SET attempts = attempts + 1, last_error = ?, state = ?, finished_at = ?,"
        " available_at = ? WHERE tenant_id = ? AND topic = ? AND dedupe = ? AND state = 'pending'"
        " AND lease_until IS NULL";
    const char *text = word_text(&work->arena, error, 500);
    const char *state = error ? "pending" : "delivered";
    instant now = clock_now(), finished = error ? NO_INSTANT : now, when = error ? again : now;
    const struct param params[] = {PARAM(text),         PARAM(state), PARAM(finished), PARAM(when),
                                   PARAM(work->tenant), PARAM(topic), PARAM(dedupe)};

    return db_execute(work, sql, params, COUNT(params), NULL);
}

/* One cell of a result. */
struct moment {
    instant at;
};

bool outbox_next_due(struct work *work, instant *when)
{
    static const struct column column[] = {COLUMN(moment, at, NULLABLE)};
    static const struct entity entity = ENTITY(moment, "time", NULL, column);
    static const char sql[] = "SELECT MIN(GREATEST(available_at, COALESCE(lease_until,"
                              " available_at))) AS at FROM outbox WHERE state = 'pending'";
    struct moment moment = {NO_INSTANT};

    if (!db_find(work, sql, NULL, 0, &entity, &moment))
        return false;
    *when = moment.at;
    return true;
}
