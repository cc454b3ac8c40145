#include "socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* RFC 6455, 5.2 */
enum { TEXT = 1, CLOSE = 8, PING = 9, PONG = 10 };

static SSL_CTX *server_tls, *client_tls;

int64_t load_now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void *grown(void *bytes, size_t *room, size_t wanted)
{
    if (wanted <= *room)
        return bytes;
    *room = wanted * 2;
    bytes = realloc(bytes, *room);
    if (!bytes)
        abort();
    return bytes;
}

static void put_bytes(struct socket *socket, const void *bytes, size_t length)
{
    socket->out = grown(socket->out, &socket->out_room, socket->out_length + length);
    memcpy(socket->out + socket->out_length, bytes, length);
    socket->out_length += length;
}

static void set_up(struct socket *connection, int fd, bool is_client)
{
    *connection = (struct socket){.fd = fd, .is_client = is_client, .with = connection->with};
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
}

int load_listen(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 1024) != 0) {
        perror("listen");
        exit(1);
    }
    return fd;
}

void load_serve_tls(const char *pem)
{
    server_tls = SSL_CTX_new(TLS_server_method());
    if (!server_tls || SSL_CTX_use_certificate_chain_file(server_tls, pem) != 1 ||
        SSL_CTX_use_PrivateKey_file(server_tls, pem, SSL_FILETYPE_PEM) != 1) {
        fprintf(stderr, "%s: no certificate and key\n", pem);
        exit(1);
    }
}

/* The TLS handshake, waited for; later reads and writes do not wait. */
static bool secure(struct socket *connection, SSL_CTX *context)
{
    int fd = connection->fd;

    connection->tls = SSL_new(context);
    if (!connection->tls)
        return false;
    SSL_set_mode(connection->tls,
                 SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_set_fd(connection->tls, fd);
    if ((connection->is_client ? SSL_connect : SSL_accept)(connection->tls) != 1)
        return false;
    return fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) == 0;
}

bool load_connect(struct socket *connection, const char *url)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    char path[1024], request[1400];
    int port, fd, length;
    bool is_tls = strncmp(url, "wss:", 4) == 0;

    if (sscanf(url, is_tls ? "wss://127.0.0.1:%d%1023s" : "ws://127.0.0.1:%d%1023s", &port, path) !=
        2)
        return false;
    address.sin_port = htons((uint16_t)port);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
        return false;
    set_up(connection, fd, true);
    if (is_tls && !client_tls)
        client_tls = SSL_CTX_new(TLS_client_method());
    if (is_tls && !secure(connection, client_tls))
        return false;
    length = snprintf(request, sizeof request,
                      "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\n"
                      "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                      "Sec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA==\r\n\r\n",
                      path, port);
    put_bytes(connection, request, (size_t)length);
    return load_flush(connection);
}

bool load_accept(struct socket *connection, int listener)
{
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

    if (fd < 0)
        return false;
    set_up(connection, fd, false);
    if (server_tls && !secure(connection, server_tls))
        fputs("a client came without TLS\n", stderr);
    return true;
}

void load_close(struct socket *connection)
{
    close(connection->fd);
    SSL_free(connection->tls);
    free(connection->in);
    free(connection->out);
    *connection = (struct socket){.fd = -1, .with = connection->with};
}

/* In words of eight bytes: the compiler makes nothing better of single ones. */
static void apply_mask(uint8_t *bytes, size_t length, const uint8_t mask[4])
{
    uint64_t masks, word;
    size_t at = 0;

    memcpy(&masks, mask, 4);
    memcpy((uint8_t *)&masks + 4, mask, 4);
    for (; at + 8 <= length; at += 8) {
        memcpy(&word, bytes + at, 8);
        word ^= masks;
        memcpy(bytes + at, &word, 8);
    }
    for (; at < length; at++)
        bytes[at] ^= mask[at & 3];
}

static void put_frame(struct socket *socket, uint8_t kind, const char *text, size_t length)
{
    static const uint8_t mask[4] = {0x37, 0xfa, 0x21, 0x3d};
    uint8_t head[8] = {(uint8_t)(0x80 | kind)};
    size_t size = 2, begin;

    if (length < 126) {
        head[1] = (uint8_t)length;
    } else if (length < 65536) {
        head[1] = 126;
        head[2] = (uint8_t)(length >> 8);
        head[3] = (uint8_t)length;
        size = 4;
    } else {
        fprintf(stderr, "a message of %zu bytes\n", length);
        exit(1);
    }
    if (socket->is_client) {
        head[1] |= 0x80;
        memcpy(head + size, mask, sizeof mask);
        size += sizeof mask;
    }
    put_bytes(socket, head, size);
    begin = socket->out_length;
    put_bytes(socket, text, length);
    if (socket->is_client)
        apply_mask((uint8_t *)socket->out + begin, length, mask);
}

void load_put(struct socket *socket, const char *text, size_t length)
{
    put_frame(socket, TEXT, text, length);
}

/* As send() and recv() without waiting. */
static ssize_t transmit(struct socket *socket, const void *bytes, size_t length)
{
    int sent;

    if (!socket->tls)
        return send(socket->fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);
    sent = SSL_write(socket->tls, bytes, (int)length);
    if (sent <= 0)
        errno = SSL_get_error(socket->tls, sent) == SSL_ERROR_WANT_WRITE ? EAGAIN : EIO;
    return sent > 0 ? sent : -1;
}

