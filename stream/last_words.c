#include "stream/last_words.h"

#include "stream/live.h"
#include "stream/mind.h"
#include "stream/realtime.h"
#include "stream/realtime_link.h"
#include "stream/socket.h"

/* What the model said that it hears, and has not made a turn of. */
static bool is_unwritten(const struct live *live)
{
    return live->speech.item[0] && !transcript_find(&live->transcript, live->speech.item);
}

bool last_words_are_owed(const struct live *live)
{
    return live->model && (is_unwritten(live) || transcript_is_waiting(&live->transcript));
}

/* Nobody will judge or answer what comes. */
static void expect_no_answer(struct live *live)
{
    responses_forget_waiting(&live->responses);
    for (struct slot *slot = live->transcript.first; slot; slot = slot->next)
        slot->over_agent_ms = NO_INTEGER;
    if (responses_interrupt(&live->responses, false))
        mind_cancel(live);
}

bool last_words_await(struct live *live)
{
    if (live->mind != &realtime_mind || !last_words_are_owed(live))
        return false;
    expect_no_answer(live);
    if (live->responses.caller_speaks)
        realtime_commit(live);
    return true;
}

void last_words_begin(struct live *live)
{
    live->last_words_us = sockets_now_us() + LAST_WORDS_US;
    live_hold(live);
}

void last_words_end(struct live *live)
{
    live->last_words_us = 0;
    live_release(live);
}
