/*
 * Customers' TwiML: what is read, what is left out, what is refused, what the carrier gets.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include <string.h>

#include "core/config.h"
#include "domain/calls.h"
#include "domain/customer_hooks.h"
#include "domain/customer_sms.h"
#include "domain/customer_twiml.h"
#include "domain/twiml_document.h"

static struct config config = {
    .public_base_url = "https://api.example.net/",
    .stream_auth_secret = "primary",
    .allow_private_urls = "no",
};
static struct work work = {.id = "test", .tenant = 7, .config = &config};
static struct call call = {.id = {{1}}};
static struct twiml_result result;

static void end(void)
{
    work_end(&work);
}

TestSuite(customer_twiml, .fini = end);

/* ---- rules of the test's own ---- */

static char asked_from[40], asked_to[300];
static int times_asked;
static int64_t asked_beside;

static bool is_ours(struct work *with, const char *number, bool *ours)
{
    (void)with;
    *ours = strncmp(number, "+1312555", 8) == 0;
    return true;
}

static bool may_reach(struct work *with, const char *from, const char *to, int64_t beside)
{
    times_asked++;
    asked_beside = beside;
    snprintf(asked_from, sizeof asked_from, "%s", from);
    snprintf(asked_to, sizeof asked_to, "%s", to);
    return strncmp(to, "+1900", 5) != 0 ||
           fail(with, FORBIDDEN, "Numbers of that kind are not called");
}

static struct customer_sms sent[4];
static size_t nsent;

static bool send(struct work *with, const struct customer_sms *sms, int *code)
{
    (void)with;
    *code = sms->to && strncmp(sms->to, "+1900", 5) == 0 ? SMS_NOT_THERE : 0;
    sent[nsent++ % COUNT(sent)] = *sms;
    return true;
}

static struct twiml_rules rules = {
    .room_prefix = "0abc.",
    .ours = "+13125550100",
    .theirs = "+13125550199",
    .country = "US",
    .is_ours = is_ours,
    .may_reach = may_reach,
    .send = send,
};

static bool rewrite_from(const char *base, const char *text)
{
    const struct twiml_source source = {
        .call = &call, .document = text, .length = strlen(text), .base_url = base};

    return twiml_rewrite_by(&work, &rules, &source, &result);
}

static bool rewrite(const char *inside)
{
    return rewrite_from("https://app.example.com/voice/start?x=1",
                        arena_format(&work.arena, "<Response>%s</Response>", inside));
}

/* What the carrier gets within <Response>. */
static const char *rewritten(const char *inside)
{
    const char *from, *to;

    cr_assert(rewrite(inside), "%d %s", result.error.code, result.error.about);
    from = strstr(result.text.at, "<Response>") + 10;
    to = strstr(from, "</Response>");
    return arena_copy(&work.arena, from, (size_t)(to - from));
}

static void refused(const char *inside, int code)
{
    cr_expect_not(rewrite(inside), "%s", result.text.at);
    cr_expect_eq(result.error.code, code, "%d %s", result.error.code, result.error.about);
}

/* The row behind the only URL of a document. */
static const struct customer_hook *only_hook(void)
{
    cr_assert_eq(result.nhooks, 1, "%zu", result.nhooks);
    return &result.hooks[0];
}

/* The row of that kind; some verbs have one for what comes next besides. */
static const struct customer_hook *hook_of(const char *kind)
{
    size_t i = 0;

    while (i < result.nhooks && strcmp(result.hooks[i].kind, kind) != 0)
        i++;
    cr_assert_lt(i, result.nhooks, "no %s", kind);
    return &result.hooks[i];
}

/* ---- what is passed on ---- */

Test(customer_twiml, that_only_speaks_stays_as_it_is)
{
    cr_expect_str_eq(
        rewritten("<Say voice=\"alice\" loop=\"2\">Caf&#xE9; &amp; <break time=\"1s\"/>more</Say>"
                  "<Pause length=\"2\"/><Hangup/>"),
        "<Say voice=\"alice\" loop=\"2\">Caf\xC3\xA9 &amp; <break time=\"1s\"></break>more</Say>"
        "<Pause length=\"2\"></Pause><Hangup></Hangup>");
    cr_expect_eq(result.nhooks, 0);
    cr_expect_eq(result.nnotices, 0);
}

Test(customer_twiml, begins_as_a_document_with_its_declaration)
{
    cr_assert(rewrite_from(NULL, "\xEF\xBB\xBF<?xml version=\"1.0\"?><!-- hello --><Response/>"));
    cr_expect_str_eq(result.text.at,
                     "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response></Response>\n");
}

