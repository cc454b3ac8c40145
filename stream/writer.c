#include "stream/writer.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/clock.h"
#include "core/log.h"
#include "db/db.h"
#include "domain/route_cache.h"
#include "stream/facts.h"
#include "stream/offloop.h"
#include "stream/pulse.h"
#include "stream/scan.h"
#include "stream/spool.h"

enum {
    BATCH = 32,
    BATCH_MS = 250,
    RETRY_MS = 500,
    SYNC_US = 250 * 1000,
    MOST_WAITING = 16 * 1024,         /* lines that wait for a slow disk, … */
    LAST_WAITING = 4 * MOST_WAITING,  /* … and beyond which nothing is kept */
    MOST_SPOOLED = 256 * 1024 * 1024, /* bytes, beyond which only what matters is kept */
};

struct line {
    struct line *next;
    size_t length;
    char text[];
};

static struct {
    const struct config *config;
    void (*ended)(uid session);
    pthread_t spooler, applier;
    struct spool spool;         /* the spooler's */
    struct spool_reader reader; /* the applier's */
    bool is_running;

    pthread_mutex_t lock;
    pthread_cond_t filled, spooled;
    struct line *first, *last; /* not on disk yet */
    size_t waiting;
    struct spool_place end; /* how far the spool is written */
    size_t backlog;         /* lines on disk that are not applied */
    size_t backlog_bytes;
    uint64_t first_file; /* of this process */
    uint64_t left_file;  /* of another one, the applier's: the last that was looked up, … */
    instant died;        /* … and when its process died */
    struct spool_place applied; /* how far the store has it */
    bool urgent, stopping, disk_failed, store_is_away, spooler_is_done;
    int64_t stop_at_us;
} writer = {
    .lock = PTHREAD_MUTEX_INITIALIZER,
    .filled = PTHREAD_COND_INITIALIZER,
    .spooled = PTHREAD_COND_INITIALIZER,
};

static void wait_ms(pthread_cond_t *condition, int64_t ms)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += ms % 1000 * 1000000;
    until.tv_sec += ms / 1000 + until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_cond_timedwait(condition, &writer.lock, &until);
}

/* ---- from the loop ---- */

/* What was said so far is wanted only of a process that died before it said the rest. */
static bool is_minor(const char *line, size_t length)
{
    struct member wanted[] = {{.name = "kind"}, {.name = "level"}};

    return scan_members(line, length, wanted, COUNT(wanted)) &&
           (slice_is(wanted[0].value, "partial") || slice_is(wanted[1].value, "debug"));
}

bool writer_put(const char *text, size_t length)
{
    struct line *line = malloc(sizeof *line + length);
    bool has_room, is_full;

    if (!line)
        abort();
    *line = (struct line){.length = length};
    memcpy(line->text, text, length);
    pthread_mutex_lock(&writer.lock);
    is_full = writer.waiting >= MOST_WAITING || writer.backlog_bytes >= MOST_SPOOLED;
    has_room =
        writer.is_running && writer.waiting < LAST_WAITING && (!is_full || !is_minor(text, length));
    if (has_room) {
        if (writer.last)
            writer.last->next = line;
        else
            writer.first = line;
        writer.last = line;
        writer.waiting++;
        pthread_cond_signal(&writer.filled);
    }
    pthread_mutex_unlock(&writer.lock);
    if (!has_room)
        free(line);
    return has_room;
}

bool writer_is_healthy(void)
{
    bool ok;

    pthread_mutex_lock(&writer.lock);
    ok = writer.is_running && !writer.disk_failed;
    pthread_mutex_unlock(&writer.lock);
    return ok;
}

size_t writer_backlog(void)
{
    size_t backlog;

    pthread_mutex_lock(&writer.lock);
    backlog = writer.backlog + writer.waiting;
    pthread_mutex_unlock(&writer.lock);
    return backlog;
}

/* ---- what both threads tell ---- */

struct ending {
    struct task task;
    uid session;
};

static void tell_ended(struct task *task)
{
    struct ending *ending = (struct ending *)task;

    writer.ended(ending->session);
    free(ending);
}

/* Tells the loop of a session whose end is where the carrier's next question finds it. */
static void note_end(const struct fact *fact)
{
    struct ending *ending;
    uid session;

    if (!fact_ends(fact, &session))
        return;
    ending = calloc(1, sizeof *ending);
    if (!ending)
        abort();
    *ending = (struct ending){.task = {.done = tell_ended}, .session = session};
    offloop_tell(&ending->task);
}

/*
 * The store is away: an end is noted for the host, so that the call is not connected again, and
 * the carrier need not wait.  Who was lost may come back, which needs no note.
 */
static void note_end_without_store(struct work *work, const struct fact *fact)
{
    struct member wanted[] = {{.name = "kind"}};
    uid session;

    if (!fact_ends(fact, &session) ||
        !scan_members(fact->line, fact->length, wanted, COUNT(wanted)))
        return;
    if (slice_is(wanted[0].value, "end"))
        known_end_put(work, session);
    note_end(fact);
}

/* ---- the thread that writes the spool ---- */

