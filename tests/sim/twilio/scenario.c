/* twilio/scenario.c - what tests order. */
#include "twilio/scenario.h"

#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "twilio/call.h"
#include "twilio/callee.h"
#include "twilio/messages.h"
#include "twilio/numbers.h"
#include "twilio/signed_form.h"
#include "twilio/voice.h"
#include "twilio/webhook.h"

enum { POLL_MS = 50, SETTLE_MS = 400 };

static void refuse(struct web_request *request, int status, const char *why)
{
    struct json_object *body = json_object_new_object();

    json_set(body, "error", why);
    web_answer_json(request, status, body);
}

/* ---- calls ---- */

static void place(struct web_request *request, struct json_object *order,
                  const struct account *account, struct json_object *number)
{
    const char *url = json_text(order, "url"), *told = json_text(order, "status_callback");
    const char *from = json_text(order, "from");
    struct json_object *body = json_object_new_object();
    struct call *call =
        call_new(account, "inbound", from ? from : "+15005550010", json_text(order, "to"));

    call->state = CALL_RINGING;
    call_tell_to(call, told ? told : json_text(number, "status_callback"),
                 json_text(number, "status_callback_method"), NULL);
    text_replace(&call->program.fallback_url, json_text(number, "voice_fallback_url"));
    text_replace(&call->program.fallback_method, json_text(number, "voice_fallback_method"));
    call->script =
        script_new(call, json_member(order, "script"), json_integer(order, "max_seconds", 0));
    json_set(body, "call_sid", call->sid);
    web_answer_json(request, 201, body);
    program_fetch(call, url ? url : json_text(number, "voice_url"),
                  url ? NULL : json_text(number, "voice_method"), NULL);
}

static void post_call(struct web_request *request)
{
    struct json_object *order = web_body_json(request), *number;
    const char *to = json_text(order, "to"), *sid = json_text(order, "account");
    const char *url = json_text(order, "url");
    const struct account *account;

    number = number_find(to);
    account = sid ? account_find(sid) : number ? number_account(number) : account_first();
    if (!url)
        url = json_text(number, "voice_url");
    if (!to)
        refuse(request, 400, "a \"to\" is missing");
    else if (!account)
        refuse(request, 400, "there is no such account");
    else if (!url || !*url)
        refuse(request, 404, "the number is not bought or has no VoiceUrl");
    else if (script_fault(json_member(order, "script")))
        refuse(request, 400, script_fault(json_member(order, "script")));
    else
        place(request, order, account, number);
}

/* A request that waits for a call to end. */
struct waiting {
    struct web_request *request;
    struct call *call;
    int64_t until;
};

/* Ended, and all that follows has been told. */
static bool is_settled(const struct call *call)
{
    return call_ended(call) && web_epoch_ms() - call->ended_ms >= SETTLE_MS &&
           !webhook_busy(call->sid);
}

static void look_again(void *user)
{
    struct waiting *waiting = user;

    if (!is_settled(waiting->call) && web_micros() < waiting->until) {
        web_after(carrier.web, POLL_MS, look_again, waiting);
        return;
    }
    web_answer_json(waiting->request, 200, call_view(waiting->call));
    free(waiting);
}

static void get_call(struct web_request *request, struct call *call)
{
    const char *wait_ms = web_query_value(request, "wait_ms");
    struct waiting *waiting = calloc(1, sizeof *waiting);

    *waiting =
        (struct waiting){.request = request,
                         .call = call,
                         .until = web_micros() + (wait_ms ? strtoll(wait_ms, NULL, 10) * 1000 : 0)};
    look_again(waiting);
}

static void handle_calls(struct web_request *request)
{
    const char *sid = web_path(request) + strlen("/_calls");
    struct call *call = *sid == '/' ? call_find(sid + 1) : NULL;
    struct json_object *all;

    if (*sid == '/' && !call) {
        refuse(request, 404, "there is no such call");
    } else if (call && !strcmp(web_method(request), "DELETE")) {
        call_leave(call);
        web_answer_json(request, 200, call_view(call));
    } else if (call) {
        get_call(request, call);
    } else if (!strcmp(web_method(request), "POST")) {
        post_call(request);
    } else {
        all = json_object_new_array();
        for (call = calls_first(); call; call = call->next)
            json_object_array_add(all, call_view(call));
        web_answer_json(request, 200, all);
    }
}

