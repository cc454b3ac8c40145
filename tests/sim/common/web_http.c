/* common/web_http.c - requests: reading them whole, and writing their answers. */
#include "common/web_internal.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/fault.h"

enum { BODY_MAX = 16 * 1024 * 1024, HEAD_MAX = 8192, VALUE_MAX = 8192 };

/* ---- reading ---- */

static const struct {
    enum lws_token_indexes token;
    const char *method;
} methods[] = {
    {WSI_TOKEN_GET_URI, "GET"},         {WSI_TOKEN_POST_URI, "POST"},
    {WSI_TOKEN_PUT_URI, "PUT"},         {WSI_TOKEN_PATCH_URI, "PATCH"},
    {WSI_TOKEN_DELETE_URI, "DELETE"},   {WSI_TOKEN_HEAD_URI, "HEAD"},
    {WSI_TOKEN_OPTIONS_URI, "OPTIONS"},
};

enum { METHODS = sizeof methods / sizeof methods[0] };

static const char *method_of(struct lws *wsi)
{
    for (int i = 0; i < METHODS; i++)
        if (lws_hdr_total_length(wsi, methods[i].token))
            return methods[i].method;
    return "GET";
}

/* The path of an upgrade, for which libwebsockets does not hand one over. */
static char *path_of(struct lws *wsi)
{
    char value[VALUE_MAX];

    for (int i = 0; i < METHODS; i++)
        if (lws_hdr_copy(wsi, value, sizeof value, methods[i].token) > 0)
            return web_copy(value);
    return web_copy("/");
}

/* Appends text with everything but unreserved characters and the first '=' percent-encoded. */
static void add_encoded(char **query, const char *text)
{
    size_t used = strlen(*query);
    bool equals = false;
    char *at;

    *query = web_grow(*query, used + 3 * strlen(text) + 2);
    at = *query + used;
    if (used)
        *at++ = '&';
    for (; *text; text++) {
        if (isalnum((unsigned char)*text) || strchr("-._~", *text) || (*text == '=' && !equals))
            *at++ = *text;
        else
            at += sprintf(at, "%%%02X", (unsigned char)*text);
        equals = equals || *text == '=';
    }
    *at = '\0';
}

/* libwebsockets keeps the parts of a query decoded and one by one. */
static char *query_of(struct lws *wsi)
{
    char part[VALUE_MAX], *query = web_copy("");

    for (int i = 0; lws_hdr_copy_fragment(wsi, part, sizeof part, WSI_TOKEN_HTTP_URI_ARGS, i) > 0;
         i++)
        add_encoded(&query, part);
    return query;
}

static void add_arguments(struct lws *wsi, struct json_object *arguments)
{
    char part[VALUE_MAX], *equals;

    for (int i = 0; lws_hdr_copy_fragment(wsi, part, sizeof part, WSI_TOKEN_HTTP_URI_ARGS, i) > 0;
         i++) {
        equals = strchr(part, '=');
        if (equals)
            *equals = '\0';
        json_object_object_add(arguments, part, json_object_new_string(equals ? equals + 1 : ""));
    }
}

static void add_known_headers(struct lws *wsi, struct json_object *headers)
{
    char value[VALUE_MAX], name[64];
    const char *text;
    size_t length;

    for (int token = 0; token < WSI_TOKEN_COUNT; token++) {
        text = (const char *)lws_token_to_string((enum lws_token_indexes)token);
        length = text ? strlen(text) : 0;
        if (length < 2 || length >= sizeof name || text[length - 1] != ':' || text[0] == ':')
            continue;
        if (lws_hdr_copy(wsi, value, sizeof value, (enum lws_token_indexes)token) <= 0)
            continue;
        memcpy(name, text, length - 1);
        name[length - 1] = '\0';
        json_object_object_add(headers, name, json_object_new_string(value));
    }
}

struct web_request *web_request_new(struct connection *connection, const char *path)
{
    struct web_request *request = web_take(sizeof *request);

    request->connection = connection;
    request->method = web_copy(method_of(connection->wsi));
    request->path = path ? web_copy(path) : path_of(connection->wsi);
    request->query = query_of(connection->wsi);
    request->body = web_copy("");
    request->headers = json_object_new_object();
    request->arguments = json_object_new_object();
    add_known_headers(connection->wsi, request->headers);
    add_arguments(connection->wsi, request->arguments);
    return request;
}

void web_request_free(struct web_request *request)
{
    free(request->method);
    free(request->path);
    free(request->query);
    free(request->body);
    free(request->type);
    free(request->added);
    free(request->answer);
    free(request->pieces);
    json_object_put(request->headers);
    json_object_put(request->arguments);
    json_object_put(request->json);
    free(request);
}

/* ---- what a handler asks ---- */

const char *web_method(const struct web_request *request)
{
    return request->method;
}

const char *web_path(const struct web_request *request)
{
    return request->path;
}

const char *web_query(const struct web_request *request)
{
    return request->query;
}

