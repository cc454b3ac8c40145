/*
 * What humans still owe callers, through StateSet's operations: states, claims, snoozes, queues.
 */
#include <string.h>

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "api/api.h"

TestSuite(callback_tasks, .timeout = 120);

#define TASKS "/api/v1/callback-tasks"
#define NOBODYS TASKS "/01939f3a-7c21-7000-8000-000000000000"

static struct reply of(const struct customer *customer, const char *method, const char *path,
                       const char *body)
{
    return ask(method, path, customer->stateset, body, NULL);
}

/* Makes a task with further members and answers its path. */
static const char *task(const struct customer *customer, const char *more)
{
    struct reply reply =
        of(customer, "POST", TASKS, say("{\"disposition\":\"callback_requested\"%s}", more));

    cr_assert_eq(reply.status, 201, "%ld %s", reply.status, reply.body);
    return say(TASKS "/%s", at(reply.json, "id"));
}

static struct reply move(const struct customer *customer, const char *task, const char *action,
                         const char *body)
{
    return of(customer, "POST", say("%s/%s", task, action), body);
}

static void is(const struct reply *reply, const char *member, const char *value)
{
    cr_expect_eq(reply->status, 200, "%ld %s", reply->status, reply->body);
    cr_expect_str_eq(at(reply->json, member), value, "%s", reply->body);
}

static struct reply put_queue(const struct customer *customer, const char *key, const char *body)
{
    return of(customer, "PUT", say("/api/v1/operator-queues/%s", key), body);
}

#define EVENTS(task, event)                                                                        \
    number_of(say("SELECT COUNT(*) FROM outbox WHERE topic = 'webhook' AND event_type = '%s'"      \
                  " AND HEX(subject_id) = REPLACE(UPPER('%s'), '-', '')",                          \
                  event, (task) + sizeof TASKS))

/* ---- making, reading, listing ---- */

Test(callback_tasks, are_made_with_what_is_said_of_them)
{
    struct customer customer = customer_new();
    struct reply reply =
        of(&customer, "POST", TASKS,
           say("{\"disposition\":\"human_follow_up_required\",\"priority\":10,\"customer_phone\":"
               "\"+1 312 555 0100\",\"summary\":\"Late parcel\",\"notes\":\"Call before six\","
               "\"due_at\":\"%s\",\"created_by\":\"dashboard\",\"agent_name\":\"Desk\","
               "\"stream_sid\":\"MZ1\",\"call_sid\":\"CA1\",\"assigned_to\":\"ann\","
               "\"metadata\":{\"order\":[1,2]}}",
               moment_in(3600)));

    cr_assert_eq(reply.status, 201, "%ld %s", reply.status, reply.body);
    cr_expect_str_eq(at(reply.json, "tenant_id"), customer.tenant);
    cr_expect_str_eq(at(reply.json, "status"), "open");
    cr_expect_str_eq(at(reply.json, "customer_phone"), "+13125550100");
    cr_expect_str_eq(at(reply.json, "metadata.order.1"), "2");
    cr_expect_str_eq(at(reply.json, "priority"), "10");
    cr_expect_str_eq(at(reply.json, "dispatch_attempt_count"), "0");
    cr_expect(has(reply.json, "claimed_at") && has(reply.json, "snooze_reason"));
    reply = of(&customer, "GET", say(TASKS "/%s", at(reply.json, "id")), NULL);
    is(&reply, "summary", "Late parcel");
    is(&reply, "assigned_to", "ann");
}

Test(callback_tasks, take_the_customer_from_their_call)
{
    struct customer customer = customer_new();
    struct reply twiml, reply;
    const char *sid;

    customer_number(&customer);
    sid = call_arrives(&customer, "+13125550188", &twiml);
    reply = of(&customer, "GET", task(&customer, say(",\"call_sid\":\"%s\"", sid)), NULL);
    is(&reply, "customer_phone", "+13125550188");
    is(&reply, "call_sid", sid);
}

