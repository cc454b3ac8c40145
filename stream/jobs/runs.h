/*
 * stream/jobs/runs.h - what the jobs of the table do; each is one round.
 */
#ifndef STREAM_JOBS_RUNS_H
#define STREAM_JOBS_RUNS_H

#include "core/work.h"

/* deliveries.c: posts what is due, and waits for what is under way. */
bool run_deliveries(struct work *work);
void finish_deliveries(struct work *work);

/* effects.c: what the outbox owes, by topic. */
bool run_fan_out(struct work *work);
bool run_recordings(struct work *work);
bool run_messages(struct work *work);
bool run_mail(struct work *work);
bool run_prices(struct work *work);

/* calls.c: calls that nobody finished. */
bool run_finalise(struct work *work);
bool run_silent_calls(struct work *work);
bool run_orders(struct work *work);

/* sessions.c: what lost nodes held, and sessions that never connected. */
bool run_orphans(struct work *work);
bool run_places(struct work *work);
bool run_expired(struct work *work);

/* callbacks.c: callbacks that were stored and not applied, and those that were not stored. */
bool run_callbacks(struct work *work);
bool run_journal(struct work *work);

/* numbers.c: orders and releases of numbers that were left open. */
bool run_numbers(struct work *work);

/* upkeep.c: balances are folded, what is old is deleted. */
bool run_balances(struct work *work);
bool run_retention(struct work *work);

/* callback_queues.c: callback tasks that are due, overdue, snoozed or linked with tickets. */
bool run_dispatch(struct work *work);
bool run_sla(struct work *work);
bool run_follow_ups(struct work *work);
bool run_tickets(struct work *work);

/* rollups.c: days are added up, counters of processes that are gone are kept. */
bool run_rollups(struct work *work);
bool run_figures(struct work *work);

/* task_router.c, and effects.c: TaskRouter. */
bool run_task_router(struct work *work);
bool run_assignments(struct work *work);
bool run_task_links(struct work *work);

/* governing.c: rollouts are held to their policies, billed outcomes are told of. */
bool run_governance(struct work *work);
bool run_billing(struct work *work);

#endif
