#include "stream/spool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/log.h"

enum { PATH = 440, SUM = SPOOL_SUM };

static void write_path(const char *directory, uint64_t file, char path[PATH])
{
    snprintf(path, PATH, "%s/%08" PRIu64 ".log", directory, file);
}

/* FNV-1a: it is disks that lie here, not people. */
static uint32_t sum_of(const char *line, size_t length)
{
    uint32_t sum = 2166136261U;

    for (size_t i = 0; i < length; i++)
        sum = (sum ^ (unsigned char)line[i]) * 16777619U;
    return sum;
}

bool spool_place_before(struct spool_place a, struct spool_place b)
{
    return a.file < b.file || (a.file == b.file && a.offset < b.offset);
}

/* The lowest and highest number of the directory's files; 0 when there is none. */
static void find_files(const char *directory, uint64_t *lowest, uint64_t *highest)
{
    DIR *entries = opendir(directory);
    struct dirent *entry;
    uint64_t file;
    char behind;

    *lowest = *highest = 0;
    while (entries && (entry = readdir(entries))) {
        if (sscanf(entry->d_name, "%" SCNu64 ".lo%c", &file, &behind) != 2 || behind != 'g')
            continue;
        if (!*lowest || file < *lowest)
            *lowest = file;
        if (file > *highest)
            *highest = file;
    }
    if (entries)
        closedir(entries);
}

/* ---- appending ---- */

static bool open_next(struct spool *spool)
{
    char path[PATH];
    int fd;

    write_path(spool->directory, spool->end.file + 1, path);
    fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0) {
        log_error(NULL, "spool.not_opened", "path=%s text=\"%s\"", path, strerror(errno));
        return false;
    }
    if (spool->fd >= 0)
        close(spool->fd);
    spool->fd = fd;
    spool->end = (struct spool_place){spool->end.file + 1, 0};
    return true;
}

bool spool_open(struct spool *spool, const char *directory)
{
    uint64_t lowest;

    *spool = (struct spool){.fd = -1};
    snprintf(spool->directory, sizeof spool->directory, "%s", directory);
    if (mkdir(directory, 0700) != 0 && errno != EEXIST) {
        log_error(NULL, "spool.not_opened", "path=%s text=\"%s\"", directory, strerror(errno));
        return false;
    }
    find_files(directory, &lowest, &spool->end.file);
    return open_next(spool);
}

/* What a full disk took of a line is cut off again, so that the next one begins cleanly. */
bool spool_append(struct spool *spool, const char *line, size_t length)
{
    char head[SUM + 1];
    char *whole;
    ssize_t written;

    if (length > SPOOL_LINE)
        return true;
    if (spool->end.offset >= SPOOL_FILE_SIZE && !open_next(spool))
        return false;
    whole = malloc(SUM + length + 1);
    if (!whole)
        abort();
    snprintf(head, sizeof head, "%08" PRIx32 " ", sum_of(line, length));
    memcpy(whole, head, SUM);
    memcpy(whole + SUM, line, length);
    whole[SUM + length] = '\n';
    written = write(spool->fd, whole, SUM + length + 1);
    free(whole);
    if (written == (ssize_t)(SUM + length + 1)) {
        spool->end.offset += (uint64_t)written;
        return true;
    }
    if (written > 0 && ftruncate(spool->fd, (off_t)spool->end.offset) != 0)
        open_next(spool);
    return false;
}

void spool_sync(struct spool *spool)
{
    fdatasync(spool->fd);
}

void spool_close(struct spool *spool)
{
    if (spool->fd >= 0)
        close(spool->fd);
    spool->fd = -1;
}

bool spool_probe(const struct spool *spool)
{
    static const char page[4096];
    char path[PATH];
    int fd;
    bool ok;

    snprintf(path, sizeof path, "%s/probe", spool->directory);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ok = fd >= 0 && write(fd, page, sizeof page) == (ssize_t)sizeof page && fdatasync(fd) == 0;
    if (fd >= 0)
        close(fd);
    unlink(path);
    return ok;
}

uint64_t spool_first(const char *directory)
{
    uint64_t lowest, highest;

    find_files(directory, &lowest, &highest);
    return lowest;
}

size_t spool_bytes(const char *directory)
{
    uint64_t lowest, highest;
    size_t bytes = 0;
    char path[PATH];
    struct stat seen;

    find_files(directory, &lowest, &highest);
    for (uint64_t file = lowest; lowest && file <= highest; file++) {
        write_path(directory, file, path);
        if (stat(path, &seen) == 0)
            bytes += (size_t)seen.st_size;
    }
    return bytes;
}

