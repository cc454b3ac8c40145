/*
 * stream/own_call.h - a call whose carrier is the test itself, word for word.
 */
#ifndef TESTS_STREAM_OWN_CALL_H
#define TESTS_STREAM_OWN_CALL_H

#include "core/work.h"
#include "domain/sessions.h"
#include "harness/harness.h"
#include "harness/websocket.h"

struct own_call {
    struct work work; /* with a connection to the stack's database, as the call's tenant */
    struct customer customer;
    uid call, session;
    const char *sid, *stream_sid, *token;
};

/* Writes the rows of a call of a new customer, and makes its token. */
struct own_call own_call_new(void);

/* Connects to a daemon with the token in the path. */
struct websocket own_call_open(const struct own_call *call, int port);

/* The carrier's first two messages. */
void own_call_start(const struct own_call *call, struct websocket *ws);

/* One frame of 20 ms of silence. */
void own_call_frame(struct websocket *ws);

/* The state of its session now. */
const char *own_call_state(struct own_call *call);

/* Waits, sending frames, until the daemon says something with "part". */
const char *own_call_hear(struct websocket *ws, const char *part, int seconds);

/* The stack's daemon, and another one of the test's own. */
int stream_port(void);

struct own_daemon {
    int pid, port, control_port;
    const char *spool;
};
struct own_daemon own_daemon_start(void);

/* One with room for two calls and a disk that takes no byte. */
struct own_daemon own_daemon_start_full(void);

/* Waits for its end; its exit status, 128 and the signal's number when one killed it. */
int own_daemon_end(struct own_daemon *daemon);

#endif
