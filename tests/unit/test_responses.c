#include <criterion/criterion.h>

#include <string.h>

#include "stream/responses.h"

static struct responses responses;
static const struct speak greeting = {.purpose = "greeting"}, tool = {.purpose = "tool"};

static bool created(const char *id, const char *event)
{
    return responses_created(&responses, id, event, 0);
}

Test(responses, the_first_request_is_sent_and_the_second_waits)
{
    cr_expect(responses_ask(&responses, &greeting, 0));
    cr_expect_str_eq(responses.event, "cl_0001_greeting");
    cr_expect_not(responses_ask(&responses, &tool, 0));
    cr_expect_not(created("r1", responses.event));
    cr_expect(responses_done(&responses, "r1"));
    cr_expect_str_eq(responses.waiting.purpose, "tool");
    cr_expect(responses_ask(&responses, &responses.waiting, 0));
    created("r2", responses.event);
    cr_expect_not(responses_done(&responses, "r2"));
}

Test(responses, while_the_caller_speaks_nothing_is_asked_for)
{
    responses_caller_speaks(&responses, true);
    cr_expect_not(responses_ask(&responses, &tool, 0));
    cr_expect(responses_caller_speaks(&responses, false));
}

/* The model answers a turn by itself, and that answer has seen the tool's result already. */
Test(responses, a_turn_that_the_model_answers_makes_a_waiting_request_needless)
{
    created("r1", NULL);
    cr_expect_not(responses_ask(&responses, &tool, 0));
    responses_turn_taken(&responses);
    cr_expect_not(responses_done(&responses, "r1"));
}

Test(responses, an_interrupted_one_is_dropped_until_it_is_done)
{
    created("r1", NULL);
    cr_expect_not(responses_is_discarded(&responses, "r1"));
    cr_expect_not(responses_interrupt(&responses, true));
    cr_expect(responses_is_discarded(&responses, "r1"));
    cr_expect_not(responses_is_discarded(&responses, "r2"));
    cr_expect_not(responses_is_discarded(&responses, ""));
    responses_done(&responses, "r1");
    cr_expect_not(responses_is_discarded(&responses, "r1"));
}

Test(responses, only_a_model_that_does_not_do_it_itself_is_told_to_cancel)
{
    created("r1", NULL);
    cr_expect(responses_interrupt(&responses, false));
    cr_expect_not(responses_interrupt(&responses, false), "a second time is too much");
}

Test(responses, after_the_last_one_is_done_there_is_nothing_to_cancel)
{
    created("r1", NULL);
    responses_done(&responses, "r1");
    cr_expect_not(responses_interrupt(&responses, false));
}

Test(responses, one_that_was_asked_for_is_cancelled_when_it_begins)
{
    responses_ask(&responses, &greeting, 0);
    cr_expect_not(responses_interrupt(&responses, false));
    cr_expect(created("r1", responses.event));
    cr_expect(responses_is_discarded(&responses, "r1"));
}

Test(responses, a_request_that_came_too_early_is_sent_again_after_the_other)
{
    responses_ask(&responses, &tool, 0);
    cr_expect_not(
        responses_refused(&responses, "cl_0001_tool", "conversation_already_has_active_response"));
    cr_expect(responses_done(&responses, "r0"));
    cr_expect_str_eq(responses.waiting.purpose, "tool");
}

Test(responses, a_refused_request_is_told_from_other_errors)
{
    responses_ask(&responses, &tool, 0);
    cr_expect_not(responses_refused(&responses, "cl_0007_cancel", "response_cancel_not_active"));
    cr_expect(responses_refused(&responses, "cl_0001_tool", "server_error"));
    cr_expect_eq(responses.phase, RESPONSE_NONE);
}

