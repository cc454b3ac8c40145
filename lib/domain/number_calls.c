#include "domain/number_calls.h"

static const struct column columns_of_number_call[] = {
    COLUMN(number_call, call_sid, NOT_NULL),   COLUMN(number_call, number_seq, NOT_NULL),
    COLUMN(number_call, number, NOT_NULL),     COLUMN(number_call, caller, NULLABLE),
    COLUMN(number_call, direction, NOT_NULL),  COLUMN(number_call, state, NOT_NULL),
    COLUMN(number_call, outcome, NULLABLE),    COLUMN(number_call, duration_seconds, NULLABLE),
    COLUMN(number_call, started_at, NOT_NULL), COLUMN(number_call, recording_count, NOT_NULL),
    COLUMN(number_call, turn_count, NOT_NULL),
};

const struct entity number_call_entity = ENTITY(number_call, "call", NULL, columns_of_number_call);

/* Joined in this order, the calls come off their index newest first and the page ends the read. */
bool number_calls_list(struct work *work, const char *api_origin, size_t size, size_t skip,
                       struct rows *calls)
{
    static const char sql[] =
        "SELECT STRAIGHT_JOIN c.call_sid, n.seq AS number_seq, n.e164 AS number,"
        " COALESCE(c.customer_phone, IF(c.direction = 'inbound', c.from_addr, c.to_addr)) AS "
        "caller,"
        " c.direction, c.state, COALESCE(c.business_outcome, c.outcome) AS outcome,"
        " c.duration_seconds, c.started_at, c.recording_count, c.turn_count"
        " FROM calls c FORCE INDEX (ix_started) JOIN phone_numbers n"
        " ON n.tenant_id = c.tenant_id AND n.id = c.phone_number_id AND n.api_origin = ?"
        " WHERE c.tenant_id = ? ORDER BY c.started_at DESC, c.id DESC LIMIT ? OFFSET ?";
    int64_t limit = (int64_t)size, offset = (int64_t)skip;
    const struct param params[] = {PARAM(api_origin), PARAM(work->tenant), PARAM(limit),
                                   PARAM(offset)};

    return db_select(work, sql, params, COUNT(params), &number_call_entity, calls);
}
