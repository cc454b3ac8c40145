/*
 * What the server says of itself: health, documents, request ids, and one line a request in the
 * log, which tells no secrets.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "api/api.h"

TestSuite(health, .timeout = 60);

/* ---- probes ---- */

Test(health, is_told_to_anybody)
{
    struct reply reply = http("GET", "/health/live", NULL, NULL);

    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect_str_eq(at(reply.json, "status"), "alive");
    cr_expect(has(reply.json, "staleness_ms"));
    reply = http("GET", "/healthz", NULL, NULL);
    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect_str_eq(at(reply.json, "status"), "ok");
    cr_expect(has(reply.json, "uptime") && has(reply.json, "activeCalls"), "%s", reply.body);
}

Test(health, names_every_part_with_its_state)
{
    static const char *const parts[] = {"database", "migrations", "spool", "workers",
                                        "stream",   "carrier",    "model"};
    struct reply reply = http("GET", "/health/ready", NULL, NULL);

    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect_str_eq(at(reply.json, "ready"), "true");
    cr_expect_str_eq(at(reply.json, "status"), "ready", "%s", reply.body);
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        cr_expect_str_eq(at(reply.json, say("checks.%zu.name", i)), parts[i]);
        cr_expect_str_eq(at(reply.json, say("checks.%zu.ready", i)), "true", "%s", parts[i]);
        cr_expect(*at(reply.json, say("checks.%zu.status", i)), "%s", parts[i]);
        cr_expect(has(reply.json, say("checks.%zu.details", i)), "%s", parts[i]);
    }
}

Test(health, is_shown_to_the_page_without_being_kept)
{
    struct reply reply = http("GET", "/site/status.json", NULL, NULL);

    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect_str_eq(reply_header_of(&reply, "Cache-Control"), "no-store");
    cr_expect_str_eq(at(reply.json, "parts.0.name"), "database");
    cr_expect_str_eq(at(reply.json, "parts.0.ok"), "true");
}

/* The value of a metric's line. */
static long metric(const char *name)
{
    struct reply reply = http("GET", "/metrics", NULL, NULL);
    const char *line = strstr(reply.body, say("\n%s ", name));

    cr_assert(reply.status == 200 && line, "%s in %s", name, reply.body);
    return strtol(line + strlen(name) + 2, NULL, 10);
}

Test(health, is_counted)
{
    long before = metric("trunkline_requests_total{class=\"4xx\"}");

    http("GET", "/nothing", NULL, NULL);
    AWAIT(metric("trunkline_requests_total{class=\"4xx\"}") > before); /* after the answer */
    cr_expect_geq(metric("trunkline_uptime_seconds"), 0);
}

/* ---- documents ---- */

struct dialect {
    char name[16], title[32], path[64];
};

ParameterizedTestParameters(health, documents)
{
    static struct dialect dialects[] = {
        {"kwickphone", "KwickPhone Developer API", "/v1/numbers"},
        {"stateset", "StateSet Voice API", "/api/v1/admin/tenants/{tenant_id}"},
        {"public", "StateSet Voice API - Public", "/api/v1/call-logs"},
        {"admin", "StateSet Voice API - Admin", "/api/v1/admin/tenants/{tenant_id}"},
        {"phony", "Phony-compatible API", "/healthz"},
        {"twilio", "Twilio-compatible API", "/2010-04-01/Accounts/{AccountSid}/Calls.json"},
        {"site", "Trunkline", "/metrics"},
    };

    return cr_make_param_array(struct dialect, dialects, COUNT_OF(dialects));
}

ParameterizedTest(struct dialect *given, health, documents)
{
    struct reply reply = http("GET", say("/api-docs/%s.json", given->name), NULL, NULL);
    json_object *paths = NULL;

    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_expect_eq(strncmp(at(reply.json, "openapi"), "3.1", 3), 0);
    cr_expect_str_eq(at(reply.json, "info.title"), given->title);
    cr_assert(json_object_object_get_ex(reply.json, "paths", &paths));
    cr_expect(json_object_object_get_ex(paths, given->path, NULL), "%s", given->path);
    cr_expect_null(strstr(reply.body, "/hooks/"), "what is hidden is shown");
    reply = http("GET", "/api-docs", NULL, NULL);
    cr_expect_not_null(strstr(reply.body, say("/api-docs/%s.json", given->name)), "%s", reply.body);
}

