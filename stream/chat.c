#include "stream/chat.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/json.h"
#include "core/log.h"
#include "core/text.h"
#include "stream/chat_provider.h"
#include "stream/interruption.h"
#include "stream/line.h"
#include "stream/model.h"
#include "stream/said_commands.h"
#include "stream/socket.h"
#include "stream/tools.h"

enum {
    RETRY_US = 500 * 1000,
    LONGEST_RETRY_US = 2000 * 1000, /* a caller waits no longer for a server that is busy */
    ROUNDS = 5,                     /* so often an answer may call tools before it must speak */
    SPOKEN_MS = 65,                 /* of a character of speech, about */
    BYTES_PER_MS = 8,               /* as playback.h counts */
    BYTES_PER_TOKEN = 4,            /* for answers that end before their usage is told */
};

static const char manner[] =
    "Your words are spoken aloud on the telephone: plain short sentences, no lists, no markup, no "
    "emoji.";

/* ---- speaking ---- */

static struct slot *slot_of(struct live *live)
{
    return transcript_reserve(&live->transcript, live->chat->item, NULL, SPEAKER_ASSISTANT,
                              sockets_now_us());
}

/* What the caller waited for this answer. */
static void note_latency(struct live *live, struct slot *slot)
{
    if (!live->speech.stopped_us)
        return;
    slot->first_token_ms = slot->first_audio_ms =
        (sockets_now_us() - live->speech.stopped_us) / 1000;
    live->speech.stopped_us = 0;
}

/* The line speaks; how long it will, nobody tells, so that it is reckoned. */
static void say(struct live *live, const char *words)
{
    struct chat *chat = live->chat;
    struct slot *slot = slot_of(live);
    int64_t ms = (int64_t)text_characters(words) * SPOKEN_MS, now_us = sockets_now_us();

    if (!*words || !slot)
        return;
    note_latency(live, slot);
    if (slot->start_ms == NO_INTEGER)
        slot->start_ms = slot->end_ms =
            live_elapsed_ms(live) + playback_left_ms(&live->playback, now_us);
    slot->end_ms += ms;
    transcript_add(slot, words);
    fact_saying(&live->subject, slot);
    live->line->words(live, words, false);
    playback_sent(&live->playback, chat->item, chat->item, 0, (size_t)ms * BYTES_PER_MS, now_us);
    chat->has_spoken = true;
}

/* Without the space that a model's words end with. */
static const char *trimmed(struct live *live, const char *text)
{
    size_t length = text ? strlen(text) : 0;

    while (length && text[length - 1] == ' ')
        length--;
    while (length && *text == ' ') {
        text++;
        length--;
    }
    return arena_copy(&live->scratch, text ? text : "", length);
}

/* The item is whole: what was said of it. */
static const char *end_item(struct live *live)
{
    struct chat *chat = live->chat;
    struct slot *slot = transcript_find(&live->transcript, chat->item);
    const char *said = "";
    char name[MARK_SIZE];

    if (chat->has_spoken) {
        live->line->words(live, "", true);
        if (playback_end(&live->playback, chat->item, name))
            live->line->mark(live, name);
    }
    if (slot && !slot->is_complete)
        transcript_complete(slot, trimmed(live, slot->text.at));
    if (slot)
        said = slot->text.at ? slot->text.at : "";
    return said;
}

/* ---- commands in the text ---- */

static void on_command(void *with, const char *name, const char *value)
{
    struct live *live = with;

    live->chat->obeys = true;
    said_command(live, name, value);
    live->chat->obeys = false;
}

static void say_piece(struct live *live, const char *piece, bool last)
{
    struct text out = {.arena = &live->scratch};

    wording_take(&live->chat->wording, piece, last, &out, on_command, live);
    say(live, out.at ? out.at : "");
}

/* ---- asking ---- */

static void take(void *with, const char *words, const struct chat_end *end);
static void chat_speak(struct live *live, const struct speak *speak);

/* What this answer is wanted for stands behind the agent's instructions; the model is told last. */
static const char *wish_of(const struct live *live, const struct speak *speak)
{
    const char *all = speak->instructions, *base = live->settings.instructions;
    size_t length = base ? strlen(base) : 0;

    if (!all || !base || strncmp(all, base, length) != 0)
        return all;
    all += length;
    return all + strspn(all, "\n");
}

static void lost(struct live *live, const char *why)
{
    live->chat->is_unsaid = !live->chat->has_spoken;
    live->chat->retry_us = 0;
    responses_forget(&live->responses);
    model_lost(live, why);
}

