#include "tenancy.h"

#include <stdlib.h>

#include <criterion/criterion.h>

#include "core/json.h"

struct config tenancy_config = {
    .public_base_url = "https://voice.example.com",
    .secrets_key = "a key for the tests, as long as need be",
    .key_pepper = "a pepper for the tests",
    .spool_dir = "/tmp",
    .allow_private_urls = "no",
};

static void add_tenant(struct work *work, struct tenant *tenant, const char *settings)
{
    json_object *config = json_parse(settings ? settings : "{}");
    char key[37];
    bool created;

    uid_write_uuid(uid_new(), key);
    cr_assert(tenant_put(work, key, config, NULL, tenant, &created), "%s", work->error.message);
    cr_assert(created);
    json_object_put(config);
}

struct work tenancy_begin(struct tenant *tenant, const char *settings)
{
    struct work work = {.id = "test", .config = &tenancy_config};

    cr_assert_not_null(getenv("TEST_DATABASE_URL"), "run by tests/with-database.sh");
    work.db = db_open(getenv("TEST_DATABASE_URL"));
    cr_assert_not_null(work.db);
    add_tenant(&work, tenant, settings);
    work.tenant = tenant->id;
    return work;
}

void tenancy_other(struct work *work, struct tenant *tenant)
{
    int64_t before = work->tenant;

    add_tenant(work, tenant, NULL);
    work->tenant = before;
}

void tenancy_end(struct work *work)
{
    clock_release();
    db_close(work->db);
    work_end(work);
}

struct agent tenancy_agent(struct work *work, const char *key)
{
    struct agent_version version;
    struct agent agent;

    row_clear(&agent_entity, &agent);
    agent.agent_key = key;
    agent.name = "An agent";
    agent.direction = "both";
    agent.status = "active";
    agent.origin = "stateset";
    cr_assert(agent_create(work, &agent, NO_INTEGER), "%s", work->error.message);
    cr_assert(agent_version_replace(work, agent.id, "{\"greeting\":\"Hello\"}", "test", &version));
    cr_assert(agent_find(work, agent.id, &agent));
    return agent;
}

int64_t tenancy_number(struct work *work, const char *sql)
{
    const struct param params[] = {PARAM(work->tenant)};
    int64_t number;

    cr_assert(db_number(work, sql, params, COUNT(params), NO_INTEGER, &number), "%s",
              work->error.message);
    return number;
}
