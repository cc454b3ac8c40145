/*
 * stream/jobs/lanes.h - the processes that jobs run in, one for each lane.
 */
#ifndef STREAM_JOBS_LANES_H
#define STREAM_JOBS_LANES_H

#include "stream/jobs/jobs.h"

/* Runs the jobs of a lane when they are due, until SIGTERM. */
void lane_run(struct work *work, enum lane lane);

/* Starts a child for every lane but the first, which is this process's own. */
void lanes_start(struct work *work);

/* Starts again what has died, not more often than once a second; nothing in a child. */
void lanes_keep(struct work *work);

/* Tells the children to open the log again; to end, and waits for them. */
void lanes_pass_on_reopen(void);
void lanes_stop(void);

#endif
