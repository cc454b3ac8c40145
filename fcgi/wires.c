/*
 * How values are spelled: ids, times, words, money, documents.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/e164.h"
#include "core/json.h"
#include "fcgi/view.h"
#include "remote/guard.h"

static const char *text_of(json_object *in)
{
    return json_object_is_type(in, json_type_string) ? json_object_get_string(in) : NULL;
}

/* Texts. */

static void render_text(struct request *req, struct text *out, const struct field *field,
                        const void *cell, const void *row)
{
    (void)req, (void)field, (void)row;
    text_json(out, *(const char *const *)cell);
}

static const char *parse_text(struct request *req, const struct field *field, json_object *in,
                              void *cell)
{
    const char *text = text_of(in);

    (void)req, (void)field;
    if (!text || strlen(text) != (size_t)json_object_get_string_len(in))
        return "a string";
    *(const char **)cell = text;
    return NULL;
}

static const struct wire plain_text = {render_text, parse_text, "\"type\":\"string\"", false};

static void render_word(struct request *req, struct text *out, const struct field *field,
                        const void *cell, const void *row)
{
    const char *word = *(const char *const *)cell;

    (void)req, (void)row;
    for (const struct spelling *s = field->spellings; s && s->ours; s++)
        if (strcmp(s->ours, word) == 0) {
            word = s->theirs;
            break;
        }
    text_json(out, word);
}

/* Our own word is no word of a dialect that spells it otherwise. */
static const char *parse_word(struct request *req, const struct field *field, json_object *in,
                              void *cell)
{
    const char *word = text_of(in);
    bool other = false;

    (void)req;
    if (!word)
        return "a string";
    *(const char **)cell = word;
    for (const struct spelling *s = field->spellings; s && s->ours; s++) {
        if (strcmp(s->theirs, word) == 0) {
            *(const char **)cell = s->ours;
            return NULL;
        }
        other = other || strcmp(s->ours, word) == 0;
    }
    return other ? "one of the documented values" : NULL;
}

const struct wire wire_word = {render_word, parse_word, "\"type\":\"string\"", false};

static const char *parse_url(struct request *req, const struct field *field, json_object *in,
                             void *cell)
{
    const char *url = text_of(in);

    if (!url || !guard_check_url(&req->work, field->name, url, 2000))
        return "an https URL of a public host";
    *(const char **)cell = url;
    return NULL;
}

const struct wire wire_url = {render_text, parse_url, "\"type\":\"string\",\"format\":\"uri\"",
                              false};

static const char *parse_phone(struct request *req, const struct field *field, json_object *in,
                               void *cell)
{
    char number[E164_SIZE];
    const char *text = text_of(in);

    (void)field;
    if (!text || !e164_read(text, NULL, number))
        return "a telephone number in E.164 form";
    *(char **)cell = arena_text(&req->work.arena, number);
    return NULL;
}

const struct wire wire_phone = {render_text, parse_phone, "\"type\":\"string\"", false};

/* Numbers. */

static void render_integer(struct request *req, struct text *out, const struct field *field,
                           const void *cell, const void *row)
{
    (void)req, (void)field, (void)row;
    text_integer(out, *(const int64_t *)cell);
}

static const char *parse_integer(struct request *req, const struct field *field, json_object *in,
                                 void *cell)
{
    (void)req, (void)field;
    if (!json_object_is_type(in, json_type_int))
        return "an integer";
    *(int64_t *)cell = json_object_get_int64(in);
    return NULL;
}

static const struct wire plain_integer = {render_integer, parse_integer, "\"type\":\"integer\"",
                                          false};

static void render_real(struct request *req, struct text *out, const struct field *field,
                        const void *cell, const void *row)
{
    (void)req, (void)field, (void)row;
    text_real(out, *(const double *)cell);
}

static const char *parse_real(struct request *req, const struct field *field, json_object *in,
                              void *cell)
{
    (void)req, (void)field;
    if (!json_object_is_type(in, json_type_int) && !json_object_is_type(in, json_type_double))
        return "a number";
    *(double *)cell = json_object_get_double(in);
    return isfinite(*(double *)cell) ? NULL : "a number";
}

static const struct wire plain_real = {render_real, parse_real, "\"type\":\"number\"", false};

static void render_boolean(struct request *req, struct text *out, const struct field *field,
                           const void *cell, const void *row)
{
    (void)req, (void)field, (void)row;
    text_put(out, *(const bool *)cell ? "true" : "false");
}

