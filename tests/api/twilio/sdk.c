#include "api/twilio/sdk.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>

/* ---- accounts ---- */

struct account account_new(void)
{
    struct account account = {.customer = customer_new()};

    account.token = customer_key(&account.customer, "twilio", NULL);
    account.sid = text_of(
        say("SELECT account_sid FROM tenants WHERE tenant_key = '%s'", account.customer.tenant));
    return account;
}

struct account account_with_number(void)
{
    struct account account = account_new();

    customer_number(&account.customer);
    return account;
}

const char *account_path(const struct account *account, const char *rest)
{
    return say("/2010-04-01/Accounts/%s%s", account->sid, rest);
}

/* ---- plain requests ---- */

const char *basic_of(const struct account *account)
{
    return basic_credential(say("%s:%s", account->sid, account->token));
}

#define A_FORM "Content-Type: application/x-www-form-urlencoded"

struct reply twilio_as(const char *credentials, const char *method, const char *path,
                       const char *form)
{
    const char *const headers[] = {basic_credential(credentials), form ? A_FORM : NULL, NULL};

    return http(method, path, headers, form);
}

struct reply twilio_once(const struct account *account, const char *path, const char *form,
                         const char *key)
{
    const char *const headers[] = {basic_of(account), A_FORM, say("Idempotency-Key: %s", key),
                                   NULL};

    return http("POST", path, headers, form);
}

struct reply twilio(const struct account *account, const char *method, const char *path,
                    const char *form)
{
    return twilio_as(say("%s:%s", account->sid, account->token), method, path, form);
}

void twilio_refused(const struct reply *reply, long status, int code)
{
    cr_expect_eq(reply->status, status, "%ld instead of %ld: %s", reply->status, status,
                 reply->body);
    cr_expect_str_eq(at(reply->json, "code"), say("%d", code), "%s", reply->body);
    cr_expect_str_eq(at(reply->json, "status"), say("%ld", status), "%s", reply->body);
    cr_expect_str_eq(at(reply->json, "more_info"),
                     say("https://www.twilio.com/docs/errors/%d", code), "%s", reply->body);
    cr_expect(*at(reply->json, "message"), "no reason is given: %s", reply->body);
}

void carrier_is_away_for(const struct account *account, const char *call_sid)
{
    const char *carrier = customer_carrier(&account->customer);

    query(say("UPDATE calls SET carrier = 'twilio', carrier_account_sid = '%s' WHERE call_sid ="
              " '%s'",
              carrier, call_sid));
    carrier_fails(carrier, "POST", "/Calls", "\"do\":\"status\",\"status\":503,\"times\":-1");
}

/* ---- the official client ---- */

/* One program for each account that a test uses; it ends when the test's process does. */
struct program {
    const char *account;
    FILE *to, *from;
};

static void run_client(const struct account *account, int in, int out)
{
    dup2(in, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    for (int fd = 3; fd < 256; fd++)
        close(fd);
    setenv("NODE_PATH", say("%s/node_modules", fact("SDK")), 1);
    execlp("node", "node", "tests/api/twilio/sdk.js", fact("BASE_URL"), account->sid,
           account->token, (char *)NULL);
    perror("node");
    _exit(127);
}

static struct program *program_of(const struct account *account)
{
    static struct program programs[4];
    struct program *program = programs;
    int to[2], from[2];
    pid_t child;

    while (program->account && strcmp(program->account, account->sid) != 0)
        cr_assert_lt(++program - programs, 4);
    if (program->account)
        return program;
    cr_assert(pipe(to) == 0 && pipe(from) == 0);
    child = fork();
    cr_assert(child >= 0);
    if (child == 0)
        run_client(account, to[0], from[1]);
    close(to[0]);
    close(from[1]);
    *program = (struct program){account->sid, fdopen(to[1], "w"), fdopen(from[0], "r")};
    return program;
}

static json_object *ask_client(const struct account *account, const char *steps)
{
    struct program *program = program_of(account);
    json_object *answer;
    char *line = NULL;
    size_t room = 0;

    fprintf(program->to, "%s\n", steps);
    fflush(program->to);
    cr_assert(getline(&line, &room, program->from) > 0, "the client ended: %s", steps);
    answer = json_tokener_parse(line);
    cr_assert(answer, "%s: %s", steps, line);
    free(line);
    return kept(answer);
}

#define STEPS(name)                                                                                \
    char name[8192];                                                                               \
    va_list args;                                                                                  \
    va_start(args, steps);                                                                         \
    cr_assert_lt(vsnprintf(name, sizeof name, steps, args), (int)sizeof name);                     \
    va_end(args)

json_object *sdk(const struct account *account, const char *steps, ...)
{
    STEPS(text);
    return ask_client(account, text);
}

json_object *sdk_ok(const struct account *account, const char *steps, ...)
{
    json_object *answer, *ok = NULL;

    STEPS(text);
    answer = ask_client(account, text);
    cr_assert(json_object_object_get_ex(answer, "ok", &ok), "%s: %s", text,
              json_object_to_json_string(answer));
    return ok;
}

void sdk_refused(const struct account *account, int status, int code, const char *steps, ...)
{
    json_object *answer;

    STEPS(text);
    answer = ask_client(account, text);
    cr_expect_str_eq(at(answer, "error.status"), say("%d", status), "%s: %s", text,
                     json_object_to_json_string(answer));
    cr_expect_str_eq(at(answer, "error.code"), say("%d", code), "%s: %s", text,
                     json_object_to_json_string(answer));
    cr_expect_str_eq(at(answer, "error.moreInfo"),
                     say("https://www.twilio.com/docs/errors/%d", code));
}
