#include "stream/replay.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/json.h"
#include "core/log.h"
#include "core/row_json.h"
#include "domain/tool_definitions.h"
#include "domain/turns.h"
#include "domain/voices.h"
#include "stream/call_log.h"
#include "stream/claims.h"
#include "stream/coalesce.h"
#include "stream/live.h"
#include "stream/media.h"
#include "stream/orders.h"
#include "stream/resolver.h"
#include "stream/socket.h"
#include "stream/tools.h"

enum { MOST_FILE = 64 * 1024 * 1024, SHOWN = 600 };

/* A line of the log. */
struct line_read {
    int64_t after_us;
    char kind;
    const char *text; /* unfolded for what comes in, as it stands for what goes out */
    size_t length;
    size_t number;
};

/* A side to which the call speaks: what it says is compared with the log. */
struct side {
    struct outlet outlet;
    char kind;
    enum message_kind message;
    char *room;
    bool is_open, is_gone;
};

enum { EARLIER = 8, AWAY = 64 };

/* A connection to a model; role NULL: there is none. */
struct connection {
    const struct role *role;
    void *with;
};

static struct replay {
    struct arena arena, scratch; /* scratch: of the line in hand */
    const char *at, *end;        /* the rest of the file */
    size_t number;
    int64_t now_us, skipped_us; /* skipped: of lines that were left out of the accepted log */
    struct replay_result *result;
    struct config config;
    struct live *live;
    struct side carrier, to_model;
    struct connection model;            /* that was asked for last */
    struct connection earlier[EARLIER]; /* that were given up and have not ended yet */
    size_t nearlier;
    struct tool_run *away[AWAY]; /* tools that have not answered yet */
    size_t naway;
    bool is_over;   /* what is said now nobody compares */
    FILE *accepted; /* the log with what is said now; NULL: it is compared */
} run;

/* ---- the log ---- */

static bool is_output(char kind)
{
    return kind == 'C' || kind == 'M';
}

/* The next line, without moving on; false at the end. */
static bool peek(struct line_read *line, const char **behind)
{
    const char *end = run.at < run.end ? memchr(run.at, '\n', (size_t)(run.end - run.at)) : NULL;
    char *rest;

    if (!end)
        return false;
    *behind = end + 1;
    line->after_us = strtoll(run.at, &rest, 10);
    if (rest + 3 > end || rest[0] != ' ' || rest[2] != ' ')
        return false;
    line->kind = rest[1];
    line->text = rest + 3;
    line->length = (size_t)(end - line->text);
    line->number = run.number + 1;
    return true;
}

static void move_on(const struct line_read *line, const char *behind)
{
    int64_t after_us = line->after_us + run.skipped_us;

    if (run.accepted && !is_output(line->kind))
        fprintf(run.accepted, "%lld %c %.*s\n", (long long)after_us, line->kind, (int)line->length,
                line->text);
    run.skipped_us = run.accepted && is_output(line->kind) ? after_us : 0;
    run.at = behind;
    run.number = line->number;
    run.now_us += line->after_us;
}

/* ---- differences ---- */

static bool differs(void)
{
    return run.result->difference[0] != '\0';
}

/* Only the first counts: what follows follows from it. */
static void note(const char *what, const struct line_read *expected, const char *got, size_t length)
{
    char *to = run.result->difference;
    size_t at = 0, from;

    if (differs())
        return;
    if (expected)
        while (at < expected->length && at < length && expected->text[at] == got[at])
            at++;
    from = at > 40 ? at - 40 : 0;
    snprintf(to, sizeof run.result->difference,
             "line %zu, %.3f s into the call: %s\n  then: %s%.*s\n  now:  %s%.*s\n", run.number + 1,
             (double)run.now_us / 1e6, what, from ? "…" : "",
             expected && expected->length > from
                 ? (int)(expected->length - from < SHOWN ? expected->length - from : SHOWN)
                 : 0,
             expected ? expected->text + from : "", from ? "…" : "",
             length > from ? (int)(length - from < SHOWN ? length - from : SHOWN) : 0,
             length > from ? got + from : "");
}