static ssize_t receive(struct socket *socket, void *bytes, size_t room)
{
    int got;

    if (!socket->tls)
        return recv(socket->fd, bytes, room, MSG_DONTWAIT);
    got = SSL_read(socket->tls, bytes, (int)room);
    if (got <= 0)
        errno = SSL_get_error(socket->tls, got) == SSL_ERROR_WANT_READ ? EAGAIN : EIO;
    return got > 0 ? got : -1;
}

bool load_flush(struct socket *socket)
{
    ssize_t sent;

    if (socket->out_length == 0)
        return true;
    sent = transmit(socket, socket->out, socket->out_length);
    if (sent < 0)
        return errno == EAGAIN || errno == EINTR;
    memmove(socket->out, socket->out + sent, socket->out_length - (size_t)sent);
    socket->out_length -= (size_t)sent;
    return true;
}

static bool answer_handshake(struct socket *socket, const char *head)
{
    static const char name[] = "Sec-WebSocket-Key: ";
    const char *key = strcasestr(head, name);
    unsigned char digest[SHA_DIGEST_LENGTH];
    char text[100], accepted[40], answer[200];
    int length;

    if (!key)
        return false;
    snprintf(text, sizeof text, "%.24s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key + sizeof name - 1);
    SHA1((unsigned char *)text, strlen(text), digest);
    EVP_EncodeBlock((unsigned char *)accepted, digest, sizeof digest);
    length = snprintf(answer, sizeof answer,
                      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                      "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
                      accepted);
    put_bytes(socket, answer, (size_t)length);
    return true;
}

/* How many bytes the handshake at the front takes, 0 while it is not whole; -1: it is none. */
static int take_handshake(struct socket *socket)
{
    char *end;

    socket->in = grown(socket->in, &socket->in_room, socket->in_length + 1);
    socket->in[socket->in_length] = '\0';
    end = strstr(socket->in, "\r\n\r\n");
    if (!end)
        return 0;
    if (socket->is_client ? strncmp(socket->in, "HTTP/1.1 101", 12) != 0
                          : !answer_handshake(socket, socket->in))
        return -1;
    socket->is_open = true;
    return (int)(end + 4 - socket->in);
}

/* A frame at the front: its size, 0 while it is not whole, -1 when it ends the connection. */
static ssize_t take_frame(struct socket *socket, uint8_t *at, size_t have,
                          void (*message)(struct socket *, char *, size_t))
{
    size_t size = 2, length;
    uint8_t *mask = NULL;

    if (have < 2)
        return 0;
    length = at[1] & 0x7f;
    if (length == 127 || (at[0] & 0x0f) == CLOSE)
        return -1;
    if (length == 126) {
        if (have < 4)
            return 0;
        length = (size_t)at[2] << 8 | at[3];
        size = 4;
    }
    if (at[1] & 0x80) {
        mask = at + size;
        size += 4;
    }
    if (have < size + length)
        return 0;
    if (mask)
        apply_mask(at + size, length, mask);
    if ((at[0] & 0x0f) == TEXT)
        message(socket, (char *)at + size, length);
    else if ((at[0] & 0x0f) == PING)
        put_frame(socket, PONG, (char *)at + size, length);
    return (ssize_t)(size + length);
}

static bool take_frames(struct socket *socket, void (*message)(struct socket *, char *, size_t))
{
    size_t at = 0;
    ssize_t taken = 1;

    if (!socket->is_open) {
        int head = take_handshake(socket);

        if (head <= 0)
            return head == 0;
        at = (size_t)head;
        message(socket, NULL, 0);
    }
    while (taken > 0) {
        taken = take_frame(socket, (uint8_t *)socket->in + at, socket->in_length - at, message);
        if (taken < 0)
            return false;
        at += (size_t)taken;
    }
    memmove(socket->in, socket->in + at, socket->in_length - at);
    socket->in_length -= at;
    return true;
}

bool load_read(struct socket *socket,
               void (*message)(struct socket *socket, char *text, size_t length))
{
    ssize_t got;

    socket->in = grown(socket->in, &socket->in_room, socket->in_length + 16384);
    got = receive(socket, socket->in + socket->in_length, 16384); /* the most of a TLS record */
    if (got < 0)
        return errno == EAGAIN || errno == EINTR;
    if (got == 0)
        return false;
    socket->in_length += (size_t)got;
    return take_frames(socket, message);
}

size_t load_decode(const char *text, size_t length, uint8_t *bytes)
{
    static uint8_t values[256];
    const uint8_t *at = (const uint8_t *)text;
    size_t count = 0;

    if (!values['B'])
        for (int i = 0; i < 64; i++)
            values[(
                uint8_t) "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[i]] =
                (uint8_t)i;
    while (length && at[length - 1] == '=')
        length--;
    for (; length >= 4; length -= 4, at += 4) {
        uint32_t bits = (uint32_t)values[at[0]] << 18 | (uint32_t)values[at[1]] << 12 |
                        (uint32_t)values[at[2]] << 6 | (uint32_t)values[at[3]];

        bytes[count++] = (uint8_t)(bits >> 16);
        bytes[count++] = (uint8_t)(bits >> 8);
        bytes[count++] = (uint8_t)bits;
    }
    if (length > 1)
        bytes[count++] = (uint8_t)(values[at[0]] << 2 | values[at[1]] >> 4);
    if (length > 2)
        bytes[count++] = (uint8_t)(values[at[1]] << 4 | values[at[2]] >> 2);
    return count;
}
