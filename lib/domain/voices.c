#include "domain/voices.h"

#include <string.h>

#include "core/config.h"
#include "core/json.h"
#include "core/text.h"
#include "domain/agents.h"
#include "domain/secrets.h"
#include "domain/tenants.h"

#define API_KEY "elevenlabs.api_key"
#define ELEVENLABS_MODEL "eleven_flash_v2_5" /* the quickest, in 32 languages */

enum { DAY_MS = 24 * 60 * 60 * 1000, CACHED_MS = 15 * 60 * 1000 };

/* ---- choosing ---- */

/* The number or truth of either spelling, as it stands. */
static void add_setting(struct text *text, json_object *from, const char *snake, const char *camel)
{
    json_object *value = json_member(from, snake);

    if (!value)
        value = json_member(from, camel);
    if (!json_object_is_type(value, json_type_int) &&
        !json_object_is_type(value, json_type_double) &&
        !json_object_is_type(value, json_type_boolean))
        return;
    text_add(text, "%s\"%s\":%s", text->length > 1 ? "," : "", snake,
             json_object_to_json_string(value));
}

static const char *read_settings(struct arena *arena, json_object *voice)
{
    struct text text = {.arena = arena};
    json_object *from = json_member(voice, "settings");

    if (!json_object_is_type(from, json_type_object))
        from = voice;
    text_put(&text, "{");
    add_setting(&text, from, "stability", "stability");
    add_setting(&text, from, "similarity_boost", "similarityBoost");
    add_setting(&text, from, "style", "style");
    add_setting(&text, from, "speed", "speed");
    add_setting(&text, from, "use_speaker_boost", "useSpeakerBoost");
    text_put(&text, "}");
    return text.at;
}

/* What the version says, in either spelling, else the tenant's document. */
static const char *named(struct work *work, json_object *voice, const char *snake,
                         const char *camel, const struct tenant *tenant, const char *path)
{
    const char *text = json_text(voice, snake);

    if (!text || !*text)
        text = json_text(voice, camel);
    return text && *text ? arena_text(&work->arena, text) : tenant_setting(work, tenant, path);
}

static bool read_choice(struct work *work, const struct tenant *tenant,
                        const struct agent_version *version, struct voice_choice *choice)
{
    json_object *config = version->config.json ? json_parse(version->config.json) : NULL;
    json_object *voice = json_member(config, "voice_settings");
    const char *provider =
        named(work, voice, "provider", "provider", tenant, "audio_output_provider");
    bool elsewhere = provider && strcmp(provider, VOICE_ELEVENLABS) == 0;

    *choice = (struct voice_choice){.provider = elsewhere ? VOICE_ELEVENLABS : VOICE_OPENAI};
    if (elsewhere) {
        choice->voice_id = named(work, voice, "voice_id", "voiceId", tenant, "elevenlabs.voice_id");
        choice->model_id = named(work, voice, "model_id", "modelId", tenant, "elevenlabs.model_id");
        choice->settings_json = read_settings(&work->arena, voice);
    }
    json_object_put(config);
    return elsewhere;
}

/* The tenant's own key, else the server's; NULL when there is neither. */
static bool find_key(struct work *work, const char **key)
{
    const char *server = work->config->elevenlabs_api_key;

    *key = server && *server ? server : NULL;
    return secret_get(work, API_KEY, key) || work->error.what == NOT_FOUND;
}

static bool is_cooling_down(struct work *work, bool *cooling)
{
    static const char sql[] = "SELECT 1 FROM session_voices WHERE tenant_id = ?"
                              " AND failed_at > ? LIMIT 1";
    instant since = instant_after(clock_now(), -VOICE_COOL_DOWN_MS);
    const struct param params[] = {PARAM(work->tenant), PARAM(since)};
    int64_t found;

    if (!db_number(work, sql, params, COUNT(params), 0, &found))
        return false;
    *cooling = found != 0;
    return true;
}

bool voice_choose(struct work *work, const struct tenant *tenant,
                  const struct agent_version *version, struct voice_choice *choice)
{
    bool cooling = false;

    if (!read_choice(work, tenant, version, choice))
        return true;
    if (!find_key(work, &choice->api_key) || !is_cooling_down(work, &cooling))
        return false;
    if (!choice->model_id)
        choice->model_id = ELEVENLABS_MODEL;
    if (!choice->voice_id || !choice->api_key)
        choice->obstacle = VOICE_NOT_CONFIGURED;
    else if (cooling)
        choice->obstacle = VOICE_COOLING_DOWN;
    return true;
}

