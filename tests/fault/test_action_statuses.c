/*
 * What calls and automations of StateSet's API answer while the store is not what it should be.
 */
#include <criterion/criterion.h>

#include "fault/repair.h"

TestSuite(action_statuses, .init = tables_back, .fini = tables_back, .timeout = 60);

static const struct {
    const char *path, *body, *table;
} operations[] = {
    /* clang-format off */
    {"/api/v1/make-call",                                 "{\"to\":\"+13125550199\"}", "calls"},
    {"/api/v1/automations/escalate-call",                 "{\"call_sid\":\"CA00000000000000000000000000000001\"}", "calls"},
    {"/api/v1/automations/escalate-call-with-bridge",     "{\"call_sid\":\"CA00000000000000000000000000000001\"}", "calls"},
    {"/api/v1/automations/email/loop-followup",           "{}", "tool_invocations"},
    {"/api/v1/automations/sms/issue-intake",              "{}", "tool_invocations"},
    {"/api/v1/automations/sms/phone-order",               "{}", "tool_invocations"},
    {"/api/v1/automations/sms/post-call-survey",          "{}", "tool_invocations"},
    {"/api/v1/automations/sms/tracking",                  "{}", "tool_invocations"},
    {"/api/v1/automations/sms/troubleshooting",           "{}", "tool_invocations"},
    {"/api/v1/automations/voice/business-hours",          "{}", "tool_invocations"},
    {"/api/v1/automations/voice/escalation-need",         "{}", "tool_invocations"},
    {"/api/v1/automations/voice/evaluation",              "{}", "tool_invocations"},
    {"/api/v1/automations/voice/get-eval",                "{}", "tool_invocations"},
    {"/test-function",                                    "{\"name\":\"check_business_hours\",\"args\":{}}", "tool_invocations"},
    /* clang-format on */
};

static struct reply tell(const struct customer *customer, const char *path, const char *type,
                         const char *body)
{
    const char *const headers[] = {say("Authorization: Bearer %s", customer->stateset),
                                   say("Content-Type: %s", type), NULL};

    return http("POST", path, headers, body);
}

Test(action_statuses, are_500_and_say_so_in_their_own_shape)
{
    struct customer customer = customer_new();

    customer_number(&customer);
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++) {
        struct reply reply;

        table_away(operations[i].table);
        reply = tell(&customer, operations[i].path, "application/json", operations[i].body);
        tables_back();
        cr_expect_eq(reply.status, 500, "%s %ld %s", operations[i].path, reply.status, reply.body);
        cr_expect_str_eq(at(reply.json, "ok"), "false", "%s", reply.body);
        cr_expect(*at(reply.json, "error"), "%s", reply.body);
    }
}

Test(action_statuses, of_gateways_are_500_when_calls_cannot_be_written_down)
{
    static const char *const paths[] = {"/api/v1/incoming-call-sip", "/api/v1/outbound-call-sip"};
    struct customer customer = customer_new();

    for (size_t i = 0; i < 2; i++) {
        struct reply reply;

        table_away("calls");
        reply = tell(&customer, paths[i], "application/x-www-form-urlencoded",
                     "CallSid=x&From=%2B13125550199&To=%2B13125550198");
        tables_back();
        cr_expect_eq(reply.status, 500, "%s %ld %s", paths[i], reply.status, reply.body);
    }
}