Test(callback_tasks, are_listed_by_what_is_asked_for)
{
    struct customer customer = customer_new();
    const char *late =
        task(&customer, say(",\"due_at\":\"%s\",\"stream_sid\":\"MZ7\"", moment_in(-60)));
    struct reply reply;

    put_queue(&customer, "desk", "{\"name\":\"Desk\"}");
    task(&customer, ",\"queue_key\":\"desk\"");
    reply = move(&customer, task(&customer, ""), "claim", "{\"operator\":\"ann\"}");
    reply = of(&customer, "GET", TASKS, NULL);
    cr_expect(has(reply.json, "2") && !has(reply.json, "3"), "%s", reply.body);
    reply = of(&customer, "GET", TASKS "?status=in_progress", NULL);
    is(&reply, "0.assigned_to", "ann");
    cr_expect_not(has(reply.json, "1"));
    reply = of(&customer, "GET", TASKS "?queue_key=desk", NULL);
    is(&reply, "0.queue_key", "desk");
    cr_expect_not(has(reply.json, "1"));
    reply = of(&customer, "GET", TASKS "?stream_sid=MZ7&disposition=callback_requested", NULL);
    is(&reply, "0.id", late + sizeof TASKS);
    reply = of(&customer, "GET", TASKS "?overdue_only=true", NULL);
    is(&reply, "0.id", late + sizeof TASKS);
    cr_expect_not(has(reply.json, "1"));
    reply = of(&customer, "GET", TASKS "?limit=1&offset=2", NULL);
    is(&reply, "0.id", late + sizeof TASKS);
    reply = of(&customer, "GET", TASKS "?status=lost", NULL);
    stateset_refused(&reply, 400, NULL);
}

static const char *const bad_tasks[] = {
    "{}",
    "{\"disposition\":null}",
    "{\"disposition\":\"gone\"}",
    "{\"disposition\":\"resolved\",\"status\":\"lost\"}",
    "{\"disposition\":\"resolved\",\"queue_key\":\"nowhere\"}",
    "{\"disposition\":\"resolved\",\"due_at\":\"soon\"}",
    "{\"disposition\":\"resolved\",\"customer_phone\":\"hello\"}",
    "[]",
};

Test(callback_tasks, that_break_a_rule_are_not_made)
{
    struct customer customer = customer_new();

    for (size_t i = 0; i < COUNT_OF(bad_tasks); i++) {
        struct reply reply = of(&customer, "POST", TASKS, bad_tasks[i]);

        stateset_refused(&reply, 400, NULL);
    }
    cr_expect_eq(rows_of(&customer, "callback_tasks"), 0);
}

Test(callback_tasks, made_twice_under_one_idempotency_key_are_one)
{
    struct customer customer = customer_new();
    const char *header = "Idempotency-Key: once";
    const char *body = "{\"disposition\":\"resolved\"}";

    cr_expect_eq(ask("POST", TASKS, customer.stateset, body, header).status, 201);
    cr_expect_eq(ask("POST", TASKS, customer.stateset, body, header).status, 201);
    cr_expect_eq(rows_of(&customer, "callback_tasks"), 1);
    cr_expect_eq(number_of(say("SELECT COUNT(*) FROM outbox AS o JOIN tenants AS t ON t.id ="
                               " o.tenant_id WHERE t.tenant_key = '%s' AND o.event_type ="
                               " 'callback_task.created'",
                               customer.tenant)),
                 1);
}

/* ---- moving ---- */

Test(callback_tasks, are_claimed_released_and_completed)
{
    struct customer customer = customer_new();
    const char *path = task(&customer, "");
    struct reply reply = move(&customer, path, "claim", "{\"operator\":\"ann\"}");

    is(&reply, "status", "in_progress");
    is(&reply, "assigned_to", "ann");
    cr_expect(*at(reply.json, "claimed_at"));
    reply = move(&customer, path, "claim", "{\"operator\":\"ann\"}");
    is(&reply, "status", "in_progress");
    reply = move(&customer, path, "claim", "{\"operator\":\"bob\"}");
    stateset_refused(&reply, 400, NULL);
    cr_expect(strstr(at(reply.json, "error"), "already claimed"), "%s", reply.body);
    reply = move(&customer, path, "release", "{\"clear_assignee\":false}");
    is(&reply, "status", "open");
    is(&reply, "assigned_to", "ann");
    reply = move(&customer, path, "claim", "{\"operator\":\"bob\"}");
    is(&reply, "assigned_to", "bob");
    reply = move(&customer, path, "release", "{}");
    is(&reply, "assigned_to", "");
    reply = of(&customer, "PATCH", path, "{\"status\":\"completed\"}");
    is(&reply, "status", "completed");
    cr_expect(*at(reply.json, "completed_at"));
    cr_expect_eq(EVENTS(path, "callback_task.claimed"), 2);
    cr_expect_eq(EVENTS(path, "callback_task.completed"), 1);
}

