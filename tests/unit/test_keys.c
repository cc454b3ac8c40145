#include <string.h>

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "core/json.h"
#include "domain/keys.h"
#include "tenancy.h"

static struct work work;
static struct tenant tenant;

static void setup(void)
{
    tenancy_config.legacy_tenant_bearer_auth_enabled = true;
    work = tenancy_begin(&tenant, NULL);
}

static void end(void)
{
    tenancy_end(&work);
}

TestSuite(keys, .init = setup, .fini = end);

static struct api_key make(const struct key_order *order, const char **secret)
{
    struct api_key key;

    cr_assert(key_create(&work, order, &key, secret), "%s", work.error.message);
    return key;
}

static enum key_verdict prove(const char *kind, const char *secret, const char *client_ip)
{
    struct tenant found;
    struct api_key key;

    return key_authenticate(&work, kind, secret, client_ip, &key, &found);
}

struct kind_case {
    char kind[16], prefix[16];
};

ParameterizedTestParameters(keys, of_each_kind_open_their_dialect_only)
{
    static struct kind_case cases[] = {
        {"kwickphone", "kp_live_"}, {"thruai", "sk_live_"}, {"stateset", "ssk_"},
        {"phony", "pk_"},           {"twilio", ""},
    };

    return cr_make_param_array(struct kind_case, cases, COUNT(cases));
}

ParameterizedTest(struct kind_case *given, keys, of_each_kind_open_their_dialect_only)
{
    struct tenant found;
    struct api_key key;
    const char *secret;

    make(&(struct key_order){.kind = given->kind}, &secret);
    cr_expect_eq(strncmp(secret, given->prefix, strlen(given->prefix)), 0, "%s", secret);
    cr_expect(strlen(secret) >= 32);
    for (size_t i = 0; key_kinds[i]; i++)
        cr_expect_eq(key_authenticate(&work, key_kinds[i], secret, "8.8.8.8", &key, &found),
                     strcmp(key_kinds[i], given->kind) == 0 ? KEY_GOOD : KEY_BAD, "%s",
                     key_kinds[i]);
    cr_assert_eq(key_authenticate(&work, given->kind, secret, NULL, &key, &found), KEY_GOOD);
    cr_expect_eq(found.id, tenant.id);
    cr_expect_eq(key.tenant_id, tenant.id);
}

Test(keys, that_nobody_made_open_nothing)
{
    cr_expect_eq(prove("kwickphone", "kp_live_000000000000000000000000000000000000000a", NULL),
                 KEY_BAD);
    cr_expect_eq(prove("kwickphone", "", NULL), KEY_BAD);
    cr_expect_eq(prove("stateset", "anything else", NULL), KEY_BAD);
}

Test(keys, are_not_stored_in_the_clear)
{
    const char *secret;
    struct api_key key = make(&(struct key_order){.kind = "kwickphone"}, &secret);

    cr_expect_null(key.sealed.at);
    cr_expect_eq(strncmp(secret, key.key_prefix, strlen(key.key_prefix)), 0);
    cr_expect(strlen(key.key_prefix) < strlen(secret) / 2);
    cr_expect_eq(tenancy_number(&work, "SELECT COUNT(*) FROM api_keys WHERE tenant_id = ?"
                                       " AND key_hash LIKE '%kp_live%'"),
                 0);
}

Test(keys, that_are_revoked_say_so)
{
    const char *secret;
    struct api_key key = make(&(struct key_order){.kind = "thruai"}, &secret), again;

    cr_assert(key_revoke(&work, key.id, &key));
    cr_expect_not(instant_is_none(key.revoked_at));
    cr_expect_eq(prove("thruai", secret, NULL), KEY_REVOKED);
    cr_assert(key_revoke(&work, key.id, &again));
    cr_expect_eq(again.revoked_at.ms, key.revoked_at.ms, "once more changes nothing");
}

Test(keys, of_another_tenant_cannot_be_revoked)
{
    struct tenant other;
    const char *secret;
    struct api_key key = make(&(struct key_order){.kind = "phony"}, &secret);

    tenancy_other(&work, &other);
    work.tenant = other.id;
    cr_expect_not(key_revoke(&work, key.id, &key));
    cr_expect_eq(work.error.what, NOT_FOUND);
    cr_expect_eq(prove("phony", secret, NULL), KEY_GOOD);
}

Test(keys, expire_when_they_are_to)
{
    const char *secret;
    instant now = {1762077600000};

    clock_set(now);
    make(&(struct key_order){.kind = "thruai", .expires_at = instant_after(now, 60000)}, &secret);
    cr_expect_eq(prove("thruai", secret, NULL), KEY_GOOD);
    clock_advance_ms(59999);
    cr_expect_eq(prove("thruai", secret, NULL), KEY_GOOD);
    clock_advance_ms(1);
    cr_expect_eq(prove("thruai", secret, NULL), KEY_EXPIRED);
}

struct address_case {
    char list[80], address[48];
    bool good;
};

