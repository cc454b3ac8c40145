/* twilio/relay.c - one conversation relay, from the handshake to the request for what follows. */
#include "twilio/relay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/fault.h"
#include "common/log.h"
#include "twilio/call.h"
#include "twilio/relay_in.h"
#include "twilio/relay_state.h"
#include "twilio/webhook.h"

enum { MS_PER_CHARACTER = 55, NORMAL_CLOSE = 1000, NETWORK_FAILURE = 39001 };

/* ---- messages out ---- */

static struct json_object *message(const char *type)
{
    struct json_object *body = json_object_new_object();

    json_set(body, "type", type);
    return body;
}

void relay_send(struct relay *relay, struct json_object *body)
{
    struct json_object *entry = json_object_new_object();

    json_set(entry, "call", relay->call->sid);
    json_set_object(entry, "message", json_object_get(body));
    log_json("relay_sends", entry);
    if (relay->socket)
        web_socket_send_json(relay->socket, body);
    else
        json_object_put(body);
}

static void send_setup(struct relay *relay)
{
    const struct call *call = relay->call;
    struct json_object *body = message("setup");

    json_set(body, "sessionId", relay->sid);
    json_set(body, "accountSid", call->account->sid);
    json_set(body, "parentCallSid", call->parent_sid);
    json_set(body, "callSid", call->sid);
    json_set(body, "from", call->from);
    json_set(body, "to", call->to);
    json_set(body, "forwardedFrom", "");
    json_set(body, "callType", "PSTN");
    json_set(body, "callerName", "");
    json_set(body, "direction", call->direction);
    json_set(body, "callStatus", "RINGING");
    json_set_object(body, "customParameters", json_object_get(relay->parameters));
    relay_send(relay, body);
}

void relay_send_error(struct relay *relay, const char *description)
{
    struct json_object *body = message("error");

    json_set(body, "description", description);
    relay_send(relay, body);
}

/* What was heard, where it is detected: the primary tag alone. */
static void set_language(struct json_object *body, const struct relay *relay, const char *heard)
{
    char tag[12];

    if (strcmp(relay->language, "multi") != 0) {
        json_set(body, "lang", relay->language);
        return;
    }
    heard = heard ? heard : "en";
    snprintf(tag, sizeof tag, "%.*s", (int)strcspn(heard, "-"), heard);
    json_set(body, "lang", tag);
}

static void send_prompt(struct relay *relay, const char *text, size_t length, const char *language,
                        bool last)
{
    struct json_object *body = message("prompt");
    char *part = strndup(text, length);

    json_set(body, "voicePrompt", part);
    set_language(body, relay, language);
    json_set_flag(body, "last", last);
    relay_send(relay, body);
    free(part);
}

static void send_speaking(struct relay *relay, bool on)
{
    struct json_object *body;

    if (!relay->tells_speakers || relay->was_speaking == on)
        return;
    relay->was_speaking = on;
    body = message("info");
    json_set(body, "name", "agentSpeaking");
    json_set(body, "value", on ? "on" : "off");
    json_set_integer(body, "ts", web_epoch_ms());
    relay_send(relay, body);
}

/* ---- the agent's voice ---- */

static int64_t whole_ms(const struct cycle *cycle)
{
    return (int64_t)strlen(cycle->text) * MS_PER_CHARACTER;
}

/* The words that were heard, without the space around them; to be freed. */
static char *heard_words(const struct cycle *cycle)
{
    size_t length = strlen(cycle->text), from = strspn(cycle->text, " ");
    bool whole = cycle->played_ms >= whole_ms(cycle);

    if (!whole)
        length = (size_t)(cycle->played_ms / MS_PER_CHARACTER);
    while (!whole && length > from && cycle->text[length] != ' ')
        length--;
    while (length > from && cycle->text[length - 1] == ' ')
        length--;
    return strndup(cycle->text + from, length > from ? length - from : 0);
}

static void note_said(struct relay *relay, const struct cycle *cycle, bool whole)
{
    char *words = heard_words(cycle);

    if (*words)
        call_said(relay->call, &(struct said){.who = "agent",
                                              .text = words,
                                              .at_ms = cycle->began_ms,
                                              .heard_ms = cycle->played_ms,
                                              .total_ms = whole_ms(cycle),
                                              .gap_ms = cycle->gap_ms,
                                              .whole = whole});
    free(words);
}

