#include "domain/customer_callbacks.h"

#include <string.h>

#include "core/json.h"
#include "core/text.h"
#include "domain/call_state.h"
#include "domain/callbacks.h"
#include "domain/calls.h"
#include "domain/customer_hooks.h"
#include "domain/customer_requests.h"
#include "domain/customer_twiml.h"
#include "domain/inbound.h"
#include "remote/guard.h"

static bool is_given(const char *text)
{
    return text && *text;
}

/* ---- wishes ---- */

enum wish_kind { AN_URL, A_METHOD, STATUSES, RECORDINGS };

/* What a call's row remembers of its wishes, under Twilio's own names. */
static const struct wish {
    const char *name;
    size_t offset;
    enum wish_kind kind;
} known[] = {
    /* clang-format off */
    {"Url",                           offsetof(struct customer_wishes, url),              AN_URL},
    {"Method",                        offsetof(struct customer_wishes, method),           A_METHOD},
    {"FallbackUrl",                   offsetof(struct customer_wishes, fallback_url),     AN_URL},
    {"FallbackMethod",                offsetof(struct customer_wishes, fallback_method),  A_METHOD},
    {"StatusCallback",                offsetof(struct customer_wishes, status_url),       AN_URL},
    {"StatusCallbackMethod",          offsetof(struct customer_wishes, status_method),    A_METHOD},
    {"StatusCallbackEvent",           offsetof(struct customer_wishes, status_events),    STATUSES},
    {"RecordingStatusCallback",       offsetof(struct customer_wishes, recording_url),    AN_URL},
    {"RecordingStatusCallbackMethod", offsetof(struct customer_wishes, recording_method), A_METHOD},
    {"RecordingStatusCallbackEvent",  offsetof(struct customer_wishes, recording_events), RECORDINGS},
    {"AsyncAmdStatusCallback",        offsetof(struct customer_wishes, amd_url),          AN_URL},
    {"AsyncAmdStatusCallbackMethod",  offsetof(struct customer_wishes, amd_method),       A_METHOD},
    /* clang-format on */
};

static const char *value_of(const struct customer_wishes *wishes, const struct wish *wish)
{
    return *(const char *const *)((const char *)wishes + wish->offset);
}

/* Whether a list of words, blanks or commas between, has that word. */
static bool lists(const char *list, const char *word)
{
    size_t length = strlen(word);

    while (*list) {
        size_t next = strcspn(list, " ,");

        if (next == length && strncmp(list, word, length) == 0)
            return true;
        list += next + strspn(list + next, " ,");
    }
    return false;
}

static bool check_events(struct work *work, const char *name, const char *list, const char *known_)
{
    while (*list) {
        size_t length = strcspn(list, " ,");

        if (length && !lists(known_, arena_copy(&work->arena, list, length)))
            return fail_field(work, name, "%s must be of %s", name, known_);
        list += length + strspn(list + length, " ,");
    }
    return true;
}

static bool check_wish(struct work *work, const struct wish *wish, const char *value)
{
    switch (wish->kind) {
    case AN_URL:
        return guard_check_web_url(work, wish->name,
                                   arena_copy(&work->arena, value, strcspn(value, "#")),
                                   CUSTOMER_URL_LIMIT) &&
               (strlen(value) <= CUSTOMER_URL_LIMIT ||
                fail_field(work, wish->name, "%s is too long", wish->name));
    case A_METHOD:
        return text_is(value, "GET") || text_is(value, "POST") ||
               fail_field(work, wish->name, "%s must be GET or POST", wish->name);
    case STATUSES:
        return check_events(work, wish->name, value, "initiated ringing answered completed");
    case RECORDINGS:
        return check_events(work, wish->name, value, "in-progress completed absent");
    }
    return true;
}

static bool check_twiml(struct work *work, const char *twiml)
{
    struct twiml_notice error;

    if (text_characters(twiml) > CUSTOMER_TWIML_LIMIT)
        return fail_field(work, "Twiml", "Twiml is longer than %d characters",
                          CUSTOMER_TWIML_LIMIT);
    return customer_twiml_check(work, twiml, strlen(twiml), &error) ||
           fail_field(work, "Twiml", "Twiml must be one well-formed <Response>");
}

bool customer_wishes_check(struct work *work, const struct customer_wishes *wishes)
{
    for (size_t i = 0; i < COUNT(known); i++) {
        const char *value = value_of(wishes, &known[i]);

        if (is_given(value) && !check_wish(work, &known[i], value))
            return false;
    }
    return is_given(wishes->url) || !is_given(wishes->twiml) || check_twiml(work, wishes->twiml);
}

