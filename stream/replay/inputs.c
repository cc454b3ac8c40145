#include "stream/replay/inside.h"

#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/json.h"
#include "core/row_json.h"
#include "domain/tool_definitions.h"
#include "domain/turns.h"
#include "domain/voices.h"
#include "stream/claims.h"
#include "stream/coalesce.h"
#include "stream/facts.h"
#include "stream/media.h"
#include "stream/orders.h"
#include "stream/resolver.h"

/* ---- kinds of lines ---- */

static bool claim_later(struct live *live)
{
    live_hold(live);
    return true;
}

static void connect_later(const struct role *role, const struct target *target, void *with)
{
    (void)target;
    if (replaying.model.role && replaying.nearlier < REPLAY_EARLIER)
        replaying.earlier[replaying.nearlier++] = replaying.model;
    replaying.model = (struct connection){role, with};
}

static struct closing read_closing(const struct line_read *line, json_object **tree)
{
    *tree = json_parse(line->text);
    return (struct closing){
        .status = (int)json_integer(*tree, "status", 0),
        .code = (unsigned)json_integer(*tree, "code", 0),
        .reason = json_text(*tree, "reason") ? json_text(*tree, "reason") : "",
    };
}

static bool on_begin(const struct line_read *line)
{
    json_object *tree = json_parse(line->text);
    int64_t now_ms = json_integer(tree, "now_ms", 0);
    bool ok = json_integer(tree, "version", 0) == 1 && !replaying.live;

    if (ok) {
        clock_set((instant){now_ms});
        sockets_send();
        replaying.live =
            live_new(&replaying.config, json_text(tree, "ip") ? json_text(tree, "ip") : "");
        replaying.live->line = &media_line;
        snprintf(replaying.live->token, sizeof replaying.live->token, "%s", "replayed");
        media_role.opened(replaying.live, replay_open_side(&replaying.carrier, 'C'));
    }
    json_object_put(tree);
    return ok;
}

static void *read_rows(json_object *list, const struct entity *entity, size_t *count)
{
    bool is_list = json_object_is_type(list, json_type_array);
    char *rows;

    *count = is_list ? json_object_array_length(list) : 0;
    rows = arena_take(&replaying.arena, entity->size, *count);
    for (size_t i = 0; i < *count; i++)
        row_read_json(&replaying.arena, entity, json_object_array_get_idx(list, i),
                      rows + i * entity->size);
    return rows;
}

static bool on_claimed(const struct line_read *line)
{
    json_object *tree = json_parse(line->text);
    struct voice_session session;
    struct agent_version version;
    struct call call;
    const struct voice_choice voice = {.provider = VOICE_OPENAI};
    struct claimed claimed = {
        .session = &session, .call = &call, .version = &version, .voice = &voice};

    row_read_json(&replaying.arena, &voice_session_entity, json_member(tree, "session"), &session);
    row_read_json(&replaying.arena, &call_entity, json_member(tree, "call"), &call);
    row_read_json(&replaying.arena, &agent_version_entity, json_member(tree, "version"), &version);
    claimed.history = read_rows(json_member(tree, "history"), &turn_entity, &claimed.nhistory);
    claimed.tools = read_rows(json_member(tree, "tools"), &tool_definition_entity, &claimed.ntools);
    claimed.tenant_records = json_boolean(tree, "tenant_records", false);
    claimed.redacts = (unsigned)json_integer(tree, "redacts", 0);
    json_object_put(tree);
    live_claimed(replaying.live, &claimed);
    live_release(replaying.live);
    return true;
}

static bool on_refused(const struct line_read *line)
{
    struct error error = {.what =
                              strcmp(line->text, failure_code(BUSY)) == 0 ? BUSY : UNAUTHENTICATED};

    live_refused(replaying.live, &error);
    live_release(replaying.live);
    return true;
}

static bool on_carrier(const struct line_read *line)
{
    media_role.message(replaying.live, line->text, line->length);
    return true;
}

static bool on_carrier_gone(const struct line_read *line)
{
    json_object *tree;
    const struct closing closing = read_closing(line, &tree);

    if (replaying.carrier.is_gone)
        return false;
    replaying.carrier.is_open = false;
    replaying.carrier.is_gone = true;
    live_hold(replaying.live); /* the log may go on: the end is still to be stored */
    media_role.closed(replaying.live, &closing);
    json_object_put(tree);
    return true;
}

static bool on_connected(const struct line_read *line)
{
    (void)line;
    if (!replaying.model.role)
        return false;
    replaying.model.role->opened(replaying.model.with, replay_open_side(&replaying.to_model, 'M'));
    return true;
}

/* A message that closes the connection is followed by the line that says so. */
static bool on_model(const struct line_read *line)
{
    if (!replaying.model.role)
        return false;
    replaying.model.role->message(replaying.model.with, line->text, line->length);
    return true;
}

