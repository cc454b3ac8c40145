#include "stream/call_log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/crypto.h"
#include "core/log.h"
#include "core/row_json.h"
#include "domain/tool_definitions.h"
#include "domain/turns.h"
#include "domain/voices.h"
#include "stream/coalesce.h"
#include "stream/live.h"
#include "stream/offloop.h"
#include "stream/tools/run.h"

enum {
    MOST_BYTES = 16 * 1024 * 1024, /* a longer log is not kept */
    MOST_FILES = 50,               /* the oldest goes */
    MOST_WAITING = 8,
    SHORTEST_RUN = 4, /* repeats that are worth folding */
};

static struct {
    struct helper *helper;
    const char *directory;
} logs;

/* An outlet that passes on what it is given, and notes it. */
struct tap {
    struct outlet outlet;
    struct outlet *to;
    struct call_log *log;
    char kind, *room;
    enum message_kind message;
};

struct call_log {
    struct arena arena;
    struct text text;
    int64_t last_us;
    unsigned frames; /* coalesce_frames() as it was noted last */
    bool is_rehearsal, is_full;
    struct tap carrier, model;
};

/* ---- lines ---- */

void call_log_fold(struct text *text, const char *line, size_t length)
{
    for (size_t at = 0; at < length;) {
        size_t times = 1;

        while (at + 4 * (times + 1) <= length && memcmp(line + at, line + at + 4 * times, 4) == 0 &&
               !memchr(line + at, '~', 4))
            times++;
        if (times >= SHORTEST_RUN) {
            text_add(text, "~%zu*%.4s~", times, line + at);
            at += 4 * times;
            continue;
        }
        if (line[at] == '~')
            text_char(text, '~');
        text_char(text, line[at] == '\n' || line[at] == '\r' || !line[at] ? ' ' : line[at]);
        at++;
    }
}

/* One fold, behind its first "~"; how many bytes it takes, 0 when it is none. */
static size_t unfold_one(struct text *out, const char *at, size_t left)
{
    char *behind;
    unsigned long times;

    if (left && *at == '~') {
        text_char(out, '~');
        return 1;
    }
    times = strtoul(at, &behind, 10);
    if ((size_t)(behind - at) + 6 > left || *behind != '*' || behind[5] != '~' ||
        times > MOST_BYTES / 4)
        return 0;
    while (times--)
        text_bytes(out, behind + 1, 4);
    return (size_t)(behind - at) + 6;
}

char *call_log_unfold(struct arena *arena, const char *folded, size_t length, size_t *unfolded)
{
    struct text out = {.arena = arena};

    text_put(&out, "");
    for (size_t at = 0; at < length && out.length < MOST_BYTES;) {
        size_t taken = folded[at] == '~' ? unfold_one(&out, folded + at + 1, length - at - 1) : 0;

        if (!taken)
            text_char(&out, folded[at]);
        at += 1 + taken;
    }
    *unfolded = out.length;
    return out.at;
}

void call_log_describe(struct text *text, enum message_kind kind, const char *message,
                       size_t length)
{
    char hex[65];
    hash256 hash;

    if (kind != MESSAGE_AUDIO) {
        call_log_fold(text, message, length);
        return;
    }
    hash = sha256(message, length);
    hex_write(hash.bytes, 8, hex);
    text_add(text, "#%zu:%s", length, hex);
}

static void begin_line(struct call_log *log, char kind)
{
    int64_t now_us = sockets_now_us();

    text_add(&log->text, "%lld %c ", (long long)(now_us - log->last_us), kind);
    log->last_us = now_us;
    log->is_full = log->is_full || log->text.length > MOST_BYTES;
}

static bool takes(const struct call_log *log)
{
    return log && !log->is_full;
}

/* It changes between two turns of the loop, so before what comes in. */
static void note_pressure(struct call_log *log)
{
    if (coalesce_frames() == log->frames)
        return;
    log->frames = coalesce_frames();
    begin_line(log, 'p');
    text_add(&log->text, "%u\n", log->frames);
}

/* A token is good for one use, but it is a secret all the same. */
static void hide_token(char *text)
{
    static const char name[] = "\"stream_token\":\"";
    char *at = strstr(text, name);

    for (at = at ? at + sizeof name - 1 : NULL; at && *at && *at != '"'; at++)
        *at = 'x';
}

