#include "domain/leases.h"

/* A lease of this job that was never taken before; a repeat of another process is no failure. */
static bool make(struct work *work, const char *name, const char *holder, instant until,
                 int64_t *fence, bool *taken)
{
    static const char sql[] = "INSERT INTO leases (name, holder, until, fence) VALUES (?, ?, ?, 1)";
    const struct param params[] = {PARAM(name), PARAM(holder), PARAM(until)};

    *taken = db_execute(work, sql, params, COUNT(params), NULL);
    *fence = 1;
    return *taken || work->error.what == CONFLICT;
}

static bool read_fence(struct work *work, const char *name, const char *holder, int64_t *fence)
{
    static const char sql[] = "SELECT fence FROM leases WHERE name = ? AND holder = ?";
    const struct param params[] = {PARAM(name), PARAM(holder)};

    return db_number(work, sql, params, COUNT(params), 0, fence);
}

/* One's own lease is prolonged under the same fence while it lasts; afterwards the fence grows. */
bool lease_take(struct work *work, const char *name, const char *holder, int64_t duration_ms,
                int64_t *fence, bool *taken)
{
    static const char sql[] =
        "UPDATE leases SET fence = fence + IF(holder = ? AND until > ?, 0, 1), holder = ?,"
        " until = ? WHERE name = ? AND (holder = ? OR until <= ?)";
    instant now = db_now(work), until = instant_after(now, duration_ms);
    const struct param params[] = {PARAM(holder), PARAM(now),    PARAM(holder), PARAM(until),
                                   PARAM(name),   PARAM(holder), PARAM(now)};
    uint64_t changed;

    if (!db_execute(work, sql, params, COUNT(params), &changed))
        return false;
    *taken = changed == 1;
    return *taken ? read_fence(work, name, holder, fence)
                  : make(work, name, holder, until, fence, taken);
}

bool lease_is_held(struct work *work, const char *name, const char *holder, int64_t fence,
                   bool *held)
{
    static const char sql[] =
        "SELECT COUNT(*) FROM leases WHERE name = ? AND holder = ? AND fence = ? AND until > ?";
    instant now = db_now(work);
    const struct param params[] = {PARAM(name), PARAM(holder), PARAM(fence), PARAM(now)};
    int64_t count;

    if (!db_number(work, sql, params, COUNT(params), 0, &count))
        return false;
    *held = count == 1;
    return true;
}

bool lease_release(struct work *work, const char *name, const char *holder, int64_t fence)
{
    static const char sql[] =
        "UPDATE leases SET until = ? WHERE name = ? AND holder = ? AND fence = ?";
    instant past = instant_after(db_now(work), -1);
    const struct param params[] = {PARAM(past), PARAM(name), PARAM(holder), PARAM(fence)};

    return db_execute(work, sql, params, COUNT(params), NULL);
}
