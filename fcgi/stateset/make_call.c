/*
 * Calling somebody with an agent.
 */
#include <string.h>

#include "domain/agents.h"
#include "domain/calls.h"
#include "domain/outbound.h"
#include "domain/resolve.h"
#include "domain/tenants.h"
#include "fcgi/stateset/stateset.h"

struct call_request {
    const char *to, *from, *agent_key, *agent_version_id, *agent_name, *greeting, *org_id;
};

static const struct column order_columns[] = {
    COLUMN(call_request, to, NOT_NULL, .max = 40),
    COLUMN(call_request, from, NULLABLE, .max = 40),
    COLUMN(call_request, agent_key, NULLABLE, .max = 80),
    COLUMN(call_request, agent_version_id, NULLABLE, .max = 64),
    COLUMN(call_request, agent_name, NULLABLE, .max = 190),
    COLUMN(call_request, greeting, NULLABLE, .max = 4000),
    COLUMN(call_request, org_id, NULLABLE, .max = 64),
};

static const struct entity order_entity = ENTITY(call_request, "call", NULL, order_columns);

static const struct field order_fields[] = {
    /* clang-format off */
    FIELD(call_request, to,               "to",               CREATE | REQUIRED, .wire = &stateset_phone),
    FIELD(call_request, from,             "from",             CREATE, .wire = &stateset_phone, .about = "A number of the tenant; that of its first outbound route when none is given."),
    FIELD(call_request, agent_key,        "agent_key",        CREATE, .about = "The agent whose published or rolled out version calls; that of the number's route when none is given."),
    FIELD(call_request, agent_version_id, "agent_version_id", CREATE, .about = "Pins a version, and stands above agent_key."),
    FIELD(call_request, agent_name,       "agent_name",       CREATE, .about = "Shown instead of the agent's own name."),
    FIELD(call_request, greeting,         "greeting",         CREATE, .about = "Said first, instead of the version's own greeting."),
    FIELD(call_request, org_id,           "org_id",           CREATE, .about = "A unit within the tenant, shown on the call's log."),
    /* clang-format on */
};

static const struct view order_view = VIEW("MakeCallRequest", order_entity, order_fields);

struct call_answer {
    bool ok;
    const char *call_sid, *status, *to, *from, *error;
};

static const struct column answer_columns[] = {
    COLUMN(call_answer, ok, NOT_NULL),     COLUMN(call_answer, call_sid, NULLABLE),
    COLUMN(call_answer, status, NULLABLE), COLUMN(call_answer, to, NULLABLE),
    COLUMN(call_answer, from, NULLABLE),   COLUMN(call_answer, error, NULLABLE),
};

static const struct entity answer_entity = ENTITY(call_answer, "call", NULL, answer_columns);

static const struct field answer_fields[] = {
    /* clang-format off */
    FIELD(call_answer, ok,       "ok",       READ),
    FIELD(call_answer, call_sid, "call_sid", READ | OPTIONAL),
    FIELD(call_answer, status,   "status",   READ | OPTIONAL),
    FIELD(call_answer, to,       "to",       READ | OPTIONAL),
    FIELD(call_answer, from,     "from",     READ | OPTIONAL),
    FIELD(call_answer, error,    "error",    READ | OPTIONAL),
    /* clang-format on */
};

static const struct view answer_view = VIEW("MakeCallResponse", answer_entity, answer_fields);

/* ---- ordering ---- */

static bool given(const char *text)
{
    return text && *text;
}

/* The version that is pinned, else the agent that is named; else the number's route decides. */
static bool choose_agent(struct work *work, const struct call_request *wanted,
                         struct outbound_order *order)
{
    struct agent_version version;
    struct agent agent;

    if (given(wanted->agent_version_id)) {
        if (!resolve(work, AN_AGENT_VERSION, wanted->agent_version_id, &order->agent_version) ||
            !agent_version_find(work, order->agent_version, &version))
            return work->error.what == NOT_FOUND
                       ? fail_field(work, "agent_version_id", "There is no such agent version")
                       : false;
        order->agent = version.agent_id;
        return true;
    }
    if (!given(wanted->agent_key))
        return true;
    if (!agent_by_key(work, wanted->agent_key, &agent))
        return work->error.what == NOT_FOUND
                   ? fail_field(work, "agent_key", "There is no such agent")
                   : false;
    order->agent = agent.id;
    return true;
}

