#include "domain/session_evals.h"

#include <math.h>
#include <string.h>

#include "core/json.h"
#include "core/text.h"
#include "domain/agents.h"
#include "domain/events.h"
#include "domain/outbox.h"
#include "domain/sessions.h"

static const struct column columns_of_eval[] = {
    COLUMN(session_eval, tenant_id, NOT_NULL),
    COLUMN(session_eval, id, NOT_NULL),
    COLUMN(session_eval, session_ref, NOT_NULL, .max = 64),
    COLUMN(session_eval, session_id, NULLABLE),
    COLUMN(session_eval, call_id, NULLABLE),
    COLUMN(session_eval, stream_sid, NULLABLE, .max = 64),
    COLUMN(session_eval, agent_id, NULLABLE),
    COLUMN(session_eval, agent_version_id, NULLABLE),
    COLUMN(session_eval, agent_key, NULLABLE, .max = 80),
    COLUMN(session_eval, agent_name, NULLABLE, .max = 190),
    COLUMN(session_eval, score, NOT_NULL),
    COLUMN(session_eval, notes, NULLABLE, .max = 16000),
    COLUMN(session_eval, source, NULLABLE, .max = 32),
    COLUMN(session_eval, tags, NOT_NULL),
    COLUMN(session_eval, rubric, NOT_NULL),
    COLUMN(session_eval, metadata, NOT_NULL),
    COLUMN(session_eval, created_at, NOT_NULL),
    COLUMN(session_eval, updated_at, NOT_NULL),
    COLUMN(session_eval, rev, NOT_NULL),
};

const struct entity session_eval_entity =
    ENTITY(session_eval, "evaluation", "session_evals", columns_of_eval);

enum { MOST_TAGS = 32, TAG_LENGTH = 80 };

static bool check_tags(struct work *work, document tags)
{
    json_object *list = json_parse(tags.json);
    bool ok =
        json_object_is_type(list, json_type_array) && json_object_array_length(list) <= MOST_TAGS;

    for (size_t i = 0; ok && i < json_object_array_length(list); i++) {
        json_object *tag = json_object_array_get_idx(list, i);

        ok = json_object_is_type(tag, json_type_string) &&
             json_object_get_string_len(tag) <= TAG_LENGTH;
    }
    json_object_put(list);
    return ok || fail_field(work, "tags", "tags must be at most %d texts of %d bytes", MOST_TAGS,
                            TAG_LENGTH);
}

/* The column is plain ASCII; so a source is a word. */
static bool is_word(const char *text)
{
    size_t length = strlen(text);

    return length && length <= 32 &&
           strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:-") ==
               length;
}

static bool check(struct work *work, struct session_eval *eval)
{
    if (!eval->source)
        eval->source = "auto";
    if (!eval->tags.json)
        eval->tags.json = "[]";
    if (!eval->rubric.json)
        eval->rubric.json = "{}";
    if (!eval->metadata.json)
        eval->metadata.json = "{}";
    if (!(eval->score >= 0 && eval->score <= 1))
        return fail_field(work, "score", "score must be a number from 0 to 1");
    if (!is_word(eval->source))
        return fail_field(work, "source", "source must be a word of at most 32 letters");
    if (eval->notes && strlen(eval->notes) > 16000)
        return fail_field(work, "notes", "notes must be at most 16000 bytes");
    return check_tags(work, eval->tags);
}

/* Sessions of an agent that was deleted keep its id and lose its key. */
static bool describe(struct work *work, const struct voice_session *session,
                     struct session_eval *eval)
{
    char uuid[37];
    struct agent agent;

    uid_write_uuid(session->id, uuid);
    eval->session_id = session->id;
    eval->call_id = session->call_id;
    eval->stream_sid = session->stream_sid;
    eval->session_ref = session->stream_sid ? session->stream_sid : arena_text(&work->arena, uuid);
    eval->agent_id = session->agent_id;
    eval->agent_version_id = session->agent_version_id;
    eval->agent_name = session->agent_name;
    eval->agent_key = NULL;
    if (uid_is_none(session->agent_id))
        return true;
    if (agent_find(work, session->agent_id, &agent)) {
        eval->agent_key = agent.agent_key;
        if (!eval->agent_name)
            eval->agent_name = agent.name;
        return true;
    }
    return work->error.what == NOT_FOUND;
}

static bool write(struct work *work, const struct session_eval *eval)
{
    static const char sql[] =
        "INSERT INTO session_evals (tenant_id, id, session_ref, session_id, call_id, stream_sid,"
        " agent_id, agent_version_id, agent_key, agent_name, score, notes, source, tags, rubric,"
        " metadata, created_at, updated_at, rev)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)"
        " ON DUPLICATE KEY UPDATE score = VALUES(score), notes = VALUES(notes),"
        " tags = VALUES(tags), rubric = VALUES(rubric), metadata = VALUES(metadata),"
        " updated_at = VALUES(updated_at), rev = rev + 1";
    const struct param params[] = {
        PARAM(work->tenant),      PARAM(eval->id),
        PARAM(eval->session_ref), PARAM(eval->session_id),
        PARAM(eval->call_id),     PARAM(eval->stream_sid),
        PARAM(eval->agent_id),    PARAM(eval->agent_version_id),
        PARAM(eval->agent_key),   PARAM(eval->agent_name),
        PARAM(eval->score),       PARAM(eval->notes),
        PARAM(eval->source),      PARAM(eval->tags),
        PARAM(eval->rubric),      PARAM(eval->metadata),
        PARAM(eval->created_at),  PARAM(eval->updated_at),
    };

    return db_execute(work, sql, params, COUNT(params), NULL);
}

