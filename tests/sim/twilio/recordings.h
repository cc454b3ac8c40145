/*
 * twilio/recordings.h - recordings of calls: both voices of a media stream, kept in memory and
 * served as WAV and MP3.
 */
#ifndef SIM_TWILIO_RECORDINGS_H
#define SIM_TWILIO_RECORDINGS_H

#include <libxml/tree.h>

#include "twilio/call.h"
#include "twilio/rest.h"

/*
 * Begins to record; a call has one recording at a time, and a second order is ignored (false).
 * "node" is the verb with recordingStatusCallback and its kin, or NULL.
 */
bool recording_begin(struct call *call, const char *source, const xmlNode *node);

/* 20 ms of both sides. */
void recording_take(struct call *call, const unsigned char *caller, const unsigned char *agent);

/* Ends the recording that runs, if there is one. */
void recording_finish(struct call *call);

/* RecordingUrl, RecordingSid and RecordingDuration of the latest recording. */
void recordings_add_to_form(const struct call *call, struct form *form);

/* For the control port. */
struct json_object *recordings_view(const struct call *call);

void recordings_of_call(struct rest *rest);
void recordings_start(struct rest *rest);
void recordings_control(struct rest *rest);
void recordings_list(struct rest *rest);
void recordings_fetch(struct rest *rest);
void recordings_delete(struct rest *rest);
void recordings_wav(struct rest *rest);
void recordings_mp3(struct rest *rest);

#endif
