#include "domain/handoffs.h"

#include <string.h>

#include "core/text.h"
#include "domain/events.h"
#include "domain/outbox.h"
#include "domain/taskrouter/links.h"
#include "domain/words.h"

static const char *const handoff_modes[] = {"cold", "warm", "bridge", NULL};
static const char *const initiators[] = {"ai", "supervisor", "api", "fallback", NULL};
static const char *const handoff_states[] = {"requested", "dialing",  "ringing",   "briefing",
                                             "bridged",   "declined", "no_answer", "failed",
                                             "completed", "canceled", NULL};

static const struct column columns_of_handoff[] = {
    COLUMN(handoff, tenant_id, NOT_NULL),
    COLUMN(handoff, id, NOT_NULL),
    COLUMN(handoff, call_id, NOT_NULL),
    COLUMN(handoff, mode, NOT_NULL, .one_of = handoff_modes),
    COLUMN(handoff, initiated_by, NOT_NULL, .one_of = initiators),
    COLUMN(handoff, target, NOT_NULL, .max = 200),
    COLUMN(handoff, reason, NULLABLE, .max = 2000),
    COLUMN(handoff, briefing, NULLABLE, .max = 16000),
    COLUMN(handoff, state, NOT_NULL, .one_of = handoff_states),
    COLUMN(handoff, human_call_id, NULLABLE),
    COLUMN(handoff, conference_sid, NULLABLE, .max = 34),
    COLUMN(handoff, tr_task_id, NULLABLE),
    COLUMN(handoff, callback_task_id, NULLABLE),
    COLUMN(handoff, operator, NULLABLE, .max = 480),
    COLUMN(handoff, next_targets, NULLABLE, .max = 120),
    COLUMN(handoff, chain_id, NULLABLE),
    COLUMN(handoff, dial_from, NULLABLE, .max = 32),
    COLUMN(handoff, ring_seconds, NULLABLE),
    COLUMN(handoff, recorded, NOT_NULL),
    COLUMN(handoff, requested_at, NOT_NULL),
    COLUMN(handoff, answered_at, NULLABLE),
    COLUMN(handoff, bridged_at, NULLABLE),
    COLUMN(handoff, ended_at, NULLABLE),
    COLUMN(handoff, created_at, NOT_NULL),
    COLUMN(handoff, updated_at, NOT_NULL),
    COLUMN(handoff, rev, NOT_NULL),
};

const struct entity handoff_entity = ENTITY(handoff, "handoff", "handoffs", columns_of_handoff);

static bool mark_call(struct work *work, const struct handoff *handoff)
{
    static const char sql[] =
        "UPDATE calls SET escalated = 1, escalation_reason = COALESCE(?, escalation_reason),"
        " escalation_target = ?, updated_at = ?, rev = rev + 1 WHERE tenant_id = ? AND id = ?";
    const struct param params[] = {PARAM(handoff->reason), PARAM(handoff->target),
                                   PARAM(handoff->updated_at), PARAM(work->tenant),
                                   PARAM(handoff->call_id)};

    return db_execute(work, sql, params, COUNT(params), NULL);
}

/* What its events say of it. */
static const char *payload_of(struct work *work, const struct handoff *handoff)
{
    struct text text = {.arena = &work->arena};
    char id[37];

    uid_write_uuid(handoff->id, id);
    text_add(&text,
             "{\"handoff_id\":\"%s\",\"mode\":\"%s\",\"initiated_by\":\"%s\",\"target\":", id,
             handoff->mode, handoff->initiated_by);
    text_json(&text, handoff->target);
    text_put(&text, ",\"reason\":");
    text_json(&text, handoff->reason);
    text_char(&text, '}');
    return text.at;
}

/* The call is escalated from the moment in which it is wanted. */
static bool escalate(struct work *work, const struct handoff *handoff)
{
    const char *payload = payload_of(work, handoff);
    char id[37];

    uid_write_uuid(handoff->id, id);
    return mark_call(work, handoff) &&
           event_put(work, handoff->call_id, NO_UID, "call.escalated", "platform", payload) &&
           outbox_put(work, "webhook", handoff->call_id, "call.escalated", payload,
                      arena_format(&work->arena, "call.escalated:%s", id));
}

static bool request_step(struct work *work, void *with)
{
    const struct handoff *handoff = with;

    return store_insert(work, &handoff_entity, handoff, columns_all(&handoff_entity)) &&
           (strcmp(handoff->initiated_by, "fallback") == 0 || escalate(work, handoff)) &&
           event_put(work, handoff->call_id, NO_UID, "handoff.requested", "platform",
                     payload_of(work, handoff));
}

bool handoff_request(struct work *work, struct handoff *handoff)
{
    struct handoff row;

    row_clear(&handoff_entity, &row);
    row.id = uid_new();
    row.call_id = handoff->call_id;
    /* Whoever waits for a worker waits in a conference. */
    row.mode = tr_is_target(handoff->target) && strcmp(handoff->mode, "cold") == 0 ? "bridge"
                                                                                   : handoff->mode;
    row.initiated_by = handoff->initiated_by;
    row.target = word_ascii(&work->arena, handoff->target, 200);
    row.reason = word_text(&work->arena, handoff->reason, 500);
    row.briefing = handoff->briefing;
    row.next_targets = handoff->next_targets;
    row.dial_from = handoff->dial_from;
    row.ring_seconds = handoff->ring_seconds ? handoff->ring_seconds : NO_INTEGER;
    row.recorded = handoff->recorded;
    row.state = "requested";
    row.requested_at = row.created_at = row.updated_at = clock_now();
    *handoff = row;
    return db_transaction(work, request_step, handoff);
}

