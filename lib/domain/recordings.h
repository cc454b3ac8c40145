/*
 * domain/recordings.h - recordings of calls and where their bytes lie (reference 1.9).
 *
 * RECORDING_STORE says where: "database" keeps them in chunks, so that any web host serves them;
 * anything else is a directory in which a recording is one file below its tenant and day.
 */
#ifndef DOMAIN_RECORDINGS_H
#define DOMAIN_RECORDINGS_H

#include "db/store.h"

struct recording {
    int64_t tenant_id;
    uid id, call_id;
    const char *recording_sid;
    const char *source; /* carrier, bridge */
    const char *status; /* recording, processing, available, absent, failed, deleted */
    int64_t channels, duration_ms;
    const char *content_type;
    int64_t bytes;
    const char *location; /* key in the directory; NULL: chunks in the database */
    bytes sha256;
    bool encrypted;
    instant started_at, available_at, purge_after;
    const char *error;
    instant created_at, updated_at;
    int64_t rev;
};

extern const struct entity recording_entity;

/* A chunk is at most so large; Range requests read whole chunks of this size but the last. */
enum { RECORDING_CHUNK = 256 * 1024 };

/*
 * Begins a recording of ours: fills id (unless set), status "recording", location, and writes the
 * row.  Beginning one that exists is no error.  The caller sets call_id, channels, content_type.
 */
bool recording_begin(struct work *work, struct recording *recording);

/*
 * Adds the chunk "seq" (from 0, without gaps).  Every chunk but the last has RECORDING_CHUNK bytes.
 * Writing one again replaces it, so a spool may be replayed.
 */
bool recording_append_chunk(struct work *work, const struct recording *recording, int64_t seq,
                            const void *chunk, size_t length);

/* What is known of a recording when it is complete. */
struct recording_end {
    int64_t duration_ms, bytes;
    const unsigned char *sha256; /* 32 bytes; NULL: unknown */
    const char *error;           /* not NULL: it failed */
};

/*
 * recording -> available (or failed), once; the call's recording_count is counted anew, event
 * recording.available, and what waits for the recording in the outbox is let go.
 */
bool recording_finish(struct work *work, uid id, const struct recording_end *end);

/* The newest available recording of a call; NOT_FOUND while there is none. */
bool recording_of_call(struct work *work, uid call, struct recording *recording);

/* The tenant's recording of that SID, the carrier's or "RE" and the key's hex digits; NOT_FOUND. */
bool recording_by_sid(struct work *work, const char *sid, struct recording *recording);

/* Whether a recording of the call is under way (recording or processing). */
bool recording_is_pending(struct work *work, uid call, bool *pending);

/*
 * Reads "length" bytes from "offset" into the arena; fewer at the end.  NOT_FOUND when the bytes
 * are gone.  A reader of a long range asks for a chunk's worth at a time.
 */
bool recording_read(struct work *work, const struct recording *recording, int64_t offset,
                    size_t length, bytes *piece);

/* Removes the bytes and marks the row deleted. */
bool recording_purge(struct work *work, const struct recording *recording);

/* News of a recording the carrier makes (reference 5.7; twilio.md 2.3). */
struct carrier_recording {
    const char *recording_sid, *status; /* our words: recording, available, absent, failed */
    const char *url, *error;
    int64_t channels, duration_ms;
    instant started_at;
};

/*
 * Writes or updates the row of a carrier's recording; when the carrier has finished it, an outbox
 * row of topic "recording" orders the copy (payload: recording, call, url).
 */
bool recording_note_carrier(struct work *work, uid call, const struct carrier_recording *news);

#endif
