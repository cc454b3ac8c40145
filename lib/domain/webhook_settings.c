#include "domain/webhook_settings.h"

#include <string.h>

#include "core/json.h"
#include "core/text.h"
#include "domain/secrets.h"
#include "domain/tenants.h"
#include "domain/webhooks.h"
#include "remote/guard.h"

enum { LONGEST_URL = 500, LONGEST_NAME = 64, LONGEST_PREFIX = 16, MOST_EVENTS = 50 };

#define SECRET_SETTING "webhook_secret"
#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyz_.*"

/* ---- checks ---- */

static bool check_url(struct work *work, json_object *value)
{
    if (!value || (json_object_is_type(value, json_type_string) && !*json_object_get_string(value)))
        return true;
    if (!json_object_is_type(value, json_type_string))
        return fail_field(work, "webhook_url", "webhook_url must be a string");
    return guard_check_url(work, "webhook_url", json_object_get_string(value), LONGEST_URL);
}

static bool is_event_name(json_object *value)
{
    const char *text = json_object_get_string(value);
    size_t length = json_object_is_type(value, json_type_string) ? strlen(text) : 0;

    return length && length <= LONGEST_NAME && strspn(text, NAME_CHARACTERS) == length;
}

static bool check_events(struct work *work, json_object *value)
{
    size_t count =
        json_object_is_type(value, json_type_array) ? json_object_array_length(value) : 0;

    if (value && (!json_object_is_type(value, json_type_array) || count > MOST_EVENTS))
        return fail_field(work, "webhook_events", "webhook_events must be a list of up to %d names",
                          MOST_EVENTS);
    for (size_t i = 0; i < count; i++)
        if (!is_event_name(json_object_array_get_idx(value, i)))
            return fail_field(work, "webhook_events", "webhook_events must hold names of events");
    return true;
}

static bool check_prefix(struct work *work, json_object *value)
{
    const char *text = json_object_get_string(value);

    if (!value)
        return true;
    return (json_object_is_type(value, json_type_string) && strlen(text) <= LONGEST_PREFIX &&
            strspn(text, NAME_CHARACTERS) == strlen(text) && !strchr(text, '*')) ||
           fail_field(work, "webhook_event_prefix",
                      "webhook_event_prefix must have at most %d small letters, dots and _",
                      LONGEST_PREFIX);
}

bool webhook_settings_check(struct work *work, json_object *config)
{
    return check_url(work, json_member(config, "webhook_url")) &&
           check_events(work, json_member(config, "webhook_events")) &&
           check_prefix(work, json_member(config, "webhook_event_prefix"));
}

/* ---- the endpoint ---- */

/* Names are kept as we call the events: without the tenant's own prefix. */
static const char *events_of(struct work *work, json_object *config)
{
    const char *prefix = json_text(config, "webhook_event_prefix");
    json_object *names = json_member(config, "webhook_events");
    struct text out = {.arena = &work->arena};
    size_t length = prefix ? strlen(prefix) : 0;

    text_char(&out, '[');
    for (size_t i = 0; names && i < json_object_array_length(names); i++) {
        const char *name = json_object_get_string(json_object_array_get_idx(names, i));

        if (length && strncmp(name, prefix, length) == 0)
            name += length;
        text_put(&out, i ? "," : "");
        text_json(&out, name);
    }
    text_char(&out, ']');
    return out.at;
}

static bool find_endpoint(struct work *work, struct webhook_endpoint *endpoint, bool *found)
{
    const char *sql = arena_format(&work->arena,
                                   "SELECT %s FROM webhook_endpoints WHERE tenant_id = ?"
                                   " AND dialect = 'stateset' AND number_id IS NULL"
                                   " AND deleted_at IS NULL ORDER BY id DESC LIMIT 1",
                                   store_names(work, &webhook_endpoint_entity, NULL));
    const struct param params[] = {PARAM(work->tenant)};

    *found = db_find(work, sql, params, COUNT(params), &webhook_endpoint_entity, endpoint);
    return *found || work->error.what == NOT_FOUND;
}

