#include "domain/tenant_runtime.h"

#include <string.h>

#include "core/config.h"
#include "core/json.h"
#include "core/log.h"
#include "domain/audit.h"
#include "domain/commands.h"
#include "domain/epoch.h"
#include "domain/supervision.h"
#include "domain/voices.h"

/* ---- in force ---- */

#define USUAL_MODEL "gpt-realtime"
#define USUAL_VOICE "marin"

static bool is_set(const char *text)
{
    return text && *text;
}

/* Sets a member that the document leaves open. */
static void fill_text(json_object *into, const char *name, const char *value)
{
    if (!json_member(into, name))
        json_object_object_add(into, name, value ? json_object_new_string(value) : NULL);
}

static void set_truth(json_object *into, const char *name, bool value)
{
    json_object_object_add(into, name, json_object_new_boolean(value));
}

static void fill_limits(json_object *into, const struct tenant *tenant)
{
    json_object *limits = json_object_new_object();

    json_object_object_add(limits, "max_agents", json_object_new_int64(tenant->max_agents));
    json_object_object_add(limits, "max_concurrent_calls",
                           json_object_new_int64(tenant->max_concurrent_calls));
    json_object_object_add(limits, "max_numbers", json_object_new_int64(tenant->max_numbers));
    json_object_object_add(into, "limits", limits);
}

/* Whether orders can go to the carrier that the tenant uses. */
static bool has_carrier(struct work *work, const struct tenant *tenant)
{
    const struct config *config = work->config;

    if (strcmp(tenant->carrier_mode, "platform") == 0)
        return is_set(config->twilio_account_sid) && is_set(config->twilio_auth_token);
    if (strcmp(tenant->carrier_mode, "simulated") == 0)
        return is_set(config->rehearsal_account_sid) && is_set(config->rehearsal_auth_token);
    return tenant->carrier_account_sid && tenant_setting(work, tenant, "twilio.auth_token");
}

/* Of a tenant that is there: what its sessions showed; else what the settings promise. */
static struct voice_state voices_of(struct work *work, const struct tenant *tenant)
{
    const char *asked = tenant_setting(work, tenant, "audio_output_provider");
    bool elsewhere = asked && strcmp(asked, VOICE_ELEVENLABS) == 0;
    struct voice_state state;

    if (tenant->id > 0 && voice_state_of(work, tenant->id, &state))
        return state;
    state.elevenlabs_configured = is_set(work->config->elevenlabs_api_key) ||
                                  tenant_setting(work, tenant, "elevenlabs.api_key");
    state.elevenlabs_ready = state.elevenlabs_configured &&
                             (!elsewhere || tenant_setting(work, tenant, "elevenlabs.voice_id"));
    state.effective_provider =
        elsewhere && state.elevenlabs_ready ? VOICE_ELEVENLABS : VOICE_OPENAI;
    return state;
}

static void tell_voices(struct work *work, const struct tenant *tenant, json_object *into)
{
    const struct voice_state state = voices_of(work, tenant);

    fill_text(into, "audio_output_provider", VOICE_OPENAI);
    json_object_object_add(into, "effective_audio_output_provider",
                           json_object_new_string(state.effective_provider));
    set_truth(into, "elevenlabs_configured", state.elevenlabs_configured);
    set_truth(into, "elevenlabs_ready", state.elevenlabs_ready);
}

document tenant_runtime(struct work *work, const struct tenant *tenant)
{
    json_object *into = json_parse(tenant_shown(work, tenant).json);
    document written;

    if (!json_object_is_type(into, json_type_object)) {
        json_object_put(into);
        into = json_object_new_object();
    }
    json_object_object_add(into, "tenant_id", json_object_new_string(tenant->tenant_key));
    fill_text(into, "display_name", tenant->name);
    fill_text(into, "status", tenant->status);
    fill_text(into, "timezone", tenant->timezone);
    fill_text(into, "org_id", tenant->default_org_ref);
    fill_text(into, "model", USUAL_MODEL);
    fill_text(into, "voice", USUAL_VOICE);
    fill_text(into, "system_prompt_key", NULL);
    fill_text(into, "webhook_url", NULL);
    fill_text(into, "carrier_mode", tenant->carrier_mode);
    fill_limits(into, tenant);
    tell_voices(work, tenant, into);
    set_truth(into, "twilio_configured", has_carrier(work, tenant));
    set_truth(into, "realtime_configured", is_set(work->config->openai_api_key));
    set_truth(into, "kafka_configured", false);
    set_truth(into, "served", tenant_is_served(tenant));
    written.json = json_write(&work->arena, into);
    json_object_put(into);
    return written;
}

/* ---- patching ---- */

/*
 * What stands for a value that is taken away: nothing, but where it held secrets their places with
 * nulls, because a secret that is merely not named is kept.
 */
static bool leave_of(json_object *old, json_object **left)
{
    *left = NULL;
    if (json_object_is_type(old, json_type_string))
        return strcmp(json_object_get_string(old), TENANT_REDACTED) == 0;
    if (!json_object_is_type(old, json_type_object))
        return false;
    json_object_object_foreach(old, name, value)
    {
        json_object *inner;

        if (!leave_of(value, &inner))
            continue;
        if (!*left)
            *left = json_object_new_object();
        json_object_object_add(*left, name, inner);
    }
    return *left != NULL;
}

static void take_away(json_object *target, const char *name)
{
    json_object *left;

    if (leave_of(json_member(target, name), &left))
        json_object_object_add(target, name, left);
    else
        json_object_object_del(target, name);
}

