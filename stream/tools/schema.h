/*
 * stream/tools/schema.h - the schemas of tenants' tools, as models take them.
 */
#ifndef STREAM_TOOLS_SCHEMA_H
#define STREAM_TOOLS_SCHEMA_H

#include "core/arena.h"

/*
 * Providers refuse a whole session, and every request of a chat, for one tool whose parameters are
 * not an object's, or that has a list without saying what is in it.  So an object that does not say
 * that it is one says it, and such a list may hold anything.  Answers the schema, the given one
 * when nothing is to be changed, in the arena else; NULL when it cannot be an object's.
 */
const char *tool_schema(struct arena *arena, const char *json);

#endif