Test(health, has_no_documents_of_what_is_not_there)
{
    struct reply reply = http("GET", "/api-docs/nobody.json", NULL, NULL);

    cr_expect_eq(reply.status, 404);
    cr_expect_str_eq(at(reply.json, "error"), "not_found", "%s", reply.body);
}

/* ---- request ids ---- */

struct request_id {
    char text[160];
    bool kept;
};

ParameterizedTestParameters(health, request_ids)
{
    static struct request_id ids[] = {
        /* clang-format off */
        {"a", true},
        {"0193-AB.cd_ef:9", true},
        {"12345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678", true},
        {"123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789", false},
        {"two words", false},
        {"a/b", false},
        {"\"quoted\"", false},
        {"{\"a\":1}", false},
        {"\xc3\xa9", false},
        {"<script>", false},
        /* clang-format on */
    };

    return cr_make_param_array(struct request_id, ids, COUNT_OF(ids));
}

ParameterizedTest(struct request_id *given, health, request_ids)
{
    static const char *const paths[] = {"/health/live", "/v1/numbers", "/v1/nothing",
                                        "/api/v1/admin/tenants/x", "/api/v1/nothing"};

    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        struct reply reply = ask("GET", paths[i], NULL, NULL, say("X-Request-Id: %s", given->text));
        const char *id = reply_header_of(&reply, "X-Request-Id");

        cr_assert_not_null(id, "%s", paths[i]);
        if (given->kept)
            cr_expect_str_eq(id, given->text, "%s", paths[i]);
        else
            cr_expect_eq(strlen(id), 36u, "%s: %s", paths[i], id);
    }
}

Test(health, request_ids_of_ours_differ)
{
    struct reply one = http("GET", "/health/live", NULL, NULL);
    struct reply other = http("GET", "/health/live", NULL, NULL);

    cr_expect_str_neq(reply_header_of(&one, "X-Request-Id"),
                      reply_header_of(&other, "X-Request-Id"));
}

/* ---- the log ---- */

/* Hands every line of a part's log to a function. */
static void each_line(const char *part,
                      void (*take)(const char *part, const char *line, void *with), void *with)
{
    FILE *file = fopen(say("%s/log/%s.log", fact("VAR"), part), "r");
    char *line = NULL;
    size_t room = 0;

    cr_assert_not_null(file, "%s has no log", part);
    while (getline(&line, &room, file) > 0)
        take(part, line, with);
    free(line);
    fclose(file);
}

/* What is looked for, and the lines that have it. */
struct looking {
    const char *mark;
    json_object *lines;
};

static void take_line(const char *part, const char *line, void *with)
{
    struct looking *looking = with;
    json_object *parsed;

    (void)part;
    if (!strstr(line, looking->mark) || !strstr(line, "\"event\":\"request\""))
        return;
    parsed = json_tokener_parse(line);
    cr_assert_not_null(parsed, "no JSON: %s", line);
    json_object_array_add(looking->lines, parsed);
}

/* The lines of a request, as JSON. */
static json_object *lines_of(const char *id)
{
    struct looking looking = {say("\"work\":\"%s\"", id), kept(json_object_new_array())};

    each_line("fcgi", take_line, &looking);
    return looking.lines;
}

Test(health, log_has_one_line_a_request)
{
    struct customer customer = customer_new();
    const char *id = say("test-%s", new_call_sid());
    struct reply reply = ask("POST", "/v1/numbers?secret=word", customer.kwickphone,
                             "{\"area_code\":5}", say("X-Request-Id: %s", id));
    json_object *lines;

    cr_assert_eq(reply.status, 400);
    AWAIT(json_object_array_length(lines_of(id)) > 0);
    lines = lines_of(id);
    cr_expect_eq(json_object_array_length(lines), 1u);
    cr_expect_str_eq(at(lines, "0.status"), "400");
    cr_expect_str_eq(at(lines, "0.method"), "POST");
    cr_expect_str_eq(at(lines, "0.path"), "/v1/numbers", "without its query");
    cr_expect_str_eq(at(lines, "0.dialect"), "kwickphone");
    cr_expect_str_eq(at(lines, "0.ip"), "127.0.0.1");
    cr_expect_str_eq(at(lines, "0.field"), "area_code");
    cr_expect(*at(lines, "0.at") && *at(lines, "0.level") && *at(lines, "0.ms"));
    cr_expect_str_eq(
        at(lines, "0.tenant"),
        text_of(say("SELECT id FROM tenants WHERE tenant_key = '%s'", customer.tenant)));
}

