#include "fcgi/request.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "core/crypto.h"

void parameters_add(struct arena *arena, struct parameters *parameters, const char *name,
                    const char *value)
{
    if (parameters->count == parameters->room) {
        size_t room = parameters->room ? 2 * parameters->room : 16;
        struct parameter *at = arena_new(arena, struct parameter, room);

        if (parameters->count)
            memcpy(at, parameters->at, parameters->count * sizeof *at);
        parameters->at = at;
        parameters->room = room;
    }
    parameters->at[parameters->count++] = (struct parameter){name, value};
}

static const char *find(const struct parameters *parameters, const char *name,
                        int (*compare)(const char *a, const char *b))
{
    for (size_t i = 0; i < parameters->count; i++)
        if (compare(parameters->at[i].name, name) == 0)
            return parameters->at[i].value;
    return NULL;
}

const char *request_header(const struct request *req, const char *name)
{
    return find(&req->headers, name, strcasecmp);
}

const char *request_cookie(const struct request *req, const char *name)
{
    return find(&req->cookies, name, strcmp);
}

const char *request_query(const struct request *req, const char *name)
{
    return find(&req->query, name, strcmp);
}

const char *request_form(const struct request *req, const char *name)
{
    return find(&req->form, name, strcmp);
}

const char *request_path(const struct request *req, const char *name)
{
    for (size_t i = 0; i < req->npath_values; i++)
        if (strcmp(req->path_values[i].name, name) == 0)
            return req->path_values[i].value;
    return NULL;
}

/* Nothing that a handler answers may end a header's line early. */
static const char *one_line(struct arena *arena, const char *value)
{
    char *line = arena_text(arena, value);

    for (char *c = line; *c; c++)
        if (iscntrl((unsigned char)*c))
            *c = ' ';
    return line;
}

void reply_header(struct request *req, const char *name, const char *value)
{
    value = one_line(&req->work.arena, value);
    for (size_t i = 0; i < req->reply_headers.count; i++)
        if (strcasecmp(req->reply_headers.at[i].name, name) == 0) {
            req->reply_headers.at[i].value = value;
            return;
        }
    parameters_add(&req->work.arena, &req->reply_headers, name, value);
}

void reply_reset(struct request *req, size_t headers)
{
    req->status = 0;
    req->reply = (struct text){.arena = &req->work.arena};
    req->reply_type = NULL;
    req->reply_is_secret = false;
    req->stream = NULL;
    if (req->reply_headers.count > headers)
        req->reply_headers.count = headers;
}

bool reply_text(struct request *req, int status, const char *type, const char *text)
{
    req->status = status;
    req->reply = (struct text){.arena = &req->work.arena};
    req->reply_type = type;
    text_put(&req->reply, text);
    return true;
}

bool reply_empty(struct request *req, int status)
{
    return reply_text(req, status, NULL, "");
}

const char *status_reason(int status)
{
    static const struct {
        int status;
        const char *reason;
    } reasons[] = {
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {206, "Partial Content"},
        {304, "Not Modified"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {402, "Payment Required"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {409, "Conflict"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {416, "Range Not Satisfiable"},
        {429, "Too Many Requests"},
        {500, "Internal Server Error"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
    };

    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return status < 400 ? "Done" : "Failed";
}

/* Whether every byte belongs to well-formed UTF-8 and none is NUL. */
static bool is_plain_text(const char *text, size_t length)
{
    while (length) {
        size_t size = text_utf8(text, length);

        if (!size || !*text)
            return false;
        text += size;
        length -= size;
    }
    return true;
}

char *percent_decode(struct arena *arena, const char *text, size_t length, bool plus)
{
    char *decoded = arena_take(arena, 1, length + 1), *end = decoded;

    for (size_t i = 0; i < length; i++) {
        int high, low;

        if (text[i] != '%') {
            *end++ = plus && text[i] == '+' ? ' ' : text[i];
            continue;
        }
        if (i + 2 >= length)
            return NULL;
        high = hex_digit(text[i + 1]);
        low = hex_digit(text[i + 2]);
        if (high < 0 || low < 0)
            return NULL;
        *end++ = (char)(high << 4 | low);
        i += 2;
    }
    return is_plain_text(decoded, (size_t)(end - decoded)) ? decoded : NULL;
}

static bool read_pair(struct arena *arena, struct parameters *parameters, const char *text,
                      size_t length)
{
    const char *equals = memchr(text, '=', length);
    size_t name_length = equals ? (size_t)(equals - text) : length;
    char *name = percent_decode(arena, text, name_length, true);
    char *value = equals ? percent_decode(arena, equals + 1, length - name_length - 1, true) : "";

    if (!name || !value)
        return false;
    parameters_add(arena, parameters, name, value);
    return true;
}

bool parameters_read(struct arena *arena, struct parameters *parameters, const char *text,
                     size_t length)
{
    const char *end = text + length;

    while (text < end) {
        const char *ampersand = memchr(text, '&', (size_t)(end - text));
        size_t pair = (size_t)((ampersand ? ampersand : end) - text);

        if (pair && !read_pair(arena, parameters, text, pair))
            return false;
        text += pair + 1;
    }
    return true;
}

void request_end(struct request *req)
{
    json_object_put(req->json);
    req->json = NULL;
    work_end(&req->work);
}
