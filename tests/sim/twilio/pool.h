/*
 * twilio/pool.h - the numbers that exist for sale, bought or not.
 */
#ifndef SIM_TWILIO_POOL_H
#define SIM_TWILIO_POOL_H

#include <stdbool.h>

enum { NUMBER_SIZE = 20, POOL_PER_AREA = 10000 };

struct pool_number {
    char number[NUMBER_SIZE];                                           /* E.164 */
    const char *locality, *region, *postal_code, *latitude, *longitude; /* NULL when unknown */
};

/* What is looked for; NULL or false is "any". */
struct pool_search {
    const char *country; /* "US" */
    const char *area_code, *contains, *region, *locality;
    bool toll_free;
};

/* True when numbers are sold in a country. */
bool pool_has_country(const char *country);

/*
 * Calls visit for every number that fits, in an order that is always the same, until it returns
 * false.
 */
void pool_each(const struct pool_search *search,
               bool (*visit)(void *user, const struct pool_number *number), void *user);

#endif
