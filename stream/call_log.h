/*
 * stream/call_log.h - everything that came in and went out in a call, kept so that it can be run
 * through the bridge again (replay.h).
 *
 * Only rehearsal calls are kept (those of the stand-in carrier), and only where CALL_LOG_DIR names
 * a directory: a log holds what was said.  It is one file for a session, written when the session
 * is over: a line for each thing, "<microseconds since the line before> <kind> <what>".
 *
 *   s  how it began: JSON           c  the carrier said         m  the model said
 *   a  the claim was answered       k  the carrier is gone      x  the model is gone
 *   r  the claim was refused        e  the end is stored        o  the model is connected
 *   t  the clock's tick             C  said to the carrier      M  said to the model
 *   u  a tool has answered          y  a model that was given up is gone
 *   v  an order was given
 *   p  the loop's pressure: how many frames make a message
 *
 * After C and M stands a control message, or "#<length>:<hash>" of a message with audio, "-" when
 * queued audio was taken back, or "!<code>" for the end of the connection.  Four bytes that repeat
 * (silence does) are written "~<times>*<bytes>~".
 */
#ifndef STREAM_CALL_LOG_H
#define STREAM_CALL_LOG_H

#include <stdbool.h>
#include <stddef.h>

#include "core/config.h"
#include "core/error.h"
#include "core/json.h"
#include "core/text.h"
#include "stream/outlet.h"
#include "stream/socket.h"

struct call_log;
struct outcome;
struct claimed;

/* Starts the thread that writes files; nothing when CALL_LOG_DIR is not set. */
bool call_logs_start(const struct config *config);
void call_logs_stop(void);

/* A log for a new session; NULL when none is kept. */
struct call_log *call_log_begin(const char *ip);

/* The session is let go of: its log is written, if it is one of a rehearsal. */
void call_log_end(struct call_log *log, const char *call_sid);

/* Things that came in; all do nothing when "log" is NULL. */
void call_log_add(struct call_log *log, char kind, const char *text, size_t length);
void call_log_closed(struct call_log *log, char kind, const struct closing *closing);
void call_log_claimed(struct call_log *log, const struct claimed *claimed);
void call_log_refused(struct call_log *log, const struct error *error);
void call_log_order(struct call_log *log, const char *kind, json_object *args);
void call_log_tool(struct call_log *log, const char *call_ref, const struct outcome *outcome);

/* What is said through the outlet that comes back is kept as well; the same when "log" is NULL. */
struct outlet *call_log_tap(struct call_log *log, struct outlet *outlet, char kind);

/* How a message that goes out stands in a log, behind its kind. */
void call_log_describe(struct text *text, enum message_kind kind, const char *message,
                       size_t length);

/* Adds a line's text with repeats folded; and a copy with them unfolded. */
void call_log_fold(struct text *text, const char *line, size_t length);
char *call_log_unfold(struct arena *arena, const char *folded, size_t length, size_t *unfolded);

#endif