/* Something went out: it must be the log's next line. */
static void came_out(char kind, const char *text, size_t length)
{
    struct line_read line;
    const char *behind;

    if (differs() || run.is_over)
        return;
    if (run.accepted) {
        fprintf(run.accepted, "0 %c %.*s\n", kind, (int)length, text);
        run.result->outputs++;
        return;
    }
    if (!peek(&line, &behind) || !is_output(line.kind)) {
        note(kind == 'C' ? "said to the carrier, and was not then"
                         : "said to the model, and was not then",
             NULL, text, length);
        return;
    }
    if (line.kind != kind)
        note("said to the other side", &line, text, length);
    else if (line.length != length || memcmp(line.text, text, length) != 0)
        note(kind == 'C' ? "said to the carrier" : "said to the model", &line, text, length);
    else
        run.result->outputs++;
    move_on(&line, behind);
}

/* Everything that went out then must have gone out by now. */
static void expect_silence(void)
{
    struct line_read line;
    const char *behind;

    if (!differs() && peek(&line, &behind) && is_output(line.kind))
        note(line.kind == 'C' ? "not said to the carrier any more"
                              : "not said to the model any more",
             &line, "", 0);
}

/* ---- outlets ---- */

static char *side_begin(struct outlet *outlet, enum message_kind kind, size_t most)
{
    struct side *side = (struct side *)outlet;

    if (!side->is_open)
        return NULL;
    side->message = kind;
    side->room = malloc(most + 1);
    if (!side->room)
        abort();
    return side->room;
}

static void side_end(struct outlet *outlet, size_t length)
{
    struct side *side = (struct side *)outlet;
    struct arena arena = {0};
    struct text text = {.arena = &arena};

    text_put(&text, "");
    call_log_describe(&text, side->message, side->room, length);
    came_out(side->kind, text.at, text.length);
    arena_free(&arena);
    free(side->room);
    side->room = NULL;
}

static void side_drop(struct outlet *outlet)
{
    came_out(((struct side *)outlet)->kind, "-", 1);
}

static void side_close(struct outlet *outlet, unsigned code, const char *reason)
{
    struct side *side = (struct side *)outlet;
    char text[16];
    int length = snprintf(text, sizeof text, "!%u", code);

    (void)reason;
    came_out(side->kind, text, (size_t)length);
    side->is_open = false;
}

static struct outlet *open_side(struct side *side, char kind)
{
    *side = (struct side){.outlet = {.begin = side_begin,
                                     .end = side_end,
                                     .drop_audio = side_drop,
                                     .close = side_close},
                          .kind = kind,
                          .is_open = true};
    return &side->outlet;
}

/* ---- what comes in ---- */

static bool claim_later(struct live *live)
{
    live_hold(live);
    return true;
}

static void connect_later(const struct role *role, const struct target *target, void *with)
{
    (void)target;
    if (run.model.role && run.nearlier < EARLIER)
        run.earlier[run.nearlier++] = run.model;
    run.model = (struct connection){role, with};
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
    bool ok = json_integer(tree, "version", 0) == 1 && !run.live;

    if (ok) {
        clock_set((instant){now_ms});
        sockets_send();
        run.live = live_new(&run.config, json_text(tree, "ip") ? json_text(tree, "ip") : "");
        run.live->line = &media_line;
        snprintf(run.live->token, sizeof run.live->token, "%s", "replayed");
        media_role.opened(run.live, open_side(&run.carrier, 'C'));
    }
    json_object_put(tree);
    return ok;
}

