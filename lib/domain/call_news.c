#include "domain/call_news.h"

#include <string.h>

#include "core/text.h"
#include "db/db.h"
#include "domain/call_state.h"
#include "domain/events.h"
#include "domain/words.h"

const struct call_news NO_NEWS = {
    .at = {INT64_MIN}, .carrier_seq = NO_INTEGER, .duration_seconds = NO_INTEGER};

/* News for one call, and what came of it. */
struct change {
    uid id;
    const struct call_news *news;
    const char *error_message;
    instant at, answered_at, ended_at; /* what the state says about times */
    bool moved;
};

/* The condition stands in the statement, so that of two who bring news one moves the call. */
static bool move(struct work *work, struct change *change)
{
    static const char sql[] =
        "UPDATE calls SET"
        " error_code = IF(state_rank < ?, error_code, NULL),"
        " state = ?, state_rank = ?, updated_at = ?, rev = rev + 1"
        " WHERE tenant_id = ? AND id = ? AND (state_rank < ?"
        " OR state = 'failed' AND error_code = '" ERROR_SWEPT "' AND ? = 'completed')";
    const struct call_news *news = change->news;
    int64_t rank = call_state_rank(news->state);
    instant now = clock_now();
    const struct param params[] = {
        PARAM(rank),         PARAM(news->state), PARAM(rank), PARAM(now),
        PARAM(work->tenant), PARAM(change->id),  PARAM(rank), PARAM(news->state),
    };
    uint64_t changed;

    if (!db_execute(work, sql, params, COUNT(params), &changed))
        return false;
    change->moved = changed == 1;
    return true;
}

/* Whatever was still missing; a figure of the carrier gives way only to a later one of the carrier.
 */
static bool fill_in(struct work *work, const struct change *change)
{
    static const char sql[] =
        "UPDATE calls SET"
        " answered_at = COALESCE(answered_at, ?), ended_at = COALESCE(ended_at, ?),"
        " answered_by = COALESCE(answered_by, ?), end_reason = COALESCE(end_reason, ?),"
        " error_code = COALESCE(error_code, ?), error_message = COALESCE(error_message, ?),"
        " duration_seconds = IF(carrier_seq > ?, COALESCE(duration_seconds, ?),"
        " COALESCE(?, duration_seconds)),"
        " carrier_seq = IF(carrier_seq IS NULL OR carrier_seq < ?, COALESCE(?, carrier_seq),"
        " carrier_seq),"
        " updated_at = ?, rev = rev + 1 WHERE tenant_id = ? AND id = ?";
    const struct call_news *news = change->news;
    instant now = clock_now();
    const struct param params[] = {
        PARAM(change->answered_at),    PARAM(change->ended_at),
        PARAM(news->answered_by),      PARAM(news->end_reason),
        PARAM(news->error_code),       PARAM(change->error_message),
        PARAM(news->carrier_seq),      PARAM(news->duration_seconds),
        PARAM(news->duration_seconds), PARAM(news->carrier_seq),
        PARAM(news->carrier_seq),      PARAM(now),
        PARAM(work->tenant),           PARAM(change->id),
    };

    return db_execute(work, sql, params, COUNT(params), NULL);
}

static bool tell(struct work *work, const struct change *change)
{
    const struct call_news *news = change->news;
    struct text payload = {.arena = &work->arena};
    struct call_event event = {
        .id = uid_new(),
        .call_id = change->id,
        .level = "info",
        .source = "carrier",
        .occurred_at = change->at,
    };

    if (!change->moved)
        return true;
    if (call_state_is_terminal(news->state))
        event.type = "call.ended";
    else if (strcmp(news->state, "in_progress") == 0)
        event.type = "call.answered";
    else
        event.type = arena_format(&work->arena, "call.%s", news->state);
    text_put(&payload, "{\"state\":");
    text_json(&payload, news->state);
    text_char(&payload, '}');
    event.payload.json = payload.at;
    return events_put(work, &event, 1);
}

static bool apply(struct work *work, void *with)
{
    struct change *change = with;

    change->moved = false;
    return (!change->news->state || move(work, change)) && fill_in(work, change) &&
           tell(work, change);
}

bool call_apply(struct work *work, uid id, const struct call_news *news, bool *moved)
{
    struct change change = {
        .id = id,
        .news = news,
        .error_message = word_text(&work->arena, news->error_message, 500),
        .at = instant_is_none(news->at) ? clock_now() : news->at,
        .answered_at = NO_INSTANT,
        .ended_at = NO_INSTANT,
    };

    if (news->state && strcmp(news->state, "in_progress") == 0)
        change.answered_at = change.at;
    if (call_state_is_terminal(news->state))
        change.ended_at = change.at;
    if (!db_transaction(work, apply, &change))
        return false;
    if (moved)
        *moved = change.moved;
    return true;
}
