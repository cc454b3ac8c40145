#include <math.h>
#include <string.h>

#include "db/connection.h"
#include "db/moment.h"

/* Texts and bytes are sent from where they lie. */
static void bind_bytes(MYSQL_BIND *bind, enum enum_field_types type, const void *at, size_t length)
{
    bind->buffer_type = type;
    bind->buffer = (void *)(uintptr_t)at;
    bind->buffer_length = length;
}

static void bind_integer(MYSQL_BIND *bind, struct slot *slot, int64_t value)
{
    slot->value.integer = value;
    bind->buffer_type = MYSQL_TYPE_LONGLONG;
    bind->buffer = &slot->value.integer;
}

static void bind_instant(MYSQL_BIND *bind, struct slot *slot, instant when)
{
    moment_from_instant(when, &slot->value.time);
    bind->buffer_type = MYSQL_TYPE_DATETIME;
    bind->buffer = &slot->value.time;
}

static void bind_value(const struct param *param, struct slot *slot, MYSQL_BIND *bind)
{
    const bytes *raw = param->value;
    const char *text;

    switch (param->type) {
    case TEXT:
    case DOCUMENT:
        text = param->type == TEXT ? *(const char *const *)param->value
                                   : ((const document *)param->value)->json;
        bind_bytes(bind, MYSQL_TYPE_STRING, text, strlen(text));
        break;
    case BYTES:
        bind_bytes(bind, MYSQL_TYPE_BLOB, raw->at, raw->length);
        break;
    case UID:
        bind_bytes(bind, MYSQL_TYPE_BLOB, ((const uid *)param->value)->bytes, 16);
        break;
    case INTEGER:
        bind_integer(bind, slot, *(const int64_t *)param->value);
        break;
    case BOOLEAN:
        bind_integer(bind, slot, *(const bool *)param->value);
        break;
    case REAL:
        bind->buffer_type = MYSQL_TYPE_DOUBLE;
        bind->buffer = (void *)(uintptr_t)param->value;
        break;
    case INSTANT:
        bind_instant(bind, slot, *(const instant *)param->value);
        break;
    }
}

void bind_params(struct arena *arena, const struct param *params, size_t nparams, MYSQL_BIND *binds)
{
    struct slot *slots = arena_new(arena, struct slot, nparams);

    for (size_t i = 0; i < nparams; i++)
        if (cell_is_none(params[i].type, params[i].value))
            binds[i].buffer_type = MYSQL_TYPE_NULL;
        else
            bind_value(&params[i], &slots[i], &binds[i]);
}
