/*
 * tests/unit/relay.h - a TCP port in front of the database's socket, which can lose answers.
 *
 * It serves one connection after the other, in a thread of its own.
 */
#ifndef TESTS_UNIT_RELAY_H
#define TESTS_UNIT_RELAY_H

#include <pthread.h>

struct relay {
    int listener;
    unsigned port;
    const char *path; /* of the database's socket */
    pthread_t thread;
    _Atomic int losses; /* how many of the next answers are lost, each with its connection */
    _Atomic int ended;  /* how many connections have come to their end */
};

/* Starts at a free port; the test fails if that fails. */
void relay_begin(struct relay *relay, const char *path);
void relay_end(struct relay *relay);

/* Waits until that many connections have ended. */
void relay_wait(struct relay *relay, int ended);

#endif
