/* A note is a line: 32 hex digits of the name's keyed hash, a space, base64url of what is sealed.
 * The newest stand first. */
#include "domain/host_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/config.h"
#include "core/crypto.h"
#include "core/log.h"

enum { DIGITS = 32, LOCK_TRIES = 50, LOCK_WAIT_NS = 2 * 1000 * 1000, MEMOS = 1024 };

/* ---- what this process noted lately ---- */

static struct {
    pthread_mutex_t lock;
    struct memo {
        hash256 what; /* name and text */
        int64_t at_ms;
        int64_t file; /* in which it was seen last; another process may have put in another text */
    } memos[MEMOS];
} noted = {.lock = PTHREAD_MUTEX_INITIALIZER};

static hash256 hash_of(struct work *work, const char *name, const char *text)
{
    const char *both = arena_format(&work->arena, "%s\n%s", name, text);

    return sha256(both, strlen(both));
}

static struct memo *memo_of(const char *name)
{
    hash256 hash = sha256(name, strlen(name));

    return &noted.memos[(hash.bytes[0] << 8 | hash.bytes[1]) % MEMOS];
}

static const char *path_of(struct work *work, const char *ending)
{
    return arena_format(&work->arena, "%s/known%s", work->config->spool_dir, ending);
}

/* Which file it is now: each change makes a new one, perhaps under a number that was free again. */
static int64_t file_now(struct work *work)
{
    struct stat seen;

    if (stat(path_of(work, ""), &seen) != 0)
        return 0;
    return ((int64_t)seen.st_mtim.tv_sec * 1000000000 + seen.st_mtim.tv_nsec) ^
           (int64_t)seen.st_ino;
}

static void note(struct work *work, const char *name, const char *text)
{
    const struct memo memo = {hash_of(work, name, text), clock_now().ms, file_now(work)};

    pthread_mutex_lock(&noted.lock);
    *memo_of(name) = memo;
    pthread_mutex_unlock(&noted.lock);
}

/* Whether this process noted it lately, and nobody put something else in its place since. */
static bool was_noted(struct work *work, const char *name, const char *text)
{
    hash256 what = hash_of(work, name, text);
    struct memo *memo = memo_of(name), last;
    const char *there;

    pthread_mutex_lock(&noted.lock);
    last = *memo;
    pthread_mutex_unlock(&noted.lock);
    if (memcmp(last.what.bytes, what.bytes, sizeof what.bytes) != 0 ||
        clock_now().ms - last.at_ms >= HOST_CACHE_FRESH_MS)
        return false;
    if (last.file == file_now(work))
        return true;
    there = host_cache_get(work, name);
    if (!there || strcmp(there, text) != 0)
        return false;
    pthread_mutex_lock(&noted.lock);
    memo->file = file_now(work);
    pthread_mutex_unlock(&noted.lock);
    return true;
}

/* ---- the file ---- */

/* The whole file, NUL-ended, to be freed; NULL when there is none. */
static char *read_file(struct work *work, size_t *length)
{
    int fd = open(path_of(work, ""), O_RDONLY | O_CLOEXEC);
    struct stat seen;
    char *text = NULL;
    ssize_t got = -1;

    if (fd >= 0 && fstat(fd, &seen) == 0 && seen.st_size <= 2 * HOST_CACHE_SIZE) {
        text = malloc((size_t)seen.st_size + 1);
        got = text ? read(fd, text, (size_t)seen.st_size) : -1;
    }
    if (fd >= 0)
        close(fd);
    if (got < 0) {
        free(text);
        return NULL;
    }
    text[got] = '\0';
    *length = (size_t)got;
    return text;
}

static void write_digits(const char *key, const char *name, char digits[DIGITS + 1])
{
    hash256 mac = hmac_sha256(key, strlen(key), name, strlen(name));

    hex_write(mac.bytes, DIGITS / 2, digits);
}

