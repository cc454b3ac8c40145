#include "openai/response.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "openai/output.h"
#include "openai/settings.h"
#include "openai/usage.h"

enum { TAIL_MS = 12 }; /* between an interruption and the last events of the response */

struct response *response_active(const struct session *session)
{
    struct response *response = session->responses;

    while (response != NULL && response->beside)
        response = response->next;
    return response;
}

struct json_object *response_setting(const struct response *response, const char *path)
{
    struct json_object *own = at(response->params, path);

    return own != NULL ? own : at(response->session->settings, path);
}

/* ---- what the model has before it --------------------------------------------------------- */

/* What nobody has answered yet, gathered from the last item backwards. */
struct pending {
    char *heard, *outputs; /* NULL while there is none */
    bool answered;         /* the caller's words, by a call */
    bool closed;           /* by an answer: what stands before it is settled */
    bool newest_is_output;
};

static void prepend(char **text, const char *more)
{
    char *joined = malloc(strlen(more) + (*text == NULL ? 0 : strlen(*text)) + 2);

    if (joined == NULL)
        abort();
    sprintf(joined, "%s%s%s", more, *text == NULL || **text == '\0' ? "" : " ",
            *text == NULL ? "" : *text);
    free(*text);
    *text = joined;
}

static void gather(struct pending *pending, struct json_object *json, const char *words)
{
    const char *type = text_at(json, "type", ""), *role = text_at(json, "role", "");

    if (strcmp(type, "function_call") == 0) {
        pending->answered = true;
    } else if (strcmp(type, "function_call_output") == 0) {
        pending->newest_is_output |= pending->heard == NULL && pending->outputs == NULL;
        prepend(&pending->outputs, text_at(json, "output", ""));
    } else if (strcmp(role, "assistant") == 0) {
        pending->closed = true;
    } else if (strcmp(role, "user") == 0 && !pending->answered) {
        prepend(&pending->heard, words);
    }
}

static void gather_input(struct pending *pending, struct session *session,
                         struct json_object *input)
{
    for (size_t i = json_object_array_length(input); i-- > 0 && !pending->closed;) {
        struct json_object *json = json_object_array_get_idx(input, i);
        struct item *item = item_find(&session->items, text_at(json, "id", NULL));
        char *words = item_words(json);

        if (strcmp(text_at(json, "type", ""), "item_reference") == 0 && item != NULL)
            gather(pending, item->json, item->words);
        else
            gather(pending, json, words);
        free(words);
    }
}

static bool nobody_spoke(const struct session *session)
{
    for (size_t i = 0; i < session->items.count; i++)
        if (item_is(session->items.at[i], "message", "user") ||
            item_is(session->items.at[i], "message", "assistant"))
            return false;
    return true;
}

static void make_plan(struct response *response)
{
    struct session *session = response->session;
    struct json_object *input = at(response->params, "input");
    struct pending pending = {0};
    struct prompt prompt = {
        .instructions = text_at(response->params, "instructions", NULL),
        .session_instructions = text_at(session->settings, "instructions", NULL),
        .opening = nobody_spoke(session),
        .tools = response_setting(response, "tools"),
        .tool_choice = response_setting(response, "tool_choice"),
    };

    if (input != NULL)
        gather_input(&pending, session, input);
    else
        for (size_t i = session->items.count; i-- > 0 && !pending.closed;)
            gather(&pending, session->items.at[i]->json, session->items.at[i]->words);
    prompt.tool_output = pending.newest_is_output ? pending.outputs : NULL;
    prompt.heard = strcmp(response->origin, "idle") == 0 ? NULL : pending.heard;
    plan_make(&response->plan, &prompt);
    free(pending.heard);
    free(pending.outputs);
}

/* ---- as JSON ------------------------------------------------------------------------------ */

static struct json_object *details(const struct response *response, const char *status,
                                   const char *reason)
{
    if (strcmp(status, "in_progress") == 0 ||
        (strcmp(status, "completed") == 0 && response->ordinal % 3 == 0))
        return NULL;
    if (strcmp(status, "failed") == 0)
        return pack("type=s error=o", "failed",
                    pack("type=s code=s message=s", reason, reason,
                         "The model could not produce a response."));
    if (reason == NULL)
        return pack("type=s", status);
    return pack("type=s reason=s", status, reason);
}

static struct json_object *describe(const struct response *response, const char *status,
                                    const char *reason, struct json_object *usage)
{
    struct json_object *audio =
        pack("output=o",
             pack("format=o voice=o", copy_of(response_setting(response, "audio.output.format")),
                  copy_of(response_setting(response, "audio.output.voice"))));

    return pack("object=s id=s status=s status_details=o output=o conversation_id=s "
                "output_modalities=o max_output_tokens=o audio=o usage=o metadata=o",
                "realtime.response", response->id, status, details(response, status, reason),
                copy_of(response->output),
                response->beside ? NULL : response->session->conversation_id,
                copy_of(response_setting(response, "output_modalities")),
                copy_of(response_setting(response, "max_output_tokens")), audio, usage,
                copy_of(at(response->params, "metadata")));
}

/* ---- life --------------------------------------------------------------------------------- */

