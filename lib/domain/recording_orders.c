#include "domain/recording_orders.h"

#include <string.h>

#include "domain/audit.h"
#include "domain/call_state.h"
#include "domain/inbound.h"
#include "domain/silent_calls.h"
#include "remote/twilio.h"

enum { NOT_IN_PROGRESS = 21220 };

static bool is_not_live(struct work *work)
{
    return fail(work, WRONG_STATE, "The call is not in progress");
}

static bool running(struct work *work, uid call, struct recording *recording)
{
    const char *sql = arena_format(&work->arena,
                                   "SELECT %s FROM recordings WHERE tenant_id = ? AND call_id = ?"
                                   " AND source = 'carrier' AND status = 'recording'"
                                   " ORDER BY id DESC LIMIT 1",
                                   store_names(work, &recording_entity, NULL));
    const struct param params[] = {PARAM(work->tenant), PARAM(call)};

    return db_find(work, sql, params, COUNT(params), &recording_entity, recording);
}

static bool order_at_carrier(struct work *work, const struct call *call,
                             const struct recording_wish *wish, const char **sid)
{
    const struct carrier_setting settings[] = {
        {"RecordingStatusCallback", hook_url(work, "/hooks/twilio/recording")},
        {"RecordingStatusCallbackMethod", "POST"},
        {"RecordingStatusCallbackEvent", "in-progress completed absent"},
        {"RecordingChannels", wish->channels},
        {"RecordingTrack", wish->track},
        {"Trim", wish->trim},
    };
    struct carrier_outcome outcome;
    struct carrier carrier;

    if (!carrier_of_call(work, call, &carrier))
        return false;
    if (twilio_recording_start(work, &carrier, call->call_sid, settings, COUNT(settings), sid,
                               &outcome))
        return true;
    if (outcome.code == NOT_IN_PROGRESS || outcome.status == 404)
        return is_not_live(work);
    if (outcome.end == CARRIER_UNKNOWN)
        fail(work, BUSY, "The carrier did not say whether it records the call");
    return false;
}

bool recording_order(struct work *work, const struct call *call, const struct recording_wish *wish,
                     struct recording *recording, bool *begun)
{
    struct carrier_recording news = {.status = "recording", .duration_ms = NO_INTEGER};

    *begun = false;
    if (call->state_rank != RANK_LIVE)
        return is_not_live(work);
    if (running(work, call->id, recording))
        return true;
    if (work->error.what != NOT_FOUND || !order_at_carrier(work, call, wish, &news.recording_sid))
        return false;
    *begun = true;
    news.channels = wish->channels && strcmp(wish->channels, "dual") == 0 ? 2 : 1;
    news.started_at = clock_now();
    return recording_note_carrier(work, call->id, &news) &&
           recording_by_sid(work, news.recording_sid, recording);
}

bool recording_erase(struct work *work, const struct recording *recording, const char *actor)
{
    struct audit_row row = {.actor_kind = "api_key",
                            .actor = actor,
                            .action = "recording.deleted",
                            .object_kind = "recording"};
    char id[37];

    uid_write_uuid(recording->id, id);
    row.object_id = arena_text(&work->arena, id);
    return recording_purge(work, recording) && audit_put(work, &row);
}
