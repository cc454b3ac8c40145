/* twilio/webhook.c - one webhook from its order to its outcome. */
#include "twilio/webhook.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/fault.h"
#include "common/log.h"

enum { REORDER_WAIT_MS = 3000 };

struct delivery {
    char *kind, *url, *method, *subject, *status, *to, *sequence;
    const struct account *account;
    enum signed_as signed_as;
    struct form form;
    struct json_object *record;
    webhook_done done;
    void *user;
    char token[SID_SIZE]; /* I-Twilio-Idempotency-Token */
    int attempts;
    bool wrong_signature, extra; /* extra: the second of a duplicate */
    struct web_timer *timer;     /* of one that waits to be overtaken */
    struct delivery *next;
};

static struct delivery *queue;   /* status callbacks under way, and those behind them */
static struct delivery *waiting; /* to be overtaken */
static struct json_object *under_way;

static void begin(struct delivery *delivery);

/* ---- the end of a delivery ---- */

/* Counts what is on its way about a subject. */
static void count(const char *subject, int64_t more)
{
    int64_t now;

    if (!under_way)
        under_way = json_object_new_object();
    now = json_integer(under_way, subject, 0) + more;
    if (now)
        json_set_integer(under_way, subject, now);
    else
        json_object_object_del(under_way, subject);
}

bool webhook_busy(const char *subject)
{
    return json_member(under_way, subject) != NULL;
}

static void delivery_free(struct delivery *delivery)
{
    free(delivery->kind);
    free(delivery->url);
    free(delivery->method);
    free(delivery->subject);
    free(delivery->status);
    free(delivery->to);
    free(delivery->sequence);
    form_free(&delivery->form);
    json_object_put(delivery->record);
    free(delivery);
}

static void note(struct delivery *delivery, const struct outgoing_answer *answer)
{
    struct json_object *entry = json_object_new_object();

    json_set(entry, "kind", delivery->kind);
    json_set(entry, "tells", delivery->status);
    json_set(entry, "subject", delivery->subject);
    json_set(entry, "url", delivery->url);
    json_set(entry, "sequence_number", delivery->sequence);
    json_set_integer(entry, "status", answer->status);
    json_set_integer(entry, "attempts", delivery->attempts);
    json_set_integer(entry, "ms", answer->ms);
    if (delivery->extra)
        json_set_flag(entry, "duplicate", true);
    if (!answer->status)
        json_set(entry, "error", answer->error);
    if (delivery->record)
        json_object_array_add(delivery->record, json_object_get(entry));
    log_json("webhook", entry);
}

static bool in_chain(const struct delivery *delivery)
{
    return !strcmp(delivery->kind, "status");
}

static bool same_subject(const struct delivery *a, const struct delivery *b)
{
    return !strcmp(a->subject, b->subject) && !strcmp(a->kind, b->kind);
}

/* Takes a status callback out of the queue and lets the next of its subject go. */
static void leave_queue(struct delivery *delivery)
{
    struct delivery **at = &queue, *next;

    while (*at && *at != delivery)
        at = &(*at)->next;
    if (!*at)
        return;
    *at = delivery->next;
    for (next = *at; next; next = next->next)
        if (same_subject(next, delivery)) {
            begin(next);
            return;
        }
}

/* Lets go what waited to be overtaken by this one. */
static void release_overtaken(const struct delivery *by)
{
    struct delivery **at = &waiting, *found;

    while (*at && !same_subject(*at, by))
        at = &(*at)->next;
    found = *at;
    if (!found)
        return;
    *at = found->next;
    web_timer_cancel(found->timer);
    begin(found);
}

static void conclude(struct delivery *delivery, const struct outgoing_answer *answer)
{
    note(delivery, answer);
    if (delivery->done && !delivery->extra)
        delivery->done(delivery->user, answer);
    leave_queue(delivery);
    release_overtaken(delivery);
    count(delivery->subject, -1);
    delivery_free(delivery);
}

/* ---- sending ---- */

static bool is_get(const struct delivery *delivery)
{
    return text_is(delivery->method, "GET");
}

/* The URL that is asked for: with GET the form stands in its query. */
static char *requested_url(const struct delivery *delivery)
{
    char *url = url_without_fragment(delivery->url), *query, *whole;

    if (!is_get(delivery))
        return url;
    query = form_encode(&delivery->form);
    whole = text_of("%s%c%s", url, strchr(url, '?') ? '&' : '?', query);
    free(query);
    free(url);
    return whole;
}

static void sign(const struct delivery *delivery, const char *url, char signature[SIGNATURE_SIZE])
{
    char *as_signed = signature_url(url, delivery->signed_as);
    const char *token =
        delivery->wrong_signature ? "not the token of this account" : delivery->account->token;

    signature_of(token, as_signed, is_get(delivery) ? NULL : &delivery->form, signature);
    free(as_signed);
}

static void post(struct delivery *delivery, long limit_ms);

static void answered(void *user, const struct outgoing_answer *answer)
{
    struct delivery *delivery = user;

    if (answer->connect_failed && delivery->attempts < 2)
        post(delivery, WEBHOOK_LIMIT_MS - answer->ms > 1000 ? WEBHOOK_LIMIT_MS - answer->ms : 1000);
    else
        conclude(delivery, answer);
}

