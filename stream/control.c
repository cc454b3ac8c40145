#include "stream/control.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/crypto.h"
#include "core/json.h"
#include "core/log.h"
#include "domain/commands.h"
#include "stream/feeds.h"
#include "stream/live.h"
#include "stream/metrics.h"
#include "stream/node.h"
#include "stream/offloop.h"
#include "stream/orders.h"
#include "stream/signals.h"
#include "stream/watchdog.h"
#include "stream/writer.h"

enum { MOST_WAITING = 256, POLL_US = 500 * 1000, OLDEST_S = 30 };

static struct {
    const struct config *config;
    struct helper *helper;
    bool is_polling;
    int64_t poll_us, started_us;
    uint64_t turns, long_turns;
    int64_t longest_turn_us;
} control;

/* A command on its way: taken in the thread, run in the loop, its outcome written in the thread. */
struct order {
    struct task task;
    uid id;
    struct work work; /* holds the command until it has run */
    struct session_command command;
    int64_t node_id, node_epoch;
    bool ok;
    const char *error;
};

/* ---- commands ---- */

static const char *execute(const struct session_command *command)
{
    struct live *live = live_find(command->session_id);
    json_object *args;
    const char *error;

    if (!live)
        return COMMAND_OVER;
    args = json_parse(command->args.json);
    error = order_run(live, command->kind, args);
    json_object_put(args);
    arena_reset(&live->scratch);
    return error;
}

static void free_order(struct task *task)
{
    struct order *order = (struct order *)task;

    arena_free(&order->work.arena);
    free(order);
}

static void write_outcome(struct work *work, struct task *task)
{
    struct order *order = (struct order *)task;

    work->tenant = order->command.tenant_id;
    if (!command_finish(work, order->id, NULL, order->error))
        log_warning(work, "command.not_noted", "code=%s", failure_code(work->error.what));
}

static void run_taken(struct task *task)
{
    struct order *order = (struct order *)task;

    if (!order->ok) {
        free_order(task);
        return;
    }
    order->error = execute(&order->command);
    log_info(NULL, "command.run", "kind=%s failed=%d", order->command.kind, order->error != NULL);
    order->task = (struct task){.run = write_outcome, .done = free_order};
    if (!helper_give(control.helper, &order->task))
        free_order(task);
}

static void take(struct work *work, struct task *task)
{
    struct order *order = (struct order *)task;

    order->work = (struct work){.id = work->id, .db = work->db, .config = work->config};
    order->ok =
        command_take(&order->work, order->id, order->node_id, order->node_epoch, &order->command);
}

static bool ask_take(uid id)
{
    struct order *order = calloc(1, sizeof *order);

    if (!order)
        abort();
    *order = (struct order){
        .task = {.run = take, .done = run_taken},
        .id = id,
        .node_id = node_id(),
        .node_epoch = node_epoch(),
    };
    if (helper_give(control.helper, &order->task))
        return true;
    free(order);
    return false;
}

/* ---- commands whose post was lost ---- */

struct poll {
    struct task task;
    int64_t node_id, node_epoch;
    uid ids[64];
    size_t count;
};

static void look(struct work *work, struct task *task)
{
    struct poll *poll = (struct poll *)task;
    struct rows rows;

    if (!commands_queued(work, poll->node_id, poll->node_epoch, &rows))
        return;
    for (size_t i = 0; i < rows.count && i < COUNT(poll->ids); i++)
        poll->ids[poll->count++] = ((struct session_command *)rows.at)[i].id;
}

static void looked(struct task *task)
{
    struct poll *poll = (struct poll *)task;

    control.is_polling = false;
    for (size_t i = 0; i < poll->count; i++)
        ask_take(poll->ids[i]);
    free(poll);
}

/* Without calls there is nothing that a command could be for. */
void control_tick(void)
{
    struct poll *poll;

    if (control.is_polling || !live_count() || !node_id() || clock_monotonic_us() < control.poll_us)
        return;
    control.poll_us = clock_monotonic_us() + POLL_US;
    poll = calloc(1, sizeof *poll);
    if (!poll)
        abort();
    poll->task = (struct task){.run = look, .done = looked};
    poll->node_id = node_id();
    poll->node_epoch = node_epoch();
    control.is_polling = helper_give(control.helper, &poll->task);
    if (!control.is_polling)
        free(poll);
}

