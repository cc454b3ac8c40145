/*
 * Phony's numbers: which are free, who gets one, who gives one back.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "api/phony/phony.h"

TestSuite(phony_numbers, .timeout = 60);

static const char *assign_body(const char *agent)
{
    return say("{\"agent_id\":\"%s\"}", agent);
}

static bool is_available(const struct phony *phony, const char *number)
{
    struct reply reply = pho_must(phony, 200, "GET", "/api/phone-numbers/available", NULL);

    return strstr(reply.body, number) != NULL;
}

/* Which agent of the tenant answers the number, by its key; "" when none does. */
static const char *agent_of(const struct phony *phony, const char *number)
{
    return text_of(say("SELECT a.name FROM phone_routes r JOIN tenants t ON t.id = r.tenant_id"
                       " JOIN agents a ON a.tenant_id = r.tenant_id AND a.id = r.agent_id"
                       " WHERE t.tenant_key = '%s' AND r.e164 = '%s' AND r.direction = 'inbound'",
                       phony->customer.tenant, number));
}

Test(phony_numbers, are_available_while_no_agent_has_them)
{
    struct phony phony = phony_new();
    struct reply reply = pho_must(&phony, 200, "GET", "/api/phone-numbers/available", NULL);

    cr_expect_eq(json_object_array_length(reply.json), 0u, "%s", reply.body);
    customer_number(&phony.customer);
    cr_expect_not(is_available(&phony, phony.customer.number), "an agent answers it");
    reply = pho_must(&phony, 200, "POST", number_path(phony.customer.number, "release"), NULL);
    cr_expect_str_eq(at(reply.json, "message"), "Phone number released successfully");
    reply = pho_must(&phony, 200, "GET", "/api/phone-numbers/available", NULL);
    cr_expect_str_eq(at(reply.json, "0.phone_number"), phony.customer.number, "%s", reply.body);
    cr_expect_eq(strncmp(at(reply.json, "0.twilio_sid"), "PN", 2), 0, "%s", reply.body);
    cr_expect_str_eq(at(reply.json, "0.capabilities.0"), "voice", "%s", reply.body);
    cr_expect_str_eq(at(reply.json, "0.status"), "available", "%s", reply.body);
    cr_expect(has(reply.json, "0.friendly_name"), "%s", reply.body);
}

Test(phony_numbers, are_answered_by_the_agent_that_gets_them)
{
    struct phony phony = phony_new();
    const char *number = phony_number_new(&phony), *id = phony_agent_new(&phony, "inbound");
    struct reply reply =
        pho_must(&phony, 200, "POST", number_path(number, "assign"), assign_body(id));

    cr_expect_str_eq(at(reply.json, "message"), "Phone number assigned successfully");
    cr_expect_str_eq(at(reply.json, "agent_id"), id);
    cr_expect_str_eq(at(reply.json, "phone_number"), number);
    cr_expect_not(is_available(&phony, number));
    call_arrives(&phony.customer, "+13125550123", &reply);
    cr_expect_not_null(strstr(reply.body, "<Stream"), "%s", reply.body);
    cr_expect_eq(number_of(say("SELECT COUNT(*) FROM calls c JOIN tenants t ON t.id = c.tenant_id"
                               " WHERE t.tenant_key = '%s' AND c.agent_name = 'Agent'",
                               phony.customer.tenant)),
                 1);
}

Test(phony_numbers, stay_with_their_agent_when_given_again)
{
    struct phony phony = phony_new();
    const char *number = phony_number_new(&phony), *id = phony_agent_new(&phony, "inbound");

    for (int i = 0; i < 2; i++)
        pho_must(&phony, 200, "POST", number_path(number, "assign"), assign_body(id));
    for (int i = 0; i < 2; i++)
        pho_must(&phony, 200, "POST", number_path(number, "release"), NULL);
    cr_expect(is_available(&phony, number));
}

Test(phony_numbers, are_named_with_their_plus_sign_as_it_is_or_escaped)
{
    struct phony phony = phony_new();
    const char *number = phony_number_new(&phony), *id = phony_agent_new(&phony, "inbound");
    const char *escaped = say("%%2B%s", number + 1);

    pho_must(&phony, 200, "POST", number_path(number, "assign"), assign_body(id));
    pho_must(&phony, 200, "POST", number_path(escaped, "release"), NULL);
    pho_must(&phony, 200, "POST", number_path(escaped, "assign"), assign_body(id));
    pho_must(&phony, 200, "POST", number_path(number, "release"), NULL);
}

Test(phony_numbers, are_not_taken_from_another_agent)
{
    struct phony phony = phony_new();
    const char *number = phony_number_new(&phony);
    const char *id = phony_agent_new(&phony, "inbound"),
               *other = phony_agent_new(&phony, "inbound");
    struct reply reply;

    pho_must(&phony, 200, "POST", number_path(number, "assign"), assign_body(id));
    reply = pho(&phony, "POST", number_path(number, "assign"), assign_body(other));
    pho_refused(&reply, 409, "conflict");
    pho_must(&phony, 200, "POST", number_path(number, "release"), NULL);
    pho_must(&phony, 200, "POST", number_path(number, "assign"), assign_body(other));
}

Test(phony_numbers, are_one_to_an_agent)
{
    struct phony phony = phony_new();
    const char *first = phony_number_new(&phony), *second = phony_number_new(&phony);
    const char *id = phony_agent_new(&phony, "inbound");
    struct reply reply;

    pho_must(&phony, 200, "POST", number_path(first, "assign"), assign_body(id));
    reply = pho(&phony, "POST", number_path(second, "assign"), assign_body(id));
    pho_refused(&reply, 409, "conflict");
    cr_expect(is_available(&phony, second));
}

