#include "domain/call_logs.h"

#include <string.h>

#include "core/config.h"
#include "core/crypto.h"
#include "core/e164.h"
#include "core/text.h"
#include "domain/call_names.h"
#include "domain/call_search.h"
#include "domain/calls.h"
#include "domain/invocations.h"
#include "domain/tenants.h"
#include "domain/turns.h"

static const struct column columns_of_log[] = {
    COLUMN(call_log, tenant_id, NOT_NULL),       COLUMN(call_log, id, NOT_NULL),
    COLUMN(call_log, call_sid, NULLABLE),        COLUMN(call_log, stream_sid, NOT_NULL),
    COLUMN(call_log, direction, NOT_NULL),       COLUMN(call_log, log_status, NOT_NULL),
    COLUMN(call_log, outcome, NULLABLE),         COLUMN(call_log, answered_by, NULLABLE),
    COLUMN(call_log, from_addr, NULLABLE),       COLUMN(call_log, to_addr, NULLABLE),
    COLUMN(call_log, escalated, NOT_NULL),       COLUMN(call_log, started_at, NOT_NULL),
    COLUMN(call_log, ended_at, NULLABLE),        COLUMN(call_log, created_at, NOT_NULL),
    COLUMN(call_log, updated_at, NOT_NULL),      COLUMN(call_log, duration_seconds, NULLABLE),
    COLUMN(call_log, tool_call_count, NOT_NULL), COLUMN(call_log, turn_count, NOT_NULL),
    COLUMN(call_log, recording_count, NOT_NULL), COLUMN(call_log, escalation_reason, NULLABLE),
    COLUMN(call_log, error_message, NULLABLE),   COLUMN(call_log, model, NULLABLE),
    COLUMN(call_log, voice, NULLABLE),           COLUMN(call_log, system_prompt_key, NULLABLE),
    COLUMN(call_log, summary, NULLABLE),
};

const struct entity call_log_entity = ENTITY(call_log, "call", NULL, columns_of_log);

static const char *const statuses[] = {"in_progress", "completed", "failed",   "escalated",
                                       "busy",        "no_answer", "canceled", NULL};
static const char *const outcomes[] = {"answered", "voicemail", "no_answer",
                                       "busy",     "failed",    NULL};
static const char *const directions[] = {"inbound", "outbound", NULL};
static const char *const yes_or_no[] = {"true", "false", NULL};

enum { LONGEST_ADDRESS = 128, LONGEST_PHRASE = 200 };

static const struct column columns_of_filter[] = {
    COLUMN(call_log_filter, status, NULLABLE, .one_of = statuses),
    COLUMN(call_log_filter, outcome, NULLABLE, .one_of = outcomes),
    COLUMN(call_log_filter, direction, NULLABLE, .one_of = directions),
    COLUMN(call_log_filter, escalated, NULLABLE, .one_of = yes_or_no),
    COLUMN(call_log_filter, from_number, NULLABLE, .max = LONGEST_ADDRESS),
    COLUMN(call_log_filter, to_number, NULLABLE, .max = LONGEST_ADDRESS),
    COLUMN(call_log_filter, call_sid, NULLABLE, .max = 64),
    COLUMN(call_log_filter, from_date, NULLABLE),
    COLUMN(call_log_filter, to_date, NULLABLE),
    COLUMN(call_log_filter, min_duration, NULLABLE, .least = 0, .most = INT32_MAX),
    COLUMN(call_log_filter, max_duration, NULLABLE, .least = 0, .most = INT32_MAX),
    COLUMN(call_log_filter, transcript_search, NULLABLE, .max = LONGEST_PHRASE),
};

const struct entity call_log_filter_entity =
    ENTITY(call_log_filter, "filter of calls", NULL, columns_of_filter);

/* ---- where a page ends ---- */

enum { TIME_SIZE = 8, PLACE_SIZE = TIME_SIZE + 16, MAC_SIZE = 16 };

/* The signature is the tenant's own, so that nobody learns of others by trying places. */
static hash256 sign_place(const struct work *work, const unsigned char place[PLACE_SIZE])
{
    const char *pepper = work->config->key_pepper;
    unsigned char signed_[8 + PLACE_SIZE + 8] = "calllog";

    memcpy(signed_ + 8, place, PLACE_SIZE);
    for (int i = 0; i < 8; i++)
        signed_[8 + PLACE_SIZE + i] = (unsigned char)((uint64_t)work->tenant >> 8 * i);
    return hmac_sha256(pepper, strlen(pepper), signed_, sizeof signed_);
}

static char *write_cursor(struct work *work, const struct call_log *last)
{
    unsigned char place[PLACE_SIZE + MAC_SIZE];
    hash256 mac;

    for (int i = 0; i < TIME_SIZE; i++)
        place[i] = (unsigned char)((uint64_t)last->started_at.ms >> 8 * (TIME_SIZE - 1 - i));
    memcpy(place + TIME_SIZE, last->id.bytes, sizeof last->id.bytes);
    mac = sign_place(work, place);
    memcpy(place + PLACE_SIZE, mac.bytes, MAC_SIZE);
    return base64url_write(&work->arena, place, sizeof place);
}

