/*
 * Calls under way and calls that are over, and what is known of one beside its words.
 */
#include "fcgi/phony/calls.h"

#include <string.h>

#include "domain/call_context.h"
#include "domain/call_figures.h"
#include "domain/call_overviews.h"
#include "domain/call_state.h"

enum { DAY_MS = 24 * 3600 * 1000 };

/* ---- spellings ---- */

static void render_status(struct request *req, struct text *out, const struct field *field,
                          const void *cell, const void *row)
{
    (void)req, (void)field, (void)row;
    text_json(out, call_state_word(CALL_AS_PHONY, *(const char *const *)cell, false));
}

static const struct wire active_status = {
    .render = render_status,
    .schema = "\"type\":\"string\",\"enum\":[\"queued\",\"ringing\",\"active\"]",
};

static const struct wire ended_status = {
    .render = render_status,
    .schema = "\"type\":\"string\",\"enum\":[\"completed\",\"busy\",\"no_answer\",\"failed\","
              "\"canceled\"]",
};

/* Of a call under way: since it began. */
static void render_so_far(struct request *req, struct text *out, const struct field *field,
                          const void *cell, const void *row)
{
    const struct call_overview *call = row;
    int64_t seconds = (clock_now().ms - call->started_at.ms) / 1000;

    (void)req, (void)field, (void)cell;
    text_integer(out, seconds > 0 ? seconds : 0);
}

/* Of one that is over: from the answer to the end. */
static void render_length(struct request *req, struct text *out, const struct field *field,
                          const void *cell, const void *row)
{
    const struct call_overview *call = row;

    (void)req, (void)field, (void)cell;
    text_integer(out, call->duration_seconds > 0 ? call->duration_seconds : 0);
}

static const struct wire so_far = {
    .render = render_so_far,
    .schema = "\"type\":\"integer\",\"minimum\":0",
    .whole = true,
};

static const struct wire length = {
    .render = render_length,
    .schema = "\"type\":\"integer\",\"minimum\":0",
    .whole = true,
};

/* What is told of every call. */
/* clang-format off */
#define OF_ANY_CALL \
    FIELD(call_overview, id,               "id",               READ, PHONY_SESSION_ID), \
    FIELD(call_overview, call_sid,         "call_sid",         READ), \
    FIELD(call_overview, agent_id,         "agent_id",         READ, PHONY_AGENT_ID), \
    FIELD(call_overview, from_addr,        "from_number",      READ), \
    FIELD(call_overview, to_addr,          "to_number",        READ), \
    FIELD(call_overview, direction,        "direction",        READ)
/* clang-format on */

/* ---- under way ---- */

static const struct field active_fields[] = {
    /* clang-format off */
    OF_ANY_CALL,
    FIELD(call_overview, state,            "status",           READ, .wire = &active_status),
    FIELD(call_overview, started_at,       "started_at",       READ, PHONY_TIME),
    FIELD(call_overview, duration_seconds, "duration_seconds", READ, .wire = &so_far, .about = "Since it began."),
    FIELD(call_overview, context,          "context",          READ, .wire = &phony_context),
    /* clang-format on */
};

static const struct view active_view = VIEW("ActiveCall", call_overview_entity, active_fields);

/* An agent that there is not had no calls. */
static bool read_agent(struct request *req, uid *id, bool *is_nobody)
{
    const char *name = request_query(req, "agent_id");
    struct agent agent;

    *id = NO_UID;
    *is_nobody = false;
    if (!name)
        return true;
    *is_nobody = !phony_agent(req, name, &agent);
    if (*is_nobody)
        return req->work.error.what == NOT_FOUND;
    *id = agent.id;
    return true;
}

static const struct query_parameter active_query[] = {
    {"agent_id", "\"type\":\"string\"", "Only calls of this agent.", NULL},
    {NULL, NULL, NULL, NULL},
};

static bool list_active(struct request *req)
{
    struct rows calls = {NULL, 0};
    bool is_nobody;
    uid agent;

    return read_agent(req, &agent, &is_nobody) &&
           (is_nobody || calls_active(&req->work, agent, &calls)) &&
           reply_rows(req, &active_view, NULL, &calls);
}

/* ---- over ---- */

