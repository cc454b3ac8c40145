#include <string.h>

#include "core/crypto.h"
#include "core/rand.h"
#include "core/text.h"
#include "core/version.h"
#include "domain/outbox.h"
#include "domain/webhook_bodies.h"
#include "domain/webhooks.h"
#include "domain/words.h"

static const char *const delivery_states[] = {"pending", "sent", "retrying", "failed", NULL};

static const struct column columns_of_delivery[] = {
    COLUMN(webhook_delivery, tenant_id, NOT_NULL),
    COLUMN(webhook_delivery, id, NOT_NULL),
    COLUMN(webhook_delivery, endpoint_id, NOT_NULL),
    COLUMN(webhook_delivery, event_id, NOT_NULL),
    COLUMN(webhook_delivery, event_type, NOT_NULL, .max = 64),
    COLUMN(webhook_delivery, body, NOT_NULL),
    COLUMN(webhook_delivery, state, NOT_NULL, .one_of = delivery_states),
    COLUMN(webhook_delivery, attempts, NOT_NULL),
    COLUMN(webhook_delivery, available_at, NOT_NULL),
    COLUMN(webhook_delivery, lease_owner, NULLABLE, .max = 48),
    COLUMN(webhook_delivery, lease_until, NULLABLE),
    COLUMN(webhook_delivery, status_code, NULLABLE),
    COLUMN(webhook_delivery, response_ms, NULLABLE),
    COLUMN(webhook_delivery, response_head, NULLABLE, .max = 4000),
    COLUMN(webhook_delivery, last_error, NULLABLE, .max = 2000),
    COLUMN(webhook_delivery, replay_of, NULLABLE),
    COLUMN(webhook_delivery, is_test, NOT_NULL),
    COLUMN(webhook_delivery, created_at, NOT_NULL),
    COLUMN(webhook_delivery, delivered_at, NULLABLE),
};

const struct entity webhook_delivery_entity =
    ENTITY(webhook_delivery, "webhook delivery", "webhook_deliveries", columns_of_delivery);

/*
 * What one endpoint is sent at once, over all hosts, and what one tenant: who is slow, or has many
 * that are, holds up nobody else.
 */
enum { ENDPOINT_AT_ONCE = 4, TENANT_AT_ONCE = 32 };

/* What is due and free, oldest first, of each endpoint and tenant no more than they may now. */
static bool look(struct work *work, instant now, int64_t limit, struct rows *rows)
{
    const char *sql = arena_format(
        &work->arena,
        "SELECT %s FROM (SELECT tenant_id, id, leased, ROW_NUMBER() OVER (PARTITION BY tenant_id"
        " ORDER BY leased DESC, available_at, id) AS of_tenant"
        " FROM (SELECT tenant_id, id, available_at, COALESCE(lease_until >= ?, 0) AS leased,"
        " ROW_NUMBER() OVER (PARTITION BY tenant_id, endpoint_id"
        " ORDER BY COALESCE(lease_until >= ?, 0) DESC, available_at, id) AS of_endpoint"
        " FROM webhook_deliveries WHERE state IN ('pending', 'retrying') AND available_at <= ?)"
        " AS waiting WHERE of_endpoint <= ?)"
        " AS due JOIN webhook_deliveries AS d ON d.tenant_id = due.tenant_id AND d.id = due.id"
        " WHERE due.leased = 0 AND due.of_tenant <= ? ORDER BY d.available_at LIMIT ?",
        store_names(work, &webhook_delivery_entity, "d"));
    int64_t of_endpoint = ENDPOINT_AT_ONCE, of_tenant = TENANT_AT_ONCE;
    const struct param params[] = {PARAM(now),         PARAM(now),       PARAM(now),
                                   PARAM(of_endpoint), PARAM(of_tenant), PARAM(limit)};

    return db_select(work, sql, params, COUNT(params), &webhook_delivery_entity, rows);
}

