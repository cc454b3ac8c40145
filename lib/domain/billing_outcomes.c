#include "domain/billing_outcomes.h"

#include <string.h>

#include "core/config.h"
#include "core/log.h"
#include "core/rand.h"
#include "core/text.h"
#include "domain/outbox.h"
#include "domain/outcomes.h"
#include "domain/tenants.h"
#include "domain/webhooks.h"
#include "remote/http.h"

enum { LEASE_MS = 60000, DEADLINE_MS = 5000, AT_ONCE = 8, CLAIMED_AT_ONCE = 40, BUDGET_MS = 30000 };

static const char topic[] = "billing_outcome";

static const struct column columns_of_sweep[] = {
    COLUMN(billing_sweep, attempted, NOT_NULL),
    COLUMN(billing_sweep, delivered, NOT_NULL),
    COLUMN(billing_sweep, rescheduled, NOT_NULL),
    COLUMN(billing_sweep, failed, NOT_NULL),
};

const struct entity billing_sweep_entity =
    ENTITY(billing_sweep, "billing sweep", NULL, columns_of_sweep);

bool billing_outcome_owe(struct work *work, const struct voice_outcome *outcome)
{
    char id[37];

    uid_write_uuid(outcome->id, id);
    return outbox_put(work, topic, outcome->id, "voice.outcome", NULL,
                      arena_text(&work->arena, id));
}

bool billing_is_configured(const struct work *work)
{
    return work->config->billing_outcomes_url != NULL;
}

/* ---- again ---- */

static bool set_status(struct work *work, uid outcome, const char *before, const char *after)
{
    static const char sql[] = "UPDATE voice_outcomes SET billing_status = ?, updated_at = ?,"
                              " rev = rev + 1 WHERE tenant_id = ? AND id = ?"
                              " AND billing_status = ?";
    instant now = clock_now();
    const struct param params[] = {PARAM(after), PARAM(now), PARAM(work->tenant), PARAM(outcome),
                                   PARAM(before)};

    return db_execute(work, sql, params, COUNT(params), NULL);
}

static bool revive_step(struct work *work, void *with)
{
    static const char sql[] =
        "UPDATE outbox SET state = 'pending', attempts = 0, available_at = ?, finished_at = NULL,"
        " lease_until = NULL WHERE tenant_id = ? AND id = ? AND state = 'failed'";
    const struct outbox_row *row = with;
    instant now = clock_now();
    const struct param params[] = {PARAM(now), PARAM(work->tenant), PARAM(row->id)};

    return db_execute(work, sql, params, COUNT(params), NULL) &&
           set_status(work, row->subject_id, "failed", "pending_emit");
}

bool billing_revive(struct work *work, int64_t limit)
{
    const char *sql = arena_format(&work->arena,
                                   "SELECT %s FROM outbox WHERE state = 'failed' AND topic = ?"
                                   " ORDER BY available_at LIMIT ?",
                                   store_names(work, &outbox_row_entity, NULL));
    const char *of_topic = topic;
    const struct param params[] = {PARAM(of_topic), PARAM(limit)};
    struct rows rows;
    bool ok;

    ok = db_select(work, sql, params, COUNT(params), &outbox_row_entity, &rows);
    for (size_t i = 0; ok && i < rows.count; i++) {
        struct outbox_row *row = (struct outbox_row *)rows.at + i;

        work->tenant = row->tenant_id;
        ok = db_transaction(work, revive_step, row);
    }
    work->tenant = 0;
    return ok;
}

/* ---- telling ---- */

/* An outcome under way. */
struct telling {
    const struct outbox_row *row;
    bool gone; /* the outcome was deleted meanwhile; there is nothing to tell */
};

static void member(struct text *body, const char *name, const char *value)
{
    text_add(body, ",\"%s\":", name);
    text_json(body, value);
}

static const char *body_of(struct work *work, const struct tenant *tenant,
                           const struct voice_outcome *outcome)
{
    struct text body = {.arena = &work->arena};
    char id[37], at[32];

    uid_write_uuid(outcome->id, id);
    instant_write_iso(outcome->occurred_at, ISO_SHORTEST, at);
    text_add(&body, "{\"id\":\"%s\",\"event\":\"voice.outcome\"", id);
    member(&body, "occurred_at", at);
    member(&body, "tenant_id", tenant->tenant_key);
    member(&body, "org_id", outcome->org_ref);
    member(&body, "stream_sid", outcome->stream_sid);
    member(&body, "call_sid", outcome->call_sid);
    member(&body, "resolution", outcome->resolution);
    member(&body, "billable_sku", outcome->billable_sku);
    member(&body, "call_type", outcome->call_type);
    member(&body, "agent_name", outcome->agent_name);
    text_add(&body,
             ",\"escalated\":%s,\"duration_seconds\":", outcome->escalated ? "true" : "false");
    if (outcome->duration_seconds == NO_INTEGER)
        text_put(&body, "null");
    else
        text_integer(&body, outcome->duration_seconds);
    text_char(&body, '}');
    return body.at;
}

static void address(struct work *work, const struct voice_outcome *outcome,
                    struct http_request *request)
{
    const char *secret = work->config->billing_outcomes_secret;
    struct http_header *headers = arena_new(&work->arena, struct http_header, 2);
    char id[37];