static void *read_rows(json_object *list, const struct entity *entity, size_t *count)
{
    bool is_list = json_object_is_type(list, json_type_array);
    char *rows;

    *count = is_list ? json_object_array_length(list) : 0;
    rows = arena_take(&run.arena, entity->size, *count);
    for (size_t i = 0; i < *count; i++)
        row_read_json(&run.arena, entity, json_object_array_get_idx(list, i),
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

    row_read_json(&run.arena, &voice_session_entity, json_member(tree, "session"), &session);
    row_read_json(&run.arena, &call_entity, json_member(tree, "call"), &call);
    row_read_json(&run.arena, &agent_version_entity, json_member(tree, "version"), &version);
    claimed.history = read_rows(json_member(tree, "history"), &turn_entity, &claimed.nhistory);
    claimed.tools = read_rows(json_member(tree, "tools"), &tool_definition_entity, &claimed.ntools);
    claimed.tenant_records = json_boolean(tree, "tenant_records", false);
    claimed.redacts = (unsigned)json_integer(tree, "redacts", 0);
    json_object_put(tree);
    live_claimed(run.live, &claimed);
    live_release(run.live);
    return true;
}

static bool on_refused(const struct line_read *line)
{
    struct error error = {.what =
                              strcmp(line->text, failure_code(BUSY)) == 0 ? BUSY : UNAUTHENTICATED};

    live_refused(run.live, &error);
    live_release(run.live);
    return true;
}

static bool on_carrier(const struct line_read *line)
{
    media_role.message(run.live, line->text, line->length);
    return true;
}

static bool on_carrier_gone(const struct line_read *line)
{
    json_object *tree;
    const struct closing closing = read_closing(line, &tree);

    if (run.carrier.is_gone)
        return false;
    run.carrier.is_open = false;
    run.carrier.is_gone = true;
    live_hold(run.live); /* the log may go on: the end is still to be stored */
    media_role.closed(run.live, &closing);
    json_object_put(tree);
    return true;
}

static bool on_connected(const struct line_read *line)
{
    (void)line;
    if (!run.model.role)
        return false;
    run.model.role->opened(run.model.with, open_side(&run.to_model, 'M'));
    return true;
}

/* A message that closes the connection is followed by the line that says so. */
static bool on_model(const struct line_read *line)
{
    if (!run.model.role)
        return false;
    run.model.role->message(run.model.with, line->text, line->length);
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
    struct connection model = run.model;

    run.model = (struct connection){0};
    run.to_model.is_open = false;
    return end_connection(model, line);
}

/* One that was given up before: the oldest, or the last one when the call is over. */
static bool on_earlier_gone(const struct line_read *line)
{
    struct connection oldest = run.earlier[0];

    if (!run.nearlier)
        return on_model_gone(line);
    memmove(run.earlier, run.earlier + 1, --run.nearlier * sizeof run.earlier[0]);
    return end_connection(oldest, line);
}

/* A tool is called: its answer is in the log. */
static void tool_later(struct tool_run *tool)
{
    if (run.naway < AWAY)
        run.away[run.naway++] = tool;
}

static void come_back(size_t index)
{
    struct tool_run *tool = run.away[index];

    run.away[index] = run.away[--run.naway];
    tool->task.done(&tool->task);
}

static bool on_tool(const struct line_read *line)
{
    json_object *tree = json_parse(line->text);
    const char *ref = json_text(tree, "ref");
    size_t i = 0;

    while (i < run.naway && (!ref || strcmp(run.away[i]->call_ref, ref) != 0))
        i++;
    if (i < run.naway) {
        struct arena *arena = &run.away[i]->work.arena;

        run.away[i]->outcome = (struct outcome){
            .status = arena_text(arena, json_text(tree, "status")),
            .output = arena_text(arena, json_text(tree, "output")),
            .error = arena_text(arena, json_text(tree, "error")),
            .http_status = json_integer(tree, "http_status", 0),
        };
        come_back(i);
    } else {
        note("a tool that answered was not called", line, "", 0);
    }
    json_object_put(tree);
    return true;
}

static bool on_order(const struct line_read *line)
{
    json_object *tree = json_parse(line->text);
    const char *kind = json_text(tree, "kind");

    if (kind)
        order_run(run.live, kind, json_member(tree, "args"));
    json_object_put(tree);
    arena_reset(&run.live->scratch);
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
    live_end_is_stored(run.live->subject.session);
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

/* ---- the way through ---- */

static bool hand_in(struct line_read *line)
{
    line->text = call_log_unfold(&run.scratch, line->text, line->length, &line->length);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (kinds[i].kind == line->kind && (run.live || line->kind == 's'))
            return kinds[i].take(line);
    return false;
}

static bool go_through(void)
{
    struct line_read line;
    const char *behind;

    while (!differs() && peek(&line, &behind)) {
        if (is_output(line.kind) && !run.accepted) {
            expect_silence();
            break;
        }
        move_on(&line, behind);
        clock_advance_us(line.after_us);
        if (is_output(line.kind))
            continue;
        sockets_send();
        if (!hand_in(&line)) {
            snprintf(run.result->difference, sizeof run.result->difference,
                     "line %zu is no line of a log\n", line.number);
            return false;
        }
        run.result->inputs++;
        arena_reset(&run.scratch);
    }
    if (!differs() && run.at < run.end)
        snprintf(run.result->difference, sizeof run.result->difference,
                 "line %zu is no line of a log\n", run.number + 1);
    return run.live != NULL;
}

static char *read_all(const char *path, size_t *length)
{
    FILE *file = fopen(path, "rb");
    char *text = file ? malloc(MOST_FILE) : NULL;

    *length = text ? fread(text, 1, MOST_FILE, file) : 0;
    if (file)
        fclose(file);
    return text;
}

static bool no_fact(const char *line, size_t length)
{
    (void)line;
    (void)length;
    return true;
}

/* A log that ends early, or a difference, leaves a call that runs. */
static void let_go(void)
{
    const struct closing closing = {.code = 1006, .reason = ""};

    run.is_over = true;
    for (size_t i = 0; i < run.nearlier; i++)
        run.earlier[i].role->closed(run.earlier[i].with, &closing);
    if (run.live && !run.carrier.is_gone) {
        live_hold(run.live);
        media_role.closed(run.live, &closing);
    }
    if (run.model.role)
        run.model.role->closed(run.model.with, &closing);
    while (run.naway)
        come_back(0);
    if (run.live)
        live_release(run.live);
    coalesce_reset();
    tools_by(NULL);
    facts_to(NULL);
    claims_by(NULL);
    sockets_connect_by(NULL);
    resolver_pretend(NULL);
    clock_release();
    arena_free(&run.scratch);
    arena_free(&run.arena);
}

static bool replay(const char *path, FILE *accepted, struct replay_result *result)
{
    size_t length;
    char *text = read_all(path, &length);
    bool ok;

    *result = (struct replay_result){0};
    if (!text || !length) {
        snprintf(result->difference, sizeof result->difference, "%s: %s\n", path,
                 text ? "empty" : strerror(errno));
        free(text);
        return false;
    }
    run = (struct replay){.at = text, .end = text + length, .result = result, .accepted = accepted};
    run.config = config_defaults;
    run.config.node_capacity = 1;
    facts_to(no_fact);
    claims_by(claim_later);
    tools_by(tool_later);
    sockets_connect_by(connect_later);
    resolver_pretend("192.0.2.1");
    ok = go_through();
    let_go();
    free(text);
    return ok;
}

bool replay_file(const char *path, struct replay_result *result)
{
    return replay(path, NULL, result);
}

/* Writes beside the file, and takes its place when all went through. */
static bool accept_file(const char *path, struct replay_result *result)
{
    struct arena arena = {0};
    const char *beside = arena_format(&arena, "%s.new", path);
    FILE *accepted = fopen(beside, "wb");
    bool ok = accepted && replay(path, accepted, result) && !result->difference[0];

    ok = accepted && fclose(accepted) == 0 && ok && rename(beside, path) == 0;
    if (!ok && !result->difference[0])
        snprintf(result->difference, sizeof result->difference, "%s\n", strerror(errno));
    arena_free(&arena);
    return ok;
}

int replay_main(const char *path, bool accept)
{
    static struct replay_result result;
    bool ok;

    log_open("replay", "/dev/null");
    ok = accept ? accept_file(path, &result) : replay_file(path, &result);
    if (!ok || result.difference[0]) {
        fprintf(stderr, "%s: %s", path, result.difference);
        return EXIT_FAILURE;
    }
    printf("%s: %zu messages in, %zu out, %s\n", path, result.inputs, result.outputs,
           accept ? "and so they shall be" : "all as they were");
    return EXIT_SUCCESS;
}
