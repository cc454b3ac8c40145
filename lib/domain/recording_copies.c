#include "domain/recording_copies.h"

#include <string.h>

#include "core/crypto.h"
#include "domain/calls.h"
#include "domain/recording_files.h"
#include "domain/recordings.h"
#include "domain/silent_calls.h"

enum { LARGEST_COPY = 64 * 1024 * 1024 };

/* Where the bytes go is decided when they come, by the store there is then. */
static bool choose_place(struct work *work, struct recording *recording)
{
    columns given =
        columns_add(NO_COLUMNS, &recording_entity, offsetof(struct recording, location));

    if (instant_is_none(recording->started_at))
        recording->started_at = recording->created_at;
    recording->location = recording_file_name(work, recording);
    recording->content_type = "audio/mpeg";
    given = columns_add(given, &recording_entity, offsetof(struct recording, content_type));
    return store_update(work, &recording_entity, recording, given);
}

static bool store_bytes(struct work *work, const struct recording *recording, bytes copy)
{
    hash256 digest = sha256(copy.at, copy.length);
    const struct recording_end end = {
        .duration_ms = recording->duration_ms,
        .bytes = (int64_t)copy.length,
        .sha256 = digest.bytes,
    };

    for (size_t at = 0; at < copy.length; at += RECORDING_CHUNK) {
        size_t left = copy.length - at;

        if (!recording_append_chunk(work, recording, (int64_t)(at / RECORDING_CHUNK), copy.at + at,
                                    left < RECORDING_CHUNK ? left : RECORDING_CHUNK))
            return false;
    }
    return recording_finish(work, recording->id, &end);
}

/* The address is made of what we know, never taken from a callback: credentials go along. */
static bool fetch(struct work *work, const struct recording *recording, bytes *copy)
{
    const char *path = arena_format(&work->arena, "/Recordings/%s.mp3%s", recording->recording_sid,
                                    recording->channels == 2 ? "?RequestedChannels=2" : "");
    struct carrier carrier;
    struct call call;
    const char *body;

    if (!call_get(work, recording->call_id, &call) || !carrier_of_call(work, &call, &carrier) ||
        !twilio_get(work, &carrier, path, LARGEST_COPY, &body, &copy->length))
        return false;
    copy->at = (const unsigned char *)body;
    return copy->length > 0 || fail(work, UPSTREAM, "The carrier's recording is empty");
}

static bool give_up(struct work *work, const struct recording *recording)
{
    struct error error = work->error;
    const struct recording_end end = {
        .duration_ms = recording->duration_ms,
        .bytes = NO_INTEGER,
        .error = arena_text(&work->arena, error.message),
    };

    if (!recording_finish(work, recording->id, &end))
        return false;
    work->error = error;
    return false;
}

bool recording_copy(struct work *work, const struct outbox_row *row, bool last)
{
    struct recording recording;
    bytes copy = {0};

    if (!store_get(work, &recording_entity, row->subject_id, &recording))
        return work->error.what == NOT_FOUND; /* erased since */
    if (strcmp(recording.status, "processing") != 0 || !recording.recording_sid)
        return true;
    if (fetch(work, &recording, &copy))
        return choose_place(work, &recording) && store_bytes(work, &recording, copy);
    return last && work->error.what != BUSY ? give_up(work, &recording) : false;
}
