#include "domain/invocations.h"

#include "domain/calls.h"

static const char *const vias[] = {"realtime", "relay",      "automation", "test",
                                   "workflow", "simulation", NULL};
static const char *const statuses[] = {"running", "ok", "error", "timeout", "rejected", NULL};

static const struct column columns_of_invocation[] = {
    COLUMN(invocation, tenant_id, NOT_NULL),
    COLUMN(invocation, id, NOT_NULL),
    COLUMN(invocation, call_id, NULLABLE),
    COLUMN(invocation, session_id, NULLABLE),
    COLUMN(invocation, tool_name, NOT_NULL, .max = 64),
    COLUMN(invocation, tool_id, NULLABLE),
    COLUMN(invocation, via, NOT_NULL, .one_of = vias),
    COLUMN(invocation, model_call_ref, NULLABLE, .max = 80),
    COLUMN(invocation, arguments, NOT_NULL),
    COLUMN(invocation, result, NULLABLE),
    COLUMN(invocation, status, NOT_NULL, .one_of = statuses),
    COLUMN(invocation, http_status, NULLABLE),
    COLUMN(invocation, error, NULLABLE, .max = 500),
    COLUMN(invocation, started_at, NOT_NULL),
    COLUMN(invocation, duration_ms, NULLABLE),
};

const struct entity invocation_entity =
    ENTITY(invocation, "tool invocation", "tool_invocations", columns_of_invocation);

#define INVOCATION_COLUMNS                                                                         \
    "tenant_id, id, call_id, session_id, tool_name, tool_id, via, model_call_ref, arguments, "     \
    "result, status, http_status, error, started_at, duration_ms"

void invocation_begin(struct invocation *invocation)
{
    row_clear(&invocation_entity, invocation);
    invocation->id = uid_new();
    invocation->via = "realtime";
    invocation->arguments.json = "{}";
    invocation->status = "running";
    invocation->started_at = clock_now();
}

struct putting {
    const struct invocation *row;
};

static bool put_step(struct work *work, void *with)
{
    static const char sql[] =
        "INSERT INTO tool_invocations (" INVOCATION_COLUMNS ")"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON DUPLICATE KEY UPDATE result = VALUES(result), status = VALUES(status),"
        " http_status = VALUES(http_status), error = VALUES(error),"
        " duration_ms = VALUES(duration_ms)";
    const struct invocation *row = ((const struct putting *)with)->row;
    const struct param params[] = {
        PARAM(work->tenant),     PARAM(row->id),
        PARAM(row->call_id),     PARAM(row->session_id),
        PARAM(row->tool_name),   PARAM(row->tool_id),
        PARAM(row->via),         PARAM(row->model_call_ref),
        PARAM(row->arguments),   PARAM(row->result),
        PARAM(row->status),      PARAM(row->http_status),
        PARAM(row->error),       PARAM(row->started_at),
        PARAM(row->duration_ms),
    };

    return db_execute(work, sql, params, COUNT(params), NULL) &&
           (uid_is_none(row->call_id) || call_recount(work, row->call_id));
}

bool invocation_put(struct work *work, const struct invocation *invocation)
{
    struct putting putting = {invocation};

    return db_transaction(work, put_step, &putting);
}

bool invocations_of_call(struct work *work, uid call, struct rows *invocations)
{
    static const char sql[] = "SELECT " INVOCATION_COLUMNS " FROM tool_invocations"
                              " WHERE tenant_id = ? AND call_id = ? ORDER BY id";
    const struct param params[] = {PARAM(work->tenant), PARAM(call)};

    return db_select(work, sql, params, COUNT(params), &invocation_entity, invocations);
}
