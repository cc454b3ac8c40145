#include "domain/provisioning.h"

#include <string.h>
#include <time.h>

#include "core/config.h"
#include "core/crypto.h"
#include "core/e164.h"
#include "core/json.h"
#include "core/log.h"
#include "core/text.h"
#include "domain/ledger.h"
#include "domain/line_agents.h"
#include "domain/phone_routes.h"
#include "domain/webhooks.h"

enum { DAY_MS = 24 * 3600 * 1000, IN_DOUBT_MS = 2 * 60 * 1000, CANDIDATES = 5 };

/* A number on its way in. */
struct order {
    const struct tenant *tenant;
    const struct number_wish *wish;
    struct carrier carrier;
    struct phone_number *number;
    struct carrier_number bought;
    instant now;
    const char *secret; /* of the webhook, once the number is active */
};

/* The name a number bears at the carrier, by which an order is found again. */
static char *order_name(struct work *work, uid id)
{
    char digits[27];

    uid_write_base32(id, digits);
    return arena_format(&work->arena, "trunkline-%s", digits);
}

/* How a client's repetition is recognized; the client's own word is not stored. */
static char *request_mark(struct work *work, const char *request_key)
{
    hash256 hash = sha256(request_key, strlen(request_key));
    char hex[65];

    hex_write(hash.bytes, sizeof hash.bytes, hex);
    return arena_text(&work->arena, hex);
}

/* One month later, or the last day of a shorter month. */
static instant month_after(instant when)
{
    time_t seconds = (time_t)(when.ms / 1000);
    struct tm day, next;
    int wanted;

    gmtime_r(&seconds, &day);
    next = day;
    next.tm_mon++;
    wanted = next.tm_mon % 12;
    seconds = timegm(&next);
    if (next.tm_mon != wanted) {
        next = day;
        next.tm_mon += 2;
        next.tm_mday = 0;
        seconds = timegm(&next);
    }
    return (instant){(int64_t)seconds * 1000};
}

/* What is promised to orders under way cannot be spent again. */
static bool check_balance(struct work *work, int64_t price_micros)
{
    static const char sql[] = "SELECT CAST(COALESCE(SUM(monthly_micros), 0) AS SIGNED)"
                              " FROM phone_numbers WHERE tenant_id = ? AND status = 'provisioning'";
    const struct param params[] = {PARAM(work->tenant)};
    int64_t balance, promised;

    if (!ledger_balance(work, LEDGER_CURRENCY, &balance) ||
        !db_number(work, sql, params, COUNT(params), 0, &promised))
        return false;
    return balance - promised >= price_micros ||
           fail(work, UNPAID, "Add funds to your API balance before provisioning a number.");
}

static bool check_limits(struct work *work, const struct order *order)
{
    int64_t owned, today;

    if (!numbers_count(work, &owned) ||
        !numbers_ordered_since(work, order->wish->api_origin, instant_after(order->now, -DAY_MS),
                               &today))
        return false;
    if (owned >= order->tenant->max_numbers)
        return fail(work, LIMIT_REACHED, "Your account has its limit of %lld numbers.",
                    (long long)order->tenant->max_numbers);
    if (today >= NUMBERS_A_DAY)
        return fail(work, LIMIT_REACHED, "No more than %d numbers can be provisioned in 24 hours.",
                    NUMBERS_A_DAY);
    return true;
}

static bool may_order(struct work *work, struct order *order)
{
    int64_t price_micros;

    return price_of(work, NUMBER_MONTH_SKU, order->now, NUMBER_MONTH_MICROS, &price_micros) &&
           check_balance(work, price_micros) && check_limits(work, order);
}

/* The tenant's counter is asked first: its lock makes orders of one tenant be counted in turn. */
static bool reserve_step(struct work *work, void *with)
{
    struct order *order = with;
    struct phone_number *number = order->number;

    return tenant_next(work, "number", &number->seq) &&
           price_of(work, NUMBER_MONTH_SKU, order->now, NUMBER_MONTH_MICROS,
                    &number->monthly_micros) &&
           check_balance(work, number->monthly_micros) && check_limits(work, order) &&
           store_insert(work, &phone_number_entity, number, columns_all(&phone_number_entity));
}

