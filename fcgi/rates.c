#include "fcgi/rates.h"

#include "fcgi/dialect.h"

bool rate_take(struct request *req, const char *bucket, const char *key, int64_t limit,
               int64_t window_seconds, struct rate *rate)
{
    *rate = rate_count(&req->work, bucket, key, limit, window_seconds);
    if (rate->allowed)
        return true;
    fail(&req->work, RATE_LIMITED, "Too many requests. Slow down and retry.");
    req->work.error.retry_after_seconds = (int)rate->retry_after_seconds;
    return false;
}

static void add_number(struct request *req, const char *prefix, const char *what, int64_t value)
{
    reply_header(req, arena_format(&req->work.arena, "%s-%s", prefix, what),
                 arena_format(&req->work.arena, "%lld", (long long)value));
}

void rate_headers(struct request *req, const char *prefix, const struct rate *rate)
{
    add_number(req, prefix, "Limit", rate->limit);
    add_number(req, prefix, "Remaining", rate->remaining);
    add_number(req, prefix, "Reset", rate->reset_at_seconds);
}

const char *rate_key_of(struct request *req)
{
    char id[37];

    uid_write_uuid(req->caller.key, id);
    return arena_text(&req->work.arena, id);
}
