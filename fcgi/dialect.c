/*
 * Whose request it is, and its way from the first look to the answer.
 */
#include "fcgi/dialect.h"

#include <string.h>
#include <strings.h>

#include "domain/host_memory.h"
#include "fcgi/body.h"
#include "fcgi/cors.h"
#include "fcgi/idempotency.h"
#include "fcgi/routes.h"

/* Whose path. */

/* How much of the path a prefix covers; 0 when it is another's, "/api/v1x" not being "/api/v1". */
static size_t covered(const char *prefix, const char *path)
{
    size_t length = strlen(prefix);

    if (strncmp(prefix, path, length) != 0)
        return 0;
    return prefix[length - 1] == '/' || !path[length] || path[length] == '/' ? length : 0;
}

static const struct dialect *owner_of(const char *path)
{
    size_t count, most = 0;
    const struct dialect *const *all = routes_dialects(&count), *owner = all[count - 1];

    for (size_t i = 0; i < count; i++)
        for (const char *const *prefix = all[i]->prefixes; *prefix; prefix++)
            if (covered(*prefix, path) > most) {
                most = covered(*prefix, path);
                owner = all[i];
            }
    return owner;
}

const struct dialect *dialect_of(const char *path)
{
    struct arena arena = {0};
    const struct dialect *owner;
    const char *decoded = path;

    if (strchr(path, '%'))
        decoded = percent_decode(&arena, path, strlen(path), false);
    owner = owner_of(decoded ? decoded : path);
    arena_free(&arena);
    return owner;
}

/* What was asked for. */

/* One trailing slash is nothing; an encoded slash stays inside its segment. */
static bool read_path(struct request *req)
{
    const char *at = req->path + (*req->path == '/');

    for (req->nsegments = 0; *at; req->nsegments++) {
        size_t length = strcspn(at, "/");

        if (req->nsegments == MAX_SEGMENTS)
            return fail(&req->work, NOT_FOUND, "There is nothing at this path");
        req->segments[req->nsegments] = percent_decode(&req->work.arena, at, length, false);
        if (!req->segments[req->nsegments])
            return fail(&req->work, INVALID, "The path is not percent-encoded UTF-8");
        at += length + (at[length] == '/');
    }
    return true;
}

static void read_cookies(struct request *req)
{
    char *rest = arena_text(&req->work.arena, request_header(req, "Cookie")), *pair;

    while (rest && (pair = strsep(&rest, ";"))) {
        char *value = strchr(pair, '=');

        if (!value)
            continue;
        *value++ = '\0';
        parameters_add(&req->work.arena, &req->cookies, pair + strspn(pair, " "), value);
    }
}

static bool read_target(struct request *req)
{
    const char *query = req->query_string ? req->query_string : "";

    if (strcmp(req->method, "HEAD") == 0) {
        req->head = true;
        req->method = "GET";
    }
    read_cookies(req);
    return read_path(req) &&
           (parameters_read(&req->work.arena, &req->query, query, strlen(query)) ||
            fail(&req->work, INVALID, "The query is not percent-encoded UTF-8"));
}

/* Who asks. */

/* Refused credentials count as well; who is over the limit is told so first. */
static bool admit(struct request *req)
{
    bool proved = !req->route->scope || req->dialect->authenticate(req);
    struct error error = req->work.error;

    if (req->dialect->limit_rate && !req->dialect->limit_rate(req))
        return false;
    req->work.error = error;
    return proved;
}

/* A slow call outward takes a worker; no tenant gets all of them. */
static bool handle_slowly(struct request *req)
{
    struct worker_slot *slot = worker_slot_mine();
    bool ok;

    if (slot && req->work.config &&
        !outward_begin(slot, req->work.tenant, req->work.config->outward_calls_per_tenant)) {
        fail(&req->work, RATE_LIMITED, "Too many requests of this kind are in progress");
        req->work.error.retry_after_seconds = 1;
        return false;
    }
    ok = handle_once(req);
    if (slot)
        outward_end(slot);
    return ok;
}

static bool run(struct request *req)
{
    if (!read_target(req))
        return false;
    if (strcmp(req->method, "OPTIONS") == 0)
        return cors_preflight(req);
    if (!route_find(req))
        return false;
    body_find_form(req); /* a carrier's signature covers its fields */
    return admit(req) && body_read(req) &&
           (req->route->flags & LONG ? handle_slowly(req) : handle_once(req));
}

/* Nothing of a half-written answer stays in front of a refusal. */
static void refuse(struct request *req)
{
    const struct error *error = &req->work.error;

    reply_reset(req, req->reply_headers.count);
    req->dialect->refuse(req);
    if (error->retry_after_seconds > 0)
        reply_header(req, "Retry-After",
                     arena_format(&req->work.arena, "%d", error->retry_after_seconds));
}

static bool is_request_id(const char *id)
{
    size_t length = id ? strlen(id) : 0;

    return length > 0 && length <= 128 &&
           strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:-") ==
               length;
}

/* The caller's name for the request, if it has a harmless one, or ours. */
static void name_request(struct request *req)
{
    const char *given = request_header(req, "X-Request-Id");
    char id[37];

    if (is_request_id(given)) {
        req->work.id = given;
    } else if (!req->work.id) {
        uid_write_uuid(uid_new(), id);
        req->work.id = arena_text(&req->work.arena, id);
    }
    reply_header(req, "X-Request-Id", req->work.id);
}

void dispatch(struct request *req)
{
    req->reply.arena = &req->work.arena;
    if (!req->dialect)
        req->dialect = dialect_of(req->path);
    name_request(req);
    if (!run(req))
        refuse(req);
    cors_answer(req);
    if (req->dialect->finish)
        req->dialect->finish(req);
}
