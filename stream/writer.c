#include "stream/writer.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/clock.h"
#include "core/log.h"
#include "db/db.h"
#include "stream/facts.h"
#include "stream/offloop.h"
#include "stream/scan.h"
#include "stream/spool.h"

enum {
    BATCH = 32,
    BATCH_MS = 250,
    RETRY_MS = 500,
    SYNC_US = 250 * 1000,
    MOST_WAITING = 16 * 1024,         /* lines that wait for a slow disk */
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
    bool urgent, stopping, disk_failed, spooler_is_done;
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

static bool is_minor(const char *line, size_t length)
{
    struct member wanted[] = {{.name = "level"}};

    return scan_members(line, length, wanted, COUNT(wanted)) && slice_is(wanted[0].value, "debug");
}

bool writer_put(const char *text, size_t length)
{
    struct line *line = malloc(sizeof *line + length);
    bool has_room;

    if (!line)
        abort();
    *line = (struct line){.length = length};
    memcpy(line->text, text, length);
    pthread_mutex_lock(&writer.lock);
    has_room = writer.is_running && writer.waiting < MOST_WAITING &&
               (writer.backlog_bytes < MOST_SPOOLED || !is_minor(text, length));
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

/* ---- the thread that writes the spool ---- */

/* All lines that wait, NULL when there will be no more. */
static struct line *take_lines(void)
{
    struct line *lines;

    pthread_mutex_lock(&writer.lock);
    while (!writer.first && !writer.stopping)
        pthread_cond_wait(&writer.filled, &writer.lock);
    lines = writer.first;
    writer.first = writer.last = NULL;
    pthread_mutex_unlock(&writer.lock);
    return lines;
}

/* The disk is tried again until it takes the line or the process ends. */
static bool append_line(struct spool *spool, const struct line *line)
{
    bool ok = spool_append(spool, line->text, line->length), stopping = false;
    uid session;

    pthread_mutex_lock(&writer.lock);
    if (!ok && !writer.disk_failed)
        log_error(NULL, "spool.full", "%s", spool->directory);
    writer.disk_failed = !ok;
    stopping = writer.stopping;
    if (ok) {
        writer.end = spool->end;
        writer.backlog++;
        writer.backlog_bytes += line->length;
        writer.urgent |= fact_ends(&(struct fact){line->text, line->length}, &session);
    } else if (!stopping) {
        wait_ms(&writer.filled, RETRY_MS);
    }
    if (ok || stopping)
        writer.waiting--;
    pthread_cond_signal(&writer.spooled);
    pthread_mutex_unlock(&writer.lock);
    return ok || stopping;
}

static void *write_spool(void *with)
{
    struct spool *spool = &writer.spool;
    int64_t synced_us = 0;
    struct line *lines;

    (void)with;
    while ((lines = take_lines())) {
        while (lines) {
            struct line *line = lines;

            lines = line->next;
            while (!append_line(spool, line))
                ;
            free(line);
        }
        if (clock_monotonic_us() - synced_us > SYNC_US) {
            spool_sync(spool);
            synced_us = clock_monotonic_us();
        }
    }
    spool_sync(spool);
    spool_close(spool);
    pthread_mutex_lock(&writer.lock);
    writer.spooler_is_done = true;
    pthread_cond_signal(&writer.spooled);
    pthread_mutex_unlock(&writer.lock);
    return NULL;
}

/* ---- the thread that applies them ---- */

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

static void note_applied(const struct fact *facts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct ending *ending;
        uid session;

        if (!fact_ends(&facts[i], &session))
            continue;
        ending = calloc(1, sizeof *ending);
        if (!ending)
            abort();
        *ending = (struct ending){.task = {.done = tell_ended}, .session = session};
        offloop_tell(&ending->task);
    }
}

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

static void note_done(const struct spool_line *lines, size_t count)
{
    pthread_mutex_lock(&writer.lock);
    for (size_t i = 0; i < count; i++) {
        writer.backlog -= writer.backlog > 0;
        writer.backlog_bytes -=
            lines[i].length < writer.backlog_bytes ? lines[i].length : writer.backlog_bytes;
    }
    pthread_mutex_unlock(&writer.lock);
}

static void pause_before_retry(void)
{
    pthread_mutex_lock(&writer.lock);
    wait_ms(&writer.spooled, writer.stopping ? RETRY_MS / 10 : RETRY_MS);
    pthread_mutex_unlock(&writer.lock);
}

/* Applies one batch; what the database did not take stays before the reader. */
static void apply_batch(struct work *work, struct spool_reader *reader, struct spool_place end)
{
    struct spool_line lines[BATCH];
    struct fact facts[BATCH];
    size_t count = spool_read(reader, &work->arena, end, lines, BATCH), done = 0;

    for (size_t i = 0; i < count; i++)
        facts[i] = (struct fact){lines[i].text, lines[i].length};
    if (count && !facts_apply(work, facts, count, &done)) {
        log_warning(work, "writer.waits", "code=%s backlog=%zu", failure_code(work->error.what),
                    writer_backlog());
        pause_before_retry();
    }
    if (done) {
        spool_taken(reader, lines[done - 1].behind);
        note_done(lines, done);
        note_applied(facts, done);
    } else if (!count) {
        spool_taken(reader, end);
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
    writer.stopping = writer.spooler_is_done = writer.disk_failed = writer.urgent = false;
    writer.backlog = writer.backlog_bytes = 0;
    if (!spool_open(&writer.spool, directory) || !spool_reader_open(&writer.reader, directory))
        return false;
    writer.end = writer.spool.end;
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
}
