#include "stream/replay/inside.h"

#include <stdlib.h>
#include <string.h>

enum { SHOWN = 600 };

/* ---- lines ---- */

bool replay_is_output(char kind)
{
    return kind == 'C' || kind == 'M';
}

bool replay_peek(struct line_read *line, const char **behind)
{
    const char *end = replaying.at < replaying.end
                          ? memchr(replaying.at, '\n', (size_t)(replaying.end - replaying.at))
                          : NULL;
    char *rest;

    if (!end)
        return false;
    *behind = end + 1;
    line->after_us = strtoll(replaying.at, &rest, 10);
    if (rest + 3 > end || rest[0] != ' ' || rest[2] != ' ')
        return false;
    line->kind = rest[1];
    line->text = rest + 3;
    line->length = (size_t)(end - line->text);
    line->number = replaying.number + 1;
    return true;
}

void replay_move_on(const struct line_read *line, const char *behind)
{
    int64_t after_us = line->after_us + replaying.skipped_us;

    if (replaying.accepted && !replay_is_output(line->kind))
        fprintf(replaying.accepted, "%lld %c %.*s\n", (long long)after_us, line->kind,
                (int)line->length, line->text);
    replaying.skipped_us = replaying.accepted && replay_is_output(line->kind) ? after_us : 0;
    replaying.at = behind;
    replaying.number = line->number;
    replaying.now_us += line->after_us;
}

/* ---- differences ---- */

bool replay_differs(void)
{
    return replaying.result->difference[0] != '\0';
}

void replay_note(const char *what, const struct line_read *expected, const char *got, size_t length)
{
    char *to = replaying.result->difference;
    size_t at = 0, from;

    if (replay_differs())
        return;
    if (expected)
        while (at < expected->length && at < length && expected->text[at] == got[at])
            at++;
    from = at > 40 ? at - 40 : 0;
    snprintf(to, sizeof replaying.result->difference,
             "line %zu, %.3f s into the call: %s\n  then: %s%.*s\n  now:  %s%.*s\n",
             replaying.number + 1, (double)replaying.now_us / 1e6, what, from ? "…" : "",
             expected && expected->length > from
                 ? (int)(expected->length - from < SHOWN ? expected->length - from : SHOWN)
                 : 0,
             expected ? expected->text + from : "", from ? "…" : "",
             length > from ? (int)(length - from < SHOWN ? length - from : SHOWN) : 0,
             length > from ? got + from : "");
}

void replay_came_out(char kind, const char *text, size_t length)
{
    struct line_read line;
    const char *behind;

    if (replay_differs() || replaying.is_over)
        return;
    if (replaying.accepted) {
        fprintf(replaying.accepted, "0 %c %.*s\n", kind, (int)length, text);
        replaying.result->outputs++;
        return;
    }
    if (!replay_peek(&line, &behind) || !replay_is_output(line.kind)) {
        replay_note(kind == 'C' ? "said to the carrier, and was not then"
                                : "said to the model, and was not then",
                    NULL, text, length);
        return;
    }
    if (line.kind != kind)
        replay_note("said to the other side", &line, text, length);
    else if (line.length != length || memcmp(line.text, text, length) != 0)
        replay_note(kind == 'C' ? "said to the carrier" : "said to the model", &line, text, length);
    else
        replaying.result->outputs++;
    replay_move_on(&line, behind);
}

void replay_expect_silence(void)
{
    struct line_read line;
    const char *behind;

    if (!replay_differs() && replay_peek(&line, &behind) && replay_is_output(line.kind))
        replay_note(line.kind == 'C' ? "not said to the carrier any more"
                                     : "not said to the model any more",
                    &line, "", 0);
}
