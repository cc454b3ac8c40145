/* common/log.c - the log in memory, in a file, and for those who wait for its next line. */
#include "common/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEPT = 20000, WAIT_MAX_MS = 60000 };

static struct json_object *kept[KEPT]; /* entry n stands at n % KEPT */
static int64_t last;
static FILE *file;

/* A request that waits for the next entry. */
struct waiter {
    struct web_request *request;
    struct web_timer *timer;
    int64_t after;
    struct waiter *next;
};

static struct waiter *waiters;

/* ---- reading ---- */

static struct json_object *entries_after(int64_t after)
{
    struct json_object *answer = json_object_new_object(), *entries = json_object_new_array();
    int64_t first = after < last - KEPT ? last - KEPT : after;

    for (int64_t n = first < 0 ? 1 : first + 1; n <= last; n++)
        json_object_array_add(entries, json_object_get(kept[n % KEPT]));
    json_object_object_add(answer, "entries", entries);
    json_object_object_add(answer, "next", json_object_new_int64(last));
    return answer;
}

static void answer_waiter(void *user)
{
    struct waiter *waiter = user, **at = &waiters;

    while (*at != waiter)
        at = &(*at)->next;
    *at = waiter->next;
    web_answer_json(waiter->request, 200, entries_after(waiter->after));
    free(waiter);
}

static void wake_waiters(void)
{
    while (waiters) {
        web_timer_cancel(waiters->timer);
        answer_waiter(waiters);
    }
}

static int64_t query_number(struct web_request *request, const char *name)
{
    const char *value = web_query_value(request, name);

    return value ? strtoll(value, NULL, 10) : 0;
}

void log_control(struct web *web, struct web_request *request)
{
    int64_t after = query_number(request, "after"), wait_ms = query_number(request, "wait_ms");
    struct waiter *waiter;

    if (after < last || wait_ms <= 0) {
        web_answer_json(request, 200, entries_after(after));
        return;
    }
    waiter = calloc(1, sizeof *waiter);
    *waiter = (struct waiter){.request = request, .after = after, .next = waiters};
    waiters = waiter;
    waiter->timer =
        web_after(web, wait_ms < WAIT_MAX_MS ? wait_ms : WAIT_MAX_MS, answer_waiter, waiter);
}

/* ---- writing ---- */

void log_open(const char *path)
{
    if (!path)
        return;
    file = fopen(path, "ae");
    if (!file) {
        perror(path);
        exit(1);
    }
    setvbuf(file, NULL, _IOLBF, 0);
}

static void keep(struct json_object *entry)
{
    json_object_put(kept[last % KEPT]);
    kept[last % KEPT] = entry;
    if (file)
        fprintf(file, "%s\n",
                json_object_to_json_string_ext(entry, JSON_C_TO_STRING_PLAIN |
                                                          JSON_C_TO_STRING_NOSLASHESCAPE));
    wake_waiters();
}

void log_json(const char *event, struct json_object *more)
{
    struct json_object *entry = json_object_new_object();

    json_object_object_add(entry, "n", json_object_new_int64(++last));
    json_object_object_add(entry, "at_ms", json_object_new_int64(web_epoch_ms()));
    json_object_object_add(entry, "event", json_object_new_string(event));
    if (more) {
        json_object_object_foreach(more, name, value)
            json_object_object_add(entry, name, json_object_get(value));
    }
    json_object_put(more);
    keep(entry);
}

void log_event(const char *event, ...)
{
    struct json_object *entry = json_object_new_object();
    const char *name, *value;
    va_list args;

    va_start(args, event);
    while ((name = va_arg(args, const char *))) {
        value = va_arg(args, const char *);
        json_object_object_add(entry, name, value ? json_object_new_string(value) : NULL);
    }
    va_end(args);
    log_json(event, entry);
}
