/* common/web_socket.c - websockets, accepted and connected. */
#include "common/web_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MESSAGE_MAX = 16 * 1024 * 1024, REASON_MAX = 123 };

struct message {
    struct message *next;
    size_t length;
    unsigned char bytes[]; /* LWS_PRE of room, then the text */
};

struct web_socket {
    struct web *web;
    struct connection *connection; /* NULL while there is no wsi */
    const struct web_socket_events *events;
    void *user, *data;
    struct message *first, *last; /* to be sent */
    size_t waiting;
    char *heard; /* of the message being received */
    size_t heard_length, heard_room;
    char *headers; /* additional ones of a handshake */
    int close_code;
    char close_reason[REASON_MAX + 1];
    bool open, closing, told;
    int peer_code;
    char peer_reason[REASON_MAX + 1];
};

/* ---- the life of a socket ---- */

static struct web_socket *socket_new(struct web *web, const struct web_socket_events *events,
                                     void *user)
{
    struct web_socket *socket = web_take(sizeof *socket);

    *socket = (struct web_socket){.web = web, .events = events, .user = user};
    return socket;
}

static void socket_free(struct web_socket *socket)
{
    struct message *message, *next;

    for (message = socket->first; message; message = next) {
        next = message->next;
        free(message);
    }
    free(socket->heard);
    free(socket->headers);
    free(socket);
}

/* The last that is heard of a socket. */
static void tell_closed(void *user)
{
    struct web_socket *socket = user;

    if (socket->events->closed && !socket->web->draining)
        socket->events->closed(socket, socket->peer_code, socket->peer_reason, socket->user);
    socket_free(socket);
}

void web_socket_gone(struct connection *connection)
{
    struct web_socket *socket = connection->socket;

    connection->socket = NULL;
    if (!socket)
        return;
    socket->connection = NULL;
    if (socket->told)
        tell_closed(socket);
}

/* ---- what the program does with it ---- */

void web_socket_set(struct web_socket *socket, void *data)
{
    socket->data = data;
}

void *web_socket_data(const struct web_socket *socket)
{
    return socket->data;
}

size_t web_socket_waiting(const struct web_socket *socket)
{
    return socket->waiting;
}

static void want_to_write(struct web_socket *socket)
{
    if (socket->open && socket->connection)
        lws_callback_on_writable(socket->connection->wsi);
}

void web_socket_send(struct web_socket *socket, const char *text, size_t length)
{
    struct message *message;

    if (socket->closing)
        return;
    message = web_take(sizeof *message + LWS_PRE + length);
    message->length = length;
    memcpy(message->bytes + LWS_PRE, text, length);
    if (socket->last)
        socket->last->next = message;
    else
        socket->first = message;
    socket->last = message;
    socket->waiting++;
    want_to_write(socket);
}

void web_socket_send_json(struct web_socket *socket, struct json_object *message)
{
    const char *text = json_object_to_json_string_ext(message, JSON_C_TO_STRING_PLAIN |
                                                                   JSON_C_TO_STRING_NOSLASHESCAPE);

    web_socket_send(socket, text, strlen(text));
    json_object_put(message);
}

void web_socket_close(struct web_socket *socket, int code, const char *reason)
{
    if (socket->closing)
        return;
    socket->closing = true;
    socket->close_code = code;
    snprintf(socket->close_reason, sizeof socket->close_reason, "%s", reason ? reason : "");
    want_to_write(socket);
}

void web_socket_drop(struct web_socket *socket)
{
    socket->closing = true;
    if (socket->connection)
        web_kill(socket->connection);
}

void web_socket_pause(struct web_socket *socket, bool paused)
{
    if (socket->connection && socket->open)
        lws_rx_flow_control(socket->connection->wsi, !paused);
}

/* ---- sending ---- */

static int say_goodbye(struct web_socket *socket)
{
    lws_close_reason(socket->connection->wsi, (enum lws_close_status)socket->close_code,
                     (unsigned char *)socket->close_reason, strlen(socket->close_reason));
    return -1;
}