static void drop_cycle(struct relay *relay)
{
    struct cycle *cycle = relay->cycle;

    relay->cycle = cycle->next;
    free(cycle->text);
    free(cycle);
}

static void drop_cycles(struct relay *relay)
{
    while (relay->cycle)
        drop_cycle(relay);
}

void relay_words(struct relay *relay, const char *token, bool last)
{
    struct cycle **at = &relay->cycle;

    while (*at && (*at)->last)
        at = &(*at)->next;
    if (!*at) {
        if (!*token)
            return;
        *at = calloc(1, sizeof **at);
        (*at)->text = strdup("");
    }
    (*at)->text = realloc((*at)->text, strlen((*at)->text) + strlen(token) + 1);
    strcat((*at)->text, token);
    (*at)->last = last;
}

void relay_step(struct call *call)
{
    struct relay *relay = call->relay;
    struct cycle *cycle;

    if (!relay_is_open(call))
        return;
    if (relay->close_at_ms && call_now_ms(call) >= relay->opened_ms + relay->close_at_ms) {
        web_socket_drop(relay->socket);
        return;
    }
    cycle = relay->cycle;
    if (!cycle)
        return;
    if (!cycle->played_ms)
        cycle->began_ms = call_now_ms(call);
    if (cycle->played_ms < whole_ms(cycle)) {
        cycle->played_ms += STEP_MS;
        hearing_voice(&call->hearing, call_now_ms(call));
        send_speaking(relay, true);
    } else if (cycle->last) {
        note_said(relay, cycle, true);
        drop_cycle(relay);
        if (!relay->cycle)
            send_speaking(relay, false);
    } else {
        cycle->gap_ms += STEP_MS;
    }
}

/* The person is heard over the agent. */
static void interrupt(struct relay *relay)
{
    struct json_object *body;
    char *words;

    if (!relay->cycle || relay->cycle->played_ms == 0 || !relay->is_interruptible)
        return;
    words = heard_words(relay->cycle);
    body = message("interrupt");
    json_set(body, "utteranceUntilInterrupt", words);
    json_set_integer(body, "durationUntilInterruptMs", relay->cycle->played_ms);
    relay_send(relay, body);
    note_said(relay, relay->cycle, relay->cycle->played_ms >= whole_ms(relay->cycle));
    drop_cycles(relay);
    send_speaking(relay, false);
    free(words);
}

/* ---- the person ---- */

void relay_speech_begins(struct call *call, const char *text, const char *language)
{
    if (!relay_is_open(call))
        return;
    interrupt(call->relay);
    if (call->relay->tells_parts)
        send_prompt(call->relay, text, strcspn(text, " "), language, false);
}

void relay_speech(struct call *call, const char *text, const char *language)
{
    if (relay_is_open(call))
        send_prompt(call->relay, text, strlen(text), language, true);
}

void relay_digit(struct call *call, char digit)
{
    char text[2] = {digit, '\0'};
    struct json_object *body;

    if (!relay_is_open(call) || !call->relay->takes_digits)
        return;
    interrupt(call->relay);
    body = message("dtmf");
    json_set(body, "digit", text);
    relay_send(call->relay, body);
}

bool relay_is_open(const struct call *call)
{
    return call->relay && call->relay->open;
}

/* ---- the end ---- */

static void ending(const struct relay *relay, struct form *form)
{
    form_add(form, "SessionId", relay->sid);
    form_add(form, "SessionStatus", relay->status);
    form_add_integer(form, "SessionDuration",
                     (call_now_ms(relay->call) - relay->opened_ms + 999) / 1000);
    form_add(form, "HandoffData", relay->handoff);
    if (!strcmp(relay->status, "failed")) {
        form_add_integer(form, "ErrorCode", NETWORK_FAILURE);
        form_add(form, "ErrorMessage", relay->close_reason);
    }
}

/* The call asks what is to follow. */
static void ask(struct relay *relay)
{
    struct call *call = relay->call;
    struct form more = {.pairs = NULL};

    ending(relay, &more);
    log_event("relay_over", "call", call->sid, "status", relay->status, "handoff", relay->handoff,
              NULL);
    program_action(call, relay->action, relay->method, &more);
    form_free(&more);
}

