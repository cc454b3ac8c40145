#include "remote/http.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <curl/curl.h>

#include "core/clock.h"
#include "core/config.h"
#include "core/log.h"
#include "remote/guard.h"
#include "remote/trust.h"

enum { DEFAULT_DEADLINE_MS = 10000, DEFAULT_LIMIT = 1 << 20, MAX_HEADERS = 64 };

/* One request while libcurl works on it. */
struct attempt {
    struct work *work;
    const struct http_request *request;
    struct http_answer *answer;
    struct http_exchange *exchange; /* that it belongs to; NULL: none */
    CURL *curl;
    struct curl_slist *headers;
    size_t limit;
    bool closed; /* the guard refused the address */
    bool cut;    /* the answer was longer than it may be */
    int64_t began_us;
    char problem[CURL_ERROR_SIZE];
};

static size_t on_body(char *piece, size_t size, size_t count, void *user)
{
    struct attempt *attempt = user;
    struct text *body = &attempt->answer->body;
    size_t room = attempt->limit - body->length;

    attempt->cut = size * count > room;
    if (attempt->cut && !attempt->request->cut)
        return 0; /* which libcurl takes for an error */
    text_bytes(body, piece, attempt->cut ? room : size * count);
    return attempt->cut ? 0 : size * count;
}

static void take_header(struct attempt *attempt, const char *line, const char *colon, size_t length)
{
    struct http_answer *answer = attempt->answer;
    const char *value = colon + 1, *end = line + length;

    while (value < end && isspace((unsigned char)*value))
        value++;
    while (end > value && isspace((unsigned char)end[-1]))
        end--;
    answer->headers[answer->nheaders++] = (struct http_header){
        .name = arena_copy(&attempt->work->arena, line, (size_t)(colon - line)),
        .value = arena_copy(&attempt->work->arena, value, (size_t)(end - value)),
    };
}

/* A new status line begins the headers anew: what came before was an interim answer. */
static size_t on_header(char *line, size_t size, size_t count, void *user)
{
    struct attempt *attempt = user;
    const char *colon = memchr(line, ':', size * count);

    if (size * count > 5 && memcmp(line, "HTTP/", 5) == 0)
        attempt->answer->nheaders = 0;
    else if (colon && attempt->answer->nheaders < MAX_HEADERS)
        take_header(attempt, line, colon, size * count);
    return size * count;
}

