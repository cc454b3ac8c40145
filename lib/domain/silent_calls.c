#include "domain/silent_calls.h"

#include <string.h>

#include "core/crypto.h"
#include "core/log.h"
#include "domain/call_news.h"
#include "domain/call_state.h"
#include "domain/calls.h"
#include "domain/finalise.h"
#include "domain/leases.h"
#include "domain/tenants.h"

static const struct column columns_of_key[] = {
    COLUMN(sweep_key, tenant_id, NOT_NULL),
    COLUMN(sweep_key, id, NOT_NULL),
};

const struct entity sweep_key_entity = ENTITY(sweep_key, "call", NULL, columns_of_key);

enum { LONGEST_CALL_MS = 4 * 60 * 60 * 1000, GIVEN_UP_MS = 7 * 24 * 60 * 60 * 1000 };

/* Whose turn it is to ask about a call is a lease that is left to run out. */
#define NOBODY_ASKS                                                                                \
    " AND NOT EXISTS (SELECT 1 FROM leases AS l WHERE l.name ="                                    \
    " CONVERT(CONCAT('call:', LOWER(HEX(c.id))) USING ascii) AND l.until > ?)"

bool calls_silent(struct work *work, instant now, int64_t limit, struct rows *keys)
{
    static const char sql[] =
        "SELECT c.tenant_id, c.id FROM calls AS c WHERE c.state_rank IN (20, 30, 40, 60)"
        " AND c.updated_at < ? AND c.updated_at > ? AND c.carrier <> 'none'"
        " AND (c.updated_at < ? OR NOT EXISTS (SELECT 1 FROM voice_sessions AS s"
        " WHERE s.tenant_id = c.tenant_id AND s.call_id = c.id AND (s.updated_at > ?"
        " OR s.state IN ('connecting', 'active', 'draining'))))" NOBODY_ASKS
        " ORDER BY c.updated_at LIMIT ?";
    instant silent = instant_after(now, -SILENT_MS), longest = instant_after(now, -LONGEST_CALL_MS);
    instant given_up = instant_after(now, -(int64_t)GIVEN_UP_MS);
    const struct param params[] = {PARAM(silent), PARAM(given_up), PARAM(longest),
                                   PARAM(silent), PARAM(now),      PARAM(limit)};

    return db_select(work, sql, params, COUNT(params), &sweep_key_entity, keys);
}

bool orders_open(struct work *work, instant now, int64_t limit, struct rows *keys)
{
    static const char sql[] =
        "SELECT c.tenant_id, c.id FROM calls AS c WHERE c.state_rank = 10"
        " AND c.updated_at < ? AND c.updated_at > ? AND c.direction = 'outbound'"
        " AND c.error_code = 'order_unknown'" NOBODY_ASKS " ORDER BY c.updated_at LIMIT ?";
    instant silent = instant_after(now, -SILENT_MS);
    instant given_up = instant_after(now, -(int64_t)GIVEN_UP_MS);
    const struct param params[] = {PARAM(silent), PARAM(given_up), PARAM(now), PARAM(limit)};

    return db_select(work, sql, params, COUNT(params), &sweep_key_entity, keys);
}

/* The holder is made for this one time, so that not even we ask again before it runs out. */
bool call_take_turn(struct work *work, uid call, bool *ours)
{
    char key[33];
    const char *holder = random_word(&work->arena, 20);
    int64_t fence;

    uid_write_hex(call, key);
    return lease_take(work, arena_format(&work->arena, "call:%s", key), holder, SILENT_MS, &fence,
                      ours);
}

bool carrier_of_call(struct work *work, const struct call *call, struct carrier *carrier)
{
    const char *source = "platform";
    struct tenant tenant;

    if (!tenant_by_id(work, work->tenant, &tenant))
        return false;
    if (strcmp(call->carrier, "sim") == 0)
        source = "simulated";
    else if (tenant.carrier_account_sid && call->carrier_account_sid &&
             strcmp(tenant.carrier_account_sid, call->carrier_account_sid) == 0)
        source = "byoc";
    return carrier_of_source(work, &tenant, source, carrier);
}

/* What the carrier's account of a call is worth as news; state NULL: it has not ended. */
static struct call_news news_of(const struct carrier_call *told)
{
    struct call_news news = NO_NEWS;
    const char *state = told->status ? call_state_of_carrier(told->status) : NULL;

    if (!state || !call_state_is_terminal(state))
        return news;
    news.state = state;
    news.at = instant_is_none(told->ended_at) ? clock_now() : told->ended_at;
    news.duration_seconds = told->duration_seconds;
    return news;
}

static struct call_news news_of_nothing(void)
{
    struct call_news news = NO_NEWS;

    news.state = "failed";
    news.at = clock_now();
    news.error_code = ERROR_SWEPT;
    news.error_message = "The carrier does not know the call";
    return news;
}

static bool ask(struct work *work, const struct call *call, struct call_news *news)
{
    struct carrier carrier;
    struct carrier_call told;

    if (!carrier_of_call(work, call, &carrier))
        return false;
    if (twilio_call_fetch(work, &carrier, call->call_sid, &told))
        *news = news_of(&told);
    else if (work->error.what == NOT_FOUND)
        *news = news_of_nothing();
    else
        return false;
    return true;
}

bool call_ask_carrier(struct work *work, uid id, bool *over)
{
    struct call call;
    struct call_news news;
    bool moved;

    if (!call_get(work, id, &call) || !ask(work, &call, &news))
        return false;
    if (over)
        *over = news.state;
    if (!news.state)
        return true;
    if (!call_apply(work, id, &news, &moved) || !call_finalise(work, id, NULL))
        return false;
    if (moved)
        log_info(work, "call.heard_of", "call=%s state=%s", call.call_sid, news.state);
    return true;
}
