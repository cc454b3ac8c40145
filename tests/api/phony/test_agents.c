/*
 * Phony's agents: made, listed, changed and deleted, each for its own tenant, within what the
 * tenant may have.
 */
#include <string.h>

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "api/phony/phony.h"

TestSuite(phony_agents, .timeout = 60);

static const char *agent_path(const char *id)
{
    return say("/api/agents/%s", id);
}

/* The agent as the list has it; fails when it is not there. */
static json_object *listed(const struct phony *phony, const char *id)
{
    json_object *all = pho_must(phony, 200, "GET", "/api/agents", NULL).json;

    for (size_t i = 0; i < json_object_array_length(all); i++)
        if (strcmp(at(json_object_array_get_idx(all, i), "id"), id) == 0)
            return json_object_array_get_idx(all, i);
    cr_assert(false, "%s is not listed", id);
    return NULL;
}

static bool is_listed(const struct phony *phony, const char *query_string, const char *id)
{
    struct reply reply = pho(phony, "GET", say("/api/agents%s", query_string), NULL);

    cr_expect_eq(reply.status, 200, "%s: %ld %s", query_string, reply.status, reply.body);
    return strstr(reply.body, say("\"id\":\"%s\"", id)) != NULL;
}

/* Something of the version that calls of the agent get. */
static const char *version_of(const char *key, const char *what)
{
    return text_of(say("SELECT %s FROM agents a JOIN agent_versions v ON v.tenant_id = a.tenant_id"
                       " AND v.id = a.published_version_id WHERE a.agent_key = '%s'",
                       what, key));
}

/* The key of the agent that this tenant made last. */
static const char *newest_key(const struct phony *phony)
{
    return text_of(say("SELECT a.agent_key FROM agents a JOIN tenants t ON t.id = a.tenant_id"
                       " WHERE t.tenant_key = '%s' ORDER BY a.id DESC LIMIT 1",
                       phony->customer.tenant));
}

/* ---- creating ---- */

Test(phony_agents, are_made_as_the_reference_makes_them)
{
    struct phony phony = phony_new();
    struct reply reply = pho_must(
        &phony, 201, "POST", "/api/agents",
        "{\"name\":\"Sales Agent\",\"type\":\"outbound\",\"system_prompt\":\"You are a sales"
        " representative...\",\"voice\":\"nova\",\"context_data\":{\"department\":\"sales\","
        "\"region\":\"west\"}}");

    cr_expect_eq(strncmp(at(reply.json, "id"), "agent_", 6), 0, "%s", reply.body);
    cr_expect_eq(strncmp(at(reply.json, "tenant_id"), "tenant_", 7), 0, "%s", reply.body);
    cr_expect_str_eq(at(reply.json, "name"), "Sales Agent");
    cr_expect_str_eq(at(reply.json, "type"), "outbound");
    cr_expect_str_eq(at(reply.json, "status"), "active");
    cr_expect_str_eq(at(reply.json, "system_prompt"), "You are a sales representative...");
    cr_expect_str_eq(at(reply.json, "voice"), "nova");
    cr_expect_str_eq(at(reply.json, "context_data.region"), "west");
    cr_expect_str_eq(at(reply.json, "total_calls"), "0");
    cr_expect_str_eq(at(reply.json, "total_minutes"), "0");
    cr_expect(has(reply.json, "phone_number") && has(reply.json, "greeting_message"), "%s",
              reply.body);
    cr_expect_eq(strlen(at(reply.json, "created_at")), strlen("2024-01-01T00:00:00Z"));
    cr_expect_str_eq(reply_header_of(&reply, "X-Tenant-ID"), at(reply.json, "tenant_id"));
}

Test(phony_agents, speak_with_alloy_unless_told_otherwise)
{
    struct phony phony = phony_new();

    cr_expect_str_eq(at(listed(&phony, phony_agent_new(&phony, "inbound")), "voice"), "alloy");
}

Test(phony_agents, answer_with_their_first_version_at_once)
{
    struct phony phony = phony_new();
    const char *key;

    pho_must(&phony, 201, "POST", "/api/agents",
             "{\"name\":\"Desk\",\"type\":\"inbound\",\"greeting_message\":\"Good day.\","
             "\"personality\":\"Patient.\"}");
    key = newest_key(&phony);
    cr_expect_str_eq(version_of(key, "v.version_number"), "1");
    cr_expect_str_eq(version_of(key, "v.status"), "published");
    cr_expect_str_eq(version_of(key, "JSON_VALUE(v.config, '$.greeting')"), "Good day.");
    cr_expect_str_eq(version_of(key, "JSON_VALUE(v.config, '$.assistant_profile')"), "Patient.");
}

