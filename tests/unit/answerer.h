/*
 * tests/unit/answerer.h - an HTTP server of the test's own, in threads: it remembers what it was
 * asked and answers as it is told.
 */
#ifndef TESTS_UNIT_ANSWERER_H
#define TESTS_UNIT_ANSWERER_H

#include <stdbool.h>
#include <stddef.h>

/* Hears on a free port of the loopback; answers 200 to what nobody told it about. */
void answerer_start(void);

/* "http://127.0.0.1:<port>" */
const char *answerer_url(void);

/* What to answer below a path from now on; the texts must stay. */
void answerer_say(const char *path, int status, const char *body);
void answerer_say_bytes(const char *path, int status, const void *body, size_t length);

/* Below this path it closes the connection without an answer, or holds it until released. */
void answerer_drop(const char *path);
void answerer_hold(const char *path);
void answerer_release(void);

/* One request as it came. */
struct heard {
    const char *method, *path, *headers, *body;
};

/* How many came below a path, and the one of that number, from 0; it must be there. */
size_t answerer_count(const char *path);
struct heard answerer_heard(const char *path, size_t number);

/* The value of a header, which must be there. */
const char *heard_header(const struct heard *heard, const char *name);

#endif