/* RFC 7396; the depth of both is bounded by who read them. */
static void merge(json_object *target, json_object *patch)
{
    json_object_object_foreach(patch, name, value)
    {
        json_object *old = json_member(target, name);

        if (!value) {
            take_away(target, name);
        } else if (!json_object_is_type(value, json_type_object)) {
            json_object_object_add(target, name, json_object_get(value));
        } else {
            if (!json_object_is_type(old, json_type_object)) {
                old = json_object_new_object();
                json_object_object_add(target, name, old);
            }
            merge(old, value);
        }
    }
}

static bool patch_once(struct work *work, const char *tenant_key, json_object *patch,
                       const char *if_match, struct tenant *tenant)
{
    const char *etag = tenant_etag(&work->arena, tenant);
    json_object *config = json_parse(tenant->config.json), *own = NULL;
    bool created, ok;

    if (if_match && !tenant_etag_listed(if_match, etag)) {
        json_object_put(config);
        return fail(work, PRECONDITION, "If-Match names another revision");
    }
    if (!json_object_is_type(config, json_type_object) ||
        json_object_deep_copy(patch, &own, NULL) != 0) {
        json_object_put(config);
        return fail(work, INTERNAL, "The settings could not be read");
    }
    merge(config, own);
    ok = tenant_put_patched(work, tenant_key, config, own, etag, tenant, &created);
    json_object_put(own);
    json_object_put(config);
    return ok;
}

bool tenant_patch(struct work *work, const char *tenant_key, json_object *patch,
                  const char *if_match, struct tenant *tenant)
{
    for (int attempt = 0; attempt < 5; attempt++) {
        if (!tenant_by_key(work, tenant_key, tenant))
            return false;
        if (patch_once(work, tenant_key, patch, if_match, tenant))
            return true;
        /* Somebody else was faster: the patch goes into what he wrote, unless it must not. */
        if ((if_match && strcmp(if_match, "*") != 0) || work->error.what != PRECONDITION)
            return false;
    }
    return false;
}

bool tenant_reload(struct work *work, struct tenant *tenant)
{
    json_object *config = json_parse(tenant->config.json);
    struct tenant checked;
    bool ok = json_object_is_type(config, json_type_object) &&
              tenant_check(work, tenant->tenant_key, config, &checked);

    json_object_put(config);
    if (!ok)
        return fail(work, INTERNAL, "The stored settings are not valid: %s",
                    arena_text(&work->arena, work->error.message));
    return tenant_touch(work, tenant->id) && epoch_advance(work) &&
           tenant_by_id(work, tenant->id, tenant);
}

/* ---- the end ---- */

/* A session that ends meanwhile needs no order. */
static bool end_calls(struct work *work, const char *by)
{
    const struct live_session *live;
    struct rows rows;

    if (!sessions_live(work, false, &rows))
        return false;
    live = rows.at;
    for (size_t i = 0; i < rows.count; i++) {
        struct session_command end = {.session_id = live[i].id,
                                      .kind = "end",
                                      .args = {"{\"reason\":\"The account was closed\"}"},
                                      .created_by = by};
        struct voice_session session;

        if (!session_get(work, live[i].id, &session))
            return false;
        end.call_id = session.call_id;
        if (!command_order(work, &end) && work->error.what != WRONG_STATE)
            return false;
    }
    return true;
}

/*
 * Numbers of our account go back to the carrier, which the sweep of numbers sees to; those of the
 * tenant's own account are let go and stay the tenant's.
 */
static bool let_numbers_go(struct work *work, instant now)
{
    static const char numbers[] =
        "UPDATE phone_numbers SET"
        " released_at = IF(source IN ('byoc', 'imported'), ?, released_at),"
        " status = IF(source IN ('byoc', 'imported'), 'released', 'releasing'), updated_at = ?,"
        " rev = rev + 1 WHERE tenant_id = ? AND status IN ('provisioning', 'active', 'suspended')";
    static const char routes[] = "DELETE FROM phone_routes WHERE tenant_id = ?";
    const struct param params[] = {PARAM(now), PARAM(now), PARAM(work->tenant)};

    return db_execute(work, numbers, params, COUNT(params), NULL) &&
           db_execute(work, routes, params + 2, 1, NULL);
}

struct deletion {
    struct tenant *tenant;
    const char *by;
};

static bool delete_step(struct work *work, void *with)
{
    static const char close[] =
        "UPDATE tenants SET status = 'cancelled', deleted_at = ?, updated_at = ?,"
        " tenant_key = CONCAT(LEFT(tenant_key, 50), '~', id), slug = NULL,"
        " cache_epoch = cache_epoch + 1, rev = rev + 1 WHERE id = ? AND deleted_at IS NULL";
    static const char revoke[] =
        "UPDATE api_keys SET revoked_at = ? WHERE tenant_id = ? AND revoked_at IS NULL";
    const struct deletion *deletion = with;
    instant now = clock_now();
    const struct param params[] = {PARAM(now), PARAM(now), PARAM(work->tenant)};
    const struct param keys[] = {PARAM(now), PARAM(work->tenant)};
    uint64_t changed;

    if (!db_execute(work, close, params, COUNT(params), &changed))
        return false;
    if (changed != 1)
        return fail(work, NOT_FOUND, "No such tenant");
    return db_execute(work, revoke, keys, COUNT(keys), NULL) && let_numbers_go(work, now) &&
           end_calls(work, deletion->by) && epoch_advance(work);
}

bool tenant_delete(struct work *work, struct tenant *tenant, const char *by)
{
    struct deletion deletion = {tenant, by};
    struct audit_row row = {.actor_kind = "admin",
                            .actor = by,
                            .action = "tenant.deleted",
                            .object_kind = "tenant",
                            .object_id = tenant->tenant_key};

    if (!db_transaction(work, delete_step, &deletion))
        return false;
    log_info(work, "tenant.deleted", "tenant=%s", tenant->tenant_key);
    return audit_put(work, &row);
}
