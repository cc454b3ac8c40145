#include "domain/call_prices.h"

#include <string.h>

#include "domain/events.h"
#include "domain/silent_calls.h"

enum { KNOWN_AFTER_MS = 30 * 1000 };

/* Calls that nobody answered cost nothing; those that no carrier carried have none to ask. */
bool call_price_owe(struct work *work, const struct call *call, instant now)
{
    char id[37];

    if (call->duration_seconds <= 0 || !call->carrier || strcmp(call->carrier, "none") == 0 ||
        call->carrier_price_micros != NO_INTEGER)
        return true;
    uid_write_uuid(call->id, id);
    return outbox_put_later(work, "carrier", call->id, "call.price", NULL,
                            arena_format(&work->arena, "price:%s", id),
                            instant_after(now, KNOWN_AFTER_MS));
}

static bool write_price(struct work *work, const struct call *call, int64_t price_micros)
{
    static const char sql[] = "UPDATE calls SET carrier_price_micros = ?, updated_at = ?,"
                              " rev = rev + 1 WHERE tenant_id = ? AND id = ?";
    instant now = clock_now();
    const struct param params[] = {PARAM(price_micros), PARAM(now), PARAM(work->tenant),
                                   PARAM(call->id)};
    const char *payload =
        arena_format(&work->arena, "{\"carrier_price_micros\":%lld}", (long long)price_micros);

    return db_execute(work, sql, params, COUNT(params), NULL) &&
           event_put(work, call->id, NO_UID, "call.updated", "carrier", payload);
}

bool call_price_ask(struct work *work, const struct outbox_row *row)
{
    struct carrier_call told;
    struct carrier carrier;
    struct call call;

    if (!call_get(work, row->subject_id, &call))
        return work->error.what == NOT_FOUND;
    if (!carrier_of_call(work, &call, &carrier))
        return false;
    if (!twilio_call_fetch(work, &carrier, call.call_sid, &told))
        return work->error.what == NOT_FOUND;
    if (told.price_micros == NO_INTEGER)
        return fail(work, UPSTREAM, "The carrier does not know the price yet");
    return write_price(work, &call, told.price_micros);
}
