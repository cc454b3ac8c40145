/*
 * tests/load/socket.h - websockets for the load tools: as little work as possible for each message.
 *
 * One thread, descriptors that do not block, loopback.  Messages are whole text frames.
 */
#ifndef LOAD_SOCKET_H
#define LOAD_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct socket {
    int fd;
    struct ssl_st *tls;      /* NULL: plain */
    bool is_client, is_open; /* is_open: the handshake is done */
    char *in, *out;
    size_t in_length, in_room, out_length, out_room;
    void *with;
};

/* Microseconds of the monotonic clock. */
int64_t load_now_us(void);

/* Listens on a port of 127.0.0.1; the program ends when that fails. */
int load_listen(int port);

/* From now on whoever is accepted speaks TLS, with the certificate and key in this file. */
void load_serve_tls(const char *pem);

/*
 * Connects to "ws://127.0.0.1:PORT/PATH" or "wss://…" (whose certificate is not looked at) and
 * sends the handshake; false when it cannot.
 */
bool load_connect(struct socket *socket, const char *url);

/* The next client of a listener; false when there is none. */
bool load_accept(struct socket *socket, int listener);

void load_close(struct socket *socket);

/* Queues a text message; load_flush() sends what is queued. */
void load_put(struct socket *socket, const char *text, size_t length);
bool load_flush(struct socket *socket);

/*
 * Takes what has come and tells "message" of each whole message, whose bytes may be changed; false
 * when the connection is over.
 */
bool load_read(struct socket *socket,
               void (*message)(struct socket *socket, char *text, size_t length));

/* Decodes base64 into "bytes", which has room for three quarters of "length"; says how many. */
size_t load_decode(const char *text, size_t length, uint8_t *bytes);

#endif
