#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include <string.h>

#include "core/rand.h"
#include "domain/callback_journal.h"
#include "domain/customer_hooks.h"
#include "domain/host_memory.h"
#include "domain/journal.h"
#include "domain/secrets.h"
#include "domain/suppressions.h"
#include "fcgi/callback/callback.h"
#include "fcgi/callback/twiml.h"
#include "fcgi/dialect.h"
#include "folder.h"
#include "world.h"

static struct world world;
static struct work *const work = &world.work;
static struct db *db;           /* what requests are given; NULL after the store went away */
static char spool[FOLDER_SIZE]; /* "": the store never went away */

static void setup(void)
{
    world_begin(&world, NULL, false);
    db = work->db;
}

static void end(void)
{
    if (*spool)
        folder_remove(spool);
    world_end(&world);
}

TestSuite(hooks, .init = setup, .fini = end);

/* One post: where to, what, signed how. */
struct post {
    const char *path; /* with its query */
    const char *form;
    const char *token;     /* signs; NULL: no signature */
    const char *signed_as; /* the URL that was signed; NULL: PUBLIC_BASE_URL and the path */
    const char *host, *scheme;
    const char *idempotency_token;
};

/* The signature that the carrier would send for a form of plain letters. */
static const char *sign(const struct post *post)
{
    struct parameters form = {0};
    struct twilio_field *fields;
    const char *url = post->signed_as ? post->signed_as
                                      : arena_format(&work->arena, "%s%s",
                                                     world.config.public_base_url, post->path);

    cr_assert(parameters_read(&work->arena, &form, post->form, strlen(post->form)));
    fields = arena_new(&work->arena, struct twilio_field, form.count);
    for (size_t i = 0; i < form.count; i++)
        fields[i] = (struct twilio_field){form.at[i].name, form.at[i].value};
    return twilio_signature(&work->arena, post->token, url, fields, form.count);
}

/* Sends it through the whole program; the request is the caller's to end. */
static struct request send_post(struct post post)
{
    struct request req = {.work = {.config = &world.config, .db = db}};
    const char *query = strchr(post.path, '?');
    struct arena *arena = &req.work.arena;

    req.method = "POST";
    req.path = arena_copy(arena, post.path, strcspn(post.path, "?"));
    req.query_string = query ? query + 1 : "";
    req.content_type = "application/x-www-form-urlencoded";
    req.body = post.form;
    req.body_length = strlen(post.form);
    req.client_ip = "203.0.113.7";
    req.host = post.host ? post.host : "voice.example.com";
    req.scheme = post.scheme ? post.scheme : "https";
    parameters_add(arena, &req.headers, "Host", req.host);
    if (post.token)
        parameters_add(arena, &req.headers, "X-Twilio-Signature", sign(&post));
    if (post.idempotency_token)
        parameters_add(arena, &req.headers, "I-Twilio-Idempotency-Token", post.idempotency_token);
    dispatch(&req);
    return req;
}

/* The form of an incoming call. */
static const char *incoming_form(const char *call_sid, const char *to)
{
    return arena_format(&work->arena,
                        "AccountSid=%s&ApiVersion=2010-04-01&CallSid=%s&CallStatus=ringing"
                        "&Called=%%2B%s&Caller=%%2B13125550001&Direction=inbound"
                        "&From=%%2B13125550001&To=%%2B%s",
                        world.config.rehearsal_account_sid, call_sid, to + 1, to + 1);
}

static const char *status_form(const char *call_sid, const char *status, const char *sequence)
{
    return arena_format(&work->arena,
                        "AccountSid=%s&CallSid=%s&CallStatus=%s&SequenceNumber=%s"
                        "&CallbackSource=call-progress-events&CallDuration=9",
                        world.config.rehearsal_account_sid, call_sid, status, sequence);
}

#define REHEARSAL "rehearsal token"

