#include "stream/tools/posts.h"

#include <pthread.h>

#include "core/log.h"
#include "stream/tools/webhook.h"

enum { MOST = 256, LOOK_MS = 1000 };

static struct {
    const struct config *config;
    struct http_flights *flights;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t filled;
    struct task *waiting; /* runs, newest first */
    size_t count;         /* with those under way */
    bool is_running, is_stopping;
} posts = {.lock = PTHREAD_MUTEX_INITIALIZER, .filled = PTHREAD_COND_INITIALIZER};

static void hand_back(struct tool_run *run)
{
    pthread_mutex_lock(&posts.lock);
    posts.count--;
    pthread_mutex_unlock(&posts.lock);
    offloop_tell(&run->task);
}

static void done(struct work *work, struct http_exchange *exchange)
{
    struct tool_run *run = exchange->with;

    (void)work;
    if (webhook_follows(run)) {
        http_flights_begin(posts.flights, &run->work, &run->exchange);
        return;
    }
    webhook_answer(run);
    hand_back(run);
}

static void begin(struct tool_run *run)
{
    run->work.config = posts.config;
    if (webhook_request(run))
        http_flights_begin(posts.flights, &run->work, &run->exchange);
    else
        hand_back(run);
}

/* Those that wait, once there is one or something is under way; false: the thread is to end. */
static bool take(size_t under_way, struct task **taken)
{
    bool go_on;

    pthread_mutex_lock(&posts.lock);
    while (!posts.waiting && !under_way && !posts.is_stopping)
        pthread_cond_wait(&posts.filled, &posts.lock);
    *taken = posts.waiting;
    posts.waiting = NULL;
    go_on = *taken || under_way || !posts.is_stopping;
    pthread_mutex_unlock(&posts.lock);
    return go_on;
}

static void *run_thread(void *with)
{
    size_t under_way = 0;
    struct task *taken;

    (void)with;
    while (take(under_way, &taken)) {
        while (taken) {
            struct task *next = taken->next;

            begin((struct tool_run *)taken);
            taken = next;
        }
        under_way = http_flights_wait(posts.flights, LOOK_MS, done);
    }
    return NULL;
}

bool posts_start(const struct config *config)
{
    posts.config = config;
    posts.flights = http_flights_open();
    posts.is_stopping = false;
    posts.is_running = pthread_create(&posts.thread, NULL, run_thread, NULL) == 0;
    if (!posts.is_running)
        log_error(NULL, "helper.not_started", "helper=%s", "tools");
    return posts.is_running;
}

void posts_stop(void)
{
    if (!posts.is_running)
        return;
    pthread_mutex_lock(&posts.lock);
    posts.is_stopping = true;
    pthread_cond_signal(&posts.filled);
    pthread_mutex_unlock(&posts.lock);
    http_flights_wake(posts.flights);
    pthread_join(posts.thread, NULL);
    http_flights_close(posts.flights);
    posts.is_running = false;
}

bool posts_give(struct tool_run *run)
{
    bool has_room;

    pthread_mutex_lock(&posts.lock);
    has_room = posts.is_running && !posts.is_stopping && posts.count < MOST;
    if (has_room) {
        run->task.next = posts.waiting;
        posts.waiting = &run->task;
        posts.count++;
        pthread_cond_signal(&posts.filled);
    }
    pthread_mutex_unlock(&posts.lock);
    if (has_room)
        http_flights_wake(posts.flights);
    return has_room;
}

void posts_wake(void)
{
    if (posts.is_running)
        http_flights_wake(posts.flights);
}
