/*
 * stream/spool.h - lines on disk that survive the process, until they were dealt with.
 *
 * A spool is a directory of numbered files ("00000001.log"), written one behind the other and
 * removed when everything in them was taken; the last of those stays until the next one was taken
 * too, because lines of it may still be wanted when the process dies (checkpoint.h).  Each line
 * carries a check sum; a line that a crash cut short ends its file.  One thread appends, another
 * reads; what they share is only how far the first has written.
 */
#ifndef STREAM_SPOOL_H
#define STREAM_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"

/* A place between two lines. */
struct spool_place {
    uint64_t file, offset;
};

struct spool {
    char directory[400];
    int fd;
    struct spool_place end;
};

/* A line stands behind its sum: "89abcdef ". */
enum { SPOOL_FILE_SIZE = 1024 * 1024, SPOOL_LINE = 128 * 1024, SPOOL_SUM = 9 };

/*
 * Opens for appending, behind whatever an earlier process left; makes the directory.  False when
 * the disk does not let us, and the log says why.
 */
bool spool_open(struct spool *spool, const char *directory);

/* Appends one line without its newline; false when the disk does not take it. */
bool spool_append(struct spool *spool, const char *line, size_t length);

/* Makes sure that what was appended survives a power failure. */
void spool_sync(struct spool *spool);

/* Its files stay; no mistake when it is closed already. */
void spool_close(struct spool *spool);

/* Whether the disk takes anything, tried with a file of its own that is removed again. */
bool spool_probe(const struct spool *spool);

/* The number of its oldest file, 0 when there is none. */
uint64_t spool_first(const char *directory);

/* How much lies in a spool's directory. */
size_t spool_bytes(const char *directory);

struct spool_reader {
    char directory[400];
    int fd;
    struct spool_place at; /* what lies before it was taken */

    /* What was read of the file last: room for the longest line, with its sum and newline. */
    char window[SPOOL_SUM + SPOOL_LINE + 1];
    uint64_t window_at;
    size_t window_length;
};

/* Begins at the oldest line there is; false when there is no file, or none that can be opened. */
bool spool_reader_open(struct spool_reader *reader, const char *directory);

/* A line that was read, in the arena, and the place behind it. */
struct spool_line {
    const char *text;
    size_t length;
    struct spool_place behind;
};

/*
 * Reads up to "most" lines before "end", from "reader->at" on; it does not move.  Damaged rests of
 * files are passed over, and what is behind a file that cannot be opened now is read later.
 */
size_t spool_read(struct spool_reader *reader, struct arena *arena, struct spool_place end,
                  struct spool_line *lines, size_t most);

/* Everything before "place" was dealt with: the reader moves, files behind it are removed. */
void spool_taken(struct spool_reader *reader, struct spool_place place);

/* Closes; "all_taken": the last files are removed too. */
void spool_reader_close(struct spool_reader *reader, bool all_taken);

/* Whether a stands before b, by file and then by byte. */
bool spool_place_before(struct spool_place a, struct spool_place b);

#endif