Test(hooks, answer_an_incoming_call_with_a_stream_and_what_follows_it)
{
    const char *sid = new_sid(&world, "CA");
    struct request req = send_post((struct post){.path = "/api/v1/incoming-call",
                                                 .form = incoming_form(sid, world.number.e164),
                                                 .token = REHEARSAL});
    struct call call;

    cr_expect_eq(req.status, 200);
    cr_expect_str_eq(req.reply_type, "text/xml");
    cr_expect(strstr(req.reply.at, "?>\n<Response><Connect><Stream url=\"wss://") != NULL);
    cr_expect(strstr(req.reply.at, "<Parameter name=\"stream_token\" value=\"v1.") != NULL);
    cr_expect(strstr(req.reply.at, "</Connect><Redirect method=\"POST\">"
                                   "https://voice.example.com/hooks/twilio/after/v1.") != NULL);
    cr_assert(call_by_sid(work, sid, &call));
    cr_expect_str_eq(call.state, "ringing");
    cr_expect_str_eq(call.carrier, "sim");
    cr_expect_eq(tenant_number(&world, "SELECT COUNT(*) FROM carrier_callbacks WHERE tenant_id = ?"
                                       " AND signature = 'valid' AND applied = 'applied'"),
                 1);
    request_end(&req);
}

struct path_case {
    char path[40];
    int status;
};

ParameterizedTestParameters(hooks, refuse)
{
    static struct path_case cases[] = {
        /* clang-format off */
        {"/api/v1/incoming-call", 401}, {"/api/v1/outbound-call", 401}, {"/api/v1/call-status", 401},
        {"/incoming-call", 401}, {"/outbound-call", 401}, {"/call-status", 401},
        {"/hooks/twilio/amd", 403}, {"/hooks/twilio/recording", 403}, {"/hooks/twilio/stream", 403},
        {"/hooks/twilio/conference", 403}, {"/hooks/twilio/sms", 403},
        {"/hooks/twilio/sms-status", 403}, {"/hooks/twilio/after/v1.a.b", 403},
        /* clang-format on */
    };

    return cr_make_param_array(struct path_case, cases, COUNT(cases));
}

/* Without a signature, with one of a stranger, with an empty and with a broken body. */
ParameterizedTest(struct path_case *given, hooks, refuse)
{
    const char *form = incoming_form(new_sid(&world, "CA"), world.number.e164);
    const struct {
        const char *form, *token;
        int status;
    } posts[] = {
        {form, NULL, given->status},
        {form, "a stranger's token", given->status},
        {"", "x", strstr(given->path, "after") ? 403 : 400},
        {"a=%zz&b", "x", 400},
    };
    int64_t calls = tenant_number(&world, "SELECT COUNT(*) FROM calls WHERE tenant_id = ?");

    for (size_t i = 0; i < COUNT(posts); i++) {
        struct request req = send_post((struct post){
            .path = given->path, .form = posts[i].form, .token = i < 2 ? posts[i].token : NULL});

        cr_expect_eq(req.status, posts[i].status, "%s %zu: %d", given->path, i, req.status);
        cr_expect(strncmp(req.reply_type, "text/plain", 10) == 0);
        request_end(&req);
    }
    cr_expect_eq(tenant_number(&world, "SELECT COUNT(*) FROM calls WHERE tenant_id = ?"), calls);
}

Test(hooks, keep_a_diagnostic_that_says_which_url_would_have_matched)
{
    static const char sql[] = "SELECT COUNT(*) FROM carrier_callbacks WHERE call_sid = ?"
                              " AND signature = 'invalid' AND applied = 'rejected'"
                              " AND matching_url = 'http://voice.example.com/api/v1/call-status'";
    const char *sid = new_sid(&world, "CA");
    struct request req =
        send_post((struct post){.path = "/api/v1/call-status",
                                .form = status_form(sid, "ringing", "1"),
                                .token = REHEARSAL,
                                .signed_as = "http://voice.example.com/api/v1/call-status"});
    int64_t count;

    cr_expect_eq(req.status, 401);
    cr_assert(db_number(work, sql, (const struct param[]){PARAM(sid)}, 1, 0, &count));
    cr_expect_eq(count, 1);
    request_end(&req);
}

struct url_case {
    char signed_as[80], host[40], scheme[8];
    bool fits;
};

ParameterizedTestParameters(hooks, survive_proxies)
{
    static struct url_case cases[] = {
        /* clang-format off */
        {"https://voice.example.com/api/v1/call-status?a=b",      "127.0.0.1:9000",  "http",  true},
        {"https://voice.example.com:443/api/v1/call-status?a=b",  "127.0.0.1:9000",  "http",  true},
        {"https://other.example.com/api/v1/call-status?a=b",      "other.example.com", "https", true},
        {"https://other.example.com:443/api/v1/call-status?a=b",  "other.example.com", "https", true},
        {"http://127.0.0.1:9000/api/v1/call-status?a=b",          "127.0.0.1:9000",  "http",  true},
        {"https://evil.example.com/api/v1/call-status?a=b",       "127.0.0.1:9000",  "http",  false},
        {"https://voice.example.com/api/v1/call-status",          "127.0.0.1:9000",  "http",  false},
        {"https://voice.example.com/api/v1/call-status?a=c",      "127.0.0.1:9000",  "http",  false},
        /* clang-format on */
    };

    return cr_make_param_array(struct url_case, cases, COUNT(cases));
}

