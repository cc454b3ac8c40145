/*
 * common/web_internal.h - what web.c, web_http.c and web_socket.c know of each other; nobody else
 * includes it.
 */
#ifndef SIM_COMMON_WEB_INTERNAL_H
#define SIM_COMMON_WEB_INTERNAL_H

#include <libwebsockets.h>
#include <pthread.h>
#include <signal.h>

#include "common/web.h"

struct web {
    struct lws_context *context;
    struct lws_vhost *client; /* of outgoing connections */
    volatile sig_atomic_t stop;
    bool draining; /* being freed: handlers are no longer called */
    pthread_mutex_t lock;
    struct post *first_post, *last_post;
    struct service *services;
    struct web_timer *timers; /* the one that is due first leads */
    int clock;                /* timerfd */
    int64_t armed;            /* what it is set to; 0 is nothing */
};

/* One listening port. */
struct service {
    struct web *web;
    struct web_service is;
    struct lws_protocols protocols[2];
    struct service *next;
};

/* One accepted or outgoing connection; lives as long as its wsi. */
struct connection {
    struct lws *wsi;
    struct web *web;
    struct service *service;     /* NULL on the connecting side */
    struct web_request *request; /* being read or answered */
    struct web_socket *socket;
};

struct web_request {
    struct connection *connection; /* NULL when the client went away */
    char *method, *path, *query;
    char *body;
    size_t body_length, body_room;
    struct json_object *headers, *json, *arguments;
    bool answered, lose;
    int status;
    char *type;
    char *added; /* header lines of the answer */
    unsigned char *answer;
    size_t answer_length;

    /* Of an answer that comes in pieces. */
    bool streams, began, ends;
    char *pieces; /* as they go over the wire, not written yet; LWS_PRE bytes before them */
    size_t pieces_length;
    void (*gone)(void *user);
    void *gone_user;
};

/* Memory or the end of the program. */
void *web_take(size_t size);
char *web_copy(const char *text);
void *web_grow(void *memory, size_t size);

/* The connection of a wsi, made when there is none. */
struct connection *web_connection(struct web *web, struct lws *wsi, struct service *service);

/* A request read from the headers of a wsi, and its end. */
struct web_request *web_request_new(struct connection *connection, const char *path);
void web_request_free(struct web_request *request);

/* Callbacks of libwebsockets, by subject; each returns what libwebsockets is to be told. */
int web_http_event(struct connection *connection, enum lws_callback_reasons reason, void *in,
                   size_t length);
int web_socket_event(struct connection *connection, enum lws_callback_reasons reason, void *in,
                     size_t length);

/* What outgoing connections hang on; making it takes some 50 ms because of TLS. */
struct lws_vhost *web_client_vhost(struct web *web);

/* Ends what belongs to a connection when its wsi goes. */
void web_http_gone(struct connection *connection);
void web_socket_gone(struct connection *connection);

/* Closes a connection soon, with no goodbye. */
void web_kill(struct connection *connection);

/* The callback of every protocol. */
int web_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                 size_t length);

#endif
