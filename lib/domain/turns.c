#include "domain/turns.h"

static const char *const roles[] = {"user", "assistant", "system", "tool", "operator", NULL};

static const struct column columns_of_turn[] = {
    COLUMN(turn, tenant_id, NOT_NULL),
    COLUMN(turn, session_id, NOT_NULL),
    COLUMN(turn, seq, NOT_NULL),
    COLUMN(turn, call_id, NULLABLE),
    COLUMN(turn, role, NOT_NULL, .one_of = roles),
    COLUMN(turn, text, NOT_NULL, .max = 65535),
    COLUMN(turn, translation, NULLABLE, .max = 65535),
    COLUMN(turn, occurred_at, NOT_NULL),
    COLUMN(turn, start_ms, NULLABLE),
    COLUMN(turn, end_ms, NULLABLE),
    COLUMN(turn, interrupted, NOT_NULL),
    COLUMN(turn, heard_ms, NULLABLE),
    COLUMN(turn, confidence, NULLABLE),
    COLUMN(turn, language, NULLABLE, .max = 16),
    COLUMN(turn, item_ref, NULLABLE, .max = 64),
    COLUMN(turn, llm_first_token_ms, NULLABLE),
    COLUMN(turn, e2e_first_audio_ms, NULLABLE),
    COLUMN(turn, redactions, NOT_NULL),
};

/* Its key is (session, seq), so the generic store does not serve it. */
const struct entity turn_entity = ENTITY(turn, "turn", NULL, columns_of_turn);

#define TURN_COLUMNS                                                                               \
    "tenant_id, session_id, seq, call_id, role, text, translation, occurred_at, start_ms, "        \
    "end_ms, interrupted, heard_ms, confidence, language, item_ref, llm_first_token_ms, "          \
    "e2e_first_audio_ms, redactions"

static bool put_one(struct work *work, const struct turn *turn)
{
    static const char sql[] =
        "INSERT INTO call_turns (" TURN_COLUMNS ")"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON DUPLICATE KEY UPDATE role = VALUES(role), text = VALUES(text),"
        " translation = VALUES(translation), occurred_at = VALUES(occurred_at),"
        " item_ref = VALUES(item_ref),"
        " start_ms = VALUES(start_ms), end_ms = VALUES(end_ms),"
        " interrupted = VALUES(interrupted), heard_ms = VALUES(heard_ms),"
        " confidence = VALUES(confidence), language = VALUES(language),"
        " llm_first_token_ms = VALUES(llm_first_token_ms),"
        " e2e_first_audio_ms = VALUES(e2e_first_audio_ms), redactions = VALUES(redactions)";
    const struct param params[] = {
        PARAM(work->tenant),
        PARAM(turn->session_id),
        PARAM(turn->seq),
        PARAM(turn->call_id),
        PARAM(turn->role),
        PARAM(turn->text),
        PARAM(turn->translation),
        PARAM(turn->occurred_at),
        PARAM(turn->start_ms),
        PARAM(turn->end_ms),
        PARAM(turn->interrupted),
        PARAM(turn->heard_ms),
        PARAM(turn->confidence),
        PARAM(turn->language),
        PARAM(turn->item_ref),
        PARAM(turn->llm_first_token_ms),
        PARAM(turn->e2e_first_audio_ms),
        PARAM(turn->redactions),
    };

    return db_execute(work, sql, params, COUNT(params), NULL);
}

/* Counting anew gives the same number however often a batch is repeated. */
static bool count_session(struct work *work, uid session)
{
    static const char sql[] =
        "UPDATE voice_sessions SET turn_count = (SELECT COUNT(*) FROM call_turns AS t"
        " WHERE t.tenant_id = voice_sessions.tenant_id AND t.session_id = voice_sessions.id)"
        " WHERE tenant_id = ? AND id = ?";
    const struct param params[] = {PARAM(work->tenant), PARAM(session)};

    return db_execute(work, sql, params, COUNT(params), NULL);
}

static bool count_call(struct work *work, uid call)
{
    static const char sql[] = "UPDATE calls SET turn_count = (SELECT COUNT(*) FROM call_turns AS t"
                              " WHERE t.tenant_id = calls.tenant_id AND t.call_id = calls.id)"
                              " WHERE tenant_id = ? AND id = ?";
    const struct param params[] = {PARAM(work->tenant), PARAM(call)};

    return uid_is_none(call) || db_execute(work, sql, params, COUNT(params), NULL);
}

struct batch {
    const struct turn *turns;
    size_t count;
};

/* Turns of one session follow each other, so each run of them is counted once. */
static bool put_batch(struct work *work, void *with)
{
    const struct batch *batch = with;

    for (size_t i = 0; i < batch->count; i++) {
        const struct turn *turn = &batch->turns[i];
        bool last = i + 1 == batch->count || !uid_equal(turn[1].session_id, turn->session_id);

        if (!put_one(work, turn))
            return false;
        if (last && !(count_session(work, turn->session_id) && count_call(work, turn->call_id)))
            return false;
    }
    return true;
}

bool turns_put(struct work *work, const struct turn *turns, size_t count)
{
    struct batch batch = {turns, count};

    return db_transaction(work, put_batch, &batch);
}

bool turns_of_call(struct work *work, uid call, struct rows *turns)
{
    static const char sql[] = "SELECT " TURN_COLUMNS " FROM call_turns"
                              " WHERE tenant_id = ? AND call_id = ? ORDER BY session_id, seq";
    const struct param params[] = {PARAM(work->tenant), PARAM(call)};

    return db_select(work, sql, params, COUNT(params), &turn_entity, turns);
}

bool turns_of_session(struct work *work, uid session, struct rows *turns)
{
    static const char sql[] = "SELECT " TURN_COLUMNS " FROM call_turns"
                              " WHERE tenant_id = ? AND session_id = ? ORDER BY seq";
    const struct param params[] = {PARAM(work->tenant), PARAM(session)};

    return db_select(work, sql, params, COUNT(params), &turn_entity, turns);
}
