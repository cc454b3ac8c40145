/*
 * Who may tell us of calls: the carrier that signed for a URL of ours, however many proxies stand
 * between.  What is refused leaves a note for the operator and nothing else.
 */
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "api/api.h"

TestSuite(callback_proof, .timeout = 60);

#define PATH "/api/v1/incoming-call"

/* Posts a form with a signature and two more header lines, each of which may be NULL. */
static struct reply post(const char *path, const char *form, const char *signature,
                         const char *header, const char *other)
{
    const char *headers[5] = {"Content-Type: application/x-www-form-urlencoded"};
    size_t count = 1;

    if (signature)
        headers[count++] = say("X-Twilio-Signature: %s", signature);
    if (header)
        headers[count++] = header;
    if (other)
        headers[count++] = other;
    return http("POST", path, headers, form);
}

static const char *signed_for(const char *url, const char *form)
{
    return carrier_signature(fact("REHEARSAL_AUTH_TOKEN"), url, form);
}

static bool connects(const struct reply *reply)
{
    return reply->status == 200 && strstr(reply->body, "<Connect><Stream ");
}

/* ---- URLs that are ours ---- */

/* What a proxy says, and what the carrier signed for; @ is the host and port of this stack. */
struct proxied {
    char proto[32], host[48], signed_url[80];
};

ParameterizedTestParameters(callback_proof, survives_proxies)
{
    static struct proxied cases[] = {
        /* clang-format off */
        {"",      "",                        "http://@" PATH},
        {"https", "voice.example.com",       "https://voice.example.com" PATH},
        {"https", "voice.example.com",       "https://voice.example.com:443" PATH},
        {"https", "voice.example.com:443",   "https://voice.example.com" PATH},
        {"https", "voice.example.com:8443",  "https://voice.example.com:8443" PATH},
        {"https", "voice.example.com:8443",  "https://voice.example.com" PATH},
        {"http",  "voice.example.com",       "http://voice.example.com" PATH},
        {"http",  "voice.example.com",       "http://voice.example.com:80" PATH},
        {"https", "",                        "https://@" PATH},
        {"https", "elsewhere.example.com",   "http://@" PATH},
        /* clang-format on */
    };

    return cr_make_param_array(struct proxied, cases, COUNT_OF(cases));
}

/* The URL with this stack's host and port where @ stands. */
static const char *here(const char *url)
{
    const char *mark = strchr(url, '@'), *host = strstr(fact("PUBLIC_BASE_URL"), "://") + 3;

    return mark ? say("%.*s%s%s", (int)(mark - url), url, host, mark + 1) : url;
}

ParameterizedTest(struct proxied *given, callback_proof, survives_proxies)
{
    struct customer customer = customer_new();
    struct reply reply;
    const char *form;

    customer_number(&customer);
    form = call_form(&customer, new_call_sid(), "ringing", "");
    reply = post(PATH, form, signed_for(here(given->signed_url), form),
                 *given->proto ? say("X-Forwarded-Proto: %s", given->proto) : NULL,
                 *given->host ? say("X-Forwarded-Host: %s", given->host) : NULL);
    cr_expect(connects(&reply), "%s: %ld %s", given->signed_url, reply.status, reply.body);
    cr_expect_eq(rows_of(&customer, "calls"), 1);
}

Test(callback_proof, covers_the_query)
{
    struct customer customer = customer_new();
    const char *form, *path = PATH "?region=ie1&note=a%20b'c";
    struct reply reply;

    customer_number(&customer);
    form = call_form(&customer, new_call_sid(), "ringing", "");
    reply =
        post(path, form, signed_for(say("%s%s", fact("PUBLIC_BASE_URL"), path), form), NULL, NULL);
    cr_expect(connects(&reply), "%ld %s", reply.status, reply.body);
    reply = post(PATH "?region=us1", form,
                 signed_for(say("%s%s", fact("PUBLIC_BASE_URL"), path), form), NULL, NULL);
    cr_expect_eq(reply.status, 401);
}

