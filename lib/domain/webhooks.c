#include "domain/webhooks.h"

#include <string.h>

#include "core/crypto.h"
#include "core/json.h"
#include "domain/calls.h"
#include "domain/outbox.h"
#include "domain/secrets.h"
#include "domain/webhook_bodies.h"

static const char *const webhook_dialects[] = {"thruai", "kwickphone", "stateset", "twilio", NULL};

static const char *const webhook_methods[] = {"POST", "GET", NULL};

static const struct column columns_of_endpoint[] = {
    COLUMN(webhook_endpoint, tenant_id, NOT_NULL),
    COLUMN(webhook_endpoint, id, NOT_NULL),
    COLUMN(webhook_endpoint, dialect, NOT_NULL, .one_of = webhook_dialects),
    COLUMN(webhook_endpoint, url, NOT_NULL, .max = 1000),
    COLUMN(webhook_endpoint, method, NULLABLE, .one_of = webhook_methods),
    COLUMN(webhook_endpoint, events, NOT_NULL),
    COLUMN(webhook_endpoint, secret, NULLABLE, .secret = true),
    COLUMN(webhook_endpoint, secret_prefix, NULLABLE, .max = 16),
    COLUMN(webhook_endpoint, description, NULLABLE, .max = 500),
    COLUMN(webhook_endpoint, enabled, NOT_NULL),
    COLUMN(webhook_endpoint, number_id, NULLABLE),
    COLUMN(webhook_endpoint, failure_count, NOT_NULL),
    COLUMN(webhook_endpoint, opened_until, NULLABLE),
    COLUMN(webhook_endpoint, disabled_reason, NULLABLE, .max = 200),
    COLUMN(webhook_endpoint, last_delivery_at, NULLABLE),
    COLUMN(webhook_endpoint, deleted_at, NULLABLE),
    COLUMN(webhook_endpoint, created_at, NOT_NULL),
    COLUMN(webhook_endpoint, updated_at, NOT_NULL),
    COLUMN(webhook_endpoint, rev, NOT_NULL),
};

const struct entity webhook_endpoint_entity =
    ENTITY(webhook_endpoint, "webhook", "webhook_endpoints", columns_of_endpoint);

enum { SECRET_DIGITS = 32, SHOWN_DIGITS = 10 };

/* What a sealed secret is bound to. */
static const char *bound_to(struct work *work, uid endpoint)
{
    char id[37];

    uid_write_uuid(endpoint, id);
    return arena_format(&work->arena, "webhook_endpoints %s", id);
}

const char *webhook_new_secret(struct work *work)
{
    return arena_format(&work->arena, "whsec_%s", random_word(&work->arena, SECRET_DIGITS));
}

bytes webhook_seal(struct work *work, uid endpoint, const char *secret, const char **prefix)
{
    /* Half of a short one is not shown. */
    size_t shown = strlen(secret) / 2;

    *prefix = arena_copy(&work->arena, secret, shown < SHOWN_DIGITS ? shown : SHOWN_DIGITS);
    return secret_seal(work, bound_to(work, endpoint), secret);
}

bool webhook_create(struct work *work, struct webhook_endpoint *endpoint, const char *secret,
                    const char **shown_once)
{
    if (!secret)
        secret = webhook_new_secret(work);
    if (uid_is_none(endpoint->id))
        endpoint->id = uid_new();
    endpoint->secret = webhook_seal(work, endpoint->id, secret, &endpoint->secret_prefix);
    if (!endpoint->events.json)
        endpoint->events.json = "[]";
    endpoint->enabled = *endpoint->url != '\0'; /* one without a URL waits for it */
    endpoint->failure_count = 0;
    endpoint->created_at = endpoint->updated_at = clock_now();
    if (shown_once)
        *shown_once = secret;
    return store_insert(work, &webhook_endpoint_entity, endpoint,
                        columns_all(&webhook_endpoint_entity));
}

bool webhook_of_number(struct work *work, uid number, struct webhook_endpoint *endpoint)
{
    const char *sql =
        arena_format(&work->arena,
                     "SELECT %s FROM webhook_endpoints WHERE tenant_id = ? AND number_id = ?"
                     " AND deleted_at IS NULL ORDER BY id DESC LIMIT 1",
                     store_names(work, &webhook_endpoint_entity, NULL));
    const struct param params[] = {PARAM(work->tenant), PARAM(number)};

    return db_find(work, sql, params, COUNT(params), &webhook_endpoint_entity, endpoint);
}

bool webhooks_forget_number(struct work *work, uid number)
{
    static const char sql[] =
        "UPDATE webhook_endpoints SET deleted_at = ?, updated_at = ?, rev = rev + 1"
        " WHERE tenant_id = ? AND number_id = ? AND deleted_at IS NULL";
    instant now = clock_now();
    const struct param params[] = {PARAM(now), PARAM(now), PARAM(work->tenant), PARAM(number)};

    return db_execute(work, sql, params, COUNT(params), NULL);
}

char *webhook_secret(struct work *work, const struct webhook_endpoint *endpoint)
{
    const char *secret;

    if (!endpoint->secret.at ||
        !secret_open(work, bound_to(work, endpoint->id), endpoint->secret, &secret))
        return NULL;
    return arena_text(&work->arena, secret);
}

char *webhook_signature(struct work *work, const char *secret, instant at, const char *body)
{
    const char *text = arena_format(&work->arena, "%lld.%s", (long long)(at.ms / 1000), body);
    hash256 mac = hmac_sha256(secret, strlen(secret), text, strlen(text));
    char hex[65];

    hex_write(mac.bytes, sizeof mac.bytes, hex);
    return arena_format(&work->arena, "t=%lld,v1=%s", (long long)(at.ms / 1000), hex);
}