const char *web_body(const struct web_request *request, size_t *length)
{
    if (length)
        *length = request->body_length;
    return request->body;
}

struct json_object *web_body_json(struct web_request *request)
{
    if (!request->json)
        request->json = json_tokener_parse(request->body);
    return request->json;
}

static void keep_custom_header(const struct web_request *request, const char *name)
{
    char with_colon[128], value[VALUE_MAX];
    int length = snprintf(with_colon, sizeof with_colon, "%s:", name);

    if (!request->connection || length >= (int)sizeof with_colon)
        return;
    if (lws_hdr_custom_copy(request->connection->wsi, value, sizeof value, with_colon, length) > 0)
        json_object_object_add(request->headers, name, json_object_new_string(value));
}

const char *web_header(const struct web_request *request, const char *name)
{
    struct json_object *value = NULL;

    if (!json_object_object_get_ex(request->headers, name, &value)) {
        keep_custom_header(request, name);
        json_object_object_get_ex(request->headers, name, &value);
    }
    return value ? json_object_get_string(value) : NULL;
}

struct json_object *web_headers(const struct web_request *request)
{
    return request->headers;
}

const char *web_query_value(struct web_request *request, const char *name)
{
    struct json_object *value = NULL;

    json_object_object_get_ex(request->arguments, name, &value);
    return value ? json_object_get_string(value) : NULL;
}

/* ---- answering ---- */

void web_add_header(struct web_request *request, const char *name, const char *value)
{
    size_t used = request->added ? strlen(request->added) : 0;
    size_t room = used + strlen(name) + strlen(value) + 5;

    request->added = web_grow(request->added, room);
    snprintf(request->added + used, room - used, "%s: %s\r\n", name, value);
}

static void settle(struct web_request *request)
{
    if (!request->connection)
        web_request_free(request);
    else if (request->lose)
        web_kill(request->connection);
    else
        lws_callback_on_writable(request->connection->wsi);
}

void web_answer(struct web_request *request, int status, const char *type, const void *body,
                size_t length)
{
    if (request->answered)
        abort();
    request->answered = true;
    request->status = status;
    request->type = type ? web_copy(type) : NULL;
    request->answer = web_take(LWS_PRE + length + 1);
    if (length)
        memcpy(request->answer + LWS_PRE, body, length);
    request->answer_length = length;
    settle(request);
}

void web_answer_json(struct web_request *request, int status, struct json_object *answer)
{
    const char *text = answer ? json_object_to_json_string_ext(
                                    answer, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)
                              : "";

    web_answer(request, status, answer ? "application/json" : NULL, text, strlen(text));
    json_object_put(answer);
}

void web_drop(struct web_request *request)
{
    request->lose = true;
    web_answer(request, 500, NULL, NULL, 0);
}

void web_ignore(struct web_request *request)
{
    request->answered = request->lose = true;
    if (!request->connection)
        web_request_free(request);
}

void web_lose_answer(struct web_request *request)
{
    request->lose = true;
}

static const char *words_of(int status)
{
    static const struct {
        int status;
        const char *words;
    } known[] = {
        {200, "OK"},           {201, "Created"},       {204, "No Content"},
        {400, "Bad Request"},  {401, "Unauthorized"},  {403, "Forbidden"},
        {404, "Not Found"},    {405, "Not Allowed"},   {429, "Too Many Requests"},
        {500, "Server Error"}, {503, "Not Available"},
    };

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (known[i].status == status)
            return known[i].words;
    return "Status";
}

/* The head as one text; libwebsockets would spell header names its own way. */
static size_t head_of(const struct web_request *request, char *head, size_t room)
{
    const char *type = request->type ? request->type : "";

    return (size_t)snprintf(head, room, "HTTP/1.1 %d %s\r\n%s%s%s%sContent-Length: %zu\r\n\r\n",
                            request->status, words_of(request->status),
                            *type ? "Content-Type: " : "", type, *type ? "\r\n" : "",
                            request->added ? request->added : "", request->answer_length);
}

static int write_answer(struct connection *connection, struct web_request *request)
{
    char head[LWS_PRE + HEAD_MAX];
    size_t length = head_of(request, head + LWS_PRE, HEAD_MAX);
    bool bodiless = !request->answer_length || !strcmp(request->method, "HEAD");
    struct lws *wsi = connection->wsi;
    int written;

    if (length >= HEAD_MAX)
        abort();
    written = lws_write(wsi, (unsigned char *)head + LWS_PRE, length, LWS_WRITE_HTTP_HEADERS);
    if (written >= 0 && !bodiless)
        written = lws_write(wsi, request->answer + LWS_PRE, request->answer_length, LWS_WRITE_HTTP);
    connection->request = NULL;
    web_request_free(request);
    return written < 0 || lws_http_transaction_completed(wsi) ? -1 : 0;
}

/* ---- answers in pieces ---- */

