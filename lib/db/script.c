#include "db/script.h"

#include <ctype.h>
#include <string.h>

/* Behind a comment that begins here, or the same place when none does. */
static const char *skip_comment(const char *at)
{
    const char *end = NULL;

    if (strncmp(at, "/*", 2) == 0) {
        end = strstr(at + 2, "*/");
        return end ? end + 2 : at + strlen(at);
    }
    if (*at == '#' || (strncmp(at, "--", 2) == 0 && (!at[2] || isspace((unsigned char)at[2]))))
        return at + strcspn(at, "\n");
    return at;
}

/* Behind a quoted text that begins here; a doubled quote is two texts side by side to us. */
static const char *skip_quoted(const char *at)
{
    char quote = *at;

    if (quote != '\'' && quote != '"' && quote != '`')
        return at;
    for (at++; *at && *at != quote; at++)
        if (*at == '\\' && at[1] && quote != '`')
            at++;
    return *at ? at + 1 : at;
}

static const char *skip_blank(const char *at)
{
    for (;;) {
        const char *before = at;

        while (isspace((unsigned char)*at) || *at == ';')
            at++;
        at = skip_comment(at);
        if (at == before)
            return at;
    }
}

bool script_next(struct script *script)
{
    const char *at = skip_blank(script->rest);

    script->statement = at;
    while (*at && *at != ';') {
        const char *behind = skip_quoted(skip_comment(at));

        at = behind == at ? at + 1 : behind;
    }
    script->length = (size_t)(at - script->statement);
    script->rest = at;
    return script->length > 0;
}
