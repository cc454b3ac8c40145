/* What a host's spools hold of a call that goes on after its process was killed. */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>

#include "core/config.h"
#include "domain/turns.h"
#include "stream/facts.h"
#include "stream/spool.h"
#include "stream/spooled.h"

static char directory[64];
static struct config config;
static struct work work;
static struct spool spool;
static struct subject subject;

static bool put(const char *line, size_t length)
{
    return spool_append(&spool, line, length);
}

static void begin(void)
{
    char path[100];

    snprintf(directory, sizeof directory, "/tmp/spooled-test-XXXXXX");
    cr_assert_not_null(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/spool-1", directory);
    cr_assert(spool_open(&spool, path));
    config.spool_dir = directory;
    work.config = &config;
    subject = (struct subject){.tenant = 7, .call = uid_new(), .session = uid_new()};
    facts_to(put);
}

static void end(void)
{
    char command[100];

    spool_close(&spool);
    work_end(&work);
    snprintf(command, sizeof command, "rm -r %s", directory);
    cr_expect_eq(system(command), 0);
}

TestSuite(spooled, .init = begin, .fini = end);

static void say(int64_t seq)
{
    struct slot slot = {
        .seq = seq,
        .speaker = SPEAKER_USER,
        .text = {.at = (char *)(uintptr_t) "word", .length = 4},
        .at = clock_now(),
        .start_ms = 0,
        .end_ms = 1,
        .heard_ms = NO_INTEGER,
        .first_token_ms = NO_INTEGER,
        .first_audio_ms = NO_INTEGER,
    };

    fact_turn(&subject, &slot);
}

/* So many turns of the call are in the store. */
static struct rows stored(size_t count)
{
    struct turn *turns = arena_new(&work.arena, struct turn, count);

    for (size_t i = 0; i < count; i++) {
        row_clear(&turn_entity, &turns[i]);
        turns[i].call_id = subject.call;
        turns[i].session_id = subject.session;
        turns[i].seq = (int64_t)i + 1;
        turns[i].text = "word";
    }
    return (struct rows){.at = turns, .count = count};
}

Test(spooled, adds_what_the_store_does_not_have_yet)
{
    struct rows turns = stored(2);

    say(2);
    say(3);
    spooled_turns(&work, subject.call, &turns);
    cr_assert_eq(turns.count, 3);
    cr_expect_eq(((const struct turn *)turns.at)[2].seq, 3);
}

Test(spooled, adds_to_a_long_call_too)
{
    struct rows turns = stored(700);

    say(701);
    say(702);
    spooled_turns(&work, subject.call, &turns);
    cr_assert_eq(turns.count, 702);
    cr_expect_eq(((const struct turn *)turns.at)[701].seq, 702);
}

Test(spooled, takes_nothing_of_another_call)
{
    struct rows turns = stored(1);

    say(2);
    spooled_turns(&work, uid_new(), &turns);
    cr_expect_eq(turns.count, 1);
}
