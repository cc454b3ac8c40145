#include "stream/replay.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/log.h"
#include "core/text.h"
#include "stream/call_log.h"
#include "stream/replay/inside.h"

enum { MOST_FILE = 64 * 1024 * 1024 };

struct replay replaying;

static bool go_through(void)
{
    struct line_read line;
    const char *behind;

    while (!replay_differs() && replay_peek(&line, &behind)) {
        if (replay_is_output(line.kind) && !replaying.accepted) {
            replay_expect_silence();
            break;
        }
        replay_move_on(&line, behind);
        clock_advance_us(line.after_us);
        if (replay_is_output(line.kind))
            continue;
        sockets_send();
        line.text = call_log_unfold(&replaying.scratch, line.text, line.length, &line.length);
        if (!replay_hand_in(&line)) {
            snprintf(replaying.result->difference, sizeof replaying.result->difference,
                     "line %zu is no line of a log\n", line.number);
            return false;
        }
        replaying.result->inputs++;
        arena_reset(&replaying.scratch);
    }
    if (!replay_differs() && replaying.at < replaying.end)
        snprintf(replaying.result->difference, sizeof replaying.result->difference,
                 "line %zu is no line of a log\n", replaying.number + 1);
    return replaying.live != NULL;
}

static char *read_all(const char *path, size_t *length)
{
    FILE *file = fopen(path, "rb");
    char *text = file ? malloc(MOST_FILE) : NULL;

    *length = text ? fread(text, 1, MOST_FILE, file) : 0;
    if (file)
        fclose(file);
    return text;
}

static bool replay(const char *path, FILE *accepted, struct replay_result *result)
{
    size_t length;
    char *text = read_all(path, &length);
    bool ok;

    *result = (struct replay_result){0};
    if (!text || !length) {
        snprintf(result->difference, sizeof result->difference, "%s: %s\n", path,
                 text ? "empty" : strerror(errno));
        free(text);
        return false;
    }
    replaying =
        (struct replay){.at = text, .end = text + length, .result = result, .accepted = accepted};
    replaying.config = config_defaults;
    replaying.config.node_capacity = 1;
    replay_stand_in();
    ok = go_through();
    replay_let_go();
    clock_release();
    arena_free(&replaying.scratch);
    arena_free(&replaying.arena);
    free(text);
    return ok;
}

bool replay_file(const char *path, struct replay_result *result)
{
    return replay(path, NULL, result);
}

/* Writes beside the file, and takes its place when all went through. */
static bool accept_file(const char *path, struct replay_result *result)
{
    struct arena arena = {0};
    const char *beside = arena_format(&arena, "%s.new", path);
    FILE *accepted = fopen(beside, "wb");
    bool ok = accepted && replay(path, accepted, result) && !result->difference[0];

    ok = accepted && fclose(accepted) == 0 && ok && rename(beside, path) == 0;
    if (!ok && !result->difference[0])
        snprintf(result->difference, sizeof result->difference, "%s\n", strerror(errno));
    arena_free(&arena);
    return ok;
}

int replay_main(const char *path, bool accept)
{
    static struct replay_result result;
    bool ok;

    log_open("replay", "/dev/null");
    ok = accept ? accept_file(path, &result) : replay_file(path, &result);
    if (!ok || result.difference[0]) {
        fprintf(stderr, "%s: %s", path, result.difference);
        return EXIT_FAILURE;
    }
    printf("%s: %zu messages in, %zu out, %s\n", path, result.inputs, result.outputs,
           accept ? "and so they shall be" : "all as they were");
    return EXIT_SUCCESS;
}
