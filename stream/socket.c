#include "stream/socket.h"

#include <libwebsockets.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "core/address.h"
#include "core/clock.h"
#include "core/log.h"
#include "stream/burst.h"
#include "stream/handshakes.h"
#include "stream/queue.h"
#include "stream/watchdog.h"

enum { KEEP = 0, CLOSE = -1 }; /* what libwebsockets makes of a callback's answer */

enum {
    READ_SIZE = 16 * 1024,
    TICK_US = 100 * 1000,
    CLOSE_REASON = 123,
    CLOSING_TURNS = 1000,
    HOST_SIZE = 128,
    LAST_WORDS_S = 5,       /* so long a peer may take to read what comes before the close */
    FLOOD_US = 1000 * 1000, /* a role's most_messages take at least so long */
};

_Static_assert(QUEUE_HEADROOM >= LWS_PRE, "libwebsockets writes its header before a message");

struct socket {
    struct outlet outlet; /* first, so that an outlet is its socket */
    struct lws *wsi;
    const struct role *role;
    void *with;
    struct queue out;
    char *in; /* of the message that is still arriving */
    size_t in_length, in_room;
    struct socket *next_written;
    bool is_written, is_open, is_closing, is_close_sent;
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

/* A request to the control listener while its body arrives. */
struct control_exchange {
    struct control_request request;
    char method[8], path[128], signature[160], body[4096 + 1];
};

static struct {
    const struct sockets *setup;
    struct lws_context *context;
    uv_loop_t uv;
    bool has_uv;
    char hosts[2][HOST_SIZE];
    struct lws_vhost *stream, *control, *client;
    struct socket *written; /* sockets that something was written to in this turn */
    int64_t turn_us;        /* when this turn began, 0 until somebody asks */
    lws_sorted_usec_list_t timer;
} loop;

int64_t sockets_now_us(void)
{
    if (!loop.turn_us)
        loop.turn_us = clock_monotonic_us();
    return loop.turn_us;
}

/* Names what runs, and sees to it that the turn's time is measured from here on. */
static void runs(const struct socket *socket, const char *what)
{
    sockets_now_us();
    watchdog_runs(socket->role->name, what);
}

/* ---- writing ---- */

static void note_written(struct socket *socket)
{
    if (socket->is_written)
        return;
    socket->is_written = true;
    socket->next_written = loop.written;
    loop.written = socket;
}

static char *begin(struct outlet *outlet, enum message_kind kind, size_t most)
{
    struct socket *socket = (struct socket *)outlet;
    char *room;

    if (!socket->is_open || socket->is_closing)
        return NULL;
    room = queue_begin(&socket->out, kind, most);
    outlet->dropped = socket->out.dropped;
    if (!room) {
        log_warning(NULL, "socket.overrun", "role=%s", socket->role->name);
        queue_free(&socket->out);
        outlet->close(outlet,
                      socket->role->slow_code ? socket->role->slow_code
                                              : (unsigned)LWS_CLOSE_STATUS_POLICY_VIOLATION,
                      "too slow");
    }
    return room;
}

static void end(struct outlet *outlet, size_t length)
{
    struct socket *socket = (struct socket *)outlet;

    queue_end(&socket->out, length);
    note_written(socket);
}

static void drop_audio(struct outlet *outlet)
{
    queue_drop_audio(&((struct socket *)outlet)->out);
}

static void close_later(struct outlet *outlet, unsigned code, const char *reason)
{
    struct socket *socket = (struct socket *)outlet;

    if (socket->is_closing)
        return;
    socket->is_closing = true;
    socket->close_code = code;
    snprintf(socket->close_reason, sizeof socket->close_reason, "%s", reason);
    if (socket->is_open) {
        note_written(socket);
        lws_set_timeout(socket->wsi, PENDING_TIMEOUT_USER_OK, LAST_WORDS_S);
    } else if (socket->wsi)
        lws_set_timeout(socket->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
}

/* The library's own way: a message at a time, and half of one is kept and sent on later. */
static bool send_first(struct socket *socket)
{
    size_t length;
    char *message = queue_first(&socket->out, &length);

    if (lws_write(socket->wsi, (unsigned char *)message, length, LWS_WRITE_TEXT) < 0)
        return false;
    queue_drop_first(&socket->out);
    return true;
}

/*
 * The library sends a close frame and waits for the answer when a callback asks for the end, but
 * not when that is the callback for room to write: so it is asked from a timer.
 */
static void start_close(struct socket *socket)
{
    if (socket->is_close_sent || lws_partial_buffered(socket->wsi))
        return;
    socket->is_close_sent = true;
    lws_close_reason(socket->wsi, (enum lws_close_status)socket->close_code,
                     (unsigned char *)socket->close_reason, strlen(socket->close_reason));
    lws_set_timer_usecs(socket->wsi, 1);
}

/* Sends what the connection takes now, then the close that was asked for; false: it is broken. */
static bool flush(struct socket *socket)
{
    while (!queue_is_empty(&socket->out)) {
        enum burst_result result;

        if (lws_partial_buffered(socket->wsi)) {
            lws_callback_on_writable(socket->wsi);
            return true;
        }
        result = burst_send(&socket->burst, &socket->out);
        if (result == BURST_BROKEN || (result == BURST_NO_ROOM && !send_first(socket)))
            return false;
    }
    if (socket->is_closing)
        start_close(socket);
    return true;
}

static void flush_written(void)
{
    while (loop.written) {
        struct socket *socket = loop.written;

        loop.written = socket->next_written;
        socket->is_written = false;
        if (socket->is_open && !flush(socket))
            lws_set_timeout(socket->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
    }
}

/* The connection has room again. */
static int on_writeable(struct socket *socket)
{
    runs(socket, "writing");
    return flush(socket) ? KEEP : CLOSE;
}

/* ---- life of a socket ---- */

static struct socket *socket_new(const struct role *role, void *with)
{
    struct socket *socket = calloc(1, sizeof *socket);

    if (!socket)
        abort();
    socket->outlet =
        (struct outlet){.begin = begin, .end = end, .drop_audio = drop_audio, .close = close_later};
    socket->role = role;
    socket->with = with;
    socket->out.limit = role->most_queued;
    socket->end.reason = socket->end_reason;
    return socket;
}

static void forget_written(struct socket *socket)
{
    struct socket **at = &loop.written;

    while (*at && *at != socket)
        at = &(*at)->next_written;
    if (*at)
        *at = socket->next_written;
}

static void forget_authorization(struct socket *socket)
{
    if (!socket->authorization)
        return;
    explicit_bzero(socket->authorization, strlen(socket->authorization));
    free(socket->authorization);
    socket->authorization = NULL;
}

/* Comes once for every socket, however it ended. */
static int on_end(struct lws *wsi, struct socket *socket)
{
    if (wsi)
        lws_set_opaque_user_data(wsi, NULL);
    socket->is_open = false;
    runs(socket, "closed");
    forget_written(socket);
    socket->role->closed(socket->with, &socket->end);
    queue_free(&socket->out);
    forget_authorization(socket);
    if (socket->was_freed)
        *socket->was_freed = true;
    free(socket->in);
    free(socket);
    return KEEP;
}

static int on_open(struct lws *wsi, struct socket *socket)
{
    handshake_end(wsi);
    runs(socket, "opened");
    socket->wsi = wsi;
    socket->burst.fd = (int)lws_get_socket_fd(wsi);
    socket->burst.ssl = lws_get_ssl(wsi);
    socket->is_open = true;
    if (socket->is_closing)
        return CLOSE;
    socket->role->opened(socket->with, &socket->outlet);
    return KEEP;
}

static void note_end(struct socket *socket, unsigned code, const char *reason, size_t length)
{
    socket->end.code = code;
    if (length > CLOSE_REASON)
        length = CLOSE_REASON;
    memcpy(socket->end_reason, reason, length);
    socket->end_reason[length] = '\0';
}

static int on_peer_close(struct socket *socket, const unsigned char *in, size_t length)
{
    if (length >= 2)
        note_end(socket, (unsigned)in[0] << 8 | in[1], (const char *)in + 2, length - 2);
    else
        note_end(socket, 1005, "", 0);
    return KEEP;
}

static int on_connect_error(struct lws *wsi, struct socket *socket, const char *in, size_t length)
{
    note_end(socket, 0, in ? in : "", in ? length : 0);
    socket->end.status = (int)lws_http_client_http_response(wsi);
    return on_end(wsi, socket);
}

/* ---- reading ---- */

static bool keep_fragment(struct socket *socket, const char *in, size_t length)
{
    size_t need = socket->in_length + length;

    if (need > socket->role->most)
        return false;
    if (need > socket->in_room) {
        size_t room = need * 2;

        socket->in = realloc(socket->in, room);
        if (!socket->in)
            abort();
        socket->in_room = room;
    }
    memcpy(socket->in + socket->in_length, in, length);
    socket->in_length += length;
    return true;
}

/* Whether the other side sends more messages than anybody who means well. */
static bool is_flood(struct socket *socket)
{
    int64_t now_us;

    if (++socket->messages <= socket->role->most_messages || !socket->role->most_messages)
        return false;
    now_us = sockets_now_us();
    if (socket->measured_us && now_us - socket->measured_us < FLOOD_US)
        return true;
    socket->measured_us = now_us;
    socket->messages = 0;
    return false;
}

static int hand_over(struct socket *socket, const char *text, size_t length)
{
    runs(socket, "message");
    if (is_flood(socket)) {
        close_later(&socket->outlet, LWS_CLOSE_STATUS_POLICY_VIOLATION, "too many messages");
        return KEEP;
    }
    if (socket->role->is_talk)
        lws_validity_confirmed(socket->wsi);
    if (socket->is_closing || socket->role->message(socket->with, text, length))
        return KEEP;
    close_later(&socket->outlet, LWS_CLOSE_STATUS_POLICY_VIOLATION, "");
    return KEEP;
}

/* A message that came in one piece is read where it lies. */
static int on_receive(struct lws *wsi, struct socket *socket, const char *in, size_t length)
{
    bool is_last = lws_is_final_fragment(wsi) && !lws_remaining_packet_payload(wsi);
    int answer;

    if (is_last && socket->in_length == 0 && length <= socket->role->most)
        return hand_over(socket, in, length);
    if (!keep_fragment(socket, in, length)) {
        lws_close_reason(wsi, LWS_CLOSE_STATUS_MESSAGE_TOO_LARGE, NULL, 0);
        return CLOSE;
    }
    if (!is_last)
        return KEEP;
    length = socket->in_length;
    socket->in_length = 0;
    answer = hand_over(socket, socket->in, length);
    free(socket->in);
    socket->in = NULL;
    socket->in_room = 0;
    return answer;
}

/* What both sides of a websocket have in common. */
static int on_websocket(struct lws *wsi, struct socket *socket, enum lws_callback_reasons reason,
                        void *in, size_t length)
{
    switch (reason) {
    case LWS_CALLBACK_ESTABLISHED:
    case LWS_CALLBACK_CLIENT_ESTABLISHED:
        return on_open(wsi, socket);
    case LWS_CALLBACK_RECEIVE:
    case LWS_CALLBACK_CLIENT_RECEIVE:
        return on_receive(wsi, socket, in, length);
    case LWS_CALLBACK_SERVER_WRITEABLE:
    case LWS_CALLBACK_CLIENT_WRITEABLE:
        return on_writeable(socket);
    case LWS_CALLBACK_TIMER:
        return socket->is_close_sent ? CLOSE : KEEP;
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
        return on_peer_close(socket, in, length);
    case LWS_CALLBACK_CLOSED:
    case LWS_CALLBACK_CLIENT_CLOSED:
    case LWS_CALLBACK_WSI_DESTROY:
        return on_end(wsi, socket);
    default:
        return KEEP;
    }
}

/* ---- the public listener ---- */

const char *socket_path(const char *path)
{
    return strncmp(path, "/n/", 3) == 0 ? path + 3 + strcspn(path + 3, "/") : path;
}

/* The last address that a proxy of ours added, or the connection's own. */
static void find_ip(struct lws *wsi, char *ip, size_t size)
{
    static const char mapped[] = "::ffff:"; /* an IPv4 address on a socket that takes both */
    const char *trusted = loop.setup->config->trusted_proxies;
    char forwarded[256], *last;

    lws_get_peer_simple(wsi, ip, size);
    if (strncmp(ip, mapped, sizeof mapped - 1) == 0)
        memmove(ip, ip + sizeof mapped - 1, strlen(ip + sizeof mapped - 1) + 1);
    if (!trusted || !address_in_list(ip, trusted) ||
        lws_hdr_copy(wsi, forwarded, sizeof forwarded, WSI_TOKEN_X_FORWARDED_FOR) <= 0)
        return;
    last = strrchr(forwarded, ',');
    last = last ? last + 1 : forwarded;
    last += strspn(last, " ");
    snprintf(ip, size, "%s", last);
}

/* The library's own answer claims HTTP/1.0, which some clients of a websocket do not read. */
static int refuse(struct lws *wsi, int status)
{
    unsigned char answer[LWS_PRE + 128];
    int length =
        snprintf((char *)answer + LWS_PRE, sizeof answer - LWS_PRE,
                 "HTTP/1.1 %d Refused\r\ncontent-length: 0\r\nconnection: close\r\n\r\n", status);

    lws_write(wsi, answer + LWS_PRE, (size_t)length, LWS_WRITE_HTTP_HEADERS);
    return CLOSE;
}

/* A header that libwebsockets knows nothing of; "" when it is absent or too long. */
static void copy_header(struct lws *wsi, const char *name, char *value, int size)
{
    if (lws_hdr_custom_copy(wsi, value, size, name, (int)strlen(name)) < 0)
        value[0] = '\0';
}

/* The library keeps the parts of a query one by one. */
static void read_query(struct lws *wsi, char *query, size_t size)
{
    size_t used = 0;
    int length;

    for (int i = 0; used + 1 < size; i++) {
        size_t at = used + (i > 0);

        length =
            lws_hdr_copy_fragment(wsi, query + at, (int)(size - at), WSI_TOKEN_HTTP_URI_ARGS, i);
        if (length <= 0)
            break;
        if (i)
            query[used] = '&';
        used = at + (size_t)length;
    }
    query[used] = '\0';
}

/* What the client shows; a header that does not fit into its room is as good as none. */
struct shown {
    char path[600], query[600], ip[64], host[300], signature[64], control[160];
    char authorization[600], api_key[512], protocols[700];
};

static bool read_upgrade(struct lws *wsi, struct shown *shown)
{
    memset(shown, 0, sizeof *shown);
    if (lws_hdr_copy(wsi, shown->path, sizeof shown->path, WSI_TOKEN_GET_URI) <= 0)
        return false;
    read_query(wsi, shown->query, sizeof shown->query);
    find_ip(wsi, shown->ip, sizeof shown->ip);
    lws_hdr_copy(wsi, shown->host, sizeof shown->host, WSI_TOKEN_HOST);
    lws_hdr_copy(wsi, shown->authorization, sizeof shown->authorization,
                 WSI_TOKEN_HTTP_AUTHORIZATION);
    lws_hdr_copy(wsi, shown->protocols, sizeof shown->protocols, WSI_TOKEN_PROTOCOL);
    copy_header(wsi, "x-twilio-signature:", shown->signature, sizeof shown->signature);
    copy_header(wsi, "x-api-key:", shown->api_key, sizeof shown->api_key);
    copy_header(wsi, "x-trunkline-control:", shown->control, sizeof shown->control);
    return true;
}

/* Asks each role whether the path is its own and the client may come in. */
static int on_upgrade(struct lws *wsi, bool is_private)
{
    struct shown shown;
    const struct upgrade upgrade = {
        .path = shown.path,
        .query = shown.query,
        .ip = shown.ip,
        .host = shown.host,
        .signature = shown.signature,
        .authorization = shown.authorization,
        .api_key = shown.api_key,
        .protocols = shown.protocols,
        .control = shown.control,
    };

    if (!read_upgrade(wsi, &shown))
        return refuse(wsi, HTTP_STATUS_NOT_FOUND);
    for (const struct role *const *role = loop.setup->roles; *role; role++) {
        void *with = NULL;
        int status = (*role)->admit && (*role)->is_private == is_private
                         ? (*role)->admit(&upgrade, &with)
                         : 0;

        if (status == 0)
            continue;
        if (status != 101)
            return refuse(wsi, status);
        lws_set_opaque_user_data(wsi, socket_new(*role, with));
        return KEEP;
    }
    return refuse(wsi, HTTP_STATUS_NOT_FOUND);
}

/* What a connection goes through before it is anybody's; false: it is not about that. */
static bool on_handshake(struct lws *wsi, enum lws_callback_reasons reason, int *answer)
{
    switch (reason) {
    case LWS_CALLBACK_FILTER_NETWORK_CONNECTION:
        *answer = handshakes_have_room() ? KEEP : CLOSE;
        return true;
    case LWS_CALLBACK_SERVER_NEW_CLIENT_INSTANTIATED:
        handshake_begin(wsi, clock_monotonic_us());
        *answer = KEEP;
        return true;
    case LWS_CALLBACK_WSI_DESTROY:
        handshake_end(wsi);
        return false;
    default:
        return false;
    }
}

/* A connection that takes for ever to say what it wants is cut without a word. */
static void cut_overdue(void)
{
    const void *wsi;

    while ((wsi = handshake_overdue(clock_monotonic_us())))
        lws_set_timeout((struct lws *)(uintptr_t)wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
}

enum { HTTP_STATUS_UPGRADE = 426 };

/* Whether a websocket is to be had there, so that a plain request lacks nothing but the upgrade. */
static bool is_socket_path(const char *path)
{
    for (const struct role *const *role = loop.setup->roles; *role; role++)
        if ((*role)->path && strcmp((*role)->path, socket_path(path)) == 0)
            return true;
    return false;
}

static int on_stream(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                     size_t length)
{
    struct socket *socket = wsi ? lws_get_opaque_user_data(wsi) : NULL;
    int answer;

    if (on_handshake(wsi, reason, &answer))
        return answer;
    switch (reason) {
    case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
        return on_upgrade(wsi, false);
    case LWS_CALLBACK_HTTP:
        return refuse(wsi, is_socket_path(in) ? HTTP_STATUS_UPGRADE : HTTP_STATUS_NOT_FOUND);
    default:
        return socket ? on_websocket(wsi, socket, reason, in, length)
                      : lws_callback_http_dummy(wsi, reason, user, in, length);
    }
}

/* ---- connections we make ---- */

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
    forget_authorization(socket);
    return KEEP;
}

static int on_client(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                     size_t length)
{
    struct socket *socket = wsi ? lws_get_opaque_user_data(wsi) : NULL;

    if (!socket)
        return lws_callback_http_dummy(wsi, reason, user, in, length);
    switch (reason) {
    case LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER:
        return add_authorization(wsi, socket, in, length);
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
        return on_connect_error(wsi, socket, in, length);
    default:
        return on_websocket(wsi, socket, reason, in, length);
    }
}

/* The library may have told of a failure before it returns, or may not have told at all. */
static void (*connects)(const struct role *role, const struct target *target, void *with);

void sockets_connect_by(void (*connect)(const struct role *role, const struct target *target,
                                        void *with))
{
    connects = connect;
}

static void connect_socket(const struct role *role, const struct target *target, void *with)
{
    struct socket *socket = socket_new(role, with);
    bool was_freed = false;
    struct lws_client_connect_info info = {
        .context = loop.context,
        .vhost = loop.client,
        .address = target->address,
        .host = target->host,
        .port = target->port,
        .path = target->path,
        .ssl_connection = target->tls ? LCCSCF_USE_SSL : 0,
        .local_protocol_name = "client",
        .opaque_user_data = socket,
        .pwsi = &socket->wsi,
    };

    if (target->authorization && !(socket->authorization = strdup(target->authorization)))
        abort();
    socket->key_header = target->key_header;
    socket->burst.masks = true;
    socket->was_freed = &was_freed;
    if (!lws_client_connect_via_info(&info) && !was_freed)
        on_end(NULL, socket);
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

/* ---- the control listener ---- */

static int on_control_request(struct lws *wsi, struct control_exchange *exchange, const char *path)
{
    static const char header[] = "x-trunkline-control:";
    bool posts = lws_hdr_total_length(wsi, WSI_TOKEN_POST_URI) > 0;

    snprintf(exchange->method, sizeof exchange->method, "%s", posts ? "POST" : "GET");
    snprintf(exchange->path, sizeof exchange->path, "%s", path);
    if (lws_hdr_custom_copy(wsi, exchange->signature, sizeof exchange->signature, header,
                            sizeof header - 1) < 0)
        exchange->signature[0] = '\0';
    if (posts && lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH) > 0)
        return KEEP;
    lws_callback_on_writable(wsi);
    return KEEP;
}

static int on_control_body(struct control_exchange *exchange, const char *in, size_t length)
{
    if (exchange->request.length + length >= sizeof exchange->body)
        return CLOSE;
    if (length)
        memcpy(exchange->body + exchange->request.length, in, length);
    exchange->request.length += length;
    return KEEP;
}

static int answer_control(struct lws *wsi, struct control_exchange *exchange)
{
    struct control_request *request = &exchange->request;
    unsigned char head[LWS_PRE + 512], *begin_at = head + LWS_PRE, *at = begin_at,
                                       *end_at = head + sizeof head;
    char body[LWS_PRE + sizeof request->reply];
    size_t length;

    request->method = exchange->method;
    request->path = exchange->path;
    request->signature = exchange->signature;
    request->body = exchange->body;
    loop.setup->control(request);
    length = strlen(request->reply);
    memcpy(body + LWS_PRE, request->reply, length);
    if (lws_add_http_common_headers(wsi, (unsigned)request->status, "application/json", length, &at,
                                    end_at) ||
        lws_finalize_write_http_header(wsi, begin_at, &at, end_at) ||
        lws_write(wsi, (unsigned char *)body + LWS_PRE, length, LWS_WRITE_HTTP_FINAL) < 0 ||
        lws_http_transaction_completed(wsi))
        return CLOSE;
    return KEEP;
}

static int on_control(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                      size_t length)
{
    struct socket *socket = wsi ? lws_get_opaque_user_data(wsi) : NULL;
    int answer;

    if (on_handshake(wsi, reason, &answer))
        return answer;
    if (socket)
        return on_websocket(wsi, socket, reason, in, length);
    switch (reason) {
    case LWS_CALLBACK_HTTP:
        handshake_end(wsi);
        watchdog_runs("control", "request");
        memset(user, 0, sizeof(struct control_exchange));
        return on_control_request(wsi, user, in);
    case LWS_CALLBACK_HTTP_BODY:
        return on_control_body(user, in, length);
    case LWS_CALLBACK_HTTP_BODY_COMPLETION:
        lws_callback_on_writable(wsi);
        return KEEP;
    case LWS_CALLBACK_HTTP_WRITEABLE:
        return answer_control(wsi, user);
    case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
        return on_upgrade(wsi, true);
    default:
        return lws_callback_http_dummy(wsi, reason, user, in, length);
    }
}

/* ---- the loop ---- */

static const struct lws_protocols stream_protocols[] = {
    {.name = "stream", .callback = on_stream, .rx_buffer_size = READ_SIZE},
    {.name = "trunkline", .callback = on_stream, .rx_buffer_size = READ_SIZE},
    {.name = NULL},
};

static const struct lws_protocols client_protocols[] = {
    {.name = "client", .callback = on_client, .rx_buffer_size = READ_SIZE},
    {.name = NULL},
};

static const struct lws_protocols control_protocols[] = {
    {.name = "control",
     .callback = on_control,
     .rx_buffer_size = READ_SIZE,
     .per_session_data_size = sizeof(struct control_exchange)},
    {.name = NULL},
};

/* Asks a silent peer every 30 seconds whether it is still there, and gives it 30 to answer. */
static const lws_retry_bo_t keep_alive = {
    .secs_since_valid_ping = 30,
    .secs_since_valid_hangup = 60,
};

static void say(int level, const char *line)
{
    if (level & LLL_ERR)
        log_warning(NULL, "socket.library", "%.*s", (int)strcspn(line, "\n"), line);
}

static void on_tick(lws_sorted_usec_list_t *timer)
{
    lws_sul_schedule(loop.context, 0, timer, on_tick, TICK_US);
    sockets_now_us();
    watchdog_runs("loop", "tick");
    cut_overdue();
    loop.setup->tick();
}

/* "unix:/path" or "host:port"; the library keeps the host, so there must be room for it. */
static struct lws_vhost *listen_on(const char *address, const char *name,
                                   const struct lws_protocols *protocols, char host[HOST_SIZE])
{
    const char *colon = strrchr(address, ':');
    struct lws_context_creation_info info = {.protocols = protocols, .vhost_name = name};

    if (strncmp(address, "unix:", 5) == 0) {
        info.options = LWS_SERVER_OPTION_UNIX_SOCK;
        info.iface = address + 5;
    } else if (!colon || atoi(colon + 1) <= 0) {
        return NULL;
    } else {
        snprintf(host, HOST_SIZE, "%.*s", (int)(colon - address), address);
        info.iface = host;
        info.port = atoi(colon + 1);
    }
    return lws_create_vhost(loop.context, &info);
}

/*
 * libuv's loop (epoll) costs the same for every number of calls; the library's own (poll) looks at
 * all sockets whenever one is ready.  It serves where the library was built without libuv.
 */
static bool open_context(void)
{
    void *loops[] = {&loop.uv};
    struct lws_context_creation_info info = {
        .options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS | LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT |
                   LWS_SERVER_OPTION_LIBUV,
        .foreign_loops = loops,
        .pt_serv_buf_size = READ_SIZE,
        .retry_and_idle_policy = &keep_alive,
    };

    lws_set_log_level(LLL_ERR, say);
    loop.has_uv = uv_loop_init(&loop.uv) == 0;
    loop.context = loop.has_uv ? lws_create_context(&info) : NULL;
    if (loop.context)
        return true;
    loop.has_uv = false;
    info.options &= ~(uint64_t)LWS_SERVER_OPTION_LIBUV;
    info.foreign_loops = NULL;
    loop.context = lws_create_context(&info);
    return loop.context != NULL;
}

bool sockets_open(const struct sockets *sockets)
{
    struct lws_context_creation_info client = {
        .port = CONTEXT_PORT_NO_LISTEN, .protocols = client_protocols, .vhost_name = "client"};

    loop.setup = sockets;
    if (!open_context())
        return false;
    loop.client = lws_create_vhost(loop.context, &client);
    loop.stream =
        listen_on(sockets->config->listen_stream, "stream", stream_protocols, loop.hosts[0]);
    loop.control =
        listen_on(sockets->config->listen_control, "control", control_protocols, loop.hosts[1]);
    if (!loop.client || !loop.stream || !loop.control) {
        log_error(NULL, "socket.not_open", "stream=%s control=%s", sockets->config->listen_stream,
                  sockets->config->listen_control);
        sockets_close();
        return false;
    }
    lws_sul_schedule(loop.context, 0, &loop.timer, on_tick, TICK_US);
    return true;
}

void sockets_turn(void)
{
    if (loop.has_uv)
        uv_run(&loop.uv, UV_RUN_ONCE);
    else
        lws_service(loop.context, 0);
}

int64_t sockets_send(void)
{
    int64_t began_us = sockets_now_us(), now_us;

    flush_written();
    loop.turn_us = 0;
    now_us = clock_monotonic_us();
    watchdog_turn(now_us - began_us, now_us);
    return now_us - began_us;
}

void sockets_wake(void)
{
    lws_cancel_service(loop.context);
}

/* With a loop of ours the library goes in steps: what it closes ends in later turns. */
void sockets_close(void)
{
    if (!loop.context)
        return;
    lws_sul_cancel(&loop.timer);
    lws_context_destroy(loop.context);
    if (loop.has_uv) {
        for (int i = 0; i < CLOSING_TURNS && uv_run(&loop.uv, UV_RUN_NOWAIT); i++)
            ;
        lws_context_destroy(loop.context);
        uv_loop_close(&loop.uv);
    }
    loop.context = NULL;
}
