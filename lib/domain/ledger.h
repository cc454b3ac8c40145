/*
 * domain/ledger.h - prepaid money: an append-only ledger, the balance it adds up to, and prices.
 *
 * Rows are deduplicated by what they are for ("number:<id>:2026-11", "topup:<ref>"), so that
 * nothing is charged twice.  The balance is what was folded plus the rows after that, so no row is
 * hot.
 */
#ifndef DOMAIN_LEDGER_H
#define DOMAIN_LEDGER_H

#include "core/column.h"
#include "core/work.h"
#include "db/store.h"

#define LEDGER_CURRENCY "USD" /* of tenants and prices until a price list says otherwise */

struct ledger_row {
    int64_t tenant_id;
    uid id;
    const char *kind;      /* one of ledger_kinds */
    int64_t amount_micros; /* what it adds to the balance; charges are negative */
    const char *currency;
    uid subject_id;
    const char *dedupe, *note;
    instant created_at;
};

extern const struct entity ledger_entity;
extern const char *const ledger_kinds[];

/*
 * Adds a row for the work's tenant; id, created_at and currency are filled where they are not
 * given. *fresh (may be NULL) is false when a row of that dedupe was there before; nothing is added
 * then.
 */
bool ledger_put(struct work *work, struct ledger_row *row, bool *fresh);

/* What the work's tenant has. */
bool ledger_balance(struct work *work, const char *currency, int64_t *micros);

/*
 * Folds rows older than "before" into the balance; the balance stays what it is.  "before" lies an
 * hour back at least: a row is made a moment before it is committed.
 */
bool ledger_fold(struct work *work, const char *currency, instant before);

/*
 * The price of a unit at a time: the tenant's own, else the platform's, else *micros is
 * "otherwise".
 */
bool price_of(struct work *work, const char *sku, instant when, int64_t otherwise, int64_t *micros);

/* Whether any price list exists that binds the tenant: enforcement of balances is off until then.
 */
bool prices_exist(struct work *work, bool *exist);

#endif