/* What is needed to finish the order even if this process does not live to do it. */
static char *order_metadata(struct work *work, const struct order *order, uid agent_id)
{
    struct text text = {.arena = &work->arena};
    char agent[37];

    uid_write_uuid(agent_id, agent);
    text_add(&text, "{\"agent_id\":\"%s\"", agent);
    if (order->wish->with_webhook) {
        text_put(&text, ",\"webhook_url\":");
        text_json(&text, order->wish->webhook_url);
    }
    if (order->wish->request_key)
        text_add(&text, ",\"request\":\"%s\"", request_mark(work, order->wish->request_key));
    text_char(&text, '}');
    return text.at;
}

/* Commits the row of an order for one number; CONFLICT when somebody has that number. */
static bool reserve(struct work *work, struct order *order, const struct carrier_number *candidate,
                    uid agent_id)
{
    struct phone_number *number = order->number;

    row_clear(&phone_number_entity, number);
    number->tenant_id = work->tenant;
    number->id = uid_new();
    number->e164 = candidate->phone_number;
    number->country = order->wish->country ? order->wish->country : "US";
    number->friendly_name = order_name(work, number->id);
    number->source = carrier_source(&order->carrier);
    number->carrier_account_sid = order->carrier.account_sid;
    number->voice = true;
    number->status = "provisioning";
    number->business_phone = order->wish->business_phone;
    number->forward_to = order->wish->business_phone;
    number->api_origin = order->wish->api_origin;
    number->currency = LEDGER_CURRENCY;
    number->metadata.json = order_metadata(work, order, agent_id);
    number->created_at = number->updated_at = order->now;
    number->rev = 1;
    return e164_is_valid(number->e164) ? db_transaction(work, reserve_step, order)
                                       : fail(work, CONFLICT, "The carrier offers no number");
}

static bool fail_order(struct work *work, const struct phone_number *number, const char *why)
{
    static const char sql[] = "UPDATE phone_numbers SET status = 'failed', error = ?,"
                              " updated_at = ?, rev = rev + 1"
                              " WHERE tenant_id = ? AND id = ? AND status = 'provisioning'";
    instant now = clock_now();
    const struct param params[] = {PARAM(why), PARAM(now), PARAM(work->tenant), PARAM(number->id)};

    return db_execute(work, sql, params, COUNT(params), NULL);
}

static bool mark_active(struct work *work, const struct order *order, bool *changed)
{
    static const char sql[] =
        "UPDATE phone_numbers SET status = 'active', carrier_sid = ?, voice = ?, sms = ?, mms = ?,"
        " billed_until = ?, error = NULL, updated_at = ?, rev = rev + 1"
        " WHERE tenant_id = ? AND id = ? AND status = 'provisioning'";
    const struct carrier_number *bought = &order->bought;
    instant until = month_after(order->now);
    const struct param params[] = {
        PARAM(bought->sid), PARAM(bought->voice), PARAM(bought->sms),  PARAM(bought->mms),
        PARAM(until),       PARAM(order->now),    PARAM(work->tenant), PARAM(order->number->id),
    };
    uint64_t rows;

    if (!db_execute(work, sql, params, COUNT(params), &rows))
        return false;
    *changed = rows == 1;
    return true;
}

static bool charge_month(struct work *work, const struct order *order)
{
    const struct phone_number *number = order->number;
    char day[32], id[37];
    struct ledger_row row = {
        .kind = "number",
        .amount_micros = -number->monthly_micros,
        .currency = number->currency,
        .subject_id = number->id,
        .note = arena_format(&work->arena, "%s, first month", number->e164),
        .created_at = order->now,
    };

    instant_write_iso(order->now, ISO_SECONDS, day);
    uid_write_uuid(number->id, id);
    row.dedupe = arena_format(&work->arena, "number:%s:%.7s", id, day);
    return ledger_put(work, &row, NULL);
}

