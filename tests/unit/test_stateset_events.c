/*
 * StateSet's events on their way to the receiver that a tenant's settings name.
 */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "answerer.h"
#include "core/json.h"
#include "domain/call_news.h"
#include "domain/callback_tasks.h"
#include "domain/finalise.h"
#include "domain/handoffs.h"
#include "domain/outbox.h"
#include "domain/outbox_depth.h"
#include "domain/session_evals.h"
#include "domain/tenant_runtime.h"
#include "domain/webhook_settings.h"
#include "domain/webhooks.h"
#include "harness/harness.h"
#include "world.h"

static struct world world;
static struct work *const work = &world.work;

static const char secret[] = "whsec_of_the_test";

/* Merges members into the tenant's settings; ' stands for ". */
static bool settle(const char *members)
{
    char *text = arena_text(&work->arena, members);
    json_object *patch;
    struct tenant tenant;
    bool ok;

    for (char *c = text; *c; c++)
        if (*c == '\'')
            *c = '"';
    patch = json_parse(text);
    cr_assert_not_null(patch, "%s", text);
    ok = tenant_patch(work, world.tenant.tenant_key, patch, NULL, &tenant);
    json_object_put(patch);
    return ok;
}

static const char *url_of(const char *path)
{
    return arena_format(&work->arena, "%s%s", answerer_url(), path);
}

static void setup(void)
{
    world_begin(&world, NULL, true);
    world.config.allow_private_urls = "yes";
    answerer_start();
    cr_assert(settle(arena_format(&work->arena, "{'webhook_url':'%s','webhook_secret':'%s'}",
                                  url_of("/hook"), secret)),
              "%s", work->error.message);
}

static void end(void)
{
    world_end(&world);
}

TestSuite(stateset_events, .init = setup, .fini = end);

/* Everything that is owed goes out. */
static void deliver(void)
{
    job_once(&world, "fan-out");
    job_once(&world, "deliveries");
}

static struct heard find_heard(const char *path, const char *event)
{
    struct heard nothing = {NULL, NULL, NULL, NULL};
    const char *wanted = say("\"event\":\"%s\"", event);

    for (size_t i = 0; i < answerer_count(path); i++) {
        struct heard heard = answerer_heard(path, i);

        if (strstr(heard.body, wanted))
            return heard;
    }
    cr_assert_fail("%s did not arrive at %s", event, path);
    return nothing;
}

static void expect_signed(const struct heard *heard, const char *by)
{
    const char *signature = heard_header(heard, "X-StateSet-Signature");
    int64_t seconds = strtoll(signature + 2, NULL, 10);

    cr_expect_str_eq(signature,
                     webhook_signature(work, by, (instant){seconds * 1000}, heard->body));
}

/* What arrived of an event, after a look at what all events have. */
static json_object *told(const char *event)
{
    struct heard heard = find_heard("/hook", event);
    json_object *body = kept(json_parse(heard.body));

    expect_signed(&heard, secret);
    cr_expect_str_eq(at(body, "id"), heard_header(&heard, "X-Idempotency-Key"));
    cr_expect_eq(strncmp(at(body, "id"), "evt_", 4), 0);
    cr_expect_str_eq(at(body, "tenant_id"), world.tenant.tenant_key);
    cr_expect_str_eq(at(body, "created_at"), at(body, "timestamp"));
    cr_expect_eq(strlen(at(body, "api_version")), 10, "a date");
    cr_expect_not_null(json_member(body, "data"));
    cr_expect(json_object_equal(json_member(body, "data"), json_member(body, "payload")));
    cr_expect(has(body, "call_sid") && has(body, "voice_session_id"));
    return body;
}

static struct incoming talked(void)
{
    struct incoming in = call_in(&world);

    claim_stream(&world, &in);
    say_turn(&world, &in.session, 1, "user", "My parcel is late");
    return in;
}

static void finish(struct incoming *in)
{
    cr_assert(session_end(
        work, in->session.id,
        &(struct session_end){
            .result = "completed", .at = NO_INSTANT, .duration_ms = 900, .model_segments = 1},
        NULL));
    end_by_carrier(&world, in->call.id, 42);
    cr_assert(call_finalise(work, in->call.id, NULL), "%s", work->error.message);
}

