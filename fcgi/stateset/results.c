/*
 * What came of calls and how good they were: outcomes and evaluations, for tenants.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "domain/outcome_figures.h"
#include "domain/session_evals.h"
#include "domain/tenants.h"
#include "fcgi/stateset/stateset.h"

enum { HOUR_MS = 3600 * 1000, DAY_MS = 24 * HOUR_MS };

/* ---- outcomes ---- */

static const struct field outcome_fields[] = {
    /* clang-format off */
    FIELD(voice_outcome, id,               "id",               READ, .wire = &wire_uuid),
    FIELD(voice_outcome, tenant_id,        "tenant_id",        READ, .wire = &stateset_tenant_key),
    FIELD(voice_outcome, stream_sid,       "stream_sid",       READ),
    FIELD(voice_outcome, call_sid,         "call_sid",         READ),
    FIELD(voice_outcome, resolution,       "resolution",       READ),
    FIELD(voice_outcome, primary_intent,   "primary_intent",   READ),
    FIELD(voice_outcome, risk_level,       "risk_level",       READ),
    FIELD(voice_outcome, billable_sku,     "billable_sku",     READ),
    FIELD(voice_outcome, billing_status,   "billing_status",   READ),
    FIELD(voice_outcome, outcome_source,   "outcome_source",   READ),
    FIELD(voice_outcome, escalated,        "escalated",        READ),
    FIELD(voice_outcome, disposition,      "disposition",      READ, .wire = &wire_document),
    FIELD(voice_outcome, duration_seconds, "duration_seconds", READ),
    FIELD(voice_outcome, call_type,        "call_type",        READ),
    FIELD(voice_outcome, agent_name,       "agent_name",       READ),
    FIELD(voice_outcome, customer_phone,   "customer_phone",   READ),
    FIELD(voice_outcome, org_ref,          "org_id",           READ),
    FIELD(voice_outcome, metadata,         "metadata",         READ, .wire = &wire_document),
    FIELD(voice_outcome, occurred_at,      "occurred_at",      READ, .wire = &wire_iso_shortest),
    FIELD(voice_outcome, created_at,       "created_at",       READ, .wire = &wire_iso_shortest),
    FIELD(voice_outcome, updated_at,       "updated_at",       READ, .wire = &wire_iso_shortest),
    /* clang-format on */
};

static const struct view outcome_view = VIEW("VoiceOutcome", voice_outcome_entity, outcome_fields);

/* Words of ours are plain; anything else cannot be looked for. */
static bool read_word(struct request *req, const char *name, const char **word)
{
    size_t length;

    *word = request_query(req, name);
    if (!*word)
        return true;
    length = strlen(*word);
    for (size_t i = 0; i < length; i++)
        if ((*word)[i] <= ' ' || (*word)[i] > '~')
            length = 0;
    return (length && length <= 64) || fail_field(&req->work, name, "%s must be a word", name);
}

static bool read_billing_status(struct request *req, const char **status)
{
    static const char *const states[] = {"not_billable", "pending_emit", "emitted", "failed"};

    *status = request_query(req, "billing_status");
    for (size_t i = 0; *status && i < COUNT(states); i++)
        if (strcmp(*status, states[i]) == 0)
            return true;
    return !*status ||
           fail_field(&req->work, "billing_status",
                      "billing_status must be not_billable, pending_emit, emitted or failed");
}

static bool list_outcomes(struct request *req)
{
    struct outcome_filter filter;
    struct rows outcomes;
    struct page page;

    return read_page(req, &page) && read_word(req, "resolution", &filter.resolution) &&
           read_word(req, "billable_sku", &filter.billable_sku) &&
           read_word(req, "call_type", &filter.call_type) &&
           read_billing_status(req, &filter.billing_status) &&
           outcomes_list(&req->work, &filter, &page, &outcomes) &&
           reply_rows(req, &outcome_view, &page, &outcomes);
}

static bool get_outcome(struct request *req)
{
    struct voice_outcome outcome;
    uid id;

    if (!uid_read_uuid(request_path(req, "id"), &id))
        return fail_field(&req->work, "id", "id must be a UUID");
    return store_get(&req->work, &voice_outcome_entity, id, &outcome) &&
           reply_row(req, 200, &outcome_view, &outcome);
}

