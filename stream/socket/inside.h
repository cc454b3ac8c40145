/*
 * stream/socket/inside.h - what the files of this folder know of each other; nobody else includes
 * it, because nobody else knows libwebsockets.
 *
 *   talk.c     a websocket from its opening to its end: what is written, what is read
 *   admit.c    who comes in: handshakes, addresses, roles
 *   connect.c  connections that we make
 *   private.c  requests to the control listener
 *   loop.c     the loop and its listeners
 */
#ifndef STREAM_SOCKET_INSIDE_H
#define STREAM_SOCKET_INSIDE_H

#include <libwebsockets.h>

#include "stream/burst.h"
#include "stream/queue.h"
#include "stream/socket.h"

enum { KEEP = 0, CLOSE = -1 }; /* what libwebsockets makes of a callback's answer */

enum { CLOSE_REASON = 123 };

struct socket {
    struct outlet outlet; /* first, so that an outlet is its socket */
    struct lws *wsi;
    const struct role *role;
    void *with;
    struct queue out;
    char *in; /* of the message that is still arriving */
    size_t in_length, in_room;
    struct socket *next_touched, *next_patient;
    size_t awaited; /* bytes that have to be there before the kernel speaks of them; 0: any */
    bool is_touched, is_patient, is_open, is_closing, is_close_sent;
    struct burst burst;
    unsigned close_code;
    char close_reason[CLOSE_REASON + 1];
    char *authorization; /* until the handshake was sent */
    const char *key_header;
    bool *was_freed;   /* told when it is freed while it is being connected */
    unsigned messages; /* in the time that is measured */
    int64_t measured_us;
    struct closing end;
    char end_reason[CLOSE_REASON + 1];
};

/* ---- talk.c ---- */

/* A new one, not open yet. */
struct socket *socket_new(const struct role *role, void *with);

/* What both sides of a websocket have in common. */
int socket_event(struct lws *wsi, struct socket *socket, enum lws_callback_reasons reason, void *in,
                 size_t length);

/* A connection that could not be made, and the end of any; the socket is gone then. */
int socket_not_connected(struct lws *wsi, struct socket *socket, const char *in, size_t length);
int socket_ended(struct lws *wsi, struct socket *socket);

/* Its key is not needed any more. */
void socket_forget_authorization(struct socket *socket);

/* Sends everything that was written in this turn, and says what is awaited next. */
void sockets_flush(void);

/* Asks again what is awaited, where something is: it may not come. */
void sockets_reconsider(void);

/* ---- admit.c ---- */

/* The protocol of the public listener. */
int socket_on_stream(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                     size_t length);

/* Asks each role whether the path is its own and the client may come in. */
int socket_upgrade(struct lws *wsi, bool is_private);

/* What a connection goes through before it is anybody's; false: it is not about that. */
bool socket_handshake(struct lws *wsi, enum lws_callback_reasons reason, const void *in,
                      int *answer);

/* Cuts connections that take for ever to say what they want, without a word. */
void sockets_cut_overdue(void);

/* ---- connect.c, private.c ---- */

/* What libwebsockets tells of a connection that we made; not 0: it is to be closed. */
int socket_on_client(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                     size_t length);

/* A request to the control listener while its body arrives. */
struct control_exchange {
    struct control_request request;
    char method[8], path[128], signature[160], body[4096 + 1];
};

/* The same of a request to the control listener. */
int socket_on_control(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                      size_t length);

/* ---- loop.c ---- */

/* What sockets_open() was given. */
const struct sockets *sockets_setup(void);

/* Fills in where connections that we make belong. */
void sockets_place(struct lws_client_connect_info *info);

#endif
