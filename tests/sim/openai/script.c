/*
 * The rules by which the model answers.  They are plain, so that a test can foretell every word.
 *
 * What is answered, the first that holds:
 *
 *   instructions of the response hold "Say exactly: X"    says X (up to the end of the line)
 *   nobody spoke yet, and the session's instructions do   says X
 *   outputs of tools came                                 "The tool says: OUTPUT"
 *   the session's instructions hold "Translate into XX",
 *   and the caller said something                         "In XX: …"
 *   the caller said something                             the table below
 *   the caller could not be understood                    "Sorry, I did not catch that."
 *   nobody spoke yet                                      "Hello, thank you for calling. …"
 *   else (the model was asked to go on)                   "Are you still there?"
 *
 * What the caller says (anywhere in it, in capitals or not):
 *
 *   "use the tool NAME [with JSON]"      "One moment, please." and the call
 *   "use the tools NAME and NAME"        both calls, with {}
 *   "call tool NAME [with JSON]"         the call, and nothing said
 *   "slowly call tool NAME …"            the same, its arguments taking two seconds
 *   "call unknown tool NAME …"           the same for a tool that is not configured
 *   "goodbye", "bye"                     says goodbye, then calls end_call if that is configured
 *   "tell me a long story"               some 15 seconds of speech
 *   "speak twice"                        two items of speech in one response
 *   "say nothing", "fail"                the response fails: server_error
 *   "rate limit"                         … rate_limit_exceeded
 *   "no quota"                           … insufficient_quota
 *   "stop half way"                      speech that ends incomplete: max_output_tokens
 *   "say something forbidden"            … content_filter
 *   anything else                        "You said: …"
 *
 * Words that "cannot be transcribed" (input.c) also make their transcription fail.  tool_choice is
 * honoured: none forbids calls, required and a named function force one.
 */
#include "openai/script.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "openai/json.h"
#include "openai/model.h"

enum { TEXT_MAX = 700, TOOL_NAME_MAX = 64 };

static const char STORY[] =
    "Once upon a time there was a little telephone that stood on a windowsill by the sea. "
    "Every morning it listened to the waves, and every evening it told the ships good night. "
    "One day a storm came, and all the lamps along the coast went dark. "
    "The little telephone rang and rang until every captain had found the way home, "
    "and since that night nobody ever hung up without saying thank you.";

/* ---- building a plan ---------------------------------------------------------------------- */

static struct step *add_step(struct plan *plan, enum step_kind kind)
{
    if (plan->count == STEPS_MAX)
        return NULL;
    plan->steps[plan->count] = (struct step){.kind = kind};
    return &plan->steps[plan->count++];
}

/* Says a text, cut to a length that can be spoken, at the border of a character. */
static void say(struct plan *plan, const char *before, const char *text)
{
    struct step *step = add_step(plan, SAY);
    size_t length = strlen(text), room = strlen(before) + TEXT_MAX + 1;

    if (step == NULL)
        return;
    if (length > TEXT_MAX)
        for (length = TEXT_MAX; length > 0 && (text[length] & 0xC0) == 0x80;)
            length--;
    step->text = malloc(room);
    if (step->text == NULL)
        abort();
    snprintf(step->text, room, "%s%.*s", before, (int)length, text);
}

static bool configured(const struct prompt *prompt, const char *name)
{
    size_t count = prompt->tools == NULL ? 0 : json_object_array_length(prompt->tools);

    for (size_t i = 0; i < count; i++)
        if (strcmp(text_at(json_object_array_get_idx(prompt->tools, i), "name", ""), name) == 0)
            return true;
    return false;
}

static bool choice_is(const struct prompt *prompt, const char *choice)
{
    return json_object_is_type(prompt->tool_choice, json_type_string) &&
           strcmp(json_object_get_string(prompt->tool_choice), choice) == 0;
}

static struct step *call(struct plan *plan, const char *name, const char *arguments)
{
    struct step *step = add_step(plan, CALL);

    if (step == NULL)
        return NULL;
    step->name = strdup(name);
    step->arguments = strdup(arguments);
    make_id(step->call_id, "call");
    return step;
}

/* ---- what the caller says ----------------------------------------------------------------- */

