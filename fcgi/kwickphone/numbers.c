#include <string.h>

#include "core/e164.h"
#include "core/json.h"
#include "domain/provisioning.h"
#include "fcgi/kwickphone/kwickphone.h"
#include "remote/guard.h"

/* What a client orders a number with. */
struct order {
    const char *business_phone, *area_code, *webhook_url;
};

static const struct column order_columns[] = {
    COLUMN(order, business_phone, NULLABLE, .max = 20),
    COLUMN(order, area_code, NULLABLE, .max = 3),
    COLUMN(order, webhook_url, NULLABLE, .max = 1000),
};

static const struct entity order_entity = ENTITY(order, "number order", NULL, order_columns);

/* Three digits of the North American plan. */
static const char *parse_area_code(struct request *req, const struct field *field, json_object *in,
                                   void *cell)
{
    const char *code = json_object_is_type(in, json_type_string) ? json_object_get_string(in) : "";

    (void)req, (void)field;
    if (strlen(code) != 3 || strspn(code, "0123456789") != 3 || *code < '2')
        return "an area code of three digits";
    *(const char **)cell = code;
    return NULL;
}

static const struct wire area_code = {
    .parse = parse_area_code,
    .schema = "\"type\":\"string\",\"pattern\":\"^[2-9][0-9]{2}$\"",
};

/* A business line of the country that numbers are sold in; national spellings are read, too. */
static const char *parse_line(struct request *req, const struct field *field, json_object *in,
                              void *cell)
{
    const char *text = json_object_is_type(in, json_type_string) ? json_object_get_string(in) : "";
    char number[E164_SIZE];

    (void)field;
    if (!e164_read(text, "US", number))
        return "a telephone number in E.164 form";
    *(const char **)cell = arena_text(&req->work.arena, number);
    return NULL;
}

static const struct wire line = {.parse = parse_line, .schema = "\"type\":\"string\""};

static const struct field order_fields[] = {
    /* clang-format off */
    FIELD(order, business_phone, "business_phone", CREATE, .wire = &line, .example = "\"+13125551234\"",
          .about = "The merchant's real phone. Calls that the agent cannot handle can go there; orders for the same phone share an agent."),
    FIELD(order, area_code,      "area_code",      CREATE, .wire = &area_code, .example = "\"312\"",
          .about = "Area code of the new number."),
    FIELD(order, webhook_url,    "webhook_url",    CREATE, .wire = &wire_url,
          .example = "\"https://your-app.com/webhooks/kwickphone\"", .about = "HTTPS endpoint that call events are posted to."),
    /* clang-format on */
};

const struct view kwickphone_order_view = VIEW("NumberCreate", order_entity, order_fields);

static const struct field number_fields[] = {
    /* clang-format off */
    FIELD(phone_number, seq,            "id",             READ, .wire = &wire_numbered, .prefix = "num_", .example = "\"num_42\""),
    FIELD(phone_number, e164,           "phone_number",   READ, .example = "\"+13125550000\""),
    FIELD(phone_number, business_phone, "business_phone", READ),
    FIELD(phone_number, status,         "status",         READ),
    FIELD(phone_number, webhook_url,    "webhook_url",    READ),
    FIELD(phone_number, created_at,     "created_at",     READ, .wire = &wire_iso_seconds),
    /* clang-format on */
};

const struct view kwickphone_number_view = VIEW("Number", phone_number_entity, number_fields);

/* A number and its secret, which are seen together once. */
struct created {
    int64_t seq;
    const char *e164, *business_phone, *status, *webhook_url;
    instant created_at;
    const char *webhook_secret;
};

static const struct column created_columns[] = {
    COLUMN(created, seq, NOT_NULL),
    COLUMN(created, e164, NOT_NULL),
    COLUMN(created, business_phone, NULLABLE),
    COLUMN(created, status, NOT_NULL, .one_of = number_states),
    COLUMN(created, webhook_url, NULLABLE),
    COLUMN(created, created_at, NOT_NULL),
    COLUMN(created, webhook_secret, NOT_NULL),
};

static const struct entity created_entity = ENTITY(created, "new number", NULL, created_columns);

static const struct field created_fields[] = {
    /* clang-format off */
    FIELD(created, seq,            "id",             READ, .wire = &wire_numbered, .prefix = "num_", .example = "\"num_42\""),
    FIELD(created, e164,           "phone_number",   READ, .example = "\"+13125550000\""),
    FIELD(created, business_phone, "business_phone", READ),
    FIELD(created, status,         "status",         READ),
    FIELD(created, webhook_url,    "webhook_url",    READ),
    FIELD(created, created_at,     "created_at",     READ, .wire = &wire_iso_seconds),
    FIELD(created, webhook_secret, "webhook_secret", READ, .about = "Shown once. Deliveries carry X-KwickPhone-Signature: t=<seconds>,v1=<hex HMAC-SHA-256 of \"t.body\"> under it."),
    /* clang-format on */
};

const struct view kwickphone_created_view = VIEW("NumberCreated", created_entity, created_fields);

bool kwickphone_create_number(struct request *req)
{
    struct order order = {0};
    struct phone_number number;
    struct number_wish wish = {.api_origin = "kwickphone", .with_webhook = true};
    const char *secret;
    columns given;

    if (!read_body(req, &kwickphone_order_view, CREATE, &order, &given))
        return false;
    wish.area_code = order.area_code;
    wish.business_phone = order.business_phone;
    wish.webhook_url = order.webhook_url;
    wish.request_key = request_header(req, "Idempotency-Key");
    if (!number_provision(&req->work, req->tenant, &wish, &number, &secret))
        return false;
    req->reply_is_secret = true;
    return reply_row(req, 201, &kwickphone_created_view,
                     &(struct created){number.seq, number.e164, number.business_phone,
                                       number.status, number.webhook_url, number.created_at,
                                       secret});
}

bool kwickphone_list_numbers(struct request *req)
{
    struct rows numbers;

    return numbers_of_origin(&req->work, "kwickphone", &numbers) &&
           reply_rows(req, &kwickphone_number_view, NULL, &numbers);
}

struct released {
    bool released;
};

static const struct column released_columns[] = {COLUMN(released, released, NOT_NULL)};

static const struct entity released_entity = ENTITY(released, "release", NULL, released_columns);

static const struct field released_fields[] = {
    FIELD(released, released, "released", READ),
};

const struct view kwickphone_released_view = VIEW("Released", released_entity, released_fields);

bool kwickphone_release_number(struct request *req)
{
    struct phone_number number;

    if (!find_row(req, &kwickphone_number_view, &number))
        return false;
    if (strcmp(number.api_origin, "kwickphone") != 0)
        return fail(&req->work, NOT_FOUND, "There is no such number");
    return number_release(&req->work, &number) &&
           reply_row(req, 200, &kwickphone_released_view, &(struct released){true});
}
