#include "core/json.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/crypto.h"
#include "core/text.h"

enum { MAX_DEPTH = 512, MAX_NUMBER = 400 };

/* A key without its quotes, and decoded where it has escapes. */
struct key {
    const char *at;
    size_t length, position;
};

struct scan {
    const char *begin, *at, *end;
    size_t depth; /* how much deeper it may still go */
    bool refuse_repeated;
    const char *fault, *fault_at;
    struct key *keys; /* of the objects that are open, the innermost one's last */
    size_t nkeys, room;
    struct arena decoded;
};

static bool take_value(struct scan *scan);

static bool wrong(struct scan *scan, const char *at, const char *fault)
{
    scan->fault = fault;
    scan->fault_at = at;
    return false;
}

static void skip_space(struct scan *scan)
{
    while (scan->at < scan->end &&
           (*scan->at == ' ' || *scan->at == '\t' || *scan->at == '\n' || *scan->at == '\r'))
        scan->at++;
}

static bool next_is(const struct scan *scan, char c)
{
    return scan->at < scan->end && *scan->at == c;
}

static bool take_char(struct scan *scan, char c)
{
    if (!next_is(scan, c))
        return false;
    scan->at++;
    return true;
}

/* The value of four hex digits; -1 when they are none. */
static long hex4(const char *at, const char *end)
{
    long value = 0;

    if (end - at < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        if (hex_digit(at[i]) < 0)
            return -1;
        value = value * 16 + hex_digit(at[i]);
    }
    return value;
}

/*
 * Reads what stands behind "\u" (and, for a pair of surrogates, the second escape) and moves behind
 * it; -1 when it names no character that may stand in a text.
 */
static long read_unicode(const char **at, const char *end)
{
    long high = hex4(*at, end), low;

    if (high <= 0 || (high >= 0xDC00 && high <= 0xDFFF))
        return -1;
    *at += 4;
    if (high < 0xD800 || high > 0xDBFF)
        return high;
    if (end - *at < 6 || (*at)[0] != '\\' || (*at)[1] != 'u')
        return -1;
    low = hex4(*at + 2, end);
    if (low < 0xDC00 || low > 0xDFFF)
        return -1;
    *at += 6;
    return 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
}

static bool take_escape(struct scan *scan)
{
    const char *begin = scan->at++;
    char c = scan->at < scan->end ? *scan->at++ : '\0';

    if (c == 'u')
        return read_unicode(&scan->at, scan->end) > 0 ||
               wrong(scan, begin, "\\u is not followed by a character");
    return (c && strchr("\"\\/bfnrt", c)) || wrong(scan, begin, "a backslash escapes nothing");
}

/* One character that is no quote and no backslash. */
static bool take_plain(struct scan *scan)
{
    size_t length;

    if ((unsigned char)*scan->at < 0x20)
        return wrong(scan, scan->at, "a control character stands in a string");
    length = text_utf8(scan->at, (size_t)(scan->end - scan->at));
    scan->at += length;
    return length || wrong(scan, scan->at, "a string is not UTF-8");
}

static bool take_string(struct scan *scan)
{
    const char *begin = scan->at++;

    while (scan->at < scan->end && *scan->at != '"')
        if (!(*scan->at == '\\' ? take_escape(scan) : take_plain(scan)))
            return false;
    return take_char(scan, '"') || wrong(scan, begin, "a string is not closed");
}

static bool take_digits(struct scan *scan)
{
    const char *begin = scan->at;

    while (scan->at < scan->end && isdigit((unsigned char)*scan->at))
        scan->at++;
    return scan->at > begin;
}

/* Whether a number keeps its value: an integer in 64 bits, another one as a finite double. */
static bool is_kept(const char *at, size_t length)
{
    char copy[MAX_NUMBER + 1];

    memcpy(copy, at, length);
    copy[length] = '\0';
    if (strpbrk(copy, ".eE"))
        return isfinite(strtod(copy, NULL));
    errno = 0;
    strtoll(copy, NULL, 10);
    return errno == 0;
}

static bool take_number(struct scan *scan)
{
    const char *begin = scan->at;
    size_t length;

    take_char(scan, '-');
    if (!take_char(scan, '0') && !take_digits(scan))
        return wrong(scan, begin, "a number has no digits");
    if (take_char(scan, '.') && !take_digits(scan))
        return wrong(scan, begin, "a number ends in a point");
    if (take_char(scan, 'e') || take_char(scan, 'E')) {
        if (!take_char(scan, '+'))
            take_char(scan, '-');
        if (!take_digits(scan))
            return wrong(scan, begin, "a number has an empty exponent");
    }
    length = (size_t)(scan->at - begin);
    if (length > MAX_NUMBER || !is_kept(begin, length))
        return wrong(scan, begin, "a number is too large");
    return true;
}

static bool take_word(struct scan *scan)
{
    static const char *const words[] = {"true", "false", "null"};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        size_t length = strlen(words[i]);

        if ((size_t)(scan->end - scan->at) >= length && memcmp(scan->at, words[i], length) == 0) {
            scan->at += length;
            return true;
        }
    }
    return wrong(scan, scan->at, "a value is expected");
}