/* ---- people and numbers ---- */

static void handle_callee(struct web_request *request)
{
    const char *fault = NULL;

    if (!strcmp(web_method(request), "DELETE"))
        callees_clear();
    else
        fault = callee_set(web_body_json(request));
    if (fault)
        refuse(request, 400, fault);
    else
        web_answer_json(request, 200, json_object_new_object());
}

static void post_number(struct web_request *request)
{
    static const char *const names[][2] = {
        {"phone_number", "PhoneNumber"},
        {"voice_url", "VoiceUrl"},
        {"sms_url", "SmsUrl"},
        {"status_callback", "StatusCallback"},
        {"voice_fallback_url", "VoiceFallbackUrl"},
        {"friendly_name", "FriendlyName"},
    };
    struct json_object *order = web_body_json(request), *number;
    const char *sid = json_text(order, "account");
    const struct account *account = sid ? account_find(sid) : account_first();
    struct form params = {.pairs = NULL};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        form_add(&params, names[i][1], json_text(order, names[i][0]));
    number = account ? number_give(account, &params) : NULL;
    if (number)
        web_answer_json(request, 201, json_object_get(number));
    else
        refuse(request, 409, "no such account, no number, or a number that is taken");
    form_free(&params);
}

static void handle_numbers(struct web_request *request)
{
    if (!strcmp(web_method(request), "POST"))
        post_number(request);
    else
        web_answer_json(request, 200, json_object_get(numbers_all()));
}

static void handle_messages(struct web_request *request)
{
    web_answer_json(request, 200, json_object_get(messages_all()));
}

static void handle_accounts(struct web_request *request)
{
    struct json_object *order = web_body_json(request);
    const char *sid = json_text(order, "sid"), *token = json_text(order, "token");

    if (sid && token && account_add(sid, token))
        web_answer_json(request, 201, json_object_new_object());
    else
        refuse(request, 400, "an account has a sid (AC…) and a token");
}

/* ---- speech ---- */

static void speech_made(void *user, unsigned char *speech, size_t count)
{
    web_answer(user, 200, "audio/basic", speech, count);
    free(speech);
}

static void handle_speech(struct web_request *request)
{
    const char *text = web_query_value(request, "text");

    if (text)
        voice_make(text, web_query_value(request, "voice"), speech_made, request);
    else
        refuse(request, 400, "a text is missing");
}

/* ---- all of it ---- */

static const struct {
    const char *path;
    void (*handle)(struct web_request *request);
} paths[] = {
    {"/_calls", handle_calls},       {"/_callee", handle_callee},   {"/_sms", messages_receive},
    {"/_messages", handle_messages}, {"/_numbers", handle_numbers}, {"/_accounts", handle_accounts},
    {"/_webhook", signed_form},      {"/_speech", handle_speech},
};

static void handle(struct web_request *request, void *unused)
{
    const char *path = web_path(request);
    size_t length;

    (void)unused;
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        length = strlen(paths[i].path);
        if (!strncmp(path, paths[i].path, length) && (!path[length] || path[length] == '/')) {
            paths[i].handle(request);
            return;
        }
    }
    refuse(request, 404, "there is no such path");
}

static struct json_object *state(void *unused)
{
    struct json_object *body = json_object_new_object();
    int64_t live = 0, all = 0, latest_ms = 0;

    (void)unused;
    for (struct call *call = calls_first(); call; call = call->next) {
        all++;
        live += !call_ended(call);
        if (call->latest_ms > latest_ms)
            latest_ms = call->latest_ms;
    }
    json_set(body, "base_url", carrier.base_url);
    json_set_integer(body, "calls", all);
    json_set_integer(body, "calls_live", live);
    json_set_integer(body, "latest_step_ms", latest_ms);
    json_set_integer(body, "numbers", (int64_t)json_object_array_length(numbers_all()));
    json_set_integer(body, "messages", (int64_t)json_object_array_length(messages_all()));
    return body;
}

const struct control scenario = {.state = state, .handler = handle};
