/*
 * stream/news.h - what happens in calls, told to who watches, wherever in the system it happened.
 *
 * News come three ways: from calls of this node as they are written down (news_publish), from other
 * nodes over their feeds (news_arrived), and from the table, which is read twice a second for every
 * tenant that is watched, because web workers and jobs write events too and a feed may be missing.
 * Each event is told once, whichever way it comes first.
 *
 * Order: what one process wrote about a call is told in its order; nothing is promised between
 * calls.  The first news that come of a call wait until the table was read, so that its beginning
 * is told before them, but no longer than NEWS_HELD_MS; other calls' news do not wait for it.  An
 * event that reaches the table later than NEWS_LATE_MS after its time, while the tenant's readings
 * succeed, is only seen in a replay.
 *
 * All of it runs in the loop's thread.
 */
#ifndef STREAM_NEWS_H
#define STREAM_NEWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/config.h"
#include "core/text.h"
#include "domain/event_news.h"

enum { NEWS_LATE_MS = 5000, NEWS_HELD_MS = 1000 };

/* Somebody who watches a tenant; a member of the watcher's own struct. */
struct watcher {
    struct watcher *next;
    void (*tell)(struct watcher *watcher, const struct event_news *news);
};

bool news_start(const struct config *config);
void news_stop(void);

/* From the loop's tick. */
void news_tick(void);

/* Begins and ends a watch; news that a watcher is told are the ones that come from now on. */
void news_watch(int64_t tenant, struct watcher *watcher);
void news_unwatch(int64_t tenant, struct watcher *watcher);

/* Whether anybody here or on another node watches the tenant. */
bool news_are_wanted(int64_t tenant);

/* Something happened on this node; the texts are the caller's. */
void news_publish(const struct event_news *news);

/* Another node told of something. */
void news_arrived(const struct event_news *news);

/* The tenants that are watched here, as many as fit; *version changes whenever they do. */
size_t news_tenants(int64_t *tenants, size_t most, unsigned *version);

/* News as one JSON object, for feeds; and read from it, with texts in the work's arena. */
void news_write(struct text *out, const struct event_news *news);
bool news_parse(struct work *work, const char *text, size_t length, struct event_news *news);

/* A copy whose texts lie in the arena. */
struct event_news news_copy(struct arena *arena, const struct event_news *news);

#endif
