/*
 * The outward gate: whatever an API can dial or text with is tried with whom it may not reach, and
 * the carrier gets no order.  Each way is tried with somebody it may reach as well, whom the
 * carrier is then asked to reach.
 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "api/phony/phony.h"
#include "api/twilio/program.h"
#include "api/twilio/router.h"

TestSuite(gate_of_all, .timeout = 150);

/* ---- somebody who dials ---- */

struct desk {
    struct account account;
    const struct customer *customer;
    const char *phony;
    const char *foreign;       /* another tenant's number that is tried to call from */
    const char *call, *stream; /* one that came in and talks to the agent; NULL: no way needs it */
};

#define PATIENT "[{\"wait_agent\":true},{\"pause_ms\":90000},{\"hangup\":true}]"

static const char *stream_of(const char *call)
{
    return text_of(say("SELECT s.stream_sid FROM voice_sessions s JOIN calls c ON c.tenant_id ="
                       " s.tenant_id AND c.id = s.call_id WHERE c.call_sid = '%s' AND s.state ="
                       " 'active'",
                       call));
}

static void talk(struct desk *desk)
{
    desk->call = call_place(desk->customer, "+13125550390", PATIENT);
    AWAIT_FOR(40, *stream_of(desk->call));
    desk->stream = stream_of(desk->call);
}

/* A number that no other test calls: the last digits are those of the desk's own. */
static const char *number_like(const struct desk *desk, const char *beginning)
{
    return say("%s%s", beginning, desk->customer->number + 5);
}

static void must(struct reply reply)
{
    cr_assert(reply.status / 100 == 2, "%ld %s", reply.status, reply.body);
}

/* ---- the ways out: each tries to reach "to", from a number where that can be said ---- */

typedef struct reply way_out(const struct desk *desk, const char *to, const char *from);

static struct reply stateset(const struct desk *desk, const char *path, const char *body)
{
    return ask("POST", path, desk->customer->stateset, body, NULL);
}

static struct reply by_make_call(const struct desk *desk, const char *to, const char *from)
{
    return stateset(desk, "/api/v1/make-call", say("{\"to\":\"%s\",\"from\":\"%s\"}", to, from));
}

static struct reply by_translation(const struct desk *desk, const char *to, const char *from)
{
    return stateset(desk, "/api/v1/voice/translation-calls",
                    say("{\"participant_a\":\"%s\",\"participant_b\":\"%s\",\"from\":\"%s\"}",
                        rings_on(number_like(desk, "+1847")), to, from));
}

static struct reply by_first_of_translation(const struct desk *desk, const char *to,
                                            const char *from)
{
    return stateset(desk, "/api/v1/voice/translation-calls",
                    say("{\"participant_a\":\"%s\",\"participant_b\":\"%s\",\"from\":\"%s\"}", to,
                        rings_on(number_like(desk, "+1847")), from));
}

static struct reply by_automation(const struct desk *desk, const char *to, const char *name,
                                  const char *metadata)
{
    return stateset(desk, say("/api/v1/automations/sms/%s", name),
                    say("{\"customer_phone\":\"%s\",\"metadata\":{%s}}", to, metadata));
}

static struct reply by_tracking(const struct desk *desk, const char *to, const char *from)
{
    (void)from;
    return by_automation(desk, to, "tracking",
                         "\"order_id\":\"1\",\"carrier\":\"UPS\",\"tracking_number\":\"1Z\"");
}

static struct reply by_troubleshooting(const struct desk *desk, const char *to, const char *from)
{
    (void)from;
    return by_automation(desk, to, "troubleshooting",
                         "\"issue\":\"No light\",\"steps\":[\"Wait\"]");
}

static struct reply by_order(const struct desk *desk, const char *to, const char *from)
{
    (void)from;
    return by_automation(desk, to, "phone-order",
                         "\"order_id\":\"2\",\"items\":[\"Tea\"],\"total\":\"$9\"");
}