void call_log_add(struct call_log *log, char kind, const char *text, size_t length)
{
    struct arena arena = {0};
    char *copy;

    if (!takes(log))
        return;
    if (kind != 'C' && kind != 'M')
        note_pressure(log);
    begin_line(log, kind);
    copy = arena_copy(&arena, text, length);
    if (kind == 'c')
        hide_token(copy);
    call_log_fold(&log->text, copy, length);
    text_char(&log->text, '\n');
    arena_free(&arena);
}

void call_log_closed(struct call_log *log, char kind, const struct closing *closing)
{
    struct arena arena = {0};
    struct text text = {.arena = &arena};

    text_add(&text, "{\"status\":%d,\"code\":%u,\"reason\":", closing->status, closing->code);
    text_json(&text, closing->reason);
    text_put(&text, "}");
    call_log_add(log, kind, text.at, text.length);
    arena_free(&arena);
}

static void write_rows(struct text *text, const char *name, const struct entity *entity,
                       const void *rows, size_t count)
{
    text_add(text, ",\"%s\":[", name);
    for (size_t i = 0; i < count; i++) {
        text_put(text, i ? "," : "");
        row_write_json(text, entity, (const char *)rows + i * entity->size);
    }
    text_put(text, "]");
}

/* Sound that comes from elsewhere than the model, or from another leg, is not in a log. */
static bool can_be_replayed(const struct claimed *claimed)
{
    const struct voice_choice *voice = claimed->voice;

    return claimed->call->carrier && strcmp(claimed->call->carrier, "sim") == 0 && !claimed->room &&
           (!voice || !voice->provider || strcmp(voice->provider, VOICE_OPENAI) == 0);
}

void call_log_claimed(struct call_log *log, const struct claimed *claimed)
{
    struct arena arena = {0};
    struct text text = {.arena = &arena};

    if (!log)
        return;
    log->is_rehearsal = can_be_replayed(claimed);
    text_put(&text, "{\"session\":");
    row_write_json(&text, &voice_session_entity, claimed->session);
    text_put(&text, ",\"call\":");
    row_write_json(&text, &call_entity, claimed->call);
    text_put(&text, ",\"version\":");
    row_write_json(&text, &agent_version_entity, claimed->version);
    write_rows(&text, "history", &turn_entity, claimed->history, claimed->nhistory);
    write_rows(&text, "tools", &tool_definition_entity, claimed->tools, claimed->ntools);
    text_add(&text, ",\"tenant_records\":%s,\"redacts\":%u}",
             claimed->tenant_records ? "true" : "false", claimed->redacts);
    call_log_add(log, 'a', text.at, text.length);
    arena_free(&arena);
}

void call_log_refused(struct call_log *log, const struct error *error)
{
    const char *code = failure_code(error->what);

    call_log_add(log, 'r', code, strlen(code));
}

void call_log_order(struct call_log *log, const char *kind, json_object *args)
{
    struct arena arena = {0};
    struct text text = {.arena = &arena};

    if (!log)
        return;
    text_put(&text, "{\"kind\":");
    text_json(&text, kind);
    text_add(&text, ",\"args\":%s}", args ? json_write(&arena, args) : "{}");
    call_log_add(log, 'v', text.at, text.length);
    arena_free(&arena);
}

void call_log_tool(struct call_log *log, const char *call_ref, const struct outcome *outcome)
{
    struct arena arena = {0};
    struct text text = {.arena = &arena};
    const char *const members[][2] = {{"ref", call_ref},
                                      {"status", outcome->status},
                                      {"output", outcome->output},
                                      {"error", outcome->error}};

    if (!log)
        return;
    for (size_t i = 0; i < COUNT(members); i++) {
        text_add(&text, "%s\"%s\":", i ? "," : "{", members[i][0]);
        text_json(&text, members[i][1]);
    }
    text_add(&text, ",\"http_status\":%lld}", (long long)outcome->http_status);
    call_log_add(log, 'u', text.at, text.length);
    arena_free(&arena);
}

/* ---- what goes out ---- */

static char *tap_begin(struct outlet *outlet, enum message_kind kind, size_t most)
{
    struct tap *tap = (struct tap *)outlet;

    tap->message = kind;
    tap->room = tap->to->begin(tap->to, kind, most);
    return tap->room;
}

static void tap_end(struct outlet *outlet, size_t length)
{
    struct tap *tap = (struct tap *)outlet;

    if (takes(tap->log)) {
        begin_line(tap->log, tap->kind);
        call_log_describe(&tap->log->text, tap->message, tap->room, length);
        text_char(&tap->log->text, '\n');
    }
    tap->to->end(tap->to, length);
    tap->outlet.dropped = tap->to->dropped;
}

