#include "stream/relay_language.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/json.h"
#include "stream/mind.h"
#include "stream/relay.h"
#include "stream/tools/toolbox.h"

/* "en", "en-GB", "zh-Hans-CN" */
static bool is_language(const char *text)
{
    size_t length = text ? strlen(text) : 0, letters = 0;

    if (length < 2 || length >= RELAY_LANGUAGE)
        return false;
    while (isalpha((unsigned char)text[letters]))
        letters++;
    if (letters < 2 || letters > 3)
        return false;
    for (size_t i = letters; i < length; i++)
        if (!isalnum((unsigned char)text[i]) && (text[i] != '-' || !text[i + 1]))
            return false;
    return text[letters] == '\0' || text[letters] == '-';
}

/* Whether it is the same language, whatever country each is of. */
static bool is_same(const char *a, const char *b)
{
    size_t length = strcspn(a, "-");

    return length == strcspn(b, "-") && strncasecmp(a, b, length) == 0;
}

/* ---- the line ---- */

static void send_language(struct live *live, const char *language, bool also_heard)
{
    struct text text = {.arena = &live->scratch};

    text_put(&text, "{\"type\":\"language\",\"ttsLanguage\":");
    text_json(&text, language);
    if (also_heard) {
        text_put(&text, ",\"transcriptionLanguage\":");
        text_json(&text, language);
    }
    text_put(&text, "}");
    outlet_send(live->carrier, text.at, text.length);
}

static void note(struct live *live, const char *language, const char *by)
{
    struct text payload = {.arena = &live->scratch};

    text_put(&payload, "{\"language\":");
    text_json(&payload, language);
    text_add(&payload, ",\"by\":\"%s\"}", by);
    fact_event(&live->subject, "language.changed", "info", "media", payload.at);
}

static void keep(struct live *live, const char *language)
{
    snprintf(live->relay->language, sizeof live->relay->language, "%s", language);
}

static const char *spoken_by(const struct live *live)
{
    if (live->relay && live->relay->language[0])
        return live->relay->language;
    return live->settings.language ? live->settings.language : "";
}

void relay_language_heard(struct live *live, const char *language)
{
    const char *spoken = spoken_by(live);

    if (!is_language(language) || is_same(language, spoken))
        return;
    if (*spoken) {
        send_language(live, language, false);
        note(live, language, "caller");
    }
    keep(live, language);
}

/* ---- the tool ---- */

/* Whether the document lets an agent speak it; without a list it may speak any. */
static bool may_speak(const struct live *live, const char *language)
{
    json_object *config =
        json_parse(live->toolbox && live->toolbox->config ? live->toolbox->config : "{}");
    json_object *list = json_member(config, "languages");
    bool may = !json_object_is_type(list, json_type_array);

    for (size_t i = 0; !may && i < json_object_array_length(list); i++) {
        const char *one = json_object_get_string(json_object_array_get_idx(list, i));

        may = one && is_same(one, language);
    }
    json_object_put(config);
    return may;
}

/* A model that hears by itself is told what to listen for by two letters. */
static void listen_for(struct live *live, const char *language)
{
    char letters[3] = {(char)tolower((unsigned char)language[0]),
                       (char)tolower((unsigned char)language[1]), '\0'};

    live->settings.language = arena_text(&live->work.arena, letters);
    if (live->mind && live->mind->configure)
        live->mind->configure(live);
}

const char *language_tool(struct live *live, json_object *arguments, const char **fault)
{
    const char *language = json_text(arguments, "language");

    if (!is_language(language)) {
        *fault = "language is a code like en or es-MX";
        return NULL;
    }
    if (!may_speak(live, language)) {
        *fault = "you do not speak that language";
        return NULL;
    }
    if (live->relay) {
        keep(live, language);
        send_language(live, language, true);
    } else {
        listen_for(live, language);
    }
    note(live, language, "agent");
    return "{\"status\":\"switched\",\"next\":\"go on in that language\"}";
}