static const char *parse_boolean(struct request *req, const struct field *field, json_object *in,
                                 void *cell)
{
    (void)req, (void)field;
    if (!json_object_is_type(in, json_type_boolean))
        return "true or false";
    *(bool *)cell = json_object_get_boolean(in);
    return NULL;
}

static const struct wire plain_boolean = {render_boolean, parse_boolean, "\"type\":\"boolean\"",
                                          false};

static void render_positive(struct request *req, struct text *out, const struct field *field,
                            const void *cell, const void *row)
{
    int64_t value = *(const int64_t *)cell;

    (void)req, (void)field, (void)row;
    text_put(out, value != NO_INTEGER && value > 0 ? "true" : "false");
}

const struct wire wire_positive = {render_positive, NULL, "\"type\":\"boolean\"", true};

static void render_digits(struct request *req, struct text *out, const struct field *field,
                          const void *cell, const void *row)
{
    text_char(out, '"');
    if (field->prefix)
        text_put(out, field->prefix);
    render_integer(req, out, field, cell, row);
    text_char(out, '"');
}

/* Reads a whole number in decimal digits and nothing else. */
static bool read_digits(const char *text, int64_t *value)
{
    char *end;
    long long number;

    if (!*text || strlen(text) > 18 || text[strspn(text, "-0123456789")])
        return false;
    number = strtoll(text, &end, 10);
    *value = number;
    return !*end;
}

static const char *parse_digits(struct request *req, const struct field *field, json_object *in,
                                void *cell)
{
    const char *text = text_of(in);
    size_t prefix = field->prefix ? strlen(field->prefix) : 0;

    if (!text)
        return parse_integer(req, field, in, cell);
    if (prefix && strncmp(text, field->prefix, prefix) == 0)
        text += prefix;
    return read_digits(text, cell) ? NULL : "an integer";
}

const struct wire wire_digits = {render_digits, parse_digits, "\"type\":\"string\"", false};
const struct wire wire_numbered = {render_digits, parse_digits, "\"type\":\"string\"", false};

/* Money: at least four decimals, so that a price of less than a cent is seen. */
static void write_decimal(struct text *out, int64_t micros, int least)
{
    char digits[40];
    uint64_t amount = micros < 0 ? 0 - (uint64_t)micros : (uint64_t)micros;
    size_t length;

    snprintf(digits, sizeof digits, "%s%llu.%06llu", micros < 0 ? "-" : "",
             (unsigned long long)(amount / 1000000), (unsigned long long)(amount % 1000000));
    length = strlen(digits);
    for (int decimals = 6; decimals > least && digits[length - 1] == '0'; decimals--)
        digits[--length] = '\0';
    if (digits[length - 1] == '.')
        digits[length - 1] = '\0';
    text_put(out, digits);
}

static void render_price(struct request *req, struct text *out, const struct field *field,
                         const void *cell, const void *row)
{
    (void)req, (void)field, (void)row;
    text_char(out, '"');
    write_decimal(out, *(const int64_t *)cell, 4);
    text_char(out, '"');
}

static void render_money(struct request *req, struct text *out, const struct field *field,
                         const void *cell, const void *row)
{
    (void)req, (void)field, (void)row;
    write_decimal(out, *(const int64_t *)cell, 0);
}

/* A number of major units with at most six decimals. */
static const char *parse_money(struct request *req, const struct field *field, json_object *in,
                               void *cell)
{
    double micros;
    const char *fault = parse_real(req, field, in, &micros);

    if (fault)
        return fault;
    micros = round(micros * 1e6);
    if (fabs(micros) > 9e15)
        return "an amount of money";
    *(int64_t *)cell = (int64_t)micros;
    return NULL;
}

const struct wire wire_price = {render_price, NULL, "\"type\":\"string\"", false};
const struct wire wire_money = {render_money, parse_money, "\"type\":\"number\"", false};

const struct wire *wire_plain(enum type type)
{
    static const struct wire *const plain[] = {
        [TEXT] = &plain_text,           [INTEGER] = &plain_integer,
        [REAL] = &plain_real,           [BOOLEAN] = &plain_boolean,
        [INSTANT] = &wire_iso_shortest, [UID] = &wire_uuid,
        [DOCUMENT] = &wire_json,        [BYTES] = NULL,
    };

    return plain[type];
}
