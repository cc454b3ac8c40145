#include "stream/node.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/log.h"
#include "core/version.h"
#include "domain/nodes.h"
#include "stream/live.h"
#include "stream/offloop.h"
#include "stream/writer.h"

static struct {
    struct helper *helper;
    char name[64], public_ws_url[255], control_url[255];
    struct media_node row; /* touched by the loop, or by the one task that is under way */
    bool is_registered, is_draining, is_superseded, is_asked;
    int64_t due_us;
} node;

/* One task at a time registers, reports, or says goodbye. */
struct report {
    struct task task;
    struct media_node row;
    int64_t active;
    const char *state; /* to be set; NULL: only a heartbeat */
    bool registers, ok;
    struct error error;
};

const char *node_name(const struct config *config)
{
    static char name[64];

    if (config->node_name && *config->node_name)
        return config->node_name;
    if (!name[0] && gethostname(name, sizeof name - 1) != 0)
        snprintf(name, sizeof name, "node");
    return name;
}

static void run(struct work *work, struct task *task)
{
    struct report *report = (struct report *)task;

    if (report->registers)
        report->ok = node_register(work, &report->row);
    else
        report->ok = node_heartbeat(work, &report->row, report->active) &&
                     (!report->state || node_set_state(work, &report->row, report->state));
    report->error = work->error;
}

static void take_failure(const struct report *report)
{
    if (!report->registers && report->error.what == CONFLICT && !node.is_superseded) {
        node.is_superseded = true;
        log_error(NULL, "node.superseded", "name=%s", node.name);
    } else {
        log_warning(NULL, "node.unheard", "code=%s", failure_code(report->error.what));
    }
}

/* What the database says is copied without the texts, which are ours already. */
static void done(struct task *task)
{
    struct report *report = (struct report *)task;

    node.is_asked = false;
    if (!report->ok) {
        take_failure(report);
    } else if (report->registers) {
        node.row.id = report->row.id;
        node.row.epoch = report->row.epoch;
        node.row.started_at = report->row.started_at;
        node.is_registered = true;
        log_info(NULL, "node.registered", "name=%s id=%lld", node.name, (long long)node.row.id);
    }
    free(report);
}

static bool ask(bool registers, const char *state)
{
    struct report *report = calloc(1, sizeof *report);

    if (!report)
        abort();
    node.row.state = node.is_draining ? "draining" : "up";
    *report = (struct report){
        .task = {.run = run, .done = done},
        .row = node.row,
        .active = (int64_t)live_count(),
        .state = state,
        .registers = registers,
    };
    node.is_asked = helper_give(node.helper, &report->task);
    if (!node.is_asked)
        free(report);
    return node.is_asked;
}

static void describe(const struct config *config)
{
    const char *control = config->listen_control;

    snprintf(node.name, sizeof node.name, "%s", node_name(config));
    if (config->node_name && *config->node_name)
        snprintf(node.public_ws_url, sizeof node.public_ws_url, "%s/n/%s",
                 config->stream_public_url, node.name);
    snprintf(node.control_url, sizeof node.control_url, "%s%s",
             strncmp(control, "unix:", 5) == 0 ? "" : "http://", control);
    row_clear(&media_node_entity, &node.row);
    node.row.name = node.name;
    node.row.role = "daemon";
    node.row.public_ws_url = node.public_ws_url[0] ? node.public_ws_url : NULL;
    node.row.control_url = node.control_url;
    node.row.version = TRUNKLINE_VERSION;
    node.row.capacity = config->node_capacity;
}

bool node_start(const struct config *config)
{
    describe(config);
    node.helper = helper_start("node", config, true, 4);
    if (!node.helper)
        return false;
    return ask(true, NULL);
}

void node_tick(void)
{
    int64_t now_us = clock_monotonic_us();

    if (node.is_asked || now_us < node.due_us)
        return;
    node.due_us = now_us + NODE_HEARTBEAT_MS * 1000;
    if (!node.is_superseded)
        ask(!node.is_registered, node.is_draining ? "draining" : NULL);
}

void node_drain(void)
{
    node.is_draining = true;
    node.due_us = 0;
}

void node_stop(void)
{
    if (!node.helper)
        return;
    if (node.is_registered && !node.is_superseded)
        ask(false, "down");
    helper_stop(node.helper);
    node.helper = NULL;
    offloop_collect();
}

bool node_takes_calls(void)
{
    return node.is_registered && !node.is_draining && !node.is_superseded && writer_is_healthy();
}

bool node_is_draining(void)
{
    return node.is_draining || node.is_superseded;
}

int64_t node_id(void)
{
    return node.is_registered ? node.row.id : 0;
}

int64_t node_epoch(void)
{
    return node.is_registered ? node.row.epoch : 0;
}
