#include "api_of_things.h"

#include <string.h>

#include <criterion/criterion.h>

#include "core/config.h"

struct work things_work;
struct config things_config = {
    .public_base_url = "https://voice.example.com",
    .spool_dir = "/tmp",
    .secrets_key = "a key for the tests, as long as need be",
    .key_pepper = "a pepper for the tests",
    .allow_private_urls = "no",
    .cors_origins = "https://page.example, https://other.example",
    .outward_calls_per_tenant = 2,
};

int handled;
bool limited;
enum failure slow_failure;
bool slow_fails;

/* The view: one field of every kind that the engine knows. */

static const struct spelling sizes[] = {{"small", "S"}, {"large", "L"}, {NULL, NULL}};

static const struct field limits_fields[] = {
    FIELD(thing, amount, "most", RW),
    FIELD(thing, ratio, "ratio", RW),
};

static const struct view limits_view = VIEW("Limits", thing_entity, limits_fields);

static const struct field thing_fields[] = {
    /* clang-format off */
    FIELD(thing, id,         "id",         READ, .wire = &wire_base32, .prefix = "thing_"),
    FIELD(thing, code,       "code",       RW | REQUIRED | FILTER),
    FIELD(thing, label,      "label",      RW),
    FIELD(thing, kind,       "size",       RW | FILTER, .wire = &wire_word, .spellings = sizes),
    NESTED(                  "limits",     limits_view, RW),
    FIELD(thing, exact,      "price",      RW, .wire = &wire_money),
    FIELD(thing, flag,       "is_good",    RW | FILTER),
    FIELD(thing, at,         "seen_at",    RW, .wire = &wire_iso_seconds),
    FIELD(thing, other_id,   "other_id",   RW),
    FIELD(thing, settings,   "settings",   RW, .wire = &wire_document),
    FIELD(thing, created_at, "created_at", READ),
    /* clang-format on */
};

const struct view thing_view = VIEW("Thing", thing_entity, thing_fields);

/* What an order of no table looks like. */
struct order {
    const char *who;
    int64_t count;
};

static const struct column columns_of_order[] = {
    COLUMN(order, who, NOT_NULL, .max = 8),
    COLUMN(order, count, NULLABLE, .least = 1, .most = 9),
};

static const struct entity order_entity = ENTITY(order, "order", NULL, columns_of_order);

static const struct field order_fields[] = {
    FIELD(order, who, "who", RW | REQUIRED),
    FIELD(order, count, "count", RW),
};

static const struct view order_view = VIEW("Order", order_entity, order_fields);

static bool take_order(struct request *req)
{
    struct order order = {.count = NO_INTEGER};
    columns given;

    handled++;
    return read_body(req, &order_view, CREATE, &order, &given) &&
           reply_row(req, 201, &order_view, &order);
}

static bool answer_slowly(struct request *req)
{
    handled++;
    if (slow_fails)
        return fail(&req->work, slow_failure, "It failed");
    reply_header(req, "Location", "/things/7");
    return reply_text(req, 202, "text/plain", "done");
}

static bool tell_secret(struct request *req)
{
    handled++;
    req->reply_is_secret = true;
    return reply_text(req, 201, NULL, "{\"secret\":\"whsec_1\"}");
}

static bool tell_path(struct request *req)
{
    return reply_text(req, 200, "text/plain", request_path(req, "name"));
}

/* Dialects. */

static bool authenticate(struct request *req)
{
    const char *given = request_header(req, "Authorization");

    if (!given || strcmp(given, "Bearer good") != 0)
        return fail(&req->work, UNAUTHENTICATED, "Who are you?");
    req->work.tenant = things_work.tenant;
    req->caller.kind = "test";
    return true;
}

static bool limit_rate(struct request *req)
{
    reply_header(req, "X-Limit", req->caller.kind ? req->caller.kind : "nobody");
    if (!limited)
        return true;
    fail(&req->work, RATE_LIMITED, "Enough");
    req->work.error.retry_after_seconds = 7;
    return false;
}

static void item(struct request *req, const struct view *view, const void *row)
{
    view_render(req, &req->reply, view, row);
}

static void list(struct request *req, const struct view *view, const struct page *page,
                 const struct rows *rows)
{
    text_add(&req->reply, "{\"more\":%s,\"rows\":", page->more ? "true" : "false");
    view_render_rows(req, &req->reply, view, rows);
    text_char(&req->reply, '}');
}

static void refuse(struct request *req)
{
    req->status = failure_status(req->work.error.what);
    text_put(&req->reply, "{\"why\":");
    text_json(&req->reply, req->work.error.message);
    text_char(&req->reply, '}');
}

