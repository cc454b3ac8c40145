/* trunkline-streamd: live calls, and the jobs beside them. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include "core/clock.h"
#include "core/config.h"
#include "core/log.h"
#include "core/work.h"
#include "db/db.h"
#include "db/migrate.h"
#include "domain/mail_senders.h"
#include "stream/call_log.h"
#include "stream/chat_link.h"
#include "stream/claims.h"
#include "stream/coalesce.h"
#include "stream/control.h"
#include "stream/events_role.h"
#include "stream/facts.h"
#include "stream/feeds.h"
#include "stream/jobs/jobs.h"
#include "stream/live.h"
#include "stream/logs_role.h"
#include "stream/media.h"
#include "stream/metrics.h"
#include "stream/monitor.h"
#include "stream/news.h"
#include "stream/node.h"
#include "stream/offloop.h"
#include "stream/pulse.h"
#include "stream/recorder.h"
#include "stream/relay.h"
#include "stream/replay.h"
#include "stream/resolver.h"
#include "stream/signals.h"
#include "stream/socket.h"
#include "stream/supervise.h"
#include "stream/tools.h"
#include "stream/writer.h"

enum {
    CLOSE_US = 3 * 1000000,
    STORE_MS = 5000,
    SCHEMA_WAIT_NS = 200 * 1000000,
};

struct options {
    bool no_jobs, jobs_only, check;
    const char *once, *replay;
    bool accept; /* with replay */
};

static int usage(void)
{
    fputs("usage: trunkline-streamd [--no-jobs | --jobs-only | --once JOB | --check |"
          " --replay FILE [--accept]]\n",
          stderr);
    return 2;
}

static bool read_options(int argc, char **argv, struct options *options)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--no-jobs") == 0)
            options->no_jobs = true;
        else if (strcmp(argv[i], "--jobs-only") == 0)
            options->jobs_only = true;
        else if (strcmp(argv[i], "--check") == 0)
            options->check = true;
        else if (strcmp(argv[i], "--once") == 0 && i + 1 < argc)
            options->once = argv[++i];
        else if (strcmp(argv[i], "--replay") == 0 && i + 1 < argc)
            options->replay = argv[++i];
        else if (strcmp(argv[i], "--accept") == 0)
            options->accept = true;
        else
            return false;
    }
    return true;
}

/* ---- jobs ---- */

/* The program that answers requests brings the schema up to date; jobs begin behind it. */
static void wait_for_schema(struct work *work)
{
    bool current = false;

    while (!signals_ended() && !(migrate_is_current(work, &current) && current)) {
        arena_reset(&work->arena);
        nanosleep(&(struct timespec){.tv_nsec = SCHEMA_WAIT_NS}, NULL);
    }
}

static int run_jobs(void *with)
{
    struct work work = {.id = "jobs", .config = with};
    int status;

    work.db = db_open(work.config->database_url);
    if (work.db)
        wait_for_schema(&work);
    status = work.db ? jobs_main(&work) : EXIT_FAILURE;
    db_close(work.db);
    work_end(&work);
    return status;
}

static int run_once(const struct config *config, const char *name)
{
    struct work work = {.id = name, .config = config, .db = db_open(config->database_url)};
    bool ok = work.db && jobs_once(&work, name);

    if (!ok)
        fprintf(stderr, "%s: %s\n", name, work.error.message);
    db_close(work.db);
    work_end(&work);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* ---- calls ---- */

static const struct role *const roles[] = {&media_role, &relay_role, &monitor_role, &events_role,
                                           &logs_role,  &feed_role,  NULL};

static void tick(void)
{
    live_tick();
    node_tick();
    control_tick();
    recorders_tick();
    metrics_tick();
    news_tick();
    visitors_tick();
}

/* Each call needs two descriptors. */
static void raise_descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max < 65536 ? limit.rlim_max : 65536;
    setrlimit(RLIMIT_NOFILE, &limit);
}

