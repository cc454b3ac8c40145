#include "remote/twilio.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/json.h"
#include "core/log.h"
#include "core/text.h"
#include "remote/http.h"

enum { DEADLINE_MS = 8000, CODE_NOT_AVAILABLE = 21422 };

/* One exchange with the carrier. */
struct exchange {
    const struct carrier *carrier;
    const char *method, *path; /* below the account */
    struct text query, form;
    size_t answer_limit;
    struct http_answer answer;
    json_object *body; /* of the answer; put by whoever asked */
    struct carrier_outcome outcome;
};

static struct exchange exchange_of(struct work *work, const struct carrier *carrier,
                                   const char *method, const char *path)
{
    return (struct exchange){
        .carrier = carrier,
        .method = method,
        .path = path,
        .query.arena = &work->arena,
        .form.arena = &work->arena,
    };
}

/* What the client of ours is told; the carrier's own words are for the log. */
static bool fail_refused(struct work *work, const struct carrier_outcome *outcome)
{
    if (outcome->status == 404)
        return fail(work, NOT_FOUND, "The carrier does not know it");
    if (outcome->code == CODE_NOT_AVAILABLE)
        return fail(work, LIMIT_REACHED, "The number is no longer available");
    if (outcome->status == 400) {
        fail(work, INVALID, "The carrier refused the request");
        work->error.detail = outcome->code;
        return false;
    }
    return fail(work, UPSTREAM, "The carrier cannot do that now");
}

/* An error answer of the carrier; 5xx and what cannot be understood may have been done all the
 * same. */
static bool take_refusal(struct work *work, struct exchange *exchange)
{
    struct carrier_outcome *outcome = &exchange->outcome;
    const char *request = http_header_of(&exchange->answer, "Twilio-Request-Id");
    int status = exchange->answer.status;

    outcome->end = status >= 400 && status < 500 ? CARRIER_REFUSED : CARRIER_UNKNOWN;
    outcome->code = (int)json_integer(exchange->body, "code", 0);
    outcome->message = arena_text(&work->arena, json_text(exchange->body, "message"));
    log_warning(work, "carrier.refused", "path=%s status=%d code=%d request=%s", exchange->path,
                status, outcome->code, request ? request : "-");
    return fail_refused(work, outcome);
}

static bool take_answer(struct work *work, struct exchange *exchange, bool wants_body)
{
    const struct text *body = &exchange->answer.body;
    struct error error = work->error;
    bool ok = exchange->answer.status >= 200 && exchange->answer.status < 300;
    bool read =
        body->length && json_read(work, body->at, body->length,
                                  &(struct json_rules){.depth = JSON_DEPTH}, &exchange->body);

    work->error = error;
    exchange->outcome.status = exchange->answer.status;
    if (!ok)
        return take_refusal(work, exchange);
    exchange->outcome.end = CARRIER_DONE;
    if (read || !wants_body)
        return true;
    exchange->outcome.end = CARRIER_UNKNOWN;
    return fail(work, UPSTREAM, "The carrier's answer cannot be understood");
}

/* Asks the carrier and reads its answer; false leaves no body behind. */
static bool ask(struct work *work, struct exchange *exchange)
{
    const struct carrier *carrier = exchange->carrier;
    const char *url =
        arena_format(&work->arena, "%s/2010-04-01/Accounts/%s%s%s%s", carrier->base_url,
                     carrier->account_sid, exchange->path, exchange->query.length ? "?" : "",
                     exchange->query.length ? exchange->query.at : "");
    const struct http_request request = {
        .method = exchange->method,
        .url = url,
        .user = carrier->account_sid,
        .password = carrier->auth_token,
        .content_type = exchange->form.at ? "application/x-www-form-urlencoded" : NULL,
        .body = exchange->form.at,
        .length = exchange->form.length,
        .deadline_ms = DEADLINE_MS,
        .answer_limit = exchange->answer_limit,
    };

    if (http_send(work, &request, &exchange->answer))
        return take_answer(work, exchange, strcmp(exchange->method, "DELETE") != 0);
    exchange->outcome.end =
        exchange->answer.end == HTTP_UNANSWERED ? CARRIER_UNKNOWN : CARRIER_REFUSED;
    exchange->outcome.message = exchange->answer.problem;
    return fail(work, UPSTREAM, "The carrier did not answer");
}

static void end(struct exchange *exchange, struct carrier_outcome *outcome)
{
    if (outcome)
        *outcome = exchange->outcome;
    json_object_put(exchange->body);
    exchange->body = NULL;
}

