/*
 * stream/monitor.h - a supervisor listens to a call, at /monitor/ws?ticket=… (reference 5.9).
 *
 * The ticket (domain/tickets.h, role "monitor") names the session; with its mode "barge" the
 * supervisor also speaks in the agent's place (stream/takeover.h).  Everything is JSON:
 *
 *   to the supervisor
 *     {"type":"session","session_id","call_sid","stream_sid","mode","encoding":"audio/x-mulaw",
 *      "sample_rate":8000}
 *     {"type":"transcript","seq","speaker":"caller|agent|…","text","interrupted"}  again when a
 * turn changes; first all there were
 *     {"type":"audio","speaker":"caller|agent|supervisor","at_ms","audio":"base64"}
 *     {"type":"clear","speaker":"agent"}    what was sent and not played yet, the caller never
 * hears
 *     {"type":"mode","mode":"barge|monitor"}
 *     {"type":"ended","reason"}             and 1000
 *   from the supervisor
 *     {"type":"audio","audio":"base64"}     µ-law, 20 ms a message
 *     {"type":"release"}                    the agent goes on, the supervisor listens
 *
 * Agent's audio comes as fast as the model makes it, as the carrier gets it.  Close codes: 1008 a
 * ticket that opens nothing, 4404 no such session here, 4408 too slow (1 MiB waits), 4429 too many.
 */
#ifndef STREAM_MONITOR_H
#define STREAM_MONITOR_H

#include <stdbool.h>

#include "core/config.h"
#include "stream/scan.h"

struct live;
struct monitor;
struct slot;

extern const struct role monitor_role;

/* Starts the thread that redeems tickets; the configuration must outlive it. */
bool monitors_start(const struct config *config);
void monitors_stop(void);

/* What is heard in the call, for those who listen. */
void monitor_audio(struct live *live, const char *speaker, struct slice audio);
void monitor_clear(struct live *live);
void monitor_turn(struct live *live, const struct slot *slot);

/* The session is over. */
void monitor_end(struct live *live);

#endif