Test(phony_agents, pass_over_fields_that_are_not_known)
{
    struct phony phony = phony_new();

    pho_must(&phony, 201, "POST", "/api/agents",
             "{\"name\":\"A\",\"type\":\"inbound\",\"later\":{\"deep\":[1]},\"id\":\"agent_mine\","
             "\"total_calls\":9}");
}

Test(phony_agents, are_made_once_under_an_idempotency_key)
{
    struct phony phony = phony_new();
    const char *body = "{\"name\":\"Once\",\"type\":\"inbound\"}";
    struct reply first = ask("POST", "/api/agents", phony.key, body, "Idempotency-Key: once");
    struct reply again = ask("POST", "/api/agents", phony.key, body, "Idempotency-Key: once");

    cr_assert_eq(first.status, 201, "%ld %s", first.status, first.body);
    cr_expect_str_eq(again.body, first.body);
    cr_expect_str_eq(reply_header_of(&again, "X-Idempotent-Replayed"), "true");
}

struct bad_agent {
    char body[160], field[24];
};

ParameterizedTestParameters(phony_agents, are_refused)
{
    static struct bad_agent bad[] = {
        /* clang-format off */
        {"{\"type\":\"inbound\"}",                                                   "name"},
        {"{\"name\":\"A\"}",                                                         "type"},
        {"{\"name\":\"\",\"type\":\"inbound\"}",                                     "name"},
        {"{\"name\":7,\"type\":\"inbound\"}",                                        "name"},
        {"{\"name\":null,\"type\":\"inbound\"}",                                     "name"},
        {"{\"name\":\"A\",\"type\":\"both\"}",                                       "type"},
        {"{\"name\":\"A\",\"type\":\"INBOUND\"}",                                    "type"},
        {"{\"name\":\"A\",\"type\":\"inbound\",\"system_prompt\":[]}",               "system_prompt"},
        {"{\"name\":\"A\",\"type\":\"inbound\",\"voice\":1}",                        "voice"},
        {"{\"name\":\"A\",\"type\":\"inbound\",\"status\":\"draft\"}",               "status"},
        {"{\"name\":\"A\",\"type\":\"inbound\",\"context_data\":\"x\"}",             "context_data"},
        {"{\"name\":\"A\",\"type\":\"inbound\",\"context_data\":[1]}",               "context_data"},
        {"{\"name\":\"A\",\"type\":\"inbound\",\"phone_number\":\"555\"}",           "phone_number"},
        {"{\"name\":\"A\",\"type\":\"inbound\",\"phone_number\":\"15551234567\"}",   "phone_number"},
        {"{\"name\":\"A\",\"type\":\"inbound\",\"greeting_message\":{}}",            "greeting_message"},
        /* clang-format on */
    };

    return cr_make_param_array(struct bad_agent, bad, COUNT_OF(bad));
}

ParameterizedTest(struct bad_agent *given, phony_agents, are_refused)
{
    struct phony phony = phony_new();
    long long before = rows_of(&phony.customer, "agents");
    struct reply reply = pho(&phony, "POST", "/api/agents", given->body);

    pho_refused(&reply, 400, "bad_request");
    pho_blamed(&reply, given->field);
    cr_expect_eq(rows_of(&phony.customer, "agents"), before);
}

/* A text of so many letters. */
static const char *long_text(size_t count, const char *letter)
{
    size_t length = strlen(letter);
    char *text = say("%*s", (int)(count * length), "");

    for (size_t i = 0; i < count; i++)
        memcpy(text + i * length, letter, length);
    return text;
}

Test(phony_agents, have_texts_of_a_bounded_length)
{
    static const struct {
        const char *field;
        size_t most;
    } fields[] = {
        {"name", 120}, {"greeting_message", 2000}, {"personality", 2000}, {"system_prompt", 60000}};
    struct phony phony = phony_new();
    const char *id = phony_agent_new(&phony, "inbound");

    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        size_t most = fields[i].most;
        struct reply reply;

        pho_must(&phony, 200, "PUT", agent_path(id),
                 say("{\"%s\":\"%s\"}", fields[i].field, long_text(most, "\xc3\xbc")));
        reply = pho(&phony, "PUT", agent_path(id),
                    say("{\"%s\":\"%s\"}", fields[i].field, long_text(most + 1, "a")));
        pho_refused(&reply, 400, "bad_request");
        pho_blamed(&reply, fields[i].field);
    }
}

