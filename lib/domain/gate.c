#include "domain/gate.h"

#include <string.h>

#include "core/e164.h"
#include "core/json.h"
#include "domain/call_money.h"
#include "domain/calls.h"
#include "domain/ledger.h"
#include "domain/numbers.h"
#include "domain/phone_routes.h"
#include "domain/suppressions.h"
#include "domain/tenants.h"
#include "remote/guard.h"

/*
 * Ranges whose calls pay the called party or go by satellite.  They are never dialled; what is
 * missing here still has to be in an allowed country.
 */
static const char *const barred[] = {
    "+1900",  "+1976",  "+870",   "+878",   "+881",   "+882",   "+883",     "+888",
    "+979",   "+4470",  "+4484",  "+4487",  "+449",   "+49137", "+49180",   "+49190",
    "+49900", "+3389",  "+3390",  "+34803", "+34806", "+34807", "+34905",   "+39144",
    "+39166", "+39178", "+39199", "+39892", "+39895", "+39899", "+3190",    "+3290",
    "+41900", "+41901", "+41906", "+43900", "+43930", "+43939", "+46900",   "+46939",
    "+46944", "+4782",  "+4590",  "+35310", "+35315", "+6119",  "+6421900",
};

bool gate_is_barred(const char *number)
{
    for (size_t i = 0; i < COUNT(barred); i++)
        if (strncmp(number, barred[i], strlen(barred[i])) == 0)
            return true;
    return false;
}

enum { SIP_LIMIT = 300 };

/* One passage: what is asked, and what was found out on the way. */
struct passage {
    const struct outward *outward;
    struct tenant tenant;
    struct gate_pass pass;
    const char *home; /* the country of "from" */
};

/* A number that is ours, or one the tenant's own carrier account holds and a route names. */
static bool check_from(struct work *work, struct passage *p)
{
    const char *from = p->outward->from;
    struct phone_number number;
    struct phone_route route;

    if (from && number_owned(work, from, &number)) {
        p->pass = (struct gate_pass){number.id, number.source};
        p->home = number.country;
        return strcmp(number.status, "active") == 0 ||
               fail_field(work, "from", "The number is not active");
    }
    if (from && work->error.what != NOT_FOUND)
        return false;
    if (from && strcmp(p->tenant.carrier_mode, "byoc") == 0 &&
        (phone_route_for(work, from, "outbound", &route) ||
         (work->error.what == NOT_FOUND && phone_route_for(work, from, "inbound", &route)))) {
        p->home = e164_country(from);
        return true;
    }
    if (from && work->error.what != NOT_FOUND)
        return false;
    return fail_field(work, "from", "The number to call from is not yours");
}

/* Whether the tenant's settings name the country; "*" names all. */
static bool names_country(struct work *work, const struct passage *p, const char *country,
                          bool *listed)
{
    json_object *config = json_parse(p->tenant.config.json);
    json_object *list = json_member(json_member(config, "outbound"), "allowed_countries");
    bool found = false;

    (void)work;
    *listed = json_object_is_type(list, json_type_array);
    for (size_t i = 0; *listed && i < json_object_array_length(list) && !found; i++) {
        const char *name = json_object_get_string(json_object_array_get_idx(list, i));

        found = name && (strcmp(name, country) == 0 || strcmp(name, "*") == 0);
    }
    json_object_put(config);
    return found;
}

/* "sip:user@host": where a host may be, and no user that is a number which is never dialled. */
static bool check_sip(struct work *work, const char *uri)
{
    const char *user = strchr(uri, ':') + 1, *end = user + strcspn(user, ";?"), *at = NULL;
    const char *host;

    for (const char *c = user; c < end; c++)
        if (*c == '@')
            at = c;
    host = at ? at + 1 : user;
    if (gate_is_barred(arena_copy(&work->arena, user, at ? (size_t)(at - user) : 0)))
        return fail(work, FORBIDDEN, "Numbers of that kind are not called");
    return guard_check_url(work, "to",
                           arena_format(&work->arena, "https://%.*s/", (int)(end - host), host),
                           SIP_LIMIT) ||
           fail_field(work, "to", "The SIP address does not lead to a public host");
}

static bool check_to(struct work *work, const struct passage *p)
{
    const char *to = p->outward->to, *country;
    bool listed, named;

    if (to && p->outward->channel == GATE_VOICE &&
        (strncmp(to, "sip:", 4) == 0 || strncmp(to, "sips:", 5) == 0))
        return check_sip(work, to);
    if (!to || !e164_is_valid(to))
        return fail_field(work, "to", "The number to reach is not valid");
    country = e164_country(to);
    if (gate_is_barred(to) || !*country)
        return fail(work, FORBIDDEN, "Numbers of that kind are not called");
    named = names_country(work, p, country, &listed);
    if (listed ? !named : !p->home || strcmp(p->home, country) != 0)
        return fail(work, FORBIDDEN, "The country %s is not allowed", country);
    return true;
}

