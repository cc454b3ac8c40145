/*
 * common/web.h - one event loop for a stand-in: HTTP and websocket servers, websocket clients,
 * timers, and a way in for other threads.  Built on libwebsockets.
 *
 * Everything runs in the thread that called web_run(), except web_post(), which any thread may
 * call.  A handler never waits: it answers at once, or keeps the request and answers later.
 * Texts handed to a handler live as long as its request; texts handed to a function of this file
 * are copied.  A stand-in without memory ends.
 */
#ifndef SIM_COMMON_WEB_H
#define SIM_COMMON_WEB_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct web;
struct web_request;
struct web_socket;
struct web_timer;

/* ---- the loop ---------------------------------------------------------------------------- */

struct web *web_new(void);

/* Serves until SIGTERM, SIGINT or web_stop(). */
void web_run(struct web *web);

void web_stop(struct web *web);

/* Closes every connection and frees the loop; pending timers and posts are dropped. */
void web_free(struct web *web);

/* Microseconds of the monotonic clock, and milliseconds since 1970. */
int64_t web_micros(void);
int64_t web_epoch_ms(void);

/*
 * Calls fire(user) once, in the loop, "ms" from now or at a moment of web_micros().  The timer
 * frees itself after it has fired; until then web_timer_cancel() ends it.  Cancel of NULL does
 * nothing.
 */
struct web_timer *web_after(struct web *web, int64_t ms, void (*fire)(void *user), void *user);
struct web_timer *web_at(struct web *web, int64_t micros, void (*fire)(void *user), void *user);
void web_timer_cancel(struct web_timer *timer);

/* Calls run(user) in the loop soon.  The only function that other threads may use. */
void web_post(struct web *web, void (*run)(void *user), void *user);

/* ---- HTTP server -------------------------------------------------------------------------- */

/*
 * A whole request has arrived.  Answer it with exactly one of web_answer(), web_answer_json(),
 * web_stream_begin(), web_drop() and web_ignore(), now or later; afterwards it is gone.  A client
 * that went away in between is no error.
 */
typedef void (*web_handler)(struct web_request *request, void *user);

const char *web_method(const struct web_request *request); /* "GET" */
const char *web_path(const struct web_request *request);   /* decoded, without the query */
const char *web_query(const struct web_request *request);  /* without '?', encoded anew; or "" */

/* The body with a NUL behind it; "" when there was none. */
const char *web_body(const struct web_request *request, size_t *length);

/* The body as JSON, owned by the request; NULL when it is not JSON. */
struct json_object *web_body_json(struct web_request *request);

/* A header by its lower-case name without colon, or NULL. */
const char *web_header(const struct web_request *request, const char *name);

/*
 * The headers that are widely known, and those that were asked for by name before, as
 * {"name":"value"}; owned by the request.  (libwebsockets does not list unknown ones.)
 */
struct json_object *web_headers(const struct web_request *request);

/* One decoded value of the query, or NULL. */
const char *web_query_value(struct web_request *request, const char *name);

/* Adds a header to the answer to come. */
void web_add_header(struct web_request *request, const char *name, const char *value);

void web_answer(struct web_request *request, int status, const char *type, const void *body,
                size_t length);

/* Puts "answer" (takes the reference); NULL answers without a body. */
void web_answer_json(struct web_request *request, int status, struct json_object *answer);

/*
 * An answer whose body comes in pieces (chunked): begin, any number of pieces, end.  "gone" is
 * called when the client goes before the end; the request is gone then.
 */
void web_stream_begin(struct web_request *request, int status, const char *type,
                      void (*gone)(void *user), void *user);
void web_stream_piece(struct web_request *request, const void *bytes, size_t length);
void web_stream_end(struct web_request *request);

/* Breaks the connection in the middle of the answer; "gone" is not called. */
void web_stream_break(struct web_request *request);

/* Closes the connection without an answer. */
void web_drop(struct web_request *request);

/* Never answers; the request goes when its client does. */
void web_ignore(struct web_request *request);

/*
 * Lets the handler's work be done and then drops the connection in place of the answer, as when
 * a network fails on the way back.
 */
void web_lose_answer(struct web_request *request);

/* ---- websockets ---------------------------------------------------------------------------- */

/* What a socket does, for both the accepting and the connecting side; any may be NULL. */
struct web_socket_events {
    /*
     * Only for accepting: decide on an upgrade.  Returns 101 to accept, or the HTTP status to
     * refuse with.  The request may be read, not answered.
     */
    int (*upgrade)(struct web_request *request, void *user);
    /* Open.  On the accepting side "request" is the upgrade; NULL on the connecting side. */
    void (*open)(struct web_socket *socket, struct web_request *request, void *user);
    /* One whole message, with a NUL behind it. */
    void (*message)(struct web_socket *socket, const char *text, size_t length, void *user);
    /*
     * Gone, for whatever reason; the socket is freed when this returns.  "code" is the close code
     * of the other side, 0 when it gave none.  Also told of a connect that failed, with "reason".
     */
    void (*closed)(struct web_socket *socket, int code, const char *reason, void *user);
};

/* Anything that belongs to the socket. */
void web_socket_set(struct web_socket *socket, void *data);
void *web_socket_data(const struct web_socket *socket);

/* Queues one text message. */
void web_socket_send(struct web_socket *socket, const char *text, size_t length);
void web_socket_send_json(struct web_socket *socket, struct json_object *message); /* takes it */

/* Messages queued and not yet written. */
size_t web_socket_waiting(const struct web_socket *socket);

/* Sends what is queued, then a close frame with a code such as 1000. */
void web_socket_close(struct web_socket *socket, int code, const char *reason);

/* Closes the connection at once, with no close frame. */
void web_socket_drop(struct web_socket *socket);

/* While paused nothing is read, so that the other side feels a network that has stalled. */
void web_socket_pause(struct web_socket *socket, bool paused);

/* ---- listening and connecting -------------------------------------------------------------- */

struct web_service {
    web_handler handler;                    /* plain requests; NULL answers 404 */
    const struct web_socket_events *events; /* upgrades; NULL answers 404 */
    bool faulty;                            /* common/fault.h is asked before the handler */
    void *user;                             /* handed to all of them */
};

/* Listens on "127.0.0.1:PORT", 0 for any.  Returns the port, or 0 after a line on stderr. */
int web_listen(struct web *web, const char *address, const struct web_service *service);

/*
 * Connects to a ws:// or wss:// URL (any certificate will do) with additional headers, "headers"
 * being pairs of name and value ending in NULL.  NULL when the URL is no such URL.  Whatever else
 * happens is told to events, never before web_connect() has returned.
 */
struct web_socket *web_connect(struct web *web, const char *url, const char *const *headers,
                               const struct web_socket_events *events, void *user);

/* The value of --NAME among the arguments, or "otherwise". */
const char *web_option(int argc, char **argv, const char *name, const char *otherwise);

/* Prints "listening SERVICE_PORT CONTROL_PORT" for whoever started this program. */
void web_announce(int service_port, int control_port);

#endif
