#include "fcgi/idempotency.h"

#include <stdio.h>
#include <string.h>

#include "core/json.h"
#include "domain/idempotency.h"
#include "fcgi/dialect.h"

enum { LEASE_SECONDS = 90, MAX_KEY = 255 };

/* One request under a key, in hand. */
struct once {
    struct request *req;
    struct kept_answer answer;
    size_t headers;   /* of the answer, before the handler added any */
    bool handled, ok; /* whether the handler ran, and what it returned */
};

static hash256 hash_of(const struct text *text)
{
    return sha256(text->at, text->length);
}

/* Parts stay apart because none of them holds a NUL. */
static void add_part(struct text *text, const char *part)
{
    text_put(text, part ? part : "");
    text_char(text, '\0');
}

/* Requests without a tenant are told apart by their address. */
static void identify(struct request *req, const char *key, struct kept_answer *answer)
{
    struct text name = {.arena = &req->work.arena}, whole = {.arena = &req->work.arena};

    add_part(&name, req->dialect->name);
    add_part(&name, req->route->line);
    add_part(&name, key);
    if (!req->work.tenant)
        add_part(&name, req->client_ip);
    answer->key = hash_of(&name);
    add_part(&whole, req->method);
    add_part(&whole, req->path);
    add_part(&whole, req->query_string);
    text_bytes(&whole, req->body ? req->body : "", req->body_length);
    answer->request = hash_of(&whole);
}

/* The headers that the handler set; those of every answer are made anew. */
static char *headers_of(struct once *once)
{
    struct request *req = once->req;
    struct text text = {.arena = &req->work.arena};

    text_char(&text, '{');
    if (req->reply_type) {
        text_put(&text, "\"Content-Type\":");
        text_json(&text, req->reply_type);
    }
    for (size_t i = once->headers; i < req->reply_headers.count; i++) {
        text_put(&text, text.length > 1 ? "," : "");
        text_json(&text, req->reply_headers.at[i].name);
        text_char(&text, ':');
        text_json(&text, req->reply_headers.at[i].value);
    }
    text_char(&text, '}');
    return text.at;
}

static bool keep(struct once *once)
{
    struct request *req = once->req;

    once->answer.status = req->status;
    once->answer.headers = headers_of(once);
    once->answer.body =
        (bytes){(const unsigned char *)(req->reply.at ? req->reply.at : ""), req->reply.length};
    once->answer.secret = req->reply_is_secret;
    return idempotency_finish(&req->work, &once->answer);
}

static bool handle(struct once *once)
{
    struct request *req = once->req;

    reply_reset(req, once->headers);
    once->ok = req->route->handle(req);
    once->handled = true;
    return once->ok;
}

/* May run twice: whatever the first attempt answered is forgotten. */
static bool handle_step(struct work *work, void *with)
{
    struct once *once = with;

    (void)work;
    once->handled = false;
    return handle(once) && keep(once);
}

/* A refusal is an answer, too, unless the same request may do better a moment later. */
static void keep_refusal(struct once *once)
{
    struct request *req = once->req;
    struct error error = req->work.error;
    int status;

    reply_reset(req, once->headers);
    req->dialect->refuse(req);
    status = req->status;
    if (once->handled && !once->ok && status >= 400 && status < 500 && status != 429)
        (void)(keep(once) || (idempotency_abandon(&req->work, &once->answer), false));
    else
        idempotency_abandon(&req->work, &once->answer);
    reply_reset(req, once->headers);
    req->work.error = error;
}

static bool run(struct once *once)
{
    struct request *req = once->req;
    bool ok;

    if (req->route->flags & LONG)
        ok = handle(once) && (keep(once) || true); /* what was done is answered, kept or not */
    else
        ok = db_transaction(&req->work, handle_step, once);
    if (!ok)
        keep_refusal(once);
    return ok;
}

static bool replay(struct once *once)
{
    struct request *req = once->req;
    json_object *headers = json_parse(once->answer.headers);

    req->status = (int)once->answer.status;
    text_bytes(&req->reply, (const char *)once->answer.body.at, once->answer.body.length);
    if (json_object_is_type(headers, json_type_object)) {
        json_object_object_foreach(headers, name, value)
        {
            char *text = arena_text(&req->work.arena, json_object_get_string(value));

            if (strcmp(name, "Content-Type") == 0)
                req->reply_type = text;
            else
                reply_header(req, arena_text(&req->work.arena, name), text);
        }
    }
    json_object_put(headers);
    reply_header(req, "X-Idempotent-Replayed", "true");
    return true;
}

static bool take_turn(struct once *once)
{
    struct work *work = &once->req->work;
    enum claim claim;

    if (!idempotency_claim(work, &once->answer, LEASE_SECONDS, &claim))
        return false;
    switch (claim) {
    case CLAIM_REPLAY:
        return replay(once);
    case CLAIM_RUNNING:
        fail(work, CONFLICT, "A request with this Idempotency-Key is still being handled");
        work->error.retry_after_seconds = 1;
        return false;
    case CLAIM_DIFFERENT:
        return fail(work, CONFLICT, "This Idempotency-Key was used for another request");
    default:
        return run(once);
    }
}

static bool is_key(const char *key)
{
    size_t length = strlen(key);

    if (!length || length > MAX_KEY)
        return false;
    for (; *key; key++)
        if (*key < '!' || *key > '~')
            return false;
    return true;
}

bool handle_once(struct request *req)
{
    const char *key = request_header(req, "Idempotency-Key");
    struct once once = {.req = req, .headers = req->reply_headers.count};

    if (!(req->route->flags & IDEMPOTENT) || !key)
        return req->route->handle(req);
    if (!is_key(key))
        return fail(&req->work, INVALID, "The Idempotency-Key must be 1 to %d printable characters",
                    MAX_KEY);
    identify(req, key, &once.answer);
    return take_turn(&once);
}
