/*
 * What a customer of the Twilio dialect is asked, and what becomes of its answers and orders.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include <string.h>

#include "answerer.h"
#include "customers.h"
#include "domain/customer_answer.h"
#include "domain/customer_callbacks.h"
#include "domain/customer_hooks.h"
#include "domain/customer_requests.h"
#include "domain/events.h"
#include "domain/outbound.h"
#include "domain/phone_routes.h"
#include "fake_carrier.h"
#include "remote/http.h"
#include "remote/twilio.h"
#include "remote/twilio_signature.h"

static struct world world;
static struct work *const work = &world.work;
static struct fake_carrier carrier;
static const char *token;

static void setup(void)
{
    token = customer_begin(&world, false);
    answerer_start();
    fake_carrier_start(&carrier);
    world.config.rehearsal_api_base_url = carrier.base_url;
}

static void end(void)
{
    fake_carrier_stop(&carrier);
    world_end(&world);
}

TestSuite(customer_answers, .init = setup, .fini = end);

static const char *url_of(const char *path)
{
    return arena_format(&work->arena, "%s%s", answerer_url(), path);
}

/* The carrier's parameters of a call, and one more. */
static struct form form_of(const struct call *call, const char *name, const char *value)
{
    const struct twilio_field fields[] = {
        {"CallSid", call->call_sid},
        {"From", call->from_addr},
        {"To", call->to_addr},
        {"CallStatus", "in-progress"},
        {name, value},
    };

    return carrier_form(&world, fields, COUNT(fields));
}

/* Asks a URL about a call, with one parameter more than usual; what the carrier gets. */
static const char *answer_with(const struct call *call, const char *url, const char *method,
                               const char *name, const char *value)
{
    const struct customer_hook hook = {
        .call_id = call->id, .kind = "twiml", .url = url, .method = method};
    struct form form = form_of(call, name, value);
    const struct customer_question question = {
        .hook = &hook, .call = call, .form = &form, .idempotency_token = "once"};
    const char *twiml;

    cr_assert(customer_answer(work, &question, &twiml), "%s", work->error.message);
    return twiml;
}

static const char *answer(const struct call *call, const char *path)
{
    return answer_with(call, url_of(path), "POST", "Digits", "1 &");
}

/* Whether what was heard is signed with the customer's token for that URL. */
static bool is_signed(const struct heard *heard, const char *url)
{
    struct form form = {0};

    if (strcmp(heard->method, "POST") == 0)
        customer_form_read(work, heard->body, &form);
    return strcmp(heard_header(heard, "X-Twilio-Signature"),
                  twilio_signature(&work->arena, token, url, form.at, form.count)) == 0;
}

static const char *last_event(uid call, const char *type)
{
    struct rows rows;

    cr_assert(events_of_call(work, call, NO_UID, 100, &rows));
    for (size_t i = rows.count; i-- > 0;)
        if (strcmp(((struct call_event *)rows.at)[i].type, type) == 0)
            return ((struct call_event *)rows.at)[i].payload.json;
    return "";
}

/* ---- asking ---- */

Test(customer_answers, are_asked_for_as_the_carrier_would)
{
    struct call call = call_in(&world).call;
    struct form form;
    struct heard heard;

    answerer_say("/voice", 200, "<Response><Gather action=\"/menu\"/></Response>");
    cr_expect_not_null(strstr(answer(&call, "/voice?a=b"), "/hooks/twilio/twiml/v1."));
    heard = answerer_heard("/voice", 0);
    cr_expect_str_eq(heard.method, "POST");
    customer_form_read(work, heard.body, &form);
    cr_expect_str_eq(form_text(&form, "AccountSid"), world.tenant.account_sid);
    cr_expect_str_eq(form_text(&form, "CallSid"), call.call_sid);
    cr_expect_str_eq(form_text(&form, "Digits"), "1 &");
    cr_expect(is_signed(&heard, url_of("/voice?a=b")));
    cr_expect_str_eq(heard_header(&heard, "I-Twilio-Idempotency-Token"), "once");
    cr_expect_eq(tenant_number(&world, "SELECT COUNT(*) FROM customer_hooks WHERE tenant_id = ?"),
                 1);
}

