#include "stream/wording.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "stream/bracketed.h"

enum { LONGEST_WORD = 48 }; /* languages without spaces are passed on in such pieces */

/* What is being passed on, and where its commands go. */
struct passing {
    struct wording *wording;
    struct text *out;
    wording_command *command;
    void *with;
};

static bool begins(const char *at, size_t left, const char *text)
{
    size_t length = strlen(text);

    return left >= length && strncasecmp(at, text, length) == 0;
}

static const char *find(const char *at, size_t left, const char *text)
{
    size_t length = strlen(text);

    for (size_t i = 0; i + length <= left; i++)
        if (memcmp(at + i, text, length) == 0)
            return at + i;
    return NULL;
}

/* ---- constructs ---- */

/* The bytes of a command with its brackets; 0 when its end is not there. */
static size_t command_length(const char *at, size_t left)
{
    const char *end = find(at + 2, left - 2, "]]");

    return end ? (size_t)(end - at) + 2 : 0;
}

/* "](https://…)": the bytes of the address with its brackets; 0 when its end is not there. */
static size_t address_length(const char *at, size_t left)
{
    const char *end = memchr(at, ')', left);

    return end ? (size_t)(end - at) + 1 : 0;
}

/* A bare address is spoken as its host; what of it was read is returned. */
static size_t take_url(struct passing *passing, const char *at, size_t left)
{
    size_t head = begins(at, left, "https://") ? 8 : 7, end = head, host;

    while (end < left && !isspace((unsigned char)at[end]) && !strchr("<>\")]", at[end]))
        end++;
    while (end > head && strchr(".,;:!?", at[end - 1]))
        end--;
    host = head;
    while (host < end && !strchr("/?#", at[host]))
        host++;
    text_bytes(passing->out, at + head, host - head);
    return end;
}

/* ---- characters ---- */

static void put(struct passing *passing, char c)
{
    if (c == '\n' || c == '\r') {
        passing->wording->in_line = false;
        c = ' ';
    } else if (c != ' ' && c != '\t') {
        passing->wording->in_line = true;
    }
    text_char(passing->out, c);
}

/* Marks of Markdown: emphasis touches a word, headings and lists begin a line. */
static bool is_mark(const struct passing *passing, const char *at, size_t left)
{
    bool touches = left > 1 && !isspace((unsigned char)at[1]);
    bool behind =
        passing->out->length && !isspace((unsigned char)passing->out->at[passing->out->length - 1]);

    switch (*at) {
    case '`':
        return true;
    case '*':
    case '_':
        return touches || behind || !passing->wording->in_line;
    case '#':
    case '-':
        return !passing->wording->in_line && (left == 1 || at[1] == ' ' || at[1] == '#');
    default:
        return false;
    }
}

/* Passes on what begins at "at"; how many bytes that was. */
static size_t pass(struct passing *passing, const char *at, size_t left)
{
    size_t length;

    if (begins(at, left, "[[") && (length = command_length(at, left))) {
        bracketed_tell(at + 2, length - 4, passing->command, passing->with);
        return length;
    }
    if (begins(at, left, "[[")) /* a command that never ends */
        return left;
    if (begins(at, left, "](") && (length = address_length(at + 1, left - 1)))
        return length + 1;
    if (begins(at, left, "http://") || begins(at, left, "https://"))
        return take_url(passing, at, left);
    if (*at != '[' && *at != ']' && !is_mark(passing, at, left))
        put(passing, *at);
    return 1;
}

/* ---- how much can be passed on ---- */

/* A construct that may begin here and whose end is not there yet. */
static bool is_open(const char *at, size_t left)
{
    if (*at == '[')
        return left == 1 || (at[1] == '[' && !command_length(at, left));
    return *at == ']' && (left == 1 || (at[1] == '(' && !address_length(at + 1, left - 1)));
}

/* Up to the last whole word, and not into anything open. */
static size_t ready(const struct wording *wording)
{
    size_t count = 0, at = 0;

    while (at < wording->length) {
        const char *here = wording->held + at;

        if (is_open(here, wording->length - at))
            return at > count && wording->length - count > LONGEST_WORD ? at : count;
        if (begins(here, wording->length - at, "[["))
            at += command_length(here, wording->length - at);
        else
            at++;
        if (at && isspace((unsigned char)wording->held[at - 1]))
            count = at;
    }
    return wording->length - count > LONGEST_WORD ? wording->length : count;
}

static void pass_on(struct passing *passing, size_t count)
{
    struct wording *wording = passing->wording;
    size_t at = 0;

    while (at < count)
        at += pass(passing, wording->held + at, count - at);
    memmove(wording->held, wording->held + count, wording->length - count);
    wording->length -= count;
}

void wording_take(struct wording *wording, const char *piece, bool last, struct text *out,
                  wording_command *command, void *with)
{
    struct passing passing = {.wording = wording, .out = out, .command = command, .with = with};
    size_t left = strlen(piece);

    while (left) {
        size_t room = sizeof wording->held - wording->length, count = left < room ? left : room;

        memcpy(wording->held + wording->length, piece, count);
        wording->length += count;
        piece += count;
        left -= count;
        pass_on(&passing, ready(wording));
        if (wording->length == sizeof wording->held)
            pass_on(&passing, wording->length);
    }
    if (last)
        pass_on(&passing, wording->length);
}
