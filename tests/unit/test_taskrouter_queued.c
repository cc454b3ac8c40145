/* Callers who wait in a queue of the carrier's for a worker of TaskRouter's. */
#include <criterion/criterion.h>

#include <malloc.h>
#include <string.h>

#include "core/json.h"
#include "core/text.h"
#include "domain/callbacks.h"
#include "domain/customer_hooks.h"
#include "domain/finalise.h"
#include "domain/taskrouter/queued_calls.h"
#include "fake_carrier.h"
#include "remote/twilio.h"
#include "routing.h"

static struct routing_world r;
static struct work *work;
static struct incoming in;

static void setup(void)
{
    routing_begin(&r, false);
    work = r.work;
    in = call_in(&r.world);
}

static void end(void)
{
    routing_end(&r);
}

TestSuite(taskrouter_queued, .init = setup, .fini = end, .timeout = 60);

/* ---- words ---- */

/* What the carrier is told to ask while somebody waits for a worker of everyone's. */
static struct customer_hook hook_of(const char *attributes, const char *wait_url)
{
    struct customer_hook hook = {.kind = "enqueue", .method = "POST", .url = wait_url};
    const struct tr_enqueue wanted = {.workflow_sid = sid_of(&r, "WW", r.workflow.id),
                                      .attributes = attributes,
                                      .priority = "7",
                                      .timeout = "900"};

    cr_assert(tr_enqueue_write(work, &wanted, &hook.document), "%s", work->error.message);
    return hook;
}

/* What the caller hears who is in the queue for so long (NULL: not said); NULL: what the customer
 * says. */
static const char *heard(const struct customer_hook *hook, const char *queue_seconds)
{
    const struct twilio_field fields[] = {
        {"CallSid", in.call.call_sid}, {"From", in.call.from_addr},
        {"To", in.call.to_addr},       {"Direction", "inbound"},
        {"FromCountry", "US"},         {"QueueTime", queue_seconds ? queue_seconds : ""},
    };
    const struct form form = {fields, COUNT(fields)};
    const char *twiml;

    cr_assert(tr_caller_waits(work, hook, &in.call, &form, &twiml), "%s", work->error.message);
    return twiml;
}

static int64_t tasks(void)
{
    return tenant_number(&r.world, "SELECT COUNT(*) FROM tr_tasks WHERE tenant_id = ?");
}

/* The newest task. */
static struct tr_task task(void)
{
    const char *sql = arena_format(&work->arena,
                                   "SELECT %s FROM tr_tasks WHERE tenant_id = ?"
                                   " ORDER BY id DESC LIMIT 1",
                                   store_names(work, &tr_task_entity, NULL));
    const struct param params[] = {PARAM(work->tenant)};
    struct tr_task row;

    cr_assert(db_find(work, sql, params, COUNT(params), &tr_task_entity, &row));
    return row;
}

static void leaves(const char *twiml)
{
    cr_expect(twiml && strstr(twiml, "<Leave>"), "%s", twiml);
}

static void call_ends(uid call, const char *state)
{
    struct call_news news = NO_NEWS;

    news.state = state;
    cr_assert(call_apply(work, call, &news, NULL), "%s", work->error.message);
    cr_assert(call_finalise(work, call, NULL), "%s", work->error.message);
    carry_out_owed(&r, NULL);
}

/* ---- waiting ---- */

Test(taskrouter_queued, callers_become_one_task_with_what_is_known_of_the_call)
{
    struct customer_hook hook = hook_of("{\"tier\":\"gold\",\"from\":\"a friend\"}", NULL);
    json_object *attributes;

    cr_expect(strstr(heard(&hook, "0"), "<Pause"));
    clock_advance_ms(30 * 1000);
    cr_expect(strstr(heard(&hook, "30"), "<Pause"));
    cr_expect_eq(tasks(), 1);
    cr_expect(uid_equal(task().call_id, in.call.id));
    cr_expect_str_eq(task().channel, "voice");
    cr_expect_eq(task().priority, 7);
    cr_expect_eq(task().timeout, 900);
    cr_expect(uid_equal(task().queue_id, r.everyone.id));
    attributes = json_parse(task().attributes.json);
    cr_expect_str_eq(json_text(attributes, "call_sid"), in.call.call_sid);
    cr_expect_str_eq(json_text(attributes, "to"), in.call.to_addr);
    cr_expect_str_eq(json_text(attributes, "direction"), "inbound");
    cr_expect_str_eq(json_text(attributes, "from_country"), "US");
    cr_expect_str_eq(json_text(attributes, "tier"), "gold");
    cr_expect_str_eq(json_text(attributes, "from"), "a friend", "the document has the last word");
    cr_expect_null(json_text(attributes, "queue_time"));
    json_object_put(attributes);
}

