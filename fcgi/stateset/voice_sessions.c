/*
 * A tenant's voice sessions, our own and those that a client held elsewhere.
 */
#include "domain/invocations.h"
#include "domain/session_logs.h"
#include "domain/tenants.h"
#include "fcgi/list_answer.h"
#include "fcgi/stateset/stateset.h"

/* What a client brought in as it is, else the rows we hold. */
static void render_transcript(struct request *req, struct text *out, const struct field *field,
                              const void *cell, const void *row)
{
    const struct session_log *log = row;

    (void)field, (void)cell;
    if (log->imported_transcript.json)
        text_put(out, log->imported_transcript.json);
    else
        view_render_rows(req, out, &stateset_entry_view, &log->turns);
}

static void render_functions(struct request *req, struct text *out, const struct field *field,
                             const void *cell, const void *row)
{
    const struct session_log *log = row;

    (void)field, (void)cell;
    if (log->imported_functions.json)
        text_put(out, log->imported_functions.json);
    else
        view_render_rows(req, out, &stateset_function_view, &log->invocations);
}

static const struct wire transcript = {
    .render = render_transcript,
    .schema = "\"description\":\"A list of {role, content, timestamp}, or what was brought in.\"",
    .whole = true,
};
static const struct wire functions = {
    .render = render_functions,
    .schema = "\"description\":\"A list of {name, arguments, result, duration_ms, timestamp}.\"",
    .whole = true,
};

static const struct field session_fields[] = {
    /* clang-format off */
    FIELD(session_log, id,                  "id",             READ, .wire = &wire_uuid),
    FIELD(session_log, tenant_id,           "tenant_id",      READ, .wire = &stateset_tenant_key),
    FIELD(session_log, stream_id,           "stream_id",      READ),
    FIELD(session_log, call_sid,            "call_sid",       READ),
    FIELD(session_log, call_type,           "call_type",      READ),
    FIELD(session_log, customer_phone,      "customer_phone", READ),
    FIELD(session_log, agent_name,          "agent_name",     READ),
    FIELD(session_log, model,               "model",          READ),
    FIELD(session_log, voice,               "voice",          READ),
    FIELD(session_log, org_ref,             "org_id",         READ),
    FIELD(session_log, list_status,         "status",         READ),
    FIELD(session_log, summary,             "summary",        READ),
    FIELD(session_log, sentiment,           "sentiment",      READ),
    FIELD(session_log, rating,              "rating",         READ),
    FIELD(session_log, tags,                "tags",           READ, .wire = &wire_array),
    FIELD(session_log, turn_count,          "turn_count",     READ),
    FIELD(session_log, imported_transcript, "transcript",     READ, .wire = &transcript),
    FIELD(session_log, imported_functions,  "function_calls", READ, .wire = &functions),
    FIELD(session_log, vad_events,          "vad_events",     READ, .wire = &wire_json),
    FIELD(session_log, metadata,            "metadata",       READ, .wire = &wire_json),
    FIELD(session_log, duration_ms,         "duration_ms",    READ),
    FIELD(session_log, started_at,          "started_at",     READ, .wire = &wire_iso_shortest),
    FIELD(session_log, ended_at,            "ended_at",       READ, .wire = &wire_iso_shortest, .about = "Null while the session goes on."),
    FIELD(session_log, created_at,          "created_at",     READ, .wire = &wire_iso_shortest),
    FIELD(session_log, updated_at,          "updated_at",     READ, .wire = &wire_iso_shortest),
    /* clang-format on */
};

static const struct view session_view = VIEW("VoiceSession", session_log_entity, session_fields);

static const struct field answer_fields[] = {
    FIELD(list_answer, ok, "ok", READ),
    FIELD(list_answer, tenant, "tenant", READ),
    FIELD(list_answer, count, "count", READ, .about = "Sessions on this page."),
    FIELD(list_answer, total, "total", READ,
          .about = "Sessions that fit the filters, of which 10000 are counted."),
    ROWS(list_answer, rows, "sessions", session_view, READ),
};

static const struct view answer_view =
    VIEW("VoiceSessionsListResponse", list_answer_entity, answer_fields);

static const struct field filter_fields[] = {
    FIELD(session_log_filter, status, "status", FILTER),
    FIELD(session_log_filter, search, "search", FILTER),
    FIELD(session_log_filter, started_after, "started_after", FILTER),
    FIELD(session_log_filter, sort, "sort", FILTER),
    FIELD(session_log_filter, stream_id, "stream_id", FILTER),
    FIELD(session_log_filter, agent_key, "agent_key", FILTER),
};

static const struct view filter_view =
    VIEW("VoiceSessionFilter", session_log_filter_entity, filter_fields);

