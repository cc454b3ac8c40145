#include "stream/recorder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/log.h"
#include "db/db.h"
#include "stream/audio.h"
#include "stream/offloop.h"
#include "stream/recording_file.h"

enum {
    BLOCK = 2 * 8000,         /* a second of both channels */
    MOST_WAITING = 2048,      /* blocks that may wait for the thread */
    LEAST_AHEAD = 16 * 1024,  /* of the agent's speech, doubled until it is enough, … */
    MOST_AHEAD = 1024 * 1024, /* … up to two minutes */
    SWEEP_US = 10 * 1000000,
    GIVEN_UP_SECONDS = 24 * 60 * 60,
    PATH = 600,
};

_Static_assert((LEAST_AHEAD & (LEAST_AHEAD - 1)) == 0, "a place in the ring is found by a mask");

/*
 * Seconds of calls are appended by one thread, which waits for nothing but the disk; what needs the
 * database, and what takes long, is done beside it by two others.
 */
static struct {
    struct helper *helper, *announcer, *storer;
    char directory[400];
    atomic_bool is_stopping;
    bool is_sweeping;
    int64_t sweep_us;
    struct task *ends; /* the loop's: of recordings for whose end the thread had no room */
} recorders;

/* What goes to the thread: a second of a call, or its end. */
struct piece {
    struct task task;
    struct recording_key key;
    bool ends;
    size_t length;
    unsigned char bytes[];
};

/* A whole recording. */
struct errand {
    struct task task;
    struct recording_key key;
};

struct recorder {
    struct recording_key key;
    unsigned char *ahead; /* the agent's speech that is not played yet, a ring */
    size_t ahead_room, ahead_first, ahead_count; /* the room is a power of two */
    size_t filled, lost;
    uint64_t samples; /* of the caller so far */
    unsigned paused;  /* PAUSE_…: why; 0: it is not */
    unsigned char block[BLOCK];
};

/* ---- in the threads ---- */

static void done(struct task *task)
{
    free(task);
}

/* Has one of the other threads do something for a recording; false: it has too much to do. */
static bool order(struct helper *helper, void (*how)(struct work *work, struct task *task),
                  const struct recording_key *key)
{
    struct errand *errand = calloc(1, sizeof *errand);
    bool taken;

    if (!errand)
        abort();
    *errand = (struct errand){.task = {.run = how, .done = done}, .key = *key};
    taken = helper && helper_give(helper, &errand->task);
    if (!taken)
        free(errand);
    return taken;
}

static void write_path(const struct recording_key *key, const char *ending, char path[PATH])
{
    char name[RECORDING_NAME];

    recording_name(key, ending, name);
    snprintf(path, PATH, "%s/%s", recorders.directory, name);
}

static void append(struct work *work, const struct piece *piece)
{
    char path[PATH];
    int fd;

    write_path(&piece->key, "live", path);
    fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, piece->bytes, piece->length) != (ssize_t)piece->length)
        log_error(work, "recorder.not_written", "%s", strerror(errno));
    if (fd >= 0)
        close(fd);
}

static bool is_old(const char *path)
{
    struct stat seen;

    return stat(path, &seen) == 0 && time(NULL) - seen.st_mtime > GIVEN_UP_SECONDS;
}

/*
 * The file is all there is of the recording: it goes when the store has it, or after a day in which
 * the store was there and did not want it.  (The call may still lie in a spool.)  False when it
 * makes no sense to go on with others.
 */
static bool store(struct work *work, const struct recording_key *key)
{
    char path[PATH];

    if (atomic_load(&recorders.is_stopping))
        return false;
    write_path(key, "done", path);
    if (recording_store(work, key, path)) {
        unlink(path);
        return true;
    }
    log_warning(work, "recorder.not_stored", "code=%s", failure_code(work->error.what));
    if (work->error.what != BUSY && is_old(path)) {
        log_error(work, "recorder.given_up", "path=%s", path);
        unlink(path);
    }
    return work->error.what != BUSY || !db_last_error(work->db); /* a file of its own trouble */
}

static void announce(struct work *work, struct task *task)
{
    if (!recording_announce(work, &((const struct errand *)task)->key))
        log_warning(work, "recorder.not_announced", "code=%s", failure_code(work->error.what));
}