static const char *uuid_of(uid id)
{
    char text[37];

    uid_write_uuid(id, text);
    return say("%s", text);
}

Test(stateset_events, tell_that_a_call_began)
{
    struct incoming in = talked();
    struct voice_session session;
    json_object *body;

    deliver();
    body = told("call.started");
    cr_assert(session_get(work, in.session.id, &session));
    cr_expect_str_eq(at(body, "call_sid"), in.call.call_sid);
    cr_expect_str_eq(at(body, "voice_session_id"), uuid_of(in.session.id));
    cr_expect_str_eq(at(body, "data.call_sid"), in.call.call_sid);
    cr_expect_str_eq(at(body, "data.stream_sid"), session.stream_sid);
    cr_expect_str_eq(at(body, "data.from_number"), in.call.from_addr);
    cr_expect_str_eq(at(body, "data.to_number"), in.call.to_addr);
    cr_expect_str_eq(at(body, "data.direction"), "inbound");
    cr_expect_eq(answerer_count("/hook"), 1);
}

Test(stateset_events, tell_how_a_call_ended)
{
    struct incoming in = talked();
    json_object *body;

    finish(&in);
    deliver();
    body = told("call.completed");
    cr_expect_str_eq(at(body, "call_sid"), in.call.call_sid);
    cr_expect_str_eq(at(body, "voice_session_id"), uuid_of(in.session.id));
    cr_expect_str_eq(at(body, "data.status"), "completed");
    cr_expect_str_eq(at(body, "data.duration_seconds"), "42");
    cr_expect_str_eq(at(body, "data.escalated"), "false");
    cr_expect_str_eq(at(body, "data.function_call_count"), "0");
    cr_expect_str_eq(at(body, "data.transcript_turn_count"), "1");
    cr_expect(has(body, "data.summary") && has(body, "data.stream_sid"));
    cr_expect_eq(answerer_count("/hook"), 2, "of transcripts StateSet does not tell");
}

Test(stateset_events, tell_of_calls_that_nobody_answered_as_ended_ones)
{
    struct incoming in = call_in(&world);
    struct call_news news = NO_NEWS;
    json_object *body;

    news.state = "no_answer";
    cr_assert(call_apply(work, in.call.id, &news, NULL));
    cr_assert(call_finalise(work, in.call.id, NULL));
    deliver();
    body = told("call.completed");
    cr_expect_str_eq(at(body, "data.status"), "no_answer");
    cr_expect_eq(strlen(at(body, "data.stream_sid")), 34, "the one that its key spells");
}

Test(stateset_events, tell_who_wanted_a_human)
{
    struct incoming in = talked();
    struct handoff handoff = {.call_id = in.call.id,
                              .mode = "warm",
                              .initiated_by = "ai",
                              .target = "+13125558888",
                              .reason = "The caller asked for a person"};
    json_object *body;

    cr_assert(handoff_request(work, &handoff), "%s", work->error.message);
    deliver();
    body = told("call.escalated");
    cr_expect_str_eq(at(body, "data.target"), "+13125558888");
    cr_expect_str_eq(at(body, "data.initiated_by"), "ai");
    cr_expect_str_eq(at(body, "data.reason"), "The caller asked for a person");
    cr_expect_str_eq(at(body, "data.from_number"), in.call.from_addr);
    cr_expect_str_eq(at(body, "data.call_sid"), in.call.call_sid);
}

Test(stateset_events, tell_how_good_a_conversation_was)
{
    struct incoming in = talked();
    struct session_eval eval;
    json_object *body;

    row_clear(&session_eval_entity, &eval);
    eval.score = 0.9;
    eval.tags.json = "[\"kind\"]";
    cr_assert(session_eval_put(work, uuid_of(in.session.id), &eval), "%s", work->error.message);
    deliver();
    body = told("session.evaluated");
    cr_expect_str_eq(at(body, "data.voice_session_id"), uuid_of(in.session.id));
    cr_expect_str_eq(at(body, "voice_session_id"), uuid_of(in.session.id));
    cr_expect_str_eq(at(body, "data.score"), "0.9");
    cr_expect_str_eq(at(body, "data.tags.0"), "kind");
    cr_expect_str_eq(at(body, "call_sid"), in.call.call_sid);
}