Test(customer_answers, may_be_asked_for_by_get)
{
    struct call call = call_in(&world).call;
    struct heard heard;

    answerer_say("/voice", 200, "<Response/>");
    answer_with(&call, url_of("/voice?a=b"), "GET", "Digits", "5");
    heard = answerer_heard("/voice", 0);
    cr_expect_str_eq(heard.method, "GET");
    cr_expect_not_null(strstr(heard.path, "/voice?a=b&AccountSid="), "%s", heard.path);
    cr_expect_not_null(strstr(heard.path, "&Digits=5"), "%s", heard.path);
    cr_expect(is_signed(&heard, url_of(heard.path)));
}

Test(customer_answers, hear_of_recordings_at_our_host)
{
    struct call call = call_in(&world).call;
    struct form form;

    answerer_say("/voice", 200, "<Response/>");
    answer_with(&call, url_of("/voice"), "POST", "RecordingUrl",
                "https://api.twilio.com/2010-04-01/Accounts/" CARRIER_ACCOUNT "/Recordings/RE1");
    customer_form_read(work, answerer_heard("/voice", 0).body, &form);
    cr_expect_str_eq(form_text(&form, "RecordingUrl"),
                     arena_format(&work->arena,
                                  "https://voice.example.com/2010-04-01/Accounts/%s/Recordings/RE1",
                                  world.tenant.account_sid));
}

static struct call call_with_fallback(const char *path)
{
    struct call call = call_in(&world).call;
    const struct customer_wishes wishes = {.fallback_url = url_of(path)};

    call.carrier_params.json = customer_params(work, NULL, &wishes);
    return call;
}

Test(customer_answers, that_fail_are_asked_for_at_the_fallback)
{
    struct call call = call_with_fallback("/second");
    struct form form;

    answerer_say("/first", 500, "<Response/>");
    answerer_say("/second", 200, "<Response><Say>Hello</Say></Response>");
    cr_expect_not_null(strstr(answer(&call, "/first"), "<Say>Hello</Say>"));
    customer_form_read(work, answerer_heard("/second", 0).body, &form);
    cr_expect_str_eq(form_text(&form, "ErrorCode"), "11200");
    cr_expect_str_eq(form_text(&form, "ErrorUrl"), url_of("/first"));
    cr_expect_str_eq(form_text(&form, "Digits"), "1 &");
    cr_expect_not_null(strstr(last_event(call.id, "error"), "\"code\":11200"));
    cr_assert(call_get(work, call.id, &call));
    cr_expect_null(call.error_code, "the call goes on");
}

/* A server that is down, and one that breaks off. */
Test(customer_answers, of_dead_servers_are_asked_for_at_the_fallback)
{
    struct call call = call_with_fallback("/second");
    struct form form;

    answerer_say("/second", 200, "<Response><Say>Hello</Say></Response>");
    answerer_drop("/first");
    cr_expect_not_null(strstr(answer_with(&call, "http://127.0.0.1:9/x", "POST", "Digits", "1"),
                              "<Say>Hello</Say>"));
    customer_form_read(work, answerer_heard("/second", 0).body, &form);
    cr_expect_str_eq(form_text(&form, "ErrorCode"), "11205");
    cr_expect_not_null(strstr(answer(&call, "/first"), "<Say>Hello</Say>"));
    customer_form_read(work, answerer_heard("/second", 1).body, &form);
    cr_expect_str_eq(form_text(&form, "ErrorCode"), "11200");
}

struct failing {
    int status;
    char body[120];
    int code;
};

ParameterizedTestParameters(customer_answers, end_the_call_with_a_sentence)
{
    static struct failing cases[] = {
        /* clang-format off */
        {500, "<Response/>", 11200},
        {404, "<Response/>", 11200},
        {200, "<Response>", 12100},
        {200, "{\"say\":\"hello\"}", 12300},
        {200, "<Response><Dial>+19005550001</Dial></Response>", 13227},
        {200, "<Response><Dial>+442071838750</Dial></Response>", 13227},
        {200, "<Response><Dial callerId=\"+13125550001\">+13125550002</Dial></Response>", 13214},
        {200, "<Response><Redirect>gopher://x/</Redirect></Response>", 11100},
        /* clang-format on */
    };

    return cr_make_param_array(struct failing, cases, COUNT(cases));
}

