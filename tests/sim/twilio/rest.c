/* twilio/rest.c - routes, authentication, errors and pages of the REST API. */
#define _GNU_SOURCE /* strptime, timegm, vasprintf */
#include "twilio/rest.h"

#include <openssl/evp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/log.h"
#include "twilio/accounts.h"
#include "twilio/call_rest.h"
#include "twilio/messages.h"
#include "twilio/numbers.h"
#include "twilio/recordings.h"

#define ROOT "/2010-04-01/Accounts"

enum { PAGE_DEFAULT = 50, PAGE_MAX = 1000 };

/* clang-format off */
static const struct route {
    const char *method, *pattern;
    rest_handler handler;
} routes[] = {
    {"GET",    ".json",                                   account_fetch},
    {"POST",   ".json",                                   account_update},
    {"GET",    "/AvailablePhoneNumbers/{}/Local.json",    numbers_search_local},
    {"GET",    "/AvailablePhoneNumbers/{}/TollFree.json", numbers_search_toll_free},
    {"GET",    "/IncomingPhoneNumbers.json",              numbers_list},
    {"POST",   "/IncomingPhoneNumbers.json",              numbers_buy},
    {"GET",    "/IncomingPhoneNumbers/{}.json",           numbers_fetch},
    {"POST",   "/IncomingPhoneNumbers/{}.json",           numbers_update},
    {"DELETE", "/IncomingPhoneNumbers/{}.json",           numbers_release},
    {"GET",    "/Calls.json",                             calls_list},
    {"POST",   "/Calls.json",                             calls_create},
    {"GET",    "/Calls/{}.json",                          calls_fetch},
    {"POST",   "/Calls/{}.json",                          calls_update},
    {"DELETE", "/Calls/{}.json",                          calls_delete},
    {"GET",    "/Calls/{}/Recordings.json",               recordings_of_call},
    {"POST",   "/Calls/{}/Recordings.json",               recordings_start},
    {"POST",   "/Calls/{}/Recordings/{}.json",            recordings_control},
    {"GET",    "/Recordings.json",                        recordings_list},
    {"GET",    "/Recordings/{}.json",                     recordings_fetch},
    {"DELETE", "/Recordings/{}.json",                     recordings_delete},
    {"GET",    "/Recordings/{}.mp3",                      recordings_mp3},
    {"GET",    "/Recordings/{}.wav",                      recordings_wav},
    {"GET",    "/Recordings/{}",                          recordings_wav},
    {"GET",    "/Messages.json",                          messages_list},
    {"POST",   "/Messages.json",                          messages_create},
    {"GET",    "/Messages/{}.json",                       messages_fetch},
};
/* clang-format on */

enum { ROUTES = sizeof routes / sizeof routes[0] };

/* ---- answers ---- */

const char *rest_param(const struct rest *rest, const char *name)
{
    return form_get(&rest->params, name);
}

static void add_headers(struct rest *rest)
{
    char id[SID_SIZE];

    sid_new("RQ", id);
    rest->answered = true;
    web_add_header(rest->request, "Twilio-Request-Id", id);
    web_add_header(rest->request, "Twilio-Request-Duration", "0.004");
    web_add_header(rest->request, "Twilio-Concurrent-Requests", "1");
    web_add_header(rest->request, "X-Home-Region", "us1");
}

static void log_answer(struct rest *rest, int status)
{
    struct json_object *entry = json_object_new_object(), *params = json_object_new_object();

    for (size_t i = 0; i < rest->params.count; i++)
        json_set(params, rest->params.pairs[i].name, rest->params.pairs[i].value);
    json_set(entry, "method", web_method(rest->request));
    json_set(entry, "path", web_path(rest->request));
    json_set(entry, "account", rest->account ? rest->account->sid : NULL);
    json_set_object(entry, "params", params);
    json_set_integer(entry, "status", status);
    log_json("rest", entry);
}

void rest_answer(struct rest *rest, int status, struct json_object *body)
{
    log_answer(rest, status);
    add_headers(rest);
    web_answer_json(rest->request, status, body);
}

void rest_media(struct rest *rest, const char *type, const void *bytes, size_t length)
{
    log_answer(rest, 200);
    add_headers(rest);
    web_answer(rest->request, 200, type, bytes, length);
}

