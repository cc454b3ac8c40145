/*
 * domain/sweep_frame.h - what the sweeps of callback tasks have in common; private to them.
 */
#ifndef DOMAIN_SWEEP_FRAME_H
#define DOMAIN_SWEEP_FRAME_H

#include "domain/queue_sweeps.h"
#include "domain/tenants.h"

/*
 * Tasks of tenants that are not served would stand in the way of the others' for ever.  Said as
 * what there is not, so that the tasks' own index is gone through first.
 */
#define SERVED(alias)                                                                              \
    "NOT EXISTS (SELECT 1 FROM tenants AS n WHERE n.id = " alias                                   \
    ".tenant_id AND (n.status NOT IN ('trial', 'active') OR n.deleted_at IS NOT NULL))"

struct sweep {
    const struct sweep_order *order;
    const struct tenant *tenant; /* of the task at hand */
    instant now;
};

/* What became of one task. */
enum settled { SETTLED, UNCHANGED, SOMEBODY_ELSES };

/* Settles one task under its tenant; false: it called fail(), which is listed. */
typedef bool settler(struct work *work, const struct sweep *sweep, struct callback_task *task,
                     struct swept_task *item, enum settled *settled);

/*
 * Tasks that are not finished and fulfil a condition on "t": "ordered_by" is a column of an index
 * that begins with the status, or NULL.  The tenant of the order is added by itself.
 */
bool sweep_find(struct work *work, const struct sweep_order *order, const char *condition,
                const struct param *params, size_t nparams, const char *ordered_by,
                struct rows *tasks);

/* Settles them one after the other and counts. */
bool sweep_each(struct work *work, const struct sweep_order *order, const struct rows *tasks,
                settler *settle, struct sweep_result *result);

/* Takes the task for 60 seconds unless it changed since it was read or somebody has it. */
bool sweep_lease(struct work *work, const struct sweep *sweep, const struct callback_task *task,
                 bool *taken);

/* Gives it back. */
bool sweep_give_back(struct work *work, const struct sweep *sweep, uid task);

#endif
