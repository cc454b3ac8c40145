#include "core/secrets.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/crypto.h"
#include "core/log.h"
#include "core/text.h"

enum { MAX_FILE = 64 * 1024, SECRET_LENGTH = 48 };

/* What is generated where the operator gives none. */
static const struct {
    const char *key;
    size_t offset;
} generated[] = {
    {"SECRETS_KEY", offsetof(struct config, secrets_key)},
    {"KEY_PEPPER", offsetof(struct config, key_pepper)},
    {"CONTROL_SECRET", offsetof(struct config, control_secret)},
    {"STREAM_AUTH_SECRET", offsetof(struct config, stream_auth_secret)},
};

static const char **secret_of(struct config *config, size_t i)
{
    return (const char **)(void *)((char *)config + generated[i].offset);
}

static bool lacks_any(struct config *config)
{
    for (size_t i = 0; i < COUNT(generated); i++)
        if (!*secret_of(config, i))
            return true;
    return false;
}

/* Gives "to" what it lacks and "from" has. */
static void lend(struct config *from, struct config *to)
{
    for (size_t i = 0; i < COUNT(generated); i++)
        if (!*secret_of(to, i))
            *secret_of(to, i) = *secret_of(from, i);
}

/* Reads until the end or until "size" bytes are there; -1 and errno on failure. */
static ssize_t read_all(int fd, char *to, size_t size)
{
    size_t length = 0;

    while (length < size) {
        ssize_t got = read(fd, to + length, size - length);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        length += (size_t)got;
    }
    return (ssize_t)length;
}

char *secrets_read_file(struct work *work, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC), before;
    char *text;
    ssize_t length;

    if (fd < 0)
        return NULL;
    text = arena_take(&work->arena, 1, MAX_FILE + 1);
    length = read_all(fd, text, MAX_FILE + 1);
    before = errno;
    close(fd);
    errno = before;
    if (length < 0)
        return NULL;
    if (length > MAX_FILE || strlen(text) != (size_t)length) {
        errno = length > MAX_FILE ? EFBIG : EILSEQ;
        return NULL;
    }
    return text;
}

/* What the file holds; an absent file holds nothing. */
static bool read_kept(struct work *work, const char *path, struct config *kept)
{
    const char *text = secrets_read_file(work, path);

    *kept = (struct config){0};
    if (text)
        return config_read(work, kept, path, text);
    return errno == ENOENT || fail(work, INTERNAL, "%s: %s", path, strerror(errno));
}

static bool make_directories(struct work *work, const char *path)
{
    char *parents = arena_text(&work->arena, path);

    for (char *slash = strchr(parents + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(parents, 0700);
        *slash = '/';
    }
    return mkdir(path, 0700) == 0 || errno == EEXIST ||
           fail(work, INTERNAL, "SPOOL_DIR %s cannot be made: %s", path, strerror(errno));
}

/* The descriptor that holds the lock until it is closed; -1 on failure. */
static int lock(struct work *work, const char *directory)
{
    const char *path = arena_format(&work->arena, "%s/secrets.lock", directory);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600), rc;

    if (fd < 0) {
        fail(work, INTERNAL, "%s: %s", path, strerror(errno));
        return -1;
    }
    do
        rc = flock(fd, LOCK_EX);
    while (rc != 0 && errno == EINTR);
    if (rc == 0)
        return fd;
    fail(work, INTERNAL, "%s cannot be locked: %s", path, strerror(errno));
    close(fd);
    return -1;
}

/* Writes beside the file and renames, so that nobody ever reads half of it. */
static bool write_file(struct work *work, const char *path, const struct text *text)
{
    const char *beside = arena_format(&work->arena, "%s.new", path);
    int fd;
    bool ok;

    unlink(beside);
    fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    ok = fd >= 0 && write(fd, text->at, text->length) == (ssize_t)text->length && fsync(fd) == 0;
    if (fd >= 0)
        ok = close(fd) == 0 && ok;
    ok = ok && rename(beside, path) == 0;
    return ok || fail(work, INTERNAL, "%s cannot be written: %s", path, strerror(errno));
}

/* Only one process at a time comes here. */
static bool add_missing(struct work *work, const char *path, struct config *kept)
{
    struct text text = {.arena = &work->arena}, names = {.arena = &work->arena};

    text_put(&text, "# Generated secrets. A backup of the database is worth nothing without them."
                    "\n");
    for (size_t i = 0; i < COUNT(generated); i++) {
        if (!*secret_of(kept, i)) {
            *secret_of(kept, i) = random_word(&work->arena, SECRET_LENGTH);
            text_add(&names, "%s%s", names.length ? ", " : "", generated[i].key);
        }
        text_add(&text, "%s=%s\n", generated[i].key, *secret_of(kept, i));
    }
    if (!write_file(work, path, &text))
        return false;
    log_warning(NULL, "secrets.generated",
                "KEEP %s IN YOUR BACKUP, and copy it to every other host: it now holds %s; what is "
                "sealed with them cannot be opened without them",
                path, names.at);
    return true;
}

/* The file holds a secret for every key, also for those that the operator gives, for the day when
 * he no longer does. */
static bool generate(struct work *work, const char *directory, const char *path,
                     struct config *kept)
{
    int locked;
    bool ok;

    if (!make_directories(work, directory) || (locked = lock(work, directory)) < 0)
        return false;
    ok = read_kept(work, path, kept) && (!lacks_any(kept) || add_missing(work, path, kept));
    close(locked);
    return ok;
}

bool secrets_fill(struct work *work, struct config *config)
{
    const char *path = arena_format(&work->arena, "%s/secrets.conf", config->spool_dir);
    struct config kept;

    if (!lacks_any(config))
        return true;
    if (!read_kept(work, path, &kept) ||
        (lacks_any(&kept) && !generate(work, config->spool_dir, path, &kept)))
        return false;
    lend(&kept, config);
    return true;
}
