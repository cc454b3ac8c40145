/*
 * What the operator's API answers when the program itself is not as it should be: no key
 * configured, a store that is broken.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "harness/harness.h"

TestSuite(operator, .timeout = 120);

#define NOBODY "01939f3a-7c21-7a4e-8b1d-5f6a7b8c9d0e"

static const char *const operations[][2] = {
    {"GET", ""},
    {"PUT", ""},
    {"GET", "/api-keys"},
    {"POST", "/api-keys"},
    {"DELETE", "/api-keys/" NOBODY},
    {"GET", "/agents"},
    {"POST", "/agents"},
    {"GET", "/agent-versions"},
    {"POST", "/agent-versions"},
    {"POST", "/agent-versions/" NOBODY "/publish"},
    {"GET", "/phone-number-routes"},
    {"PUT", "/phone-number-routes"},
    {"DELETE", "/phone-number-routes/" NOBODY},
    {"POST", "/balance"},
};

enum { OPERATIONS = sizeof operations / sizeof operations[0] };

static void expect_of_all(const char *tenant, long status)
{
    for (size_t i = 0; i < OPERATIONS; i++) {
        struct reply reply =
            admin(operations[i][0], say("/api/v1/admin/tenants/%s%s", tenant, operations[i][1]),
                  *operations[i][0] == 'P' ? "{}" : NULL);

        cr_expect_eq(reply.status, status, "%s %s: %ld %s", operations[i][0], operations[i][1],
                     reply.status, reply.body);
        cr_expect_str_eq(at(reply.json, "ok"), "false", "%s", reply.body);
        cr_expect(*at(reply.json, "error"), "%s", reply.body);
    }
}

/* The program in the place of the stack's, without one of its settings. */
static pid_t start_without(const char *setting)
{
    const char *program = say("%s/trunkline.fcgi", fact("PROGRAMS"));
    pid_t child;

    part_stop("fcgi", "TERM");
    child = fork();
    if (child == 0) {
        unsetenv(setting);
        unsetenv("ADMIN_USERNAME"); /* or he could sign in */
        execl(program, program, "--workers", "1", (char *)NULL);
        _exit(127);
    }
    cr_assert(child > 0);
    AWAIT(http("GET", "/health/live", NULL, NULL).status == 200);
    return child;
}

static void end(pid_t child)
{
    kill(child, SIGTERM);
    waitpid(child, NULL, 0);
    part_start("fcgi");
    AWAIT(http("GET", "/health/live", NULL, NULL).status == 200);
}

Test(operator, does_not_exist_until_a_key_is_configured)
{
    struct customer customer = customer_new();
    pid_t child = start_without("ADMIN_API_KEY");

    expect_of_all(customer.tenant, 404);
    end(child);
    cr_expect_eq(admin("GET", say("/api/v1/admin/tenants/%s", customer.tenant), NULL).status, 200);
}

Test(operator, signs_in_only_where_a_name_and_a_password_are_configured)
{
    static const char *const json[] = {"Content-Type: application/json", NULL};
    const char *body = say("{\"username\":\"%s\",\"password\":\"%s\"}", fact("ADMIN_USERNAME"),
                           fact("ADMIN_PASSWORD"));
    pid_t child = start_without("ADMIN_PASSWORD");
    struct reply reply = http("POST", "/api/v1/admin/auth/login", json, body);

    cr_expect_eq(reply.status, 404, "%ld %s", reply.status, reply.body);
    reply = http("GET", "/api/v1/admin/auth/session", NULL, NULL);
    cr_expect_eq(reply.status, 200);
    cr_expect_str_eq(at(reply.json, "login_enabled"), "false");
    cr_expect_eq(admin("GET", "/api/v1/admin/auth/transport", NULL).status, 200, "the key works");
    end(child);
    cr_expect_eq(http("POST", "/api/v1/admin/auth/login", json, body).status, 200);
}

static struct reply with_cookie(const char *method, const char *path, const char *cookie)
{
    const char *const headers[] = {cookie, say("Origin: %s", fact("PUBLIC_BASE_URL")),
                                   "Content-Type: application/json", NULL};

    return http(method, say("/api/v1/admin/auth/%s", path), headers, NULL);
}

static const char *new_session(void)
{
    static const char *const json[] = {"Content-Type: application/json", NULL};
    struct reply reply = http("POST", "/api/v1/admin/auth/login", json,
                              say("{\"username\":\"%s\",\"password\":\"%s\"}",
                                  fact("ADMIN_USERNAME"), fact("ADMIN_PASSWORD")));
    const char *cookie = reply_header_of(&reply, "Set-Cookie");

    cr_assert_not_null(cookie, "%ld %s", reply.status, reply.body);
    return say("Cookie: %.*s", (int)strcspn(cookie, ";"), cookie);
}

/* Here, where no other test is signed in at the same time. */
Test(operator, signs_out_everywhere)
{
    const char *one = new_session(), *two = new_session();

    cr_expect_eq(with_cookie("GET", "transport", two).status, 200);
    cr_expect_eq(with_cookie("POST", "logout?everywhere=true", one).status, 200);
    cr_expect_eq(with_cookie("GET", "transport", two).status, 401);
}

/* A table is missing: a mistake of ours, told without a word of the driver's. */
Test(operator, is_told_of_mistakes_of_ours)
{
    struct customer customer = customer_new();

    query("RENAME TABLE tenants TO tenants_gone");
    expect_of_all(customer.tenant, 500);
    query("RENAME TABLE tenants_gone TO tenants");
    cr_expect_eq(admin("GET", say("/api/v1/admin/tenants/%s", customer.tenant), NULL).status, 200);
}
