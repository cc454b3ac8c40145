/* Callback tasks and callers that go through TaskRouter. */
#include <criterion/criterion.h>

#include <string.h>

#include "core/json.h"
#include "domain/call_names.h"
#include "domain/call_setup.h"
#include "domain/call_state.h"
#include "domain/callback_state.h"
#include "domain/finalise.h"
#include "domain/human_legs.h"
#include "domain/operator_queues.h"
#include "domain/outbox.h"
#include "domain/taskrouter/link_words.h"
#include "domain/taskrouter/links.h"
#include "fake_carrier.h"
#include "routing.h"

static struct routing_world r;
static struct work *work;

static void setup(void)
{
    routing_begin(&r, false);
    work = r.work;
}

static void end(void)
{
    routing_end(&r);
}

TestSuite(taskrouter_links, .init = setup, .fini = end, .timeout = 60);

static void carry_out_but(const char *put_off)
{
    carry_out_owed(&r, put_off);
}

static void carry_out(void)
{
    carry_out_owed(&r, NULL);
}

/* ---- callback tasks ---- */

/* A callback task in an operator queue that leads to everyone. */
static struct callback_task callback_in_queue(void)
{
    struct operator_queue queue;
    struct callback_task task;

    operator_queue_begin(&queue);
    queue.queue_key = "sales";
    queue.name = "Sales";
    queue.metadata.json = arena_format(&work->arena, "{\"taskrouter\":{\"task_queue_sid\":\"%s\"}}",
                                       sid_of(&r, "WQ", r.everyone.id));
    cr_assert(operator_queue_put(work, &queue), "%s", work->error.message);
    callback_task_begin(&task);
    task.queue_key = "sales";
    task.customer_phone = "+13125550177";
    task.summary = "Wants a red bike";
    task.priority = -4;
    cr_assert(callback_task_create(work, &task), "%s", work->error.message);
    carry_out();
    cr_assert(store_get(work, &callback_task_entity, task.id, &task));
    return task;
}

static struct callback_task callback_now(uid id)
{
    struct callback_task task;

    cr_assert(store_get(work, &callback_task_entity, id, &task));
    return task;
}

Test(taskrouter_links, of_a_callback_task_are_a_task_of_the_same_urgency)
{
    struct callback_task callback = callback_in_queue();
    struct tr_task task = task_now(&r, callback.tr_task_id);
    json_object *attributes = json_parse(task.attributes.json);

    cr_expect_str_eq(task.assignment_status, "pending");
    cr_expect_str_eq(task.queue_name, "Everyone");
    cr_expect_eq(task.priority, 4);
    cr_expect_str_eq(json_text(attributes, "phone"), "+13125550177");
    cr_expect_str_eq(json_text(attributes, "reason"), "callback_requested");
    cr_expect_str_eq(json_text(attributes, "summary"), "Wants a red bike");
    json_object_put(attributes);
}

Test(taskrouter_links, of_a_callback_task_claim_and_complete_it)
{
    struct callback_task callback = callback_in_queue();
    uid reservation;

    worker_in(&r, r.available, "Ann", NULL);
    reservation = pending_of(&r, callback.tr_task_id).id;
    cr_assert(decide(&r, reservation, "accepted"), "%s", work->error.message);
    carry_out();
    callback = callback_now(callback.id);
    cr_expect_str_eq(callback.status, "in_progress");
    cr_expect_str_eq(callback.assigned_to, "Ann");
    cr_assert(decide(&r, reservation, "completed"));
    carry_out();
    cr_expect_str_eq(callback_now(callback.id).status, "completed");
}

