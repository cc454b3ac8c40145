#include "fcgi/auth.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/clock.h"
#include "core/config.h"
#include "domain/admin_sessions.h"
#include "domain/dashboard_tickets.h"
#include "domain/epoch.h"
#include "domain/process_figures.h"
#include "fcgi/dialect.h"

enum { REMEMBERED = 256, REMEMBER_US = 5 * 1000 * 1000, MAX_ADDRESS = 46, TOUCH_MS = 60 * 1000 };

/* A key that was proved a moment ago. */
struct remembered {
    hash256 hash;
    char kind[12], address[MAX_ADDRESS];
    uint64_t epoch;
    int64_t until_us;
    struct api_key key;
    struct tenant tenant;
    struct arena arena;
};

static struct remembered remembered[REMEMBERED];

/* Credentials as they are sent. */

/* What follows the scheme in "Authorization: <scheme> …"; NULL for another scheme. */
static const char *authorization(const struct request *req, const char *scheme)
{
    const char *header = request_header(req, "Authorization");
    size_t length = strlen(scheme);

    if (!header || strncasecmp(header, scheme, length) != 0 || header[length] != ' ')
        return NULL;
    header += length;
    header += strspn(header, " ");
    return *header ? header : NULL;
}

const char *credential_bearer(struct request *req)
{
    const char *token = authorization(req, "Bearer");

    return token ? arena_copy(&req->work.arena, token, strcspn(token, " \t")) : NULL;
}

bool credential_basic(struct request *req, const char **user, const char **password)
{
    const char *encoded = authorization(req, "Basic");
    bytes decoded;
    char *text, *colon;

    if (!encoded)
        return false;
    decoded = base64_read(&req->work.arena, encoded, strcspn(encoded, " \t"));
    if (!decoded.at)
        return false;
    text = arena_copy(&req->work.arena, (const char *)decoded.at, decoded.length);
    colon = strchr(text, ':');
    if (!colon || strlen(text) != decoded.length)
        return false;
    *colon = '\0';
    *user = text;
    *password = colon + 1;
    return true;
}

const char *credential_api_key(const struct request *req)
{
    return request_header(req, "X-API-Key");
}

/* Keys that were proved a moment ago. */

static void copy_cell(struct arena *arena, enum type type, void *cell)
{
    if (type == TEXT) {
        *(const char **)cell = arena_text(arena, *(const char **)cell);
    } else if (type == DOCUMENT) {
        ((document *)cell)->json = arena_text(arena, ((document *)cell)->json);
    } else if (type == BYTES && ((bytes *)cell)->at) {
        bytes *raw = cell;

        raw->at = (unsigned char *)arena_copy(arena, (const char *)raw->at, raw->length);
    }
}

/* Copies a row with all that it points to. */
static void copy_row(struct arena *arena, const struct entity *entity, const void *from, void *to)
{
    memcpy(to, from, entity->size);
    for (size_t i = 0; i < entity->ncolumns; i++)
        copy_cell(arena, entity->columns[i].type, cell_of(&entity->columns[i], to));
}

static struct remembered *place_of(const hash256 *hash)
{
    return &remembered[hash->bytes[0] % REMEMBERED];
}

static bool is_remembered(const struct remembered *place, const hash256 *hash, const char *kind,
                          const char *address)
{
    return place->until_us > clock_monotonic_us() && place->epoch == epoch_now() &&
           secret_equal(place->hash.bytes, sizeof place->hash.bytes, hash->bytes,
                        sizeof hash->bytes) &&
           strcmp(place->kind, kind) == 0 && strcmp(place->address, address) == 0 &&
           (instant_is_none(place->key.expires_at) || place->key.expires_at.ms > clock_now().ms);
}

static void remember(const hash256 *hash, const char *kind, const char *address, uint64_t epoch,
                     const struct api_key *key, const struct tenant *tenant)
{
    struct remembered *place = place_of(hash);

    if (strlen(address) >= sizeof place->address || strlen(kind) >= sizeof place->kind)
        return;
    arena_reset(&place->arena);
    place->hash = *hash;
    snprintf(place->kind, sizeof place->kind, "%s", kind);
    snprintf(place->address, sizeof place->address, "%s", address);
    copy_row(&place->arena, &api_key_entity, key, &place->key);
    copy_row(&place->arena, &tenant_entity, tenant, &place->tenant);
    place->epoch = epoch;
    place->until_us = clock_monotonic_us() + REMEMBER_US;
}

void auth_forget(void)
{
    for (size_t i = 0; i < REMEMBERED; i++) {
        arena_free(&remembered[i].arena);
        remembered[i] = (struct remembered){.until_us = 0};
    }
}

/* Proving. */

static bool accept(struct request *req, const struct api_key *key, const struct tenant *tenant)
{
    req->work.tenant = key->tenant_id;
    req->tenant = key->tenant_id ? tenant : NULL;
    req->caller = (struct caller){
        .kind = key->kind,
        .key = key->id,
        .permissions = key->permissions.json,
        .label = key->label,
    };
    return true;
}

