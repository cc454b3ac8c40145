/*
 * Signing in as the operator where no password is configured, and signing out everywhere: what
 * needs the program to itself.
 */
#include <string.h>

#include <criterion/criterion.h>

#include "fault/repair.h"

TestSuite(operator, .init = stack_repair, .timeout = 120);

static struct reply sign_in(const char *name, const char *password)
{
    static const char *const json[] = {"Content-Type: application/json", NULL};

    return http("POST", "/api/v1/admin/auth/login", json,
                say("{\"username\":\"%s\",\"password\":\"%s\"}", name, password));
}

Test(operator, signs_in_only_where_a_name_and_a_password_are_configured)
{
    const char *name = say("%s", fact("ADMIN_USERNAME"));
    const char *password = say("%s", fact("ADMIN_PASSWORD"));
    struct reply reply;

    api_restart_with("ADMIN_PASSWORD", "");
    reply = sign_in(name, password);
    cr_expect_eq(reply.status, 404, "%ld %s", reply.status, reply.body);
    reply = http("GET", "/api/v1/admin/auth/session", NULL, NULL);
    cr_expect_eq(reply.status, 200);
    cr_expect_str_eq(at(reply.json, "login_enabled"), "false");
    cr_expect_eq(admin("GET", "/api/v1/admin/auth/transport", NULL).status, 200, "the key works");
    api_restart_with("ADMIN_PASSWORD", password);
    cr_expect_eq(sign_in(name, password).status, 200);
}

static struct reply with_cookie(const char *method, const char *path, const char *cookie)
{
    const char *const headers[] = {cookie, say("Origin: %s", fact("PUBLIC_BASE_URL")),
                                   "Content-Type: application/json", NULL};

    return http(method, say("/api/v1/admin/auth/%s", path), headers, NULL);
}

static const char *new_session(void)
{
    struct reply reply = sign_in(fact("ADMIN_USERNAME"), fact("ADMIN_PASSWORD"));
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