/* A text member copied into the work's arena; an empty one counts as absent. */
static const char *text_of(struct work *work, json_object *object, const char *name)
{
    const char *value = json_text(object, name);

    return value && *value ? arena_text(&work->arena, value) : NULL;
}

/* Older accounts spell capabilities in capitals. */
static bool capability(json_object *number, const char *lower, const char *upper)
{
    json_object *capabilities = json_member(number, "capabilities");

    return json_boolean(capabilities, lower, json_boolean(capabilities, upper, false));
}

static struct carrier_number read_number(struct work *work, json_object *number)
{
    return (struct carrier_number){
        .sid = text_of(work, number, "sid"),
        .phone_number = text_of(work, number, "phone_number"),
        .friendly_name = text_of(work, number, "friendly_name"),
        .locality = text_of(work, number, "locality"),
        .region = text_of(work, number, "region"),
        .country = text_of(work, number, "iso_country"),
        .voice_url = text_of(work, number, "voice_url"),
        .status_url = text_of(work, number, "status_callback"),
        .sms_url = text_of(work, number, "sms_url"),
        .voice = capability(number, "voice", "VOICE"),
        .sms = capability(number, "sms", "SMS"),
        .mms = capability(number, "mms", "MMS"),
    };
}

/* The numbers of a list that have at least a number. */
static void read_numbers(struct work *work, json_object *list, struct carrier_numbers *numbers)
{
    size_t count = json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;

    *numbers = (struct carrier_numbers){arena_new(&work->arena, struct carrier_number, count), 0};
    for (size_t i = 0; i < count; i++) {
        struct carrier_number number = read_number(work, json_object_array_get_idx(list, i));

        if (number.phone_number)
            numbers->at[numbers->count++] = number;
    }
}

bool twilio_search_numbers(struct work *work, const struct carrier *carrier,
                           const struct number_search *search, struct carrier_numbers *numbers)
{
    const char *path = arena_format(&work->arena, "/AvailablePhoneNumbers/%s/%s.json",
                                    search->country, search->type ? search->type : "Local");
    struct exchange exchange = exchange_of(work, carrier, "GET", path);
    bool ok;

    http_form_add(&exchange.query, "AreaCode", search->area_code);
    http_form_add(&exchange.query, "Contains", search->contains);
    http_form_add(&exchange.query, "InRegion", search->region);
    http_form_add(&exchange.query, "InLocality", search->locality);
    http_form_add(&exchange.query, "VoiceEnabled", "true");
    http_form_add(&exchange.query, "PageSize",
                  arena_format(&work->arena, "%lld", (long long)search->limit));
    ok = ask(work, &exchange);
    if (ok)
        read_numbers(work, json_member(exchange.body, "available_phone_numbers"), numbers);
    end(&exchange, NULL);
    return ok;
}

static void add_order(struct text *form, const struct number_order *order)
{
    http_form_add(form, "FriendlyName", order->friendly_name);
    http_form_add(form, "VoiceUrl", order->voice_url);
    http_form_add(form, "VoiceMethod", order->voice_url ? "POST" : NULL);
    http_form_add(form, "StatusCallback", order->status_url);
    http_form_add(form, "StatusCallbackMethod", order->status_url ? "POST" : NULL);
    http_form_add(form, "SmsUrl", order->sms_url);
    http_form_add(form, "SmsMethod", order->sms_url ? "POST" : NULL);
}

/* An order is done only when the answer names what was made. */
static bool need_sid(struct work *work, struct exchange *exchange, const char *sid)
{
    if (sid)
        return true;
    exchange->outcome.end = CARRIER_UNKNOWN;
    return fail(work, UPSTREAM, "The carrier's answer cannot be understood");
}

bool twilio_buy_number(struct work *work, const struct carrier *carrier,
                       const struct number_order *order, struct carrier_number *number,
                       struct carrier_outcome *outcome)
{
    struct exchange exchange = exchange_of(work, carrier, "POST", "/IncomingPhoneNumbers.json");
    bool ok;

    http_form_add(&exchange.form, "PhoneNumber", order->phone_number);
    add_order(&exchange.form, order);
    ok = ask(work, &exchange);
    if (ok) {
        *number = read_number(work, exchange.body);
        ok = need_sid(work, &exchange, number->sid && number->phone_number ? number->sid : NULL);
    }
    end(&exchange, outcome);
    return ok;
}