/* The first place where a cue stands as words of their own; NULL when it does not. */
static const char *find_cue(const char *text, const char *cue)
{
    size_t length = strlen(cue);

    for (const char *found = text; *found != '\0'; found++)
        if (strncasecmp(found, cue, length) == 0 && !isalnum((unsigned char)found[length]) &&
            (found == text || !isalnum((unsigned char)found[-1])))
            return found;
    return NULL;
}

/* Reads a name behind blanks; returns what follows it. */
static const char *read_name(const char *text, char name[TOOL_NAME_MAX + 1])
{
    size_t length = 0;

    while (*text == ' ')
        text++;
    while (length < TOOL_NAME_MAX &&
           (isalnum((unsigned char)text[length]) || text[length] == '_' || text[length] == '-'))
        length++;
    memcpy(name, text, length);
    name[length] = '\0';
    return text + length;
}

/* The JSON object that stands in a text, to be freed; "{}" when there is none. */
static char *read_arguments(const char *text)
{
    const char *begin = strchr(text, '{');
    struct json_tokener *tokener = json_tokener_new();
    struct json_object *object =
        begin == NULL ? NULL : json_tokener_parse_ex(tokener, begin, (int)strlen(begin));
    size_t length = object == NULL ? 0 : json_tokener_get_parse_end(tokener);

    json_tokener_free(tokener);
    json_object_put(object);
    return object == NULL ? strdup("{}") : strndup(begin, length);
}

static struct step *call_said(struct plan *plan, const struct prompt *prompt, const char *rest,
                              bool unknown_too)
{
    char name[TOOL_NAME_MAX + 1];
    char *arguments = read_arguments(read_name(rest, name));
    struct step *step = NULL;

    if (choice_is(prompt, "none"))
        say(plan, "", "I may not use tools now.");
    else if (!unknown_too && !configured(prompt, name))
        say(plan, "I have no tool called ", name);
    else
        step = call(plan, name, arguments);
    free(arguments);
    return step;
}

static void rule_use(struct plan *plan, const struct prompt *prompt, const char *rest)
{
    char name[TOOL_NAME_MAX + 1];

    read_name(rest, name);
    if (configured(prompt, name) && !choice_is(prompt, "none"))
        say(plan, "", "One moment, please.");
    call_said(plan, prompt, rest, false);
}

static void rule_use_both(struct plan *plan, const struct prompt *prompt, const char *rest)
{
    const char *second = find_cue(rest, "and");

    call_said(plan, prompt, rest, false);
    if (second != NULL)
        call_said(plan, prompt, second + 3, false);
}

static void rule_call(struct plan *plan, const struct prompt *prompt, const char *rest)
{
    call_said(plan, prompt, rest, false);
}

static void rule_call_slowly(struct plan *plan, const struct prompt *prompt, const char *rest)
{
    struct step *step = call_said(plan, prompt, rest, false);

    if (step != NULL)
        step->slowly = true;
}

static void rule_call_unknown(struct plan *plan, const struct prompt *prompt, const char *rest)
{
    call_said(plan, prompt, rest, true);
}

static void rule_goodbye(struct plan *plan, const struct prompt *prompt, const char *rest)
{
    (void)rest;
    say(plan, "", "Thank you for calling. Goodbye!");
    if (configured(prompt, "end_call") && !choice_is(prompt, "none"))
        call(plan, "end_call", "{\"reason\":\"caller said goodbye\"}");
}

static void rule_story(struct plan *plan, const struct prompt *prompt, const char *rest)
{
    (void)prompt;
    (void)rest;
    say(plan, "", STORY);
}

static void rule_twice(struct plan *plan, const struct prompt *prompt, const char *rest)
{
    (void)prompt;
    (void)rest;
    say(plan, "", "This is the first thing.");
    say(plan, "", "And this is the second thing.");
}

static void rule_fail(struct plan *plan, const struct prompt *prompt, const char *rest)
{
    (void)prompt;
    (void)rest;
    plan->failure = "server_error";
}

static void rule_rate_limit(struct plan *plan, const struct prompt *prompt, const char *rest)
{
    (void)prompt;
    (void)rest;
    plan->failure = "rate_limit_exceeded";
}

static void rule_no_quota(struct plan *plan, const struct prompt *prompt, const char *rest)
{
    (void)prompt;
    (void)rest;
    plan->failure = "insufficient_quota";
}

