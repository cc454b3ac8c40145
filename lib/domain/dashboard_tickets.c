#include "domain/dashboard_tickets.h"

#include <string.h>

#include "core/crypto.h"
#include "core/json.h"
#include "core/text.h"
#include "domain/keys.h"

#define PREFIX "dash_"

enum { CHARACTERS = 43, MOST = 64 };

bool dashboard_ticket_looks_like(const char *text)
{
    return text && strncmp(text, PREFIX, strlen(PREFIX)) == 0;
}

struct issue {
    const struct tenant *tenants;
    size_t count;
    const char *by;
    const char **texts;
};

static bool issue_step(struct work *work, void *with)
{
    static const char sql[] = "INSERT INTO tickets (token_hash, tenant_id, kind, subject,"
                              " expires_at, created_at) VALUES (?, ?, 'dashboard', ?, ?, ?)";
    const struct issue *issue = with;
    struct text subject = {.arena = &work->arena};
    instant now = clock_now(), expiry = instant_after(now, DASHBOARD_TICKET_MS);
    document by;

    text_put(&subject, "{\"by\":");
    text_json(&subject, issue->by);
    text_char(&subject, '}');
    by.json = subject.at;
    for (size_t i = 0; i < issue->count; i++) {
        const char *text =
            arena_format(&work->arena, PREFIX "%s", random_word(&work->arena, CHARACTERS));
        hash256 hash = key_hash(work, text);
        bytes key = {hash.bytes, sizeof hash.bytes};
        const struct param params[] = {PARAM(key), PARAM(issue->tenants[i].id), PARAM(by),
                                       PARAM(expiry), PARAM(now)};

        if (!db_execute(work, sql, params, COUNT(params), NULL))
            return false;
        issue->texts[i] = text;
    }
    return true;
}

bool dashboard_tickets_issue(struct work *work, const struct tenant *tenants, size_t count,
                             const char *by, const char **texts)
{
    struct issue issue = {tenants, count, by, texts};

    return db_transaction(work, issue_step, &issue);
}

struct stored {
    int64_t tenant_id;
    document subject;
};

static const struct column columns_of_stored[] = {
    COLUMN(stored, tenant_id, NOT_NULL),
    COLUMN(stored, subject, NOT_NULL),
};

static const struct entity stored_entity = ENTITY(stored, "ticket", NULL, columns_of_stored);

static const char *by_of(struct work *work, const char *json)
{
    json_object *subject = json_parse(json);
    const char *by = json_text(subject, "by");

    by = by ? arena_text(&work->arena, by) : "dashboard";
    json_object_put(subject);
    return by;
}

bool dashboard_ticket_find(struct work *work, const char *text, struct tenant *tenant,
                           const char **by)
{
    static const char sql[] = "SELECT tenant_id, subject FROM tickets WHERE token_hash = ?"
                              " AND kind = 'dashboard' AND expires_at > ?";
    struct stored stored;
    instant now = clock_now();
    hash256 hash;
    bytes key;

    if (!dashboard_ticket_looks_like(text) || strnlen(text, MOST + 1) > MOST)
        return fail(work, UNAUTHENTICATED, "The ticket is not valid");
    hash = key_hash(work, text);
    key = (bytes){hash.bytes, sizeof hash.bytes};
    const struct param params[] = {PARAM(key), PARAM(now)};
    if (!db_find(work, sql, params, COUNT(params), &stored_entity, &stored) ||
        !tenant_by_id(work, stored.tenant_id, tenant))
        return work->error.what == BUSY ? false
                                        : fail(work, UNAUTHENTICATED, "The ticket is not valid");
    if (!instant_is_none(tenant->deleted_at))
        return fail(work, UNAUTHENTICATED, "The ticket is not valid");
    *by = by_of(work, stored.subject.json);
    return tenant_is_served(tenant) || fail(work, FORBIDDEN, "The account is suspended");
}
