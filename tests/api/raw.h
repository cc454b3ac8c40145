/*
 * api/raw.h - HTTP as bytes on a connection that is kept: what no library would send, and whether
 * the connection can be used afterwards.
 */
#ifndef API_RAW_H
#define API_RAW_H

#include "harness/harness.h"

struct raw {
    int fd;
};

/* A connection to the stack's web server. */
struct raw raw_open(void);

void raw_send(const struct raw *raw, const void *bytes, size_t length);

/* Says that nothing more will be sent. */
void raw_finish(const struct raw *raw);

/*
 * The next answer; its status is 0 when the connection was closed without one.  One to a HEAD
 * request has no body, whatever its headers announce.
 */
struct reply raw_answer(const struct raw *raw, bool to_head);

/* Whether another request on the same connection is answered. */
bool raw_is_usable(const struct raw *raw);

void raw_close(struct raw *raw);

#endif
