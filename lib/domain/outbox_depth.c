#include "domain/outbox_depth.h"

#include <string.h>

static const struct column columns_of_depth[] = {
    COLUMN(outbox_depth, name, NOT_NULL),
    COLUMN(outbox_depth, pending, NOT_NULL),
    COLUMN(outbox_depth, delivered, NOT_NULL),
    COLUMN(outbox_depth, failed, NOT_NULL),
};

const struct entity outbox_depth_entity = ENTITY(outbox_depth, "outbox", NULL, columns_of_depth);

static const char *const topics[] = {"webhook",  "billing_outcome", "workflow", "sms",    "email",
                                     "analysis", "recording",       "notify",   "carrier"};

/* Both statements read their index of states alone. */
static bool select_topics(struct work *work, struct rows *rows)
{
    static const char sql[] =
        "SELECT topic AS name, COUNT(IF(state = 'pending', 1, NULL)) AS pending,"
        " COUNT(IF(state = 'delivered', 1, NULL)) AS delivered,"
        " COUNT(IF(state = 'failed', 1, NULL)) AS failed FROM outbox GROUP BY topic";

    return db_select(work, sql, NULL, 0, &outbox_depth_entity, rows);
}

static bool select_deliveries(struct work *work, struct outbox_depth *depth)
{
    static const char sql[] =
        "SELECT 'webhook_deliveries' AS name,"
        " COUNT(IF(state IN ('pending', 'retrying'), 1, NULL)) AS pending,"
        " COUNT(IF(state = 'sent', 1, NULL)) AS delivered,"
        " COUNT(IF(state = 'failed', 1, NULL)) AS failed FROM webhook_deliveries";

    return db_find(work, sql, NULL, 0, &outbox_depth_entity, depth);
}

bool outbox_depths(struct work *work, struct rows *depths)
{
    struct outbox_depth *depth = arena_new(&work->arena, struct outbox_depth, COUNT(topics) + 1);
    const struct outbox_depth *found;
    struct rows rows;

    if (!select_topics(work, &rows))
        return false;
    found = rows.at;
    for (size_t i = 0; i < COUNT(topics); i++) {
        for (size_t j = 0; j < rows.count; j++)
            if (strcmp(found[j].name, topics[i]) == 0)
                depth[i] = found[j];
        depth[i].name = arena_format(&work->arena, "%s_outbox", topics[i]);
    }
    *depths = (struct rows){depth, COUNT(topics) + 1};
    return select_deliveries(work, &depth[COUNT(topics)]);
}
