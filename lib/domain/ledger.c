#include "domain/ledger.h"

const char *const ledger_kinds[] = {"topup",  "hold",   "release",    "call",   "sms", "email",
                                    "number", "charge", "adjustment", "refund", NULL};

static const struct column columns_of_ledger[] = {
    COLUMN(ledger_row, tenant_id, NOT_NULL),
    COLUMN(ledger_row, id, NOT_NULL),
    COLUMN(ledger_row, kind, NOT_NULL, .one_of = ledger_kinds),
    COLUMN(ledger_row, amount_micros, NOT_NULL),
    COLUMN(ledger_row, currency, NOT_NULL, .max = 3),
    COLUMN(ledger_row, subject_id, NULLABLE),
    COLUMN(ledger_row, dedupe, NOT_NULL, .max = 120),
    COLUMN(ledger_row, note, NULLABLE, .max = 255),
    COLUMN(ledger_row, created_at, NOT_NULL),
};

const struct entity ledger_entity =
    ENTITY(ledger_row, "ledger row", "billing_ledger", columns_of_ledger);

static bool insert_row(struct work *work, const struct ledger_row *row)
{
    return store_insert(work, &ledger_entity, row, columns_all(&ledger_entity));
}

bool ledger_put(struct work *work, struct ledger_row *row, bool *fresh)
{
    struct error before = work->error;
    bool added;

    row->tenant_id = work->tenant;
    if (uid_is_none(row->id))
        row->id = uid_new();
    if (!row->currency)
        row->currency = LEDGER_CURRENCY;
    if (instant_is_none(row->created_at) || row->created_at.ms == 0)
        row->created_at = clock_now();
    added = insert_row(work, row);
    if (!added && work->error.what != CONFLICT)
        return false;
    work->error = before;
    if (fresh)
        *fresh = added;
    return true;
}

bool ledger_balance(struct work *work, const char *currency, int64_t *micros)
{
    static const char sql[] =
        "SELECT CAST(COALESCE((SELECT settled_micros FROM billing_balances"
        " WHERE tenant_id = ? AND currency = ?), 0)"
        " + COALESCE((SELECT SUM(amount_micros) FROM billing_ledger"
        " WHERE tenant_id = ? AND currency = ? AND id > COALESCE((SELECT through_id"
        " FROM billing_balances WHERE tenant_id = ? AND currency = ?), x'00')), 0) AS SIGNED)";
    const struct param params[] = {
        PARAM(work->tenant), PARAM(currency),     PARAM(work->tenant),
        PARAM(currency),     PARAM(work->tenant), PARAM(currency),
    };

    return db_number(work, sql, params, COUNT(params), 0, micros);
}

struct folding {
    const char *currency;
    uid through;
    instant now;
};

/* Sum and boundary change in one statement, so that no row counts twice or not at all. */
static bool fold_step(struct work *work, void *with)
{
    static const char begin[] =
        "INSERT INTO billing_balances (tenant_id, currency, settled_micros, through_id, created_at,"
        " updated_at, rev) VALUES (?, ?, 0, x'00000000000000000000000000000000', ?, ?, 1)"
        " ON DUPLICATE KEY UPDATE currency = VALUES(currency)";
    static const char fold[] =
        "UPDATE billing_balances b SET b.settled_micros = b.settled_micros"
        " + COALESCE((SELECT SUM(l.amount_micros) FROM billing_ledger l"
        " WHERE l.tenant_id = b.tenant_id AND l.currency = b.currency AND l.id > b.through_id"
        " AND l.id <= ?), 0), b.through_id = ?, b.updated_at = ?, b.rev = b.rev + 1"
        " WHERE b.tenant_id = ? AND b.currency = ? AND b.through_id < ?";
    const struct folding *folding = with;
    const struct param for_begin[] = {PARAM(work->tenant), PARAM(folding->currency),
                                      PARAM(folding->now), PARAM(folding->now)};
    const struct param for_fold[] = {
        PARAM(folding->through), PARAM(folding->through),  PARAM(folding->now),
        PARAM(work->tenant),     PARAM(folding->currency), PARAM(folding->through),
    };

    return db_execute(work, begin, for_begin, COUNT(for_begin), NULL) &&
           db_execute(work, fold, for_fold, COUNT(for_fold), NULL);
}

bool ledger_fold(struct work *work, const char *currency, instant before)
{
    struct folding folding = {.currency = currency, .through = uid_at(before), .now = clock_now()};

    return db_transaction(work, fold_step, &folding);
}

bool price_of(struct work *work, const char *sku, instant when, int64_t otherwise, int64_t *micros)
{
    static const char sql[] = "SELECT price_micros FROM price_items"
                              " WHERE scope_tenant_id IN (0, ?) AND sku = ? AND valid_from <= ?"
                              " ORDER BY scope_tenant_id DESC, valid_from DESC LIMIT 1";
    const struct param params[] = {PARAM(work->tenant), PARAM(sku), PARAM(when)};

    return db_number(work, sql, params, COUNT(params), otherwise, micros);
}

bool prices_exist(struct work *work, bool *exist)
{
    static const char sql[] = "SELECT 1 FROM price_items WHERE scope_tenant_id IN (0, ?) LIMIT 1";
    const struct param params[] = {PARAM(work->tenant)};
    int64_t found;

    if (!db_number(work, sql, params, COUNT(params), 0, &found))
        return false;
    *exist = found != 0;
    return true;
}
