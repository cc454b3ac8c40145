/*
 * stream/socket.h - connections: listeners, websockets both ways, the control listener, the loop.
 *
 * The files of stream/socket/ alone know libwebsockets.  Whatever is said over a connection is the
 * business of a role: it is asked whether a client may come in, and told of messages and of the
 * end.  A role answers through the outlet it was given, whenever it likes; what it wrote leaves at
 * the end of the loop's turn, all of it in as few writes as possible.
 *
 * Everything here happens in the loop's thread, but sockets_wake().
 */
#ifndef STREAM_SOCKET_H
#define STREAM_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/config.h"
#include "stream/outlet.h"

/* Who asks to become a websocket. */
struct upgrade {
    const char *path, *query; /* without the question mark */
    const char *ip;           /* of the client, as a trusted proxy says */
    const char *host;         /* as the client calls us */
    const char *signature;    /* X-Twilio-Signature; "" when there is none, as all that follow */
    const char *authorization, *api_key; /* headers Authorization and X-API-Key */
    const char *protocols; /* subprotocols that it offers; "trunkline" is the one we speak */
    const char *control;   /* X-Trunkline-Control */
};

/* How the reason begins when a server that we connect to has no certificate that we trust. */
#define SOCKET_UNTRUSTED "untrusted certificate"

/* How a connection ended. */
struct closing {
    int status;         /* HTTP status when the other side refused the upgrade, else 0 */
    unsigned code;      /* the websocket's, 0 when it just broke */
    const char *reason; /* what the other side or the library said, never NULL */
};

struct role {
    const char *name;
    size_t most;            /* the longest message that is taken */
    size_t most_queued;     /* bytes that may wait for the other side */
    unsigned most_messages; /* that it may send within a second, which is no flood; 0: any number */
    unsigned slow_code;     /* what it is closed with when more would wait; 0: 1008 */
    bool is_private;        /* on the control listener, for our own programs */
    bool is_talk;           /* the other side's messages are few, and each is a sign of life */
    const char *path;       /* where clients ask for it; NULL: not told */
    int plain_status;       /* of a request there that asks for no websocket; 0: 426 */

    /*
     * Whether a client may come in: 101, or the HTTP status that refuses it; 0 when the path is
     * not this role's.  After 101 the connection's "with" is passed to the others.
     */
    int (*admit)(const struct upgrade *upgrade, void **with);

    void (*opened)(void *with, struct outlet *outlet);

    /* A whole message, without a NUL behind it. False closes the connection. */
    bool (*message)(void *with, const char *text, size_t length);

    /*
     * How many bytes have to arrive before any of them is worth reading; NULL or 0: each at once.
     * It is asked after messages, and ten times a second.
     */
    size_t (*awaits)(void *with);

    /* The last word of a connection, also of one that was admitted and never opened. */
    void (*closed)(void *with, const struct closing *closing);
};

/* A request to the control listener, and its answer. */
struct control_request {
    const char *method, *path, *signature; /* the header X-Trunkline-Control, "" when absent */
    const char *body;
    size_t length;
    int status;
    char reply[64 * 1024]; /* JSON, but for metrics */
};

struct sockets {
    const struct config *config;
    const struct role *const *roles; /* NULL at the end */
    void (*control)(struct control_request *request);
    void (*tick)(void); /* ten times a second */
};

/* A path without the "/n/NODE" that led to this node. */
const char *socket_path(const char *path);

/* Opens the listeners; false when one cannot be opened, which was then logged. */
bool sockets_open(const struct sockets *sockets);

/* Waits until something happens, and serves it; the turn ends with sockets_send(). */
void sockets_turn(void);

/* Sends everything that was written in this turn; says how many microseconds the turn took. */
int64_t sockets_send(void);

/* Ends the loop's wait, from any thread. */
void sockets_wake(void);

/* Closes everything. */
void sockets_close(void);

/* When this turn of the loop began, in microseconds of the monotonic clock. */
int64_t sockets_now_us(void);

/* A websocket server to connect to. */
struct target {
    bool tls;
    const char *address; /* numeric: names are resolved off the loop */
    const char *host;    /* as the server calls itself, also in its certificate */
    int port;
    const char *path;
    const char *authorization; /* value of that header, or NULL */
    const char *key_header;    /* a constant, "xi-api-key:"; NULL: the header is "authorization" */
};

/* Begins to connect; the role hears of it by opened() or closed(), which may be before this ends.
 */
void socket_connect(const struct role *role, const struct target *target, void *with);

/* Somebody else connects, for replays; NULL: nobody does. */
void sockets_connect_by(void (*connect)(const struct role *role, const struct target *target,
                                        void *with));

#endif
