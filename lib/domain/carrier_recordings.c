#include "core/text.h"
#include "domain/events.h"
#include "domain/outbox.h"
#include "domain/recordings.h"
#include "domain/words.h"

#include <string.h>

/* News of one recording. */
struct noting {
    uid call;
    const struct carrier_recording *news;
};

/*
 * The carrier's row waits as "processing" until its bytes were copied.  States only move forward,
 * so that reordered callbacks leave what the later one said.
 */
static bool put_row(struct work *work, const struct noting *noting)
{
    static const char sql[] =
        "INSERT INTO recordings (tenant_id, id, call_id, recording_sid, source, status, channels,"
        " duration_ms, started_at, error, created_at, updated_at, rev)"
        " VALUES (?, ?, ?, ?, 'carrier', ?, ?, ?, ?, ?, ?, ?, 1) ON DUPLICATE KEY UPDATE"
        " status = IF(tenant_id = VALUES(tenant_id) AND status = 'recording', VALUES(status),"
        " status), duration_ms = COALESCE(duration_ms, VALUES(duration_ms)),"
        " error = COALESCE(error, VALUES(error)), updated_at = VALUES(updated_at), rev = rev + 1";
    const struct carrier_recording *news = noting->news;
    const char *status = strcmp(news->status, "available") == 0 ? "processing" : news->status;
    const char *error = word_text(&work->arena, news->error, 500);
    int64_t channels = news->channels == 2 ? 2 : 1;
    uid id = uid_new();
    instant now = clock_now();
    const struct param params[] = {
        PARAM(work->tenant),
        PARAM(id),
        PARAM(noting->call),
        PARAM(news->recording_sid),
        PARAM(status),
        PARAM(channels),
        PARAM(news->duration_ms),
        PARAM(news->started_at),
        PARAM(error),
        PARAM(now),
        PARAM(now),
    };

    return db_execute(work, sql, params, COUNT(params), NULL);
}

/* The copy is ordered once, whatever is repeated. */
static bool order_copy(struct work *work, const struct noting *noting)
{
    struct text payload = {.arena = &work->arena};
    struct recording recording;
    char id[37];

    if (!recording_by_sid(work, noting->news->recording_sid, &recording))
        return false;
    uid_write_uuid(recording.id, id);
    text_add(&payload, "{\"recording\":\"%s\",\"url\":", id);
    text_json(&payload, noting->news->url);
    text_char(&payload, '}');
    return outbox_put(work, "recording", recording.id, "recording.copy", payload.at,
                      arena_format(&work->arena, "recording:%s", id));
}

static bool note_step(struct work *work, void *with)
{
    const struct noting *noting = with;

    return put_row(work, noting) &&
           (strcmp(noting->news->status, "available") != 0 || order_copy(work, noting));
}

bool recording_note_carrier(struct work *work, uid call, const struct carrier_recording *news)
{
    struct noting noting = {call, news};

    if (!word_sid(news->recording_sid))
        return fail(work, INVALID, "That is no SID of a recording");
    return db_transaction(work, note_step, &noting);
}
