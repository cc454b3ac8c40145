#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "core/json.h"
#include "core/text.h"
#include "domain/secrets.h"
#include "domain/tenant_runtime.h"
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

TestSuite(tenants, .init = setup, .fini = end);

/* Puts a document with ' for ". */
static bool put(const char *settings, const char *if_match)
{
    char *text = arena_text(&work.arena, settings);
    json_object *config;
    bool created, ok;

    for (char *c = text; *c; c++)
        if (*c == '\'')
            *c = '"';
    config = json_parse(text);
    cr_assert_not_null(config);
    ok = tenant_put(&work, tenant.tenant_key, config, if_match, &tenant, &created);
    json_object_put(config);
    return ok;
}

Test(tenants, begin_with_what_they_need)
{
    cr_expect_str_eq(tenant.name, tenant.tenant_key);
    cr_expect_str_eq(tenant.status, "active");
    cr_expect_str_eq(tenant.timezone, "UTC");
    cr_expect_str_eq(tenant.carrier_mode, "simulated");
    cr_expect_eq(strlen(tenant.account_sid), 34);
    cr_expect_eq(tenant.max_numbers, 20);
    cr_expect_eq(tenant.rev, 1);
    cr_expect(tenant_is_served(&tenant));
}

Test(tenants, are_found_by_each_of_their_names)
{
    struct tenant found;

    cr_assert(tenant_by_id(&work, tenant.id, &found));
    cr_assert(tenant_by_key(&work, tenant.tenant_key, &found));
    cr_expect_eq(found.id, tenant.id);
    cr_assert(tenant_by_account_sid(&work, tenant.account_sid, &found));
    cr_expect_eq(found.id, tenant.id);
    cr_expect_not(tenant_by_key(&work, "no such tenant", &found));
    cr_expect_eq(work.error.what, NOT_FOUND);
    cr_expect_not(tenant_by_key(&work, "t\xc3\xa9nant", &found));
    cr_expect_eq(work.error.what, NOT_FOUND);
}

Test(tenants, take_known_settings_into_their_columns)
{
    cr_assert(put("{'display_name':'Demo','timezone':'America/Chicago','org_id':'org_1',"
                  "'limits':{'max_numbers':3},'billing_email':'b@example.com'}",
                  NULL),
              "%s", work.error.message);
    cr_expect_str_eq(tenant.name, "Demo");
    cr_expect_str_eq(tenant.timezone, "America/Chicago");
    cr_expect_str_eq(tenant.default_org_ref, "org_1");
    cr_expect_str_eq(tenant.billing_email, "b@example.com");
    cr_expect_eq(tenant.max_numbers, 3);
    cr_expect_eq(tenant.max_agents, 50);
    cr_expect_eq(tenant.rev, 2);
    cr_assert(put("{'org_id':null}", NULL));
    cr_expect_null(tenant.default_org_ref);
    cr_expect_str_eq(tenant.name, "Demo", "what is not mentioned stays");
}

Test(tenants, keep_settings_that_nobody_knows)
{
    cr_assert(put("{'later':{'x':[1,2]},'recording':{'enabled':true},'voice':'marin'}", NULL));
    cr_expect_not_null(strstr(tenant.config.json, "\"later\":{\"x\":[1,2]}"));
    cr_expect(tenant_setting_is_on(&work, &tenant, "recording.enabled", false));
    cr_expect(tenant_setting_is_on(&work, &tenant, "recording.absent", true));
    cr_expect_str_eq(tenant_setting(&work, &tenant, "voice"), "marin");
    cr_expect_null(tenant_setting(&work, &tenant, "later.x"));
    cr_expect_null(tenant_setting(&work, &tenant, "voice.deeper"));
}

struct refusal {
    char settings[80], field[40];
};

ParameterizedTestParameters(tenants, refused_settings)
{
    static struct refusal cases[] = {
        /* clang-format off */
        {"{'display_name':7}",                    "display_name"},
        {"{'display_name':''}",                   "display_name"},
        {"{'status':'asleep'}",                   "status"},
        {"{'slug':'With Capitals'}",              "slug"},
        {"{'timezone':'Mars/\xc3\xa9'}",          "timezone"},
        {"{'limits':{'max_numbers':-1}}",         "limits.max_numbers"},
        {"{'limits':{'max_numbers':'many'}}",     "limits.max_numbers"},
        {"{'retention':[]}",                      "retention"},
        {"{'carrier_mode':'pigeon'}",             "carrier_mode"},
        {"{'twilio':{'account_sid':'AC 1'}}",     "twilio.account_sid"},
        /* clang-format on */
    };

    return cr_make_param_array(struct refusal, cases, COUNT(cases));
}