Test(phony_numbers, out_of_service_are_neither_available_nor_given)
{
    struct phony phony = phony_new();
    const char *number = phony_number_new(&phony), *id = phony_agent_new(&phony, "inbound");
    struct reply reply;

    query(say("UPDATE phone_numbers SET status = 'suspended' WHERE e164 = '%s'"
              " AND status = 'active'",
              number));
    cr_expect_not(is_available(&phony, number));
    reply = pho(&phony, "POST", number_path(number, "assign"), assign_body(id));
    pho_refused(&reply, 409, "conflict");
}

Test(phony_numbers, of_two_agents_at_once_go_to_one)
{
    struct phony phony = phony_new();
    const char *number = phony_number_new(&phony), *path = number_path(number, "assign");
    const char *const headers[] = {say("X-API-Key: %s", phony.key),
                                   "Content-Type: application/json", NULL};
    int asked[4], given = 0, refused = 0;

    for (size_t i = 0; i < COUNT_OF(asked); i++)
        asked[i] =
            ask_aside("POST", path, headers, assign_body(phony_agent_new(&phony, "inbound")));
    for (size_t i = 0; i < COUNT_OF(asked); i++) {
        long status = aside_status(asked[i]);

        given += status == 200;
        refused += status == 409;
    }
    cr_expect_eq(given, 1);
    cr_expect_eq(refused, 3);
    cr_expect_str_eq(agent_of(&phony, number), "Agent");
}

/* ---- what is refused ---- */

struct bad_body {
    char body[60];
};

ParameterizedTestParameters(phony_numbers, are_not_given_to_what_is_no_agent)
{
    static struct bad_body bodies[] = {
        {"{}"}, {"{\"agent_id\":7}"}, {"{\"agent_id\":null}"}, {"[]"}, {"{\"agent_id\":"},
    };

    return cr_make_param_array(struct bad_body, bodies, COUNT_OF(bodies));
}

ParameterizedTest(struct bad_body *given, phony_numbers, are_not_given_to_what_is_no_agent)
{
    struct phony phony = phony_new();
    const char *number = phony_number_new(&phony);
    struct reply reply = pho(&phony, "POST", number_path(number, "assign"), given->body);

    pho_refused(&reply, 400, "bad_request");
    cr_expect(is_available(&phony, number));
}

Test(phony_numbers, are_for_agents_that_answer)
{
    struct phony phony = phony_new();
    const char *number = phony_number_new(&phony), *id = phony_agent_new(&phony, "outbound");
    struct reply reply = pho(&phony, "POST", number_path(number, "assign"), assign_body(id));

    pho_refused(&reply, 400, "bad_request");
    pho_blamed(&reply, "agent_id");
}

Test(phony_numbers, and_agents_of_others_are_not_there)
{
    struct phony phony = phony_new(), other = phony_new();
    const char *number = phony_number_new(&phony), *theirs = phony_number_new(&other);
    const char *id = phony_agent_new(&phony, "inbound"),
               *stranger = phony_agent_new(&other, "inbound");
    const char *const nobodys[] = {theirs, "+13125550100", "555", "num_1", "%20"};
    struct reply reply;

    for (size_t i = 0; i < COUNT_OF(nobodys); i++) {
        reply = pho(&phony, "POST", number_path(nobodys[i], "assign"), assign_body(id));
        pho_refused(&reply, 404, "not_found");
        reply = pho(&phony, "POST", number_path(nobodys[i], "release"), NULL);
        pho_refused(&reply, 404, "not_found");
    }
    reply = pho(&phony, "POST", number_path(number, "assign"), assign_body(stranger));
    pho_refused(&reply, 404, "not_found");
    reply = pho(&phony, "POST", number_path(number, "assign"), assign_body("agent_nobody"));
    pho_refused(&reply, 404, "not_found");
    cr_expect_not(is_available(&phony, theirs));
    cr_expect(is_available(&other, theirs) && is_available(&phony, number));
}

/* ---- the reference's example ---- */

/* The text with every "what" as "with". */
static const char *replaced(const char *text, const char *what, const char *with)
{
    const char *found;

    while ((found = strstr(text, what)))
        text = say("%.*s%s%s", (int)(found - text), text, with, found + strlen(what));
    return text;
}

static const char *file(const char *path)
{
    static char text[4096];
    FILE *from = fopen(path, "r");

    cr_assert_not_null(from, "%s", path);
    text[fread(text, 1, sizeof text - 1, from)] = '\0';
    fclose(from);
    return text;
}

Test(phony_numbers, are_given_by_the_references_example)
{
    struct phony phony = phony_new();
    const char *number = phony_number_new(&phony);
    const char *script = file("tests/api/phony/create-and-assign.sh");
    char said[1024];
    FILE *shell;

    script = replaced(script, "https://api.example.com", fact("BASE_URL"));
    script = replaced(script, "YOUR_API_KEY", phony.key);
    script = replaced(script, "+15551234567", number);
    setenv("SCRIPT", script, 1);
    shell = popen("bash -c \"$SCRIPT\" 2>/dev/null", "r"); /* curl shows how far it is */
    cr_assert_not_null(shell);
    said[fread(said, 1, sizeof said - 1, shell)] = '\0';
    cr_assert_eq(pclose(shell), 0, "%s", said);
    cr_expect_not_null(strstr(said, "\"message\":\"Phone number assigned successfully\""), "%s",
                       said);
    cr_expect_not_null(strstr(said, number), "%s", said);
    cr_expect_str_eq(agent_of(&phony, number), "Support Agent");
}
