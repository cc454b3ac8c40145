/*
 * What the built-in tools do with the store: callers passed on, messages queued, tasks noted, hours
 * told.  Each test is one caller of a tenant of its own.
 */
#include <criterion/criterion.h>

#include <string.h>

#include "core/json.h"
#include "domain/functions.h"
#include "domain/handoffs.h"
#include "domain/sms_orders.h"
#include "domain/suppressions.h"
#include "domain/turns.h"
#include "stream/tools/errands.h"
#include "stream/tools/toolbox.h"
#include "world.h"

static struct world world;
static struct incoming incoming;
static struct toolbox *box;
static struct text result;
static uid id;

static void begin(void)
{
    world_begin(&world, NULL, false);
    incoming = call_in(&world);
    id = uid_new();
}

static void end(void)
{
    toolbox_release(box);
    world_end(&world);
}

TestSuite(errands, .init = begin, .fini = end);

static void agent_is(const char *config)
{
    struct agent_version version = world.version;

    version.config.json = config;
    toolbox_release(box);
    box = toolbox_new(&version, &incoming.call);
}

static bool run(bool (*errand)(struct work *, const struct errand *, struct text *),
                const char *arguments)
{
    struct errand with = {.box = box, .arguments = json_parse(arguments), .id = id};
    bool ok;

    result = (struct text){.arena = &world.work.arena};
    cr_assert_not_null(with.arguments, "%s", arguments);
    ok = errand(&world.work, &with, &result);
    json_object_put(with.arguments);
    return ok;
}

static void expect_handoff_to(const char *target)
{
    struct handoff handoff;

    cr_assert(handoff_open(&world.work, incoming.call.id, &handoff), "%s",
              world.work.error.message);
    cr_expect_str_eq(handoff.target, target);
    cr_expect_str_eq(handoff.initiated_by, "ai");
    cr_expect_str_eq(handoff.mode, "cold");
}

/* ---- passing on ---- */

#define DEPARTMENTS                                                                                \
    "{\"transfer_settings\":{\"default_number\":\"+13125550100\",\"departments\":{\"Sales\":"      \
    "\"+13125550101\",\"Support\":{\"number\":\"+13125550102\"}}}}"
#define LISTED                                                                                     \
    "{\"transferSettings\":{\"destinations\":[{\"name\":\"Sales\",\"phoneNumber\":"                \
    "\"+13125550101\"}]}}"

Test(errands, pass_on_to_a_department_by_its_name)
{
    agent_is(DEPARTMENTS);
    cr_assert(run(errand_transfer, "{\"target\":\"support\",\"reason\":\"asked\"}"), "%s",
              world.work.error.message);
    cr_expect_str_eq(result.at, "{\"status\":\"transferring\"}");
    expect_handoff_to("+13125550102");
    cr_assert(run(errand_transfer, "{\"target\":\"sales\"}"));
    expect_handoff_to("+13125550102");
    cr_expect_eq(tenant_number(&world, "SELECT COUNT(*) FROM handoffs WHERE tenant_id = ?"), 1,
                 "a caller is passed on once");
}

Test(errands, pass_on_to_whoever_is_usual)
{
    agent_is(DEPARTMENTS);
    cr_assert(run(errand_transfer, "{\"target\":\"human\"}"));
    expect_handoff_to("+13125550100");
}

Test(errands, pass_on_to_the_only_one_there_is)
{
    agent_is(LISTED);
    cr_assert(run(errand_transfer, "{}"));
    expect_handoff_to("+13125550101");
}

Test(errands, pass_on_to_nobody_else_when_somebody_is_named)
{
    agent_is(DEPARTMENTS);
    cr_expect_not(run(errand_transfer, "{\"target\":\"+13125550199\"}"));
    cr_expect_eq(world.work.error.what, FORBIDDEN);
    cr_expect_not(run(errand_transfer, "{\"target\":\"Legal\"}"));
    cr_expect_eq(world.work.error.what, NOT_FOUND);
    cr_expect(run(errand_transfer, "{\"target\":\"+13125550101\"}"), "which is a department's");
}