ParameterizedTestParameters(keys, addresses)
{
    static struct address_case cases[] = {
        /* clang-format off */
        {"null",                            "8.8.8.8",        true},
        {"[]",                              "8.8.8.8",        true},
        {"[\"8.8.8.8\"]",                   "8.8.8.8",        true},
        {"[\"8.8.8.8\"]",                   "8.8.8.9",        false},
        {"[\"8.8.8.8\"]",                   "",               false},
        {"[\"8.8.8.0/24\"]",                "8.8.8.200",      true},
        {"[\"8.8.8.0/24\"]",                "8.8.9.200",      false},
        {"[\"8.8.8.0/23\",\"9.9.9.9\"]",    "8.8.9.200",      true},
        {"[\"8.8.8.0/23\",\"9.9.9.9\"]",    "9.9.9.9",        true},
        {"[\"0.0.0.0/0\"]",                 "1.2.3.4",        true},
        {"[\"0.0.0.0/0\"]",                 "2001:db8::1",    false},
        {"[\"2001:db8::/32\"]",             "2001:db8:9::1",  true},
        {"[\"2001:db8::/33\"]",             "2001:db8:9000::1", false},
        {"[\"1.2.3.4\"]",                   "::ffff:1.2.3.4", true},
        {"[\"1.2.3.4\"]",                   "nonsense",       false},
        /* clang-format on */
    };

    return cr_make_param_array(struct address_case, cases, COUNT(cases));
}

/* A miss is told as a bad key, so that nobody learns that the key is one. */
ParameterizedTest(struct address_case *given, keys, addresses)
{
    const char *secret, *list = strcmp(given->list, "null") == 0 ? NULL : given->list;

    make(&(struct key_order){.kind = "kwickphone", .ip_allowlist = list}, &secret);
    cr_expect_eq(prove("kwickphone", secret, *given->address ? given->address : NULL),
                 given->good ? KEY_GOOD : KEY_BAD, "%s %s", given->list, given->address);
}

Test(keys, hide_their_revocation_from_other_addresses)
{
    const char *secret;
    struct api_key key =
        make(&(struct key_order){.kind = "thruai", .ip_allowlist = "[\"8.8.8.8\"]"}, &secret);

    cr_assert(key_revoke(&work, key.id, &key));
    cr_expect_eq(prove("thruai", secret, "8.8.8.8"), KEY_REVOKED);
    cr_expect_eq(prove("thruai", secret, "9.9.9.9"), KEY_BAD);
}

struct order_case {
    char kind[16], permissions[40], ip_allowlist[40], field[16];
};

ParameterizedTestParameters(keys, refused_orders)
{
    static struct order_case cases[] = {
        /* clang-format off */
        {"carrier",  "",            "",                "kind"},
        {"stateset", "{}",          "",                "permissions"},
        {"stateset", "[1]",         "",                "permissions"},
        {"stateset", "",            "\"8.8.8.8\"",     "ip_allowlist"},
        {"stateset", "",            "[\"8.8.8\"]",     "ip_allowlist"},
        {"stateset", "",            "[\"8.8.8.8/33\"]", "ip_allowlist"},
        {"stateset", "",            "[\"8.8.8.8/\"]",  "ip_allowlist"},
        {"stateset", "",            "[\"::1/129\"]",   "ip_allowlist"},
        {"stateset", "",            "[7]",             "ip_allowlist"},
        /* clang-format on */
    };

    return cr_make_param_array(struct order_case, cases, COUNT(cases));
}

ParameterizedTest(struct order_case *given, keys, refused_orders)
{
    struct key_order order = {.kind = given->kind};
    struct api_key key;
    const char *secret;

    order.permissions = *given->permissions ? given->permissions : NULL;
    order.ip_allowlist = *given->ip_allowlist ? given->ip_allowlist : NULL;
    cr_expect_not(key_create(&work, &order, &key, &secret));
    cr_expect_eq(work.error.what, INVALID);
    cr_expect_str_eq(work.error.field, given->field);
}

Test(keys, cannot_expire_in_the_past)
{
    struct api_key key;
    const char *secret;

    cr_expect_not(key_create(&work, &(struct key_order){.expires_at = {1000}}, &key, &secret));
    cr_expect_str_eq(work.error.field, "expires_at");
}

struct limit_case {
    char kind[16];
    int most;
};

ParameterizedTestParameters(keys, are_limited)
{
    static struct limit_case cases[] = {{"kwickphone", 5}, {"twilio", 2}};

    return cr_make_param_array(struct limit_case, cases, COUNT(cases));
}

ParameterizedTest(struct limit_case *given, keys, are_limited)
{
    struct api_key key;
    const char *secret;

    for (int i = 0; i < given->most; i++)
        key = make(&(struct key_order){.kind = given->kind}, &secret);
    cr_expect_not(key_create(&work, &(struct key_order){.kind = given->kind}, &key, &secret));
    cr_expect_eq(work.error.what, LIMIT_REACHED);
    cr_assert(key_revoke(&work, key.id, &key) || work.error.what == NOT_FOUND);
}

