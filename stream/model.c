#include "stream/model.h"

#include "core/log.h"
#include "stream/mind.h"
#include "stream/realtime.h"

enum {
    ATTEMPTS = 2,
    TOLD_TURNS = 30, /* so many turns a new connection learns of what was said */
};

void model_tell_history(struct live *live)
{
    const struct slot *slot = live->transcript.first;
    int64_t skip = live->transcript.count - TOLD_TURNS;

    for (size_t i = 0; i < live->nhistory; i++)
        mind_tell(live, live->history[i].speaker, live->history[i].text);
    for (; slot; slot = slot->next)
        if (slot->seq > skip && slot->is_complete && slot->text.length > 0)
            mind_tell(live, slot->speaker, slot->text.at);
}

void model_lost(struct live *live, const char *why)
{
    bool again = live->connects < ATTEMPTS && !realtime_is_fatal(why);
    struct text payload = {.arena = &live->scratch};

    if (live->state < LIVE_CONNECTING || live->state >= LIVE_CLOSING)
        return;
    log_warning(&live->work, "model.lost", "why=%s again=%d", why, again);
    text_put(&payload, "{\"why\":");
    text_json(&payload, why);
    text_put(&payload, "}");
    fact_event(&live->subject, "model.error", "warn", "model", payload.at);
    mind_close(live);
    responses_forget(&live->responses);
    if (live->state == LIVE_DRAINING)
        live_finish(live, "completed", "agent_end");
    else if (again)
        mind_connect(live);
    else
        live_finish(live, "failed", "model_error");
}
