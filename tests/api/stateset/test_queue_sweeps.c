/*
 * What happens to callback tasks by itself, set going by the operator.  Sweeps are asked for one
 * tenant at a time, as others sweep on the same stack.
 */
#include <string.h>

#include <criterion/criterion.h>

#include "api/api.h"

TestSuite(queue_sweeps, .timeout = 120);

#define TASKS "/api/v1/callback-tasks"
#define QUEUES "/api/v1/admin/operator-queues"

/* A tenant with a queue of those members. */
static struct customer with_queue(const char *members)
{
    struct customer customer = customer_new();
    struct reply reply = ask("PUT", "/api/v1/operator-queues/desk", customer.stateset,
                             say("{\"name\":\"Desk\",\"is_default\":true%s}", members), NULL);

    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    return customer;
}

static const char *task(const struct customer *customer, const char *more)
{
    struct reply reply = ask("POST", TASKS, customer->stateset,
                             say("{\"disposition\":\"callback_requested\"%s}", more), NULL);

    cr_assert_eq(reply.status, 201, "%ld %s", reply.status, reply.body);
    return at(reply.json, "id");
}

static struct reply task_now(const struct customer *customer, const char *id)
{
    return ask("GET", say(TASKS "/%s", id), customer->stateset, NULL, NULL);
}

static struct reply sweep(const struct customer *customer, const char *what, const char *more)
{
    struct reply reply =
        admin("POST", say(QUEUES "/%s?auth_token=%s%s", what, customer->stateset, more), NULL);

    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect_str_eq(at(reply.json, "ok"), "true");
    return reply;
}

static void is(const struct reply *reply, const char *member, const char *value)
{
    cr_expect_str_eq(at(reply->json, member), value, "%s is not %s in %s", member, value,
                     reply->body);
}

static long long events(const struct customer *customer, const char *event)
{
    return number_of(say("SELECT COUNT(*) FROM outbox AS o JOIN tenants AS t ON t.id = o.tenant_id"
                         " WHERE t.tenant_key = '%s' AND o.event_type = '%s'",
                         customer->tenant, event));
}

static long long calls_of(const struct customer *customer)
{
    return rows_of(customer, "calls");
}

/* ---- dispatch ---- */

Test(queue_sweeps, call_the_customer_once)
{
    struct customer customer = with_queue(",\"auto_dispatch_enabled\":true");
    struct reply reply, carrier;
    const char *id;

    customer_number(&customer);
    id = task(&customer, say(",\"customer_phone\":\"%s\",\"summary\":\"Late parcel\"",
                             rings_on("+13125550121")));
    reply = sweep(&customer, "dispatch", "&dry_run=true");
    is(&reply, "result.eligible_tasks", "1");
    is(&reply, "result.dry_run_tasks", "1");
    is(&reply, "result.dispatched_tasks", "0");
    is(&reply, "result.items.0.task_id", id);
    is(&reply, "result.items.0.dry_run", "true");
    cr_expect_eq(calls_of(&customer), 0);

    /* The job may be faster than the operator; one of the two calls. */
    sweep(&customer, "dispatch", "");
    AWAIT(strcmp(at(task_now(&customer, id).json, "last_dispatch_status"), "initiated") == 0);
    reply = task_now(&customer, id);
    is(&reply, "dispatch_attempt_count", "1");
    is(&reply, "status", "open");
    carrier = control("CARRIER", "GET", say("/_calls/%s", at(reply.json, "last_dispatch_call_sid")),
                      NULL);
    cr_expect_eq(carrier.status, 200, "%s", carrier.body);
    cr_expect(strstr(carrier.body, "+13125550121"), "%s", carrier.body);
    cr_expect(strstr(carrier.body, customer.number), "%s", carrier.body);
    cr_expect_eq(events(&customer, "callback_task.dispatched"), 1);
    reply = sweep(&customer, "dispatch", "");
    is(&reply, "result.eligible_tasks", "0");
    cr_expect_eq(calls_of(&customer), 1);
}

Test(queue_sweeps, list_whom_they_could_not_call)
{
    struct customer customer = with_queue(",\"auto_dispatch_enabled\":true");
    struct reply reply;
    const char *id = task(&customer, ",\"customer_phone\":\"+13125550122\"");

    reply = sweep(&customer, "dispatch", "");
    if (!has(reply.json, "result.failures.0")) /* the job was faster */
        AWAIT(strcmp(at(task_now(&customer, id).json, "last_dispatch_status"), "failed") == 0);
    else
        is(&reply, "result.failures.0.task_id", id);
    reply = task_now(&customer, id);
    is(&reply, "last_dispatch_status", "failed");
    is(&reply, "dispatch_attempt_count", "1");
    is(&reply, "status", "open");
    cr_expect_eq(calls_of(&customer), 0);
}

Test(queue_sweeps, order_nothing_that_the_gate_forbids)
{
    struct customer customer = with_queue(",\"auto_dispatch_enabled\":true");
    const char *id;

    customer_number(&customer);
    id = task(&customer, ",\"customer_phone\":\"+19005550123\"");
    sweep(&customer, "dispatch", "");
    AWAIT(strcmp(at(task_now(&customer, id).json, "last_dispatch_status"), "failed") == 0);
    cr_expect_eq(calls_of(&customer), 0);
}

