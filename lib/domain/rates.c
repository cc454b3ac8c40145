/*
 * One 64-bit word of the host's memory counts one key in one window:
 *
 *     28 bits  of the hash of bucket, key and window; never 0
 *     16 bits  when the window ends, in units of 4 seconds
 *     20 bits  hits
 *
 * so that a single compare-and-exchange claims a word or counts a hit, and a word whose window is
 * over is free.  A second word holds what other hosts counted and when that was asked.
 */
#include "domain/rates.h"

#include <stdio.h>
#include <string.h>

#include "core/clock.h"
#include "core/crypto.h"
#include "db/db.h"
#include "domain/host_memory.h"
#include "domain/host_node.h"

enum {
    MAX_HITS = (1 << 20) - 1,
    MAX_BUCKET = 96,
    PENDING = 64,
    FOLD_AFTER_TENTHS = 10,
    FOLD_AFTER_HITS = 20
};

/* Where a bucket is counted. */
struct place {
    char bucket[MAX_BUCKET + 1]; /* "kwickphone.key:01939f3a…" */
    int64_t window_start, window_end;
    size_t set, way;
    uint64_t tag;
};

/* Buckets that this process counted in and has not told MariaDB about. */
static struct place pending[PENDING];
static size_t npending;

static uint64_t mix(uint64_t hash)
{
    hash ^= hash >> 33;
    hash *= 0xff51afd7ed558ccdULL;
    hash ^= hash >> 33;
    hash *= 0xc4ceb9fe1a85ec53ULL;
    return hash ^ hash >> 33;
}

static uint64_t hash_of(const char *text, int64_t window_start)
{
    uint64_t hash = 0xcbf29ce484222325ULL ^ mix((uint64_t)window_start);

    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * 0x100000001b3ULL;
    return mix(hash);
}

static struct place place_of(const char *bucket, const char *key, int64_t window_seconds)
{
    struct place place;
    int64_t now = clock_now().ms / 1000;
    uint64_t hash;

    if (snprintf(place.bucket, sizeof place.bucket, "%s:%s", bucket, key) > MAX_BUCKET) {
        hash256 digest = sha256(key, strlen(key));
        char hex[2 * sizeof digest.bytes + 1];

        hex_write(digest.bytes, sizeof digest.bytes, hex);
        snprintf(place.bucket, sizeof place.bucket, "%.30s:%s", bucket, hex);
    }
    place.window_start = now - now % window_seconds;
    place.window_end = place.window_start + window_seconds;
    hash = hash_of(place.bucket, place.window_start);
    place.set = hash % RATE_SETS;
    place.way = 0;
    place.tag = hash >> 36;
    if (!place.tag)
        place.tag = 1;
    return place;
}

static uint64_t word_of(const struct place *place, uint64_t hits)
{
    uint64_t end = (uint64_t)(place->window_end / 4 + 1) & 0xffff;

    return place->tag << 36 | end << 20 | hits;
}

static uint64_t hits_of(uint64_t word)
{
    return word & MAX_HITS;
}

static bool is_free(uint64_t word, int64_t now_seconds)
{
    uint16_t end = (uint16_t)(word >> 20), now = (uint16_t)(now_seconds / 4);

    return !word || (uint16_t)(now - end) < 0x8000;
}

static bool count_there(_Atomic uint64_t *word, uint64_t seen, uint64_t *hits)
{
    *hits = hits_of(seen) + (hits_of(seen) < MAX_HITS);
    return atomic_compare_exchange_strong(word, &seen, (seen & ~(uint64_t)MAX_HITS) | *hits);
}

/*
 * One look through a set: counts where the key is counted already, else claims the first free word,
 * else the one with the fewest hits.  False when somebody was faster: look again.
 */
static bool try_to_count(struct place *place, uint64_t *hits)
{
    _Atomic uint64_t *words = host_memory()->rates[place->set];
    int64_t now = clock_now().ms / 1000;
    uint64_t seen[RATE_WAYS];
    size_t best = 0;

    for (size_t i = 0; i < RATE_WAYS; i++) {
        seen[i] = atomic_load(&words[i]);
        if (seen[i] >> 20 == word_of(place, 0) >> 20) {
            place->way = i;
            return count_there(&words[i], seen[i], hits);
        }
    }
    for (size_t i = 1; i < RATE_WAYS && !is_free(seen[best], now); i++)
        if (is_free(seen[i], now) || hits_of(seen[i]) < hits_of(seen[best]))
            best = i;
    place->way = best;
    *hits = 1;
    return atomic_compare_exchange_strong(&words[best], &seen[best], word_of(place, 1));
}

/*
 * Shares: 12 bits of the tag, 12 bits of when it was folded in tenths of a second, 20 bits of hits
 * then told, 20 bits of hits elsewhere.
 */
static _Atomic uint64_t *share_of(const struct place *place)
{
    return &host_memory()->shares[place->set][place->way];
}

static uint64_t share_word(const struct place *place, uint64_t tenths, uint64_t told,
                           uint64_t elsewhere)
{
    return (place->tag & 0xfff) << 52 | (tenths & 0xfff) << 40 | told << 20 |
           (elsewhere < MAX_HITS ? elsewhere : MAX_HITS);
}

static bool share_is_ours(const struct place *place, uint64_t share)
{
    return share && share >> 52 == (place->tag & 0xfff);
}

static void remember(const struct place *place)
{
    for (size_t i = 0; i < npending; i++)
        if (pending[i].tag == place->tag && pending[i].set == place->set)
            return;
    if (npending < PENDING)
        pending[npending++] = *place;
}

