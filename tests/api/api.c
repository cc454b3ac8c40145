#include "api/api.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <criterion/criterion.h>

struct reply ask(const char *method, const char *path, const char *key, const char *body,
                 const char *header)
{
    const char *headers[4] = {"Content-Type: application/json"};
    size_t count = 1;

    if (key)
        headers[count++] = say("Authorization: Bearer %s", key);
    if (header)
        headers[count++] = header;
    return http(method, path, headers, body);
}

/* The widest limit of a minute is 60, and two may end. */
enum { MOST_REQUESTS = 3 * 60 };

struct reply use_up_minute(const char *path, const char *key)
{
    struct reply reply = {.status = 200};

    for (int asked = 0; reply.status == 200 && asked <= MOST_REQUESTS; asked++)
        reply = ask("GET", path, key, NULL, NULL);
    return reply;
}

long header_number(const struct reply *reply, const char *name)
{
    const char *text = reply_header_of(reply, name);

    return text ? strtol(text, NULL, 10) : -1;
}

struct reply admin_with(const char *method, const char *path, const char *body, const char *header)
{
    const char *const headers[] = {say("x-admin-key: %s", fact("ADMIN_API_KEY")),
                                   "Content-Type: application/json", header, NULL};

    return http(method, path, headers, body);
}

/* A status fits an exit code while its last two digits stay below this. */
enum { CODES = 40 };

/* A whole URL, because only the test's own process may say that something failed. */
int ask_aside(const char *method, const char *path, const char *const *headers, const char *body)
{
    const char *url = say("%s%s", fact("BASE_URL"), path);
    pid_t child = fork();

    if (child == 0) {
        long status = http(method, url, headers, body).status;

        _exit((int)(status / 100 * CODES + status % 100));
    }
    cr_assert(child > 0);
    return child;
}

long aside_status(int process)
{
    int status;

    cr_assert(waitpid(process, &status, 0) == process && WIFEXITED(status));
    return WEXITSTATUS(status) / CODES * 100 + WEXITSTATUS(status) % CODES;
}

void kwick_refused(const struct reply *reply, long status, const char *code)
{
    const char *type = reply_header_of(reply, "Content-Type");

    cr_expect_eq(reply->status, status, "%ld instead of %ld: %s", reply->status, status,
                 reply->body);
    cr_expect_str_eq(at(reply->json, "error.code"), code, "%s", reply->body);
    cr_expect(*at(reply->json, "error.message"), "no reason is given: %s", reply->body);
    cr_expect(type && strncmp(type, "application/json", 16) == 0, "%s", type);
}

void admin_refused(const struct reply *reply, long status)
{
    const char *type = reply_header_of(reply, "Content-Type");

    cr_expect_eq(reply->status, status, "%ld instead of %ld: %s", reply->status, status,
                 reply->body);
    cr_expect_str_eq(at(reply->json, "ok"), "false", "%s", reply->body);
    cr_expect(*at(reply->json, "error"), "no reason is given: %s", reply->body);
    cr_expect(type && strncmp(type, "application/json", 16) == 0, "%s", type);
}

void stateset_refused(const struct reply *reply, long status, const char *code)
{
    cr_expect_eq(reply->status, status, "%ld instead of %ld: %s", reply->status, status,
                 reply->body);
    cr_expect_str_eq(at(reply->json, "success"), "false", "%s", reply->body);
    cr_expect(*at(reply->json, "error"), "no reason is given: %s", reply->body);
    if (code)
        cr_expect_str_eq(at(reply->json, "code"), code, "%s", reply->body);
}

void is_not_ok(const struct reply *reply, long status, const char *word)
{
    cr_expect_eq(reply->status, status, "%ld instead of %ld: %s", reply->status, status,
                 reply->body);
    cr_expect_str_eq(at(reply->json, "ok"), "false", "%s", reply->body);
    cr_expect(strstr(at(reply->json, "error"), word), "%s", reply->body);
}

const char *admin_path(const struct customer *customer, const char *rest)
{
    return say("/api/v1/admin/tenants/%s%s", customer->tenant, rest);
}

