#include "stream/mind.h"

void mind_connect(struct live *live)
{
    if (live->mind)
        live->mind->connect(live);
}

void mind_close(struct live *live)
{
    if (live->mind)
        live->mind->close(live);
}

void mind_tell(struct live *live, enum speaker speaker, const char *text)
{
    if (live->mind)
        live->mind->tell(live, speaker, text);
}

void mind_speak(struct live *live, const struct speak *speak)
{
    if (live->mind && !takeover_is_on(live))
        live->mind->speak(live, speak);
}

void mind_answer_tool(struct live *live, const char *call_ref, const char *output)
{
    if (live->mind)
        live->mind->answer_tool(live, call_ref, output);
}

void mind_cancel(struct live *live)
{
    if (live->mind)
        live->mind->cancel(live);
}

void mind_truncate(struct live *live, const struct cut *cut)
{
    if (live->mind)
        live->mind->truncate(live, cut);
}

static void say(struct live *live, const char *purpose, const char *sentence, bool must)
{
    mind_speak(live, &(struct speak){
                         .purpose = purpose,
                         .words = sentence,
                         .instructions = arena_format(&live->work.arena, "%s\n\nSay exactly: %s",
                                                      live->settings.instructions, sentence),
                         .no_tools = true,
                         .must = must,
                     });
}

void mind_say(struct live *live, const char *purpose, const char *sentence)
{
    say(live, purpose, sentence, false);
}

void mind_insist(struct live *live, const char *purpose, const char *sentence)
{
    say(live, purpose, sentence, true);
}
