#include "fcgi/phony/phony.h"

#include <string.h>

#include "core/e164.h"
#include "core/json.h"
#include "domain/resolve.h"
#include "domain/sessions.h"
#include "fcgi/auth.h"
#include "fcgi/phony/calls.h"
#include "fcgi/rates.h"

enum { MINUTE = 60, HOUR = 3600, A_MINUTE = 50, AN_HOUR = 1000, RETRY_SECONDS = 2 };

/* ---- who asks ---- */

static const char *credential(struct request *req)
{
    const char *bearer = credential_bearer(req);

    return bearer ? bearer : credential_api_key(req);
}

bool phony_is_platform(const struct request *req)
{
    return key_permits(req->caller.permissions, "platform:admin");
}

static bool takes_tenant(const struct route *route)
{
    for (const struct query_parameter *one = route->query; one && one->name; one++)
        if (strcmp(one->name, "tenant_id") == 0)
            return true;
    return false;
}

/* What a key without a tenant asks for has to name one. */
static bool check_tenant(struct request *req)
{
    if (req->work.tenant || strncmp(req->path, "/tenants", 8) == 0 ||
        (takes_tenant(req->route) && request_query(req, "tenant_id")))
        return true;
    return fail(&req->work, FORBIDDEN, "The API key belongs to no tenant");
}

bool phony_authenticate(struct request *req)
{
    const char *scope = req->route->scope;

    return auth_key(req, "phony", credential(req)) && check_tenant(req) &&
           (strcmp(scope, "key") == 0 || auth_permits(req, scope));
}

static bool choose(struct request *req, const char *name)
{
    struct tenant *tenant = arena_new(&req->work.arena, struct tenant, 1);
    int64_t id = 0;

    if (!resolve_tenant(&req->work, name, &id) && req->work.error.what != NOT_FOUND)
        return false;
    if (id && id == req->work.tenant)
        return true;
    if (!phony_is_platform(req))
        return fail(&req->work, FORBIDDEN, "The API key is for its own tenant only");
    if (!id)
        return fail_field(&req->work, "tenant_id", "tenant_id names no tenant");
    if (!tenant_by_id(&req->work, id, tenant))
        return false;
    req->work.tenant = id;
    req->tenant = tenant;
    return true;
}

bool phony_choose_tenant(struct request *req)
{
    const char *name = request_query(req, "tenant_id");

    return !name || choose(req, name);
}

const struct query_parameter phony_tenant_parameter[] = {
    {"tenant_id", "\"type\":\"string\"", "Another tenant than one's own: platform:admin only.",
     NULL},
    {NULL, NULL, NULL, NULL},
};

/* ---- how often ---- */

/* The one that will be used up first, or is already. */
static const struct rate *tighter(const struct rate *minute, const struct rate *hour)
{
    if (minute->allowed != hour->allowed)
        return minute->allowed ? hour : minute;
    return hour->remaining < minute->remaining ? hour : minute;
}

/* Who is refused for the minute does not use up the hour. */
bool phony_limit_rate(struct request *req)
{
    struct rate minute, hour;
    const struct rate *told = &minute;
    bool ok;

    if (!req->caller.kind)
        return true;
    ok = rate_take(req, "phony.minute", rate_key_of(req), A_MINUTE, MINUTE, &minute);
    if (ok) {
        ok = rate_take(req, "phony.hour", rate_key_of(req), AN_HOUR, HOUR, &hour);
        told = tighter(&minute, &hour);
    }
    rate_headers(req, "X-RateLimit", told);
    if (!ok)
        req->work.error.detail = (int)told->limit;
    return ok;
}

/* ---- answers ---- */

void phony_item(struct request *req, const struct view *view, const void *row)
{
    view_render(req, &req->reply, view, row);
}

void phony_list(struct request *req, const struct view *view, const struct page *page,
                const struct rows *rows)
{
    (void)page;
    view_render_rows(req, &req->reply, view, rows);
}