/* The endpoint that hears of the number; without a URL it waits for one, its secret made already.
 */
static bool add_webhook(struct work *work, struct order *order, const char *url)
{
    struct webhook_endpoint endpoint;

    row_clear(&webhook_endpoint_entity, &endpoint);
    endpoint.dialect = order->number->api_origin;
    endpoint.url = url ? url : "";
    endpoint.events.json = "[]";
    endpoint.number_id = order->number->id;
    return webhook_create(work, &endpoint, NULL, &order->secret);
}

/* Who answers, and who hears of it, as the order said. */
static bool connect_number(struct work *work, struct order *order)
{
    json_object *metadata = json_parse(order->number->metadata.json);
    const char *url = arena_text(&work->arena, json_text(metadata, "webhook_url"));
    const char *agent = arena_text(&work->arena, json_text(metadata, "agent_id"));
    bool with_webhook = json_object_object_get_ex(metadata, "webhook_url", NULL);
    struct phone_route route;

    json_object_put(metadata);
    row_clear(&phone_route_entity, &route);
    route.e164 = order->number->e164;
    route.direction = "inbound";
    if (!agent || !uid_read_uuid(agent, &route.agent_id))
        return fail(work, INTERNAL, "The order names no agent");
    return phone_route_put(work, &route) && (!with_webhook || add_webhook(work, order, url));
}

/* The number is ours: it is charged, routed and heard of in the same transaction, once. */
static bool activate_step(struct work *work, void *with)
{
    struct order *order = with;
    bool changed;

    if (!mark_active(work, order, &changed))
        return false;
    if (!changed)
        return fail(work, CONFLICT, "The order was settled by somebody else");
    return charge_month(work, order) && connect_number(work, order);
}

/* The secret of an active number, for a client that no answer has reached yet. */
static bool show_secret(struct work *work, const struct phone_number *number, const char **secret)
{
    struct webhook_endpoint endpoint;

    *secret = NULL;
    if (!webhook_of_number(work, number->id, &endpoint))
        return work->error.what == NOT_FOUND;
    *secret = webhook_secret(work, &endpoint);
    return *secret || fail(work, INTERNAL, "The number's secret cannot be opened");
}

/* Whoever settles an order first, the others find it settled. */
static bool activate(struct work *work, struct order *order)
{
    struct phone_number *number = order->number;

    if (db_transaction(work, activate_step, order)) {
        log_info(work, "number.active", "seq=%lld carrier=%s", (long long)number->seq,
                 order->bought.sid);
        return number_find(work, number->id, number);
    }
    if (work->error.what != CONFLICT || !number_find(work, number->id, number))
        return false;
    if (strcmp(number->status, "active") != 0)
        return fail(work, CONFLICT, "The order was settled by somebody else");
    return show_secret(work, number, &order->secret);
}

static bool buy(struct work *work, struct order *order, struct carrier_outcome *outcome)
{
    const char *base = work->config->public_base_url;
    struct arena *arena = &work->arena;
    const struct number_order bought = {
        .phone_number = order->number->e164,
        .friendly_name = order->number->friendly_name,
        .voice_url = arena_format(arena, "%s/api/v1/incoming-call", base),
        .status_url = arena_format(arena, "%s/api/v1/call-status", base),
        .sms_url = arena_format(arena, "%s/hooks/twilio/sms", base),
    };

    return twilio_buy_number(work, &order->carrier, &bought, &order->bought, outcome);
}

static bool unavailable(struct work *work)
{
    return fail(work, UPSTREAM, "The provider could not provide a number. Please try again.");
}

/*
 * Orders a reserved number.  *again: it is certain that nothing was bought, and another number may
 * be tried.  When the outcome is unknown, one look at the carrier often tells; else a sweep will.
 */
