/*
 * openai/usage.h - tokens of a response, by rules of thumb: 4 bytes of text, 100 ms of the
 * caller's audio, 50 ms of the model's.  What the last response read is cached for the next one,
 * in blocks of 64.
 */
#ifndef SIM_OPENAI_USAGE_H
#define SIM_OPENAI_USAGE_H

#include "openai/response.h"

/* Counts what a response reads. */
void usage_begin(struct response *response);

/* The "usage" of the response as it stands. */
struct json_object *usage_of(const struct response *response);

/* The limits of the account go down with what was used. */
struct json_object *usage_rate_limits(const struct response *response);

#endif
