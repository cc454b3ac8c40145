/*
 * Calls that a tenant's own SIP gateway tells of: it shows the tenant's key, where a carrier signs.
 */
#include <string.h>

#include "core/config.h"
#include "core/crypto.h"
#include "domain/inbound.h"
#include "domain/outbound.h"
#include "domain/words.h"
#include "fcgi/auth.h"
#include "fcgi/callback/callback.h"
#include "fcgi/callback/twiml.h"
#include "fcgi/rates.h"

enum { BODY_LIMIT = 64 * 1024, MINUTE = 60 };

/* ---- what the gateway says ---- */

/*
 * Gateways name a call as they like: another name than a carrier's becomes one of that form, always
 * the same of one tenant's.
 */
static const char *call_sid_of(struct request *req, const char *name)
{
    struct text whole = {.arena = &req->work.arena}, sid = {.arena = &req->work.arena};
    hash256 hash;

    if (word_sid(name))
        return name;
    if (!name || !*name)
        name = req->work.id;
    text_add(&whole, "%lld %s", (long long)req->work.tenant, name);
    hash = sha256(whole.at, whole.length);
    text_put(&sid, "CA");
    for (size_t i = 0; i < 16; i++)
        text_add(&sid, "%02x", hash.bytes[i]);
    return sid.at;
}

/* "sip:+13125550100@gateway" is the number that stands before the @, or else what was sent. */
static const char *address_of(struct request *req, const char *address)
{
    const char *user = address && strncmp(address, "sip:", 4) == 0 ? address + 4 : address;
    size_t length = user ? strcspn(user, "@;") : 0;

    return user && *user == '+' ? arena_copy(&req->work.arena, user, length) : address;
}

static bool answer(struct request *req, const struct call_plan *plan)
{
    req->status = 200;
    req->reply_type = "text/xml";
    twiml_write_plan(&req->reply, plan);
    return true;
}

/* ---- both ways ---- */

static bool begin(struct request *req, const char *route)
{
    struct inbound_facts facts = {
        .call_sid = call_sid_of(req, request_form(req, "CallSid")),
        .account_sid = request_form(req, "AccountSid"),
        .from = address_of(req, request_form(req, "From")),
        .to = address_of(req, request_form(req, "To")),
        .caller_name = request_form(req, "CallerName"),
        .carrier = "none",
        .origin = "stateset",
        .route = route,
        .arrived_at = clock_now(),
    };
    struct call_plan plan;

    return inbound_begin(&req->work, &facts, &plan) && answer(req, &plan);
}

static bool incoming_sip(struct request *req)
{
    return begin(req, "sip_inbound");
}

/* One that we ordered, or one that the gateway placed for the tenant. */
static bool outgoing_sip(struct request *req)
{
    const char *cid = request_query(req, "cid");
    struct call_plan plan;

    if (!cid)
        return begin(req, "sip_outbound");
    return outbound_answered(&req->work, cid, call_sid_of(req, request_form(req, "CallSid")), NULL,
                             &plan) &&
           answer(req, &plan);
}

static bool old_incoming_sip(struct request *req)
{
    reply_header(req, "Deprecation", "true");
    return incoming_sip(req);
}

static bool old_outgoing_sip(struct request *req)
{
    reply_header(req, "Deprecation", "true");
    return outgoing_sip(req);
}

/* ---- the dialect's part ---- */

static bool authenticate(struct request *req)
{
    return auth_key(req, "stateset", credential_bearer(req));
}

static bool limit_rate(struct request *req)
{
    const struct config *config = req->work.config;
    struct rate rate;
    bool ok = req->caller.kind
                  ? rate_take(req, "stateset.tenant",
                              arena_format(&req->work.arena, "%lld", (long long)req->work.tenant),
                              config->rate_limit_tenant_per_minute, MINUTE, &rate)
                  : rate_take(req, "stateset.ip", req->client_ip ? req->client_ip : "",
                              config->rate_limit_ip_per_minute, MINUTE, &rate);

    rate_headers(req, "X-RateLimit", &rate);
    return ok;
}

static void item(struct request *req, const struct view *view, const void *row)
{
    view_render(req, &req->reply, view, row);
}

static void list(struct request *req, const struct view *view, const struct page *page,
                 const struct rows *rows)
{
    (void)page;
    view_render_rows(req, &req->reply, view, rows);
}

static void refuse(struct request *req)
{
    req->status = failure_status(req->work.error.what);
    if (req->status == 401)
        reply_header(req, "WWW-Authenticate", "Bearer");
    req->reply_type = "text/plain; charset=utf-8";
    text_add(&req->reply, "%s\n", req->work.error.message);
}

#define TEXT "{\"type\":\"string\"}"

static const struct route routes[] = {
    {"POST /api/v1/incoming-call-sip", "key", incoming_sip, NULL, NULL, "Incoming Call over SIP",
     .answers = "401 500", .reply_type = "text/xml", .reply_schema = TEXT,
     .operation = "incoming_call_sip",
     .about = "What a SIP gateway asks, with the tenant's key, when a call comes in to a number "
              "with a route sip_inbound. A form: CallSid, From, To, CallerName. Answers TwiML."},
    {"POST /api/v1/outbound-call-sip", "key", outgoing_sip, NULL, NULL, "Outbound Call over SIP",
     .answers = "401 500", .reply_type = "text/xml", .reply_schema = TEXT,
     .operation = "outbound_call_sip",
     .about = "What a SIP gateway asks when a call that it placed is answered; the agent is that "
              "of the calling number's route sip_outbound. Answers TwiML."},
    {"POST /incoming-call-sip", "key", old_incoming_sip, NULL, NULL, "Incoming Call over SIP",
     .flags = HIDDEN},
    {"POST /outbound-call-sip", "key", old_outgoing_sip, NULL, NULL, "Outbound Call over SIP",
     .flags = HIDDEN},
    {"GET /media-stream", "key", .summary = "Media Stream", .flags = DAEMON, .success = 101,
     .answers = "400 401 429", .operation = "media_stream", .reply_schema = TEXT,
     .about = "The websocket of the carrier's media streams. The TwiML that we answer names it "
              "with a short-lived token in its path. A program of the tenant's own shows the "
              "tenant's key as a bearer instead, and names in its start frame a call of the "
              "tenant's that waits for its stream."},
};

static const char *const prefixes[] = {"/api/v1/incoming-call-sip",
                                       "/api/v1/outbound-call-sip",
                                       "/incoming-call-sip",
                                       "/outbound-call-sip",
                                       "/media-stream",
                                       NULL};

const struct dialect sip_calls = {
    .name = "stateset",
    .security = "{\"bearer_auth\":{\"type\":\"http\",\"scheme\":\"bearer\","
                "\"description\":\"A key of the tenant.\"}}",
    .prefixes = prefixes,
    .forms = true,
    .body_limit = BODY_LIMIT,
    .authenticate = authenticate,
    .limit_rate = limit_rate,
    .item = item,
    .list = list,
    .refuse = refuse,
    .error_schema = TEXT,
    .error_type = "text/plain",
    .routes = routes,
    .nroutes = COUNT(routes),
};
