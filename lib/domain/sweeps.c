#include "domain/sweeps.h"

#include "domain/ledger.h"

static const struct column columns_of_tenant[] = {COLUMN(sweep_tenant, id, NOT_NULL)};

static const struct entity tenant_id_entity =
    ENTITY(sweep_tenant, "tenant", NULL, columns_of_tenant);

bool tenants_after(struct work *work, int64_t after, int64_t limit, struct rows *tenants)
{
    static const char sql[] = "SELECT id FROM tenants WHERE id > ? ORDER BY id LIMIT ?";
    const struct param params[] = {PARAM(after), PARAM(limit)};

    return db_select(work, sql, params, COUNT(params), &tenant_id_entity, tenants);
}

bool tenants_with_open_ledger(struct work *work, instant before, int64_t after, int64_t limit,
                              struct rows *tenants)
{
    static const char sql[] =
        "SELECT t.id FROM tenants AS t LEFT JOIN billing_balances AS b"
        " ON b.tenant_id = t.id AND b.currency = ? WHERE t.id > ?"
        " AND EXISTS (SELECT 1 FROM billing_ledger AS l WHERE l.tenant_id = t.id"
        " AND l.currency = ? AND l.id > COALESCE(b.through_id, x'00') AND l.id <= ?)"
        " ORDER BY t.id LIMIT ?";
    const char *currency = LEDGER_CURRENCY;
    uid through = uid_at(before);
    const struct param params[] = {PARAM(currency), PARAM(after), PARAM(currency), PARAM(through),
                                   PARAM(limit)};

    return db_select(work, sql, params, COUNT(params), &tenant_id_entity, tenants);
}