/* All lines that wait; NULL after "ms" without one (0: as long as it takes), or when it is over. */
static struct line *take_lines(int64_t ms, bool *over)
{
    struct line *lines;

    pthread_mutex_lock(&writer.lock);
    while (!writer.first && !writer.stopping && !ms)
        pthread_cond_wait(&writer.filled, &writer.lock);
    if (!writer.first && !writer.stopping)
        wait_ms(&writer.filled, ms);
    lines = writer.first;
    *over = !lines && writer.stopping;
    writer.first = writer.last = NULL;
    pthread_mutex_unlock(&writer.lock);
    return lines;
}

static void note_disk(const struct spool *spool, bool ok)
{
    pthread_mutex_lock(&writer.lock);
    if (!ok && !writer.disk_failed)
        log_error(NULL, "spool.full", "%s", spool->directory);
    if (ok && writer.disk_failed)
        log_info(NULL, "spool.writes_again", "%s", spool->directory);
    writer.disk_failed = !ok;
    pthread_mutex_unlock(&writer.lock);
}

/* On disk: the applier may have it. */
static void hand_on(struct work *work, const struct spool *spool, const struct fact *fact)
{
    uid session;
    bool away;

    pthread_mutex_lock(&writer.lock);
    writer.end = spool->end;
    writer.backlog++;
    writer.backlog_bytes += fact->length;
    writer.urgent |= fact_ends(fact, &session);
    away = writer.store_is_away;
    pthread_cond_signal(&writer.spooled);
    pthread_mutex_unlock(&writer.lock);
    if (away)
        note_end_without_store(work, fact);
    arena_reset(&work->arena);
}

/*
 * The disk is full, the call goes on: its facts go to the store without the spool, in their order,
 * once everything that was spooled is there.
 */
static bool apply_directly(struct work *work, const struct fact *fact)
{
    size_t done = 0;
    bool drained;

    pthread_mutex_lock(&writer.lock);
    drained = !spool_place_before(writer.applied, writer.end);
    pthread_mutex_unlock(&writer.lock);
    if (!drained)
        return false;
    if (!work->db)
        work->db = db_open(writer.config->database_url);
    if (work->db && facts_apply(work, fact, 1, &done))
        note_end(fact);
    arena_reset(&work->arena);
    return done == 1;
}

/* False when neither the disk nor the store took the line; then it waits a moment. */
static bool put_line(struct work *work, struct spool *spool, const struct line *line)
{
    const struct fact fact = {.line = line->text, .length = line->length};
    bool ok = spool_append(spool, line->text, line->length), gone = ok;

    note_disk(spool, ok);
    if (ok)
        hand_on(work, spool, &fact);
    else
        gone = apply_directly(work, &fact);
    pthread_mutex_lock(&writer.lock);
    if (!gone && !writer.stopping)
        wait_ms(&writer.filled, RETRY_MS);
    gone |= writer.stopping;
    writer.waiting -= gone;
    pthread_mutex_unlock(&writer.lock);
    return gone;
}

static void put_lines(struct work *work, struct spool *spool, struct line *lines)
{
    while (lines) {
        struct line *line = lines;

        lines = line->next;
        while (!put_line(work, spool, line))
            ;
        free(line);
    }
}

/*
 * Appended lines survive the process at once, and a loss of power when they are a quarter of a
 * second old: so often the disk is told to keep them, and never for each line.
 */
static void *write_spool(void *with)
{
    struct spool *spool = &writer.spool;
    struct work work = {.id = "spool", .config = writer.config};
    int64_t synced_us = 0;
    bool over = false, dirty = false;

    (void)with;
    while (!over) {
        bool failed = !writer_is_healthy();
        struct line *lines = take_lines(dirty ? SYNC_US / 1000 : failed ? RETRY_MS : 0, &over);

        if (!lines && failed)
            note_disk(spool, spool_probe(spool));
        dirty |= lines != NULL;
        put_lines(&work, spool, lines);
        if (dirty && (over || clock_monotonic_us() - synced_us >= SYNC_US)) {
            spool_sync(spool);
            synced_us = clock_monotonic_us();
            dirty = false;
        }
    }
    spool_close(spool);
    db_close(work.db);
    work_end(&work);
    pthread_mutex_lock(&writer.lock);
    writer.spooler_is_done = true;
    pthread_cond_signal(&writer.spooled);
    pthread_mutex_unlock(&writer.lock);
    return NULL;
}

/* ---- the thread that applies them ---- */

/* Waits for a batch: until it is full, old enough, or holds what must not wait. */
static bool wait_for_batch(const struct spool_reader *reader, struct spool_place *end)
{
    bool goes_on;

    pthread_mutex_lock(&writer.lock);
    while (!spool_place_before(reader->at, writer.end) && !writer.spooler_is_done)
        pthread_cond_wait(&writer.spooled, &writer.lock);
    if (!writer.urgent && !writer.stopping && writer.backlog < BATCH)
        wait_ms(&writer.spooled, BATCH_MS);
    writer.urgent = false;
    *end = writer.end;
    goes_on = spool_place_before(reader->at, writer.end) || !writer.spooler_is_done;
    if (writer.stopping && clock_monotonic_us() > writer.stop_at_us)
        goes_on = false;
    pthread_mutex_unlock(&writer.lock);
    return goes_on;
}

