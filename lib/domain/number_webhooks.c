#include "domain/number_webhooks.h"

#include <string.h>

#include "core/crypto.h"
#include "core/json.h"
#include "core/log.h"
#include "core/text.h"
#include "domain/inbound.h"
#include "domain/numbers.h"
#include "domain/phone_routes.h"
#include "domain/tenants.h"
#include "remote/http.h"
#include "remote/twilio.h"
#include "remote/twilio_signature.h"

enum { PROBE_MS = 5000, PROBE_ANSWER = 1024, NONCE = 20 };

static const char *voice_url(struct work *work)
{
    return hook_url(work, "/api/v1/incoming-call");
}

static const char *status_url(struct work *work)
{
    return hook_url(work, "/api/v1/call-status");
}

static const char *sms_url(struct work *work)
{
    return hook_url(work, "/hooks/twilio/sms");
}

/* ---- setting ---- */

/* Numbers of our own orders were given their callbacks when they were bought. */
static bool was_bought(struct work *work, const char *e164, bool *bought)
{
    struct phone_number number;

    *bought = false;
    if (!number_by_e164(work, e164, &number))
        return work->error.what == NOT_FOUND;
    *bought = strcmp(number.source, "imported") != 0;
    return true;
}

bool number_webhooks_owe(struct work *work, const struct phone_route *route)
{
    struct text payload = {.arena = &work->arena};
    struct tenant tenant;
    bool bought;

    if (strcmp(route->direction, "inbound") != 0)
        return true;
    if (!tenant_by_id(work, work->tenant, &tenant))
        return false;
    if (strcmp(tenant.carrier_mode, "byoc") != 0)
        return true;
    if (!was_bought(work, route->e164, &bought))
        return false;
    text_put(&payload, "{\"phone_number\":");
    text_json(&payload, route->e164);
    text_char(&payload, '}');
    return bought || outbox_put(work, "carrier", NO_UID, NUMBER_WEBHOOKS, payload.at, NULL);
}

/* Whether the number is routed here still; a later owner of it would not want our callbacks. */
static bool is_routed(struct work *work, const char *e164, bool *routed)
{
    struct phone_route route;

    *routed = phone_route_for(work, e164, "inbound", &route);
    return *routed || work->error.what == NOT_FOUND;
}

static bool point_here(struct work *work, const struct carrier *carrier, const char *e164)
{
    const struct number_order callbacks = {
        .voice_url = voice_url(work), .status_url = status_url(work), .sms_url = sms_url(work)};
    struct carrier_outcome outcome;
    struct carrier_number number;

    if (!twilio_find_number(work, carrier, NULL, e164, &number)) {
        if (work->error.what != NOT_FOUND)
            return false;
        log_warning(work, "number.not_held", "number=%s account=%s", e164, carrier->account_sid);
        return true;
    }
    if (!twilio_update_number(work, carrier, number.sid, &callbacks, &outcome))
        return fail(work, UPSTREAM, "The carrier did not take the callbacks of %s", e164);
    log_info(work, "number.points_here", "number=%s account=%s", e164, carrier->account_sid);
    return true;
}

bool number_webhooks_set(struct work *work, const struct outbox_row *row)
{
    json_object *payload = json_parse(row->payload.json);
    const char *named = json_text(payload, "phone_number");
    const char *e164 = named ? arena_text(&work->arena, named) : NULL;
    struct carrier carrier;
    struct tenant tenant;
    bool routed;

    json_object_put(payload);
    if (!e164)
        return fail(work, INTERNAL, "The order names no number");
    if (!is_routed(work, e164, &routed))
        return false;
    return !routed ||
           (tenant_by_id(work, work->tenant, &tenant) &&
            carrier_of_tenant(work, &tenant, &carrier) && point_here(work, &carrier, e164));
}

/* ---- looking ---- */

static bool look_up(struct work *work, const struct carrier *carrier, struct number_check *check)
{
    struct carrier_number number;

    check->held = twilio_find_number(work, carrier, NULL, check->phone_number, &number);
    if (!check->held)
        return work->error.what == NOT_FOUND;
    check->voice_url = number.voice_url;
    check->status_url = number.status_url;
    check->sms_url = number.sms_url;
    check->points_here = check->voice_url && check->status_url &&
                         strcmp(check->voice_url, check->expected_voice_url) == 0 &&
                         strcmp(check->status_url, check->expected_status_url) == 0;
    return true;
}

/* As the carrier would ask about a call to the number, but about no call. */
static bool probe(struct work *work, const struct carrier *carrier,
                  const struct number_check *check)
{
    struct arena *arena = &work->arena;
    const char *nonce = random_word(arena, NONCE), *url = hook_url(work, PROBE_PATH);
    const struct twilio_field fields[] = {
        {"AccountSid", carrier->account_sid},
        {"Direction", "inbound"},
        {"Nonce", nonce},
        {"To", check->phone_number},
    };
    const struct http_header header = {
        "X-Twilio-Signature",
        twilio_signature(arena, carrier->auth_token, url, fields, COUNT(fields))};
    struct text form = {.arena = arena};
    struct http_request request = {
        .url = url,
        .headers = &header,
        .nheaders = 1,
        .content_type = "application/x-www-form-urlencoded",
        .deadline_ms = PROBE_MS,
        .answer_limit = PROBE_ANSWER,
        .cut = true,
    };
    struct http_answer answer;

    for (size_t i = 0; i < COUNT(fields); i++)
        http_form_add(&form, fields[i].name, fields[i].value);
    request.body = form.at;
    request.length = form.length;
    return http_send(work, &request, &answer) && answer.status == 200 &&
           strcmp(answer.body.at, arena_format(arena, "proved %s\n", nonce)) == 0;
}

static const char *problem_of(struct work *work, const struct number_check *check)
{
    if (!check->held)
        return "The carrier account does not hold this number";
    if (!check->points_here)
        return arena_format(&work->arena, "The number calls %s",
                            check->voice_url ? check->voice_url : "nobody");
    return check->signature_verified
               ? NULL
               : "A signed request to PUBLIC_BASE_URL did not arrive, or its signature did not fit";
}

bool number_webhooks_check(struct work *work, const struct tenant *tenant, const char *e164,
                           struct number_check *check)
{
    struct carrier carrier;

    *check = (struct number_check){.phone_number = e164,
                                   .expected_voice_url = voice_url(work),
                                   .expected_status_url = status_url(work)};
    if (!carrier_of_tenant(work, tenant, &carrier))
        return false;
    check->carrier_account_sid = carrier.account_sid;
    if (!look_up(work, &carrier, check))
        return false;
    check->signature_verified = probe(work, &carrier, check);
    check->problem = problem_of(work, check);
    return true;
}