/* Fields in any order, empty, repeated, with any text. */
Test(callback_proof, covers_every_field)
{
    static const char more[] = "&Zeta=&Alpha=%26%3D%2B+%C3%A9%F0%9F%93%9E&CallerName=O%27Hara%20%26"
                               "%20%3CSons%3E&a=1&B=2&_=3";
    struct customer customer = customer_new();
    struct reply reply;
    const char *form;

    customer_number(&customer);
    form = call_form(&customer, new_call_sid(), "ringing", more);
    reply = callback(PATH, form, fact("REHEARSAL_AUTH_TOKEN"), NULL);
    cr_expect(connects(&reply), "%ld %s", reply.status, reply.body);
    cr_expect_str_eq(text_of(say("SELECT c.caller_name FROM calls c JOIN tenants t"
                                 " ON t.id = c.tenant_id WHERE t.tenant_key = '%s'",
                                 customer.tenant)),
                     "O'Hara & <Sons>");
}

/* ---- refusals ---- */

static void nobody_was_called(const struct customer *customer, const struct reply *reply)
{
    cr_expect_eq(reply->status, 401, "%ld %s", reply->status, reply->body);
    cr_expect_null(strstr(reply->body, "http"), "a stranger learns nothing: %s", reply->body);
    cr_expect_eq(rows_of(customer, "calls"), 0);
    cr_expect_eq(rows_of(customer, "voice_sessions"), 0);
}

Test(callback_proof, is_of_the_very_form)
{
    struct customer customer = customer_new();
    const char *form, *changed, *url = say("%s%s", fact("PUBLIC_BASE_URL"), PATH);
    struct reply reply;

    customer_number(&customer);
    form = call_form(&customer, new_call_sid(), "ringing", "");
    changed = call_form(&customer, new_call_sid(), "ringing", "");
    reply = post(PATH, changed, signed_for(url, form), NULL, NULL);
    nobody_was_called(&customer, &reply);
    reply = post(PATH, say("%s&Digits=1", form), signed_for(url, form), NULL, NULL);
    nobody_was_called(&customer, &reply);
    reply = post("/api/v1/outbound-call", form, signed_for(url, form), NULL, NULL);
    nobody_was_called(&customer, &reply);
}

struct bad_signature {
    char text[64];
};

ParameterizedTestParameters(callback_proof, is_no_proof)
{
    static struct bad_signature signatures[] = {
        {""},
        {"AAAAAAAAAAAAAAAAAAAAAAAAAAA="},
        {"not base64 at all"},
        {"0123456789012345678901234567890123456789"},
        {"\xff\xfe"},
        {"AAAAAAAAAAAAAAAAAAAAAAAAAAA=, AAAAAAAAAAAAAAAAAAAAAAAAAAA="},
    };

    return cr_make_param_array(struct bad_signature, signatures, COUNT_OF(signatures));
}

ParameterizedTest(struct bad_signature *given, callback_proof, is_no_proof)
{
    struct customer customer = customer_new();
    struct reply reply;

    customer_number(&customer);
    reply =
        post(PATH, call_form(&customer, new_call_sid(), "ringing", ""), given->text, NULL, NULL);
    nobody_was_called(&customer, &reply);
}

/* What a wrong proxy makes of a URL is told to the operator, not to who asked. */
struct hinted {
    char header[48], signed_url[80];
};

ParameterizedTestParameters(callback_proof, that_fails_names_the_url_that_would_have_fitted)
{
    static struct hinted cases[] = {
        /* clang-format off */
        {"",                                       "https://@" PATH},
        {"",                                       "http://@" PATH "/"},
        {"X-Original-Host: voice.example.com",     "https://voice.example.com" PATH},
        {"X-Original-Host: voice.example.com",     "http://voice.example.com" PATH},
        /* clang-format on */
    };

    return cr_make_param_array(struct hinted, cases, COUNT_OF(cases));
}

ParameterizedTest(struct hinted *given, callback_proof,
                  that_fails_names_the_url_that_would_have_fitted)
{
    struct customer customer = customer_new();
    const char *sid = new_call_sid(), *url = here(given->signed_url), *form;
    struct reply reply;
    json_object *rows;

    customer_number(&customer);
    form = call_form(&customer, sid, "ringing", "");
    reply = post(PATH, form, signed_for(url, form), *given->header ? given->header : NULL, NULL);
    nobody_was_called(&customer, &reply);
    rows = query(say("SELECT signature, applied, url, matching_url FROM carrier_callbacks"
                     " WHERE call_sid = '%s'",
                     sid));
    cr_expect_str_eq(at(rows, "0.signature"), "invalid");
    cr_expect_str_eq(at(rows, "0.applied"), "rejected");
    cr_expect_str_eq(at(rows, "0.url"), say("%s%s", fact("PUBLIC_BASE_URL"), PATH));
    cr_expect_str_eq(at(rows, "0.matching_url"), url);
}

