#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "domain/journal.h"
#include "folder.h"
#include "tenancy.h"

static char directory[FOLDER_SIZE];
static struct config config;
static struct work work;

/* What was applied, in its order, each in brackets. */
static char applied[4000];
static int fails_after = -1; /* so many more records are applied before the store is away */

static bool apply(struct work *one, const char *record, size_t length)
{
    if (fails_after == 0)
        return fail(one, BUSY, "away");
    fails_after--;
    if (length == 3 && memcmp(record, "bad", 3) == 0)
        return fail(one, INVALID, "no good");
    snprintf(applied + strlen(applied), sizeof applied - strlen(applied), "[%.*s]", (int)length,
             record);
    return true;
}

static void setup(void)
{
    folder_make(directory);
    config = tenancy_config;
    config.spool_dir = directory;
    work = (struct work){.id = "test", .config = &config};
}

static void end(void)
{
    folder_remove(directory);
    work_end(&work);
}

TestSuite(journal, .init = setup, .fini = end);

static void append(const char *record)
{
    cr_assert(journal_append(&work, record, strlen(record)), "%s", work.error.message);
}

static const char *file(const char *name)
{
    return arena_format(&work.arena, "%s/journal/%s", directory, name);
}

Test(journal, is_empty_at_first)
{
    cr_expect_not(journal_waiting(&work));
    cr_expect_eq(journal_replay(&work, apply), 0);
}

Test(journal, applies_in_the_order_of_writing)
{
    append("one");
    append("");
    append("two\nrecord 3 abcdef01\nxyz\n");
    cr_expect(journal_waiting(&work));
    cr_expect_eq(journal_replay(&work, apply), 3);
    cr_expect_str_eq(applied, "[one][][two\nrecord 3 abcdef01\nxyz\n]");
    cr_expect_not(journal_waiting(&work));
    cr_expect_eq(journal_replay(&work, apply), 0);
}

/* Files that other replayers left when they died. */
Test(journal, applies_older_files_first)
{
    for (char c = '9'; c > '0'; c--) {
        append((const char[]){c, '\0'});
        cr_assert_eq(rename(file("current"), file(arena_format(&work.arena, "claimed-%c", c))), 0);
    }
    append("last");
    cr_expect_eq(journal_replay(&work, apply), 10);
    cr_expect_str_eq(applied, "[1][2][3][4][5][6][7][8][9][last]");
}

Test(journal, keeps_bytes_as_they_are)
{
    cr_assert(journal_append(&work, "a\0b", 3));
    cr_expect_eq(journal_replay(&work, apply), 1);
}

Test(journal, begins_again_where_the_store_went_away)
{
    append("one");
    append("two");
    fails_after = 1;
    cr_expect_eq(journal_replay(&work, apply), 1);
    cr_expect(journal_waiting(&work));
    append("three");
    fails_after = -1;
    journal_replay(&work, apply);
    cr_expect_str_eq(applied, "[one][one][two][three]");
}

Test(journal, puts_aside_what_is_no_good)
{
    append("one");
    append("bad");
    append("two");
    cr_expect_eq(journal_replay(&work, apply), 3);
    cr_expect_str_eq(applied, "[one][two]");
    cr_expect_eq(access(file("rejected"), R_OK), 0);
    cr_expect_not(journal_waiting(&work));
}

/* A process that was killed in the middle of a write leaves half a record. */
Test(journal, passes_over_half_a_record)
{
    int fd;

    append("one");
    fd = open(file("current"), O_WRONLY | O_APPEND);
    cr_assert_eq(write(fd, "\nrecord 900 abcdef01\nhalf", 25), 25);
    close(fd);
    append("two");
    journal_replay(&work, apply);
    cr_expect_str_eq(applied, "[one][two]");
}

Test(journal, passes_over_what_was_changed_on_the_disk)
{
    int fd;

    append("one");
    append("two");
    fd = open(file("current"), O_WRONLY);
    cr_assert_eq(pwrite(fd, "X", 1, 20), 1);
    close(fd);
    journal_replay(&work, apply);
    cr_expect_str_eq(applied, "[two]");
}

Test(journal, is_readable_by_its_owner_alone)
{
    append("one");
    cr_expect_eq(system(arena_format(&work.arena, "test $(stat -c %%a %s) = 600", file("current"))),
                 0);
}

Test(journal, refuses_more_than_its_limit)
{
    append("one");
    cr_assert_eq(truncate(file("current"), JOURNAL_LIMIT - 10), 0);
    cr_expect_not(journal_append(&work, "0123456789", 10));
    cr_expect_eq(work.error.what, BUSY);
}

Test(journal, that_cannot_be_written_is_busy)
{
    config.spool_dir = "/proc/nowhere";
    cr_expect_not(journal_append(&work, "one", 3));
    cr_expect_eq(work.error.what, BUSY);
}

/* Many write and two replay at once: nothing is lost, nothing is applied twice. */

static int out;

static bool note(struct work *one, const char *record, size_t length)
{
    (void)one;
    return write(out, record, length) == (ssize_t)length;
}

static void write_many(int writer)
{
    for (int i = 0; i < 50; i++) {
        char record[32];

        snprintf(record, sizeof record, "%02d-%03d\n", writer, i);
        if (!journal_append(&work, record, strlen(record)))
            _exit(1);
    }
    _exit(0);
}

Test(journal, loses_and_repeats_nothing_among_processes)
{
    const char *notes = arena_format(&work.arena, "%s/notes", directory);
    pid_t pids[6];
    int status;

    append("first\n");
    out = open(notes, O_WRONLY | O_CREAT | O_APPEND, 0600);
    for (int i = 0; i < 6; i++)
        if ((pids[i] = fork()) == 0) {
            if (i < 4)
                write_many(i);
            for (int round = 0; round < 100; round++)
                journal_replay(&work, note);
            _exit(0);
        }
    for (int i = 0; i < 6; i++)
        cr_expect(waitpid(pids[i], &status, 0) == pids[i] && status == 0);
    journal_replay(&work, note);
    cr_expect_eq(system(arena_format(&work.arena, "test $(wc -l <%s) = 201", notes)), 0);
    cr_expect_eq(system(arena_format(&work.arena, "test $(sort -u %s | wc -l) = 201", notes)), 0);
    close(out);
}
