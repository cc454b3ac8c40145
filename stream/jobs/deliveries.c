/*
 * Webhooks on their way out.  Many are under way at once; each ends by itself, so that a receiver
 * that takes its time keeps nobody waiting.  Who dies after a post and before writing down what
 * came of it leaves the lease to run out, and the delivery goes out again with the same event id.
 */
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/log.h"
#include "domain/customer_requests.h"
#include "domain/webhooks.h"
#include "remote/http.h"
#include "stream/jobs/jobs.h"
#include "stream/jobs/runs.h"
#include "stream/signals.h"

enum {
    AT_ONCE = 128,
    LIMIT_MS = 10000,    /* of one attempt */
    LEASE_MS = 30000,    /* well over the limit and the writing down */
    ROUND_MS = 200,      /* how long a round may keep the lane's other jobs waiting */
    LOOK_AGAIN_MS = 50,  /* for more to send while something is under way */
    ANSWER_LIMIT = 4096, /* more of it is not read */
    MOST_HEADERS = 16,
};

/* Deliveries that were claimed together; their memory goes when the last has ended. */
struct batch {
    struct work work;
    size_t left;
};

struct posting {
    struct http_exchange exchange;
    const struct webhook_sending *sending;
    struct batch *batch;
};

static struct http_flights *flights;
static size_t under_way;

/* Splits "Name: value" lines; the type of the body has a place of its own. */
static void set_headers(struct work *work, struct http_request *request, char **lines)
{
    struct http_header *headers = arena_new(&work->arena, struct http_header, MOST_HEADERS);

    request->headers = headers;
    for (; *lines && request->nheaders < MOST_HEADERS; lines++) {
        const char *colon = strstr(*lines, ": ");
        struct http_header header;

        if (!colon)
            continue;
        header.name = arena_copy(&work->arena, *lines, (size_t)(colon - *lines));
        header.value = colon + 2;
        if (strcmp(header.name, "Content-Type") == 0)
            request->content_type = header.value;
        else
            headers[request->nheaders++] = header;
    }
}

/* A customer of the Twilio dialect gets what the carrier would have sent. */
static void set_customer_request(struct work *work, struct http_request *request,
                                 const struct webhook_sending *sending)
{
    struct http_header *headers = arena_new(&work->arena, struct http_header, MOST_HEADERS);
    struct customer_request wanted;

    if (!customer_attempt(work, sending, &wanted))
        log_warning(work, "delivery.unsigned", "%s", work->error.message);
    request->url = wanted.url;
    request->body = wanted.body;
    request->length = wanted.body ? strlen(wanted.body) : 0;
    request->content_type = wanted.body ? CUSTOMER_FORM_TYPE : NULL;
    request->headers = headers;
    request->nheaders = customer_headers(work, &wanted, headers);
}

static void begin(struct batch *batch, const struct webhook_sending *sending)
{
    struct posting *posting = arena_new(&batch->work.arena, struct posting, 1);
    struct http_request *request = &posting->exchange.request;

    posting->sending = sending;
    posting->batch = batch;
    posting->exchange.with = posting;
    *request = (struct http_request){
        .url = sending->endpoint.url,
        .body = sending->delivery.body,
        .length = strlen(sending->delivery.body),
        .deadline_ms = LIMIT_MS,
        .answer_limit = ANSWER_LIMIT,
        .guarded = true,
        .cut = true,
    };
    if (strcmp(sending->endpoint.dialect, "twilio") == 0)
        set_customer_request(&batch->work, request, sending);
    else
        set_headers(&batch->work, request, delivery_headers(&batch->work, sending));
    http_flights_begin(flights, &batch->work, &posting->exchange);
    under_way++;
}

static void tell_log(const struct work *work, const struct webhook_sending *sending,
                     const struct http_answer *answer)
{
    const struct webhook_delivery *delivery = &sending->delivery;
    char id[37];

    uid_write_uuid(delivery->id, id);
    log_info(work, "delivery.attempted",
             "delivery=%s event=%s attempt=%lld status=%d ms=%lld problem=\"%s\"", id,
             delivery->event_type, (long long)delivery->attempts + 1, answer->status,
             (long long)answer->took_ms, answer->problem ? answer->problem : "");
}

static void end(struct work *work, struct http_exchange *exchange)
{
    const struct posting *posting = exchange->with;
    struct batch *batch = posting->batch;
    const struct http_answer *answer = &exchange->answer;
    bool answered = answer->end == HTTP_ANSWERED;
    const struct delivery_result result = {
        .status_code = answered ? answer->status : 0,
        .response_ms = answer->took_ms,
        .response_head = answered ? answer->body.at : NULL,
        .error = answer->problem,
    };

    work->tenant = posting->sending->delivery.tenant_id;
    tell_log(work, posting->sending, answer);
    if (!delivery_finish(work, posting->sending, &result) && work->error.what != BUSY)
        log_error(work, "delivery.not_noted", "%s", work->error.message);
    under_way--;
    if (--batch->left == 0) {
        work_end(&batch->work);
        free(batch);
    }
}

/* Claims what is due, as much as there is room for, and sends it off. */
static bool begin_due(struct work *work)
{
    struct batch *batch;
    struct rows claimed = {0};
    bool ok;

    if (under_way >= AT_ONCE)
        return true;
    batch = calloc(1, sizeof *batch);
    if (!batch)
        abort();
    batch->work = (struct work){.id = work->id, .db = work->db, .config = work->config};
    ok = deliveries_claim(&batch->work, jobs_owner(), LEASE_MS, (int64_t)(AT_ONCE - under_way),
                          &claimed);
    work->error = batch->work.error;
    batch->left = claimed.count;
    for (size_t i = 0; i < claimed.count; i++)
        begin(batch, (const struct webhook_sending *)claimed.at + i);
    if (!claimed.count) {
        work_end(&batch->work);
        free(batch);
    }
    return ok;
}

/* Whoever ends makes room for the next, so there is a look for more after each. */
bool run_deliveries(struct work *work)
{
    int64_t until_us = clock_monotonic_us() + ROUND_MS * 1000;
    bool ok;

    if (!flights)
        flights = http_flights_open();
    do {
        ok = begin_due(work);
        if (!under_way)
            return ok;
        http_flights_wait(flights, LOOK_AGAIN_MS, end);
    } while (ok && clock_monotonic_us() < until_us && !signals_ended());
    return ok;
}

/* No attempt lasts longer than its limit, so this ends. */
void finish_deliveries(struct work *work)
{
    (void)work;
    if (!flights)
        return;
    while (http_flights_wait(flights, LOOK_AGAIN_MS, end) > 0)
        continue;
    http_flights_close(flights);
    flights = NULL;
}