/* "<SPOOL_DIR>/spool-<node>" */
static bool make_spool(const struct config *config, char *path, size_t size)
{
    mkdir(config->spool_dir, 0700);
    return snprintf(path, size, "%s/spool-%s", config->spool_dir, node_name(config)) < (int)size;
}

/* Threads are started with the signals blocked, so that the loop is what they interrupt. */
static bool start(const struct sockets *sockets)
{
    const struct config *config = sockets->config;
    char spool[400];
    bool ok;

    raise_descriptors();
    media_configure(config);
    relay_configure(config);
    facts_to(writer_put);
    facts_tell(news_publish, news_are_wanted);
    visitors_configure(config);
    offloop_on_done(sockets_wake);
    signals_block();
    ok = make_spool(config, spool, sizeof spool) && sockets_open(sockets) &&
         writer_start(config, spool, live_end_is_stored) && recorders_start(config, spool) &&
         call_logs_start(config) && metrics_start(config) && resolver_start(config) &&
         claims_start(config) && tools_start(config) && monitors_start(config) &&
         chat_links_start() && control_start(config) && news_start(config) &&
         proofs_start(config) && node_start(config);
    signals_unblock();
    return ok;
}

static pid_t watcher; /* of the jobs; 0: none */

static void turn(void)
{
    int64_t turn_us;

    sockets_turn();
    sockets_now_us();
    offloop_collect();
    turn_us = sockets_send();
    pulse_beat();
    control_note_turn(turn_us);
    metrics_note_turn(turn_us);
    coalesce_note_turn(turn_us, clock_monotonic_us());
    if (signals_take_reopen()) {
        log_reopen();
        supervise_signal(watcher, SIGHUP);
    }
}

/*
 * Running calls get their time; a second signal, or SIGINT, ends it.  Those that are left are
 * handed over: their sockets close with 1001, the carrier asks what follows, and another node, or
 * the next process of this one, goes on.
 */
static void drain(const struct config *config)
{
    int64_t until_us = clock_monotonic_us() + config->drain_seconds * 1000000;

    log_info(NULL, "stream.draining", "sessions=%zu", live_count());
    node_drain();
    while (live_count() && !signals_ended_twice() && clock_monotonic_us() < until_us)
        turn();
    live_lose_all();
    visitors_leave();
    until_us = clock_monotonic_us() + CLOSE_US;
    while ((live_count() || visitors_count()) && clock_monotonic_us() < until_us)
        turn();
}

static void stop(void)
{
    node_stop();
    proofs_stop();
    news_stop();
    claims_stop();
    tools_stop();
    chat_links_stop();
    resolver_stop();
    control_stop();
    monitors_stop();
    recorders_stop();
    call_logs_stop();
    metrics_stop();
    writer_stop(STORE_MS);
    offloop_collect();
    sockets_close();
}

static int serve(const struct config *config, bool with_jobs)
{
    const struct sockets sockets = {
        .config = config, .roles = roles, .control = control_serve, .tick = tick};
    int status = EXIT_FAILURE;

    if (with_jobs)
        watcher = supervise(run_jobs, (void *)(uintptr_t)config);
    if (start(&sockets)) {
        log_info(NULL, "stream.started", "listen=%s", config->listen_stream);
        while (!signals_ended())
            turn();
        drain(config);
        status = EXIT_SUCCESS;
    }
    stop();
    supervise_stop(watcher);
    log_info(NULL, "stream.stopped", "%s", "");
    return status;
}

int main(int argc, char **argv)
{
    struct options options = {0};
    const struct config *config;

    if (!read_options(argc, argv, &options))
        return usage();
    if (options.replay)
        return replay_main(options.replay, options.accept);
    config = config_load();
    if (!config)
        return EXIT_FAILURE;
    if (options.check)
        return EXIT_SUCCESS;
    if (!log_open("trunkline-streamd", config->log_file)) {
        perror(config->log_file);
        return EXIT_FAILURE;
    }
    mail_senders_check(config);
    signals_install();
    if (options.once)
        return run_once(config, options.once);
    if (options.jobs_only)
        return run_jobs((void *)(uintptr_t)config);
    return serve(config, !options.no_jobs);
}
