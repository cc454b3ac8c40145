#include "domain/agent_sheets.h"

static const struct column columns_of_sheet[] = {
    COLUMN(agent_sheet, tenant_id, NOT_NULL),     COLUMN(agent_sheet, id, NOT_NULL),
    COLUMN(agent_sheet, name, NOT_NULL),          COLUMN(agent_sheet, direction, NOT_NULL),
    COLUMN(agent_sheet, status, NOT_NULL),        COLUMN(agent_sheet, config, NULLABLE),
    COLUMN(agent_sheet, number, NULLABLE),        COLUMN(agent_sheet, total_calls, NOT_NULL),
    COLUMN(agent_sheet, total_minutes, NOT_NULL), COLUMN(agent_sheet, created_at, NOT_NULL),
    COLUMN(agent_sheet, updated_at, NOT_NULL),
};

const struct entity agent_sheet_entity = ENTITY(agent_sheet, "agent", NULL, columns_of_sheet);

/* Calls are added up by the index that holds nothing else (0030_agent_totals.sql). */
#define SHEETS(of_calls)                                                                           \
    "SELECT a.tenant_id, a.id, a.name, a.direction, a.status, v.config AS config,"                 \
    " (SELECT r.e164 FROM phone_routes r WHERE r.tenant_id = a.tenant_id AND r.agent_id = a.id"    \
    " AND r.direction IN ('inbound', 'outbound') ORDER BY r.direction, r.id DESC LIMIT 1)"         \
    " AS number, COALESCE(t.calls, 0) AS total_calls, COALESCE(t.minutes, 0) AS total_minutes,"    \
    " a.created_at, a.updated_at FROM agents a"                                                    \
    " LEFT JOIN agent_versions v ON v.tenant_id = a.tenant_id AND v.id = a.published_version_id"   \
    " LEFT JOIN (SELECT c.agent_id, COUNT(*) AS calls,"                                            \
    " CAST(SUM((COALESCE(c.duration_seconds, 0) + 59) DIV 60) AS SIGNED) AS minutes FROM calls c"  \
    " WHERE c.tenant_id = ? AND " of_calls " GROUP BY c.agent_id) t ON t.agent_id = a.id"          \
    " WHERE a.tenant_id = ? AND a.deleted_at IS NULL"

bool agent_sheets(struct work *work, const struct agent_sheet_filter *filter, struct rows *sheets)
{
    static const char sql[] =
        SHEETS("c.agent_id IS NOT NULL") " AND (? IS NULL"
                                         " OR IF(a.status = 'active', 'active', 'inactive') = ?)"
                                         " AND (? IS NULL OR IF(a.direction = 'outbound',"
                                         " 'outbound', 'inbound') = ?) ORDER BY a.id DESC";
    const struct param params[] = {PARAM(work->tenant),      PARAM(work->tenant),
                                   PARAM(filter->status),    PARAM(filter->status),
                                   PARAM(filter->direction), PARAM(filter->direction)};

    return db_select(work, sql, params, COUNT(params), &agent_sheet_entity, sheets);
}

bool agent_sheet_find(struct work *work, uid id, struct agent_sheet *sheet)
{
    static const char sql[] = SHEETS("c.agent_id = ?") " AND a.id = ?";
    const struct param params[] = {PARAM(work->tenant), PARAM(id), PARAM(work->tenant), PARAM(id)};

    return db_find(work, sql, params, COUNT(params), &agent_sheet_entity, sheet);
}
