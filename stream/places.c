#include "stream/places.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "core/clock.h"
#include "stream/proof.h"

enum { AGAIN_US = 5 * 1000000 };

struct leaving {
    struct task task;
    struct leaving *next; /* of those that wait for another try */
    int64_t tenant, due_us;
    struct socket_place place;
    bool ok;
};

static struct leaving *waiting;
static atomic_bool is_over;

static void run(struct work *work, struct task *task)
{
    struct leaving *leaving = (struct leaving *)task;

    work->tenant = leaving->tenant;
    leaving->ok = is_over || socket_place_give_back(work, &leaving->place);
}

static void try_later(struct leaving *leaving)
{
    leaving->due_us = clock_monotonic_us() + AGAIN_US;
    leaving->next = waiting;
    waiting = leaving;
}

static void done(struct task *task)
{
    struct leaving *leaving = (struct leaving *)task;

    if (leaving->ok)
        free(leaving);
    else
        try_later(leaving);
}

/* Behind the question that took the place, and before any that is asked later. */
static void send(struct leaving *leaving)
{
    leaving->task = (struct task){.run = run, .done = done};
    if (!proofs_run(&leaving->task))
        try_later(leaving);
}

void places_give_back(int64_t tenant, const struct socket_place *place)
{
    struct leaving *leaving;

    if (uid_is_none(place->holder) || is_over)
        return;
    leaving = calloc(1, sizeof *leaving);
    if (!leaving)
        abort();
    leaving->tenant = tenant;
    leaving->place = *place;
    send(leaving);
}

void places_end(void)
{
    is_over = true;
}

void places_tick(void)
{
    int64_t now_us = clock_monotonic_us();
    struct leaving *all = waiting;

    waiting = NULL;
    while (all) {
        struct leaving *leaving = all;

        all = leaving->next;
        if (leaving->due_us <= now_us) {
            send(leaving);
            continue;
        }
        leaving->next = waiting;
        waiting = leaving;
    }
}
