/* twilio/outgoing.c - libcurl's multi interface on a thread. */
#include "twilio/outgoing.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "twilio/carrier.h"

enum { BODY_MAX = 4 * 1024 * 1024 };

struct transfer {
    CURL *handle;
    struct curl_slist *headers;
    char *request_body;
    char *body;
    size_t length;
    char error[CURL_ERROR_SIZE];
    struct outgoing_answer answer;
    char *type;
    outgoing_done done;
    void *user;
    struct transfer *next;
};

static CURLM *multi;
static pthread_t thread;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct transfer *fresh;
static bool started, ending;

/* ---- in the loop ---- */

static void transfer_free(struct transfer *transfer)
{
    curl_slist_free_all(transfer->headers);
    curl_easy_cleanup(transfer->handle);
    free(transfer->request_body);
    free(transfer->body);
    free(transfer->type);
    free(transfer);
}

static void deliver(void *user)
{
    struct transfer *transfer = user;

    transfer->answer.body = transfer->body ? transfer->body : "";
    transfer->answer.length = transfer->length;
    transfer->answer.type = transfer->type ? transfer->type : "";
    transfer->answer.error = transfer->error;
    transfer->done(transfer->user, &transfer->answer);
    transfer_free(transfer);
}

/* ---- on the thread ---- */

static size_t take_body(char *bytes, size_t size, size_t count, void *user)
{
    struct transfer *transfer = user;
    size_t length = size * count;

    if (transfer->length + length > BODY_MAX)
        return 0;
    transfer->body = realloc(transfer->body, transfer->length + length + 1);
    memcpy(transfer->body + transfer->length, bytes, length);
    transfer->length += length;
    transfer->body[transfer->length] = '\0';
    return length;
}

static bool never_heard(CURLcode code, long status, double connect_seconds)
{
    return code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST ||
           code == CURLE_SSL_CONNECT_ERROR ||
           (code == CURLE_OPERATION_TIMEDOUT && !status && connect_seconds <= 0);
}

static void conclude(struct transfer *transfer, CURLcode code)
{
    char *type = NULL;
    long status = 0;
    double seconds = 0, connect_seconds = 0;

    curl_easy_getinfo(transfer->handle, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(transfer->handle, CURLINFO_CONTENT_TYPE, &type);
    curl_easy_getinfo(transfer->handle, CURLINFO_TOTAL_TIME, &seconds);
    curl_easy_getinfo(transfer->handle, CURLINFO_CONNECT_TIME, &connect_seconds);
    transfer->type = type ? strdup(type) : NULL;
    transfer->answer.status = code == CURLE_OK ? (int)status : 0;
    transfer->answer.connect_failed = never_heard(code, status, connect_seconds);
    transfer->answer.timed_out = code == CURLE_OPERATION_TIMEDOUT;
    transfer->answer.ms = (long)(seconds * 1000);
    if (code != CURLE_OK && !*transfer->error)
        strncpy(transfer->error, curl_easy_strerror(code), sizeof transfer->error - 1);
    web_post(carrier.web, deliver, transfer);
}

static void begin_fresh(void)
{
    struct transfer *transfer, *next;

    pthread_mutex_lock(&lock);
    transfer = fresh;
    fresh = NULL;
    pthread_mutex_unlock(&lock);
    for (; transfer; transfer = next) {
        next = transfer->next;
        curl_multi_add_handle(multi, transfer->handle);
    }
}

static void conclude_finished(void)
{
    struct transfer *transfer;
    CURLMsg *message;
    CURLcode code;
    int left;

    while ((message = curl_multi_info_read(multi, &left))) {
        if (message->msg != CURLMSG_DONE)
            continue;
        code = message->data.result;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&transfer);
        curl_multi_remove_handle(multi, transfer->handle);
        conclude(transfer, code);
    }
}

static void *run(void *unused)
{
    int running;

    while (!__atomic_load_n(&ending, __ATOMIC_ACQUIRE)) {
        begin_fresh();
        curl_multi_perform(multi, &running);
        conclude_finished();
        curl_multi_poll(multi, NULL, 0, 1000, NULL);
    }
    return unused;
}

/* ---- sending ---- */

static void start_once(void)
{
    if (started)
        return;
    started = true;
    curl_global_init(CURL_GLOBAL_DEFAULT);
    multi = curl_multi_init();
    if (pthread_create(&thread, NULL, run, NULL))
        abort();
}

static void set_up(struct transfer *transfer, const struct outgoing *outgoing)
{
    CURL *handle = transfer->handle;

    curl_easy_setopt(handle, CURLOPT_URL, outgoing->url);
    curl_easy_setopt(handle, CURLOPT_PRIVATE, transfer);
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, transfer->error);
    curl_easy_setopt(handle, CURLOPT_HTTPHEADER, transfer->headers);
    curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, outgoing->connect_timeout_ms);
    curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, outgoing->timeout_ms);
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle, CURLOPT_PROXY, "");
    curl_easy_setopt(handle, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(handle, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(handle, CURLOPT_SSL_VERIFYHOST, 0L);
    curl_easy_setopt(handle, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(handle, CURLOPT_USERAGENT, "TwilioProxy/1.1");
    if (text_is(outgoing->method, "GET"))
        return;
    curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE, (long)strlen(transfer->request_body));
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, transfer->request_body);
}

static struct curl_slist *header_list(const struct outgoing *outgoing)
{
    struct curl_slist *headers = curl_slist_append(NULL, "Accept: */*");
    char *type;

    headers = curl_slist_append(headers, "Expect:");
    if (outgoing->content_type) {
        type = text_of("Content-Type: %s", outgoing->content_type);
        headers = curl_slist_append(headers, type);
        free(type);
    }
    for (const char *const *header = outgoing->headers; header && *header; header++)
        headers = curl_slist_append(headers, *header);
    return headers;
}

void outgoing_send(const struct outgoing *outgoing, outgoing_done done, void *user)
{
    struct transfer *transfer = calloc(1, sizeof *transfer), **end;

    start_once();
    transfer->done = done;
    transfer->user = user;
    transfer->handle = curl_easy_init();
    transfer->request_body = strdup(outgoing->body ? outgoing->body : "");
    transfer->headers = header_list(outgoing);
    set_up(transfer, outgoing);
    pthread_mutex_lock(&lock);
    for (end = &fresh; *end; end = &(*end)->next)
        ;
    *end = transfer;
    pthread_mutex_unlock(&lock);
    curl_multi_wakeup(multi);
}

void outgoing_end(void)
{
    if (!started)
        return;
    __atomic_store_n(&ending, true, __ATOMIC_RELEASE);
    curl_multi_wakeup(multi);
    pthread_join(thread, NULL);
}
