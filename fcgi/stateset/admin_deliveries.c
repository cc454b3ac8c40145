/*
 * What was posted to a tenant's receivers, for the operator, and posting it again.
 */
#include <string.h>

#include "domain/webhook_history.h"
#include "fcgi/stateset/stateset.h"

static const struct field delivery_fields[] = {
    /* clang-format off */
    FIELD(webhook_past, id,           "id",           READ, .wire = &wire_uuid),
    FIELD(webhook_past, event_name,   "event_id",     READ, .about = "As X-Idempotency-Key says it."),
    FIELD(webhook_past, event_type,   "event",        READ),
    FIELD(webhook_past, url,          "url",          READ),
    FIELD(webhook_past, state,        "state",        READ),
    FIELD(webhook_past, attempts,     "attempts",     READ),
    FIELD(webhook_past, status_code,  "status_code",  READ),
    FIELD(webhook_past, response_ms,  "response_ms",  READ),
    FIELD(webhook_past, last_error,   "last_error",   READ),
    FIELD(webhook_past, replay_of,    "replay_of",    READ, .wire = &wire_uuid),
    FIELD(webhook_past, created_at,   "created_at",   READ, .wire = &wire_iso_shortest),
    FIELD(webhook_past, available_at, "due_at",       READ, .wire = &wire_iso_shortest, .about = "When it is tried next, while it is not sent."),
    FIELD(webhook_past, delivered_at, "delivered_at", READ, .wire = &wire_iso_shortest),
    /* clang-format on */
};

const struct view admin_delivery_view =
    VIEW("WebhookDelivery", webhook_past_entity, delivery_fields);

static bool read_state(struct request *req, const char **state)
{
    static const char *const words[] = {"pending", "sent", "retrying", "failed"};

    *state = request_query(req, "state");
    for (size_t i = 0; *state && i < COUNT(words); i++)
        if (strcmp(*state, words[i]) == 0)
            return true;
    return !*state ||
           fail_field(&req->work, "state", "state must be pending, sent, retrying or failed");
}

bool admin_list_deliveries(struct request *req)
{
    const struct page page = stateset_page_without_refusal(req);
    const char *state;
    struct rows rows;

    return read_state(req, &state) && webhook_history(&req->work, state, &page, &rows) &&
           reply_rows(req, &admin_delivery_view, &page, &rows);
}

bool admin_replay_delivery(struct request *req)
{
    struct webhook_past past;
    uid id;

    return stateset_path_id(req, "delivery_id", &id) && webhook_replay(&req->work, id, &past) &&
           reply_row(req, 200, &admin_delivery_view, &past);
}