static bool get_outcome_of_stream(struct request *req)
{
    const char *stream_sid = request_path(req, "stream_sid");
    struct voice_outcome outcome;

    for (const char *c = stream_sid; *c; c++)
        if (*c <= ' ' || *c > '~')
            return fail(&req->work, NOT_FOUND, "No outcome of this stream");
    return outcome_by_stream(&req->work, stream_sid, &outcome) &&
           reply_row(req, 200, &outcome_view, &outcome);
}

/* ---- sums and series ---- */

/* Documented without a refusal: what is none of these is the usual one. */
static const struct window {
    const char *name;
    int64_t length_ms; /* 0: everything */
    const char *bucket;
} windows[] = {
    {"24h", DAY_MS, "hour"},
    {"7d", 7LL * DAY_MS, "day"},
    {"30d", 30LL * DAY_MS, "day"},
    {"all", 0, "day"},
};

static const struct window *window_asked(struct request *req)
{
    const char *name = request_query(req, "window");

    for (size_t i = 0; name && i < COUNT(windows); i++)
        if (strcmp(windows[i].name, name) == 0)
            return &windows[i];
    return &windows[2];
}

static instant window_start(const struct window *window)
{
    return window->length_ms ? instant_after(clock_now(), -window->length_ms) : NO_INSTANT;
}

static const struct field count_fields[] = {
    FIELD(outcome_count, name, "name", READ),
    FIELD(outcome_count, count, "count", READ),
};

static const struct view count_view = VIEW("VoiceOutcomeCount", outcome_count_entity, count_fields);

struct stats_answer {
    bool ok;
    const char *tenant;
    struct outcome_stats stats;
};

static const struct column stats_columns[] = {
    COLUMN(stats_answer, ok, NOT_NULL),
    COLUMN(stats_answer, tenant, NOT_NULL),
    COLUMN(stats_answer, stats.total, NOT_NULL),
    COLUMN(stats_answer, stats.billable, NOT_NULL),
    COLUMN(stats_answer, stats.not_billable, NOT_NULL),
    COLUMN(stats_answer, stats.pending_emit, NOT_NULL),
    COLUMN(stats_answer, stats.emitted, NOT_NULL),
    COLUMN(stats_answer, stats.failed_billing, NOT_NULL),
    COLUMN(stats_answer, stats.escalated, NOT_NULL),
    COLUMN(stats_answer, stats.avg_duration_seconds, NULLABLE),
};

static const struct entity stats_entity =
    ENTITY(stats_answer, "outcomes' statistics", NULL, stats_columns);

static const struct field stats_fields[] = {
    /* clang-format off */
    FIELD(stats_answer, stats.total,                "total",                READ),
    FIELD(stats_answer, stats.billable,             "billable",             READ, .about = "Outcomes that are not not_billable."),
    FIELD(stats_answer, stats.not_billable,         "not_billable",         READ),
    FIELD(stats_answer, stats.pending_emit,         "pending_emit",         READ),
    FIELD(stats_answer, stats.emitted,              "emitted",              READ),
    FIELD(stats_answer, stats.failed_billing,       "failed_billing",       READ),
    FIELD(stats_answer, stats.escalated,            "escalated",            READ),
    FIELD(stats_answer, stats.avg_duration_seconds, "avg_duration_seconds", READ),
    ROWS(stats_answer,  stats.resolution_mix,       "resolution_mix",       count_view, READ),
    ROWS(stats_answer,  stats.billing_status_mix,   "billing_status_mix",   count_view, READ),
    ROWS(stats_answer,  stats.sku_mix,              "sku_mix",              count_view, READ),
    ROWS(stats_answer,  stats.risk_mix,             "risk_mix",             count_view, READ),
    /* clang-format on */
};

static const struct view stats_inner = VIEW("VoiceOutcomeStats", stats_entity, stats_fields);

static const struct field stats_answer_fields[] = {
    FIELD(stats_answer, ok, "ok", READ),
    FIELD(stats_answer, tenant, "tenant", READ),
    NESTED("stats", stats_inner, READ),
};

static const struct view stats_view =
    VIEW("VoiceOutcomeStatsResponse", stats_entity, stats_answer_fields);

