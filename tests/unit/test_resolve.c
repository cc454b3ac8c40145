#include <string.h>

#include <criterion/criterion.h>

#include "core/json.h"
#include "domain/keys.h"
#include "domain/numbers.h"
#include "domain/resolve.h"
#include "tenancy.h"

static struct work work;
static struct tenant tenant;

static void setup(void)
{
    work = tenancy_begin(&tenant, NULL);
}

static void end(void)
{
    tenancy_end(&work);
}

TestSuite(resolve, .init = setup, .fini = end);

static const char *spelled(const char *prefix, uid id, char form)
{
    char text[37];

    if (form == 'u')
        uid_write_uuid(id, text);
    else if (form == 'b')
        uid_write_base32(id, text);
    else if (form == 'B')
        uid_write_base32_upper(id, text);
    else
        uid_write_hex(id, text);
    return arena_format(&work.arena, "%s%s", prefix, text);
}

static void expect(enum resolved what, const char *text, uid id)
{
    uid found;

    cr_expect(resolve(&work, what, text, &found), "%s: %s", text, work.error.message);
    cr_expect(uid_equal(found, id), "%s", text);
}

static void expect_none(enum resolved what, const char *text)
{
    uid found;

    cr_expect_not(resolve(&work, what, text, &found), "%s", text);
    cr_expect_eq(work.error.what, NOT_FOUND, "%s: %s", text, work.error.message);
}

Test(resolve, knows_every_spelling_of_an_agent)
{
    struct agent agent = tenancy_agent(&work, "front-desk");

    expect(AN_AGENT, spelled("", agent.id, 'u'), agent.id);
    expect(AN_AGENT, spelled("AGT-", agent.id, 'B'), agent.id);
    expect(AN_AGENT, spelled("AGT-", agent.id, 'b'), agent.id);
    expect(AN_AGENT, spelled("agent_", agent.id, 'b'), agent.id);
    expect(AN_AGENT, spelled("AP", agent.id, 'h'), agent.id);
    expect(AN_AGENT, "front-desk", agent.id);
    expect(AN_AGENT_VERSION, spelled("", agent.published_version_id, 'u'),
           agent.published_version_id);
}

Test(resolve, finds_nothing_by_what_names_another)
{
    struct agent agent = tenancy_agent(&work, "front-desk");
    struct tenant other;

    expect_none(AN_AGENT, spelled("TEL-", agent.id, 'B'));
    expect_none(AN_AGENT, spelled("", uid_new(), 'u'));
    expect_none(AN_AGENT, "");
    expect_none(AN_AGENT, "caf\xc3\xa9");
    expect_none(AN_AGENT, "front desk");
    expect_none(A_NUMBER, spelled("", agent.id, 'u'));
    expect_none(A_CALL, "CA00000000000000000000000000000000");
    expect_none(A_SESSION, "MZ00000000000000000000000000000000");
    expect_none(A_ROUTE, spelled("", agent.id, 'u'));
    tenancy_other(&work, &other);
    work.tenant = other.id;
    expect_none(AN_AGENT, spelled("", agent.id, 'u'));
    expect_none(AN_AGENT, "front-desk");
    expect_none(AN_AGENT_VERSION, spelled("", agent.published_version_id, 'u'));
}

Test(resolve, knows_every_spelling_of_a_number)
{
    struct phone_number number;

    row_clear(&phone_number_entity, &number);
    number.id = uid_new();
    number.seq = 42;
    number.e164 = arena_format(&work.arena, "+1801%07lld", (long long)(tenant.id % 10000000));
    number.country = "US";
    number.source = "simulated";
    number.status = "active";
    number.carrier_sid = spelled("PN", uid_new(), 'h');
    number.api_origin = "kwickphone";
    number.currency = "USD";
    number.metadata.json = "{}";
    number.created_at = number.updated_at = clock_now();
    number.rev = 1;
    cr_assert(
        store_insert(&work, &phone_number_entity, &number, columns_all(&phone_number_entity)));
    expect(A_NUMBER, "num_42", number.id);
    expect(A_NUMBER, number.e164, number.id);
    expect(A_NUMBER, spelled("TEL-", number.id, 'B'), number.id);
    expect(A_NUMBER, spelled("PN", number.id, 'h'), number.id);
    expect(A_NUMBER, number.carrier_sid, number.id);
    expect_none(A_NUMBER, "num_43");
    expect_none(A_NUMBER, "num_42x");
    expect_none(A_NUMBER, "num_");
    expect_none(A_NUMBER, "num_99999999999999");
    expect_none(A_NUMBER, "42");
}

Test(resolve, knows_imported_names)
{
    struct agent agent = tenancy_agent(&work, "a");
    static const char sql[] = "INSERT INTO id_aliases (tenant_id, entity, alias, id, created_at)"
                              " VALUES (?, 'agent', 'agent_123', ?, '2026-01-01')";
    const struct param params[] = {PARAM(work.tenant), PARAM(agent.id)};

    cr_assert(db_execute(&work, sql, params, COUNT(params), NULL));
    expect(AN_AGENT, "agent_123", agent.id);
    expect_none(A_NUMBER, "agent_123");
}

Test(resolve, knows_every_spelling_of_a_tenant)
{
    json_object *config = json_object_new_object();
    const char *slug = arena_format(&work.arena, "s-%.20s", tenant.tenant_key);
    int64_t found;
    bool created;

    json_object_object_add(config, "slug", json_object_new_string(slug));
    cr_assert(tenant_put(&work, tenant.tenant_key, config, NULL, &tenant, &created));
    json_object_put(config);
    cr_expect(resolve_tenant(&work, tenant.tenant_key, &found) && found == tenant.id);
    cr_expect(resolve_tenant(&work, tenant.account_sid, &found) && found == tenant.id);
    cr_expect(resolve_tenant(&work, slug, &found) && found == tenant.id);
    cr_expect(resolve_tenant(&work, spelled("ORG-", tenant.public_id, 'B'), &found) &&
              found == tenant.id);
    cr_expect(resolve_tenant(&work, spelled("tenant_", tenant.public_id, 'b'), &found) &&
              found == tenant.id);
    cr_expect_not(resolve_tenant(&work, "nobody", &found));
    cr_expect_eq(work.error.what, NOT_FOUND);
    cr_expect_not(resolve_tenant(&work, "caf\xc3\xa9", &found));
}