Test(responses, one_that_never_begins_or_falls_silent_is_overdue)
{
    cr_expect_not(responses_is_overdue(&responses, 3600 * 1000000LL));
    responses_ask(&responses, &tool, 0);
    cr_expect_not(responses_is_overdue(&responses, 4900000));
    cr_expect(responses_is_overdue(&responses, 5100000));
    responses_created(&responses, "r1", responses.event, 5100000);
    cr_expect_not(responses_is_overdue(&responses, 20000000));
    responses_alive(&responses, 20000000);
    cr_expect_not(responses_is_overdue(&responses, 34900000));
    cr_expect(responses_is_overdue(&responses, 35100000));
}

Test(responses, ids_of_messages_differ)
{
    char one[EVENT_SIZE], other[EVENT_SIZE];

    responses_event(&responses, "tool", one);
    responses_event(&responses, "tool", other);
    cr_expect_str_neq(one, other);
}

/* ---- what must be said ---- */

static const struct speak order = {.purpose = "order", .instructions = "A", .must = true},
                          farewell = {.purpose = "farewell", .instructions = "B", .must = true};

/* Answers what waits one after the other; the purposes, with blanks between them. */
static const char *in_order(void)
{
    static char purposes[200];

    purposes[0] = '\0';
    while (responses.is_waiting) {
        cr_assert(responses_ask(&responses, &responses.waiting, 0));
        strcat(strcat(purposes, purposes[0] ? " " : ""), responses.current.purpose);
        created("r2", responses.event);
        responses_done(&responses, "r2");
    }
    return purposes;
}

Test(responses, what_must_be_said_is_not_replaced_by_what_need_not)
{
    created("r1", NULL);
    responses_ask(&responses, &order, 0);
    responses_ask(&responses, &tool, 0);
    responses_ask(&responses, &greeting, 0);
    responses_ask(&responses, &farewell, 0);
    responses_done(&responses, "r1");
    cr_expect_str_eq(in_order(), "order greeting farewell");
}

Test(responses, what_must_be_said_is_said_behind_the_answer_to_the_callers_turn)
{
    responses_caller_speaks(&responses, true);
    responses_ask(&responses, &order, 0);
    responses_ask(&responses, &tool, 0);
    responses_turn_taken(&responses);
    created("r1", NULL);
    cr_expect(responses_done(&responses, "r1"));
    cr_expect_str_eq(in_order(), "order");
}

Test(responses, what_is_asked_for_before_its_turn_leaves_what_must_be_said_waiting)
{
    responses_caller_speaks(&responses, true);
    responses_ask(&responses, &tool, 0);
    responses_ask(&responses, &order, 0);
    responses_caller_speaks(&responses, false);
    cr_expect(responses_ask(&responses, &greeting, 0));
    created("r1", responses.event);
    responses_done(&responses, "r1");
    cr_expect_str_eq(in_order(), "order");
}

Test(responses, a_request_that_came_too_early_is_said_before_those_behind_it)
{
    responses_ask(&responses, &order, 0);
    responses_ask(&responses, &farewell, 0);
    responses_refused(&responses, "cl_0001_order", "conversation_already_has_active_response");
    responses_done(&responses, "r0");
    cr_expect_str_eq(in_order(), "order farewell");
}

Test(responses, of_too_many_that_must_be_said_the_newest_counts)
{
    created("r1", NULL);
    for (int i = 0; i < 9; i++)
        responses_ask(&responses, &order, 0);
    responses_ask(&responses, &farewell, 0);
    responses_done(&responses, "r1");
    cr_expect_str_eq(in_order(), "order order order farewell");
}

Test(responses, a_request_can_be_taken_back)
{
    created("r1", NULL);
    responses_ask(&responses, &order, 0);
    responses_ask(&responses, &tool, 0);
    cr_expect(responses_withdraw(&responses, "tool"));
    cr_expect_not(responses_withdraw(&responses, "tool"));
    cr_expect(responses.is_waiting);
    responses_forget_waiting(&responses);
    cr_expect_not(responses_done(&responses, "r1"));
}
