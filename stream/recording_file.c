#include "stream/recording_file.h"

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

static int encode_piece(lame_t lame, const unsigned char *pairs, size_t count, unsigned char *out)
{
    int16_t samples[2 * PIECE];

    for (size_t i = 0; i < 2 * count; i++)
        samples[i] = audio_sample(pairs[i]);
    return lame_encode_buffer_interleaved(lame, samples, (int)count, out, PIECE_ROOM);
}

unsigned char *recording_encode(const unsigned char *pairs, size_t count, size_t *length)
{
    size_t room = count / SAMPLES_PER_SECOND * KILOBITS * 130 + 4 * PIECE_ROOM;
    unsigned char *mp3 = malloc(room);
    lame_t lame = open_encoder();
    int made;

    if (!mp3)
        abort();
    *length = 0;
    for (size_t at = 0; at < count; at += PIECE) {
        size_t piece = count - at < PIECE ? count - at : PIECE;

        if (room - *length < PIECE_ROOM)
            break;
        made = encode_piece(lame, pairs + 2 * at, piece, mp3 + *length);
        *length += made > 0 ? (size_t)made : 0;
    }
    made = room - *length >= PIECE_ROOM ? lame_encode_flush(lame, mp3 + *length, PIECE_ROOM) : 0;
    *length += made > 0 ? (size_t)made : 0;
    lame_close(lame);
    return mp3;
}

/* ---- storing ---- */

static unsigned char *read_file(const char *path, size_t *length)
{
    FILE *file = fopen(path, "rb");
    unsigned char *raw = NULL;
    long size;

    if (!file)
        return NULL;
    if (fseek(file, 0, SEEK_END) == 0 && (size = ftell(file)) >= 0 &&
        fseek(file, 0, SEEK_SET) == 0) {
        raw = malloc((size_t)size + 1);
        if (!raw)
            abort();
        *length = fread(raw, 1, (size_t)size, file);
    }
    fclose(file);
    return raw;
}

static bool store_chunks(struct work *work, const struct recording *row, const unsigned char *mp3,
                         size_t length)
{
    for (size_t at = 0; at < length; at += RECORDING_CHUNK) {
        size_t piece = length - at < RECORDING_CHUNK ? length - at : RECORDING_CHUNK;

        if (!recording_append_chunk(work, row, (int64_t)(at / RECORDING_CHUNK), mp3 + at, piece))
            return false;
    }
    return true;
}

bool recording_store(struct work *work, const struct recording_key *key, const char *path)
{
    struct recording row = row_of(key);
    struct recording_end end = {0};
    size_t raw_length = 0, length;
    unsigned char *raw = read_file(path, &raw_length), *mp3;
    hash256 hash;
    bool ok;

    if (!raw)
        return fail(work, NOT_FOUND, "The recording's file is gone");
    mp3 = recording_encode(raw, raw_length / 2, &length);
    free(raw);
    hash = sha256(mp3, length);
    end = (struct recording_end){
        .duration_ms = (int64_t)raw_length / 2 * 1000 / SAMPLES_PER_SECOND,
        .bytes = (int64_t)length,
        .sha256 = hash.bytes,
        .error = length ? NULL : "nothing was said",
    };
    work->tenant = key->tenant;
    ok = recording_begin(work, &row) && store_chunks(work, &row, mp3, length) &&
         recording_finish(work, key->id, &end);
    free(mp3);
    return ok;
}
