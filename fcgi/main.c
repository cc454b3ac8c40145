/*
 * The program, and the only file that knows FastCGI.
 *
 * Started by itself it listens, and keeps workers for two sockets; started by a web server it
 * answers on descriptor 0.
 */
#include <errno.h>
#include <fcgiapp.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/log.h"
#include "db/db.h"
#include "domain/epoch.h"
#include "domain/host_memory.h"
#include "domain/mail_senders.h"
#include "domain/process_figures.h"
#include "domain/rates.h"
#include "fcgi/dialect.h"
#include "fcgi/incoming.h"
#include "fcgi/janitor.h"
#include "fcgi/options.h"
#include "fcgi/prefork.h"

static const struct config *config;
static bool has_janitor; /* beside the workers, so that they need not lend a hand */
static volatile sig_atomic_t told_to_end, told_to_reopen;

/* A request's body. */

static void drop_rest(FCGX_Stream *in)
{
    char rest[8192];

    while (FCGX_GetStr(rest, sizeof rest, in) == (int)sizeof rest)
        ;
}

/* Whatever was announced, no more is kept than the dialect takes. */
static void take_body(struct request *req, FCGX_Stream *in, int64_t announced)
{
    size_t limit = req->dialect->body_limit, length = 0, room = 4096;
    char *body;

    if (announced > 0 && announced <= (int64_t)limit)
        room = (size_t)announced + 1;
    body = arena_take(&req->work.arena, 1, room + 1);
    for (;;) {
        size_t got = (size_t)FCGX_GetStr(body + length, (int)(room - length), in);
        char *more;

        length += got;
        if (length < room || length > limit)
            break;
        more = arena_take(&req->work.arena, 1, 2 * room + 1);
        memcpy(more, body, length);
        body = more;
        room *= 2;
    }
    if (length > limit)
        drop_rest(in);
    incoming_body(req, body, length, announced, length > limit);
}

/* A request's answer. */

/* Where a streamed answer goes, and how much went. */
struct outlet {
    FCGX_Stream *out;
    int64_t sent;
};

/* As long as the client takes what is sent, the worker is not stuck. */
static bool write_on(void *to, const void *bytes_given, size_t length)
{
    struct outlet *outlet = to;
    struct worker_slot *slot = worker_slot_mine();

    if (slot)
        atomic_store(&slot->busy_since_us, clock_monotonic_us());
    if (FCGX_PutStr(bytes_given, (int)length, outlet->out) != (int)length)
        return false;
    outlet->sent += (int64_t)length;
    return true;
}

static int64_t write_answer(struct request *req, FCGX_Stream *out)
{
    struct text head = {.arena = &req->work.arena};
    struct outlet outlet = {.out = out};

    outgoing_head(req, &head);
    FCGX_PutStr(head.at, (int)head.length, out);
    if (req->head || req->status == 204 || req->status == 304)
        return 0;
    if (req->stream)
        req->stream(req, write_on, &outlet);
    else
        write_on(&outlet, req->reply.at ? req->reply.at : "", req->reply.length);
    return outlet.sent;
}

static void count(const struct request *req, struct worker_slot *slot)
{
    int class = req->status / 100;

    if (class > 0 && class < STATUS_CLASSES)
        atomic_fetch_add(&host_memory()->requests[class], 1);
    if (slot)
        atomic_fetch_add(&slot->requests, 1);
}

static void answer(struct db *db, FCGX_Request *fcgi)
{
    struct worker_slot *slot = worker_slot_mine();
    struct request req = {.work = {.db = db, .config = config}};
    int64_t begun_us = clock_monotonic_us(), announced, sent;

    if (slot)
        atomic_store(&slot->busy_since_us, begun_us);
    announced = incoming_read(&req, fcgi->envp);
    req.dialect = dialect_of(req.path);
    take_body(&req, fcgi->in, announced);
    dispatch(&req);
    sent = write_answer(&req, fcgi->out);
    FCGX_Finish_r(fcgi);
    request_log(&req, sent, clock_monotonic_us() - begun_us);
    count(&req, slot);
    if (slot)
        atomic_store(&slot->busy_since_us, 0);
    request_end(&req);
}

/* What need not keep the client waiting. */
static void after_answer(struct work *work)
{
    work->tenant = 0;
    rates_fold(work);
    epoch_refresh(work);
    figures_flush(work, false);
    if (!has_janitor)
        janitor_lend_a_hand(work);
    work_end(work);
}

/* A worker. */

static void on_signal(int signal)
{
    if (signal == SIGHUP)
        told_to_reopen = 1;
    else
        told_to_end = 1;
}

/*
 * Signals are heard between requests only.  FastCGI's library sets handlers of its own, so ours
 * come after FCGX_Init().
 */
