/*
 * domain/agent_sheets.h - agents with what belongs to them in other tables: the published document,
 * the number, how much they talked.
 */
#ifndef DOMAIN_AGENT_SHEETS_H
#define DOMAIN_AGENT_SHEETS_H

#include "core/column.h"
#include "core/work.h"
#include "db/store.h"

struct agent_sheet {
    int64_t tenant_id;
    uid id;
    const char *name, *direction, *status;
    document config;    /* of the published version; NULL: nothing is published */
    const char *number; /* that it answers, or else calls from; the newest; NULL: none */
    int64_t total_calls;
    int64_t total_minutes; /* each call rounded up to the next minute */
    instant created_at, updated_at;
};

extern const struct entity agent_sheet_entity;

/* NULL: any. What is not active is inactive, what does not only call out is inbound. */
struct agent_sheet_filter {
    const char *status;    /* active, inactive */
    const char *direction; /* inbound, outbound */
};

/* The tenant's agents, newest first: an array of struct agent_sheet. */
bool agent_sheets(struct work *work, const struct agent_sheet_filter *filter, struct rows *sheets);

/* One of them; NOT_FOUND. */
bool agent_sheet_find(struct work *work, uid id, struct agent_sheet *sheet);

#endif
