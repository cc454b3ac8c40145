/* twilio/queue.c - who waits in which queue, and who takes them. */
#include "twilio/queue.h"

#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "twilio/call.h"

/* A call that waits, or was taken; its own document rests meanwhile. */
struct waiter {
    struct call *call;
    struct taker *taker; /* NULL: it waits */
    char sid[SID_SIZE], *name, *action, *method, *wait_url, *wait_method;
    struct parked parked;
    int64_t since_ms; /* since 1970 */
    struct waiter *next;
};

/* A call that takes somebody out of a queue, or wants to. */
struct taker {
    struct call *call;
    struct waiter *waiter; /* NULL: nobody is there yet */
    char *name, *action, *method;
    struct taker *next;
};

static struct waiter *waiters; /* in the order in which they came */
static struct taker *takers;

/* ---- who is where ---- */

static struct waiter *waiter_of(const struct call *call)
{
    struct waiter *waiter = waiters;

    while (waiter && waiter->call != call)
        waiter = waiter->next;
    return waiter;
}

static struct taker *taker_of(const struct call *call)
{
    struct taker *taker = takers;

    while (taker && taker->call != call)
        taker = taker->next;
    return taker;
}

static char *copy_attribute(const xmlNode *node, const char *name)
{
    char *value = attribute(node, name), *copy = text_copy(value);

    xmlFree(value);
    return copy;
}

/* An attribute that is a URL, made absolute. */
static char *copy_url(const struct call *call, const xmlNode *node, const char *name)
{
    char *value = attribute(node, name), *copy = value && *value ? program_url(call, value) : NULL;

    xmlFree(value);
    return copy;
}

static void waiter_free(struct waiter *waiter)
{
    struct waiter **at = &waiters;

    while (*at != waiter)
        at = &(*at)->next;
    *at = waiter->next;
    free(waiter->name);
    free(waiter->action);
    free(waiter->method);
    free(waiter->wait_url);
    free(waiter->wait_method);
    free(waiter);
}

static void taker_free(struct taker *taker)
{
    struct taker **at = &takers;

    while (*at != taker)
        at = &(*at)->next;
    *at = taker->next;
    free(taker->name);
    free(taker->action);
    free(taker->method);
    free(taker);
}

/* ---- going on ---- */

static void add_queue(const struct waiter *waiter, struct form *form)
{
    form_add(form, "QueueSid", waiter->sid);
    form_add_integer(form, "QueueTime", (web_epoch_ms() - waiter->since_ms) / 1000);
}

/* Out of the queue, and on with the document that rested. */
static void go_on(struct waiter *waiter, const char *result)
{
    struct call *call = waiter->call;
    struct form more = {.pairs = NULL};
    char *action = text_copy(waiter->action), *method = text_copy(waiter->method);

    log_event("left_queue", "call", call->sid, "result", result, NULL);
    form_add(&more, "QueueResult", result);
    add_queue(waiter, &more);
    call->peer = NULL;
    program_unpark(call, &waiter->parked);
    waiter_free(waiter);
    program_action(call, action, method, &more);
    form_free(&more);
    free(action);
    free(method);
}

/* The one who took is alone again. */
static void release(struct taker *taker)
{
    struct call *call = taker->call;
    struct form more = {.pairs = NULL};
    char *action = text_copy(taker->action), *method = text_copy(taker->method);

    call->peer = NULL;
    taker_free(taker);
    form_add(&more, "DialCallStatus", "completed");
    program_action(call, action, method, &more);
    form_free(&more);
    free(action);
    free(method);
}

/* ---- waiting ---- */

static void ask_wait(struct call *call)
{
    struct waiter *waiter = waiter_of(call);
    struct form more = {.pairs = NULL};

    if (!waiter || waiter->taker || !waiter->wait_url)
        return;
    add_queue(waiter, &more);
    form_add(&more, "QueuePosition", "1");
    form_add(&more, "CurrentQueueSize", "1");
    form_add(&more, "AvgQueueTime", "0");
    call->program.finished = ask_wait; /* again, as long as it waits */
    program_fetch(call, waiter->wait_url, waiter->wait_method, &more);
    form_free(&more);
}

static void connect(struct taker *taker, struct waiter *waiter)
{
    taker->waiter = waiter;
    waiter->taker = taker;
    waiter->call->program.finished = NULL;
    program_abort(waiter->call); /* what it heard while it waited */
    waiter->call->peer = taker->call;
    taker->call->peer = waiter->call;
    log_event("bridged", "call", waiter->call->sid, "leg", taker->call->sid, NULL);
}

static void match(const struct account *account, const char *name)
{
    for (struct waiter *waiter = waiters; waiter; waiter = waiter->next)
        for (struct taker *taker = takers; taker && !waiter->taker; taker = taker->next)
            if (!taker->waiter && waiter->call->account == account &&
                taker->call->account == account && !strcmp(waiter->name, name) &&
                !strcmp(taker->name, name))
                connect(taker, waiter);
}

void queue_enter(struct call *call, xmlNode *enqueue)
{
    struct waiter *waiter = calloc(1, sizeof *waiter), **at = &waiters;

    waiter->call = call;
    sid_new("QU", waiter->sid);
    waiter->name = node_text(enqueue);
    waiter->action = copy_url(call, enqueue, "action");
    waiter->method = copy_attribute(enqueue, "method");
    waiter->wait_url = copy_url(call, enqueue, "waitUrl");
    waiter->wait_method = copy_attribute(enqueue, "waitUrlMethod");
    waiter->since_ms = web_epoch_ms();
    while (*at)
        at = &(*at)->next;
    *at = waiter;
    log_event("queued", "call", call->sid, "queue", waiter->name, NULL);
    program_park(call, &waiter->parked);
    match(call->account, waiter->name);
    ask_wait(call);
}

void queue_leave(struct call *call, xmlNode *leave)
{
    struct waiter *waiter = waiter_of(call);

    (void)leave;
    if (waiter)
        go_on(waiter, "leave");
    else
        program_next(call);
}

void queue_take(struct call *call, xmlNode *queue, xmlNode *dial)
{
    struct taker *taker = calloc(1, sizeof *taker);

    taker->call = call;
    taker->name = node_text(queue);
    taker->action = copy_url(call, dial, "action");
    taker->method = copy_attribute(dial, "method");
    taker->next = takers;
    takers = taker;
    match(call->account, taker->name);
}

void queue_abort(struct call *call)
{
    struct waiter *waiter = waiter_of(call);
    struct taker *taker = taker_of(call);

    if (waiter) {
        struct taker *other = waiter->taker;

        call->program.finished = NULL;
        parked_free(&waiter->parked);
        waiter_free(waiter);
        if (other)
            release(other);
    }
    if (taker) {
        struct waiter *other = taker->waiter;

        taker_free(taker);
        if (other)
            go_on(other, "bridged");
    }
}