Test(phony_agents, know_at_most_32_kib_of_their_own)
{
    struct phony phony = phony_new();
    const char *id = phony_agent_new(&phony, "inbound");
    struct reply reply;

    pho_must(&phony, 200, "PUT", agent_path(id),
             say("{\"context_data\":{\"a\":\"%s\"}}", long_text(32000, "a")));
    reply = pho(&phony, "PUT", agent_path(id),
                say("{\"context_data\":{\"a\":\"%s\"}}", long_text(33000, "a")));
    pho_refused(&reply, 400, "bad_request");
    pho_blamed(&reply, "context_data");
}

Test(phony_agents, are_no_more_than_the_tenant_may_have)
{
    struct phony phony = phony_new();
    struct reply reply;

    admin("PUT", admin_path(&phony.customer, ""), "{\"limits\":{\"max_agents\":2}}");
    phony_agent_new(&phony, "inbound"); /* the customer came with one */
    reply = pho(&phony, "POST", "/api/agents", "{\"name\":\"B\",\"type\":\"inbound\"}");
    pho_refused(&reply, 403, "forbidden");
    pho_must(&phony, 200, "DELETE", agent_path(phony.customer.agent_id), NULL);
    pho_must(&phony, 201, "POST", "/api/agents", "{\"name\":\"B\",\"type\":\"inbound\"}");
    admin("PUT", admin_path(&phony.customer, ""), "{\"limits\":{\"max_agents\":0}}");
    reply = pho(&phony, "POST", "/api/agents", "{\"name\":\"C\",\"type\":\"inbound\"}");
    pho_refused(&reply, 403, "forbidden");
}

Test(phony_agents, take_a_number_in_the_same_step)
{
    struct phony phony = phony_new();
    const char *number = phony_number_new(&phony);
    const char *body = say("{\"name\":\"A\",\"type\":\"inbound\",\"phone_number\":\"%s\"}", number);
    long long before;
    struct reply reply = pho_must(&phony, 201, "POST", "/api/agents", body);

    cr_expect_str_eq(at(reply.json, "phone_number"), number);
    before = rows_of(&phony.customer, "agents");
    reply = pho(&phony, "POST", "/api/agents", body);
    pho_refused(&reply, 409, "conflict");
    reply = pho(&phony, "POST", "/api/agents",
                "{\"name\":\"A\",\"type\":\"inbound\",\"phone_number\":\"+13125550100\"}");
    pho_refused(&reply, 404, "not_found");
    reply = pho(&phony, "POST", "/api/agents",
                say("{\"name\":\"A\",\"type\":\"outbound\",\"phone_number\":\"%s\"}", number));
    pho_refused(&reply, 400, "bad_request");
    pho_blamed(&reply, "phone_number");
    cr_expect_eq(rows_of(&phony.customer, "agents"), before, "one was made nevertheless");
}

/* ---- the list ---- */

Test(phony_agents, are_listed_newest_first)
{
    struct phony phony = phony_new();
    const char *first = phony_agent_new(&phony, "inbound");
    const char *second = phony_agent_new(&phony, "outbound");
    struct reply reply = pho_must(&phony, 200, "GET", "/api/agents", NULL);

    cr_expect_str_eq(at(reply.json, "0.id"), second, "%s", reply.body);
    cr_expect_str_eq(at(reply.json, "1.id"), first, "%s", reply.body);
    cr_expect_str_eq(at(reply.json, "2.name"), "Desk", "%s", reply.body);
    cr_expect_str_eq(at(reply.json, "2.type"), "inbound", "one for both ways is shown as inbound");
    cr_expect_eq(json_object_array_length(reply.json), 3u);
}

Test(phony_agents, are_chosen_by_type_and_status)
{
    struct phony phony = phony_new();
    const char *in = phony_agent_new(&phony, "inbound"), *out = phony_agent_new(&phony, "outbound");
    struct reply reply;

    pho_must(&phony, 200, "PUT", agent_path(out), "{\"status\":\"inactive\"}");
    cr_expect(is_listed(&phony, "?type=inbound", in) && !is_listed(&phony, "?type=inbound", out));
    cr_expect(is_listed(&phony, "?type=outbound", out) && !is_listed(&phony, "?type=outbound", in));
    cr_expect(is_listed(&phony, "?status=active", in) && !is_listed(&phony, "?status=active", out));
    cr_expect(is_listed(&phony, "?status=inactive&type=outbound", out));
    cr_expect(!is_listed(&phony, "?status=inactive&type=inbound", out));
    reply = pho(&phony, "GET", "/api/agents?status=draft", NULL);
    pho_refused(&reply, 400, "bad_request");
    pho_blamed(&reply, "status");
    reply = pho(&phony, "GET", "/api/agents?type=both", NULL);
    pho_refused(&reply, 400, "bad_request");
}