Test(taskrouter_links, of_a_callback_task_begin_when_it_is_moved_to_such_a_queue)
{
    struct callback_task later, after;
    struct task_order order = {.move = TASK_CHANGE, .wanted = {.queue_key = "sales"}};

    callback_in_queue();
    callback_task_begin(&later);
    cr_assert(callback_task_create(work, &later), "%s", work->error.message);
    carry_out();
    cr_expect(uid_is_none(callback_now(later.id).tr_task_id));
    order.task = later.id;
    order.given =
        columns_add(NO_COLUMNS, &callback_task_entity, offsetof(struct callback_task, queue_key));
    cr_assert(callback_task_move(work, &order, &after), "%s", work->error.message);
    carry_out();
    cr_expect_str_eq(task_now(&r, callback_now(later.id).tr_task_id).assignment_status, "pending");
}

Test(taskrouter_links, of_a_callback_task_end_when_an_operator_takes_it)
{
    struct callback_task callback = callback_in_queue(), after;
    struct task_order order = {
        .move = TASK_CHANGE, .task = callback.id, .wanted = {.status = "completed"}};

    order.given =
        columns_add(NO_COLUMNS, &callback_task_entity, offsetof(struct callback_task, status));
    cr_assert(callback_task_move(work, &order, &after), "%s", work->error.message);
    carry_out();
    cr_expect_str_eq(task_now(&r, callback.tr_task_id).assignment_status, "canceled");
}

Test(taskrouter_links, of_a_claimed_callback_task_leave_it_to_who_was_faster)
{
    struct callback_task callback = callback_in_queue(), after;
    const struct task_order claim = {
        .move = TASK_CLAIM, .task = callback.id, .operator_name = "zoe"};

    worker_in(&r, r.available, "Ann", NULL);
    cr_assert(callback_task_move(work, &claim, &after));
    cr_assert(decide(&r, pending_of(&r, callback.tr_task_id).id, "accepted"));
    carry_out();
    cr_expect_str_eq(callback_now(callback.id).assigned_to, "zoe");
    cr_expect_str_eq(callback_now(callback.id).status, "in_progress");
    cr_expect_str_eq(task_now(&r, callback.tr_task_id).assignment_status, "completed");
}

Test(taskrouter_links, of_a_claimed_callback_task_leave_it_to_who_was_faster_than_a_quick_worker)
{
    struct callback_task callback = callback_in_queue(), after;
    const struct task_order claim = {
        .move = TASK_CLAIM, .task = callback.id, .operator_name = "zoe"};
    uid reservation;

    worker_in(&r, r.available, "Ann", NULL);
    reservation = pending_of(&r, callback.tr_task_id).id;
    cr_assert(callback_task_move(work, &claim, &after));
    cr_assert(decide(&r, reservation, "accepted"));
    cr_assert(decide(&r, reservation, "completed"));
    carry_out();
    cr_expect_str_eq(callback_now(callback.id).status, "in_progress");
}

Test(taskrouter_links, of_a_claimed_callback_task_do_not_release_it_when_a_waiting_one_is_deleted)
{
    struct callback_task callback = callback_in_queue(), after;
    const struct task_order claim = {
        .move = TASK_CLAIM, .task = callback.id, .operator_name = "zoe"};

    cr_assert(callback_task_move(work, &claim, &after));
    cr_assert(tr_task_delete(work, r.workspace.id, callback.tr_task_id, NO_INTEGER), "%s",
              work->error.message);
    carry_out();
    cr_expect_str_eq(callback_now(callback.id).status, "in_progress");
    cr_expect_str_eq(callback_now(callback.id).assigned_to, "zoe");
}

/* Ann accepts, and her acceptance is put off. */
static uid accepted_and_put_off(const struct callback_task *callback)
{
    uid reservation;

    worker_in(&r, r.available, "Ann", NULL);
    reservation = pending_of(&r, callback->tr_task_id).id;
    cr_assert(decide(&r, reservation, "accepted"));
    carry_out_but(LINK_ACCEPTED);
    cr_expect_str_eq(callback_now(callback->id).status, "open");
    return reservation;
}

static void claim_as_zoe(const struct callback_task *callback)
{
    const struct task_order claim = {
        .move = TASK_CLAIM, .task = callback->id, .operator_name = "zoe"};
    struct callback_task after;

    cr_assert(callback_task_move(work, &claim, &after));
}