/* Nothing can follow any more: the person has hung up. */
static void tell_only(struct relay *relay)
{
    struct call *call = relay->call;
    struct webhook webhook = {.kind = "action",
                              .account = call->account,
                              .method = relay->method,
                              .subject = call->sid,
                              .status = "completed",
                              .record = call->webhooks};
    char *url = program_url(call, relay->action);

    if (!url)
        return;
    webhook.url = url;
    call_form(call, &webhook.form);
    ending(relay, &webhook.form);
    webhook_send(&webhook, NULL, NULL);
    free(url);
}

static void relay_opened(struct web_socket *socket, struct web_request *request, void *user)
{
    struct relay *relay = user;

    (void)socket;
    (void)request;
    relay->open = true;
    relay->opened_ms = call_now_ms(relay->call);
    if (!relay->no_setup)
        send_setup(relay);
    if (relay->garbage)
        web_socket_send(relay->socket, "{\"type\":", 8);
    if (relay->tells_error)
        relay_send_error(relay, "The voice is not known");
    if (relay->welcome)
        relay_words(relay, relay->welcome, true);
}

static void relay_closed(struct web_socket *socket, int code, const char *reason, void *user)
{
    struct relay *relay = user;

    (void)socket;
    relay->socket = NULL;
    relay->open = false;
    relay->close_code = code;
    text_replace(&relay->close_reason, reason);
    if (relay->cycle)
        note_said(relay, relay->cycle, false);
    drop_cycles(relay);
    if (relay->call->relay != relay)
        return;
    relay->call->relay = NULL;
    if (!relay->status) {
        relay->status = "failed";
        call_alert(relay->call, 64105, reason);
    }
    ask(relay);
}

static void relay_message(struct web_socket *socket, const char *text, size_t length, void *user)
{
    (void)socket;
    (void)length;
    relay_in(user, text);
}

static const struct web_socket_events relay_events = {
    .open = relay_opened, .message = relay_message, .closed = relay_closed};

void relay_over(struct relay *relay, const char *handoff)
{
    relay->status = "ended";
    text_replace(&relay->handoff, handoff);
    web_socket_close(relay->socket, NORMAL_CLOSE, "");
}

void relay_end(struct call *call)
{
    struct relay *relay = call->relay;

    if (!relay)
        return;
    call->relay = NULL;
    relay->status = "completed";
    if (relay->cycle)
        note_said(relay, relay->cycle, false);
    drop_cycles(relay);
    if (relay->open)
        web_socket_close(relay->socket, NORMAL_CLOSE, "");
    else if (relay->socket)
        web_socket_drop(relay->socket);
    if (call_ended(call))
        tell_only(relay);
}

/* ---- the beginning ---- */

static const struct fault *ordered(const struct call *call, const char *act)
{
    return fault_strike(act, "event", "relay", "call", call->sid, "from", call->from, "to",
                        call->to, NULL);
}

static void order_faults(struct relay *relay)
{
    const struct fault *close = ordered(relay->call, "close");

    relay->close_at_ms = close ? close->ms : 0;
    relay->no_setup = ordered(relay->call, "no-setup") != NULL;
    relay->garbage = ordered(relay->call, "garbage") != NULL;
    relay->tells_error = ordered(relay->call, "error") != NULL;
}

/* A copy of an attribute that does not belong to the document; NULL when it is missing. */
static char *own(const xmlNode *node, const char *name)
{
    char *value = attribute(node, name), *copy = text_copy(value);

    xmlFree(value);
    return copy;
}

static struct relay *relay_new(struct call *call, xmlNode *connect, xmlNode *node)
{
    struct relay *relay = calloc(1, sizeof *relay);
    char *events = own(node, "events");

