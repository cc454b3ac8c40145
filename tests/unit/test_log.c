#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/column.h"
#include "core/json.h"
#include "core/log.h"

static char path[] = "/tmp/trunkline-log-XXXXXX";
static struct work work = {.id = "w1", .tenant = 7};

static void setup(void)
{
    close(mkstemp(path));
    clock_set((instant){1793613600123});
    cr_assert(log_open("test", path));
}

static void end(void)
{
    unlink(path);
    work_end(&work);
}

TestSuite(log, .init = setup, .fini = end);

/* The whole log as one text. */
static const char *written(void)
{
    static char text[1 << 20];
    FILE *file = fopen(path, "r");
    size_t length;

    cr_assert_not_null(file);
    length = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[length] = '\0';
    return text;
}

static const char *line_of(const char *level, const char *rest)
{
    return arena_format(
        &work.arena,
        "{\"at\":\"2026-11-02T10:00:00.123Z\",\"level\":\"%s\",\"program\":\"test\","
        "\"pid\":%d,\"event\":\"task.claimed\"%s}\n",
        level, (int)getpid(), rest);
}

Test(log, line_names_event_work_tenant_and_text)
{
    log_info(&work, "task.claimed", "operator=%s", "ann");
    cr_expect_str_eq(written(),
                     line_of("info", ",\"work\":\"w1\",\"tenant\":7,\"text\":\"operator=ann\""));
}

Test(log, line_leaves_out_what_there_is_not)
{
    log_error(NULL, "task.claimed", "%s", "");
    cr_expect_str_eq(written(), line_of("error", ""));
}

Test(log, line_holds_members_as_they_were_written)
{
    log_members(&work, "task.claimed", "\"status\":200,\"ms\":3");
    cr_expect_str_eq(written(),
                     line_of("info", ",\"work\":\"w1\",\"tenant\":7,\"status\":200,\"ms\":3"));
}

struct hostile_case {
    char text[64];
};

ParameterizedTestParameters(log, line_stays_one_line_of_json_whatever_a_client_sent)
{
    static struct hostile_case cases[] = {
        {"a\nb"},     {"a\r\n{\"level\":\"error\"}"},
        {"\"},{\""},  {"\x1b[31m"},
        {"a\\"},      {"\xff\xfe\x80"},
        {"\xe2\x82"}, {"\x7f\x01"},
    };

    return cr_make_param_array(struct hostile_case, cases, COUNT(cases));
}

ParameterizedTest(struct hostile_case *given, log,
                  line_stays_one_line_of_json_whatever_a_client_sent)
{
    const char *line;
    size_t at;

    work.id = given->text;
    log_warning(&work, given->text, "%s", given->text);
    line = written();
    cr_expect_eq(strchr(line, '\n'), line + strlen(line) - 1);
    cr_expect_null(json_check(line, strlen(line), NULL, &at));
    for (; line[1]; line++)
        cr_expect((unsigned char)*line >= 0x20 && *line != 0x7f);
}

Test(log, line_is_bounded)
{
    size_t at;

    log_info(&work, "task.claimed", "%0*d", 100000, 7);
    cr_expect_lt(strlen(written()), 4096);
    cr_expect_null(json_check(written(), strlen(written()), NULL, &at));
    cr_expect_not_null(strstr(written(), "000...\"}"));
}

Test(log, line_below_info_is_written_only_when_asked_for)
{
    log_debug(&work, "task.claimed", "%s", "");
    cr_expect_str_eq(written(), "");
    log_verbose(true);
    log_debug(NULL, "task.claimed", "%s", "");
    cr_expect_str_eq(written(), line_of("debug", ""));
}

Test(log, leaves_errno_alone)
{
    errno = ENOENT;
    log_info(&work, "task.claimed", "%0*d", 4000, 7);
    cr_expect_eq(errno, ENOENT);
}

Test(log, is_opened_again_after_it_was_moved_away)
{
    char moved[sizeof path + 2];

    log_info(NULL, "task.claimed", "%s", "");
    snprintf(moved, sizeof moved, "%s.1", path);
    cr_assert_eq(rename(path, moved), 0);
    log_reopen();
    log_info(NULL, "task.claimed", "%s", "");
    cr_expect_str_eq(written(), line_of("info", ""));
    unlink(moved);
}

Test(log, goes_on_where_it_was_when_it_cannot_be_opened_again)
{
    cr_assert_eq(unlink(path), 0);
    cr_assert(log_open("test", path));
    cr_expect_not(log_open("test", "/nowhere/at/all"));
    log_info(NULL, "task.claimed", "%s", "");
    cr_expect_str_eq(written(), line_of("info", ""));
}

enum { WRITERS = 4, LINES = 200 };

Test(log, lines_of_processes_do_not_mix)
{
    const char *line;
    int lines = 0;

    for (int i = 0; i < WRITERS; i++)
        if (fork() == 0) {
            log_open("test", path);
            for (int j = 0; j < LINES; j++)
                log_info(&work, "task.claimed", "%0*d", 500 + i * 100, j);
            _exit(0);
        }
    for (int i = 0; i < WRITERS; i++)
        wait(NULL);
    for (line = written(); *line; line = strchr(line, '\n') + 1, lines++) {
        size_t at;

        cr_assert_null(json_check(line, strcspn(line, "\n"), NULL, &at));
    }
    cr_expect_eq(lines, WRITERS * LINES);
}
