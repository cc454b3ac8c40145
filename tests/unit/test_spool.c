#include <criterion/criterion.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "folder.h"
#include "stream/spool.h"

static char directory[FOLDER_SIZE];
static struct spool spool;
static struct spool_reader reader;
static struct arena arena;

static void begin(void)
{
    folder_make(directory);
    cr_assert(spool_open(&spool, directory));
    cr_assert(spool_reader_open(&reader, directory));
}

/* How many files the spool has. */
static size_t files(void)
{
    DIR *entries = opendir(directory);
    struct dirent *entry;
    size_t count = 0;

    while ((entry = readdir(entries)))
        count += entry->d_name[0] != '.';
    closedir(entries);
    return count;
}

static void end(void)
{
    spool_close(&spool);
    spool_reader_close(&reader, false);
    folder_remove(directory);
    arena_free(&arena);
}

TestSuite(spool, .init = begin, .fini = end);

static void append(const char *text)
{
    cr_assert(spool_append(&spool, text, strlen(text)));
}

/* Takes everything there is; how many lines that was, and the last of them. */
static size_t take_all(char last[64])
{
    struct spool_line lines[16];
    size_t total = 0, count;

    while ((count = spool_read(&reader, &arena, spool.end, lines, 16))) {
        total += count;
        snprintf(last, 64, "%.*s", (int)lines[count - 1].length, lines[count - 1].text);
        spool_taken(&reader, lines[count - 1].behind);
        arena_reset(&arena);
    }
    return total;
}

/* The process died and another one starts. */
static void restart(void)
{
    spool_close(&spool);
    spool_reader_close(&reader, false);
    cr_assert(spool_open(&spool, directory));
    cr_assert(spool_reader_open(&reader, directory));
}

Test(spool, gives_lines_in_their_order)
{
    struct spool_line lines[4];

    append("one");
    append("two");
    cr_assert_eq(spool_read(&reader, &arena, spool.end, lines, 4), 2);
    cr_expect_eq(strncmp(lines[0].text, "one", lines[0].length), 0);
    cr_expect_eq(strncmp(lines[1].text, "two", lines[1].length), 0);
}

Test(spool, what_was_not_taken_is_read_again)
{
    struct spool_line lines[4];
    char last[64];

    append("one");
    append("two");
    spool_read(&reader, &arena, spool.end, lines, 4);
    spool_taken(&reader, lines[0].behind);
    cr_expect_eq(take_all(last), 1);
    cr_expect_str_eq(last, "two");
}

Test(spool, reads_no_further_than_it_is_told)
{
    struct spool_place end = spool.end;
    struct spool_line lines[4];

    append("one");
    cr_expect_eq(spool_read(&reader, &arena, end, lines, 4), 0);
}

Test(spool, survives_the_process_and_comes_before_what_is_new)
{
    struct spool_line lines[4];
    char last[64];

    append("old");
    restart();
    append("new");
    cr_assert_eq(spool_read(&reader, &arena, spool.end, lines, 4), 1, "a file at a time");
    cr_expect_eq(strncmp(lines[0].text, "old", 3), 0);
    cr_expect_eq(take_all(last), 2);
    cr_expect_str_eq(last, "new");
    append("newer");
    restart();
    append("newest");
    cr_expect_eq(take_all(last), 4, "with those, which are there still");
    cr_expect_eq(files(), 2, "of files that were taken only the last one stays");
}

Test(spool, a_line_cut_short_by_a_crash_is_passed_over)
{
    char path[400], last[64];
    int fd;

    append("whole");
    snprintf(path, sizeof path, "%s/%08d.log", directory, (int)spool.end.file);
    fd = open(path, O_WRONLY | O_APPEND);
    cr_assert_eq(write(fd, "0123abcd {\"ki", 13), 13);
    close(fd);
    restart();
    append("next");
    cr_expect_eq(take_all(last), 2);
    cr_expect_str_eq(last, "next");
}

Test(spool, a_line_that_the_disk_changed_is_not_given)
{
    char path[400], last[64] = "";
    int fd;

    append("right");
    append("wrong");
    snprintf(path, sizeof path, "%s/%08d.log", directory, (int)spool.end.file);
    fd = open(path, O_WRONLY);
    cr_assert_eq(pwrite(fd, "W", 1, (off_t)spool.end.offset - 6), 1);
    close(fd);
    cr_expect_eq(take_all(last), 1);
    cr_expect_str_eq(last, "right");
}

Test(spool, grows_over_many_files_and_leaves_none_behind)
{
    char text[600], last[64];

    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    for (int i = 0; i < 5000; i++)
        append(text);
    cr_expect_geq(spool.end.file, 3);
    cr_expect_geq(files(), 3);
    cr_expect_eq(take_all(last), 5000);
    cr_expect_eq(files(), 2);
    spool_reader_close(&reader, true);
    cr_expect_eq(files(), 0);
}

/* A process that may open no file more. */
static void run_out_of_files(bool out)
{
    struct rlimit limit;

    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = out ? 1 : limit.rlim_max;
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

Test(spool, waits_for_a_file_that_cannot_be_opened_just_now)
{
    char text[600], last[64];
    size_t before, behind;

    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    while (spool.end.file < 4)
        append(text);
    run_out_of_files(true);
    before = take_all(last);
    cr_expect_eq(take_all(last), 0);
    run_out_of_files(false);
    cr_expect_eq(files(), 4, "nothing is removed that was not read");
    behind = take_all(last);
    cr_expect_eq(before * 3 + 1, before + behind, "of %zu and %zu", before, behind);
}

Test(spool, of_a_directory_that_cannot_be_made_is_none)
{
    struct spool other;

    cr_expect_not(spool_open(&other, "/proc/no/such/place"));
}