/* ---- the listener ---- */

bool control_is_signed(const char *secret, const struct control_request *request, int64_t now_s)
{
    struct arena arena = {0};
    long long at;
    char given[65], hex[65], behind;
    const char *text;
    hash256 mac;

    if (!secret || !*secret ||
        sscanf(request->signature, "t=%lld,v1=%64[0-9a-f]%c", &at, given, &behind) != 2 ||
        at < now_s - OLDEST_S || at > now_s + OLDEST_S)
        return false;
    text = arena_format(&arena, "%lld.%s %s.%s", at, request->method, request->path, request->body);
    mac = hmac_sha256(secret, strlen(secret), text, strlen(text));
    hex_write(mac.bytes, sizeof mac.bytes, hex);
    arena_free(&arena);
    return secret_equal_text(hex, given);
}

static void answer(struct control_request *request, int status, const char *reply)
{
    request->status = status;
    snprintf(request->reply, sizeof request->reply, "%s", reply);
}

static void answer_status(struct control_request *request)
{
    request->status = 200;
    snprintf(request->reply, sizeof request->reply,
             "{\"node\":%lld,\"epoch\":%lld,\"draining\":%s,\"sessions\":%zu,\"backlog\":%zu,"
             "\"uptime_ms\":%lld,\"turns\":%llu,\"long_turns\":%llu,\"longest_turn_us\":%lld,"
             "\"last_long_turn\":\"%s\",\"feeds\":%zu}",
             (long long)node_id(), (long long)node_epoch(), node_is_draining() ? "true" : "false",
             live_count(), writer_backlog(),
             (long long)((clock_monotonic_us() - control.started_us) / 1000),
             (unsigned long long)control.turns, (unsigned long long)control.long_turns,
             (long long)control.longest_turn_us, watchdog_last(), feeds_open());
}

/* Prometheus' text, cut where the answer has no more room. */
static void answer_metrics(struct control_request *request)
{
    struct arena arena = {0};
    struct text text = {.arena = &arena};

    metrics_expose(control.config, &text);
    answer(request, 200, text.at);
    arena_free(&arena);
}

static void drain(struct control_request *request)
{
    signals_end();
    answer(request, 202, "{}");
}

void control_serve(struct control_request *request)
{
    static const char commands[] = "/control/commands/";
    uid id;

    if (!control_is_signed(control.config->control_secret, request, clock_now().ms / 1000))
        answer(request, 401, "{\"error\":\"unauthorized\"}");
    else if (strcmp(request->path, "/control/status") == 0 && strcmp(request->method, "GET") == 0)
        answer_status(request);
    else if (strcmp(request->path, "/control/metrics") == 0 && strcmp(request->method, "GET") == 0)
        answer_metrics(request);
    else if (strcmp(request->path, "/control/drain") == 0 && strcmp(request->method, "POST") == 0)
        drain(request);
    else if (strcmp(request->method, "POST") == 0 &&
             strncmp(request->path, commands, sizeof commands - 1) == 0 &&
             uid_read(request->path + sizeof commands - 1, NULL, &id))
        answer(request, ask_take(id) ? 202 : 503, "{}");
    else
        answer(request, 404, "{\"error\":\"not_found\"}");
}

void control_note_turn(int64_t turn_us)
{
    control.turns++;
    if (turn_us > control.longest_turn_us)
        control.longest_turn_us = turn_us;
    if (turn_us > LONG_TURN_US)
        control.long_turns++;
}

bool control_start(const struct config *config)
{
    control.config = config;
    control.started_us = clock_monotonic_us();
    control.helper = helper_start("commands", config, true, MOST_WAITING);
    return control.helper != NULL;
}

void control_stop(void)
{
    helper_stop(control.helper);
    control.helper = NULL;
}