Test(customer_twiml, loses_what_is_not_known)
{
    cr_expect_str_eq(
        rewritten("<Say colour=\"red\">A</Say><Fax>+19005550001</Fax><Number>1</Number>"),
        "<Say>A</Say>");
    cr_expect_eq(result.nnotices, 3);
    cr_expect_eq(result.notices[0].code, 12200);
    cr_expect_str_eq(result.notices[0].about, "Say.colour");
    cr_expect_str_eq(result.notices[1].about, "Response.Fax");
    cr_expect_eq(times_asked, 0, "what is left out reaches nobody");
}

Test(customer_twiml, passes_sounds_on_as_absolute_urls)
{
    cr_expect_str_eq(rewritten("<Play loop=\"1\"> /sounds/a.mp3 </Play><Play digits=\"1w2\"/>"),
                     "<Play loop=\"1\">https://app.example.com/sounds/a.mp3</Play>"
                     "<Play digits=\"1w2\"></Play>");
    refused("<Play>file:///etc/passwd</Play>", 11100);
}

Test(customer_twiml, passes_streams_of_the_customers_on)
{
    const char *text = rewritten("<Connect><Stream url=\"wss://media.example.com/s?x=1\">"
                                 "<Parameter name=\"a\" value=\"&quot;b&quot;\"/>"
                                 "</Stream></Connect>");

    cr_expect_str_eq(text, "<Connect><Stream url=\"wss://media.example.com/s?x=1\">"
                           "<Parameter name=\"a\" value=\"&quot;b&quot;\"></Parameter>"
                           "</Stream></Connect>");
    cr_expect_str_eq(
        rewritten("<Connect><ConversationRelay url=\"/relay\" hints=\"a,b\"/></Connect>"),
        "<Connect><ConversationRelay url=\"wss://app.example.com/relay\""
        " hints=\"a,b\"></ConversationRelay></Connect>");
    refused("<Connect><Stream url=\"ws://media.example.com/s\"/></Connect>", 11100);
    refused("<Connect><Stream/></Connect>", 11100);
}

/* ---- URLs ---- */

Test(customer_twiml, is_asked_for_more_through_us)
{
    const char *text =
        rewritten("<Gather numDigits=\"1\" action=\"../menu?a=1&amp;b=2\" method=\"GET\"/>");
    const char *prefix = "<Gather action=\"https://api.example.net/hooks/twilio/twiml/v1.";
    const struct customer_hook *hook = only_hook();

    cr_expect_eq(strncmp(text, prefix, strlen(prefix)), 0, "%s", text);
    cr_expect_not_null(strstr(text, "\" method=\"POST\" numDigits=\"1\"></Gather>"), "%s", text);
    cr_expect_str_eq(hook->url, "https://app.example.com/menu?a=1&b=2");
    cr_expect_str_eq(hook->method, "GET");
    cr_expect_str_eq(hook->kind, "twiml");
    cr_expect(uid_equal(hook->call_id, call.id));
}

Test(customer_twiml, names_its_rows_in_its_urls)
{
    struct token token;
    const char *at = strstr(rewritten("<Redirect>https://b.example.com/next</Redirect>"), "https");

    cr_assert(customer_hook_token(&work, arena_copy(&work.arena, at, strcspn(at, "<")), &token),
              "%s", work.error.message);
    cr_expect_eq(token.tenant_id, 7);
    cr_expect(uid_equal(token.call, call.id));
    cr_expect(uid_equal(token.session, only_hook()->id));
}

Test(customer_twiml, makes_one_row_of_the_same_url)
{
    rewritten("<Gather action=\"/a\"/><Gather action=\"/a\"/><Gather action=\"/b\"/>");
    cr_expect_eq(result.nhooks, 2);
}

Test(customer_twiml, asks_its_own_url_again_where_it_says_no_other)
{
    rewritten("<Gather method=\"GET\"/>");
    cr_expect_str_eq(only_hook()->url, "https://app.example.com/voice/start?x=1");
    cr_expect_str_eq(only_hook()->method, "GET");
    rewritten("<Gather/>");
    cr_expect_str_eq(only_hook()->url, "https://app.example.com/voice/start?x=1");
    cr_expect_str_eq(only_hook()->method, "POST");
}

struct nested {
    char text[160], url[60], kind[16];
};