/* The line that begins with the digits, up to its newline; NULL when there is none whole. */
static const char *find_line(const char *file, const char *digits, size_t *length)
{
    for (const char *line = file, *end; (end = strchr(line, '\n')); line = end + 1)
        if (strncmp(line, digits, DIGITS) == 0 && line[DIGITS] == ' ') {
            *length = (size_t)(end - line);
            return line;
        }
    return NULL;
}

/* Old lines but the one that is replaced, as many as fit behind "used" bytes. */
static bool copy_lines(FILE *out, const char *file, const char *digits, size_t used)
{
    size_t notes = 1;
    bool ok = true;

    for (const char *line = file, *end; ok && line && (end = strchr(line, '\n')); line = end + 1) {
        size_t length = (size_t)(end + 1 - line);

        if (strncmp(line, digits, DIGITS) == 0)
            continue;
        used += length;
        if (used > HOST_CACHE_SIZE || ++notes > HOST_CACHE_NOTES)
            break;
        ok = fwrite(line, 1, length, out) == length;
    }
    return ok;
}

/* Under the lock: the new note first, then what was there. */
static bool replace(struct work *work, const char *digits, const char *sealed)
{
    const char *path = path_of(work, ".new");
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    FILE *out = fd >= 0 ? fdopen(fd, "w") : NULL;
    size_t length;
    char *old;
    int put;
    bool ok;

    if (!out) {
        if (fd >= 0)
            close(fd);
        return false;
    }
    old = read_file(work, &length);
    put = fprintf(out, "%s %s\n", digits, sealed);
    ok = put > 0 && copy_lines(out, old, digits, (size_t)put);
    ok = fclose(out) == 0 && ok && rename(path, path_of(work, "")) == 0;
    free(old);
    return ok;
}

/* Another process that holds the lock is done in a moment, or hangs: then nothing is noted. */
static int take_lock(struct work *work)
{
    int fd = open(path_of(work, ".lock"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    for (int i = 0; fd >= 0 && i < LOCK_TRIES; i++) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0)
            return fd;
        nanosleep(&(struct timespec){.tv_nsec = LOCK_WAIT_NS}, NULL);
    }
    if (fd >= 0)
        close(fd);
    return -1;
}

static const char *bound_to(struct work *work, const char *name)
{
    return arena_format(&work->arena, "known %s", name);
}

void host_cache_put(struct work *work, const char *name, const char *text)
{
    const char *key = work->config->secrets_key;
    char digits[DIGITS + 1];
    bytes sealed;
    int lock;
    bool ok;

    if (!key || !*key || strlen(text) > HOST_CACHE_NOTE || was_noted(work, name, text))
        return;
    write_digits(key, name, digits);
    sealed = seal(&work->arena, key, bound_to(work, name), text);
    mkdir(work->config->spool_dir, 0700);
    lock = take_lock(work);
    ok =
        lock >= 0 && replace(work, digits, base64url_write(&work->arena, sealed.at, sealed.length));
    if (lock >= 0)
        close(lock);
    if (ok)
        note(work, name, text);
    else
        log_warning(work, "known.not_kept", "text=\"%s\"", strerror(errno));
}

/* What a key finds and opens; NULL when nothing. */
static const char *get_with(struct work *work, const char *file, const char *key, const char *name)
{
    char digits[DIGITS + 1];
    const char *line;
    size_t length;
    bytes sealed;

    if (!key || !*key)
        return NULL;
    write_digits(key, name, digits);
    line = find_line(file, digits, &length);
    if (!line)
        return NULL;
    sealed = base64_read(&work->arena, line + DIGITS + 1, length - DIGITS - 1);
    return sealed.at ? unseal(&work->arena, key, NULL, bound_to(work, name), sealed) : NULL;
}

const char *host_cache_get(struct work *work, const char *name)
{
    const char *text = NULL;
    size_t length;
    char *file = read_file(work, &length);

    if (file) {
        text = get_with(work, file, work->config->secrets_key, name);
        if (!text)
            text = get_with(work, file, work->config->secrets_key_previous, name);
    }
    free(file);
    return text;
}
