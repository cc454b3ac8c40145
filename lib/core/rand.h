/*
 * core/rand.h - randomness.  Everybody asks here, so that a test can make it repeatable.
 */
#ifndef CORE_RAND_H
#define CORE_RAND_H

#include <stddef.h>
#include <stdint.h>

/* Fills with bytes that nobody can guess (OpenSSL's generator); ends the process if it cannot. */
void rand_bytes(void *bytes, size_t count);

/* A number from 0 to below - 1, every one as likely; "below" is at least 1. */
uint64_t rand_below(uint64_t below);

/* From now on the same bytes for the same seed, for tests; 0 goes back to real randomness. */
void rand_seed(uint64_t seed);

#endif