ParameterizedTestParameters(customer_twiml, hides_nested)
{
    static struct nested cases[] = {
        /* clang-format off */
        {"<Redirect method=\"GET\">/x</Redirect>", "https://app.example.com/x", "twiml"},
        {"<Dial action=\"/x\"/>", "https://app.example.com/x", "twiml"},
        {"<Dial referUrl=\"/x\"/>", "https://app.example.com/x", "twiml"},
        {"<Enqueue waitUrl=\"/x\">q</Enqueue>", "https://app.example.com/x", "twiml"},
        {"<Enqueue action=\"/x\">q</Enqueue>", "https://app.example.com/x", "twiml"},
        {"<Connect action=\"/x\"/>", "https://app.example.com/x", "twiml"},
        {"<Dial><Conference waitUrl=\"/x\">r</Conference></Dial>", "https://app.example.com/x", "twiml"},
        {"<Dial><Conference statusCallback=\"/x\">r</Conference></Dial>", "https://app.example.com/x", "conference"},
        {"<Dial><Queue url=\"/x\">q</Queue></Dial>", "https://app.example.com/x", "twiml"},
        {"<Gather partialResultCallback=\"/x\"/>", "https://app.example.com/x", "other"},
        {"<Start><Recording recordingStatusCallback=\"/x\"/></Start>", "https://app.example.com/x", "recording"},
        {"<Record recordingStatusCallback=\"/x\"/>", "https://app.example.com/x", "recording"},
        {"<Connect><Stream url=\"wss://a.b/\" statusCallback=\"/x\"/></Connect>", "https://app.example.com/x", "stream"},
        {"<Refer action=\"/x\"/>", "https://app.example.com/x", "twiml"},
        /* clang-format on */
    };

    return cr_make_param_array(struct nested, cases, COUNT(cases));
}

ParameterizedTest(struct nested *nested, customer_twiml, hides_nested)
{
    const char *text = rewritten(nested->text);

    cr_expect_null(strstr(text, "app.example.com"), "%s", text);
    cr_expect_str_eq(hook_of(nested->kind)->url, nested->url);
    work_end(&work);
}

Test(customer_twiml, wants_silence_where_it_says_so)
{
    cr_expect_str_eq(rewritten("<Enqueue waitUrl=\"\">q</Enqueue>"),
                     "<Enqueue waitUrl=\"\">0abc.q</Enqueue>");
}

struct url {
    char url[80];
};

ParameterizedTestParameters(customer_twiml, is_refused_with_urls)
{
    static struct url cases[] = {
        {"http://10.0.0.7/x"},
        {"http://localhost/x"},
        {"https://127.0.0.1/x"},
        {"https://localhost/x"},
        {"https://10.0.0.7:8443/x"},
        {"https://[::1]/x"},
        {"https://169.254.169.254/x"},
        {"https://user:pw@example.com/"},
        {"ftp://app.example.com/x"},
        {"javascript:alert(1)"},
        {"https:///x"},
        {"https://2130706433/x"},
    };

    return cr_make_param_array(struct url, cases, COUNT(cases));
}

ParameterizedTest(struct url *bad, customer_twiml, is_refused_with_urls)
{
    refused(arena_format(&work.arena, "<Redirect>%s</Redirect>", bad->url), 11100);
    refused(arena_format(&work.arena, "<Record recordingStatusCallback=\"%s\"/>", bad->url), 11100);
    work_end(&work);
}

/* As the carrier asks them. */
Test(customer_twiml, may_name_urls_without_tls)
{
    rewritten("<Redirect>http://demo.example.com/docs/voice.xml</Redirect>");
    cr_expect_str_eq(only_hook()->url, "http://demo.example.com/docs/voice.xml");
}

Test(customer_twiml, that_came_in_an_order_needs_absolute_urls)
{
    cr_expect_not(rewrite_from(NULL, "<Response><Redirect>/next</Redirect></Response>"));
    cr_expect_eq(result.error.code, 11100);
    cr_expect(
        rewrite_from(NULL, "<Response><Redirect>https://a.example.com/</Redirect></Response>"));
}

Test(customer_twiml, keeps_how_a_url_wants_to_be_asked)
{
    rewritten("<Redirect>https://a.example.com/n#rc=2&amp;rp=5xx</Redirect>");
    cr_expect_str_eq(only_hook()->url, "https://a.example.com/n#rc=2&rp=5xx");
}

