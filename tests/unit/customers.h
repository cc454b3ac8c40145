/*
 * tests/unit/customers.h - a customer of the Twilio dialect, and what the carrier says of its
 * calls.
 */
#ifndef TESTS_UNIT_CUSTOMERS_H
#define TESTS_UNIT_CUSTOMERS_H

#include "domain/callbacks.h"
#include "remote/twilio.h"
#include "world.h"

/* The rehearsal's account at the carrier, which a world's calls come from. */
#define CARRIER_ACCOUNT "AC00000000000000000000000000000000"

/*
 * Begins a world, "alone" as of world_begin(), whose tenant has a key of that dialect and may name
 * URLs of this machine; answers the token that requests to it are signed with.  It ends by
 * world_end().  The test fails when that fails.
 */
const char *customer_begin(struct world *world, bool alone);

/* A form of the carrier's, as long as the world's work: its account and these fields. */
struct form carrier_form(struct world *world, const struct twilio_field *fields, size_t count);

#endif