/* ---- how it went ---- */

bool voice_use_put(struct work *work, const struct voice_use *use)
{
    static const char sql[] =
        "INSERT INTO session_voices (tenant_id, session_id, provider, effective, fallback_reason,"
        " failed_at, utterances, first_audio_ms, used_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON DUPLICATE KEY UPDATE effective = VALUES(effective),"
        " fallback_reason = VALUES(fallback_reason), failed_at = VALUES(failed_at),"
        " utterances = VALUES(utterances), first_audio_ms = VALUES(first_audio_ms),"
        " used_at = VALUES(used_at)";
    const struct param params[] = {
        PARAM(work->tenant),    PARAM(use->session_id),      PARAM(use->provider),
        PARAM(use->effective),  PARAM(use->fallback_reason), PARAM(use->failed_at),
        PARAM(use->utterances), PARAM(use->first_audio_ms),  PARAM(use->used_at),
    };

    return db_execute(work, sql, params, COUNT(params), NULL);
}

/* ---- diagnostics ---- */

/* What the database says of a tenant; the rest of its state follows from it. */
struct seen {
    const char *tenant_key;
    document config;
    bool has_key, cached, is_cooling;
    int64_t active_sessions;
    const char *last_provider, *last_reason, *last_error;
    instant last_error_at;
    int64_t spoken_sessions, fallback_sessions, first_audio_ms;
};

static const struct column columns_of_seen[] = {
    COLUMN(seen, tenant_key, NOT_NULL),      COLUMN(seen, config, NOT_NULL),
    COLUMN(seen, has_key, NOT_NULL),         COLUMN(seen, cached, NOT_NULL),
    COLUMN(seen, is_cooling, NOT_NULL),      COLUMN(seen, active_sessions, NOT_NULL),
    COLUMN(seen, last_provider, NULLABLE),   COLUMN(seen, last_reason, NULLABLE),
    COLUMN(seen, last_error, NULLABLE),      COLUMN(seen, last_error_at, NULLABLE),
    COLUMN(seen, spoken_sessions, NOT_NULL), COLUMN(seen, fallback_sessions, NOT_NULL),
    COLUMN(seen, first_audio_ms, NULLABLE),
};

static const struct entity seen_entity = ENTITY(seen, "tenant", NULL, columns_of_seen);

static const struct column columns_of_state[] = {
    COLUMN(voice_state, tenant_key, NOT_NULL),
    COLUMN(voice_state, cached, NOT_NULL),
    COLUMN(voice_state, configured_provider, NOT_NULL),
    COLUMN(voice_state, effective_provider, NOT_NULL),
    COLUMN(voice_state, fallback_active, NOT_NULL),
    COLUMN(voice_state, fallback_reason, NULLABLE),
    COLUMN(voice_state, elevenlabs_configured, NOT_NULL),
    COLUMN(voice_state, elevenlabs_ready, NOT_NULL),
    COLUMN(voice_state, active_sessions, NOT_NULL),
    COLUMN(voice_state, last_error, NULLABLE),
    COLUMN(voice_state, last_error_at, NULLABLE),
    COLUMN(voice_state, spoken_sessions, NOT_NULL),
    COLUMN(voice_state, fallback_sessions, NOT_NULL),
    COLUMN(voice_state, first_audio_ms, NULLABLE),
};

const struct entity voice_state_entity = ENTITY(voice_state, "tenant", NULL, columns_of_state);

#define OF_DAY " FROM session_voices WHERE tenant_id = t.id AND used_at > ?"
#define NEWEST " FROM session_voices WHERE tenant_id = t.id ORDER BY used_at DESC LIMIT 1)"
#define FAILED                                                                                     \
    " FROM session_voices WHERE tenant_id = t.id AND failed_at > ? ORDER BY failed_at DESC LIMIT " \
    "1)"

