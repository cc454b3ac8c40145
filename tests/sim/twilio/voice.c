/* twilio/voice.c - a queue of texts, and a thread that speaks them. */
#include "twilio/voice.h"

#include <pthread.h>
#include <stdlib.h>

#include "common/speech.h"
#include "twilio/carrier.h"

struct job {
    char *text, *voice;
    unsigned char *speech;
    size_t count;
    voice_done done;
    void *user;
    struct job *next;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t more = PTHREAD_COND_INITIALIZER;
static struct job *first, **end = &first;
static bool started;

static void deliver(void *user)
{
    struct job *job = user;

    job->done(job->user, job->speech, job->count);
    free(job->text);
    free(job->voice);
    free(job);
}

static struct job *take(void)
{
    struct job *job;

    pthread_mutex_lock(&lock);
    while (!first)
        pthread_cond_wait(&more, &lock);
    job = first;
    first = job->next;
    if (!first)
        end = &first;
    pthread_mutex_unlock(&lock);
    return job;
}

static void *run(void *unused)
{
    for (;;) {
        struct job *job = take();

        job->speech = speech_ulaw(job->text, job->voice, &job->count);
        if (!job->speech)
            job->count = 0;
        web_post(carrier.web, deliver, job);
    }
    return unused;
}

static void start_once(void)
{
    pthread_t thread;

    if (started)
        return;
    started = true;
    if (pthread_create(&thread, NULL, run, NULL))
        abort();
    pthread_detach(thread);
}

void voice_make(const char *text, const char *voice, voice_done done, void *user)
{
    struct job *job = calloc(1, sizeof *job);

    start_once();
    *job = (struct job){
        .text = text_copy(text ? text : ""), .voice = text_copy(voice), .done = done, .user = user};
    pthread_mutex_lock(&lock);
    *end = job;
    end = &job->next;
    pthread_cond_signal(&more);
    pthread_mutex_unlock(&lock);
}
