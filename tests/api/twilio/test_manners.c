/*
 * What every answer of the Twilio dialect has in common: who may ask, how refusals look, how often
 * one may ask, how an account describes itself.
 */
#include <string.h>

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "api/twilio/sdk.h"

TestSuite(twilio, .timeout = 60);

#define NO_CALL "CA00000000000000000000000000000001"

/* ---- accounts ---- */

Test(twilio, describes_the_account_to_its_client)
{
    struct account account = account_new();
    json_object *told =
        sdk_ok(&account, "[\"api\",\"v2010\",\"accounts\",[\"%s\"],\"fetch\",[]]", account.sid);

    cr_expect_str_eq(at(told, "sid"), account.sid);
    cr_expect_str_eq(at(told, "ownerAccountSid"), account.sid);
    cr_expect_str_eq(at(told, "authToken"), account.token);
    cr_expect_str_eq(at(told, "friendlyName"), "Test");
    cr_expect_str_eq(at(told, "status"), "active");
    cr_expect(*at(told, "dateCreated"), "%s", json_object_to_json_string(told));
    cr_expect_str_eq(at(told, "subresourceUris.calls"), account_path(&account, "/Calls.json"));
}

Test(twilio, tells_the_account_by_plain_requests_too)
{
    struct account account = account_new();
    struct reply reply = twilio(&account, "GET", account_path(&account, ".json"), NULL);

    cr_assert_eq(reply.status, 200, "%s", reply.body);
    cr_expect_str_eq(at(reply.json, "sid"), account.sid);
    cr_expect_str_eq(at(reply.json, "uri"), account_path(&account, ".json"));
    cr_expect_eq(strlen(at(reply.json, "date_created")), strlen("Mon, 02 Nov 2026 10:00:00 +0000"),
                 "%s", reply.body);
    cr_expect(strstr(at(reply.json, "date_created"), " +0000"), "%s", reply.body);
    cr_expect_str_eq(reply_header_of(&reply, "Cache-Control"), "no-store");
}

Test(twilio, lets_a_client_rename_the_account)
{
    struct account account = account_new();
    json_object *told = sdk_ok(
        &account,
        "[\"api\",\"v2010\",\"accounts\",[\"%s\"],\"update\",[{\"friendlyName\":\"Bella\"}]]",
        account.sid);
    struct reply reply;

    cr_expect_str_eq(at(told, "friendlyName"), "Bella");
    reply = twilio(&account, "GET", account_path(&account, ".json"), NULL);
    cr_expect_str_eq(at(reply.json, "friendly_name"), "Bella", "%s", reply.body);
    reply = twilio(&account, "POST", account_path(&account, ".json"), "Status=active");
    cr_expect_eq(reply.status, 200, "%s", reply.body);
    reply = twilio(&account, "POST", account_path(&account, ".json"), "Status=closed");
    twilio_refused(&reply, 403, 20006);
    reply = twilio(&account, "POST", account_path(&account, ".json"), "Status=dead");
    twilio_refused(&reply, 400, 20001);
}

/* ---- who may ask ---- */

Test(twilio, takes_the_accounts_own_token_alone)
{
    struct account account = account_new(), other = account_new();
    const char *path = account_path(&account, "/Calls.json");
    const char *const wrong[] = {
        say("%s:%s", account.sid, other.token),
        say("%s:%s", other.sid, account.token),
        say("%s:", account.sid),
        say("%s:%s", account.sid, account.customer.stateset),
        say("%s:%s", account.sid, account.customer.kwickphone),
        say(":%s", account.token),
        account.token,
        "",
    };

    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        struct reply reply = twilio_as(wrong[i], "GET", path, NULL);

        twilio_refused(&reply, 401, 20003);
        cr_expect(strstr(reply_header_of(&reply, "WWW-Authenticate"), "Basic realm="));
    }
    sdk_refused(&(struct account){account.customer, account.sid, other.token}, 401, 20003,
                "[\"calls\",\"list\",[]]");
}

Test(twilio, asks_for_a_credential_of_its_own_kind)
{
    struct account account = account_new();
    const char *path = account_path(&account, "/Calls.json");
    struct reply reply = http("GET", path, NULL, NULL);

    twilio_refused(&reply, 401, 20003);
    reply = ask("GET", path, account.token, NULL, NULL);
    twilio_refused(&reply, 401, 20003);
    reply = ask("GET", "/v1/calls", account.token, NULL, NULL);
    kwick_refused(&reply, 401, "unauthorized");
}

