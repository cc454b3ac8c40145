#include "domain/log_followers.h"

#include "core/text.h"
#include "db/db.h"

enum { FRESH_MS = 60 * 1000 };

bool log_followers_put(struct work *work, int64_t node, int64_t pid, instant started_at,
                       const struct log_followers *followers, size_t count)
{
    static const char sql[] = "UPDATE process_stats SET tenant_cache = ?"
                              " WHERE node_id = ? AND pid = ? AND started_at = ?";
    struct text json = {.arena = &work->arena};
    document written;

    text_char(&json, '[');
    for (size_t i = 0; i < count; i++)
        text_add(&json, "%s{\"t\":%lld,\"logs\":%lld}", i ? "," : "",
                 (long long)followers[i].tenant, (long long)followers[i].count);
    text_char(&json, ']');
    written.json = json.at;
    const struct param params[] = {PARAM(written), PARAM(node), PARAM(pid), PARAM(started_at)};
    return db_execute(work, sql, params, COUNT(params), NULL);
}

bool log_followers_of(struct work *work, int64_t *count)
{
    static const char sql[] =
        "SELECT CAST(COALESCE(SUM(j.logs), 0) AS INTEGER) FROM process_stats AS p,"
        " JSON_TABLE(p.tenant_cache, '$[*]' COLUMNS (t BIGINT PATH '$.t', logs BIGINT PATH "
        "'$.logs'))"
        " AS j WHERE p.flushed_at > ? AND j.t = ?";
    instant fresh = instant_after(clock_now(), -FRESH_MS);
    const struct param params[] = {PARAM(fresh), PARAM(work->tenant)};

    return db_number(work, sql, params, COUNT(params), 0, count);
}