ParameterizedTest(struct url_case *given, hooks, survive_proxies)
{
    struct request req =
        send_post((struct post){.path = "/api/v1/call-status?a=b",
                                .form = status_form(new_sid(&world, "CA"), "ringing", "1"),
                                .token = REHEARSAL,
                                .signed_as = given->signed_as,
                                .host = given->host,
                                .scheme = given->scheme});

    cr_expect_eq(req.status, given->fits ? 200 : 401, "%s", given->signed_as);
    request_end(&req);
}

Test(hooks, below_a_path_of_the_public_url_are_proved_with_it)
{
    struct request req;

    world.config.public_base_url = "https://shared.example.com/~me/voice/";
    req = send_post(
        (struct post){.path = "/api/v1/call-status",
                      .form = status_form(new_sid(&world, "CA"), "ringing", "1"),
                      .token = REHEARSAL,
                      .signed_as = "https://shared.example.com/~me/voice/api/v1/call-status"});
    cr_expect_eq(req.status, 200);
    request_end(&req);
}

Test(hooks, take_the_status_of_a_call_once)
{
    struct incoming in = call_in(&world);
    struct post post = {.path = "/api/v1/call-status",
                        .form = status_form(in.call.call_sid, "completed", "3"),
                        .token = REHEARSAL,
                        .idempotency_token = "again"};

    for (int i = 0; i < 3; i++) {
        struct request req = send_post(post);

        cr_expect_eq(req.status, 200);
        cr_expect_str_eq(req.reply.at, "{\"ok\":true}");
        request_end(&req);
    }
    cr_assert(call_get(work, in.call.id, &in.call));
    cr_expect_str_eq(in.call.state, "completed");
    cr_expect_eq(in.call.duration_seconds, 9);
    cr_expect_not(instant_is_none(in.call.finalized_at));
    cr_expect_eq(
        tenant_number(&world, "SELECT COUNT(*) FROM carrier_callbacks WHERE tenant_id = ?"), 1);
}

Test(hooks, on_old_paths_work_and_say_that_they_are_old)
{
    struct request req =
        send_post((struct post){.path = "/call-status",
                                .form = status_form(new_sid(&world, "CA"), "ringing", "1"),
                                .token = REHEARSAL});
    const char *deprecation = NULL;

    for (size_t i = 0; i < req.reply_headers.count; i++)
        if (strcmp(req.reply_headers.at[i].name, "Deprecation") == 0)
            deprecation = req.reply_headers.at[i].value;
    cr_expect_eq(req.status, 200);
    cr_assert(deprecation != NULL);
    cr_expect_str_eq(deprecation, "true");
    request_end(&req);
}

Test(hooks, tell_callers_of_a_number_nobody_has_that_it_is_not_in_service)
{
    struct request req =
        send_post((struct post){.path = "/api/v1/incoming-call",
                                .form = incoming_form(new_sid(&world, "CA"), "+13120000000"),
                                .token = REHEARSAL});

    cr_expect_eq(req.status, 200);
    cr_expect(strstr(req.reply.at, "<Say>We are sorry, this number is not in service") != NULL);
    cr_expect(strstr(req.reply.at, "<Hangup/>") != NULL);
    request_end(&req);
}

Test(hooks, take_the_end_of_a_call_also_where_calls_come_in)
{
    struct incoming in = call_in(&world);
    struct request req =
        send_post((struct post){.path = "/api/v1/incoming-call",
                                .form = status_form(in.call.call_sid, "completed", "3"),
                                .token = REHEARSAL});

    cr_expect_eq(req.status, 200);
    cr_assert(call_get(work, in.call.id, &in.call));
    cr_expect_str_eq(in.call.state, "completed");
    request_end(&req);
}

