#include "stream/recording_file.h"

#include <errno.h>
#include <inttypes.h>
#include <lame/lame.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/crypto.h"
#include "core/log.h"
#include "domain/recordings.h"
#include "stream/audio.h"

enum {
    SAMPLES_PER_SECOND = 8000,
    KILOBITS = 32,
    QUALITY = 7,                       /* of 0, slow and good, to 9 */
    PIECE = 8000,                      /* pairs that are encoded at once */
    PIECE_ROOM = PIECE * 5 / 4 + 7200, /* the most that LAME makes of them */
};

void recording_name(const struct recording_key *key, const char *ending, char name[RECORDING_NAME])
{
    char call[33], id[33];

    uid_write_hex(key->call, call);
    uid_write_hex(key->id, id);
    snprintf(name, RECORDING_NAME, "%" PRId64 "-%s-%s.%s", key->tenant, call, id, ending);
}

bool recording_name_read(const char *name, const char *ending, struct recording_key *key)
{
    char call[33], id[33], behind[16];

    return sscanf(name, "%" SCNd64 "-%32[0-9a-f]-%32[0-9a-f].%15s", &key->tenant, call, id,
                  behind) == 4 &&
           strcmp(behind, ending) == 0 && uid_read_hex(call, &key->call) &&
           uid_read_hex(id, &key->id);
}

static struct recording row_of(const struct recording_key *key)
{
    struct recording row;

    row_clear(&recording_entity, &row);
    row.tenant_id = key->tenant;
    row.id = key->id;
    row.call_id = key->call;
    row.source = "bridge";
    row.channels = 2;
    row.content_type = "audio/mpeg";
    row.started_at = clock_now();
    return row;
}

bool recording_announce(struct work *work, const struct recording_key *key)
{
    struct recording row = row_of(key);

    work->tenant = key->tenant;
    return recording_begin(work, &row);
}

/* ---- MP3 ---- */

static lame_t open_encoder(void)
{
    lame_t lame = lame_init();

    if (!lame)
        abort();
    lame_set_num_channels(lame, 2);
    lame_set_in_samplerate(lame, SAMPLES_PER_SECOND);
    lame_set_out_samplerate(lame, SAMPLES_PER_SECOND);
    lame_set_mode(lame, STEREO);
    lame_set_brate(lame, KILOBITS);
    lame_set_quality(lame, QUALITY);
    lame_set_bWriteVbrTag(lame, 0);
    if (lame_init_params(lame) < 0)
        abort();
    return lame;
}

static size_t encode_piece(lame_t lame, const unsigned char *pairs, size_t count,
                           unsigned char out[PIECE_ROOM])
{
    int16_t samples[2 * PIECE];
    int made;

    for (size_t i = 0; i < 2 * count; i++)
        samples[i] = audio_sample(pairs[i]);
    made = lame_encode_buffer_interleaved(lame, samples, (int)count, out, PIECE_ROOM);
    return made > 0 ? (size_t)made : 0;
}

bool recording_encode(FILE *pairs, recording_take *take, void *with, int64_t *samples)
{
    unsigned char piece[2 * PIECE], mp3[PIECE_ROOM];
    lame_t lame = open_encoder();
    size_t count;
    bool ok = true;
    int made;

    *samples = 0;
    while (ok && (count = fread(piece, 2, PIECE, pairs)) > 0) {
        *samples += (int64_t)count;
        ok = take(with, mp3, encode_piece(lame, piece, count, mp3));
    }
    made = ok ? lame_encode_flush(lame, mp3, PIECE_ROOM) : 0;
    lame_close(lame);
    return ok && take(with, mp3, made > 0 ? (size_t)made : 0);
}

/* ---- storing ---- */

/* A recording on its way: of all its MP3 no more than a chunk is here at a time. */
struct storing {
    struct work *work;
    const struct recording *row;
    struct hashing *hashing;
    unsigned char *chunk; /* of RECORDING_CHUNK bytes */
    size_t filled;
    int64_t seq, bytes;
};

static bool store_chunk(struct storing *storing)
{
    if (storing->filled && !recording_append_chunk(storing->work, storing->row, storing->seq,
                                                   storing->chunk, storing->filled))
        return false;
    storing->seq += storing->filled > 0;
    storing->filled = 0;
    return true;
}

static bool take_mp3(void *with, const unsigned char *mp3, size_t length)
{
    struct storing *storing = with;

    hashing_add(storing->hashing, mp3, length);
    storing->bytes += (int64_t)length;
    while (length) {
        size_t room = RECORDING_CHUNK - storing->filled, piece = length < room ? length : room;

        memcpy(storing->chunk + storing->filled, mp3, piece);
        storing->filled += piece;
        mp3 += piece;
        length -= piece;
        if (storing->filled == RECORDING_CHUNK && !store_chunk(storing))
            return false;
    }
    return true;
}

static bool store_file(struct work *work, const struct recording *row, FILE *file)
{
    struct storing storing = {.work = work, .row = row, .hashing = hashing_begin()};
    struct recording_end end = {0};
    int64_t samples;
    hash256 hash;
    bool ok;

    storing.chunk = malloc(RECORDING_CHUNK);
    if (!storing.chunk)
        abort();
    ok = recording_encode(file, take_mp3, &storing, &samples) && store_chunk(&storing);
    if (ok && ferror(file))
        ok = fail(work, BUSY, "The recording's file cannot be read now");
    free(storing.chunk);
    hash = hashing_end(storing.hashing);
    end = (struct recording_end){
        .duration_ms = samples * 1000 / SAMPLES_PER_SECOND,
        .bytes = storing.bytes,
        .sha256 = hash.bytes,
        .error = samples ? NULL : "nothing was said",
    };
    return ok && recording_finish(work, row->id, &end);
}

bool recording_store(struct work *work, const struct recording_key *key, const char *path)
{
    struct recording row = row_of(key);
    FILE *file = fopen(path, "rbe");
    bool ok;

    if (!file && errno == ENOENT)
        return fail(work, NOT_FOUND, "The recording's file is gone");
    if (!file)
        return fail(work, BUSY, "The recording's file cannot be read now");
    work->tenant = key->tenant;
    ok = recording_begin(work, &row) && store_file(work, &row, file);
    fclose(file);
    return ok;
}