/* An outbox row on its way into deliveries. */
struct fan_out {
    const struct outbox_row *row;
    struct webhook_event event;
    struct call call;
    uid number; /* of the call; NO_UID: the event is about none */
};

/*
 * Endpoints that may hear of a call: those of its number and those of all numbers.  Those of the
 * fourth dialect, twilio, are told of each call by itself.
 */
static bool select_endpoints(struct work *work, uid number, struct rows *endpoints)
{
    const char *sql = arena_format(&work->arena,
                                   "SELECT %s FROM webhook_endpoints WHERE tenant_id = ?"
                                   " AND enabled = 1 AND deleted_at IS NULL"
                                   " AND dialect IN ('thruai', 'kwickphone', 'stateset')"
                                   " AND (number_id IS NULL OR number_id = ?) ORDER BY id",
                                   store_names(work, &webhook_endpoint_entity, NULL));
    const struct param params[] = {PARAM(work->tenant), PARAM(number)};

    return db_select(work, sql, params, COUNT(params), &webhook_endpoint_entity, endpoints);
}

/* Whether an endpoint asked for an event; an empty list and "*" ask for all. */
static bool wants(const struct webhook_endpoint *endpoint, const char *name)
{
    json_object *events = json_parse(endpoint->events.json);
    size_t count =
        json_object_is_type(events, json_type_array) ? json_object_array_length(events) : 0;
    bool wanted = count == 0;

    for (size_t i = 0; i < count && !wanted; i++) {
        const char *event = json_object_get_string(json_object_array_get_idx(events, i));

        wanted = event && (strcmp(event, name) == 0 || strcmp(event, "*") == 0);
    }
    json_object_put(events);
    return wanted;
}

static bool put_delivery(struct work *work, const struct webhook_endpoint *endpoint,
                         const struct webhook_event *event, const char *name)
{
    static const char sql[] =
        "INSERT INTO webhook_deliveries (tenant_id, id, endpoint_id, event_id, event_type, body,"
        " state, attempts, available_at, is_test, created_at)"
        " VALUES (?, ?, ?, ?, ?, ?, 'pending', 0, ?, 0, ?)";
    const char *body;
    instant now = clock_now();
    uid id = uid_new();
    const struct param params[] = {
        PARAM(work->tenant), PARAM(id),   PARAM(endpoint->id), PARAM(event->id),
        PARAM(name),         PARAM(body), PARAM(now),          PARAM(now),
    };

    return webhook_body(work, endpoint->dialect, event, &body) &&
           db_execute(work, sql, params, COUNT(params), NULL);
}

static bool put_deliveries(struct work *work, const struct fan_out *fan)
{
    struct rows rows;

    if (!select_endpoints(work, fan->number, &rows))
        return false;
    for (size_t i = 0; i < rows.count; i++) {
        const struct webhook_endpoint *endpoint = (const struct webhook_endpoint *)rows.at + i;
        const char *name = webhook_event_name(endpoint->dialect, fan->event.name);

        if (name && wants(endpoint, name) && !put_delivery(work, endpoint, &fan->event, name))
            return false;
    }
    return true;
}

/* Whether an event's subject is a call; other events say themselves what they are about. */
static bool is_of_call(const struct outbox_row *row)
{
    static const char *const families[] = {"call.", "transcript.", "session."};

    for (size_t i = 0; i < COUNT(families); i++)
        if (strncmp(row->event_type, families[i], strlen(families[i])) == 0)
            return !uid_is_none(row->subject_id);
    return false;
}

static bool find_call(struct work *work, struct fan_out *fan)
{
    fan->event.call = NULL;
    fan->number = NO_UID;
    if (!is_of_call(fan->row))
        return true;
    if (!call_get(work, fan->row->subject_id, &fan->call))
        return false;
    fan->event.call = &fan->call;
    fan->number = fan->call.phone_number_id;
    return true;
}

/* The row is finished first: whoever lost its lease finds nothing to finish and makes nothing. */
static bool finish_row(struct work *work, const struct outbox_row *row, bool *ours)
{
    static const char sql[] =
        "UPDATE outbox SET state = 'delivered', finished_at = ?, lease_until = NULL"
        " WHERE tenant_id = ? AND id = ? AND state = 'pending' AND lease_owner <=> ?";
    instant now = clock_now();
    const struct param params[] = {PARAM(now), PARAM(work->tenant), PARAM(row->id),
                                   PARAM(row->lease_owner)};
    uint64_t changed;

    if (!db_execute(work, sql, params, COUNT(params), &changed))
        return false;
    *ours = changed == 1;
    return true;
}

static bool fan_out_step(struct work *work, void *with)
{
    struct fan_out *fan = with;
    bool ours;

    if (!finish_row(work, fan->row, &ours))
        return false;
    if (!ours)
        return true;
    if (!find_call(work, fan))
        return work->error.what == NOT_FOUND; /* erased since: nobody is to hear of it */
    return put_deliveries(work, fan);
}

bool webhooks_fan_out(struct work *work, const struct outbox_row *row)
{
    struct fan_out fan = {
        .row = row,
        .event = {.id = row->id,
                  .name = row->event_type,
                  .at = row->created_at,
                  .payload = row->payload.json},
    };
    int64_t tenant = work->tenant;
    bool ok;

    work->tenant = row->tenant_id;
    ok = db_transaction(work, fan_out_step, &fan);
    work->tenant = tenant;
    return ok;
}