void rest_error(struct rest *rest, int status, int code, const char *format, ...)
{
    struct json_object *body = json_object_new_object();
    char *message, *more;
    va_list args;

    va_start(args, format);
    if (vasprintf(&message, format, args) < 0)
        abort();
    va_end(args);
    more = text_of("https://www.twilio.com/docs/errors/%d", code);
    json_set_integer(body, "code", code);
    json_set(body, "message", message);
    json_set(body, "more_info", more);
    json_set_integer(body, "status", status);
    free(message);
    free(more);
    if (status == 401)
        web_add_header(rest->request, "WWW-Authenticate", "Basic realm=\"Twilio API\"");
    rest_answer(rest, status, body);
}

void rest_not_found(struct rest *rest)
{
    rest_error(rest, 404, 20404, "The requested resource %s was not found",
               web_path(rest->request));
}

char *rest_uri(const struct account *account, const char *format, ...)
{
    char *tail, *uri;
    va_list args;

    va_start(args, format);
    if (vasprintf(&tail, format, args) < 0)
        abort();
    va_end(args);
    uri = text_of(ROOT "/%s%s", account->sid, tail);
    free(tail);
    return uri;
}

/* ---- lists ---- */

static long number_param(const struct rest *rest, const char *name, long otherwise)
{
    const char *value = rest_param(rest, name);

    return value ? strtol(value, NULL, 10) : otherwise;
}

/* The URI of a page, with the filters of this request. */
static char *page_uri(const struct rest *rest, long page, long size)
{
    struct form query = {.pairs = NULL};
    char *encoded, *uri;

    for (size_t i = 0; i < rest->params.count; i++)
        if (strncmp(rest->params.pairs[i].name, "Page", 4))
            form_add(&query, rest->params.pairs[i].name, rest->params.pairs[i].value);
    form_add_integer(&query, "PageSize", size);
    form_add_integer(&query, "Page", page);
    encoded = form_encode(&query);
    uri = text_of("%s?%s", web_path(rest->request), encoded);
    form_free(&query);
    free(encoded);
    return uri;
}

static void set_page_uri(const struct rest *rest, struct json_object *body, const char *name,
                         long page, long size)
{
    char *uri = page < 0 ? NULL : page_uri(rest, page, size);

    json_set(body, name, uri);
    free(uri);
}

void rest_list(struct rest *rest, const char *key, struct json_object *all)
{
    long size = number_param(rest, "PageSize", PAGE_DEFAULT), page = number_param(rest, "Page", 0);
    long count = (long)json_object_array_length(all), start, end;
    struct json_object *body = json_object_new_object(), *items = json_object_new_array();

    size = size < 1 ? PAGE_DEFAULT : size > PAGE_MAX ? PAGE_MAX : size;
    start = page * size;
    end = start + size < count ? start + size : count;
    for (long i = start; i < end; i++)
        json_object_array_add(items, json_object_get(json_object_array_get_idx(all, (size_t)i)));
    set_page_uri(rest, body, "first_page_uri", 0, size);
    json_set_integer(body, "end", end > start ? end - 1 : start);
    set_page_uri(rest, body, "previous_page_uri", page - 1, size);
    json_set_object(body, key, items);
    set_page_uri(rest, body, "uri", page, size);
    json_set_integer(body, "page_size", size);
    json_set_integer(body, "start", start);
    set_page_uri(rest, body, "next_page_uri", end < count ? page + 1 : -1, size);
    json_set_integer(body, "page", page);
    json_object_put(all);
    rest_answer(rest, 200, body);
}

/* The span of seconds that a date or a timestamp names; false when it is neither. */
static bool span_of(const char *text, int64_t *from_ms, int64_t *to_ms)
{
    struct tm parts = {.tm_year = 0};
    const char *end = strptime(text, "%Y-%m-%d", &parts);
    bool whole_day = end && !*end;

    if (end && !whole_day)
        end = strptime(text, "%Y-%m-%dT%H:%M:%S", &parts);
    if (!end)
        return false;
    *from_ms = (int64_t)timegm(&parts) * 1000;
    *to_ms = *from_ms + (whole_day ? 86400000 : 1000);
    return true;
}

