#include "api/gate_ways.h"

#include <string.h>

#include <criterion/criterion.h>

#include "api/phony/phony.h"
#include "api/twilio/program.h"
#include "api/twilio/router.h"

/* ---- somebody who dials ---- */

#define PATIENT "[{\"wait_agent\":true},{\"pause_ms\":90000},{\"hangup\":true}]"

static const char *stream_of(const char *call)
{
    return text_of(say("SELECT s.stream_sid FROM voice_sessions s JOIN calls c ON c.tenant_id ="
                       " s.tenant_id AND c.id = s.call_id WHERE c.call_sid = '%s' AND s.state ="
                       " 'active'",
                       call));
}

void desk_talk(struct desk *desk)
{
    desk->call = call_place(desk->customer, "+13125550390", PATIENT);
    AWAIT_FOR(40, *stream_of(desk->call));
    desk->stream = stream_of(desk->call);
}

const char *number_like(const struct desk *desk, const char *beginning)
{
    return say("%s%s", beginning, desk->customer->number + 5);
}

static void must(struct reply reply)
{
    cr_assert(reply.status / 100 == 2, "%ld %s", reply.status, reply.body);
}

struct desk desk_new(void)
{
    struct desk desk = {.account = account_with_number()};

    desk.phony = phony_key(&desk.account.customer, "\"*\"");
    return desk;
}

/* ---- the ways out: each tries to reach "to", from a number where that can be said ---- */

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

