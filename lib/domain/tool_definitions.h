/*
 * domain/tool_definitions.h - functions of a tenant's own that its agents may call: webhooks that
 * answer while the call waits (reference 1.10).
 *
 * Built-in functions live in the program and share the name space.
 */
#ifndef DOMAIN_TOOL_DEFINITIONS_H
#define DOMAIN_TOOL_DEFINITIONS_H

#include "db/store.h"
#include "remote/http.h"

struct tool_definition {
    int64_t tenant_id;
    uid id;
    const char *name, *description, *url;
    const char *method;          /* POST, GET, PUT, PATCH */
    document parameters;         /* JSON Schema of the arguments */
    bytes headers, secret;       /* sealed */
    int64_t timeout_seconds;     /* 1 to 30 */
    const char *response_format; /* json, text, raw */
    const char *response_path;   /* "data.items.0": the part of the answer that counts */
    const char *speak_during;    /* said while the caller waits; NULL: nothing */
    bool enabled;
    document metadata;
    instant deleted_at, created_at, updated_at;
    int64_t rev;
};

extern const struct entity tool_definition_entity;

/* Every member at its nothing, a new key, POST, 10 s, JSON, arguments of any kind, enabled. */
void tool_begin(struct tool_definition *tool);

/*
 * Writes a new one.  "secret" signs its requests (NULL: they are not signed), "headers" is a JSON
 * object of further headers (NULL: none); both are sealed.  INVALID blaming the field, CONFLICT for
 * a name in use or of a built-in function.
 */
bool tool_create(struct work *work, struct tool_definition *tool, const char *secret,
                 const char *headers);

/* All that may be called, by name: an array of struct tool_definition. */
bool tools_enabled(struct work *work, struct rows *tools);

/* The secret, NULL when it has none.  INTERNAL when it cannot be opened. */
bool tool_secret(struct work *work, const struct tool_definition *tool, const char **secret);

/* Its further headers, at most "most", in the arena. */
bool tool_headers(struct work *work, const struct tool_definition *tool,
                  struct http_header *headers, size_t most, size_t *count);

/* Whether the name is one of a built-in function. */
bool tool_is_built_in(const char *name);

#endif
