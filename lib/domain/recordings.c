#include "domain/recordings.h"

#include <string.h>

#include "core/text.h"
#include "domain/calls.h"
#include "domain/events.h"
#include "domain/outbox.h"
#include "domain/recording_files.h"
#include "domain/words.h"

static const char *const recording_sources[] = {"carrier", "bridge", NULL};
static const char *const recording_states[] = {"recording", "processing", "available", "absent",
                                               "failed",    "deleted",    NULL};

static const struct column columns_of_recording[] = {
    COLUMN(recording, tenant_id, NOT_NULL),
    COLUMN(recording, id, NOT_NULL),
    COLUMN(recording, call_id, NOT_NULL),
    COLUMN(recording, recording_sid, NULLABLE, .max = 34),
    COLUMN(recording, source, NOT_NULL, .one_of = recording_sources),
    COLUMN(recording, status, NOT_NULL, .one_of = recording_states),
    COLUMN(recording, channels, NOT_NULL),
    COLUMN(recording, duration_ms, NULLABLE),
    COLUMN(recording, content_type, NULLABLE, .max = 64),
    COLUMN(recording, bytes, NULLABLE),
    COLUMN(recording, location, NULLABLE, .max = 500),
    COLUMN(recording, sha256, NULLABLE),
    COLUMN(recording, encrypted, NOT_NULL),
    COLUMN(recording, started_at, NULLABLE),
    COLUMN(recording, available_at, NULLABLE),
    COLUMN(recording, purge_after, NULLABLE),
    COLUMN(recording, error, NULLABLE, .max = 500),
    COLUMN(recording, created_at, NOT_NULL),
    COLUMN(recording, updated_at, NOT_NULL),
    COLUMN(recording, rev, NOT_NULL),
};

const struct entity recording_entity =
    ENTITY(recording, "recording", "recordings", columns_of_recording);

enum { DAY_MS = 24 * 60 * 60 * 1000, KEPT_DAYS = 90 };

bool recording_begin(struct work *work, struct recording *recording)
{
    instant now = clock_now();

    if (uid_is_none(recording->id))
        recording->id = uid_new();
    if (instant_is_none(recording->started_at))
        recording->started_at = now;
    recording->source = "bridge";
    recording->status = "recording";
    recording->purge_after = instant_after(now, (int64_t)KEPT_DAYS * DAY_MS);
    recording->location = recording_file_name(work, recording);
    recording->created_at = recording->updated_at = now;
    if (store_insert(work, &recording_entity, recording, columns_all(&recording_entity)))
        return event_put(work, recording->call_id, NO_UID, "recording.started", "media", NULL);
    return work->error.what == CONFLICT &&
           store_get(work, &recording_entity, recording->id, recording);
}

static bool put_chunk(struct work *work, uid recording, int64_t seq, bytes chunk)
{
    static const char sql[] =
        "INSERT INTO recording_chunks (tenant_id, recording_id, seq, bytes) VALUES (?, ?, ?, ?)"
        " ON DUPLICATE KEY UPDATE bytes = VALUES(bytes)";
    const struct param params[] = {PARAM(work->tenant), PARAM(recording), PARAM(seq), PARAM(chunk)};

    return db_execute(work, sql, params, COUNT(params), NULL);
}

bool recording_append_chunk(struct work *work, const struct recording *recording, int64_t seq,
                            const void *chunk, size_t length)
{
    const bytes piece = {chunk, length};

    if (seq < 0 || length == 0 || length > RECORDING_CHUNK)
        return fail(work, INVALID, "A chunk has 1 to %d bytes", RECORDING_CHUNK);
    if (recording->location)
        return recording_file_write(work, recording, seq * RECORDING_CHUNK, piece);
    return put_chunk(work, recording->id, seq, piece);
}

struct finish {
    uid id;
    const struct recording_end *end;
};

static bool mark_finished(struct work *work, const struct finish *finish, bool *finished)
{
    static const char sql[] =
        "UPDATE recordings SET status = ?, duration_ms = ?, bytes = ?, sha256 = ?, error = ?,"
        " available_at = ?, updated_at = ?, rev = rev + 1"
        " WHERE tenant_id = ? AND id = ? AND status IN ('recording', 'processing')";
    const struct recording_end *end = finish->end;
    const char *status = end->error ? "failed" : "available";
    const char *error = word_text(&work->arena, end->error, 500);
    const bytes sha256 = {end->sha256, end->sha256 ? 32 : 0};
    instant now = clock_now();
    const struct param params[] = {
        PARAM(status),     PARAM(end->duration_ms),
        PARAM(end->bytes), PARAM(sha256),
        PARAM(error),      PARAM(now),
        PARAM(now),        PARAM(work->tenant),
        PARAM(finish->id),
    };
    uint64_t changed;

    if (!db_execute(work, sql, params, COUNT(params), &changed))
        return false;
    *finished = changed == 1;
    return true;
}

