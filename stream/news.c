#include "stream/news.h"

#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "stream/feeds.h"
#include "stream/offloop.h"
#include "stream/seen.h"

enum {
    POLL_US = 500 * 1000,
    AT_ONCE = 500,
    MOST_WAITING = 256,
    MOST_HELD = 1000, /* of a tenant; more are told without their call's beginning */
    SEEN = 4096,      /* events of a tenant within NEWS_LATE_MS and a reading */
    KNOWN_CALLS = 1024,
};

/* News that wait for the table to be read. */
struct held {
    struct held *next;
    struct arena arena;
    struct event_news news;
    unsigned reading; /* the first that began later tells what was before */
    int64_t until_us; /* waits no longer, whatever becomes of the table */
};

/* A tenant that is watched. */
struct watch {
    struct watch *next;
    int64_t tenant;
    struct watcher *first;
    struct seen *seen, *known; /* events that were told, calls of which some were */
    struct held *held, **held_end;
    size_t nheld;
    uid from;          /* older events are not told */
    uid behind;        /* where the reading goes on that found too much at once, else NO_UID */
    instant read_from; /* when the last reading that succeeded began */
    int64_t due_us;
    unsigned readings; /* that were begun */
    bool is_reading, is_left;
};

/* One reading, in the helper. */
struct reading {
    struct task task;
    struct work work; /* holds the rows until they were told */
    struct watch *watch;
    uid after;
    instant at;
    struct rows rows;
    bool ok;
};

static struct {
    struct helper *helper;
    struct watch *first;
    unsigned version;
} news;

static struct watch *find(int64_t tenant)
{
    struct watch *watch = news.first;

    while (watch && watch->tenant != tenant)
        watch = watch->next;
    return watch;
}

static void tell(struct watch *watch, const struct event_news *event)
{
    for (struct watcher *watcher = watch->first, *next; watcher; watcher = next) {
        next = watcher->next;
        watcher->tell(watcher, event);
    }
}

/* ---- from the table ---- */

static void read_table(struct work *work, struct task *task)
{
    struct reading *reading = (struct reading *)task;
    struct work *own = &reading->work;

    *own = (struct work){
        .id = work->id, .db = work->db, .config = work->config, .tenant = reading->watch->tenant};
    reading->ok = news_read(own, &(struct news_range){.after = reading->after, .limit = AT_ONCE},
                            &reading->rows);
}

static void free_held(struct held *held)
{
    arena_free(&held->arena);
    free(held);
}

static void free_watch(struct watch *watch)
{
    while (watch->held) {
        struct held *held = watch->held;

        watch->held = held->next;
        free_held(held);
    }
    seen_free(watch->seen);
    seen_free(watch->known);
    free(watch);
}

/* Takes out of the list what has waited long enough; with the first of a call go all of it. */
static struct held *take_held(struct watch *watch, unsigned reading, int64_t now_us)
{
    struct held *taken = NULL, **end = &taken, **at = &watch->held;

    while (*at) {
        struct held *held = *at;

        if (held->reading >= reading && held->until_us > now_us &&
            !seen_has(watch->known, held->news.call_id)) {
            at = &held->next;
            continue;
        }
        *at = held->next;
        held->next = NULL;
        *end = held;
        end = &held->next;
        watch->nheld--;
        seen_before(watch->known, held->news.call_id);
    }
    watch->held_end = at;
    return taken;
}

/* What had waited for a reading that has ended by now, or for too long. */
static void tell_held(struct watch *watch, unsigned reading, int64_t now_us)
{
    struct held *taken = take_held(watch, reading, now_us);

    while (taken) {
        struct held *held = taken;

        taken = held->next;
        if (!seen_before(watch->seen, held->news.id))
            tell(watch, &held->news);
        free_held(held);
    }
}

/* What a node tells of a call follows this; what others wrote before it, while it rang, does not
 * matter. */
static bool is_beginning(const struct event_news *row)
{
    return !uid_is_none(row->call_id) && strcmp(row->type, "session.connected") == 0;
}

static void tell_rows(struct watch *watch, const struct reading *reading)
{
    const struct event_news *rows = reading->rows.at;

    for (size_t i = 0; i < reading->rows.count; i++) {
        if (is_beginning(&rows[i]))
            seen_before(watch->known, rows[i].call_id);
        if (!seen_before(watch->seen, rows[i].id) && uid_compare(rows[i].id, watch->from) >= 0)
            tell(watch, &rows[i]);
    }
    watch->behind = NO_UID;
    if (reading->rows.count == AT_ONCE) {
        watch->behind = rows[AT_ONCE - 1].id;
        watch->due_us = 0;
    } else {
        watch->read_from = reading->at;
    }
}

