#include "core/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/text.h"

enum { MAX_TEXT = 2048 }; /* of what a caller says in one line */

/* The descriptor's number never changes while the log is open, so that threads need no lock. */
static struct {
    int fd;
    bool verbose;
    char program[40], path[1024];
} out = {.fd = STDERR_FILENO, .program = "trunkline"};

static int open_file(const char *path)
{
    return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
}

bool log_open(const char *program, const char *path)
{
    int fd = STDERR_FILENO;

    if (path && strlen(path) >= sizeof out.path) {
        errno = ENAMETOOLONG;
        return false;
    }
    if (path && *path && (fd = open_file(path)) < 0)
        return false;
    if (out.fd != STDERR_FILENO)
        close(out.fd);
    out.fd = fd;
    snprintf(out.program, sizeof out.program, "%s", program);
    snprintf(out.path, sizeof out.path, "%s", path ? path : "");
    return true;
}

void log_reopen(void)
{
    int fd;

    if (!*out.path)
        return;
    fd = open_file(out.path);
    if (fd < 0) {
        log_error(NULL, "log.not_reopened", "%s", strerror(errno));
        return;
    }
    dup2(fd, out.fd);
    fcntl(out.fd, F_SETFD, FD_CLOEXEC);
    close(fd);
}

void log_verbose(bool verbose)
{
    out.verbose = verbose;
}

static void add_member(struct text *line, const char *name, const char *value)
{
    text_put(line, name);
    text_json(line, value);
}

static void begin_line(struct text *line, const struct work *work, const char *level,
                       const char *event)
{
    char at[32];

    instant_write_iso(clock_now(), ISO_MILLISECONDS, at);
    add_member(line, "{\"at\":", at);
    add_member(line, ",\"level\":", level);
    add_member(line, ",\"program\":", out.program);
    text_put(line, ",\"pid\":");
    text_integer(line, getpid());
    add_member(line, ",\"event\":", event);
    if (work && work->id)
        add_member(line, ",\"work\":", work->id);
    if (work && work->tenant) {
        text_put(line, ",\"tenant\":");
        text_integer(line, work->tenant);
    }
}

/* One write for one line: lines of processes that share a file or a pipe do not mix. */
static void end_line(struct text *line)
{
    ssize_t written;

    text_put(line, "}\n");
    do
        written = write(out.fd, line->at, line->length);
    while (written < 0 && errno == EINTR);
}

static void say(const struct work *work, const char *level, const char *event, const char *format,
                va_list args)
{
    char said[MAX_TEXT], room[2 * MAX_TEXT];
    struct arena arena = {0};
    struct text line = {.arena = &arena, .at = room, .room = sizeof room};
    int before = errno, length = vsnprintf(said, sizeof said, format, args);

    if (length < 0)
        said[0] = '\0';
    else if ((size_t)length >= sizeof said)
        memcpy(said + sizeof said - 4, "...", 4);
    begin_line(&line, work, level, event);
    if (said[0])
        add_member(&line, ",\"text\":", said);
    end_line(&line);
    arena_free(&arena);
    errno = before;
}

void log_debug(const struct work *work, const char *event, const char *format, ...)
{
    va_list args;

    if (!out.verbose)
        return;
    va_start(args, format);
    say(work, "debug", event, format, args);
    va_end(args);
}

void log_info(const struct work *work, const char *event, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say(work, "info", event, format, args);
    va_end(args);
}

void log_warning(const struct work *work, const char *event, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say(work, "warning", event, format, args);
    va_end(args);
}

void log_error(const struct work *work, const char *event, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say(work, "error", event, format, args);
    va_end(args);
}

void log_members(const struct work *work, const char *event, const char *members)
{
    char room[2 * MAX_TEXT];
    struct arena arena = {0};
    struct text line = {.arena = &arena, .at = room, .room = sizeof room};
    int before = errno;

    begin_line(&line, work, "info", event);
    if (*members) {
        text_char(&line, ',');
        text_put(&line, members);
    }
    end_line(&line);
    arena_free(&arena);
    errno = before;
}
