/*
 * tests/load/callers.c - many callers at once, as Twilio's media streams, and what they notice.
 *
 *   callers [options] <LIST      a line a call: "ws://127.0.0.1:PORT/PATH CALL_SID"
 *     -s SECONDS   the measured window (10)      -w SECONDS  before it (3)
 *     -r N         new calls a second (50)       -p PID,…    processes whose CPU and memory count
 *     -t MS -f MS  a caller speaks every MS for MS, which must silence the agent
 *     -l LABEL     stands in the result          -q PID,…    the far end, reported apart
 *
 * A frame of 160 bytes leaves each call every 20 ms and is known again by its stamp when the model
 * says it back.  The last line is the result as JSON: microseconds of CPU a call-second, delays in
 * milliseconds, and frames lost, doubled, foreign or stale (heard after the clear that ended them).
 */
#include <openssl/evp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "socket.h"
#include "stamp.h"

enum { MOST_CALLS = 4000, MOST_PIDS = 16, RING = 1024, MARKS = 64, FRAME_US = 20000 };
enum { BUCKETS = 60000, BUCKET_US = 20 };

/* Delays in steps of 20 µs; what is longer than 1.2 s counts as that. */
struct histogram {
    uint32_t counts[BUCKETS];
    uint64_t total;
};

struct mark {
    char name[32];
    int64_t due_us;
};

struct call {
    struct socket socket;
    char url[512], sid[48];
    unsigned index;
    bool is_live, has_failed;
    uint32_t next;           /* number of the next frame */
    uint32_t heard;          /* the highest that came back, plus one */
    int64_t sent_us[RING];   /* when the frames left */
    int64_t play_until_us;   /* when what came so far has been played */
    int64_t turn_us, cue_us; /* when the caller's turn began, and the clear is awaited since */
    bool is_talking, was_cleared;
    uint32_t cleared_at; /* frames before this one are stale now */
    struct mark marks[MARKS];
    size_t nmarks;
};

struct reading {
    int64_t user_us, system_us, pss_kib;
};

static struct {
    double seconds, warmup;
    int rate;
    int64_t talk_every_us, talk_for_us;
    const char *label, *pids, *far_pids;
} options = {.seconds = 10, .warmup = 3, .rate = 50, .label = "bridge"};

static struct {
    struct histogram delay, clear, late;
    uint64_t sent, back, lost, twice, foreign, stale, gaps, clears, missed, turns, failed;
    uint64_t early; /* frames before the first that came back */
} seen;

static struct call *calls;
static size_t ncalls;
static bool is_measuring;

static void note(struct histogram *histogram, int64_t us)
{
    size_t bucket = us < 0 ? 0 : (size_t)us / BUCKET_US;

    histogram->counts[bucket < BUCKETS ? bucket : BUCKETS - 1]++;
    histogram->total++;
}

static double quantile_ms(const struct histogram *histogram, double part)
{
    uint64_t wanted = (uint64_t)((double)histogram->total * part), sum = 0;

    for (size_t i = 0; i < BUCKETS; i++)
        if ((sum += histogram->counts[i]) > wanted)
            return (double)(i + 1) * BUCKET_US / 1000;
    return 0;
}

/* ---- what comes back ---- */

static void hear_frame(struct call *call, const struct stamp *stamp, int64_t now_us)
{
    if (stamp->call != call->index) {
        seen.foreign++;
        return;
    }
    if (!call->heard)
        seen.early += stamp->number;
    else if (is_measuring && stamp->number > call->heard && !options.talk_every_us)
        seen.lost += stamp->number - call->heard;
    if (call->heard && stamp->number < call->heard)
        seen.twice++;
    if (stamp->number < call->cleared_at)
        seen.stale++;
    if (is_measuring && call->next - stamp->number < RING) {
        note(&seen.delay, now_us - call->sent_us[stamp->number % RING]);
        seen.back++;
    }
    if (stamp->number >= call->heard)
        call->heard = stamp->number + 1;
    if (call->play_until_us < now_us) {
        if (is_measuring && call->play_until_us && now_us - call->play_until_us > 40000 &&
            !options.talk_every_us)
            seen.gaps++;
        call->play_until_us = now_us;
    }
    call->play_until_us += FRAME_US;
}