static int write_next(struct web_socket *socket)
{
    struct message *message = socket->first;
    struct lws *wsi = socket->connection->wsi;
    int written;

    if (!message)
        return socket->closing ? say_goodbye(socket) : 0;
    written = lws_write(wsi, message->bytes + LWS_PRE, message->length, LWS_WRITE_TEXT);
    socket->first = message->next;
    if (!socket->first)
        socket->last = NULL;
    socket->waiting--;
    free(message);
    if (written < 0)
        return -1;
    if (socket->first || socket->closing)
        lws_callback_on_writable(wsi);
    return 0;
}

/* ---- receiving ---- */

static int receive(struct web_socket *socket, const void *bytes, size_t length)
{
    struct lws *wsi = socket->connection->wsi;

    if (lws_frame_is_binary(wsi)) { /* none of the services speaks so */
        lws_close_reason(wsi, LWS_CLOSE_STATUS_UNACCEPTABLE_OPCODE, NULL, 0);
        return -1;
    }
    if (socket->heard_length + length > MESSAGE_MAX)
        return -1;
    if (socket->heard_length + length + 1 > socket->heard_room) {
        socket->heard_room = (socket->heard_length + length + 1) * 2;
        socket->heard = web_grow(socket->heard, socket->heard_room);
    }
    memcpy(socket->heard + socket->heard_length, bytes, length);
    socket->heard_length += length;
    socket->heard[socket->heard_length] = '\0';
    if (!lws_is_final_fragment(wsi) || lws_remaining_packet_payload(wsi))
        return 0;
    length = socket->heard_length;
    socket->heard_length = 0;
    if (socket->events->message && !socket->closing)
        socket->events->message(socket, socket->heard, length, socket->user);
    return 0;
}

static void note_close(struct web_socket *socket, const unsigned char *bytes, size_t length)
{
    if (length < 2)
        return;
    socket->peer_code = bytes[0] << 8 | bytes[1];
    snprintf(socket->peer_reason, sizeof socket->peer_reason, "%.*s", (int)length - 2, bytes + 2);
}

/* ---- accepting ---- */

static int refuse(struct lws *wsi, int status)
{
    char head[LWS_PRE + 128];
    int length =
        snprintf(head + LWS_PRE, 128,
                 "HTTP/1.1 %d Refused\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", status);

    lws_write(wsi, (unsigned char *)head + LWS_PRE, (size_t)length, LWS_WRITE_HTTP_HEADERS);
    return -1;
}

static int consider(struct connection *connection)
{
    struct web_service *is = &connection->service->is;
    int status = is->events ? 101 : 404;

    connection->request = web_request_new(connection, NULL);
    web_ignore(connection->request);
    if (status == 101 && is->events->upgrade)
        status = is->events->upgrade(connection->request, is->user);
    return status == 101 ? 0 : refuse(connection->wsi, status);
}

static void accepted(struct connection *connection)
{
    struct web_service *is = &connection->service->is;
    struct web_request *request = connection->request;
    struct web_socket *socket = socket_new(connection->web, is->events, is->user);

    socket->connection = connection;
    socket->open = socket->told = true;
    connection->socket = socket;
    connection->request = NULL;
    if (is->events->open)
        is->events->open(socket, request, is->user);
    if (request)
        web_request_free(request);
    want_to_write(socket);
}

/* ---- connecting ---- */

static void connected(struct web_socket *socket)
{
    socket->open = true;
    if (socket->events->open)
        socket->events->open(socket, NULL, socket->user);
    want_to_write(socket);
}

static int add_headers(struct web_socket *socket, unsigned char **at, size_t room)
{
    size_t length = socket->headers ? strlen(socket->headers) : 0;

    if (length >= room)
        return -1;
    memcpy(*at, socket->headers ? socket->headers : "", length);
    *at += length;
    return 0;
}

static char *header_lines(const char *const *headers)
{
    char *lines = web_copy("");
    size_t used = 0, more;

    for (; headers && headers[0]; headers += 2) {
        more = strlen(headers[0]) + strlen(headers[1]) + 5;
        lines = web_grow(lines, used + more);
        snprintf(lines + used, more, "%s: %s\r\n", headers[0], headers[1]);
        used += more - 1;
    }
    return lines;
}

struct lws_vhost *web_client_vhost(struct web *web)
{
    static const struct lws_protocols protocols[] = {
        {.name = "sim", .callback = web_callback, .rx_buffer_size = 65536}, {.name = NULL}};
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN,
        .protocols = protocols,
        .options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT | LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS,
        .vhost_name = "client",
        .connect_timeout_secs = 10,
        .timeout_secs = 10,
    };

    return lws_create_vhost(web->context, &info);
}