static bool read_cursor(struct work *work, const char *cursor, struct page *page)
{
    bytes raw = base64_read(&work->arena, cursor, strlen(cursor));
    uint64_t ms = 0;
    hash256 mac;

    if (!raw.at || raw.length != PLACE_SIZE + MAC_SIZE)
        return fail_field(work, "cursor", "cursor is not one that a list of calls gave");
    mac = sign_place(work, raw.at);
    if (!secret_equal(mac.bytes, MAC_SIZE, raw.at + PLACE_SIZE, MAC_SIZE))
        return fail_field(work, "cursor", "cursor is not one that a list of calls gave");
    for (int i = 0; i < TIME_SIZE; i++)
        ms = ms << 8 | raw.at[i];
    page->before_time.ms = (int64_t)ms;
    memcpy(page->before_id.bytes, raw.at + TIME_SIZE, sizeof page->before_id.bytes);
    page->skip = 0;
    return true;
}

/* ---- the list ---- */

#define LIST_COLUMNS                                                                               \
    "c.tenant_id, c.id, c.call_sid, " CALL_STREAM_SID ", c.direction, c.log_status, c.outcome,"    \
    " c.from_addr, c.to_addr, c.escalated, c.started_at, c.ended_at, c.duration_seconds,"          \
    " c.tool_call_count, c.turn_count"
#define ALL_COLUMNS                                                                                \
    LIST_COLUMNS ", c.answered_by, c.created_at, c.updated_at, c.recording_count,"                 \
                 " c.escalation_reason, c.error_message, c.model, c.voice, c.system_prompt_key,"   \
                 " c.summary"

enum { MOST_PARAMS = 24 };

/* A list's statement while it is put together; values live as long as the listing. */
struct listing {
    struct work *work;
    const struct call_log_filter *filter;
    const struct page *page;
    struct text sql;
    struct param params[MOST_PARAMS];
    size_t nparams;
    uid call;
    const char *from, *to;
    int64_t escalated, size, skip;
    struct call_search search;
};

static void narrow(struct listing *l, const char *condition, const struct param *value)
{
    text_put(&l->sql, condition);
    l->params[l->nparams++] = *value;
}

/* A number in the spelling of the rows; a plus sign comes as a space where it was not encoded. */
static const char *address_of(struct work *work, const char *country, const char *given)
{
    char number[E164_SIZE];
    const char *text = given;

    if (!given)
        return NULL;
    if (*text == ' ')
        text = arena_format(&work->arena, "+%s", given + 1);
    return e164_read(text, country, number) ? arena_text(&work->arena, number) : given;
}

/* The index whose range is the list, or nearly: the one of the filter that leaves fewest. */
static const char *index_of(const struct listing *l)
{
    const struct call_log_filter *filter = l->filter;
    const struct {
        bool given;
        const char *name;
    } indexes[] = {
        {filter->call_sid != NULL, "PRIMARY"},       {filter->from_number != NULL, "ix_from"},
        {filter->to_number != NULL, "ix_to"},        {filter->outcome != NULL, "ix_outcome"},
        {filter->status != NULL, "ix_log_status"},   {filter->escalated != NULL, "ix_escalated"},
        {filter->direction != NULL, "ix_direction"},
    };

    for (size_t i = 0; i < COUNT(indexes); i++)
        if (indexes[i].given)
            return indexes[i].name;
    return "ix_started";
}

static void begin_by_words(struct listing *l)
{
    text_put(&l->sql, "SELECT " LIST_COLUMNS " FROM call_texts AS x"
                      " JOIN calls AS c ON c.tenant_id = x.tenant_id AND c.id = x.call_id");
    narrow(l, " WHERE x.tenant_id = ?", &(struct param)PARAM(l->work->tenant));
    narrow(l, " AND MATCH (x.body, x.tenant_term) AGAINST (? IN BOOLEAN MODE)",
           &(struct param)PARAM(l->search.words));
    narrow(l, " AND x.body LIKE ?", &(struct param)PARAM(l->search.like));
}

static void begin_by_index(struct listing *l)
{
    text_add(&l->sql, "SELECT " LIST_COLUMNS " FROM calls AS c FORCE INDEX (%s)", index_of(l));
    narrow(l, " WHERE c.tenant_id = ?", &(struct param)PARAM(l->work->tenant));
    if (l->search.like)
        narrow(l,
               " AND EXISTS (SELECT 1 FROM call_texts AS x WHERE x.tenant_id = c.tenant_id"
               " AND x.call_id = c.id AND x.body LIKE ?)",
               &(struct param)PARAM(l->search.like));
}

