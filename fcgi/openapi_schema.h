/*
 * fcgi/openapi_schema.h - JSON schemas of views, for the documents.
 */
#ifndef FCGI_OPENAPI_SCHEMA_H
#define FCGI_OPENAPI_SCHEMA_H

#include "fcgi/dialect.h"

enum { MAX_SCHEMAS = 400 };

/* A view as it is read or written; each has one schema in the document. */
struct schema {
    const struct dialect *dialect;
    const struct view *view;
    unsigned use; /* READ, CREATE, UPDATE, or CREATE | UPDATE */
};

/* Those that the document refers to, found while it is written. */
struct schemas {
    struct schema at[MAX_SCHEMAS];
    size_t count;
};

/* Writes {"$ref": …} and remembers that the schema is needed. */
void schema_refer(struct schemas *schemas, struct text *out, struct schema schema);

/* Writes all of them as members: "Call":{…},"CallCreate":{…}; those inside come along. */
void schemas_write(struct schemas *schemas, struct text *out);

/* Writes the schema of the value that a field shows, without "null". */
void schema_of_field(struct text *out, const struct view *view, const struct field *field);

#endif