static struct callback_task make_task(const char *call_sid)
{
    struct callback_task task;

    callback_task_begin(&task);
    task.call_sid = call_sid;
    task.created_at = task.updated_at = clock_now();
    task.rev = 1;
    cr_assert(callback_task_create(work, &task), "%s", work->error.message);
    return task;
}

Test(stateset_events, tell_what_a_human_owes)
{
    struct incoming in = talked();
    struct callback_task task = make_task(in.call.call_sid);
    json_object *body;

    deliver();
    body = told("callback_task.created");
    cr_expect_str_eq(at(body, "data.task.id"), uuid_of(task.id));
    cr_expect_str_eq(at(body, "data.task.status"), "open");
    cr_expect_str_eq(at(body, "call_sid"), in.call.call_sid);
    cr_expect_not(has(body, "data.task.lease_owner"), "what is ours alone");
}

Test(stateset_events, are_narrowed_to_what_is_wanted)
{
    cr_assert(settle("{'webhook_event_prefix':'voice.',"
                     "'webhook_events':['voice.call.completed','callback_task.created']}"));
    struct incoming in = talked();
    finish(&in);
    make_task(NULL);
    deliver();
    cr_expect_eq(answerer_count("/hook"), 2);
    told("voice.call.completed");
    told("voice.callback_task.created");
}

Test(stateset_events, of_one_tenant_reach_no_other)
{
    struct work other = {.id = "other", .db = work->db, .config = work->config};
    struct tenant tenant;
    json_object *config =
        json_parse(arena_format(&work->arena, "{\"webhook_url\":\"%s\"}", url_of("/theirs")));
    bool created;

    cr_assert(tenant_put(&other, "somebody-else", config, NULL, &tenant, &created));
    json_object_put(config);
    make_task(NULL);
    deliver();
    cr_expect_eq(answerer_count("/hook"), 1);
    cr_expect_eq(answerer_count("/theirs"), 0);
    work_end(&other);
}

Test(stateset_events, carry_the_same_key_when_they_are_sent_again)
{
    struct heard first, second;

    clock_set(clock_now());
    answerer_say("/hook", 500, "no");
    make_task(NULL);
    deliver();
    clock_advance_ms(13000);
    answerer_say("/hook", 200, "yes");
    deliver();
    cr_assert_eq(answerer_count("/hook"), 2);
    first = answerer_heard("/hook", 0);
    second = answerer_heard("/hook", 1);
    cr_expect_str_eq(heard_header(&first, "X-Idempotency-Key"),
                     heard_header(&second, "X-Idempotency-Key"));
    cr_expect_str_eq(first.body, second.body);
    cr_expect_str_eq(heard_header(&second, "X-Delivery-Attempt"), "2");
}

/* A receiver of another dialect, for all numbers. */
static void add_other_receiver(const char *path)
{
    struct webhook_endpoint endpoint;

    row_clear(&webhook_endpoint_entity, &endpoint);
    endpoint.dialect = "kwickphone";
    endpoint.url = url_of(path);
    cr_assert(webhook_create(work, &endpoint, "whsec_other", NULL));
}

static int64_t failed_deliveries(void)
{
    struct rows rows;
    const struct outbox_depth *depths;

    cr_assert(outbox_depths(work, &rows));
    depths = rows.at;
    for (size_t i = 0; i < rows.count; i++)
        if (strcmp(depths[i].name, "webhook_deliveries") == 0)
            return depths[i].failed;
    return -1;
}

Test(stateset_events, tell_of_a_receiver_that_was_given_up)
{
    struct incoming in = talked();
    json_object *body;

    clock_set(clock_now());
    add_other_receiver("/dead");
    answerer_say("/dead", 503, "no");
    finish(&in);
    for (int i = 0; i < 9; i++) {
        deliver();
        clock_advance_ms((int64_t)15 * 3600 * 1000);
    }
    deliver();
    cr_expect_eq(answerer_count("/dead"), 9, "as often as the schedule says");
    body = told("webhook.delivery_failed");
    cr_expect_str_eq(at(body, "data.attempt_count"), "9");
    cr_expect_str_eq(at(body, "data.event"), "call.completed");
    cr_expect_str_eq(at(body, "data.status_code"), "503");
    cr_expect_eq(strncmp(at(body, "data.event_id"), "evt_", 4), 0);
    cr_expect_eq(failed_deliveries(), 1, "the diagnostics count it");
}

