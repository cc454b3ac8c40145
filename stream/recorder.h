/*
 * stream/recorder.h - both voices of a call, kept as they were heard.
 *
 * The caller's frames are the clock: to each is added what of the agent's speech is played at that
 * time.  A second at a time goes to a thread, which appends it to a file in the spool; when the
 * call is over another one makes a stereo MP3 of the file (caller left, agent right) and stores it,
 * piece by piece.  A file that a crash or a database that was away left behind is stored later; one
 * that the store refuses is kept for a day.
 */
#ifndef STREAM_RECORDER_H
#define STREAM_RECORDER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/config.h"
#include "stream/facts.h"
#include "stream/scan.h"

struct recorder;

/* Starts the threads; "directory" is the node's spool.  False when one cannot be started. */
bool recorders_start(const struct config *config, const char *directory);

/* Finishes the recording that is under way; the others are stored after the next start. */
void recorders_stop(void);

/* From the loop's tick: now and then looks for files that still wait to be stored. */
void recorders_tick(void);

/* A new recording; NULL when too much waits for the threads. */
struct recorder *recorder_open(const struct subject *subject);

/* Base64 audio, already checked. */
void recorder_caller(struct recorder *recorder, struct slice audio);
void recorder_agent(struct recorder *recorder, struct slice audio);

/* What the agent had still to say is not said. */
void recorder_clear(struct recorder *recorder);

/* Why nothing is kept for a while. */
enum { PAUSE_ORDER = 1, PAUSE_TOOL = 2, PAUSE_KEYS = 4 };

/*
 * From now on silence is kept in place of both voices, so that what comes later stands where it
 * was; until nobody wants it any more.  True when that changed something.
 */
bool recorder_pause(struct recorder *recorder, unsigned why);
bool recorder_resume(struct recorder *recorder, unsigned why);

/* How long the recording is by now. */
int64_t recorder_ms(const struct recorder *recorder);

/* The end; the recorder is given away. */
void recorder_close(struct recorder *recorder);

#endif