static void hear_media(struct call *call, char *text, size_t length)
{
    static const char name[] = "\"payload\":\"";
    uint8_t bytes[32768];
    char *audio = memmem(text, length, name, sizeof name - 1);
    int64_t now_us = load_now_us();
    struct stamp stamp;
    char *behind;
    size_t count;

    audio = audio ? audio + sizeof name - 1 : text + length;
    behind = memchr(audio, '"', length - (size_t)(audio - text));
    if (!behind)
        return;
    count = load_decode(audio, (size_t)(behind - audio), bytes);
    for (size_t at = stamp_find(bytes, 0, count, &stamp); at < count;
         at = stamp_find(bytes, at + STAMP_BYTES, count, &stamp))
        hear_frame(call, &stamp, now_us);
}

static void send_mark(struct call *call, const char *name)
{
    char text[160];
    int length = snprintf(text, sizeof text,
                          "{\"event\":\"mark\",\"streamSid\":\"MZ%s\",\"mark\":{\"name\":\"%s\"}}",
                          call->sid + 2, name);

    load_put(&call->socket, text, (size_t)length);
}

/* A mark comes back when the audio before it was played. */
static void hear_mark(struct call *call, const char *text, size_t length)
{
    const char *name = memmem(text, length, "\"name\":\"", 8);

    if (!name || call->nmarks == MARKS)
        return;
    sscanf(name + 8, "%31[^\"]", call->marks[call->nmarks].name);
    call->marks[call->nmarks++].due_us = call->play_until_us;
}

static void return_marks(struct call *call, int64_t now_us)
{
    size_t count = 0;

    while (count < call->nmarks && call->marks[count].due_us <= now_us)
        send_mark(call, call->marks[count++].name);
    memmove(call->marks, call->marks + count, (call->nmarks - count) * sizeof call->marks[0]);
    call->nmarks -= count;
}

static void hear_clear(struct call *call)
{
    int64_t now_us = load_now_us();

    seen.clears++;
    if (call->cue_us) {
        note(&seen.clear, now_us - call->cue_us);
        call->cue_us = 0;
    }
    call->cleared_at = call->next;
    call->play_until_us = 0;
    return_marks(call, INT64_MAX);
}

static void start(struct call *call)
{
    static const char connected[] =
        "{\"event\":\"connected\",\"protocol\":\"Call\",\"version\":\"1.0.0\"}";
    char text[600];
    int length;

    load_put(&call->socket, connected, sizeof connected - 1);
    length = snprintf(
        text, sizeof text,
        "{\"event\":\"start\",\"sequenceNumber\":\"1\",\"start\":{\"accountSid\":\"AC%032d\","
        "\"streamSid\":\"MZ%s\",\"callSid\":\"%s\",\"tracks\":[\"inbound\"],\"mediaFormat\":{"
        "\"encoding\":\"audio/x-mulaw\",\"sampleRate\":8000,\"channels\":1},"
        "\"customParameters\":{}},\"streamSid\":\"MZ%s\"}",
        0, call->sid + 2, call->sid, call->sid + 2);
    load_put(&call->socket, text, (size_t)length);
    call->is_live = true;
}

static void message(struct socket *socket, char *text, size_t length)
{
    struct call *call = socket->with;

    if (!text)
        start(call);
    else if (memmem(text, length < 24 ? length : 24, "\"media\"", 7))
        hear_media(call, text, length);
    else if (memmem(text, length < 24 ? length : 24, "\"mark\"", 6))
        hear_mark(call, text, length);
    else if (memmem(text, length < 24 ? length : 24, "\"clear\"", 7))
        hear_clear(call);
}

/* ---- what the callers say ---- */

/* Whether the caller begins or ends to speak with this frame. */
static enum stamp_flag speech(struct call *call, int64_t now_us)
{
    if (!options.talk_every_us || !is_measuring)
        return STAMP_PLAIN;
    if (!call->is_talking && now_us - call->turn_us >= options.talk_every_us) {
        call->is_talking = true;
        call->turn_us = now_us;
        seen.turns++;
        seen.missed += call->cue_us != 0;
        call->cue_us = now_us;
        return STAMP_SPEECH_BEGINS;
    }
    if (call->is_talking && now_us - call->turn_us >= options.talk_for_us) {
        call->is_talking = false;
        return STAMP_SPEECH_ENDS;
    }
    return STAMP_PLAIN;
}

/* Silence behind a stamp: only the stamp is coded anew. */
static const char *base64_frame(const struct stamp *stamp)
{
    enum { ANEW = (STAMP_BYTES + 2) / 3 * 3 };
    static char audio[4 * FRAME_BYTES];
    uint8_t frame[FRAME_BYTES];
    char kept;

    memset(frame, 0xff, sizeof frame);
    if (!audio[0])
        EVP_EncodeBlock((unsigned char *)audio, frame, sizeof frame);
    stamp_write(frame, stamp);
    kept = audio[ANEW / 3 * 4];
    EVP_EncodeBlock((unsigned char *)audio, frame, ANEW);
    audio[ANEW / 3 * 4] = kept;
    return audio;
}