Test(queue_sweeps, call_nobody_whose_turn_it_is_not)
{
    struct customer customer = with_queue(",\"auto_dispatch_enabled\":true,"
                                          "\"auto_dispatch_delay_seconds\":0"),
                    patient = with_queue(",\"auto_dispatch_enabled\":true,"
                                         "\"auto_dispatch_delay_seconds\":3600"),
                    manual = with_queue(""),
                    spent = with_queue(",\"auto_dispatch_enabled\":true,"
                                       "\"auto_dispatch_max_attempts\":0");
    const char *phone = ",\"customer_phone\":\"+13125550124\"";
    struct reply reply;

    task(&customer, "");
    task(&customer, say("%s,\"due_at\":\"%s\"", phone, moment_in(3600)));
    task(&customer, say("%s,\"status\":\"in_progress\"", phone));
    task(&patient, phone);
    task(&manual, phone);
    task(&spent, phone);
    const struct customer *all[] = {&customer, &patient, &manual, &spent};
    for (size_t i = 0; i < COUNT_OF(all); i++) {
        reply = sweep(all[i], "dispatch", "");
        is(&reply, "result.eligible_tasks", "0");
        cr_expect_eq(calls_of(all[i]), 0);
    }
}

/* ---- deadlines ---- */

Test(queue_sweeps, alert_once_about_each_deadline)
{
    struct customer customer = with_queue("");
    const char *id = task(&customer, say(",\"sla_due_at\":\"%s\"", moment_in(-60)));
    struct reply reply = sweep(&customer, "sweep", "");

    is(&reply, "result.overdue_tasks", "1");
    AWAIT(*at(task_now(&customer, id).json, "last_sla_alerted_at"));
    reply = sweep(&customer, "sweep", "");
    is(&reply, "result.overdue_tasks", "1");
    is(&reply, "result.alerts_recorded", "0");
    cr_expect_eq(events(&customer, "callback_task.sla_breached"), 1);
    ask("PATCH", say(TASKS "/%s", id), customer.stateset,
        say("{\"sla_due_at\":\"%s\"}", moment_in(-30)), NULL);
    sweep(&customer, "sweep", "");
    AWAIT(events(&customer, "callback_task.sla_breached") == 2);
    reply = task_now(&customer, id);
    cr_expect_str_eq(at(reply.json, "last_sla_alert_due_at"), at(reply.json, "sla_due_at"));
}

Test(queue_sweeps, escalate_what_nobody_acknowledged)
{
    struct customer customer = with_queue(",\"follow_up_escalation_seconds\":0,"
                                          "\"follow_up_escalation_assignee\":\"boss\","
                                          "\"follow_up_escalation_priority\":1,"
                                          "\"follow_up_escalation_queue_key\":\"upstairs\"");
    const char *id, *seen;
    struct reply reply;

    ask("PUT", "/api/v1/operator-queues/upstairs", customer.stateset, "{\"name\":\"Up\"}", NULL);
    seen = task(&customer, "");
    ask("POST", say(TASKS "/%s/acknowledge", seen), customer.stateset, "{\"operator\":\"ann\"}",
        NULL);
    ask("PATCH", say(TASKS "/%s", seen), customer.stateset,
        say("{\"sla_due_at\":\"%s\"}", moment_in(-60)), NULL);
    id = task(&customer, say(",\"priority\":9,\"sla_due_at\":\"%s\"", moment_in(-60)));
    sweep(&customer, "follow-up-notifications/sweep", "&send_notifications=false");
    AWAIT(strcmp(at(task_now(&customer, id).json, "queue_key"), "upstairs") == 0);
    reply = task_now(&customer, id);
    is(&reply, "assigned_to", "boss");
    is(&reply, "priority", "1");
    reply = task_now(&customer, seen);
    is(&reply, "queue_key", "desk");
    cr_expect_eq(events(&customer, "callback_task.escalated"), 1);
}

/* ---- tickets ---- */

Test(queue_sweeps, list_tickets_that_nobody_can_ask_about)
{
    struct customer customer = with_queue("");
    const char *id = task(&customer, ",\"metadata\":{\"external\":{\"source\":\"papyrus\","
                                     "\"reference_id\":\"T-1\"}}");
    struct reply reply = sweep(&customer, "external-reconciliation/sweep", "");

    is(&reply, "result.candidate_tasks", "1");
    is(&reply, "result.reconciled_tasks", "0");
    is(&reply, "result.failures.0.task_id", id);
    is(&reply, "result.failures.0.external_reference_id", "T-1");
    cr_expect(strstr(at(reply.json, "result.failures.0.error"), "papyrus"), "%s", reply.body);
}

/* ---- who may ---- */

Test(queue_sweeps, are_the_operators_alone)
{
    static const char *const sweeps[] = {"dispatch", "sweep", "follow-up-notifications/sweep",
                                         "external-reconciliation/sweep"};
    struct customer customer = customer_new();

    for (size_t i = 0; i < COUNT_OF(sweeps); i++) {
        struct reply reply =
            ask("POST", say(QUEUES "/%s", sweeps[i]), customer.stateset, NULL, NULL);

        admin_refused(&reply, 401);
        reply = admin("POST", say(QUEUES "/%s?auth_token=nobody", sweeps[i]), NULL);
        admin_refused(&reply, 404);
        reply = admin(
            "POST",
            say(QUEUES "/%s?auth_token=%s&limit=5&emit_webhooks=false", sweeps[i], customer.tenant),
            NULL);
        cr_expect_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
        is(&reply, "result.attempted_tenants", "0");
    }
}
