#include <string.h>

#include "domain/recording_files.h"
#include "domain/recordings.h"

/* A row of recording_chunks. */
struct chunk {
    int64_t seq;
    bytes bytes;
};

static const struct column columns_of_chunk[] = {
    COLUMN(chunk, seq, NOT_NULL),
    COLUMN(chunk, bytes, NOT_NULL),
};

static const struct entity chunk_entity = ENTITY(chunk, "recording", NULL, columns_of_chunk);

static bool select_chunks(struct work *work, uid recording, int64_t first, int64_t last,
                          struct rows *rows)
{
    static const char sql[] = "SELECT seq, bytes FROM recording_chunks WHERE tenant_id = ?"
                              " AND recording_id = ? AND seq BETWEEN ? AND ? ORDER BY seq";
    const struct param params[] = {PARAM(work->tenant), PARAM(recording), PARAM(first),
                                   PARAM(last)};

    return db_select(work, sql, params, COUNT(params), &chunk_entity, rows);
}

/* Adds what lies of a chunk between "from" and "to"; false when it does not follow what is there.
 */
static bool add_piece(const struct chunk *chunk, int64_t from, int64_t to, unsigned char *at,
                      size_t *length)
{
    int64_t begin = chunk->seq * RECORDING_CHUNK;
    int64_t end = begin + (int64_t)chunk->bytes.length;
    int64_t first = begin > from ? begin : from, last = end < to ? end : to;

    if (first != from + (int64_t)*length)
        return false;
    if (last > first) {
        memcpy(at + *length, chunk->bytes.at + (first - begin), (size_t)(last - first));
        *length += (size_t)(last - first);
    }
    return true;
}

bool recording_read(struct work *work, const struct recording *recording, int64_t offset,
                    size_t length, bytes *piece)
{
    int64_t end = offset + (int64_t)length;
    unsigned char *at;
    struct rows rows;

    *piece = (bytes){(const unsigned char *)"", 0};
    if (length == 0 || offset < 0)
        return true;
    if (recording->location)
        return recording_file_read(work, recording, offset, length, piece);
    if (!select_chunks(work, recording->id, offset / RECORDING_CHUNK, (end - 1) / RECORDING_CHUNK,
                       &rows))
        return false;
    if (rows.count == 0)
        return fail(work, NOT_FOUND, "The recording does not exist");
    at = arena_take(&work->arena, 1, length + 1);
    *piece = (bytes){at, 0};
    for (size_t i = 0; i < rows.count; i++)
        if (!add_piece((const struct chunk *)rows.at + i, offset, end, at, &piece->length))
            break;
    return true;
}
