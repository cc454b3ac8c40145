#include "domain/recording_files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/config.h"
#include "core/log.h"
#include "domain/recordings.h"

char *recording_file_name(struct work *work, const struct recording *recording)
{
    time_t seconds = (time_t)(recording->started_at.ms / 1000);
    char key[33], day[16];
    struct tm tm;

    if (strcmp(work->config->recording_store, "database") == 0)
        return NULL;
    uid_write_hex(recording->id, key);
    strftime(day, sizeof day, "%Y%m%d", gmtime_r(&seconds, &tm));
    return arena_format(&work->arena, "%lld/%s/%s.mp3", (long long)work->tenant, day, key);
}

static char *path_of(struct work *work, const struct recording *recording)
{
    return arena_format(&work->arena, "%s/%s", work->config->recording_store, recording->location);
}

static bool fail_file(struct work *work, const char *doing)
{
    log_error(work, "recording.file", "doing=%s error=\"%s\"", doing, strerror(errno));
    return fail(work, INTERNAL, "The recording cannot be stored");
}

/* Makes the folders that a path of ours needs; those that are there are no failure. */
static void make_folders(struct work *work, const char *path)
{
    char *folder = arena_text(&work->arena, path);

    for (char *slash = strchr(folder + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(folder, 0750);
        *slash = '/';
    }
}

static bool write_all(int fd, bytes piece, int64_t offset)
{
    for (size_t done = 0; done < piece.length;) {
        ssize_t some =
            pwrite(fd, piece.at + done, piece.length - done, (off_t)(offset + (int64_t)done));

        if (some < 0 && errno != EINTR)
            return false;
        done += some > 0 ? (size_t)some : 0;
    }
    return fsync(fd) == 0;
}

bool recording_file_write(struct work *work, const struct recording *recording, int64_t offset,
                          bytes piece)
{
    const char *path = path_of(work, recording);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0640);
    bool ok;

    if (fd < 0 && errno == ENOENT) {
        make_folders(work, path);
        fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0640);
    }
    if (fd < 0)
        return fail_file(work, "open");
    ok = write_all(fd, piece, offset);
    if (!ok)
        fail_file(work, "write");
    close(fd);
    return ok;
}

bool recording_file_read(struct work *work, const struct recording *recording, int64_t offset,
                         size_t length, bytes *piece)
{
    int fd = open(path_of(work, recording), O_RDONLY | O_CLOEXEC);
    unsigned char *at;
    size_t done = 0;
    ssize_t some = 1;

    if (fd < 0)
        return errno == ENOENT ? fail(work, NOT_FOUND, "The recording does not exist")
                               : fail_file(work, "open");
    at = arena_take(&work->arena, 1, length + 1);
    while (done < length && some > 0) {
        some = pread(fd, at + done, length - done, (off_t)(offset + (int64_t)done));
        if (some > 0)
            done += (size_t)some;
        else if (some < 0 && errno == EINTR)
            some = 1;
    }
    close(fd);
    *piece = (bytes){at, done};
    return some >= 0 || fail_file(work, "read");
}

bool recording_file_remove(struct work *work, const struct recording *recording)
{
    return unlink(path_of(work, recording)) == 0 || errno == ENOENT || fail_file(work, "remove");
}