Test(stateset_events, tell_nobody_of_failing_to_tell_of_failures)
{
    clock_set(clock_now());
    answerer_say("/hook", 410, "gone");
    make_task(NULL);
    deliver();
    deliver();
    cr_expect_eq(answerer_count("/hook"), 1);
    cr_expect_eq(tenant_number(&world, "SELECT COUNT(*) FROM outbox WHERE tenant_id = ?"
                                       " AND event_type = 'webhook.delivery_failed'"),
                 1);
    cr_assert(settle("{'display_name':'Fixed'}"), "written again, it is tried again");
    deliver();
    make_task(NULL);
    deliver();
    cr_expect_eq(answerer_count("/hook"), 2);
}

/* ---- the settings ---- */

static int64_t endpoints(const char *where)
{
    return tenant_number(&world, say("SELECT COUNT(*) FROM webhook_endpoints"
                                     " WHERE tenant_id = ? AND dialect = 'stateset' AND %s",
                                     where));
}

Test(stateset_events, follow_a_receiver_that_moves)
{
    make_task(NULL);
    cr_assert(settle(arena_format(&work->arena, "{'webhook_url':'%s'}", url_of("/moved"))));
    deliver();
    cr_expect_eq(answerer_count("/hook"), 0);
    cr_expect_eq(answerer_count("/moved"), 1, "also what was owed before");
    cr_expect_eq(endpoints("1"), 1);
    cr_assert(settle("{'webhook_url':null}"));
    cr_expect_eq(endpoints("deleted_at IS NULL"), 0);
    make_task(NULL);
    deliver();
    cr_expect_eq(answerer_count("/moved"), 1, "nobody is told any more");
}

Test(stateset_events, are_signed_by_the_newest_secret)
{
    struct heard heard;

    cr_assert(settle("{'webhook_secret':'another one'}"));
    make_task(NULL);
    deliver();
    heard = answerer_heard("/hook", 0);
    expect_signed(&heard, "another one");
}

static const char *made_secret(const char *settings, bool is_new)
{
    json_object *config = json_parse(settings);
    const char *shown;

    cr_assert(webhook_settings_secret(work, is_new ? NULL : &world.tenant, config, true, &shown));
    if (shown)
        cr_expect_str_eq(json_text(config, "webhook_secret"), shown);
    json_object_put(config);
    return shown;
}

Test(stateset_events, get_a_secret_when_there_is_none)
{
    cr_assert(tenant_by_id(work, work->tenant, &world.tenant));
    cr_expect_null(made_secret("{\"webhook_url\":\"https://a.example/\"}", false), "there is one");
    cr_expect_null(made_secret("{\"display_name\":\"x\"}", true), "there is no receiver");
    cr_expect_null(
        made_secret("{\"webhook_url\":\"https://a.example/\",\"webhook_secret\":\"s\"}", true));
    cr_expect_not_null(made_secret("{\"webhook_url\":\"https://a.example/\"}", true));
    cr_expect_not_null(made_secret("{\"webhook_secret\":null}", false), "a new one is wanted");
}

Test(stateset_events, need_settings_that_make_sense)
{
    static const char *const wrong[] = {
        "{'webhook_url':7}",
        "{'webhook_url':'nowhere'}",
        "{'webhook_url':'http://user:word@127.0.0.1/'}",
        "{'webhook_events':'call.completed'}",
        "{'webhook_events':[7]}",
        "{'webhook_events':['UPPER']}",
        "{'webhook_event_prefix':'much too long for a prefix'}",
        "{'webhook_event_prefix':'a*'}",
    };

    for (size_t i = 0; i < COUNT(wrong); i++) {
        cr_expect_not(settle(wrong[i]), "%s", wrong[i]);
        cr_expect_eq(work->error.what, INVALID, "%s", wrong[i]);
        cr_expect_eq(strncmp(work->error.field, "webhook_", 8), 0, "%s", work->error.field);
    }
}
