#include "fcgi/incoming.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/address.h"
#include "core/log.h"
#include "fcgi/dialect.h"

static const char *variable(char *const *variables, const char *name)
{
    size_t length = strlen(name);

    for (; *variables; variables++)
        if (strncmp(*variables, name, length) == 0 && (*variables)[length] == '=')
            return *variables + length + 1;
    return NULL;
}

/* "HTTP_X_REQUEST_ID=7" is the header "x-request-id". */
static void add_header(struct request *req, const char *from)
{
    const char *equals = strchr(from, '=');
    char *name = arena_copy(&req->work.arena, from, (size_t)(equals - from));

    for (char *c = name; *c; c++)
        *c = *c == '_' ? '-' : (char)tolower((unsigned char)*c);
    parameters_add(&req->work.arena, &req->headers, name, arena_text(&req->work.arena, equals + 1));
}

/* Apache hides the header of a protected folder behind another name. */
static void read_headers(struct request *req, char *const *variables)
{
    const char *redirected = variable(variables, "REDIRECT_HTTP_AUTHORIZATION");

    for (char *const *one = variables; *one; one++)
        if (strncmp(*one, "HTTP_", 5) == 0 && strchr(*one, '='))
            add_header(req, *one + 5);
    if (redirected && !request_header(req, "Authorization"))
        parameters_add(&req->work.arena, &req->headers, "authorization",
                       arena_text(&req->work.arena, redirected));
}

/* Some send the whole URL; some of us live below another path than "/". */
static const char *strip(const struct request *req, const char *uri)
{
    const char *base = strstr(req->work.config->public_base_url, "://");
    size_t length;

    if (*uri != '/' && strstr(uri, "://"))
        uri = strstr(uri, "://") + 3 + strcspn(strstr(uri, "://") + 3, "/?");
    base = base ? strchr(base + 3, '/') : NULL;
    if (!base)
        return uri;
    length = strlen(base) - (base[strlen(base) - 1] == '/');
    return strncmp(uri, base, length) == 0 && strchr("/?", uri[length]) ? uri + length : uri;
}

static void read_target(struct request *req, char *const *variables)
{
    const char *uri = variable(variables, "REQUEST_URI");
    const char *method = variable(variables, "REQUEST_METHOD");
    size_t length;

    uri = strip(req, uri ? uri : "/");
    length = strcspn(uri, "?");
    req->method = arena_text(&req->work.arena, method ? method : "GET");
    req->path = length ? arena_copy(&req->work.arena, uri, length) : "/";
    req->query_string = arena_text(&req->work.arena, uri[length] ? uri + length + 1 : "");
}

/* "203.0.113.7:1234", "[2001:db8::1]:80" and " 203.0.113.7" without what is not the address. */
static char *bare_address(struct arena *arena, const char *at, size_t length)
{
    char *address, *colon;

    for (; length && *at == ' '; length--)
        at++;
    while (length && at[length - 1] == ' ')
        length--;
    address = arena_copy(arena, at, length);
    if (*address == '[') {
        address++;
        address[strcspn(address, "]")] = '\0';
    } else if ((colon = strchr(address, ':')) && !strchr(colon + 1, ':')) {
        *colon = '\0';
    }
    return address;
}

/* The right-most address that none of our own proxies has. */
static const char *forwarded_client(struct request *req, const char *nearest)
{
    const char *proxies = req->work.config->trusted_proxies;
    const char *list = request_header(req, "X-Forwarded-For");
    size_t end = list ? strlen(list) : 0;
    unsigned char binary[16];

    while (end) {
        size_t begin = end;
        const char *address;

        while (begin && list[begin - 1] != ',')
            begin--;
        address = bare_address(&req->work.arena, list + begin, end - begin);
        if (!address_read(address, binary))
            return nearest;
        nearest = address;
        if (!address_in_list(address, proxies))
            return nearest;
        end = begin ? begin - 1 : 0;
    }
    return nearest;
}

