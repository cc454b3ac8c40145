/*
 * Another tenant's ids inside of a request that is otherwise all right: in its query and in its
 * body, one at a time, wherever the documents say that there is one.
 */
#include <string.h>

#include <criterion/criterion.h>

#include "api/operations.h"

TestSuite(isolation_of_ids, .timeout = 240);

/* What is brought in has the names that it had elsewhere (test_isolation.c). */
static bool is_import(const struct operation *one)
{
    return strcmp(one->path, "/api/v1/voice-sessions") == 0 && strcmp(one->method, "POST") == 0;
}

/* What is of one tenant; the operator himself may name all of them.  Functions have their own. */
static bool is_asked(const struct operation *one)
{
    return strcmp(one->path, "/test-function") != 0 && !operation_is_open(one) &&
           !operation_is_daemons(one) && !is_import(one) && strcmp(one->method, "DELETE") != 0 &&
           (!operation_is_operators(one) || strstr(one->path, "{tenant_id}"));
}

/*
 * What is only written down as it was said, or carried out later, by whoever finds out then that it
 * cannot be: nobody is dialled or redirected for it (test_gate.c, and the end of the walk).
 */
static bool is_only_noted(const struct operation *one, const char *name)
{
    return (strcmp(one->path, "/api/v1/callback-tasks") == 0 &&
            (strcmp(name, "call_sid") == 0 || strcmp(name, "stream_sid") == 0)) ||
           strcmp(name, "RedirectCallSid") == 0 || strcmp(name, "CallFrom") == 0;
}

static size_t asked; /* how many ids were tried */

static void expect_alone(const struct operation *one, const struct pair *pair,
                         const struct foreign_id *foreign)
{
    size_t arounds, insides;
    const char *path = say(
        "%s%s", operation_path(one, &pair->ours, &pair->ours, &arounds, &insides), foreign->query);
    const char *sent = say("%s %s", path, foreign->body ? foreign->body : ""), *leak;
    struct reply reply =
        operation_ask(one, path, foreign->body,
                      operation_is_operators(one) ? say("x-admin-key: %s", fact("ADMIN_API_KEY"))
                                                  : credential_for(one->api, &pair->ours));

    cr_expect_lt(reply.status, 500, "%s %s: %ld %s", one->method, sent, reply.status, reply.body);
    if (foreign->body && !is_only_noted(one, foreign->name))
        cr_expect_geq(reply.status, 400, "%s %s takes %s of another tenant: %ld %s", one->method,
                      sent, foreign->name, reply.status, reply.body);
    leak = leak_in(&reply, sent, &pair->theirs, &pair->ours);
    cr_expect_not(leak, "%s %s shows %s of another tenant: %s", one->method, sent, leak,
                  reply.body);
    nothing_changed(sent);
}

static void one_by_one(const struct operation *one, const struct pair *pair)
{
    for (int number = 0; is_asked(one); number++) {
        struct foreign_id foreign = operation_with_foreign(one, pair, number);

        if (!foreign.name)
            return;
        if (operation_is_operators(one) && strcmp(foreign.name, "tenant_id") == 0)
            continue;
        asked++;
        expect_alone(one, pair, &foreign);
    }
}

static void walk(const char *api, size_t at_least)
{
    struct pair pair = {first_tenant(), first_tenant()};

    asked = 0;
    census_begin(&pair.theirs);
    operations_each(api, &pair, one_by_one);
    cr_expect_geq(asked, at_least, "%zu ids of %s were tried", asked, api);
    AWAIT(number_of(say("SELECT COUNT(*) FROM outbox x JOIN tenants t ON t.id = x.tenant_id WHERE"
                        " t.tenant_key = '%s' AND x.topic = 'taskrouter' AND x.state = 'pending'",
                        pair.ours.customer.tenant)) == 0);
    nothing_changed("what was to be done later");
}

Test(isolation_of_ids, in_what_statesets_clients_ask)
{
    walk("stateset", 40);
}

Test(isolation_of_ids, in_what_twilios_clients_ask)
{
    walk("twilio", 25);
}

Test(isolation_of_ids, in_what_phonys_clients_ask)
{
    walk("phony", 8);
}

/* Functions that look at a conversation, told of one of theirs by each of its names. */
Test(isolation_of_ids, in_what_functions_are_told)
{
    static const char *const functions[] = {"get_voice_session_eval", "evaluate_escalation_need",
                                            "record_voice_session_eval"};
    static const char *const names[] = {"session_id", "call_sid", "stream_sid"};
    struct pair pair = {first_tenant(), second_tenant()};

    census_begin(&pair.theirs);
    for (size_t i = 0; i < COUNT_OF(functions) * COUNT_OF(names); i++) {
        const char *function = functions[i / COUNT_OF(names)], *name = names[i % COUNT_OF(names)];
        const char *id = value_of(source_of(name, ""), &pair.theirs), *leak;
        const char *body = say("{\"name\":\"%s\",\"args\":{\"%s\":\"%s\",\"score\":0.5},"
                               "\"context\":{\"session_id\":\"%s\"}}",
                               function, name, id, id);
        struct reply reply = ask("POST", "/test-function", pair.ours.customer.stateset, body, NULL);

        cr_expect_geq(reply.status, 400, "%s: %s", body, reply.body);
        leak = leak_in(&reply, body, &pair.theirs, NULL);
        cr_expect_not(leak, "%s shows %s: %s", body, leak, reply.body);
        nothing_changed(body);
    }
}