static bool change_endpoint(struct work *work, const struct webhook_endpoint *endpoint,
                            const char *url, const char *events, const char *secret)
{
    static const char sql[] =
        "UPDATE webhook_endpoints SET url = ?, events = ?, secret = ?, secret_prefix = ?,"
        " enabled = 1, disabled_reason = NULL, failure_count = ?, opened_until = ?,"
        " updated_at = ?, rev = rev + 1 WHERE tenant_id = ? AND id = ?";
    bool same = strcmp(endpoint->url, url) == 0 && endpoint->enabled;
    int64_t failures = same ? endpoint->failure_count : 0;
    instant now = clock_now(), open = same ? endpoint->opened_until : NO_INSTANT;
    const document names = {events};
    const char *prefix;
    const bytes sealed = webhook_seal(work, endpoint->id, secret, &prefix);
    const struct param params[] = {
        PARAM(url),  PARAM(names), PARAM(sealed),       PARAM(prefix),       PARAM(failures),
        PARAM(open), PARAM(now),   PARAM(work->tenant), PARAM(endpoint->id),
    };

    return db_execute(work, sql, params, COUNT(params), NULL);
}

static bool make_endpoint(struct work *work, const char *url, const char *events,
                          const char *secret)
{
    struct webhook_endpoint endpoint;

    row_clear(&webhook_endpoint_entity, &endpoint);
    endpoint.dialect = "stateset";
    endpoint.url = url;
    endpoint.events.json = events;
    return webhook_create(work, &endpoint, secret, NULL);
}

static bool end_endpoint(struct work *work, uid id)
{
    static const char sql[] = "UPDATE webhook_endpoints SET deleted_at = ?, updated_at = ?,"
                              " rev = rev + 1 WHERE tenant_id = ? AND id = ?";
    instant now = clock_now();
    const struct param params[] = {PARAM(now), PARAM(now), PARAM(work->tenant), PARAM(id)};

    return db_execute(work, sql, params, COUNT(params), NULL);
}

static bool apply(struct work *work, json_object *config)
{
    const char *url = json_text(config, "webhook_url"), *events, *secret;
    struct webhook_endpoint endpoint;
    bool found;

    if (!find_endpoint(work, &endpoint, &found))
        return false;
    if (!url || !*url)
        return !found || end_endpoint(work, endpoint.id);
    events = events_of(work, config);
    if (!secret_get(work, SECRET_SETTING, &secret)) {
        if (work->error.what != NOT_FOUND)
            return false;
        secret = NULL; /* webhook_create() makes one that nobody knows */
    }
    if (!found)
        return make_endpoint(work, url, events, secret);
    return change_endpoint(work, &endpoint, url, events,
                           secret ? secret : webhook_secret(work, &endpoint));
}

bool webhook_settings_apply(struct work *work, const struct tenant *tenant)
{
    json_object *config = json_parse(tenant->config.json);
    bool ok = apply(work, config);

    json_object_put(config);
    return ok;
}

/* ---- the secret ---- */

/* Whether the settings, once stored, name a receiver. */
static bool names_receiver(struct work *work, const struct tenant *before, json_object *config,
                           bool patch)
{
    const char *url = json_text(config, "webhook_url");

    if (!url && patch && before && !json_object_object_get_ex(config, "webhook_url", NULL))
        url = tenant_setting(work, before, "webhook_url");
    return url && *url;
}

static bool has_secret(struct work *work, const struct tenant *before, bool *has)
{
    int64_t tenant = work->tenant;
    const char *secret;

    *has = false;
    if (!before)
        return true;
    work->tenant = before->id;
    *has = secret_get(work, SECRET_SETTING, &secret);
    work->tenant = tenant;
    return *has || work->error.what == NOT_FOUND;
}

bool webhook_settings_secret(struct work *work, const struct tenant *before, json_object *config,
                             bool patch, const char **shown_once)
{
    json_object *given = NULL;
    bool named = json_object_object_get_ex(config, SECRET_SETTING, &given), has;

    *shown_once = NULL;
    if (given || !names_receiver(work, before, config, patch))
        return true;
    if (!has_secret(work, before, &has))
        return false;
    if (has && !named)
        return true;
    *shown_once = webhook_new_secret(work);
    json_object_object_add(config, SECRET_SETTING, json_object_new_string(*shown_once));
    return true;
}
