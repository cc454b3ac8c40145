#include "domain/suppressions.h"

static const char *const suppressed_channels[] = {"sms", "voice", "email", "all", NULL};
static const char *const suppression_sources[] = {"keyword", "api",    "call",
                                                  "carrier", "import", NULL};

static const struct column columns_of_suppression[] = {
    COLUMN(suppression, tenant_id, NOT_NULL),
    COLUMN(suppression, id, NOT_NULL),
    COLUMN(suppression, channel, NOT_NULL, .one_of = suppressed_channels),
    COLUMN(suppression, address, NOT_NULL, .max = 254),
    COLUMN(suppression, our_address, NOT_NULL, .max = 20),
    COLUMN(suppression, source, NOT_NULL, .one_of = suppression_sources),
    COLUMN(suppression, keyword, NULLABLE, .max = 24),
    COLUMN(suppression, lifted_at, NULLABLE),
    COLUMN(suppression, created_at, NOT_NULL),
    COLUMN(suppression, updated_at, NOT_NULL),
    COLUMN(suppression, rev, NOT_NULL),
};

const struct entity suppression_entity =
    ENTITY(suppression, "suppression", "suppressions", columns_of_suppression);

bool suppression_put(struct work *work, const struct suppression *suppression)
{
    static const char sql[] =
        "INSERT INTO suppressions (tenant_id, id, channel, address, our_address, source, keyword,"
        " lifted_at, created_at, updated_at, rev) VALUES (?, ?, ?, ?, ?, ?, ?, NULL, ?, ?, 1)"
        " ON DUPLICATE KEY UPDATE source = VALUES(source), keyword = VALUES(keyword),"
        " lifted_at = NULL, updated_at = VALUES(updated_at), rev = rev + 1";
    const char *our_address = suppression->our_address ? suppression->our_address : "";
    instant now = clock_now();
    uid id = uid_new();
    const struct param params[] = {
        PARAM(work->tenant),         PARAM(id),          PARAM(suppression->channel),
        PARAM(suppression->address), PARAM(our_address), PARAM(suppression->source),
        PARAM(suppression->keyword), PARAM(now),         PARAM(now),
    };

    return db_execute(work, sql, params, COUNT(params), NULL);
}

/* Who says START to one of our numbers wants to hear from that number; the others stay silent. */
bool suppression_lift(struct work *work, const char *channel, const char *address,
                      const char *our_address)
{
    static const char sql[] = "UPDATE suppressions SET lifted_at = ?, updated_at = ?, rev = rev + 1"
                              " WHERE tenant_id = ? AND channel IN (?, 'all') AND address = ?"
                              " AND our_address IN ('', ?) AND lifted_at IS NULL";
    const char *ours = our_address ? our_address : "";
    instant now = clock_now();
    const struct param params[] = {PARAM(now),     PARAM(now),     PARAM(work->tenant),
                                   PARAM(channel), PARAM(address), PARAM(ours)};

    return db_execute(work, sql, params, COUNT(params), NULL);
}

bool is_suppressed(struct work *work, const char *channel, const char *address,
                   const char *our_address, bool *suppressed)
{
    static const char sql[] =
        "SELECT COUNT(*) FROM suppressions WHERE tenant_id = ? AND channel IN (?, 'all')"
        " AND address = ? AND our_address IN ('', ?) AND lifted_at IS NULL";
    const char *ours = our_address ? our_address : "";
    const struct param params[] = {PARAM(work->tenant), PARAM(channel), PARAM(address),
                                   PARAM(ours)};
    int64_t count;

    if (!db_number(work, sql, params, COUNT(params), 0, &count))
        return false;
    *suppressed = count > 0;
    return true;
}
