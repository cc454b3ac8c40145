/*
 * Agents with settings that the model's provider does not take: it refuses a configuration as a
 * whole, and the caller must not lose the agent for one member of it.
 */
#include <string.h>

#include <criterion/criterion.h>

#include "core/config.h"
#include "db/db.h"
#include "domain/tenants.h"
#include "domain/tool_definitions.h"
#include "harness/harness.h"

/* A tool that has a list and does not say what is in it, which would cost the whole session. */
static void add_tool(const struct customer *customer)
{
    struct work work = {.id = "test", .config = config_load()};
    struct tool_definition tool;
    struct tenant tenant;

    work.db = db_open(fact("DATABASE_URL"));
    cr_assert(tenant_by_key(&work, customer->tenant, &tenant));
    work.tenant = tenant.id;
    tool_begin(&tool);
    tool.name = "lookup";
    tool.url = say("http://127.0.0.1:%s/tools/lookup", fact("RECEIVER_PORT"));
    tool.parameters.json = "{\"type\":\"object\",\"properties\":{\"all\":{\"type\":\"array\"}}}";
    cr_assert(tool_create(&work, &tool, NULL, NULL), "%s", work.error.message);
    db_close(work.db);
    work_end(&work);
}

/* The model's session of that name. */
static json_object *session_of(const char *model)
{
    json_object *sessions = NULL;

    json_object_object_get_ex(control("MODEL", "GET", "/_state", NULL).json, "sessions", &sessions);
    for (size_t i = 0; sessions && i < json_object_array_length(sessions); i++)
        if (strcmp(at(json_object_array_get_idx(sessions, i), "model"), model) == 0)
            return json_object_array_get_idx(sessions, i);
    give_up(__FILE__, __LINE__, "the model's session");
}

static json_object *last_update(json_object *session)
{
    json_object *updates = NULL;

    json_object_object_get_ex(session, "updates", &updates);
    return json_object_array_get_idx(updates, json_object_array_length(updates) - 1);
}

#define EXPECT_AT(tree, path, value)                                                               \
    cr_expect_str_eq(at(tree, path), value, "%s: %s", path, at(tree, path))

Test(refused_settings, get_their_defaults_and_the_call_goes_on, .timeout = 120)
{
    struct customer customer = customer_new();
    const char *model = say("gpt-realtime-%s", customer.tenant), *sid;
    json_object *update, *carrier;

    add_tool(&customer);
    customer_version(
        &customer,
        say("\"greeting\":\"Hello, this is the desk.\",\"instructions\":\"%0*d\",\"voice\":"
            "\"Joanna\",\"language\":\"ga-IE\",\"realtime_model\":\"%s\",\"s2s_config\":{"
            "\"transcriptionModel\":\"nova-3\",\"transcriptionPrompt\":\"Trunkline\","
            "\"maxResponseOutputTokens\":9000},\"enabled_tools\":[\"end_call\",\"lookup\"]",
            70000, 0, model));
    customer_number(&customer);
    sid = call_place(&customer, "+13125550244",
                     "[{\"wait_agent\":true},{\"say\":\"Are you there?\"},"
                     "{\"wait_text\":\"You said: Are you there?\"},{\"hangup\":true}]");
    carrier = call_ended(sid);
    cr_expect(strstr(json_object_to_json_string(carrier), "You said: Are you there?"), "%s",
              json_object_to_json_string(carrier));
    update = last_update(session_of(model));
    EXPECT_AT(update, "update.audio.output.voice", "marin");
    EXPECT_AT(update, "update.audio.input.transcription.language", "");
    EXPECT_AT(update, "update.audio.input.transcription.model", "gpt-4o-mini-transcribe");
    EXPECT_AT(update, "update.audio.input.transcription.prompt", "Trunkline");
    EXPECT_AT(update, "update.max_output_tokens", "inf");
    EXPECT_AT(update, "update.tools.0.name", "end_call");
    EXPECT_AT(update, "update.tools.1.name", "lookup");
    AWAIT(strcmp(at(query(say("SELECT COUNT(*) AS n FROM call_events e JOIN calls c ON"
                              " c.tenant_id = e.tenant_id AND c.id = e.call_id WHERE c.call_sid ="
                              " '%s' AND e.type = 'model.error'",
                              sid)),
                    "0.n"),
                 "5") == 0);
}