Test(taskrouter_queued, callers_hear_what_the_customer_says)
{
    struct customer_hook hook = hook_of(NULL, "https://app.example.com/music");

    cr_expect_null(heard(&hook, "0"));
    cr_expect_eq(tasks(), 1);
}

Test(taskrouter_queued, callers_for_whom_nobody_is_found_leave_and_may_come_again)
{
    struct customer_hook hook = hook_of(NULL, NULL);

    heard(&hook, "0");
    cr_assert(end_task_as(&r, task().id, "canceled", "Task TTL Exceeded"));
    clock_advance_ms(10 * 1000);
    leaves(heard(&hook, "10"));
    leaves(heard(&hook, "10"));
    cr_expect_eq(tasks(), 1, "asked twice it answers alike");
    clock_advance_ms(5 * 1000);
    cr_expect(strstr(heard(&hook, "0"), "<Pause"));
    cr_expect_eq(tasks(), 2);
}

Test(taskrouter_queued, callers_are_one_task_however_slow_the_carrier_asks)
{
    struct customer_hook hook = hook_of(NULL, NULL);

    heard(&hook, "0");
    clock_advance_ms(30 * 1000);
    cr_expect(strstr(heard(&hook, "22"), "<Pause"), "asked at 23, by a clock that is late");
    cr_expect(strstr(heard(&hook, NULL), "<Pause"), "it need not say how long");
    cr_expect_eq(tasks(), 1);
    cr_assert(end_task_as(&r, task().id, "canceled", "Task TTL Exceeded"));
    leaves(heard(&hook, "22"));
    leaves(heard(&hook, NULL));
    cr_expect_eq(tasks(), 1);
}

Test(taskrouter_queued, callers_who_come_again_soon_after_their_task_was_over_are_a_new_one)
{
    struct customer_hook hook = hook_of(NULL, NULL);

    heard(&hook, "0");
    clock_advance_ms(1000);
    cr_assert(end_task_as(&r, task().id, "canceled", "Task TTL Exceeded"));
    clock_advance_ms(4000);
    leaves(heard(&hook, "5"));
    cr_expect(strstr(heard(&hook, "0"), "<Pause"));
    cr_expect_eq(tasks(), 2);
}

Test(taskrouter_queued, callers_of_a_workflow_that_is_gone_leave)
{
    struct customer_hook hook = hook_of(NULL, NULL);

    cr_assert(tr_workspace_delete(work, r.workspace.id, NO_INTEGER));
    leaves(heard(&hook, "0"));
}

Test(taskrouter_queued, callers_who_hang_up_or_are_sent_elsewhere_are_waited_for_no_longer)
{
    struct customer_hook hook = hook_of(NULL, NULL);

    heard(&hook, "0");
    cr_assert(tr_caller_left(work, in.call.id, "bridged"));
    carry_out_owed(&r, NULL);
    cr_expect_str_eq(task().assignment_status, "pending");
    cr_assert(tr_caller_left(work, in.call.id, "redirected"));
    carry_out_owed(&r, NULL);
    cr_expect_str_eq(task().assignment_status, "canceled");
    cr_expect_str_eq(task().reason, "redirected");
    clock_advance_ms(5 * 1000);
    heard(&hook, "0");
    call_ends(in.call.id, "completed");
    cr_expect_str_eq(task().assignment_status, "canceled");
    cr_expect_str_eq(task().reason, "hangup");
    cr_expect_eq(tasks(), 2);
}

Test(taskrouter_queued, wishes_that_are_none_are_refused)
{
    static const struct {
        struct tr_enqueue wanted;
        const char *field;
    } wrong[] = {
        {{.attributes = "{\"a\":"}, "attributes"},
        {{.attributes = "[1]"}, "attributes"},
        {{.priority = "high"}, "priority"},
        {{.timeout = "1m"}, "timeout"},
    };
    const char *json;

    for (size_t i = 0; i < COUNT(wrong); i++) {
        cr_expect_not(tr_enqueue_write(work, &wrong[i].wanted, &json));
        cr_expect_str_eq(work->error.field, wrong[i].field);
    }
}

/* Memory in use, in bytes; a checker of memory has an allocator of its own, and sees for itself. */
static size_t in_use(void)
{
    return mallinfo2().uordblks;
}

Test(taskrouter_queued, wishes_that_are_refused_leave_nothing_behind)
{
    enum { TIMES = 200, NUMBERS = 500 };
    struct text list = {.arena = &work->arena};
    const char *json;
    size_t before;

    text_put(&list, "[0");
    for (int i = 1; i < NUMBERS; i++)
        text_put(&list, ",0");
    text_char(&list, ']');
    before = in_use();
    for (int i = 0; i < TIMES; i++)
        cr_expect_not(tr_enqueue_write(work, &(struct tr_enqueue){.attributes = list.at}, &json));
    cr_expect_lt(in_use(), before + (size_t)TIMES * NUMBERS);
}