Test(twilio, shows_nobody_another_account)
{
    struct account account = account_new(), other = account_new();
    struct reply reply = twilio(&account, "GET", account_path(&other, ".json"), NULL);

    twilio_refused(&reply, 401, 20003);
    reply = twilio(&account, "GET", "/2010-04-01/Accounts/ACnobody/Calls.json", NULL);
    twilio_refused(&reply, 404, 20404);
}

Test(twilio, tells_an_account_that_it_is_suspended)
{
    struct account account = account_new();
    struct reply reply;

    cr_assert_eq(
        admin("PUT", admin_path(&account.customer, ""), "{\"status\":\"suspended\"}").status, 200);
    reply = twilio(&account, "GET", account_path(&account, ".json"), NULL);
    twilio_refused(&reply, 403, 20005);
}

/* ---- refusals ---- */

Test(twilio, names_what_it_has_not)
{
    struct account account = account_new();
    const char *path = account_path(&account, "/Calls/" NO_CALL ".json");
    struct reply reply = twilio(&account, "GET", path, NULL);

    twilio_refused(&reply, 404, 20404);
    cr_expect_str_eq(at(reply.json, "message"),
                     say("The requested resource %s was not found", path));
    reply = twilio(&account, "GET", "/2010-04-01/Nothing.json", NULL);
    twilio_refused(&reply, 404, 20404);
    sdk_refused(&account, 404, 20404, "[\"calls\",[\"" NO_CALL "\"],\"fetch\",[]]");
}

Test(twilio, says_which_methods_a_path_answers)
{
    struct account account = account_new();
    struct reply reply = twilio(&account, "PUT", account_path(&account, "/Calls.json"), "A=b");

    twilio_refused(&reply, 405, 20004);
    cr_expect_str_eq(reply_header_of(&reply, "Allow"), "GET, HEAD, POST");
}

Test(twilio, refuses_forms_that_are_none)
{
    struct account account = account_with_number();
    static const char *const bodies[] = {"To=%ZZ", "To=%00", "To=%FF", "{\"To\":", "[]", "&&&"};
    const char *path = account_path(&account, "/Calls.json");
    struct reply reply;

    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        reply = twilio(&account, "POST", path, bodies[i]);
        cr_expect_eq(reply.status, 400, "%s: %ld %s", bodies[i], reply.status, reply.body);
    }
    reply =
        http_bytes("POST", path,
                   (const char *const[]){"Content-Type: application/x-www-form-urlencoded", NULL},
                   NULL, 0, 5000);
    twilio_refused(&reply, 401, 20003);
    cr_expect_eq(rows_of(&account.customer, "calls"), 0);
}

/* ---- how often ---- */

static long left(const struct reply *reply)
{
    return header_number(reply, "X-Rate-Limit-Remaining");
}

Test(twilio, says_how_many_requests_are_left_of_a_quarter_of_an_hour)
{
    struct account account = account_new();
    const char *path = account_path(&account, "/Calls.json");
    struct reply first, second;
    long long now = number_of("SELECT UNIX_TIMESTAMP()"), reset;

    first = twilio(&account, "GET", path, NULL);
    second = twilio(&account, "GET", account_path(&account, "/Calls/" NO_CALL ".json"), NULL);
    cr_expect_str_eq(reply_header_of(&first, "X-Rate-Limit-Limit"), "3000");
    cr_expect(left(&second) == left(&first) - 1 || left(&second) == 2999, /* a window ended */
              "%ld after %ld", left(&second), left(&first));
    reset = header_number(&first, "X-Rate-Limit-Reset");
    cr_expect(reset > now && reset <= now + 15 * 60 + 60, "%lld, now %lld", reset, now);
    cr_expect_eq(reset % (15 * 60), 0, "%lld", reset);
    first = http("GET", path, NULL, NULL);
    cr_expect(left(&first) >= 0, "who is not known is told as well");
}

/* ---- names of requests ---- */

Test(twilio, names_every_request)
{
    struct account account = account_new();
    struct reply reply = twilio(&account, "GET", account_path(&account, ".json"), NULL);
    const char *id = reply_header_of(&reply, "Twilio-Request-Id");

    cr_assert(id, "%s", reply.headers);
    cr_expect_eq(strlen(id), 34u, "%s", id);
    cr_expect_eq(strncmp(id, "RQ", 2), 0, "%s", id);
    reply = http("GET", "/2010-04-01/Nothing.json",
                 (const char *const[]){"X-Request-Id: mine-1", NULL}, NULL);
    cr_expect_str_eq(reply_header_of(&reply, "X-Request-Id"), "mine-1");
    cr_expect_eq(strncmp(reply_header_of(&reply, "Twilio-Request-Id"), "RQ", 2), 0);
}