Test(phony_agents, of_other_tenants_are_the_platforms_to_see)
{
    struct phony phony = phony_new(), other = phony_new(), platform = phony_platform();
    const char *id = phony_agent_new(&other, "inbound");
    const char *tenant = at(listed(&other, id), "tenant_id");
    struct reply reply = pho(&phony, "GET", say("/api/agents?tenant_id=%s", tenant), NULL);

    pho_refused(&reply, 403, "forbidden");
    reply = pho(&phony, "GET", "/api/agents?tenant_id=tenant_nobody", NULL);
    pho_refused(&reply, 403, "forbidden");
    cr_expect(is_listed(&other, say("?tenant_id=%s", tenant), id));
    cr_expect(is_listed(&platform, say("?tenant_id=%s", tenant), id));
    cr_expect_not(is_listed(&platform, "", id));
    reply = pho(&platform, "GET", "/api/agents?tenant_id=tenant_nobody", NULL);
    pho_refused(&reply, 400, "bad_request");
}

Test(phony_agents, tell_how_much_they_talked)
{
    struct phony phony = phony_new();
    const char *number = phony_number_new(&phony), *id = phony_agent_new(&phony, "inbound"), *sid;
    struct reply reply;

    pho_must(&phony, 200, "POST", number_path(number, "assign"), say("{\"agent_id\":\"%s\"}", id));
    cr_expect_str_eq(at(listed(&phony, id), "phone_number"), number);
    for (int i = 0; i < 2; i++) {
        sid = call_arrives(&phony.customer, "+13125550123", &reply);
        cr_expect_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
        query(say("UPDATE calls SET duration_seconds = 61 WHERE call_sid = '%s'", sid));
    }
    cr_expect_str_eq(at(listed(&phony, id), "total_calls"), "2");
    cr_expect_str_eq(at(listed(&phony, id), "total_minutes"), "4", "each is rounded up");
}

/* ---- changing ---- */

Test(phony_agents, keep_what_a_change_does_not_name)
{
    struct phony phony = phony_new();
    struct reply reply = pho_must(
        &phony, 201, "POST", "/api/agents",
        "{\"name\":\"A\",\"type\":\"inbound\",\"system_prompt\":\"Old.\",\"voice\":\"echo\","
        "\"greeting_message\":\"Hello.\",\"context_data\":{\"a\":1,\"b\":2}}");
    const char *id = at(reply.json, "id"), *key = newest_key(&phony);

    reply = pho_must(&phony, 200, "PUT", agent_path(id),
                     "{\"name\":\"Updated\",\"system_prompt\":\"New.\",\"context_data\":{\"c\":3},"
                     "\"greeting_message\":null}");
    cr_expect_str_eq(at(reply.json, "id"), id);
    cr_expect_str_eq(at(reply.json, "name"), "Updated");
    cr_expect_str_eq(at(reply.json, "system_prompt"), "New.");
    cr_expect_str_eq(at(reply.json, "voice"), "echo");
    cr_expect_str_eq(at(reply.json, "type"), "inbound");
    cr_expect_str_eq(at(reply.json, "greeting_message"), "", "%s", reply.body);
    cr_expect_str_eq(at(reply.json, "context_data.c"), "3");
    cr_expect_not(has(reply.json, "context_data.a"), "the object is replaced: %s", reply.body);
    cr_expect_str_eq(version_of(key, "v.version_number"), "2");
    cr_expect_str_eq(version_of(key, "v.status"), "published");
}

Test(phony_agents, are_changed_under_every_name_they_have)
{
    struct phony phony = phony_new();
    const char *id = phony.customer.agent_id; /* as StateSet spells it */

    pho_must(&phony, 200, "PUT", agent_path(id), "{\"name\":\"One\"}");
    pho_must(&phony, 200, "PUT", agent_path("desk"), "{\"name\":\"Two\"}");
    cr_expect_str_eq(at(pho(&phony, "GET", "/api/agents", NULL).json, "0.name"), "Two");
}

