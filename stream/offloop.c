#include "stream/offloop.h"

#include <pthread.h>
#include <stdlib.h>

#include "core/log.h"
#include "db/db.h"
#include "stream/watchdog.h"

struct list {
    struct task *first, *last;
    size_t count;
};

struct helper {
    const char *name;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t filled;
    struct list tasks;
    size_t most;
    bool stopping;
    struct work work;
};

static struct {
    pthread_mutex_t lock;
    struct list tasks;
    void (*wake)(void);
} finished = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void append(struct list *list, struct task *task)
{
    task->next = NULL;
    if (list->last)
        list->last->next = task;
    else
        list->first = task;
    list->last = task;
    list->count++;
}

static struct task *take_first(struct list *list)
{
    struct task *task = list->first;

    if (!task)
        return NULL;
    list->first = task->next;
    if (!list->first)
        list->last = NULL;
    list->count--;
    return task;
}

void offloop_tell(struct task *task)
{
    pthread_mutex_lock(&finished.lock);
    append(&finished.tasks, task);
    pthread_mutex_unlock(&finished.lock);
    if (finished.wake)
        finished.wake();
}

/* The next task; NULL when the helper is to end and nothing is left. */
static struct task *wait_for_task(struct helper *helper)
{
    struct task *task;

    pthread_mutex_lock(&helper->lock);
    while (!(task = take_first(&helper->tasks)) && !helper->stopping)
        pthread_cond_wait(&helper->filled, &helper->lock);
    pthread_mutex_unlock(&helper->lock);
    return task;
}

static void *run(void *with)
{
    struct helper *helper = with;
    struct task *task;

    while ((task = wait_for_task(helper))) {
        helper->work.tenant = 0;
        task->run(&helper->work, task);
        arena_reset(&helper->work.arena);
        task->what = helper->name;
        offloop_tell(task);
    }
    db_close(helper->work.db);
    work_end(&helper->work);
    return NULL;
}

struct helper *helper_start(const char *name, const struct config *config, bool database,
                            size_t most)
{
    struct helper *helper = calloc(1, sizeof *helper);

    if (!helper)
        abort();
    helper->name = name;
    helper->most = most;
    helper->work = (struct work){.id = name, .config = config};
    pthread_mutex_init(&helper->lock, NULL);
    pthread_cond_init(&helper->filled, NULL);
    if (database)
        helper->work.db = db_open(config->database_url);
    if ((!database || helper->work.db) && pthread_create(&helper->thread, NULL, run, helper) == 0)
        return helper;
    log_error(NULL, "helper.not_started", "helper=%s", name);
    free(helper);
    return NULL;
}

bool helper_give(struct helper *helper, struct task *task)
{
    bool has_room;

    pthread_mutex_lock(&helper->lock);
    has_room = helper->tasks.count < helper->most && !helper->stopping;
    if (has_room) {
        append(&helper->tasks, task);
        pthread_cond_signal(&helper->filled);
    }
    pthread_mutex_unlock(&helper->lock);
    return has_room;
}

void helper_stop(struct helper *helper)
{
    if (!helper)
        return;
    pthread_mutex_lock(&helper->lock);
    helper->stopping = true;
    pthread_cond_signal(&helper->filled);
    pthread_mutex_unlock(&helper->lock);
    pthread_join(helper->thread, NULL);
    pthread_mutex_destroy(&helper->lock);
    pthread_cond_destroy(&helper->filled);
    free(helper);
}

void offloop_on_done(void (*wake)(void))
{
    finished.wake = wake;
}

void offloop_collect(void)
{
    struct list tasks;
    struct task *task;

    pthread_mutex_lock(&finished.lock);
    tasks = finished.tasks;
    finished.tasks = (struct list){0};
    pthread_mutex_unlock(&finished.lock);
    while ((task = take_first(&tasks))) {
        watchdog_runs("task", task->what ? task->what : "own");
        task->done(task);
    }
}