/* ---- being taken ---- */

static struct fake_carrier carrier;

/* The worker whom the carrier is told to call for the caller; the leg. */
static struct call worker_called(void)
{
    struct customer_hook hook = hook_of(NULL, NULL);
    const struct tr_instruction wanted = {
        .kind = TR_DEQUEUE, .timeout_seconds = 35, .record = true};
    struct tr_reservation_order order = {
        .place = {.workspace = r.workspace.id}, .instruction = &wanted, .if_rev = NO_INTEGER};
    const char *json = arena_format(&work->arena,
                                    "{\"sid\":\"%s\",\"status\":\"queued\",\"direction\":"
                                    "\"outbound-api\",\"from\":\"+1\",\"to\":\"+1\","
                                    "\"duration\":null,\"price\":null,\"start_time\":null,"
                                    "\"end_time\":null}",
                                    new_sid(&r.world, "CA"));
    struct tr_reservation after;
    struct call leg;

    fake_carrier_start(&carrier);
    r.world.config.rehearsal_api_base_url = carrier.base_url;
    r.world.config.allow_private_urls = "yes";
    carrier.canned = arena_format(&work->arena,
                                  "HTTP/1.1 201 X\r\nContent-Type: application/json\r\n"
                                  "Content-Length: %zu\r\nConnection: close\r\n\r\n%s",
                                  strlen(json), json);
    worker_in(&r, r.available, "Ann", "{\"contact_uri\":\"+13125550155\"}");
    heard(&hook, "0");
    order.id = pending_of(&r, task().id).id;
    cr_assert(tr_reservation_update(work, &order, &after), "%s", work->error.message);
    carry_out_owed(&r, NULL);
    cr_assert(call_get(work, task().worker_call_id, &leg), "%s", work->error.message);
    return leg;
}

Test(taskrouter_queued, callers_are_taken_by_the_worker_who_is_called)
{
    struct call leg = worker_called();
    json_object *attributes = json_parse(task().attributes.json);

    cr_expect_str_eq(json_text(attributes, "worker_call_sid"), leg.call_sid);
    json_object_put(attributes);
    cr_expect_str_eq(leg.to_addr, "+13125550155");
    cr_expect_str_eq(leg.from_addr, in.call.to_addr, "the number that the caller talks to");
    cr_expect(uid_equal(leg.parent_call_id, in.call.id));
    cr_expect_not_null(strstr(carrier.request, "&Timeout=35&"), "%s", carrier.request);
    cr_expect_not_null(strstr(carrier.request, "&Record=true&"), "%s", carrier.request);
    cr_expect_eq(tenant_number(&r.world, "SELECT COUNT(*) FROM customer_hooks WHERE tenant_id = ?"
                                         " AND document LIKE '%<Dial><Queue>task-%'"),
                 1, "the worker takes the caller out of the queue");
    call_ends(leg.id, "completed");
    cr_expect_str_eq(task().assignment_status, "wrapping");
    fake_carrier_stop(&carrier);
}

Test(taskrouter_queued, callers_have_their_worker_called_once_whatever_was_noted_of_it)
{
    static const char forget[] = "UPDATE tr_tasks SET worker_call_id = NULL WHERE tenant_id = ?";
    static const char again[] = "UPDATE outbox SET state = 'pending' WHERE tenant_id = ?"
                                " AND event_type = 'reservation.accepted'";
    const struct param params[] = {PARAM(work->tenant)};

    worker_called();
    cr_assert(db_execute(work, forget, params, COUNT(params), NULL));
    cr_assert(db_execute(work, again, params, COUNT(params), NULL));
    carry_out_owed(&r, NULL);
    cr_expect_eq(tenant_number(&r.world, "SELECT COUNT(*) FROM calls WHERE tenant_id = ?"
                                         " AND leg_role = 'human'"),
                 1);
    cr_expect_str_eq(task().assignment_status, "completed");
    fake_carrier_stop(&carrier);
}

Test(taskrouter_queued, callers_whose_worker_does_not_answer_leave)
{
    struct customer_hook hook = hook_of(NULL, NULL);
    struct call leg = worker_called();

    call_ends(leg.id, "no_answer");
    cr_expect_str_eq(task().assignment_status, "completed");
    clock_advance_ms(40 * 1000);
    leaves(heard(&hook, "40"));
    fake_carrier_stop(&carrier);
}

Test(taskrouter_queued, callers_who_hang_up_leave_no_telephone_ringing)
{
    struct call leg = worker_called();

    call_ends(in.call.id, "completed");
    cr_expect_str_eq(task().assignment_status, "wrapping");
    cr_expect_not_null(strstr(carrier.request, leg.call_sid), "%s", carrier.request);
    cr_expect_not_null(strstr(carrier.request, "Status=completed"), "%s", carrier.request);
    fake_carrier_stop(&carrier);
}
