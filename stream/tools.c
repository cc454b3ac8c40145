#include "stream/tools.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "core/json_schema.h"
#include "core/log.h"
#include "stream/call_log.h"
#include "stream/line.h"
#include "stream/mind.h"
#include "stream/socket.h"
#include "stream/tools/errands.h"
#include "stream/tools/posts.h"

enum {
    ERRANDS_WAITING = 256,
    ERRAND_US = 10 * 1000000,   /* for the database to answer */
    FUNCTION_US = 15 * 1000000, /* for a carrier, too */
    GRACE_US = 1000000,         /* behind a webhook's own time-out */
    FILLER_US = 700 * 1000,     /* a tool that answers sooner needs no phrase */
};

static struct helper *helper;
static struct helper *carriers; /* for functions, which ask carriers and others */
static void (*elsewhere)(struct tool_run *run);

bool tools_start(const struct config *config)
{
    helper = helper_start("tools", config, true, ERRANDS_WAITING);
    carriers = helper_start("functions", config, true, ERRANDS_WAITING);
    return helper && carriers && posts_start(config);
}

void tools_stop(void)
{
    posts_stop();
    helper_stop(helper);
    helper_stop(carriers);
    helper = carriers = NULL;
}

void tools_by(void (*take)(struct tool_run *run))
{
    elsewhere = take;
}

void tools_open(struct live *live, const struct agent_version *version, const struct call *call,
                const struct tool_definition *webhooks, size_t count)
{
    toolbox_release(live->toolbox);
    live->toolbox = toolbox_new(version, call);
    toolbox_add(live->toolbox, webhooks, count);
    live->settings.tools = live->toolbox;
}

void tools_write(const struct live *live, struct text *text, enum tools_shape shape)
{
    toolbox_write(live->toolbox, text, shape);
}

/* ---- outcomes ---- */

void run_failed(struct tool_run *run, const char *status, const char *why)
{
    struct text text = {.arena = &run->work.arena};

    run->outcome.status = status;
    run->outcome.error = arena_text(&run->work.arena, why);
    text_put(&text, "{\"error\":");
    text_json(&text, why);
    text_put(&text, "}");
    run->outcome.output = text.at;
}

void run_answered(struct tool_run *run, const char *output, size_t length)
{
    static const char more[] = " [cut]";
    struct text text = {.arena = &run->work.arena};

    run->outcome.status = "ok";
    if (length > TOOL_RESULT_MOST) {
        for (length = TOOL_RESULT_MOST; length > 0 && (output[length] & 0xc0) == 0x80;)
            length--;
        text_bytes(&text, output, length);
        text_put(&text, more);
    } else {
        text_bytes(&text, output, length);
    }
    run->outcome.output = text.at ? text.at : "";
}

/* ---- writing down ---- */

/* What is no JSON is kept as a JSON string. */
static const char *result_of(struct arena *arena, const char *output)
{
    struct text text = {.arena = arena};

    if (!output || json_is_valid(output))
        return output;
    text_json(&text, output);
    return text.at;
}

static int64_t duration_ms(const struct tool_run *run)
{
    return (sockets_now_us() - run->started_us) / 1000;
}

static void write_fact(struct tool_run *run, const struct outcome *outcome)
{
    const struct tool_fact fact = {
        .id = run->id,
        .tool_id = run->tool && !run->tool->builtin ? run->tool->webhook.id : NO_UID,
        .name = run->name,
        .via = run->via,
        .call_ref = run->call_ref,
        .arguments = run->arguments_text,
        .status = outcome->status ? outcome->status : "running",
        .result = result_of(&run->arena, outcome->output),
        .http_status = outcome->http_status,
        .error = outcome->error,
        .started_at = run->started_at,
        .duration_ms = outcome->status ? duration_ms(run) : NO_INTEGER,
    };

    fact_tool(&run->subject, &fact);
}