static void store_one(struct work *work, struct task *task)
{
    store(work, &((const struct errand *)task)->key);
}

/* The call is over; what cannot be stored now is found by the next sweep. */
static bool close_file(const struct recording_key *key)
{
    char live[PATH], finished[PATH];

    write_path(key, "live", live);
    write_path(key, "done", finished);
    return rename(live, finished) == 0;
}

static void run(struct work *work, struct task *task)
{
    const struct piece *piece = (const struct piece *)task;

    if (piece->length)
        append(work, piece);
    if (piece->ends && close_file(&piece->key))
        order(recorders.storer, store_one, &piece->key);
}

/* Does something with every file of that ending, as long as that goes on. */
static void each(struct work *work, const char *ending,
                 bool (*act)(struct work *work, const struct recording_key *key))
{
    DIR *directory = opendir(recorders.directory);
    struct recording_key key;
    struct dirent *entry;
    bool goes_on = true;

    while (directory && goes_on && (entry = readdir(directory)))
        if (recording_name_read(entry->d_name, ending, &key)) {
            goes_on = act(work, &key);
            arena_reset(&work->arena);
        }
    if (directory)
        closedir(directory);
}

static void sweep(struct work *work, struct task *task)
{
    (void)task;
    each(work, "done", store);
}

static bool close_left(struct work *work, const struct recording_key *key)
{
    (void)work;
    close_file(key);
    return true;
}

static void swept(struct task *task)
{
    recorders.is_sweeping = false;
    free(task);
}

/* ---- in the loop ---- */

static void ask_sweep(void)
{
    struct task *task = calloc(1, sizeof *task);

    if (!task)
        abort();
    *task = (struct task){.run = sweep, .done = swept};
    recorders.is_sweeping = helper_give(recorders.storer, task);
    if (!recorders.is_sweeping)
        free(task);
    recorders.sweep_us = clock_monotonic_us() + SWEEP_US;
}

bool recorders_start(const struct config *config, const char *directory)
{
    snprintf(recorders.directory, sizeof recorders.directory, "%s", directory);
    each(&(struct work){.id = "recorder"}, "live", close_left); /* no call is behind them */
    atomic_store(&recorders.is_stopping, false);
    recorders.announcer = helper_start("recordings", config, true, MOST_WAITING);
    recorders.storer = helper_start("encoder", config, true, MOST_WAITING);
    recorders.helper = helper_start("recorder", config, false, MOST_WAITING);
    if (!recorders.helper || !recorders.announcer || !recorders.storer)
        return false;
    ask_sweep();
    return true;
}

/* Offers once more what the thread had no room for. */
static void offer_ends(void)
{
    while (recorders.ends) {
        struct task *end = recorders.ends, *next = end->next;

        if (!helper_give(recorders.helper, end))
            return;
        recorders.ends = next;
    }
}

/* Their files are closed by the next start. */
static void forget_ends(void)
{
    while (recorders.ends) {
        struct task *end = recorders.ends;

        recorders.ends = end->next;
        free(end);
    }
}

/* The first may have something to do for the last, which the next start finds. */
void recorders_stop(void)
{
    atomic_store(&recorders.is_stopping, true);
    if (recorders.helper)
        offer_ends();
    forget_ends();
    helper_stop(recorders.announcer);
    helper_stop(recorders.helper);
    helper_stop(recorders.storer);
    recorders.helper = recorders.announcer = recorders.storer = NULL;
}

void recorders_tick(void)
{
    if (recorders.helper)
        offer_ends();
    if (recorders.storer && !recorders.is_sweeping && clock_monotonic_us() > recorders.sweep_us)
        ask_sweep();
}

/* A second may be lost when the disk does not follow, the end of a recording may not. */
static void hand_over(struct recorder *recorder, bool ends)
{
    struct piece *piece = calloc(1, sizeof *piece + recorder->filled);

    if (!piece)
        abort();
    piece->task = (struct task){.run = run, .done = done};
    piece->key = recorder->key;
    piece->ends = ends;
    piece->length = recorder->filled;
    memcpy(piece->bytes, recorder->block, recorder->filled);
    recorder->filled = 0;
    if (recorders.helper && helper_give(recorders.helper, &piece->task))
        return;
    if (recorders.helper && ends) {
        piece->task.next = recorders.ends;
        recorders.ends = &piece->task;
        return;
    }
    free(piece);
    recorder->lost++;
}

