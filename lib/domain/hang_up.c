#include "domain/hang_up.h"

#include <string.h>

#include "domain/call_state.h"
#include "domain/calls.h"
#include "domain/commands.h"
#include "domain/finalise.h"
#include "domain/sessions.h"
#include "domain/silent_calls.h"
#include "remote/twilio.h"

static bool is_over(struct work *work)
{
    return fail(work, WRONG_STATE, "The call is not in progress");
}

/* Why it ends is written down first: the carrier's callback, which only says that it did, may come
   before the carrier's answer. */
static bool note_reason(struct work *work, const struct call *call, const char *state)
{
    struct call_news news = NO_NEWS;

    news.state = state;
    news.end_reason = "api_end";
    return call_apply(work, call->id, &news, NULL);
}

/* The carrier would not end it, so whatever ends it will have another reason. */
static bool withdraw_reason(struct work *work, const struct call *call)
{
    static const char sql[] = "UPDATE calls SET end_reason = NULL, rev = rev + 1"
                              " WHERE tenant_id = ? AND id = ? AND end_reason = 'api_end'"
                              " AND outcome IS NULL";
    const struct param params[] = {PARAM(work->tenant), PARAM(call->id)};

    return db_execute(work, sql, params, COUNT(params), NULL);
}

/* Planned for later, or its order's answer never came: that one is not to be forgotten. */
static bool cancel_unordered(struct work *work, const struct call *call, const char **state)
{
    if (call->error_code && strcmp(call->error_code, "order_unknown") == 0)
        return fail(work, BUSY, "It is not known yet whether the carrier has the call");
    *state = "canceled";
    return note_reason(work, call, "canceled") && call_finalise(work, call->id, NULL);
}

static bool end_at_node(struct work *work, const struct call *call)
{
    struct session_command end = {.kind = "end",
                                  .call_id = call->id,
                                  .args = {"{\"reason\":\"The call was ended through the API\"}"},
                                  .created_by = "api"};
    struct voice_session session;

    if (!session_of_call(work, call->id, &session))
        return work->error.what == NOT_FOUND && is_over(work);
    end.session_id = session.id;
    return command_order(work, &end);
}

static bool end_at_carrier(struct work *work, const struct call *call, const char *status,
                           const char **state)
{
    const struct carrier_setting settings[] = {{"Status", status}};
    struct carrier_outcome outcome;
    struct carrier_call answer = {0};
    struct carrier carrier;

    if (!carrier_of_call(work, call, &carrier) || !note_reason(work, call, NULL))
        return false;
    if (twilio_call_update(work, &carrier, call->call_sid, settings, COUNT(settings), &answer,
                           &outcome)) {
        *state = call_state_of_carrier(answer.status);
        return true;
    }
    if (outcome.end == CARRIER_REFUSED && !call->end_reason && !withdraw_reason(work, call))
        return false;
    if (outcome.end == CARRIER_REFUSED && (outcome.status == 400 || outcome.status == 404))
        return is_over(work); /* its callback is on its way */
    return false;
}

bool call_hang_up(struct work *work, const struct call *call, enum hang_up how, const char **state)
{
    bool answered = call->state_rank >= RANK_LIVE;
    const char *ignored;

    if (!state)
        state = &ignored;
    *state = NULL;
    if (call_state_is_terminal(call->state) || (answered && how == HANG_UP_UNANSWERED))
        return is_over(work);
    if (strcmp(call->state, "created") == 0)
        return cancel_unordered(work, call, state);
    if (strcmp(call->carrier, "none") == 0)
        return end_at_node(work, call);
    return end_at_carrier(work, call, how == HANG_UP_UNANSWERED ? "canceled" : "completed", state);
}
