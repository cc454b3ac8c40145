#include "core/work.h"

#include <stdio.h>

/* Written beside first, because the arguments may be parts of the error before. */
bool fail(struct work *work, enum failure what, const char *format, ...)
{
    struct error error = {.what = what};
    va_list args;

    va_start(args, format);
    vsnprintf(error.message, sizeof error.message, format, args);
    va_end(args);
    work->error = error;
    return false;
}

bool fail_field(struct work *work, const char *field, const char *format, ...)
{
    struct error error = {.what = INVALID};
    va_list args;

    snprintf(error.field, sizeof error.field, "%s", field);
    va_start(args, format);
    vsnprintf(error.message, sizeof error.message, format, args);
    va_end(args);
    work->error = error;
    return false;
}

void work_end(struct work *work)
{
    arena_free(&work->arena);
}
