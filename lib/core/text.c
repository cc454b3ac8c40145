#include "core/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *text_room(struct text *text, size_t more)
{
    if (text->length + more + 1 > text->room) {
        size_t room = (text->room ? text->room * 2 : 256) + more;
        char *at = arena_take(text->arena, 1, room);

        if (text->length)
            memcpy(at, text->at, text->length);
        text->at = at;
        text->room = room;
    }
    return text->at + text->length;
}

void text_add(struct text *text, const char *format, ...)
{
    va_list args, again;
    int length;

    va_start(args, format);
    va_copy(again, args);
    length = vsnprintf(NULL, 0, format, args);
    if (length < 0)
        abort();
    vsnprintf(text_room(text, (size_t)length), (size_t)length + 1, format, again);
    text->length += (size_t)length;
    va_end(again);
    va_end(args);
}

void text_bytes(struct text *text, const char *more, size_t length)
{
    char *end = text_room(text, length);

    if (length)
        memcpy(end, more, length);
    end[length] = '\0';
    text->length += length;
}

void text_put(struct text *text, const char *more)
{
    text_bytes(text, more, strlen(more));
}

void text_char(struct text *text, char c)
{
    text_bytes(text, &c, 1);
}

void text_integer(struct text *text, int64_t value)
{
    char digits[24];
    char *first = digits + sizeof digits;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

    do
        *--first = (char)('0' + rest % 10);
    while (rest /= 10);
    if (value < 0)
        *--first = '-';
    text_bytes(text, first, (size_t)(digits + sizeof digits - first));
}

void text_real(struct text *text, double value)
{
    char digits[40];

    if (!isfinite(value)) {
        text_put(text, "null");
        return;
    }
    if (fabs(value) < 1e15 && value == trunc(value)) {
        text_integer(text, (int64_t)value);
        return;
    }
    for (int precision = 1; precision <= 17; precision++) {
        snprintf(digits, sizeof digits, "%.*g", precision, value);
        if (strtod(digits, NULL) == value)
            break;
    }
    text_put(text, digits);
}

size_t text_utf8(const char *at, size_t left)
{
    const unsigned char *c = (const unsigned char *)at;

    if (!left)
        return 0;
    if (c[0] < 0x80)
        return 1;
    if (c[0] >= 0xC2 && c[0] <= 0xDF && left > 1 && (c[1] & 0xC0) == 0x80)
        return 2;
    if (c[0] >= 0xE0 && c[0] <= 0xEF && left > 2 && (c[1] & 0xC0) == 0x80 && (c[2] & 0xC0) == 0x80)
        return (c[0] == 0xE0 && c[1] < 0xA0) || (c[0] == 0xED && c[1] > 0x9F) ? 0 : 3;
    if (c[0] >= 0xF0 && c[0] <= 0xF4 && left > 3 && (c[1] & 0xC0) == 0x80 &&
        (c[2] & 0xC0) == 0x80 && (c[3] & 0xC0) == 0x80)
        return (c[0] == 0xF0 && c[1] < 0x90) || (c[0] == 0xF4 && c[1] > 0x8F) ? 0 : 4;
    return 0;
}

static void add_escaped(struct text *text, unsigned char c)
{
    static const char names[] = "\"\"\\\\\bb\ff\nn\rr\tt";

    for (const char *name = names; *name; name += 2)
        if ((unsigned char)name[0] == c) {
            text_char(text, '\\');
            text_char(text, name[1]);
            return;
        }
    text_add(text, "\\u%04x", c);
}

void text_json_bytes(struct text *text, const char *value, size_t length)
{
    const unsigned char *c = (const unsigned char *)value, *end = c + length, *plain = c;

    text_char(text, '"');
    while (c < end) {
        size_t step = text_utf8((const char *)c, (size_t)(end - c));

        if (step && *c >= 0x20 && *c != '"' && *c != '\\' && *c != 0x7F) {
            c += step;
            continue;
        }
        text_bytes(text, (const char *)plain, (size_t)(c - plain));
        if (step)
            add_escaped(text, *c);
        else
            text_put(text, "\xEF\xBF\xBD");
        plain = ++c;
    }
    text_bytes(text, (const char *)plain, (size_t)(end - plain));
    text_char(text, '"');
}

void text_json(struct text *text, const char *value)
{
    if (value)
        text_json_bytes(text, value, strlen(value));
    else
        text_put(text, "null");
}

void text_xml(struct text *text, const char *value)
{
    size_t left = value ? strlen(value) : 0, step;

    text_bytes(text, "", 0);
    for (const char *c = value; left; c += step, left -= step) {
        step = text_utf8(c, left);
        if (step > 1 && memcmp(c, "\xEF\xBF\xBE", 3) != 0 && memcmp(c, "\xEF\xBF\xBF", 3) != 0)
            text_bytes(text, c, step);
        else if (step != 1)
            text_put(text, "\xEF\xBF\xBD");
        else if (*c == '&')
            text_put(text, "&amp;");
        else if (*c == '<')
            text_put(text, "&lt;");
        else if (*c == '>')
            text_put(text, "&gt;");
        else if (*c == '"')
            text_put(text, "&quot;");
        else if (*c == '\n' || *c == '\t' || *c == '\r')
            text_add(text, "&#x%X;", (unsigned)*c);
        else if ((unsigned char)*c >= 0x20)
            text_char(text, *c);
        step = step ? step : 1;
    }
}

void text_url(struct text *text, const char *value)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

    text_bytes(text, "", 0);
    for (const char *c = value ? value : ""; *c; c++)
        if (strchr(plain, *c))
            text_char(text, *c);
        else
            text_add(text, "%%%02X", (unsigned char)*c);
}

void text_attribute(struct text *text, const char *name, const char *value)
{
    if (!value)
        return;
    text_add(text, " %s=\"", name);
    text_xml(text, value);
    text_char(text, '"');
}

void text_member(struct text *text, const char *name, const char *value)
{
    if (!value)
        return;
    text_add(text, ",\"%s\":", name);
    text_json(text, value);
}

bool text_is(const char *text, const char *other)
{
    return text && other && strcmp(text, other) == 0;
}

bool text_is_blank(const char *text)
{
    return !text || !text[strspn(text, " \t\r\n")];
}

size_t text_characters(const char *text)
{
    size_t count = 0;

    for (; *text; text++)
        count += ((unsigned char)*text & 0xc0) != 0x80;
    return count;
}