Test(errands, pass_on_to_a_number_when_nothing_is_named)
{
    agent_is("{}");
    cr_expect_not(run(errand_transfer, "{}"), "nobody is there");
    cr_expect_eq(world.work.error.what, NOT_FOUND);
    cr_assert(run(errand_transfer, "{\"target\":\"+1 312 555 0199\"}"), "%s",
              world.work.error.message);
    expect_handoff_to("+13125550199");
}

Test(errands, do_not_pass_the_gate_by)
{
    agent_is("{}");
    cr_expect_not(run(errand_transfer, "{\"target\":\"+19005550199\"}"), "premium");
    cr_expect_eq(world.work.error.what, FORBIDDEN);
    cr_expect_not(run(errand_transfer, "{\"target\":\"+4915155550199\"}"), "another country");
    cr_expect_eq(world.work.error.what, FORBIDDEN);
    cr_expect_eq(tenant_number(&world, "SELECT COUNT(*) FROM handoffs WHERE tenant_id = ?"), 0);
}

/* ---- escalating ---- */

static int64_t tasks(void)
{
    return tenant_number(&world, "SELECT COUNT(*) FROM callback_tasks WHERE tenant_id = ?"
                                 " AND disposition = 'human_follow_up_required'");
}

Test(errands, escalate_to_a_human_who_is_there)
{
    agent_is(DEPARTMENTS);
    cr_assert(run(errand_escalate, "{\"reason\":\"angry\"}"), "%s", world.work.error.message);
    expect_handoff_to("+13125550100");
    cr_expect_eq(tasks(), 0);
}

Test(errands, escalate_to_a_task_when_nobody_is_there)
{
    agent_is("{}");
    cr_assert(run(errand_escalate, "{\"reason\":\"angry\"}"), "%s", world.work.error.message);
    cr_expect(strstr(result.at, "callback_task_created"));
    cr_expect_eq(tasks(), 1);
}

Test(errands, escalate_to_a_task_when_it_is_closed_or_the_gate_refuses)
{
    agent_is("{\"business_hours\":{},\"transfer_settings\":{\"number\":\"+13125550100\"}}");
    cr_assert(run(errand_escalate, "{}"));
    cr_expect_eq(tasks(), 1);
    agent_is("{\"transfer_settings\":{\"number\":\"+19005550100\"}}");
    id = uid_new();
    cr_assert(run(errand_escalate, "{}"));
    cr_expect_eq(tasks(), 2);
}

/* ---- tasks ---- */

Test(errands, note_a_callback_once_with_what_the_queue_says)
{
    static const char sql[] =
        "INSERT INTO operator_queues (tenant_id, id, queue_key, name, is_default, active, priority,"
        " default_assignee, sla_seconds, dispatch_schedule, metadata, created_at, updated_at, rev)"
        " VALUES (?, ?, 'front', 'Front', 1, 1, 0, 'ann', 600, '{}', '{}', ?, ?, 1)";
    uid queue = uid_new();
    instant now = clock_now();
    const struct param params[] = {PARAM(world.work.tenant), PARAM(queue), PARAM(now), PARAM(now)};

    cr_assert(db_execute(&world.work, sql, params, COUNT(params), NULL), "%s",
              world.work.error.message);
    agent_is("{}");
    cr_assert(run(errand_callback, "{\"summary\":\"an invoice\",\"phone\":\"312 555 0111\","
                                   "\"due_at\":\"2026-12-01T10:00:00Z\"}"),
              "%s", world.work.error.message);
    cr_assert(run(errand_callback, "{\"summary\":\"an invoice\"}"), "the same run again");
    cr_expect_eq(tenant_number(&world,
                               "SELECT COUNT(*) FROM callback_tasks WHERE tenant_id = ?"
                               " AND customer_phone = '+13125550111' AND summary = 'an invoice'"
                               " AND queue_key = 'front' AND assigned_to = 'ann'"
                               " AND due_at = '2026-12-01 10:00:00' AND status = 'open'"
                               " AND TIMESTAMPDIFF(SECOND, created_at, sla_due_at) = 600"),
                 1);
    cr_expect_eq(tenant_number(&world, "SELECT COUNT(*) FROM callback_tasks WHERE tenant_id = ?"),
                 1);
}

