/*
 * tests/unit/slots.h - turns of a conversation as the daemon's transcript holds them, for tests of
 * what is written down of them.
 */
#ifndef TESTS_UNIT_SLOTS_H
#define TESTS_UNIT_SLOTS_H

#include "stream/facts.h"
#include "stream/transcript.h"

/* Somebody's turn of half a second that nobody interrupted; its latencies are not known. */
struct slot slot_said(int64_t seq, enum speaker speaker, const char *text);

/* Writes down that the caller said "word", wherever facts_to() said. */
void write_turn(const struct subject *subject, int64_t seq);

#endif