ParameterizedTest(struct refusal *given, tenants, refused_settings)
{
    cr_expect_not(put(given->settings, NULL), "%s", given->settings);
    cr_expect_eq(work.error.what, INVALID);
    cr_expect_str_eq(work.error.field, given->field);
}

struct key_case {
    char key[80];
    bool good;
};

ParameterizedTestParameters(tenants, keys)
{
    static struct key_case cases[] = {
        /* clang-format off */
        {"acme-1", true},      {"A.b_C", true},
        {"validate", false},   {"cached", false}, {"audio-providers", false}, {"evict-idle", false},
        {"", false},           {"-x", false},     {".x", false},              {"a b", false},
        {"a/b", false},        {"\xc3\xa9", false},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false},
        /* clang-format on */
    };

    return cr_make_param_array(struct key_case, cases, COUNT(cases));
}

ParameterizedTest(struct key_case *given, tenants, keys)
{
    json_object *config = json_object_new_object();
    char key[120];
    bool created;

    snprintf(key, sizeof key, "%s%s", given->key, given->good ? tenant.tenant_key + 20 : "");
    cr_expect_eq(tenant_put(&work, key, config, NULL, &tenant, &created), given->good, "%s", key);
    if (!given->good)
        cr_expect_str_eq(work.error.field, "tenant_id");
    json_object_put(config);
}

Test(tenants, move_secrets_out_of_the_document)
{
    const char *token;

    cr_assert(put("{'twilio':{'account_sid':'AC1','auth_token':'top secret token'},"
                  "'openai':{'apiKey':'sk-1234567890abcdef'},'voice_token_name':'x'}",
                  NULL));
    cr_expect_null(strstr(tenant.config.json, "top secret token"));
    cr_expect_null(strstr(tenant.config.json, "sk-1234567890abcdef"));
    cr_expect_not_null(strstr(tenant.config.json, "\"auth_token\":\"[redacted]\""));
    cr_expect_not_null(strstr(tenant.config.json, "\"voice_token_name\":\"x\""));
    cr_assert(secret_get(&work, SECRET_CARRIER_TOKEN, &token));
    cr_expect_str_eq(token, "top secret token");
    cr_assert(secret_get(&work, "openai.apiKey", &token));
    cr_expect_str_eq(token, "sk-1234567890abcdef");
}

Test(tenants, keep_secrets_that_come_back_redacted_or_not_at_all)
{
    const char *token;

    cr_assert(put("{'twilio':{'account_sid':'AC1','auth_token':'the first token'}}", NULL));
    cr_assert(put("{'twilio':{'account_sid':'AC1','auth_token':'[redacted]'}}", NULL));
    cr_assert(put("{'voice':'x'}", NULL));
    cr_expect_not_null(strstr(tenant.config.json, "\"auth_token\":\"[redacted]\""));
    cr_assert(secret_get(&work, SECRET_CARRIER_TOKEN, &token));
    cr_expect_str_eq(token, "the first token");
    cr_assert(put("{'twilio':{'auth_token':'the second token'}}", NULL));
    cr_assert(secret_get(&work, SECRET_CARRIER_TOKEN, &token));
    cr_expect_str_eq(token, "the second token");
    cr_assert(put("{'twilio':{'auth_token':null}}", NULL));
    cr_expect_not(secret_get(&work, SECRET_CARRIER_TOKEN, &token));
    cr_expect_eq(work.error.what, NOT_FOUND);
}

/* Whether a text stands in the clear in what is kept of the settings. */
static bool shows(const char *text)
{
    return strstr(tenant.config.json, text) != NULL;
}