Test(callback_proof, that_is_missing_is_noted_as_missing)
{
    struct customer customer = customer_new();
    const char *sid = new_call_sid();
    struct reply reply;

    customer_number(&customer);
    reply = post(PATH, call_form(&customer, sid, "ringing", ""), NULL, NULL, NULL);
    nobody_was_called(&customer, &reply);
    cr_expect_str_eq(
        text_of(say("SELECT signature FROM carrier_callbacks WHERE call_sid = '%s'", sid)),
        "absent");
}

/* Who cannot sign cannot take the place of what the carrier is still to send, either. */
Test(callback_proof, is_not_spoiled_by_a_forgery_that_came_first)
{
    struct customer customer = customer_new();
    struct reply reply;
    const char *form;

    customer_number(&customer);
    form = call_form(&customer, new_call_sid(), "ringing", "");
    cr_expect_eq(callback(PATH, form, "a stranger's token", NULL).status, 401);
    reply = callback(PATH, form, fact("REHEARSAL_AUTH_TOKEN"), NULL);
    cr_expect(connects(&reply), "%ld %s", reply.status, reply.body);
}

/* ---- tenants with a carrier account of their own ---- */

/* The form as it comes from another account. */
static const char *from_account(const struct customer *customer, const char *account,
                                const char *sid)
{
    return say("AccountSid=%s&CallSid=%s&CallStatus=ringing&From=%%2B13125550111&To=%%2B%s"
               "&Direction=inbound&ApiVersion=2010-04-01",
               account, sid, customer->number + 1);
}

Test(callback_proof, of_a_tenants_own_account_is_its_own_token)
{
    struct customer customer = customer_new(), other = customer_new();
    const char *account = customer_carrier(&customer), *foreign = customer_carrier(&other);
    struct reply reply;

    customer_number(&customer);
    reply = callback(PATH, from_account(&customer, account, new_call_sid()), carrier_token(foreign),
                     NULL);
    nobody_was_called(&customer, &reply);
    reply = callback(PATH, from_account(&customer, foreign, new_call_sid()), carrier_token(foreign),
                     NULL);
    cr_expect_not(connects(&reply), "another tenant's account called: %s", reply.body);
    cr_expect_eq(rows_of(&customer, "calls"), 0);
    reply = callback(PATH, from_account(&customer, account, new_call_sid()), carrier_token(account),
                     NULL);
    cr_expect(connects(&reply), "%ld %s", reply.status, reply.body);
    cr_expect_eq(rows_of(&customer, "calls"), 1);
}

/* The server's own account says nothing about tenants that brought theirs. */
Test(callback_proof, of_the_servers_account_is_none_for_other_accounts)
{
    struct customer customer = customer_new();
    const char *account = customer_carrier(&customer);
    struct reply reply;

    customer_number(&customer);
    reply = callback(PATH, from_account(&customer, account, new_call_sid()),
                     fact("REHEARSAL_AUTH_TOKEN"), NULL);
    cr_expect_not(connects(&reply), "%s", reply.body);
    cr_expect_eq(rows_of(&customer, "calls"), 0);
}

/* A status of somebody else's call, signed by the wrong tenant's account. */
Test(callback_proof, of_one_tenant_ends_no_call_of_another)
{
    struct customer customer = customer_new(), other = customer_new();
    const char *foreign = customer_carrier(&other), *sid, *form;
    struct reply reply;

    customer_number(&customer);
    sid = call_arrives(&customer, "+13125550123", NULL);
    form = say("AccountSid=%s&CallSid=%s&CallStatus=completed&SequenceNumber=3&CallDuration=5"
               "&From=%%2B13125550111&To=%%2B%s",
               foreign, sid, customer.number + 1);
    reply = callback("/api/v1/call-status", form, carrier_token(foreign), NULL);
    cr_expect_lt(reply.status, 500, "%ld", reply.status);
    cr_expect_str_eq(text_of(say("SELECT state FROM calls WHERE call_sid = '%s'", sid)), "ringing");
}
