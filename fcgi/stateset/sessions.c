/*
 * Sessions under way, and a supervisor's hand on them.
 */
#include <string.h>

#include "domain/calls.h"
#include "domain/supervision.h"
#include "domain/tenants.h"
#include "fcgi/list_answer.h"
#include "fcgi/stateset/stateset.h"

/* ---- sessions under way ---- */

/* A session without a stream of its own is called by the SID that is derived from its key. */
static void render_stream(struct request *req, struct text *out, const struct field *field,
                          const void *cell, const void *row)
{
    const struct live_session *session = row;
    char sid[SID_SIZE];

    (void)req, (void)field, (void)cell;
    sid_write("MZ", session->id, sid);
    text_json(out, session->stream_sid ? session->stream_sid : sid);
}

static const struct wire stream = {
    .render = render_stream,
    .schema = "\"type\":\"string\"",
    .whole = true,
};

/* clang-format off */
#define SESSION_FIELDS \
    FIELD(live_session, stream_sid,        "stream_sid",        READ, .wire = &stream), \
    FIELD(live_session, started_at,        "started_at",        READ, .wire = &wire_iso_shortest), \
    FIELD(live_session, agent_name,        "agent_name",        READ), \
    FIELD(live_session, call_type,         "call_type",         READ), \
    FIELD(live_session, customer_phone,    "customer_phone",    READ), \
    FIELD(live_session, greeting,          "greeting",          READ), \
    FIELD(live_session, org_ref,           "org_id",            READ), \
    FIELD(live_session, escalated,         "escalated",         READ), \
    FIELD(live_session, escalation_target, "escalation_target", READ)
/* clang-format on */

static const struct field session_fields[] = {SESSION_FIELDS};

static const struct view session_view = VIEW("SessionInfo", live_session_entity, session_fields);

static const struct field admin_session_fields[] = {
    FIELD(live_session, tenant_key, "tenant", READ),
    SESSION_FIELDS,
};

const struct view admin_session_view =
    VIEW("AdminSessionInfo", live_session_entity, admin_session_fields);

static const struct field sessions_fields[] = {
    FIELD(list_answer, ok, "ok", READ),
    FIELD(list_answer, tenant, "tenant", READ),
    ROWS(list_answer, rows, "sessions", session_view, READ),
};

static const struct view sessions_view =
    VIEW("SessionsListResponse", list_answer_entity, sessions_fields);

static bool list_sessions(struct request *req)
{
    struct list_answer answer = {.total = 0};

    return sessions_live(&req->work, false, &answer.rows) &&
           reply_list(req, &sessions_view, &answer);
}

bool admin_list_sessions(struct request *req)
{
    struct rows sessions;

    return sessions_live(&req->work, true, &sessions) &&
           reply_rows(req, &admin_session_view, NULL, &sessions);
}

/* ---- actions ---- */

struct action_body {
    const char *note, *reason, *supervisor, *target;
};

static const struct column body_columns[] = {
    COLUMN(action_body, note, NULLABLE, .max = 4000),
    COLUMN(action_body, reason, NULLABLE, .max = 500),
    COLUMN(action_body, supervisor, NULLABLE, .max = 190),
    COLUMN(action_body, target, NULLABLE, .max = 200),
};

static const struct entity body_entity = ENTITY(action_body, "action", NULL, body_columns);

static const struct field body_fields[] = {
    /* clang-format off */
    FIELD(action_body, note,       "note",       CREATE, .about = "What is whispered; needed for whisper."),
    FIELD(action_body, reason,     "reason",     CREATE),
    FIELD(action_body, supervisor, "supervisor", CREATE, .about = "Who does it; dashboard when it is not given."),
    FIELD(action_body, target,     "target",     CREATE, .about = "Whom to dial: needed for escalate; for barge the supervisor's own phone."),
    /* clang-format on */
};

static const struct view body_view = VIEW("SessionActionBody", body_entity, body_fields);

struct action_answer {
    bool ok;
    const char *message, *ticket, *url;
};

static const struct column answer_columns[] = {
    COLUMN(action_answer, ok, NOT_NULL),
    COLUMN(action_answer, message, NOT_NULL),
    COLUMN(action_answer, ticket, NULLABLE),
    COLUMN(action_answer, url, NULLABLE),
};

static const struct entity answer_entity =
    ENTITY(action_answer, "action's answer", NULL, answer_columns);

static const struct field answer_fields[] = {
    /* clang-format off */
    FIELD(action_answer, ok,      "ok",      READ),
    FIELD(action_answer, message, "message", READ),
    FIELD(action_answer, ticket,  "ticket",  READ | OPTIONAL, .about = "After monitor, and barge without a target: opens url once, within a minute."),
    FIELD(action_answer, url,     "url",     READ | OPTIONAL, .about = "A websocket that carries both voices and the transcript, and after barge takes the supervisor's voice."),
    /* clang-format on */
};

static const struct view answer_view = VIEW("SessionActionResponse", answer_entity, answer_fields);

