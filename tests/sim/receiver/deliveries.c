#include "receiver/deliveries.h"

#include <openssl/evp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"

enum { KEPT = 4000, BODY_MAX = 256 * 1024, WAIT_MAX_MS = 60000 };

static struct json_object *kept[KEPT]; /* entry n stands at n % KEPT */
static int64_t last;

/* A request that waits for deliveries. */
struct waiter {
    struct waiter *next;
    struct web_request *request;
    struct web_timer *timer;
    int64_t after;
    const char *path;
};

static struct waiter *waiters;

/* ---- reading ------------------------------------------------------------------------------ */

static bool fits(struct json_object *entry, const char *path)
{
    struct json_object *value = NULL;

    json_object_object_get_ex(entry, "path", &value);
    return path == NULL || strncmp(json_object_get_string(value), path, strlen(path)) == 0;
}

static struct json_object *entries_after(int64_t after, const char *path)
{
    struct json_object *entries = json_object_new_array();
    int64_t first = after > last - KEPT ? after : last - KEPT;

    for (int64_t n = first < 0 ? 1 : first + 1; n <= last; n++)
        if (fits(kept[n % KEPT], path))
            json_object_array_add(entries, json_object_get(kept[n % KEPT]));
    return entries;
}

/* Takes the entries. */
static void answer(struct web_request *request, struct json_object *entries)
{
    struct json_object *body = json_object_new_object();

    json_object_object_add(body, "entries", entries);
    json_object_object_add(body, "next", json_object_new_int64(last));
    web_answer_json(request, 200, body);
}

static void waiter_end(struct waiter *waiter)
{
    struct waiter **link = &waiters;

    while (*link != waiter)
        link = &(*link)->next;
    *link = waiter->next;
    answer(waiter->request, entries_after(waiter->after, waiter->path));
    free(waiter);
}

static void waiter_expired(void *user)
{
    waiter_end(user);
}

static void wake(struct json_object *entry)
{
    struct waiter *next;

    for (struct waiter *waiter = waiters; waiter != NULL; waiter = next) {
        next = waiter->next;
        if (fits(entry, waiter->path)) {
            web_timer_cancel(waiter->timer);
            waiter_end(waiter);
        }
    }
}

static int64_t query_number(struct web_request *request, const char *name)
{
    const char *value = web_query_value(request, name);

    return value == NULL ? 0 : strtoll(value, NULL, 10);
}

void deliveries_answer(struct web *web, struct web_request *request)
{
    int64_t after = query_number(request, "after"), wait_ms = query_number(request, "wait_ms");
    const char *path = web_query_value(request, "path");
    struct json_object *entries = entries_after(after, path);
    struct waiter *waiter;

    if (json_object_array_length(entries) > 0 || wait_ms <= 0) {
        answer(request, entries);
        return;
    }
    json_object_put(entries);
    if ((waiter = calloc(1, sizeof *waiter)) == NULL)
        abort();
    *waiter = (struct waiter){waiters, request, NULL, after, path};
    waiters = waiter;
    wait_ms = wait_ms < WAIT_MAX_MS ? wait_ms : WAIT_MAX_MS;
    waiter->timer = web_after(web, wait_ms, waiter_expired, waiter);
}

/* ---- writing ------------------------------------------------------------------------------ */

static bool is_utf8(const unsigned char *at, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        int more = at[i] < 0x80 ? 0 : at[i] >= 0xF0 ? 3 : at[i] >= 0xE0 ? 2 : 1;

        if (more > 0 && (at[i] < 0xC2 || at[i] > 0xF4))
            return false;
        for (; more > 0; more--)
            if (++i >= length || (at[i] & 0xC0) != 0x80)
                return false;
    }
    return true;
}

/* The body as "body" when it is text, else as "body_base64". */
static void add_body(struct json_object *entry, struct web_request *request)
{
    size_t length;
    const char *body = web_body(request, &length);
    char *base64;

    json_object_object_add(entry, "body_bytes", json_object_new_int64((int64_t)length));
    length = length < BODY_MAX ? length : BODY_MAX;
    if (is_utf8((const unsigned char *)body, length)) {
        json_object_object_add(entry, "body", json_object_new_string_len(body, (int)length));
        return;
    }
    if ((base64 = malloc((length + 2) / 3 * 4 + 1)) == NULL)
        abort();
    EVP_EncodeBlock((unsigned char *)base64, (const unsigned char *)body, (int)length);
    json_object_object_add(entry, "body_base64", json_object_new_string(base64));
    free(base64);
}

/* Only the usual headers are kept by themselves; these are kept when they are asked for. */
static void keep_headers(struct web_request *request)
{
    static const char *const names[] = {"x-twilio-signature", "i-twilio-idempotency-token"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        web_header(request, names[i]);
}

void deliveries_add(struct web_request *request, const char *signature)
{
    struct json_object *entry = json_object_new_object();
    const char *query = web_query(request);

    keep_headers(request);
    last++;
    json_object_object_add(entry, "n", json_object_new_int64(last));
    json_object_object_add(entry, "at_ms", json_object_new_int64(web_epoch_ms()));
    json_object_object_add(entry, "event", json_object_new_string("delivery"));
    json_object_object_add(entry, "method", json_object_new_string(web_method(request)));
    json_object_object_add(entry, "path", json_object_new_string(web_path(request)));
    json_object_object_add(entry, "query", json_object_new_string(query));
    json_object_object_add(entry, "headers", json_object_get(web_headers(request)));
    json_object_object_add(entry, "signature", json_object_new_string(signature));
    add_body(entry, request);
    json_object_put(kept[last % KEPT]);
    kept[last % KEPT] = entry;
    log_event("delivery", "method", web_method(request), "path", web_path(request), "signature",
              signature, "body",
              json_object_object_get_ex(entry, "body", NULL) ? web_body(request, NULL) : NULL,
              NULL);
    wake(entry);
}

int64_t deliveries_count(void)
{
    return last;
}

void deliveries_free(void)
{
    for (size_t i = 0; i < KEPT; i++)
        json_object_put(kept[i]);
}
