/*
 * harness/store.h - the stack's store through the program's own modules, for rows that no API
 * writes as a test needs them.
 */
#ifndef HARNESS_STORE_H
#define HARNESS_STORE_H

#include "core/work.h"
#include "domain/calls.h"
#include "domain/outcomes.h"
#include "harness/harness.h"

/* Work as that customer's tenant, with a connection to the stack's database. */
struct work customer_work(const struct customer *customer);

/* An incoming call that begins now; not written yet. */
struct call call_coming_in(struct work *work);

/* An outcome of a call of a minute that began now; not written yet. */
struct voice_outcome outcome_of_a_call(const char *resolution);

/* "01939f3a-7c21-7a4e-8b1d-5f6a7b8c9d0e" */
const char *uuid_of(uid id);

#endif