static void speak(struct call *call, int64_t due_us)
{
    int64_t now_us = load_now_us();
    struct stamp stamp = {(uint16_t)call->index, call->next, (uint8_t)speech(call, now_us)};
    char text[700];
    int length = snprintf(text, sizeof text,
                          "{\"event\":\"media\",\"sequenceNumber\":\"%u\",\"media\":{\"track\":"
                          "\"inbound\",\"chunk\":\"%u\",\"timestamp\":\"%u\",\"payload\":\"%s\"},"
                          "\"streamSid\":\"MZ%s\"}",
                          call->next + 2, call->next + 1, call->next * 20, base64_frame(&stamp),
                          call->sid + 2);
    load_put(&call->socket, text, (size_t)length);
    call->sent_us[call->next % RING] = now_us;
    call->next++;
    if (is_measuring) {
        seen.sent++;
        note(&seen.late, now_us - due_us);
    }
}

/* ---- the measured processes ---- */

static void read_process(int pid, struct reading *reading)
{
    char path[64], line[1024];
    unsigned long user, system;
    long long kib;
    FILE *file;

    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    file = fopen(path, "r");
    if (file && fgets(line, sizeof line, file) && strrchr(line, ')') &&
        sscanf(strrchr(line, ')') + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
               &user, &system) == 2) {
        reading->user_us += (int64_t)user * 1000000 / sysconf(_SC_CLK_TCK);
        reading->system_us += (int64_t)system * 1000000 / sysconf(_SC_CLK_TCK);
    }
    if (file)
        fclose(file);
    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", pid);
    file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "Pss: %lld", &kib) == 1)
            reading->pss_kib += kib;
    if (file)
        fclose(file);
}

static struct reading read_processes(const char *pids)
{
    struct reading reading = {0};

