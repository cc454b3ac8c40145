#include <string.h>

#include "core/e164.h"
#include "domain/calls.h"
#include "domain/customer_sms.h"
#include "domain/customer_twiml.h"
#include "domain/gate.h"
#include "domain/numbers.h"
#include "domain/phone_routes.h"
#include "domain/taskrouter/queued_calls.h"
#include "domain/tenants.h"

/* A number that the tenant owns, or one of its own account that a route names. */
static bool is_ours(struct work *work, const char *number, bool *ours)
{
    struct phone_number owned;
    struct phone_route route;
    struct tenant tenant;

    *ours = number_owned(work, number, &owned);
    if (*ours)
        return true;
    if (work->error.what != NOT_FOUND || !tenant_by_id(work, work->tenant, &tenant))
        return false;
    *ours = strcmp(tenant.carrier_mode, "byoc") == 0 &&
            (phone_route_for(work, number, "outbound", &route) ||
             (work->error.what == NOT_FOUND && phone_route_for(work, number, "inbound", &route)));
    return *ours || work->error.what == NOT_FOUND;
}

/* A leg of a call that runs already. */
static bool may_reach(struct work *work, const char *from, const char *to, int64_t beside)
{
    const struct outward outward = {
        .channel = GATE_VOICE,
        .from = from,
        .to = to,
        .transfer = true,
        .beside = beside,
    };

    return gate_check(work, &outward, NULL);
}

const char *twiml_room_prefix(struct work *work, const struct tenant *tenant)
{
    char id[27];

    if (strcmp(tenant->carrier_mode, "byoc") == 0)
        return NULL;
    uid_write_base32(tenant->public_id, id);
    return arena_format(&work->arena, "%s.", id);
}

bool customer_twiml_rewrite(struct work *work, const struct twiml_source *source,
                            struct twiml_result *result)
{
    const struct call *call = source->call;
    bool inbound = strcmp(call->direction, "inbound") == 0;
    struct twiml_rules rules = {
        .ours = inbound ? call->to_addr : call->from_addr,
        .theirs = inbound ? call->from_addr : call->to_addr,
        .is_ours = is_ours,
        .may_reach = may_reach,
        .has_workflow = tr_has_workflow,
        .send = customer_sms_order,
    };
    struct tenant tenant;

    *result = (struct twiml_result){0};
    if (!tenant_by_id(work, work->tenant, &tenant))
        return false;
    rules.own_account = strcmp(tenant.carrier_mode, "byoc") == 0;
    rules.room_prefix = twiml_room_prefix(work, &tenant);
    rules.country = rules.ours ? e164_country(rules.ours) : "";
    return twiml_rewrite_by(work, &rules, source, result);
}