static const struct {
    int status;
    const char *code, *message;
} answers[FAILURES] = {
    /* clang-format off */
    [INVALID]         = {400, "bad_request",         NULL},
    [UNAUTHENTICATED] = {401, "unauthorized",        "Invalid or missing API key"},
    [UNPAID]          = {403, "forbidden",           NULL},
    [FORBIDDEN]       = {403, "forbidden",           NULL},
    [NOT_FOUND]       = {404, "not_found",           NULL},
    [NOT_ALLOWED]     = {405, "method_not_allowed",  NULL},
    [CONFLICT]        = {409, "conflict",            NULL},
    [LIMIT_REACHED]   = {429, "rate_limited",        NULL},
    [WRONG_STATE]     = {409, "conflict",            NULL},
    [PRECONDITION]    = {412, "precondition_failed", NULL},
    [TOO_LARGE]       = {413, "payload_too_large",   NULL},
    [RATE_LIMITED]    = {429, "rate_limited",        NULL},
    [INTERNAL]        = {500, "internal_error",      "The request could not be completed"},
    [UPSTREAM]        = {503, "unavailable",         NULL},
    [BUSY]            = {503, "unavailable",         "The service is not available now, please try again"},
    /* clang-format on */
};

static void add_details(struct request *req, const struct error *error)
{
    if (*error->field) {
        text_put(&req->reply, ",\"details\":[{\"field\":");
        text_json(&req->reply, error->field);
        text_put(&req->reply, ",\"message\":");
        text_json(&req->reply, error->message);
        text_put(&req->reply, "}]");
    }
    if (error->what == RATE_LIMITED && error->detail)
        text_add(&req->reply, ",\"limit\":%d", error->detail);
    if (error->retry_after_seconds > 0)
        text_add(&req->reply, ",\"retry_after\":%d", error->retry_after_seconds);
}

void phony_refuse(struct request *req)
{
    struct error *error = &req->work.error;
    const char *message = answers[error->what].message;

    req->status = answers[error->what].status;
    if (req->status == 401)
        reply_header(req, "WWW-Authenticate", "Bearer");
    if ((req->status == 429 || req->status == 503) && !error->retry_after_seconds)
        error->retry_after_seconds = RETRY_SECONDS;
    text_add(&req->reply, "{\"error\":\"%s\",\"message\":", answers[error->what].code);
    text_json(&req->reply, message ? message : error->message);
    text_add(&req->reply, ",\"status\":%d", req->status);
    add_details(req, error);
    text_put(&req->reply, ",\"request_id\":");
    text_json(&req->reply, req->work.id);
    text_char(&req->reply, '}');
}

/* Whose answer it is. */
void phony_finish(struct request *req)
{
    char digits[27];

    if (!req->tenant)
        return;
    uid_write_base32(req->tenant->public_id, digits);
    reply_header(req, "X-Tenant-ID", arena_format(&req->work.arena, "tenant_%s", digits));
    if (req->tenant->slug)
        reply_header(req, "X-Tenant-Subdomain", req->tenant->slug);
}

struct message {
    const char *message;
};

static const struct column message_columns[] = {COLUMN(message, message, NOT_NULL)};
static const struct entity message_entity = ENTITY(message, "message", NULL, message_columns);
static const struct field message_fields[] = {FIELD(message, message, "message", READ)};

const struct view phony_message_view = VIEW("Message", message_entity, message_fields);

bool phony_message(struct request *req, const char *message)
{
    return reply_row(req, 200, &phony_message_view, &(struct message){message});
}

/* ---- spellings ---- */

static void render_id(struct request *req, struct text *out, const struct field *field,
                      const void *cell, const void *row)
{
    wire_base32.render(req, out, field, cell, row);
}

const struct wire phony_id = {
    .render = render_id,
    .schema = "\"type\":\"string\",\"pattern\":\"^[a-z]+_[0-9A-Za-z]{1,40}$\"",
};

