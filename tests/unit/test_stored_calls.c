/*
 * Each file of tests/stream/calls is a call that once took place: what the bridge says to both
 * sides is still what it said then.  "make replay FILE=… ACCEPT=1" takes what it says now.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/text.h"
#include "stream/call_log.h"
#include "stream/replay.h"

#define CALLS "tests/stream/calls"

static char names[64][128];

ParameterizedTestParameters(stored_calls, are_said_again)
{
    DIR *directory = opendir(CALLS);
    struct dirent *entry;
    size_t count = 0;

    while (directory && (entry = readdir(directory)))
        if (strstr(entry->d_name, ".call") && count < 64)
            snprintf(names[count++], sizeof names[0], "%.127s", entry->d_name);
    if (directory)
        closedir(directory);
    return cr_make_param_array(char[128], names, count);
}

ParameterizedTest(char (*name)[128], stored_calls, are_said_again)
{
    static struct replay_result result;
    char path[256];

    snprintf(path, sizeof path, "%s/%s", CALLS, *name);
    cr_assert(replay_file(path, &result), "%s", result.difference);
    cr_expect_str_empty(result.difference, "%s: %s", *name, result.difference);
    cr_expect_gt(result.outputs, 100);
}

/* The first stored call with one text in it replaced; its path. */
static const char *altered(const char *from, const char *to)
{
    static char path[] = "/tmp/replay-test-XXXXXX";
    struct arena arena = {0};
    struct text text = {.arena = &arena};
    char *at, source[256];
    FILE *file;
    int fd = mkstemp(path);

    snprintf(source, sizeof source, "%s/bicycle.call", CALLS);
    file = fopen(source, "rb");
    cr_assert_not_null(file);
    text.length = fread(text_room(&text, 4 << 20), 1, 4 << 20, file);
    fclose(file);
    text_char(&text, '\n');
    at = strstr(text.at, from);
    cr_assert_not_null(at);
    cr_assert_eq(write(fd, text.at, (size_t)(at - text.at)), at - text.at);
    cr_assert_eq(write(fd, to, strlen(to)), (ssize_t)strlen(to));
    at += strlen(from);
    cr_assert_eq(write(fd, at, strlen(at) - 1), (ssize_t)strlen(at) - 1);
    close(fd);
    arena_free(&arena);
    return path;
}

Test(replay_file, shows_the_first_difference)
{
    static struct replay_result result;

    cr_assert(replay_file(altered("\"purpose\":\"greeting\"", "\"purpose\":\"welcome\""), &result));
    cr_expect_not_null(strstr(result.difference, "said to the model"), "%s", result.difference);
    cr_expect_not_null(strstr(result.difference, "then: "), "%s", result.difference);
    cr_expect_not_null(strstr(result.difference, "welcome"), "%s", result.difference);
}

Test(replay_file, shows_what_is_not_said_any_more)
{
    static struct replay_result result;

    cr_assert(replay_file(altered(" t \n", " t \n0 C -\n"), &result));
    cr_expect_not_null(strstr(result.difference, "not said to the carrier any more"), "%s",
                       result.difference);
}

Test(replay_file, refuses_what_is_no_log)
{
    static struct replay_result result;

    cr_expect_not(replay_file("/nowhere", &result));
    cr_expect_not(replay_file("Makefile", &result));
    cr_expect_not(replay_file(altered("0 s {\"version\":1", "0 s {\"version\":9"), &result));
}

Test(call_log, folds_what_repeats_and_unfolds_it_again)
{
    static const char *const texts[] = {
        "",       "abcd",     "////////////////////////////////",
        "a~b~~c", "~3*abcd~", "{\"payload\":\"fn5+fn5+fn5+fn5+fn5+fn5+fn5+fn4=\"}",
    };
    struct arena arena = {0};

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct text folded = {.arena = &arena};
        size_t length;
        const char *back;

        text_put(&folded, "");
        call_log_fold(&folded, texts[i], strlen(texts[i]));
        back = call_log_unfold(&arena, folded.at, folded.length, &length);
        cr_expect_str_eq(back, texts[i]);
        cr_expect_eq(length, strlen(texts[i]));
    }
    arena_free(&arena);
}
