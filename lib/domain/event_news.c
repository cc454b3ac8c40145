#include "domain/event_news.h"

#include "core/text.h"

static const struct column columns_of_news[] = {
    COLUMN(event_news, tenant_id, NOT_NULL),  COLUMN(event_news, id, NOT_NULL),
    COLUMN(event_news, call_id, NULLABLE),    COLUMN(event_news, session_id, NULLABLE),
    COLUMN(event_news, agent_id, NULLABLE),   COLUMN(event_news, type, NOT_NULL),
    COLUMN(event_news, level, NOT_NULL),      COLUMN(event_news, source, NOT_NULL),
    COLUMN(event_news, payload, NOT_NULL),    COLUMN(event_news, occurred_at, NOT_NULL),
    COLUMN(event_news, call_sid, NULLABLE),   COLUMN(event_news, stream_sid, NULLABLE),
    COLUMN(event_news, is_resumed, NULLABLE), COLUMN(event_news, call_state, NULLABLE),
    COLUMN(event_news, direction, NULLABLE),  COLUMN(event_news, from_addr, NULLABLE),
    COLUMN(event_news, to_addr, NULLABLE),    COLUMN(event_news, duration_seconds, NULLABLE),
};

const struct entity event_news_entity = ENTITY(event_news, "event", NULL, columns_of_news);

#define NEWS_COLUMNS                                                                               \
    "SELECT e.tenant_id, e.id, e.call_id, e.session_id, c.agent_id, e.type, e.level, e.source,"    \
    " e.payload, e.occurred_at, c.call_sid, s.stream_sid, c.state AS call_state, c.direction,"     \
    " s.resume_of IS NOT NULL AS is_resumed, c.from_addr, c.to_addr, c.duration_seconds"           \
    " FROM call_events e"                                                                          \
    " LEFT JOIN calls c ON c.tenant_id = e.tenant_id AND c.id = e.call_id"                         \
    " LEFT JOIN voice_sessions s ON s.tenant_id = e.tenant_id AND s.id = e.session_id"             \
    " WHERE e.tenant_id = ?"

#define OF_CALL " AND e.call_id = ?"
#define AFTER " AND e.id > ?"

static void turn_round(struct rows *news)
{
    struct event_news *at = news->at;

    for (size_t i = 0; i < news->count / 2; i++) {
        struct event_news other = at[i];

        at[i] = at[news->count - 1 - i];
        at[news->count - 1 - i] = other;
    }
}

bool news_read(struct work *work, const struct news_range *range, struct rows *news)
{
    static const char *const statements[2][2] = {
        {NEWS_COLUMNS AFTER " ORDER BY e.id LIMIT ?",
         NEWS_COLUMNS AFTER " ORDER BY e.id DESC LIMIT ?"},
        {NEWS_COLUMNS AFTER OF_CALL " ORDER BY e.id LIMIT ?",
         NEWS_COLUMNS AFTER OF_CALL " ORDER BY e.id DESC LIMIT ?"},
    };
    bytes after = {range->after.bytes, sizeof range->after.bytes}; /* "none" is the smallest key */
    bool of_call = !uid_is_none(range->call);
    const struct param of_tenant[] = {PARAM(work->tenant), PARAM(after), PARAM(range->limit)};
    const struct param of_one[] = {PARAM(work->tenant), PARAM(after), PARAM(range->call),
                                   PARAM(range->limit)};

    if (!db_select(work, statements[of_call][range->newest], of_call ? of_one : of_tenant,
                   of_call ? COUNT(of_one) : COUNT(of_tenant), &event_news_entity, news))
        return false;
    if (range->newest)
        turn_round(news);
    return true;
}