static struct reply by_intake(const struct desk *desk, const char *to, const char *from)
{
    (void)from;
    return by_automation(desk, to, "issue-intake", "\"form_url\":\"https://example.com/f\"");
}

static struct reply by_survey(const struct desk *desk, const char *to, const char *from)
{
    (void)from;
    return by_automation(desk, to, "post-call-survey", "\"survey_url\":\"https://example.com/s\"");
}

static struct reply by_dispatch(const struct desk *desk, const char *to, const char *from)
{
    (void)from;
    must(ask("PUT", "/api/v1/operator-queues/desk", desk->customer->stateset,
             "{\"name\":\"Desk\",\"is_default\":true,\"auto_dispatch_enabled\":true}", NULL));
    must(stateset(desk, "/api/v1/callback-tasks",
                  say("{\"disposition\":\"callback_requested\",\"customer_phone\":\"%s\"}", to)));
    return admin(
        "POST",
        say("/api/v1/admin/operator-queues/dispatch?auth_token=%s", desk->customer->stateset),
        NULL);
}

static struct reply by_escalation(const struct desk *desk, const char *to, const char *from)
{
    (void)from;
    return stateset(desk, "/api/v1/automations/escalate-call",
                    say("{\"call_sid\":\"%s\",\"target_number\":\"%s\"}", desk->call, to));
}

static struct reply by_bridge(const struct desk *desk, const char *to, const char *from)
{
    (void)from;
    return stateset(desk, "/api/v1/automations/escalate-call-with-bridge",
                    say("{\"call_sid\":\"%s\",\"target_number\":\"%s\"}", desk->call, to));
}

static struct reply by_supervisor(const struct desk *desk, const char *action, const char *to)
{
    return stateset(desk, say("/api/v1/sessions/%s/actions/%s", desk->stream, action),
                    say("{\"target\":\"%s\"}", to));
}

static struct reply by_barging(const struct desk *desk, const char *to, const char *from)
{
    (void)from;
    return by_supervisor(desk, "barge", to);
}

static struct reply by_supervisors_escalation(const struct desk *desk, const char *to,
                                              const char *from)
{
    (void)from;
    return by_supervisor(desk, "escalate", to);
}

static struct reply by_phony(const struct desk *desk, const char *to, const char *from)
{
    return ask("POST", say("/api/agents/%s/call", desk->customer->agent_id), desk->phony,
               say("{\"to_number\":\"%s\",\"from_number\":\"%s\"}", to, from), NULL);
}

static struct reply by_override(const struct desk *desk, const char *to, const char *from)
{
    (void)from;
    return ask("POST", "/api/override/transfer", desk->phony,
               say("{\"call_sid\":\"%s\",\"target\":\"%s\"}", desk->call, to), NULL);
}

static struct reply by_calls(const struct desk *desk, const char *to, const char *from,
                             const char *name, const char *value)
{
    return twilio(&desk->account, "POST", account_path(&desk->account, "/Calls.json"),
                  say("To=%s&From=%s&%s=%s", encoded(to), encoded(from), name, encoded(value)));
}

static struct reply by_twiml(const struct desk *desk, const char *to, const char *from)
{
    return by_calls(desk, to, from, "Twiml", "<Response><Pause/></Response>");
}

static struct reply by_url(const struct desk *desk, const char *to, const char *from)
{
    return by_calls(desk, to, from, "Url", program_url(&desk->account, "/voice"));
}

static struct reply by_application(const struct desk *desk, const char *to, const char *from)
{
    return by_calls(
        desk, to, from, "ApplicationSid",
        text_of(say("SELECT CONCAT('AP', REPLACE('%s', '-', ''))", desk->customer->agent_id)));
}

/* The call that came in is given other TwiML. */
static struct reply by_change(const struct desk *desk, const char *name, const char *value)
{
    return twilio(&desk->account, "POST",
                  account_path(&desk->account, say("/Calls/%s.json", desk->call)),
                  say("%s=%s", name, encoded(value)));
}

static const char *dial(const char *to, const char *from)
{
    return say("<Response><Dial callerId=\"%s\">%s</Dial></Response>", from, to);
}