bool stateset_has_carrier(struct request *req)
{
    struct carrier carrier;

    if (carrier_of_tenant(&req->work, req->tenant, &carrier))
        return true;
    if (req->work.error.what == UPSTREAM)
        req->work.error.what = BUSY;
    return false;
}

/* The call is named, so that the client finds what became of it. */
static bool tell_unknown(struct request *req, struct call *call)
{
    return outbound_is_unknown(&req->work, call) &&
           reply_row(req, 503, &answer_view,
                     &(struct call_answer){.call_sid = call->call_sid,
                                           .status = call->state,
                                           .to = call->to_addr,
                                           .from = call->from_addr,
                                           .error = req->work.error.message});
}

static bool make_call(struct request *req)
{
    struct outbound_order order = {.origin = "stateset", .trace_id = req->work.id};
    struct call call = {.id = NO_UID};
    struct call_request wanted;
    columns set;

    row_clear(&order_entity, &wanted);
    if (!read_body(req, &order_view, CREATE, &wanted, &set) || !stateset_has_carrier(req) ||
        !choose_agent(&req->work, &wanted, &order) ||
        !outbound_from(&req->work, wanted.from, &order.from))
        return false;
    order.to = wanted.to;
    order.agent_name = wanted.agent_name;
    order.greeting = given(wanted.greeting) ? wanted.greeting : NULL;
    order.org_ref = given(wanted.org_id) ? wanted.org_id : NULL;
    if (!outbound_order(&req->work, &order, &call))
        return tell_unknown(req, &call);
    return reply_row(req, 200, &answer_view,
                     &(struct call_answer){.ok = true,
                                           .call_sid = call.call_sid,
                                           .status = call.state,
                                           .to = call.to_addr,
                                           .from = call.from_addr});
}

static bool old_make_call(struct request *req)
{
    reply_header(req, "Deprecation", "true");
    return make_call(req);
}

/* ---- the dialect's part ---- */

/* All answers have one shape, but those that any operation may give. */
static void refuse(struct request *req)
{
    static const int statuses[FAILURES] = {
        /* clang-format off */
        [INVALID] = 400, [UNPAID] = 400, [FORBIDDEN] = 400, [NOT_FOUND] = 400, [CONFLICT] = 400,
        [WRONG_STATE] = 400, [PRECONDITION] = 400, [TOO_LARGE] = 413, [INTERNAL] = 500,
        [UPSTREAM] = 500, [BUSY] = 503,
        /* clang-format on */
    };

    if (!req->tenant || !statuses[req->work.error.what]) {
        stateset_refuse_with_ok(req);
        return;
    }
    req->status = statuses[req->work.error.what];
    view_render(req, &req->reply, &answer_view,
                &(struct call_answer){.error = req->work.error.message});
}

static const char error_schema[] =
    "{\"type\":\"object\",\"required\":[\"ok\"],\"properties\":{\"ok\":{\"type\":\"boolean\"},"
    "\"call_sid\":{\"type\":[\"string\",\"null\"]},\"status\":{\"type\":[\"string\",\"null\"]},"
    "\"to\":{\"type\":[\"string\",\"null\"]},\"from\":{\"type\":[\"string\",\"null\"]},"
    "\"error\":{\"type\":[\"string\",\"null\"]}}}";

static const struct route routes[] = {
    {"POST /api/v1/make-call", "key", make_call, &order_view, &answer_view, "Make Call",
     .flags = IDEMPOTENT | LONG, .answers = "400 401 429 500 503", .operation = "make_call",
     .about = "Calls somebody with an agent. 503 with a call_sid: the carrier did not say whether "
              "it took the order; that call's log tells, and it is never ordered again."},
    {"POST /make-call", "key", old_make_call, &order_view, &answer_view, "Make Call",
     .flags = IDEMPOTENT | LONG | HIDDEN},
};

static const char *const prefixes[] = {"/api/v1/make-call", "/make-call", NULL};

const struct dialect stateset_make_call = {
    STATESET_FOR_TENANTS,         .prefixes = prefixes,  .body_limit = 64 * 1024,
    .item = stateset_item,        .list = stateset_list, .refuse = refuse,
    .error_schema = error_schema, .routes = routes,      .nroutes = COUNT(routes),
};
