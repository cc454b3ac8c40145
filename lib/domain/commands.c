#include "domain/commands.h"

#include <string.h>

#include "core/config.h"
#include "core/crypto.h"
#include "domain/sessions.h"

enum { MOST = 64 };

static const struct column columns_of_command[] = {
    COLUMN(session_command, id, NOT_NULL),
    COLUMN(session_command, tenant_id, NOT_NULL),
    COLUMN(session_command, session_id, NOT_NULL),
    COLUMN(session_command, call_id, NULLABLE),
    COLUMN(session_command, node_id, NOT_NULL),
    COLUMN(session_command, node_epoch, NOT_NULL),
    COLUMN(session_command, kind, NOT_NULL),
    COLUMN(session_command, args, NOT_NULL),
    COLUMN(session_command, state, NOT_NULL),
    COLUMN(session_command, result, NULLABLE),
    COLUMN(session_command, error, NULLABLE, .max = 500),
    COLUMN(session_command, created_by, NULLABLE, .max = 190),
    COLUMN(session_command, created_at, NOT_NULL),
    COLUMN(session_command, expires_at, NOT_NULL),
    COLUMN(session_command, started_at, NULLABLE),
    COLUMN(session_command, finished_at, NULLABLE),
};

/* Its key does not begin with a tenant, because nodes look for their own. */
const struct entity session_command_entity =
    ENTITY(session_command, "command", NULL, columns_of_command);

#define COMMAND_COLUMNS                                                                            \
    "id, tenant_id, session_id, call_id, node_id, node_epoch, kind, args, state, result, error, "  \
    "created_by, created_at, expires_at, started_at, finished_at"

static bool is_over(const struct voice_session *session)
{
    static const char *const live[] = {"connecting", "active", "draining"};

    for (size_t i = 0; i < COUNT(live); i++)
        if (strcmp(session->state, live[i]) == 0)
            return false;
    return true;
}

static bool insert(struct work *work, const struct session_command *row)
{
    static const char sql[] = "INSERT INTO session_commands (id, tenant_id, session_id, call_id,"
                              " node_id, node_epoch, kind, args, state, created_by, created_at,"
                              " expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'queued', ?, ?, ?)";
    const struct param params[] = {
        PARAM(row->id),         PARAM(work->tenant),    PARAM(row->session_id), PARAM(row->call_id),
        PARAM(row->node_id),    PARAM(row->node_epoch), PARAM(row->kind),       PARAM(row->args),
        PARAM(row->created_by), PARAM(row->created_at), PARAM(row->expires_at),
    };

    return db_execute(work, sql, params, COUNT(params), NULL);
}

bool command_order(struct work *work, struct session_command *command)
{
    struct voice_session session;
    bool is_context = strcmp(command->kind, "context") == 0;

    if (!session_get(work, command->session_id, &session))
        return false;
    if (session.node_id == NO_INTEGER || is_over(&session))
        return fail(work, WRONG_STATE, "The session is not live");
    command->id = uid_new();
    command->tenant_id = work->tenant;
    command->node_id = session.node_id;
    command->node_epoch = session.node_epoch;
    command->created_at = clock_now();
    command->expires_at =
        instant_after(command->created_at, is_context ? CONTEXT_LIFE_MS : COMMAND_LIFE_MS);
    return insert(work, command);
}

bool command_expire(struct work *work, uid id, bool *expired)
{
    static const char sql[] = "UPDATE session_commands SET state = 'expired', finished_at = ?"
                              " WHERE tenant_id = ? AND id = ? AND state = 'queued'";
    instant now = clock_now();
    const struct param params[] = {PARAM(now), PARAM(work->tenant), PARAM(id)};
    uint64_t changed;

    if (!db_execute(work, sql, params, COUNT(params), &changed))
        return false;
    *expired = changed == 1;
    return true;
}

bool command_find(struct work *work, uid id, struct session_command *command)
{
    static const char sql[] = "SELECT " COMMAND_COLUMNS " FROM session_commands"
                              " WHERE tenant_id = ? AND id = ?";
    const struct param params[] = {PARAM(work->tenant), PARAM(id)};

    return db_find(work, sql, params, COUNT(params), &session_command_entity, command);
}

static bool start(struct work *work, uid id, int64_t node_id, int64_t node_epoch)
{
    static const char sql[] = "UPDATE session_commands SET state = 'running', started_at = ?"
                              " WHERE id = ? AND state = 'queued' AND node_id = ?"
                              " AND node_epoch = ? AND expires_at > ?";
    instant now = clock_now();
    const struct param params[] = {PARAM(now), PARAM(id), PARAM(node_id), PARAM(node_epoch),
                                   PARAM(now)};
    uint64_t changed;

    return db_execute(work, sql, params, COUNT(params), &changed) &&
           (changed == 1 || fail(work, NOT_FOUND, "No such command waits for this node"));
}

bool command_take(struct work *work, uid id, int64_t node_id, int64_t node_epoch,
                  struct session_command *command)
{
    static const char sql[] = "SELECT " COMMAND_COLUMNS " FROM session_commands WHERE id = ?";
    const struct param params[] = {PARAM(id)};

    if (!start(work, id, node_id, node_epoch) ||
        !db_find(work, sql, params, COUNT(params), &session_command_entity, command))
        return false;
    work->tenant = command->tenant_id;
    return true;
}

bool commands_queued(struct work *work, int64_t node_id, int64_t node_epoch, struct rows *commands)
{
    static const char sql[] = "SELECT " COMMAND_COLUMNS " FROM session_commands"
                              " WHERE node_id = ? AND state = 'queued' AND node_epoch = ?"
                              " AND expires_at > ? ORDER BY id LIMIT ?";
    instant now = clock_now();
    int64_t most = MOST;
    const struct param params[] = {PARAM(node_id), PARAM(node_epoch), PARAM(now), PARAM(most)};

    return db_select(work, sql, params, COUNT(params), &session_command_entity, commands);
}

bool command_finish(struct work *work, uid id, const char *result, const char *error)
{
    static const char sql[] = "UPDATE session_commands SET state = ?, result = ?, error = ?,"
                              " finished_at = ? WHERE id = ? AND state = 'running'";
    const char *state = error ? "failed" : "done";
    document outcome = {result};
    instant now = clock_now();
    const struct param params[] = {PARAM(state), PARAM(outcome), PARAM(error), PARAM(now),
                                   PARAM(id)};

    return db_execute(work, sql, params, COUNT(params), NULL);
}

char *control_signature(struct work *work, const char *method, const char *path, const char *body)
{
    const char *secret = work->config->control_secret ? work->config->control_secret : "";
    long long now_s = clock_now().ms / 1000;
    char *text = arena_format(&work->arena, "%lld.%s %s.%s", now_s, method, path, body);
    hash256 mac = hmac_sha256(secret, strlen(secret), text, strlen(text));
    char hex[65];

    hex_write(mac.bytes, sizeof mac.bytes, hex);
    return arena_format(&work->arena, "t=%lld,v1=%s", now_s, hex);
}
