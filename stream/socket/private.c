#include "stream/socket/inside.h"

#include <string.h>

#include "stream/handshakes.h"
#include "stream/watchdog.h"

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
    sockets_setup()->control(request);
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

int socket_on_control(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                      size_t length)
{
    struct socket *socket = wsi ? lws_get_opaque_user_data(wsi) : NULL;
    int answer;

    if (socket_handshake(wsi, reason, in, &answer))
        return answer;
    if (socket)
        return socket_event(wsi, socket, reason, in, length);
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
        return socket_upgrade(wsi, true);
    default:
        return lws_callback_http_dummy(wsi, reason, user, in, length);
    }
}
