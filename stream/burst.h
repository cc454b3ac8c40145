/*
 * stream/burst.h - all messages that wait for a connection, in one write.
 *
 * libwebsockets sends each message by itself, and reads four random bytes from the kernel for each
 * that a client sends.  So where the kernel surely has room, what waits is framed here and written
 * at once.  Where it may have none the library writes, because it knows how to go on after half a
 * frame, and nothing else may come between its halves.
 */
#ifndef STREAM_BURST_H
#define STREAM_BURST_H

#include <stdbool.h>
#include <stddef.h>

#include "stream/queue.h"

struct burst {
    int fd;
    void *ssl;   /* the connection's SSL, NULL when it is plain */
    bool masks;  /* a client's frames are masked */
    size_t room; /* bytes that the kernel takes for sure */
};

enum burst_result {
    BURST_SENT,    /* one or more messages are gone from the queue */
    BURST_NO_ROOM, /* nothing was written: the kernel may not take it */
    BURST_BROKEN,  /* the connection cannot be used any more */
};

/* Sends as much of the queue, which is not empty, as fits into one write. */
enum burst_result burst_send(struct burst *burst, struct queue *queue);

#endif
