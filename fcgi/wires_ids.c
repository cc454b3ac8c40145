/*
 * How keys, times and documents are spelled.
 */
#include <string.h>

#include "core/json.h"
#include "fcgi/view.h"

static const char *text_of(json_object *in)
{
    return json_object_is_type(in, json_type_string) ? json_object_get_string(in) : NULL;
}

/* One key, many spellings. */

static void put_id(struct text *out, const struct field *field, const char *digits)
{
    text_char(out, '"');
    if (field->prefix)
        text_put(out, field->prefix);
    text_put(out, digits);
    text_char(out, '"');
}

static void render_uuid(struct request *req, struct text *out, const struct field *field,
                        const void *cell, const void *row)
{
    char digits[37];

    (void)req, (void)row;
    uid_write_uuid(*(const uid *)cell, digits);
    put_id(out, field, digits);
}

static void render_base32(struct request *req, struct text *out, const struct field *field,
                          const void *cell, const void *row)
{
    char digits[27];

    (void)req, (void)row;
    uid_write_base32(*(const uid *)cell, digits);
    put_id(out, field, digits);
}

static void render_base32_upper(struct request *req, struct text *out, const struct field *field,
                                const void *cell, const void *row)
{
    char digits[27];

    (void)req, (void)row;
    uid_write_base32_upper(*(const uid *)cell, digits);
    put_id(out, field, digits);
}

static void render_hex(struct request *req, struct text *out, const struct field *field,
                       const void *cell, const void *row)
{
    char digits[33];

    (void)req, (void)row;
    uid_write_hex(*(const uid *)cell, digits);
    put_id(out, field, digits);
}

/* Behind the prefix any spelling will do; a key that is all zero is none. */
static const char *parse_id(struct request *req, const struct field *field, json_object *in,
                            void *cell)
{
    const char *text = text_of(in);
    size_t prefix = field->prefix ? strlen(field->prefix) : 0;

    (void)req;
    if (text && prefix && strncmp(text, field->prefix, prefix) == 0)
        text += prefix;
    if (!text || !uid_read(text, NULL, cell) || uid_is_none(*(uid *)cell))
        return "an id";
    return NULL;
}

static const char *parse_uuid(struct request *req, const struct field *field, json_object *in,
                              void *cell)
{
    const char *text = text_of(in);

    (void)req, (void)field;
    return text && uid_read_uuid(text, cell) && !uid_is_none(*(uid *)cell) ? NULL : "a UUID";
}

const struct wire wire_uuid = {render_uuid, parse_uuid, "\"type\":\"string\",\"format\":\"uuid\"",
                               false};
const struct wire wire_base32 = {render_base32, parse_id, "\"type\":\"string\"", false};
const struct wire wire_base32_upper = {render_base32_upper, parse_id, "\"type\":\"string\"", false};
const struct wire wire_hex = {render_hex, parse_id, "\"type\":\"string\"", false};

/* Times. */

#define DATE_TIME "\"type\":\"string\",\"format\":\"date-time\""

static void put_iso(struct text *out, const void *cell, int precision)
{
    char when[34];

    when[0] = '"';
    instant_write_iso(*(const instant *)cell, precision, when + 1);
    text_put(out, when);
    text_char(out, '"');
}

static void render_seconds(struct request *req, struct text *out, const struct field *field,
                           const void *cell, const void *row)
{
    (void)req, (void)field, (void)row;
    put_iso(out, cell, ISO_SECONDS);
}

static void render_milliseconds(struct request *req, struct text *out, const struct field *field,
                                const void *cell, const void *row)
{
    (void)req, (void)field, (void)row;
    put_iso(out, cell, ISO_MILLISECONDS);
}

static void render_shortest(struct request *req, struct text *out, const struct field *field,
                            const void *cell, const void *row)
{
    (void)req, (void)field, (void)row;
    put_iso(out, cell, ISO_SHORTEST);
}

/* A year of five digits is no time that any table could hold. */
static const char *parse_iso(struct request *req, const struct field *field, json_object *in,
                             void *cell)
{
    const char *text = text_of(in);

    (void)req, (void)field;
    return text && instant_read_iso(text, cell) ? NULL : "a time in RFC 3339 form";
}

const struct wire wire_iso_seconds = {render_seconds, parse_iso, DATE_TIME, false};
const struct wire wire_iso_milliseconds = {render_milliseconds, parse_iso, DATE_TIME, false};
const struct wire wire_iso_shortest = {render_shortest, parse_iso, DATE_TIME, false};

static void render_rfc2822(struct request *req, struct text *out, const struct field *field,
                           const void *cell, const void *row)
{
    char when[40];

    (void)req, (void)field, (void)row;
    instant_write_rfc2822(*(const instant *)cell, when);
    text_json(out, when);
}

static const char *parse_rfc2822(struct request *req, const struct field *field, json_object *in,
                                 void *cell)
{
    const char *text = text_of(in);

    (void)req, (void)field;
    return text && (instant_read_rfc2822(text, cell) || instant_read_iso(text, cell))
               ? NULL
               : "a time in RFC 2822 form";
}

const struct wire wire_rfc2822 = {render_rfc2822, parse_rfc2822, "\"type\":\"string\"", false};

/* Documents. */

static void render_document(struct request *req, struct text *out, const struct field *field,
                            const void *cell, const void *row)
{
    (void)req, (void)field, (void)row;
    text_put(out, ((const document *)cell)->json);
}

static const char *parse_json(struct request *req, const struct field *field, json_object *in,
                              void *cell)
{
    (void)field;
    *(document *)cell = (document){json_write(&req->work.arena, in)};
    return NULL;
}

static const char *parse_document(struct request *req, const struct field *field, json_object *in,
                                  void *cell)
{
    if (!json_object_is_type(in, json_type_object))
        return "an object";
    return parse_json(req, field, in, cell);
}

static const char *parse_array(struct request *req, const struct field *field, json_object *in,
                               void *cell)
{
    if (!json_object_is_type(in, json_type_array))
        return "an array";
    return parse_json(req, field, in, cell);
}

const struct wire wire_document = {render_document, parse_document, "\"type\":\"object\"", false};
const struct wire wire_array = {render_document, parse_array, "\"type\":\"array\",\"items\":{}",
                                false};
const struct wire wire_json = {render_document, parse_json, "", false};