/* Who waited for the recording need wait no longer; who was told of the call is told again. */
static bool tell(struct work *work, const struct recording *recording, const struct call *call)
{
    char id[37], *dedupe;

    uid_write_uuid(recording->id, id);
    dedupe = arena_format(&work->arena, "call.updated:recording:%s", id);
    return outbox_release(work, "webhook", call->id) &&
           event_put(work, call->id, NO_UID,
                     arena_format(&work->arena, "recording.%s", recording->status), "media",
                     NULL) &&
           (instant_is_none(call->finalized_at) ||
            outbox_put(work, "webhook", call->id, "call.updated", NULL, dedupe));
}

static bool drop_bytes(struct work *work, const struct recording *recording)
{
    static const char sql[] =
        "DELETE FROM recording_chunks WHERE tenant_id = ? AND recording_id = ?";
    const struct param params[] = {PARAM(work->tenant), PARAM(recording->id)};

    return (!recording->location || recording_file_remove(work, recording)) &&
           db_execute(work, sql, params, COUNT(params), NULL);
}

/* What was deleted while its bytes were on their way keeps none of them. */
static bool finish_step(struct work *work, void *with)
{
    const struct finish *finish = with;
    struct recording recording;
    struct call call;
    bool finished;

    if (!mark_finished(work, finish, &finished) ||
        !store_get(work, &recording_entity, finish->id, &recording))
        return false;
    if (!finished)
        return strcmp(recording.status, "deleted") != 0 || drop_bytes(work, &recording);
    return call_recount(work, recording.call_id) && call_get(work, recording.call_id, &call) &&
           tell(work, &recording, &call);
}

bool recording_finish(struct work *work, uid id, const struct recording_end *end)
{
    struct finish finish = {id, end};

    return db_transaction(work, finish_step, &finish);
}

bool recording_of_call(struct work *work, uid call, struct recording *recording)
{
    const char *sql = arena_format(&work->arena,
                                   "SELECT %s FROM recordings WHERE tenant_id = ? AND call_id = ?"
                                   " AND status = 'available' ORDER BY id DESC LIMIT 1",
                                   store_names(work, &recording_entity, NULL));
    const struct param params[] = {PARAM(work->tenant), PARAM(call)};

    return db_find(work, sql, params, COUNT(params), &recording_entity, recording);
}

bool recording_by_sid(struct work *work, const char *sid, struct recording *recording)
{
    const char *sql = arena_format(
        &work->arena, "SELECT %s FROM recordings WHERE tenant_id = ? AND recording_sid = ?",
        store_names(work, &recording_entity, NULL));
    const struct param params[] = {PARAM(work->tenant), PARAM(sid)};
    uid id;

    if (!word_sid(sid) || sid[0] != 'R' || sid[1] != 'E')
        return fail(work, NOT_FOUND, "There is no such recording");
    if (db_find(work, sql, params, COUNT(params), &recording_entity, recording))
        return true;
    return work->error.what == NOT_FOUND && uid_read_hex(sid + 2, &id) &&
           store_get(work, &recording_entity, id, recording);
}

bool recording_is_pending(struct work *work, uid call, bool *pending)
{
    static const char sql[] = "SELECT COUNT(*) FROM recordings WHERE tenant_id = ?"
                              " AND call_id = ? AND status IN ('recording', 'processing')";
    const struct param params[] = {PARAM(work->tenant), PARAM(call)};
    int64_t count;

    if (!db_number(work, sql, params, COUNT(params), 0, &count))
        return false;
    *pending = count > 0;
    return true;
}

bool recording_purge(struct work *work, const struct recording *recording)
{
    static const char sql[] =
        "UPDATE recordings SET status = 'deleted', updated_at = ?, rev = rev + 1"
        " WHERE tenant_id = ? AND id = ?";
    instant now = clock_now();
    const struct param params[] = {PARAM(now), PARAM(work->tenant), PARAM(recording->id)};

    return drop_bytes(work, recording) && db_execute(work, sql, params, COUNT(params), NULL) &&
           call_recount(work, recording->call_id);
}