static void tap_drop(struct outlet *outlet)
{
    struct tap *tap = (struct tap *)outlet;

    call_log_add(tap->log, tap->kind, "-", 1);
    tap->to->drop_audio(tap->to);
}

static void tap_close(struct outlet *outlet, unsigned code, const char *reason)
{
    struct tap *tap = (struct tap *)outlet;
    char text[16];
    int length = snprintf(text, sizeof text, "!%u", code);

    call_log_add(tap->log, tap->kind, text, (size_t)length);
    tap->to->close(tap->to, code, reason);
}

struct outlet *call_log_tap(struct call_log *log, struct outlet *outlet, char kind)
{
    struct tap *tap;

    if (!log)
        return outlet;
    tap = kind == 'C' ? &log->carrier : &log->model;
    *tap = (struct tap){
        .outlet = {.begin = tap_begin, .end = tap_end, .drop_audio = tap_drop, .close = tap_close},
        .to = outlet,
        .log = log,
        .kind = kind,
    };
    return &tap->outlet;
}

/* ---- files ---- */

/* A log on its way to its file. */
struct writing {
    struct task task;
    struct call_log *log;
    char path[600];
};

/* The time that ends a log's name; 0: it is none. */
static long long time_of_name(const char *name)
{
    const char *dash = strrchr(name, '-');
    long long ms;
    char behind[8];

    return dash && sscanf(dash + 1, "%lld.%7s", &ms, behind) == 2 && strcmp(behind, "call") == 0
               ? ms
               : 0;
}

/* Removes the oldest log when there are too many; each that is written removes one at most. */
static void remove_oldest(struct work *work)
{
    DIR *directory = opendir(logs.directory);
    const char *oldest = NULL;
    long long oldest_ms = 0;
    struct dirent *entry;
    size_t count = 0;

    while (directory && (entry = readdir(directory))) {
        long long ms = time_of_name(entry->d_name);

        count += ms > 0;
        if (ms > 0 && (!oldest || ms < oldest_ms)) {
            oldest = arena_format(&work->arena, "%s/%s", logs.directory, entry->d_name);
            oldest_ms = ms;
        }
    }
    if (directory)
        closedir(directory);
    if (count > MOST_FILES)
        unlink(oldest);
}

static void write_file(struct work *work, struct task *task)
{
    const struct writing *writing = (const struct writing *)task;
    const struct text *text = &writing->log->text;
    const char *temporary = arena_format(&work->arena, "%s.new", writing->path);
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool ok = fd >= 0 && write(fd, text->at, text->length) == (ssize_t)text->length;

    if (fd >= 0)
        close(fd);
    if (!ok || rename(temporary, writing->path) != 0)
        log_error(work, "call_log.not_written", "%s", strerror(errno));
    remove_oldest(work);
}

static void free_log(struct call_log *log)
{
    arena_free(&log->arena);
    free(log);
}

static void written(struct task *task)
{
    struct writing *writing = (struct writing *)task;

    free_log(writing->log);
    free(writing);
}

struct call_log *call_log_begin(const char *ip)
{
    struct call_log *log;

    if (!logs.helper)
        return NULL;
    log = calloc(1, sizeof *log);
    if (!log)
        abort();
    log->text.arena = &log->arena;
    log->last_us = sockets_now_us();
    log->frames = 1;
    text_add(&log->text, "0 s {\"version\":1,\"now_ms\":%lld,\"ip\":", (long long)clock_now().ms);
    text_json(&log->text, ip);
    text_put(&log->text, "}\n");
    return log;
}

void call_log_end(struct call_log *log, const char *call_sid)
{
    struct writing *writing;

    if (!log)
        return;
    writing = calloc(1, sizeof *writing);
    if (!writing)
        abort();
    *writing = (struct writing){.task = {.run = write_file, .done = written}, .log = log};
    snprintf(writing->path, sizeof writing->path, "%s/%s-%lld.call", logs.directory, call_sid,
             (long long)clock_now().ms);
    if (log->is_rehearsal && !log->is_full && log->carrier.to && call_sid[0] && logs.helper &&
        helper_give(logs.helper, &writing->task))
        return;
    free_log(log);
    free(writing);
}

bool call_logs_start(const struct config *config)
{
    if (!config->call_log_dir || !*config->call_log_dir)
        return true;
    logs.directory = config->call_log_dir;
    mkdir(logs.directory, 0700);
    logs.helper = helper_start("call-logs", config, false, MOST_WAITING);
    return logs.helper != NULL;
}

void call_logs_stop(void)
{
    if (logs.helper)
        helper_stop(logs.helper);
    logs.helper = NULL;
}
