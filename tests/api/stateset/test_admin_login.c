/*
 * The operator in a browser: signing in, what a session may do, signing out.
 */
#include <string.h>

#include <criterion/criterion.h>

#include "api/api.h"

TestSuite(admin_login, .timeout = 60);

#define AUTH "/api/v1/admin/auth"

static struct reply sign_in(const char *username, const char *password, const char *from)
{
    const char *const headers[] = {"Content-Type: application/json",
                                   say("X-Forwarded-For: %s", from), NULL};

    return http("POST", AUTH "/login", headers,
                say("{\"username\":\"%s\",\"password\":\"%s\"}", username, password));
}

/* An address that no other test uses. */
static const char *new_address(void)
{
    const char *sid = new_call_sid();

    return say("2001:db8:%.4s:%.4s:%.4s::1", sid + 2, sid + 6, sid + 10);
}

/* "stateset_admin_session=…" of an answer. */
static const char *cookie_of(const struct reply *reply)
{
    const char *cookie = reply_header_of(reply, "Set-Cookie");

    cr_assert_not_null(cookie, "%ld %s", reply->status, reply->body);
    return say("Cookie: %.*s", (int)strcspn(cookie, ";"), cookie);
}

static const char *new_session(void)
{
    struct reply reply = sign_in(fact("ADMIN_USERNAME"), fact("ADMIN_PASSWORD"), new_address());

    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    return cookie_of(&reply);
}

static struct reply with(const char *method, const char *path, const char *cookie,
                         const char *header, const char *body)
{
    const char *const headers[] = {cookie, "Content-Type: application/json", header, NULL};

    return http(method, path, headers, body);
}

static const char *own_origin(void)
{
    return say("Origin: %s", fact("PUBLIC_BASE_URL"));
}

Test(admin_login, signs_the_operator_in_with_a_cookie_that_scripts_cannot_read)
{
    struct reply reply = sign_in(fact("ADMIN_USERNAME"), fact("ADMIN_PASSWORD"), new_address());
    const char *cookie = reply_header_of(&reply, "Set-Cookie");

    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect_str_eq(at(reply.json, "ok"), "true");
    cr_expect_str_eq(at(reply.json, "username"), fact("ADMIN_USERNAME"));
    cr_expect_not(has(reply.json, "password"));
    cr_assert_not_null(cookie);
    cr_expect_not_null(strstr(cookie, "; HttpOnly"), "%s", cookie);
    cr_expect_not_null(strstr(cookie, "; SameSite=Strict"), "%s", cookie);
    cr_expect_not_null(strstr(cookie, "; Max-Age=43200"), "%s", cookie);
}

Test(admin_login, keeps_no_session_in_the_clear)
{
    const char *token = strchr(new_session(), '=') + 1;
    json_object *rows = query(say("SELECT COUNT(*) AS n FROM admin_sessions WHERE token_hash = '%s'"
                                  " OR token_hash = UNHEX(SHA2('%s', 256))",
                                  token, token));

    cr_expect_str_eq(at(rows, "0.n"), "0");
}

Test(admin_login, tells_who_is_signed_in)
{
    struct reply reply = with("GET", AUTH "/session", new_session(), NULL, NULL);

    cr_assert_eq(reply.status, 200);
    cr_expect_str_eq(at(reply.json, "authenticated"), "true");
    cr_expect_str_eq(at(reply.json, "username"), fact("ADMIN_USERNAME"));
    cr_expect_str_eq(at(reply.json, "login_enabled"), "true");
    cr_expect_str_eq(at(reply.json, "workos_enabled"), "false");
    reply = admin("GET", AUTH "/session", NULL);
    cr_expect_str_eq(at(reply.json, "authenticated"), "true", "by the key");
    reply = http("GET", AUTH "/session", NULL, NULL);
    cr_assert_eq(reply.status, 200);
    cr_expect_str_eq(at(reply.json, "authenticated"), "false");
    cr_expect(has(reply.json, "username"));
    cr_expect_str_eq(at(reply.json, "username"), "");
}

Test(admin_login, refuses_a_wrong_name_and_a_wrong_password_alike)
{
    const char *from = new_address();
    struct reply name = sign_in("nobody", fact("ADMIN_PASSWORD"), from);
    struct reply password = sign_in(fact("ADMIN_USERNAME"), "wrong", from);
    struct reply empty = ask("POST", AUTH "/login", NULL, "{}", NULL);

    admin_refused(&name, 401);
    admin_refused(&password, 401);
    admin_refused(&empty, 401);
    cr_expect_str_eq(at(name.json, "error"), at(password.json, "error"));
    cr_expect_null(reply_header_of(&name, "Set-Cookie"));
}

Test(admin_login, locks_out_who_guesses_five_times)
{
    const char *from = new_address();
    struct reply reply;

    for (int i = 0; i < 5; i++)
        cr_expect_eq(sign_in(fact("ADMIN_USERNAME"), say("guess %d", i), from).status, 401);
    reply = sign_in(fact("ADMIN_USERNAME"), fact("ADMIN_PASSWORD"), from);
    admin_refused(&reply, 401);
    reply = sign_in(fact("ADMIN_USERNAME"), fact("ADMIN_PASSWORD"), new_address());
    cr_expect_eq(reply.status, 200, "others are not locked out with him");
}

