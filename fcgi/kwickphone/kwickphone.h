/*
 * fcgi/kwickphone/kwickphone.h - the KwickPhone dialect: numbers that an agent answers, their
 * calls, transcripts and recordings.
 *
 * Bearer keys kp_live_…, JSON, errors {"error": {"code", "message"}}, lists {"data": […]}, dates in
 * whole seconds, absent values left out.
 */
#ifndef FCGI_KWICKPHONE_KWICKPHONE_H
#define FCGI_KWICKPHONE_KWICKPHONE_H

#include "fcgi/dialect.h"

extern const struct dialect kwickphone;

/* Numbers (numbers.c). */
extern const struct view kwickphone_order_view, kwickphone_created_view, kwickphone_number_view,
    kwickphone_released_view;
bool kwickphone_create_number(struct request *req);
bool kwickphone_list_numbers(struct request *req);
bool kwickphone_release_number(struct request *req);

/* Calls (calls.c, recording.c). */
extern const struct view kwickphone_call_view, kwickphone_transcript_view;
bool kwickphone_list_calls(struct request *req);
bool kwickphone_get_transcript(struct request *req);
bool kwickphone_get_recording(struct request *req);

#endif