static const struct field ended_fields[] = {
    /* clang-format off */
    OF_ANY_CALL,
    FIELD(call_overview, duration_seconds, "duration_seconds", READ, .wire = &length, .about = "From the answer to the end."),
    FIELD(call_overview, state,            "status",           READ, .wire = &ended_status),
    FIELD(call_overview, started_at,       "started_at",       READ, PHONY_TIME),
    FIELD(call_overview, ended_at,         "ended_at",         READ, PHONY_TIME),
    FIELD(call_overview, cost_micros,      "cost",             READ, .wire = &wire_money, .about = "USD; null until it is known."),
    /* clang-format on */
};

static const struct view ended_view = VIEW("HistoryCall", call_overview_entity, ended_fields);

struct history_answer {
    struct rows calls;
    int64_t total, limit, offset;
};

static const struct column history_columns[] = {
    COLUMN(history_answer, total, NOT_NULL),
    COLUMN(history_answer, limit, NOT_NULL),
    COLUMN(history_answer, offset, NOT_NULL),
};

static const struct entity history_entity =
    ENTITY(history_answer, "history of calls", NULL, history_columns);

static const struct field history_fields[] = {
    /* clang-format off */
    ROWS(history_answer,  calls,  "calls",  ended_view, READ),
    FIELD(history_answer, total,  "total",  READ, .about = "How many there are; from 10000 on it may stand for more, and is more than what was paged through as long as there is."),
    FIELD(history_answer, limit,  "limit",  READ),
    FIELD(history_answer, offset, "offset", READ),
    /* clang-format on */
};

static const struct view history_view = VIEW("CallHistory", history_entity, history_fields);

/* "+02:00" that was not encoded has become a space. */
static const char *with_plus(struct request *req, const char *text)
{
    char *copy = arena_text(&req->work.arena, text), *space = strrchr(copy, ' ');

    if (space && space - copy > 10)
        *space = '+';
    return copy;
}

/*
 * A moment, or a day of the tenant's clocks: its beginning, or for an end the beginning of the
 * next, so that the day counts.
 */
static bool read_date(struct request *req, const char *name, bool is_end, instant *when)
{
    const char *text = request_query(req, name);
    instant midnight;

    *when = NO_INSTANT;
    if (!text)
        return true;
    if (!instant_read_iso(with_plus(req, text), &midnight))
        return fail_field(&req->work, name, "%s must be a date or a time, ISO 8601", name);
    *when = strlen(text) > 10 ? midnight
                              : local_midnight(zone_of_tenant(&req->work, req->tenant),
                                               midnight.ms / DAY_MS + is_end);
    return true;
}

static const struct query_parameter history_query[] = {
    /* clang-format off */
    {"agent_id", "\"type\":\"string\"", "Only calls of this agent.", NULL},
    {"start_date", "\"type\":\"string\"", "Calls that began at this time or later; a date alone: on this day of the tenant's clocks or later.", NULL},
    {"end_date", "\"type\":\"string\"", "Calls that began before this time; a date alone: on this day or earlier.", NULL},
    {NULL, NULL, NULL, NULL},
    /* clang-format on */
};

static bool list_history(struct request *req)
{
    struct history_answer answer = {.total = 0};
    struct call_history wanted;
    struct page page;
    bool is_nobody;

    if (!read_page(req, &page) || !read_agent(req, &wanted.agent, &is_nobody) ||
        !read_date(req, "start_date", false, &wanted.from) ||
        !read_date(req, "end_date", true, &wanted.to))
        return false;
    answer.limit = wanted.size = (int64_t)page.size;
    answer.offset = wanted.skip = (int64_t)page.skip;
    return (is_nobody || calls_ended(&req->work, &wanted, &answer.calls, &answer.total)) &&
           reply_row(req, 200, &history_view, &answer);
}

/* ---- context ---- */

struct context_body {
    document context;
};

static const struct column context_columns[] = {COLUMN(context_body, context, NOT_NULL)};
static const struct entity context_entity = ENTITY(context_body, "context", NULL, context_columns);

static const struct field context_fields[] = {
    /* clang-format off */
    FIELD(context_body, context, "context", CREATE | REQUIRED, .wire = &phony_context, .about = "Its members replace those of the same name; null removes one."),
    /* clang-format on */
};

static const struct view context_view = VIEW("ContextUpdate", context_entity, context_fields);

struct context_answer {
    const char *message, *call_sid;
    document context;
};