static void note_done(const struct spool_reader *reader, const struct spool_line *lines,
                      size_t count)
{
    pthread_mutex_lock(&writer.lock);
    writer.applied = reader->at;
    for (size_t i = 0; i < count; i++) {
        writer.backlog -= writer.backlog > 0;
        writer.backlog_bytes -=
            lines[i].length < writer.backlog_bytes ? lines[i].length : writer.backlog_bytes;
    }
    pthread_mutex_unlock(&writer.lock);
}

static void note_store(bool away)
{
    pthread_mutex_lock(&writer.lock);
    writer.store_is_away = away;
    pthread_mutex_unlock(&writer.lock);
}

static void pause_before_retry(void)
{
    pthread_mutex_lock(&writer.lock);
    wait_ms(&writer.spooled, writer.stopping ? RETRY_MS / 10 : RETRY_MS);
    pthread_mutex_unlock(&writer.lock);
}

/* What an earlier process left behind is told apart, and when that died. */
static struct fact fact_of(const struct spool_line *line)
{
    uint64_t file = line->behind.file;
    struct fact fact = {.line = line->text, .length = line->length};

    if (file >= writer.first_file)
        return fact;
    if (file != writer.left_file) {
        writer.left_file = file;
        writer.died = pulse_last(writer.reader.directory, file);
    }
    fact.is_left = true;
    fact.died = writer.died;
    return fact;
}

/* Nothing before "end" could be read: a damaged rest is given up, another file may open later. */
static void pass_over(struct work *work, struct spool_reader *reader, struct spool_place end)
{
    if (!spool_place_before(reader->at, end))
        return;
    if (reader->at.file < end.file) {
        log_warning(work, "spool.waits", "file=%llu", (unsigned long long)reader->at.file);
        pause_before_retry();
        return;
    }
    log_error(work, "spool.not_read", "file=%llu bytes=%llu", (unsigned long long)end.file,
              (unsigned long long)(end.offset - reader->at.offset));
    spool_taken(reader, end);
}

/* Applies one batch; what the database did not take stays before the reader. */
static void apply_batch(struct work *work, struct spool_reader *reader, struct spool_place end)
{
    struct spool_line lines[BATCH];
    struct fact facts[BATCH];
    size_t count = spool_read(reader, &work->arena, end, lines, BATCH), done = 0;
    bool away;

    for (size_t i = 0; i < count; i++)
        facts[i] = fact_of(&lines[i]);
    away = count && !facts_apply(work, facts, count, &done);
    note_store(away);
    if (done)
        spool_taken(reader, lines[done - 1].behind);
    else if (!count)
        pass_over(work, reader, end);
    note_done(reader, lines, done);
    for (size_t i = 0; i < done; i++)
        note_end(&facts[i]);
    if (away) {
        log_warning(work, "writer.waits", "code=%s backlog=%zu", failure_code(work->error.what),
                    writer_backlog());
        for (size_t i = done; i < count; i++)
            note_end_without_store(work, &facts[i]);
        pause_before_retry();
    }
    arena_reset(&work->arena);
}

static void *apply_spool(void *with)
{
    struct spool_reader *reader = &writer.reader;
    struct work work = {.id = "writer", .config = writer.config};
    struct spool_place end;

    (void)with;
    work.db = db_open(writer.config->database_url);
    while (work.db && wait_for_batch(reader, &end))
        apply_batch(&work, reader, end);
    spool_reader_close(reader, !spool_place_before(reader->at, writer.end));
    db_close(work.db);
    work_end(&work);
    return NULL;
}

bool writer_start(const struct config *config, const char *directory, void (*ended)(uid session))
{
    writer.config = config;
    writer.ended = ended;
    writer.stopping = writer.spooler_is_done = writer.disk_failed = writer.urgent =
        writer.store_is_away = false;
    writer.backlog = 0;
    writer.backlog_bytes = spool_bytes(directory);
    if (!spool_open(&writer.spool, directory) || !spool_reader_open(&writer.reader, directory))
        return false;
    writer.end = writer.spool.end;
    writer.first_file = writer.end.file;
    writer.applied = writer.reader.at;
    writer.left_file = 0;
    pulse_start(directory, writer.first_file);
    writer.is_running = true;
    return pthread_create(&writer.spooler, NULL, write_spool, NULL) == 0 &&
           pthread_create(&writer.applier, NULL, apply_spool, NULL) == 0;
}

void writer_stop(int ms)
{
    pthread_mutex_lock(&writer.lock);
    if (!writer.is_running) {
        pthread_mutex_unlock(&writer.lock);
        return;
    }
    writer.is_running = false;
    writer.stopping = true;
    writer.stop_at_us = clock_monotonic_us() + (int64_t)ms * 1000;
    pthread_cond_signal(&writer.filled);
    pthread_cond_broadcast(&writer.spooled);
    pthread_mutex_unlock(&writer.lock);
    pthread_join(writer.spooler, NULL);
    pthread_join(writer.applier, NULL);
    pulse_stop();
}