/* ---- reading ---- */

/* The reader stays where it is when the file cannot be opened: errno says why. */
static bool open_at(struct spool_reader *reader, uint64_t file)
{
    char path[PATH];
    int fd;

    write_path(reader->directory, file, path);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    if (reader->fd >= 0)
        close(reader->fd);
    reader->fd = fd;
    reader->at = (struct spool_place){file, 0};
    reader->window_length = 0;
    return true;
}

bool spool_reader_open(struct spool_reader *reader, const char *directory)
{
    uint64_t lowest, highest;

    *reader = (struct spool_reader){.fd = -1};
    snprintf(reader->directory, sizeof reader->directory, "%s", directory);
    find_files(directory, &lowest, &highest);
    return lowest && open_at(reader, lowest);
}

/* What is known of the file from an offset on; how much goes into "length". */
static const char *seen_from(const struct spool_reader *reader, uint64_t offset, size_t *length)
{
    size_t skipped = (size_t)(offset - reader->window_at);

    *length = 0;
    if (offset < reader->window_at || skipped >= reader->window_length)
        return NULL;
    *length = reader->window_length - skipped;
    return reader->window + skipped;
}

/* The newline that ends the line at an offset: in what was read already, or read anew. */
static const char *find_end(struct spool_reader *reader, uint64_t offset, const char **text)
{
    size_t length;
    const char *end;
    ssize_t got;

    *text = seen_from(reader, offset, &length);
    end = length ? memchr(*text, '\n', length) : NULL;
    if (end)
        return end;
    got = pread(reader->fd, reader->window, sizeof reader->window, (off_t)offset);
    reader->window_at = offset;
    reader->window_length = got > 0 ? (size_t)got : 0;
    *text = reader->window;
    return got > 0 ? memchr(*text, '\n', (size_t)got) : NULL;
}

/* The line at a place; false at the end of what is whole. */
static bool read_line(struct spool_reader *reader, struct arena *arena, struct spool_place at,
                      struct spool_line *line)
{
    const char *text, *end = find_end(reader, at.offset, &text);
    size_t length;

    if (!end || end - text < SUM)
        return false;
    length = (size_t)(end - text) - SUM;
    *line = (struct spool_line){
        .text = arena_copy(arena, text + SUM, length),
        .length = length,
        .behind = {at.file, at.offset + SUM + length + 1},
    };
    return strtoul(text, NULL, 16) == sum_of(line->text, length);
}

static void remove_file(const struct spool_reader *reader, uint64_t file)
{
    char path[PATH];

    write_path(reader->directory, file, path);
    unlink(path);
}

/* How much of the file has no line that can be read. */
static uint64_t rest_of(const struct spool_reader *reader)
{
    struct stat seen;
    bool has_rest = fstat(reader->fd, &seen) == 0 && (uint64_t)seen.st_size > reader->at.offset;

    return has_rest ? (uint64_t)seen.st_size - reader->at.offset : 0;
}

/*
 * Goes to the next file when this one has no whole line left and is not written any more.  One that
 * cannot be opened just now is not passed over.
 */
static bool pass_on(struct spool_reader *reader, struct spool_place end)
{
    uint64_t old = reader->at.file;
    uint64_t rest = rest_of(reader);

    for (uint64_t file = old + 1; file <= end.file; file++) {
        if (open_at(reader, file)) {
            if (rest)
                log_warning(NULL, "spool.not_read", "file=%" PRIu64 " bytes=%" PRIu64, old, rest);
            remove_file(reader, old - 1);
            return true;
        }
        if (errno != ENOENT)
            return false;
    }
    return false;
}

size_t spool_read(struct spool_reader *reader, struct arena *arena, struct spool_place end,
                  struct spool_line *lines, size_t most)
{
    struct spool_place at = reader->at;
    size_t count = 0;

    do {
        while (count < most && spool_place_before(at, end) &&
               read_line(reader, arena, at, &lines[count]))
            at = lines[count++].behind;
    } while (count == 0 && pass_on(reader, end) && (at = reader->at, true));
    return count;
}

void spool_taken(struct spool_reader *reader, struct spool_place place)
{
    reader->at = place;
}

void spool_reader_close(struct spool_reader *reader, bool all_taken)
{
    if (reader->fd >= 0)
        close(reader->fd);
    reader->fd = -1;
    if (!all_taken)
        return;
    remove_file(reader, reader->at.file - 1);
    remove_file(reader, reader->at.file);
}