/* The filter of the search may be looser than ours. */
static bool pick_number(struct work *work, const struct carrier_numbers *numbers,
                        const char *friendly_name, struct carrier_number *number)
{
    for (size_t i = 0; i < numbers->count; i++) {
        const char *name = numbers->at[i].friendly_name;

        if (!numbers->at[i].sid || (friendly_name && (!name || strcmp(name, friendly_name) != 0)))
            continue;
        *number = numbers->at[i];
        return true;
    }
    return fail(work, NOT_FOUND, "The carrier does not know it");
}

bool twilio_find_number(struct work *work, const struct carrier *carrier, const char *friendly_name,
                        const char *phone_number, struct carrier_number *number)
{
    struct exchange exchange = exchange_of(work, carrier, "GET", "/IncomingPhoneNumbers.json");
    struct carrier_numbers numbers = {0};
    bool ok;

    http_form_add(&exchange.query, "FriendlyName", friendly_name);
    http_form_add(&exchange.query, "PhoneNumber", phone_number);
    ok = ask(work, &exchange);
    if (ok)
        read_numbers(work, json_member(exchange.body, "incoming_phone_numbers"), &numbers);
    end(&exchange, NULL);
    return ok && pick_number(work, &numbers, friendly_name, number);
}

bool twilio_update_number(struct work *work, const struct carrier *carrier, const char *sid,
                          const struct number_order *order, struct carrier_outcome *outcome)
{
    const char *path = arena_format(&work->arena, "/IncomingPhoneNumbers/%s.json", sid);
    struct exchange exchange = exchange_of(work, carrier, "POST", path);
    bool ok;

    add_order(&exchange.form, order);
    ok = ask(work, &exchange);
    end(&exchange, outcome);
    return ok;
}

bool twilio_release_number(struct work *work, const struct carrier *carrier, const char *sid,
                           struct carrier_outcome *outcome)
{
    const char *path = arena_format(&work->arena, "/IncomingPhoneNumbers/%s.json", sid);
    struct exchange exchange = exchange_of(work, carrier, "DELETE", path);
    bool ok = ask(work, &exchange) || exchange.outcome.status == 404;

    if (ok)
        exchange.outcome.end = CARRIER_DONE;
    end(&exchange, outcome);
    return ok;
}

/* "-0.03000" as 30000. */
static int64_t read_price(const char *price)
{
    char *rest;
    double value = price ? strtod(price, &rest) : 0;

    if (!price || rest == price || *rest || !isfinite(value) || fabs(value) > 1e6)
        return NO_INTEGER;
    return (int64_t)llround(fabs(value) * 1e6);
}

static int64_t read_duration(const char *duration)
{
    char *rest;
    long seconds = duration ? strtol(duration, &rest, 10) : 0;

    return duration && rest != duration && !*rest && seconds >= 0 ? seconds : NO_INTEGER;
}

static instant read_time(const char *time)
{
    instant when;

    return time && instant_read_rfc2822(time, &when) ? when : NO_INSTANT;
}

static struct carrier_call read_call(struct work *work, json_object *call)
{
    return (struct carrier_call){
        .sid = text_of(work, call, "sid"),
        .status = text_of(work, call, "status"),
        .direction = text_of(work, call, "direction"),
        .from = text_of(work, call, "from"),
        .to = text_of(work, call, "to"),
        .answered_by = text_of(work, call, "answered_by"),
        .parent_call_sid = text_of(work, call, "parent_call_sid"),
        .duration_seconds = read_duration(json_text(call, "duration")),
        .price_micros = read_price(json_text(call, "price")),
        .price_unit = text_of(work, call, "price_unit"),
        .started_at = read_time(json_text(call, "start_time")),
        .ended_at = read_time(json_text(call, "end_time")),
    };
}

/* Asks for a call and reads it. */
static bool ask_call(struct work *work, struct exchange *exchange, struct carrier_call *call,
                     struct carrier_outcome *outcome)
{
    bool ok = ask(work, exchange);

    if (ok) {
        *call = read_call(work, exchange->body);
        ok = need_sid(work, exchange, call->sid);
    }
    end(exchange, outcome);
    return ok;
}

static void add_settings(struct text *form, const struct carrier_setting *settings,
                         size_t nsettings)
{
    for (size_t i = 0; i < nsettings; i++)
        http_form_add(form, settings[i].name, settings[i].value);
}