static const char *text_of(json_object *in)
{
    const char *text = json_object_is_type(in, json_type_string) ? json_object_get_string(in) : "";

    return strlen(text) == (size_t)json_object_get_string_len(in) ? text : "";
}

/* The text was found to be UTF-8 when it was read. */
static size_t characters(const char *text)
{
    size_t count = 0;

    for (; *text; text++)
        count += (*text & 0xC0) != 0x80;
    return count;
}

static void render_text(struct request *req, struct text *out, const struct field *field,
                        const void *cell, const void *row)
{
    wire_plain(TEXT)->render(req, out, field, cell, row);
}

static bool read_characters(json_object *in, size_t least, size_t most, void *cell)
{
    const char *text = json_object_is_type(in, json_type_string) ? json_object_get_string(in) : "";
    size_t count = characters(text);

    if (!json_object_is_type(in, json_type_string) || count < least || count > most ||
        strlen(text) != (size_t)json_object_get_string_len(in))
        return false;
    *(const char **)cell = text;
    return true;
}

static const char *parse_name(struct request *req, const struct field *field, json_object *in,
                              void *cell)
{
    (void)req, (void)field;
    return read_characters(in, 1, 120, cell) ? NULL : "a text of 1 to 120 characters";
}

static const char *parse_words(struct request *req, const struct field *field, json_object *in,
                               void *cell)
{
    (void)req, (void)field;
    return read_characters(in, 0, 2000, cell) ? NULL : "a text of at most 2000 characters";
}

static const char *parse_prompt(struct request *req, const struct field *field, json_object *in,
                                void *cell)
{
    (void)req, (void)field;
    return read_characters(in, 0, 60000, cell) ? NULL : "a text of at most 60000 characters";
}

const struct wire phony_name = {
    .render = render_text,
    .parse = parse_name,
    .schema = "\"type\":\"string\",\"minLength\":1,\"maxLength\":120",
};

const struct wire phony_words = {
    .render = render_text,
    .parse = parse_words,
    .schema = "\"type\":\"string\",\"maxLength\":2000",
};

const struct wire phony_prompt = {
    .render = render_text,
    .parse = parse_prompt,
    .schema = "\"type\":\"string\",\"maxLength\":60000",
};

static const char *parse_number(struct request *req, const struct field *field, json_object *in,
                                void *cell)
{
    const char *number = text_of(in);

    (void)req, (void)field;
    if (!e164_is_valid(number))
        return "a telephone number in E.164 form";
    *(const char **)cell = number;
    return NULL;
}

const struct wire phony_number = {
    .render = render_text,
    .parse = parse_number,
    .schema = "\"type\":\"string\",\"pattern\":\"^\\\\+[1-9][0-9]{6,14}$\"",
};

static void render_context(struct request *req, struct text *out, const struct field *field,
                           const void *cell, const void *row)
{
    wire_document.render(req, out, field, cell, row);
}

static const char *parse_context(struct request *req, const struct field *field, json_object *in,
                                 void *cell)
{
    const char *fault = wire_document.parse(req, field, in, cell);

    if (!fault && strlen(((const document *)cell)->json) > PHONY_CONTEXT_LIMIT)
        return "an object of at most 32 KiB";
    return fault;
}

const struct wire phony_context = {
    .render = render_context,
    .parse = parse_context,
    .schema = "\"type\":\"object\",\"additionalProperties\":true",
};

/* ---- what is named ---- */

bool phony_agent(struct request *req, const char *text, struct agent *agent)
{
    uid id;

    if (resolve(&req->work, AN_AGENT, text, &id) && agent_find(&req->work, id, agent))
        return true;
    return req->work.error.what == NOT_FOUND && fail(&req->work, NOT_FOUND, "No such agent");
}

