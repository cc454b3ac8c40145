#include "domain/idempotency.h"

#include <string.h>

#include "core/clock.h"
#include "core/config.h"
#include "db/db.h"

enum { KEPT_MS = 24 * 3600 * 1000 };

/* A row of idempotency_keys. */
struct kept {
    bytes request_hash;
    const char *state;
    int64_t status_code;
    document headers;
    bytes body;
    bool body_sealed;
    instant lease_until, expires_at;
};

static const struct column columns_of_kept[] = {
    COLUMN(kept, request_hash, NOT_NULL), COLUMN(kept, state, NOT_NULL),
    COLUMN(kept, status_code, NULLABLE),  COLUMN(kept, headers, NULLABLE),
    COLUMN(kept, body, NULLABLE),         COLUMN(kept, body_sealed, NOT_NULL),
    COLUMN(kept, lease_until, NOT_NULL),  COLUMN(kept, expires_at, NOT_NULL),
};

static const struct entity kept_entity = ENTITY(kept, "kept answer", NULL, columns_of_kept);

static bytes bytes_of(const hash256 *hash)
{
    return (bytes){hash->bytes, sizeof hash->bytes};
}

/* What a sealed answer is bound to, so that it opens nowhere else. */
static const char *binding_of(struct work *work, const struct kept_answer *answer)
{
    char hex[2 * sizeof answer->key.bytes + 1];

    hex_write(answer->key.bytes, sizeof answer->key.bytes, hex);
    return arena_format(&work->arena, "tenant %lld answer %s", (long long)work->tenant, hex);
}

static bool insert(struct work *work, const struct kept_answer *answer, instant lease_until,
                   bool *inserted)
{
    static const char sql[] = "INSERT IGNORE INTO idempotency_keys (tenant_id, key_hash,"
                              " request_hash, state, lease_until, created_at, expires_at)"
                              " VALUES (?, ?, ?, 'running', ?, ?, ?)";
    instant now = clock_now(), expires_at = instant_after(now, KEPT_MS);
    bytes key = bytes_of(&answer->key), request = bytes_of(&answer->request);
    const struct param params[] = {PARAM(work->tenant), PARAM(key), PARAM(request),
                                   PARAM(lease_until),  PARAM(now), PARAM(expires_at)};
    uint64_t changed;

    if (!db_execute(work, sql, params, COUNT(params), &changed))
        return false;
    *inserted = changed == 1;
    return true;
}

static bool read_kept(struct work *work, const struct kept_answer *answer, struct kept *kept)
{
    static const char sql[] = "SELECT request_hash, state, status_code, headers, body,"
                              " body_sealed, lease_until, expires_at FROM idempotency_keys"
                              " WHERE tenant_id = ? AND key_hash = ?";
    bytes key = bytes_of(&answer->key);
    const struct param params[] = {PARAM(work->tenant), PARAM(key)};

    return db_find(work, sql, params, COUNT(params), &kept_entity, kept);
}

/* Takes over a claim whose holder died, or a key whose day is over; of two one succeeds. */
static bool take_over(struct work *work, const struct kept_answer *answer, const struct kept *kept,
                      instant lease_until, bool *taken)
{
    static const char sql[] = "UPDATE idempotency_keys SET request_hash = ?, state = 'running',"
                              " status_code = NULL, headers = NULL, body = NULL, body_sealed = 0,"
                              " lease_until = ?, created_at = ?, expires_at = ?"
                              " WHERE tenant_id = ? AND key_hash = ? AND state = ?"
                              " AND lease_until = ?";
    instant now = clock_now(), expires_at = instant_after(now, KEPT_MS);
    bytes key = bytes_of(&answer->key), request = bytes_of(&answer->request);
    const struct param params[] = {
        PARAM(request),      PARAM(lease_until), PARAM(now),         PARAM(expires_at),
        PARAM(work->tenant), PARAM(key),         PARAM(kept->state), PARAM(kept->lease_until),
    };
    uint64_t changed;

    if (!db_execute(work, sql, params, COUNT(params), &changed))
        return false;
    *taken = changed == 1;
    return true;
}