static void think_fired(void *user)
{
    struct response *response = user;

    response->timer = NULL;
    if (response->plan.failure != NULL)
        response_finish(response, "failed", response->plan.failure);
    else
        output_next(response);
}

static void send_rate_limits(struct response *response)
{
    session_send(response->session, "rate_limits.updated", usage_rate_limits(response));
}

void response_begin(struct session *session, const char *origin, struct json_object *params)
{
    struct response *active = response_active(session);
    bool beside = strcmp(text_at(params, "conversation", "auto"), "none") == 0;
    struct response *response;

    if (active != NULL && !beside) {
        session_error(session, NULL, "conversation_already_has_active_response", NULL,
                      "Conversation already has an active response in progress: %s", active->id);
        return;
    }
    if ((response = calloc(1, sizeof *response)) == NULL)
        abort();
    response->session = session;
    response->ordinal = ++session->response_count;
    response->origin = origin;
    response->params = json_object_get(params);
    response->beside = beside;
    response->output = json_object_new_array();
    make_id(response->id, "resp");
    response->next = session->responses;
    session->responses = response;
    session_cancel(session->idle);
    session->idle = NULL;
    make_plan(response);
    usage_begin(response);
    session_send(session, "response.created",
                 pack("response=o", describe(response, "in_progress", NULL, NULL)));
    if (response->ordinal % 2 == 1)
        send_rate_limits(response);
    response->timer = web_after(model.web, model.think_ms, think_fired, response);
}

static void response_free(struct response *response)
{
    web_timer_cancel(response->timer);
    plan_free(&response->plan);
    json_object_put(response->params);
    json_object_put(response->output);
    json_object_put(response->item);
    free(response->ulaw);
    free(response);
}

void responses_free(struct session *session)
{
    while (session->responses != NULL) {
        struct response *next = session->responses->next;

        response_free(session->responses);
        session->responses = next;
    }
}

/* A caller who says nothing after this response was played is spoken to. */
static void start_idle(struct response *response)
{
    struct session *session = response->session;
    int64_t wait = number_at(session->settings, "audio.input.turn_detection.idle_timeout_ms", 0);
    int64_t playing_ms = (response->audible_until - web_micros()) / 1000;

    if (wait == 0 || response->beside || session->input.speaking)
        return;
    session_cancel(session->idle);
    session->idle =
        session_after(session, wait + (playing_ms > 0 ? playing_ms : 0), input_idle, NULL);
}

void response_finish(struct response *response, const char *status, const char *reason)
{
    struct session *session = response->session;
    bool failed = strcmp(status, "failed") == 0;
    struct response **link = &session->responses;
    struct json_object *usage = failed ? NULL : usage_of(response);

    if (response->ordinal % 2 == 0)
        send_rate_limits(response);
    session_note(session, "responses",
                 pack("id=s origin=s status=s reason=s usage=k metadata=o", response->id,
                      response->origin, status, reason, usage,
                      copy_of(at(response->params, "metadata"))));
    while (*link != response)
        link = &(*link)->next;
    *link = response->next;
    session_send(session, "response.done",
                 pack("response=o", describe(response, status, reason, usage)));
    start_idle(response);
    response_free(response);
}

/* ---- interruptions ------------------------------------------------------------------------ */

static void tail_fired(void *user)
{
    struct response *response = user;

    response->timer = NULL;
    output_cut(response);
    response_finish(response, "cancelled", "turn_detected");
}

void response_interrupt(struct session *session)
{
    struct response *response = response_active(session);

    if (response == NULL || response->ending)
        return;
    response->ending = true;
    web_timer_cancel(response->timer);
    output_stale(response);
    response->timer = web_after(model.web, TAIL_MS, tail_fired, response);
}

static struct response *find_running(const struct session *session, const char *id)
{
    struct response *response = session->responses;

    if (id == NULL)
        response = response_active(session);
    while (id != NULL && response != NULL && strcmp(response->id, id) != 0)
        response = response->next;
    return response == NULL || response->ending ? NULL : response;
}

void response_cancel(struct session *session, struct json_object *event)
{
    const char *id = text_at(event, "response_id", NULL);
    struct response *response = find_running(session, id);

    session_note(
        session, "cancels",
        pack("response_id=s active=b", response == NULL ? id : response->id, response != NULL));
    if (response == NULL) {
        session_error(session, event, "response_cancel_not_active", NULL,
                      "Cancellation failed: no active response found");
        return;
    }
    web_timer_cancel(response->timer);
    response->timer = NULL;
    output_cut(response);
    response_finish(response, "cancelled", "client_cancelled");
}

void response_create(struct session *session, struct json_object *event)
{
    struct json_object *params = at(event, "response");
    bool beside = strcmp(text_at(params, "conversation", "auto"), "none") == 0;
    struct response *active = response_active(session);

    if (!session->configured)
        session_violation(session, "create_before_updated", "response.create");
    if (active != NULL && !beside) {
        session_violation(session, "response_create_while_active", "%s", active->id);
        session_error(session, event, "conversation_already_has_active_response", NULL,
                      "Conversation already has an active response in progress: %s. Wait until "
                      "the response is finished before creating a new one.",
                      active->id);
        return;
    }
    if (settings_check_response(session, event))
        response_begin(session, "client", params);
}
