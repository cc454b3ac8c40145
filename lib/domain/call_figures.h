/*
 * domain/call_figures.h - what a tenant's calls add up to, by agents, hours and days (reference
 * 3.6, decision 52).
 *
 * A call counts when it begins.  Hours and days are those of the tenant's clocks, summer time
 * included.  Minutes are whole ones, begun is counted.  Computed from one index range.
 */
#ifndef DOMAIN_CALL_FIGURES_H
#define DOMAIN_CALL_FIGURES_H

#include "core/zone.h"
#include "db/store.h"

struct call_figures {
    int64_t calls;
    int64_t ended, completed; /* of those: over, and over after a conversation */
    int64_t timed, seconds;   /* calls that took time, and how much */
    int64_t minutes;
};

/* completed calls among those that are over, from 0 to 1; 0 when none is. */
double call_figures_success(const struct call_figures *figures);

/* The mean length of those that took time in seconds, rounded; 0 when none did. */
int64_t call_figures_average(const struct call_figures *figures);

enum { HOURS_OF_DAY = 24, TOP_AGENTS = 10 };

struct agent_figures {
    uid agent_id;
    const char *name;
    int64_t calls, minutes;
};

struct day_figures {
    const char *date; /* "2026-11-02" */
    int64_t calls, minutes;
};

extern const struct entity agent_figures_entity, day_figures_entity;

struct tenant_figures {
    struct call_figures all;
    int64_t agents;                /* that the tenant has now */
    int64_t by_hour[HOURS_OF_DAY]; /* calls that began in that hour of any day */
    struct rows top;               /* struct agent_figures: most calls first, TOP_AGENTS at most */
};

/* The hour in which most calls began, of several the first; NO_INTEGER without calls. */
int64_t busiest_hour(const int64_t by_hour[HOURS_OF_DAY]);

/* Of calls that began since. */
bool call_figures_of_tenant(struct work *work, const struct zone *zone, instant since,
                            struct tenant_figures *figures);

struct agent_history {
    struct call_figures all;
    int64_t by_hour[HOURS_OF_DAY];
    struct rows days; /* struct day_figures: those with calls, oldest first */
};

/* Of an agent's calls that began since (NO_INSTANT: all); days: of those since "days_since". */
bool call_figures_of_agent(struct work *work, const struct zone *zone, uid agent, instant since,
                           instant days_since, struct agent_history *history);

struct tenant;

/* The zone of the tenant's clocks; NULL, which stands for UTC everywhere here, when it has none. */
const struct zone *zone_of_tenant(struct work *work, const struct tenant *tenant);

/* When a day (since 1970) begins there, and which day it is. */
instant local_midnight(const struct zone *zone, int64_t day);
int64_t local_day(const struct zone *zone, instant when);

#endif