static struct reply by_dial(const struct desk *desk, const char *to, const char *from)
{
    return by_change(desk, "Twiml", dial(to, from));
}

static struct reply by_dialled_number(const struct desk *desk, const char *to, const char *from)
{
    return by_change(
        desk, "Twiml",
        say("<Response><Dial callerId=\"%s\"><Number>%s</Number></Dial></Response>", from, to));
}

static struct reply by_program(const struct desk *desk, const char *to, const char *from)
{
    program_says(&desk->account, "/dials", dial(to, from));
    return by_change(desk, "Url", program_url(&desk->account, "/dials"));
}

/* A worker who is to take the call that came in. */
static struct reply by_instruction(const struct desk *desk, const char *instruction,
                                   const char *attributes)
{
    struct router router = {.account = desk->account};
    const char *worker, *task, *offers;
    struct reply reply;

    router.workspace = at(route(&router, "GET", "/v1/Workspaces", NULL).json, "workspaces.0.sid");
    router.space = say("/v1/Workspaces/%s", router.workspace);
    worker = made(&router, "Workers",
                  say("FriendlyName=W%s&ActivitySid=%s&Attributes=%s", new_call_sid(),
                      named(&router, "Activities", "Available"), encoded(attributes)));
    task = made(&router, "Tasks",
                say("WorkflowSid=%s&Attributes=%s", named(&router, "Workflows", "Default Workflow"),
                    encoded(say("{\"call_sid\":\"%s\"}", desk->call))));
    offers = in_space(&router, "Workers/%s/Reservations", worker);
    AWAIT(*at(route(&router, "GET", offers, NULL).json, "reservations.0.sid"));
    reply = route(&router, "POST",
                  in_space(&router, "Tasks/%s/Reservations/%s", task,
                           at(route(&router, "GET", offers, NULL).json, "reservations.0.sid")),
                  instruction);
    /* The next one is offered to another worker, who has other ways to be reached. */
    change(&router, say("Workers/%s", worker),
           say("ActivitySid=%s", named(&router, "Activities", "Offline")));
    return reply;
}

static struct reply by_dequeue(const struct desk *desk, const char *to, const char *from)
{
    (void)from;
    return by_instruction(desk, say("Instruction=dequeue&DequeueTo=%s", encoded(to)), "{}");
}

static struct reply by_contact(const struct desk *desk, const char *to, const char *from)
{
    (void)from;
    return by_instruction(desk, "Instruction=dequeue", say("{\"contact_uri\":\"%s\"}", to));
}

static struct reply by_conference(const struct desk *desk, const char *to, const char *from)
{
    (void)from;
    return by_instruction(desk, say("Instruction=conference&To=%s", encoded(to)), "{}");
}

static struct reply by_call_of_worker(const struct desk *desk, const char *to, const char *from)
{
    return by_instruction(desk,
                          say("Instruction=call&CallTo=%s&CallFrom=%s&CallUrl=%s", encoded(to),
                              encoded(from), encoded(program_url(&desk->account, "/voice"))),
                          "{}");
}

/* ---- who is not reached ---- */

enum reason { NOBODY, COUNTRY, PREMIUM, SUPPRESSED, CAPPED, FOREIGN, REASONS };

static const char *const reasons[REASONS] = {"somebody",         "a forbidden country",
                                             "a premium range",  "a suppressed number",
                                             "an exhausted cap", "a foreign number to call from"};

static void suppress(const struct desk *desk, const char *number)
{
    query(say("INSERT INTO suppressions (tenant_id, id, channel, address, source) SELECT id,"
              " UNHEX(REPLACE(UUID(), '-', '')), 'all', '%s', 'api' FROM tenants WHERE tenant_key ="
              " '%s'",
              number, desk->customer->tenant));
}

static void exhaust(const struct desk *desk)
{
    must(admin("PUT", admin_path(desk->customer, "/runtime-config"),
               "{\"outbound\":{\"daily_calls\":0,\"daily_messages\":0}}"));
}

