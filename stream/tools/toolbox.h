/*
 * stream/tools/toolbox.h - the tools of one call: built-in ones that the agent's version enables,
 * and of the tenant's webhooks and the program's functions (domain/functions.h) those that it
 * names.
 *
 * The version's "enabled_tools" lists names or keys.  Without a list the agent has the built-in
 * tools that do nothing outward.  A toolbox does not change once the call has begun, so that
 * threads may read it; whoever keeps it holds it, in the loop's thread.
 */
#ifndef STREAM_TOOLS_TOOLBOX_H
#define STREAM_TOOLS_TOOLBOX_H

#include "core/text.h"
#include "domain/agents.h"
#include "domain/calls.h"
#include "domain/tool_definitions.h"
#include "stream/tools/builtins.h"

enum {
    TOOLBOX_MOST = 64,                 /* tools of a session */
    TOOLBOX_SCHEMA_MOST = 16 * 1024,   /* bytes of one tool's schema … */
    TOOLBOX_SCHEMAS_MOST = 128 * 1024, /* … and of all together */
};

struct tool {
    const char *name, *description;
    const char *parameters; /* JSON Schema */
    const struct builtin *builtin;
    const struct function *function;
    struct tool_definition webhook; /* when it is neither */
};

struct toolbox {
    struct arena arena;
    int holds;
    struct tool *tools;
    size_t count, room, schema_bytes;
    const char *config; /* the version's document: whom to transfer to, hours, … */

    /* the call */
    int64_t tenant;
    uid call, agent;
    const char *call_sid, *direction, *from, *to, *agent_name;
};

/* The version's document (NULL: none) and the call; both are copied.  Held once. */
struct toolbox *toolbox_new(const struct agent_version *version, const struct call *call);

/*
 * Adds those webhooks that the document names, and behind them functions of the program's that it
 * names; what is too much is left out, and logged.
 */
void toolbox_add(struct toolbox *box, const struct tool_definition *tools, size_t count);

/* Who else needs it holds it; the last who lets go frees it. */
void toolbox_hold(struct toolbox *box);
void toolbox_release(struct toolbox *box); /* NULL is no mistake */

/* NULL when the call has no such tool. */
const struct tool *toolbox_find(const struct toolbox *box, const char *name);

/* How services write a list of tools: Realtime, and Chat Completions. */
enum tools_shape { TOOLS_REALTIME, TOOLS_CHAT };

/* Adds "[…]", all tools; NULL has none. */
void toolbox_write(const struct toolbox *box, struct text *text, enum tools_shape shape);

#endif
