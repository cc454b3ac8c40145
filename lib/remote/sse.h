/*
 * remote/sse.h - server-sent events: bytes as they come from a server become the data of events.
 *
 * Bytes may be split anywhere, inside a character or between the two bytes of a line's end.  Lines
 * end with LF, CRLF or CR; comments and fields other than "data" are passed over; several lines of
 * data in one event are joined by LF.  An event that is longer than allowed makes the reader stop.
 */
#ifndef REMOTE_SSE_H
#define REMOTE_SSE_H

#include <stdbool.h>
#include <stddef.h>

struct sse {
    size_t most; /* bytes of one event's data, or of one line */
    void (*event)(void *with, const char *data, size_t length); /* a NUL stands behind the data */
    void *with;

    /* The reader's own. */
    char *line, *data;
    size_t line_length, line_room, data_length, data_room;
    bool has_data, after_cr, is_broken;
};

/* False when something is too long; nothing more is read then. */
bool sse_feed(struct sse *sse, const char *bytes, size_t length);

/*
 * The stream has ended.  A last event without the empty line behind it counts too, because some
 * servers leave it out.
 */
void sse_end(struct sse *sse);

/* Gives back the reader's memory. */
void sse_free(struct sse *sse);

#endif