bool rest_date_fits(const struct rest *rest, const char *name, int64_t epoch_ms)
{
    static const char *const operators[] = {"", "<", ">"};
    int64_t from_ms, to_ms;

    for (int i = 0; i < 3; i++) {
        char *key = text_of("%s%s", name, operators[i]);
        const char *value = rest_param(rest, key);

        free(key);
        if (!value || !span_of(value, &from_ms, &to_ms))
            continue;
        if ((i == 0 && (epoch_ms < from_ms || epoch_ms >= to_ms)) ||
            (i == 1 && epoch_ms >= to_ms) || (i == 2 && epoch_ms < from_ms))
            return false;
    }
    return true;
}

/* ---- who asks ---- */

/* "SID:token" of the Authorization header, or an empty text. */
static void credentials(struct web_request *request, char *pair, size_t room)
{
    const char *header = web_header(request, "authorization");
    unsigned char decoded[1024];
    size_t encoded = header ? strlen(header) : 0;
    int length;

    *pair = '\0';
    if (!text_begins(header, "Basic ") || encoded > sizeof decoded)
        return;
    length = EVP_DecodeBlock(decoded, (const unsigned char *)header + 6, (int)encoded - 6);
    for (const char *end = header + encoded; length > 0 && *--end == '=';)
        length--;
    if (length > 0)
        snprintf(pair, room, "%.*s", length, (char *)decoded);
}

static bool authenticated(struct rest *rest)
{
    char pair[1024], *token;

    credentials(rest->request, pair, sizeof pair);
    token = strchr(pair, ':');
    if (!token)
        return false;
    *token++ = '\0';
    rest->account = account_find(pair);
    return rest->account && !strcmp(token, rest->account->token);
}

/* ---- routes ---- */

/* Matches a path against a pattern; what stands for {} is copied. */
static bool matches(const char *path, const char *pattern, char *ids[2])
{
    size_t length, suffix;
    int count = 0;

    while (*pattern && *path) {
        if (*pattern != '{') {
            if (*pattern++ != *path++)
                return false;
            continue;
        }
        pattern += 2;
        length = strcspn(path, "/");
        suffix = strcspn(pattern, "/");
        if (length <= suffix || strncmp(path + length - suffix, pattern, suffix))
            return false;
        free(ids[count]);
        ids[count++] = strndup(path, length - suffix);
        path += length;
        pattern += suffix;
    }
    return !*pattern && !*path;
}

static void run_route(struct rest *rest, const char *tail)
{
    bool known = false;

    for (int i = 0; i < ROUTES && !rest->answered; i++) {
        if (!matches(tail, routes[i].pattern, rest->ids))
            continue;
        known = true;
        if (!strcmp(routes[i].method, web_method(rest->request)))
            routes[i].handler(rest);
    }
    if (!rest->answered && known)
        rest_error(rest, 405, 20004, "Method not allowed");
    else if (!rest->answered)
        rest_not_found(rest);
}

/* The account that the path speaks of must be the one that asks. */
static void handle_account_path(struct rest *rest, const char *tail)
{
    char sid[SID_SIZE];

    if (!strcmp(tail, ".json") && !strcmp(web_method(rest->request), "GET")) {
        accounts_list(rest);
    } else if (*tail != '/' || strlen(tail) < SID_SIZE) {
        rest_not_found(rest);
    } else {
        snprintf(sid, sizeof sid, "%s", tail + 1);
        if (!strcmp(sid, rest->account->sid))
            run_route(rest, tail + SID_SIZE);
        else
            rest_not_found(rest);
    }
}

void rest_handle(struct web_request *request, void *unused)
{
    struct rest rest = {.request = request};
    const char *path = web_path(request);

    (void)unused;
    form_parse(&rest.params, web_query(request));
    form_parse(&rest.params, web_body(request, NULL));
    if (!text_begins(path, ROOT))
        rest_not_found(&rest);
    else if (!authenticated(&rest))
        rest_error(&rest, 401, 20003, "Authentication Error - invalid username");
    else
        handle_account_path(&rest, path + strlen(ROOT));
    form_free(&rest.params);
    free(rest.ids[0]);
    free(rest.ids[1]);
}
