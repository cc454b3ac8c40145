#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include <string.h>

#include "core/column.h"
#include "stream/transcript.h"

static struct arena arena;
static struct transcript transcript = {.arena = &arena};

static void end(void)
{
    arena_free(&arena);
}

TestSuite(transcript, .fini = end);

static struct slot *user(const char *item, const char *previous)
{
    return transcript_reserve(&transcript, item, previous, SPEAKER_USER, 0);
}

static struct slot *agent(const char *item, const char *previous)
{
    return transcript_reserve(&transcript, item, previous, SPEAKER_ASSISTANT, 0);
}

Test(transcript, keeps_the_order_of_turns_whenever_their_texts_come)
{
    struct slot *question = user("u1", NULL), *answer = agent("a1", "u1");

    transcript_complete(answer, "It is ready.");
    cr_expect_eq(transcript_take(&transcript), answer);
    cr_expect_null(transcript_take(&transcript));
    transcript_complete(question, "Is it ready?");
    cr_expect_eq(transcript_take(&transcript), question);
    cr_expect_eq(question->seq, 1);
    cr_expect_eq(answer->seq, 2);
}

Test(transcript, a_turn_that_belongs_earlier_moves_the_later_ones)
{
    struct slot *first = user("u1", NULL), *last = agent("a1", "u1"), *between;

    transcript_complete(first, "one");
    transcript_complete(last, "three");
    while (transcript_take(&transcript))
        ;
    between = user("u2", "u1");
    cr_expect_eq(between->seq, 2);
    cr_expect_eq(last->seq, 3);
    cr_expect_eq(transcript_take(&transcript), last, "its new place is written");
}

Test(transcript, an_item_has_one_place)
{
    cr_expect_eq(user("u1", NULL), user("u1", NULL));
    cr_expect_eq(transcript.count, 1);
}

Test(transcript, what_says_nothing_is_not_written)
{
    transcript_complete(user("u1", NULL), "");
    cr_expect_null(transcript_take(&transcript));
}

Test(transcript, pieces_add_up_and_the_whole_text_replaces_them)
{
    struct slot *slot = agent("a1", NULL);

    transcript_add(slot, "Good ");
    transcript_add(slot, "mornign");
    cr_expect_null(transcript_take(&transcript));
    transcript_complete(slot, "Good morning");
    cr_expect_str_eq(transcript_take(&transcript)->text.at, "Good morning");
}

struct cut_case {
    char text[48];
    int heard_ms, sent_ms;
    char left[48];
};

ParameterizedTestParameters(transcript, cut)
{
    static struct cut_case cases[] = {
        /* clang-format off */
        {"one two three four", 500,  1000, "one two"},
        {"one two three four", 1000, 1000, "one two three four"},
        {"one two three four", 0,    1000, ""},
        {"one two three four", 100,  1000, ""},
        {"one two three four", 240,  1000, "one"},
        {"immeasurable",       900,  1000, ""},
        {"",                   500,  1000, ""},
        {"größe über alles",   700,  1000, "größe über"},
        /* clang-format on */
    };

    return cr_make_param_array(struct cut_case, cases, COUNT(cases));
}

ParameterizedTest(struct cut_case *given, transcript, cut)
{
    struct slot *slot = agent("a1", NULL);

    transcript_add(slot, given->text);
    slot->start_ms = 100;
    transcript_cut(slot, given->heard_ms, given->sent_ms);
    cr_expect_str_eq(slot->text.at ? slot->text.at : "", given->left);
    cr_expect_eq(slot->heard_ms, given->heard_ms);
    cr_expect_eq(slot->end_ms, 100 + given->heard_ms);
    cr_expect_eq(transcript_take(&transcript), slot);
}

Test(transcript, after_a_cut_nothing_is_added)
{
    struct slot *slot = agent("a1", NULL);

    transcript_add(slot, "one two");
    transcript_cut(slot, 500, 1000);
    transcript_add(slot, " three");
    transcript_complete(slot, "one two three");
    transcript_cut(slot, 900, 1000);
    cr_expect_str_eq(slot->text.at, "one");
    cr_expect_eq(slot->heard_ms, 500);
}

Test(transcript, words_that_never_come_are_given_up)
{
    struct slot *slot = user("u1", NULL);

    agent("a1", "u1");
    transcript_expire(&transcript, TRANSCRIPT_WAIT_US - 1, false);
    cr_expect(transcript_is_waiting(&transcript));
    transcript_expire(&transcript, TRANSCRIPT_WAIT_US, false);
    cr_expect_not(transcript_is_waiting(&transcript));
    cr_expect_eq(transcript_take(&transcript), slot);
    cr_expect_str_eq(slot->text.at, "[unintelligible]");
    cr_expect_null(transcript_take(&transcript), "the agent's half sentence goes on");
}

Test(transcript, at_the_end_everything_that_was_said_is_written)
{
    struct slot *slot = agent("a1", NULL);

    transcript_add(slot, "Goodb");
    transcript_expire(&transcript, 0, true);
    cr_expect_eq(transcript_take(&transcript), slot);
    cr_expect_str_eq(slot->text.at, "Goodb");
}

Test(transcript, a_text_is_bounded_at_a_whole_character)
{
    struct slot *slot = agent("a1", NULL);

    for (int i = 0; i < TRANSCRIPT_TEXT; i++)
        transcript_add(slot, "äöü");
    cr_expect_leq(slot->text.length, (size_t)TRANSCRIPT_TEXT);
    cr_expect_eq(slot->text.length % 2, 0);
}