/* Whoever was to call back, and has not, is reminded. */
static struct reply by_reminder(const struct desk *desk, const char *to, const char *from)
{
    (void)from;
    must(stateset(desk, "/api/v1/callback-tasks",
                  say("{\"disposition\":\"callback_requested\",\"assigned_to\":\"%s\","
                      "\"sla_due_at\":\"2026-01-01T00:00:00Z\"}",
                      to)));
    return admin("POST",
                 say("/api/v1/admin/operator-queues/follow-up-notifications/sweep?auth_token=%s",
                     desk->customer->stateset),
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

static struct router router_of(const struct desk *desk)
{
    struct router router = {.account = desk->account};

    router.workspace = at(route(&router, "GET", "/v1/Workspaces", NULL).json, "workspaces.0.sid");
    router.space = say("/v1/Workspaces/%s", router.workspace);
    return router;
}

static const char *worker_of(const struct router *router, const char *attributes)
{
    return made(router, "Workers",
                say("FriendlyName=W%s&ActivitySid=%s&Attributes=%s", new_call_sid(),
                    named(router, "Activities", "Available"), encoded(attributes)));
}

/* The next task is offered to another worker, who has other ways to be reached. */
static void send_home(const struct router *router, const char *worker)
{
    change(router, say("Workers/%s", worker),
           say("ActivitySid=%s", named(router, "Activities", "Offline")));
}

static const char *task_of(const struct router *router, const struct desk *desk, const char *flow)
{
    return made(router, "Tasks",
                say("WorkflowSid=%s&Attributes=%s", flow,
                    encoded(say("{\"call_sid\":\"%s\"}", desk->call))));
}

/* A worker who is to take the call that came in; told by the task's reservation or by his own. */
static struct reply by_instruction_to(const struct desk *desk, const char *whose,
                                      const char *instruction, const char *attributes)
{
    struct router router = router_of(desk);
    const char *worker = worker_of(&router, attributes);
    const char *task = task_of(&router, desk, named(&router, "Workflows", "Default Workflow"));
    const char *offers = in_space(&router, "Workers/%s/Reservations", worker);
    struct reply reply;

    AWAIT(*at(route(&router, "GET", offers, NULL).json, "reservations.0.sid"));
    reply = route(&router, "POST",
                  in_space(&router, "%s/%s/Reservations/%s", whose,
                           strcmp(whose, "Tasks") == 0 ? task : worker,
                           at(route(&router, "GET", offers, NULL).json, "reservations.0.sid")),
                  instruction);
    send_home(&router, worker);
    return reply;
}

static struct reply by_instruction(const struct desk *desk, const char *instruction,
                                   const char *attributes)
{
    return by_instruction_to(desk, "Tasks", instruction, attributes);
}

static struct reply by_own_reservation(const struct desk *desk, const char *to, const char *from)
{
    (void)from;
    return by_instruction_to(desk, "Workers", say("Instruction=dequeue&DequeueTo=%s", encoded(to)),
                             "{}");
}

/* The customer's program says what becomes of an offer. */
static struct reply by_assignment(const struct desk *desk, const char *to, const char *from)
{
    struct router router = router_of(desk);
    const char *path = say("/assign/%s", to + 1);
    const char *queue = made(&router, "TaskQueues", say("FriendlyName=Q%s", new_call_sid()));
    const char *steps = say("{\"task_routing\":{\"default_filter\":{\"queue\":\"%s\"}}}", queue);
    const char *worker = worker_of(&router, "{}"), *task;

    (void)from;
    program_answers(&desk->account, path, 200,
                    say("\"type\":\"application/json\",\"body\":\"{\\\"instruction\\\":"
                        "\\\"dequeue\\\",\\\"to\\\":\\\"%s\\\"}\"",
                        to));
    task = task_of(
        &router, desk,
        made(&router, "Workflows",
             say("FriendlyName=F%s&AssignmentCallbackUrl=%s&Configuration=%s", new_call_sid(),
                 encoded(program_url(&desk->account, path)), encoded(steps))));
    program_hears(&desk->account, path, NULL, NULL);
    send_home(&router, worker);
    return route(&router, "GET", in_space(&router, "Tasks/%s", task), NULL);
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

/* ---- functions that are tried by hand ---- */

static const struct {
    const char *name, *arguments;
} functions[] = {
    {"send_tracking_sms", "\"carrier\":\"UPS\",\"tracking_number\":\"1Z\""},
    {"send_troubleshooting_sms", "\"steps\":\"Wait\""},
    {"send_phone_order_sms", "\"order_id\":\"3\""},
    {"send_issue_intake_sms", "\"form_url\":\"https://example.com/f\""},
    {"send_post_call_survey_sms", "\"survey_url\":\"https://example.com/s\""},
};

bool way_runs_function(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(functions); i++)
        if (strcmp(functions[i].name, name) == 0)
            return true;
    return false;
}

/* All of them, one after the other, which must end alike. */
static struct reply by_functions(const struct desk *desk, const char *to, const char *context)
{
    struct reply reply = {0}, before = {0};

    for (size_t i = 0; i < COUNT_OF(functions); i++, before = reply) {
        reply = stateset(desk, "/test-function",
                         say("{\"name\":\"%s\",\"args\":{%s%s},\"context\":{%s}}",
                             functions[i].name, functions[i].arguments,
                             *context ? "" : say(",\"customer_phone\":\"%s\"", to), context));
        cr_expect(!i || reply.status == before.status, "%s: %ld %s", functions[i].name,
                  reply.status, reply.body);
    }
    return reply;
}

static struct reply by_function_for_context(const struct desk *desk, const char *to,
                                            const char *from)
{
    (void)from;
    return by_functions(desk, to, say("\"customer_phone\":\"%s\"", to));
}

static struct reply by_function(const struct desk *desk, const char *to, const char *from)
{
    (void)from;
    return by_functions(desk, to, "");
}

/* ---- what callers are answered ---- */

/* Nobody answers the number but a human, who is to be called there. */
static void human_at(const char *number, const char *to)
{
    query(say("DELETE r FROM phone_routes r JOIN phone_numbers n ON n.tenant_id = r.tenant_id AND"
              " n.e164 = r.e164 WHERE n.e164 = '%s'",
              number));
    query(say("UPDATE phone_numbers SET forward_to = '%s' WHERE e164 = '%s'", to, number));
}

static struct reply by_gateway(const struct desk *desk, const char *path, const char *from,
                               const char *to)
{
    const char *const headers[] = {"Content-Type: application/x-www-form-urlencoded",
                                   say("Authorization: Bearer %s", desk->customer->stateset), NULL};

    return http("POST", path, headers,
                say("CallSid=%s&From=%s&To=%s", new_call_sid(), encoded(from), encoded(to)));
}

static struct reply by_gateways_call(const struct desk *desk, const char *to, const char *from)
{
    human_at(desk->customer->number, to);
    return by_gateway(desk, "/api/v1/incoming-call-sip", "+13125550391", from);
}

static struct reply by_gateways_order(const struct desk *desk, const char *to, const char *from)
{
    human_at(desk->customer->number, to);
    return by_gateway(desk, "/api/v1/outbound-call-sip", from, to);
}

/* The carrier asks what is to become of a caller. */
static struct reply by_forwarding(const struct desk *desk, const char *to, const char *from)
{
    (void)from;
    human_at(desk->customer->number, to);
    return callback("/api/v1/incoming-call",
                    say("AccountSid=%s&CallSid=%s&CallStatus=ringing&From=%%2B13125550391&To=%s"
                        "&Direction=inbound&ApiVersion=2010-04-01",
                        fact("REHEARSAL_ACCOUNT_SID"), new_call_sid(),
                        encoded(desk->customer->number)),
                    fact("REHEARSAL_AUTH_TOKEN"), NULL);
}

/* Who writes HELP is written back to. */
static struct reply by_help(const struct desk *desk, const char *to, const char *from)
{
    (void)from;
    return callback("/hooks/twilio/sms",
                    say("AccountSid=%s&Body=HELP&From=%s&MessageSid=SM%s&NumMedia=0&NumSegments=1"
                        "&To=%s",
                        fact("REHEARSAL_ACCOUNT_SID"), encoded(to), new_call_sid() + 2,
                        encoded(desk->customer->number)),
                    fact("REHEARSAL_AUTH_TOKEN"), NULL);
}

/* ---- the table ---- */

#define INSTRUCTION "POST /v1/Workspaces/{WorkspaceSid}/Tasks/{TaskSid}/Reservations/{Sid}"
#define CALLS "POST /2010-04-01/Accounts/{AccountSid}/Calls"

const struct way ways[] = {
    /* clang-format off */
    /* statuses: somebody, a country, a premium range, suppressed, capped, foreign */
    {"make-call", "POST /api/v1/make-call", by_make_call, HAS_FROM, {200, 400, 400, 400, 429, 400}},
    {"translation-calls", "POST /api/v1/voice/translation-calls", by_translation, HAS_FROM, {200, 400, 400, 400, 429, 400}},
    {"translation-calls, first", "POST /api/v1/voice/translation-calls", by_first_of_translation, HAS_FROM, {200, 400, 400, 400, 429, 400}},
    {"sms/tracking", "POST /api/v1/automations/sms/tracking", by_tracking, 0, {200, 400, 400, 400, 400}},
    {"sms/troubleshooting", "POST /api/v1/automations/sms/troubleshooting", by_troubleshooting, 0, {200, 400, 400, 400, 400}},
    {"sms/phone-order", "POST /api/v1/automations/sms/phone-order", by_order, 0, {200, 400, 400, 400, 400}},
    {"sms/issue-intake", "POST /api/v1/automations/sms/issue-intake", by_intake, 0, {200, 400, 400, 400, 400}},
    {"sms/post-call-survey", "POST /api/v1/automations/sms/post-call-survey", by_survey, 0, {200, 400, 400, 400, 400}},
    {"operator-queues/dispatch", "POST /api/v1/admin/operator-queues/dispatch", by_dispatch, 0, {200, 200, 200, 200, 200}},
    {"follow-up-notifications", "POST /api/v1/admin/operator-queues/follow-up-notifications/sweep", by_reminder, 0, {200, 200, 200, 200, 200}},
    {"escalate-call", "POST /api/v1/automations/escalate-call", by_escalation, IN_A_CALL, {200, 400, 400, 400, 400}},
    {"escalate-call-with-bridge", "POST /api/v1/automations/escalate-call-with-bridge", by_bridge, IN_A_CALL, {200, 400, 400, 400, 400}},
    {"actions/barge", "POST /api/v1/sessions/{stream_sid}/actions/{action}", by_barging, IN_A_CALL, {200, 400, 400, 400, 400}},
    {"actions/escalate", "POST /api/v1/sessions/{stream_sid}/actions/{action}", by_supervisors_escalation, IN_A_CALL, {200, 400, 400, 400, 400}},
    {"agents/{agent_id}/call", "POST /api/agents/{agent_id}/call", by_phony, HAS_FROM, {200, 403, 403, 403, 429, 400}},
    {"override/transfer", "POST /api/override/transfer", by_override, IN_A_CALL, {200, 403, 403, 403, 429}},
    {"Calls.json by Twiml", CALLS ".json", by_twiml, HAS_FROM, {201, 400, 400, 400, 429, 400}},
    {"Calls.json by Url", CALLS ".json", by_url, HAS_FROM, {201, 400, 400, 400, 429, 400}},
    {"Calls.json by an agent", CALLS ".json", by_application, HAS_FROM, {201, 400, 400, 400, 429, 400}},
    {"<Dial>", CALLS "/{Sid}.json", by_dial, HAS_FROM | IN_A_CALL | IN_TWIML, {200, 200, 200, 200, 200, 200}},
    {"<Dial><Number>", CALLS "/{Sid}.json", by_dialled_number, HAS_FROM | IN_A_CALL | IN_TWIML, {200, 200, 200, 200, 200, 200}},
    {"<Dial> from a program", "POST /hooks/twilio/twiml/{token}", by_program, HAS_FROM | IN_A_CALL | IN_TWIML, {200, 200, 200, 200, 200, 200}},
    {"dequeue", INSTRUCTION, by_dequeue, IN_A_CALL | IN_A_TASK, {200, 200, 200, 200, 200}},
    {"dequeue, contact_uri", INSTRUCTION, by_contact, IN_A_CALL | IN_A_TASK, {200, 200, 200, 200, 200}},
    {"conference", INSTRUCTION, by_conference, IN_A_CALL | IN_A_TASK, {200, 200, 200, 200, 200}},
    {"call of a worker", INSTRUCTION, by_call_of_worker, HAS_FROM | IN_A_CALL | IN_A_TASK, {200, 200, 200, 200, 200, 200}},
    {"a worker's reservation", "POST /v1/Workspaces/{WorkspaceSid}/Workers/{WorkerSid}/Reservations/{Sid}", by_own_reservation, IN_A_CALL | IN_A_TASK, {200, 200, 200, 200, 200}},
    {"assignment callback", "POST /v1/Workspaces/{WorkspaceSid}/Workflows", by_assignment, IN_A_CALL | IN_A_TASK, {200, 200, 200, 200, 200}},
    {"test-function", "POST /test-function", by_function, 0, {200, 500, 500, 500, 500}},
    {"test-function, by context", "POST /test-function", by_function_for_context, 0, {200, 500, 500, 500, 500}},
    {"a call of a SIP gateway", "POST /api/v1/incoming-call-sip", by_gateways_call, HAS_FROM | IN_ANSWER, {200, 200, 200, 200, 200, 200}},
    {"an order of a SIP gateway", "POST /api/v1/outbound-call-sip", by_gateways_order, HAS_FROM | IN_ANSWER, {200, 200, 200, 200, 200, 200}},
    {"a caller who is forwarded", "POST /api/v1/incoming-call", by_forwarding, IN_ANSWER, {200, 200, 200, 200, 200}},
    {"an answer to HELP", "POST /hooks/twilio/sms", by_help, IN_ANSWER, {200, 200, 200, 200, 200}},
    /* clang-format on */
};
const size_t ways_count = COUNT_OF(ways);