static void send_request(struct live *live)
{
    struct chat *chat = live->chat;
    struct text body = {.arena = &live->scratch};
    struct chat_message *messages;
    struct chat_server server;
    struct chat_request request = {
        .model = chat_provider_model(live),
        .tools = chat->settings.tools,
        .no_calls = chat->asked.no_tools || chat->rounds >= ROUNDS,
        .max_tokens = chat->settings.max_tokens,
        .temperature = chat->settings.temperature,
    };

    request.nmessages =
        talk_list(&chat->talk, &live->scratch,
                  arena_format(&live->scratch, "%s\n\n%s", live->settings.instructions, manner),
                  wish_of(live, &chat->asked), &messages);
    request.messages = messages;
    chat_server_of(&live->scratch, chat_provider_url(live), &server);
    chat_request_write(&body, &server, &request);
    chat->sent = body.length;
    chat->received = 0;
    chat->retry_us = 0;
    chat->stream =
        chat_stream_open(&server, chat_provider_key(live), body.at, body.length, take, live);
    if (chat->stream)
        live_hold(live);
    else
        lost(live, "busy");
}

/* ---- the answer ends ---- */

static void count_usage(struct live *live, const struct chat_answer *answer)
{
    struct usage *usage = &live->usage;
    const struct chat *chat = live->chat;
    struct chat_usage told = {.in = (int64_t)(chat->sent / BYTES_PER_TOKEN),
                              .out = (int64_t)(chat->received / BYTES_PER_TOKEN)};

    if (answer && answer->has_usage)
        told = answer->usage;
    usage->responses++;
    usage->text_in += told.in;
    usage->text_cached += told.cached;
    usage->text_out += told.out;
}

/* The answer is over: what waited for it is asked now. */
static void go_on(struct live *live)
{
    struct speak waiting = live->responses.waiting;

    if (responses_done(&live->responses, live->chat->item))
        chat_speak(live, &waiting);
}

/* The tools that it calls; each answers when it has something to say. */
static void run_tools(struct live *live, const struct talk_message *message)
{
    for (size_t i = 0; i < message->ncalls && live->state < LIVE_CLOSING; i++) {
        const struct chat_call *call = &message->calls[i].call;

        tool_call(live, call->name, call->id, call->arguments);
    }
}

static void finish(struct live *live, const struct chat_answer *answer)
{
    struct chat *chat = live->chat;
    struct talk_message *message;

    say_piece(live, "", true);
    message = talk_add(&chat->talk, CHAT_ASSISTANT, chat->item, end_item(live));
    count_usage(live, answer);
    chat->retries = 0;
    chat->rounds = answer && answer->ncalls ? chat->rounds + 1 : 0;
    if (answer && answer->ncalls)
        talk_add_calls(&chat->talk, message, answer->calls, answer->ncalls);
    live_write_turns(live);
    go_on(live);
    run_tools(live, message);
}

/* Once something was spoken it is never said again; before, one more try is worth it. */
static void failed(struct live *live, const struct chat_end *end)
{
    struct chat *chat = live->chat;
    int64_t wait_us = end->retry_ms >= 0 ? end->retry_ms * 1000 : RETRY_US;

    snprintf(live->last_error, sizeof live->last_error, "%s", end->error);
    if (chat->has_spoken)
        finish(live, NULL);
    else if (end->may_retry && !chat_provider_is_silent(end->error) && chat->retries++ == 0)
        chat->retry_us =
            sockets_now_us() + (wait_us < LONGEST_RETRY_US ? wait_us : LONGEST_RETRY_US);
    else
        lost(live, live->last_error);
}

static void take(void *with, const char *words, const struct chat_end *end)
{
    struct live *live = with;
    struct chat *chat = live->chat;

    responses_alive(&live->responses, sockets_now_us());
    chat->received += strlen(words);
    if (*words)
        say_piece(live, words, false);
    if (end) {
        chat->stream = NULL;
        if (live->state >= LIVE_CLOSING)
            ; /* nobody listens any more */
        else if (end->error)
            failed(live, end);
        else
            finish(live, end->answer);
    }
    arena_reset(&live->scratch);
    if (end)
        live_release(live);
}

/* ---- the mind ---- */

static void begin(struct live *live, const struct speak *speak)
{
    struct chat *chat = live->chat;

    chat->asked = *speak;
    chat->has_spoken = chat->is_unsaid = chat->wants_more = false;
    chat->wording = (struct wording){0};
    snprintf(chat->item, sizeof chat->item, "chat_%u", ++chat->serial);
    responses_created(&live->responses, chat->item, live->responses.event, sockets_now_us());
    interruption_response(live, chat->item, speak->purpose);
    if (!speak->words) {
        send_request(live);
        return;
    }
    say(live, speak->words);
    talk_add(&chat->talk, CHAT_ASSISTANT, chat->item, end_item(live));
    live_write_turns(live);
    go_on(live);
}

