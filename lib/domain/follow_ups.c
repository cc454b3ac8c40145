#include "domain/follow_ups.h"

#include "db/db.h"
#include "domain/calls.h"

bool follow_up_put(struct work *work, const struct call *call, const char *disposition,
                   const char *summary)
{
    static const char sql[] =
        "INSERT INTO callback_tasks (tenant_id, id, call_id, call_sid, status, disposition,"
        " priority, customer_phone, agent_name, summary, dispatch_attempt_count, metadata,"
        " created_at, updated_at, rev)"
        " SELECT tenant_id, ?, id, call_sid, 'open', ?, 0, customer_phone, agent_name, ?, 0, '{}',"
        " ?, ?, 1 FROM calls AS c WHERE c.tenant_id = ? AND c.id = ? AND NOT EXISTS ("
        "SELECT 1 FROM callback_tasks AS t WHERE t.tenant_id = c.tenant_id AND t.status = 'open'"
        " AND t.call_id = c.id)";
    uid id = uid_new();
    instant now = clock_now();
    const struct param params[] = {PARAM(id),  PARAM(disposition),  PARAM(summary), PARAM(now),
                                   PARAM(now), PARAM(work->tenant), PARAM(call->id)};

    return db_execute(work, sql, params, COUNT(params), NULL);
}
