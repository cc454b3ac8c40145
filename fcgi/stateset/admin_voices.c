/*
 * Whose voice the tenants' calls are spoken with, and where another than the wanted one is.
 */
#include <string.h>

#include "domain/process_figures.h"
#include "domain/voices.h"
#include "fcgi/stateset/stateset.h"

enum { USUAL = 100, MOST = 1000 };

struct diagnostics {
    bool ok;
    int64_t cached_tenants, uncached_tenants, evaluated_tenants;
    bool include_uncached_requested, uncached_scan_supported;
    int64_t configured_openai, configured_elevenlabs, effective_openai, effective_elevenlabs;
    int64_t fallback_active, fallback_not_configured, fallback_unavailable, count;
    struct rows items;
};

static const struct column diagnostics_columns[] = {
    COLUMN(diagnostics, ok, NOT_NULL),
    COLUMN(diagnostics, cached_tenants, NOT_NULL),
    COLUMN(diagnostics, uncached_tenants, NOT_NULL),
    COLUMN(diagnostics, evaluated_tenants, NOT_NULL),
    COLUMN(diagnostics, include_uncached_requested, NOT_NULL),
    COLUMN(diagnostics, uncached_scan_supported, NOT_NULL),
    COLUMN(diagnostics, configured_openai, NOT_NULL),
    COLUMN(diagnostics, configured_elevenlabs, NOT_NULL),
    COLUMN(diagnostics, effective_openai, NOT_NULL),
    COLUMN(diagnostics, effective_elevenlabs, NOT_NULL),
    COLUMN(diagnostics, fallback_active, NOT_NULL),
    COLUMN(diagnostics, fallback_not_configured, NOT_NULL),
    COLUMN(diagnostics, fallback_unavailable, NOT_NULL),
    COLUMN(diagnostics, count, NOT_NULL),
};

static const struct entity diagnostics_entity =
    ENTITY(diagnostics, "diagnostics", NULL, diagnostics_columns);

static const struct field item_fields[] = {
    /* clang-format off */
    FIELD(voice_state, tenant_key,            "tenant_id",             READ),
    FIELD(voice_state, cached,                "cached",                READ, .about = "It had a session in the last 15 minutes."),
    FIELD(voice_state, configured_provider,   "configured_provider",   READ, .about = "openai or elevenlabs."),
    FIELD(voice_state, effective_provider,    "effective_provider",    READ),
    FIELD(voice_state, fallback_active,       "fallback_active",       READ),
    FIELD(voice_state, fallback_reason,       "fallback_reason",       READ | PRESENT, .about = "not_configured, or how the voice failed last."),
    FIELD(voice_state, elevenlabs_configured, "elevenlabs_configured", READ),
    FIELD(voice_state, elevenlabs_ready,      "elevenlabs_ready",      READ),
    FIELD(voice_state, active_sessions,       "active_sessions",       READ),
    FIELD(voice_state, last_error,            "last_error",            READ | PRESENT, .about = "Of the last 24 hours, as what follows."),
    FIELD(voice_state, last_error_at,         "last_error_at",         READ | PRESENT),
    FIELD(voice_state, spoken_sessions,       "spoken_sessions",       READ, .about = "Sessions that were spoken by the other voice, at least in part."),
    FIELD(voice_state, fallback_sessions,     "fallback_sessions",     READ),
    FIELD(voice_state, first_audio_ms,        "first_audio_ms",        READ | PRESENT, .about = "The longest wait from the first words to the first sound."),
    /* clang-format on */
};

static const struct view item_view =
    VIEW("AdminAudioProviderDiagnosticsItem", voice_state_entity, item_fields);

static const struct field diagnostics_fields[] = {
    /* clang-format off */
    FIELD(diagnostics, ok,                         "ok",                         READ),
    FIELD(diagnostics, cached_tenants,             "cached_tenants",             READ),
    FIELD(diagnostics, uncached_tenants,           "uncached_tenants",           READ),
    FIELD(diagnostics, evaluated_tenants,          "evaluated_tenants",          READ),
    FIELD(diagnostics, include_uncached_requested, "include_uncached_requested", READ),
    FIELD(diagnostics, uncached_scan_supported,    "uncached_scan_supported",    READ),
    FIELD(diagnostics, configured_openai,          "configured_openai",          READ),
    FIELD(diagnostics, configured_elevenlabs,      "configured_elevenlabs",      READ),
    FIELD(diagnostics, effective_openai,           "effective_openai",           READ),
    FIELD(diagnostics, effective_elevenlabs,       "effective_elevenlabs",       READ),
    FIELD(diagnostics, fallback_active,            "fallback_active",            READ),
    FIELD(diagnostics, fallback_not_configured,    "fallback_not_configured",    READ),
    FIELD(diagnostics, fallback_unavailable,       "fallback_unavailable",       READ),
    FIELD(diagnostics, count,                      "count",                      READ),
    ROWS(diagnostics, items,                       "items", item_view,           READ),
    /* clang-format on */
};

const struct view admin_voices_view =
    VIEW("AdminAudioProviderDiagnosticsResponse", diagnostics_entity, diagnostics_fields);

static void count(struct diagnostics *sums, const struct voice_state *state)
{
    bool unconfigured = state->fallback_active && state->fallback_reason &&
                        strcmp(state->fallback_reason, VOICE_NOT_CONFIGURED) == 0;

    sums->evaluated_tenants++;
    if (state->cached)
        sums->cached_tenants++;
    else
        sums->uncached_tenants++;
    if (strcmp(state->configured_provider, VOICE_ELEVENLABS) == 0)
        sums->configured_elevenlabs++;
    else
        sums->configured_openai++;
    if (strcmp(state->effective_provider, VOICE_ELEVENLABS) == 0)
        sums->effective_elevenlabs++;
    else
        sums->effective_openai++;
    sums->fallback_active += state->fallback_active;
    sums->fallback_not_configured += unconfigured;
    sums->fallback_unavailable += state->fallback_active && !unconfigured;
}

/* Marks those that a process holds, as /cached lists them. */
static bool mark_cached(struct work *work, struct rows *states)
{
    struct voice_state *state = states->at;
    const struct cached_tenant *cached;
    struct rows rows;

    if (!cached_tenants_list(work, &rows))
        return false;
    cached = rows.at;
    for (size_t i = 0; i < states->count; i++)
        for (size_t j = 0; j < rows.count && !state[i].cached; j++)
            state[i].cached = strcmp(state[i].tenant_key, cached[j].tenant_key) == 0;
    return true;
}

static void leave_out_uncached(struct rows *states)
{
    struct voice_state *state = states->at;
    size_t kept = 0;

    for (size_t i = 0; i < states->count; i++)
        if (state[i].cached)
            state[kept++] = state[i];
    states->count = kept;
}

bool admin_list_voices(struct request *req)
{
    const char *uncached = request_query(req, "include_uncached");
    struct diagnostics answer = {.ok = true, .uncached_scan_supported = true};
    size_t limit = stateset_number_in(req, "limit", USUAL, MOST);

    answer.include_uncached_requested = uncached && strcmp(uncached, "true") == 0;
    if (!voice_states(&req->work, &answer.items) || !mark_cached(&req->work, &answer.items))
        return false;
    if (!answer.include_uncached_requested)
        leave_out_uncached(&answer.items);
    for (size_t i = 0; i < answer.items.count; i++)
        count(&answer, (const struct voice_state *)answer.items.at + i);
    if (answer.items.count > limit)
        answer.items.count = limit;
    answer.count = (int64_t)answer.items.count;
    return reply_row(req, 200, &admin_voices_view, &answer);
}