bool phony_call(struct request *req, const char *text, struct call *call)
{
    struct voice_session session;

    if (call_resolve(&req->work, text, call))
        return true;
    if (req->work.error.what != NOT_FOUND)
        return false;
    if (session_resolve(&req->work, text, &session) && call_get(&req->work, session.call_id, call))
        return true;
    return req->work.error.what == NOT_FOUND && fail(&req->work, NOT_FOUND, "No such call");
}

bool phony_filters(struct request *req, const struct view *view, void *filter)
{
    row_clear(view->of, filter);
    for (size_t i = 0; i < view->nfields; i++) {
        const struct field *field = &view->fields[i];
        const char *value = field->use & FILTER ? request_query(req, field->name) : NULL;

        if (value && !read_text_value(req, view, field, field->name, value, filter))
            return false;
    }
    return true;
}

/* ---- for the document ---- */

const char phony_title[] = "Phony-compatible API";

const char phony_about[] =
    "Voice agents, their numbers and their calls. Keys begin with pk_ and are sent as "
    "Authorization: Bearer or X-API-Key. A key has scopes (agents:read, agents:write, "
    "numbers:read, "
    "numbers:write, calls:read, calls:write, supervisor:write, analytics:read, events:read, "
    "tenant:read, tenant:write, or * for all of them) or a role: viewer has all that reads, "
    "supervisor also calls:write and supervisor:write, admin all of a tenant. Only platform:admin "
    "reaches beyond the key's own tenant. A key may ask 1000 times an hour and 50 times a minute.";

const char phony_security[] =
    "{\"bearer\":{\"type\":\"http\",\"scheme\":\"bearer\",\"bearerFormat\":\"pk_…\"},"
    "\"apiKeyHeader\":{\"type\":\"apiKey\",\"in\":\"header\",\"name\":\"X-API-Key\"}}";

const char phony_error_schema[] =
    "{\"type\":\"object\",\"required\":[\"error\",\"message\",\"status\",\"request_id\"],"
    "\"properties\":{\"error\":{\"type\":\"string\",\"description\":\"A stable word.\"},"
    "\"message\":{\"type\":\"string\"},\"status\":{\"type\":\"integer\"},"
    "\"details\":{\"type\":\"array\",\"items\":{\"type\":\"object\",\"required\":[\"field\","
    "\"message\"],\"properties\":{\"field\":{\"type\":\"string\"},\"message\":{\"type\":\"string\"}"
    "}}},\"limit\":{\"type\":\"integer\",\"description\":\"With 429: the limit that was hit.\"},"
    "\"retry_after\":{\"type\":\"integer\",\"description\":\"Seconds.\"},"
    "\"request_id\":{\"type\":\"string\"}}}";