static void write_event(struct tool_run *run, const struct outcome *outcome)
{
    struct text text = {.arena = &run->arena};
    char id[37];

    uid_write_uuid(run->id, id);
    text_add(&text, "{\"id\":\"%s\",\"name\":", id);
    text_json(&text, run->name);
    if (outcome->status)
        text_add(&text, ",\"status\":\"%s\",\"duration_ms\":%lld", outcome->status,
                 (long long)duration_ms(run));
    text_put(&text, "}");
    fact_event(&run->subject, outcome->status ? "tool.finished" : "tool.started", "info", "tool",
               text.at);
}

/* ---- beginning ---- */

/* Whether this call of the model was taken before; it is remembered. */
static bool was_called(struct live *live, const char *call_ref)
{
    struct tool_runs *runs = &live->tools;

    if (!runs->refs)
        runs->refs = arena_take(&live->work.arena, sizeof *runs->refs, TOOL_CALLS_MOST);
    for (size_t i = 0; i < runs->ncalls && i < TOOL_CALLS_MOST; i++)
        if (strncmp(runs->refs[i], call_ref, TOOL_REF_SIZE - 1) == 0)
            return true;
    if (runs->ncalls < TOOL_CALLS_MOST)
        snprintf(runs->refs[runs->ncalls], TOOL_REF_SIZE, "%s", call_ref);
    runs->ncalls++;
    return false;
}

static struct tool_run *run_new(struct live *live, const char *name, const char *call_ref,
                                const char *arguments)
{
    struct tool_run *run = calloc(1, sizeof *run);

    if (!run)
        abort();
    run->live = live;
    run->subject = live->subject;
    run->work =
        (struct work){.id = "tool", .config = live->work.config, .tenant = live->subject.tenant};
    run->box = live->toolbox;
    if (run->box)
        toolbox_hold(run->box);
    run->tool = toolbox_find(run->box, name);
    run->id = uid_new();
    run->name = arena_copy(&run->arena, name, strnlen(name, 64));
    run->arguments_text = arena_text(&run->arena, arguments ? arguments : "");
    run->arguments = arguments ? json_parse(arguments) : NULL;
    snprintf(run->call_ref, sizeof run->call_ref, "%s", call_ref);
    snprintf(run->group, sizeof run->group, "%s", live->responses.active);
    run->segment = live->segments;
    run->via = live->line && !live->line->audio ? "relay" : "realtime";
    run->started_at = clock_now();
    run->started_us = sockets_now_us();
    run->outcome.http_status = NO_INTEGER;
    run->next = live->tools.first;
    live->tools.first = run;
    live->tools.running++;
    return run;
}

static void run_free(struct tool_run *run)
{
    json_object_put(run->arguments);
    toolbox_release(run->box);
    arena_free(&run->arena);
    work_end(&run->work);
    free(run);
}

/* What speaks against running it; NULL: nothing. */
static const char *fault_of(struct live *live, struct tool_run *run)
{
    json_object *schema;
    const char *why;

    if (live->state == LIVE_DRAINING)
        return "the call is ending";
    if (live->tools.ncalls > TOOL_CALLS_MOST)
        return "too many tools were called in this call";
    if (live->tools.running > TOOL_RUNNING_MOST)
        return "too many tools run at once";
    if (!run->tool)
        return "unknown tool";
    if (!json_object_is_type(run->arguments, json_type_object))
        return "arguments are no JSON object";
    schema = json_parse(run->tool->parameters);
    why = json_misfit(&run->work.arena, schema, run->arguments);
    json_object_put(schema);
    return why;
}

/* ---- answering ---- */

static void unlink_run(struct live *live, struct tool_run *run)
{
    struct tool_run **at = &live->tools.first;

    while (*at && *at != run)
        at = &(*at)->next;
    if (*at)
        *at = run->next;
    live->tools.running--;
    run->live = NULL;
}

static struct tool_run *other_of_group(const struct live *live, const struct tool_run *run)
{
    struct tool_run *other = live->tools.first;

    while (other && (other == run || strcmp(other->group, run->group) != 0))
        other = other->next;
    return other;
}

