#include <string.h>

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "domain/epoch.h"
#include "fcgi/auth.h"
#include "fcgi/dialect.h"
#include "tenancy.h"

static struct work work;
static struct tenant tenant;

static void setup(void)
{
    work = tenancy_begin(&tenant, NULL);
    clock_set(clock_now());
    auth_forget();
    tenancy_config.admin_api_key = "the operator's key";
}

static void end(void)
{
    tenancy_config.admin_api_key = NULL;
    auth_forget();
    tenancy_end(&work);
}

TestSuite(auth, .init = setup, .fini = end);

static struct request asking(const char *header, const char *value)
{
    struct request req = {
        .work = {.id = "test", .db = work.db, .config = &tenancy_config},
        .client_ip = "203.0.113.7",
    };

    parameters_add(&req.work.arena, &req.headers, header, value);
    return req;
}

static const char *new_key(const struct key_order *order)
{
    struct api_key key;
    const char *secret;

    cr_assert(key_create(&work, order, &key, &secret), "%s", work.error.message);
    return secret;
}

/* Whether the secret proves a key of that kind; work.error says why not. */
static bool proves(const char *kind, const char *secret, struct error *error)
{
    struct request req = asking("x", "y");
    bool ok = auth_key(&req, kind, secret);

    if (ok) {
        cr_expect_eq(req.work.tenant, tenant.id);
        cr_expect_str_eq(req.caller.kind, kind);
        cr_expect_str_eq(req.tenant->tenant_key, tenant.tenant_key);
        cr_expect_not(uid_is_none(req.caller.key));
    }
    if (error)
        *error = req.work.error;
    request_end(&req);
    return ok;
}

/* Every kind of key works on its own dialect and on no other. */
Test(auth, proves_keys_on_their_own_dialect_only)
{
    for (size_t i = 0; key_kinds[i]; i++) {
        const struct key_order order = {.kind = key_kinds[i], .expires_at = NO_INSTANT};
        const char *secret = new_key(&order);
        struct error error;

        for (size_t j = 0; key_kinds[j]; j++) {
            cr_expect_eq(proves(key_kinds[j], secret, &error), i == j, "%s on %s", key_kinds[i],
                         key_kinds[j]);
            if (i != j)
                cr_expect_eq(error.what, UNAUTHENTICATED);
        }
        cr_expect(proves(key_kinds[i], secret, NULL), "once more, remembered");
    }
}

Test(auth, refuses_what_is_no_key)
{
    static const char *const secrets[] = {NULL, "", "kp_live_nothing", "x"};
    struct error error;

    for (size_t i = 0; i < COUNT(secrets); i++) {
        cr_expect_not(proves("kwickphone", secrets[i], &error));
        cr_expect_eq(error.what, UNAUTHENTICATED);
    }
}

Test(auth, refuses_other_addresses_as_if_the_key_were_bad)
{
    const char *secret = new_key(&(struct key_order){
        .kind = "kwickphone", .ip_allowlist = "[\"198.51.100.0/24\"]", .expires_at = NO_INSTANT});
    struct error bad, elsewhere;
    struct request req = asking("x", "y");

    proves("kwickphone", "kp_live_nothing", &bad);
    cr_expect_not(proves("kwickphone", secret, &elsewhere));
    cr_expect_eq(elsewhere.what, bad.what);
    cr_expect_eq(elsewhere.detail, bad.detail);
    cr_expect_str_eq(elsewhere.message, bad.message);
    req.client_ip = "198.51.100.9";
    cr_expect(auth_key(&req, "kwickphone", secret));
    request_end(&req);
    cr_expect_not(proves("kwickphone", secret, NULL), "what is remembered holds for its address");
}

Test(auth, tells_revoked_from_expired)
{
    struct api_key key;
    const char *secret, *other;
    struct error error;

    cr_assert(key_create(&work, &(struct key_order){.kind = "thruai", .expires_at = NO_INSTANT},
                         &key, &secret));
    cr_assert(key_revoke(&work, key.id, &key));
    cr_expect_not(proves("thruai", secret, &error));
    cr_expect_eq(error.detail, KEY_REVOKED);
    other = new_key(
        &(struct key_order){.kind = "thruai", .expires_at = instant_after(clock_now(), 1000)});
    cr_expect(proves("thruai", other, NULL));
    clock_advance_ms(1001);
    cr_expect_not(proves("thruai", other, &error));
    cr_expect_eq(error.detail, KEY_EXPIRED);
}

Test(auth, forgets_a_revoked_key_at_once)
{
    struct api_key key;
    const char *secret;

    cr_assert(key_create(&work, &(struct key_order){.kind = "stateset", .expires_at = NO_INSTANT},
                         &key, &secret));
    cr_expect(proves("stateset", secret, NULL));
    cr_assert(key_revoke(&work, key.id, &key));
    cr_expect_not(proves("stateset", secret, NULL));
}

