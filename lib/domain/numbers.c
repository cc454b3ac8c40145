#include "domain/numbers.h"

#include "core/e164.h"

const char *const number_states[] = {"provisioning", "active", "suspended", "releasing",
                                     "released",     "failed", NULL};
static const char *const number_sources[] = {"platform", "byoc", "imported", "simulated", NULL};

static const struct column columns_of_number[] = {
    COLUMN(phone_number, tenant_id, NOT_NULL),
    COLUMN(phone_number, id, NOT_NULL),
    COLUMN(phone_number, seq, NOT_NULL),
    COLUMN(phone_number, e164, NOT_NULL, .max = 20),
    COLUMN(phone_number, country, NOT_NULL, .max = 2),
    COLUMN(phone_number, friendly_name, NULLABLE, .max = 64),
    COLUMN(phone_number, source, NOT_NULL, .one_of = number_sources),
    COLUMN(phone_number, carrier_sid, NULLABLE, .max = 34),
    COLUMN(phone_number, carrier_account_sid, NULLABLE, .max = 34),
    COLUMN(phone_number, voice, NOT_NULL),
    COLUMN(phone_number, sms, NOT_NULL),
    COLUMN(phone_number, mms, NOT_NULL),
    COLUMN(phone_number, status, NOT_NULL, .one_of = number_states),
    COLUMN(phone_number, business_phone, NULLABLE, .max = 20),
    COLUMN(phone_number, forward_to, NULLABLE, .max = 128),
    COLUMN(phone_number, api_origin, NOT_NULL),
    COLUMN(phone_number, monthly_micros, NULLABLE),
    COLUMN(phone_number, currency, NOT_NULL, .max = 3),
    COLUMN(phone_number, billed_until, NULLABLE),
    COLUMN(phone_number, voice_webhook_url, NULLABLE, .max = 500),
    COLUMN(phone_number, metadata, NOT_NULL),
    COLUMN(phone_number, error, NULLABLE, .max = 500),
    COLUMN(phone_number, released_at, NULLABLE),
    COLUMN(phone_number, created_at, NOT_NULL),
    COLUMN(phone_number, updated_at, NOT_NULL),
    COLUMN(phone_number, rev, NOT_NULL),
    COLUMN(phone_number, webhook_url, NULLABLE, .computed = true),
};

const struct entity phone_number_entity =
    ENTITY(phone_number, "phone number", "phone_numbers", columns_of_number);

#define NUMBER_COLUMNS                                                                             \
    "n.tenant_id, n.id, n.seq, n.e164, n.country, n.friendly_name, n.source, n.carrier_sid, "      \
    "n.carrier_account_sid, n.voice, n.sms, n.mms, n.status, n.business_phone, n.forward_to, "     \
    "n.api_origin, n.monthly_micros, n.currency, n.billed_until, n.voice_webhook_url, "            \
    "n.metadata, n.error, n.released_at, n.created_at, n.updated_at, n.rev"

/* A number of ours with the URL that hears of it; an endpoint without one hears nothing. */
#define NUMBERS_WITH_URL                                                                           \
    "SELECT " NUMBER_COLUMNS ", NULLIF(w.url, '') AS webhook_url FROM phone_numbers n"             \
    " LEFT JOIN webhook_endpoints w ON w.tenant_id = n.tenant_id AND w.number_id = n.id"           \
    " AND w.deleted_at IS NULL"

bool number_find(struct work *work, uid id, struct phone_number *number)
{
    static const char sql[] = NUMBERS_WITH_URL " WHERE n.tenant_id = ? AND n.id = ? LIMIT 1";
    const struct param params[] = {PARAM(work->tenant), PARAM(id)};

    return db_find(work, sql, params, COUNT(params), &phone_number_entity, number);
}

bool number_by_seq(struct work *work, int64_t seq, struct phone_number *number)
{
    static const char sql[] = NUMBERS_WITH_URL " WHERE n.tenant_id = ? AND n.seq = ? LIMIT 1";
    const struct param params[] = {PARAM(work->tenant), PARAM(seq)};

    return db_find(work, sql, params, COUNT(params), &phone_number_entity, number);
}

bool number_by_e164(struct work *work, const char *e164, struct phone_number *number)
{
    static const char sql[] =
        "SELECT " NUMBER_COLUMNS " FROM phone_numbers n WHERE n.live_e164 = ?";
    const struct param params[] = {PARAM(e164)};

    if (!e164 || !e164_is_valid(e164))
        return fail(work, NOT_FOUND, "No such phone number");
    return db_find(work, sql, params, COUNT(params), &phone_number_entity, number);
}

bool number_owned(struct work *work, const char *e164, struct phone_number *number)
{
    return number_by_e164(work, e164, number) &&
           (number->tenant_id == work->tenant || fail(work, NOT_FOUND, "No such phone number"));
}

bool numbers_of_origin(struct work *work, const char *api_origin, struct rows *numbers)
{
    static const char sql[] = NUMBERS_WITH_URL
        " WHERE n.tenant_id = ? AND n.status IN ('provisioning', 'active', 'suspended')"
        " AND n.api_origin = ? ORDER BY n.id DESC";
    const struct param params[] = {PARAM(work->tenant), PARAM(api_origin)};

    return db_select(work, sql, params, COUNT(params), &phone_number_entity, numbers);
}

bool numbers_count(struct work *work, int64_t *count)
{
    static const char sql[] = "SELECT COUNT(*) FROM phone_numbers WHERE tenant_id = ?"
                              " AND status IN ('provisioning', 'active', 'suspended')";
    const struct param params[] = {PARAM(work->tenant)};

    return db_number(work, sql, params, COUNT(params), 0, count);
}

bool numbers_ordered_since(struct work *work, const char *api_origin, instant since, int64_t *count)
{
    static const char sql[] = "SELECT COUNT(*) FROM phone_numbers WHERE tenant_id = ? AND id >= ?"
                              " AND api_origin = ? AND status <> 'failed'";
    uid first = uid_at(since);
    const struct param params[] = {PARAM(work->tenant), PARAM(first), PARAM(api_origin)};

    return db_number(work, sql, params, COUNT(params), 0, count);
}

bool numbers_unsettled(struct work *work, instant before, int64_t limit, struct rows *numbers)
{
    static const char sql[] = "SELECT " NUMBER_COLUMNS " FROM phone_numbers n"
                              " WHERE n.status IN ('provisioning', 'releasing')"
                              " AND n.updated_at < ? ORDER BY n.updated_at LIMIT ?";
    const struct param params[] = {PARAM(before), PARAM(limit)};

    return db_select(work, sql, params, COUNT(params), &phone_number_entity, numbers);
}
