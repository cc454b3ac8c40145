/*
 * POST Calls/{Sid}.json: changing a live call.
 */
#include <string.h>

#include "domain/call_records.h"
#include "domain/call_state.h"
#include "domain/calls.h"
#include "domain/customer_callbacks.h"
#include "domain/hang_up.h"
#include "fcgi/twilio/twilio.h"

enum { INVALID_URL = 21205, CALL_SECONDS_MOST = 24 * 60 * 60 };

/* How a call is to change. */
struct change {
    const char *status, *url, *method, *twiml;
    const char *fallback_url, *fallback_method;
    const char *status_callback, *status_callback_method;
    int64_t time_limit;
};

static const char *const methods[] = {"GET", "POST", NULL};
static const char *const ends[] = {"canceled", "completed", NULL};

static const struct column columns_of_change[] = {
    COLUMN(change, status, NULLABLE, .one_of = ends),
    COLUMN(change, url, NULLABLE),
    COLUMN(change, method, NULLABLE, .one_of = methods),
    COLUMN(change, twiml, NULLABLE, .max = CUSTOMER_TWIML_LIMIT),
    COLUMN(change, fallback_url, NULLABLE),
    COLUMN(change, fallback_method, NULLABLE, .one_of = methods),
    COLUMN(change, status_callback, NULLABLE),
    COLUMN(change, status_callback_method, NULLABLE, .one_of = methods),
    COLUMN(change, time_limit, NULLABLE, .least = 1, .most = CALL_SECONDS_MOST),
};

static const struct entity change_entity = ENTITY(change, "change", NULL, columns_of_change);

static const struct field change_fields[] = {
    /* clang-format off */
    FIELD(change, status,                 "status",                 CREATE, .about = "canceled ends a call that nobody has answered, completed any."),
    FIELD(change, url,                    "url",                    CREATE, .about = "Asked for TwiML that the call goes on with; an agent in it falls silent."),
    FIELD(change, method,                 "method",                 CREATE),
    FIELD(change, twiml,                  "twiml",                  CREATE, .about = "The TwiML itself; counts without Url alone."),
    FIELD(change, fallback_url,           "fallback_url",           CREATE),
    FIELD(change, fallback_method,        "fallback_method",        CREATE),
    FIELD(change, status_callback,        "status_callback",        CREATE),
    FIELD(change, status_callback_method, "status_callback_method", CREATE),
    FIELD(change, time_limit,             "time_limit",             CREATE, .about = "Seconds that it may last from now on."),
    /* clang-format on */
};

const struct view twilio_call_update_view = VIEW("CallUpdate", change_entity, change_fields);

static struct customer_wishes wishes_of(const struct change *change)
{
    return (struct customer_wishes){
        .url = change->url && *change->url ? change->url : NULL,
        .method = change->method,
        .twiml = change->twiml && *change->twiml ? change->twiml : NULL,
        .fallback_url = change->fallback_url,
        .fallback_method = change->fallback_method,
        .status_url = change->status_callback,
        .status_method = change->status_callback_method,
    };
}

/* "state" is where the carrier says the call is; its row learns that from the callback. */
static bool reply_changed(struct request *req, uid id, const char *state)
{
    struct call_record record;
    struct call call;

    if (!call_get(&req->work, id, &call) || !call_record_find(&req->work, call.call_sid, &record))
        return false;
    if (state && call_state_rank(state) > call_state_rank(record.state))
        record.state = state;
    return reply_row(req, 200, &twilio_call_view, &record);
}

static bool end_call(struct request *req, const struct call *call, const char *status)
{
    enum hang_up how = strcmp(status, "canceled") == 0 ? HANG_UP_UNANSWERED : HANG_UP_ANY;
    const char *state;

    return call_hang_up(&req->work, call, how, &state) && reply_changed(req, call->id, state);
}

static bool change_call(struct request *req, struct call *call, const struct change *change)
{
    struct customer_wishes wishes = wishes_of(change);
    int64_t limit = change->time_limit == NO_INTEGER ? 0 : change->time_limit;
    struct error *error = &req->work.error;

    if (call_state_is_terminal(call->state))
        return fail(&req->work, WRONG_STATE, "The call is not in progress");
    if (customer_wishes_check(&req->work, &wishes) &&
        customer_redirect(&req->work, call, &wishes, limit))
        return reply_changed(req, call->id, NULL);
    if (error->what == INVALID && !error->detail &&
        (strcmp(error->field, "Url") == 0 || strcmp(error->field, "FallbackUrl") == 0))
        error->detail = INVALID_URL;
    return false;
}

bool twilio_update_call(struct request *req)
{
    struct call_record record;
    struct change change;
    struct call call;
    columns given;

    row_clear(&change_entity, &change);
    if (!read_body(req, &twilio_call_update_view, CREATE, &change, &given) ||
        !call_record_find(&req->work, request_path(req, "Sid"), &record) ||
        !call_get(&req->work, record.id, &call))
        return false;
    return change.status ? end_call(req, &call, change.status) : change_call(req, &call, &change);
}