Test(hooks, answer_204_to_news_and_hang_up_after_the_end)
{
    struct incoming in = call_in(&world);
    const char *form = arena_format(&work->arena,
                                    "AccountSid=%s&CallSid=%s&StreamEvent=stream-started"
                                    "&StreamSid=MZ00000000000000000000000000000000",
                                    world.config.rehearsal_account_sid, in.call.call_sid);
    struct request req =
        send_post((struct post){.path = "/hooks/twilio/stream", .form = form, .token = REHEARSAL});

    cr_expect_eq(req.status, 204);
    cr_expect_eq(req.reply.length, 0);
    request_end(&req);
    claim_stream(&world, &in);
    cr_assert(session_end(work, in.session.id,
                          &(struct session_end){.result = "completed",
                                                .at = NO_INSTANT,
                                                .duration_ms = 1,
                                                .model_segments = NO_INTEGER},
                          NULL));
    req = send_post((struct post){
        .path = strstr(in.plan.after_url, "/hooks"), .form = form, .token = REHEARSAL});
    cr_expect_eq(req.status, 200);
    cr_expect(strstr(req.reply.at, "<Response><Hangup/></Response>") != NULL);
    request_end(&req);
}

Test(hooks, of_a_tenant_with_its_own_account_are_proved_with_its_own_token)
{
    const char *account = new_sid(&world, "AC"), *sid = new_sid(&world, "CA");
    const char *form = incoming_form(sid, world.number.e164);
    struct call call;

    cr_assert(secret_put(work, SECRET_CARRIER_TOKEN, "their own"), "%s", work->error.message);
    cr_assert(db_execute(work,
                         "UPDATE tenants SET carrier_mode = 'byoc', carrier_account_sid = ?"
                         " WHERE id = ?",
                         (const struct param[]){PARAM(account), PARAM(work->tenant)}, 2, NULL));
    form = arena_format(&work->arena, "AccountSid=%s%s", account, strchr(form, '&'));
    struct request req = send_post(
        (struct post){.path = "/api/v1/incoming-call", .form = form, .token = "their own"});

    cr_expect_eq(req.status, 200);
    cr_expect(strstr(req.reply.at, "<Connect>") != NULL, "%s", req.reply.at);
    cr_assert(call_by_sid(work, sid, &call));
    cr_expect_str_eq(call.carrier, "twilio");
    request_end(&req);
    form = incoming_form(new_sid(&world, "CA"), world.number.e164);
    req =
        send_post((struct post){.path = "/api/v1/incoming-call", .form = form, .token = REHEARSAL});
    cr_expect(strstr(req.reply.at, "not in service") != NULL,
              "the stand-in's account does not answer for it");
    request_end(&req);
}

Test(hooks, take_stop_from_a_message)
{
    const char *form = arena_format(&work->arena,
                                    "AccountSid=%s&Body=Stop&From=%%2B13125550001&MessageSid=%s&"
                                    "NumMedia=0&NumSegments=1&To=%%2B%s",
                                    world.config.rehearsal_account_sid, new_sid(&world, "SM"),
                                    world.number.e164 + 1);
    struct request req =
        send_post((struct post){.path = "/hooks/twilio/sms", .form = form, .token = REHEARSAL});
    bool suppressed;

    cr_expect_eq(req.status, 200);
    cr_expect_str_eq(req.reply_type, "text/xml");
    cr_expect(strstr(req.reply.at, "<Message>You have unsubscribed") != NULL, "%s", req.reply.at);
    cr_assert(is_suppressed(work, "sms", "+13125550001", world.number.e164, &suppressed));
    cr_expect(suppressed);
    request_end(&req);
}

/* What the carrier is asked to do next; a path with its query. */
static const char *redirected(const struct request *req)
{
    const char *url = strstr(req->reply.at ? req->reply.at : "", "/hooks/twilio/twiml/");
    struct text path = {.arena = &work->arena};

    cr_assert(url, "%s", req->reply.at);
    for (; *url != '<'; url++) {
        text_char(&path, *url);
        if (strncmp(url, "&amp;", 5) == 0)
            url += 4;
    }
    return path.at;
}

/* Our URL for a customer's document. */
static const char *twiml_path(const struct call *call, const char *twiml)
{
    struct customer_hook hook = {
        .call_id = call->id, .kind = "twiml", .method = "POST", .document = twiml};
    const char *url = customer_hook_url(work, &hook);

    cr_assert(customer_hooks_write(work, &hook, 1));
    return strstr(url, "/hooks");
}

