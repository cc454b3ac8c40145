/* <Enqueue workflowSid="WW…"> in customers' documents. */
#include <criterion/criterion.h>

#include <string.h>

#include "core/config.h"
#include "core/json.h"
#include "domain/calls.h"
#include "domain/customer_hooks.h"
#include "domain/customer_twiml.h"

static struct config config = {
    .public_base_url = "https://api.example.net/",
    .stream_auth_secret = "primary",
    .allow_private_urls = "no",
};
static struct work work = {.id = "test", .tenant = 7, .config = &config};
static struct call call = {.id = {{0xab, 0xcd}}};
static struct twiml_result result;

static void end(void)
{
    work_end(&work);
}

TestSuite(twiml_enqueue, .fini = end);

/* The tenant has one workflow with us. */
static bool has_workflow(struct work *with, const char *sid, bool *has)
{
    (void)with;
    *has = strcmp(sid, "WWours") == 0;
    return true;
}

static struct twiml_rules rules = {
    .room_prefix = "0abc.", .country = "US", .has_workflow = has_workflow};

/* What was asked for by a hook; NULL: by none. */
static bool rewrite_for(const struct customer_hook *asked, const char *inside)
{
    const char *text = arena_format(&work.arena, "<Response>%s</Response>", inside);
    const struct twiml_source source = {.call = &call,
                                        .document = text,
                                        .length = strlen(text),
                                        .asked = asked,
                                        .base_url = asked ? "https://app.example.com/wait"
                                                          : "https://app.example.com/voice/start"};

    return twiml_rewrite_by(&work, &rules, &source, &result);
}

static bool rewrite(const char *inside)
{
    return rewrite_for(NULL, inside);
}

static const char *rewritten(const char *inside)
{
    cr_assert(rewrite(inside), "%d %s", result.error.code, result.error.about);
    return result.text.at;
}

static const struct customer_hook *hook_of(const char *kind)
{
    for (size_t i = 0; i < result.nhooks; i++)
        if (strcmp(result.hooks[i].kind, kind) == 0)
            return &result.hooks[i];
    cr_assert_fail("no %s", kind);
    return NULL;
}

Test(twiml_enqueue, for_a_workflow_of_the_tenants_is_a_queue_of_the_callers_own)
{
    const char *text = rewritten("<Say>Hello</Say><Enqueue workflowSid=\"WWours\">"
                                 "<Task priority=\"5\" timeout=\"60\">{\"a\":\"1 &lt; 2\"}</Task>"
                                 "</Enqueue><Say>Bye</Say>");
    const struct customer_hook *hook = hook_of("enqueue");
    json_object *wanted = json_parse(hook->document);

    cr_expect_not_null(strstr(text, "<Say>Hello</Say><Enqueue waitUrl=\"https://api.example.net/"
                                    "hooks/twilio/twiml/v1."),
                       "%s", text);
    cr_expect_not_null(strstr(text, " waitUrlMethod=\"POST\">0abc.task-abcd0000000000000000000000"
                                    "000000</Enqueue><Say>Bye</Say>"),
                       "%s", text);
    cr_expect_eq(result.nhooks, 1);
    cr_expect_eq(result.nnotices, 0);
    cr_expect_null(hook->url);
    cr_expect_str_eq(json_text(wanted, "workflow"), "WWours");
    cr_expect_str_eq(json_text(json_member(wanted, "attributes"), "a"), "1 < 2");
    cr_expect_eq(json_integer(wanted, "priority", 0), 5);
    cr_expect_eq(json_integer(wanted, "timeout", 0), 60);
    json_object_put(wanted);
}

Test(twiml_enqueue, asks_the_customer_what_is_heard_and_what_comes_next)
{
    const char *text = rewritten("<Enqueue workflowSid=\"WWours\" waitUrl=\"/music\""
                                 " waitUrlMethod=\"GET\" action=\"/left\"/>");

    cr_expect_not_null(strstr(text, "<Enqueue action=\"https://api.example.net/"), "%s", text);
    cr_expect_eq(result.nhooks, 2);
    cr_expect_str_eq(hook_of("twiml")->url, "https://app.example.com/left");
    cr_expect_str_eq(hook_of("enqueue")->url, "https://app.example.com/music");
    cr_expect_str_eq(hook_of("enqueue")->method, "GET");
}

Test(twiml_enqueue, asks_on_in_the_queue_what_is_heard_there)
{
    static const char wanted[] = "{\"workflow\":\"WWours\"}";
    const struct customer_hook asked = {.kind = "enqueue", .document = wanted};
    static const char *const next[] = {"<Play>/a.mp3</Play><Redirect/>",
                                       "<Gather numDigits=\"1\"/>", "<Gather action=\"/wait\"/>"};

    for (size_t i = 0; i < COUNT(next); i++) {
        cr_assert(rewrite_for(&asked, next[i]), "%s", result.error.about);
        cr_assert_eq(result.nhooks, 1);
        cr_expect_str_eq(result.hooks[0].kind, "enqueue");
        cr_expect_str_eq(result.hooks[0].document, wanted);
        cr_expect_str_eq(result.hooks[0].url, "https://app.example.com/wait");
    }
    cr_assert(rewrite_for(&asked, "<Sms>Again and again</Sms><Pause/><Sms>and again</Sms>"));
    cr_expect_null(strstr(result.text.at, "Redirect"), "%s", result.text.at);
    cr_expect_eq(result.nnotices, 2, "what is heard there sends no text messages");
}

Test(twiml_enqueue, may_be_silent)
{
    rewritten("<Enqueue workflowSid=\"WWours\" waitUrl=\"\"/>");
    cr_expect_not_null(strstr(hook_of("enqueue")->document, "\"silent\":true"));
}

Test(twiml_enqueue, for_anothers_workflow_is_a_plain_queue)
{
    const char *text = rewritten("<Enqueue workflowSid=\"WWtheirs\">q</Enqueue>");

    cr_expect_not_null(strstr(text, "<Enqueue>0abc.q</Enqueue>"), "%s", text);
    cr_expect_eq(result.nnotices, 1);
}

Test(twiml_enqueue, of_a_task_that_is_none_is_refused)
{
    static const char *const wrong[] = {
        "<Enqueue workflowSid=\"WWours\"><Task>hello</Task></Enqueue>",
        "<Enqueue workflowSid=\"WWours\"><Task priority=\"x\">{}</Task></Enqueue>",
        "<Enqueue workflowSid=\"WWours\" waitUrl=\"http://10.0.0.1/x\"/>",
    };

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        cr_expect_not(rewrite(wrong[i]), "%s", wrong[i]);
}
