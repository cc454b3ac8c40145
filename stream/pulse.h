/*
 * stream/pulse.h - when a process was last alive, for those who come after it.
 *
 * Every turn of the loop notes the time of day, and a thread puts it into a mapped page of a file,
 * twenty times a second: the loop never waits for a disk, and the system keeps the page when the
 * process is killed.  The file lies beside the spool and has the number of the first spool file
 * that its process wrote ("00000007.pulse"), so that every line that was left behind has its time
 * of death.
 */
#ifndef STREAM_PULSE_H
#define STREAM_PULSE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/clock.h"

/*
 * Begins to be alive, and removes the files of processes of which the spool holds nothing any more.
 * Without a disk that takes it nobody will know; the process runs all the same.
 */
bool pulse_start(const char *directory, uint64_t first_file);

/* Alive now; in the loop's thread. */
void pulse_beat(void);

/* No further beats: the process ends as it should. */
void pulse_stop(void);

/* When the process that wrote a file of a spool was last alive; NO_INSTANT: nobody knows. */
instant pulse_last(const char *directory, uint64_t file);

#endif
