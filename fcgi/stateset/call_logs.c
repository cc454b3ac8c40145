/*
 * A tenant's calls as a log: the list, one call with what was said in it, figures over all of them.
 */
#include "domain/call_logs.h"

#include <stdlib.h>

#include "domain/call_stats.h"
#include "domain/calls.h"
#include "domain/invocations.h"
#include "domain/tenants.h"
#include "domain/turns.h"
#include "fcgi/list_answer.h"
#include "fcgi/recording.h"
#include "fcgi/stateset/stateset.h"

/* ---- the list ---- */

static const struct field summary_fields[] = {
    /* clang-format off */
    FIELD(call_log, id,               "id",                  READ, .wire = &wire_uuid),
    FIELD(call_log, stream_sid,       "stream_sid",          READ),
    FIELD(call_log, direction,        "direction",           READ),
    FIELD(call_log, log_status,       "status",              READ),
    FIELD(call_log, outcome,          "outcome",             READ),
    FIELD(call_log, from_addr,        "from_number",         READ),
    FIELD(call_log, to_addr,          "to_number",           READ),
    FIELD(call_log, started_at,       "started_at",          READ, .wire = &wire_iso_shortest),
    FIELD(call_log, ended_at,         "ended_at",            READ, .wire = &wire_iso_shortest),
    FIELD(call_log, duration_seconds, "duration_seconds",    READ),
    FIELD(call_log, escalated,        "escalated",           READ),
    FIELD(call_log, tool_call_count,  "function_call_count", READ),
    FIELD(call_log, turn_count,       "transcript_length",   READ),
    /* clang-format on */
};

static const struct view summary_view = VIEW("CallLogSummary", call_log_entity, summary_fields);

static const struct field logs_fields[] = {
    /* clang-format off */
    FIELD(list_answer, ok,          "ok",          READ),
    FIELD(list_answer, tenant,      "tenant",      READ),
    ROWS(list_answer, rows,       "calls",       summary_view, READ),
    FIELD(list_answer, count,       "count",       READ, .about = "Calls on this page."),
    FIELD(list_answer, next_cursor, "next_cursor", READ, .about = "Where the next page begins; null on the last."),
    /* clang-format on */
};

static const struct view logs_view = VIEW("CallLogsListResponse", list_answer_entity, logs_fields);

static const struct field filter_fields[] = {
    FIELD(call_log_filter, status, "status", FILTER),
    FIELD(call_log_filter, outcome, "outcome", FILTER),
    FIELD(call_log_filter, from_number, "from_number", FILTER),
    FIELD(call_log_filter, to_number, "to_number", FILTER),
    FIELD(call_log_filter, direction, "direction", FILTER),
    FIELD(call_log_filter, escalated, "escalated", FILTER),
    FIELD(call_log_filter, from_date, "from_date", FILTER),
    FIELD(call_log_filter, to_date, "to_date", FILTER),
    FIELD(call_log_filter, min_duration, "min_duration", FILTER),
    FIELD(call_log_filter, max_duration, "max_duration", FILTER),
    FIELD(call_log_filter, transcript_search, "transcript_search", FILTER),
    FIELD(call_log_filter, call_sid, "call_sid", FILTER),
};

static const struct view filter_view = VIEW("CallLogFilter", call_log_filter_entity, filter_fields);

