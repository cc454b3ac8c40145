#include "domain/webhook_history.h"

#include <string.h>

#include "domain/webhook_bodies.h"
#include "domain/webhooks.h"

static const struct column columns_of_past[] = {
    COLUMN(webhook_past, id, NOT_NULL),
    COLUMN(webhook_past, event_id, NOT_NULL),
    COLUMN(webhook_past, event_name, NOT_NULL, .computed = true),
    COLUMN(webhook_past, event_type, NOT_NULL),
    COLUMN(webhook_past, url, NOT_NULL),
    COLUMN(webhook_past, state, NOT_NULL),
    COLUMN(webhook_past, last_error, NULLABLE),
    COLUMN(webhook_past, attempts, NOT_NULL),
    COLUMN(webhook_past, status_code, NULLABLE),
    COLUMN(webhook_past, response_ms, NULLABLE),
    COLUMN(webhook_past, replay_of, NULLABLE),
    COLUMN(webhook_past, created_at, NOT_NULL),
    COLUMN(webhook_past, available_at, NOT_NULL),
    COLUMN(webhook_past, delivered_at, NULLABLE),
};

const struct entity webhook_past_entity =
    ENTITY(webhook_past, "webhook delivery", NULL, columns_of_past);

#define PAST                                                                                       \
    "SELECT d.id, d.event_id, d.event_type, e.url, d.state, d.last_error, d.attempts,"             \
    " d.status_code, d.response_ms, d.replay_of, d.created_at, d.available_at, d.delivered_at"     \
    " FROM webhook_deliveries d JOIN webhook_endpoints e"                                          \
    " ON e.tenant_id = d.tenant_id AND e.id = d.endpoint_id WHERE d.tenant_id = ?"

static void name_event(struct work *work, struct webhook_past *past)
{
    past->event_name = webhook_event_id(&work->arena, past->event_id);
}

bool webhook_history(struct work *work, const char *state, const struct page *page,
                     struct rows *past)
{
    static const char sql[] = PAST " AND (? IS NULL OR d.state = ?) ORDER BY d.id DESC"
                                   " LIMIT ? OFFSET ?";
    int64_t size = (int64_t)page->size, skip = (int64_t)page->skip;
    const struct param params[] = {PARAM(work->tenant), PARAM(state), PARAM(state), PARAM(size),
                                   PARAM(skip)};

    if (!db_select(work, sql, params, COUNT(params), &webhook_past_entity, past))
        return false;
    for (size_t i = 0; i < past->count; i++)
        name_event(work, (struct webhook_past *)past->at + i);
    return true;
}

static bool find(struct work *work, uid id, struct webhook_past *past)
{
    static const char sql[] = PAST " AND d.id = ?";
    const struct param params[] = {PARAM(work->tenant), PARAM(id)};

    if (!db_find(work, sql, params, COUNT(params), &webhook_past_entity, past))
        return false;
    name_event(work, past);
    return true;
}

static bool check(struct work *work, const struct webhook_delivery *delivery)
{
    struct webhook_endpoint endpoint;

    if (strcmp(delivery->state, "sent") != 0 && strcmp(delivery->state, "failed") != 0)
        return fail(work, WRONG_STATE, "The delivery is still on its way");
    if (!store_get(work, &webhook_endpoint_entity, delivery->endpoint_id, &endpoint))
        return work->error.what == NOT_FOUND ? fail(work, WRONG_STATE, "The receiver is gone")
                                             : false;
    return (endpoint.enabled && instant_is_none(endpoint.deleted_at)) ||
           fail(work, WRONG_STATE, "The receiver is gone or was given up");
}

bool webhook_replay(struct work *work, uid id, struct webhook_past *made)
{
    struct webhook_delivery delivery, again;

    if (!store_get(work, &webhook_delivery_entity, id, &delivery) || !check(work, &delivery))
        return false;
    row_clear(&webhook_delivery_entity, &again);
    again.id = uid_new();
    again.endpoint_id = delivery.endpoint_id;
    again.event_id = delivery.event_id;
    again.event_type = delivery.event_type;
    again.body = delivery.body;
    again.state = "pending";
    again.attempts = 0;
    again.replay_of = delivery.id;
    again.available_at = again.created_at = clock_now();
    return store_insert(work, &webhook_delivery_entity, &again,
                        columns_all(&webhook_delivery_entity)) &&
           find(work, again.id, made);
}
