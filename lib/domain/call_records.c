#include "domain/call_records.h"

#include <stddef.h>

#include "core/text.h"
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

#define SELECT_RECORDS                                                                             \
    "SELECT c.tenant_id, c.id, c.call_sid, p.call_sid AS parent_call_sid,"                         \
    " COALESCE(n.carrier_sid, CONCAT('PN', LOWER(HEX(n.id)))) AS number_sid,"                      \
    " c.from_addr, c.to_addr, c.caller_name, c.forwarded_from, c.direction, c.state,"              \
    " c.answered_by, c.started_at, c.talk_at, c.ended_at, c.updated_at,"                           \
    " IF(c.state_rank >= 90 AND c.answered_at IS NULL, 0, c.duration_seconds)"                     \
    " AS duration_seconds, c.carrier_price_micros, c.currency FROM calls c"
#define OTHERS                                                                                     \
    " LEFT JOIN calls p ON p.tenant_id = c.tenant_id AND p.id = c.parent_call_id"                  \
    " LEFT JOIN phone_numbers n ON n.tenant_id = c.tenant_id AND n.id = c.phone_number_id"         \
    " WHERE c.tenant_id = ?"
#define SEEN " AND c.hidden_at IS NULL"

/* ---- the order of a list ---- */

/* An index, and the time that its calls stand in the order of. */
struct order {
    const char *index, *time; /* time NULL: in the order of their keys */
    size_t offset;            /* of that time in a record */
};

/*
 * The index that leaves fewest calls.  What narrows by something else is in the order of the calls'
 * beginning; by a time alone, in that of the time.
 */
static const struct order *order_for(const struct call_record_filter *filter)
{
    static const struct order legs = {"ix_parent", NULL, 0};
#define BEGUN(index)                                                                               \
    {                                                                                              \
        index, "c.started_at", offsetof(struct call_record, started_at)                            \
    }
    static const struct order from = BEGUN("ix_from"), to = BEGUN("ix_to");
    static const struct order status = BEGUN("ix_record_status"), all = BEGUN("ix_records");
#undef BEGUN
    static const struct order ended = {"ix_ended", "c.ended_at",
                                       offsetof(struct call_record, ended_at)};
    static const struct order talk = {"ix_talk", "c.talk_at",
                                      offsetof(struct call_record, talk_at)};
    const struct {
        bool given;
        const struct order *order;
    } orders[] = {
        {!uid_is_none(filter->parent), &legs},
        {filter->from != NULL, &from},
        {filter->to != NULL, &to},
        {filter->status != NULL, &status},
        {!instant_is_none(filter->ended_since) || !instant_is_none(filter->ended_before), &ended},
        {!instant_is_none(filter->talk_since) || !instant_is_none(filter->talk_before), &talk},
    };

    for (size_t i = 0; i < COUNT(orders); i++)
        if (orders[i].given)
            return orders[i].order;
    return &all;
}

/* ---- the statement ---- */

enum { MOST_PARAMS = 20 };

/* A list's statement while it is put together; values live as long as the listing. */
struct listing {
    struct work *work;
    const struct call_record_filter *filter;
    const struct page *page;
    const struct order *order;
    struct text sql;
    struct param params[MOST_PARAMS];
    size_t nparams;
    instant begun_since, begun_before, at;
    int64_t size, skip;
};

static void narrow(struct listing *l, const char *condition, const struct param *value)
{
    text_put(&l->sql, condition);
    l->params[l->nparams++] = *value;
}

static void narrow_by_time(struct listing *l, const char *condition, const instant *when)
{
    if (!instant_is_none(*when))
        narrow(l, condition, &(struct param)PARAM(*when));
}

static void narrow_by_words(struct listing *l)
{
    const struct call_record_filter *filter = l->filter;

    if (filter->from)
        narrow(l, " AND c.from_addr = ?", &(struct param)PARAM(filter->from));
    if (filter->to)
        narrow(l, " AND c.to_addr = ?", &(struct param)PARAM(filter->to));
    if (!uid_is_none(filter->parent))
        narrow(l, " AND c.parent_call_id = ?", &(struct param)PARAM(filter->parent));
    if (filter->status)
        narrow(l, " AND c.record_status = ?", &(struct param)PARAM(filter->status));
}

