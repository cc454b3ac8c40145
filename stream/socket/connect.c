#include "stream/socket/inside.h"

#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "remote/trust.h"

/* All that is offered, whatever the library would: HTTP/2 has no upgrade to a websocket. */
#define PROTOCOLS "http/1.1"

static int add_authorization(struct lws *wsi, struct socket *socket, unsigned char **at,
                             size_t room)
{
    const char *value = socket->authorization;

    if (value &&
        lws_add_http_header_by_name(
            wsi,
            (const unsigned char *)(socket->key_header ? socket->key_header : "authorization:"),
            (const unsigned char *)value, (int)strlen(value), at, *at + room))
        return CLOSE;
    socket_forget_authorization(socket);
    return KEEP;
}

/* A server that may be another one than we asked for: the operator is told what to do about it. */
static int refuse_certificate(struct lws *wsi, struct socket *socket, const SSL *ssl, long verdict)
{
    const char *host = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    const char *problem = X509_verify_cert_error_string(verdict);
    char reason[CLOSE_REASON + 1];

    log_warning(NULL, "socket.untrusted", "role=%s host=%s problem=\"%s\" remedy=\"%s\"",
                socket->role->name, host ? host : "-", problem, trust_remedy(verdict));
    snprintf(reason, sizeof reason, SOCKET_UNTRUSTED ": %s", problem);
    return socket_not_connected(wsi, socket, reason, strlen(reason));
}

static int on_failure(struct lws *wsi, struct socket *socket, const char *in, size_t length)
{
    const SSL *ssl = lws_get_ssl(wsi);
    long verdict = ssl ? SSL_get_verify_result(ssl) : X509_V_OK;

    return verdict == X509_V_OK ? socket_not_connected(wsi, socket, in, length)
                                : refuse_certificate(wsi, socket, ssl, verdict);
}

int socket_on_client(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                     size_t length)
{
    struct socket *socket = wsi ? lws_get_opaque_user_data(wsi) : NULL;

    if (!socket)
        return lws_callback_http_dummy(wsi, reason, user, in, length);
    switch (reason) {
    case LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER:
        return add_authorization(wsi, socket, in, length);
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
        return on_failure(wsi, socket, in, length);
    default:
        return socket_event(wsi, socket, reason, in, length);
    }
}

/* The library may have told of a failure before it returns, or may not have told at all. */
static void (*connects)(const struct role *role, const struct target *target, void *with);

void sockets_connect_by(void (*connect)(const struct role *role, const struct target *target,
                                        void *with))
{
    connects = connect;
}

/* As the server calls itself: with the port, unless it is the usual one. */
static const char *host_header(const struct target *target, char *host, size_t size)
{
    if (target->port == (target->tls ? 443 : 80))
        return target->host;
    snprintf(host, size, "%s:%d", target->host, target->port);
    return host;
}

static void connect_socket(const struct role *role, const struct target *target, void *with)
{
    char host[300];
    struct socket *socket = socket_new(role, with);
    bool was_freed = false;
    struct lws_client_connect_info info = {
        .address = target->address,
        .host = host_header(target, host, sizeof host),
        .port = target->port,
        .path = target->path,
        .ssl_connection = target->tls ? LCCSCF_USE_SSL : 0,
        .alpn = PROTOCOLS,
        .local_protocol_name = "client",
        .opaque_user_data = socket,
        .pwsi = &socket->wsi,
    };

    sockets_place(&info);
    if (target->authorization && !(socket->authorization = strdup(target->authorization)))
        abort();
    socket->key_header = target->key_header;
    socket->burst.masks = true;
    socket->was_freed = &was_freed;
    if (!lws_client_connect_via_info(&info) && !was_freed)
        socket_ended(NULL, socket);
    else if (!was_freed)
        socket->was_freed = NULL;
}

void socket_connect(const struct role *role, const struct target *target, void *with)
{
    if (connects)
        connects(role, target, with);
    else
        connect_socket(role, target, with);
}
