/*
 * domain/session_logs.h - a tenant's voice sessions as a record: those we held, and those that a
 * client held elsewhere and brought in (reference 1.6).
 */
#ifndef DOMAIN_SESSION_LOGS_H
#define DOMAIN_SESSION_LOGS_H

#include "db/store.h"

struct session_log {
    int64_t tenant_id;
    uid id;
    const char *stream_id; /* the carrier's or client's, or the one that its key spells */
    const char *call_sid, *call_type, *customer_phone, *agent_name, *model, *voice, *org_ref;
    const char *list_status; /* active, completed, transferred, failed */
    const char *summary, *sentiment;
    int64_t rating, turn_count, duration_ms;
    document tags, vad_events, metadata;
    document imported_transcript, imported_functions; /* as the client gave them, or nothing */
    instant started_at, ended_at, created_at, updated_at;
    struct rows turns;       /* struct turn, without what only tools said */
    struct rows invocations; /* struct invocation */
};

extern const struct entity session_log_entity;

/* What a list is narrowed to; a member's nothing narrows nothing. */
struct session_log_filter {
    const char *status;    /* active, completed, transferred, failed */
    const char *search;    /* in phone, agent, summary, or said */
    const char *sort;      /* "asc": oldest first; "desc", or nothing: newest first */
    const char *stream_id; /* as the client or the carrier spells it */
    const char *agent_key;
    instant started_after;
};

extern const struct entity session_log_filter_entity;

enum { SESSION_LOGS_COUNTED = 10000 };

/*
 * A page of them, and how many there are in all; of very many, SESSION_LOGS_COUNTED are counted, or
 * one more than the page ends at when that is more.
 */
bool session_logs_list(struct work *work, const struct session_log_filter *filter,
                       const struct page *page, struct rows *logs, int64_t *total);

/* One of them; NOT_FOUND when the tenant has none of that key, or of that stream. */
bool session_log_get(struct work *work, uid id, struct session_log *log);
bool session_log_by_stream(struct work *work, const char *stream, struct session_log *log);

/* A session that a client held elsewhere. */
struct session_import {
    const char *stream_id; /* needed; the tenant has no other session of that name */
    const char *call_sid, *call_type, *customer_phone, *agent_name, *model, *voice, *org_id;
    const char *status; /* as of lists; completed when it is not said */
    const char *summary, *sentiment;
    int64_t duration_ms;
    document transcript, tags, metadata;
};

extern const struct entity session_import_entity;

/*
 * Writes it down.  A transcript of entries {role, content, timestamp} becomes turns, so that it is
 * searched as our own are; any other is kept as it is.  It began with its first turn, or so long
 * ago as it took.  CONFLICT when the tenant has a session of that stream.
 */
bool session_log_import(struct work *work, const struct session_import *given, uid *id);

#endif