    for (const char *at = pids; at && *at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
        read_process(atoi(at), &reading);
    return reading;
}

/* ---- the run ---- */

static void drop(int loop, struct call *call)
{
    epoll_ctl(loop, EPOLL_CTL_DEL, call->socket.fd, NULL);
    load_close(&call->socket);
    call->is_live = false;
    call->has_failed = true;
    seen.failed++;
}

/* The time between is slept: the model shares this core. */
static void listen_to_calls(int loop, int64_t wait_us)
{
    struct timespec wait = {.tv_nsec = (wait_us > 0 ? wait_us : 0) * 1000};
    struct epoll_event events[256];
    int count = epoll_pwait2(loop, events, 256, &wait, NULL);

    for (int i = 0; i < count; i++) {
        struct call *call = events[i].data.ptr;

        if (!load_read(&call->socket, message))
            drop(loop, call);
    }
}

static void begin_call(int loop, struct call *call)
{
    call->socket.with = call;
    if (!load_connect(&call->socket, call->url)) {
        call->has_failed = true;
        seen.failed++;
        return;
    }
    epoll_ctl(loop, EPOLL_CTL_ADD, call->socket.fd,
              &(struct epoll_event){.events = EPOLLIN, .data.ptr = call});
}

/* Every call sends in a millisecond of its own of the twenty, so that the load is even. */
static void talk_until(int loop, int64_t until_us, size_t *begun)
{
    static int64_t slot_us;
    static unsigned slot;
    int64_t next_call_us = load_now_us();

    if (!slot_us)
        slot_us = load_now_us();
    while (load_now_us() < until_us) {
        int64_t now_us = load_now_us();

        if (*begun < ncalls && now_us >= next_call_us) {
            begin_call(loop, &calls[(*begun)++]);
            next_call_us += 1000000 / options.rate;
        }
        for (; slot_us <= now_us; slot_us += 1000, slot++)
            for (size_t i = slot % 20; i < *begun; i += 20)
                if (calls[i].is_live) {
                    return_marks(&calls[i], now_us);
                    speak(&calls[i], slot_us);
                    if (!load_flush(&calls[i].socket))
                        drop(loop, &calls[i]);
                }
        listen_to_calls(loop, slot_us - load_now_us());
    }
}

static void read_calls(void)
{
    char line[700];

    calls = calloc(MOST_CALLS, sizeof *calls);
    while (calls && ncalls < MOST_CALLS && fgets(line, sizeof line, stdin)) {
        struct call *call = &calls[ncalls];

        call->index = (unsigned)ncalls;
        if (sscanf(line, "%511s %47s", call->url, call->sid) == 2)
            ncalls++;
    }
}

static bool read_options(int argc, char **argv)
{
    int letter;

    while ((letter = getopt(argc, argv, "s:w:r:p:q:t:f:l:")) != -1) {
        switch (letter) {
            /* clang-format off */
        case 's': options.seconds = atof(optarg); break;
        case 'w': options.warmup = atof(optarg); break;
        case 'r': options.rate = atoi(optarg); break;
        case 'p': options.pids = optarg; break;
        case 'q': options.far_pids = optarg; break;
        case 't': options.talk_every_us = atoll(optarg) * 1000; break;
        case 'f': options.talk_for_us = atoll(optarg) * 1000; break;
        case 'l': options.label = optarg; break;
        default: return false;
            /* clang-format on */
        }
    }
    return options.rate > 0;
}

static void report(const struct reading *before, const struct reading *after, int64_t far_us,
                   int64_t wall_us)
{
    size_t live = 0;
    double call_seconds;

    for (size_t i = 0; i < ncalls; i++)
        live += calls[i].is_live;
    call_seconds = (double)live * (double)wall_us / 1e6;
    printf("{\"label\":\"%s\",\"calls\":%zu,\"live\":%zu,\"failed\":%llu,\"cpu_us\":%.0f,"
           "\"user_us\":%.0f,\"core\":%.3f,\"far_core\":%.3f,\"pss_kib\":%lld,\"p50_ms\":%.2f,"
           "\"p99_ms\":%.2f,\"late_p99_ms\":%.2f,\"sent\":%llu,\"back\":%llu,\"lost\":%llu,"
           "\"twice\":%llu,\"foreign\":%llu,\"stale\":%llu,\"gaps\":%llu,\"early\":%llu,"
           "\"turns\":%llu,\"clears\":%llu,\"missed\":%llu,\"clear_p50_ms\":%.2f,"
           "\"clear_p99_ms\":%.2f}\n",
           options.label, ncalls, live, (unsigned long long)seen.failed,
           (double)(after->user_us + after->system_us - before->user_us - before->system_us) /
               call_seconds,
           (double)(after->user_us - before->user_us) / call_seconds,
           (double)(after->user_us + after->system_us - before->user_us - before->system_us) /
               (double)wall_us,
           (double)far_us / (double)wall_us, (long long)after->pss_kib,
           quantile_ms(&seen.delay, 0.5), quantile_ms(&seen.delay, 0.99),
           quantile_ms(&seen.late, 0.99), (unsigned long long)seen.sent,
           (unsigned long long)seen.back, (unsigned long long)seen.lost,
           (unsigned long long)seen.twice, (unsigned long long)seen.foreign,
           (unsigned long long)seen.stale, (unsigned long long)seen.gaps,
           (unsigned long long)seen.early, (unsigned long long)seen.turns,
           (unsigned long long)seen.clears, (unsigned long long)seen.missed,
           quantile_ms(&seen.clear, 0.5), quantile_ms(&seen.clear, 0.99));
}

static void hang_up(void)
{
    for (size_t i = 0; i < ncalls; i++)
        if (calls[i].is_live) {
            char text[200];
            int length = snprintf(text, sizeof text,
                                  "{\"event\":\"stop\",\"streamSid\":\"MZ%s\",\"stop\":{"
                                  "\"callSid\":\"%s\"}}",
                                  calls[i].sid + 2, calls[i].sid);

            load_put(&calls[i].socket, text, (size_t)length);
            load_flush(&calls[i].socket);
        }
}

int main(int argc, char **argv)
{
    struct reading before, after, far_before, far_after;
    int loop = epoll_create1(0);
    size_t begun = 0;
    int64_t from_us;

    signal(SIGPIPE, SIG_IGN);
    if (!read_options(argc, argv)) {
        fputs("usage: callers [-s S] [-w S] [-r N] [-p PIDS] [-q PIDS] [-t MS -f MS] [-l LABEL]\n",
              stderr);
        return 2;
    }
    read_calls();
    talk_until(loop, load_now_us() + (int64_t)((double)ncalls / options.rate * 1e6), &begun);
    talk_until(loop, load_now_us() + (int64_t)(options.warmup * 1e6), &begun);
    before = read_processes(options.pids);
    far_before = read_processes(options.far_pids);
    from_us = load_now_us();
    is_measuring = true;
    talk_until(loop, from_us + (int64_t)(options.seconds * 1e6), &begun);
    is_measuring = false;
    after = read_processes(options.pids);
    far_after = read_processes(options.far_pids);
    report(&before, &after,
           far_after.user_us + far_after.system_us - far_before.user_us - far_before.system_us,
           load_now_us() - from_us);
    hang_up();
    sleep(1);
    return 0;
}