ParameterizedTest(struct failing *failing, customer_answers, end_the_call_with_a_sentence)
{
    struct call call = call_in(&world).call;
    const char *code = arena_format(&work->arena, "%d", failing->code), *twiml;

    answerer_say("/voice", failing->status, failing->body);
    twiml = answer(&call, "/voice?secret=1");
    cr_expect_not_null(strstr(twiml, "application error"), "%s", twiml);
    cr_expect_not_null(strstr(twiml, "<Hangup>"), "%s", twiml);
    cr_expect_null(strstr(last_event(call.id, "error"), "secret"), "queries are not for logs");
    cr_expect_not_null(strstr(last_event(call.id, "error"), code), "%s",
                       last_event(call.id, "error"));
    cr_assert(call_get(work, call.id, &call));
    cr_expect_str_eq(call.error_code, code);
}

Test(customer_answers, are_not_fetched_from_our_own_network)
{
    struct call call = call_in(&world).call;

    world.config.allow_private_urls = "no";
    cr_expect_not_null(strstr(answer(&call, "/voice"), "application error"));
    cr_expect_eq(answerer_count("/voice"), 0);
    cr_expect_not_null(strstr(last_event(call.id, "error"), "\"code\":11210"));
}

Test(customer_answers, may_call_from_numbers_of_an_account_of_ones_own)
{
    struct call call = call_in(&world).call;
    const char *number = new_number(&world), *dial, *refused, *twiml;
    struct phone_route route;

    row_clear(&phone_route_entity, &route);
    route.e164 = number;
    route.direction = "outbound";
    route.agent_id = world.agent.id;
    cr_assert(phone_route_put(work, &route), "%s", work->error.message);
    dial = arena_format(&work->arena,
                        "<Response><Dial callerId=\"%s\">+13125550142</Dial></Response>", number);
    answerer_say("/own", 200, dial);
    refused = answer(&call, "/own");
    cr_expect_null(strstr(refused, "callerId"), "%s", refused);
    cr_assert(db_execute(work, "UPDATE tenants SET carrier_mode = 'byoc' WHERE id = ?",
                         (const struct param[]){PARAM(work->tenant)}, 1, NULL));
    twiml = answer(&call, "/own");
    cr_expect_not_null(strstr(twiml, arena_format(&work->arena, "callerId=\"%s\"", number)), "%s",
                       twiml);
    answerer_say("/own", 200,
                 "<Response><Dial callerId=\"+13125559999\">+13125550142</Dial></Response>");
    refused = answer(&call, "/own");
    cr_expect_null(strstr(refused, "callerId"), "a number that no route names: %s", refused);
}

Test(customer_answers, say_what_was_left_out)
{
    struct call call = call_in(&world).call;

    answerer_say("/voice", 200, "<Response><Fax/><Say>Hello</Say></Response>");
    answer(&call, "/voice");
    cr_expect_not_null(strstr(last_event(call.id, "twiml.warning"), "\"code\":12200"));
}

Test(customer_answers, are_asked_for_again_as_the_url_says)
{
    struct call call = call_in(&world).call;

    answerer_say("/voice", 503, "<Response/>");
    answer(&call, "/voice#rc=2&rp=5xx");
    cr_expect_eq(answerer_count("/voice"), 3);
    answer(&call, "/voice");
    cr_expect_eq(answerer_count("/voice"), 4);
}

Test(customer_answers, may_be_given_with_the_order)
{
    struct call call = call_in(&world).call;
    struct form form = form_of(&call, "Digits", "1");
    const struct customer_hook hook = {.call_id = call.id,
                                       .kind = "twiml",
                                       .method = "POST",
                                       .document = "<Response><Say>Hi</Say></Response>"};
    const struct customer_question question = {.hook = &hook, .call = &call, .form = &form};
    const char *twiml;

    cr_assert(customer_answer(work, &question, &twiml));
    cr_expect_not_null(strstr(twiml, "<Say>Hi</Say>"));
}

