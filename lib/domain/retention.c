#include "domain/retention.h"

#include "core/json.h"
#include "core/text.h"
#include "db/db.h"
#include "domain/audit.h"
#include "domain/rates.h"
#include "domain/recordings.h"
#include "domain/tenants.h"

#define HOURS(count) ((int64_t)(count)*3600 * 1000)
#define DAYS(count) HOURS(24 * (count))

/* A statement that deletes what is older, RETENTION_BATCH rows at most. */
struct rule {
    const char *sql;
    int64_t age_ms;
};

/* Bound: the time before which a row is old. */
static const struct rule by_time[] = {
    /* clang-format off */
    {"DELETE FROM idempotency_keys WHERE expires_at < ? LIMIT 500", 0},
    {"DELETE FROM tickets WHERE expires_at < ? LIMIT 500", HOURS(24)},
    {"DELETE FROM account_verifications WHERE expires_at < ? LIMIT 500", HOURS(24)},
    {"DELETE FROM twilio_hints WHERE expires_at < ? LIMIT 500", 0},
    {"DELETE FROM admin_sessions WHERE expires_at < ? LIMIT 500", DAYS(30)},
    {"DELETE FROM admin_login_failures WHERE expires_at < ? LIMIT 500", 0},
    {"DELETE FROM process_stats WHERE flushed_at < ? LIMIT 500", HOURS(24)},
    {"DELETE FROM leases WHERE name >= 'call:' AND name < 'call;' AND until < ? LIMIT 500", HOURS(1)},
    {"UPDATE voice_sessions SET token_hash = NULL WHERE token_hash IS NOT NULL"
     " AND token_expires_at < ? LIMIT 500", HOURS(24)},
    /* clang-format on */
};

/* Bound: the least key that a row of that age could have. */
static const struct rule by_key[] = {
    {"DELETE FROM carrier_callbacks WHERE id < ? LIMIT 500", DAYS(30)},
    {"DELETE FROM session_commands WHERE id < ? LIMIT 500", DAYS(30)},
    {"DELETE FROM access_requests WHERE id < ? LIMIT 500", DAYS(730)},
    {"DELETE FROM access_requests WHERE status = 'spam' AND id < ? LIMIT 500", DAYS(7)},
};

/* What a tenant may keep longer or shorter, and how long it is kept otherwise. */
enum data {
    CALLS,
    TRANSCRIPTS,
    RECORDINGS,
    MESSAGES,
    EVENTS,
    DELIVERIES,
    OUTBOX,
    FAILED_EFFECTS,
    DATA
};

static const struct {
    const char *name; /* in the tenant's settings; NULL: it is not the tenant's to say */
    int64_t days;
    bool is_content; /* of calls: its deletion is written down */
} data[DATA] = {
    [CALLS] = {"calls", 730, true},
    [TRANSCRIPTS] = {"transcripts", 365, true},
    [RECORDINGS] = {"recordings", 90, true},
    [MESSAGES] = {"messages", 365, true},
    [EVENTS] = {"events", 30, true},
    [DELIVERIES] = {"deliveries", 30, false},
    [OUTBOX] = {NULL, 7, false},
    [FAILED_EFFECTS] = {NULL, 30, false},
};

enum { LEAST_DAYS = 1, MOST_DAYS = 3650, DAYS_AFTER_DELETION = 90 };

/*
 * Bound: the tenant and the least key that a row of that age could have, and where "timed" the
 * time.  Keys are made when rows are, so the range of keys holds everything old enough, and hardly
 * more.
 */