static const char *whom(const struct desk *desk, enum reason reason)
{
    const char *to = reason == COUNTRY   ? number_like(desk, "+44207")
                     : reason == PREMIUM ? number_like(desk, "+1900")
                     : reason == CAPPED  ? rings_on(number_like(desk, "+1872"))
                                         : rings_on(number_like(desk, "+1815"));

    if (reason == SUPPRESSED)
        suppress(desk, to);
    if (reason == CAPPED)
        exhaust(desk);
    return to;
}

/* ---- the table ---- */

/* TwiML is looked at when the carrier asks for it; what is refused there ends the call. */
enum { HAS_FROM = 1, IN_A_CALL = 2, IN_TWIML = 4, IN_A_TASK = 8 };

struct way {
    char name[40];
    way_out *go;
    int flags;
    /* What is answered for each reason, in their order. */
    short statuses[REASONS];
};

static const struct way ways[] = {
    /* clang-format off */
    /*                                                              somebody country premium suppr. capped foreign */
    {"make-call",                  by_make_call,            HAS_FROM,  {200, 400, 400, 400, 429, 400}},
    {"translation-calls",          by_translation,          HAS_FROM,  {200, 400, 400, 400, 429, 400}},
    {"translation-calls, first",   by_first_of_translation, HAS_FROM,  {200, 400, 400, 400, 429, 400}},
    {"sms/tracking",               by_tracking,             0,         {200, 400, 400, 400, 400}},
    {"sms/troubleshooting",        by_troubleshooting,      0,         {200, 400, 400, 400, 400}},
    {"sms/phone-order",            by_order,                0,         {200, 400, 400, 400, 400}},
    {"sms/issue-intake",           by_intake,               0,         {200, 400, 400, 400, 400}},
    {"sms/post-call-survey",       by_survey,               0,         {200, 400, 400, 400, 400}},
    {"operator-queues/dispatch",   by_dispatch,             0,         {200, 200, 200, 200, 200}},
    {"escalate-call",              by_escalation,           IN_A_CALL, {200, 400, 400, 400, 400}},
    {"escalate-call-with-bridge",  by_bridge,               IN_A_CALL, {200, 400, 400, 400, 400}},
    {"actions/barge",              by_barging,              IN_A_CALL, {200, 400, 400, 400, 400}},
    {"actions/escalate",           by_supervisors_escalation, IN_A_CALL, {200, 400, 400, 400, 400}},
    {"agents/{agent_id}/call",     by_phony,                HAS_FROM,  {200, 403, 403, 403, 429, 400}},
    {"override/transfer",          by_override,             IN_A_CALL, {200, 403, 403, 403, 429}},
    {"Calls.json by Twiml",        by_twiml,                HAS_FROM,  {201, 400, 400, 400, 429, 400}},
    {"Calls.json by Url",          by_url,                  HAS_FROM,  {201, 400, 400, 400, 429, 400}},
    {"Calls.json by an agent",     by_application,          HAS_FROM,  {201, 400, 400, 400, 429, 400}},
    {"<Dial>",                     by_dial,                 HAS_FROM | IN_A_CALL | IN_TWIML, {200, 200, 200, 200, 200, 200}},
    {"<Dial><Number>",             by_dialled_number,       HAS_FROM | IN_A_CALL | IN_TWIML, {200, 200, 200, 200, 200, 200}},
    {"<Dial> from a program",      by_program,              HAS_FROM | IN_A_CALL | IN_TWIML, {200, 200, 200, 200, 200, 200}},
    {"dequeue",                    by_dequeue,              IN_A_CALL | IN_A_TASK, {200, 200, 200, 200, 200}},
    {"dequeue, contact_uri",       by_contact,              IN_A_CALL | IN_A_TASK, {200, 200, 200, 200, 200}},
    {"conference",                 by_conference,           IN_A_CALL | IN_A_TASK, {200, 200, 200, 200, 200}},
    {"call of a worker",           by_call_of_worker,       HAS_FROM | IN_A_CALL | IN_A_TASK, {200, 200, 200, 200, 200, 200}},
    /* clang-format on */
};

