/*
 * fcgi/openapi.h - OpenAPI 3.1 documents out of the tables of routes and views.
 */
#ifndef FCGI_OPENAPI_H
#define FCGI_OPENAPI_H

#include "core/config.h"
#include "core/text.h"

struct dialect;

/* Writes the document of all dialects of that name, or the excerpt; false when there is none. */
bool openapi_write(const char *name, const struct config *config, struct text *out);

/* What the document of a dialect, or an excerpt of it (NULL: all of it), is called. */
const char *openapi_title(struct arena *arena, const struct dialect *dialect, const char *excerpt);

/* Writes every document to "directory/<name>.json"; false, with a line on standard error. */
bool openapi_write_files(const char *directory);

#endif
