/*
 * How the Twilio dialect spells what is its own: SIDs, links, texts that hold JSON.
 */
#include <string.h>

#include "core/config.h"
#include "core/json.h"
#include "domain/tenants.h"
#include "fcgi/twilio/twilio.h"

/* ---- SIDs ---- */

static void render_sid(struct request *req, struct text *out, const struct field *field,
                       const void *cell, const void *row)
{
    wire_hex.render(req, out, field, cell, row);
}

static const char *parse_sid(struct request *req, const struct field *field, json_object *in,
                             void *cell)
{
    return wire_hex.parse(req, field, in, cell) ? "a SID" : NULL;
}

#define SID_SCHEMA "\"type\":\"string\",\"minLength\":34,\"maxLength\":34"

const struct wire twilio_sid = {render_sid, parse_sid, SID_SCHEMA, false};

static void render_account(struct request *req, struct text *out, const struct field *field,
                           const void *cell, const void *row)
{
    (void)field, (void)cell, (void)row;
    text_json(out, req->tenant->account_sid);
}

const struct wire twilio_account_sid = {render_account, NULL, SID_SCHEMA, true};

/* ---- links ---- */

const char *twilio_absolute(struct request *req, const char *path)
{
    const char *base = req->work.config->public_base_url;
    size_t length = strlen(base);

    while (length && base[length - 1] == '/')
        length--;
    return arena_format(&req->work.arena, "%.*s%s", (int)length, base, path);
}

static void put_named(struct request *req, struct text *out, const char *name, size_t length)
{
    const char *key = arena_copy(&req->work.arena, name, length);
    const char *value =
        strcmp(key, "AccountSid") == 0 ? req->tenant->account_sid : request_path(req, key);

    text_url(out, value ? value : "");
}

/* The template up to a blank or its end. */
static const char *fill(struct request *req, const char *template, const char *value, bool absolute)
{
    struct text out = {.arena = &req->work.arena};

    for (const char *c = template; *c && *c != ' '; c++) {
        if (*c == '*') {
            text_put(&out, value);
        } else if (*c == '{') {
            size_t length = strcspn(c + 1, "}");

            put_named(req, &out, c + 1, length);
            c += length + 1;
        } else {
            text_char(&out, *c);
        }
    }
    return absolute ? twilio_absolute(req, out.at) : out.at;
}

/* "calls=/…/Calls.json recordings=/…/Recordings.json" */
static void put_map(struct request *req, struct text *out, const struct field *field,
                    const char *value, bool absolute)
{
    const char *at = field->prefix;

    text_char(out, '{');
    while (*at) {
        size_t length = strcspn(at, "=");

        text_add(out, "%s\"%.*s\":", at == field->prefix ? "" : ",", (int)length, at);
        text_json(out, fill(req, at + length + 1, value, absolute));
        at += strcspn(at, " ");
        at += strspn(at, " ");
    }
    text_char(out, '}');
}

static const char *digits_of(struct request *req, const void *cell)
{
    char digits[33];

    uid_write_hex(*(const uid *)cell, digits);
    return arena_text(&req->work.arena, digits);
}

static void render_url(struct request *req, struct text *out, const struct field *field,
                       const void *cell, const void *row)
{
    (void)row;
    text_json(out, fill(req, field->prefix, digits_of(req, cell), true));
}

static void render_links(struct request *req, struct text *out, const struct field *field,
                         const void *cell, const void *row)
{
    (void)row;
    put_map(req, out, field, digits_of(req, cell), true);
}

static void render_uri(struct request *req, struct text *out, const struct field *field,
                       const void *cell, const void *row)
{
    (void)row;
    text_json(out, fill(req, field->prefix, *(const char *const *)cell, false));
}

static void render_uris(struct request *req, struct text *out, const struct field *field,
                        const void *cell, const void *row)
{
    (void)row;
    put_map(req, out, field, *(const char *const *)cell, false);
}

