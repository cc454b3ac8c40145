/*
 * Calls that a SIP gateway tells of with its tenant's key.
 */
#include <string.h>

#include <criterion/criterion.h>

#include "api/api.h"

TestSuite(stateset_sip_calls, .timeout = 60);

static struct reply tell(const char *path, const char *key, const char *form)
{
    const char *const headers[] = {"Content-Type: application/x-www-form-urlencoded",
                                   key ? say("Authorization: Bearer %s", key) : NULL, NULL};

    return http("POST", path, headers, form);
}

static void route(const struct customer *customer, const char *direction)
{
    struct reply reply =
        admin("PUT", admin_path(customer, "/phone-number-routes"),
              say("{\"phone_number\":\"%s\",\"direction\":\"%s\",\"agent_id\":\"%s\"}",
                  customer->number, direction, customer->agent_id));

    cr_assert_lt(reply.status, 300, "%s", reply.body);
}

static const char *call_column(const struct customer *customer, const char *column)
{
    return text_of(say("SELECT %s FROM calls c JOIN tenants t ON t.id = c.tenant_id WHERE"
                       " t.tenant_key = '%s'",
                       column, customer->tenant));
}

Test(stateset_sip_calls, that_come_in_are_connected_once)
{
    struct customer customer = customer_new();
    struct reply first, again;
    const char *form;

    customer_number(&customer);
    route(&customer, "sip_inbound");
    form = say("CallSid=7f3a%%40gateway&From=sip%%3Aalice%%40example.com&To=sip%%3A%%2B%s%%40gw",
               customer.number + 1);
    first = tell("/api/v1/incoming-call-sip", customer.stateset, form);
    cr_assert_eq(first.status, 200, "%ld %s", first.status, first.body);
    cr_expect(strstr(first.body, "<Stream url=\""), "%s", first.body);
    cr_expect(strstr(first.body, "/media-stream/"), "%s", first.body);
    cr_expect(strstr(reply_header_of(&first, "Content-Type"), "text/xml"));
    again = tell("/api/v1/incoming-call-sip", customer.stateset, form);
    cr_expect_eq(again.status, 200);
    cr_expect_eq(rows_of(&customer, "calls"), 1);
    cr_expect_str_eq(call_column(&customer, "direction"), "inbound");
    cr_expect_str_eq(call_column(&customer, "channel"), "sip");
    cr_expect_str_eq(call_column(&customer, "to_addr"), customer.number);
}

Test(stateset_sip_calls, that_go_out_belong_to_the_number_they_come_from)
{
    struct customer customer = customer_new();
    struct reply reply;

    customer_number(&customer);
    route(&customer, "sip_outbound");
    reply = tell("/api/v1/outbound-call-sip", customer.stateset,
                 say("CallSid=out-1&From=%%2B%s&To=%%2B13125550180", customer.number + 1));
    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect(strstr(reply.body, "<Stream url=\""), "%s", reply.body);
    cr_expect_str_eq(call_column(&customer, "direction"), "outbound");
    cr_expect_str_eq(call_column(&customer, "customer_phone"), "+13125550180");
}

Test(stateset_sip_calls, to_nobodys_number_hear_a_sentence)
{
    struct customer customer = customer_new(), other = customer_new();
    struct reply reply;

    customer_number(&other);
    route(&other, "sip_inbound");
    reply = tell("/api/v1/incoming-call-sip", customer.stateset,
                 say("CallSid=in-1&From=%%2B13125550181&To=%%2B%s", other.number + 1));
    cr_expect_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect(strstr(reply.body, "<Say"), "%s", reply.body);
    cr_expect_null(strstr(reply.body, "<Stream"), "%s", reply.body);
    cr_expect_eq(rows_of(&other, "calls"), 0);
}

Test(stateset_sip_calls, of_which_nothing_is_said_hear_a_sentence)
{
    static const char *const paths[] = {"/api/v1/incoming-call-sip", "/api/v1/outbound-call-sip"};
    static const char *const forms[] = {"", "CallSid=x", "From=&To="};
    struct customer customer = customer_new();

    for (size_t i = 0; i < COUNT_OF(paths) * COUNT_OF(forms); i++) {
        struct reply reply = tell(paths[i % 2], customer.stateset, forms[i / 2]);

        cr_expect_eq(reply.status, 200, "%s %s: %ld %s", paths[i % 2], forms[i / 2], reply.status,
                     reply.body);
        cr_expect(strstr(reply.body, "<Say"), "%s", reply.body);
    }
}

Test(stateset_sip_calls, need_a_key)
{
    static const char *const paths[] = {"/api/v1/incoming-call-sip", "/api/v1/outbound-call-sip"};

    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        struct reply reply = tell(paths[i], NULL, "CallSid=x");

        cr_expect_eq(reply.status, 401, "%ld %s", reply.status, reply.body);
        cr_expect(strstr(reply_header_of(&reply, "Content-Type"), "text/plain"));
    }
}
