// with: fcgi/body.c fcgi/cors.c fcgi/dialect.c fcgi/handlers.c fcgi/idempotency.c
// with: fcgi/incoming.c fcgi/read.c fcgi/request.c fcgi/routes.c fcgi/view.c fcgi/wires.c
// with: fcgi/wires_ids.c lib/db/*.c lib/domain/idempotency.c lib/domain/host_memory.c
// with: lib/remote/guard.c
/*
 * Requests as a web server passes them on: the first line "METHOD URI", headers as variables
 * ("HTTP_COOKIE=a"), an empty line, and the body.  Whatever comes, there is an answer, its body is
 * JSON, and no header of it has two lines.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "db/migrate.h"
#include "fcgi/dialect.h"
#include "fcgi/incoming.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

const struct migration migrations[1];
const size_t migrations_count = 0;

/* One order with a field of every type. */
struct order {
    const char *who, *size, *url, *phone;
    int64_t count, number, cost;
    double ratio;
    bool good;
    instant when, date;
    uid id, other;
    document settings, list;
};

static const char *const sizes[] = {"small", "large", NULL};

static const struct column columns_of_order[] = {
    COLUMN(order, who, NOT_NULL, .max = 8),
    COLUMN(order, size, NULLABLE, .one_of = sizes),
    COLUMN(order, url, NULLABLE),
    COLUMN(order, phone, NULLABLE),
    COLUMN(order, count, NULLABLE, .least = 1, .most = 9),
    COLUMN(order, number, NULLABLE),
    COLUMN(order, cost, NULLABLE),
    COLUMN(order, ratio, NULLABLE),
    COLUMN(order, good, NOT_NULL),
    COLUMN(order, when, NULLABLE),
    COLUMN(order, date, NULLABLE),
    COLUMN(order, id, NULLABLE),
    COLUMN(order, other, NULLABLE),
    COLUMN(order, settings, NULLABLE),
    COLUMN(order, list, NULLABLE),
};
static const struct entity entity = ENTITY(order, "order", NULL, columns_of_order);

static const struct spelling words[] = {{"small", "S"}, {"large", "L"}, {NULL, NULL}};

static const struct field inner_fields[] = {
    FIELD(order, count, "count", RW),
    FIELD(order, ratio, "ratio", RW),
};
static const struct view inner = VIEW("Inner", entity, inner_fields);

static const struct field fields[] = {
    FIELD(order, who, "who", RW),
    FIELD(order, size, "size", RW, .wire = &wire_word, .spellings = words),
    FIELD(order, url, "url", RW, .wire = &wire_url),
    FIELD(order, phone, "phone", RW, .wire = &wire_phone),
    NESTED("inner", inner, RW),
    FIELD(order, number, "number", RW, .wire = &wire_numbered, .prefix = "num_"),
    FIELD(order, cost, "cost", RW, .wire = &wire_money),
    FIELD(order, good, "is_good", RW),
    FIELD(order, when, "when", RW, .wire = &wire_rfc2822),
    FIELD(order, date, "date", RW),
    FIELD(order, id, "id", RW, .wire = &wire_base32, .prefix = "o_"),
    FIELD(order, other, "other", RW),
    FIELD(order, settings, "settings", RW, .wire = &wire_document),
    FIELD(order, list, "list", RW, .wire = &wire_array),
};
static const struct view view = VIEW("Order", entity, fields);

static bool take_order(struct request *req)
{
    struct order order;
    columns given;

    row_clear(&entity, &order);
    return read_body(req, &view, UPDATE, &order, &given) && reply_row(req, 200, &view, &order);
}

static void item(struct request *req, const struct view *shown, const void *row)
{
    view_render(req, &req->reply, shown, row);
}

static void list(struct request *req, const struct view *shown, const struct page *page,
                 const struct rows *rows)
{
    (void)page;
    view_render_rows(req, &req->reply, shown, rows);
}

static void refuse(struct request *req)
{
    req->status = failure_status(req->work.error.what);
    text_json(&req->reply, req->work.error.message);
}

static const struct route plain_routes[] = {
    {"POST /a/{id}.json", NULL, take_order, &view, &view, "Order"},
    {"PATCH /a/{id}", NULL, take_order, &view, &view, "Order"},
};
static const struct route form_routes[] = {
    {"POST /f", NULL, take_order, &view, &view, "Order"},
};

#define DIALECT(path, its_routes, count, ...)                                                      \
    {                                                                                              \
        .name = path, .prefixes = (const char *const[]){path, NULL}, .body_limit = 65536,          \
        .item = item, .list = list, .refuse = refuse, .routes = its_routes, .nroutes = count,      \
        __VA_ARGS__                                                                                \
    }

static const struct dialect plain = DIALECT("/a", plain_routes, 2, .strict = true);
static const struct dialect form =
    DIALECT("/f", form_routes, 1, .forms = true, .pascal_case = true);
static const struct dialect rest = DIALECT("/", NULL, 0, .forms = false);

const struct dialect *const dialects[] = {&plain, &form, &rest};
const size_t dialects_count = COUNT(dialects);

static void expect(bool holds)
{
    if (!holds)
        abort();
}

static void check_answer(struct request *req)
{
    struct text head = {.arena = &req->work.arena};
    size_t at;

    expect(req->status >= 200 && req->status < 500);
    expect(!req->reply.length || !json_check(req->reply.at, req->reply.length, NULL, &at));
    outgoing_head(req, &head);
    for (const char *c = head.at; *c; c++)
        expect((*c == '\n') == (c > head.at && c[-1] == '\r'));
}

/* Splits the head of the input into variables; returns where the body begins. */
static char *cut(char *text, char *variables[], size_t most)
{
    char *line;
    size_t count = 0;

    while ((line = strsep(&text, "\n")) && *line)
        if (count < most)
            variables[count++] = line;
    variables[count] = NULL;
    return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct config config = {
        .public_base_url = "https://h/base",
        .trusted_proxies = "127.0.0.1",
        .cors_origins = "https://page.example",
        .allow_private_urls = "no",
    };
    struct request req = {.work = {.id = "fuzz", .config = &config}};
    char *text = arena_copy(&req.work.arena, (const char *)data, size), *variables[20];
    char *end = text + size, *rest_of_it = cut(text, variables, COUNT(variables) - 1);
    size_t length = rest_of_it ? (size_t)(end - rest_of_it) : 0;
    char *body = arena_copy(&req.work.arena, rest_of_it ? rest_of_it : "", length);
    int64_t announced = incoming_read(&req, variables);

    incoming_body(&req, body, length, announced, length > 65536);
    dispatch(&req);
    check_answer(&req);
    request_end(&req);
    return 0;
}