static void hear_signals(sigset_t *between)
{
    const struct sigaction heard = {.sa_handler = on_signal}, ignored = {.sa_handler = SIG_IGN};
    sigset_t blocked;

    sigaction(SIGTERM, &heard, NULL);
    sigaction(SIGINT, &heard, NULL);
    sigaction(SIGHUP, &heard, NULL);
    sigaction(SIGPIPE, &ignored, NULL);
    sigaction(SIGUSR1, &heard, NULL);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    sigaddset(&blocked, SIGINT);
    sigaddset(&blocked, SIGHUP);
    sigaddset(&blocked, SIGUSR1);
    sigprocmask(SIG_BLOCK, &blocked, between);
    sigdelset(between, SIGTERM);
    sigdelset(between, SIGINT);
    sigdelset(between, SIGHUP);
    sigdelset(between, SIGUSR1);
}

/* Waits for a new connection, or for the next request on one that the web server keeps. */
static bool wait_for_request(const FCGX_Request *fcgi, int socket, const sigset_t *between,
                             struct work *work)
{
    static const struct timespec soon = {.tv_sec = 1};
    int fd = fcgi->ipcFd >= 0 ? fcgi->ipcFd : socket;

    while (!told_to_end) {
        fd_set readable;

        FD_ZERO(&readable);
        FD_SET(fd, &readable);
        if (pselect(fd + 1, &readable, NULL, NULL, figures_waiting() ? &soon : NULL, between) > 0)
            return true;
        figures_flush(work, false);
        work_end(work);
        if (told_to_reopen)
            log_reopen();
        told_to_reopen = 0;
    }
    return false;
}

static int serve(int socket, int32_t pool)
{
    struct work work = {.id = "worker", .config = config, .db = db_open(config->database_url)};
    FCGX_Request fcgi;
    sigset_t between;

    if (!work.db || FCGX_Init() != 0 || FCGX_InitRequest(&fcgi, socket, 0) != 0)
        return EXIT_FAILURE;
    hear_signals(&between);
    worker_slot_take(pool);
    fcntl(socket, F_SETFL, fcntl(socket, F_GETFL) | O_NONBLOCK); /* another may be faster */
    fcgi.ipcFd = -1;
    while (wait_for_request(&fcgi, socket, &between, &work))
        if (FCGX_Accept_r(&fcgi) == 0) {
            answer(work.db, &fcgi);
            after_answer(&work);
        }
    figures_flush(&work, true);
    work_end(&work);
    FCGX_Free(&fcgi, 1);
    db_close(work.db);
    return EXIT_SUCCESS;
}

/* The program. */

/*
 * FastCGI promises no descriptor but 0.  Were 2 left closed, the next connection would get it, and
 * log lines would end up in the middle of an answer.
 */
static void fill_standard_descriptors(void)
{
    int fd;

    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd > STDERR_FILENO)
        close(fd);
}

static bool is_spawned(void)
{
    int listening = 0;
    socklen_t size = sizeof listening;

    return getsockopt(STDIN_FILENO, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) == 0 && listening;
}

/* The schema is brought up to date before anybody is answered, unless the database is away. */
static void prepare_schema(void)
{
    struct work work = {.id = "start", .config = config, .db = db_open(config->database_url)};

    if (work.db && !schema_ensure(&work))
        log_warning(&work, "start.without_database", "%s", work.error.message);
    db_close(work.db);
    work_end(&work);
}

static int serve_spawned(const struct options *options)
{
    const struct pool pools[] = {
        {"api", options->workers, STDIN_FILENO, serve},
        {"janitor", 1, -1, janitor_serve},
    };

    atomic_store(&host_memory()->started_at_ms, clock_now().ms);
    prepare_schema();
    if (!options->workers) {
        atomic_store(&host_memory()->watched_at_us, 0); /* the web server does that */
        return serve(STDIN_FILENO, 0);
    }
    has_janitor = true;
    return prefork_run(pools, COUNT(pools));
}

static int serve_alone(const struct options *options)
{
    size_t workers = options->workers ? options->workers : (size_t)config->workers;
    struct pool pools[] = {
        {"api", workers, -1, serve},
        {"callbacks", workers, -1, serve},
        {"janitor", 1, -1, janitor_serve},
    };

    if (!options->listen_api || !options->listen_callbacks) {
        fprintf(stderr, "trunkline.fcgi: set LISTEN_API and LISTEN_CALLBACKS, or let a web server "
                        "start this program\n");
        return EXIT_FAILURE;
    }
    pools[0].socket = listen_on(options->listen_api);
    pools[1].socket = listen_on(options->listen_callbacks);
    if (pools[0].socket < 0 || pools[1].socket < 0)
        return EXIT_FAILURE;
    atomic_store(&host_memory()->started_at_ms, clock_now().ms);
    prepare_schema();
    has_janitor = true;
    log_info(NULL, "start", "api=%s callbacks=%s workers=%zu", options->listen_api,
             options->listen_callbacks, workers);
    return prefork_run(pools, COUNT(pools));
}

int main(int argc, char **argv)
{
    struct options options;
    int status;

    fill_standard_descriptors();
    if (options_read(argc, argv, &options, &status))
        return status;
    config = options.config;
    if (!log_open("trunkline.fcgi", config->log_file)) {
        fprintf(stderr, "trunkline.fcgi: %s: %s\n", config->log_file, strerror(errno));
        return EXIT_FAILURE;
    }
    mail_senders_check(config);
    host_memory_open(config);
    return is_spawned() ? serve_spawned(&options) : serve_alone(&options);
}