void web_stream_begin(struct web_request *request, int status, const char *type,
                      void (*gone)(void *user), void *user)
{
    request->streams = true;
    request->gone = gone;
    request->gone_user = user;
    web_answer(request, status, type, NULL, 0);
}

static void add_to_wire(struct web_request *request, const void *bytes, size_t length)
{
    request->pieces = web_grow(request->pieces, LWS_PRE + request->pieces_length + length + 1);
    memcpy(request->pieces + LWS_PRE + request->pieces_length, bytes, length);
    request->pieces_length += length;
}

void web_stream_piece(struct web_request *request, const void *bytes, size_t length)
{
    char size[24];

    if (!length)
        return;
    add_to_wire(request, size, (size_t)snprintf(size, sizeof size, "%zx\r\n", length));
    add_to_wire(request, bytes, length);
    add_to_wire(request, "\r\n", 2);
    lws_callback_on_writable(request->connection->wsi);
}

void web_stream_end(struct web_request *request)
{
    request->ends = true;
    add_to_wire(request, "0\r\n\r\n", 5);
    lws_callback_on_writable(request->connection->wsi);
}

void web_stream_break(struct web_request *request)
{
    request->gone = NULL;
    web_kill(request->connection);
}

static int write_head(struct lws *wsi, struct web_request *request)
{
    char head[LWS_PRE + HEAD_MAX];
    size_t length = (size_t)snprintf(head + LWS_PRE, HEAD_MAX,
                                     "HTTP/1.1 %d %s\r\nContent-Type: %s\r\n%s"
                                     "Transfer-Encoding: chunked\r\n\r\n",
                                     request->status, words_of(request->status), request->type,
                                     request->added ? request->added : "");

    if (length >= HEAD_MAX)
        abort();
    request->began = true;
    return lws_write(wsi, (unsigned char *)head + LWS_PRE, length, LWS_WRITE_HTTP_HEADERS);
}

static int write_pieces(struct connection *connection, struct web_request *request)
{
    struct lws *wsi = connection->wsi;

    if (!request->began && write_head(wsi, request) < 0)
        return -1;
    if (request->pieces_length && lws_write(wsi, (unsigned char *)request->pieces + LWS_PRE,
                                            request->pieces_length, LWS_WRITE_HTTP) < 0)
        return -1;
    request->pieces_length = 0;
    if (!request->ends)
        return 0;
    connection->request = NULL;
    web_request_free(request);
    return lws_http_transaction_completed(wsi) ? -1 : 0;
}

/* ---- events ---- */

static void dispatch(struct connection *connection)
{
    struct web_request *request = connection->request;
    struct web_service *is = &connection->service->is;

    lws_set_timeout(connection->wsi, NO_PENDING_TIMEOUT, 0);
    if (!is->handler)
        web_answer(request, 404, "text/plain", "not found\n", 10);
    else if (!is->faulty || !fault_http(connection->web, request, is->handler, is->user))
        is->handler(request, is->user);
}

static bool has_body(struct lws *wsi)
{
    char value[32];

    return lws_hdr_copy(wsi, value, sizeof value, WSI_TOKEN_HTTP_CONTENT_LENGTH) > 0 &&
           strtol(value, NULL, 10) > 0;
}

static int begin(struct connection *connection, const char *path, size_t length)
{
    char *copy = web_take(length + 1);

    memcpy(copy, path, length);
    connection->request = web_request_new(connection, copy);
    free(copy);
    if (!has_body(connection->wsi))
        dispatch(connection);
    return 0;
}

static int add_body(struct web_request *request, const void *bytes, size_t length)
{
    if (!request || !length)
        return 0;
    if (request->body_length + length > BODY_MAX)
        return -1;
    if (request->body_length + length + 1 > request->body_room) {
        request->body_room = (request->body_length + length + 1) * 2;
        request->body = web_grow(request->body, request->body_room);
    }
    memcpy(request->body + request->body_length, bytes, length);
    request->body_length += length;
    request->body[request->body_length] = '\0';
    return 0;
}

int web_http_event(struct connection *connection, enum lws_callback_reasons reason, void *in,
                   size_t length)
{
    struct web_request *request = connection->request;

    if (reason == LWS_CALLBACK_HTTP)
        return begin(connection, in, length);
    if (reason == LWS_CALLBACK_HTTP_BODY)
        return add_body(request, in, length);
    if (reason == LWS_CALLBACK_HTTP_BODY_COMPLETION && request && request->body_length)
        dispatch(connection);
    if (reason == LWS_CALLBACK_HTTP_WRITEABLE && request && request->answered && !request->lose)
        return request->streams ? write_pieces(connection, request)
                                : write_answer(connection, request);
    return 0;
}

void web_http_gone(struct connection *connection)
{
    struct web_request *request = connection->request;

    connection->request = NULL;
    if (!request)
        return;
    request->connection = NULL;
    if (request->streams && request->gone && !connection->web->draining)
        request->gone(request->gone_user);
    if (request->answered || connection->web->draining)
        web_request_free(request);
}