static const struct tenant_rule {
    const char *what, *sql;
    enum data of;
    bool timed;
} of_tenant[] = {
    /* clang-format off */
    {"outbox", "DELETE FROM outbox WHERE tenant_id = ? AND id < ? AND state = 'delivered'"
     " AND finished_at < ? LIMIT 500", OUTBOX, true},
    {"outbox", "DELETE FROM outbox WHERE tenant_id = ? AND id < ? AND state = 'failed'"
     " AND finished_at < ? LIMIT 500", FAILED_EFFECTS, true},
    {"webhook_deliveries", "DELETE FROM webhook_deliveries WHERE tenant_id = ?"
     " AND id < ? AND state IN ('sent', 'failed') AND created_at < ? LIMIT 500", DELIVERIES, true},
    /* The keys of these are no times, they say which URL it is. */
    {"webhook_endpoints", "DELETE FROM webhook_endpoints WHERE tenant_id = ? AND ? IS NOT NULL"
     " AND dialect = 'twilio' AND COALESCE(last_delivery_at, created_at) < ? LIMIT 500",
     DELIVERIES, true},
    {"call_events", "DELETE FROM call_events WHERE tenant_id = ? AND id < ?"
     " AND occurred_at < ? LIMIT 500", EVENTS, true},
    {"customer_hooks",
     "DELETE FROM customer_hooks WHERE tenant_id = ? AND call_id < ? LIMIT 500", EVENTS, false},
    {"call_turns",
     "DELETE FROM call_turns WHERE tenant_id = ? AND session_id < ? LIMIT 500", TRANSCRIPTS, false},
    {"call_texts",
     "DELETE FROM call_texts WHERE tenant_id = ? AND call_id < ? LIMIT 500", TRANSCRIPTS, false},
    {"tool_invocations",
     "DELETE FROM tool_invocations WHERE tenant_id = ? AND id < ? LIMIT 500", TRANSCRIPTS, false},
    {"sms_messages",
     "DELETE FROM sms_messages WHERE tenant_id = ? AND id < ? LIMIT 500", MESSAGES, false},
    {"email_messages",
     "DELETE FROM email_messages WHERE tenant_id = ? AND id < ? LIMIT 500", MESSAGES, false},
    {"call_latency",
     "DELETE FROM call_latency WHERE tenant_id = ? AND call_id < ? LIMIT 500", CALLS, false},
    {"voice_outcomes",
     "DELETE FROM voice_outcomes WHERE tenant_id = ? AND id < ? LIMIT 500", CALLS, false},
    {"session_evals",
     "DELETE FROM session_evals WHERE tenant_id = ? AND id < ? LIMIT 500", CALLS, false},
    {"rollout_evaluations",
     "DELETE FROM rollout_evaluations WHERE tenant_id = ? AND id < ? LIMIT 500", MESSAGES, false},
    {"tr_reservations",
     "DELETE FROM tr_reservations WHERE tenant_id = ? AND id < ? AND open_worker IS NULL LIMIT 500",
     MESSAGES, false},
    {"tr_tasks", "DELETE FROM tr_tasks WHERE tenant_id = ? AND id < ?"
     " AND COALESCE(deleted_at, finished_at) < ? LIMIT 500", MESSAGES, true},
    {"tr_workers", "DELETE FROM tr_workers WHERE tenant_id = ? AND id < ?"
     " AND deleted_at < ? LIMIT 500", MESSAGES, true},
    {"supervisor_actions",
     "DELETE FROM supervisor_actions WHERE tenant_id = ? AND id < ? LIMIT 500", CALLS, false},
    {"callback_tasks", "DELETE FROM callback_tasks WHERE tenant_id = ? AND id < ?"
     " AND status NOT IN ('open', 'in_progress') LIMIT 500", CALLS, false},
    {"session_voices",
     "DELETE FROM session_voices WHERE tenant_id = ? AND session_id < ? LIMIT 500", CALLS, false},
    {"rooms", "DELETE FROM rooms WHERE tenant_id = ? AND id < ? LIMIT 500", CALLS, false},
    {"handoffs", "DELETE FROM handoffs WHERE tenant_id = ? AND id < ? LIMIT 500", CALLS, false},
    {"recordings", "DELETE FROM recordings WHERE tenant_id = ? AND id < ?"
     " AND status = 'deleted' LIMIT 500", CALLS, false},
    {"call_aliases",
     "DELETE FROM call_aliases WHERE tenant_id = ? AND call_id < ? LIMIT 500", CALLS, false},
    {"voice_sessions", "DELETE FROM voice_sessions WHERE tenant_id = ? AND id < ?"
     " AND state_rank = 90 LIMIT 500", CALLS, false},
    {"calls",
     "DELETE FROM calls WHERE tenant_id = ? AND id < ? AND state_rank = 90 LIMIT 500", CALLS, false},
    /* clang-format on */
};

/* Repeats the statement, each time a transaction of its own, while it finds a whole batch. */
static bool apply(struct work *work, const char *sql, const struct param *params, size_t nparams,
                  uint64_t *deleted)
{
    uint64_t changed = RETENTION_BATCH;

    for (int i = 0; i < RETENTION_BATCHES && changed == RETENTION_BATCH; i++) {
        if (!db_execute(work, sql, params, nparams, &changed))
            return false;
        if (deleted)
            *deleted += changed;
    }
    return true;
}

bool retention_shared(struct work *work, instant now)
{
    for (size_t i = 0; i < COUNT(by_time); i++) {
        instant before = instant_after(now, -by_time[i].age_ms);
        const struct param params[] = {PARAM(before)};

        if (!apply(work, by_time[i].sql, params, COUNT(params), NULL))
            return false;
    }
    for (size_t i = 0; i < COUNT(by_key); i++) {
        uid before = uid_at(instant_after(now, -by_key[i].age_ms));
        const struct param params[] = {PARAM(before)};

        if (!apply(work, by_key[i].sql, params, COUNT(params), NULL))
            return false;
    }
    return rates_sweep(work);
}

/* One tenant's round. */
struct round {
    bool is_last; /* the tenant was deleted long ago: nothing of it is kept any longer */
    int64_t days[DATA];
    uint64_t deleted, content;
    struct text rows; /* "call_turns":12, … */
};

