/*
 * core/work.h - what every piece of work has at hand, from the first byte of a request to its
 * answer.
 *
 * A function that needs memory, the database or the caller's identity, or that can fail, takes a
 * "struct work *" first.  If it can fail it returns bool, and false means that it called fail().
 */
#ifndef CORE_WORK_H
#define CORE_WORK_H

#include <stdbool.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/error.h"

struct work {
    const char *id; /* names this piece of work in the log and in its answer */
    int64_t tenant; /* on whose behalf it is done; 0 until that is proved */
    struct db *db;
    const struct config *config;
    struct arena arena; /* holds everything that lives as long as the work */
    struct error error;
};

/* Records a failure and returns false, so that a function can end in "return fail(...)". */
bool fail(struct work *work, enum failure what, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same for INVALID, blaming one field. */
bool fail_field(struct work *work, const char *field, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Gives back the work's memory; the struct may be used for another piece of work. */
void work_end(struct work *work);

#endif