static bool claim_one(struct work *work, struct webhook_delivery *delivery, const char *owner,
                      instant now, instant until, bool *ours)
{
    static const char sql[] = "UPDATE webhook_deliveries SET lease_owner = ?, lease_until = ?"
                              " WHERE tenant_id = ? AND id = ? AND state IN ('pending', 'retrying')"
                              " AND available_at <= ? AND (lease_until IS NULL OR lease_until < ?)";
    const struct param params[] = {PARAM(owner),        PARAM(until), PARAM(delivery->tenant_id),
                                   PARAM(delivery->id), PARAM(now),   PARAM(now)};
    uint64_t changed;

    if (!db_execute(work, sql, params, COUNT(params), &changed))
        return false;
    *ours = changed == 1;
    delivery->lease_owner = owner;
    delivery->lease_until = until;
    return true;
}

/* Puts a delivery back: failed, or until later. */
static bool put_back(struct work *work, const struct webhook_delivery *delivery, const char *state,
                     instant when, const char *error)
{
    static const char sql[] =
        "UPDATE webhook_deliveries SET state = ?, available_at = ?, last_error = ?,"
        " lease_until = NULL WHERE tenant_id = ? AND id = ? AND lease_owner = ?";
    const struct param params[] = {PARAM(state),        PARAM(when),
                                   PARAM(error),        PARAM(work->tenant),
                                   PARAM(delivery->id), PARAM(delivery->lease_owner)};

    return db_execute(work, sql, params, COUNT(params), NULL);
}

/* Reads where it goes; what cannot go now is put back, and "sendable" is false. */
static bool find_endpoint(struct work *work, struct webhook_sending *sending, instant now,
                          bool *sendable)
{
    const struct webhook_delivery *delivery = &sending->delivery;
    struct webhook_endpoint *endpoint = &sending->endpoint;

    *sendable = false;
    if (!store_get(work, &webhook_endpoint_entity, delivery->endpoint_id, endpoint))
        return work->error.what == NOT_FOUND &&
               put_back(work, delivery, "failed", now, "The endpoint is gone");
    if (!instant_is_none(endpoint->deleted_at))
        return put_back(work, delivery, "failed", now, "The endpoint is gone");
    if (!endpoint->enabled)
        return put_back(work, delivery, "failed", now, "The endpoint is disabled");
    if (!instant_is_none(endpoint->opened_until) && endpoint->opened_until.ms > now.ms)
        return put_back(work, delivery, delivery->state, endpoint->opened_until,
                        delivery->last_error);
    *sendable = true;
    return true;
}

bool deliveries_claim(struct work *work, const char *owner, int64_t lease_ms, int64_t limit,
                      struct rows *claimed)
{
    instant now = clock_now(), until = instant_after(now, lease_ms);
    int64_t tenant = work->tenant;
    struct webhook_sending *sendings;
    bool ours, sendable = false, ok = true;
    struct rows found;

    if (!look(work, now, limit, &found))
        return false;
    sendings = arena_new(&work->arena, struct webhook_sending, found.count);
    *claimed = (struct rows){.at = sendings};
    for (size_t i = 0; i < found.count && ok; i++) {
        struct webhook_sending *sending = &sendings[claimed->count];

        sending->delivery = ((struct webhook_delivery *)found.at)[i];
        work->tenant = sending->delivery.tenant_id;
        ok = claim_one(work, &sending->delivery, owner, now, until, &ours) &&
             (!ours || find_endpoint(work, sending, now, &sendable));
        claimed->count += ok && ours && sendable;
    }
    work->tenant = tenant;
    return ok;
}

char **delivery_headers(struct work *work, const struct webhook_sending *sending)
{
    enum { MOST = 8 };
    struct arena *arena = &work->arena;
    const struct webhook_delivery *delivery = &sending->delivery;
    int64_t tenant = work->tenant;
    const char *id = webhook_event_id(arena, delivery->event_id), *secret;
    char **headers = arena_new(arena, char *, MOST);
    size_t count = 0;

    work->tenant = delivery->tenant_id;
    secret = webhook_secret(work, &sending->endpoint);
    work->tenant = tenant;
    headers[count++] = arena_text(arena, "Content-Type: application/json");
    headers[count++] = arena_text(arena, "User-Agent: Trunkline/" TRUNKLINE_VERSION);
    headers[count++] = arena_format(arena, "X-Event-Id: %s", id);
    headers[count++] = arena_format(arena, "X-Idempotency-Key: %s", id);
    headers[count++] =
        arena_format(arena, "X-Delivery-Attempt: %lld", (long long)delivery->attempts + 1);
    if (secret)
        headers[count++] =
            arena_format(arena, "%s: %s", webhook_signature_header(sending->endpoint.dialect),
                         webhook_signature(work, secret, clock_now(), delivery->body));
    return headers;
}

