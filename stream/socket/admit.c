#include "stream/socket/inside.h"

#include <netdb.h>
#include <string.h>
#include <sys/socket.h>

#include "core/address.h"
#include "core/clock.h"
#include "stream/handshakes.h"

const char *socket_path(const char *path)
{
    return strncmp(path, "/n/", 3) == 0 ? path + 3 + strcspn(path + 3, "/") : path;
}

/* An IPv4 address on a socket that takes both kinds, as the address that it is. */
static void unmap(char *ip)
{
    static const char mapped[] = "::ffff:";

    if (strncmp(ip, mapped, sizeof mapped - 1) == 0)
        memmove(ip, ip + sizeof mapped - 1, strlen(ip + sizeof mapped - 1) + 1);
}

static bool is_proxy(const char *ip)
{
    const char *trusted = sockets_setup()->config->trusted_proxies;

    return trusted && address_in_list(ip, trusted);
}

/* The last address that a proxy of ours added, or the connection's own. */
static void find_ip(struct lws *wsi, char *ip, size_t size)
{
    char forwarded[256], *last;

    lws_get_peer_simple(wsi, ip, size);
    unmap(ip);
    if (!is_proxy(ip) ||
        lws_hdr_copy(wsi, forwarded, sizeof forwarded, WSI_TOKEN_X_FORWARDED_FOR) <= 0)
        return;
    last = strrchr(forwarded, ',');
    last = last ? last + 1 : forwarded;
    last += strspn(last, " ");
    snprintf(ip, size, "%s", last);
}

static const char *reason_of(int status)
{
    static const struct {
        int status;
        const char *reason;
    } reasons[] = {
        {400, "Missing WebSocket upgrade headers"},
        {401, "Unauthorized"},
        {404, "Not found"},
        {426, "This is a WebSocket"},
        {429, "Too many sockets, or too many that have not said yet who they are"},
        {503, "No room here, try again elsewhere"},
    };

    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return "Refused";
}

/* The library's own answer claims HTTP/1.0, which some clients of a websocket do not read. */
static int refuse(struct lws *wsi, int status)
{
    unsigned char answer[LWS_PRE + 256];
    const char *reason = reason_of(status);
    int length = snprintf((char *)answer + LWS_PRE, sizeof answer - LWS_PRE,
                          "HTTP/1.1 %d Refused\r\ncontent-type: text/plain\r\n"
                          "content-length: %zu\r\nconnection: close\r\n\r\n%s",
                          status, strlen(reason), reason);

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

int socket_upgrade(struct lws *wsi, bool is_private)
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
    for (const struct role *const *role = sockets_setup()->roles; *role; role++) {
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

/* Whose handshake begins on a descriptor; "" when a proxy of ours brings it. */
static const char *stranger_at(int fd, char *ip, size_t size)
{
    struct sockaddr_storage address;
    socklen_t length = sizeof address;

    if (getpeername(fd, (struct sockaddr *)&address, &length) != 0 ||
        address.ss_family == AF_UNIX ||
        getnameinfo((struct sockaddr *)&address, length, ip, (socklen_t)size, NULL, 0,
                    NI_NUMERICHOST) != 0)
        return "";
    unmap(ip);
    return is_proxy(ip) ? "" : ip;
}

/* The first reason comes before the library has made a connection of the descriptor. */
bool socket_handshake(struct lws *wsi, enum lws_callback_reasons reason, const void *in,
                      int *answer)
{
    char ip[64];

    switch (reason) {
    case LWS_CALLBACK_FILTER_NETWORK_CONNECTION:
        *answer =
            handshakes_have_room(stranger_at((int)(intptr_t)in, ip, sizeof ip)) ? KEEP : CLOSE;
        return true;
    case LWS_CALLBACK_SERVER_NEW_CLIENT_INSTANTIATED:
        handshake_begin(wsi, stranger_at((int)lws_get_socket_fd(wsi), ip, sizeof ip),
                        clock_monotonic_us());
        *answer = KEEP;
        return true;
    case LWS_CALLBACK_WSI_DESTROY:
        handshake_end(wsi);
        return false;
    default:
        return false;
    }
}

void sockets_cut_overdue(void)
{
    const void *wsi;

    while ((wsi = handshake_overdue(clock_monotonic_us())))
        lws_set_timeout((struct lws *)(uintptr_t)wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
}

enum { HTTP_STATUS_UPGRADE = 426 };

/* Where a websocket is to be had, a plain request lacks nothing but the upgrade. */
static int plain_status(const char *path)
{
    for (const struct role *const *role = sockets_setup()->roles; *role; role++)
        if ((*role)->path && strcmp((*role)->path, socket_path(path)) == 0)
            return (*role)->plain_status ? (*role)->plain_status : HTTP_STATUS_UPGRADE;
    return HTTP_STATUS_NOT_FOUND;
}

int socket_on_stream(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                     size_t length)
{
    struct socket *socket = wsi ? lws_get_opaque_user_data(wsi) : NULL;
    int answer;

    if (socket_handshake(wsi, reason, in, &answer))
        return answer;
    switch (reason) {
    case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
        return socket_upgrade(wsi, false);
    case LWS_CALLBACK_HTTP:
        return refuse(wsi, plain_status(in));
    default:
        return socket ? socket_event(wsi, socket, reason, in, length)
                      : lws_callback_http_dummy(wsi, reason, user, in, length);
    }
}