bool customer_answers(const struct customer_wishes *wishes)
{
    return wishes && (is_given(wishes->url) || is_given(wishes->twiml));
}

const char *customer_params(struct work *work, const char *before,
                            const struct customer_wishes *wishes)
{
    json_object *params = before ? json_parse(before) : NULL;
    const char *json;

    if (!json_object_is_type(params, json_type_object)) {
        json_object_put(params);
        params = json_object_new_object();
    }
    if (!is_given(wishes->url) && is_given(wishes->twiml))
        json_object_object_del(params, "Url");
    for (size_t i = 0; i < COUNT(known); i++) {
        const char *value = value_of(wishes, &known[i]);

        if (value)
            json_object_object_del(params, known[i].name);
        if (is_given(value))
            json_object_object_add(params, known[i].name, json_object_new_string(value));
    }
    json = json_write(&work->arena, params);
    json_object_put(params);
    return json;
}

const char *customer_wish(struct work *work, const struct call *call, const char *name)
{
    json_object *params = call->carrier_params.json ? json_parse(call->carrier_params.json) : NULL;
    const char *value = arena_text(&work->arena, json_text(params, name));

    json_object_put(params);
    return is_given(value) ? value : NULL;
}

bool customer_answer_url(struct work *work, const struct call *call,
                         const struct customer_wishes *wishes, const char **url)
{
    bool asked = is_given(wishes->url);
    struct customer_hook hook = {
        .call_id = call->id,
        .kind = "twiml",
        .url = asked ? wishes->url : NULL,
        .document = asked ? NULL : wishes->twiml,
        .method = asked && text_is(wishes->method, "GET") ? "GET" : "POST",
    };

    *url = customer_hook_url(work, &hook);
    return customer_hooks_write(work, &hook, 1);
}

/* ---- telling ---- */

/* What Twilio calls the step to a status; NULL for one that nobody can ask for. */
static const char *step_of(const char *status)
{
    const char *state = call_state_of_carrier(status);

    if (text_is(status, "initiated") || text_is(status, "ringing"))
        return status;
    if (text_is(status, "in-progress"))
        return "answered";
    return state && call_state_is_terminal(state) ? "completed" : NULL;
}

/* Tells one of the three callbacks of an order, if it is there and wants to hear of "what". */
static bool tell_wish(struct work *work, const struct call *call, const char *callback,
                      const char *what, const char *event_type, const struct form *form, uid event)
{
    struct arena *arena = &work->arena;
    const char *url = customer_wish(work, call, callback), *events;
    struct customer_delivery delivery = {
        .url = url, .event_type = event_type, .form = form, .event = event};

    if (!url || !what)
        return true;
    events = customer_wish(work, call, arena_format(arena, "%sEvent", callback));
    if (!text_is(what, "always") && !lists(events ? events : "completed", what))
        return true;
    delivery.method = customer_wish(work, call, arena_format(arena, "%sMethod", callback));
    return customer_deliver(work, &delivery);
}

bool customer_tell_status(struct work *work, const struct call *call, const struct form *form,
                          uid event)
{
    return tell_wish(work, call, "StatusCallback", step_of(form_text(form, "CallStatus")),
                     "call.status", form, event);
}

bool customer_tell_recording(struct work *work, const struct call *call, const struct form *form,
                             uid event)
{
    return tell_wish(work, call, "RecordingStatusCallback", form_text(form, "RecordingStatus"),
                     "recording.status", form, event);
}

bool customer_tell_amd(struct work *work, const struct call *call, const struct form *form,
                       uid event)
{
    return tell_wish(work, call, "AsyncAmdStatusCallback", "always", "call.amd", form, event);
}

/* Whether a customer's URL in TwiML wants to hear of that. */
static bool is_wanted(const struct customer_hook *hook, const struct form *form)
{
    const char *what = "always";

    if (!hook->url)
        return false;
    if (text_is(hook->kind, "status"))
        what = step_of(form_text(form, "CallStatus"));
    if (text_is(hook->kind, "recording"))
        what = form_text(form, "RecordingStatus");
    return !hook->events || (what && lists(hook->events, what));
}

bool customer_tell_hook(struct work *work, const struct customer_hook *hook,
                        const struct form *form, uid event)
{
    const struct customer_delivery delivery = {
        .url = hook->url,
        .method = hook->method,
        .event_type = arena_format(&work->arena, "twiml.%s", hook->kind),
        .form = form,
        .event = event,
    };

    return !is_wanted(hook, form) || customer_deliver(work, &delivery);
}