Test(phony_agents, are_not_changed_by_nothing)
{
    struct phony phony = phony_new();
    const char *id = phony_agent_new(&phony, "inbound");
    struct reply reply = pho(&phony, "PUT", agent_path(id), "{}");

    pho_refused(&reply, 400, "bad_request");
    reply = pho(&phony, "PUT", agent_path(id), "{\"unknown\":1}");
    pho_refused(&reply, 400, "bad_request");
    reply = pho(&phony, "PUT", agent_path(id), "{\"type\":\"sideways\"}");
    pho_refused(&reply, 400, "bad_request");
    pho_blamed(&reply, "type");
}

Test(phony_agents, change_their_number)
{
    struct phony phony = phony_new();
    const char *first = phony_number_new(&phony), *second = phony_number_new(&phony);
    const char *id = phony_agent_new(&phony, "inbound"),
               *other = phony_agent_new(&phony, "inbound");
    struct reply reply =
        pho_must(&phony, 200, "PUT", agent_path(id), say("{\"phone_number\":\"%s\"}", first));

    cr_expect_str_eq(at(reply.json, "phone_number"), first);
    reply = pho_must(&phony, 200, "PUT", agent_path(id), say("{\"phone_number\":\"%s\"}", second));
    cr_expect_str_eq(at(reply.json, "phone_number"), second);
    pho_must(&phony, 200, "PUT", agent_path(other), say("{\"phone_number\":\"%s\"}", first));
    reply = pho(&phony, "PUT", agent_path(id), say("{\"phone_number\":\"%s\"}", first));
    pho_refused(&reply, 409, "conflict");
    cr_expect_str_eq(at(listed(&phony, id), "phone_number"), second, "it lost the one it had");
    reply = pho(&phony, "PUT", agent_path(id), "{\"type\":\"outbound\"}");
    pho_refused(&reply, 409, "conflict");
    cr_expect_str_eq(at(listed(&phony, id), "type"), "inbound");
    reply = pho_must(&phony, 200, "PUT", agent_path(id),
                     "{\"type\":\"outbound\",\"phone_number\":null}");
    cr_expect_str_eq(at(reply.json, "phone_number"), "");
    cr_expect_str_eq(at(reply.json, "type"), "outbound");
    reply = pho(&phony, "PUT", agent_path(id), "{\"phone_number\":\"+13125550100\"}");
    pho_refused(&reply, 404, "not_found");
}

/* ---- deleting ---- */

Test(phony_agents, are_gone_once_deleted_and_their_number_is_free)
{
    struct phony phony = phony_new();
    const char *number = phony_number_new(&phony), *id = phony_agent_new(&phony, "inbound");
    struct reply reply;

    pho_must(&phony, 200, "PUT", agent_path(id), say("{\"phone_number\":\"%s\"}", number));
    reply = pho_must(&phony, 200, "DELETE", agent_path(id), NULL);
    cr_expect_str_eq(at(reply.json, "message"), "Agent deleted successfully");
    cr_expect_not(is_listed(&phony, "", id));
    reply = pho_must(&phony, 200, "GET", "/api/phone-numbers/available", NULL);
    cr_expect_not_null(strstr(reply.body, number), "%s", reply.body);
    reply = pho(&phony, "DELETE", agent_path(id), NULL);
    pho_refused(&reply, 404, "not_found");
    reply = pho(&phony, "PUT", agent_path(id), "{\"name\":\"B\"}");
    pho_refused(&reply, 404, "not_found");
}

Test(phony_agents, leave_their_key_to_another)
{
    struct phony phony = phony_new();
    struct reply reply;

    pho_must(&phony, 200, "DELETE", agent_path("desk"), NULL);
    reply = admin("POST", admin_path(&phony.customer, "/agents"),
                  "{\"agent_key\":\"desk\",\"name\":\"Desk again\"}");
    cr_expect_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
}

/* ---- whose they are ---- */

Test(phony_agents, of_others_are_not_there)
{
    struct phony phony = phony_new(), other = phony_new();
    const char *id = phony_agent_new(&other, "inbound");
    struct reply reply = pho(&phony, "PUT", agent_path(id), "{\"name\":\"Mine\"}");

    pho_refused(&reply, 404, "not_found");
    reply = pho(&phony, "DELETE", agent_path(id), NULL);
    pho_refused(&reply, 404, "not_found");
    reply = pho(&phony, "DELETE", agent_path("agent_01jd8x3v5n7q2r4t6w8y0z1a2b"), NULL);
    pho_refused(&reply, 404, "not_found");
    reply = pho(&phony, "DELETE", agent_path("%20"), NULL);
    pho_refused(&reply, 404, "not_found");
    cr_expect_str_eq(at(listed(&other, id), "name"), "Agent");
}