Test(taskrouter_links, of_a_callback_task_complete_it_before_the_acceptance_was_carried_out)
{
    struct callback_task callback = callback_in_queue();

    cr_assert(decide(&r, accepted_and_put_off(&callback), "completed"));
    carry_out_but(LINK_ACCEPTED);
    cr_expect_str_eq(callback_now(callback.id).status, "completed");
    cr_expect_str_eq(callback_now(callback.id).assigned_to, "Ann");
    carry_out();
    cr_expect_str_eq(callback_now(callback.id).status, "completed");
}

/* As before they said themselves whose callback task it is. */
static void forget_who_in_errands(void)
{
    static const char sql[] =
        "UPDATE outbox SET payload = JSON_REMOVE(payload, '$.callback', '$.who')"
        " WHERE tenant_id = ? AND event_type = '" LINK_OVER "'";
    const struct param params[] = {PARAM(work->tenant)};
    uint64_t changed;

    cr_assert(db_execute(work, sql, params, COUNT(params), &changed), "%s", work->error.message);
    cr_assert_eq(changed, 1);
}

Test(taskrouter_links, of_a_callback_task_complete_it_by_errands_of_the_release_before)
{
    struct callback_task callback = callback_in_queue();
    uid reservation;

    worker_in(&r, r.available, "Ann", NULL);
    reservation = pending_of(&r, callback.tr_task_id).id;
    cr_assert(decide(&r, reservation, "accepted"));
    carry_out();
    cr_assert(decide(&r, reservation, "completed"));
    forget_who_in_errands();
    carry_out();
    cr_expect_str_eq(callback_now(callback.id).status, "completed");
}

Test(taskrouter_links, of_a_claimed_callback_task_leave_it_alone_while_the_acceptance_is_put_off)
{
    struct callback_task callback = callback_in_queue();
    uid reservation = accepted_and_put_off(&callback);

    claim_as_zoe(&callback);
    cr_assert(decide(&r, reservation, "completed"));
    carry_out_but(LINK_ACCEPTED);
    cr_expect_str_eq(callback_now(callback.id).status, "in_progress");
    cr_expect_str_eq(callback_now(callback.id).assigned_to, "zoe");
    carry_out();
    cr_expect_str_eq(callback_now(callback.id).status, "in_progress");
}

Test(taskrouter_links, of_a_deleted_workspace_release_what_was_claimed)
{
    struct callback_task callback = callback_in_queue();

    worker_in(&r, r.available, "Ann", NULL);
    cr_assert(decide(&r, pending_of(&r, callback.tr_task_id).id, "accepted"));
    carry_out();
    cr_expect_str_eq(callback_now(callback.id).status, "in_progress");
    cr_assert(tr_workspace_delete(work, r.workspace.id, NO_INTEGER), "%s", work->error.message);
    carry_out();
    cr_expect_str_eq(callback_now(callback.id).status, "open");
    cr_expect_null(callback_now(callback.id).assigned_to);
}

Test(taskrouter_links, of_a_deleted_workspace_leave_what_somebody_else_claimed)
{
    struct callback_task callback = callback_in_queue();

    accepted_and_put_off(&callback);
    claim_as_zoe(&callback);
    cr_assert(tr_workspace_delete(work, r.workspace.id, NO_INTEGER), "%s", work->error.message);
    carry_out();
    cr_expect_str_eq(callback_now(callback.id).status, "in_progress");
    cr_expect_str_eq(callback_now(callback.id).assigned_to, "zoe");
}

Test(taskrouter_links, of_an_operator_queue_must_lead_to_a_queue_of_the_tenant)
{
    struct operator_queue queue;

    operator_queue_begin(&queue);
    queue.queue_key = "sales";
    queue.name = "Sales";
    queue.metadata.json = "{\"taskrouter\":{\"task_queue_sid\":"
                          "\"WQ0123456789abcdef0123456789abcdef\"}}";
    cr_expect_not(operator_queue_put(work, &queue));
    cr_expect_str_eq(work->error.field, "metadata");
}