/* The address is judged as it is connected to, so that no second look at the name can differ. */
static curl_socket_t on_socket(void *user, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct attempt *attempt = user;

    (void)purpose;
    if (attempt->request->guarded && !guard_is_public(&address->addr) &&
        !guard_is_allowed(attempt->work->config->allow_private_urls, attempt->request->url)) {
        attempt->closed = true;
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* libcurl wants "Name;" for a header without a value, and "Name:" leaves one of its own out. */
static void add_header(struct attempt *attempt, const char *line)
{
    struct curl_slist *longer = curl_slist_append(attempt->headers, line);

    if (!longer)
        abort();
    attempt->headers = longer;
}

static void set_headers(struct attempt *attempt)
{
    const struct http_request *request = attempt->request;
    struct arena *arena = &attempt->work->arena;

    add_header(attempt, "Expect:");
    add_header(attempt, request->content_type
                            ? arena_format(arena, "Content-Type: %s", request->content_type)
                            : "Content-Type:");
    for (size_t i = 0; i < request->nheaders; i++)
        add_header(attempt, arena_format(arena, "%s: %s", request->headers[i].name,
                                         request->headers[i].value));
    curl_easy_setopt(attempt->curl, CURLOPT_HTTPHEADER, attempt->headers);
}

static void set_body(struct attempt *attempt)
{
    const struct http_request *request = attempt->request;

    if (request->body) {
        curl_easy_setopt(attempt->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->length);
        curl_easy_setopt(attempt->curl, CURLOPT_POSTFIELDS, request->body);
    }
    if (request->method && strcmp(request->method, "HEAD") == 0)
        curl_easy_setopt(attempt->curl, CURLOPT_NOBODY, 1L);
    else if (request->method)
        curl_easy_setopt(attempt->curl, CURLOPT_CUSTOMREQUEST, request->method);
}

static int on_progress(void *user, curl_off_t all_in, curl_off_t in, curl_off_t all_out,
                       curl_off_t out)
{
    const struct attempt *attempt = user;

    (void)all_in;
    (void)in;
    (void)all_out;
    (void)out;
    return atomic_load(attempt->request->canceled); /* not 0: libcurl gives up */
}

/* The environment's proxies are left out of it: behind one, no address could be judged. */
static void set_limits(struct attempt *attempt)
{
    const struct http_request *request = attempt->request;
    int64_t deadline_ms = request->deadline_ms ? request->deadline_ms : DEFAULT_DEADLINE_MS;

    curl_easy_setopt(attempt->curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(attempt->curl, CURLOPT_PROXY, "");
    trust_set(attempt->curl);
    curl_easy_setopt(attempt->curl, CURLOPT_TIMEOUT_MS, (long)deadline_ms);
    curl_easy_setopt(attempt->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(attempt->curl, CURLOPT_ERRORBUFFER, attempt->problem);
    curl_easy_setopt(attempt->curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(attempt->curl, CURLOPT_WRITEDATA, attempt);
    curl_easy_setopt(attempt->curl, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(attempt->curl, CURLOPT_HEADERDATA, attempt);
    curl_easy_setopt(attempt->curl, CURLOPT_OPENSOCKETFUNCTION, on_socket);
    curl_easy_setopt(attempt->curl, CURLOPT_OPENSOCKETDATA, attempt);
    curl_easy_setopt(attempt->curl, CURLOPT_PRIVATE, attempt);
    if (request->canceled) {
        curl_easy_setopt(attempt->curl, CURLOPT_NOPROGRESS, 0L);
        curl_easy_setopt(attempt->curl, CURLOPT_XFERINFOFUNCTION, on_progress);
        curl_easy_setopt(attempt->curl, CURLOPT_XFERINFODATA, attempt);
    }
}

static void begin(struct attempt *attempt, struct work *work, const struct http_request *request,
                  struct http_answer *answer)
{
    struct arena *arena = &work->arena;

    *attempt = (struct attempt){.work = work, .request = request, .answer = answer};
    attempt->limit = request->answer_limit ? request->answer_limit : DEFAULT_LIMIT;
    attempt->began_us = clock_monotonic_us();
    *answer = (struct http_answer){.body.arena = arena};
    answer->headers = arena_new(arena, struct http_header, MAX_HEADERS);
    text_bytes(&answer->body, "", 0);
    attempt->curl = curl_easy_init();
    if (!attempt->curl)
        abort();
    curl_easy_setopt(attempt->curl, CURLOPT_URL, request->url);
    if (request->user) {
        curl_easy_setopt(attempt->curl, CURLOPT_USERNAME, request->user);
        curl_easy_setopt(attempt->curl, CURLOPT_PASSWORD, request->password);
    }
    set_limits(attempt);
    set_headers(attempt);
    set_body(attempt);
}

/* Before the transfer begins nothing of the request has left. */
static enum http_end end_of(const struct attempt *attempt, CURLcode rc)
{
    curl_off_t sending_us = 0;

    if (rc == CURLE_OK || (attempt->cut && attempt->request->cut))
        return HTTP_ANSWERED;
    if (attempt->closed)
        return HTTP_FORBIDDEN;
    curl_easy_getinfo(attempt->curl, CURLINFO_PRETRANSFER_TIME_T, &sending_us);
    return sending_us > 0 ? HTTP_UNANSWERED : HTTP_UNREACHED;
}

static const char *problem_of(const struct attempt *attempt, CURLcode rc)
{
    if (attempt->closed)
        return "its address is not public";
    if (attempt->cut)
        return "its answer is too long";
    return arena_text(&attempt->work->arena,
                      *attempt->problem ? attempt->problem : curl_easy_strerror(rc));
}

static void finish(struct attempt *attempt, CURLcode rc)
{
    struct http_answer *answer = attempt->answer;
    long status = 0;

    curl_easy_getinfo(attempt->curl, CURLINFO_RESPONSE_CODE, &status);
    answer->end = end_of(attempt, rc);
    answer->status = (int)status;
    answer->took_ms = (clock_monotonic_us() - attempt->began_us) / 1000;
    if (answer->end != HTTP_ANSWERED)
        answer->problem = problem_of(attempt, rc);
    trust_note(attempt->work, attempt->curl, (int)rc);
    curl_easy_cleanup(attempt->curl);
    curl_slist_free_all(attempt->headers);
}

static void send_one(struct work *work, const struct http_request *request,
                     struct http_answer *answer)
{
    struct attempt attempt;

    begin(&attempt, work, request, answer);
    finish(&attempt, curl_easy_perform(attempt.curl));
}

/* What a URL leads to beside its path. */
static char *origin_of(struct work *work, CURLU *url)
{
    static const CURLUPart parts[] = {CURLUPART_SCHEME, CURLUPART_HOST, CURLUPART_PORT};
    struct text origin = {.arena = &work->arena};

    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        char *part = NULL;

        if (curl_url_get(url, parts[i], &part, CURLU_DEFAULT_PORT) == CURLUE_OK)
            text_add(&origin, "%s ", part);
        curl_free(part);
    }
    return origin.at ? origin.at : arena_text(&work->arena, "");
}

/*
 * The request that a redirect asks for, false when it must not be followed.  Another origin learns
 * neither credentials nor headers; only 307 and 308 send the body again.
 */
static bool redirect(struct work *work, struct http_request *request,
                     const struct http_answer *answer)
{
    const char *location = http_header_of(answer, "Location"), *before, *after;
    CURLU *url = curl_url();
    char *next = NULL;
    bool ok = url && location && curl_url_set(url, CURLUPART_URL, request->url, 0) == CURLUE_OK;

    if (!url)
        abort();
    before = ok ? origin_of(work, url) : "";
    ok = ok && curl_url_set(url, CURLUPART_URL, location, 0) == CURLUE_OK &&
         curl_url_get(url, CURLUPART_URL, &next, 0) == CURLUE_OK;
    after = ok ? origin_of(work, url) : "";
    ok = ok && (strncmp(before, "https ", 6) != 0 || strncmp(after, "https ", 6) == 0);
    request->url = ok ? arena_text(&work->arena, next) : request->url;
    if (strcmp(before, after) != 0) {
        request->user = request->password = NULL;
        request->nheaders = 0;
    }
    if (answer->status != 307 && answer->status != 308) {
        request->method = request->body = request->content_type = NULL;
        request->length = 0;
    }
    curl_free(next);
    curl_url_cleanup(url);
    return ok;
}

static bool is_redirect(const struct http_answer *answer)
{
    return answer->end == HTTP_ANSWERED && answer->status >= 301 && answer->status <= 308 &&
           answer->status != 304 && answer->status != 305 && answer->status != 306;
}

bool http_follow(struct work *work, struct http_request *request, const struct http_answer *answer)
{
    return is_redirect(answer) && redirect(work, request, answer);
}

bool http_send(struct work *work, const struct http_request *request, struct http_answer *answer)
{
    int64_t deadline_ms = request->deadline_ms ? request->deadline_ms : DEFAULT_DEADLINE_MS;
    int64_t until_us = clock_monotonic_us() + deadline_ms * 1000, left_ms = deadline_ms;
    struct http_request step = *request;

    for (unsigned followed = 0;; followed++) {
        step.deadline_ms = left_ms;
        send_one(work, &step, answer);
        left_ms = (until_us - clock_monotonic_us()) / 1000;
        if (followed >= request->redirects || left_ms <= 0 || !http_follow(work, &step, answer))
            break;
    }
    if (answer->end == HTTP_ANSWERED)
        return true;
    log_warning(work, "http.failed", "problem=\"%s\" ms=%lld", answer->problem,
                (long long)answer->took_ms);
    return fail(work, UPSTREAM, "The service did not answer");
}

struct http_flights {
    CURLM *multi;
    size_t under_way;
};

struct http_flights *http_flights_open(void)
{
    struct http_flights *flights = calloc(1, sizeof *flights);

    if (!flights || !(flights->multi = curl_multi_init()))
        abort();
    return flights;
}

void http_flights_close(struct http_flights *flights)
{
    if (!flights)
        return;
    if (flights->under_way)
        abort();
    curl_multi_cleanup(flights->multi);
    free(flights);
}

void http_flights_begin(struct http_flights *flights, struct work *work,
                        struct http_exchange *exchange)
{
    struct attempt *attempt = arena_new(&work->arena, struct attempt, 1);

    begin(attempt, work, &exchange->request, &exchange->answer);
    attempt->exchange = exchange;
    curl_multi_add_handle(flights->multi, attempt->curl);
    flights->under_way++;
}

/* Takes the exchanges that have ended out of the set; how many those were. */
static size_t land(struct http_flights *flights,
                   void (*done)(struct work *work, struct http_exchange *exchange))
{
    size_t ended = 0;
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(flights->multi, &left))) {
        CURLcode rc = message->data.result;
        struct attempt *attempt;

        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &attempt);
        curl_multi_remove_handle(flights->multi, message->easy_handle);
        finish(attempt, rc);
        flights->under_way--;
        ended++;
        if (done)
            done(attempt->work, attempt->exchange);
    }
    return ended;
}

size_t http_flights_wait(struct http_flights *flights, int64_t wait_ms,
                         void (*done)(struct work *work, struct http_exchange *exchange))
{
    int running;

    curl_multi_perform(flights->multi, &running);
    if (land(flights, done) == 0 && flights->under_way && wait_ms > 0) {
        curl_multi_poll(flights->multi, NULL, 0, (int)wait_ms, NULL);
        curl_multi_perform(flights->multi, &running);
        land(flights, done);
    }
    return flights->under_way;
}

void http_flights_wake(struct http_flights *flights)
{
    curl_multi_wakeup(flights->multi);
}

void http_send_many(struct work *work, struct http_exchange *exchanges, size_t count,
                    size_t at_once, void (*done)(struct work *work, struct http_exchange *exchange))
{
    struct http_flights *flights = http_flights_open();
    size_t begun = 0;

    do {
        while (begun < count && flights->under_way < at_once)
            http_flights_begin(flights, work, &exchanges[begun++]);
    } while (http_flights_wait(flights, 1000, done) || begun < count);
    http_flights_close(flights);
}

const char *http_header_of(const struct http_answer *answer, const char *name)
{
    for (size_t i = 0; i < answer->nheaders; i++)
        if (strcasecmp(answer->headers[i].name, name) == 0)
            return answer->headers[i].value;
    return NULL;
}

void http_form_add(struct text *body, const char *name, const char *value)
{
    if (!value)
        return;
    if (body->length)
        text_char(body, '&');
    text_url(body, name);
    text_char(body, '=');
    text_url(body, value);
}