/* When attempts happen after the first, in seconds from it. */
static const int64_t offsets_seconds[] = {0,        10,       60,        5 * 60,   30 * 60,
                                          2 * 3600, 6 * 3600, 12 * 3600, 24 * 3600};

int64_t delivery_delay_ms(int64_t attempts, int64_t draw)
{
    int64_t delay_ms;

    if (attempts < 1 || attempts >= (int64_t)COUNT(offsets_seconds))
        return -1;
    delay_ms = (offsets_seconds[attempts] - offsets_seconds[attempts - 1]) * 1000;
    return delay_ms * 8 / 10 + delay_ms * 4 / 10 * draw / 1000;
}

enum { GONE = 410 };

static bool is_success(const struct delivery_result *result)
{
    return result->status_code >= 200 && result->status_code < 300;
}

/* Whoever lost its lease is not the one who finishes it, nor is it who took it once more. */
static bool finish_delivery(struct work *work, const struct webhook_delivery *delivery,
                            const struct delivery_result *result, int64_t delay_ms, bool *ours)
{
    static const char sql[] =
        "UPDATE webhook_deliveries SET state = ?, attempts = attempts + 1, status_code = ?,"
        " response_ms = ?, response_head = ?, last_error = ?, available_at = ?, delivered_at = ?,"
        " lease_until = NULL WHERE tenant_id = ? AND id = ? AND lease_owner = ? AND lease_until = ?"
        " AND state IN ('pending', 'retrying')";
    bool sent = is_success(result), over = delay_ms < 0;
    const char *state = sent ? "sent" : over ? "failed" : "retrying";
    const char *head = word_text(&work->arena, result->response_head, 1000);
    const char *error = word_text(&work->arena, result->error, 500);
    int64_t status = result->status_code ? result->status_code : NO_INTEGER;
    instant now = clock_now(), delivered_at = sent ? now : NO_INSTANT;
    instant again = sent || over ? now : instant_after(now, delay_ms);
    const struct param params[] = {
        PARAM(state),
        PARAM(status),
        PARAM(result->response_ms),
        PARAM(head),
        PARAM(error),
        PARAM(again),
        PARAM(delivered_at),
        PARAM(work->tenant),
        PARAM(delivery->id),
        PARAM(delivery->lease_owner),
        PARAM(delivery->lease_until),
    };
    uint64_t changed;

    if (!db_execute(work, sql, params, COUNT(params), &changed))
        return false;
    *ours = changed == 1;
    return true;
}

enum { CIRCUIT_FAILURES = 20, CIRCUIT_OPEN_MS = 15 * 60 * 1000, HOPELESS_DAYS = 3 };

static bool note_success(struct work *work, uid endpoint)
{
    static const char sql[] = "UPDATE webhook_endpoints SET failure_count = 0, opened_until = NULL,"
                              " last_delivery_at = ? WHERE tenant_id = ? AND id = ?";
    instant now = clock_now();
    const struct param params[] = {PARAM(now), PARAM(work->tenant), PARAM(endpoint)};

    return db_execute(work, sql, params, COUNT(params), NULL);
}