Test(callback_tasks, that_are_finished_only_take_notes)
{
    static const char *const moves[][2] = {
        {"claim", "{\"operator\":\"ann\"}"},
        {"assign", "{\"assigned_to\":\"ann\"}"},
        {"release", "{}"},
        {"acknowledge", "{\"operator\":\"ann\"}"},
    };
    struct customer customer = customer_new();
    const char *path = task(&customer, ",\"status\":\"canceled\"");
    struct reply reply;

    for (size_t i = 0; i < COUNT_OF(moves); i++) {
        reply = move(&customer, path, moves[i][0], moves[i][1]);
        stateset_refused(&reply, 400, NULL);
    }
    reply = move(&customer, path, "snooze",
                 say("{\"operator\":\"ann\",\"snoozed_until\":\"%s\"}", moment_in(60)));
    stateset_refused(&reply, 400, NULL);
    reply = of(&customer, "PATCH", path, "{\"status\":\"open\"}");
    stateset_refused(&reply, 400, NULL);
    reply = of(&customer, "PATCH", path, "{\"priority\":3}");
    stateset_refused(&reply, 400, NULL);
    reply = of(&customer, "PATCH", path, "{\"notes\":\"paid\",\"metadata\":{\"a\":1}}");
    is(&reply, "notes", "paid");
    is(&reply, "metadata.a", "1");
    is(&reply, "status", "canceled");
}

Test(callback_tasks, are_assigned_without_being_claimed)
{
    struct customer customer = customer_new();
    const char *path = task(&customer, "");
    struct reply reply =
        move(&customer, path, "assign",
             say("{\"assigned_to\":\"ann\",\"priority\":2,\"due_at\":\"%s\"}", moment_in(600)));

    is(&reply, "status", "open");
    is(&reply, "assigned_to", "ann");
    is(&reply, "priority", "2");
    cr_expect(*at(reply.json, "due_at"));
    reply = move(&customer, path, "assign", "{}");
    stateset_refused(&reply, 400, NULL);
    reply = move(&customer, path, "assign", "{\"assigned_to\":\"\"}");
    stateset_refused(&reply, 400, NULL);
}

Test(callback_tasks, are_acknowledged_once)
{
    struct customer customer = customer_new();
    const char *path = task(&customer, ",\"notes\":\"first\"");
    struct reply reply =
        move(&customer, path, "acknowledge", "{\"operator\":\"ann\",\"note\":\"seen\"}");

    is(&reply, "acknowledged_by", "ann");
    is(&reply, "notes", "first\nseen");
    is(&reply, "status", "open");
    reply = move(&customer, path, "acknowledge", "{\"operator\":\"bob\",\"note\":\"me too\"}");
    is(&reply, "acknowledged_by", "ann");
    is(&reply, "notes", "first\nseen");
    cr_expect_eq(EVENTS(path, "callback_task.acknowledged"), 1);
    reply = move(&customer, path, "acknowledge", "{}");
    stateset_refused(&reply, 400, NULL);
}

Test(callback_tasks, that_are_snoozed_cannot_be_claimed_until_they_are_woken)
{
    struct customer customer = customer_new();
    const char *path = task(&customer, "");
    struct reply reply = move(&customer, path, "unsnooze", "{\"operator\":\"ann\"}");

    is(&reply, "status", "open");
    reply = move(&customer, path, "snooze",
                 say("{\"operator\":\"ann\",\"snoozed_until\":\"%s\",\"reason\":\"away\"}",
                     moment_in(3600)));
    is(&reply, "snooze_reason", "away");
    is(&reply, "status", "open");
    reply = move(&customer, path, "claim", "{\"operator\":\"ann\"}");
    stateset_refused(&reply, 400, NULL);
    reply = move(&customer, path, "unsnooze", "{\"operator\":\"ann\",\"note\":\"back\"}");
    is(&reply, "snoozed_until", "");
    is(&reply, "notes", "back");
    reply = move(&customer, path, "claim", "{\"operator\":\"ann\"}");
    is(&reply, "status", "in_progress");
}