static bool is_silent(const struct tool_run *run, const struct outcome *outcome)
{
    return run->tool && run->tool->builtin && run->tool->builtin->is_silent &&
           strcmp(outcome->status, "ok") == 0;
}

/* A model whose session was renewed, or that called nothing, is told the answer in words. */
static void tell(struct live *live, const struct tool_run *run, const struct outcome *outcome)
{
    if (!run->is_command && run->segment == live->segments)
        mind_answer_tool(live, run->call_ref, outcome->output);
    else if (!run->is_command || !is_silent(run, outcome))
        mind_tell(
            live, SPEAKER_SYSTEM,
            arena_format(&live->scratch, "The tool %s answered: %s", run->name, outcome->output));
}

/* The model speaks when all tools of one response have answered. */
static void speak(struct live *live, const struct tool_run *run, const struct outcome *outcome)
{
    bool wants = run->must_speak || !is_silent(run, outcome);
    bool may = live->state == LIVE_READY ||
               (live->state == LIVE_DRAINING && strcmp(outcome->status, "ok") == 0);

    struct tool_run *other = other_of_group(live, run);

    if (other)
        other->must_speak |= wants;
    else if (wants && may)
        mind_speak(live, &(struct speak){.purpose = "tool"});
}

static void finish(struct tool_run *run, const struct outcome *outcome)
{
    struct live *live = run->live;

    write_fact(run, outcome);
    write_event(run, outcome);
    log_info(&live->work, "tool.finished", "status=%s ms=%lld", outcome->status,
             (long long)duration_ms(run));
    unlink_run(live, run);
    tell(live, run, outcome);
    speak(live, run, outcome);
    if (run->is_away)
        atomic_store(&run->canceled, true);
    else
        run_free(run);
}

/* ---- running ---- */

/* Neither a tenant's own tool nor one of the loop's. */
static bool is_errand(const struct tool *tool)
{
    return tool->builtin || tool->function;
}

/* Errors that are ours say nothing to a model. */
static void errand_failed(struct tool_run *run)
{
    const struct error *error = &run->work.error;
    bool is_ours = error->what == BUSY || error->what == INTERNAL || error->what == UPSTREAM;

    log_warning(&run->work, "tool.errand_failed", "code=%s text=\"%s\"", failure_code(error->what),
                error->message);
    run_failed(run, is_ours ? "error" : "rejected",
               is_ours ? "This does not work at the moment" : error->message);
}

static void do_errand(struct work *work, struct task *task)
{
    struct tool_run *run = (struct tool_run *)task;
    const struct errand errand = {
        .box = run->box,
        .arguments = run->arguments,
        .id = run->id,
        .function = run->tool->function,
        .session = run->subject.session,
        .via = run->via,
    };
    struct text result = {.arena = &run->work.arena};

    if (atomic_load(&run->canceled))
        return;
    run->work.db = work->db;
    run->work.config = work->config;
    if (run->tool->builtin ? run->tool->builtin->errand(&run->work, &errand, &result)
                           : errand_function(&run->work, &errand, &result))
        run_answered(run, result.at, result.length);
    else
        errand_failed(run);
    run->work.db = NULL;
}

static void after_errand(struct tool_run *run)
{
    const struct builtin *builtin = run->tool->builtin;
    json_object *result;

    if (!builtin || !builtin->after || strcmp(run->outcome.status, "ok") != 0)
        return;
    result = json_parse(run->outcome.output);
    builtin->after(run->live, result);
    json_object_put(result);
}

/* An errand that was done after all, though nobody waited for it, is written down as done. */
static void come_back(struct task *task)
{
    struct tool_run *run = (struct tool_run *)task;

    run->is_away = false;
    if (run->live) {
        call_log_tool(run->live->log, run->call_ref, &run->outcome);
        after_errand(run);
        finish(run, &run->outcome);
        return;
    }
    if (is_errand(run->tool) && run->outcome.status && strcmp(run->outcome.status, "ok") == 0)
        write_fact(run, &run->outcome);
    run_free(run);
}

