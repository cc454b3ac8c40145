#include "harness/harness.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <curl/curl.h>
#include <fcntl.h>

/* Everything handed out is kept here, so that a leak checker sees it is meant. */
static struct memory {
    struct memory *next;
    char bytes[];
} * all;

void *kept_memory(size_t size)
{
    struct memory *memory = calloc(1, sizeof *memory + size);

    if (!memory)
        abort();
    memory->next = all;
    all = memory;
    return memory->bytes;
}

_Noreturn void give_up(const char *file, int line, const char *what)
{
    cr_log_error("%s:%d: waited in vain for: %s", file, line, what);
    cr_assert_fail("%s:%d: waited in vain for: %s", file, line, what);
    abort();
}

void nap_ms(int ms)
{
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L}, NULL);
}

json_object *kept(json_object *json)
{
    json_object **slot = kept_memory(sizeof(json_object *));

    *slot = json;
    return json;
}

const char *fact(const char *name)
{
    const char *value = getenv(name);

    cr_assert(value && *value, "%s is not set: run the suite with tests/run", name);
    return value;
}

char *say(const char *format, ...)
{
    va_list args, again;
    char *text;
    int length;

    va_start(args, format);
    va_copy(again, args);
    length = vsnprintf(NULL, 0, format, args);
    text = kept_memory((size_t)length + 1);
    vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    va_end(args);
    return text;
}

struct buffer {
    char *at;
    size_t length;
};

static size_t take(char *bytes, size_t size, size_t count, void *user)
{
    struct buffer *buffer = user;
    char *at = realloc(buffer->at, buffer->length + size * count + 1);

    if (!at)
        abort();
    memcpy(at + buffer->length, bytes, size * count);
    buffer->at = at;
    buffer->length += size * count;
    at[buffer->length] = '\0';
    return size * count;
}

static char *settle(struct buffer *buffer)
{
    char *copy = kept_memory(buffer->length + 1);

    if (buffer->length)
        memcpy(copy, buffer->at, buffer->length);
    free(buffer->at);
    return copy;
}

/* One line for tests/conform: what was asked of the API and what came back. */
static void write_down(const char *method, const char *url, const struct reply *reply)
{
    const char *path = getenv("EXCHANGES"), *type = reply_header_of(reply, "Content-Type");
    json_object *line;
    const char *text;
    int fd;

    if (!path || url[0] != '/')
        return;
    line = json_object_new_object();
    json_object_object_add(line, "method", json_object_new_string(method));
    json_object_object_add(line, "path", json_object_new_string(url));
    json_object_object_add(line, "status", json_object_new_int64(reply->status));
    json_object_object_add(line, "type", json_object_new_string(type ? type : ""));
    json_object_object_add(line, "body", reply->json ? json_object_get(reply->json) : NULL);
    text = json_object_to_json_string_ext(line, JSON_C_TO_STRING_NOSLASHESCAPE);
    fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0) {
        text = say("%s\n", text);
        if (write(fd, text, strlen(text)) < 0)
            perror(path);
        close(fd);
    }
    json_object_put(line);
}

static void perform(CURL *curl, struct reply *reply)
{
    struct buffer body = {0}, headers = {0};
    CURLcode rc;

    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &body);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, &headers);
    rc = curl_easy_perform(curl);
    if (rc == CURLE_OK || rc == CURLE_PARTIAL_FILE)
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &reply->status);
    reply->length = body.length;
    reply->body = settle(&body);
    reply->headers = settle(&headers);
}

struct reply http_bytes(const char *method, const char *url, const char *const *headers,
                        const void *body, size_t length, long timeout_ms)
{
    const char *whole = url[0] == '/' ? say("%s%s", fact("BASE_URL"), url) : url;
    struct curl_slist *lines = curl_slist_append(NULL, "Expect:");
    struct reply reply = {0};
    CURL *curl = curl_easy_init();

    for (; headers && *headers; headers++)
        lines = curl_slist_append(lines, *headers);
    curl_easy_setopt(curl, CURLOPT_URL, whole);
    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, lines);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, timeout_ms);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    if (strcmp(method, "HEAD") == 0)
        curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    if (body || strcmp(method, "POST") == 0) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)length);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body ? body : "");
    }
    perform(curl, &reply);
    curl_easy_cleanup(curl);
    curl_slist_free_all(lines);
    if (reply.length && (reply.body[0] == '{' || reply.body[0] == '['))
        reply.json = kept(json_tokener_parse(reply.body));
    write_down(method, url, &reply);
    return reply;
}

struct reply http(const char *method, const char *url, const char *const *headers, const char *body)
{
    return http_bytes(method, url, headers, body, body ? strlen(body) : 0, 30000);
}

const char *reply_header_of(const struct reply *reply, const char *name)
{
    size_t length = strlen(name);

    for (const char *line = reply->headers; line && *line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncasecmp(line, name, length) == 0 && line[length] == ':') {
            line += length + 1 + strspn(line + length + 1, " ");
            return say("%.*s", (int)strcspn(line, "\r\n"), line);
        }
    }
    return NULL;
}

static bool find(json_object *json, const char *path, json_object **found)
{
    while (*path) {
        size_t length = strcspn(path, ".");
        const char *name = say("%.*s", (int)length, path);

        if (json_object_is_type(json, json_type_array)) {
            size_t index = strtoul(name, NULL, 10);

            if (index >= json_object_array_length(json))
                return false;
            json = json_object_array_get_idx(json, index);
        } else if (!json_object_object_get_ex(json, name, &json)) {
            return false;
        }
        path += length + (path[length] == '.');
    }
    *found = json;
    return true;
}

const char *at(json_object *json, const char *path)
{
    json_object *found;

    return find(json, path, &found) && found ? say("%s", json_object_get_string(found)) : "";
}

bool has(json_object *json, const char *path)
{
    json_object *found;

    return find(json, path, &found);
}