/* Fills in the first answer; one that cannot be opened any more is as good as lost. */
static bool replay(struct work *work, const struct kept *kept, struct kept_answer *answer)
{
    answer->status = kept->status_code;
    answer->headers = kept->headers.json ? kept->headers.json : "{}";
    answer->body = kept->body;
    answer->secret = kept->body_sealed;
    if (kept->body_sealed) {
        char *body =
            unseal(&work->arena, work->config->secrets_key, work->config->secrets_key_previous,
                   binding_of(work, answer), kept->body);

        if (!body)
            return fail(work, INTERNAL, "The kept answer cannot be read");
        answer->body = (bytes){(unsigned char *)body, strlen(body)};
    }
    return true;
}

static bool judge(struct work *work, const struct kept *kept, struct kept_answer *answer,
                  instant lease_until, enum claim *claim)
{
    instant now = clock_now();
    bool running = strcmp(kept->state, "running") == 0, taken;

    if (kept->expires_at.ms <= now.ms || (running && kept->lease_until.ms <= now.ms)) {
        if (!take_over(work, answer, kept, lease_until, &taken))
            return false;
        *claim = taken ? CLAIM_RUN : CLAIM_RUNNING;
        return true;
    }
    if (kept->request_hash.length != sizeof answer->request.bytes ||
        memcmp(kept->request_hash.at, answer->request.bytes, sizeof answer->request.bytes) != 0) {
        *claim = CLAIM_DIFFERENT;
        return true;
    }
    *claim = running ? CLAIM_RUNNING : CLAIM_REPLAY;
    return running || replay(work, kept, answer);
}

bool idempotency_claim(struct work *work, struct kept_answer *answer, int64_t lease_seconds,
                       enum claim *claim)
{
    instant lease_until = instant_after(clock_now(), lease_seconds * 1000);
    struct kept kept;
    bool inserted;

    if (!insert(work, answer, lease_until, &inserted))
        return false;
    *claim = CLAIM_RUN;
    if (inserted)
        return true;
    if (read_kept(work, answer, &kept))
        return judge(work, &kept, answer, lease_until, claim);
    *claim = CLAIM_RUNNING; /* it was given free this very moment */
    return work->error.what == NOT_FOUND;
}

bool idempotency_finish(struct work *work, const struct kept_answer *answer)
{
    static const char sql[] = "UPDATE idempotency_keys SET state = 'done', status_code = ?,"
                              " headers = ?, body = ?, body_sealed = ?"
                              " WHERE tenant_id = ? AND key_hash = ? AND state = 'running'";
    document headers = {answer->headers};
    bytes key = bytes_of(&answer->key), body = answer->body;
    const struct param params[] = {PARAM(answer->status), PARAM(headers),      PARAM(body),
                                   PARAM(answer->secret), PARAM(work->tenant), PARAM(key)};

    if (answer->secret)
        body = seal(&work->arena, work->config->secrets_key, binding_of(work, answer),
                    arena_copy(&work->arena, (const char *)body.at, body.length));
    return db_execute(work, sql, params, COUNT(params), NULL);
}

void idempotency_abandon(struct work *work, const struct kept_answer *answer)
{
    static const char sql[] = "DELETE FROM idempotency_keys"
                              " WHERE tenant_id = ? AND key_hash = ? AND state = 'running'";
    bytes key = bytes_of(&answer->key);
    const struct param params[] = {PARAM(work->tenant), PARAM(key)};
    struct error error = work->error;

    db_execute(work, sql, params, COUNT(params), NULL);
    work->error = error;
}

bool idempotency_sweep(struct work *work)
{
    static const char sql[] = "DELETE FROM idempotency_keys WHERE expires_at < ? LIMIT 500";
    instant now = clock_now();
    const struct param params[] = {PARAM(now)};

    return db_execute(work, sql, params, COUNT(params), NULL);
}
