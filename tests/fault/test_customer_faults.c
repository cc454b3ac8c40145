/*
 * Customers' TwiML and callbacks while the database is away: the caller waits a moment, what was
 * keyed in is not lost, and who is owed news gets it later.
 */
#include <string.h>

#include <criterion/criterion.h>

#include "harness/harness.h"

static void restore(void)
{
    part_start("database");
    AWAIT(http("GET", "/health/ready", NULL, NULL).status == 200);
}

TestSuite(customer_faults, .init = restore, .fini = restore, .timeout = 120);

static const char *program(const char *path)
{
    return say("http://127.0.0.1:%s/faults%s", fact("RECEIVER_PORT"), path);
}

/* What the customer's program heard below a path holds that text. */
static bool heard(const char *path, const char *text)
{
    struct reply reply =
        control("RECEIVER", "GET", say("/_log?after=0&path=/faults%s", path), NULL);

    return strstr(reply.body, text) != NULL;
}

/* "%" and the rest of a form's value. */
static const char *encoded(const char *text)
{
    const char *out = "";

    for (; *text; text++)
        out =
            strchr("+:/", *text) ? say("%s%%%02X", out, (unsigned)*text) : say("%s%c", out, *text);
    return out;
}

/* A call of a customer's that listens for keys; its SID. */
static const char *order_call(const struct customer *customer)
{
    const char *token = customer_key(customer, "twilio", NULL);
    const char *account =
        at(query(say("SELECT account_sid FROM tenants WHERE tenant_key = '%s'", customer->tenant)),
           "0.account_sid");
    const char *const headers[] = {"Content-Type: application/x-www-form-urlencoded", NULL};
    const char *url = say("%s/2010-04-01/Accounts/%s/Calls.json", fact("BASE_URL"), account);
    struct reply reply;

    url = say("http://%s:%s@%s", account, token, url + strlen("http://"));
    reply =
        http("POST", url, headers,
             say("To=%%2B13125558301&From=%s&Url=%s&StatusCallback=%s", encoded(customer->number),
                 encoded(program("/voice")), encoded(program("/status"))));
    cr_assert_eq(reply.status, 201, "%s", reply.body);
    return at(reply.json, "sid");
}

static struct reply carrier_posts(const char *path, const char *form)
{
    return callback(path, form, fact("REHEARSAL_AUTH_TOKEN"), NULL);
}

/* The path and query of the only <Redirect> in a document. */
static const char *redirect_of(const char *twiml)
{
    const char *from = strstr(twiml, "/hooks/"), *path = "";

    cr_assert_not_null(from, "%s", twiml);
    from = say("%.*s", (int)strcspn(from, "<"), from);
    for (const char *amp = strstr(from, "&amp;"); amp; amp = strstr(from, "&amp;")) {
        path = say("%s%.*s&", path, (int)(amp - from), from);
        from = amp + 5;
    }
    return say("%s%s", path, from);
}

Test(customer_faults, without_the_database_callers_wait_and_nothing_is_lost)
{
    struct customer customer = customer_new();
    const char *sid, *path, *form;
    struct reply reply;

    customer_number(&customer);
    control("RECEIVER", "POST", "/_tool",
            "{\"path\":\"/faults/voice\",\"type\":\"text/xml\","
            "\"body\":\"<Response><Pause length=\\\"60\\\"/></Response>\"}");
    somebody_on("+13125558301", "\"answer_after_ms\":50,\"script\":[{\"pause_ms\":90000}]");
    sid = order_call(&customer);
    AWAIT(heard("/voice", sid));
    path = at(query(say("SELECT url FROM carrier_callbacks WHERE call_sid = '%s'"
                        " AND kind = 'action' LIMIT 1",
                        sid)),
              "0.url");
    path = strstr(path, "/hooks/");
    form =
        say("CallSid=%s&AccountSid=%s&CallStatus=in-progress", sid, fact("REHEARSAL_ACCOUNT_SID"));
    part_stop("database", "TERM");
    reply = carrier_posts(path, say("%s&Digits=4711", form));
    cr_expect_eq(reply.status, 200, "%s", reply.body);
    cr_expect_not_null(strstr(reply.body, "<Pause"), "%s", reply.body);
    cr_expect_eq(carrier_posts("/api/v1/call-status",
                               say("%s&SequenceNumber=8&CallbackSource=call-progress-events",
                                   say("CallSid=%s&AccountSid=%s&CallStatus=completed", sid,
                                       fact("REHEARSAL_ACCOUNT_SID"))))
                     .status,
                 200);
    restore();
    reply = carrier_posts(redirect_of(reply.body), form);
    cr_expect_eq(reply.status, 200, "%s", reply.body);
    cr_expect(heard("/voice", "Digits=4711"), "what was keyed in comes with the second question");
    AWAIT(heard("/status", "SequenceNumber=8"));
}