static struct rate rate_of(const struct place *place, uint64_t hits, int64_t limit)
{
    int64_t now = clock_now().ms / 1000, used = (int64_t)hits;

    return (struct rate){
        .limit = limit,
        .remaining = used < limit ? limit - used : 0,
        .reset_at_seconds = place->window_end,
        .retry_after_seconds = place->window_end > now ? place->window_end - now : 1,
        .allowed = used <= limit,
    };
}

struct rate rate_count(struct work *work, const char *bucket, const char *key, int64_t limit,
                       int64_t window_seconds)
{
    struct place place = place_of(bucket, key, window_seconds);
    uint64_t hits, share;

    (void)work;
    while (!try_to_count(&place, &hits))
        ;
    share = atomic_load(share_of(&place));
    remember(&place);
    return rate_of(&place, hits + (share_is_ours(&place, share) ? hits_of(share) : 0), limit);
}

/* Sharing. */

static bool tell(struct work *work, const struct place *place, int64_t node, int64_t hits)
{
    static const char sql[] = "INSERT INTO rate_counters (bucket, window_start, node_id, hits)"
                              " VALUES (?, ?, ?, ?)"
                              " ON DUPLICATE KEY UPDATE hits = GREATEST(hits, VALUES(hits))";
    const char *bucket = place->bucket;
    const struct param params[] = {PARAM(bucket), PARAM(place->window_start), PARAM(node),
                                   PARAM(hits)};

    return db_execute(work, sql, params, COUNT(params), NULL);
}

static bool ask(struct work *work, const struct place *place, int64_t node, int64_t *elsewhere)
{
    static const char sql[] = "SELECT SUM(hits) FROM rate_counters"
                              " WHERE bucket = ? AND window_start = ? AND node_id <> ?";
    const char *bucket = place->bucket;
    const struct param params[] = {PARAM(bucket), PARAM(place->window_start), PARAM(node)};

    return db_number(work, sql, params, COUNT(params), 0, elsewhere);
}

/* Whether this process shall share the bucket now; of several that see it due one wins. */
static bool win_fold(const struct place *place, uint64_t hits)
{
    uint64_t share = atomic_load(share_of(place)), told = share >> 20 & MAX_HITS;
    uint64_t now = (uint64_t)clock_now().ms / 100;
    uint64_t passed = (now - (share >> 40)) & 0xfff;
    bool ours = share_is_ours(place, share);

    if (ours &&
        (hits == told || !passed || (passed < FOLD_AFTER_TENTHS && hits - told < FOLD_AFTER_HITS)))
        return false;
    return atomic_compare_exchange_strong(share_of(place), &share,
                                          share_word(place, now, hits, ours ? hits_of(share) : 0));
}

static bool fold(struct work *work, const struct place *place, int64_t node, uint64_t hits)
{
    int64_t elsewhere;
    uint64_t share;

    if (!tell(work, place, node, (int64_t)hits) || !ask(work, place, node, &elsewhere))
        return false;
    share = atomic_load(share_of(place));
    if (share_is_ours(place, share))
        atomic_compare_exchange_strong(
            share_of(place), &share,
            (share & ~(uint64_t)MAX_HITS) |
                ((uint64_t)elsewhere < MAX_HITS ? (uint64_t)elsewhere : MAX_HITS));
    return true;
}

/* Whether the bucket has nothing left to be told: its window is over, or its word another's. */
static bool is_over(const struct place *place, uint64_t word)
{
    return word >> 20 != word_of(place, 0) >> 20 || clock_now().ms / 1000 >= place->window_end;
}

void rates_fold(struct work *work)
{
    static int64_t not_before_us; /* after a failure the database is left alone for a second */
    int64_t now_us = clock_monotonic_us();
    bool reachable = npending && now_us >= not_before_us;
    int64_t node = reachable ? host_node(work) : 0;
    size_t left = 0;

    for (size_t i = 0; i < npending; i++) {
        const struct place place = pending[i];
        uint64_t word = atomic_load(&host_memory()->rates[place.set][place.way]);

        if (is_over(&place, word))
            continue;
        if (node && win_fold(&place, hits_of(word)) && fold(work, &place, node, hits_of(word)))
            continue;
        if (node && work->error.what == BUSY)
            node = 0;
        pending[left++] = place;
    }
    npending = left;
    if (reachable && !node)
        not_before_us = now_us + 1000000;
}

bool rate_count_strictly(struct work *work, const char *bucket, const char *key, int64_t limit,
                         int64_t window_seconds, struct rate *rate)
{
    static const char sql[] = "INSERT INTO rate_counters (bucket, window_start, node_id, hits)"
                              " VALUES (?, ?, 0, 1) ON DUPLICATE KEY UPDATE hits = hits + 1";
    struct place place = place_of(bucket, key, window_seconds);
    const char *name = place.bucket;
    const struct param params[] = {PARAM(name), PARAM(place.window_start)};
    int64_t hits;

    if (!db_execute(work, sql, params, COUNT(params), NULL) || !ask(work, &place, -1, &hits))
        return false;
    *rate = rate_of(&place, (uint64_t)hits, limit);
    return true;
}

/* The longest window is a day. */
bool rates_sweep(struct work *work)
{
    static const char sql[] = "DELETE FROM rate_counters WHERE window_start < ? LIMIT 500";
    int64_t before = clock_now().ms / 1000 - 2 * 86400;
    const struct param params[] = {PARAM(before)};

    return db_execute(work, sql, params, COUNT(params), NULL);
}