static void add_utf8(struct text *text, long c)
{
    if (c >= 0x10000) {
        text_char(text, (char)(0xF0 | c >> 18));
        text_char(text, (char)(0x80 | (c >> 12 & 0x3F)));
    } else if (c >= 0x800) {
        text_char(text, (char)(0xE0 | c >> 12));
    }
    if (c >= 0x800)
        text_char(text, (char)(0x80 | (c >> 6 & 0x3F)));
    else if (c >= 0x80)
        text_char(text, (char)(0xC0 | c >> 6));
    text_char(text, (char)(c < 0x80 ? c : 0x80 | (c & 0x3F)));
}

/* The key as it is meant: "a" and "\u0061" are the same.  The escapes were checked before. */
static void decode(struct scan *scan, struct key *key)
{
    static const char escapes[] = "b\bf\fn\nr\rt\t";
    struct text text = {.arena = &scan->decoded};
    const char *at = key->at, *end = at + key->length, *escape;

    while (at < end) {
        if (*at != '\\') {
            text_char(&text, *at++);
        } else if (at[1] == 'u') {
            at += 2;
            add_utf8(&text, read_unicode(&at, end));
        } else {
            escape = strchr(escapes, at[1]);
            text_char(&text, escape ? escape[1] : at[1]);
            at += 2;
        }
    }
    key->at = text.at;
    key->length = text.length;
}

static void keep_key(struct scan *scan, const char *quote)
{
    struct key key = {quote + 1, (size_t)(scan->at - quote - 2), (size_t)(quote - scan->begin)};

    if (memchr(key.at, '\\', key.length))
        decode(scan, &key);
    if (scan->nkeys == scan->room) {
        scan->room = scan->room ? scan->room * 2 : 32;
        scan->keys = realloc(scan->keys, scan->room * sizeof *scan->keys);
        if (!scan->keys)
            abort();
    }
    scan->keys[scan->nkeys++] = key;
}

static int compare_keys(const void *left, const void *right)
{
    const struct key *a = left, *b = right;
    int order = memcmp(a->at, b->at, a->length < b->length ? a->length : b->length);

    if (order || a->length != b->length)
        return order ? order : a->length < b->length ? -1 : 1;
    return a->position < b->position ? -1 : 1;
}

/* The keys of an object that ends; sorting them bounds the work whatever they are. */
static bool all_differ(struct scan *scan, size_t first)
{
    struct key *keys = scan->keys + first;
    size_t count = scan->nkeys - first;

    scan->nkeys = first;
    if (count < 2)
        return true;
    qsort(keys, count, sizeof *keys, compare_keys);
    for (size_t i = 1; i < count; i++)
        if (keys[i].length == keys[i - 1].length &&
            memcmp(keys[i].at, keys[i - 1].at, keys[i].length) == 0)
            return wrong(scan, scan->begin + keys[i].position, "a key stands in an object twice");
    return true;
}

static bool take_member(struct scan *scan)
{
    const char *quote;

    skip_space(scan);
    quote = scan->at;
    if (!next_is(scan, '"'))
        return wrong(scan, quote, "a key in quotes is expected");
    if (!take_string(scan))
        return false;
    if (scan->refuse_repeated)
        keep_key(scan, quote);
    skip_space(scan);
    if (!take_char(scan, ':'))
        return wrong(scan, scan->at, "a colon is expected");
    return take_value(scan);
}

/* The members of an object or the elements of an array, the opening bracket being taken. */
static bool take_all(struct scan *scan, const char *begin, char close, const char *not_closed,
                     bool (*take)(struct scan *scan))
{
    skip_space(scan);
    if (take_char(scan, close))
        return true;
    do
        if (!take(scan))
            return false;
    while (take_char(scan, ','));
    if (take_char(scan, close))
        return true;
    return scan->at == scan->end ? wrong(scan, begin, not_closed)
                                 : wrong(scan, scan->at, "a comma is expected");
}

static bool take_nested(struct scan *scan)
{
    const char *begin = scan->at++;
    size_t first = scan->nkeys;
    bool ok;

    if (!scan->depth)
        return wrong(scan, begin, "it is nested too deeply");
    scan->depth--;
    ok = *begin == '[' ? take_all(scan, begin, ']', "an array is not closed", take_value)
                       : take_all(scan, begin, '}', "an object is not closed", take_member) &&
                             all_differ(scan, first);
    scan->depth++;
    return ok;
}

/* A value and the white space around it. */
static bool take_value(struct scan *scan)
{
    bool ok;

    skip_space(scan);
    if (scan->at == scan->end)
        return wrong(scan, scan->at, "a value is expected");
    if (*scan->at == '{' || *scan->at == '[')
        ok = take_nested(scan);
    else if (*scan->at == '"')
        ok = take_string(scan);
    else if (*scan->at == '-' || isdigit((unsigned char)*scan->at))
        ok = take_number(scan);
    else
        ok = take_word(scan);
    skip_space(scan);
    return ok;
}

const char *json_check(const char *text, size_t length, const struct json_rules *rules, size_t *at)
{
    struct scan scan = {
        .begin = text,
        .at = text,
        .end = text + length,
        .depth = rules && rules->depth ? rules->depth : JSON_DEPTH,
        .refuse_repeated = !rules || rules->refuse_repeated,
    };

    if (scan.depth > MAX_DEPTH)
        scan.depth = MAX_DEPTH;
    if (take_value(&scan) && scan.at < scan.end)
        wrong(&scan, scan.at, "something follows the value");
    free(scan.keys);
    arena_free(&scan.decoded);
    *at = scan.fault ? (size_t)(scan.fault_at - text) : length;
    return scan.fault;
}
