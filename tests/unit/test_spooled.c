/* What a host's spools hold of a call that goes on after its process was killed. */
#include <criterion/criterion.h>

#include <stdio.h>

#include "core/config.h"
#include "domain/turns.h"
#include "folder.h"
#include "slots.h"
#include "stream/facts.h"
#include "stream/spool.h"
#include "stream/spooled.h"

static char directory[FOLDER_SIZE];
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

    folder_make(directory);
    snprintf(path, sizeof path, "%s/spool-1", directory);
    cr_assert(spool_open(&spool, path));
    config.spool_dir = directory;
    work.config = &config;
    subject = (struct subject){.tenant = 7, .call = uid_new(), .session = uid_new()};
    facts_to(put);
}

static void end(void)
{
    spool_close(&spool);
    work_end(&work);
    folder_remove(directory);
}

TestSuite(spooled, .init = begin, .fini = end);

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

    write_turn(&subject, 2);
    write_turn(&subject, 3);
    spooled_turns(&work, subject.call, &turns);
    cr_assert_eq(turns.count, 3);
    cr_expect_eq(((const struct turn *)turns.at)[2].seq, 3);
}

Test(spooled, adds_to_a_long_call_too)
{
    struct rows turns = stored(700);

    write_turn(&subject, 701);
    write_turn(&subject, 702);
    spooled_turns(&work, subject.call, &turns);
    cr_assert_eq(turns.count, 702);
    cr_expect_eq(((const struct turn *)turns.at)[701].seq, 702);
}

Test(spooled, takes_nothing_of_another_call)
{
    struct rows turns = stored(1);

    write_turn(&subject, 2);
    spooled_turns(&work, uid_new(), &turns);
    cr_expect_eq(turns.count, 1);
}