#define URI_SCHEMA "\"type\":\"string\",\"format\":\"uri\""
#define MAP_SCHEMA                                                                                 \
    "\"type\":\"object\",\"format\":\"uri-map\",\"additionalProperties\":{\"type\":\"string\"}"

const struct wire twilio_url = {render_url, NULL, URI_SCHEMA, false};
const struct wire twilio_links = {render_links, NULL, MAP_SCHEMA, false};
const struct wire twilio_uri = {render_uri, NULL, "\"type\":\"string\"", false};
const struct wire twilio_uris = {render_uris, NULL, MAP_SCHEMA, false};

static void render_nothing(struct request *req, struct text *out, const struct field *field,
                           const void *cell, const void *row)
{
    (void)req, (void)field, (void)cell, (void)row;
    text_put(out, "null");
}

const struct wire twilio_nothing = {render_nothing, NULL, "\"type\":\"string\"", false};

static void render_version(struct request *req, struct text *out, const struct field *field,
                           const void *cell, const void *row)
{
    (void)req, (void)field, (void)cell, (void)row;
    text_put(out, "\"2010-04-01\"");
}

const struct wire twilio_version = {render_version, NULL, "\"type\":\"string\"", false};

/* ---- texts that hold JSON ---- */

static void render_json_text(struct request *req, struct text *out, const struct field *field,
                             const void *cell, const void *row)
{
    (void)req, (void)field, (void)row;
    text_json(out, ((const document *)cell)->json);
}

static const char *parse_json_text(struct request *req, const struct field *field, json_object *in,
                                   void *cell)
{
    const char *text =
        json_object_is_type(in, json_type_string) ? json_object_get_string(in) : NULL;
    json_object *tree;
    bool is_object;

    (void)field;
    if (!text || !json_read(&req->work, text, strlen(text), NULL, &tree))
        return "the JSON of an object";
    is_object = json_object_is_type(tree, json_type_object);
    if (is_object) /* as it was given, blanks and all */
        ((document *)cell)->json = arena_text(&req->work.arena, text);
    json_object_put(tree);
    return is_object ? NULL : "the JSON of an object";
}

const struct wire twilio_json_text = {render_json_text, parse_json_text, "\"type\":\"string\"",
                                      false};

/* ---- repeated fields ---- */

static void render_words(struct request *req, struct text *out, const struct field *field,
                         const void *cell, const void *row)
{
    (void)req, (void)field, (void)row;
    text_put(out, ((const document *)cell)->json);
}

/* One value comes as a string, several as an array of them. */
static const char *parse_words(struct request *req, const struct field *field, json_object *in,
                               void *cell)
{
    struct text list = {.arena = &req->work.arena};
    bool many = json_object_is_type(in, json_type_array);
    size_t count = many ? json_object_array_length(in) : 1;

    (void)field;
    text_char(&list, '[');
    for (size_t i = 0; i < count; i++) {
        json_object *one = many ? json_object_array_get_idx(in, i) : in;

        if (!json_object_is_type(one, json_type_string))
            return "a list of strings";
        text_put(&list, i ? "," : "");
        text_json(&list, json_object_get_string(one));
    }
    text_char(&list, ']');
    ((document *)cell)->json = list.at;
    return NULL;
}

const struct wire twilio_list = {render_words, parse_words,
                                 "\"type\":\"array\",\"items\":{\"type\":\"string\"}", false};

const char *twilio_words(struct request *req, document list)
{
    json_object *tree = json_parse(list.json);
    struct text words = {.arena = &req->work.arena};
    size_t count = json_object_is_type(tree, json_type_array) ? json_object_array_length(tree) : 0;

    for (size_t i = 0; i < count; i++)
        text_add(&words, "%s%s", i ? " " : "",
                 json_object_get_string(json_object_array_get_idx(tree, i)));
    json_object_put(tree);
    return words.length ? words.at : NULL;
}