/* ---- whoever is next ---- */

struct chain {
    const struct handoff *handoff;
    const char *state;
    struct handoff *next;
    bool more;
};

/* The same for the next number of the list, in the same room. */
static struct handoff next_of(struct work *work, const struct handoff *handoff)
{
    const char *list = handoff->next_targets, *rest = strchr(list, ',');
    struct handoff next = *handoff;

    next.id = uid_new();
    next.chain_id = uid_is_none(handoff->chain_id) ? handoff->id : handoff->chain_id;
    next.target = arena_copy(&work->arena, list, rest ? (size_t)(rest - list) : strlen(list));
    next.next_targets = rest ? rest + 1 : NULL;
    next.state = "requested";
    next.human_call_id = next.tr_task_id = next.callback_task_id = NO_UID;
    next.dial_from = NULL; /* what was said of one human is not meant for the next */
    next.ring_seconds = NO_INTEGER;
    next.recorded = false;
    next.answered_at = next.bridged_at = next.ended_at = NO_INSTANT;
    next.requested_at = next.created_at = next.updated_at = clock_now();
    next.rev = 1;
    return next;
}

/* Only one of those who see the same end goes on. */
static bool next_step(struct work *work, void *with)
{
    static const char sql[] = "UPDATE handoffs SET next_targets = NULL, updated_at = ?,"
                              " rev = rev + 1 WHERE tenant_id = ? AND id = ?"
                              " AND next_targets IS NOT NULL";
    struct chain *chain = with;
    const struct handoff *handoff = chain->handoff;
    const struct param params[] = {PARAM(chain->next->updated_at), PARAM(work->tenant),
                                   PARAM(handoff->id)};
    uint64_t changed;

    if (!db_execute(work, sql, params, COUNT(params), &changed))
        return false;
    chain->more = changed == 1;
    return !chain->more ||
           (handoff_move(work, handoff, chain->state) &&
            store_insert(work, &handoff_entity, chain->next, columns_all(&handoff_entity)) &&
            mark_call(work, chain->next) &&
            event_put(work, handoff->call_id, NO_UID, "handoff.requested", "platform",
                      payload_of(work, chain->next)));
}

bool handoff_next(struct work *work, const struct handoff *handoff, const char *state,
                  struct handoff *next, bool *more)
{
    struct chain chain = {handoff, state, next, false};

    *more = false;
    if (!handoff->next_targets || !*handoff->next_targets)
        return true;
    *next = next_of(work, handoff);
    if (!db_transaction(work, next_step, &chain))
        return false;
    *more = chain.more;
    return true;
}

/* States of one that is not over, in the order in which they come. */
#define ON_THE_WAY "'requested', 'dialing', 'ringing', 'briefing', 'bridged'"

bool handoff_open(struct work *work, uid call, struct handoff *handoff)
{
    const char *sql = arena_format(&work->arena,
                                   "SELECT %s FROM handoffs WHERE tenant_id = ? AND call_id = ?"
                                   " AND state IN (" ON_THE_WAY ")"
                                   " ORDER BY id DESC LIMIT 1",
                                   store_names(work, &handoff_entity, NULL));
    const struct param params[] = {PARAM(work->tenant), PARAM(call)};

    return db_find(work, sql, params, COUNT(params), &handoff_entity, handoff);
}

bool handoff_was_fallback(struct work *work, uid call, bool *was)
{
    static const char sql[] = "SELECT COUNT(*) FROM handoffs WHERE tenant_id = ? AND call_id = ?"
                              " AND initiated_by = 'fallback'";
    const struct param params[] = {PARAM(work->tenant), PARAM(call)};
    int64_t count;

    if (!db_number(work, sql, params, COUNT(params), 0, &count))
        return false;
    *was = count > 0;
    return true;
}

struct move {
    const struct handoff *handoff;
    const char *state;
};

static bool move_step(struct work *work, void *with)
{
    const struct handoff *handoff = ((struct move *)with)->handoff;
    const char *state = ((struct move *)with)->state;
    static const char sql[] =
        "UPDATE handoffs SET state = ?, ended_at = IF(?, ?, ended_at), updated_at = ?,"
        " rev = rev + 1 WHERE tenant_id = ? AND id = ? AND ended_at IS NULL"
        " AND (? OR FIELD(state, " ON_THE_WAY ") < FIELD(?, " ON_THE_WAY "))";
    bool over = !strstr("requested dialing ringing briefing bridged", state);
    instant now = clock_now();
    const struct param params[] = {PARAM(state), PARAM(over),         PARAM(now),
                                   PARAM(now),   PARAM(work->tenant), PARAM(handoff->id),
                                   PARAM(over),  PARAM(state)};
    uint64_t changed;

    if (!db_execute(work, sql, params, COUNT(params), &changed))
        return false;
    return changed == 0 || ((!over || tr_link_handoff_over(work, handoff, state)) &&
                            event_put(work, handoff->call_id, NO_UID,
                                      arena_format(&work->arena, "handoff.%s", state), "platform",
                                      payload_of(work, handoff)));
}

bool handoff_move(struct work *work, const struct handoff *handoff, const char *state)
{
    return db_transaction(work, move_step, &(struct move){handoff, state});
}