static const struct query_parameter list_query[] = {
    /* clang-format off */
    {"status", "\"type\":\"string\",\"enum\":[\"in_progress\",\"completed\",\"failed\",\"escalated\",\"busy\",\"no_answer\",\"canceled\"]", "Completed calls that were passed on to a human are escalated.", NULL},
    {"outcome", "\"type\":\"string\",\"enum\":[\"answered\",\"voicemail\",\"no_answer\",\"busy\",\"failed\"]", NULL, NULL},
    {"from_number", "\"type\":\"string\"", "Who called.", NULL},
    {"to_number", "\"type\":\"string\"", "Who was called.", NULL},
    {"direction", "\"type\":\"string\",\"enum\":[\"inbound\",\"outbound\"]", NULL, NULL},
    {"escalated", "\"type\":\"boolean\"", "Whether the call was passed on to a human.", NULL},
    {"from_date", "\"type\":\"string\"", "Calls that started at this time (RFC 3339) or later.", NULL},
    {"to_date", "\"type\":\"string\"", "Calls that started before this time.", NULL},
    {"min_duration", "\"type\":\"integer\",\"format\":\"int32\"", "Seconds.", NULL},
    {"max_duration", "\"type\":\"integer\",\"format\":\"int32\"", "Seconds.", NULL},
    {"transcript_search", "\"type\":\"string\"", "A phrase, beginning with the beginning of a word, that was said in the call; of calls that are over.", NULL},
    {"call_sid", "\"type\":\"string\"", NULL, NULL},
    {"cursor", "\"type\":\"string\"", "next_cursor of the page before; beats offset.", NULL},
    {NULL, NULL, NULL, NULL},
    /* clang-format on */
};

bool stateset_filters(struct request *req, const struct view *view, void *filter)
{
    row_clear(view->of, filter);
    for (size_t i = 0; i < view->nfields; i++) {
        const char *name = view->fields[i].name, *value = request_query(req, name);

        if (value && *value && !read_text_value(req, view, &view->fields[i], name, value, filter))
            return false;
    }
    return true;
}

static void render_ok(struct request *req, struct text *out, const struct field *field,
                      const void *cell, const void *row)
{
    (void)req, (void)field, (void)cell, (void)row;
    text_put(out, "true");
}

const struct wire stateset_ok = {
    .render = render_ok,
    .schema = "\"type\":\"boolean\"",
    .whole = true,
};

static bool list_logs(struct request *req)
{
    struct list_answer answer = {.total = 0};
    struct call_log_filter filter;
    struct page page;
    char *next;

    if (!read_page(req, &page) || !stateset_filters(req, &filter_view, &filter) ||
        !call_logs_list(&req->work, &filter, &page, request_query(req, "cursor"), &answer.rows,
                        &next))
        return false;
    answer.next_cursor = next;
    return reply_list(req, &logs_view, &answer);
}

/* ---- one call ---- */

static const struct spelling roles[] = {{"operator", "assistant"}, {NULL, NULL}};

static const struct field entry_fields[] = {
    /* clang-format off */
    FIELD(turn, role,        "role",      READ, .wire = &wire_word, .spellings = roles),
    FIELD(turn, text,        "content",   READ, .about = "Of an interrupted answer: what was heard of it."),
    FIELD(turn, occurred_at, "timestamp", READ, .wire = &wire_iso_milliseconds),
    /* clang-format on */
};

const struct view stateset_entry_view = VIEW("TranscriptEntry", turn_entity, entry_fields);

static const struct field function_fields[] = {
    /* clang-format off */
    FIELD(invocation, tool_name,   "name",        READ),
    FIELD(invocation, arguments,   "arguments",   READ, .wire = &wire_json),
    FIELD(invocation, result,      "result",      READ, .wire = &wire_json),
    FIELD(invocation, duration_ms, "duration_ms", READ),
    FIELD(invocation, started_at,  "timestamp",   READ, .wire = &wire_iso_milliseconds),
    /* clang-format on */
};

const struct view stateset_function_view =
    VIEW("FunctionCallEntry", invocation_entity, function_fields);

/* The key of our own answers, not the carrier's, opens it. */
static void render_recording(struct request *req, struct text *out, const struct field *field,
                             const void *cell, const void *row)
{
    const struct call_log *log = row;
    const char *base = req->work.config->public_base_url;
    char id[37];

    (void)field, (void)cell;
    uid_write_uuid(log->id, id);
    if (log->recording_count > 0)
        text_json(out, arena_format(&req->work.arena, "%s/api/v1/call-logs/%s/recording",
                                    base ? base : "", id));
    else
        text_put(out, "null");
}

static const struct wire recording = {
    .render = render_recording,
    .schema = "\"type\":[\"string\",\"null\"]",
    .whole = true,
};

