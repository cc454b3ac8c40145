#include "domain/tickets.h"

#include <string.h>

#include "core/crypto.h"
#include "core/json.h"
#include "core/text.h"
#include "db/db.h"

enum { CHARACTERS = 43 };

/* What is read back of one. */
struct stored_ticket {
    int64_t tenant_id;
    document subject;
};

static const struct column columns_of_ticket[] = {
    COLUMN(stored_ticket, tenant_id, NOT_NULL),
    COLUMN(stored_ticket, subject, NOT_NULL),
};

static const struct entity ticket_entity = ENTITY(stored_ticket, "ticket", NULL, columns_of_ticket);

static void add_uid(struct text *text, const char *name, uid id)
{
    char uuid[37];

    if (uid_is_none(id))
        return;
    uid_write_uuid(id, uuid);
    text_add(text, ",\"%s\":\"%s\"", name, uuid);
}

static document subject_of(struct work *work, const struct ticket *ticket)
{
    struct text text = {.arena = &work->arena};

    text_put(&text, "{\"role\":");
    text_json(&text, ticket->role);
    add_uid(&text, "call", ticket->call);
    add_uid(&text, "session", ticket->session);
    text_member(&text, "mode", ticket->mode);
    text_member(&text, "by", ticket->by);
    text_char(&text, '}');
    return (document){text.at};
}

bool ticket_issue(struct work *work, const struct ticket *ticket, int64_t life_ms,
                  const char **text)
{
    static const char sql[] = "INSERT INTO tickets (token_hash, tenant_id, kind, subject,"
                              " expires_at, created_at) VALUES (?, ?, 'ws', ?, ?, ?)";
    const char *word = random_word(&work->arena, CHARACTERS);
    hash256 hash = sha256(word, strlen(word));
    bytes key = {hash.bytes, sizeof hash.bytes};
    document subject = subject_of(work, ticket);
    instant now = clock_now(), expiry = instant_after(now, life_ms);
    const struct param params[] = {PARAM(key), PARAM(work->tenant), PARAM(subject), PARAM(expiry),
                                   PARAM(now)};

    *text = word;
    return db_execute(work, sql, params, COUNT(params), NULL);
}

/* Who marks it as used has it; "role" stands in the condition, so that a wrong door spends none. */
static bool spend(struct work *work, bytes key, const char *role)
{
    static const char sql[] = "UPDATE tickets SET used_at = ? WHERE token_hash = ? AND kind = 'ws'"
                              " AND used_at IS NULL AND expires_at > ?"
                              " AND JSON_VALUE(subject, '$.role') = ?";
    instant now = clock_now();
    const struct param params[] = {PARAM(now), PARAM(key), PARAM(now), PARAM(role)};
    uint64_t changed;

    return db_execute(work, sql, params, COUNT(params), &changed) &&
           (changed == 1 || fail(work, UNAUTHENTICATED, "The ticket is not valid"));
}

static const char *own(struct work *work, const char *text)
{
    return text ? arena_text(&work->arena, text) : NULL;
}

static void read_subject(struct work *work, const char *json, struct ticket *ticket)
{
    json_object *subject = json_parse(json);
    const char *call = json_text(subject, "call"), *session = json_text(subject, "session");

    *ticket = (struct ticket){
        .role = own(work, json_text(subject, "role")),
        .mode = own(work, json_text(subject, "mode")),
        .by = own(work, json_text(subject, "by")),
    };
    if (call && !uid_read_uuid(call, &ticket->call))
        ticket->call = NO_UID;
    if (session && !uid_read_uuid(session, &ticket->session))
        ticket->session = NO_UID;
    json_object_put(subject);
}

static bool redeem(struct work *work, const char *text, const char *role, struct ticket *ticket)
{
    static const char sql[] = "SELECT tenant_id, subject FROM tickets WHERE token_hash = ?";
    hash256 hash = sha256(text, strlen(text));
    bytes key = {hash.bytes, sizeof hash.bytes};
    const struct param params[] = {PARAM(key)};
    struct stored_ticket stored;

    if (!spend(work, key, role) ||
        !db_find(work, sql, params, COUNT(params), &ticket_entity, &stored))
        return false;
    work->tenant = stored.tenant_id;
    read_subject(work, stored.subject.json, ticket);
    return true;
}

bool ticket_redeem(struct work *work, const char *text, const char *role, struct ticket *ticket)
{
    if (!text || strnlen(text, TICKET_LIMIT + 1) > TICKET_LIMIT)
        return fail(work, UNAUTHENTICATED, "The ticket is not valid");
    return redeem(work, text, role, ticket);
}
