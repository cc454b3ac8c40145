/*
 * Paths, methods and headers that no client should send: each API answers in its own shape, nothing
 * is written, and the connection goes on.
 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "api/raw.h"
#include "api/shapes.h"

TestSuite(bad_lines, .timeout = 60);

struct line {
    int api;
    char line[96];
    long status;
};

#define A "/api/v1/admin/tenants/@"

static struct line lines[] = {
    /* clang-format off */
    {KWICKPHONE, "GET /v1",                             404},
    {KWICKPHONE, "GET /v1/nothing",                     404},
    {KWICKPHONE, "GET /v1/Numbers",                     404},
    {KWICKPHONE, "GET /v1//numbers",                    404},
    {KWICKPHONE, "GET /v1/numbers//",                   404},
    {KWICKPHONE, "GET /v1/numbers/1/2/3",               404},
    {KWICKPHONE, "GET /v1/./numbers",                   404},
    {KWICKPHONE, "GET /v1/x/../numbers",                404},
    {KWICKPHONE, "GET /v1/calls%2FCA1%2Ftranscript",    404},
    {KWICKPHONE, "GET /v1/calls/CA1%2Ftranscript",      404},
    {KWICKPHONE, "GET /v1/numbers%",                    400},
    {KWICKPHONE, "GET /v1/numbers/%4",                  400},
    {KWICKPHONE, "DELETE /v1/numbers/%zz",              400},
    {KWICKPHONE, "DELETE /v1/numbers/%00",              400},
    {KWICKPHONE, "DELETE /v1/numbers/%C0%AF",           400},
    {KWICKPHONE, "GET /v1/calls/%FF/recording",         400},
    {KWICKPHONE, "GET /v1/calls?limit=%",               400},
    {KWICKPHONE, "GET /v1/calls?%FF=1",                 400},
    {KWICKPHONE, "PUT /v1/numbers",                     405},
    {KWICKPHONE, "PATCH /v1/calls",                     405},
    {KWICKPHONE, "DELETE /v1/numbers",                  405},
    {KWICKPHONE, "POST /v1/calls",                      405},
    {KWICKPHONE, "PROPFIND /v1/numbers",                405},
    {OPERATOR,   "GET /api/v1/admin",                   404},
    {OPERATOR,   "GET /api/v1/admin/nothing",           404},
    {OPERATOR,   "GET " A "/nothing",                   404},
    {OPERATOR,   "GET " A "/agents/x/y/z",              404},
    {OPERATOR,   "GET " A "%2Fagents",                  404},
    {OPERATOR,   "GET " A "/agents%zz",                 400},
    {OPERATOR,   "GET /api/v1/admin/tenants/%FF",       400},
    {OPERATOR,   "GET " A "/api-keys?kind=%zz",         400},
    {OPERATOR,   "PATCH " A,                            405},
    {OPERATOR,   "DELETE " A "/agents",                 405},
    {OPERATOR,   "GET " A "/balance",                   405},
    {CALLBACKS,  "GET /api/v1/incoming-call",           405},
    {CALLBACKS,  "PUT /api/v1/call-status",             405},
    {CALLBACKS,  "GET /incoming-call",                  405},
    {CALLBACKS,  "POST /api/v1/incoming-call/more",     404},
    {HOOKS,      "GET /hooks/twilio/sms",               405},
    {HOOKS,      "POST /hooks/twilio/nothing",          404},
    {HOOKS,      "POST /hooks/twilio",                  404},
    {HOOKS,      "POST /hooks/twilio/sms%zz",           400},
    {STATESET,   "GET /api/v1/nothing",                 404},
    {STATESET,   "GET /api/v1",                         404},
    {STATESET,   "GET /api/v1/adminx",                  404},
    {STATESET,   "GET /api/v1/%zz",                     400},
    {SITE,       "GET /nothing",                        404},
    {SITE,       "GET /V1/numbers",                     404},
    {SITE,       "GET //v1/numbers",                    404},
    {SITE,       "GET /v1x",                            404},
    {SITE,       "GET /.htaccess",                      404},
    {SITE,       "GET /api-docs/nobody.json",           404},
    {SITE,       "GET /api-docs/..%2F..%2Fetc%2Fpasswd.json", 404},
    {SITE,       "GET /%zz",                            400},
    {SITE,       "GET /%00",                            400},
    {SITE,       "POST /healthz",                       405},
    {SITE,       "DELETE /health/live",                 405},
    /* clang-format on */
};

