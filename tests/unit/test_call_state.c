#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "core/column.h"
#include "domain/call_state.h"

Test(call_state, ranks_grow_along_the_way_and_end_alike)
{
    static const char *const way[] = {"created", "queued",      "initiated",
                                      "ringing", "in_progress", "completed"};

    for (size_t i = 1; i < COUNT(way); i++)
        cr_expect_gt(call_state_rank(way[i]), call_state_rank(way[i - 1]), "%s", way[i]);
    for (size_t i = 5; call_states[i]; i++)
        cr_expect_eq(call_state_rank(call_states[i]), RANK_TERMINAL, "%s", call_states[i]);
    cr_expect_eq(call_state_rank("elsewhere"), 0);
    cr_expect_eq(call_state_rank(NULL), 0);
}

Test(call_state, of_lost_sessions_lies_below_their_end)
{
    cr_expect_lt(session_state_rank("draining"), session_state_rank("lost"));
    cr_expect_lt(session_state_rank("lost"), session_state_rank("ended"));
    cr_expect_eq(session_state_rank("ended"), session_state_rank("expired"));
}

struct word_case {
    enum call_vocabulary vocabulary;
    char state[16];
    bool escalated;
    char word[16];
};

ParameterizedTestParameters(call_state, words)
{
    static struct word_case cases[] = {
        /* clang-format off */
        {CALL_AS_TWILIO,           "initiated",   false, "queued"},
        {CALL_AS_TWILIO_CALLBACK,  "initiated",   false, "initiated"},
        {CALL_AS_TWILIO,           "no_answer",   false, "no-answer"},
        {CALL_AS_KWICKPHONE,       "created",     false, "queued"},
        {CALL_AS_KWICKPHONE,       "no_answer",   false, "no_answer"},
        {CALL_AS_THRUAI,           "in_progress", false, "in_progress"},
        {CALL_AS_STATESET_LOG,     "ringing",     false, "in_progress"},
        {CALL_AS_STATESET_LOG,     "completed",   true,  "escalated"},
        {CALL_AS_STATESET_LOG,     "busy",        true,  "busy"},
        {CALL_AS_STATESET_SESSION, "completed",   true,  "transferred"},
        {CALL_AS_STATESET_SESSION, "canceled",    false, "completed"},
        {CALL_AS_PHONY,            "in_progress", false, "active"},
        {CALL_AS_PHONY,            "elsewhere",   false, ""},
        /* clang-format on */
    };

    return cr_make_param_array(struct word_case, cases, COUNT(cases));
}

ParameterizedTest(struct word_case *given, call_state, words)
{
    cr_expect_str_eq(call_state_word(given->vocabulary, given->state, given->escalated),
                     given->word, "%s", given->state);
}

Test(call_state, is_read_in_the_carriers_words)
{
    cr_expect_str_eq(call_state_of_carrier("in-progress"), "in_progress");
    cr_expect_str_eq(call_state_of_carrier("no-answer"), "no_answer");
    cr_expect_null(call_state_of_carrier("In-Progress"));
    cr_expect_null(call_state_of_carrier(NULL));
}
