#include "domain/call_money.h"

#include <string.h>

#include "db/db.h"
#include "domain/calls.h"
#include "domain/ledger.h"

enum { HELD_MINUTES = 3 };

/* What a minute of a call of that direction is sold as. */
static const char *sku_of(const char *direction)
{
    return strcmp(direction, "outbound") == 0 ? "voice.outbound.minute" : "voice.inbound.minute";
}

bool call_hold_micros(struct work *work, const char *direction, int64_t *micros)
{
    if (!price_of(work, sku_of(direction), clock_now(), 0, micros))
        return false;
    *micros *= HELD_MINUTES;
    return true;
}

bool balance_covers(struct work *work, int64_t micros, bool *covers)
{
    int64_t balance = 0;

    if (micros > 0 && !ledger_balance(work, LEDGER_CURRENCY, &balance))
        return false;
    *covers = micros <= 0 || balance >= micros;
    return true;
}

/* A movement for a call: its dedupe is the kind and the call, so each happens once. */
static bool put(struct work *work, const char *kind, uid call, int64_t micros)
{
    struct ledger_row row;
    char id[37];

    row_clear(&ledger_entity, &row);
    uid_write_uuid(call, id);
    row.kind = kind;
    row.amount_micros = micros;
    row.subject_id = call;
    row.dedupe = arena_format(&work->arena, "%s:%s", kind, id);
    return ledger_put(work, &row, NULL);
}

bool call_hold(struct work *work, uid call, int64_t micros)
{
    return micros <= 0 || put(work, "hold", call, -micros);
}

/* What is held for a call; holds are negative in the ledger. */
static bool give_back(struct work *work, uid call)
{
    static const char sql[] = "SELECT CAST(COALESCE(SUM(amount_micros), 0) AS SIGNED)"
                              " FROM billing_ledger"
                              " WHERE tenant_id = ? AND subject_id = ? AND kind = 'hold'";
    const struct param params[] = {PARAM(work->tenant), PARAM(call)};
    int64_t held;

    return db_number(work, sql, params, COUNT(params), 0, &held) &&
           (held == 0 || put(work, "release", call, -held));
}

static bool put_usage(struct work *work, const struct call *call, const char *sku, int64_t minutes,
                      int64_t cost)
{
    static const char sql[] =
        "INSERT INTO usage_events (tenant_id, id, call_id, agent_id, sku, quantity, cost_micros,"
        " occurred_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
    uid id = uid_new();
    instant when = instant_is_none(call->ended_at) ? clock_now() : call->ended_at;
    const struct param params[] = {
        PARAM(work->tenant), PARAM(id),      PARAM(call->id), PARAM(call->agent_id),
        PARAM(sku),          PARAM(minutes), PARAM(cost),     PARAM(when),
    };

    return db_execute(work, sql, params, COUNT(params), NULL);
}

bool call_charge(struct work *work, const struct call *call, int64_t *cost_micros,
                 const char **detail)
{
    const char *sku = sku_of(call->direction);
    int64_t seconds = call->duration_seconds == NO_INTEGER ? 0 : call->duration_seconds;
    int64_t minutes = (seconds + 59) / 60, price;

    *cost_micros = 0;
    *detail = "{}";
    if (!give_back(work, call->id))
        return false;
    if (minutes == 0)
        return true;
    if (!price_of(work, sku, call->started_at, 0, &price))
        return false;
    *cost_micros = price * minutes;
    *detail = arena_format(&work->arena, "{\"%s\":%lld}", sku, (long long)*cost_micros);
    return put_usage(work, call, sku, minutes, *cost_micros) &&
           (*cost_micros == 0 || put(work, "call", call->id, -*cost_micros));
}