/* Another host revoked it: this one hears of it through the database. */
Test(auth, forgets_a_key_that_another_host_revoked)
{
    static const char revoke[] = "UPDATE api_keys SET revoked_at = ? WHERE tenant_id = ?";
    static const char tell[] = "INSERT INTO stat_totals (name, folded) VALUES ('keys.epoch', 1)"
                               " ON DUPLICATE KEY UPDATE folded = folded + 1";
    instant now = clock_now();
    const struct param params[] = {PARAM(now), PARAM(tenant.id)};
    const char *secret = new_key(&(struct key_order){.kind = "phony", .expires_at = NO_INSTANT});

    epoch_refresh(&work);
    cr_expect(proves("phony", secret, NULL));
    cr_assert(db_execute(&work, revoke, params, COUNT(params), NULL));
    cr_expect(proves("phony", secret, NULL), "remembered");
    cr_assert(db_execute(&work, tell, NULL, 0, NULL));
    clock_advance_ms(1000);
    epoch_refresh(&work);
    cr_expect_not(proves("phony", secret, NULL));
}

Test(auth, remembers_for_five_seconds)
{
    static const char revoke[] = "UPDATE api_keys SET revoked_at = ? WHERE tenant_id = ?";
    instant now = clock_now();
    const struct param params[] = {PARAM(now), PARAM(tenant.id)};
    const char *secret = new_key(&(struct key_order){.kind = "phony", .expires_at = NO_INSTANT});

    cr_expect(proves("phony", secret, NULL));
    cr_assert(db_execute(&work, revoke, params, COUNT(params), NULL));
    clock_advance_ms(4999);
    cr_expect(proves("phony", secret, NULL));
    clock_advance_ms(2);
    cr_expect_not(proves("phony", secret, NULL));
}

Test(auth, says_that_the_store_is_away)
{
    const char *secret = new_key(&(struct key_order){.kind = "phony", .expires_at = NO_INSTANT});
    struct db *db = work.db;
    struct error error;

    work.db = db_open("mysql://nobody@localhost/none?socket=/nonexistent");
    cr_expect_not(proves("phony", secret, &error));
    cr_expect_eq(error.what, BUSY);
    db_close(work.db);
    work.db = db;
}

Test(auth, refuses_keys_of_a_suspended_tenant)
{
    static const char suspend[] = "UPDATE tenants SET status = 'suspended' WHERE id = ?";
    const char *secret = new_key(&(struct key_order){.kind = "phony", .expires_at = NO_INSTANT});
    struct error error;

    cr_assert(db_execute(&work, suspend, (const struct param[]){PARAM(tenant.id)}, 1, NULL));
    cr_expect_not(proves("phony", secret, &error));
    cr_expect_eq(error.what, FORBIDDEN);
    cr_expect_eq(error.detail, KEY_SUSPENDED);
}

Test(auth, checks_permissions)
{
    struct request req = asking("x", "y");

    req.caller.permissions = "[\"calls:read\",\"agents:*\"]";
    cr_expect(auth_permits(&req, "calls:read"));
    cr_expect(auth_permits(&req, "agents:write"));
    cr_expect_not(auth_permits(&req, "calls:write"));
    cr_expect_eq(req.work.error.what, FORBIDDEN);
    request_end(&req);
}

Test(auth, proves_the_operator)
{
    struct request good = asking("X-ADMIN-KEY", "the operator's key");
    struct request bad = asking("x-admin-key", "the operator's kez");
    struct request none = asking("x", "y");

    cr_expect(auth_admin(&good));
    cr_expect_str_eq(good.caller.kind, "admin");
    cr_expect_not(auth_admin(&bad));
    cr_expect_eq(bad.work.error.what, UNAUTHENTICATED);
    cr_expect_not(auth_admin(&none));
    cr_expect_eq(none.work.error.what, UNAUTHENTICATED);
    tenancy_config.admin_api_key = NULL;
    cr_expect_not(auth_admin(&good));
    cr_expect_eq(good.work.error.what, NOT_FOUND);
    request_end(&good);
    request_end(&bad);
    request_end(&none);
}

/* Credentials as clients send them. */

struct sent {
    char header[40], bearer[20], user[20], password[20];
};

ParameterizedTestParameters(auth, reads)
{
    static struct sent cases[] = {
        {"Bearer kp_1", "kp_1", "", ""},
        {"bearer   kp_1 ", "kp_1", "", ""},
        {"Bearer", "", "", ""},
        {"Bearer ", "", "", ""},
        {"Bearerkp_1", "", "", ""},
        {"Basic QUMxOnRvazplbg==", "", "AC1", "tok:en"},
        {"basic QUMxOg==", "", "AC1", ""},
        {"Basic QUMx", "", "", ""},
        {"Basic !!!!", "", "", ""},
        {"Basic QUMxOgBhYg==", "", "", ""},
        {"", "", "", ""},
    };

    return cr_make_param_array(struct sent, cases, COUNT(cases));
}

ParameterizedTest(struct sent *given, auth, reads)
{
    struct request req = asking("Authorization", given->header);
    const char *bearer = credential_bearer(&req), *user = "", *password = "";

    cr_expect_str_eq(bearer ? bearer : "", given->bearer, "%s", given->header);
    cr_expect_eq(credential_basic(&req, &user, &password), *given->user != '\0', "%s",
                 given->header);
    cr_expect_str_eq(user, given->user);
    cr_expect_str_eq(password, given->password);
    request_end(&req);
}
