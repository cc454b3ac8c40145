#include "twilio/relay_in.h"

#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "twilio/relay_state.h"

enum { MALFORMED_MAX = 10, MALFORMED_CLOSE = 1007, RECEIVED_MAX = 2000 };

/* True when every member is one of these. */
static bool only_has(struct json_object *body, const char *const *names)
{
    json_object_object_foreach(body, name, value)
    {
        bool known = false;

        (void)value;
        for (size_t i = 0; names[i]; i++)
            known = known || !strcmp(names[i], name);
        if (!known)
            return false;
    }
    return true;
}

static bool is_flag(struct json_object *body, const char *name)
{
    struct json_object *member = json_member(body, name);

    return !member || json_object_is_type(member, json_type_boolean);
}

static const char *take_text(struct relay *relay, struct json_object *body)
{
    static const char *const names[] = {"type",          "token",       "last", "lang",
                                        "interruptible", "preemptible", NULL};

    if (!only_has(body, names) || !json_text(body, "token") || !is_flag(body, "last") ||
        !is_flag(body, "interruptible") || !is_flag(body, "preemptible"))
        return "Invalid text message";
    relay_words(relay, json_text(body, "token"),
                json_object_get_boolean(json_member(body, "last")));
    return NULL;
}

static const char *take_digits(struct relay *relay, struct json_object *body)
{
    static const char *const names[] = {"type", "digits", NULL};
    const char *digits = json_text(body, "digits");
    size_t length = digits ? strlen(digits) : 0;

    if (!length || !only_has(body, names) || strspn(digits, "0123456789w#*") != length)
        return "Invalid digits";
    relay->digits = realloc(relay->digits, strlen(relay->digits) + length + 1);
    strcat(relay->digits, digits);
    return NULL;
}

static const char *take_language(struct relay *relay, struct json_object *body)
{
    static const char *const names[] = {"type", "ttsLanguage", "transcriptionLanguage", NULL};
    const char *spoken = json_text(body, "ttsLanguage");
    const char *heard = json_text(body, "transcriptionLanguage");

    if (!only_has(body, names) || (!spoken && !heard) || (spoken && !*spoken) || (heard && !*heard))
        return "Invalid language message";
    if (heard)
        text_replace(&relay->language, heard);
    return NULL;
}

static const char *take_play(struct relay *relay, struct json_object *body)
{
    static const char *const names[] = {"type",        "source",        "loop",
                                        "preemptible", "interruptible", NULL};

    (void)relay;
    return only_has(body, names) && text_begins(json_text(body, "source"), "http") &&
                   is_flag(body, "preemptible") && is_flag(body, "interruptible")
               ? NULL
               : "Invalid play message";
}

static const char *take_end(struct relay *relay, struct json_object *body)
{
    static const char *const names[] = {"type", "handoffData", NULL};
    struct json_object *data = json_member(body, "handoffData");

    if (!only_has(body, names))
        return "Invalid end message";
    if (data && !json_object_is_type(data, json_type_string))
        return "handoffData is not a string";
    relay_over(relay, json_text(body, "handoffData"));
    return NULL;
}

static const struct {
    const char *type;
    const char *(*take)(struct relay *relay, struct json_object *body);
} messages[] = {
    {"text", take_text},         {"sendDigits", take_digits}, {"play", take_play},
    {"language", take_language}, {"end", take_end},
};

static const char *take(struct relay *relay, struct json_object *body)
{
    const char *type = json_object_is_type(body, json_type_object) ? json_text(body, "type") : NULL;

    for (size_t i = 0; type && i < sizeof messages / sizeof messages[0]; i++)
        if (!strcmp(messages[i].type, type))
            return messages[i].take(relay, body);
    return "Invalid message";
}

/* It is told and not acted upon; too many in a row end the session. */
static void refuse(struct relay *relay, const char *why, const char *text)
{
    log_event("relay_malformed", "call", relay->call->sid, "why", why, "text", text, NULL);
    call_alert(relay->call, 64107, why);
    relay->malformed++;
    relay_send_error(relay, why);
    if (++relay->malformed_in_a_row == MALFORMED_MAX)
        web_socket_close(relay->socket, MALFORMED_CLOSE, "Too many consecutive malformed messages");
}

void relay_in(struct relay *relay, const char *text)
{
    struct json_object *body;
    const char *why;

    if (relay->status)
        return;
    body = json_tokener_parse(text);
    if (body && json_object_array_length(relay->received) < RECEIVED_MAX)
        json_object_array_add(relay->received, json_object_get(body));
    why = take(relay, body);
    if (why)
        refuse(relay, why, text);
    else
        relay->malformed_in_a_row = 0;
    json_object_put(body);
}
