#include "domain/sessions.h"

#include <string.h>

#include "domain/call_state.h"
#include "domain/calls.h"
#include "domain/events.h"
#include "domain/tokens.h"
#include "domain/words.h"

static const char *const transports[] = {"media_stream", "relay", "provider_sip", "gather", "web",
                                         "imported",     NULL};
static const char *const results[] = {"completed", "transferred", "failed", NULL};

static const struct column columns_of_session[] = {
    COLUMN(voice_session, tenant_id, NOT_NULL),
    COLUMN(voice_session, id, NOT_NULL),
    COLUMN(voice_session, call_id, NULLABLE),
    COLUMN(voice_session, room_id, NULLABLE),
    COLUMN(voice_session, transport, NOT_NULL, .one_of = transports),
    COLUMN(voice_session, stream_sid, NULLABLE, .max = 64),
    COLUMN(voice_session, relay_sid, NULLABLE, .max = 64),
    COLUMN(voice_session, state, NOT_NULL, .one_of = session_states),
    COLUMN(voice_session, state_rank, NOT_NULL),
    COLUMN(voice_session, result, NULLABLE, .one_of = results),
    COLUMN(voice_session, node_id, NULLABLE),
    COLUMN(voice_session, node_epoch, NULLABLE),
    COLUMN(voice_session, token_hash, NULLABLE, .secret = true),
    COLUMN(voice_session, token_expires_at, NULLABLE),
    COLUMN(voice_session, resume_of, NULLABLE),
    COLUMN(voice_session, resume_count, NOT_NULL),
    COLUMN(voice_session, call_type, NULLABLE, .max = 24),
    COLUMN(voice_session, customer_phone, NULLABLE, .max = 32),
    COLUMN(voice_session, agent_id, NULLABLE),
    COLUMN(voice_session, agent_version_id, NULLABLE),
    COLUMN(voice_session, agent_name, NULLABLE, .max = 190),
    COLUMN(voice_session, model, NULLABLE, .max = 80),
    COLUMN(voice_session, voice, NULLABLE, .max = 80),
    COLUMN(voice_session, greeting, NULLABLE, .max = 16000),
    COLUMN(voice_session, org_ref, NULLABLE, .max = 64),
    COLUMN(voice_session, language, NULLABLE, .max = 16),
    COLUMN(voice_session, started_at, NOT_NULL),
    COLUMN(voice_session, connected_at, NULLABLE),
    COLUMN(voice_session, ended_at, NULLABLE),
    COLUMN(voice_session, duration_ms, NULLABLE),
    COLUMN(voice_session, turn_count, NOT_NULL),
    COLUMN(voice_session, summary, NULLABLE, .max = 60000),
    COLUMN(voice_session, sentiment, NULLABLE, .max = 32),
    COLUMN(voice_session, rating, NULLABLE, .least = 0, .most = 10),
    COLUMN(voice_session, tags, NOT_NULL),
    COLUMN(voice_session, vad_events, NOT_NULL),
    COLUMN(voice_session, imported_transcript, NULLABLE),
    COLUMN(voice_session, imported_functions, NULLABLE),
    COLUMN(voice_session, metadata, NOT_NULL),
    COLUMN(voice_session, model_segments, NOT_NULL),
    COLUMN(voice_session, spool_seq, NOT_NULL),
    COLUMN(voice_session, created_at, NOT_NULL),
    COLUMN(voice_session, updated_at, NOT_NULL),
    COLUMN(voice_session, rev, NOT_NULL),
};

const struct entity voice_session_entity =
    ENTITY(voice_session, "voice session", "voice_sessions", columns_of_session);

void session_begin(struct voice_session *session)
{
    row_clear(&voice_session_entity, session);
    session->id = uid_new();
    session->transport = "media_stream";
    session->state = "pending";
    session->started_at = clock_now();
    session->tags = session->vad_events = (document){"[]"};
    session->metadata = (document){"{}"};
    session->resume_count = session->turn_count = 0;
    session->model_segments = session->spool_seq = 0;
}

bool session_insert(struct work *work, const struct voice_session *session)
{
    struct voice_session row = *session;

    row.state_rank = session_state_rank(row.state);
    row.created_at = row.updated_at = clock_now();
    return store_insert(work, &voice_session_entity, &row, columns_all(&voice_session_entity));
}