static bool place(struct work *work, struct order *order, bool *again)
{
    struct carrier_outcome outcome = {0};

    *again = false;
    if (buy(work, order, &outcome))
        return activate(work, order);
    if (outcome.end == CARRIER_REFUSED) {
        *again = work->error.what == LIMIT_REACHED;
        fail_order(work, order->number, outcome.message ? "refused by the carrier" : "not sent");
        return unavailable(work);
    }
    log_warning(work, "number.in_doubt", "seq=%lld", (long long)order->number->seq);
    return twilio_find_number(work, &order->carrier, order->number->friendly_name, NULL,
                              &order->bought)
               ? activate(work, order)
               : unavailable(work);
}

static bool search(struct work *work, const struct order *order, struct carrier_numbers *numbers)
{
    const struct number_search wanted = {
        .country = order->wish->country ? order->wish->country : "US",
        .area_code = order->wish->area_code,
        .limit = CANDIDATES,
    };

    if (!twilio_search_numbers(work, &order->carrier, &wanted, numbers))
        return unavailable(work);
    return numbers->count || fail(work, UPSTREAM, "No numbers are available in that area code.");
}

/* Tries what the carrier offers until one number is bought, or one order is refused for good. */
static bool order_one(struct work *work, struct order *order)
{
    struct carrier_numbers numbers;
    struct agent agent;
    bool again = true;

    if (!search(work, order, &numbers) ||
        !line_agent(work, order->tenant, order->wish->business_phone, order->wish->api_origin,
                    &agent))
        return false;
    for (size_t i = 0; i < numbers.count && again; i++) {
        if (reserve(work, order, &numbers.at[i], agent.id)) {
            if (place(work, order, &again))
                return true;
        } else if (work->error.what != CONFLICT) {
            return false;
        }
    }
    return work->error.what == CONFLICT ? unavailable(work) : false;
}

/* The row that an earlier request of the same name left; NOT_FOUND. */
static bool earlier_order(struct work *work, const struct number_wish *wish,
                          struct phone_number *number)
{
    static const char sql[] =
        "SELECT id, seq, metadata FROM phone_numbers WHERE tenant_id = ? AND id >= ?"
        " AND status IN ('provisioning', 'active') AND api_origin = ?"
        " AND JSON_VALUE(metadata, '$.request') = ? ORDER BY id DESC LIMIT 1";
    uid since = uid_at(instant_after(clock_now(), -DAY_MS));
    const char *mark = wish->request_key ? request_mark(work, wish->request_key) : "";
    const struct param params[] = {PARAM(work->tenant), PARAM(since), PARAM(wish->api_origin),
                                   PARAM(mark)};

    if (!wish->request_key)
        return fail(work, NOT_FOUND, "No such order");
    return db_find(work, sql, params, COUNT(params), &phone_number_entity, number) &&
           number_find(work, number->id, number);
}

/* *open: nothing came of the earlier request, and a new order may be placed. */
static bool repeat(struct work *work, struct phone_number *number, const char **secret, bool *open)
{
    if (strcmp(number->status, "provisioning") == 0 && !provisioning_settle(work, number))
        return work->error.what == BUSY ? false : unavailable(work);
    *open = strcmp(number->status, "active") != 0;
    return *open || show_secret(work, number, secret);
}

bool number_provision(struct work *work, const struct tenant *tenant,
                      const struct number_wish *wish, struct phone_number *number,
                      const char **webhook_secret)
{
    struct order order = {.tenant = tenant, .wish = wish, .number = number, .now = clock_now()};
    bool open = true;

    if (earlier_order(work, wish, number)) {
        if (!repeat(work, number, webhook_secret, &open))
            return false;
    } else if (work->error.what != NOT_FOUND) {
        return false;
    }
    if (!open)
        return true;
    if (!may_order(work, &order) || !carrier_of_tenant(work, tenant, &order.carrier) ||
        !order_one(work, &order))
        return false;
    *webhook_secret = order.secret;
    return true;
}

