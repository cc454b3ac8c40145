/*
 * How the carrier's callbacks were proved: what was tried, what fitted, what is remembered.
 */
#include <string.h>

#include "domain/carrier_hints.h"
#include "domain/process_figures.h"
#include "fcgi/stateset/operator.h"

struct hints {
    int64_t entries, max_entries, ttl_secs;
};

struct resolution {
    int64_t requests_total, successes_total, failures_total;
    int64_t explicit_token_success, explicit_token_invalid;
    int64_t hint_cache_lookups, hint_cache_hits, hint_cache_misses, hint_cache_expired;
    int64_t hint_cache_signature_mismatch, hint_cache_stale_token;
    int64_t signature_lookup_success, signature_lookup_not_found;
    int64_t signature_lookup_tenant_load_error, signature_lookup_candidates_evaluated_total;
    double success_rate, hint_cache_hit_rate;
};

struct webhooks {
    bool ok, cleared_hint_cache;
    int64_t removed_entries;
    struct hints hints;
    struct resolution r;
};

static const struct column webhooks_columns[] = {
    COLUMN(webhooks, ok, NOT_NULL),
    COLUMN(webhooks, cleared_hint_cache, NOT_NULL),
    COLUMN(webhooks, removed_entries, NOT_NULL),
    COLUMN(webhooks, hints.entries, NOT_NULL),
    COLUMN(webhooks, hints.max_entries, NOT_NULL),
    COLUMN(webhooks, hints.ttl_secs, NOT_NULL),
    COLUMN(webhooks, r.requests_total, NOT_NULL),
    COLUMN(webhooks, r.successes_total, NOT_NULL),
    COLUMN(webhooks, r.failures_total, NOT_NULL),
    COLUMN(webhooks, r.explicit_token_success, NOT_NULL),
    COLUMN(webhooks, r.explicit_token_invalid, NOT_NULL),
    COLUMN(webhooks, r.hint_cache_lookups, NOT_NULL),
    COLUMN(webhooks, r.hint_cache_hits, NOT_NULL),
    COLUMN(webhooks, r.hint_cache_misses, NOT_NULL),
    COLUMN(webhooks, r.hint_cache_expired, NOT_NULL),
    COLUMN(webhooks, r.hint_cache_signature_mismatch, NOT_NULL),
    COLUMN(webhooks, r.hint_cache_stale_token, NOT_NULL),
    COLUMN(webhooks, r.signature_lookup_success, NOT_NULL),
    COLUMN(webhooks, r.signature_lookup_not_found, NOT_NULL),
    COLUMN(webhooks, r.signature_lookup_tenant_load_error, NOT_NULL),
    COLUMN(webhooks, r.signature_lookup_candidates_evaluated_total, NOT_NULL),
    COLUMN(webhooks, r.success_rate, NOT_NULL),
    COLUMN(webhooks, r.hint_cache_hit_rate, NOT_NULL),
};

static const struct entity webhooks_entity =
    ENTITY(webhooks, "diagnostics", NULL, webhooks_columns);

static const struct field hints_fields[] = {
    FIELD(webhooks, hints.entries, "entries", READ),
    FIELD(webhooks, hints.max_entries, "max_entries", READ),
    FIELD(webhooks, hints.ttl_secs, "ttl_secs", READ),
};

static const struct view hints_view =
    VIEW("AdminTwilioWebhookHintCacheDiagnostics", webhooks_entity, hints_fields);

static const struct field resolution_fields[] = {
    /* clang-format off */
    FIELD(webhooks, r.requests_total,                     "requests_total",                     READ, .about = "successes_total and failures_total."),
    FIELD(webhooks, r.successes_total,                    "successes_total",                    READ, .about = "explicit_token_success, hint_cache_hits and signature_lookup_success."),
    FIELD(webhooks, r.failures_total,                     "failures_total",                     READ, .about = "explicit_token_invalid, signature_lookup_not_found and signature_lookup_tenant_load_error."),
    FIELD(webhooks, r.success_rate,                       "success_rate",                       READ, .about = "From 0 to 1; 0 without requests."),
    FIELD(webhooks, r.explicit_token_success,             "explicit_token_success",             READ),
    FIELD(webhooks, r.explicit_token_invalid,             "explicit_token_invalid",             READ),
    FIELD(webhooks, r.hint_cache_lookups,                 "hint_cache_lookups",                 READ, .about = "The sum of the five that follow."),
    FIELD(webhooks, r.hint_cache_hits,                    "hint_cache_hits",                    READ),
    FIELD(webhooks, r.hint_cache_misses,                  "hint_cache_misses",                  READ),
    FIELD(webhooks, r.hint_cache_expired,                 "hint_cache_expired",                 READ),
    FIELD(webhooks, r.hint_cache_signature_mismatch,      "hint_cache_signature_mismatch",      READ),
    FIELD(webhooks, r.hint_cache_stale_token,             "hint_cache_stale_token",             READ),
    FIELD(webhooks, r.hint_cache_hit_rate,                "hint_cache_hit_rate",                READ, .about = "From 0 to 1; 0 without lookups."),
    FIELD(webhooks, r.signature_lookup_success,           "signature_lookup_success",           READ),
    FIELD(webhooks, r.signature_lookup_not_found,         "signature_lookup_not_found",         READ),
    FIELD(webhooks, r.signature_lookup_tenant_load_error, "signature_lookup_tenant_load_error", READ),
    FIELD(webhooks, r.signature_lookup_candidates_evaluated_total, "signature_lookup_candidates_evaluated_total", READ, .about = "Tokens that were tried, hints and explicit ones not among them."),
    /* clang-format on */
};

