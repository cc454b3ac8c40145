/*
 * fcgi/openapi.h - OpenAPI 3.1 documents out of the tables of routes and views.
 */
#ifndef FCGI_OPENAPI_H
#define FCGI_OPENAPI_H

#include "core/config.h"
#include "core/text.h"

/* Writes the document of all dialects of that name; false when there is none. */
bool openapi_write(const char *dialect, const struct config *config, struct text *out);

/* Writes every document to "directory/<dialect>.json"; false, with a line on standard error. */
bool openapi_write_files(const char *directory);

#endif