static const struct route routes[] = {
    /* clang-format off */
    {"GET /api/agents", "agents:read", phony_list_agents, NULL, &phony_agent_view, "List agents",
     .flags = LIST, .answers = "400 401 403 429 500 503", .query = phony_agent_parameters, .operation = "listAgents",
     .about = "Newest first, no paging."},
    {"POST /api/agents", "agents:write", phony_create_agent, &phony_new_agent_view, &phony_agent_view, "Create an agent",
     .flags = IDEMPOTENT, .success = 201, .answers = "400 401 403 404 409 429 500 503", .operation = "createAgent",
     .about = "Publishes its first version. Beyond the tenant's max_agents: 403. A phone_number is assigned in the same step. POST /agents is the same."},
    {"PUT /api/agents/{agent_id}", "agents:write", phony_update_agent, &phony_agent_change_view, &phony_agent_view, "Change an agent",
     .flags = IDEMPOTENT, .answers = "400 401 403 404 409 429 500 503", .operation = "updateAgent",
     .about = "Publishes a further version; calls under way keep theirs. Fields that are absent keep their values; context_data replaces the stored object."},
    {"DELETE /api/agents/{agent_id}", "agents:write", phony_delete_agent, NULL, &phony_message_view, "Delete an agent",
     .flags = IDEMPOTENT, .answers = "401 403 404 429 500 503", .operation = "deleteAgent",
     .about = "Its number becomes available; live calls finish."},
    {"POST /api/agents/{agent_id}/call", "calls:write", phony_order_call, &phony_call_order_view, &phony_ordered_call_view, "Call somebody",
     .flags = IDEMPOTENT | LONG, .answers = "400 401 403 404 409 429 500 503", .operation = "startCall",
     .about = "Numbers that opted out, or that the tenant may not call, and a balance that does not cover the call: 403. More calls at once than the tenant may have: 429. An agent that is not active: 409. The carrier refuses or is away: 503."},
    {"POST /agents", "agents:write", phony_create_agent, &phony_new_agent_view, &phony_agent_view, "Create an agent",
     .flags = IDEMPOTENT | HIDDEN, .success = 201, .answers = "400 401 403 404 409 429 500 503"},

    {"GET /api/phone-numbers/available", "numbers:read", phony_list_available, NULL, &phony_number_view, "Unassigned numbers",
     .flags = LIST, .answers = "401 403 429 500 503", .operation = "listAvailableNumbers",
     .about = "Numbers of the tenant that no agent answers; not numbers for sale."},
    {"POST /api/phone-numbers/{phone_number}/assign", "numbers:write", phony_assign_number, &phony_assign_view, &phony_assigned_view, "Assign a number",
     .flags = IDEMPOTENT, .answers = "400 401 403 404 409 429 500 503", .operation = "assignNumber",
     .about = "A plus sign in the path stands for itself. Only inbound agents take numbers; a number that another agent answers and an agent that has another number are conflicts. POST /phone-numbers/{phone_number}/assign is the same."},
    {"POST /api/phone-numbers/{phone_number}/release", "numbers:write", phony_release_number, NULL, &phony_message_view, "Detach a number",
     .flags = IDEMPOTENT, .answers = "401 403 404 429 500 503", .operation = "releaseNumber",
     .about = "From its agent; the tenant keeps the number. A number without an agent stays as it is."},
    {"POST /phone-numbers/{phone_number}/assign", "numbers:write", phony_assign_number, &phony_assign_view, &phony_assigned_view, "Assign a number",
     .flags = IDEMPOTENT | HIDDEN, .answers = "400 401 403 404 409 429 500 503"},

    {"POST /tenants", "platform:admin", phony_create_tenant, &phony_new_tenant_view, &phony_tenant_view, "Create a tenant",
     .flags = IDEMPOTENT, .success = 201, .answers = "400 401 403 409 429 500 503", .operation = "createTenant",
     .about = "A new tenant is on trial."},
    {"GET /tenants", "platform:admin", phony_list_tenants, NULL, &phony_tenant_view, "List tenants",
     .flags = LIST | PAGED, .answers = "400 401 403 429 500 503", .query = phony_tenant_parameters, .operation = "listTenants"},
    {"GET /tenants/{tenant_id}", "key", phony_get_tenant, NULL, &phony_tenant_view, "Read a tenant",
     .answers = "401 403 404 429 500 503", .operation = "getTenant",
     .about = "One's own with any key, others with platform:admin."},
    {"PATCH /tenants/{tenant_id}", "key", phony_update_tenant, &phony_tenant_change_view, &phony_tenant_view, "Change a tenant",
     .flags = IDEMPOTENT, .answers = "400 401 403 404 409 429 500 503", .operation = "updateTenant",
     .about = "With tenant:write a tenant changes its own name and billing_email; the rest needs platform:admin."},
    /* clang-format on */
};

static const char *const prefixes[] = {"/api", "/tenants", "/agents", "/phone-numbers", NULL};

const struct dialect phony = {
    PHONY_PART,       PHONY_PAGES(1000, 1000),  .prefixes = prefixes,
    .routes = routes, .nroutes = COUNT(routes),
};