static void post(struct delivery *delivery, long limit_ms)
{
    char *url = requested_url(delivery), *body = form_encode(&delivery->form);
    char signature[SIGNATURE_SIZE], signed_line[64], token_line[80];
    const char *headers[] = {signed_line, token_line, NULL};
    struct outgoing outgoing = {
        .url = url,
        .method = delivery->method,
        .content_type =
            is_get(delivery) ? NULL : "application/x-www-form-urlencoded; charset=UTF-8",
        .body = is_get(delivery) ? NULL : body,
        .headers = headers,
        .connect_timeout_ms = WEBHOOK_CONNECT_MS,
        .timeout_ms = limit_ms,
    };

    delivery->attempts++;
    sign(delivery, url, signature);
    snprintf(signed_line, sizeof signed_line, "X-Twilio-Signature: %s", signature);
    snprintf(token_line, sizeof token_line, "I-Twilio-Idempotency-Token: %s", delivery->token);
    outgoing_send(&outgoing, answered, delivery);
    free(url);
    free(body);
}

/* ---- faults ---- */

static const struct fault *ordered(const char *act, const struct delivery *delivery)
{
    return fault_strike(act, "event", "webhook", "kind", delivery->kind, "call", delivery->subject,
                        "status", delivery->status ? delivery->status : "", "to",
                        delivery->to ? delivery->to : "", NULL);
}

static struct delivery *copy_of(const struct delivery *delivery)
{
    struct delivery *copy = calloc(1, sizeof *copy);

    *copy = *delivery;
    copy->kind = text_copy(delivery->kind);
    copy->url = text_copy(delivery->url);
    copy->method = text_copy(delivery->method);
    copy->subject = text_copy(delivery->subject);
    copy->status = text_copy(delivery->status);
    copy->to = text_copy(delivery->to);
    copy->sequence = text_copy(delivery->sequence);
    copy->form = (struct form){.pairs = NULL};
    form_append(&copy->form, &delivery->form);
    json_object_get(copy->record);
    copy->next = NULL;
    copy->extra = true;
    count(copy->subject, 1);
    return copy;
}

static void send_now(void *user)
{
    post(user, WEBHOOK_LIMIT_MS);
}

static void give_up_waiting(void *user)
{
    struct delivery *delivery = user, **at = &waiting;

    while (*at != delivery)
        at = &(*at)->next;
    *at = delivery->next;
    post(delivery, WEBHOOK_LIMIT_MS);
}

static void wait_to_be_overtaken(struct delivery *delivery)
{
    struct delivery *next;

    if (in_chain(delivery)) { /* let the one behind it go first */
        struct delivery **at = &queue;

        while (*at != delivery)
            at = &(*at)->next;
        *at = delivery->next;
        for (next = *at; next && !same_subject(next, delivery);)
            next = next->next;
    } else {
        next = NULL;
    }
    delivery->next = waiting;
    waiting = delivery;
    delivery->timer = web_after(carrier.web, REORDER_WAIT_MS, give_up_waiting, delivery);
    if (next)
        begin(next);
}

static void begin(struct delivery *delivery)
{
    static const struct outgoing_answer skipped = {.error = "skipped", .body = "", .type = ""};
    const struct fault *fault;
    bool overtaken = delivery->timer != NULL;

    delivery->timer = NULL;
    delivery->wrong_signature = delivery->wrong_signature || ordered("wrong-signature", delivery);
    if (overtaken) {
        post(delivery, WEBHOOK_LIMIT_MS);
    } else if (ordered("skip", delivery)) {
        conclude(delivery, &skipped);
    } else if (ordered("reorder", delivery)) {
        wait_to_be_overtaken(delivery);
    } else {
        if (ordered("duplicate", delivery))
            post(copy_of(delivery), WEBHOOK_LIMIT_MS);
        fault = ordered("delay", delivery);
        web_after(carrier.web, fault ? fault->ms : 0, send_now, delivery);
    }
}

/* ---- ordering one ---- */

static struct delivery *delivery_of(const struct webhook *webhook)
{
    struct delivery *delivery = calloc(1, sizeof *delivery);

    delivery->kind = text_copy(webhook->kind);
    delivery->url = text_copy(webhook->url);
    delivery->method = text_copy(webhook->method && *webhook->method ? webhook->method : "POST");
    delivery->subject = text_copy(webhook->subject ? webhook->subject : "");
    delivery->status = text_copy(webhook->status);
    delivery->account = webhook->account;
    delivery->signed_as = webhook->signed_as;
    delivery->form = webhook->form;
    delivery->to = text_copy(form_get(&webhook->form, "To"));
    delivery->sequence = text_copy(form_get(&webhook->form, "SequenceNumber"));
    delivery->record = json_object_get(webhook->record);
    sid_new("ID", delivery->token);
    return delivery;
}

static bool one_is_ahead(const struct delivery *delivery)
{
    for (const struct delivery *at = queue; at && at != delivery; at = at->next)
        if (same_subject(at, delivery))
            return true;
    return false;
}

void webhook_send(const struct webhook *webhook, webhook_done done, void *user)
{
    struct delivery *delivery = delivery_of(webhook), **end = &queue;

    delivery->done = done;
    delivery->user = user;
    count(delivery->subject, 1);
    if (in_chain(delivery)) {
        while (*end)
            end = &(*end)->next;
        *end = delivery;
        if (one_is_ahead(delivery))
            return;
    }
    begin(delivery);
}