static const struct query_parameter list_query[] = {
    /* clang-format off */
    {"status", "\"type\":\"string\",\"enum\":[\"active\",\"completed\",\"transferred\",\"failed\"]", NULL, NULL},
    {"search", "\"type\":\"string\"", "In phone number, agent's name and summary, or said in a session that is over.", NULL},
    {"started_after", "\"type\":\"string\"", "RFC 3339.", NULL},
    {"sort", "\"type\":\"string\",\"enum\":[\"asc\",\"desc\"],\"default\":\"desc\"", "By the start.", NULL},
    {"stream_id", "\"type\":\"string\"", NULL, NULL},
    {"agent_key", "\"type\":\"string\"", NULL, NULL},
    {NULL, NULL, NULL, NULL},
    /* clang-format on */
};

static bool list_sessions(struct request *req)
{
    struct list_answer answer = {.total = 0};
    struct session_log_filter filter;
    struct page page;

    return read_page(req, &page) && stateset_filters(req, &filter_view, &filter) &&
           session_logs_list(&req->work, &filter, &page, &answer.rows, &answer.total) &&
           reply_list(req, &answer_view, &answer);
}

static bool get_session(struct request *req)
{
    struct session_log log;
    uid id;

    return stateset_path_id(req, "id", &id) && session_log_get(&req->work, id, &log) &&
           reply_row(req, 200, &session_view, &log);
}

static bool get_by_stream(struct request *req)
{
    struct session_log log;

    return session_log_by_stream(&req->work, request_path(req, "stream_id"), &log) &&
           reply_row(req, 200, &session_view, &log);
}

/* ---- one that was held elsewhere ---- */

static const struct field import_fields[] = {
    /* clang-format off */
    FIELD(session_import, stream_id,      "stream_id",      CREATE | REQUIRED),
    FIELD(session_import, call_sid,       "call_sid",       CREATE),
    FIELD(session_import, call_type,      "call_type",      CREATE),
    FIELD(session_import, customer_phone, "customer_phone", CREATE),
    FIELD(session_import, agent_name,     "agent_name",     CREATE),
    FIELD(session_import, model,          "model",          CREATE),
    FIELD(session_import, voice,          "voice",          CREATE),
    FIELD(session_import, org_id,         "org_id",         CREATE),
    FIELD(session_import, status,         "status",         CREATE, .about = "completed when it is not given."),
    FIELD(session_import, summary,        "summary",        CREATE),
    FIELD(session_import, sentiment,      "sentiment",      CREATE),
    FIELD(session_import, duration_ms,    "duration_ms",    CREATE),
    FIELD(session_import, transcript,     "transcript",     CREATE, .wire = &wire_json, .about = "A list of {role, content, timestamp} is searched as our own are; anything else is kept as it is."),
    FIELD(session_import, tags,           "tags",           CREATE, .wire = &wire_array),
    FIELD(session_import, metadata,       "metadata",       CREATE, .wire = &wire_json),
    /* clang-format on */
};

static const struct view import_view =
    VIEW("CreateVoiceSessionRequest", session_import_entity, import_fields);

static bool import_session(struct request *req)
{
    struct session_import given;
    struct session_log log;
    columns set;
    uid id;

    row_clear(&session_import_entity, &given);
    return read_body(req, &import_view, CREATE, &given, &set) &&
           session_log_import(&req->work, &given, &id) && session_log_get(&req->work, id, &log) &&
           reply_row(req, 201, &session_view, &log);
}

/* ---- the dialect's part ---- */

static const struct route routes[] = {
    /* clang-format off */
    {"GET /api/v1/voice-sessions", "key", list_sessions, NULL, &answer_view,
     "List persisted voice sessions", .flags = PAGED, .answers = "400 401 500 503",
     .query = list_query, .operation = "list_voice_sessions"},
    {"POST /api/v1/voice-sessions", "key", import_session, &import_view, &session_view,
     "Create a voice session in the phone-server store.", .flags = IDEMPOTENT, .success = 201,
     .answers = "400 401 409 500 503", .operation = "create_voice_session",
     .about = "Brings in a session that was held elsewhere."},
    {"GET /api/v1/voice-sessions/by-stream/{stream_id}", "key", get_by_stream, NULL, &session_view,
     "Look up a voice session by Twilio stream ID", .answers = "401 404 500 503",
     .operation = "get_voice_session_by_stream"},
    {"GET /api/v1/voice-sessions/{id}", "key", get_session, NULL, &session_view,
     "Get a voice session by UUID", .answers = "401 404 500 503", .operation = "get_voice_session"},
    /* clang-format on */
};

static const char *const prefixes[] = {"/api/v1/voice-sessions", NULL};

enum { BODY_LIMIT = 4 << 20 };

const struct dialect stateset_voice_sessions = {
    STATESET_FOR_TENANTS,      .prefixes = prefixes,
    .body_limit = BODY_LIMIT,  STATESET_PAGES(200),
    .item = stateset_item,     .list = stateset_list,
    .refuse = stateset_refuse, .error_schema = stateset_error_schema,
    .routes = routes,          .nroutes = COUNT(routes),
};