Test(callback_tasks, are_snoozed_into_the_future_for_ninety_days_at_most)
{
    struct customer customer = customer_new();
    const char *path = task(&customer, "");
    const long bad[] = {-10, 91 * 86400L};
    struct reply reply;

    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        reply = move(&customer, path, "snooze",
                     say("{\"operator\":\"ann\",\"snoozed_until\":\"%s\"}", moment_in(bad[i])));
        stateset_refused(&reply, 400, NULL);
    }
    reply = move(&customer, path, "snooze", "{\"operator\":\"ann\"}");
    stateset_refused(&reply, 400, NULL);
    reply = move(&customer, path, "snooze",
                 say("{\"operator\":\"ann\",\"snoozed_until\":\"%s\"}", moment_in(89 * 86400L)));
    is(&reply, "status", "open");
}

Test(callback_tasks, lose_what_is_set_to_null)
{
    struct customer customer = customer_new();
    const char *path =
        task(&customer,
             say(",\"assigned_to\":\"ann\",\"notes\":\"n\",\"due_at\":\"%s\"", moment_in(60)));
    struct reply reply = of(&customer, "PATCH", path,
                            "{\"assigned_to\":null,\"notes\":null,\"due_at\":null,"
                            "\"priority\":null,\"status\":null,\"disposition\":null}");

    is(&reply, "assigned_to", "");
    is(&reply, "notes", "");
    is(&reply, "due_at", "");
    is(&reply, "status", "open");
    is(&reply, "disposition", "callback_requested");
    reply = of(&customer, "PATCH", path, "{\"queue_key\":\"nowhere\"}");
    stateset_refused(&reply, 400, NULL);
}

Test(callback_tasks, go_to_one_of_two_who_claim_at_once)
{
    struct customer customer = customer_new();
    const char *key = say("Authorization: Bearer %s", customer.stateset);
    const char *const headers[] = {key, "Content-Type: application/json", NULL};

    for (int round = 0; round < 5; round++) {
        const char *path = task(&customer, "");
        const char *claim = say("%s/claim", path);
        int ann = ask_aside("POST", claim, headers, "{\"operator\":\"ann\"}");
        int bob = ask_aside("POST", claim, headers, "{\"operator\":\"bob\"}");
        long first = aside_status(ann), second = aside_status(bob);
        struct reply reply = of(&customer, "GET", path, NULL);

        cr_expect_eq(first + second, 600, "%ld and %ld", first, second);
        is(&reply, "assigned_to", first == 200 ? "ann" : "bob");
        cr_expect_eq(EVENTS(path, "callback_task.claimed"), 1);
    }
}

/* ---- others ---- */

static const char *const lines[] = {"GET ",         "PATCH ",        "POST /acknowledge",
                                    "POST /assign", "POST /claim",   "POST /release",
                                    "POST /snooze", "POST /unsnooze"};

/* A request of the list, and a body that it takes. */
static struct reply send_line_to(const char *key, const char *line, const char *task)
{
    const char *action = strchr(line, ' ') + 1;

    return ask(say("%.*s", (int)(action - line - 1), line), say("%s%s", task, action), key,
               *line == 'G' ? NULL
                            : say("{\"operator\":\"eve\",\"assigned_to\":\"eve\","
                                  "\"snoozed_until\":\"%s\"}",
                                  moment_in(60)),
               NULL);
}