static bool get_stats(struct request *req)
{
    struct stats_answer answer = {.ok = true, .tenant = req->tenant->tenant_key};

    return outcome_stats(&req->work, window_start(window_asked(req)), &answer.stats) &&
           reply_row(req, 200, &stats_view, &answer);
}

static const struct field point_fields[] = {
    /* clang-format off */
    FIELD(outcome_point, bucket_start,         "bucket_start",         READ, .wire = &wire_iso_seconds),
    FIELD(outcome_point, total,                "total",                READ),
    FIELD(outcome_point, billable,             "billable",             READ),
    FIELD(outcome_point, escalated,            "escalated",            READ),
    FIELD(outcome_point, pending_emit,         "pending_emit",         READ),
    FIELD(outcome_point, avg_duration_seconds, "avg_duration_seconds", READ),
    /* clang-format on */
};

static const struct view point_view =
    VIEW("VoiceOutcomeTimeseriesPoint", outcome_point_entity, point_fields);

struct series_answer {
    bool ok;
    const char *tenant, *window, *bucket;
    struct rows points;
};

static const struct column series_columns[] = {
    COLUMN(series_answer, ok, NOT_NULL),
    COLUMN(series_answer, tenant, NOT_NULL),
    COLUMN(series_answer, window, NOT_NULL),
    COLUMN(series_answer, bucket, NOT_NULL),
};

static const struct entity series_entity = ENTITY(series_answer, "series", NULL, series_columns);

static const struct field series_fields[] = {
    FIELD(series_answer, window, "window", READ),
    FIELD(series_answer, bucket, "bucket", READ),
    ROWS(series_answer, points, "points", point_view, READ),
};

static const struct view series_inner =
    VIEW("VoiceOutcomeTimeseries", series_entity, series_fields);

static const struct field series_answer_fields[] = {
    FIELD(series_answer, ok, "ok", READ),
    FIELD(series_answer, tenant, "tenant", READ),
    NESTED("timeseries", series_inner, READ),
};

static const struct view series_view =
    VIEW("VoiceOutcomeTimeseriesResponse", series_entity, series_answer_fields);

static bool get_series(struct request *req)
{
    const struct window *window = window_asked(req);
    const char *asked = request_query(req, "bucket");
    bool known = asked && (strcmp(asked, "hour") == 0 || strcmp(asked, "day") == 0);
    struct series_answer answer = {.ok = true,
                                   .tenant = req->tenant->tenant_key,
                                   .window = window->name,
                                   .bucket = known ? asked : window->bucket};

    return outcome_series(&req->work, window_start(window), clock_now(),
                          strcmp(answer.bucket, "hour") == 0 ? HOUR_MS : DAY_MS, &answer.points) &&
           reply_row(req, 200, &series_view, &answer);
}

/* ---- evaluations ---- */

static const struct field eval_fields[] = {
    /* clang-format off */
    FIELD(session_eval, id,               "id",               READ, .wire = &wire_uuid),
    FIELD(session_eval, tenant_id,        "tenant_id",        READ, .wire = &stateset_tenant_key),
    FIELD(session_eval, session_ref,      "session_id",       READ),
    FIELD(session_eval, session_id,       "voice_session_id", READ, .wire = &wire_uuid),
    FIELD(session_eval, call_id,          "call_log_id",      READ, .wire = &wire_uuid, .about = "null for an imported session, which has no call."),
    FIELD(session_eval, stream_sid,       "stream_id",        READ),
    FIELD(session_eval, agent_version_id, "agent_version_id", READ, .wire = &wire_uuid, .about = "null for a session without an agent of ours."),
    FIELD(session_eval, agent_key,        "agent_key",        READ),
    FIELD(session_eval, agent_name,       "agent_name",       READ),
    FIELD(session_eval, score,            "score",            READ, .about = "0 to 1; of high quality from 0.8 on."),
    FIELD(session_eval, notes,            "notes",            READ),
    FIELD(session_eval, source,           "source",           READ),
    FIELD(session_eval, tags,             "tags",             READ, .wire = &wire_array),
    FIELD(session_eval, rubric,           "rubric",           READ, .wire = &wire_document),
    FIELD(session_eval, metadata,         "metadata",         READ, .wire = &wire_document),
    FIELD(session_eval, created_at,       "created_at",       READ, .wire = &wire_iso_shortest),
    FIELD(session_eval, updated_at,       "updated_at",       READ, .wire = &wire_iso_shortest),
    /* clang-format on */
};