/* ---- the telephone ---- */

Test(taskrouter_links, of_a_reservation_follow_every_call_it_is_instructed_to_make)
{
    static const char owed[] = "SELECT COUNT(*) FROM outbox WHERE tenant_id = ?"
                               " AND topic = 'taskrouter' AND event_type = 'instruction'";
    struct tr_instruction call = {.kind = TR_CALL,
                                  .from = "+13125550100",
                                  .to = "+13125550155",
                                  .url = "https://example.com/twiml",
                                  .timeout_seconds = NO_INTEGER};
    struct tr_reservation_order order = {
        .place = {.workspace = r.workspace.id}, .instruction = &call, .if_rev = NO_INTEGER};
    struct tr_reservation after;
    struct tr_task task;

    worker_in(&r, r.available, "Ann", NULL);
    task = task_of(&r, NO_UID, NULL);
    order.id = pending_of(&r, task.id).id;
    cr_assert(tr_reservation_update(work, &order, &after), "%s", work->error.message);
    call.to = "+13125550156";
    cr_assert(tr_reservation_update(work, &order, &after), "%s", work->error.message);
    cr_expect_eq(tenant_number(&r.world, owed), 2);
}

/* ---- callers ---- */

static struct fake_carrier carrier;
static struct incoming in;
static struct handoff handoff;

static void carrier_takes(void)
{
    const char *json = arena_format(&work->arena,
                                    "{\"sid\":\"%s\",\"status\":\"queued\",\"direction\":"
                                    "\"outbound-api\",\"from\":\"+1\",\"to\":\"+1\","
                                    "\"duration\":null,\"price\":null,\"start_time\":null,"
                                    "\"end_time\":null}",
                                    new_sid(&r.world, "CA"));

    carrier.canned = arena_format(&work->arena,
                                  "HTTP/1.1 201 X\r\nContent-Type: application/json\r\n"
                                  "Content-Length: %zu\r\nConnection: close\r\n\r\n%s",
                                  strlen(json), json);
}

/* A caller whom the agent passed on to TaskRouter. */
static uid caller_waits(void)
{
    const struct session_end transferred = {.result = "transferred",
                                            .at = NO_INSTANT,
                                            .duration_ms = NO_INTEGER,
                                            .model_segments = NO_INTEGER};
    struct call_plan plan = {0};
    bool begun;

    fake_carrier_start(&carrier);
    r.world.config.rehearsal_api_base_url = carrier.base_url;
    r.world.config.allow_private_urls = "yes";
    carrier_takes();
    in = call_in(&r.world);
    claim_stream(&r.world, &in);
    handoff = (struct handoff){
        .call_id = in.call.id,
        .mode = "cold",
        .initiated_by = "ai",
        .target = arena_format(&work->arena, "taskrouter:%s", sid_of(&r, "WW", r.workflow.id)),
        .reason = "Wants a human"};
    cr_assert(handoff_request(work, &handoff), "%s", work->error.message);
    cr_assert(session_end(work, in.session.id, &transferred, NULL));
    cr_assert(handoff_gather(work, &in.call, &in.session, &handoff, &plan, &begun), "%s",
              work->error.message);
    cr_expect(begun);
    cr_expect_eq(plan.kind, PLAN_CONFERENCE, "the caller waits");
    cr_assert(handoff_gather(work, &in.call, &in.session, &handoff, &plan, &begun));
    return handoff.id;
}

static struct handoff handoff_now(void)
{
    struct handoff row;

    cr_assert(store_get(work, &handoff_entity, handoff.id, &row));
    return row;
}

static void leg_ends(uid leg, const char *state)
{
    struct call_news news = NO_NEWS;
    struct call known;

    news.state = state;
    cr_assert(call_apply(work, leg, &news, NULL), "%s", work->error.message);
    cr_assert(call_get(work, leg, &known));
    cr_assert(human_leg_ended(work, &known), "%s", work->error.message);
}

