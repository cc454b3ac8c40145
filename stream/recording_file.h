/*
 * stream/recording_file.h - a recording on its way from the spool to the store.
 *
 * While the call runs the file is called "<tenant>-<call>-<recording>.live", afterwards ".done"; it
 * holds µ-law samples of both channels in turn.  Everything here runs in the recorder's thread.
 */
#ifndef STREAM_RECORDING_FILE_H
#define STREAM_RECORDING_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "core/uid.h"
#include "core/work.h"

enum { RECORDING_NAME = 160 };

struct recording_key {
    int64_t tenant;
    uid call, id;
};

/* "7-<32 hex>-<32 hex>.live" */
void recording_name(const struct recording_key *key, const char *ending, char name[RECORDING_NAME]);
bool recording_name_read(const char *name, const char *ending, struct recording_key *key);

/* Writes the row of a recording that begins; does no harm when it is there.  Sets work->tenant. */
bool recording_announce(struct work *work, const struct recording_key *key);

/*
 * Makes the MP3 of a file's bytes and stores it, in pieces: what it takes has nothing to do with
 * how long the call was.  NOT_FOUND when the file is gone, BUSY when it cannot be read now.  Sets
 * work->tenant.
 */
bool recording_store(struct work *work, const struct recording_key *key, const char *path);

/* Gets a piece of an MP3, which may be empty; false: no more of it is wanted. */
typedef bool recording_take(void *with, const unsigned char *mp3, size_t length);

/* Encodes a file of pairs of µ-law samples, and counts them; false when it was stopped. */
bool recording_encode(FILE *pairs, recording_take *take, void *with, int64_t *samples);

#endif
