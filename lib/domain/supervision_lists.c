#include <string.h>

#include "core/text.h"
#include "domain/supervision.h"
#include "domain/tenants.h"

static const char *const actions[] = {"monitor", "whisper", "barge",   "escalate", "end",
                                      "say",     "dtmf",    "context", "clarify",  NULL};
static const char *const origins[] = {"stateset", "phony", "thruai", "twilio", "console", NULL};

static const struct column columns_of_action[] = {
    COLUMN(supervisor_action, tenant_id, NOT_NULL),
    COLUMN(supervisor_action, id, NOT_NULL),
    COLUMN(supervisor_action, call_id, NULLABLE),
    COLUMN(supervisor_action, session_id, NULLABLE),
    COLUMN(supervisor_action, stream_sid, NOT_NULL, .max = 64),
    COLUMN(supervisor_action, call_sid, NULLABLE, .max = 64),
    COLUMN(supervisor_action, action, NOT_NULL, .one_of = actions),
    COLUMN(supervisor_action, supervisor, NOT_NULL, .max = 190),
    COLUMN(supervisor_action, origin, NOT_NULL, .one_of = origins),
    COLUMN(supervisor_action, target, NULLABLE, .max = 200),
    COLUMN(supervisor_action, note, NULLABLE, .max = 16000),
    COLUMN(supervisor_action, reason, NULLABLE, .max = 2000),
    COLUMN(supervisor_action, command_id, NULLABLE),
    COLUMN(supervisor_action, metadata, NOT_NULL),
    COLUMN(supervisor_action, created_at, NOT_NULL),
};

const struct entity supervisor_action_entity =
    ENTITY(supervisor_action, "supervisor action", "supervisor_actions", columns_of_action);

static const struct column columns_of_live[] = {
    COLUMN(live_session, tenant_id, NOT_NULL),  COLUMN(live_session, id, NOT_NULL),
    COLUMN(live_session, tenant_key, NOT_NULL), COLUMN(live_session, stream_sid, NULLABLE),
    COLUMN(live_session, call_type, NULLABLE),  COLUMN(live_session, customer_phone, NULLABLE),
    COLUMN(live_session, agent_name, NULLABLE), COLUMN(live_session, greeting, NULLABLE),
    COLUMN(live_session, org_ref, NULLABLE),    COLUMN(live_session, escalation_target, NULLABLE),
    COLUMN(live_session, escalated, NOT_NULL),  COLUMN(live_session, started_at, NOT_NULL),
};

const struct entity live_session_entity =
    ENTITY(live_session, "live session", NULL, columns_of_live);

#define LIVE_COLUMNS                                                                               \
    "SELECT s.tenant_id, s.id, t.tenant_key, s.stream_sid, s.call_type, s.customer_phone,"         \
    " s.agent_name, s.greeting, s.org_ref, c.escalation_target,"                                   \
    " COALESCE(c.escalated, 0) AS escalated, s.started_at FROM voice_sessions AS s"                \
    " JOIN tenants AS t ON t.id = s.tenant_id"                                                     \
    " LEFT JOIN calls AS c ON c.tenant_id = s.tenant_id AND c.id = s.call_id"
/* What a client brought in may go on elsewhere; nobody here holds it. */
#define IS_LIVE "s.state IN ('connecting', 'active', 'draining') AND s.transport <> 'imported'"

enum { MOST_LIVE = 10000 };

/* Of all tenants they are found by their nodes, of which there are few. */
bool sessions_live(struct work *work, bool everybody, struct rows *sessions)
{
    static const char own[] =
        LIVE_COLUMNS " WHERE s.tenant_id = ? AND " IS_LIVE " ORDER BY s.started_at, s.id LIMIT ?";
    static const char all[] =
        LIVE_COLUMNS " WHERE s.node_id IN (SELECT n.id FROM media_nodes AS n) AND " IS_LIVE
                     " ORDER BY s.started_at, s.id LIMIT ?";
    int64_t most = MOST_LIVE;
    const struct param params[] = {PARAM(work->tenant), PARAM(most)};

    return everybody ? db_select(work, all, params + 1, 1, &live_session_entity, sessions)
                     : db_select(work, own, params, 2, &live_session_entity, sessions);
}

/* A condition and its value, when there is one. */
static void narrow(struct text *sql, struct param *params, size_t *count, const char *condition,
                   const struct param *value)
{
    text_put(sql, *count ? " AND " : " WHERE ");
    text_put(sql, condition);
    params[(*count)++] = *value;
}

/* Of all tenants the newest rows are found by their keys, which begin with the time. */
bool supervisor_actions_list(struct work *work, const struct action_filter *filter,
                             const struct page *page, struct rows *found)
{
    static const char words[] = "action IN ('monitor', 'whisper', 'barge', 'escalate', 'end')";
    int64_t tenant = filter->everybody ? filter->tenant : work->tenant;
    int64_t size = (int64_t)page->size, skip = (int64_t)page->skip;
    struct text sql = {.arena = &work->arena};
    struct param params[5];
    size_t count = 0;

    text_add(&sql, "SELECT %s FROM supervisor_actions",
             store_names(work, &supervisor_action_entity, NULL));
    if (tenant || !filter->everybody)
        narrow(&sql, params, &count, "tenant_id = ?", &(struct param)PARAM(tenant));
    if (filter->stream_sid)
        narrow(&sql, params, &count, "stream_sid = ?", &(struct param)PARAM(filter->stream_sid));
    if (filter->action)
        narrow(&sql, params, &count, "action = ?", &(struct param)PARAM(filter->action));
    text_add(&sql, "%s%s", count ? " AND " : " WHERE ", words);
    if (filter->everybody && !tenant)
        text_put(&sql, " AND " OF_LIVING_TENANT("supervisor_actions"));
    text_put(&sql, " ORDER BY id DESC LIMIT ? OFFSET ?");
    params[count++] = (struct param)PARAM(size);
    params[count++] = (struct param)PARAM(skip);
    return db_select(work, sql.at, params, count, &supervisor_action_entity, found);
}