Test(taskrouter_links, of_a_caller_call_the_worker_who_accepts)
{
    uid task = caller_waits();
    struct call_plan plan = {0};
    struct token token;
    struct call leg;

    cr_expect(uid_equal(task_now(&r, task).call_id, in.call.id));
    cr_expect_str_eq(task_now(&r, task).channel, "voice");
    worker_in(&r, r.available, "Ann", "{\"contact_uri\":\"+13125550155\"}");
    cr_assert(decide(&r, pending_of(&r, task).id, "accepted"));
    carry_out();
    handoff = handoff_now();
    cr_expect_str_eq(handoff.state, "dialing");
    cr_expect_str_eq(handoff.operator, "Ann");
    cr_assert(call_get(work, handoff.human_call_id, &leg));
    cr_expect_str_eq(leg.to_addr, "+13125550155");
    token = (struct token){.tenant_id = work->tenant, .call = leg.id};
    cr_assert(human_answered(work, &token, &(struct human_facts){.digits = NULL}, &plan));
    cr_expect_eq(plan.kind, PLAN_CONFERENCE, "they talk");
    leg_ends(leg.id, "completed");
    carry_out();
    cr_expect_str_eq(handoff_now().state, "completed");
    cr_expect_str_eq(task_now(&r, task).assignment_status, "wrapping");
    fake_carrier_stop(&carrier);
}

/* Another number of the tenant's. */
static const char *second_number(void)
{
    struct phone_number number = r.world.number;

    number.id = uid_new();
    number.e164 = new_number(&r.world);
    number.seq++;
    cr_assert(store_insert(work, &phone_number_entity, &number, columns_all(&phone_number_entity)),
              "%s", work->error.message);
    return number.e164;
}

static bool instruct(uid reservation, const struct tr_instruction *instruction)
{
    const struct tr_reservation_order order = {.place = {.workspace = r.workspace.id},
                                               .id = reservation,
                                               .instruction = instruction,
                                               .if_rev = NO_INTEGER};
    struct tr_reservation after;

    return tr_reservation_update(work, &order, &after);
}

Test(taskrouter_links, of_a_caller_call_the_worker_as_the_instruction_says)
{
    uid task = caller_waits();
    struct tr_instruction wanted = {
        .kind = TR_DEQUEUE, .from = "+13125550100", .timeout_seconds = 41, .record = true};
    struct call leg;

    worker_in(&r, r.available, "Ann", "{\"contact_uri\":\"+13125550155\"}");
    cr_expect_not(instruct(pending_of(&r, task).id, &wanted), "that number is not the tenant's");
    cr_expect_eq(work->error.what, INVALID);
    wanted.from = second_number();
    cr_assert(instruct(pending_of(&r, task).id, &wanted), "%s", work->error.message);
    carry_out();
    cr_assert(call_get(work, handoff_now().human_call_id, &leg));
    cr_expect_str_eq(leg.from_addr, wanted.from);
    cr_expect_not_null(strstr(carrier.request, "&Timeout=41&"), "%s", carrier.request);
    cr_expect_not_null(strstr(carrier.request, "&Record=true&"), "%s", carrier.request);
    cr_expect_not_null(strstr(carrier.request, wanted.from + 1), "%s", carrier.request);
    fake_carrier_stop(&carrier);
}

Test(taskrouter_links, of_a_caller_let_the_worker_ring_a_minute_when_an_instruction_says_nothing)
{
    uid task = caller_waits();
    const struct tr_instruction wanted = {.kind = TR_CONFERENCE, .timeout_seconds = NO_INTEGER};

    worker_in(&r, r.available, "Ann", "{\"contact_uri\":\"+13125550155\"}");
    cr_assert(instruct(pending_of(&r, task).id, &wanted), "%s", work->error.message);
    carry_out();
    cr_expect_not_null(strstr(carrier.request, "&Timeout=60"), "%s", carrier.request);
    cr_expect_null(strstr(carrier.request, "&Record="), "%s", carrier.request);
    fake_carrier_stop(&carrier);
}

