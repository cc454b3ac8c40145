#include "domain/customer_hooks.h"

#include <string.h>

#include "core/text.h"
#include "domain/inbound.h"

static const char *const hook_kinds[] = {"twiml",      "status", "recording", "amd", "stream",
                                         "conference", "other",  "enqueue",   NULL};
static const char *const methods[] = {"GET", "POST", NULL};

static const struct column columns_of_hook[] = {
    COLUMN(customer_hook, tenant_id, NOT_NULL),
    COLUMN(customer_hook, call_id, NOT_NULL),
    COLUMN(customer_hook, id, NOT_NULL),
    COLUMN(customer_hook, kind, NOT_NULL, .one_of = hook_kinds),
    COLUMN(customer_hook, url, NULLABLE, .max = 1000),
    COLUMN(customer_hook, method, NOT_NULL, .one_of = methods),
    COLUMN(customer_hook, events, NULLABLE, .max = 120),
    COLUMN(customer_hook, document, NULLABLE),
    COLUMN(customer_hook, created_at, NOT_NULL),
};

/* It is found by call and id together, so the generic store does not serve it. */
const struct entity customer_hook_entity =
    ENTITY(customer_hook, "customer's URL", NULL, columns_of_hook);

#define HOOK_COLUMNS "tenant_id, call_id, id, kind, url, method, events, document, created_at"

/* The longest call, and an hour for what the carrier tells after its end. */
enum { TOKEN_LIFE_MS = 25 * 60 * 60 * 1000 };

static const char twiml_path[] = "/hooks/twilio/twiml/";
static const char callback_path[] = "/hooks/twilio/callback/";

/* A key that says what the row holds. */
static uid key_of(struct work *work, const struct customer_hook *hook)
{
    const char *const parts[] = {hook->kind, hook->method, hook->url, hook->events, hook->document};
    struct text text = {.arena = &work->arena};
    hash256 hash;
    uid key;

    for (size_t i = 0; i < COUNT(parts); i++) {
        text_put(&text, parts[i] ? parts[i] : "");
        text_char(&text, '\n');
    }
    hash = sha256(text.at, text.length);
    memcpy(key.bytes, hash.bytes, sizeof key.bytes);
    return key;
}

bool customer_hook_waits(const struct customer_hook *hook)
{
    return strcmp(hook->kind, "enqueue") == 0;
}

const char *customer_hook_url(struct work *work, struct customer_hook *hook)
{
    instant now = clock_now();
    struct token token = {
        .tenant_id = work->tenant,
        .call = hook->call_id,
        .expires_at = instant_after(now, TOKEN_LIFE_MS),
    };
    bool asked = strcmp(hook->kind, "twiml") == 0 || customer_hook_waits(hook);

    hook->tenant_id = work->tenant;
    hook->created_at = now;
    token.session = hook->id = key_of(work, hook);
    return hook_url(work, arena_format(&work->arena, "%s%s", asked ? twiml_path : callback_path,
                                       token_make(work, TOKEN_CUSTOMER, &token)));
}

static bool write_one(struct work *work, const struct customer_hook *hook)
{
    static const char sql[] = "INSERT IGNORE INTO customer_hooks (" HOOK_COLUMNS ")"
                              " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";
    const struct param params[] = {
        PARAM(work->tenant), PARAM(hook->call_id),  PARAM(hook->id),
        PARAM(hook->kind),   PARAM(hook->url),      PARAM(hook->method),
        PARAM(hook->events), PARAM(hook->document), PARAM(hook->created_at),
    };

    return db_execute(work, sql, params, COUNT(params), NULL);
}

/* Rows on their way into the table. */
struct writing {
    const struct customer_hook *hooks;
    size_t count;
};

static bool write_step(struct work *work, void *with)
{
    const struct writing *writing = with;

    for (size_t i = 0; i < writing->count; i++)
        if (!write_one(work, &writing->hooks[i]))
            return false;
    return true;
}

bool customer_hooks_write(struct work *work, struct customer_hook *hooks, size_t count)
{
    struct writing writing = {hooks, count};

    return count == 0 || db_transaction(work, write_step, &writing);
}

/* What stands behind one of the two paths in a URL of ours; NULL for any other. */
static const char *behind(const char *url, const char *path)
{
    const char *at = url ? strstr(url, path) : NULL;

    return at ? at + strlen(path) : NULL;
}

bool customer_hook_is_callback(const char *url)
{
    return behind(url, callback_path) != NULL;
}

bool customer_hook_token(struct work *work, const char *url, struct token *token)
{
    const char *text = behind(url, callback_path);

    if (!text)
        text = behind(url, twiml_path);
    if (!text)
        return fail(work, UNAUTHENTICATED, "The URL holds no token");
    return token_read(work, TOKEN_CUSTOMER, arena_copy(&work->arena, text, strcspn(text, "/?#")),
                      token);
}

bool customer_hook_read(struct work *work, const struct token *token, struct customer_hook *hook)
{
    static const char sql[] = "SELECT " HOOK_COLUMNS " FROM customer_hooks"
                              " WHERE tenant_id = ? AND call_id = ? AND id = ?";
    const struct param params[] = {PARAM(token->tenant_id), PARAM(token->call),
                                   PARAM(token->session)};

    work->tenant = token->tenant_id;
    return db_find(work, sql, params, COUNT(params), &customer_hook_entity, hook);
}