bool session_get(struct work *work, uid id, struct voice_session *session)
{
    return store_get(work, &voice_session_entity, id, session);
}

/* The session that a condition with its parameters names; the newest when there are several. */
static bool find(struct work *work, const char *where, const struct param *params, size_t nparams,
                 struct voice_session *session)
{
    const char *sql = arena_format(&work->arena,
                                   "SELECT %s FROM voice_sessions WHERE tenant_id = ? AND %s"
                                   " ORDER BY id DESC LIMIT 1",
                                   store_names(work, &voice_session_entity, NULL), where);

    return db_find(work, sql, params, nparams, &voice_session_entity, session);
}

bool session_of_call(struct work *work, uid call, struct voice_session *session)
{
    const struct param params[] = {PARAM(work->tenant), PARAM(call)};

    return find(work, "call_id = ? AND state <> 'expired'", params, COUNT(params), session);
}

/* By the carrier's stream SID, by another noted name, by the SID derived from the key. */
static bool find_by_sid(struct work *work, const char *sid, struct voice_session *session)
{
    const struct param params[] = {PARAM(work->tenant), PARAM(sid)};
    const struct param alias[] = {PARAM(work->tenant), PARAM(sid), PARAM(work->tenant)};
    uid id;

    if (find(work, "stream_sid = ?", params, COUNT(params), session))
        return true;
    if (work->error.what != NOT_FOUND)
        return false;
    if (find(work, "id = (SELECT session_id FROM call_aliases WHERE alias = ? AND tenant_id = ?)",
             alias, COUNT(alias), session))
        return true;
    return work->error.what == NOT_FOUND && uid_read_hex(sid + 2, &id) &&
           session_get(work, id, session);
}

/* What a client brought in is called as it was there; another text would not compare. */
static bool find_by_stream(struct work *work, const char *stream, struct voice_session *session)
{
    const struct param params[] = {PARAM(work->tenant), PARAM(stream)};

    for (const char *c = stream; *c; c++)
        if (*c <= ' ' || *c > '~')
            return fail(work, NOT_FOUND, "The voice session does not exist");
    return find(work, "stream_sid = ?", params, COUNT(params), session);
}

bool session_resolve(struct work *work, const char *text, struct voice_session *session)
{
    static const char *const prefixes[] = {"SES-", "session_", NULL};
    uid id;

    if (word_sid(text))
        return find_by_sid(work, text, session);
    if (uid_read(text, prefixes, &id) && session_get(work, id, session))
        return true;
    return work->error.what != BUSY && find_by_stream(work, text, session);
}

enum { TOKEN_LIFE_MS = 120 * 1000 };

/*
 * With an agent's version a node may take the call while the store is away.  Whom a leg of a room
 * is to meet is known in the store alone: its token has none, so that it waits.
 */
char *session_first_token(struct work *work, struct voice_session *session)
{
    const struct token token = {
        .tenant_id = work->tenant,
        .call = session->call_id,
        .session = session->id,
        .agent_version = uid_is_none(session->room_id) ? session->agent_version_id : NO_UID,
        .expires_at = instant_after(clock_now(), TOKEN_LIFE_MS),
    };
    bool relay = strcmp(session->transport, "relay") == 0;
    char *text = token_make(work, relay ? TOKEN_RELAY : TOKEN_STREAM, &token);
    hash256 hash = token_hash(text);

    session->token_expires_at = token.expires_at;
    session->token_hash = (bytes){(const unsigned char *)arena_copy(
                                      &work->arena, (const char *)hash.bytes, sizeof hash.bytes),
                                  sizeof hash.bytes};
    return text;
}

bool session_issue_token(struct work *work, const struct voice_session *session, char **text)
{
    static const char sql[] =
        "UPDATE voice_sessions SET token_hash = ?, token_expires_at = ?, updated_at = ?,"
        " rev = rev + 1 WHERE tenant_id = ? AND id = ? AND state = 'pending'";
    struct voice_session row = *session;
    instant now = clock_now();
    const struct param params[] = {PARAM(row.token_hash), PARAM(row.token_expires_at), PARAM(now),
                                   PARAM(work->tenant), PARAM(row.id)};
    uint64_t changed;

    *text = session_first_token(work, &row);
    if (!db_execute(work, sql, params, COUNT(params), &changed))
        return false;
    return changed == 1 || fail(work, WRONG_STATE, "The session was connected already");
}