/* Who is asked to come back sends its text message once, however often it must. */
Test(hooks, of_who_comes_back_are_the_one_that_came_first)
{
    struct incoming in = call_in(&world);
    struct post post = {
        .path = twiml_path(&in.call, "<Response><Sms>Once</Sms></Response>"),
        .form = arena_format(&work->arena, "AccountSid=%s&CallSid=%s",
                             world.config.rehearsal_account_sid, in.call.call_sid),
        .token = REHEARSAL,
    };

    folder_make(spool);
    world.config.spool_dir = spool;
    host_memory_open(&world.config);
    cr_assert(worker_slot_take(0));
    for (int i = 0; i < 2; i++) {
        struct request req;

        world.config.outward_calls_per_tenant = 0;
        req = send_post(post);
        post.path = redirected(&req);
        request_end(&req);
        world.config.outward_calls_per_tenant = 1;
        req = send_post(post);
        cr_expect_eq(req.status, 200);
        request_end(&req);
        cr_expect_eq(tenant_number(&world, "SELECT COUNT(*) FROM sms_messages WHERE tenant_id = ?"),
                     1);
    }
}

/* The store goes away and comes back. */

static void lose_store(void)
{
    folder_make(spool);
    world.config.spool_dir = spool;
    db = db_open("mysql://nobody@127.0.0.1:1/nothing");
}

static size_t replay(void)
{
    struct work janitor = {.id = "janitor", .config = &world.config, .db = work->db};
    size_t count = journal_replay(&janitor, callback_replay);

    work_end(&janitor);
    return count;
}

Test(hooks, are_journalled_while_the_store_is_away_and_applied_when_it_is_back)
{
    struct incoming in = call_in(&world);
    const char *missed = new_sid(&world, "CA");
    struct request req;
    struct call call;

    lose_store();
    req = send_post((struct post){.path = "/api/v1/incoming-call",
                                  .form = incoming_form(missed, world.number.e164),
                                  .token = REHEARSAL});
    cr_expect_eq(req.status, 200);
    cr_expect(strstr(req.reply.at, "<Say>We are sorry, we cannot take your call") != NULL);
    request_end(&req);
    req = send_post((struct post){.path = "/api/v1/call-status",
                                  .form = status_form(in.call.call_sid, "completed", "3"),
                                  .token = REHEARSAL});
    cr_expect_eq(req.status, 200);
    request_end(&req);
    req = send_post((struct post){
        .path = strstr(in.plan.after_url, "/hooks"), .form = "CallSid=CA1", .token = REHEARSAL});
    cr_expect(strstr(req.reply.at, "<Pause length=\"1\"/>") != NULL, "%s", req.reply.at);
    cr_expect(strstr(req.reply.at, "?outage=1</Redirect>") != NULL, "%s", req.reply.at);
    request_end(&req);

    cr_expect_eq(replay(), 3);
    cr_assert(call_get(work, in.call.id, &in.call));
    cr_expect_str_eq(in.call.state, "completed");
    cr_assert(call_by_sid(work, missed, &call), "the missed call is known");
    cr_expect_str_eq(call.resolution, "callback_scheduled");
    cr_expect_eq(replay(), 0);
}

Test(hooks, forged_during_an_outage_change_nothing_when_it_is_over)
{
    struct incoming in = call_in(&world);
    struct request req;

    lose_store();
    req = send_post((struct post){.path = "/api/v1/call-status",
                                  .form = status_form(in.call.call_sid, "completed", "3"),
                                  .token = "a stranger's token"});
    request_end(&req);
    replay();
    cr_assert(call_get(work, in.call.id, &in.call));
    cr_expect_str_eq(in.call.state, "ringing");
}

Test(hooks, say_what_they_say_in_well_formed_xml)
{
    struct text out = {.arena = &work->arena};
    struct call_plan plan = {
        .kind = PLAN_DIAL,
        .say = "Tom & \"Jerry\" <hello>\x02",
        .language = "en-GB",
        .dial_to = "+13125550001",
        .after_url = "https://x.example.com/a?b=1&c=2",
        .dial_timeout_seconds = 25,
    };

    twiml_write_plan(&out, &plan);
    cr_expect_str_eq(out.at, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response>"
                             "<Say language=\"en-GB\">Tom &amp; &quot;Jerry&quot; "
                             "&lt;hello&gt;</Say>"
                             "<Dial action=\"https://x.example.com/a?b=1&amp;c=2\" "
                             "method=\"POST\" timeout=\"25\"><Number>+13125550001</Number></Dial>"
                             "</Response>\n");
    out = (struct text){.arena = &work->arena};
    twiml_write_message(&out, NULL);
    cr_expect_str_eq(out.at, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response></Response>\n");
}