const char *customer_carrier(const struct customer *customer)
{
    const char *account = say("AC%s", new_call_sid() + 2), *token = carrier_token(account);
    struct reply reply = control("CARRIER", "POST", "/_accounts",
                                 say("{\"sid\":\"%s\",\"token\":\"%s\"}", account, token));

    cr_assert_eq(reply.status, 201, "%s", reply.body);
    reply =
        admin("PUT", admin_path(customer, ""),
              say("{\"twilio\":{\"account_sid\":\"%s\",\"auth_token\":\"%s\"}}", account, token));
    cr_assert_eq(reply.status, 200, "%s", reply.body);
    return account;
}

const char *carrier_token(const char *account)
{
    return say("%s", account + 2);
}

void carrier_fails(const char *account, const char *method, const char *path, const char *what)
{
    struct reply reply =
        control("CARRIER", "POST", "/_fault",
                say("{\"match\":{\"path\":\"/2010-04-01/Accounts/%s%s\",\"method\":\"%s\"},%s}",
                    account, path, method, what));

    cr_assert_eq(reply.status, 201, "%s", reply.body);
}

const char *rings_on(const char *number)
{
    return somebody_on(number, "\"answer_after_ms\":60000");
}

const char *column_of(const char *call_sid, const char *column)
{
    return text_of(say("SELECT %s FROM calls WHERE call_sid = '%s'", column, call_sid));
}

const char *moment_in(long seconds)
{
    time_t when = time(NULL) + seconds;
    char text[32];

    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", gmtime(&when));
    return say("%s", text);
}

size_t carrier_numbers(const char *account)
{
    json_object *all = control("CARRIER", "GET", "/_numbers", NULL).json;
    size_t count = 0;

    cr_assert(json_object_is_type(all, json_type_array));
    for (size_t i = 0; i < json_object_array_length(all); i++)
        count += strcmp(at(json_object_array_get_idx(all, i), "account_sid"), account) == 0;
    return count;
}

const char *text_of(const char *sql)
{
    json_object *rows = query(sql);

    if (json_object_array_length(rows) == 0)
        return "";
    json_object_object_foreach(json_object_array_get_idx(rows, 0), name, value)
    {
        (void)name;
        return say("%s", value ? json_object_get_string(value) : "");
    }
    return "";
}

long long number_of(const char *sql)
{
    return strtoll(text_of(sql), NULL, 10);
}

long long rows_of(const struct customer *customer, const char *table)
{
    return number_of(say("SELECT COUNT(*) FROM %s x JOIN tenants t ON t.id = x.tenant_id"
                         " WHERE t.tenant_key = '%s'",
                         table, customer->tenant));
}

long long balance_of(const struct customer *customer)
{
    return number_of(say("SELECT COALESCE(SUM(l.amount_micros), 0) FROM billing_ledger l"
                         " JOIN tenants t ON t.id = l.tenant_id WHERE t.tenant_key = '%s'",
                         customer->tenant));
}

const char *call_form(const struct customer *customer, const char *sid, const char *status,
                      const char *more)
{
    return say("AccountSid=%s&CallSid=%s&CallStatus=%s&From=%%2B13125550111&To=%%2B%s"
               "&Direction=inbound&ApiVersion=2010-04-01%s",
               fact("REHEARSAL_ACCOUNT_SID"), sid, status, customer->number + 1, more);
}

const char *call_arrives(const struct customer *customer, const char *from, struct reply *reply)
{
    const char *sid = new_call_sid();
    const char *form = say("AccountSid=%s&CallSid=%s&CallStatus=ringing&From=%%2B%s&To=%%2B%s"
                           "&Direction=inbound&ApiVersion=2010-04-01",
                           fact("REHEARSAL_ACCOUNT_SID"), sid, from + 1, customer->number + 1);
    struct reply answer =
        callback("/api/v1/incoming-call", form, fact("REHEARSAL_AUTH_TOKEN"), NULL);

    cr_assert_eq(answer.status, 200, "%ld %s", answer.status, answer.body);
    if (reply)
        *reply = answer;
    return sid;
}
