#include "openai/speaker.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/speech.h"
#include "openai/model.h"

enum { THREADS = 2 };

typedef void ready_function(int64_t session, const char *response, unsigned char *ulaw,
                            size_t samples);

struct order {
    struct order *next;
    char *text;
    const char *voice;
    int64_t session;
    char response[ID_SIZE];
    ready_function *ready;
    unsigned char *ulaw;
    size_t samples;
};

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct order *first, **last;
    bool stopping;
    pthread_t threads[THREADS];
} shop = {
    .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER, .last = &shop.first};

/* Every voice of the API is one of espeak-ng, so that they can be told apart by ear. */
static const char *speaker_voice(const char *voice)
{
    static const char *const voices[][2] = {
        {"alloy", "en-us"},      {"ash", "en-us+m2"},   {"ballad", "en-gb"},
        {"coral", "en-us+f2"},   {"echo", "en-us+m4"},  {"sage", "en-gb+f1"},
        {"shimmer", "en-us+f4"}, {"verse", "en-us+m7"}, {"marin", "en-us+f3"},
        {"cedar", "en-us+m3"},
    };

    for (size_t i = 0; i < sizeof voices / sizeof voices[0]; i++)
        if (strcmp(voices[i][0], voice) == 0)
            return voices[i][1];
    return "en-us";
}

static void order_free(struct order *order)
{
    free(order->ulaw);
    free(order->text);
    free(order);
}

/* Back in the loop. */
static void deliver(void *user)
{
    struct order *order = user;
    unsigned char *ulaw = order->ulaw;

    order->ulaw = NULL;
    order->ready(order->session, order->response, ulaw, order->samples);
    order_free(order);
}

static struct order *take_order(void)
{
    struct order *order;

    pthread_mutex_lock(&shop.lock);
    while (shop.first == NULL && !shop.stopping)
        pthread_cond_wait(&shop.changed, &shop.lock);
    order = shop.stopping ? NULL : shop.first;
    if (order != NULL && (shop.first = order->next) == NULL)
        shop.last = &shop.first;
    pthread_mutex_unlock(&shop.lock);
    return order;
}

static void *work(void *unused)
{
    struct order *order;

    (void)unused;
    while ((order = take_order()) != NULL) {
        order->ulaw = speech_ulaw(order->text, order->voice, &order->samples);
        web_post(model.web, deliver, order);
    }
    return NULL;
}

void speaker_start(void)
{
    for (int i = 0; i < THREADS; i++)
        if (pthread_create(&shop.threads[i], NULL, work, NULL) != 0)
            abort();
}

void speaker_stop(void)
{
    pthread_mutex_lock(&shop.lock);
    shop.stopping = true;
    pthread_cond_broadcast(&shop.changed);
    pthread_mutex_unlock(&shop.lock);
    for (int i = 0; i < THREADS; i++)
        pthread_join(shop.threads[i], NULL);
    while (shop.first != NULL) {
        struct order *next = shop.first->next;

        order_free(shop.first);
        shop.first = next;
    }
}

void speaker_order(const char *text, const char *voice, int64_t session, const char *response,
                   ready_function *ready)
{
    struct order *order = calloc(1, sizeof *order);

    if (order == NULL || (order->text = strdup(text)) == NULL)
        abort();
    order->voice = speaker_voice(voice);
    order->session = session;
    order->ready = ready;
    memcpy(order->response, response, strnlen(response, ID_SIZE - 1));
    pthread_mutex_lock(&shop.lock);
    *shop.last = order;
    shop.last = &order->next;
    pthread_cond_signal(&shop.changed);
    pthread_mutex_unlock(&shop.lock);
}