/* ---- what the carrier was asked ---- */

static size_t orders_in(const char *log, const struct desk *desk, const char *to)
{
    json_object *all = control("CARRIER", "GET", log, NULL).json;
    size_t count = 0;

    cr_assert(json_object_is_type(all, json_type_array));
    for (size_t i = 0; i < json_object_array_length(all); i++) {
        json_object *one = json_object_array_get_idx(all, i);
        const char *from = at(one, "from");

        count += strcmp(at(one, "to"), to) == 0 || strcmp(from, desk->customer->number) == 0 ||
                 (desk->foreign && strcmp(from, desk->foreign) == 0);
    }
    return count;
}

/* Calls and messages to whom was not to be reached, and all that the desk's numbers sent. */
static size_t orders(const struct desk *desk, const char *to)
{
    return orders_in("/_calls", desk, to) + orders_in("/_messages", desk, to);
}

/* ---- and got ---- */

/* Whether the TwiML of a call was found to do what it may not. */
static bool is_refused(const char *call)
{
    return *text_of(say("SELECT COALESCE(error_code, '') FROM calls WHERE call_sid = '%s'", call));
}

/* Whether all was done that follows from what was told a worker. */
static bool is_followed(const struct desk *desk)
{
    return number_of(say("SELECT COUNT(*) FROM outbox x JOIN tenants t ON t.id = x.tenant_id WHERE"
                         " t.tenant_key = '%s' AND x.topic = 'taskrouter' AND x.state = 'pending'",
                         desk->customer->tenant)) == 0;
}

static void try(const struct way *way, struct desk *desk, enum reason reason, const char *from)
{
    const char *to = whom(desk, reason);
    struct reply reply;

    if (way->flags & IN_A_CALL && (!desk->call || way->flags & (IN_TWIML | IN_A_TASK)))
        talk(desk);
    reply = way->go(desk, to, from);
    cr_expect_eq(reply.status, way->statuses[reason], "%s for %s: %ld %s", way->name,
                 reasons[reason], reply.status, reply.body);
    if (reply.status >= 400)
        cr_expect(*at(reply.json, "error") || *at(reply.json, "message"), "%s for %s: %s",
                  way->name, reasons[reason], reply.body);
    if (way->flags & IN_TWIML && reason != NOBODY)
        AWAIT(is_refused(desk->call));
    if (way->flags & IN_A_TASK && reason != NOBODY)
        AWAIT(is_followed(desk));
    if (reason == NOBODY)
        AWAIT(orders(desk, to) > 0);
    else
        cr_expect_eq(orders(desk, to), 0u, "%s reaches %s", way->name, reasons[reason]);
}

static struct desk desk_new(void)
{
    struct desk desk = {.account = account_with_number()};

    desk.phony = phony_key(&desk.account.customer, "\"*\"");
    return desk;
}

/* A test runs in a process of its own, where functions lie elsewhere: it is told a number. */
ParameterizedTestParameters(gate_of_all, keeps_back)
{
    static size_t numbers[COUNT_OF(ways)];

    for (size_t i = 0; i < COUNT_OF(ways); i++)
        numbers[i] = i;
    return cr_make_param_array(size_t, numbers, COUNT_OF(ways));
}

ParameterizedTest(size_t *number, gate_of_all, keeps_back)
{
    static const enum reason order[] = {COUNTRY, PREMIUM, FOREIGN, SUPPRESSED, CAPPED};
    const struct way *way = &ways[*number];
    struct desk desk = desk_new(), other = desk_new();

    desk.customer = &desk.account.customer;
    other.customer = &other.account.customer;
    desk.foreign = other.customer->number;
    for (size_t i = 0; i < COUNT_OF(order); i++)
        if (order[i] != FOREIGN || way->flags & HAS_FROM)
            try(way, &desk, order[i],
                order[i] == FOREIGN ? other.customer->number : desk.customer->number);
    try(way, &other, NOBODY, other.customer->number);
}