Test(customer_answers, read_connection_overrides)
{
    struct customer_overrides o;

    customer_overrides_read("https://a.b/c?d=e", &o);
    cr_expect(o.retries == 1 && o.on_connect && !o.on_5xx && !o.on_read && o.total_ms == 0);
    customer_overrides_read("https://a.b/#rc=9&rp=4xx,rt&rt=50&tt=9000&e=ashburn", &o);
    cr_expect(o.retries == 5 && !o.on_connect && o.on_4xx && o.on_read && !o.on_5xx);
    cr_expect(o.read_ms == 100 && o.total_ms == 9000);
    customer_overrides_read("https://a.b/#rp=all&rc=x", &o);
    cr_expect(o.retries == 0 && o.on_connect && o.on_4xx && o.on_5xx && o.on_read);
}

/* ---- wishes ---- */

struct wish {
    struct customer_wishes wishes;
    const char *field; /* NULL: fine */
};

Test(customer_answers, are_wished_for_within_limits)
{
    char *long_url = arena_format(&work->arena, "https://a.example.com/%01000d", 1);
    char *long_twiml = arena_format(&work->arena, "<Response><Say>%04000d</Say></Response>", 1);
    const struct wish cases[] = {
        /* clang-format off */
        {{.url = "https://a.example.com/v?x#rc=2", .method = "GET", .status_url = "https://a.example.com/s",
          .status_events = "initiated, ringing answered,completed"}, NULL},
        {{.twiml = "<Response/>"}, NULL},
        {{.url = "gopher://a.example.com/"}, "Url"},
        {{.url = long_url}, "Url"},
        {{.url = "https://a.example.com/", .twiml = "<nonsense"}, NULL},
        {{.twiml = "<nonsense"}, "Twiml"},
        {{.twiml = long_twiml}, "Twiml"},
        {{.url = "https://a.example.com/", .method = "PUT"}, "Method"},
        {{.fallback_url = "x"}, "FallbackUrl"},
        {{.status_url = "x"}, "StatusCallback"},
        {{.status_events = "busy"}, "StatusCallbackEvent"},
        {{.recording_url = "x"}, "RecordingStatusCallback"},
        {{.recording_events = "deleted"}, "RecordingStatusCallbackEvent"},
        {{.amd_url = "x"}, "AsyncAmdStatusCallback"},
        /* clang-format on */
    };

    world.config.allow_private_urls = "no";
    for (size_t i = 0; i < COUNT(cases); i++) {
        bool fine = customer_wishes_check(work, &cases[i].wishes);

        cr_expect_eq(fine, cases[i].field == NULL, "%zu", i);
        if (cases[i].field)
            cr_expect_str_eq(work->error.field, cases[i].field, "%zu", i);
    }
}

Test(customer_answers, keep_wishes_that_are_not_changed)
{
    const struct customer_wishes first = {.url = "https://a/", .status_url = "https://s/"};
    const struct customer_wishes second = {.status_url = "", .fallback_url = "https://f/"};
    const char *params = customer_params(work, customer_params(work, NULL, &first), &second);

    cr_expect_str_eq(params, "{\"Url\":\"https://a/\",\"FallbackUrl\":\"https://f/\"}", "%s",
                     params);
}

/* ---- orders ---- */

static bool order(const struct customer_wishes *wishes, struct call *call)
{
    const struct carrier_setting settings[] = {{"SendDigits", "1w2"}, {"Trim", NULL}};
    const struct outbound_order given = {
        .origin = "twilio",
        .from = world.number.e164,
        .to = "+13125550001",
        .customer = wishes,
        .record = true,
        .settings = settings,
        .nsettings = COUNT(settings),
    };

    fake_carrier_answers(&carrier, &work->arena, 201,
                         arena_format(&work->arena, "{\"sid\":\"%s\",\"status\":\"queued\"}",
                                      new_sid(&world, "CA")));
    return outbound_order(work, &given, call);
}