/*
 * A call is talked in and ends after it begins, and within days: by that an index in the order of
 * their beginning serves the other two times.
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

static void narrow_by_times(struct listing *l)
{
    const struct call_record_filter *filter = l->filter;

    narrow_by_time(l, " AND c.talk_at >= ?", &filter->talk_since);
    narrow_by_time(l, " AND c.talk_at < ?", &filter->talk_before);
    narrow_by_time(l, " AND c.ended_at >= ?", &filter->ended_since);
    narrow_by_time(l, " AND c.ended_at < ?", &filter->ended_before);
    if (!l->order->time || l->order->offset != offsetof(struct call_record, started_at))
        return;
    l->begun_since = begun_since(filter);
    l->begun_before = earlier(filter->talk_before, filter->ended_before);
    narrow_by_time(l, " AND c.started_at >= ?", &l->begun_since);
    narrow_by_time(l, " AND c.started_at < ?", &l->begun_before);
}

/* ---- where a page begins ---- */

/* When a key was made. */
static instant made_at(uid key)
{
    instant when = {0};

    for (int i = 0; i < 6; i++)
        when.ms = when.ms << 8 | key.bytes[i];
    return when;
}

/* The time of the call that a link names; of one that is erased, that of its key. */
static bool find_place(struct listing *l)
{
    static const char sql[] = "SELECT started_at, talk_at, ended_at FROM calls"
                              " WHERE tenant_id = ? AND id = ?";
    struct work *work = l->work;
    const struct param params[] = {PARAM(work->tenant), PARAM(l->page->before_id)};
    struct call_record last;

    l->at = NO_INSTANT;
    if (uid_is_none(l->page->before_id) || !l->order->time)
        return true;
    if (db_find(work, sql, params, COUNT(params), &call_record_entity, &last))
        l->at = *(const instant *)((const char *)&last + l->order->offset);
    else if (work->error.what != NOT_FOUND)
        return false;
    if (instant_is_none(l->at))
        l->at = made_at(l->page->before_id);
    return true;
}

static void begin_after(struct listing *l)
{
    const char *way = l->page->oldest_first ? ">" : "<", *time = l->order->time;
    struct arena *arena = &l->work->arena;

    if (uid_is_none(l->page->before_id))
        return;
    if (!time) {
        narrow(l, arena_format(arena, " AND c.id %s ?", way),
               &(struct param)PARAM(l->page->before_id));
        return;
    }
    narrow(l, arena_format(arena, " AND %s %s= ?", time, way), &(struct param)PARAM(l->at));
    narrow(l, arena_format(arena, " AND (%s %s ?", time, way), &(struct param)PARAM(l->at));
    narrow(l, arena_format(arena, " OR c.id %s ?)", way), &(struct param)PARAM(l->page->before_id));
}

static void put_order(struct listing *l)
{
    const char *way = l->page->oldest_first ? "" : " DESC";

    text_put(&l->sql, " ORDER BY ");
    if (l->order->time)
        text_add(&l->sql, "%s%s, ", l->order->time, way);
    text_add(&l->sql, "c.id%s", way);
    narrow(l, " LIMIT ?", &(struct param)PARAM(l->size));
    narrow(l, " OFFSET ?", &(struct param)PARAM(l->skip));
}

/* One row too many tells that there are more. */
bool call_records_list(struct work *work, const struct call_record_filter *filter,
                       struct page *page, struct rows *records)
{
    struct listing l = {.work = work, .filter = filter, .page = page, .sql.arena = &work->arena};

    l.order = order_for(filter);
    l.size = (int64_t)page->size + 1;
    l.skip = (int64_t)page->skip;
    if (!find_place(&l))
        return false;
    text_add(&l.sql, SELECT_RECORDS " FORCE INDEX (%s)", l.order->index);
    narrow(&l, OTHERS SEEN, &(struct param)PARAM(work->tenant));
    narrow_by_words(&l);
    narrow_by_times(&l);
    begin_after(&l);
    put_order(&l);
    if (!db_select(work, l.sql.at, l.params, l.nparams, &call_record_entity, records))
        return false;
    page->more = records->count > page->size;
    if (page->more)
        records->count = page->size;
    return true;
}

bool call_record_find(struct work *work, const char *sid, struct call_record *record)
{
    static const char sql[] = SELECT_RECORDS OTHERS SEEN " AND c.id = ?";
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