static bool release_step(struct work *work, void *with)
{
    static const char sql[] = "UPDATE phone_numbers SET status = 'releasing', updated_at = ?,"
                              " rev = rev + 1 WHERE tenant_id = ? AND id = ?"
                              " AND status IN ('provisioning', 'active', 'suspended')";
    const struct phone_number *number = with;
    instant now = clock_now();
    const struct param params[] = {PARAM(now), PARAM(work->tenant), PARAM(number->id)};
    uint64_t changed;

    if (!db_execute(work, sql, params, COUNT(params), &changed))
        return false;
    if (!changed)
        return fail(work, NOT_FOUND, "No such number");
    return phone_routes_clear(work, number->e164) && webhooks_forget_number(work, number->id) &&
           tenant_touch(work, work->tenant);
}

bool number_release(struct work *work, const struct phone_number *number)
{
    struct phone_number left = *number;

    if (!db_transaction(work, release_step, &left))
        return false;
    if (!provisioning_settle(work, &left))
        log_warning(work, "number.release_open", "seq=%lld", (long long)number->seq);
    return true;
}

/* An attempt that settled nothing: the sweep looks at others first. */
static bool postpone(struct work *work, const struct phone_number *number)
{
    static const char sql[] = "UPDATE phone_numbers SET updated_at = ?, rev = rev + 1"
                              " WHERE tenant_id = ? AND id = ?"
                              " AND status IN ('provisioning', 'releasing')";
    struct error error = work->error;
    instant now = clock_now();
    const struct param params[] = {PARAM(now), PARAM(work->tenant), PARAM(number->id)};

    db_execute(work, sql, params, COUNT(params), NULL);
    work->error = error;
    return false;
}

/* What the carrier does not know after two minutes was never bought. */
static bool is_lost(const struct phone_number *number)
{
    return clock_now().ms - number->created_at.ms > IN_DOUBT_MS;
}

static bool settle_order(struct work *work, struct order *order)
{
    struct phone_number *number = order->number;

    if (twilio_find_number(work, &order->carrier, number->friendly_name, NULL, &order->bought))
        return activate(work, order);
    if (work->error.what == NOT_FOUND && is_lost(number))
        return fail_order(work, number, "unknown to the carrier") &&
               number_find(work, number->id, number);
    return postpone(work, number);
}

static bool mark_released(struct work *work, struct phone_number *number)
{
    static const char sql[] = "UPDATE phone_numbers SET status = 'released', released_at = ?,"
                              " updated_at = ?, rev = rev + 1"
                              " WHERE tenant_id = ? AND id = ? AND status = 'releasing'";
    instant now = clock_now();
    const struct param params[] = {PARAM(now), PARAM(now), PARAM(work->tenant), PARAM(number->id)};

    return db_execute(work, sql, params, COUNT(params), NULL) &&
           number_find(work, number->id, number);
}

/* An order that was given up while under way has no SID yet; the carrier is asked for it. */
static bool settle_release(struct work *work, struct order *order)
{
    struct phone_number *number = order->number;
    const char *sid = number->carrier_sid;

    if (!sid) {
        if (twilio_find_number(work, &order->carrier, number->friendly_name, NULL, &order->bought))
            sid = order->bought.sid;
        else if (work->error.what != NOT_FOUND || !is_lost(number))
            return postpone(work, number);
    }
    if (sid && !twilio_release_number(work, &order->carrier, sid, NULL))
        return postpone(work, number);
    return mark_released(work, number);
}

bool provisioning_settle(struct work *work, struct phone_number *number)
{
    struct order order = {.number = number, .now = clock_now()};
    struct tenant tenant;
    bool ordered, releasing;

    if (!number_find(work, number->id, number))
        return false;
    ordered = strcmp(number->status, "provisioning") == 0;
    releasing = strcmp(number->status, "releasing") == 0;
    if (!ordered && !releasing)
        return true;
    if (!tenant_by_id(work, work->tenant, &tenant) ||
        !carrier_of_source(work, &tenant, number->source, &order.carrier))
        return postpone(work, number);
    return ordered ? settle_order(work, &order) : settle_release(work, &order);
}
