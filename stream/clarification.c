#include "stream/clarification.h"

#include <string.h>

#include "core/text.h"
#include "domain/commands.h"
#include "stream/live.h"
#include "stream/mind.h"
#include "stream/socket.h"

enum { HOLD_US = 1500 * 1000 };

static void tell_of(struct live *live, const char *type, const char *name, const char *text)
{
    struct text payload = {.arena = &live->scratch};

    text_add(&payload, "{\"%s\":", name);
    text_json(&payload, text);
    text_char(&payload, '}');
    fact_event(&live->subject, type, "info", "supervisor", payload.at);
}

const char *clarification_tool(struct live *live, json_object *arguments, const char **fault)
{
    const char *question = json_text(arguments, "question");

    if (!question || !question[strspn(question, " \t\r\n")])
        *fault = "there is no question";
    else if (live->clarification.question)
        *fault = "a question waits for its answer already";
    if (*fault)
        return NULL;
    live->clarification = (struct clarification){
        .question = arena_text(&live->work.arena, question),
        .asked_us = sockets_now_us(),
    };
    tell_of(live, "supervisor.question", "question", question);
    return "{\"status\":\"asked\"}";
}

/* The agent goes on with what it knows now. */
static void go_on(struct live *live, const char *news)
{
    mind_tell(live, SPEAKER_SYSTEM, news);
    live->clarification.question = NULL;
    mind_speak(live, &(struct speak){.purpose = "clarify"});
}

const char *clarification_answer(struct live *live, json_object *args)
{
    const char *answer = json_text(args, "text"), *question = live->clarification.question;

    if (!question)
        return COMMAND_NO_QUESTION;
    if (!answer || !*answer)
        return "there is no answer";
    tell_of(live, "supervisor.answer", "answer", answer);
    go_on(live, arena_format(&live->scratch,
                             "You asked your supervisor: %s\nThe answer: %s\nGo on with the caller "
                             "accordingly.",
                             question, answer));
    return NULL;
}

void clarification_drop(struct live *live)
{
    live->clarification.question = NULL;
}

/* Whether nothing was said to the caller since they spoke last, and nobody is about to. */
static bool is_left_in_silence(const struct live *live)
{
    const struct slot *last = live->transcript.last;

    return (!last || last->speaker == SPEAKER_USER) && live->responses.phase == RESPONSE_NONE &&
           !live->responses.is_waiting && !live->responses.caller_speaks;
}

static void hold(struct live *live)
{
    live->clarification.was_held = true;
    if (is_left_in_silence(live))
        mind_speak(live, &(struct speak){
                             .purpose = "hold",
                             .instructions = arena_format(
                                 &live->work.arena,
                                 "%s\n\nAsk the caller in a few words to hold on while you find "
                                 "out.",
                                 live->settings.instructions),
                             .no_tools = true,
                         });
}

void clarification_tick(struct live *live)
{
    struct clarification *open = &live->clarification;
    int64_t waited_us = sockets_now_us() - open->asked_us;

    if (!open->question || live->state != LIVE_READY)
        return;
    live_heard(live, false); /* the caller waits for us */
    if (!open->was_held && waited_us > HOLD_US)
        hold(live);
    if (waited_us > (int64_t)CLARIFICATION_MS * 1000)
        go_on(live, "Your supervisor does not answer your question. Go on without the answer.");
}