static void run_at_once(struct live *live, struct tool_run *run)
{
    const char *fault = NULL;
    const char *output = run->tool->builtin->run(live, run->arguments, &fault);

    if (fault)
        run_failed(run, "rejected", fault);
    else
        run_answered(run, output, strlen(output));
    finish(run, &run->outcome);
}

static void send_away(struct tool_run *run)
{
    const struct tool *tool = run->tool;
    struct helper *thread = tool->function ? carriers : helper;
    int64_t limit_us = is_errand(tool) ? (tool->function ? FUNCTION_US : ERRAND_US)
                                       : tool->webhook.timeout_seconds * 1000000 + GRACE_US;

    run->task = (struct task){.run = do_errand, .done = come_back};
    run->deadline_us = run->started_us + limit_us;
    if (!is_errand(tool) && tool->webhook.speak_during && *tool->webhook.speak_during)
        run->filler_us = run->started_us + FILLER_US;
    if (elsewhere)
        elsewhere(run);
    run->is_away = elsewhere         ? true
                   : is_errand(tool) ? thread && helper_give(thread, &run->task)
                                     : posts_give(run);
    if (run->is_away)
        return;
    run_failed(run, "error", "too much is under way");
    finish(run, &run->outcome);
}

/* A request to speak about tools of the same response waits for this one too. */
static void join_group(struct live *live, struct tool_run *run)
{
    if (responses_withdraw(&live->responses, "tool"))
        run->must_speak = true;
}

static void begin(struct live *live, struct tool_run *run)
{
    const char *fault;

    write_fact(run, &run->outcome);
    write_event(run, &run->outcome);
    join_group(live, run);
    fault = fault_of(live, run);
    if (fault) {
        run_failed(run, "rejected", fault);
        finish(run, &run->outcome);
    } else if (run->tool->builtin && run->tool->builtin->run) {
        run_at_once(live, run);
    } else {
        send_away(run);
    }
}

void tool_call(struct live *live, const char *name, const char *call_ref, const char *arguments)
{
    if (!was_called(live, call_ref))
        begin(live, run_new(live, name, call_ref, arguments));
}

void tool_command(struct live *live, const char *name, const char *ref, const char *arguments)
{
    struct tool_run *run;

    if (was_called(live, ref))
        return;
    run = run_new(live, name, ref, arguments);
    run->is_command = true;
    begin(live, run);
}

/* ---- time ---- */

/* Nobody speaks, and nobody is about to. */
static bool is_silence(const struct live *live)
{
    const struct responses *responses = &live->responses;

    return live->state == LIVE_READY && responses->phase == RESPONSE_NONE &&
           !responses->is_waiting && !responses->caller_speaks && playback_is_idle(&live->playback);
}

void tools_tick(struct live *live)
{
    static const struct outcome late = {
        .status = "timeout",
        .output = "{\"error\":\"The tool did not answer in time\"}",
        .error = "The tool did not answer in time",
        .http_status = NO_INTEGER,
    };
    int64_t now_us = sockets_now_us();

    tones_tick(live);
    /* What the model is told may end the call, and so let go of all runs. */
    for (struct tool_run *run = live->tools.first, *next; run && run->live; run = next) {
        next = run->next;
        if (now_us > run->deadline_us) {
            finish(run, &late);
        } else if (run->filler_us && now_us > run->filler_us && is_silence(live)) {
            run->filler_us = 0;
            mind_say(live, "filler", run->tool->webhook.speak_during);
        }
    }
}

void tools_end(struct live *live)
{
    static const struct outcome over = {
        .status = "error", .error = "call_ended", .http_status = NO_INTEGER};
    bool was_away = false;
    struct tool_run *run;

    while ((run = live->tools.first)) {
        write_fact(run, &over);
        write_event(run, &over);
        unlink_run(live, run);
        atomic_store(&run->canceled, true);
        was_away = true;
    }
    if (was_away)
        posts_wake();
}