struct recorder *recorder_open(const struct subject *subject)
{
    struct recorder *recorder = calloc(1, sizeof *recorder);

    if (!recorder)
        abort();
    recorder->key =
        (struct recording_key){.tenant = subject->tenant, .call = subject->call, .id = uid_new()};
    if (order(recorders.announcer, announce, &recorder->key))
        return recorder;
    free(recorder);
    return NULL;
}

/* The next byte of the agent's, or silence. */
static unsigned char take_agent(struct recorder *recorder)
{
    unsigned char byte;

    if (!recorder->ahead_count || !recorder->ahead_room)
        return AUDIO_SILENCE;
    byte = recorder->ahead[recorder->ahead_first];
    recorder->ahead_first = (recorder->ahead_first + 1) & (recorder->ahead_room - 1);
    recorder->ahead_count--;
    return byte;
}

static void add_caller(struct recorder *recorder, const unsigned char *samples, size_t count)
{
    recorder->samples += count;
    for (size_t i = 0; i < count; i++) {
        unsigned char agent = take_agent(recorder);

        recorder->block[recorder->filled++] = recorder->paused ? AUDIO_SILENCE : samples[i];
        recorder->block[recorder->filled++] = recorder->paused ? AUDIO_SILENCE : agent;
        if (recorder->filled == BLOCK)
            hand_over(recorder, false);
    }
}

/* A ring that is too small becomes a larger one, up to the limit; then the rest is not kept. */
static void add_agent(struct recorder *recorder, const unsigned char *samples, size_t count)
{
    if (recorder->ahead_count + count > recorder->ahead_room) {
        size_t room = recorder->ahead_room ? recorder->ahead_room * 2 : LEAST_AHEAD, kept = 0;
        unsigned char *ahead;

        while (room < recorder->ahead_count + count)
            room *= 2;
        if (room > MOST_AHEAD)
            return;
        ahead = malloc(room);
        if (!ahead)
            abort();
        while (recorder->ahead_count)
            ahead[kept++] = take_agent(recorder);
        free(recorder->ahead);
        recorder->ahead = ahead;
        recorder->ahead_room = room;
        recorder->ahead_first = 0;
        recorder->ahead_count = kept;
    }
    for (size_t i = 0; i < count; i++)
        recorder->ahead[(recorder->ahead_first + recorder->ahead_count++) &
                        (recorder->ahead_room - 1)] = samples[i];
}

enum { TEXT_PIECE = 4096 }; /* base64 that is decoded at once, a multiple of four */

static void decode(struct recorder *recorder, struct slice audio,
                   void (*add)(struct recorder *recorder, const unsigned char *samples,
                               size_t count))
{
    unsigned char samples[TEXT_PIECE / 4 * 3];

    for (size_t at = 0; at < audio.length; at += TEXT_PIECE) {
        size_t length = audio.length - at < TEXT_PIECE ? audio.length - at : TEXT_PIECE;

        add(recorder, samples, audio_decode(audio.at + at, length, samples));
    }
}

void recorder_caller(struct recorder *recorder, struct slice audio)
{
    decode(recorder, audio, add_caller);
}

void recorder_agent(struct recorder *recorder, struct slice audio)
{
    decode(recorder, audio, add_agent);
}

void recorder_clear(struct recorder *recorder)
{
    recorder->ahead_count = 0;
}

bool recorder_pause(struct recorder *recorder, unsigned why)
{
    bool was = recorder->paused;

    recorder->paused |= why;
    return !was;
}

bool recorder_resume(struct recorder *recorder, unsigned why)
{
    bool was = recorder->paused;

    recorder->paused &= ~why;
    return was && !recorder->paused;
}

int64_t recorder_ms(const struct recorder *recorder)
{
    return (int64_t)(recorder->samples / AUDIO_BYTES_PER_MS);
}

void recorder_close(struct recorder *recorder)
{
    hand_over(recorder, true);
    if (recorder->lost)
        log_warning(NULL, "recorder.lost", "seconds=%zu", recorder->lost);
    free(recorder->ahead);
    free(recorder);
}
