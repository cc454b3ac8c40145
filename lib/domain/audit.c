#include "domain/audit.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/crypto.h"
#include "core/text.h"

static const char *const actor_kinds[] = {"api_key", "admin", "user", "system", "carrier", NULL};

static const struct column columns_of_audit[] = {
    COLUMN(audit_row, tenant_id, NOT_NULL),
    COLUMN(audit_row, id, NOT_NULL),
    COLUMN(audit_row, actor_kind, NOT_NULL, .one_of = actor_kinds),
    COLUMN(audit_row, actor, NOT_NULL, .max = 190),
    COLUMN(audit_row, action, NOT_NULL, .max = 80),
    COLUMN(audit_row, object_kind, NULLABLE, .max = 48),
    COLUMN(audit_row, object_id, NULLABLE, .max = 80),
    COLUMN(audit_row, detail, NOT_NULL),
    COLUMN(audit_row, writer, NOT_NULL, .max = 64),
    COLUMN(audit_row, prev_hash, NOT_NULL),
    COLUMN(audit_row, hash, NOT_NULL),
    COLUMN(audit_row, created_at, NOT_NULL),
};

const struct entity audit_entity = ENTITY(audit_row, "audit row", "audit_log", columns_of_audit);

/* A writer's chain: its name, and the hash of its last row. */
static _Thread_local struct {
    pid_t pid;
    char writer[48];
    unsigned char last[32];
} chain;

/* A child of a fork begins a chain of its own. */
static void begin_chain(void)
{
    char key[27];

    if (chain.pid == getpid())
        return;
    memset(&chain, 0, sizeof chain);
    chain.pid = getpid();
    uid_write_base32(uid_new(), key);
    snprintf(chain.writer, sizeof chain.writer, "writer-%s", key);
}

void audit_hash(const struct audit_row *row, const unsigned char previous[32],
                unsigned char hash[32])
{
    const char *parts[] = {row->actor_kind,  row->actor,     row->action,
                           row->object_kind, row->object_id, row->detail.json};
    struct arena arena = {0};
    struct text text = {.arena = &arena};
    char id[33];
    hash256 made;

    uid_write_hex(row->id, id);
    text_bytes(&text, (const char *)previous, 32);
    text_add(&text, "%lld %s %lld", (long long)row->tenant_id, id, (long long)row->created_at.ms);
    for (size_t i = 0; i < COUNT(parts); i++) {
        text_char(&text, '\n');
        text_json(&text, parts[i]);
    }
    made = sha256(text.at, text.length);
    memcpy(hash, made.bytes, 32);
    arena_free(&arena);
}

bool audit_put(struct work *work, struct audit_row *row)
{
    unsigned char hash[32];

    begin_chain();
    row->tenant_id = work->tenant;
    row->id = uid_new();
    row->created_at = clock_now();
    row->writer = chain.writer;
    if (!row->detail.json)
        row->detail.json = "{}";
    audit_hash(row, chain.last, hash);
    row->prev_hash = (bytes){chain.last, sizeof chain.last};
    row->hash = (bytes){hash, sizeof hash};
    if (!store_insert(work, &audit_entity, row, columns_all(&audit_entity)))
        return false;
    memcpy(chain.last, hash, sizeof hash);
    row->hash = row->prev_hash = (bytes){0};
    return true;
}

bool audit_list(struct work *work, const char *action, int64_t limit, struct rows *rows)
{
    const char *sql = arena_format(&work->arena,
                                   "SELECT %s FROM audit_log AS a WHERE tenant_id = ?"
                                   " AND action = ? ORDER BY id DESC LIMIT ?",
                                   store_names(work, &audit_entity, "a"));
    const struct param params[] = {PARAM(work->tenant), PARAM(action), PARAM(limit)};

    return db_select(work, sql, params, COUNT(params), &audit_entity, rows);
}