Test(callback_tasks, of_another_tenant_do_not_exist)
{
    struct customer customer = customer_new(), other = customer_new();
    const char *path = task(&customer, "");
    struct reply reply;

    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        reply = send_line_to(other.stateset, lines[i], path);
        stateset_refused(&reply, 404, NULL);
        reply = send_line_to(customer.stateset, lines[i], NOBODYS);
        stateset_refused(&reply, 404, NULL);
        reply = send_line_to(NULL, lines[i], path);
        stateset_refused(&reply, 401, NULL);
    }
    reply = of(&other, "GET", TASKS, NULL);
    cr_expect_str_eq(reply.body, "[]");
    reply = of(&customer, "GET", path, NULL);
    is(&reply, "assigned_to", "");
    is(&reply, "status", "open");
    reply = of(&customer, "GET", TASKS "/7", NULL);
    stateset_refused(&reply, 404, NULL);
    cr_expect_eq(ask("GET", TASKS, NULL, NULL, NULL).status, 401);
    cr_expect_eq(ask("POST", TASKS, NULL, "{}", NULL).status, 401);
}

Test(callback_tasks, of_all_tenants_are_the_operators_to_see)
{
    struct customer one = customer_new(), two = customer_new();
    const char *first = task(&one, ",\"stream_sid\":\"MZ-a\""), *second = task(&two, "");
    struct reply reply = admin("GET", "/api/v1/admin/callback-tasks?limit=200", NULL);

    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect_str_eq(at(reply.json, "ok"), "true");
    cr_expect(strstr(reply.body, first + sizeof TASKS) &&
              strstr(reply.body, second + sizeof TASKS));
    reply = admin("GET",
                  say("/api/v1/admin/callback-tasks?tenant_id=%s&status=open&stream_sid=MZ-a"
                      "&disposition=callback_requested",
                      one.tenant),
                  NULL);
    is(&reply, "count", "1");
    is(&reply, "tasks.0.tenant_id", one.tenant);
    cr_assert_eq(admin("DELETE", admin_path(&two, ""), NULL).status, 200);
    reply = admin("GET", "/api/v1/admin/callback-tasks?limit=200", NULL);
    cr_expect_null(strstr(reply.body, second + sizeof TASKS), "a deleted tenant's are gone");
    reply = admin("GET", "/api/v1/admin/callback-tasks?tenant_id=nobody", NULL);
    is(&reply, "count", "0");
    cr_expect_eq(ask("GET", "/api/v1/admin/callback-tasks", one.stateset, NULL, NULL).status, 401);
}

/* ---- queues ---- */

Test(callback_tasks, have_queues_that_are_put_and_listed)
{
    struct customer customer = customer_new();
    struct reply reply = put_queue(
        &customer, "escalations",
        "{\"name\":\"Escalations\",\"priority\":10,\"sla_seconds\":900,\"default_assignee\":"
        "\"tier2@example.com\",\"dispatch_timezone\":\"America/New_York\",\"dispatch_schedule\":"
        "{\"monday\":\"09:00-17:00\"},\"dispatch_window_start_hour_utc\":14,"
        "\"dispatch_window_end_hour_utc\":22,\"metadata\":{\"a\":1}}");

    is(&reply, "queue_key", "escalations");
    is(&reply, "tenant_id", customer.tenant);
    is(&reply, "is_default", "false");
    is(&reply, "active", "true");
    is(&reply, "auto_dispatch_max_attempts", "3");
    is(&reply, "dispatch_schedule.monday", "09:00-17:00");
    put_queue(&customer, "desk", "{\"name\":\"Desk\",\"priority\":1}");
    reply = put_queue(&customer, "escalations", "{\"name\":\"Renamed\",\"priority\":10}");
    is(&reply, "sla_seconds", "");
    reply = of(&customer, "GET", "/api/v1/operator-queues", NULL);
    is(&reply, "0.queue_key", "desk");
    is(&reply, "1.name", "Renamed");
    cr_expect_not(has(reply.json, "2"));
}

