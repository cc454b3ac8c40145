#include "domain/socket_places.h"

#include "db/db.h"
#include "domain/nodes.h"

/* A place that somebody holds. */
struct held_place {
    int64_t place;
    uid holder;
    bool is_lost;
};

static const struct column columns_of_place[] = {
    COLUMN(held_place, place, NOT_NULL),
    COLUMN(held_place, holder, NOT_NULL),
    COLUMN(held_place, is_lost, NOT_NULL),
};

static const struct entity held_place_entity = ENTITY(held_place, "place", NULL, columns_of_place);

/* What the column says is the node of a process that lives; one parameter. */
#define JOIN_LIVING                                                                                \
    " LEFT JOIN media_nodes n ON n.id = p.node_id AND n.epoch = p.node_epoch"                      \
    " AND n.state IN ('up', 'draining') AND n.heartbeat_at > ?"

#define OF_KEY " WHERE p.tenant_id = ? AND p.role = ? AND p.key_id = ?"

static instant fresh(struct work *work)
{
    return instant_after(db_now(work), -NODE_STALE_MS);
}

/* Those that are held, by number; the asker's own node is not lost, whatever its heartbeat. */
static bool read_held(struct work *work, const struct socket_place *wanted, struct rows *rows)
{
    static const char sql[] =
        "SELECT p.place, p.holder,"
        " n.id IS NULL AND NOT (p.node_id = ? AND p.node_epoch = ?) AS is_lost"
        " FROM socket_places p" JOIN_LIVING OF_KEY " ORDER BY p.place";
    const instant since = fresh(work);
    const bytes key = {wanted->key.bytes, sizeof wanted->key.bytes};
    const struct param params[] = {PARAM(wanted->node_id), PARAM(wanted->node_epoch), PARAM(since),
                                   PARAM(work->tenant),    PARAM(wanted->role),       PARAM(key)};

    return db_select(work, sql, params, COUNT(params), &held_place_entity, rows);
}

/* One that nobody holds; CONFLICT when somebody was faster. */
static bool take_free(struct work *work, const struct socket_place *wanted, int64_t place)
{
    static const char sql[] = "INSERT INTO socket_places (tenant_id, role, key_id, place, holder,"
                              " node_id, node_epoch, taken_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
    const instant now = db_now(work);
    const bytes key = {wanted->key.bytes, sizeof wanted->key.bytes};
    const struct param params[] = {
        PARAM(work->tenant),
        PARAM(wanted->role),
        PARAM(key),
        PARAM(place),
        PARAM(wanted->holder),
        PARAM(wanted->node_id),
        PARAM(wanted->node_epoch),
        PARAM(now),
    };

    return db_execute(work, sql, params, COUNT(params), NULL);
}

/* One of a lost node; CONFLICT when somebody was faster. */
static bool take_over(struct work *work, const struct socket_place *wanted,
                      const struct held_place *lost)
{
    static const char sql[] = "UPDATE socket_places SET holder = ?, node_id = ?, node_epoch = ?,"
                              " taken_at = ? WHERE tenant_id = ? AND role = ? AND key_id = ?"
                              " AND place = ? AND holder = ?";
    const instant now = db_now(work);
    const bytes key = {wanted->key.bytes, sizeof wanted->key.bytes};
    const struct param params[] = {
        PARAM(wanted->holder),
        PARAM(wanted->node_id),
        PARAM(wanted->node_epoch),
        PARAM(now),
        PARAM(work->tenant),
        PARAM(wanted->role),
        PARAM(key),
        PARAM(lost->place),
        PARAM(lost->holder),
    };
    uint64_t changed;

    return db_execute(work, sql, params, COUNT(params), &changed) &&
           (changed == 1 || fail(work, CONFLICT, "Another socket has taken the place"));
}

/* The first that is free, of "most". */
static bool take_first(struct work *work, const struct socket_place *wanted, int64_t most,
                       const struct rows *rows)
{
    const struct held_place *held = rows->at;
    int64_t place = 0;

    for (size_t i = 0; i < rows->count && held[i].place == place && place < most; i++, place++)
        if (held[i].is_lost)
            return take_over(work, wanted, &held[i]);
    return place < most ? take_free(work, wanted, place)
                        : fail(work, LIMIT_REACHED, "All %lld sockets are in use", (long long)most);
}

static bool holds_one(const struct socket_place *place, const struct rows *rows)
{
    const struct held_place *held = rows->at;

    for (size_t i = 0; i < rows->count; i++)
        if (uid_equal(held[i].holder, place->holder))
            return true;
    return false;
}

enum { ATTEMPTS = 20 };

bool socket_place_hold(struct work *work, struct socket_place *place, int64_t most)
{
    if (uid_is_none(place->holder))
        place->holder = uid_new();
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        struct rows rows;

        if (!read_held(work, place, &rows))
            return false;
        if (holds_one(place, &rows) || take_first(work, place, most, &rows))
            return true;
        if (work->error.what != CONFLICT)
            return false;
    }
    return fail(work, BUSY, "Too many sockets are opened at once");
}

bool socket_place_give_back(struct work *work, const struct socket_place *place)
{
    static const char sql[] = "DELETE FROM socket_places WHERE tenant_id = ? AND role = ?"
                              " AND key_id = ? AND holder = ?";
    const bytes key = {place->key.bytes, sizeof place->key.bytes};
    const struct param params[] = {PARAM(work->tenant), PARAM(place->role), PARAM(key),
                                   PARAM(place->holder)};

    return db_execute(work, sql, params, COUNT(params), NULL);
}

bool socket_places_held(struct work *work, const char *role, int64_t *count)
{
    static const char sql[] = "SELECT COUNT(n.id) FROM socket_places p" JOIN_LIVING
                              " WHERE p.tenant_id = ? AND p.role = ?";
    const instant since = fresh(work);
    const struct param params[] = {PARAM(since), PARAM(work->tenant), PARAM(role)};

    return db_number(work, sql, params, COUNT(params), 0, count);
}

/* ---- what lost nodes held ---- */

struct lost_process {
    int64_t node_id, node_epoch;
};

static const struct column columns_of_process[] = {
    COLUMN(lost_process, node_id, NOT_NULL),
    COLUMN(lost_process, node_epoch, NOT_NULL),
};

static const struct entity lost_process_entity =
    ENTITY(lost_process, "process", NULL, columns_of_process);

static bool sweep_process(struct work *work, const struct lost_process *lost, uint64_t *swept)
{
    static const char sql[] = "DELETE FROM socket_places WHERE node_id = ? AND node_epoch = ?";
    const struct param params[] = {PARAM(lost->node_id), PARAM(lost->node_epoch)};
    uint64_t changed = 0;
    bool ok = db_execute(work, sql, params, COUNT(params), &changed);

    *swept += changed;
    return ok;
}

bool socket_places_sweep(struct work *work, uint64_t *swept)
{
    static const char sql[] =
        "SELECT DISTINCT p.node_id, p.node_epoch FROM socket_places p" JOIN_LIVING
        " WHERE n.id IS NULL";
    const instant since = fresh(work);
    const struct param params[] = {PARAM(since)};
    uint64_t count = 0;
    struct rows rows;
    bool ok = db_select(work, sql, params, COUNT(params), &lost_process_entity, &rows);

    for (size_t i = 0; ok && i < rows.count; i++)
        ok = sweep_process(work, (const struct lost_process *)rows.at + i, &count);
    if (swept)
        *swept = count;
    return ok;
}