Test(customer_twiml, names_only_so_many_urls)
{
    struct text many = {.arena = &work.arena};

    for (int i = 0; i <= TWIML_HOOK_LIMIT; i++)
        text_add(&many, "<Gather action=\"/%d\"/>", i);
    refused(many.at, 11100);
}

/* ---- whom it reaches ---- */

Test(customer_twiml, passes_numbers_through_the_gate)
{
    const char *text = rewritten("<Dial timeout=\"20\"><Number>(312) 555-0142</Number></Dial>");

    cr_expect_str_eq(asked_to, "+13125550142");
    cr_expect_str_eq(asked_from, "+13125550100");
    cr_expect_not_null(strstr(text, ">+13125550142</Number></Dial>"), "%s", text);
}

Test(customer_twiml, tells_us_of_every_leg)
{
    const char *text = rewritten("<Dial>+13125550142</Dial>");

    cr_expect_not_null(strstr(text, "<Dial><Number statusCallback=\"https://api.example.net/hooks/"
                                    "twilio/callback/v1."),
                       "%s", text);
    cr_expect_not_null(strstr(text, "statusCallbackEvent=\"initiated ringing answered completed\""),
                       "%s", text);
    cr_expect_null(only_hook()->url, "the customer need not be told");
    rewritten("<Dial><Number statusCallback=\"/n\" statusCallbackEvent=\"answered\">+13125550142"
              "</Number></Dial>");
    cr_expect_str_eq(only_hook()->url, "https://app.example.com/n");
    cr_expect_str_eq(only_hook()->events, "answered");
}

Test(customer_twiml, tells_us_of_every_recording)
{
    rewritten("<Record/>");
    cr_expect_null(hook_of("recording")->url, "the customer need not be told");
    rewritten("<Dial record=\"record-from-answer\"/>");
    cr_expect_str_eq(only_hook()->kind, "recording");
    rewritten("<Dial record=\"do-not-record\"/><Dial/>");
    cr_expect_eq(result.nhooks, 0);
}

struct reached {
    char text[160];
    int code;
};

ParameterizedTestParameters(customer_twiml, does_not_reach)
{
    static struct reached cases[] = {
        /* clang-format off */
        {"<Dial>+19005550001</Dial>", 13227},
        {"<Dial>9005550001</Dial>", 13227},
        {"<Dial><Number>+1 900 555 0001</Number></Dial>", 13227},
        {"<Dial><Number>&#x2B;19005550001</Number></Dial>", 13227},
        {"<Dial><Number><![CDATA[+19005550001]]></Number></Dial>", 13227},
        {"<Dial><Number>+13125550142</Number><Number>+19005550001</Number></Dial>", 13227},
        {"<Dial>nobody</Dial>", 13224},
        {"<Dial><Number></Number></Dial>", 13224},
        {"<Dial><Sip>+13125550142</Sip></Dial>", 13224},
        {"<Dial><Sip>sip:a@b.example.com &lt;x</Sip></Dial>", 13224},
        {"<Dial callerId=\"+14155550000\">+13125550142</Dial>", 13214},
        {"<Dial callerId=\"anonymous\">+13125550142</Dial>", 13214},
        {"<Dial><Conference></Conference></Dial>", 12200},
        /* clang-format on */
    };

    return cr_make_param_array(struct reached, cases, COUNT(cases));
}

ParameterizedTest(struct reached *reached, customer_twiml, does_not_reach)
{
    refused(reached->text, reached->code);
    work_end(&work);
}

Test(customer_twiml, calls_from_its_own_numbers_and_as_who_called)
{
    rewritten("<Dial callerId=\"+13125550177\">+13125550142</Dial>");
    cr_expect_str_eq(asked_from, "+13125550177");
    cr_expect_not_null(strstr(result.text.at, "callerId=\"+13125550177\""));
    rules.theirs = "+442071838750";
    rewritten("<Dial callerId=\"+442071838750\">+13125550142</Dial>");
    cr_expect_str_eq(asked_from, "+13125550100", "the gate asks for a number of the tenant's");
}

Test(customer_twiml, passes_sip_addresses_through_the_gate)
{
    const char *text = rewritten("<Dial><Sip username=\"u\" password=\"p\">"
                                 "sip:desk@pbx.example.com;transport=tls?X-A=1</Sip></Dial>"
                                 "<Refer><Sip>sip:other@pbx.example.com</Sip></Refer>");

    cr_expect_eq(times_asked, 2);
    cr_expect_str_eq(asked_to, "sip:other@pbx.example.com");
    cr_expect_not_null(strstr(text, ">sip:desk@pbx.example.com;transport=tls?X-A=1</Sip>"), "%s",
                       text);
}