Test(errands, say_what_is_wrong_with_a_callback)
{
    agent_is("{}");
    cr_expect_not(run(errand_callback, "{\"summary\":\"x\",\"queue_key\":\"nowhere\"}"));
    cr_expect(strstr(world.work.error.message, "no such queue"), "%s", world.work.error.message);
    cr_expect_not(run(errand_callback, "{\"summary\":\"x\",\"phone\":\"my cell\"}"));
    cr_expect_not(run(errand_callback, "{\"summary\":\"x\",\"due_at\":\"tomorrow\"}"));
    cr_expect_eq(tenant_number(&world, "SELECT COUNT(*) FROM callback_tasks WHERE tenant_id = ?"),
                 0);
}

/* ---- text messages ---- */

Test(errands, queue_one_message_however_often_they_are_run)
{
    agent_is("{}");
    cr_assert(run(errand_sms, "{\"body\":\"We open at nine.\"}"), "%s", world.work.error.message);
    cr_assert(run(errand_sms, "{\"body\":\"We open at nine.\"}"));
    cr_expect_eq(
        tenant_number(&world, "SELECT COUNT(*) FROM sms_messages AS m JOIN sms_conversations AS c"
                              " ON c.tenant_id = m.tenant_id AND c.id = m.conversation_id"
                              " WHERE m.tenant_id = ? AND m.origin = 'tool' AND m.status = 'queued'"
                              " AND m.call_id IS NOT NULL AND c.message_count = 1"
                              " AND m.to_number = c.contact_number"),
        1);
    cr_expect_eq(tenant_number(&world, "SELECT COUNT(*) FROM outbox WHERE tenant_id = ?"
                                       " AND topic = 'sms'"),
                 1);
}

Test(errands, text_nobody_who_does_not_want_it)
{
    const struct suppression stop = {.channel = "sms",
                                     .address = incoming.call.from_addr,
                                     .our_address = "",
                                     .source = "keyword",
                                     .keyword = "STOP"};

    agent_is("{}");
    cr_assert(suppression_put(&world.work, &stop));
    cr_expect_not(run(errand_sms, "{\"body\":\"hi\"}"));
    cr_expect_eq(world.work.error.what, FORBIDDEN);
    cr_expect_eq(tenant_number(&world, "SELECT COUNT(*) FROM sms_messages WHERE tenant_id = ?"), 0);
}

Test(errands, count_the_messages_that_a_text_becomes)
{
    char text[400];

    memset(text, 'a', sizeof text);
    text[160] = '\0';
    cr_expect_eq(sms_segments(text), 1);
    text[160] = 'a', text[161] = '\0';
    cr_expect_eq(sms_segments(text), 2);
    cr_expect_eq(sms_segments("\u00fcber"), 1);
    memcpy(text, "\u00fc", 2);
    text[71] = '\0';
    cr_expect_eq(sms_segments(text), 1, "70 characters");
    text[71] = 'a', text[72] = '\0';
    cr_expect_eq(sms_segments(text), 2);
}

/* ---- hours ---- */

Test(errands, tell_the_hours_of_the_agent_in_its_own_time)
{
    clock_set((instant){1795446000000}); /* 2026-11-23T15:00:00Z, a Monday */
    agent_is("{\"timezone\":\"Europe/Berlin\",\"business_hours\":{\"mon\":\"09:00-17:00\"}}");
    cr_assert(run(errand_hours, "{}"), "%s", world.work.error.message);
    cr_expect_str_eq(result.at, "{\"open\":true,\"timezone\":\"Europe/Berlin\","
                                "\"now\":\"2026-11-23T16:00:00+01:00\","
                                "\"next_change\":\"2026-11-23T17:00:00+01:00\"}");
    clock_release();
}