static void is_of_ours(const char *part, const char *line, void *with)
{
    (void)part, (void)with;
    if (strncmp(line, "{\"event\":\"forged\"", 18) == 0)
        cr_expect_fail("%s", line);
}

/* Nobody can forge a line by what he sends. */
Test(health, log_is_not_written_by_clients)
{
    const char *id = say("test-%s", new_call_sid());
    struct reply reply = ask("GET", "/v1/%22%0A%7B%22event%22%3A%22forged%22%7D", NULL, NULL,
                             say("X-Request-Id: %s", id));

    cr_assert_eq(reply.status, 404);
    AWAIT(json_object_array_length(lines_of(id)) > 0);
    cr_expect_eq(json_object_array_length(lines_of(id)), 1u);
    each_line("fcgi", is_of_ours, NULL);
}

struct secret {
    const char *what, *text;
};

static void has_no_secret(const char *part, const char *line, void *with)
{
    for (const struct secret *secret = with; secret->what; secret++)
        if (strstr(line, secret->text))
            cr_expect_fail("the %s is in the log of %s: %s", secret->what, part, line);
}

/* What must not be read anywhere, once a tenant has used everything. */
static void hears_of_a_call(const struct customer *customer, const char *account,
                            const char **stream, const char **after)
{
    struct reply reply =
        callback("/api/v1/incoming-call",
                 say("AccountSid=%s&CallSid=%s&CallStatus=ringing&From=%%2B13125550199"
                     "&To=%%2B%s&Direction=inbound&CallerName=Wilhelmina",
                     account, new_call_sid(), customer->number + 1),
                 carrier_token(account), NULL);
    const char *path;

    cr_assert(strstr(reply.body, "<Connect>"), "%ld %s", reply.status, reply.body);
    *stream = strstr(reply.body, "/media-stream/") + strlen("/media-stream/");
    *stream = say("%.*s", (int)strcspn(*stream, "\""), *stream);
    path = strstr(reply.body, "/hooks/twilio/after/");
    path = say("%.*s", (int)strcspn(path, "<"), path);
    *after = strrchr(path, '/') + 1;
    callback(path, "CallSid=CA1", "x", NULL);
    callback("/hooks/twilio/sms",
             say("AccountSid=%s&Body=Pepperoni+for+Wilhelmina&From=%%2B13125550199&MessageSid=SM%s"
                 "&To=%%2B%s",
                 account, new_call_sid() + 2, customer->number + 1),
             carrier_token(account), NULL);
}

Test(health, log_tells_no_secrets)
{
    struct customer customer = customer_new();
    const char *account = customer_carrier(&customer), *stream, *after;
    const char *twilio = customer_key(&customer, "twilio", NULL);

    customer_number(&customer);
    ask("GET", "/v1/numbers", say("%s-and-more", customer.kwickphone), NULL, NULL);
    ask("GET", say("/v1/calls?key=%s", customer.kwickphone), NULL, NULL, NULL);
    ask("GET", admin_path(&customer, ""), NULL, NULL,
        say("x-admin-key: %sx", fact("ADMIN_API_KEY")));
    hears_of_a_call(&customer, account, &stream, &after);
    {
        struct secret secrets[] = {
            {"KwickPhone key", customer.kwickphone},
            {"StateSet key", customer.stateset},
            {"Twilio token", twilio},
            {"admin key", fact("ADMIN_API_KEY")},
            {"webhook's secret", customer.webhook_secret},
            {"rehearsal's token", fact("REHEARSAL_AUTH_TOKEN")},
            {"token of the stream", stream},
            {"token of the after hook", after},
            {"message", "Pepperoni"},
            {"caller's name", "Wilhelmina"},
            {"prompt", "Be brief."},
            {"greeting", "Hello, this is the desk."},
            {NULL, NULL},
        };

        each_line("fcgi", has_no_secret, secrets);
        each_line("stream", has_no_secret, secrets);
        each_line("web", has_no_secret, secrets);
    }
}
