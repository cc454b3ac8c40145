/*
 * Recordings as they are played: whole, or the part that a Range header asks for.
 */
#include "fcgi/recording.h"

#include <stdlib.h>
#include <string.h>

#include "core/crypto.h"
#include "domain/recordings.h"

/* The bytes from "first" to "last", both included. */
struct part {
    struct recording recording;
    int64_t first, last;
};

/* Digits and nothing else; -1 for none. */
static bool read_offset(const char *text, size_t length, int64_t *offset)
{
    *offset = -1;
    if (length > 18 || strspn(text, "0123456789") < length)
        return false;
    if (length)
        *offset = strtoll(text, NULL, 10);
    return true;
}

enum range { WHOLE, SOME, NONE };

/* Reads "bytes=0-499", "bytes=500-", "bytes=-500"; any other form asks for the whole. */
static enum range read_range(const char *header, int64_t size, struct part *part)
{
    const char *from = header ? header + 6 : "", *dash = strchr(from, '-');
    int64_t first, last;

    part->first = 0;
    part->last = size - 1;
    if (!header || strncmp(header, "bytes=", 6) != 0 || !dash || strchr(from, ',') ||
        !read_offset(from, (size_t)(dash - from), &first) ||
        !read_offset(dash + 1, strlen(dash + 1), &last) || (first < 0 && last < 0))
        return WHOLE;
    if (first >= 0 && last >= 0 && last < first)
        return WHOLE;
    if (first < 0) {
        part->first = last < size ? size - last : 0;
        return last == 0 || size == 0 ? NONE : SOME;
    }
    part->first = first;
    if (last >= 0 && last < size)
        part->last = last;
    return first >= size ? NONE : SOME;
}

/* One chunk after the other, so that a long recording never lies in memory. */
static bool write_part(struct request *req, bool (*write)(void *to, const void *at, size_t length),
                       void *to)
{
    const struct part *part = req->stream_with;
    struct work reader = {.id = req->work.id,
                          .tenant = req->work.tenant,
                          .db = req->work.db,
                          .config = req->work.config};
    int64_t at = part->first;
    bool ok = true;
    bytes piece;

    while (ok && at <= part->last) {
        int64_t room = RECORDING_CHUNK - at % RECORDING_CHUNK, left = part->last - at + 1;

        ok = recording_read(&reader, &part->recording, at, (size_t)(left < room ? left : room),
                            &piece) &&
             piece.length > 0 && write(to, piece.at, piece.length);
        at += ok ? (int64_t)piece.length : 0;
        arena_reset(&reader.arena);
    }
    work_end(&reader);
    return ok;
}

/* The tag changes with the bytes, so that a part is never put behind another recording's. */
static const char *tag_of(struct request *req, const struct recording *recording)
{
    char hex[33];

    if (recording->sha256.length == 32)
        hex_write(recording->sha256.at, 16, hex);
    else
        uid_write_hex(recording->id, hex);
    return arena_format(&req->work.arena, "\"%s\"", hex);
}

static bool refuse_range(struct request *req, int64_t size, const char *refusal)
{
    reply_header(req, "Content-Range",
                 arena_format(&req->work.arena, "bytes */%lld", (long long)size));
    return reply_text(req, 416, NULL, refusal);
}

static bool reply_part(struct request *req, struct part *part, enum range range, int64_t size)
{
    req->status = range == SOME ? 206 : 200;
    if (range == SOME)
        reply_header(req, "Content-Range",
                     arena_format(&req->work.arena, "bytes %lld-%lld/%lld", (long long)part->first,
                                  (long long)part->last, (long long)size));
    req->reply_type = part->recording.content_type ? part->recording.content_type : "audio/mpeg";
    req->stream = write_part;
    req->stream_with = part;
    req->stream_length = part->last - part->first + 1;
    return true;
}

bool reply_recording(struct request *req, uid call, const char *refusal)
{
    struct recording recording;

    return recording_of_call(&req->work, call, &recording) && reply_sound(req, &recording, refusal);
}

bool reply_sound(struct request *req, const struct recording *recording, const char *refusal)
{
    struct part *part = arena_new(&req->work.arena, struct part, 1);
    const char *tag, *condition = request_header(req, "If-Range");
    enum range range;
    int64_t size;

    part->recording = *recording;
    size = part->recording.bytes;
    if (size == NO_INTEGER || size <= 0)
        return fail(&req->work, NOT_FOUND, "There is no recording of this call");
    tag = tag_of(req, &part->recording);
    range = read_range(
        condition && strcmp(condition, tag) != 0 ? NULL : request_header(req, "Range"), size, part);
    reply_header(req, "Accept-Ranges", "bytes");
    reply_header(req, "ETag", tag);
    reply_header(req, "Cache-Control", "private, max-age=3600");
    return range == NONE ? refuse_range(req, size, refusal) : reply_part(req, part, range, size);
}