/* A URL taken apart; the texts point into "copy". */
struct address {
    char *copy;
    const char *host, *path;
    int port;
    bool secure;
};

static bool parse_url(const char *url, struct address *address)
{
    const char *scheme = NULL, *path = NULL;

    address->copy = web_copy(url);
    if (lws_parse_uri(address->copy, &scheme, &address->host, &address->port, &path) ||
        (strcmp(scheme, "ws") && strcmp(scheme, "wss")) || !*address->host) {
        free(address->copy);
        return false;
    }
    address->secure = !strcmp(scheme, "wss");
    if (!strchr(strstr(url, "://") + 3, ':'))
        address->port = address->secure ? 443 : 80;
    address->path = strchr(strstr(url, "://") + 3, '/');
    if (!address->path)
        address->path = "/";
    return true;
}

/* "host:port", without the port where it is the scheme's own. */
static void host_header(const struct address *address, char *host, size_t room)
{
    if (address->port == (address->secure ? 443 : 80))
        snprintf(host, room, "%s", address->host);
    else
        snprintf(host, room, "%s:%d", address->host, address->port);
}

static struct lws *begin_connecting(struct web *web, const struct address *address,
                                    struct connection *connection)
{
    char host[256];
    struct lws_client_connect_info info = {
        .context = web->context,
        .vhost = web->client,
        .address = address->host,
        .port = address->port,
        .path = address->path,
        .host = host,
        .ssl_connection = address->secure ? LCCSCF_USE_SSL | LCCSCF_ALLOW_SELFSIGNED |
                                                LCCSCF_SKIP_SERVER_CERT_HOSTNAME_CHECK |
                                                LCCSCF_ALLOW_EXPIRED | LCCSCF_ALLOW_INSECURE
                                          : 0,
        .local_protocol_name = "sim",
        .ietf_version_or_minus_one = -1,
        .opaque_user_data = connection,
        .pwsi = &connection->wsi,
    };

    host_header(address, host, sizeof host);
    return lws_client_connect_via_info(&info);
}

struct web_socket *web_connect(struct web *web, const char *url, const char *const *headers,
                               const struct web_socket_events *events, void *user)
{
    struct address address;
    struct web_socket *socket;
    struct connection *connection;

    if (!parse_url(url, &address))
        return NULL;
    socket = socket_new(web, events, user);
    socket->headers = header_lines(headers);
    connection = web_take(sizeof *connection);
    *connection = (struct connection){.web = web, .socket = socket};
    socket->connection = connection;
    begin_connecting(web, &address, connection);
    free(address.copy);
    socket->told = true;
    if (!socket->connection) /* it failed within the call and the connection is gone */
        web_after(web, 0, tell_closed, socket);
    return socket;
}

/* ---- events ---- */

static int failed(struct web_socket *socket, const char *reason, size_t length)
{
    snprintf(socket->peer_reason, sizeof socket->peer_reason, "%.*s", (int)length,
             reason ? reason : "");
    return 0;
}

static int accepting_event(struct connection *connection, enum lws_callback_reasons reason)
{
    if (reason == LWS_CALLBACK_HTTP_CONFIRM_UPGRADE)
        return consider(connection);
    if (reason == LWS_CALLBACK_ESTABLISHED)
        accepted(connection);
    return 0;
}

int web_socket_event(struct connection *connection, enum lws_callback_reasons reason, void *in,
                     size_t length)
{
    struct web_socket *socket = connection->socket;

    if (!socket)
        return accepting_event(connection, reason);
    switch ((int)reason) {
    case LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER:
        return add_headers(socket, in, length);
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
        return failed(socket, in, length);
    case LWS_CALLBACK_CLIENT_ESTABLISHED:
        connected(socket);
        return 0;
    case LWS_CALLBACK_RECEIVE:
    case LWS_CALLBACK_CLIENT_RECEIVE:
        return receive(socket, in, length);
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
        note_close(socket, in, length);
        return 0;
    case LWS_CALLBACK_SERVER_WRITEABLE:
    case LWS_CALLBACK_CLIENT_WRITEABLE:
        return write_next(socket);
    default:
        return 0;
    }
}
