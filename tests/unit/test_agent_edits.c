/*
 * Agents that are edited in place, and the end of an agent.
 */
#include <string.h>

#include <criterion/criterion.h>

#include "core/json.h"
#include "domain/agent_edits.h"
#include "domain/agent_sheets.h"
#include "tenancy.h"

static struct work work;
static struct tenant tenant;
static struct agent agent;

static void setup(void)
{
    work = tenancy_begin(&tenant, NULL);
    agent = tenancy_agent(&work, "desk");
}

static void end(void)
{
    tenancy_end(&work);
}

TestSuite(agent_edits, .init = setup, .fini = end);

/* The published document of the agent, now. */
static json_object *document_now(struct agent_version *version)
{
    cr_assert(agent_find(&work, agent.id, &agent), "%s", work.error.message);
    cr_assert(agent_version_find(&work, agent.published_version_id, version), "%s",
              work.error.message);
    return json_parse(version->config.json);
}

Test(agent_edits, publish_a_version_with_what_changed)
{
    struct agent_version before = {0}, after;
    json_object *config;

    json_object_put(document_now(&before));
    cr_assert(agent_edit(&work, agent.id,
                         &(struct agent_edit){.name = "Sales",
                                              .config = "{\"voice\":\"echo\",\"greeting\":null}",
                                              .by = "test"}),
              "%s", work.error.message);
    config = document_now(&after);
    cr_expect_eq(after.version_number, before.version_number + 1);
    cr_expect_str_eq(after.status, "published");
    cr_expect_str_eq(json_text(config, "voice"), "echo");
    cr_expect_null(json_member(config, "greeting"));
    cr_expect_str_eq(agent.name, "Sales");
    cr_expect_str_eq(agent.direction, "both");
    cr_expect_str_eq(agent.status, "active");
    json_object_put(config);
    cr_assert(agent_version_find(&work, before.id, &before));
    cr_expect_str_eq(before.status, "superseded");
    cr_expect_str_eq(before.config.json, "{\"greeting\":\"Hello\"}", "a call may have it");
}

Test(agent_edits, of_an_agent_without_a_version_begin_one)
{
    struct agent bare;

    row_clear(&agent_entity, &bare);
    bare.agent_key = "bare";
    bare.name = "Bare";
    bare.direction = "inbound";
    bare.status = "active";
    bare.origin = "stateset";
    cr_assert(agent_create(&work, &bare, NO_INTEGER), "%s", work.error.message);
    cr_assert(agent_edit(&work, bare.id, &(struct agent_edit){.config = "{\"voice\":\"echo\"}"}));
    cr_assert(agent_find(&work, bare.id, &bare));
    cr_expect_eq(bare.last_version, 1);
    cr_expect_not(uid_is_none(bare.published_version_id));
}

Test(agent_edits, leave_other_tenants_agents_alone)
{
    struct tenant other;
    int64_t ours = work.tenant;

    tenancy_other(&work, &other);
    work.tenant = other.id;
    cr_expect_not(agent_edit(&work, agent.id, &(struct agent_edit){.name = "Mine"}));
    cr_expect_eq(work.error.what, NOT_FOUND);
    cr_expect_not(agent_delete(&work, agent.id));
    cr_expect_eq(work.error.what, NOT_FOUND);
    work.tenant = ours;
    cr_assert(agent_find(&work, agent.id, &agent));
    cr_expect_str_eq(agent.name, "An agent");
}

Test(agent_edits, end_an_agent_but_not_its_calls)
{
    uid version_id = agent.published_version_id;
    struct agent_version version;
    struct agent again;
    struct rows sheets;

    cr_assert(agent_delete(&work, agent.id), "%s", work.error.message);
    cr_expect_not(agent_find(&work, agent.id, &again));
    cr_expect_not(agent_by_key(&work, "desk", &again));
    cr_expect(agent_version_find(&work, version_id, &version), "a live call still needs it");
    cr_assert(agent_sheets(&work, &(struct agent_sheet_filter){0}, &sheets));
    cr_expect_eq(sheets.count, 0u);
    cr_expect_not(agent_delete(&work, agent.id));
    cr_expect_eq(work.error.what, NOT_FOUND);
    again = tenancy_agent(&work, "desk");
    cr_expect_not(uid_equal(again.id, agent.id), "the key is free again");
}

Test(agent_edits, end_agents_whose_keys_are_long)
{
    char key[81];
    struct agent named;

    memset(key, 'a', 80);
    key[80] = '\0';
    for (int i = 0; i < 2; i++) {
        named = tenancy_agent(&work, key);
        cr_expect(agent_delete(&work, named.id), "%s", work.error.message);
    }
}
