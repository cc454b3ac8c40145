/*
 * SPOOL_DIR/journal/current is appended to under a lock.  Who replays renames it first, under the
 * same lock, to claimed-<key>, and holds a lock on that file until it is done and removes it; when
 * he dies, the lock goes and another takes the file from the beginning.  Names are in the order of
 * time.
 *
 * A record is an empty line, a line "record <length> <first 8 digits of its SHA-256>", its bytes,
 * and a newline.  What a crash left half-written is passed over: the next record begins a line.
 */
#include "domain/journal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "core/config.h"
#include "core/crypto.h"
#include "core/log.h"
#include "core/uid.h"

enum { MAX_NAME = 64, MAX_FILES = 256 };

static const char *path_of(struct work *work, const char *name)
{
    return arena_format(&work->arena, "%s/journal%s%s", work->config->spool_dir, *name ? "/" : "",
                        name);
}

/* A rename or a new file is on the disk when its directory is. */
static void sync_directory(struct work *work)
{
    int fd = open(path_of(work, ""), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
}

/* Whether the locked file still has its name; it may have been claimed while we waited. */
static bool has_name(int fd, const char *path, struct stat *seen)
{
    struct stat named;

    return fstat(fd, seen) == 0 && stat(path, &named) == 0 && named.st_ino == seen->st_ino &&
           named.st_dev == seen->st_dev;
}

/* Opens and locks the current file; -1 when the disk refuses. */
static int open_current(struct work *work, struct stat *seen)
{
    const char *path = path_of(work, "current");

    mkdir(work->config->spool_dir, 0700);
    mkdir(path_of(work, ""), 0700);
    for (;;) {
        int fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

        if (fd < 0)
            return -1;
        if (flock(fd, LOCK_EX) != 0) {
            close(fd);
            return -1;
        }
        if (has_name(fd, path, seen))
            return fd;
        close(fd);
    }
}

static void check_digits(const char *record, size_t length, char digits[9])
{
    hash256 digest = sha256(record, length);

    hex_write(digest.bytes, 4, digits);
}

static bool write_record(int fd, const struct stat *seen, const char *record, size_t length)
{
    char head[64], digits[9];
    struct iovec parts[3];
    size_t whole;

    check_digits(record, length, digits);
    snprintf(head, sizeof head, "\nrecord %zu %s\n", length, digits);
    parts[0] = (struct iovec){head, strlen(head)};
    parts[1] = (struct iovec){(void *)(uintptr_t)record, length};
    parts[2] = (struct iovec){"\n", 1};
    whole = parts[0].iov_len + length + 1;
    if (writev(fd, parts, 3) == (ssize_t)whole && fsync(fd) == 0)
        return true;
    if (ftruncate(fd, seen->st_size) != 0) /* half a record is passed over when it is read */
        log_error(NULL, "journal.torn", "%s", strerror(errno));
    return false;
}

bool journal_append(struct work *work, const char *record, size_t length)
{
    struct stat seen;
    int fd = open_current(work, &seen);
    bool ok;

    if (fd < 0) {
        log_error(work, "journal.closed", "%s", strerror(errno));
        return fail(work, BUSY, "Please try again");
    }
    ok = seen.st_size + (off_t)length < JOURNAL_LIMIT && write_record(fd, &seen, record, length);
    if (ok && !seen.st_size)
        sync_directory(work);
    if (!ok)
        log_error(work, "journal.full", "size=%lld", (long long)seen.st_size);
    close(fd);
    return ok || fail(work, BUSY, "Please try again");
}

/* Replaying. */

static int compare_names(const void *a, const void *b)
{
    return strcmp(a, b);
}

struct names {
    char at[MAX_FILES][MAX_NAME];
    size_t count;
};

static void find_claimed(struct work *work, struct names *names)
{
    DIR *dir = opendir(path_of(work, ""));
    const struct dirent *entry;

    names->count = 0;
    while (dir && (entry = readdir(dir)) && names->count < MAX_FILES)
        if (strncmp(entry->d_name, "claimed-", 8) == 0 && strlen(entry->d_name) < MAX_NAME)
            snprintf(names->at[names->count++], MAX_NAME, "%.*s", MAX_NAME - 1, entry->d_name);
    if (dir)
        closedir(dir);
    qsort(names->at, names->count, MAX_NAME, compare_names);
}

static bool current_has_something(const struct work *work)
{
    char path[1024];
    struct stat seen;

    snprintf(path, sizeof path, "%s/journal/current", work->config->spool_dir);
    return stat(path, &seen) == 0 && seen.st_size > 0;
}

bool journal_waiting(const struct work *work)
{
    struct work look = {.config = work->config};
    struct names *names = arena_new(&look.arena, struct names, 1);
    bool waiting;

    find_claimed(&look, names);
    waiting = names->count || current_has_something(work);
    work_end(&look);
    return waiting;
}

/* Nobody is appending while we hold the lock; who waits for it finds the name gone. */
static bool claim_current(struct work *work)
{
    const char *path = path_of(work, "current");
    char id[27];
    int fd = open(path, O_RDWR | O_CLOEXEC);
    struct stat seen;
    bool ok;

    if (fd < 0)
        return false;
    uid_write_base32(uid_new(), id);
    ok = flock(fd, LOCK_EX) == 0 && has_name(fd, path, &seen) && seen.st_size > 0 &&
         rename(path, path_of(work, arena_format(&work->arena, "claimed-%s", id))) == 0;
    if (ok)
        sync_directory(work);
    close(fd);
    return ok;
}

/* A whole record, or none. */
static const char *record_at(const char *at, const char *end, size_t *length)
{
    char head[48] = "", digits[9], expected[9];
    size_t left = (size_t)(end - at);
    int size = 0;

    memcpy(head, at, left < sizeof head ? left : sizeof head - 1);
    if (sscanf(head, "\nrecord %zu %8[0-9a-f]%n", length, digits, &size) != 2 ||
        head[size++] != '\n' || *length >= left || (size_t)size + *length >= left)
        return NULL;
    check_digits(at + size, *length, expected);
    return strcmp(digits, expected) == 0 ? at + size : NULL;
}

/* The next record from "at" on; what makes no sense is passed over. NULL at the end. */
static const char *next_record(const char *at, const char *end, size_t *length)
{
    for (; at < end && (at = memchr(at, '\n', (size_t)(end - at))); at++) {
        const char *record = record_at(at, end, length);

        if (record)
            return record;
    }
    return NULL;
}

static void put_aside(struct work *work, const char *record, size_t length)
{
    const char *path = path_of(work, "rejected");
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    struct stat seen;

    log_error(work, "journal.rejected", "length=%zu", length);
    if (fd < 0)
        return;
    if (fstat(fd, &seen) == 0 && seen.st_size < JOURNAL_LIMIT)
        write_record(fd, &seen, record, length);
    close(fd);
}

/* Applies one record with memory of its own; false when the store is away. */
static bool apply_one(struct work *work, journal_apply *apply, const char *record, size_t length)
{
    struct work one = {.id = work->id, .db = work->db, .config = work->config};
    bool ok = apply(&one, record, length), away = !ok && one.error.what == BUSY;

    if (!ok && !away)
        put_aside(&one, record, length);
    work_end(&one);
    return !away;
}

/* Whether the whole file was applied. */
static bool replay_bytes(struct work *work, const char *at, const char *end, journal_apply *apply,
                         size_t *applied)
{
    size_t length;

    while ((at = next_record(at, end, &length))) {
        if (!apply_one(work, apply, at, length))
            return false;
        ++*applied;
        at += length;
    }
    return true;
}

/* A file that cannot be read now is read the next time. */
static bool replay_file(struct work *work, FILE *file, size_t size, journal_apply *apply,
                        size_t *applied)
{
    char *bytes_read = malloc(size + 1);
    bool ok;

    if (!bytes_read)
        abort();
    ok = fread(bytes_read, 1, size, file) == size;
    bytes_read[size] = '\0';
    ok = ok && replay_bytes(work, bytes_read, bytes_read + size, apply, applied);
    free(bytes_read);
    return ok;
}

/* False when the store is away or another process has the file: what follows must wait. */
static bool replay_claimed(struct work *work, const char *name, journal_apply *apply,
                           size_t *applied)
{
    const char *path = path_of(work, name);
    FILE *file = fopen(path, "re");
    struct stat seen;
    bool done;

    if (!file)
        return errno == ENOENT;
    if (flock(fileno(file), LOCK_EX | LOCK_NB) != 0) {
        fclose(file);
        return false;
    }
    done = !has_name(fileno(file), path, &seen);
    if (!done && (done = replay_file(work, file, (size_t)seen.st_size, apply, applied)))
        unlink(path);
    fclose(file);
    return done;
}

size_t journal_replay(struct work *work, journal_apply *apply)
{
    struct names *names = arena_new(&work->arena, struct names, 1);
    size_t applied = 0;

    do {
        find_claimed(work, names);
        for (size_t i = 0; i < names->count; i++)
            if (!replay_claimed(work, names->at[i], apply, &applied))
                return applied;
    } while (current_has_something(work) && claim_current(work));
    if (applied)
        log_info(work, "journal.replayed", "records=%zu", applied);
    return applied;
}
