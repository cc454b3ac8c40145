/*
 * What every operation of the Twilio dialect answers when it cannot do its work: without a
 * credential, beyond the account's rate, for what is not there, while the store is away or broken.
 * The document says which of these an operation knows.
 */
#include <string.h>

#include <criterion/criterion.h>

#include "fault/repair.h"
#include "harness/operations.h"

static struct operations operations;

static void begin(void)
{
    stack_repair();
    operations = operations_of("twilio");
}

TestSuite(twilio_operations, .init = begin, .fini = begin, .timeout = 240);

/* ---- what is asked ---- */

struct account {
    const char *sid, *basic; /* and its credentials as a header's line */
};

static struct account account_new(void)
{
    struct customer customer = customer_new();
    const char *token = customer_key(&customer, "twilio", NULL);
    const char *sid = at(
        query(say("SELECT account_sid AS s FROM tenants WHERE tenant_key = '%s'", customer.tenant)),
        "0.s");

    return (struct account){sid, basic_credential(say("%s:%s", sid, token))};
}

/* The account's own path, and below it nobody's. */
static const char *path_of(const struct operation *one, const char *account)
{
    const char *const values[][2] = {{"AccountSid", account}, {NULL, NULL}};

    return operation_path_with(one, values, "XX00000000000000000000000000000001");
}

static struct reply ask(const struct operation *one, const char *path, const char *basic,
                        const char *form)
{
    const char *const headers[] = {basic ? basic : "Accept: application/json",
                                   form ? "Content-Type: application/x-www-form-urlencoded" : NULL,
                                   NULL};

    return http(one->method, path, headers, form);
}

/* A form with what an operation needs, or none. */
static const char *form_of(const struct operation *one)
{
    if (strcmp(one->method, "POST") != 0)
        return NULL;
    return "From=%2B13125550100&To=%2B13125550101&Twiml=%3CResponse%2F%3E&FriendlyName=x";
}

typedef void look(const struct operation *one, const struct account *account, int status);

/* Those that are documented to answer so. */
static void each(const struct account *account, int status, look *at_it)
{
    for (size_t i = 0; i < operations.count; i++)
        if (operation_knows(&operations.at[i], status))
            at_it(&operations.at[i], account, status);
}

static void answered(const struct operation *one, const struct reply *reply, int status)
{
    cr_expect_eq(reply->status, status, "%s %s: %ld instead of %d: %s", one->method, one->path,
                 reply->status, status, reply->body);
    cr_expect_str_eq(at(reply->json, "status"), say("%d", status), "%s %s: %s", one->method,
                     one->path, reply->body);
    cr_expect(*at(reply->json, "code") && *at(reply->json, "message"), "%s", reply->body);
}

static void asked_well(const struct operation *one, const struct account *account, int status)
{
    struct reply reply = ask(one, path_of(one, account->sid), account->basic, form_of(one));

    answered(one, &reply, status);
}

static void asked_by_nobody(const struct operation *one, const struct account *account, int status)
{
    struct reply reply = ask(one, path_of(one, account->sid), NULL, form_of(one));

    answered(one, &reply, status);
    cr_expect_not_null(reply_header_of(&reply, "WWW-Authenticate"));
}

/* A path that names nothing but the account is not there for an account that cannot be one. */
static void asked_of_nobody(const struct operation *one, const struct account *account, int status)
{
    const char *last = strrchr(one->path, '{');
    bool only_account = last && strncmp(last, "{AccountSid}", 12) == 0;
    struct reply reply;

    if (!last)
        return;
    reply = ask(one, path_of(one, only_account ? "ACnobody" : account->sid), account->basic,
                form_of(one));
    answered(one, &reply, status);
}

/* ---- and answered ---- */

Test(twilio_operations, are_401_without_a_credential)
{
    struct account account = account_new();

    each(&account, 401, asked_by_nobody);
}

Test(twilio_operations, are_404_for_what_is_not_there)
{
    struct account account = account_new();

    each(&account, 404, asked_of_nobody);
}

Test(twilio_operations, are_503_while_the_store_is_away)
{
    struct account account = account_new();

    part_stop("database", "TERM");
    each(&account, 503, asked_well);
}

Test(twilio_operations, are_500_while_the_store_is_broken)
{
    struct account account = account_new();

    cr_assert_eq(ask(&(struct operation){.method = "GET"},
                     say("/2010-04-01/Accounts/%s.json", account.sid), account.basic, NULL)
                     .status,
                 200);
    tables_away_but("'tenants', 'api_keys', 'schema_migrations'");
    each(&account, 500, asked_well);
}

/* A quarter of an hour may end meanwhile: then the first request after it is let through. */
static void asked_too_often(const struct operation *one, const struct account *account, int status)
{
    struct reply reply = ask(one, path_of(one, account->sid), account->basic, form_of(one));

    if (reply.status != status)
        reply = ask(one, path_of(one, account->sid), account->basic, form_of(one));
    answered(one, &reply, status);
    cr_expect_str_eq(reply_header_of(&reply, "X-Rate-Limit-Remaining"), "0");
    cr_expect_not_null(reply_header_of(&reply, "Retry-After"));
}

Test(twilio_operations, are_429_beyond_the_accounts_rate)
{
    struct account account;

    api_restart_with("RATE_LIMIT_ACCOUNT_PER_15_MINUTES", "1");
    account = account_new();
    each(&account, 429, asked_too_often);
    api_restart_with("RATE_LIMIT_ACCOUNT_PER_15_MINUTES", NULL);
}
