/*
 * tests/unit/fake_carrier.h - a carrier of the test's own, in a thread: it sells numbers, finds and
 * takes them back, and fails where it is told to.
 */
#ifndef TESTS_UNIT_FAKE_CARRIER_H
#define TESTS_UNIT_FAKE_CARRIER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "core/arena.h"

enum { FAKE_NUMBERS = 32 };

struct fake_number {
    char sid[40], number[20], name[80], form[1000];
    bool owned;
};

struct fake_carrier {
    char base_url[64];
    int listener;
    pthread_t thread;

    /* What it is told. */
    atomic_int searches_empty;  /* so many searches find nothing */
    atomic_int sales_refused;   /* so many orders are refused: somebody else was faster */
    atomic_int sales_forbidden; /* so many orders are refused for another reason */
    atomic_int sales_lost;      /* so many orders are dropped before anything is sold … */
    atomic_int answers_lost;    /* … and so many after it */
    atomic_int finds_lost;      /* so many questions after a number get no answer */
    atomic_int releases_failed; /* so many numbers are not taken back */
    const char *canned;         /* what every request is answered with, whatever it asks */

    /* What it did. */
    atomic_int searches, orders, sold, finds, released;
    struct fake_number numbers[FAKE_NUMBERS];
    char request[4096]; /* the last one */
};

/* Listens on a free port of the loopback and serves from then on. */
void fake_carrier_start(struct fake_carrier *carrier);
void fake_carrier_stop(struct fake_carrier *carrier);

/* From now on it answers so, whatever it is asked; the answer lies in the arena. */
void fake_carrier_answers(struct fake_carrier *carrier, struct arena *arena, int status,
                          const char *json);

/* The number of that name that it has sold, NULL when there is none. */
const struct fake_number *fake_carrier_sold(const struct fake_carrier *carrier, const char *name);

#endif
