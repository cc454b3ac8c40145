/*
 * domain/recording_files.h - recordings as files below RECORDING_STORE, where that is a directory.
 *
 * A recording's name is a key inside the store, never an absolute path, and holds nothing that came
 * from outside.
 */
#ifndef DOMAIN_RECORDING_FILES_H
#define DOMAIN_RECORDING_FILES_H

#include "core/column.h"
#include "core/work.h"

struct recording;

/* "<tenant>/<yyyymmdd>/<key>.mp3", in the arena; NULL when the database is the store. */
char *recording_file_name(struct work *work, const struct recording *recording);

/* Writes a piece at an offset, making the file and its folders if need be. */
bool recording_file_write(struct work *work, const struct recording *recording, int64_t offset,
                          bytes piece);

/* Reads up to "length" bytes; NOT_FOUND when the file is gone. */
bool recording_file_read(struct work *work, const struct recording *recording, int64_t offset,
                         size_t length, bytes *piece);

/* Removes the file; no failure when it is gone already. */
bool recording_file_remove(struct work *work, const struct recording *recording);

#endif
