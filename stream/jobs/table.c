/* The jobs there are. */
#include "stream/jobs/jobs.h"
#include "stream/jobs/runs.h"

enum { SECOND = 1000, MINUTE = 60 * SECOND };

const struct job jobs[] = {
    /* clang-format off */
    {"fan-out",      LANE_DELIVER, 200,         run_fan_out},
    {"deliveries",   LANE_DELIVER, 200,         run_deliveries, .finish = finish_deliveries},
    {"messages",     LANE_CARRIER, SECOND,      run_messages},
    {"mail",         LANE_MAIL,    SECOND,      run_mail},
    {"recordings",   LANE_CARRIER, SECOND,      run_recordings},
    {"finalise",     LANE_SWEEP,   5 * SECOND,  run_finalise},
    {"orphans",      LANE_SWEEP,   5 * SECOND,  run_orphans,      .alone_ms = MINUTE},
    {"places",       LANE_SWEEP,   MINUTE,      run_places,       .alone_ms = MINUTE},
    {"expired",      LANE_SWEEP,   10 * SECOND, run_expired,      .alone_ms = MINUTE},
    {"silent-calls", LANE_SWEEP,   15 * SECOND, run_silent_calls, .alone_ms = 5 * MINUTE},
    {"orders",       LANE_SWEEP,   15 * SECOND, run_orders,       .alone_ms = 5 * MINUTE},
    {"callbacks",    LANE_SWEEP,   5 * SECOND,  run_callbacks,    .alone_ms = MINUTE},
    {"journal",      LANE_SWEEP,   5 * SECOND,  run_journal},
    {"numbers",      LANE_SWEEP,   15 * SECOND, run_numbers,      .alone_ms = 5 * MINUTE},
    {"balances",     LANE_SWEEP,   10 * MINUTE, run_balances,     .alone_ms = 5 * MINUTE},
    {"retention",    LANE_SWEEP,   5 * MINUTE,  run_retention,    .alone_ms = 5 * MINUTE},
    {"prices",       LANE_CARRIER, 5 * SECOND,  run_prices},
    {"dispatch",     LANE_SWEEP,   15 * SECOND, run_dispatch,     .alone_ms = 5 * MINUTE},
    {"sla",          LANE_SWEEP,   15 * SECOND, run_sla,          .alone_ms = MINUTE},
    {"follow-ups",   LANE_SWEEP,   15 * SECOND, run_follow_ups,   .alone_ms = MINUTE},
    {"tickets",      LANE_SWEEP,   5 * MINUTE,  run_tickets,      .alone_ms = 5 * MINUTE},
    {"rollups",      LANE_SWEEP,   10 * MINUTE, run_rollups,      .alone_ms = 5 * MINUTE},
    {"figures",      LANE_SWEEP,   MINUTE,      run_figures,      .alone_ms = MINUTE},
    {"governance",   LANE_SWEEP,   15 * MINUTE, run_governance,   .alone_ms = 5 * MINUTE},
    {"task-router",  LANE_SWEEP,   SECOND,      run_task_router,  .alone_ms = MINUTE},
    {"assignments",  LANE_ROUTE,   500,         run_assignments},
    {"task-links",   LANE_ROUTE,   500,         run_task_links},
    {"billing",      LANE_SWEEP,   5 * SECOND,  run_billing},
    /* clang-format on */
};

const size_t jobs_count = sizeof jobs / sizeof jobs[0];
