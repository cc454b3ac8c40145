/*
 * domain/session_evals.h - scores given to sessions: how good a conversation was (reference 1.12).
 *
 * One evaluation for each session and source; recording again replaces it.  What is recorded is an
 * event (session.evaluated) and feeds the governance of rollouts.
 */
#ifndef DOMAIN_SESSION_EVALS_H
#define DOMAIN_SESSION_EVALS_H

#include "db/store.h"

/* A score from here on is one of high quality. */
#define EVAL_HIGH_QUALITY 0.8

struct session_eval {
    int64_t tenant_id;
    uid id;
    const char *session_ref; /* the session's stream SID; its UUID where it had no stream */
    uid session_id, call_id;
    const char *stream_sid;
    uid agent_id, agent_version_id;
    const char *agent_key, *agent_name;
    double score; /* 0 to 1 */
    const char *notes, *source;
    document tags;             /* array of strings */
    document rubric, metadata; /* any objects */
    instant created_at, updated_at;
    int64_t rev;
};

extern const struct entity session_eval_entity;

/*
 * Records an evaluation.  The caller sets score and may set notes, source (NULL: "auto"), tags,
 * rubric and metadata; the rest is filled from the session, which "session" names in any spelling.
 * INVALID for a score outside 0 to 1 and tags that are not texts, NOT_FOUND for no such session.
 */
bool session_eval_put(struct work *work, const char *session, struct session_eval *eval);

/* The newest evaluation of a session in any of its spellings; NOT_FOUND. */
bool session_eval_of(struct work *work, const char *session, struct session_eval *eval);

/* What a list is narrowed to. */
struct eval_filter {
    double least, most; /* scores; NaN: any */
    const char *tag;    /* NULL: any */
};

/* An array of struct session_eval, newest first. */
bool session_evals_list(struct work *work, const struct eval_filter *filter, struct page *page,
                        struct rows *evals);

struct eval_stats {
    int64_t total_evals, evals_last_24h;
    double avg_score, high_quality_rate; /* NaN without evaluations */
};

extern const struct entity eval_stats_entity;

/* Of everything that the tenant evaluated. */
bool session_eval_stats(struct work *work, struct eval_stats *stats);

#endif