Test(customer_answers, take_ordered_calls_without_an_agent)
{
    const struct customer_wishes wishes = {.url = "https://app.example.com/v",
                                           .status_url = "https://app.example.com/s"};
    struct call call;

    cr_assert(order(&wishes, &call), "%s", work->error.message);
    cr_expect_str_eq(call.media_mode, "none");
    cr_expect(uid_is_none(call.agent_id));
    cr_expect_not_null(strstr(carrier.request, "Url=https%3A%2F%2Fvoice.example.com%2Fhooks%2F"
                                               "twilio%2Ftwiml%2Fv1."),
                       "%s", carrier.request);
    cr_expect_null(strstr(carrier.request, "app.example.com"));
    cr_expect_not_null(strstr(carrier.request, "&SendDigits=1w2"));
    cr_expect_not_null(strstr(carrier.request, "&Record=true"));
    cr_expect_str_eq(customer_wish(work, &call, "StatusCallback"), "https://app.example.com/s");
    cr_expect_eq(tenant_number(&world, "SELECT COUNT(*) FROM voice_sessions WHERE tenant_id = ?"),
                 0);
}

Test(customer_answers, take_live_calls_from_the_agent)
{
    struct incoming in = call_in(&world);
    const struct customer_wishes wishes = {.twiml = "<Response><Say>Bye</Say></Response>",
                                           .fallback_url = "https://app.example.com/f"};

    fake_carrier_answers(&carrier, &work->arena, 200,
                         "{\"sid\":\"CA1\",\"status\":\"in-progress\"}");
    cr_assert(customer_redirect(work, &in.call, &wishes, 60), "%s", work->error.message);
    cr_expect_not_null(strstr(carrier.request, in.call.call_sid));
    cr_expect_not_null(strstr(carrier.request, "%2Fhooks%2Ftwilio%2Ftwiml%2Fv1."));
    cr_expect_not_null(strstr(carrier.request, "TimeLimit=60"));
    cr_expect_str_eq(customer_wish(work, &in.call, "FallbackUrl"), "https://app.example.com/f");
}

Test(customer_answers, do_not_take_calls_that_are_over)
{
    const struct customer_wishes wishes = {.url = "https://app.example.com/v"};
    struct incoming in = call_in(&world);

    fake_carrier_answers(&carrier, &work->arena, 400,
                         "{\"code\":21220,\"message\":\"Call is not in-progress\",\"status\":400}");
    cr_expect_not(customer_redirect(work, &in.call, &wishes, 0));
    cr_expect_eq(work->error.what, WRONG_STATE, "%s", work->error.message);
    end_by_carrier(&world, in.call.id, 3);
    cr_assert(call_get(work, in.call.id, &in.call));
    carrier.request[0] = '\0';
    cr_expect_not(customer_redirect(work, &in.call, &wishes, 0));
    cr_expect_eq(work->error.what, WRONG_STATE);
    cr_expect_str_empty(carrier.request, "the carrier need not be asked");
}

Test(customer_answers, leave_a_call_as_it_was_when_the_carrier_refuses)
{
    const struct customer_wishes before = {.status_url = "https://app.example.com/s"},
                                 refused = {.url = "https://app.example.com/v",
                                            .status_url = "https://app.example.com/other"};
    struct incoming in = call_in(&world);
    struct call call;

    cr_assert(customer_redirect(work, &in.call, &before, 0), "%s", work->error.message);
    call = in.call;
    fake_carrier_answers(&carrier, &work->arena, 400,
                         "{\"code\":21220,\"message\":\"Call is not in-progress\",\"status\":400}");
    cr_expect_not(customer_redirect(work, &call, &refused, 0));
    cr_expect_eq(work->error.what, WRONG_STATE, "%s", work->error.message);
    cr_assert(call_get(work, in.call.id, &call));
    cr_expect_str_eq(call.media_mode, in.call.media_mode);
    cr_expect_str_eq(customer_wish(work, &call, "StatusCallback"), "https://app.example.com/s");
}