/* While one of several tools still runs, nobody speaks about the others. */
static void chat_speak(struct live *live, const struct speak *speak)
{
    bool of_tool = strcmp(speak->purpose, "tool") == 0;
    struct chat *chat = live->chat;

    if (live->state < LIVE_READY || live->state >= LIVE_CLOSING || (of_tool && chat->obeys))
        return;
    if (of_tool && talk_open(&chat->talk) > 0) {
        chat->wants_more = true;
        return;
    }
    if (responses_ask(&live->responses, speak, sockets_now_us()))
        begin(live, speak);
}

static void chat_tell(struct live *live, enum speaker speaker, const char *text)
{
    static const enum chat_role roles[] = {[SPEAKER_USER] = CHAT_USER,
                                           [SPEAKER_ASSISTANT] = CHAT_ASSISTANT,
                                           [SPEAKER_SYSTEM] = CHAT_SYSTEM,
                                           [SPEAKER_TOOL] = CHAT_SYSTEM};

    talk_add(&live->chat->talk, roles[speaker], "", text);
    if (speaker == SPEAKER_USER)
        live->chat->rounds = 0;
}

static void chat_answer_tool(struct live *live, const char *call_ref, const char *output)
{
    talk_answer(&live->chat->talk, call_ref, output);
}

static void drop_stream(struct live *live)
{
    struct chat *chat = live->chat;

    if (!chat->stream)
        return;
    chat_stream_cancel(chat->stream);
    chat->stream = NULL;
    count_usage(live, NULL);
    live_release(live);
}

/* What was sent of it stays said; the rest never comes. */
static void chat_cancel(struct live *live)
{
    struct chat *chat = live->chat;

    if (live->responses.phase == RESPONSE_NONE)
        return;
    drop_stream(live);
    chat->retry_us = 0;
    chat->wording = (struct wording){0};
    talk_add(&chat->talk, CHAT_ASSISTANT, chat->item, end_item(live));
    go_on(live);
}

static void chat_truncate(struct live *live, const struct cut *cut)
{
    struct slot *slot = transcript_find(&live->transcript, cut->item);

    if (!slot)
        return;
    transcript_cut(slot, cut->heard_ms, cut->sent_ms);
    talk_cut(&live->chat->talk, cut->item, slot->text.at ? slot->text.at : "");
}

static void chat_close(struct live *live)
{
    drop_stream(live);
    live->chat->retry_us = 0;
}

/* There is nothing to connect to before there is something to say. */
static void chat_connect(struct live *live)
{
    struct chat *chat = live->chat;
    struct speak unsaid = chat->asked;

    live->connects++;
    chat->talk = (struct talk){.arena = &live->work.arena};
    live_ready(live);
    if (chat->is_unsaid && live->responses.phase == RESPONSE_NONE)
        chat_speak(live, &unsaid);
}

void chat_tick(struct live *live)
{
    struct chat *chat = live->chat;

    if (live->state != LIVE_READY && live->state != LIVE_DRAINING)
        return;
    if (chat->retry_us && sockets_now_us() > chat->retry_us)
        send_request(live);
    if (chat->wants_more && !talk_open(&chat->talk) && live->state == LIVE_READY)
        chat_speak(live, &(struct speak){.purpose = "tool"});
}

const struct mind chat_mind = {
    .name = "chat",
    .connect = chat_connect,
    .close = chat_close,
    .tell = chat_tell,
    .speak = chat_speak,
    .answer_tool = chat_answer_tool,
    .cancel = chat_cancel,
    .truncate = chat_truncate,
    .other = chat_provider_other,
};

/* ---- settings ---- */

static const char *tools_of(struct live *live)
{
    struct text text = {.arena = &live->work.arena};

    tools_write(live, &text, TOOLS_CHAT);
    return text.at;
}

const struct mind *chat_begin(struct live *live, const struct agent_version *version)
{
    enum { MOST_TOKENS = 600 };
    struct arena *arena = &live->work.arena;
    json_object *config = version->config.json ? json_parse(version->config.json) : NULL;
    json_object *llm = json_member(config, "llm_config");
    const char *model = json_text(config, "chat_model");
    int64_t most = json_integer(llm, "maxTokens", json_integer(llm, "max_tokens", MOST_TOKENS));

    if (!model || !*model)
        model = json_text(llm, "model");
    live->chat = arena_new(arena, struct chat, 1);
    live->chat->settings = (struct chat_settings){
        .model = arena_text(arena, model && *model ? model : "gpt-4.1-mini"),
        .tools = tools_of(live),
        .max_tokens = most > 0 ? most : MOST_TOKENS,
        .temperature = json_real(llm, "temperature", NAN),
    };
    json_object_put(config);
    return &chat_mind;
}
