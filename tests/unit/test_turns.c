#include <criterion/criterion.h>

#include "domain/turns.h"
#include "world.h"

static struct world world;
static struct work *const work = &world.work;
static struct incoming in;

static void setup(void)
{
    world_begin(&world, NULL, false);
    in = call_in(&world);
    claim_stream(&world, &in);
}

static void end(void)
{
    world_end(&world);
}

TestSuite(turns, .init = setup, .fini = end);

Test(turns, written_twice_are_there_once_as_written_last)
{
    struct rows rows;
    const struct turn *turns;

    say_turn(&world, &in.session, 1, "assistant", "Hello! How may I help you today?");
    say_turn(&world, &in.session, 2, "user", "Stop.");
    say_turn(&world, &in.session, 1, "assistant", "Hello! How");
    cr_assert(turns_of_call(work, in.call.id, &rows));
    turns = rows.at;
    cr_assert_eq(rows.count, 2);
    cr_expect_str_eq(turns[0].text, "Hello! How", "what was heard");
    cr_expect_str_eq(turns[1].text, "Stop.");
    cr_expect_eq(turns[1].e2e_first_audio_ms, NO_INTEGER);
    cr_assert(call_get(work, in.call.id, &in.call));
    cr_expect_eq(in.call.turn_count, 2);
    cr_assert(session_get(work, in.session.id, &in.session));
    cr_expect_eq(in.session.turn_count, 2);
}

Test(turns, come_in_the_order_they_were_said_whatever_order_they_arrive_in)
{
    struct rows rows;

    for (int64_t seq = 5; seq > 0; seq--)
        say_turn(&world, &in.session, seq, "user", "word");
    cr_assert(turns_of_session(work, in.session.id, &rows));
    cr_assert_eq(rows.count, 5);
    for (size_t i = 0; i < rows.count; i++)
        cr_expect_eq(((struct turn *)rows.at)[i].seq, (int64_t)i + 1);
}

Test(turns, of_a_batch_are_written_together_or_not_at_all)
{
    struct turn batch[2];
    struct rows rows;

    for (int i = 0; i < 2; i++) {
        row_clear(&turn_entity, &batch[i]);
        batch[i].session_id = in.session.id;
        batch[i].call_id = in.call.id;
        batch[i].seq = i + 1;
        batch[i].role = i ? "parrot" : "user";
        batch[i].text = "Hello";
        batch[i].occurred_at = clock_now();
        batch[i].redactions = 0;
    }
    cr_expect_not(turns_put(work, batch, 2));
    cr_assert(turns_of_call(work, in.call.id, &rows));
    cr_expect_eq(rows.count, 0);
    batch[1].role = "assistant";
    cr_expect(turns_put(work, batch, 2));
    cr_assert(turns_of_call(work, in.call.id, &rows));
    cr_expect_eq(rows.count, 2);
}

Test(turns, of_another_tenant_do_not_exist)
{
    struct rows rows;

    say_turn(&world, &in.session, 1, "user", "Hello");
    work->tenant++;
    cr_assert(turns_of_call(work, in.call.id, &rows));
    cr_expect_eq(rows.count, 0);
    cr_assert(turns_of_session(work, in.session.id, &rows));
    cr_expect_eq(rows.count, 0);
    work->tenant--;
}