Test(admin_login, opens_the_lock_a_quarter_of_an_hour_after_the_last_failure)
{
    const char *from = new_address();
    json_object *rows;

    for (int i = 0; i < 7; i++)
        cr_expect_eq(sign_in(fact("ADMIN_USERNAME"), "guess", from).status, 401);
    rows = query("SELECT COUNT(*) AS n FROM admin_login_failures WHERE failures = 6 AND expires_at"
                 " BETWEEN UTC_TIMESTAMP(3) + INTERVAL 13 MINUTE AND UTC_TIMESTAMP(3) + INTERVAL"
                 " 15 MINUTE");
    cr_expect_str_neq(at(rows, "0.n"), "0");
    query("UPDATE admin_login_failures SET expires_at = UTC_TIMESTAMP(3) WHERE failures = 6");
    cr_expect_eq(sign_in(fact("ADMIN_USERNAME"), fact("ADMIN_PASSWORD"), from).status, 200);
}

Test(admin_login, forgives_failures_when_the_password_comes)
{
    const char *from = new_address();

    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 3; i++)
            cr_expect_eq(sign_in(fact("ADMIN_USERNAME"), "guess", from).status, 401);
        cr_expect_eq(sign_in(fact("ADMIN_USERNAME"), fact("ADMIN_PASSWORD"), from).status, 200);
    }
}

Test(admin_login, lets_a_session_read_and_our_own_pages_write)
{
    struct customer customer = customer_new();
    const char *session = new_session(), *path = admin_path(&customer, "");
    struct reply reply = with("GET", path, session, NULL, NULL);

    cr_expect_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    reply = with("PUT", path, session, own_origin(), "{\"v\":1}");
    cr_expect_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    reply = with("PUT", path, session, "Sec-Fetch-Site: same-origin", "{\"v\":2}");
    cr_expect_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
}

Test(admin_login, lets_no_foreign_page_write)
{
    static const char *const foreign[] = {NULL, "Origin: https://evil.example", "Origin: null",
                                          "Sec-Fetch-Site: cross-site",
                                          "Sec-Fetch-Site: same-site"};
    struct customer customer = customer_new();
    const char *session = new_session(), *path = admin_path(&customer, "");

    for (size_t i = 0; i < COUNT_OF(foreign); i++) {
        struct reply reply = with("PUT", path, session, foreign[i], "{\"written\":true}");

        admin_refused(&reply, 401);
    }
    cr_expect_not(has(admin("GET", path, NULL).json, "config.written"));
}

Test(admin_login, believes_no_made_up_session)
{
    static const char *const made_up[] = {
        "Cookie: stateset_admin_session=", "Cookie: stateset_admin_session=x",
        "Cookie: stateset_admin_session=0000000000000000000000000000000000000000000"};
    struct customer customer = customer_new();

    for (size_t i = 0; i < COUNT_OF(made_up); i++) {
        struct reply reply = with("GET", admin_path(&customer, ""), made_up[i], NULL, NULL);

        admin_refused(&reply, 401);
    }
}

Test(admin_login, ends_after_twelve_hours)
{
    const char *from = new_address();
    struct reply reply = sign_in(fact("ADMIN_USERNAME"), fact("ADMIN_PASSWORD"), from);
    const char *session = cookie_of(&reply);

    query(say("UPDATE admin_sessions SET expires_at = UTC_TIMESTAMP(3) WHERE ip = '%s'", from));
    cr_expect_str_eq(at(with("GET", AUTH "/session", session, NULL, NULL).json, "authenticated"),
                     "false");
}

Test(admin_login, ends_one_session_and_no_other)
{
    const char *one = new_session(), *two = new_session();
    struct reply reply = with("POST", AUTH "/logout", one, own_origin(), NULL);

    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect_str_eq(at(reply.json, "authenticated"), "false");
    cr_expect_not_null(strstr(reply_header_of(&reply, "Set-Cookie"), "Max-Age=0"));
    reply = with("GET", AUTH "/transport", one, NULL, NULL);
    admin_refused(&reply, 401);
    cr_expect_eq(with("GET", AUTH "/transport", two, NULL, NULL).status, 200);
}

Test(admin_login, signs_nobody_out_from_a_foreign_page)
{
    const char *session = new_session();
    struct reply reply =
        with("POST", AUTH "/logout", session, "Origin: https://evil.example", NULL);

    admin_refused(&reply, 401);
    cr_expect_eq(with("GET", AUTH "/transport", session, NULL, NULL).status, 200);
}

Test(admin_login, signs_out_who_is_not_signed_in)
{
    struct reply reply = ask("POST", AUTH "/logout", NULL, NULL, NULL);

    cr_expect_eq(reply.status, 200);
    cr_expect_str_eq(at(reply.json, "authenticated"), "false");
}

Test(admin_login, shows_how_streams_prove_themselves)
{
    struct reply reply = admin("GET", AUTH "/transport", NULL), alerts;

    cr_assert_eq(reply.status, 200, "%s", reply.body);
    cr_expect_str_eq(at(reply.json, "auth_transport.stream_auth_primary_configured"), "true");
    cr_expect_str_eq(at(reply.json, "auth_transport.stream_auth_previous_configured"), "false");
    cr_expect_str_eq(at(reply.json, "auth_transport.stream_auth_secret_count"), "1");
    cr_expect_str_eq(at(reply.json, "auth_transport.legacy_query_auth_enabled"), "false");
    alerts = admin("GET", "/api/v1/admin/alerts/auth-transport", NULL);
    cr_assert_eq(alerts.status, 200, "%s", alerts.body);
    cr_expect_str_eq(at(alerts.json, "status"), "ok");
    cr_expect_str_eq(at(alerts.json, "count"), "0");
    cr_expect_str_eq(at(alerts.json, "diagnostics.stream_auth_secret_count"), "1");
    reply = ask("GET", AUTH "/transport", NULL, NULL, NULL);
    admin_refused(&reply, 401);
    reply = ask("GET", "/api/v1/admin/alerts/auth-transport", NULL, NULL, NULL);
    admin_refused(&reply, 401);
}