/* Each assignment sees what those before it have set. */
static bool note_failure(struct work *work, uid endpoint, bool gone)
{
    static const char sql[] =
        "UPDATE webhook_endpoints SET failure_count = failure_count + 1,"
        " opened_until = IF(failure_count MOD ? = 0, ?, opened_until),"
        " disabled_reason = CASE WHEN ? THEN 'The receiver answered that it is gone'"
        " WHEN failure_count >= ? AND COALESCE(last_delivery_at, created_at) < ?"
        " THEN 'Nothing arrived for three days' ELSE disabled_reason END,"
        " enabled = IF(disabled_reason IS NULL, enabled, 0), updated_at = ?, rev = rev + 1"
        " WHERE tenant_id = ? AND id = ?";
    instant now = clock_now(), open = instant_after(now, CIRCUIT_OPEN_MS);
    instant hopeless = instant_after(now, -(int64_t)HOPELESS_DAYS * 24 * 3600 * 1000);
    int64_t failures = CIRCUIT_FAILURES;
    const struct param params[] = {
        PARAM(failures), PARAM(open), PARAM(gone),         PARAM(failures),
        PARAM(hopeless), PARAM(now),  PARAM(work->tenant), PARAM(endpoint),
    };

    return db_execute(work, sql, params, COUNT(params), NULL);
}

/* An event of its own, once for each delivery that was given up. */
static bool tell_failure(struct work *work, const struct webhook_delivery *delivery,
                         const struct delivery_result *result)
{
    struct text payload = {.arena = &work->arena};
    char id[37], endpoint[37];

    if (delivery->is_test || strcmp(delivery->event_type, WEBHOOK_DELIVERY_FAILED) == 0)
        return true;
    uid_write_uuid(delivery->id, id);
    uid_write_uuid(delivery->endpoint_id, endpoint);
    text_add(&payload,
             "{\"event_id\":\"%s\",\"event\":", webhook_event_id(&work->arena, delivery->event_id));
    text_json(&payload, delivery->event_type);
    text_add(&payload, ",\"endpoint_id\":\"%s\",\"attempt_count\":%lld,\"status_code\":", endpoint,
             (long long)delivery->attempts + 1);
    if (result->status_code)
        text_integer(&payload, result->status_code);
    else
        text_put(&payload, "null");
    text_char(&payload, '}');
    return outbox_put(work, "webhook", delivery->id, WEBHOOK_DELIVERY_FAILED, payload.at,
                      arena_format(&work->arena, WEBHOOK_DELIVERY_FAILED ":%s", id));
}

struct finishing {
    const struct webhook_sending *sending;
    const struct delivery_result *result;
    int64_t delay_ms; /* until the next attempt; -1: none */
};

static bool finish_step(struct work *work, void *with)
{
    const struct finishing *f = with;
    const struct delivery_result *result = f->result;
    uid endpoint = f->sending->endpoint.id;
    bool ours;

    if (!finish_delivery(work, &f->sending->delivery, result, f->delay_ms, &ours))
        return false;
    if (is_success(result))
        return note_success(work, endpoint);
    return note_failure(work, endpoint, result->status_code == GONE) &&
           (!ours || f->delay_ms >= 0 || tell_failure(work, &f->sending->delivery, result));
}

bool delivery_finish(struct work *work, const struct webhook_sending *sending,
                     const struct delivery_result *result)
{
    struct finishing f = {sending, result, -1};
    int64_t tenant = work->tenant;
    bool ok;

    if (result->status_code != GONE)
        f.delay_ms = delivery_delay_ms(sending->delivery.attempts + 1, (int64_t)rand_below(1000));
    work->tenant = sending->delivery.tenant_id;
    ok = db_transaction(work, finish_step, &f);
    work->tenant = tenant;
    return ok;
}

/* One cell of a result. */
struct moment {
    instant at;
};

bool deliveries_next_due(struct work *work, instant *when)
{
    static const struct column column[] = {COLUMN(moment, at, NULLABLE)};
    static const struct entity entity = ENTITY(moment, "time", NULL, column);
    static const char sql[] = "SELECT MIN(GREATEST(available_at, COALESCE(lease_until,"
                              " available_at))) AS at FROM webhook_deliveries"
                              " WHERE state IN ('pending', 'retrying')";
    struct moment moment = {NO_INSTANT};

    if (!db_find(work, sql, NULL, 0, &entity, &moment))
        return false;
    *when = moment.at;
    return true;
}