Test(tenants, move_secrets_out_of_lists_and_from_below_a_name_of_secrets)
{
    const char *secret;

    cr_assert(put("{'accounts':[{'id':1,'api_key':'hush one'},{'id':2,'api_key':'hush two'}],"
                  "'stripe':{'secret_key':'hush three'},'aws':{'secretAccessKey':'hush four'},"
                  "'crm':{'headers':{'Authorization':'hush five'}},'api_keys':['hush six'],"
                  "'secrets':{'shop':'hush seven'},'max_tokens':500,'system_prompt_key':'desk'}",
                  NULL),
              "%s", work.error.message);
    cr_expect_not(shows("hush"), "%s", tenant.config.json);
    cr_expect(shows("\"max_tokens\":500"));
    cr_expect(shows("\"system_prompt_key\":\"desk\""));
    cr_expect(shows("\"id\":2"));
    cr_assert(secret_get(&work, "accounts.1.api_key", &secret));
    cr_expect_str_eq(secret, "hush two");
    cr_assert(put("{'accounts':[{'id':1,'api_key':'[redacted]'}]}", NULL));
    cr_assert(secret_get(&work, "accounts.0.api_key", &secret));
    cr_expect_str_eq(secret, "hush one", "what comes back redacted is kept");
    cr_expect_not(secret_get(&work, "accounts.1.api_key", &secret), "its place is gone");
    cr_expect(shows("\"stripe\":{\"secret_key\":\"[redacted]\"}"), "%s", tenant.config.json);
}

/* ---- documents from before a name was a secret's ---- */

/* Stores a document as it is; the last text of each is a secret now and cannot be moved out. */
static void had(const char *config)
{
    const struct param params[] = {PARAM(config), PARAM(tenant.id)};

    cr_assert(db_execute(&work, "UPDATE tenants SET config = ? WHERE id = ?", params, COUNT(params),
                         NULL));
    cr_assert(tenant_by_id(&work, tenant.id, &tenant));
}

static bool patch(const char *settings)
{
    json_object *tree = json_parse(settings);
    bool ok = tenant_patch(&work, tenant.tenant_key, tree, NULL, &tenant);

    cr_assert_not_null(tree);
    json_object_put(tree);
    return ok;
}

/* Whether a text is in the clear in what anybody is shown. */
static bool tells(const char *text)
{
    return strstr(tenant_shown(&work, &tenant).json, text) ||
           strstr(tenant_runtime(&work, &tenant).json, text);
}

static char *repeated(const char *text, int times)
{
    struct text out = {.arena = &work.arena};

    for (int i = 0; i < times; i++)
        text_add(&out, text, i);
    return out.at;
}

static const char *document_from_before(int which)
{
    switch (which) {
    case 0:
        return "{\"integrations\":{\"shopify\":{\"storefront\":{\"headers\":"
               "{\"Authorization\":\"hush\"}}}}}";
    case 1:
        return "{\"z\xC3\xBCrich\":{\"password\":\"hush\"}}";
    case 2:
        return arena_format(&work.arena, "{\"credentials\":\"hush%s\"}", repeated("%03d", 700));
    default:
        return arena_format(&work.arena, "{%s\"token\":\"hush\"}",
                            repeated("\"t%d\":{\"token\":\"quiet\"},", 64));
    }
}

Test(tenants, are_patched_and_read_again_beside_what_cannot_be_moved_out)
{
    for (int i = 0; i < 4; i++) {
        had(document_from_before(i));
        cr_expect(tenant_reload(&work, &tenant), "%d: %s", i, work.error.message);
        cr_expect(patch("{\"voice\":\"cedar\"}"), "%d: %s", i, work.error.message);
        cr_expect_str_eq(tenant_setting(&work, &tenant, "voice"), "cedar");
        cr_expect(shows("hush"), "%d: what cannot be moved is not lost", i);
        cr_expect_not(shows("quiet"), "what can be moved is");
        cr_expect_not(tells("hush"), "%d", i);
    }
}

Test(tenants, are_blamed_for_a_secret_that_cannot_be_stored_where_they_name_it)
{
    had(document_from_before(0));
    cr_expect_not(patch("{\"integrations\":{\"shopify\":{\"storefront\":{\"headers\":"
                        "{\"Authorization\":\"another\"}}}}}"));
    cr_expect_eq(work.error.what, INVALID);
    cr_expect_str_eq(work.error.field, "integrations.shopify.storefront.headers.Authorization");
    cr_expect(put("{'integrations':{'shopify':{'storefront':{'headers':"
                  "{'Authorization':'[redacted]'}}}}}",
                  NULL),
              "what was shown may come back: %s", work.error.message);
    cr_expect(shows("hush"));
    cr_expect(patch("{\"integrations\":null}"));
    cr_expect_not(shows("hush"));
}

