/*
 * Calling somebody with an agent.
 */
#include <stdio.h>
#include <string.h>

#include "domain/outbound.h"
#include "domain/phone_routes.h"
#include "domain/sessions.h"
#include "fcgi/phony/calls.h"

struct call_order {
    const char *to_number, *from_number;
    document context;
};

static const struct column order_columns[] = {
    COLUMN(call_order, to_number, NOT_NULL),
    COLUMN(call_order, from_number, NULLABLE),
    COLUMN(call_order, context, NULLABLE),
};

static const struct entity order_entity = ENTITY(call_order, "call", NULL, order_columns);

static const struct field order_fields[] = {
    /* clang-format off */
    FIELD(call_order, to_number,   "to_number",   CREATE | REQUIRED, .wire = &phony_number),
    FIELD(call_order, from_number, "from_number", CREATE, .wire = &phony_number, .about = "The agent's number when none is given, else the one that the tenant calls from."),
    FIELD(call_order, context,     "context",     CREATE, .wire = &phony_context, .about = "Known to the agent in the conversation."),
    /* clang-format on */
};

const struct view phony_call_order_view = VIEW("OutboundCallRequest", order_entity, order_fields);

struct ordered_call {
    const char *call_sid;
    uid id;
    const char *status, *message;
};

static const struct column ordered_columns[] = {
    COLUMN(ordered_call, call_sid, NOT_NULL),
    COLUMN(ordered_call, id, NULLABLE),
    COLUMN(ordered_call, status, NOT_NULL),
    COLUMN(ordered_call, message, NOT_NULL),
};

static const struct entity ordered_entity = ENTITY(ordered_call, "call", NULL, ordered_columns);

static const struct field ordered_fields[] = {
    FIELD(ordered_call, call_sid, "call_sid", READ),
    FIELD(ordered_call, id, "id", READ, PHONY_SESSION_ID),
    FIELD(ordered_call, status, "status", READ),
    FIELD(ordered_call, message, "message", READ),
};

const struct view phony_ordered_call_view = VIEW("OutboundCall", ordered_entity, ordered_fields);

/* The number that is routed to the agent: one that it calls from before one that it answers. */
static bool number_of_agent(struct request *req, uid agent, const char **number)
{
    const struct phone_route *route;
    struct rows routes;

    *number = NULL;
    if (!phone_routes_list(&req->work, &routes))
        return false;
    route = routes.at;
    for (size_t i = 0; i < routes.count; i++)
        if (uid_equal(route[i].agent_id, agent) && (strcmp(route[i].direction, "outbound") == 0 ||
                                                    strcmp(route[i].direction, "inbound") == 0)) {
            *number = route[i].e164;
            if (route[i].direction[0] == 'o')
                break;
        }
    return true;
}

static bool choose_from(struct request *req, const struct agent *agent, const char *given,
                        const char **from)
{
    const char *number = given;

    return (number || number_of_agent(req, agent->id, &number)) &&
           outbound_from(&req->work, number, from);
}

static bool check_agent(struct request *req, const struct agent *agent)
{
    return strcmp(agent->status, "active") == 0 ||
           fail(&req->work, WRONG_STATE, "The agent is not active");
}

/* The gate speaks of its own fields. */
static bool blame(struct request *req)
{
    struct error *error = &req->work.error;

    if (strcmp(error->field, "from") == 0)
        snprintf(error->field, sizeof error->field, "from_number");
    else if (strcmp(error->field, "to") == 0)
        snprintf(error->field, sizeof error->field, "to_number");
    return false;
}

static bool reply_ordered(struct request *req, const struct call *call)
{
    struct ordered_call answer = {
        .call_sid = call->call_sid,
        .id = NO_UID,
        .status = "queued",
        .message = "Call initiated successfully",
    };
    struct voice_session session;

    if (session_of_call(&req->work, call->id, &session))
        answer.id = session.id;
    return reply_row(req, 200, &phony_ordered_call_view, &answer);
}

static bool tell_unknown(struct request *req, struct call *call)
{
    if (outbound_is_unknown(&req->work, call)) {
        fail(&req->work, UPSTREAM, "The carrier did not say whether it took the order; %s tells",
             call->call_sid);
        phony_refuse(req);
        return true;
    }
    return blame(req);
}

bool phony_order_call(struct request *req)
{
    struct outbound_order order = {.origin = "phony", .trace_id = req->work.id};
    struct call call = {.id = NO_UID};
    struct call_order wanted;
    struct agent agent;
    columns given;

    row_clear(&order_entity, &wanted);
    if (!read_body(req, &phony_call_order_view, CREATE, &wanted, &given) ||
        !phony_agent(req, request_path(req, "agent_id"), &agent) || !check_agent(req, &agent) ||
        !choose_from(req, &agent, wanted.from_number, &order.from))
        return blame(req);
    order.agent = agent.id;
    order.to = wanted.to_number;
    order.context_json = wanted.context.json;
    return outbound_order(&req->work, &order, &call) ? reply_ordered(req, &call)
                                                     : tell_unknown(req, &call);
}
