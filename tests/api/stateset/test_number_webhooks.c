/*
 * Numbers of a tenant's own carrier account: routed here, they call us; and a look says whether
 * they do.
 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "api/api.h"

TestSuite(number_webhooks, .timeout = 150);

struct own {
    struct customer customer;
    const char *account, *number;
};

static const char *new_e164(void)
{
    static int count;

    return say("+1%s555%04d", area_code(),
               (int)(strtoul(new_call_sid() + 26, NULL, 16) % 9000) + count++);
}

/* A tenant with an account of its own that holds a number which calls somebody else. */
static struct own own_new(void)
{
    struct own own = {.customer = customer_new()};
    struct reply reply;

    own.account = customer_carrier(&own.customer);
    own.number = new_e164();
    reply = control("CARRIER", "POST", "/_numbers",
                    say("{\"account\":\"%s\",\"phone_number\":\"%s\","
                        "\"voice_url\":\"https://elsewhere.example/voice\"}",
                        own.account, own.number));
    cr_assert_eq(reply.status, 201, "%s", reply.body);
    return own;
}

/* Routes a number to the tenant's agent; the route's id. */
static const char *route(const struct own *own, const char *number, const char *direction)
{
    struct reply reply =
        admin("PUT", admin_path(&own->customer, "/phone-number-routes"),
              say("{\"phone_number\":\"%s\",\"direction\":\"%s\",\"agent_id\":\"%s\"}", number,
                  direction, own->customer.agent_id));

    cr_assert_eq(reply.status, 200, "%s", reply.body);
    return at(reply.json, "route.id");
}

static struct reply check(const struct own *own, const char *route)
{
    return admin("POST", admin_path(&own->customer, say("/phone-number-routes/%s/check", route)),
                 NULL);
}

/* What the carrier has of a number; "" for nothing. */
static const char *at_carrier(const struct own *own, const char *member)
{
    json_object *all = control("CARRIER", "GET", "/_numbers", NULL).json;

    for (size_t i = 0; i < json_object_array_length(all); i++)
        if (strcmp(at(json_object_array_get_idx(all, i), "phone_number"), own->number) == 0)
            return at(json_object_array_get_idx(all, i), member);
    return "";
}

static const char *ours(const char *path)
{
    return say("%s%s", fact("PUBLIC_BASE_URL"), path);
}

Test(number_webhooks, are_set_at_the_carrier_when_the_number_is_routed)
{
    struct own own = own_new();
    const char *id = route(&own, own.number, "inbound");
    struct reply reply;

    AWAIT_FOR(60, strcmp(at_carrier(&own, "voice_url"), ours("/api/v1/incoming-call")) == 0);
    cr_expect_str_eq(at_carrier(&own, "status_callback"), ours("/api/v1/call-status"));
    cr_expect_str_eq(at_carrier(&own, "sms_url"), ours("/hooks/twilio/sms"));
    cr_expect_str_eq(at_carrier(&own, "voice_method"), "POST");
    reply = check(&own, id);
    cr_assert_eq(reply.status, 200, "%s", reply.body);
    cr_expect_str_eq(at(reply.json, "check.held"), "true");
    cr_expect_str_eq(at(reply.json, "check.points_here"), "true", "%s", reply.body);
    cr_expect_str_eq(at(reply.json, "check.signature_verified"), "true", "%s", reply.body);
    cr_expect_str_eq(at(reply.json, "check.carrier_account_sid"), own.account);
    cr_expect_str_eq(at(reply.json, "check.problem"), "");
}

#define ORDERS(own, where)                                                                         \
    number_of(say("SELECT COUNT(*) FROM outbox o JOIN tenants t ON t.id = o.tenant_id"             \
                  " WHERE t.tenant_key = '%s' AND o.topic = 'carrier' AND " where,                 \
                  (own).customer.tenant))

/* One lane does this and much else, so it may take a while. */
Test(number_webhooks, are_set_later_when_the_carrier_is_away)
{
    struct own own = own_new();

    carrier_fails(own.account, "GET", "/IncomingPhoneNumbers",
                  "\"do\":\"status\",\"status\":503,\"times\":-1");
    route(&own, own.number, "inbound");
    AWAIT_FOR(60, ORDERS(own, "o.last_error IS NOT NULL") == 1);
    cr_expect_str_eq(at_carrier(&own, "voice_url"), "https://elsewhere.example/voice");
    cr_expect_eq(ORDERS(own, "o.state = 'pending'"), 1, "it is tried again");
}

Test(number_webhooks, of_a_number_that_calls_somebody_else_are_told)
{
    struct own own = own_new();
    struct reply reply = check(&own, route(&own, own.number, "outbound"));

    cr_assert_eq(reply.status, 200, "%s", reply.body);
    cr_expect_str_eq(at(reply.json, "check.points_here"), "false");
    cr_expect_str_eq(at(reply.json, "check.voice_url"), "https://elsewhere.example/voice");
    cr_expect_str_eq(at(reply.json, "check.expected_voice_url"), ours("/api/v1/incoming-call"));
    cr_expect(strstr(at(reply.json, "check.problem"), "elsewhere.example"), "%s", reply.body);
    cr_expect_str_eq(at_carrier(&own, "voice_url"), "https://elsewhere.example/voice",
                     "nobody calls in by a route outward");
}

Test(number_webhooks, of_a_number_that_the_account_does_not_hold_are_left_alone)
{
    struct own own = own_new();
    struct reply reply = check(&own, route(&own, new_e164(), "inbound"));

    cr_assert_eq(reply.status, 200, "%s", reply.body);
    cr_expect_str_eq(at(reply.json, "check.held"), "false");
    cr_expect_str_eq(at(reply.json, "check.points_here"), "false");
    cr_expect(*at(reply.json, "check.problem"));
}

Test(number_webhooks, are_not_looked_at_while_the_carrier_is_away)
{
    struct own own = own_new();
    const char *id = route(&own, own.number, "outbound");
    struct reply reply;

    carrier_fails(own.account, "GET", "/IncomingPhoneNumbers", "\"do\":\"status\",\"status\":503");
    reply = check(&own, id);
    admin_refused(&reply, 502);
    reply = check(&own, "01939f3a-7c21-7000-8000-000000000000");
    admin_refused(&reply, 404);
}

Test(number_webhooks, are_proved_to_whoever_asks_with_the_right_signature_alone)
{
    struct own own = own_new();
    const char *form = say("AccountSid=%s&Nonce=abc123&To=%%2B%s", own.account, own.number + 1);
    struct reply reply = callback("/hooks/twilio/probe", form, carrier_token(own.account), NULL);

    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect_str_eq(reply.body, "proved abc123\n");
    cr_expect_eq(callback("/hooks/twilio/probe", form, "another token", NULL).status, 403);
    cr_expect_eq(callback("/hooks/twilio/probe", form, carrier_token(own.account),
                          "https://elsewhere.example/hooks/twilio/probe")
                     .status,
                 403, "it was signed for another address");
    cr_expect_eq(callback("/hooks/twilio/probe", say("AccountSid=%s", own.account),
                          carrier_token(own.account), NULL)
                     .status,
                 400);
}