Test(tenants, keep_what_was_shown_redacted_before_it_was_moved_out)
{
    const char *secret;

    had("{\"crm\":{\"password\":\"hush\"}}");
    cr_expect_not(tells("hush"));
    cr_assert(put("{'crm':{'password':'[redacted]'}}", NULL), "%s", work.error.message);
    cr_assert(secret_get(&work, "crm.password", &secret));
    cr_expect_str_eq(secret, "hush");
    cr_expect_not(shows("hush"));
}

Test(tenants, claim_no_secret_that_they_do_not_have)
{
    cr_expect_not(put("{'twilio':{'account_sid':'AC1','auth_token':'[redacted]'}}", NULL));
    cr_expect_eq(work.error.what, INVALID);
    cr_expect_str_eq(work.error.field, "twilio.auth_token");
    cr_assert(put("{'twilio':{'account_sid':'AC1','auth_token':'a real one'}}", NULL));
    cr_expect(put("{'twilio':{'account_sid':'AC1','auth_token':'[redacted]'}}", NULL));
    cr_expect_str_eq(tenant.carrier_mode, "byoc");
}

Test(tenants, take_back_settings_that_are_null)
{
    cr_assert(put("{'display_name':'Demo','timezone':'America/Chicago','limits':{'max_agents':3,"
                  "'max_numbers':4},'twilio':{'account_sid':'AC1','auth_token':'a token'}}",
                  NULL));
    cr_assert(put("{'display_name':null,'timezone':null,'limits':{'max_agents':null},"
                  "'twilio':null}",
                  NULL),
              "%s", work.error.message);
    cr_expect_str_eq(tenant.name, tenant.tenant_key);
    cr_expect_str_eq(tenant.timezone, "UTC");
    cr_expect_eq(tenant.max_agents, 50);
    cr_expect_eq(tenant.max_numbers, 4, "what is not mentioned stays");
    cr_expect_null(tenant.carrier_account_sid);
}

Test(tenants, have_secrets_that_only_they_can_open)
{
    static const char steal[] = "INSERT INTO tenant_secrets (tenant_id, name, sealed)"
                                " SELECT ?, name, sealed FROM tenant_secrets WHERE tenant_id = ?";
    struct tenant other;
    const char *token;

    tenancy_other(&work, &other);
    cr_assert(secret_put(&work, "a.token", "for one tenant only"));
    cr_assert(
        db_execute(&work, steal, (struct param[]){PARAM(other.id), PARAM(tenant.id)}, 2, NULL));
    work.tenant = other.id;
    cr_expect_not(secret_get(&work, "a.token", &token));
    cr_expect_eq(work.error.what, INTERNAL);
}

Test(tenants, change_only_at_the_revision_that_is_named)
{
    const char *first = tenant_etag(&work.arena, &tenant);

    cr_assert(put("{'voice':'a'}", first));
    cr_expect_not(put("{'voice':'b'}", first));
    cr_expect_eq(work.error.what, PRECONDITION);
    cr_expect(put("{'voice':'c'}", "*"));
    cr_expect(put("{'voice':'d'}",
                  arena_format(&work.arena, "\"x\", \"%s\"", tenant_etag(&work.arena, &tenant))));
    cr_expect_str_eq(tenant_setting(&work, &tenant, "voice"), "d");
    cr_expect_eq(tenant.rev, 4);
}

/* Where many wait for one another: who is ready says so, and all go on when the gate is closed. */
static int ready[2], gate[2];

/* Another process with a connection of its own writes over the same revision. */
static pid_t put_elsewhere(const char *etag)
{
    pid_t child = fork();
    char byte = 0;

    if (child == 0) {
        work.db = db_open(getenv("TEST_DATABASE_URL"));
        close(gate[1]);
        _exit(db_ping(&work) && write(ready[1], &byte, 1) == 1 && read(gate[0], &byte, 1) == 0 &&
                      put("{'voice':'x'}", etag)
                  ? 0
              : work.error.what == PRECONDITION ? 1
                                                : 2);
    }
    return child;
}

