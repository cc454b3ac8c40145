#include <string.h>

#include "core/log.h"
#include "domain/call_state.h"
#include "domain/calls.h"
#include "domain/finalise.h"
#include "domain/inbound.h"
#include "domain/machines.h"
#include "domain/outbound.h"
#include "domain/sessions.h"
#include "domain/tenants.h"
#include "remote/twilio.h"

/* The call of our key or of the carrier's SID; of the tenant that the signature named, if any. */
static bool find_call(struct work *work, const char *cid, const char *call_sid, struct call *call)
{
    int64_t tenant = work->tenant;
    uid id;
    bool found = cid && uid_read_base32(cid, &id) ? call_by_key_anywhere(work, id, call)
                                                  : call_by_sid_anywhere(work, call_sid, call);

    if (!found || !tenant || tenant == call->tenant_id)
        return found;
    work->tenant = tenant;
    return fail(work, NOT_FOUND, "The call does not exist");
}

static bool answer_machine(struct work *work, const struct call *call, struct call_plan *plan)
{
    struct machine_settings settings;

    if (!machine_settings(work, call->agent_version_id, &settings))
        return false;
    plan->kind = settings.message ? PLAN_SAY : PLAN_HANGUP;
    plan->say = settings.message;
    plan->language = call->language;
    return true;
}

static bool connect(struct work *work, const struct call *call, struct call_plan *plan)
{
    struct voice_session session;

    if (!session_of_call(work, call->id, &session))
        return work->error.what == NOT_FOUND && plan_fallback(work, call, "node_lost", plan);
    plan->language = call->language;
    return plan_connect(work, call, &session, 0, plan) ||
           ((work->error.what == NOT_FOUND || work->error.what == WRONG_STATE) &&
            plan_fallback(work, call, "node_lost", plan));
}

bool outbound_answered(struct work *work, const char *cid, const char *call_sid,
                       const char *answered_by, struct call_plan *plan)
{
    struct call_news news = NO_NEWS;
    struct call call;

    *plan = (struct call_plan){.kind = PLAN_HANGUP};
    if (!find_call(work, cid, call_sid, &call)) {
        if (work->error.what != NOT_FOUND)
            return false;
        inbound_refuse(work, plan);
        return true;
    }
    news.state = "in_progress";
    news.answered_by = answered_by;
    if (!call_learn_sid(work, call.id, call_sid) || !call_apply(work, call.id, &news, NULL) ||
        !call_get(work, call.id, &call))
        return false;
    if (call_state_is_terminal(call.state))
        return true;
    if (answered_by && strncmp(answered_by, "machine_", 8) == 0)
        return answer_machine(work, &call, plan);
    return connect(work, &call, plan);
}

/* Among the carrier's calls, the one that is nobody's yet; NULL when there is none. */
static bool find_unknown(struct work *work, const struct carrier_calls *calls,
                         const struct carrier_call **found)
{
    int64_t tenant = work->tenant;

    *found = NULL;
    for (size_t i = 0; i < calls->count && !*found; i++) {
        struct call other;

        if (!call_by_sid_anywhere(work, calls->at[i].sid, &other)) {
            if (work->error.what != NOT_FOUND)
                return false;
            *found = &calls->at[i];
        }
        work->tenant = tenant;
    }
    return true;
}

enum { ORDER_LOST_MS = 10 * 60 * 1000 }; /* what the carrier does not show by then, it never had */

static bool settle(struct work *work, const struct call *call, const struct carrier_call *found,
                   bool *settled)
{
    struct call_news news = NO_NEWS;

    *settled = found || clock_now().ms - call->started_at.ms > ORDER_LOST_MS;
    if (!*settled)
        return true;
    news.state = found ? call_state_of_carrier(found->status) : "failed";
    if (found) {
        news.duration_seconds = found->duration_seconds;
        news.answered_by = found->answered_by;
    } else {
        news.end_reason = "carrier_error";
        news.error_code = ERROR_SWEPT;
    }
    return (!found || call_learn_sid(work, call->id, found->sid)) &&
           call_apply(work, call->id, &news, NULL) && call_finalise(work, call->id, NULL);
}

bool outbound_settle(struct work *work, uid id, bool *settled)
{
    const struct carrier_call *found;
    struct carrier_calls calls;
    struct carrier carrier;
    struct tenant tenant;
    struct call call;

    *settled = false;
    if (!call_get(work, id, &call))
        return false;
    if (!call.error_code || strcmp(call.error_code, "order_unknown") != 0) {
        *settled = true;
        return true;
    }
    return tenant_by_id(work, work->tenant, &tenant) &&
           carrier_of_tenant(work, &tenant, &carrier) &&
           twilio_calls_list(work, &carrier, call.from_addr, call.to_addr, call.started_at,
                             &calls) &&
           find_unknown(work, &calls, &found) && settle(work, &call, found, settled);
}