Test(callback_tasks, go_to_the_default_queue_which_says_whose_they_are_and_until_when)
{
    struct customer customer = customer_new();
    struct reply reply;

    put_queue(&customer, "old", "{\"name\":\"Old\",\"is_default\":true}");
    put_queue(&customer, "new",
              "{\"name\":\"New\",\"is_default\":true,\"sla_seconds\":600,\"default_assignee\":"
              "\"ann\"}");
    reply = of(&customer, "GET", "/api/v1/operator-queues", NULL);
    is(&reply, "0.is_default", "true");
    is(&reply, "1.is_default", "false");
    reply = of(&customer, "GET", task(&customer, ""), NULL);
    is(&reply, "queue_key", "new");
    is(&reply, "assigned_to", "ann");
    cr_expect(*at(reply.json, "sla_due_at"));
    put_queue(&customer, "new", "{\"name\":\"New\",\"active\":false}");
    reply = of(&customer, "POST", TASKS, "{\"disposition\":\"resolved\",\"queue_key\":\"new\"}");
    stateset_refused(&reply, 400, NULL);
}

static const char *const bad_queues[][2] = {
    {"desk", "{}"},
    {"desk", "{\"name\":\"\"}"},
    {"desk", "{\"name\":\"D\",\"sla_seconds\":0}"},
    {"desk", "{\"name\":\"D\",\"dispatch_timezone\":\"Mars/Base\"}"},
    {"desk", "{\"name\":\"D\",\"dispatch_schedule\":[]}"},
    {"desk", "{\"name\":\"D\",\"dispatch_schedule\":{\"monday\":\"9am-5pm\"}}"},
    {"desk", "{\"name\":\"D\",\"dispatch_schedule\":{\"mondays\":\"09:00-17:00\"}}"},
    {"desk", "{\"name\":\"D\",\"dispatch_window_start_hour_utc\":4}"},
    {"desk", "{\"name\":\"D\",\"dispatch_window_start_hour_utc\":4,"
             "\"dispatch_window_end_hour_utc\":25}"},
    {"desk", "{\"name\":\"D\",\"auto_dispatch_max_attempts\":-1}"},
    {"stats", "{\"name\":\"D\"}"},
    {"unassigned", "{\"name\":\"D\"}"},
    {"a%20b", "{\"name\":\"D\"}"},
};

Test(callback_tasks, have_no_queues_that_break_a_rule)
{
    struct customer customer = customer_new();
    struct reply reply;

    for (size_t i = 0; i < COUNT_OF(bad_queues); i++) {
        reply = put_queue(&customer, bad_queues[i][0], bad_queues[i][1]);
        stateset_refused(&reply, 400, NULL);
    }
    cr_expect_eq(rows_of(&customer, "operator_queues"), 0);
    cr_expect_eq(ask("GET", "/api/v1/operator-queues", NULL, NULL, NULL).status, 401);
    cr_expect_eq(ask("GET", "/api/v1/operator-queues/stats", NULL, NULL, NULL).status, 401);
    cr_expect_eq(ask("PUT", "/api/v1/operator-queues/desk", NULL, "{}", NULL).status, 401);
}

Test(callback_tasks, are_counted_by_queue)
{
    struct customer customer = customer_new(), other = customer_new();
    struct reply reply;

    put_queue(&customer, "desk", "{\"name\":\"Desk\",\"priority\":5,\"sla_seconds\":60}");
    reply = of(&customer, "GET", "/api/v1/operator-queues/stats", NULL);
    is(&reply, "0.total_tasks", "0");
    cr_expect_not(has(reply.json, "1"));
    task(&customer, say(",\"queue_key\":\"desk\",\"sla_due_at\":\"%s\"", moment_in(-5)));
    move(&customer, task(&customer, ",\"queue_key\":\"desk\""), "claim", "{\"operator\":\"ann\"}");
    task(&customer, ",\"queue_key\":\"desk\",\"status\":\"completed\"");
    task(&customer, "");
    reply = of(&customer, "GET", "/api/v1/operator-queues/stats", NULL);
    is(&reply, "0.queue_key", "desk");
    is(&reply, "0.open_tasks", "1");
    is(&reply, "0.in_progress_tasks", "1");
    is(&reply, "0.overdue_tasks", "1");
    is(&reply, "0.unassigned_tasks", "1");
    is(&reply, "0.total_tasks", "3");
    cr_expect(*at(reply.json, "0.oldest_task_age_secs"));
    is(&reply, "1.queue_key", "unassigned");
    is(&reply, "1.open_tasks", "1");
    reply = of(&other, "GET", "/api/v1/operator-queues/stats", NULL);
    cr_expect_str_eq(reply.body, "[]");
}