Test(taskrouter_links, of_a_caller_end_when_its_call_is_finalised_first)
{
    uid task = caller_waits();

    end_by_carrier(&r.world, in.call.id, 20);
    cr_assert(call_finalise(work, in.call.id, NULL), "%s", work->error.message);
    carry_out();
    cr_expect_str_eq(task_now(&r, task).assignment_status, "canceled");
    cr_expect_str_eq(task_now(&r, task).reason, "hangup");
    fake_carrier_stop(&carrier);
}

Test(taskrouter_links, of_a_caller_who_hangs_up_end)
{
    uid task = caller_waits();
    struct call call;

    end_by_carrier(&r.world, in.call.id, 20);
    cr_assert(call_get(work, in.call.id, &call));
    cr_assert(human_leg_cancel(work, &call), "%s", work->error.message);
    carry_out();
    cr_expect_str_eq(task_now(&r, task).assignment_status, "canceled");
    cr_expect_str_eq(handoff_now().state, "canceled");
    fake_carrier_stop(&carrier);
}

Test(taskrouter_links, of_a_caller_for_whom_nobody_is_found_bring_the_agent_back)
{
    uid task = caller_waits();

    cr_assert(end_task_as(&r, task, "canceled", "Task TTL Exceeded"));
    carry_out();
    cr_expect_str_eq(handoff_now().state, "no_answer");
    cr_expect_eq(tenant_number(&r.world, "SELECT COUNT(*) FROM callback_tasks WHERE tenant_id = ?"),
                 1, "somebody is to call back");
    fake_carrier_stop(&carrier);
}

Test(taskrouter_links, of_a_caller_whom_the_worker_drops_undialled_bring_the_agent_back)
{
    uid task = caller_waits(), reservation;

    worker_in(&r, r.available, "Ann", "{\"contact_uri\":\"+13125550155\"}");
    reservation = pending_of(&r, task).id;
    cr_assert(decide(&r, reservation, "accepted"));
    cr_assert(decide(&r, reservation, "completed"));
    carry_out();
    cr_expect_str_eq(handoff_now().state, "no_answer");
    fake_carrier_stop(&carrier);
}

Test(taskrouter_links, of_a_caller_bring_the_agent_back_when_the_workspace_is_deleted)
{
    uid task = caller_waits();

    worker_in(&r, r.available, "Ann", "{\"contact_uri\":\"+13125550155\"}");
    cr_assert(decide(&r, pending_of(&r, task).id, "accepted"));
    cr_assert(tr_workspace_delete(work, r.workspace.id, NO_INTEGER), "%s", work->error.message);
    carry_out();
    cr_expect_str_eq(handoff_now().state, "no_answer");
    fake_carrier_stop(&carrier);
}

Test(taskrouter_links, of_a_worker_without_a_number_bring_the_agent_back)
{
    uid task = caller_waits();

    worker_in(&r, r.available, "Ann", NULL);
    cr_assert(decide(&r, pending_of(&r, task).id, "accepted"));
    carry_out();
    cr_expect_str_eq(handoff_now().state, "failed");
    cr_expect_str_eq(task_now(&r, task).assignment_status, "completed");
    fake_carrier_stop(&carrier);
}

Test(taskrouter_links, of_a_live_call_are_told_by_its_sid)
{
    struct incoming call = call_in(&r.world);
    struct tr_task task = task_of(
        &r, NO_UID, arena_format(&work->arena, "{\"call_sid\":\"%s\"}", call.call.call_sid));

    cr_expect(uid_equal(task.call_id, call.call.id));
    task = task_of(&r, NO_UID, "{\"call_sid\":\"CA0123456789abcdef0123456789abcdef\"}");
    cr_expect(uid_is_none(task.call_id));
}
