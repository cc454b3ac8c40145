#include "stream/response_end.h"

#include <string.h>

#include "core/json.h"
#include "stream/live.h"
#include "stream/mind.h"
#include "stream/model.h"
#include "stream/realtime.h"
#include "stream/socket.h"
#include "stream/takeover.h"

enum { RETRIES = 3, MUTE_RETRIES = 1, RETRY_US = 1500 * 1000 };

/* Each response bills its whole context again, so the sums are of what each one says. */
static void add_usage(struct usage *usage, json_object *given)
{
    json_object *in = json_member(given, "input_token_details");
    json_object *cached = json_member(in, "cached_tokens_details");
    json_object *out = json_member(given, "output_token_details");

    usage->responses++;
    usage->text_in += json_integer(in, "text_tokens", 0);
    usage->audio_in += json_integer(in, "audio_tokens", 0);
    usage->text_cached += json_integer(cached, "text_tokens", 0);
    usage->audio_cached += json_integer(cached, "audio_tokens", 0);
    usage->text_out += json_integer(out, "text_tokens", 0);
    usage->audio_out += json_integer(out, "audio_tokens", 0);
}

/* ---- once more ---- */

/* As it was asked for, if the caller has heard nothing of it; else the model goes on by itself. */
static struct speak same_again(const struct responses *responses)
{
    if (responses->is_ours && !responses->has_come)
        return responses->current;
    return (struct speak){.purpose = "retry"};
}

static void ask_again_soon(struct live *live)
{
    live->again = same_again(&live->responses);
    live->retry_us = sockets_now_us() + RETRY_US;
}

static void retry(struct live *live, const char *code, unsigned most)
{
    bool is_given_up = ++live->responses.retries > most || realtime_is_fatal(code);

    ask_again_soon(live);
    if (!is_given_up)
        return;
    if (!live->again.instructions) {
        live->retry_us = 0;
        live->ladder.was_answering = true; /* the next connection owes it */
    }
    model_lost(live, code);
}

void response_retry(struct live *live, const char *code)
{
    retry(live, code, RETRIES);
}

/*
 * Words without a sound come from a session that has lost its voice.  Without words the connection
 * is sound, and the model may have nothing to say.
 */
static void retry_mute(struct live *live)
{
    if (live->responses.has_words)
        retry(live, "mute", MUTE_RETRIES);
    else if (++live->responses.retries > MUTE_RETRIES)
        live->responses.retries = 0;
    else
        ask_again_soon(live);
}

void response_drop_retry(struct live *live)
{
    if (!live->again.must)
        live->retry_us = 0;
}

/* ---- how it ended ---- */

static bool is(const char *text, const char *word)
{
    return text && strcmp(text, word) == 0;
}

/* Some servers do not say that a response begins: then it is the one that was asked for. */
static bool is_running(const struct responses *responses, const char *id)
{
    return responses->active[0] ? is(responses->active, id) : responses->phase == RESPONSE_ASKED;
}

/* Whether the caller waits for the agent's words at all. */
static bool is_waited_for(const struct live *live)
{
    const struct responses *responses = &live->responses;
    bool is_last_word =
        live->state == LIVE_DRAINING && responses->is_ours && responses->current.must;

    return (live->state == LIVE_READY || is_last_word) && !live->room.meeting &&
           !takeover_is_on(live);
}

static void apologise(struct live *live)
{
    static const char sentence[] = "I am sorry, I cannot help you with that.";
    const char *language = live->settings.language;

    if (live->responses.is_ours && is(live->responses.current.purpose, "apology"))
        response_retry(live, "content_filter");
    else if (!language || is(language, "en"))
        mind_say(live, "apology", sentence);
    else
        mind_speak(live, &(struct speak){
                             .purpose = "apology",
                             .instructions = arena_format(&live->work.arena,
                                                          "Say in the language %s, and nothing "
                                                          "else: %s",
                                                          language, sentence),
                             .no_tools = true,
                         });
}

void response_ended(struct live *live, json_object *event)
{
    struct responses *responses = &live->responses;
    json_object *response = json_member(event, "response");
    json_object *details = json_member(response, "status_details");
    const char *id = json_text(response, "id"), *status = json_text(response, "status");
    const char *code = json_text(json_member(details, "error"), "code");
    bool is_stale = id && responses_is_discarded(responses, id);
    bool is_known = id && is_running(responses, id) && !is_stale && is_waited_for(live);
    bool is_whole = is(status, "completed"), is_cut = is(status, "incomplete");
    bool has_waiting = responses_done(responses, id ? id : "");

    add_usage(&live->usage, json_member(response, "usage"));
    if (is_whole && (responses->has_come || !is_known))
        responses->retries = 0;
    if (!is_stale && is(status, "failed"))
        response_retry(live, code ? code : "failed");
    else if (is_known && is_cut && is(json_text(details, "reason"), "content_filter"))
        apologise(live);
    else if (has_waiting)
        realtime_speak_waiting(live);
    else if (is_known && (is_whole || is_cut) && !responses->has_come)
        retry_mute(live);
}
