#include "stream/scan.h"

#include <string.h>

static const char *skip_space(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r'))
        at++;
    return at;
}

/* Whether an odd number of backslashes stands before "at", so that its quote ends nothing. */
static bool is_escaped(const char *begin, const char *at)
{
    const char *first = at;

    while (first > begin && first[-1] == '\\')
        first--;
    return (at - first) % 2 == 1;
}

/* Behind the string that begins with the quote at "at"; NULL when it does not end. */
static const char *skip_string(const char *at, const char *end)
{
    const char *begin = ++at;

    while (at < end && (at = memchr(at, '"', (size_t)(end - at)))) {
        if (!is_escaped(begin, at))
            return at + 1;
        at++;
    }
    return NULL;
}

/* Behind an object or array; only strings can hold brackets that do not count. */
static const char *skip_nested(const char *at, const char *end)
{
    size_t depth = 0;

    while (at && at < end) {
        if (*at == '"') {
            at = skip_string(at, end);
            continue;
        }
        if (*at == '{' || *at == '[')
            depth++;
        if ((*at == '}' || *at == ']') && --depth == 0)
            return at + 1;
        at++;
    }
    return NULL;
}

static const char *skip_plain(const char *at, const char *end)
{
    const char *begin = at;

    while (at < end && *at && !strchr(",}] \t\r\n", *at))
        at++;
    return at > begin ? at : NULL;
}

static const char *skip_value(const char *at, const char *end)
{
    if (at >= end)
        return NULL;
    if (*at == '"')
        return skip_string(at, end);
    if (*at == '{' || *at == '[')
        return skip_nested(at, end);
    return skip_plain(at, end);
}

/* Keeps the value for whoever wants that name; true when it was the first of it. */
static bool keep(struct member *wanted, size_t count, struct slice name, const char *from,
                 const char *to)
{
    for (size_t i = 0; i < count; i++) {
        if (wanted[i].value.at || !slice_is(name, wanted[i].name))
            continue;
        wanted[i].kind = *from;
        wanted[i].value = *from == '"' ? (struct slice){from + 1, (size_t)(to - from) - 2}
                                       : (struct slice){from, (size_t)(to - from)};
        return true;
    }
    return false;
}

/* One member, up to the comma or brace behind it; NULL when it is malformed. */
static const char *take_member(const char *at, const char *end, struct member *wanted, size_t count,
                               size_t *found)
{
    const char *value, *behind;
    struct slice name;

    if (at >= end || *at != '"' || !(value = skip_string(at, end)))
        return NULL;
    name = (struct slice){at + 1, (size_t)(value - at) - 2};
    value = skip_space(value, end);
    if (value >= end || *value != ':')
        return NULL;
    value = skip_space(value + 1, end);
    behind = skip_value(value, end);
    if (!behind)
        return NULL;
    *found += keep(wanted, count, name, value, behind);
    return skip_space(behind, end);
}

bool scan_members(const char *text, size_t length, struct member *wanted, size_t count)
{
    const char *end = text + length, *at = skip_space(text, end);
    size_t found = 0;

    if (at >= end || *at != '{')
        return false;
    at = skip_space(at + 1, end);
    if (at < end && *at == '}')
        return true;
    while (found < count) {
        at = take_member(at, end, wanted, count, &found);
        if (!at || at >= end)
            return at != NULL && found == count;
        if (*at == '}')
            return true;
        if (*at != ',')
            return false;
        at = skip_space(at + 1, end);
    }
    return true;
}

bool slice_copy(struct slice slice, char *text, size_t size)
{
    if (!slice.at || slice.length >= size || memchr(slice.at, '\\', slice.length))
        return false;
    memcpy(text, slice.at, slice.length);
    text[slice.length] = '\0';
    return true;
}

long long slice_number(struct slice slice, long long fallback)
{
    long long number = 0;

    if (!slice.at || slice.length == 0 || slice.length > 15)
        return fallback;
    for (size_t i = 0; i < slice.length; i++) {
        if (slice.at[i] < '0' || slice.at[i] > '9')
            return fallback;
        number = number * 10 + (slice.at[i] - '0');
    }
    return number;
}
