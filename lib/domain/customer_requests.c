#include "domain/customer_requests.h"

#include <string.h>

#include "core/crypto.h"
#include "core/text.h"
#include "core/version.h"
#include "domain/callbacks.h"
#include "domain/customer_twiml.h"
#include "domain/inbound.h"
#include "domain/keys.h"
#include "domain/tenants.h"
#include "domain/webhooks.h"
#include "domain/words.h"
#include "remote/http.h"

static const char accounts_path[] = "/2010-04-01/Accounts/";

/* ---- parameters ---- */

/* A URL below the carrier's account is one below the customer's at our host. */
static const char *our_url(struct work *work, const struct tenant *tenant, const char *account,
                           const char *value)
{
    const char *at = strncmp(value, "http", 4) == 0 ? strstr(value, accounts_path) : NULL;
    size_t length = strlen(account);

    if (!at || strncmp(at + strlen(accounts_path), account, length) != 0)
        return value;
    return hook_url(work, arena_format(&work->arena, "%s%s%s", accounts_path, tenant->account_sid,
                                       at + strlen(accounts_path) + length));
}

static const char *translate(struct work *work, const struct tenant *tenant, const char *account,
                             const struct twilio_field *field)
{
    const char *prefix = twiml_room_prefix(work, tenant);

    if (!tenant->account_sid)
        return field->value;
    if (account && strcmp(field->value, account) == 0)
        return tenant->account_sid;
    if (text_is(field->name, "FriendlyName") && prefix &&
        strncmp(field->value, prefix, strlen(prefix)) == 0)
        return field->value + strlen(prefix);
    return account ? our_url(work, tenant, account, field->value) : field->value;
}

bool customer_form(struct work *work, const struct form *theirs, struct form *ours)
{
    struct twilio_field *fields = arena_new(&work->arena, struct twilio_field, theirs->count);
    const char *account = form_text(theirs, "AccountSid");
    struct tenant tenant;

    if (!tenant_by_id(work, work->tenant, &tenant))
        return false;
    for (size_t i = 0; i < theirs->count; i++)
        fields[i] = (struct twilio_field){theirs->at[i].name,
                                          translate(work, &tenant, account, &theirs->at[i])};
    *ours = (struct form){fields, theirs->count};
    return true;
}

const char *customer_form_write(struct work *work, const struct form *form)
{
    struct text body = {.arena = &work->arena};

    text_bytes(&body, "", 0);
    for (size_t i = 0; i < form->count; i++)
        http_form_add(&body, form->at[i].name, form->at[i].value);
    return body.at ? body.at : "";
}

/* What text_url() wrote. */
static const char *decode(struct work *work, const char *text, size_t length)
{
    char *plain = arena_copy(&work->arena, text, length), *to = plain;

    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)text[i];
        char digits[3] = {0};

        if (byte == '%' && length - i > 2) {
            memcpy(digits, text + i + 1, 2);
            if (hex_read(digits, &byte, 1))
                i += 2;
        }
        *to++ = (char)byte;
    }
    *to = '\0';
    return plain;
}

void customer_form_read(struct work *work, const char *body, struct form *form)
{
    size_t most = 1;
    struct twilio_field *fields;

    for (const char *at = body; *at; at++)
        most += *at == '&';
    fields = arena_new(&work->arena, struct twilio_field, most);
    *form = (struct form){.at = fields};
    while (*body) {
        size_t length = strcspn(body, "&"), name = strcspn(body, "&=");

        fields[form->count++] = (struct twilio_field){
            decode(work, body, name),
            name < length ? decode(work, body + name + 1, length - name - 1) : "",
        };
        body += length + (body[length] == '&');
    }
}

/* ---- requests ---- */

/* The tenant's token; a tenant may have lost its keys since it ordered the call. */
static bool token_of(struct work *work, const char **token)
{
    *token = NULL;
    return key_twilio_token(work, token) || work->error.what == NOT_FOUND;
}

static void aim(struct work *work, const char *url, const char *method, const char *body,
                struct customer_request *request)
{
    request->url = arena_copy(&work->arena, url, strcspn(url, "#"));
    request->body = body;
    if (!text_is(method, "GET"))
        return;
    request->body = NULL;
    if (*body)
        request->url = arena_format(&work->arena, "%s%c%s", request->url,
                                    strchr(request->url, '?') ? '&' : '?', body);
}

bool customer_request(struct work *work, const char *url, const char *method,
                      const struct form *form, struct customer_request *request)
{
    *request = (struct customer_request){0};
    aim(work, url, method, customer_form_write(work, form), request);
    return token_of(work, &request->token);
}

static const char *sign(struct work *work, const struct customer_request *request)
{
    struct form form = {0};

    if (request->body)
        customer_form_read(work, request->body, &form);
    return twilio_signature(&work->arena, request->token, request->url, form.at, form.count);
}