    uid_write_uuid(outcome->id, id);
    headers[0] = (struct http_header){"X-Idempotency-Key", arena_text(&work->arena, id)};
    if (secret)
        headers[1] = (struct http_header){
            "X-Trunkline-Signature", webhook_signature(work, secret, clock_now(), request->body)};
    request->url = work->config->billing_outcomes_url;
    request->headers = headers;
    request->nheaders = secret ? 2 : 1;
    request->content_type = "application/json";
    request->length = strlen(request->body);
    request->deadline_ms = DEADLINE_MS;
    request->answer_limit = 4096;
    request->cut = true;
}

/* False when the store failed. */
static bool prepare(struct work *work, const struct outbox_row *row, struct http_exchange *exchange)
{
    struct telling *telling = arena_new(&work->arena, struct telling, 1);
    struct voice_outcome outcome;
    struct tenant tenant;

    work->tenant = row->tenant_id;
    telling->row = row;
    exchange->with = telling;
    if (!store_get(work, &voice_outcome_entity, row->subject_id, &outcome) ||
        !tenant_by_id(work, row->tenant_id, &tenant)) {
        telling->gone = true;
        return work->error.what == NOT_FOUND;
    }
    exchange->request.body = body_of(work, &tenant, &outcome);
    address(work, &outcome, &exchange->request);
    return true;
}

/* What came of one attempt, written in one transaction. */
struct settling {
    const struct outbox_row *row;
    const char *problem; /* NULL: delivered */
    instant again;       /* NO_INSTANT: never */
};

static bool settle_step(struct work *work, void *with)
{
    const struct settling *settling = with;
    const struct outbox_row *row = settling->row;

    if (!settling->problem)
        return outbox_delivered(work, row) &&
               set_status(work, row->subject_id, "pending_emit", "emitted");
    return outbox_failed(work, row, settling->problem, settling->again) &&
           (!instant_is_none(settling->again) ||
            set_status(work, row->subject_id, "pending_emit", "failed"));
}

static bool settle(struct work *work, const struct http_exchange *exchange,
                   struct billing_sweep *sweep)
{
    const struct telling *telling = exchange->with;
    struct settling settling = {.row = telling->row, .again = NO_INSTANT};
    const struct http_answer *answer = &exchange->answer;
    int64_t delay_ms = delivery_delay_ms(telling->row->attempts, (int64_t)rand_below(1000));

    if (telling->gone)
        settling.problem = NULL;
    else if (answer->end != HTTP_ANSWERED)
        settling.problem = answer->problem ? answer->problem : "no answer";
    else if (answer->status < 200 || answer->status > 299)
        settling.problem = arena_format(&work->arena, "status %d", answer->status);
    if (delay_ms >= 0)
        settling.again = instant_after(clock_now(), delay_ms);
    sweep->attempted++;
    if (!settling.problem)
        sweep->delivered++;
    else if (delay_ms >= 0)
        sweep->rescheduled++;
    else
        sweep->failed++;
    if (settling.problem)
        log_warning(work, "billing.failed", "attempt=%lld again_ms=%lld text=\"%s\"",
                    (long long)telling->row->attempts, (long long)delay_ms, settling.problem);
    work->tenant = telling->row->tenant_id;
    return db_transaction(work, settle_step, &settling);
}

/* Tells of one claim of rows; those whose outcome is gone are not sent. */
static bool tell(struct work *work, const struct rows *claimed, struct billing_sweep *sweep)
{
    struct http_exchange *exchanges = arena_new(&work->arena, struct http_exchange, claimed->count);
    struct http_exchange gone = {.with = NULL};
    const struct outbox_row *row = claimed->at;
    size_t count = 0;
    bool ok = true;

    for (size_t i = 0; ok && i < claimed->count; i++) {
        exchanges[count] = (struct http_exchange){.with = NULL};
        ok = prepare(work, &row[i], &exchanges[count]);
        if (!ok || !((const struct telling *)exchanges[count].with)->gone) {
            count += ok;
            continue;
        }
        gone = exchanges[count];
        ok = settle(work, &gone, sweep);
    }
    work->tenant = 0;
    http_send_many(work, exchanges, count, AT_ONCE, NULL);
    for (size_t i = 0; i < count; i++)
        ok = settle(work, &exchanges[i], sweep) && ok;
    work->tenant = 0;
    return ok;
}

bool billing_deliver(struct work *work, const char *owner, int64_t limit,
                     struct billing_sweep *sweep)
{
    int64_t begun_us = clock_monotonic_us();
    struct rows claimed = {NULL, 1};
    bool ok = true;

    *sweep = (struct billing_sweep){0};
    if (!billing_is_configured(work))
        return fail(work, UPSTREAM, "No billing system is configured");
    while (ok && limit > 0 && claimed.count &&
           clock_monotonic_us() - begun_us < (int64_t)BUDGET_MS * 1000) {
        ok = outbox_claim(work, topic, owner, LEASE_MS,
                          limit < CLAIMED_AT_ONCE ? limit : CLAIMED_AT_ONCE, &claimed);
        if (ok && claimed.count)
            ok = tell(work, &claimed, sweep);
        limit -= (int64_t)claimed.count;
    }
    return ok;
}