static bool is_long_gone(const struct tenant *tenant, instant now)
{
    return !instant_is_none(tenant->deleted_at) &&
           now.ms - tenant->deleted_at.ms > DAYS(DAYS_AFTER_DELETION);
}

/* What the tenant's settings say, in days: "transcripts": 30. */
static bool read_days(struct work *work, struct round *round, instant now)
{
    struct tenant tenant = {0};
    json_object *given;

    for (int of = 0; of < DATA; of++)
        round->days[of] = data[of].days;
    if (!tenant_by_id(work, work->tenant, &tenant))
        return work->error.what == NOT_FOUND;
    round->is_last = is_long_gone(&tenant, now);
    given = tenant.retention.json ? json_parse(tenant.retention.json) : NULL;
    for (int of = 0; of < DATA; of++) {
        int64_t days = data[of].name ? json_integer(given, data[of].name, 0) : 0;

        if (days >= LEAST_DAYS)
            round->days[of] = days < MOST_DAYS ? days : MOST_DAYS;
        if (round->is_last)
            round->days[of] = 0;
    }
    json_object_put(given);
    return true;
}

static void count(struct round *round, enum data of, const char *what, uint64_t rows)
{
    round->deleted += rows;
    if (!rows || !data[of].is_content)
        return;
    round->content += rows;
    text_add(&round->rows, "%s\"%s\":%llu", round->rows.length ? "," : "", what,
             (unsigned long long)rows);
}

static bool apply_rule(struct work *work, struct round *round, const struct tenant_rule *rule,
                       instant now)
{
    instant before = instant_after(now, -DAYS(round->days[rule->of]));
    uid least = uid_at(before);
    const struct param params[] = {PARAM(work->tenant), PARAM(least), PARAM(before)};
    uint64_t rows = 0;
    bool ok = apply(work, rule->sql, params, rule->timed ? 3 : 2, &rows);

    count(round, rule->of, rule->what, rows);
    return ok;
}

/* Their bytes may lie in a directory, so each goes by itself. */
static bool purge_recordings(struct work *work, struct round *round, instant now)
{
    const char *sql = arena_format(&work->arena,
                                   "SELECT %s FROM recordings AS r WHERE r.tenant_id = ?"
                                   " AND r.id < ? AND r.status <> 'deleted' ORDER BY r.id LIMIT ?",
                                   store_names(work, &recording_entity, "r"));
    uid least = uid_at(instant_after(now, -DAYS(round->days[RECORDINGS])));
    int64_t limit = RETENTION_BATCH;
    const struct param params[] = {PARAM(work->tenant), PARAM(least), PARAM(limit)};
    struct rows rows;
    uint64_t purged = 0;
    bool ok = db_select(work, sql, params, COUNT(params), &recording_entity, &rows);

    for (size_t i = 0; ok && i < rows.count; i++) {
        ok = recording_purge(work, (const struct recording *)rows.at + i);
        purged += ok;
    }
    count(round, RECORDINGS, "recording_bytes", purged);
    return ok;
}

/* What was deleted of calls, and by which rule, can be proven later. */
static bool write_down(struct work *work, const struct round *round)
{
    struct audit_row row = {.actor_kind = "system", .actor = "retention"};
    struct text detail = {.arena = &work->arena};
    const char *between = "";

    if (!round->content)
        return true;
    text_add(&detail, "{\"rows\":{%s},\"kept_days\":{", round->rows.at);
    for (int of = 0; of < DATA; of++)
        if (data[of].is_content) {
            text_add(&detail, "%s\"%s\":%lld", between, data[of].name, (long long)round->days[of]);
            between = ",";
        }
    text_put(&detail, "}}");
    row.action = "retention.deleted";
    row.detail.json = detail.at;
    return audit_put(work, &row);
}

/* What went before something failed went all the same, and the first failure is what counts. */
static bool note_round(struct work *work, const struct round *round, bool ok)
{
    struct error error = work->error;
    bool noted = write_down(work, round);

    if (!ok)
        work->error = error;
    return ok && noted;
}

/* What a tenant that is gone for good could still be reached or read with. */
static bool forget_secrets(struct work *work)
{
    static const char sql[] = "DELETE FROM tenant_secrets WHERE tenant_id = ?";
    const struct param params[] = {PARAM(work->tenant)};

    return db_execute(work, sql, params, COUNT(params), NULL);
}

bool retention_of_tenant(struct work *work, instant now, uint64_t *deleted)
{
    struct round round = {.rows = {.arena = &work->arena}};
    bool ok = read_days(work, &round, now) && purge_recordings(work, &round, now) &&
              (!round.is_last || forget_secrets(work));

    for (size_t i = 0; ok && i < COUNT(of_tenant); i++)
        ok = apply_rule(work, &round, &of_tenant[i], now);
    if (deleted)
        *deleted = round.deleted;
    return note_round(work, &round, ok);
}
