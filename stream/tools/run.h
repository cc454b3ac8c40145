/*
 * stream/tools/run.h - one tool that was called, until the model has its answer.
 *
 * The loop makes a run and answers the model; what takes time is done for it by a thread, which
 * writes the outcome and hands the run back.  A run whose call ended, or that took too long, is let
 * go of by the loop, and freed when its thread hands it back.
 */
#ifndef STREAM_TOOLS_RUN_H
#define STREAM_TOOLS_RUN_H

#include <stdatomic.h>

#include "remote/http.h"
#include "stream/facts.h"
#include "stream/offloop.h"
#include "stream/playback.h" /* ID_SIZE */
#include "stream/tools/toolbox.h"

enum {
    TOOL_CALLS_MOST = 128,      /* of one session */
    TOOL_RUNNING_MOST = 8,      /* at once */
    TOOL_REF_SIZE = 81,         /* of the model's name of a call */
    TOOL_RESULT_MOST = 8 * 1024 /* bytes that the model is told */
};

/* What came of it. */
struct outcome {
    const char *status; /* ok, error, timeout, rejected; NULL: it runs */
    const char *output; /* what the model is told */
    const char *error;  /* for people; NULL: none */
    int64_t http_status;
};

struct tool_run {
    struct task task;      /* first, so that a task is its run */
    struct tool_run *next; /* of its call */
    struct live *live;     /* NULL: nobody waits for it any more */
    struct subject subject;
    struct toolbox *box;
    const struct tool *tool; /* NULL: there is none of that name */
    struct arena arena;      /* the loop's; "work" is the thread's while it has the run */
    struct work work;
    uid id;
    const char *name, *arguments_text;
    char call_ref[TOOL_REF_SIZE], group[ID_SIZE]; /* the response that called it */
    unsigned segment;                             /* the model's session that called it */
    const char *via;
    json_object *arguments;
    instant started_at;
    int64_t started_us, filler_us, deadline_us; /* filler_us 0: nothing is said meanwhile */
    bool is_command;                            /* it stood in what the model said */
    bool must_speak;                            /* others of its group wait to be spoken about */
    bool is_away;                               /* a thread has it */
    atomic_bool canceled;

    struct outcome outcome;        /* in the arena of "work" */
    struct http_exchange exchange; /* of a webhook */
    unsigned redirects;
};

/* What a call keeps of its tools. */
struct tool_runs {
    struct tool_run *first;
    size_t running, ncalls;
    char (*refs)[TOOL_REF_SIZE]; /* of TOOL_CALLS_MOST, each is run once */
};

/* Sets an outcome that is an error; the model is told {"error": …}. */
void run_failed(struct tool_run *run, const char *status, const char *why);

/* Sets the answer, cut to what a model is told. */
void run_answered(struct tool_run *run, const char *output, size_t length);

#endif