bool twilio_call_create(struct work *work, const struct carrier *carrier,
                        const struct carrier_setting *settings, size_t nsettings,
                        struct carrier_call *call, struct carrier_outcome *outcome)
{
    struct exchange exchange = exchange_of(work, carrier, "POST", "/Calls.json");

    add_settings(&exchange.form, settings, nsettings);
    return ask_call(work, &exchange, call, outcome);
}

static const char *call_path(struct work *work, const char *call_sid)
{
    return arena_format(&work->arena, "/Calls/%s.json", call_sid);
}

bool twilio_call_update(struct work *work, const struct carrier *carrier, const char *call_sid,
                        const struct carrier_setting *settings, size_t nsettings,
                        struct carrier_call *call, struct carrier_outcome *outcome)
{
    struct exchange exchange = exchange_of(work, carrier, "POST", call_path(work, call_sid));

    add_settings(&exchange.form, settings, nsettings);
    return ask_call(work, &exchange, call, outcome);
}

bool twilio_call_fetch(struct work *work, const struct carrier *carrier, const char *call_sid,
                       struct carrier_call *call)
{
    struct exchange exchange = exchange_of(work, carrier, "GET", call_path(work, call_sid));

    return ask_call(work, &exchange, call, NULL);
}

bool twilio_calls_list(struct work *work, const struct carrier *carrier, const char *from,
                       const char *to, instant since, struct carrier_calls *calls)
{
    struct exchange exchange = exchange_of(work, carrier, "GET", "/Calls.json");
    json_object *list;
    char start[32];
    bool ok;

    instant_write_iso(since, ISO_SECONDS, start);
    http_form_add(&exchange.query, "From", from);
    http_form_add(&exchange.query, "To", to);
    http_form_add(&exchange.query, "StartTime>", start);
    ok = ask(work, &exchange);
    list = ok ? json_member(exchange.body, "calls") : NULL;
    *calls = (struct carrier_calls){0};
    if (json_object_is_type(list, json_type_array)) {
        calls->count = json_object_array_length(list);
        calls->at = arena_new(&work->arena, struct carrier_call, calls->count);
        for (size_t i = 0; i < calls->count; i++)
            calls->at[i] = read_call(work, json_object_array_get_idx(list, i));
    }
    end(&exchange, NULL);
    return ok;
}

/* Orders something of which only its SID matters. */
static bool order_by(struct work *work, const struct carrier *carrier, const char *path,
                     const struct carrier_setting *settings, size_t nsettings, const char **sid,
                     struct carrier_outcome *outcome)
{
    struct exchange exchange = exchange_of(work, carrier, "POST", path);
    bool ok;

    add_settings(&exchange.form, settings, nsettings);
    ok = ask(work, &exchange);
    if (ok) {
        *sid = text_of(work, exchange.body, "sid");
        ok = need_sid(work, &exchange, *sid);
    }
    end(&exchange, outcome);
    return ok;
}

bool twilio_message_create(struct work *work, const struct carrier *carrier,
                           const struct carrier_setting *settings, size_t nsettings,
                           const char **sid, struct carrier_outcome *outcome)
{
    return order_by(work, carrier, "/Messages.json", settings, nsettings, sid, outcome);
}

bool twilio_recording_start(struct work *work, const struct carrier *carrier, const char *call_sid,
                            const struct carrier_setting *settings, size_t nsettings,
                            const char **sid, struct carrier_outcome *outcome)
{
    const char *path = arena_format(&work->arena, "/Calls/%s/Recordings.json", call_sid);

    return order_by(work, carrier, path, settings, nsettings, sid, outcome);
}

/* Bytes, not JSON: what the answer holds is the caller's affair. */
bool twilio_get(struct work *work, const struct carrier *carrier, const char *path,
                size_t answer_limit, const char **body, size_t *length)
{
    struct http_answer answer;
    const struct http_request request = {
        .url = arena_format(&work->arena, "%s/2010-04-01/Accounts/%s%s", carrier->base_url,
                            carrier->account_sid, path),
        .user = carrier->account_sid,
        .password = carrier->auth_token,
        .deadline_ms = DEADLINE_MS,
        .answer_limit = answer_limit,
        .redirects = 3,
    };

    if (!http_send(work, &request, &answer))
        return false;
    if (answer.status == 404)
        return fail(work, NOT_FOUND, "The carrier does not know it");
    if (answer.status != 200)
        return fail(work, UPSTREAM, "The carrier cannot do that now");
    *body = answer.body.at;
    *length = answer.body.length;
    return true;
}