const struct view stateset_eval_view = VIEW("VoiceSessionEval", session_eval_entity, eval_fields);

static const struct field eval_stats_fields[] = {
    FIELD(eval_stats, total_evals, "total_evals", READ),
    FIELD(eval_stats, evals_last_24h, "evals_last_24h", READ),
    FIELD(eval_stats, avg_score, "avg_score", READ),
    FIELD(eval_stats, high_quality_rate, "high_quality_rate", READ),
};

static const struct view eval_stats_view =
    VIEW("VoiceSessionEvalStats", eval_stats_entity, eval_stats_fields);

/* The list's contract knows no refusal: what cannot be read narrows nothing. */
static double score_asked(struct request *req, const char *name)
{
    const char *text = request_query(req, name);
    char *end;
    double score;

    if (!text || !*text)
        return (double)NAN;
    score = strtod(text, &end);
    return *end || !isfinite(score) ? (double)NAN : score;
}

static bool list_evals(struct request *req)
{
    struct eval_filter filter = {score_asked(req, "min_score"), score_asked(req, "max_score"),
                                 request_query(req, "tag")};
    struct page page = stateset_page_without_refusal(req);
    struct rows evals;

    return session_evals_list(&req->work, &filter, &page, &evals) &&
           reply_rows(req, &stateset_eval_view, &page, &evals);
}

static bool get_eval(struct request *req)
{
    struct session_eval eval;

    if (session_eval_of(&req->work, request_path(req, "session_id"), &eval))
        return reply_row(req, 200, &stateset_eval_view, &eval);
    return req->work.error.what == NOT_FOUND ? fail(&req->work, NOT_FOUND, "Evaluation not found")
                                             : false;
}

static bool get_eval_stats(struct request *req)
{
    struct eval_stats stats;

    return session_eval_stats(&req->work, &stats) && reply_row(req, 200, &eval_stats_view, &stats);
}

/* ---- the dialect's part ---- */

/* One outcome stands in an envelope, everything else by itself. */
static void item(struct request *req, const struct view *view, const void *row)
{
    if (view == &outcome_view) {
        text_put(&req->reply, "{\"ok\":true,\"tenant\":");
        text_json(&req->reply, req->tenant->tenant_key);
        text_put(&req->reply, ",\"outcome\":");
    }
    view_render(req, &req->reply, view, row);
    if (view == &outcome_view)
        text_char(&req->reply, '}');
}

static void list(struct request *req, const struct view *view, const struct page *page,
                 const struct rows *rows)
{
    (void)page;
    text_put(&req->reply, "{\"ok\":true,\"tenant\":");
    text_json(&req->reply, req->tenant->tenant_key);
    text_add(&req->reply, ",\"count\":%zu,\"%s\":", rows->count,
             view == &outcome_view ? "outcomes" : "evals");
    view_render_rows(req, &req->reply, view, rows);
    text_char(&req->reply, '}');
}

static void item_schema(struct text *out, const char *reference)
{
    if (strstr(reference, "/VoiceOutcome\""))
        text_add(out,
                 "{\"type\":\"object\",\"required\":[\"ok\",\"tenant\",\"outcome\"],"
                 "\"properties\":{\"ok\":{\"type\":\"boolean\"},\"tenant\":{\"type\":\"string\"},"
                 "\"outcome\":%s}}",
                 reference);
    else
        text_put(out, reference);
}

static void list_schema(struct text *out, const struct route *route, const char *reference)
{
    const char *name = strstr(reference, "/VoiceOutcome\"") ? "outcomes" : "evals";

    (void)route;
    text_add(out,
             "{\"type\":\"object\",\"required\":[\"ok\",\"tenant\",\"count\",\"%s\"],"
             "\"properties\":{\"ok\":{\"type\":\"boolean\"},\"tenant\":{\"type\":\"string\"},"
             "\"count\":{\"type\":\"integer\",\"minimum\":0},"
             "\"%s\":{\"type\":\"array\",\"items\":%s}}}",
             name, name, reference);
}

#define INTEGER_SCHEMA "\"type\":\"integer\",\"format\":\"int64\""
#define NUMBER_SCHEMA "\"type\":\"number\",\"format\":\"double\""
#define STRING_SCHEMA "\"type\":\"string\""