Test(tenants, are_changed_by_one_of_many_at_once)
{
    const char *etag = tenant_etag(&work.arena, &tenant);
    int status, ends[3] = {0};
    pid_t children[8];
    char byte;

    cr_assert(pipe(ready) == 0 && pipe(gate) == 0);
    for (int i = 0; i < 8; i++)
        children[i] = put_elsewhere(etag);
    for (int i = 0; i < 8; i++)
        cr_assert_eq(read(ready[0], &byte, 1), 1);
    close(gate[1]);
    for (int i = 0; i < 8; i++) {
        cr_assert_eq(waitpid(children[i], &status, 0), children[i]);
        cr_assert(WIFEXITED(status) && WEXITSTATUS(status) < 3);
        ends[WEXITSTATUS(status)]++;
    }
    cr_expect_eq(ends[0], 1, "%d wrote, %d were told, %d failed", ends[0], ends[1], ends[2]);
    cr_expect_eq(ends[1], 7);
}

Test(tenants, that_do_not_exist_have_no_revision)
{
    json_object *config = json_object_new_object();
    bool created;

    cr_expect_not(tenant_put(&work, "not-there-yet", config, "*", &tenant, &created));
    cr_expect_eq(work.error.what, PRECONDITION);
    json_object_put(config);
}

Test(tenants, have_their_slug_alone)
{
    struct tenant other;
    char slug[40];

    snprintf(slug, sizeof slug, "{'slug':'s-%.20s'}", tenant.tenant_key);
    cr_assert(put(slug, NULL));
    tenancy_other(&work, &other);
    tenant = other;
    cr_expect_not(put(slug, NULL));
    cr_expect_eq(work.error.what, CONFLICT);
}

Test(tenants, use_the_carrier_that_is_theirs)
{
    struct carrier carrier;

    tenancy_config.twilio_api_base_url = "https://api.example.com/";
    tenancy_config.rehearsal_api_base_url = "http://127.0.0.1:9001";
    tenancy_config.rehearsal_account_sid = "AC-rehearsal";
    tenancy_config.rehearsal_auth_token = "token-rehearsal";
    cr_assert(carrier_of_tenant(&work, &tenant, &carrier));
    cr_expect_str_eq(carrier.account_sid, "AC-rehearsal");
    cr_expect_str_eq(carrier_source(&carrier), "simulated");
    cr_assert(put("{'twilio':{'account_sid':'AC7','auth_token':'its own token'}}", NULL));
    cr_assert(carrier_of_tenant(&work, &tenant, &carrier));
    cr_expect_str_eq(carrier.account_sid, "AC7");
    cr_expect_str_eq(carrier.auth_token, "its own token");
    cr_expect_str_eq(carrier.base_url, "https://api.example.com");
    cr_expect_str_eq(carrier_name(&carrier), "twilio");
    tenancy_config.twilio_account_sid = "AC-server";
    tenancy_config.twilio_auth_token = "token-server";
    cr_assert(put("{'twilio':null}", NULL));
    cr_assert(put("{'twilio':{'account_sid':null,'auth_token':null}}", NULL));
    cr_assert(carrier_of_tenant(&work, &tenant, &carrier));
    cr_expect_str_eq(carrier.account_sid, "AC-server");
}

Test(tenants, without_a_carrier_cannot_order)
{
    struct carrier carrier;

    cr_expect_not(carrier_of_tenant(&work, &tenant, &carrier));
    cr_expect_eq(work.error.what, UPSTREAM);
}

Test(tenants, count_from_one_without_gaps_in_between)
{
    int64_t first, second, other;

    cr_assert(tenant_next(&work, "number", &first));
    cr_assert(tenant_next(&work, "number", &second));
    cr_assert(tenant_next(&work, "agent", &other));
    cr_expect_eq(first, 1);
    cr_expect_eq(second, 2);
    cr_expect_eq(other, 1);
}

Test(tenants, that_are_suspended_are_not_served)
{
    cr_assert(put("{'status':'suspended'}", NULL));
    cr_expect_not(tenant_is_served(&tenant));
    cr_assert(put("{'status':'trial'}", NULL));
    cr_expect(tenant_is_served(&tenant));
}
