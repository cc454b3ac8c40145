/*
 * Changing a live call as POST Calls/{Sid} does (twilio.md 6.2).
 */
#include <string.h>

#include "core/log.h"
#include "domain/call_state.h"
#include "domain/calls.h"
#include "domain/customer_callbacks.h"
#include "domain/silent_calls.h"
#include "remote/twilio.h"

/* The carrier's word for a call that is over, or not yet there. */
enum { NOT_IN_PROGRESS = 21220 };

struct change {
    const struct call *call;
    const struct customer_wishes *wishes;
    const char *params, *url;
};

static bool note_step(struct work *work, void *with)
{
    static const char sql[] =
        "UPDATE calls SET carrier_params = ?, media_mode = COALESCE(?, media_mode), updated_at = ?,"
        " rev = rev + 1 WHERE tenant_id = ? AND id = ?";
    struct change *change = with;
    const char *mode = customer_answers(change->wishes) ? "none" : NULL;
    instant now = clock_now();
    const struct param params[] = {PARAM(change->params), PARAM(mode), PARAM(now),
                                   PARAM(work->tenant), PARAM(change->call->id)};

    return db_execute(work, sql, params, COUNT(params), NULL) &&
           (!customer_answers(change->wishes) ||
            customer_answer_url(work, change->call, change->wishes, &change->url));
}

/*
 * The carrier refused: what the call had before counts again, unless somebody else changed it
 * since.  The failure stays the carrier's.
 */
static bool take_back(struct work *work, const struct change *change)
{
    static const char sql[] =
        "UPDATE calls SET carrier_params = ?, media_mode = ?, updated_at = ?, rev = rev + 1"
        " WHERE tenant_id = ? AND id = ? AND carrier_params <=> ?";
    const struct call *call = change->call;
    const struct error refusal = work->error;
    instant now = clock_now();
    const struct param params[] = {PARAM(call->carrier_params.json),
                                   PARAM(call->media_mode),
                                   PARAM(now),
                                   PARAM(work->tenant),
                                   PARAM(call->id),
                                   PARAM(change->params)};

    if (!db_execute(work, sql, params, COUNT(params), NULL))
        log_error(work, "call.not_taken_back", "%s", work->error.message);
    work->error = refusal;
    return false;
}

/*
 * The carrier ends whatever the call was doing, also an agent's stream, whose node then ends its
 * session.
 */
static bool tell_carrier(struct work *work, const struct change *change, int64_t limit_seconds)
{
    const char *limit =
        limit_seconds > 0 ? arena_format(&work->arena, "%lld", (long long)limit_seconds) : NULL;
    const struct carrier_setting settings[] = {
        {"Url", change->url},
        {"Method", change->url ? "POST" : NULL},
        {"TimeLimit", limit},
    };
    struct carrier_outcome outcome;
    struct carrier_call answer;
    struct carrier carrier;

    if (!change->url && !limit)
        return true;
    if (!carrier_of_call(work, change->call, &carrier))
        return false;
    if (twilio_call_update(work, &carrier, change->call->call_sid, settings, COUNT(settings),
                           &answer, &outcome))
        return true;
    if (outcome.code == NOT_IN_PROGRESS)
        return fail(work, WRONG_STATE, "The call is not in progress");
    if (outcome.end == CARRIER_UNKNOWN)
        fail(work, BUSY, "The carrier did not say whether it redirected the call");
    return false;
}

bool customer_redirect(struct work *work, struct call *call, const struct customer_wishes *wishes,
                       int64_t limit_seconds)
{
    struct change change = {.call = call, .wishes = wishes};

    if (!customer_wishes_check(work, wishes))
        return false;
    if (call_state_is_terminal(call->state))
        return fail(work, WRONG_STATE, "The call is not in progress");
    change.params = customer_params(work, call->carrier_params.json, wishes);
    if (!db_transaction(work, note_step, &change))
        return false;
    if (!tell_carrier(work, &change, limit_seconds))
        return work->error.what != BUSY && take_back(work, &change);
    return call_get(work, call->id, call);
}