static bool check_suppressions(struct work *work, const struct passage *p)
{
    const struct outward *outward = p->outward;
    const char *channel = outward->channel == GATE_SMS ? "sms" : "voice";
    bool suppressed;

    if (!is_suppressed(work, channel, outward->to, outward->from, &suppressed))
        return false;
    return !suppressed || fail(work, FORBIDDEN, "The number does not want to be reached");
}

enum { LATER_SECONDS = 30 };

/* Of the limits the only one that passes by itself soon: calls end. */
static bool fail_for_now(struct work *work)
{
    fail(work, LIMIT_REACHED, "Too many calls at once");
    work->error.retry_after_seconds = LATER_SECONDS;
    return false;
}

static bool check_concurrency(struct work *work, const struct passage *p)
{
    int64_t most = p->tenant.max_concurrent_calls, live;

    int64_t wanted = p->outward->transfer ? p->outward->beside : 1;

    if (p->outward->channel == GATE_SMS || wanted == 0)
        return true;
    return calls_live(work, most + 1, &live) && (live + wanted <= most || fail_for_now(work));
}

/* What a tenant may send out in a day where its settings say nothing. */
enum { DAY_MS = 24 * 60 * 60 * 1000, DAILY_CALLS = 500, DAILY_MINUTES = 1500, DAILY_TEXTS = 1000 };

static const int64_t daily_spend_micros = 100 * INT64_C(1000000);

/* What went out in a day, in one row. */
struct day {
    int64_t calls, minutes, texts, spent_micros;
};

static const struct column columns_of_day[] = {
    COLUMN(day, calls, NOT_NULL),
    COLUMN(day, minutes, NOT_NULL),
    COLUMN(day, texts, NOT_NULL),
    COLUMN(day, spent_micros, NOT_NULL),
};

static const struct entity day_entity = ENTITY(day, "day", NULL, columns_of_day);

static bool read_day(struct work *work, struct day *day)
{
    static const char sql[] =
        "SELECT COUNT(*) AS calls,"
        " CAST(COALESCE(SUM((COALESCE(duration_seconds, 0) + 59) DIV 60), 0) AS SIGNED)"
        " AS minutes,"
        " (SELECT COUNT(*) FROM sms_messages WHERE tenant_id = ? AND id > ?"
        " AND direction = 'outbound') AS texts,"
        " (SELECT CAST(COALESCE(-SUM(amount_micros), 0) AS SIGNED) FROM billing_ledger"
        " WHERE tenant_id = ? AND id > ? AND kind IN ('call', 'sms')) AS spent_micros"
        " FROM calls WHERE tenant_id = ? AND started_at > ? AND direction = 'outbound'";
    instant since = instant_after(clock_now(), -DAY_MS);
    uid first = uid_at(since);
    const struct param params[] = {PARAM(work->tenant), PARAM(first),        PARAM(work->tenant),
                                   PARAM(first),        PARAM(work->tenant), PARAM(since)};

    return db_find(work, sql, params, COUNT(params), &day_entity, day);
}

/* A cap of the tenant's settings, or ours. */
static int64_t cap_of(const struct passage *p, const char *name, int64_t otherwise)
{
    json_object *config = json_parse(p->tenant.config.json);
    int64_t cap = json_integer(json_member(config, "outbound"), name, otherwise);

    json_object_put(config);
    return cap;
}

static bool check_day(struct work *work, const struct passage *p)
{
    bool priced, text = p->outward->channel == GATE_SMS;
    struct day day;

    if (!read_day(work, &day) || !prices_exist(work, &priced))
        return false;
    if (text ? day.texts >= cap_of(p, "daily_messages", DAILY_TEXTS)
             : day.calls >= cap_of(p, "daily_calls", DAILY_CALLS) ||
                   day.minutes >= cap_of(p, "daily_minutes", DAILY_MINUTES))
        return fail(work, LIMIT_REACHED, "The cap of a day is reached");
    if (priced && day.spent_micros >= cap_of(p, "daily_spend_micros", daily_spend_micros))
        return fail(work, LIMIT_REACHED, "The cap of a day's spending is reached");
    return true;
}

static bool check_balance(struct work *work, const struct passage *p)
{
    int64_t price, segments = p->outward->segments > 0 ? p->outward->segments : 1;
    bool covers;

    if (p->outward->channel == GATE_SMS) {
        if (!price_of(work, "sms.outbound", clock_now(), 0, &price))
            return false;
        price *= segments;
    } else if (!call_hold_micros(work, "outbound", &price)) {
        return false;
    }
    return balance_covers(work, price, &covers) &&
           (covers || fail(work, UNPAID, "The balance does not cover it"));
}

static bool check_tenant(struct work *work, const struct passage *p)
{
    return tenant_is_served(&p->tenant) || fail(work, FORBIDDEN, "The account is suspended");
}

bool gate_check(struct work *work, const struct outward *outward, struct gate_pass *pass)
{
    struct passage p = {.outward = outward};

    if (!tenant_by_id(work, work->tenant, &p.tenant) || !check_from(work, &p) ||
        !check_to(work, &p) || !check_suppressions(work, &p) || !check_tenant(work, &p) ||
        !check_concurrency(work, &p) || !check_day(work, &p) || !check_balance(work, &p))
        return false;
    if (pass)
        *pass = p.pass;
    return true;
}
