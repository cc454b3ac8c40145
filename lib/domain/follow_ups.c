#include "domain/follow_ups.h"

#include "db/db.h"
#include "domain/callback_tasks.h"
#include "domain/calls.h"

static bool has_open_task(struct work *work, const struct call *call, bool *has)
{
    static const char sql[] = "SELECT COUNT(*) FROM callback_tasks"
                              " WHERE tenant_id = ? AND status = 'open' AND call_id = ?";
    const struct param params[] = {PARAM(work->tenant), PARAM(call->id)};
    int64_t count;

    if (!db_number(work, sql, params, COUNT(params), 0, &count))
        return false;
    *has = count > 0;
    return true;
}

bool follow_up_put(struct work *work, const struct call *call, const char *disposition,
                   const char *summary)
{
    struct callback_task task;
    bool has;

    if (!has_open_task(work, call, &has))
        return false;
    if (has)
        return true;
    callback_task_begin(&task);
    task.call_id = call->id;
    task.call_sid = call->call_sid;
    task.disposition = disposition;
    task.customer_phone = call->customer_phone;
    task.agent_name = call->agent_name;
    task.summary = summary;
    return callback_task_create(work, &task);
}
