#include "remote/sse.h"

#include <stdlib.h>
#include <string.h>

/* Adds bytes with a NUL behind them; false when that would be more than "most". */
static bool append(char **at, size_t *length, size_t *room, size_t most, const char *bytes,
                   size_t count)
{
    if (count > most || *length > most - count)
        return false;
    if (*length + count + 1 > *room) {
        *room = 2 * (*length + count) + 256;
        *at = realloc(*at, *room);
        if (!*at)
            abort();
    }
    if (count)
        memcpy(*at + *length, bytes, count);
    *length += count;
    (*at)[*length] = '\0';
    return true;
}

static void dispatch(struct sse *sse)
{
    if (sse->has_data)
        sse->event(sse->with, sse->data, sse->data_length);
    sse->has_data = false;
    sse->data_length = 0;
}

/* Adds a line to the event's data. */
static bool take_data(struct sse *sse, const char *value, size_t length)
{
    if (length && *value == ' ') {
        value++;
        length--;
    }
    if (sse->has_data &&
        !append(&sse->data, &sse->data_length, &sse->data_room, sse->most, "\n", 1))
        return false;
    sse->has_data = true;
    return append(&sse->data, &sse->data_length, &sse->data_room, sse->most, value, length);
}

static bool end_line(struct sse *sse)
{
    static const char name[] = "data";
    const size_t head = sizeof name - 1, length = sse->line_length;
    const char *line = sse->line;

    sse->line_length = 0;
    if (length == 0)
        dispatch(sse);
    else if (length >= head && memcmp(line, name, head) == 0 &&
             (length == head || line[head] == ':'))
        return length == head ? take_data(sse, "", 0)
                              : take_data(sse, line + head + 1, length - head - 1);
    return true;
}

static bool keep(struct sse *sse, const char *bytes, size_t length)
{
    return append(&sse->line, &sse->line_length, &sse->line_room, sse->most, bytes, length);
}

/* How many bytes come before the end of the line. */
static size_t line_in(const char *bytes, size_t length)
{
    size_t count = 0;

    while (count < length && bytes[count] != '\n' && bytes[count] != '\r')
        count++;
    return count;
}

bool sse_feed(struct sse *sse, const char *bytes, size_t length)
{
    while (length && !sse->is_broken) {
        size_t count = line_in(bytes, length);

        if (sse->after_cr && *bytes == '\n') {
            bytes++;
            length--;
            sse->after_cr = false;
            continue;
        }
        sse->after_cr = false;
        sse->is_broken = !keep(sse, bytes, count);
        if (count < length) {
            sse->after_cr = bytes[count] == '\r';
            sse->is_broken = sse->is_broken || !end_line(sse);
            count++;
        }
        bytes += count;
        length -= count;
    }
    return !sse->is_broken;
}

void sse_end(struct sse *sse)
{
    if (!sse->is_broken && (sse->line_length == 0 || end_line(sse)))
        dispatch(sse);
}

void sse_free(struct sse *sse)
{
    free(sse->line);
    free(sse->data);
    sse->line = sse->data = NULL;
    sse->line_length = sse->line_room = sse->data_length = sse->data_room = 0;
}