static bool end_connection(struct connection model, const struct line_read *line)
{
    json_object *tree;
    const struct closing closing = read_closing(line, &tree);

    if (model.role)
        model.role->closed(model.with, &closing);
    json_object_put(tree);
    return model.role != NULL;
}

static bool on_model_gone(const struct line_read *line)
{
    struct connection model = replaying.model;

    replaying.model = (struct connection){0};
    replaying.to_model.is_open = false;
    return end_connection(model, line);
}

/* One that was given up before: the oldest, or the last one when the call is over. */
static bool on_earlier_gone(const struct line_read *line)
{
    struct connection oldest = replaying.earlier[0];

    if (!replaying.nearlier)
        return on_model_gone(line);
    memmove(replaying.earlier, replaying.earlier + 1,
            --replaying.nearlier * sizeof replaying.earlier[0]);
    return end_connection(oldest, line);
}

/* A tool is called: its answer is in the log. */
static void tool_later(struct tool_run *tool)
{
    if (replaying.naway < REPLAY_AWAY)
        replaying.away[replaying.naway++] = tool;
}

static void come_back(size_t index)
{
    struct tool_run *tool = replaying.away[index];

    replaying.away[index] = replaying.away[--replaying.naway];
    tool->task.done(&tool->task);
}

static bool on_tool(const struct line_read *line)
{
    json_object *tree = json_parse(line->text);
    const char *ref = json_text(tree, "ref");
    size_t i = 0;

    while (i < replaying.naway && (!ref || strcmp(replaying.away[i]->call_ref, ref) != 0))
        i++;
    if (i < replaying.naway) {
        struct arena *arena = &replaying.away[i]->work.arena;

        replaying.away[i]->outcome = (struct outcome){
            .status = arena_text(arena, json_text(tree, "status")),
            .output = arena_text(arena, json_text(tree, "output")),
            .error = arena_text(arena, json_text(tree, "error")),
            .http_status = json_integer(tree, "http_status", 0),
        };
        come_back(i);
    } else {
        replay_note("a tool that answered was not called", line, "", 0);
    }
    json_object_put(tree);
    return true;
}

static bool on_order(const struct line_read *line)
{
    json_object *tree = json_parse(line->text);
    const char *kind = json_text(tree, "kind");

    if (kind)
        order_run(replaying.live, kind, json_member(tree, "args"));
    json_object_put(tree);
    arena_reset(&replaying.live->scratch);
    return kind != NULL;
}

static bool on_pressure(const struct line_read *line)
{
    coalesce_force((unsigned)strtoul(line->text, NULL, 10));
    return true;
}

static bool on_tick(const struct line_read *line)
{
    (void)line;
    live_tick();
    return true;
}

static bool on_stored(const struct line_read *line)
{
    (void)line;
    live_end_is_stored(replaying.live->subject.session);
    return true;
}

static const struct {
    char kind;
    bool (*take)(const struct line_read *line);
} kinds[] = {
    {'s', on_begin},        {'a', on_claimed},   {'r', on_refused},  {'c', on_carrier},
    {'k', on_carrier_gone}, {'o', on_connected}, {'m', on_model},    {'x', on_model_gone},
    {'u', on_tool},         {'v', on_order},     {'p', on_pressure}, {'y', on_earlier_gone},
    {'t', on_tick},         {'e', on_stored},
};

bool replay_hand_in(const struct line_read *line)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (kinds[i].kind == line->kind && (replaying.live || line->kind == 's'))
            return kinds[i].take(line);
    return false;
}

/* ---- the places of others ---- */

static bool no_fact(const char *line, size_t length)
{
    (void)line;
    (void)length;
    return true;
}

void replay_stand_in(void)
{
    facts_to(no_fact);
    claims_by(claim_later);
    tools_by(tool_later);
    sockets_connect_by(connect_later);
    resolver_pretend("192.0.2.1");
}

/* A log that ends early, or a difference, leaves a call that runs. */
void replay_let_go(void)
{
    const struct closing closing = {.code = 1006, .reason = ""};

    replaying.is_over = true;
    for (size_t i = 0; i < replaying.nearlier; i++)
        replaying.earlier[i].role->closed(replaying.earlier[i].with, &closing);
    if (replaying.live && !replaying.carrier.is_gone) {
        live_hold(replaying.live);
        media_role.closed(replaying.live, &closing);
    }
    if (replaying.model.role)
        replaying.model.role->closed(replaying.model.with, &closing);
    while (replaying.naway)
        come_back(0);
    if (replaying.live)
        live_release(replaying.live);
    coalesce_reset();
    tools_by(NULL);
    facts_to(NULL);
    claims_by(NULL);
    sockets_connect_by(NULL);
    resolver_pretend(NULL);
}