Test(errands, say_that_nobody_set_hours)
{
    agent_is("{}");
    cr_expect_not(run(errand_hours, "{}"));
    cr_expect_eq(world.work.error.what, NOT_FOUND);
}

/* ---- who else is called ---- */

#define WARM(members) "{\"transfer_settings\":{\"mode\":\"warm\"," members "}}"

static void expect_others(const char *config, const char *wanted, const char *target,
                          const char *others)
{
    struct handoff handoff;

    agent_is(config);
    cr_assert(run(errand_transfer, arena_format(&world.work.arena, "{\"target\":\"%s\"}", wanted)),
              "%s", world.work.error.message);
    cr_assert(handoff_open(&world.work, incoming.call.id, &handoff));
    cr_expect_str_eq(handoff.mode, "warm");
    cr_expect_str_eq(handoff.target, target);
    cr_expect_str_eq(handoff.next_targets ? handoff.next_targets : "", others);
}

Test(errands, name_the_other_numbers_of_a_destination)
{
    expect_others(
        WARM("\"departments\":{\"Sales\":{\"numbers\":[\"+13125550101\",\"+13125550102\"]},"
             "\"Support\":\"+13125550103\"},\"fallback_numbers\":[\"+13125550104\"]"),
        "sales", "+13125550101", "+13125550102,+13125550104");
}

Test(errands, name_every_destination_when_anybody_will_do)
{
    expect_others(
        WARM("\"destinations\":[{\"name\":\"Ann\",\"number\":\"+13125550101\"},{\"name\":"
             "\"Bob\",\"number\":\"+13125550102\"},{\"name\":\"no one\",\"number\":\"x\"}]"),
        "human", "+13125550101", "+13125550102");
}

Test(errands, name_nobody_else_when_there_is_one_number)
{
    expect_others(WARM("\"default_number\":\"+13125550101\""), "human", "+13125550101", "");
}

/* ---- the program's functions ---- */

static bool run_function(const char *name, const char *arguments)
{
    struct errand with = {
        .box = box,
        .arguments = json_parse(arguments),
        .id = id,
        .function = function_named(name),
        .session = incoming.session.id,
        .via = "realtime",
    };
    bool ok;

    result = (struct text){.arena = &world.work.arena};
    cr_assert_not_null(with.function, "%s", name);
    ok = errand_function(&world.work, &with, &result);
    json_object_put(with.arguments);
    return ok;
}

Test(errands, ask_the_programs_functions_about_the_very_call)
{
    struct turn turn = {.tenant_id = world.tenant.id,
                        .session_id = incoming.session.id,
                        .call_id = incoming.call.id,
                        .seq = 1,
                        .role = "user",
                        .text = "I want to talk to a real person.",
                        .occurred_at = clock_now(),
                        .start_ms = 0,
                        .end_ms = 900,
                        .heard_ms = NO_INTEGER,
                        .confidence = 1,
                        .llm_first_token_ms = NO_INTEGER,
                        .e2e_first_audio_ms = NO_INTEGER};

    agent_is("{}");
    cr_assert(turns_put(&world.work, &turn, 1), "%s", world.work.error.message);
    cr_assert(run_function("evaluate_escalation_need", "{}"), "%s", world.work.error.message);
    cr_expect(strstr(result.at, "\"should_escalate\":true"), "%s", result.at);
    cr_expect(strstr(result.at, "explicit_request"), "%s", result.at);
}

Test(errands, let_functions_judge_the_session_that_is_talked_in)
{
    char session[37];

    agent_is("{}");
    cr_assert(run_function("record_voice_session_eval", "{\"score\":0.75}"), "%s",
              world.work.error.message);
    uid_write_uuid(incoming.session.id, session);
    cr_expect(strstr(result.at, session), "%s", result.at);
    cr_expect(strstr(result.at, "0.75"), "%s", result.at);
}
