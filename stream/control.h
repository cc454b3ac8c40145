/*
 * stream/control.h - orders from our own programs: POST /control/commands/{id}, POST
 * /control/drain, GET /control/status, GET /control/metrics.
 *
 * A request carries X-Trunkline-Control: t=<unix seconds>,v1=<hex HMAC-SHA-256 under CONTROL_SECRET
 * of "<t>.<method> <path>.<body>">, at most 30 s old.  A command is a row of session_commands; the
 * post only makes it immediate.  To drain is what SIGTERM means: no new calls, and the process ends
 * when the running ones have, or have had their time.
 */
#ifndef STREAM_CONTROL_H
#define STREAM_CONTROL_H

#include <stdbool.h>

#include "core/config.h"
#include "stream/socket.h"

/* Starts the helper that reads commands; false when that fails, and the log says so. */
bool control_start(const struct config *config);
void control_stop(void);

/* From the loop's tick: looks for commands whose post was lost, twice a second. */
void control_tick(void);

/* Serves one request. */
void control_serve(struct control_request *request);

/* Notes how long a turn of the loop took, for the status. */
void control_note_turn(int64_t turn_us);

/* Whether the signature is right for the request at that time. */
bool control_is_signed(const char *secret, const struct control_request *request, int64_t now_s);

#endif