Test(customer_twiml, rings_ten_at_once_at_most)
{
    struct text many = {.arena = &work.arena};

    text_put(&many, "<Dial>");
    for (int i = 0; i < 12; i++)
        text_put(&many, "<Number>+13125550142</Number>");
    text_put(&many, "</Dial>");
    rewritten(many.at);
    cr_expect_eq(times_asked, 10);
    cr_expect_eq(asked_beside, 9, "the gate knows how many ring at once");
    cr_expect_eq(result.nnotices, 2);
    rewritten("<Dial>+13125550142</Dial>");
    cr_expect_eq(asked_beside, 0);
}

/* On one account of the carrier's, names and keys of others must not be reached. */
Test(customer_twiml, keeps_to_its_own_on_a_shared_account)
{
    const char *text =
        rewritten("<Dial><Conference coach=\"CA1\">room</Conference></Dial>"
                  "<Dial><Client>jane</Client></Dial><Enqueue workflowSid=\"WW1\">q</Enqueue>");

    cr_expect_not_null(strstr(text, "<Conference>0abc.room</Conference>"), "%s", text);
    cr_expect_null(strstr(text, "jane"), "%s", text);
    cr_expect_not_null(strstr(text, "<Enqueue>0abc.q</Enqueue>"), "%s", text);
    cr_expect_eq(result.nnotices, 3);
}

Test(customer_twiml, uses_all_of_an_account_of_its_own)
{
    const char *text;

    rules.own_account = true;
    rules.room_prefix = NULL;
    text = rewritten("<Dial><Conference coach=\"CA1\">room</Conference></Dial>"
                     "<Dial><Client><Identity>jane</Identity></Client></Dial>");
    cr_expect_not_null(strstr(text, "<Conference coach=\"CA1\">room</Conference>"), "%s", text);
    cr_expect_not_null(strstr(text, "<Identity>jane</Identity>"), "%s", text);
}

/* ---- text messages ---- */

Test(customer_twiml, sends_a_text_message_before_it_goes_on)
{
    cr_expect_str_eq(rewritten("<Sms>Where we are: 1 Main St &amp; 2nd</Sms><Say>Done</Say>"),
                     "<Say>Done</Say>");
    cr_assert_eq(nsent, 1);
    cr_expect_str_eq(sent[0].body, "Where we are: 1 Main St & 2nd");
    cr_expect_str_eq(sent[0].from, "+13125550100");
    cr_expect_str_eq(sent[0].to, "+13125550199", "who is at the other end");
    cr_expect_null(sent[0].status_url);
    cr_expect(uid_equal(sent[0].call->id, call.id));
    rewritten("<Sms from=\"+13125550177\" to=\"+13125550142\" statusCallback=\"told\">A</Sms>"
              "<Sms>B</Sms>");
    cr_expect_eq(nsent, 3);
    cr_expect_str_eq(sent[1].from, "+13125550177");
    cr_expect_str_eq(sent[1].to, "+13125550142");
    cr_expect_str_eq(sent[1].status_url, "https://app.example.com/voice/told");
    cr_expect_not(uid_equal(sent[1].id, sent[2].id));
    cr_expect_eq(result.nnotices, 0);
}

Test(customer_twiml, sends_no_message_before_its_turn)
{
    const char *text = rewritten("<Gather action=\"/a\"/><Sms to=\"+13125550142\">A &lt; B</Sms>"
                                 "<Say>C<break time=\"1s\"/></Say><Play>d.mp3</Play>");
    const struct customer_hook *rest = &result.hooks[1];

    cr_expect_eq(nsent, 0, "somebody may press a key first");
    cr_expect_not_null(strstr(text, "</Gather><Redirect method=\"POST\">https://api.example.net"
                                    "/hooks/twilio/twiml/v1."),
                       "%s", text);
    cr_expect_null(strstr(text, "<Say>"), "%s", text);
    cr_assert_eq(result.nhooks, 2);
    cr_assert(rewrite_from(rest->url, rest->document), "%s", rest->document);
    cr_assert_eq(nsent, 1);
    cr_expect_str_eq(sent[0].body, "A < B");
    cr_expect_not_null(strstr(result.text.at,
                              "<Response><Say>C<break time=\"1s\"></break></Say>"
                              "<Play>https://app.example.com/voice/d.mp3</Play></Response>"),
                       "%s", result.text.at);
}

