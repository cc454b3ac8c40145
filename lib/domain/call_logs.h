/*
 * domain/call_logs.h - a tenant's calls as a log, newest first (reference 1.13).
 *
 * A log entry is the call's own row; there is no second table.  A page is found by the place where
 * the one before it ended, so calls that arrive meanwhile neither move nor repeat anything.
 */
#ifndef DOMAIN_CALL_LOGS_H
#define DOMAIN_CALL_LOGS_H

#include "db/store.h"

struct call_log {
    int64_t tenant_id;
    uid id;
    const char *call_sid;
    const char *stream_sid; /* of the newest session, or the one that its key spells */
    const char *direction;
    const char *log_status; /* in_progress, completed, escalated, failed, busy, no_answer, … */
    const char *outcome, *answered_by;
    const char *from_addr, *to_addr;
    bool escalated;
    instant started_at, ended_at, created_at, updated_at;
    int64_t duration_seconds, tool_call_count, turn_count, recording_count;
    /* Only of one that is read alone. */
    const char *escalation_reason, *error_message, *model, *voice, *system_prompt_key, *summary;
    struct rows turns;       /* struct turn, without what only tools said */
    struct rows invocations; /* struct invocation */
};

extern const struct entity call_log_entity;

/* stream_sid of a call "c" in a statement: one look into an index. */
#define CALL_STREAM_SID                                                                            \
    "COALESCE((SELECT COALESCE(s.stream_sid, CONCAT('MZ', LOWER(HEX(s.id))))"                      \
    " FROM voice_sessions AS s WHERE s.tenant_id = c.tenant_id AND s.call_id = c.id"               \
    " ORDER BY s.id DESC LIMIT 1), CONCAT('MZ', LOWER(HEX(c.id)))) AS stream_sid"

/* What a list is narrowed to; a member's nothing narrows nothing. */
struct call_log_filter {
    const char *status, *outcome, *direction;
    const char *escalated;               /* "true", "false" */
    const char *from_number, *to_number; /* E.164 in any spelling, or an address as it is stored */
    const char *call_sid;                /* any name that the call had with the carrier */
    instant from_date, to_date;          /* from the first on, before the second */
    int64_t min_duration, max_duration;  /* seconds, both included */
    const char *transcript_search;       /* a phrase that begins with a word's beginning */
};

extern const struct entity call_log_filter_entity;

/*
 * A page of a tenant's calls.  "cursor" (NULL: none) is where an earlier page ended and beats
 * page->skip; INVALID when we did not write it for this tenant.  "next" becomes the place where
 * this page ends, NULL when it is the last.
 */
bool call_logs_list(struct work *work, const struct call_log_filter *filter, struct page *page,
                    const char *cursor, struct rows *logs, char **next);

/* One call with its turns and tools; NOT_FOUND when the tenant has none of that key. */
bool call_log_get(struct work *work, uid id, struct call_log *log);

#endif