static const struct field log_fields[] = {
    /* clang-format off */
    FIELD(call_log, id,                "id",                READ, .wire = &wire_uuid),
    FIELD(call_log, tenant_id,         "tenant_id",         READ, .wire = &stateset_tenant_key),
    FIELD(call_log, call_sid,          "call_sid",          READ),
    FIELD(call_log, stream_sid,        "stream_sid",        READ),
    FIELD(call_log, direction,         "direction",         READ),
    FIELD(call_log, log_status,        "status",            READ),
    FIELD(call_log, answered_by,       "answered_by",       READ),
    FIELD(call_log, outcome,           "outcome",           READ),
    FIELD(call_log, from_addr,         "from_number",       READ),
    FIELD(call_log, to_addr,           "to_number",         READ),
    FIELD(call_log, started_at,        "started_at",        READ, .wire = &wire_iso_shortest),
    FIELD(call_log, ended_at,          "ended_at",          READ, .wire = &wire_iso_shortest, .about = "Null while the call goes on."),
    FIELD(call_log, duration_seconds,  "duration_seconds",  READ, .about = "From the answer to the end."),
    FIELD(call_log, escalated,         "escalated",         READ),
    FIELD(call_log, escalation_reason, "escalation_reason", READ),
    FIELD(call_log, model,             "model",             READ),
    FIELD(call_log, voice,             "voice",             READ),
    FIELD(call_log, system_prompt_key, "system_prompt_key", READ),
    FIELD(call_log, summary,           "summary",           READ),
    FIELD(call_log, error_message,     "error_message",     READ),
    FIELD(call_log, recording_count,   "recording_url",     READ, .wire = &recording, .about = "Opened with the key that read this."),
    ROWS(call_log,  turns,             "transcript",        stateset_entry_view, READ),
    ROWS(call_log,  invocations,       "function_calls",    stateset_function_view, READ),
    FIELD(call_log, created_at,        "created_at",        READ, .wire = &wire_iso_shortest),
    FIELD(call_log, updated_at,        "updated_at",        READ, .wire = &wire_iso_shortest),
    /* clang-format on */
};

static const struct view log_view = VIEW("CallLog", call_log_entity, log_fields);

static const struct field detail_fields[] = {
    FIELD(call_log, id, "ok", READ, .wire = &stateset_ok),
    NESTED("call", log_view, READ),
};

static const struct view detail_view =
    VIEW("CallLogDetailResponse", call_log_entity, detail_fields);

static bool get_log(struct request *req)
{
    struct call_log log;
    uid id;

    return stateset_path_id(req, "id", &id) && call_log_get(&req->work, id, &log) &&
           reply_row(req, 200, &detail_view, &log);
}

static bool get_recording(struct request *req)
{
    static const char refusal[] = "{\"success\":false,\"error\":\"The recording has no such part\","
                                  "\"code\":\"RANGE_NOT_SATISFIABLE\",\"details\":null}";
    uid id;

    return stateset_path_id(req, "id", &id) && reply_recording(req, id, refusal);
}

/* ---- figures ---- */

static const struct field stats_fields[] = {
    /* clang-format off */
    FIELD(call_stats, total_calls,          "total_calls",          READ),
    FIELD(call_stats, completed_calls,      "completed_calls",      READ, .about = "Without those that were passed on to a human."),
    FIELD(call_stats, escalated_calls,      "escalated_calls",      READ),
    FIELD(call_stats, failed_calls,         "failed_calls",         READ),
    FIELD(call_stats, answered_calls,       "answered_calls",       READ),
    FIELD(call_stats, voicemail_calls,      "voicemail_calls",      READ),
    FIELD(call_stats, no_answer_calls,      "no_answer_calls",      READ),
    FIELD(call_stats, busy_calls,           "busy_calls",           READ),
    FIELD(call_stats, failed_outcome_calls, "failed_outcome_calls", READ),
    FIELD(call_stats, answer_rate,          "answer_rate",          READ, .about = "Answered calls among those with an outcome; null without any."),
    FIELD(call_stats, avg_duration_seconds, "avg_duration_seconds", READ),
    FIELD(call_stats, calls_last_24h,       "calls_last_24h",       READ),
    /* clang-format on */
};

