#include "stream/pulse.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "core/log.h"
#include "stream/spool.h"

enum { PATH = 440 };

enum { EVERY_MS = 50 };

/*
 * A store into the page waits for the file system now and then, and the loop waits for nothing: it
 * keeps the time in memory, and a thread writes it into the page.
 */
static struct {
    _Atomic int64_t alive_ms;
    _Atomic int64_t *page; /* NULL: nothing is kept */
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t stopped;
    bool is_stopping;
} pulse = {.lock = PTHREAD_MUTEX_INITIALIZER, .stopped = PTHREAD_COND_INITIALIZER};

static void write_path(const char *directory, uint64_t file, char path[PATH])
{
    snprintf(path, PATH, "%s/%08" PRIu64 ".pulse", directory, file);
}

static bool read_name(const char *name, uint64_t *file)
{
    char behind;

    return sscanf(name, "%" SCNu64 ".puls%c", file, &behind) == 2 && behind == 'e';
}

/* The highest number that is not above "most", 0 when there is none. */
static uint64_t find(const char *directory, uint64_t most)
{
    DIR *entries = opendir(directory);
    struct dirent *entry;
    uint64_t file, best = 0;

    while (entries && (entry = readdir(entries)))
        if (read_name(entry->d_name, &file) && file <= most && file > best)
            best = file;
    if (entries)
        closedir(entries);
    return best;
}

/* Whose lines were all taken needs no time of death. */
static void remove_before(const char *directory, uint64_t first)
{
    DIR *entries = opendir(directory);
    struct dirent *entry;
    char path[PATH];
    uint64_t file;

    while (entries && (entry = readdir(entries))) {
        if (!read_name(entry->d_name, &file) || file >= first)
            continue;
        write_path(directory, file, path);
        unlink(path);
    }
    if (entries)
        closedir(entries);
}

/* The bytes are written first, so that a full disk says so now and not by a signal later. */
static void *map(const char *path)
{
    int64_t now_ms = clock_now().ms;
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    void *mapped = MAP_FAILED;

    if (fd >= 0 && write(fd, &now_ms, sizeof now_ms) == (ssize_t)sizeof now_ms)
        mapped = mmap(NULL, sizeof now_ms, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (mapped == MAP_FAILED)
        log_warning(NULL, "pulse.not_kept", "path=%s text=\"%s\"", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return mapped == MAP_FAILED ? NULL : mapped;
}

static void forget(void)
{
    if (pulse.page)
        munmap((void *)pulse.page, sizeof *pulse.page);
    pulse.page = NULL;
}

static void wait_a_moment(void)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += EVERY_MS * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_cond_timedwait(&pulse.stopped, &pulse.lock, &until);
}

static void *keep(void *with)
{
    bool goes_on = true;

    (void)with;
    while (goes_on) {
        atomic_store_explicit(pulse.page,
                              atomic_load_explicit(&pulse.alive_ms, memory_order_relaxed),
                              memory_order_relaxed);
        pthread_mutex_lock(&pulse.lock);
        if (!pulse.is_stopping)
            wait_a_moment();
        goes_on = !pulse.is_stopping;
        pthread_mutex_unlock(&pulse.lock);
    }
    return NULL;
}

bool pulse_start(const char *directory, uint64_t first_file)
{
    char path[PATH];

    pulse_stop();
    remove_before(directory, find(directory, spool_first(directory)));
    write_path(directory, first_file, path);
    pulse.page = map(path);
    pulse.is_stopping = false;
    atomic_store(&pulse.alive_ms, clock_now().ms);
    if (pulse.page && pthread_create(&pulse.thread, NULL, keep, NULL) == 0)
        return true;
    forget();
    return false;
}

void pulse_beat(void)
{
    atomic_store_explicit(&pulse.alive_ms, clock_now().ms, memory_order_relaxed);
}

void pulse_stop(void)
{
    if (!pulse.page)
        return;
    pthread_mutex_lock(&pulse.lock);
    pulse.is_stopping = true;
    pthread_cond_signal(&pulse.stopped);
    pthread_mutex_unlock(&pulse.lock);
    pthread_join(pulse.thread, NULL);
    forget();
}

instant pulse_last(const char *directory, uint64_t file)
{
    uint64_t its = find(directory, file);
    instant when = NO_INSTANT;
    char path[PATH];
    int64_t ms;
    int fd;

    write_path(directory, its, path);
    fd = its ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd >= 0 && read(fd, &ms, sizeof ms) == (ssize_t)sizeof ms)
        when.ms = ms;
    if (fd >= 0)
        close(fd);
    return when;
}