size_t customer_headers(struct work *work, const struct customer_request *request,
                        struct http_header *headers)
{
    size_t count = 0;

    headers[count++] = (struct http_header){"User-Agent", "Trunkline/" TRUNKLINE_VERSION};
    headers[count++] = (struct http_header){"Accept", "*/*"};
    if (request->idempotency_token)
        headers[count++] =
            (struct http_header){"I-Twilio-Idempotency-Token", request->idempotency_token};
    if (request->token)
        headers[count++] = (struct http_header){"X-Twilio-Signature", sign(work, request)};
    return count;
}

/* ---- deliveries ---- */

/* One endpoint for each URL and way: its key says which. */
static uid endpoint_key(struct work *work, const char *url, const char *method)
{
    const char *text = arena_format(&work->arena, "twilio\n%s\n%s", method, url);
    hash256 hash = sha256(text, strlen(text));
    uid key;

    memcpy(key.bytes, hash.bytes, sizeof key.bytes);
    return key;
}

/* Keys of deliveries grow with time, and are the same for the same event and endpoint. */
static uid delivery_key(uid event, uid endpoint)
{
    unsigned char both[32];
    hash256 hash;
    uid key = event;

    memcpy(both, event.bytes, 16);
    memcpy(both + 16, endpoint.bytes, 16);
    hash = sha256(both, sizeof both);
    memcpy(key.bytes + 6, hash.bytes, sizeof key.bytes - 6);
    return key;
}

/*
 * The endpoint, made at its first use.  One that was given up is tried again with every new event:
 * whoever orders calls with that URL still wants it.
 */
static bool ensure_endpoint(struct work *work, const char *url, const char *method, uid *id)
{
    static const char again[] =
        "UPDATE webhook_endpoints SET enabled = 1, disabled_reason = NULL, updated_at = ?,"
        " rev = rev + 1 WHERE tenant_id = ? AND id = ? AND enabled = 0";
    static const char make[] =
        "INSERT IGNORE INTO webhook_endpoints (tenant_id, id, dialect, url, method, events,"
        " enabled, failure_count, created_at, updated_at, rev)"
        " VALUES (?, ?, 'twilio', ?, ?, '[]', 1, 0, ?, ?, 1)";
    instant now = clock_now();
    uid key = *id = endpoint_key(work, url, method);
    const struct param known[] = {PARAM(now), PARAM(work->tenant), PARAM(key)};
    const struct param fresh[] = {PARAM(work->tenant), PARAM(key), PARAM(url),
                                  PARAM(method),       PARAM(now), PARAM(now)};
    struct webhook_endpoint endpoint;

    if (store_get(work, &webhook_endpoint_entity, key, &endpoint))
        return endpoint.enabled || db_execute(work, again, known, COUNT(known), NULL);
    return work->error.what == NOT_FOUND && db_execute(work, make, fresh, COUNT(fresh), NULL);
}

bool customer_deliver(struct work *work, const struct customer_delivery *delivery)
{
    static const char sql[] =
        "INSERT IGNORE INTO webhook_deliveries (tenant_id, id, endpoint_id, event_id, event_type,"
        " body, state, attempts, available_at, is_test, created_at)"
        " VALUES (?, ?, ?, ?, ?, ?, 'pending', 0, ?, 0, ?)";
    const char *method = text_is(delivery->method, "GET") ? "GET" : "POST", *body;
    const char *url = arena_copy(&work->arena, delivery->url, strcspn(delivery->url, "#"));
    instant now = clock_now();
    struct form ours;
    uid endpoint, id;

    if (!customer_form(work, delivery->form, &ours) ||
        !ensure_endpoint(work, url, method, &endpoint))
        return false;
    id = delivery_key(delivery->event, endpoint);
    body = customer_form_write(work, &ours);
    {
        const struct param params[] = {
            PARAM(work->tenant),         PARAM(id),   PARAM(endpoint), PARAM(id),
            PARAM(delivery->event_type), PARAM(body), PARAM(now),      PARAM(now),
        };

        return db_execute(work, sql, params, COUNT(params), NULL);
    }
}

bool customer_attempt(struct work *work, const struct webhook_sending *sending,
                      struct customer_request *request)
{
    int64_t tenant = work->tenant;
    char id[37];
    bool ok;

    *request = (struct customer_request){0};
    uid_write_uuid(sending->delivery.event_id, id);
    request->idempotency_token = arena_text(&work->arena, id);
    aim(work, sending->endpoint.url, sending->endpoint.method, sending->delivery.body, request);
    work->tenant = sending->delivery.tenant_id;
    ok = token_of(work, &request->token);
    work->tenant = tenant;
    return ok;
}