    sid_new("VX", relay->sid);
    relay->call = call;
    relay->action = own(connect, "action");
    relay->method = own(connect, "method");
    relay->welcome = own(node, "welcomeGreeting");
    relay->language = own(node, "transcriptionLanguage");
    if (!relay->language)
        relay->language = own(node, "language");
    if (!relay->language)
        relay->language = strdup("en-US");
    relay->is_interruptible = !attribute_is(node, "interruptible", "none") &&
                              !attribute_is(node, "interruptible", "false");
    relay->takes_digits = attribute_is(node, "dtmfDetection", "true");
    relay->tells_parts = attribute_is(node, "partialPrompts", "true");
    relay->tells_speakers = events && strstr(events, "speaker-events");
    relay->received = json_object_new_array();
    relay->digits = strdup("");
    free(events);
    order_faults(relay);
    relay->older = call->relays;
    call->relays = call->relay = relay;
    return relay;
}

/* ---- what attributes may be ---- */

static const struct {
    const char *name, *values; /* between blanks */
} choices[] = {
    {"interruptible", " none dtmf speech any true false "},
    {"welcomeGreetingInterruptible", " none dtmf speech any "},
    {"interruptSensitivity", " low medium high "},
    {"reportInputDuringAgentSpeech", " none dtmf speech any "},
    {"ttsProvider", " Google Amazon ElevenLabs "},
    {"transcriptionProvider", " Google Deepgram "},
    {"dtmfDetection", " true false "},
    {"partialPrompts", " true false "},
    {"preemptible", " true false "},
    {"ignoreBackchannel", " true false "},
};

/* Whether an attribute is missing or one of the words between blanks. */
static bool is_among(const xmlNode *node, const char *name, const char *values)
{
    char *value = attribute(node, name), *word = value ? text_of(" %s ", value) : NULL;
    bool is = !value || strstr(values, word) != NULL;

    xmlFree(value);
    free(word);
    return is;
}

/* Languages are detected by one provider and spoken by one. */
static bool can_detect(const xmlNode *node)
{
    bool wanted = attribute_is(node, "language", "multi") ||
                  attribute_is(node, "transcriptionLanguage", "multi");

    return !wanted || (is_among(node, "transcriptionProvider", " Deepgram ") &&
                       is_among(node, "ttsProvider", " ElevenLabs "));
}

/* The attribute that is not what it may be, or NULL. */
static const char *wrong_attribute(const xmlNode *node)
{
    for (size_t i = 0; i < sizeof choices / sizeof choices[0]; i++)
        if (!is_among(node, choices[i].name, choices[i].values))
            return choices[i].name;
    return can_detect(node) ? NULL : "language";
}

static void cannot_begin(void *user)
{
    relay_closed(NULL, 0, "the verb cannot be carried out", user);
}

void relay_begin(struct call *call, xmlNode *connect, xmlNode *node, const char *url,
                 struct json_object *parameters)
{
    struct relay *relay = relay_new(call, connect, node);
    char signature[SIGNATURE_SIZE], *as_signed = signature_url(url, SIGNED_VOICE);
    const char *headers[] = {"x-twilio-signature", signature, "User-Agent", "TwilioProxy/1.1",
                             NULL};
    bool foreign = ordered(call, "foreign") != NULL;
    const char *wrong = wrong_attribute(node);

    relay->parameters = parameters;
    relay->url = text_copy(url);
    signature_of(foreign ? "another token" : call->account->token, as_signed, NULL, signature);
    free(as_signed);
    if (wrong)
        call_alert(call, 64101, wrong);
    else
        relay->socket = web_connect(carrier.web, url, headers, &relay_events, relay);
    if (!relay->socket)
        web_after(carrier.web, 0, cannot_begin, relay);
}

/* ---- the control port's view ---- */

struct json_object *relay_view(const struct call *call)
{
    struct json_object *all = json_object_new_array();

    for (const struct relay *relay = call->relays; relay; relay = relay->older) {
        struct json_object *body = json_object_new_object();

        json_set(body, "session_id", relay->sid);
        json_set(body, "url", relay->url);
        json_set_flag(body, "open", relay->open);
        json_set(body, "status", relay->status);
        json_set(body, "handoff", relay->handoff);
        json_set(body, "digits", relay->digits);
        json_set_integer(body, "malformed", relay->malformed);
        json_set_integer(body, "close_code", relay->close_code);
        json_set(body, "close_reason", relay->close_reason);
        json_set_object(body, "received", json_object_get(relay->received));
        json_object_array_add(all, body);
    }
    return all;
}