static const struct column context_answer_columns[] = {
    COLUMN(context_answer, message, NOT_NULL),
    COLUMN(context_answer, call_sid, NOT_NULL),
    COLUMN(context_answer, context, NOT_NULL),
};

static const struct entity context_answer_entity =
    ENTITY(context_answer, "context", NULL, context_answer_columns);

static const struct field context_answer_fields[] = {
    /* clang-format off */
    FIELD(context_answer, message,  "message",  READ),
    FIELD(context_answer, call_sid, "call_sid", READ),
    FIELD(context_answer, context,  "context",  READ, .wire = &phony_context, .about = "All of it, as it is now."),
    /* clang-format on */
};

static const struct view context_answer_view =
    VIEW("ContextUpdated", context_answer_entity, context_answer_fields);

static bool put_context(struct request *req)
{
    struct context_answer answer = {.message = "Context updated successfully"};
    struct context_body body;
    struct call call;
    columns given;

    row_clear(&context_entity, &body);
    if (!read_body(req, &context_view, CREATE, &body, &given) ||
        !phony_call(req, request_path(req, "call_sid"), &call) ||
        !call_context_change(&req->work, &call, body.context, "phony", req->caller.label,
                             &answer.context))
        return false;
    answer.call_sid = call.call_sid;
    return reply_row(req, 200, &context_answer_view, &answer);
}

/* ---- the dialect's part ---- */

static const struct query_parameter event_query[] = {
    /* clang-format off */
    {"call_sid", "\"type\":\"string\"", "Only this call.", NULL},
    {"after", "\"type\":\"string\"", "An event's id: what came after it is told first, at most ten minutes or 1000 events back.", NULL},
    {"ticket", "\"type\":\"string\"", "A ticket instead of a key; it works once, for a minute.", NULL},
    {NULL, NULL, NULL, NULL},
    /* clang-format on */
};

static const struct route routes[] = {
    /* clang-format off */
    {"GET /api/calls/active", "calls:read", list_active, NULL, &active_view, "Calls under way",
     .flags = LIST, .answers = "401 403 429 500 503", .query = active_query, .operation = "listActiveCalls",
     .about = "On all nodes, newest first; those that are queued or ring as well."},
    {"GET /api/calls/history", "calls:read", list_history, NULL, &history_view, "Calls that are over",
     .flags = PAGED, .answers = "400 401 403 429 500 503", .query = history_query, .operation = "listCallHistory",
     .about = "Newest first."},
    {"PUT /api/calls/{call_sid}/context", "calls:write", put_context, &context_view, &context_answer_view, "Update a call's context",
     .flags = IDEMPOTENT, .answers = "400 401 403 404 409 429 500 503", .operation = "updateCallContext",
     .about = "Stored first, then told to the agent in the conversation; who follows the call gets context.updated. A call that is over: 409."},
    {"GET /relay/ws", NULL, .summary = "The carrier's conversation relay", .flags = DAEMON, .success = 101,
     .answers = "401 429 503", .operation = "relayWs",
     .about = "A websocket in the carrier's ConversationRelay protocol, text frames. The handshake carries X-Twilio-Signature; the first frame must be a setup with customParameters.relay_token, else it is closed with 1008 after 5 s."},
    {"GET /events/ws", "events:read", .summary = "What happens in calls", .flags = DAEMON, .success = 101,
     .answers = "401 403 404 429 500", .query = event_query, .operation = "eventsWs",
     .about = "A websocket that tells call.started, call.updated, call.ended, transcript.partial, transcript.final, context.updated and error as they happen, in order for each call. The key comes as a bearer, in X-API-Key, as subprotocol \"bearer.<key>\" offered beside \"trunkline\", or in a first frame {\"type\":\"auth\",\"token\":…} within 5 s; {\"type\":\"subscribe\"} and \"unsubscribe\" name calls later. What is refused after the upgrade closes with 1008 (credential), 4404 (no such call) or 4429 (more than 10 sockets of the key). A ping comes every 30 s."},
    /* clang-format on */
};

static const char *const prefixes[] = {"/api/calls", "/relay/ws", "/events/ws", NULL};

const struct dialect phony_calls = {
    PHONY_PART,       PHONY_PAGES(100, 1000),   .prefixes = prefixes,
    .routes = routes, .nroutes = COUNT(routes),
};