Test(keys, that_are_revoked_make_room_for_others)
{
    struct api_key first = {0}, key;
    const char *secret;

    for (int i = 0; i < 5; i++)
        first = make(&(struct key_order){.kind = "kwickphone"}, &secret);
    cr_assert(key_revoke(&work, first.id, &key));
    cr_expect(key_create(&work, &(struct key_order){.kind = "kwickphone"}, &key, &secret));
}

Test(keys, of_suspended_tenants_are_told_apart)
{
    json_object *config = json_parse("{\"status\":\"suspended\"}");
    const char *secret;
    bool created;

    make(&(struct key_order){.kind = "phony"}, &secret);
    cr_assert(tenant_put(&work, tenant.tenant_key, config, NULL, &tenant, &created));
    cr_expect_eq(prove("phony", secret, NULL), KEY_SUSPENDED);
    json_object_put(config);
}

Test(keys, of_the_carrier_dialect_can_sign)
{
    const char *first, *second, *token;

    cr_expect_not(key_twilio_token(&work, &token));
    cr_expect_eq(work.error.what, NOT_FOUND);
    make(&(struct key_order){.kind = "twilio"}, &first);
    make(&(struct key_order){.kind = "twilio"}, &second);
    cr_assert(key_twilio_token(&work, &token));
    cr_expect_str_eq(token, first, "the older one is primary");
}

Test(keys, from_before_work_while_the_operator_lets_them)
{
    const char *secret;

    make(&(struct key_order){.secret = "a bearer of old times", .label = "legacy"}, &secret);
    cr_expect_str_eq(secret, "a bearer of old times");
    cr_expect_eq(prove("stateset", secret, NULL), KEY_GOOD);
    tenancy_config.legacy_tenant_bearer_auth_enabled = false;
    cr_expect_eq(prove("stateset", secret, NULL), KEY_BAD);
}

Test(keys, note_their_use_once_a_minute)
{
    static const char sql[] = "SELECT COUNT(*) FROM api_keys WHERE tenant_id = ?"
                              " AND last_used_at = '2025-11-02 10:00:00.000'";
    const char *secret;
    struct api_key key = make(&(struct key_order){0}, &secret);

    clock_set((instant){1762077600000});
    cr_assert(key_touch(&work, &key));
    clock_advance_ms(59000);
    cr_assert(key_touch(&work, &key));
    cr_expect_eq(tenancy_number(&work, sql), 1);
    clock_advance_ms(2000);
    cr_assert(key_touch(&work, &key));
    cr_expect_eq(tenancy_number(&work, sql), 0);
}

struct permission_case {
    char granted[60], asked[30];
    bool good;
};

ParameterizedTestParameters(keys, permissions)
{
    static struct permission_case cases[] = {
        /* clang-format off */
        {"[\"calls:read\"]",   "calls:read",     true},
        {"[\"calls:read\"]",   "calls:write",    false},
        {"[\"calls:read\"]",   "calls:rea",      false},
        {"[\"calls:*\"]",      "calls:write",    true},
        {"[\"calls:*\"]",      "agents:write",   false},
        {"[\"*\"]",            "agents:write",   true},
        {"[\"viewer\"]",       "calls:read",  true},
        {"[\"viewer\"]",       "calls:write", false},
        {"[\"supervisor\"]",   "agents:read", true},
        {"[\"supervisor\"]",   "supervisor:write", true},
        {"[\"supervisor\"]",   "calls:write", true},
        {"[\"supervisor\"]",   "agents:write", false},
        {"[\"admin\"]",        "agents:write", true},
        {"[\"admin\"]",        "platform:admin", false},
        {"[\"Admin\"]",        "agents:read", false},
        {"[\"*\"]",            "platform:admin", false},
        {"[\"platform:*\"]",   "platform:admin", false},
        {"[\"platform:admin\"]", "platform:admin", true},
        {"[\"cal*\"]",         "calls:read",     false},
        {"[]",                 "calls:read",     false},
        {"null",               "calls:read",     false},
        {"[7,null]",           "calls:read",     false},
        /* clang-format on */
    };

    return cr_make_param_array(struct permission_case, cases, COUNT(cases));
}

ParameterizedTest(struct permission_case *given, keys, permissions)
{
    cr_expect_eq(key_permits(given->granted, given->asked), given->good, "%s %s", given->granted,
                 given->asked);
}

Test(keys, are_listed_by_kind)
{
    struct rows keys;
    const char *secret;

    make(&(struct key_order){.kind = "phony"}, &secret);
    make(&(struct key_order){.kind = "thruai"}, &secret);
    cr_assert(keys_list(&work, NULL, &keys));
    cr_expect_eq(keys.count, 2);
    cr_expect_str_eq(((struct api_key *)keys.at)->kind, "thruai", "the newest first");
    cr_assert(keys_list(&work, "phony", &keys));
    cr_expect_eq(keys.count, 1);
}
