#include "stream/socket/inside.h"

#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "stream/handshakes.h"
#include "stream/watchdog.h"

enum {
    LAST_WORDS_S = 5,       /* so long a peer may take to read what comes before the close */
    FLOOD_US = 1000 * 1000, /* a role's most_messages take at least so long */
};

_Static_assert(QUEUE_HEADROOM >= LWS_PRE, "libwebsockets writes its header before a message");

static struct socket *all_touched; /* sockets that the end of the turn is of interest to */
static struct socket *all_patient; /* sockets that await more than a byte */

/* Names what runs, and sees to it that the turn's time is measured from here on. */
static void runs(const struct socket *socket, const char *what)
{
    sockets_now_us();
    watchdog_runs(socket->role->name, what);
}

/* ---- writing ---- */

static void touch(struct socket *socket)
{
    if (socket->is_touched)
        return;
    socket->is_touched = true;
    socket->next_touched = all_touched;
    all_touched = socket;
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
    outlet->waiting = queue_size(&socket->out);
    touch(socket);
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
        touch(socket);
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
static bool send_waiting(struct socket *socket)
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

static bool flush(struct socket *socket)
{
    bool ok = send_waiting(socket);

    socket->outlet.waiting = queue_size(&socket->out);
    return ok;
}

/*
 * Messages that are of use only together stay with the kernel until the last of them begins to
 * arrive (SO_RCVLOWAT, socket(7)): one wake-up and one read for all.
 */
static void await_more(struct socket *socket)
{
    bool is_asked = socket->role->awaits && !socket->is_closing;
    size_t awaited = is_asked ? socket->role->awaits(socket->with) : 0;
    int least = awaited ? (int)awaited : 1;

    if (awaited == socket->awaited)
        return;
    setsockopt(socket->burst.fd, SOL_SOCKET, SO_RCVLOWAT, &least, sizeof least);
    socket->awaited = awaited;
    if (socket->is_patient)
        return;
    socket->is_patient = true;
    socket->next_patient = all_patient;
    all_patient = socket;
}

void sockets_reconsider(void)
{
    struct socket **at = &all_patient, *socket;

    while ((socket = *at)) {
        await_more(socket);
        socket->is_patient = socket->awaited != 0;
        if (socket->is_patient)
            at = &socket->next_patient;
        else
            *at = socket->next_patient;
    }
}

void sockets_flush(void)
{
    while (all_touched) {
        struct socket *socket = all_touched;

        all_touched = socket->next_touched;
        socket->is_touched = false;
        if (!socket->is_open)
            continue;
        if (!flush(socket))
            lws_set_timeout(socket->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
        await_more(socket);
    }
}

/* The connection has room again. */
static int on_writeable(struct socket *socket)
{
    runs(socket, "writing");
    return flush(socket) ? KEEP : CLOSE;
}

/* ---- life of a socket ---- */

struct socket *socket_new(const struct role *role, void *with)
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

static void forget(struct socket *socket)
{
    struct socket **at = &all_touched;

    while (*at && *at != socket)
        at = &(*at)->next_touched;
    if (*at)
        *at = socket->next_touched;
    for (at = &all_patient; *at && *at != socket;)
        at = &(*at)->next_patient;
    if (*at)
        *at = socket->next_patient;
}

void socket_forget_authorization(struct socket *socket)
{
    if (!socket->authorization)
        return;
    explicit_bzero(socket->authorization, strlen(socket->authorization));
    free(socket->authorization);
    socket->authorization = NULL;
}

/* Comes once for every socket, however it ended. */
int socket_ended(struct lws *wsi, struct socket *socket)
{
    if (wsi)
        lws_set_opaque_user_data(wsi, NULL);
    socket->is_open = false;
    runs(socket, "closed");
    forget(socket);
    socket->role->closed(socket->with, &socket->end);
    queue_free(&socket->out);
    socket_forget_authorization(socket);
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

int socket_not_connected(struct lws *wsi, struct socket *socket, const char *in, size_t length)
{
    note_end(socket, 0, in ? in : "", in ? length : 0);
    socket->end.status = (int)lws_http_client_http_response(wsi);
    return socket_ended(wsi, socket);
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
    if (length) /* of an empty piece there may be no room at all */
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

static int flood(struct socket *socket)
{
    close_later(&socket->outlet, LWS_CLOSE_STATUS_POLICY_VIOLATION, "too many messages");
    return KEEP;
}

static int hand_over(struct socket *socket, const char *text, size_t length)
{
    runs(socket, "message");
    if (is_flood(socket))
        return flood(socket);
    if (socket->role->is_talk)
        lws_validity_confirmed(socket->wsi);
    if (socket->role->awaits)
        touch(socket);
    if (socket->is_closing || socket->role->message(socket->with, text, length))
        return KEEP;
    close_later(&socket->outlet, LWS_CLOSE_STATUS_POLICY_VIOLATION, "message not understood");
    return KEEP;
}

/* A message that came in one piece is read where it lies. */
static int on_receive(struct lws *wsi, struct socket *socket, const char *in, size_t length)
{
    bool is_last = lws_is_final_fragment(wsi) && !lws_remaining_packet_payload(wsi);
    int answer;

    if (is_last && socket->in_length == 0 && length <= socket->role->most)
        return hand_over(socket, in, length);
    if (!length && !is_last && is_flood(socket)) /* pieces of which no message ever comes */
        return flood(socket);
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

int socket_event(struct lws *wsi, struct socket *socket, enum lws_callback_reasons reason, void *in,
                 size_t length)
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
        return socket_ended(wsi, socket);
    default:
        return KEEP;
    }
}