static bool read_back(struct work *work, struct session_eval *eval)
{
    columns like = NO_COLUMNS;
    const struct session_eval wanted = *eval;

    like = columns_add(like, &session_eval_entity, offsetof(struct session_eval, session_ref));
    like = columns_add(like, &session_eval_entity, offsetof(struct session_eval, source));
    return store_find(work, &session_eval_entity, &wanted, like, eval);
}

static const char *news_of(struct work *work, const struct session_eval *eval)
{
    struct text out = {.arena = &work->arena};
    char id[37], session[37];

    uid_write_uuid(eval->id, id);
    uid_write_uuid(eval->session_id, session);
    text_add(&out, "{\"eval_id\":\"%s\",\"voice_session_id\":\"%s\",\"score\":", id, session);
    text_real(&out, eval->score);
    text_add(&out, ",\"tags\":%s,\"source\":", eval->tags.json);
    text_json(&out, eval->source);
    text_put(&out, ",\"notes\":");
    text_json(&out, eval->notes);
    text_char(&out, '}');
    return out.at;
}

/* An imported session has no call whose events it could be among. */
static bool tell(struct work *work, const struct session_eval *eval)
{
    const char *news = news_of(work, eval);

    return (uid_is_none(eval->call_id) || event_put(work, eval->call_id, eval->session_id,
                                                    "session.evaluated", "platform", news)) &&
           outbox_put(work, "webhook", eval->call_id, "session.evaluated", news, NULL);
}

struct recording {
    const struct session_eval given;
    struct session_eval written;
};

static bool put_step(struct work *work, void *with)
{
    struct recording *recording = with;

    recording->written = recording->given;
    return write(work, &recording->given) && read_back(work, &recording->written) &&
           tell(work, &recording->written);
}

bool session_eval_put(struct work *work, const char *session, struct session_eval *eval)
{
    struct voice_session found;

    if (!check(work, eval) || !session_resolve(work, session, &found) ||
        !describe(work, &found, eval))
        return false;
    eval->id = uid_new();
    eval->created_at = eval->updated_at = clock_now();
    struct recording recording = {.given = *eval};
    if (!db_transaction(work, put_step, &recording))
        return false;
    *eval = recording.written;
    return true;
}

bool session_eval_of(struct work *work, const char *session, struct session_eval *eval)
{
    const char *sql = arena_format(&work->arena,
                                   "SELECT %s FROM session_evals WHERE tenant_id = ?"
                                   " AND session_id = ? ORDER BY updated_at DESC, id DESC LIMIT 1",
                                   store_names(work, &session_eval_entity, NULL));
    struct voice_session found;

    if (!session_resolve(work, session, &found))
        return false;
    const struct param params[] = {PARAM(work->tenant), PARAM(found.id)};

    return db_find(work, sql, params, COUNT(params), &session_eval_entity, eval);
}

bool session_evals_list(struct work *work, const struct eval_filter *filter, struct page *page,
                        struct rows *evals)
{
    struct text where = {.arena = &work->arena};
    struct param *params = arena_new(&work->arena, struct param, 3);
    struct session_eval like;
    size_t count = 0;

    if (!isnan(filter->least)) {
        text_put(&where, " AND score >= ?");
        params[count++] = (struct param)PARAM(filter->least);
    }
    if (!isnan(filter->most)) {
        text_put(&where, " AND score <= ?");
        params[count++] = (struct param)PARAM(filter->most);
    }
    if (filter->tag) {
        text_put(&where, " AND JSON_CONTAINS(tags, JSON_QUOTE(?))");
        params[count++] = (struct param)PARAM(filter->tag);
    }
    page->order = NULL;
    page->where = count ? where.at + strlen(" AND ") : NULL;
    page->params = params;
    page->nparams = count;
    row_clear(&session_eval_entity, &like);
    return store_list(work, &session_eval_entity, &like, NO_COLUMNS, page, evals);
}

static const struct column columns_of_stats[] = {
    COLUMN(eval_stats, total_evals, NOT_NULL),
    COLUMN(eval_stats, evals_last_24h, NOT_NULL),
    COLUMN(eval_stats, avg_score, NULLABLE),
    COLUMN(eval_stats, high_quality_rate, NULLABLE),
};

const struct entity eval_stats_entity =
    ENTITY(eval_stats, "evaluation's statistics", NULL, columns_of_stats);

bool session_eval_stats(struct work *work, struct eval_stats *stats)
{
    static const char sql[] =
        "SELECT COUNT(*) AS total_evals, COUNT(IF(created_at >= ?, 1, NULL)) AS evals_last_24h,"
        " AVG(score) AS avg_score, AVG(IF(score >= ?, 1e0, 0e0)) AS high_quality_rate"
        " FROM session_evals FORCE INDEX (ix_created) WHERE tenant_id = ?";
    instant since = instant_after(clock_now(), -24LL * 3600 * 1000);
    double high = EVAL_HIGH_QUALITY;
    const struct param params[] = {PARAM(since), PARAM(high), PARAM(work->tenant)};

    row_clear(&eval_stats_entity, stats);
    return db_find(work, sql, params, COUNT(params), &eval_stats_entity, stats);
}