ParameterizedTestParameters(bad_lines, lead_nowhere)
{
    return cr_make_param_array(struct line, lines, COUNT_OF(lines));
}

ParameterizedTest(struct line *given, bad_lines, lead_nowhere)
{
    struct customer customer = customer_new();
    const char *body = strncmp(given->line, "P", 1) == 0 ? "Content-Length: 0\r\n" : "";
    struct reply reply = send_line(&customer, (enum api)given->api, given->line, body);

    cr_expect_eq(reply.status, given->status, "%s: %ld %s", given->line, reply.status, reply.body);
    apis[given->api].shape(&reply);
    if (given->status == 405)
        cr_expect_not_null(reply_header_of(&reply, "Allow"), "%s", given->line);
    nothing_was_written(&customer);
}

Test(bad_lines, of_great_length_lead_nowhere)
{
    static const char *const prefixes[] = {"/v1/", "/api/v1/admin/", "/hooks/twilio/", "/api/v1/",
                                           "/site/"};
    static const enum api of[] = {KWICKPHONE, OPERATOR, HOOKS, STATESET, SITE};
    struct customer customer = customer_new();
    char *deep = say("%s", "");

    for (int i = 0; i < 500; i++)
        deep = say("%s/x", deep);
    for (size_t i = 0; i < COUNT_OF(prefixes); i++) {
        struct reply reply = send_line(&customer, of[i], say("GET %s%04000d", prefixes[i], 0), "");

        cr_expect_eq(reply.status, 404, "%s: %ld", prefixes[i], reply.status);
        apis[of[i]].shape(&reply);
        reply = send_line(&customer, of[i], say("GET %s%s", prefixes[i], deep + 1), "");
        cr_expect_eq(reply.status, 404, "%s: %ld", prefixes[i], reply.status);
        apis[of[i]].shape(&reply);
    }
}

/* One spelling is as good as another where the reference says so. */
Test(bad_lines, do_not_include_other_spellings)
{
    static const char *const spellings[] = {"GET /v1/numbers/", "GET /v1/%6Eumbers",
                                            "GET /%76%31/numbers", "GET /v1/numbers?",
                                            "GET http://127.0.0.1/v1/numbers"};
    struct customer customer = customer_new();

    for (size_t i = 0; i < COUNT_OF(spellings); i++)
        cr_expect_eq(send_line(&customer, KWICKPHONE, spellings[i], "").status, 200, "%s",
                     spellings[i]);
}

Test(bad_lines, do_not_include_head_requests)
{
    struct customer customer = customer_new();

    for (enum api api = 0; api < APIS; api++) {
        struct reply get, head;

        if (!apis[api].gives)
            continue;
        get = send_line(&customer, api, say("GET %s", apis[api].gives), "");
        head = send_line(&customer, api, say("HEAD %s", apis[api].gives), "");
        cr_expect_eq(head.status, get.status, "%s: %ld", apis[api].name, head.status);
        cr_expect_eq(head.length, 0u, "%s", apis[api].name);
        cr_expect_str_eq(reply_header_of(&head, "Content-Type"),
                         reply_header_of(&get, "Content-Type"));
    }
}