static const struct {
    const char *action, *message;
} words[] = {{"monitor", "Monitoring"},
             {"whisper", "Whispered"},
             {"barge", "Barged in"},
             {"escalate", "Escalated"},
             {"end", "Ended"}};

static const char *message_of(const char *action)
{
    for (size_t i = 0; i < COUNT(words); i++)
        if (strcmp(words[i].action, action) == 0)
            return words[i].message;
    return NULL;
}

/* One that is over, and one of somebody else, are alike: there is no live session. */
static bool find_live(struct request *req, struct voice_session *session)
{
    if (!session_resolve(&req->work, request_path(req, "stream_sid"), session))
        return req->work.error.what == NOT_FOUND ? fail(&req->work, NOT_FOUND, "Session not found")
                                                 : false;
    return session_is_live(session) || fail(&req->work, NOT_FOUND, "Session not found");
}

static bool act(struct request *req)
{
    const char *action = request_path(req, "action");
    struct voice_session session;
    struct supervised done;
    struct action_body body;
    columns given;

    row_clear(&body_entity, &body);
    if (!message_of(action))
        return fail(&req->work, INVALID, "action must be monitor, whisper, barge, escalate or end");
    if (!read_body(req, &body_view, CREATE, &body, &given) || !find_live(req, &session))
        return false;
    const struct supervision wanted = {
        .action = action,
        .origin = "stateset",
        .supervisor = body.supervisor && *body.supervisor ? body.supervisor : "dashboard",
        .target = body.target && *body.target ? body.target : NULL,
        .note = body.note,
        .reason = body.reason,
    };
    if (!supervision_order(&req->work, &session, &wanted, &done))
        return false;
    req->reply_is_secret = done.ticket != NULL;
    return reply_row(req, 200, &answer_view,
                     &(struct action_answer){
                         .ok = true,
                         .message = done.is_queued ? "Queued" : message_of(action),
                         .ticket = done.ticket,
                         .url = done.url,
                     });
}

/* ---- the dialect's part ---- */

/* As everywhere, with the two members that clients of sessions look at. */
static void refuse_at_the_door(struct request *req)
{
    char *refusal;

    stateset_refuse(req);
    refusal = arena_text(&req->work.arena, req->reply.at);
    req->reply.length = 0;
    text_put(&req->reply, "{\"ok\":false,\"message\":");
    text_json(&req->reply, req->work.error.message);
    text_add(&req->reply, ",%s", refusal + 1);
}

/* Who is refused at the door is told as everywhere; the rest has the shape of an action's answer.
 */
static void refuse(struct request *req)
{
    static const int statuses[FAILURES] = {
        /* clang-format off */
        [INVALID] = 400, [UNPAID] = 400, [FORBIDDEN] = 400, [NOT_FOUND] = 404, [CONFLICT] = 400,
        [LIMIT_REACHED] = 400, [WRONG_STATE] = 400, [PRECONDITION] = 400, [TOO_LARGE] = 413,
        [INTERNAL] = 500, [UPSTREAM] = 503, [BUSY] = 503,
        /* clang-format on */
    };
    int status = statuses[req->work.error.what];

    if (!status || !req->tenant) {
        refuse_at_the_door(req);
        return;
    }
    req->status = status;
    view_render(req, &req->reply, &answer_view,
                &(struct action_answer){.message = req->work.error.message});
}

/* Unversioned paths are those that older clients still hold. */
static bool old_list(struct request *req)
{
    reply_header(req, "Deprecation", "true");
    return list_sessions(req);
}

static bool old_act(struct request *req)
{
    reply_header(req, "Deprecation", "true");
    return act(req);
}

static const struct route routes[] = {
    /* clang-format off */
    {"GET /api/v1/sessions", "key", list_sessions, NULL, &sessions_view, "List Sessions",
     .answers = "401", .operation = "list_sessions",
     .about = "Sessions that are connecting, active or draining, on all nodes."},
    {"POST /api/v1/sessions/{stream_sid}/actions/{action}", "key", act, &body_view, &answer_view,
     "Session Action", .answers = "400 401 404 503", .operation = "session_action",
     .about = "monitor, whisper, barge, escalate or end. Waits up to two seconds for the session's "
              "node; the message is Queued when it has not taken the order up by then."},
    {"GET /sessions", "key", old_list, NULL, &sessions_view, "List Sessions", .flags = HIDDEN},
    {"POST /sessions/{stream_sid}/actions/{action}", "key", old_act, &body_view, &answer_view,
     "Session Action", .flags = HIDDEN},
    /* clang-format on */
};

static const char error_schema[] =
    "{\"type\":\"object\",\"required\":[\"ok\",\"message\"],\"properties\":{"
    "\"ok\":{\"type\":\"boolean\"},\"message\":{\"type\":\"string\"}}}";

static const char *const prefixes[] = {"/api/v1/sessions", "/sessions", NULL};

const struct dialect stateset_sessions = {
    STATESET_FOR_TENANTS,         .prefixes = prefixes,  .body_limit = 64 * 1024,
    .item = stateset_item,        .list = stateset_list, .refuse = refuse,
    .error_schema = error_schema, .routes = routes,      .nroutes = COUNT(routes),
};
