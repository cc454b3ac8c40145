#include "stream/tools.h"

#include <stdio.h>
#include <string.h>

#include "core/json.h"
#include "core/log.h"
#include "stream/mind.h"

/* A tool of our own: what it answers, as JSON; "speaks": the model goes on talking then. */
struct tool {
    const char *name;
    bool speaks;
    const char *(*run)(struct live *live, json_object *arguments);
};

static const char *end_call(struct live *live, json_object *arguments)
{
    (void)arguments;
    live_drain(live);
    return "{\"status\":\"ending\"}";
}

static const struct tool tools[] = {
    {"end_call", false, end_call},
};

static bool was_called(struct live *live, const char *call_ref)
{
    char *slot = live->tool_refs[live->ntool_refs % TOOL_REFS];

    for (size_t i = 0; i < TOOL_REFS; i++)
        if (strcmp(live->tool_refs[i], call_ref) == 0)
            return true;
    live->ntool_refs++;
    snprintf(slot, ID_SIZE, "%s", call_ref);
    return false;
}

static const struct tool *find(const struct live *live, const char *name)
{
    for (size_t i = 0; i < COUNT(tools); i++)
        if (strcmp(tools[i].name, name) == 0 && live->settings.may_end_call)
            return &tools[i];
    return NULL;
}

/* Says what is wrong with a call, or runs it. */
static const char *run(struct live *live, const struct tool *tool, const char *arguments,
                       const char **fault)
{
    json_object *tree = arguments ? json_parse(arguments) : NULL;
    const char *output = NULL;

    if (!tool)
        *fault = "unknown tool";
    else if (!json_object_is_type(tree, json_type_object))
        *fault = "arguments are no JSON object";
    else
        output = tool->run(live, tree);
    json_object_put(tree);
    return output ? output : arena_format(&live->scratch, "{\"error\":\"%s\"}", *fault);
}

void tool_call(struct live *live, const char *name, const char *call_ref, const char *arguments)
{
    const struct tool *tool = find(live, name);
    struct tool_fact fact = {
        .id = uid_new(),
        .name = name,
        .call_ref = call_ref,
        .arguments = arguments,
        .started_at = clock_now(),
        .duration_ms = 0,
    };

    if (was_called(live, call_ref))
        return;
    fact.result = run(live, tool, arguments, &fact.error);
    fact.status = fact.error ? "rejected" : "ok";
    fact_tool(&live->subject, &fact);
    mind_answer_tool(live, call_ref, fact.result);
    if (!tool || tool->speaks)
        mind_speak(live, &(struct speak){.purpose = "tool"});
    log_info(&live->work, "tool.called", "status=%s", fact.status);
}