static void narrow_by_words(struct listing *l)
{
    const struct call_log_filter *filter = l->filter;

    if (filter->call_sid)
        narrow(l, " AND c.id = ?", &(struct param)PARAM(l->call));
    if (filter->status)
        narrow(l, " AND c.log_status = ?", &(struct param)PARAM(filter->status));
    if (filter->outcome)
        narrow(l, " AND c.outcome = ?", &(struct param)PARAM(filter->outcome));
    if (filter->direction)
        narrow(l, " AND c.direction = ?", &(struct param)PARAM(filter->direction));
    if (filter->escalated)
        narrow(l, " AND c.escalated = ?", &(struct param)PARAM(l->escalated));
    if (l->from)
        narrow(l, " AND c.from_addr = ?", &(struct param)PARAM(l->from));
    if (l->to)
        narrow(l, " AND c.to_addr = ?", &(struct param)PARAM(l->to));
}

static void narrow_by_bounds(struct listing *l)
{
    const struct call_log_filter *filter = l->filter;

    if (!instant_is_none(filter->from_date))
        narrow(l, " AND c.started_at >= ?", &(struct param)PARAM(filter->from_date));
    if (!instant_is_none(filter->to_date))
        narrow(l, " AND c.started_at < ?", &(struct param)PARAM(filter->to_date));
    if (filter->min_duration != NO_INTEGER)
        narrow(l, " AND c.duration_seconds >= ?", &(struct param)PARAM(filter->min_duration));
    if (filter->max_duration != NO_INTEGER)
        narrow(l, " AND c.duration_seconds <= ?", &(struct param)PARAM(filter->max_duration));
    if (instant_is_none(l->page->before_time))
        return;
    narrow(l, " AND c.started_at <= ?", &(struct param)PARAM(l->page->before_time));
    narrow(l, " AND (c.started_at < ?", &(struct param)PARAM(l->page->before_time));
    narrow(l, " OR c.id < ?)", &(struct param)PARAM(l->page->before_id));
}

/* A call of a name that nobody has is no failure: the list is empty. */
static bool prepare(struct listing *l)
{
    struct work *work = l->work;
    struct tenant tenant = {.id = 0};
    const char *country;
    struct call call;

    if (l->filter->call_sid) {
        if (call_by_sid(work, l->filter->call_sid, &call))
            l->call = call.id;
        else if (work->error.what != NOT_FOUND)
            return false;
    }
    if ((l->filter->from_number || l->filter->to_number) &&
        !tenant_by_id(work, work->tenant, &tenant))
        return false;
    country = tenant.id ? tenant_country(work, &tenant) : NULL;
    l->from = address_of(work, country, l->filter->from_number);
    l->to = address_of(work, country, l->filter->to_number);
    l->escalated = l->filter->escalated && strcmp(l->filter->escalated, "true") == 0;
    return !l->filter->transcript_search ||
           call_search_read(work, "transcript_search", l->filter->transcript_search, &l->search);
}

static bool run(struct listing *l, struct rows *logs)
{
    if (l->search.words)
        begin_by_words(l);
    else
        begin_by_index(l);
    narrow_by_words(l);
    narrow_by_bounds(l);
    narrow(l, " ORDER BY c.started_at DESC, c.id DESC LIMIT ?", &(struct param)PARAM(l->size));
    narrow(l, " OFFSET ?", &(struct param)PARAM(l->skip));
    return db_select(l->work, l->sql.at, l->params, l->nparams, &call_log_entity, logs);
}

bool call_logs_list(struct work *work, const struct call_log_filter *filter, struct page *page,
                    const char *cursor, struct rows *logs, char **next)
{
    struct listing l = {.work = work, .filter = filter, .page = page, .sql.arena = &work->arena};
    const struct call_log *found;

    if ((cursor && !read_cursor(work, cursor, page)) || !prepare(&l))
        return false;
    l.size = (int64_t)page->size + 1; /* one more says whether there is a next page */
    l.skip = (int64_t)page->skip;
    if (!run(&l, logs))
        return false;
    found = logs->at;
    page->more = logs->count > page->size;
    logs->count = page->more ? page->size : logs->count;
    *next = page->more ? write_cursor(work, &found[logs->count - 1]) : NULL;
    return true;
}

/* What a tool answered is told with the call of the tool. */
static bool leave_out_tools(struct rows *turns)
{
    struct turn *at = turns->at;
    size_t kept = 0;

    for (size_t i = 0; i < turns->count; i++)
        if (strcmp(at[i].role, "tool") != 0)
            at[kept++] = at[i];
    turns->count = kept;
    return true;
}

bool call_log_get(struct work *work, uid id, struct call_log *log)
{
    static const char sql[] =
        "SELECT " ALL_COLUMNS " FROM calls AS c WHERE c.tenant_id = ? AND c.id = ?";
    const struct param params[] = {PARAM(work->tenant), PARAM(id)};

    return db_find(work, sql, params, COUNT(params), &call_log_entity, log) &&
           turns_of_call(work, id, &log->turns) &&
           invocations_of_call(work, id, &log->invocations) && leave_out_tools(&log->turns);
}
