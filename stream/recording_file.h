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

/* Writes the row of a recording that begins; does no harm when it is there. */
bool recording_announce(struct work *work, const struct recording_key *key);

/* Makes the MP3 of a file's bytes and stores it. */
bool recording_store(struct work *work, const struct recording_key *key, const char *path);

/* Encodes pairs of µ-law samples; the MP3 is the caller's to free. */
unsigned char *recording_encode(const unsigned char *pairs, size_t count, size_t *length);

#endif
