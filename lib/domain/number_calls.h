/*
 * domain/number_calls.h - the calls on a tenant's numbers, as a list shows them.
 */
#ifndef DOMAIN_NUMBER_CALLS_H
#define DOMAIN_NUMBER_CALLS_H

#include "db/store.h"

struct number_call {
    const char *call_sid;
    int64_t number_seq; /* of our number */
    const char *number;
    const char *caller; /* the other side, whoever called */
    const char *direction, *state;
    const char *outcome; /* what came of it for the business, else for the call */
    int64_t duration_seconds;
    instant started_at;
    int64_t recording_count, turn_count;
};

extern const struct entity number_call_entity;

/*
 * Calls on numbers that a dialect made, given back ones included, newest first: one page of them,
 * an array of struct number_call.
 */
bool number_calls_list(struct work *work, const char *api_origin, size_t size, size_t skip,
                       struct rows *calls);

#endif
