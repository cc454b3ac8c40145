/*
 * stream/metrics.h - what this node counts; in the loop's thread alone.
 *
 * Most of it is read off the facts that calls leave behind, so that nobody has to count twice.
 */
#ifndef STREAM_METRICS_H
#define STREAM_METRICS_H

#include <stdint.h>

#include "core/config.h"
#include "core/text.h"
#include "domain/node_metrics.h"
#include "stream/transcript.h"

/* Starts the thread that writes the figures into the database; false when it cannot be started. */
bool metrics_start(const struct config *config);
void metrics_stop(void);

/* From the loop's tick: every ten seconds the figures are written. */
void metrics_tick(void);

/* Adds to a counter; in the loop's thread, as all of these. */
void metrics_count(enum node_metric metric, int64_t more);

/* A turn of the loop took so long. */
void metrics_note_turn(int64_t turn_us);

/* Facts, as they are written: an event, a turn for the first time, an answered tool, an end. */
void metrics_event(const char *type);
void metrics_turn(int64_t tenant, const struct slot *slot);
void metrics_tool(const char *status);
void metrics_end(const char *result);

/*
 * All figures in the text form of Prometheus, those of the tenants with the most answers as
 * histograms of their own.
 */
void metrics_expose(const struct config *config, struct text *text);

#endif