static void read_client(struct request *req, char *const *variables)
{
    const char *address = variable(variables, "REMOTE_ADDR");
    const char *https = variable(variables, "HTTPS"), *forwarded;

    req->client_ip = address && *address ? arena_text(&req->work.arena, address) : NULL;
    req->scheme = https && *https && strcasecmp(https, "off") != 0 ? "https" : "http";
    req->host = request_header(req, "Host");
    if (!req->client_ip || !address_in_list(req->client_ip, req->work.config->trusted_proxies))
        return;
    req->client_ip = forwarded_client(req, req->client_ip);
    if ((forwarded = request_header(req, "X-Forwarded-Proto")))
        req->scheme = strncasecmp(forwarded, "https", 5) == 0 ? "https" : "http";
    if ((forwarded = request_header(req, "X-Forwarded-Host")))
        req->host = arena_copy(&req->work.arena, forwarded, strcspn(forwarded, ", "));
}

int64_t incoming_read(struct request *req, char *const *variables)
{
    const char *length = variable(variables, "CONTENT_LENGTH"), *type;

    read_headers(req, variables);
    read_target(req, variables);
    read_client(req, variables);
    type = variable(variables, "CONTENT_TYPE");
    req->content_type = type && *type ? arena_text(&req->work.arena, type) : NULL;
    if (!length || !*length || strlen(length) > 18 || length[strspn(length, "0123456789")])
        return NOT_ANNOUNCED;
    return strtoll(length, NULL, 10);
}

void incoming_body(struct request *req, char *body, size_t length, int64_t announced, bool more)
{
    req->body_too_large = more;
    req->body_cut = !more && announced != NOT_ANNOUNCED && (int64_t)length != announced;
    if (more)
        length = 0;
    body[length] = '\0';
    req->body = body;
    req->body_length = length;
}

void outgoing_head(struct request *req, struct text *head)
{
    bool bodiless = req->status == 204 || req->status == 304;
    int64_t length = req->stream ? req->stream_length : (int64_t)req->reply.length;

    text_add(head, "Status: %d %s\r\n", req->status, status_reason(req->status));
    if (!bodiless)
        text_add(head, "Content-Type: %s\r\nContent-Length: %lld\r\n",
                 req->reply_type ? req->reply_type : "application/json", (long long)length);
    for (size_t i = 0; i < req->reply_headers.count; i++)
        text_add(head, "%s: %s\r\n", req->reply_headers.at[i].name, req->reply_headers.at[i].value);
    text_put(head, "\r\n");
}

/* Tokens stand in some paths; the row says the same without them. */
static const char *path_for_log(const struct request *req)
{
    for (size_t i = 0; i < req->npath_values; i++)
        if (strcmp(req->path_values[i].name, "token") == 0 ||
            strcmp(req->path_values[i].name, "ticket") == 0)
            return strchr(req->route->line, ' ') + 1;
    return req->path;
}

static void add_text(struct text *line, const char *name, const char *value)
{
    text_add(line, ",\"%s\":", name);
    text_json(line, value);
}

void request_log(struct request *req, int64_t bytes_sent, int64_t duration_us)
{
    struct text line = {.arena = &req->work.arena};

    text_add(&line, "\"status\":%d,\"ms\":%lld.%03lld,\"bytes\":%lld", req->status,
             (long long)(duration_us / 1000), (long long)(duration_us % 1000),
             (long long)bytes_sent);
    add_text(&line, "method", req->head ? "HEAD" : req->method);
    add_text(&line, "path", path_for_log(req));
    add_text(&line, "dialect", req->dialect->name);
    add_text(&line, "ip", req->client_ip);
    if (req->status >= 400 && *req->work.error.message) {
        add_text(&line, "code", failure_code(req->work.error.what));
        add_text(&line, "field", req->work.error.field);
    }
    log_members(&req->work, "request", line.at);
}