static bool refuse(struct request *req, enum key_verdict verdict)
{
    static const char *const messages[] = {
        [KEY_BAD] = "The API key is not valid",
        [KEY_REVOKED] = "The API key was revoked",
        [KEY_EXPIRED] = "The API key has expired",
        [KEY_SUSPENDED] = "The account is suspended",
    };

    if (verdict == KEY_UNPROVEN)
        return false;
    fail(&req->work, verdict == KEY_SUSPENDED ? FORBIDDEN : UNAUTHENTICATED, "%s",
         messages[verdict]);
    req->work.error.detail = (int)verdict;
    return false;
}

/* A good key was not at hand: it is new here, or what is held of it was too old. */
static void note_proof(const struct remembered *place, const hash256 *hash,
                       const struct api_key *key)
{
    bool holds = place->until_us != 0;
    bool is_same = holds && memcmp(place->hash.bytes, hash->bytes, sizeof hash->bytes) == 0;

    if (holds && !is_same)
        key_cache_note(&place->hash, place->key.tenant_id, FIGURE_CACHE_EVICTIONS);
    key_cache_note(hash, key->tenant_id, is_same ? FIGURE_CACHE_RELOADS : FIGURE_CACHE_MISSES);
}

/* Asks the store; the epoch from before the question, so that a revocation meanwhile counts. */
static bool prove(struct request *req, const char *kind, const char *secret, const hash256 *hash,
                  const char *address)
{
    struct api_key *key = arena_new(&req->work.arena, struct api_key, 1);
    struct tenant *tenant = arena_new(&req->work.arena, struct tenant, 1);
    uint64_t epoch = epoch_now();
    enum key_verdict verdict =
        key_authenticate(&req->work, kind, secret, req->client_ip, key, tenant);
    struct error error = req->work.error;

    if (verdict != KEY_GOOD)
        return refuse(req, verdict);
    note_proof(place_of(hash), hash, key);
    remember(hash, kind, address, epoch, key, tenant);
    if (instant_is_none(key->last_used_at) || clock_now().ms - key->last_used_at.ms > TOUCH_MS)
        key_touch(&req->work, key);
    req->work.error = error;
    return accept(req, key, tenant);
}

bool auth_key(struct request *req, const char *kind, const char *secret)
{
    const char *address = req->client_ip ? req->client_ip : "";
    const struct remembered *place;
    hash256 hash;

    if (!secret || !*secret)
        return fail(&req->work, UNAUTHENTICATED, "Missing or invalid API key");
    hash = key_hash(&req->work, secret);
    place = place_of(&hash);
    if (is_remembered(place, &hash, kind, address)) {
        key_cache_note(&hash, place->key.tenant_id, FIGURE_CACHE_HITS);
        return accept(req, &place->key, &place->tenant);
    }
    return prove(req, kind, secret, &hash, address);
}

bool auth_dashboard(struct request *req, const char *ticket)
{
    struct tenant *tenant = arena_new(&req->work.arena, struct tenant, 1);
    const char *by;

    if (!dashboard_ticket_find(&req->work, ticket, tenant, &by))
        return false;
    req->work.tenant = tenant->id;
    req->tenant = tenant;
    req->caller = (struct caller){.kind = "stateset", .permissions = "[]", .label = by};
    return true;
}

/* The operator. */

/* "https://voice.example" of a URL with a path behind it. */
static bool is_origin_of(const char *origin, const char *url)
{
    const char *host = url ? strstr(url, "://") : NULL;
    size_t length = host ? (size_t)(host + 3 - url) + strcspn(host + 3, "/") : 0;

    return length && strlen(origin) == length && strncasecmp(origin, url, length) == 0;
}

bool request_is_same_origin(struct request *req)
{
    const char *site = request_header(req, "Sec-Fetch-Site");
    const char *origin = request_header(req, "Origin");

    if (site)
        return strcasecmp(site, "same-origin") == 0;
    return origin && (is_origin_of(origin, req->work.config->public_base_url) ||
                      is_origin_of(origin, arena_format(&req->work.arena, "%s://%s",
                                                        req->scheme ? req->scheme : "",
                                                        req->host ? req->host : "")));
}

/* A browser sends its cookie whoever made it ask; only our own pages may change something. */
static bool auth_session(struct request *req, const char *token)
{
    const char *username;

    if (!admin_session_find(&req->work, token, &username))
        return false;
    if (strcmp(req->method, "GET") != 0 && !request_is_same_origin(req))
        return fail(&req->work, UNAUTHENTICATED, "The session is good on our own pages only");
    req->caller = (struct caller){.kind = "admin", .label = username};
    return true;
}

bool auth_admin(struct request *req)
{
    const char *configured = req->work.config->admin_api_key;
    const char *given = request_header(req, "X-Admin-Key");
    const char *session = request_cookie(req, ADMIN_COOKIE);

    if (!admin_is_configured(req->work.config))
        return fail(&req->work, NOT_FOUND, "There is nothing at this path");
    if (!given && session && *session)
        return auth_session(req, session);
    if (!given || !configured || !*configured || !secret_equal_text(given, configured))
        return fail(&req->work, UNAUTHENTICATED, "Missing or invalid admin key");
    req->caller = (struct caller){.kind = "admin", .label = "admin"};
    return true;
}

bool auth_permits(struct request *req, const char *permission)
{
    return key_permits(req->caller.permissions, permission) ||
           fail(&req->work, FORBIDDEN, "The API key does not allow this");
}