static const struct view stats_view = VIEW("CallStats", call_stats_entity, stats_fields);

static const struct field stats_answer_fields[] = {
    FIELD(call_stats, total_calls, "ok", READ, .wire = &stateset_ok),
    FIELD(call_stats, total_calls, "tenant", READ, .wire = &stateset_tenant_key),
    NESTED("stats", stats_view, READ),
};

static const struct view stats_answer_view =
    VIEW("CallStatsResponse", call_stats_entity, stats_answer_fields);

static bool get_stats(struct request *req)
{
    struct call_stats stats;

    return call_stats_get(&req->work, &stats) && reply_row(req, 200, &stats_answer_view, &stats);
}

/* clang-format off */
#define PERCENTILES(record) \
    FIELD(record, p50_llm_first_token_ms, "p50_llm_first_token_ms", READ), \
    FIELD(record, p95_llm_first_token_ms, "p95_llm_first_token_ms", READ), \
    FIELD(record, p99_llm_first_token_ms, "p99_llm_first_token_ms", READ), \
    FIELD(record, p50_e2e_first_audio_ms, "p50_e2e_first_audio_ms", READ), \
    FIELD(record, p95_e2e_first_audio_ms, "p95_e2e_first_audio_ms", READ), \
    FIELD(record, p99_e2e_first_audio_ms, "p99_e2e_first_audio_ms", READ)

static const struct field speed_fields[] = {
    FIELD(call_speed, window,                 "window",                 READ),
    FIELD(call_speed, call_sample_count,      "call_sample_count",      READ),
    FIELD(call_speed, turn_sample_count,      "turn_sample_count",      READ),
    FIELD(call_speed, avg_llm_first_token_ms, "avg_llm_first_token_ms", READ),
    FIELD(call_speed, max_llm_first_token_ms, "max_llm_first_token_ms", READ),
    FIELD(call_speed, avg_e2e_first_audio_ms, "avg_e2e_first_audio_ms", READ),
    FIELD(call_speed, max_e2e_first_audio_ms, "max_e2e_first_audio_ms", READ),
    PERCENTILES(call_speed),
};

static const struct view speed_view = VIEW("LatencyStats", call_speed_entity, speed_fields);

static const struct field point_fields[] = {
    FIELD(call_speed_point, bucket_start, "bucket_start", READ, .wire = &wire_iso_shortest),
    FIELD(call_speed_point, call_count,   "call_count",   READ),
    PERCENTILES(call_speed_point),
};

static const struct view point_view =
    VIEW("LatencyTimeseriesPoint", call_speed_point_entity, point_fields);

static const struct field series_fields[] = {
    FIELD(call_speed, window, "window", READ),
    FIELD(call_speed, bucket, "bucket", READ, .about = "hour or day, in UTC."),
    ROWS(call_speed,  points, "points", point_view, READ),
};

static const struct view series_view = VIEW("LatencyTimeseries", call_speed_entity, series_fields);

static const struct field slow_fields[] = {
    FIELD(slow_call, id,               "id",               READ, .wire = &wire_uuid),
    FIELD(slow_call, call_sid,         "call_sid",         READ),
    FIELD(slow_call, stream_sid,       "stream_sid",       READ),
    FIELD(slow_call, started_at,       "started_at",       READ, .wire = &wire_iso_shortest),
    FIELD(slow_call, duration_seconds, "duration_seconds", READ),
    FIELD(slow_call, model,            "model",            READ),
    FIELD(slow_call, voice,            "voice",            READ),
    FIELD(slow_call, turn_count,       "turn_count",       READ),
    FIELD(slow_call, llm_p50_ms,       "llm_p50_ms",       READ),
    FIELD(slow_call, llm_p95_ms,       "llm_p95_ms",       READ),
    FIELD(slow_call, e2e_p95_ms,       "e2e_p95_ms",       READ),
};
/* clang-format on */

