#include "domain/number_agents.h"

#include <string.h>

#include "domain/agents.h"
#include "domain/numbers.h"
#include "domain/phone_routes.h"
#include "domain/tenants.h"

/* What is to be done with a number and an agent. */
struct giving {
    const char *e164;
    uid agent_id;
    bool gives_back; /* the agent's other numbers are taken from it first */
};

static bool check_agent(struct work *work, uid id)
{
    struct agent agent;

    return agent_find(work, id, &agent) &&
           (strcmp(agent.direction, "outbound") != 0 ||
            fail_field(work, "agent_id", "Only inbound agents take numbers"));
}

static bool check_number(struct work *work, const char *e164)
{
    struct phone_number number;

    return number_owned(work, e164, &number) &&
           (strcmp(number.status, "active") == 0 ||
            fail(work, WRONG_STATE, "The number is not in service"));
}

static bool agent_numbers(struct work *work, uid agent_id, int64_t *count)
{
    static const char sql[] = "SELECT COUNT(*) FROM phone_routes WHERE tenant_id = ?"
                              " AND agent_id = ? AND direction = 'inbound'";
    const struct param params[] = {PARAM(work->tenant), PARAM(agent_id)};

    return db_number(work, sql, params, COUNT(params), 0, count);
}

bool agent_has_number(struct work *work, uid agent_id, bool *has)
{
    int64_t count = 0;
    bool ok = agent_numbers(work, agent_id, &count);

    *has = count > 0;
    return ok;
}

/* Both ways: what an agent calls from is its number, too. */
static bool take_back(struct work *work, uid agent_id)
{
    static const char sql[] = "DELETE FROM phone_routes WHERE tenant_id = ? AND agent_id = ?"
                              " AND direction IN ('inbound', 'outbound')";
    const struct param params[] = {PARAM(work->tenant), PARAM(agent_id)};

    return db_execute(work, sql, params, COUNT(params), NULL);
}

/* Whose the number is now: nobody's, the agent's already, or somebody else's. */
static bool find_holder(struct work *work, const struct giving *giving, bool *is_ours)
{
    struct phone_route route;

    *is_ours = false;
    if (!phone_route_for(work, giving->e164, "inbound", &route))
        return work->error.what == NOT_FOUND;
    *is_ours = uid_equal(route.agent_id, giving->agent_id);
    return *is_ours || fail(work, CONFLICT, "Another agent has the number");
}

static bool give(struct work *work, const struct giving *giving)
{
    struct phone_route row;
    int64_t others;

    if (!agent_numbers(work, giving->agent_id, &others))
        return false;
    if (others)
        return fail(work, CONFLICT, "The agent has a number already");
    row_clear(&phone_route_entity, &row);
    row.e164 = giving->e164;
    row.direction = "inbound";
    row.agent_id = giving->agent_id;
    return phone_route_put(work, &row);
}

/* The tenant's counter is asked for its lock: of two who give at once one waits, and looks. */
static bool give_step(struct work *work, void *with)
{
    const struct giving *giving = with;
    int64_t ignored;
    bool is_ours;

    if (!tenant_next(work, "route", &ignored))
        return false;
    if (!giving->e164)
        return take_back(work, giving->agent_id) && tenant_touch(work, work->tenant);
    if (!check_number(work, giving->e164) || !check_agent(work, giving->agent_id) ||
        !find_holder(work, giving, &is_ours))
        return false;
    return is_ours ||
           ((!giving->gives_back || take_back(work, giving->agent_id)) && give(work, giving));
}

bool number_give(struct work *work, const char *e164, uid agent_id)
{
    struct giving giving = {e164, agent_id, false};

    return db_transaction(work, give_step, &giving);
}

bool number_change(struct work *work, const char *e164, uid agent_id)
{
    struct giving giving = {e164, agent_id, true};

    return db_transaction(work, give_step, &giving);
}

static bool free_step(struct work *work, void *with)
{
    static const char sql[] = "DELETE FROM phone_routes WHERE tenant_id = ? AND e164 = ?"
                              " AND direction IN ('inbound', 'outbound')";
    const char *e164 = with;
    const struct param params[] = {PARAM(work->tenant), PARAM(e164)};
    struct phone_number number;
    int64_t ignored;

    return tenant_next(work, "route", &ignored) && number_owned(work, e164, &number) &&
           db_execute(work, sql, params, COUNT(params), NULL) && tenant_touch(work, work->tenant);
}

bool number_free(struct work *work, const char *e164)
{
    return db_transaction(work, free_step, (char *)(uintptr_t)e164);
}

bool numbers_free(struct work *work, struct rows *numbers)
{
    const char *sql =
        arena_format(&work->arena,
                     "SELECT %s FROM phone_numbers n WHERE n.tenant_id = ? AND n.status = 'active'"
                     " AND NOT EXISTS (SELECT 1 FROM phone_routes r WHERE r.tenant_id = n.tenant_id"
                     " AND r.e164 = n.e164 AND r.direction = 'inbound') ORDER BY n.id DESC",
                     store_names(work, &phone_number_entity, "n"));
    const struct param params[] = {PARAM(work->tenant)};

    return db_select(work, sql, params, COUNT(params), &phone_number_entity, numbers);
}