Test(bad_lines, do_not_include_options)
{
    struct customer customer = customer_new();
    struct reply reply = send_line(&customer, SITE, "OPTIONS /v1/numbers", "");

    cr_expect_eq(reply.status, 204);
    cr_expect_str_eq(reply_header_of(&reply, "Allow"), "GET, HEAD, POST, OPTIONS");
    reply =
        send_line(&customer, SITE, "OPTIONS /v1/numbers",
                  "Origin: https://stranger.example\r\nAccess-Control-Request-Method: POST\r\n");
    cr_expect_eq(reply.status, 204);
    cr_expect_null(reply_header_of(&reply, "Access-Control-Allow-Origin"));
    reply = send_line(&customer, KWICKPHONE, "OPTIONS /v1/nothing", "");
    cr_expect_eq(reply.status, 404);
    apis[KWICKPHONE].shape(&reply);
    reply =
        send_line(&customer, KWICKPHONE, "GET /v1/numbers", "Origin: https://stranger.example\r\n");
    cr_expect_eq(reply.status, 200);
    cr_expect_null(reply_header_of(&reply, "Access-Control-Allow-Origin"));
}

/* ---- headers ---- */

struct headers {
    char text[160];
    long status;
};

ParameterizedTestParameters(bad_lines, in_headers_are_passed_over)
{
    static struct headers headers[] = {
        /* clang-format off */
        {"Content-Type: \r\n",                                    200},
        {"Content-Type: multipart/form-data; boundary=x\r\n",     200},
        {"Accept: text/html, image/gif;q=0.2\r\n",                200},
        {"Accept-Encoding: br, gzip, zstd\r\n",                   200},
        {"Cookie: ;;=;a;b=;=c;session=%zz\r\n",                   200},
        {"X-Forwarded-For: ,,,,\r\n",                             200},
        {"X-Forwarded-For: 999.999.999.999, [::, unknown\r\n",    200},
        {"X-Forwarded-Proto: gopher\r\n",                         200},
        {"X-Forwarded-Host: \r\n",                                200},
        {"X-Request-Id: a b\r\n",                                 200},
        {"Range: bytes=0-\r\n",                                   200},
        {"If-None-Match: \"\"\"\r\n",                             200},
        {"If-Match: W/\r\n",                                      200},
        {"Idempotency-Key: \r\n",                                 200},
        {"Expect: 100-continue\r\n",                              200},
        {"X-Very-Long: 1234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890\r\n", 200},
        /* clang-format on */
    };

    return cr_make_param_array(struct headers, headers, COUNT_OF(headers));
}

ParameterizedTest(struct headers *given, bad_lines, in_headers_are_passed_over)
{
    struct customer customer = customer_new();
    struct reply reply = send_line(&customer, KWICKPHONE, "GET /v1/numbers", given->text);

    cr_expect_eq(reply.status, given->status, "%s: %ld %s", given->text, reply.status, reply.body);
}

/* What the web server does not let through must not be a 5xx either, nor reach us twice. */
ParameterizedTestParameters(bad_lines, in_headers_are_refused)
{
    static struct headers headers[] = {
        /* clang-format off */
        {"Content-Length: 5\r\nContent-Length: 6\r\n",            400},
        {"Content-Length: -1\r\n",                                400},
        {"Content-Length: five\r\n",                              400},
        {"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",   400},
        {"Transfer-Encoding: pigeon\r\n",                         501},
        {"Bad Header: x\r\n",                                     400},
        {": x\r\n",                                               400},
        {"X-Control: a\x01" "b\r\n",                              400},
        /* clang-format on */
    };

    return cr_make_param_array(struct headers, headers, COUNT_OF(headers));
}

ParameterizedTest(struct headers *given, bad_lines, in_headers_are_refused)
{
    struct customer customer = customer_new();
    struct raw raw = raw_open();
    const char *text = say("POST /v1/numbers HTTP/1.1\r\nHost: 127.0.0.1\r\n%s%s\r\n{}",
                           credential(&customer, KWICKPHONE), given->text);
    struct reply reply;

    raw_send(&raw, text, strlen(text));
    reply = raw_answer(&raw, false);
    cr_expect(reply.status == given->status || (reply.status >= 400 && reply.status < 500),
              "%s: %ld %s", given->text, reply.status, reply.body);
    raw_close(&raw);
    nothing_was_written(&customer);
}
