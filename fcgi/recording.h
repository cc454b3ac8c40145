/*
 * fcgi/recording.h - recordings of calls as answers, whole or the part that a Range header asks
 * for.
 */
#ifndef FCGI_RECORDING_H
#define FCGI_RECORDING_H

#include "fcgi/request.h"

struct recording;

/*
 * Streams the recording of a call of the tenant's; NOT_FOUND when there is none.  "refusal" is the
 * JSON of the dialect's answer to a part that the recording has not (416).
 */
bool reply_recording(struct request *req, uid call, const char *refusal);

/* The same of one recording, which is available. */
bool reply_sound(struct request *req, const struct recording *recording, const char *refusal);

#endif