Test(customer_twiml, goes_on_at_the_action_of_a_message)
{
    const char *text = rewritten("<Sms action=\"/sent\" method=\"GET\">A</Sms><Say>Never</Say>");
    char digits[33];

    uid_write_hex(sent[0].id, digits);
    cr_expect_str_eq(only_hook()->url, "https://app.example.com/sent");
    cr_expect_str_eq(only_hook()->method, "GET");
    cr_expect_not_null(strstr(text, arena_format(&work.arena,
                                                 "?kept=SmsSid%%3DSM%s%%26SmsStatus%%3Dsending"
                                                 "</Redirect>",
                                                 digits)),
                       "%s", text);
    cr_expect_null(strstr(text, "Never"), "%s", text);
}

Test(customer_twiml, goes_on_where_a_message_may_not_be_sent)
{
    cr_expect_str_eq(rewritten("<Sms to=\"+19005550001\" colour=\"red\">A</Sms><Say>B</Say>"),
                     "<Say>B</Say>");
    cr_assert_eq(result.nnotices, 2);
    cr_expect_eq(result.notices[0].code, 21408);
    cr_expect_str_eq(result.notices[1].about, "Sms.colour");
    cr_expect_not_null(
        strstr(rewritten("<Sms to=\"+19005550001\" action=\"/x\">A</Sms>"), "SmsStatus%3Dinvalid"));
    refused("<Sms statusCallback=\"http://169.254.169.254/\">A</Sms>", 11100);
}

Test(customer_twiml, sends_ten_messages_at_most)
{
    struct text many = {.arena = &work.arena};

    for (int i = 0; i < 12; i++)
        text_put(&many, "<Sms>A</Sms>");
    rewritten(many.at);
    cr_expect_eq(nsent, 10);
    cr_assert_eq(result.nnotices, 2);
    cr_expect_eq(result.notices[0].code, 14107);
}

/* Asked again by the same request of the carrier's, it sends the same messages. */
Test(customer_twiml, is_the_same_message_for_the_same_request)
{
    const char *text = "<Response><Sms>A</Sms><Sms>A</Sms></Response>";
    struct twiml_source source = {
        .call = &call, .document = text, .length = strlen(text), .event = uid_new()};

    for (int i = 0; i < 2; i++)
        cr_assert(twiml_rewrite_by(&work, &rules, &source, &result));
    cr_expect(uid_equal(sent[0].id, sent[2].id));
    cr_expect(uid_equal(sent[1].id, sent[3].id));
    cr_expect_not(uid_equal(sent[0].id, sent[1].id));
    source.event = uid_new();
    cr_assert(twiml_rewrite_by(&work, &rules, &source, &result));
    cr_expect_not(uid_equal(sent[0].id, sent[1].id));
    cr_expect_not(uid_equal(sent[0].id, sent[2].id));
}

/* <Message> is an answer to a message; in a call it is no verb, and that is told. */
Test(customer_twiml, has_no_messages_of_other_documents)
{
    cr_expect_str_eq(rewritten("<Message>A</Message><Dial><Sms>B</Sms></Dial><Hangup/>"),
                     "<Dial></Dial><Hangup></Hangup>");
    cr_expect_eq(nsent, 0);
    cr_assert_eq(result.nnotices, 2);
    cr_expect_eq(result.notices[0].code, 12200);
    cr_expect_str_eq(result.notices[0].about, "Response.Message");
    cr_expect_str_eq(result.notices[1].about, "Dial.Sms");
}

/* ---- hostile documents ---- */

Test(customer_twiml, cannot_smuggle_elements_in_text_and_attributes)
{
    const char *text = rewritten("<Say voice=\"a&quot;&gt;&lt;Dial&gt;\">"
                                 "&lt;/Say&gt;&lt;Dial&gt;+19005550001&lt;/Dial&gt;</Say>");

    cr_expect_null(strstr(text, "<Dial"), "%s", text);
    cr_expect_not_null(strstr(text, "voice=\"a&quot;&gt;&lt;Dial&gt;\""), "%s", text);
}

Test(customer_twiml, may_be_written_in_other_encodings)
{
    cr_assert(rewrite_from(NULL, "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>"
                                 "<Response><Say>caf\xE9</Say></Response>"));
    cr_expect_not_null(strstr(result.text.at, "caf\xC3\xA9"), "%s", result.text.at);
}