static void table_was_read(struct task *task)
{
    struct reading *reading = (struct reading *)task;
    struct watch *watch = reading->watch;

    watch->is_reading = false;
    if (watch->is_left) {
        free_watch(watch);
    } else {
        if (reading->ok)
            tell_rows(watch, reading);
        if (!reading->ok || uid_is_none(watch->behind))
            tell_held(watch, watch->readings, clock_monotonic_us());
        if (watch->held)
            watch->due_us = 0;
    }
    arena_free(&reading->work.arena);
    free(reading);
}

static void read_soon(struct watch *watch, int64_t now_us)
{
    struct reading *reading;

    if (watch->is_reading || now_us < watch->due_us || !news.helper)
        return;
    watch->due_us = now_us + POLL_US;
    reading = calloc(1, sizeof *reading);
    if (!reading)
        abort();
    reading->task = (struct task){.run = read_table, .done = table_was_read};
    reading->watch = watch;
    reading->at = clock_now();
    reading->after = uid_is_none(watch->behind)
                         ? uid_at(instant_after(watch->read_from, -NEWS_LATE_MS))
                         : watch->behind;
    watch->is_reading = helper_give(news.helper, &reading->task);
    if (watch->is_reading)
        watch->readings++;
    else
        free(reading);
}

/* ---- as they happen ---- */

/* Whether something of the call waits already. */
static bool is_held(const struct watch *watch, uid call)
{
    const struct held *held = watch->held;

    while (held && !uid_equal(held->news.call_id, call))
        held = held->next;
    return held != NULL;
}

/* Keeps the first news of a call until the table was read; false: they need not wait. */
static bool hold(struct watch *watch, const struct event_news *event)
{
    int64_t now_us = clock_monotonic_us();
    struct held *held;

    if (uid_is_none(event->call_id) || watch->nheld >= MOST_HELD ||
        (seen_has(watch->known, event->call_id) && !is_held(watch, event->call_id)))
        return false;
    held = calloc(1, sizeof *held);
    if (!held)
        abort();
    held->news = news_copy(&held->arena, event);
    held->reading = watch->readings;
    held->until_us = now_us + NEWS_HELD_MS * 1000;
    *watch->held_end = held;
    watch->held_end = &held->next;
    watch->nheld++;
    watch->due_us = 0;
    read_soon(watch, now_us);
    return true;
}

void news_arrived(const struct event_news *event)
{
    struct watch *watch = find(event->tenant_id);

    if (watch && !hold(watch, event) && !seen_before(watch->seen, event->id))
        tell(watch, event);
}

void news_publish(const struct event_news *event)
{
    news_arrived(event);
    feeds_publish(event);
}

bool news_are_wanted(int64_t tenant)
{
    return find(tenant) || feeds_want(tenant);
}

/* ---- who watches ---- */

static struct watch *begin(int64_t tenant)
{
    struct watch *watch = calloc(1, sizeof *watch);

    if (!watch)
        abort();
    watch->tenant = tenant;
    watch->seen = seen_new(SEEN);
    watch->known = seen_new(KNOWN_CALLS);
    watch->held_end = &watch->held;
    watch->read_from = clock_now();
    watch->from = uid_at(watch->read_from);
    watch->next = news.first;
    news.first = watch;
    news.version++;
    return watch;
}

void news_watch(int64_t tenant, struct watcher *watcher)
{
    struct watch *watch = find(tenant);

    if (!watch)
        watch = begin(tenant);
    watcher->next = watch->first;
    watch->first = watcher;
}

static void end(struct watch *watch)
{
    struct watch **at = &news.first;

    while (*at != watch)
        at = &(*at)->next;
    *at = watch->next;
    news.version++;
    watch->is_left = true;
    if (!watch->is_reading)
        free_watch(watch);
}

void news_unwatch(int64_t tenant, struct watcher *watcher)
{
    struct watch *watch = find(tenant);
    struct watcher **at = watch ? &watch->first : NULL;

    while (at && *at && *at != watcher)
        at = &(*at)->next;
    if (!at || !*at)
        return;
    *at = watcher->next;
    if (!watch->first)
        end(watch);
}

size_t news_tenants(int64_t *tenants, size_t most, unsigned *version)
{
    size_t count = 0;

    for (const struct watch *watch = news.first; watch && count < most; watch = watch->next)
        tenants[count++] = watch->tenant;
    *version = news.version;
    return count;
}

void news_tick(void)
{
    int64_t now_us = clock_monotonic_us();

    for (struct watch *watch = news.first; watch; watch = watch->next) {
        if (watch->held && watch->held->until_us <= now_us)
            tell_held(watch, 0, now_us);
        read_soon(watch, now_us);
    }
    feeds_tick();
}

bool news_start(const struct config *config)
{
    news.helper = helper_start("news", config, true, MOST_WAITING);
    return news.helper && feeds_start(config);
}

void news_stop(void)
{
    feeds_stop();
    helper_stop(news.helper);
    news.helper = NULL;
}