static const struct view resolution_view =
    VIEW("AdminTwilioWebhookResolutionDiagnostics", webhooks_entity, resolution_fields);

static const struct field shown_fields[] = {
    FIELD(webhooks, ok, "ok", READ),
    NESTED("hint_cache", hints_view, READ),
    NESTED("resolution", resolution_view, READ),
};

const struct view admin_webhooks_view =
    VIEW("AdminTwilioWebhookDiagnosticsResponse", webhooks_entity, shown_fields);

static const struct field cleared_fields[] = {
    FIELD(webhooks, ok, "ok", READ),
    FIELD(webhooks, removed_entries, "removed_entries", READ),
    NESTED("hint_cache", hints_view, READ),
};

const struct view admin_hints_cleared_view =
    VIEW("AdminTwilioWebhookCacheClearResponse", webhooks_entity, cleared_fields);

static const struct field reset_fields[] = {
    FIELD(webhooks, ok, "ok", READ),
    FIELD(webhooks, cleared_hint_cache, "cleared_hint_cache", READ),
    FIELD(webhooks, removed_entries, "removed_hint_cache_entries", READ),
    NESTED("hint_cache", hints_view, READ),
    NESTED("resolution", resolution_view, READ),
};

const struct view admin_webhooks_reset_view =
    VIEW("AdminTwilioWebhookResetCountersResponse", webhooks_entity, reset_fields);

static double share(int64_t part, int64_t whole)
{
    return whole ? (double)part / (double)whole : 0;
}

static struct resolution resolution_of(const int64_t sums[FIGURES])
{
    struct resolution r = {
        .explicit_token_success = sums[FIGURE_EXPLICIT_SUCCESS],
        .explicit_token_invalid = sums[FIGURE_EXPLICIT_INVALID],
        .hint_cache_hits = sums[FIGURE_HINT_HITS],
        .hint_cache_misses = sums[FIGURE_HINT_MISSES],
        .hint_cache_expired = sums[FIGURE_HINT_EXPIRED],
        .hint_cache_signature_mismatch = sums[FIGURE_HINT_MISMATCH],
        .hint_cache_stale_token = sums[FIGURE_HINT_STALE],
        .signature_lookup_success = sums[FIGURE_LOOKUP_SUCCESS],
        .signature_lookup_not_found = sums[FIGURE_LOOKUP_NOT_FOUND],
        .signature_lookup_tenant_load_error = sums[FIGURE_LOOKUP_ERROR],
        .signature_lookup_candidates_evaluated_total = sums[FIGURE_LOOKUP_CANDIDATES],
    };

    r.successes_total = r.explicit_token_success + r.hint_cache_hits + r.signature_lookup_success;
    r.failures_total = r.explicit_token_invalid + r.signature_lookup_not_found +
                       r.signature_lookup_tenant_load_error;
    r.requests_total = r.successes_total + r.failures_total;
    r.hint_cache_lookups = r.hint_cache_hits + r.hint_cache_misses + r.hint_cache_expired +
                           r.hint_cache_signature_mismatch + r.hint_cache_stale_token;
    r.success_rate = share(r.successes_total, r.requests_total);
    r.hint_cache_hit_rate = share(r.hint_cache_hits, r.hint_cache_lookups);
    return r;
}

static bool look(struct work *work, struct webhooks *answer)
{
    int64_t sums[FIGURES];

    answer->ok = true;
    answer->hints.max_entries = CARRIER_HINTS_MOST;
    answer->hints.ttl_secs = CARRIER_HINT_SECONDS;
    figures_flush(work, true);
    if (!carrier_hints_count(work, &answer->hints.entries) || !figures_read(work, sums))
        return false;
    answer->r = resolution_of(sums);
    return true;
}

bool admin_show_webhooks(struct request *req)
{
    struct webhooks answer = {0};

    return look(&req->work, &answer) && reply_row(req, 200, &admin_webhooks_view, &answer);
}

static bool clear(struct work *work, struct webhooks *answer)
{
    uint64_t removed;

    if (!carrier_hints_clear(work, &removed))
        return false;
    answer->removed_entries = (int64_t)removed;
    answer->cleared_hint_cache = true;
    return true;
}

bool admin_clear_hints(struct request *req)
{
    struct webhooks answer = {0};

    return clear(&req->work, &answer) && look(&req->work, &answer) &&
           reply_row(req, 200, &admin_hints_cleared_view, &answer);
}

bool admin_reset_webhooks(struct request *req)
{
    const char *also = request_query(req, "clear_hint_cache");
    struct webhooks answer = {0};

    return (!also || strcmp(also, "true") != 0 || clear(&req->work, &answer)) &&
           figures_reset_callbacks(&req->work) && look(&req->work, &answer) &&
           reply_row(req, 200, &admin_webhooks_reset_view, &answer);
}