static const struct query_parameter of_outcomes[] = {
    {"resolution", STRING_SCHEMA, "Only these.", NULL},
    {"billing_status", STRING_SCHEMA, "not_billable, pending_emit, emitted or failed.", NULL},
    {"billable_sku", STRING_SCHEMA, "Only what is sold as this.", NULL},
    {"call_type", STRING_SCHEMA, "Only calls of this kind.", NULL},
    {NULL, NULL, NULL, NULL},
};

#define WINDOW                                                                                     \
    {                                                                                              \
        "window", STRING_SCHEMA, "24h, 7d, 30d (the default) or all.", NULL                        \
    }

static const struct query_parameter of_stats[] = {WINDOW, {NULL, NULL, NULL, NULL}};

static const struct query_parameter of_series[] = {
    WINDOW,
    {"bucket", STRING_SCHEMA, "hour or day; by default hour for 24h, otherwise day.", NULL},
    {NULL, NULL, NULL, NULL},
};

static const struct query_parameter of_evals[] = {
    {"min_score", NUMBER_SCHEMA, "The least score.", NULL},
    {"max_score", NUMBER_SCHEMA, "The greatest score.", NULL},
    {"tag", STRING_SCHEMA, "Only with this tag.", NULL},
    {"limit", INTEGER_SCHEMA, "The most rows; 50 when not given.", NULL},
    {"offset", INTEGER_SCHEMA, "How many rows are passed over.", NULL},
    {NULL, NULL, NULL, NULL},
};

#define OUTCOMES "/api/v1/voice-outcomes"
#define EVALS "/api/v1/voice-session-evals"

static const struct route routes[] = {
    /* clang-format off */
    {"GET " OUTCOMES, "key", list_outcomes, NULL, &outcome_view, "List Voice Outcomes",
     .flags = LIST | PAGED, .answers = "400 401 503", .query = of_outcomes, .operation = "list_voice_outcomes"},
    {"GET " OUTCOMES "/{id}", "key", get_outcome, NULL, &outcome_view, "Get Voice Outcome",
     .answers = "400 401 404 503", .operation = "get_voice_outcome"},
    {"GET " OUTCOMES "/by-stream/{stream_sid}", "key", get_outcome_of_stream, NULL, &outcome_view,
     "Get Voice Outcome by Stream", .answers = "401 404 503", .operation = "get_voice_outcome_by_stream"},
    {"GET " OUTCOMES "/stats", "key", get_stats, NULL, &stats_view, "Get Voice Outcome Stats",
     .answers = "401 503", .query = of_stats, .operation = "get_voice_outcome_stats"},
    {"GET " OUTCOMES "/timeseries", "key", get_series, NULL, &series_view, "Get Voice Outcome Timeseries",
     .answers = "401 503", .query = of_series, .operation = "get_voice_outcome_timeseries",
     .about = "Buckets are hours or days in UTC; those without calls are there with zeros."},
    {"GET " EVALS, "key", list_evals, NULL, &stateset_eval_view, "List Voice Session Evals",
     .flags = LIST, .answers = "401 500 503", .query = of_evals, .operation = "list_voice_session_evals"},
    {"GET " EVALS "/by-session/{session_id}", "key", get_eval, NULL, &stateset_eval_view,
     "Get Voice Session Eval by Session", .answers = "401 404 500 503", .operation = "get_voice_session_eval_by_session",
     .about = "The newest evaluation; the session may be named by its id or its stream."},
    {"GET " EVALS "/stats", "key", get_eval_stats, NULL, &eval_stats_view, "Get Voice Session Eval Stats",
     .answers = "401 500 503", .operation = "get_voice_session_eval_stats"},
    /* clang-format on */
};

static const char *const prefixes[] = {OUTCOMES, EVALS, NULL};

const struct dialect stateset_results = {
    STATESET_FOR_TENANTS,
    .prefixes = prefixes,
    .body_limit = 64 * 1024,
    STATESET_PAGES(200),
    .item = item,
    .list = list,
    .refuse = stateset_refuse,
    .item_schema = item_schema,
    .list_schema = list_schema,
    .routes = routes,
    .nroutes = COUNT(routes),
};
