/*
 * harness/operations.h - the operations of an API as its own document lists them, for tests that
 * ask each of them: one that is added is asked as well.
 */
#ifndef HARNESS_OPERATIONS_H
#define HARNESS_OPERATIONS_H

#include "harness/harness.h"

struct operation {
    const char *method, *path;  /* upper case; with its names in braces */
    json_object *of, *document; /* what the document says of it; the whole document */
};

struct operations {
    const struct operation *at;
    size_t count;
};

/* All of an API ("stateset"), in the document's order; the test fails when it has no document. */
struct operations operations_of(const char *api);

/* Whether the document says that the operation may answer so. */
bool operation_knows(const struct operation *one, int status);

/*
 * Its path with a value in the place of each name.  "values" are pairs of a name and its value,
 * ended by a NULL; all other names get "other".
 */
const char *operation_path_with(const struct operation *one, const char *const (*values)[2],
                                const char *other);

/* What a schema of the document says once its references are followed; of several, the first. */
json_object *schema_resolved(json_object *document, json_object *schema);

#endif
