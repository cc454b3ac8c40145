#include "fcgi/cors.h"

#include <string.h>

#include "fcgi/routes.h"

#define ALLOWED_HEADERS                                                                            \
    "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Range, "               \
    "X-API-Key, X-Admin-Key, X-Request-Id, X-Trace-Id"
#define EXPOSED_HEADERS                                                                            \
    "ETag, Retry-After, X-Request-Id, X-RateLimit-Limit, X-RateLimit-Remaining, "                  \
    "X-RateLimit-Reset, X-Rate-Limit-Limit, X-Rate-Limit-Remaining, X-Rate-Limit-Reset, "          \
    "X-Tenant-ID, X-Tenant-Subdomain, Twilio-Request-Id, X-Idempotent-Replayed, Content-Range, "   \
    "Deprecation"

/* The origin that asks, if it is on the list; NULL otherwise. */
static const char *allowed_origin(const struct request *req)
{
    const char *origin = request_header(req, "Origin");
    const char *list = req->work.config ? req->work.config->cors_origins : NULL;

    while (origin && list && *list) {
        size_t length;

        list += strspn(list, ", ");
        length = strcspn(list, ", ");
        if ((length == 1 && *list == '*') ||
            (length == strlen(origin) && strncmp(list, origin, length) == 0))
            return origin;
        list += length;
    }
    return NULL;
}

bool cors_preflight(struct request *req)
{
    const char *methods = route_methods(req);

    if (!*methods)
        return fail(&req->work, NOT_FOUND, "There is nothing at this path");
    methods = arena_format(&req->work.arena, "%s, OPTIONS", methods);
    reply_header(req, "Allow", methods);
    if (allowed_origin(req)) {
        reply_header(req, "Access-Control-Allow-Methods", methods);
        reply_header(req, "Access-Control-Allow-Headers", ALLOWED_HEADERS);
        reply_header(req, "Access-Control-Max-Age", "600");
    }
    return reply_empty(req, 204);
}

void cors_answer(struct request *req)
{
    const char *origin = allowed_origin(req);

    if (!origin)
        return;
    reply_header(req, "Access-Control-Allow-Origin", origin);
    reply_header(req, "Access-Control-Expose-Headers", EXPOSED_HEADERS);
    reply_header(req, "Vary", "Origin");
}