static const struct view slow_view = VIEW("LatencySample", slow_call_entity, slow_fields);

static const struct field latency_fields[] = {
    FIELD(call_speed, window, "ok", READ, .wire = &stateset_ok),
    FIELD(call_speed, window, "tenant", READ, .wire = &stateset_tenant_key),
    NESTED("stats", speed_view, READ),
    ROWS(call_speed, slowest, "slowest", slow_view, READ),
    NESTED("timeseries", series_view, READ),
};

static const struct view latency_view =
    VIEW("CallLatencyResponse", call_speed_entity, latency_fields);

static const struct query_parameter latency_query[] = {
    /* clang-format off */
    {"window", "\"type\":\"string\",\"enum\":[\"24h\",\"7d\",\"30d\",\"all\"],\"default\":\"24h\"", "Calls that began in this time until now.", NULL},
    {"samples", "\"type\":\"integer\",\"minimum\":0,\"maximum\":50,\"default\":10", "Slow calls at most.", NULL},
    {NULL, NULL, NULL, NULL},
    /* clang-format on */
};

enum { USUAL_SAMPLES = 10, MOST_SAMPLES = 50 };

static bool read_samples(struct request *req, size_t *samples)
{
    const char *text = request_query(req, "samples");
    char *end;
    long number;

    *samples = USUAL_SAMPLES;
    if (!text || !*text)
        return true;
    number = strtol(text, &end, 10);
    if (*end || number < 0 || number > MOST_SAMPLES)
        return fail_field(&req->work, "samples", "samples must be a number up to %d", MOST_SAMPLES);
    *samples = (size_t)number;
    return true;
}

static bool get_latency(struct request *req)
{
    const char *window = request_query(req, "window");
    struct call_speed speed;
    size_t samples;

    return read_samples(req, &samples) &&
           call_speed_get(&req->work, window && *window ? window : NULL, samples, &speed) &&
           reply_row(req, 200, &latency_view, &speed);
}

/* ---- the dialect's part ---- */

static const struct route routes[] = {
    /* clang-format off */
    {"GET /api/v1/call-logs", "key", list_logs, NULL, &logs_view,
     "List call logs for the authenticated tenant", .flags = PAGED, .answers = "400 401 500 503",
     .query = list_query, .operation = "list_call_logs",
     .about = "Newest first. Follow next_cursor: pages neither repeat nor miss calls while new "
              "ones come in."},
    {"GET /api/v1/call-logs/stats", "key", get_stats, NULL, &stats_answer_view,
     "Get call statistics for the authenticated tenant", .answers = "401 500 503",
     .operation = "get_call_stats"},
    {"GET /api/v1/call-logs/latency", "key", get_latency, NULL, &latency_view,
     "Aggregate per-turn latency percentiles across recent calls.", .answers = "400 401 500 503",
     .query = latency_query, .operation = "get_call_latency",
     .about = "Percentiles over the calls' own percentiles, over time as well, and the slowest "
              "calls."},
    {"GET /api/v1/call-logs/{id}", "key", get_log, NULL, &detail_view,
     "Get a single call log by ID", .answers = "401 404 500 503", .operation = "get_call_log",
     .about = "With what was said in it and the tools that were called."},
    {"GET /api/v1/call-logs/{id}/recording", "key", get_recording, NULL, NULL,
     "Play the recording of a call", .answers = "401 404 416 500 503", .also = "206",
     .reply_type = "audio/mpeg", .operation = "get_call_log_recording",
     .about = "What recording_url names. Range requests are answered."},
    /* clang-format on */
};

static const char *const prefixes[] = {"/api/v1/call-logs", NULL};

enum { BODY_LIMIT = 64 * 1024 };

const struct dialect stateset_call_logs = {
    STATESET_FOR_TENANTS,      .prefixes = prefixes,
    .body_limit = BODY_LIMIT,  STATESET_PAGES(100),
    .item = stateset_item,     .list = stateset_list,
    .refuse = stateset_refuse, .error_schema = stateset_error_schema,
    .routes = routes,          .nroutes = COUNT(routes),
};
