#include "stream/bracketed.h"

#include <ctype.h>
#include <string.h>

static char *trimmed(char *text)
{
    char *end = text + strlen(text);

    while (end > text && isspace((unsigned char)end[-1]))
        *--end = '\0';
    while (isspace((unsigned char)*text))
        text++;
    return text;
}

void bracketed_tell(const char *at, size_t length, wording_command *command, void *with)
{
    char text[COMMAND_SIZE], *value;

    if (length >= sizeof text || !command)
        return;
    memcpy(text, at, length);
    text[length] = '\0';
    value = strchr(text, ':');
    if (value)
        *value++ = '\0';
    else
        value = text + length;
    command(with, trimmed(text), trimmed(value));
}

/* A sign inside the brackets; the second "]" in a row ends them. */
static void take_inside(struct bracketed *bracketed, char c, wording_command *command, void *with)
{
    if (c == ']' && bracketed->was_bracket) {
        bracketed->is_inside = bracketed->was_bracket = false;
        /* The first of the two closing ones was kept. */
        if (bracketed->length && bracketed->length < sizeof bracketed->held)
            bracketed_tell(bracketed->held, bracketed->length - 1, command, with);
        bracketed->length = 0;
        return;
    }
    bracketed->was_bracket = c == ']';
    if (bracketed->length < sizeof bracketed->held)
        bracketed->held[bracketed->length++] = c;
}

static void take_outside(struct bracketed *bracketed, char c, struct text *out)
{
    if (c == '[' && bracketed->was_bracket) {
        bracketed->is_inside = true;
        bracketed->was_bracket = false;
        return;
    }
    if (bracketed->was_bracket)
        text_char(out, '[');
    bracketed->was_bracket = c == '[';
    if (c != '[')
        text_char(out, c);
}

void bracketed_take(struct bracketed *bracketed, const char *piece, bool last, struct text *out,
                    wording_command *command, void *with)
{
    for (; *piece; piece++)
        if (bracketed->is_inside)
            take_inside(bracketed, *piece, command, with);
        else
            take_outside(bracketed, *piece, out);
    if (!last)
        return;
    if (!bracketed->is_inside && bracketed->was_bracket)
        text_char(out, '[');
    *bracketed = (struct bracketed){.length = 0};
}