/* What is seen of tenants; of one, or of all that "tenant" 0 stands for. */
static bool see(struct work *work, int64_t tenant, struct rows *rows)
{
#define SEEN                                                                                       \
    "SELECT t.tenant_key, t.config,"                                                               \
    " EXISTS (SELECT 1 FROM tenant_secrets AS k WHERE k.tenant_id = t.id"                          \
    "  AND k.name = '" API_KEY "') AS has_key,"                                                    \
    " EXISTS (SELECT 1 FROM voice_sessions AS s WHERE s.tenant_id = t.id"                          \
    "  AND s.started_at > ?) AS cached,"                                                           \
    " (SELECT COUNT(*) FROM voice_sessions AS s WHERE s.tenant_id = t.id"                          \
    "  AND s.state IN ('connecting', 'active', 'draining')"                                        \
    "  AND s.transport <> 'imported') AS active_sessions,"                                         \
    " EXISTS (SELECT 1 FROM session_voices WHERE tenant_id = t.id"                                 \
    "  AND failed_at > ?) AS is_cooling,"                                                          \
    " (SELECT provider" NEWEST " AS last_provider,"                                                \
    " (SELECT fallback_reason" NEWEST " AS last_reason,"                                           \
    " (SELECT fallback_reason" FAILED " AS last_error,"                                            \
    " (SELECT failed_at" FAILED " AS last_error_at,"                                               \
    " (SELECT COUNT(*)" OF_DAY " AND utterances > 0) AS spoken_sessions,"                          \
    " (SELECT COUNT(*)" OF_DAY " AND fallback_reason IS NOT NULL) AS fallback_sessions,"           \
    " (SELECT MAX(first_audio_ms)" OF_DAY ") AS first_audio_ms"                                    \
    " FROM tenants AS t WHERE t.deleted_at IS NULL"
    static const char all[] = SEEN " ORDER BY t.id LIMIT 2000";
    static const char one[] = SEEN " AND t.id = ?";
#undef SEEN
    instant now = clock_now(), recent = instant_after(now, -CACHED_MS);
    instant cooling = instant_after(now, -VOICE_COOL_DOWN_MS), day = instant_after(now, -DAY_MS);
    const struct param params[] = {PARAM(recent), PARAM(cooling), PARAM(day), PARAM(day),
                                   PARAM(day),    PARAM(day),     PARAM(day), PARAM(tenant)};
    size_t count = COUNT(params) - (tenant ? 0 : 1);

    return db_select(work, tenant ? one : all, params, count, &seen_entity, rows);
}

static struct voice_state judge(struct work *work, const struct seen *seen)
{
    const struct tenant tenant = {.config = seen->config};
    const char *asked = tenant_setting(work, &tenant, "audio_output_provider");
    const char *server = work->config->elevenlabs_api_key;
    bool has_key = seen->has_key || (server && *server), elsewhere, unnamed;
    struct voice_state state = {
        .tenant_key = seen->tenant_key,
        .cached = seen->cached || seen->active_sessions > 0,
        .configured_provider = VOICE_OPENAI,
        .elevenlabs_configured = has_key,
        .active_sessions = seen->active_sessions,
        .last_error = seen->last_error,
        .last_error_at = seen->last_error_at,
        .spoken_sessions = seen->spoken_sessions,
        .fallback_sessions = seen->fallback_sessions,
        .first_audio_ms = seen->first_audio_ms,
    };

    if (!asked)
        asked = seen->last_provider; /* its agents ask for themselves */
    elsewhere = asked && strcmp(asked, VOICE_ELEVENLABS) == 0;
    unnamed = elsewhere &&
              (seen->last_provider
                   ? seen->last_reason && strcmp(seen->last_reason, VOICE_NOT_CONFIGURED) == 0
                   : !tenant_setting(work, &tenant, "elevenlabs.voice_id"));
    if (elsewhere)
        state.configured_provider = VOICE_ELEVENLABS;
    state.elevenlabs_ready = has_key && !unnamed && !seen->is_cooling;
    state.fallback_active = elsewhere && !state.elevenlabs_ready;
    state.effective_provider =
        elsewhere && state.elevenlabs_ready ? VOICE_ELEVENLABS : VOICE_OPENAI;
    if (state.fallback_active)
        state.fallback_reason = !has_key || unnamed ? VOICE_NOT_CONFIGURED : seen->last_error;
    return state;
}

bool voice_states(struct work *work, struct rows *states)
{
    struct rows rows;
    struct voice_state *at;

    if (!see(work, 0, &rows))
        return false;
    at = arena_new(&work->arena, struct voice_state, rows.count + 1);
    *states = (struct rows){.at = at, .count = rows.count};
    for (size_t i = 0; i < rows.count; i++)
        at[i] = judge(work, (const struct seen *)rows.at + i);
    return true;
}

bool voice_state_of(struct work *work, int64_t tenant, struct voice_state *state)
{
    struct rows rows;

    if (!see(work, tenant, &rows))
        return false;
    if (!rows.count)
        return fail(work, NOT_FOUND, "No such tenant");
    *state = judge(work, rows.at);
    return true;
}
