#include "domain/call_records.h"

#include "domain/calls.h"

static const struct column columns_of_record[] = {
    COLUMN(call_record, tenant_id, NOT_NULL),
    COLUMN(call_record, id, NOT_NULL),
    COLUMN(call_record, call_sid, NOT_NULL),
    COLUMN(call_record, parent_call_sid, NULLABLE),
    COLUMN(call_record, number_sid, NULLABLE),
    COLUMN(call_record, from_addr, NULLABLE),
    COLUMN(call_record, to_addr, NULLABLE),
    COLUMN(call_record, caller_name, NULLABLE),
    COLUMN(call_record, forwarded_from, NULLABLE),
    COLUMN(call_record, direction, NOT_NULL),
    COLUMN(call_record, state, NOT_NULL),
    COLUMN(call_record, answered_by, NULLABLE),
    COLUMN(call_record, started_at, NOT_NULL),
    COLUMN(call_record, talk_at, NULLABLE),
    COLUMN(call_record, ended_at, NULLABLE),
    COLUMN(call_record, updated_at, NOT_NULL),
    COLUMN(call_record, duration_seconds, NULLABLE),
    COLUMN(call_record, carrier_price_micros, NULLABLE),
    COLUMN(call_record, currency, NOT_NULL),
};

const struct entity call_record_entity = ENTITY(call_record, "call", NULL, columns_of_record);

const struct call_record_filter ALL_CALL_RECORDS = {
    .talk_since = {INT64_MIN},
    .talk_before = {INT64_MIN},
    .ended_since = {INT64_MIN},
    .ended_before = {INT64_MIN},
};

#define TALK_AT "COALESCE(c.answered_at, IF(c.state_rank >= 90, c.ended_at, NULL))"

#define SELECT_RECORDS                                                                             \
    "SELECT c.tenant_id, c.id, c.call_sid, p.call_sid AS parent_call_sid,"                         \
    " COALESCE(n.carrier_sid, CONCAT('PN', LOWER(HEX(n.id)))) AS number_sid,"                      \
    " c.from_addr, c.to_addr, c.caller_name, c.forwarded_from, c.direction, c.state,"              \
    " c.answered_by, c.started_at, " TALK_AT " AS talk_at, c.ended_at, c.updated_at,"              \
    " IF(c.state_rank >= 90 AND c.answered_at IS NULL, 0, c.duration_seconds)"                     \
    " AS duration_seconds, c.carrier_price_micros, c.currency FROM calls c"                        \
    " LEFT JOIN calls p ON p.tenant_id = c.tenant_id AND p.id = c.parent_call_id"                  \
    " LEFT JOIN phone_numbers n ON n.tenant_id = c.tenant_id AND n.id = c.phone_number_id"         \
    " WHERE c.tenant_id = ? AND c.hidden_at IS NULL"

/* What is not asked for is NULL, which the optimizer folds away. */
#define MATCHING                                                                                   \
    " AND (? IS NULL OR c.from_addr = ?) AND (? IS NULL OR c.to_addr = ?)"                         \
    " AND (? IS NULL OR c.parent_call_id = ?)"                                                     \
    " AND (? IS NULL OR c.state IN (?, ?, ?))"                                                     \
    " AND (? IS NULL OR c.started_at >= ?) AND (? IS NULL OR c.started_at < ?)"                    \
    " AND (? IS NULL OR " TALK_AT " >= ?) AND (? IS NULL OR " TALK_AT " < ?)"                      \
    " AND (? IS NULL OR c.ended_at >= ?) AND (? IS NULL OR c.ended_at < ?)"

/*
 * A call is talked in and ends after it begins, and within days: by that the index on its beginning
 * serves the other two times.
 */
enum { LONGEST_MS = 2 * 24 * 60 * 60 * 1000 };

static instant earlier(instant a, instant b)
{
    if (instant_is_none(a) || instant_is_none(b))
        return instant_is_none(a) ? b : a;
    return a.ms < b.ms ? a : b;
}

/* No time at all is the earliest there is. */
static instant begun_since(const struct call_record_filter *filter)
{
    instant a = filter->talk_since, b = filter->ended_since, later = a.ms > b.ms ? a : b;

    return instant_is_none(later) ? later : instant_after(later, -(int64_t)LONGEST_MS);
}

/* One row too many tells that there are more. */
static bool list(struct work *work, const char *sql, const struct call_record_filter *filter,
                 const struct page *page, struct rows *records)
{
    instant since = begun_since(filter);
    instant before = earlier(filter->talk_before, filter->ended_before);
    int64_t limit = (int64_t)page->size + 1, skip = (int64_t)page->skip;
    const char *const *states = filter->states;
    const struct param params[] = {
        PARAM(work->tenant),
        PARAM(filter->from),
        PARAM(filter->from),
        PARAM(filter->to),
        PARAM(filter->to),
        PARAM(filter->parent),
        PARAM(filter->parent),
        PARAM(states[0]),
        PARAM(states[0]),
        PARAM(states[1]),
        PARAM(states[2]),
        PARAM(since),
        PARAM(since),
        PARAM(before),
        PARAM(before),
        PARAM(filter->talk_since),
        PARAM(filter->talk_since),
        PARAM(filter->talk_before),
        PARAM(filter->talk_before),
        PARAM(filter->ended_since),
        PARAM(filter->ended_since),
        PARAM(filter->ended_before),
        PARAM(filter->ended_before),
        PARAM(page->before_id),
        PARAM(page->before_id),
        PARAM(limit),
        PARAM(skip),
    };

    return db_select(work, sql, params, COUNT(params), &call_record_entity, records);
}

bool call_records_list(struct work *work, const struct call_record_filter *filter,
                       struct page *page, struct rows *records)
{
    static const char newest[] =
        SELECT_RECORDS MATCHING " AND (? IS NULL OR c.id < ?) ORDER BY c.id DESC LIMIT ? OFFSET ?";
    static const char oldest[] =
        SELECT_RECORDS MATCHING " AND (? IS NULL OR c.id > ?) ORDER BY c.id LIMIT ? OFFSET ?";

    if (!list(work, page->oldest_first ? oldest : newest, filter, page, records))
        return false;
    page->more = records->count > page->size;
    if (page->more)
        records->count = page->size;
    return true;
}

bool call_record_find(struct work *work, const char *sid, struct call_record *record)
{
    static const char sql[] = SELECT_RECORDS " AND c.id = ?";
    struct call call;

    if (!call_by_sid(work, sid, &call))
        return false;
    const struct param params[] = {PARAM(work->tenant), PARAM(call.id)};
    return db_find(work, sql, params, COUNT(params), &call_record_entity, record);
}

bool call_record_hide(struct work *work, uid call)
{
    static const char sql[] = "UPDATE calls SET hidden_at = ?, updated_at = ?, rev = rev + 1"
                              " WHERE tenant_id = ? AND id = ? AND hidden_at IS NULL";
    instant now = clock_now();
    const struct param params[] = {PARAM(now), PARAM(now), PARAM(work->tenant), PARAM(call)};

    return db_execute(work, sql, params, COUNT(params), NULL);
}