#define ROUTES(prefix)                                                                             \
    {"GET " prefix, "key", list_rows, NULL, &thing_view, "List"},                                  \
        {"POST " prefix, "key",    create_row,         &thing_view,                                \
         &thing_view,    "Create", .flags = IDEMPOTENT},                                           \
        {"GET " prefix "/{id}", "key", get_row, NULL, &thing_view, "Read"},                        \
        {"PATCH " prefix "/{id}", "key", update_row, &thing_view, &thing_view, "Change"},          \
        {"DELETE " prefix "/{id}", "key", delete_row, NULL, &thing_view, "Delete"},                \
    {                                                                                              \
        "POST " prefix "/order", "key", take_order, &order_view, &order_view, "Order",             \
            .flags = IDEMPOTENT                                                                    \
    }

static const struct route lenient_routes[] = {
    ROUTES("/things"),
    {"POST /things/slow", "key", answer_slowly, NULL, NULL, "Slow", .flags = IDEMPOTENT | LONG},
    {"POST /things/secret", "key", tell_secret, NULL, NULL, "Secret", .flags = IDEMPOTENT},
    {"POST /things/open", NULL, answer_slowly, NULL, NULL, "Open", .flags = IDEMPOTENT},
    {"GET /things/named/{name}.txt", NULL, tell_path, NULL, NULL, "Named"},
    {"GET /things/named/{name}", NULL, tell_path, NULL, NULL, "Named"},
    {"GET /things/named/last", NULL, tell_secret, NULL, NULL, "Last"},
};
static const struct route strict_routes[] = {ROUTES("/strict")};
static const struct route forms_routes[] = {ROUTES("/forms")};

#define DIALECT(called, path, its_routes, ...)                                                     \
    {                                                                                              \
        .name = called, .prefixes = (const char *const[]){path, NULL}, .body_limit = 4096,         \
        .page_size = 3, .page_most = 5, .limit = "limit", .skip = "offset",                        \
        .authenticate = authenticate, .item = item, .list = list, .refuse = refuse,                \
        .title = called, .version = "1", .security = "{\"key\":{\"type\":\"http\"}}",              \
        .error_schema = "{\"type\":\"object\"}", .routes = its_routes,                             \
        .nroutes = COUNT(its_routes), __VA_ARGS__                                                  \
    }

const struct dialect lenient =
    DIALECT("lenient", "/things", lenient_routes, .limit_rate = limit_rate);
const struct dialect strict =
    DIALECT("strict", "/strict", strict_routes, .strict = true, .absent_left_out = true,
            .refuse_repeated = true, .refuses_malformed_ids = true);
const struct dialect forms =
    DIALECT("forms", "/forms", forms_routes, .forms = true, .pascal_case = true);
const struct dialect rest = {
    .name = "rest",
    .prefixes = (const char *const[]){"/", NULL},
    .body_limit = 10,
    .item = item,
    .list = list,
    .refuse = refuse,
};

static const struct dialect *const all[] = {&lenient, &strict, &forms, &rest};

void things_api_begin(void)
{
    cr_assert(routes_prepare_these(all, COUNT(all)));
    things_work = things_begin();
    things_work.config = &things_config;
    handled = 0;
    limited = false;
    slow_fails = false;
}

void things_api_end(void)
{
    clock_release();
    things_end(&things_work);
}

/* In tables ' stands for ", so that people can read them. */
static char *quoted(struct arena *arena, const char *text, char from, char to)
{
    char *copy = arena_text(arena, text);

    for (char *c = copy; c && *c; c++)
        if (*c == from)
            *c = to;
    return copy;
}

struct request things_request(const char *line, const char *body)
{
    struct request req = {
        .work = {.id = "test", .db = things_work.db, .config = &things_config},
        .client_ip = "203.0.113.7",
    };
    struct arena *arena = &req.work.arena;
    char *method = quoted(arena, line, '\'', '"'), *path = strchr(method, ' '), *query;

    *path++ = '\0';
    if ((query = strchr(path, '?')))
        *query++ = '\0';
    req.method = method;
    req.path = path;
    req.query_string = query ? query : "";
    req.body = quoted(arena, body ? body : "", '\'', '"');
    req.body_length = strlen(req.body);
    req.content_type =
        strncmp(path, "/forms", 6) == 0 ? "application/x-www-form-urlencoded" : "application/json";
    with_header(&req, "Authorization", "Bearer good");
    return req;
}

void with_header(struct request *req, const char *name, const char *value)
{
    for (size_t i = 0; i < req->headers.count; i++)
        if (strcmp(req->headers.at[i].name, name) == 0) {
            req->headers.at[i].value = value;
            return;
        }
    parameters_add(&req->work.arena, &req->headers, name, value);
}

const char *answered_header(const struct request *req, const char *name)
{
    for (size_t i = 0; i < req->reply_headers.count; i++)
        if (strcmp(req->reply_headers.at[i].name, name) == 0)
            return req->reply_headers.at[i].value;
    return NULL;
}

const char *answered(struct request *req)
{
    dispatch(req);
    return req->reply.at ? quoted(&req->work.arena, req->reply.at, '"', '\'') : "";
}