static void rule_half_way(struct plan *plan, const struct prompt *prompt, const char *rest)
{
    rule_story(plan, prompt, rest);
    plan->incomplete = "max_output_tokens";
}

static void rule_forbidden(struct plan *plan, const struct prompt *prompt, const char *rest)
{
    rule_story(plan, prompt, rest);
    plan->incomplete = "content_filter";
}

static const struct {
    const char *cue;
    void (*act)(struct plan *plan, const struct prompt *prompt, const char *rest);
} rules[] = {
    {"use the tools", rule_use_both},
    {"use the tool", rule_use},
    {"slowly call tool", rule_call_slowly},
    {"call unknown tool", rule_call_unknown},
    {"call tool", rule_call},
    {"tell me a long story", rule_story},
    {"speak twice", rule_twice},
    {"stop half way", rule_half_way},
    {"say something forbidden", rule_forbidden},
    {"say nothing", rule_fail},
    {"rate limit", rule_rate_limit},
    {"no quota", rule_no_quota},
    {"goodbye", rule_goodbye},
    {"bye", rule_goodbye},
    {"fail", rule_fail},
};

static void answer_caller(struct plan *plan, const struct prompt *prompt)
{
    if (prompt->heard[0] == '\0') {
        say(plan, "", "Sorry, I did not catch that.");
        return;
    }
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        const char *found = find_cue(prompt->heard, rules[i].cue);

        if (found != NULL) {
            rules[i].act(plan, prompt, found + strlen(rules[i].cue));
            return;
        }
    }
    say(plan, "You said: ", prompt->heard);
}

/* ---- what is answered --------------------------------------------------------------------- */

static bool say_exactly(struct plan *plan, const char *instructions)
{
    static const char cue[] = "say exactly";
    const char *found = instructions == NULL ? NULL : find_cue(instructions, cue);
    size_t length;
    char *text;

    if (found == NULL)
        return false;
    found += sizeof cue - 1;
    found += strspn(found, ": \"");
    length = strcspn(found, "\r\n");
    while (length > 0 && (found[length - 1] == ' ' || found[length - 1] == '"'))
        length--;
    text = strndup(found, length);
    say(plan, "", text);
    free(text);
    return length > 0;
}

static bool translate(struct plan *plan, const struct prompt *prompt)
{
    static const char cue[] = "translate into";
    const char *given = prompt->session_instructions;
    const char *found = given == NULL ? NULL : find_cue(given, cue);
    char into[TOOL_NAME_MAX + 1], before[TOOL_NAME_MAX + 8];

    if (found == NULL || prompt->heard[0] == '\0')
        return false;
    read_name(found + sizeof cue - 1, into);
    snprintf(before, sizeof before, "In %s: ", into);
    say(plan, before, prompt->heard);
    return true;
}

/* A forced call takes the place of whatever the rules found, unless they found a call. */
static void force_call(struct plan *plan, const struct prompt *prompt)
{
    const char *name = text_at(prompt->tool_choice, "name", NULL);

    if (choice_is(prompt, "required") && prompt->tools != NULL)
        name = text_at(json_object_array_get_idx(prompt->tools, 0), "name", NULL);
    for (size_t i = 0; i < plan->count; i++)
        if (plan->steps[i].kind == CALL)
            return;
    if (name == NULL || plan->failure != NULL)
        return;
    plan_free(plan);
    call(plan, name, "{}");
}

void plan_make(struct plan *plan, const struct prompt *prompt)
{
    *plan = (struct plan){0};
    if (say_exactly(plan, prompt->instructions) ||
        (prompt->opening && say_exactly(plan, prompt->session_instructions)))
        return;
    if (prompt->tool_output != NULL)
        say(plan, "The tool says: ", prompt->tool_output);
    else if (prompt->heard != NULL && !translate(plan, prompt))
        answer_caller(plan, prompt);
    else if (prompt->heard != NULL)
        return;
    else if (prompt->opening)
        say(plan, "", "Hello, thank you for calling. How can I help you?");
    else
        say(plan, "", "Are you still there?");
    force_call(plan, prompt);
}

void plan_free(struct plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        free(plan->steps[i].text);
        free(plan->steps[i].name);
        free(plan->steps[i].arguments);
    }
    *plan = (struct plan){0};
}
