#include "stream/tools/errands.h"

#include <string.h>

#include "core/e164.h"
#include "domain/agent_hours.h"
#include "domain/callback_tasks.h"
#include "domain/functions.h"
#include "domain/gate.h"
#include "domain/handoffs.h"
#include "domain/numbers.h"
#include "domain/sms_orders.h"
#include "domain/taskrouter/links.h"
#include "stream/tools/toolbox.h"
#include "stream/tools/transfer.h"

/* ---- the call and its agent ---- */

static bool is_inbound(const struct toolbox *box)
{
    return box->direction && strcmp(box->direction, "inbound") == 0;
}

static const char *our_number(const struct toolbox *box)
{
    return is_inbound(box) ? box->to : box->from;
}

static const char *their_number(const struct toolbox *box)
{
    return is_inbound(box) ? box->from : box->to;
}

/* ---- passing on ---- */

/* Where the tenant's number says that its humans are. */
static bool number_of_business(struct work *work, const struct toolbox *box, const char **number)
{
    struct phone_number ours;

    *number = NULL;
    if (!our_number(box) || !number_owned(work, our_number(box), &ours))
        return !our_number(box) || work->error.what == NOT_FOUND;
    *number = ours.forward_to ? ours.forward_to : ours.business_phone;
    return true;
}

/* A number that may be dialled, NULL when there is none. */
static bool find_target(struct work *work, const struct toolbox *box, const char *wanted,
                        const char **target)
{
    json_object *config = json_parse(box->config ? box->config : "{}");
    bool ok = transfer_find(work, transfer_settings(config), wanted, target);

    json_object_put(config);
    return ok && (*target || number_of_business(work, box, target));
}

/*
 * Warm: the human is told first and may decline; then the next one is called, and the agent goes on
 * when nobody comes.
 */
static void read_manner(struct work *work, const struct toolbox *box, const char *wanted,
                        struct handoff *handoff)
{
    json_object *config = json_parse(box->config ? box->config : "{}");
    json_object *settings = transfer_settings(config);
    const char *mode = json_text(settings, "mode");
    bool warm = mode && strcmp(mode, "warm") == 0;

    handoff->mode = warm ? "warm" : "cold";
    if (warm)
        handoff->next_targets = transfer_others(work, settings, wanted, handoff->target);
    json_object_put(config);
}

static bool hand_over(struct work *work, const struct errand *errand, const char *wanted,
                      const char *target, struct text *result)
{
    const struct toolbox *box = errand->box;
    const struct outward outward = {
        .channel = GATE_VOICE, .transfer = true, .from = our_number(box), .to = target};
    struct handoff handoff = {
        .call_id = box->call,
        .initiated_by = "ai",
        .target = target,
        .reason = json_text(errand->arguments, "reason"),
        .briefing = json_text(errand->arguments, "summary"),
    };
    struct handoff open;

    if (!tr_is_target(target) && !gate_check(work, &outward, NULL))
        return false;
    read_manner(work, box, wanted, &handoff);
    if (!handoff_open(work, box->call, &open) &&
        (work->error.what != NOT_FOUND || !handoff_request(work, &handoff)))
        return false;
    text_put(result, "{\"status\":\"transferring\"}");
    return true;
}

bool errand_transfer(struct work *work, const struct errand *errand, struct text *result)
{
    const char *wanted = json_text(errand->arguments, "target"), *target;

    if (!find_target(work, errand->box, wanted, &target))
        return false;
    if (!target)
        return fail(work, NOT_FOUND, "Nobody is there to pass the caller on to");
    return hand_over(work, errand, wanted, target, result);
}

/* ---- hours ---- */

bool errand_hours(struct work *work, const struct errand *errand, struct text *result)
{
    return agent_hours_write(work, errand->box->config, result);
}

/* ---- callback tasks ---- */

/* A number as the caller says it, or the caller's own. */
static bool read_phone(struct work *work, const struct errand *errand, const char *name,
                       const char **phone)
{
    const char *given = json_text(errand->arguments, name), *ours = our_number(errand->box);
    char read[E164_SIZE];

    *phone = their_number(errand->box);
    if (!given || !*given)
        return true;
    if (!e164_read(given, ours ? e164_country(ours) : NULL, read))
        return fail(work, INVALID, "%s is no telephone number", name);
    *phone = arena_text(&work->arena, read);
    return true;
}

static bool put_task(struct work *work, const struct errand *errand, const char *disposition,
                     struct text *result)
{
    const struct toolbox *box = errand->box;
    const char *due = json_text(errand->arguments, "due_at");
    struct callback_task task;

    callback_task_begin(&task);
    task.id = errand->id;
    task.call_id = box->call;
    task.call_sid = box->call_sid;
    task.disposition = disposition;
    task.agent_name = box->agent_name;
    task.created_by = "agent";
    task.queue_key = json_text(errand->arguments, "queue_key");
    task.summary = json_text(errand->arguments, "summary");
    if (!task.summary)
        task.summary = json_text(errand->arguments, "reason");
    if (due && !instant_read_iso(due, &task.due_at))
        return fail(work, INVALID, "due_at is no time like 2026-11-02T10:00:00Z");
    if (!read_phone(work, errand, "phone", &task.customer_phone) ||
        !callback_task_create(work, &task))
        return false;
    text_put(result, "{\"status\":\"callback_task_created\"}");
    return true;
}

bool errand_callback(struct work *work, const struct errand *errand, struct text *result)
{
    return put_task(work, errand, "callback_requested", result);
}

/* Closed, nobody to dial, or nobody who may be dialled: then a task. */
bool errand_escalate(struct work *work, const struct errand *errand, struct text *result)
{
    const char *wanted = json_text(errand->arguments, "target_number"), *target;
    struct business_hours hours;
    bool known;

    if (!agent_hours(work, errand->box->config, &hours, &known))
        return false;
    if (known && !hours.open)
        return put_task(work, errand, "human_follow_up_required", result);
    if (!find_target(work, errand->box, wanted, &target))
        return false;
    if (target && hand_over(work, errand, wanted, target, result))
        return true;
    if (target && (work->error.what == BUSY || work->error.what == INTERNAL))
        return false;
    return put_task(work, errand, "human_follow_up_required", result);
}

/* ---- text messages ---- */

bool errand_sms(struct work *work, const struct errand *errand, struct text *result)
{
    const struct toolbox *box = errand->box;
    struct sms_order order = {
        .id = errand->id,
        .from = our_number(box),
        .body = json_text(errand->arguments, "body"),
        .origin = "tool",
        .agent = box->agent,
        .call = box->call,
    };

    if (!read_phone(work, errand, "to", &order.to) || !sms_order(work, &order))
        return false;
    text_put(result, "{\"status\":\"queued\"}");
    return true;
}

/* ---- the program's functions ---- */

/* The caller's number stands in when the call does not say who the customer is. */
bool errand_function(struct work *work, const struct errand *errand, struct text *result)
{
    struct function_context context;
    char session[37];

    uid_write_uuid(errand->session, session);
    if (!function_context(work, errand->via, NULL, session, &context))
        return false;
    context.id = errand->id;
    context.customer_phone = their_number(errand->box);
    return errand->function->run(work, &context, errand->arguments, result);
}
