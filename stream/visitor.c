#include "stream/visitor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "stream/node.h"
#include "stream/places.h"
#include "stream/seen.h"
#include "stream/visitor_frames.h"

enum {
    PROVE_US = 5 * 1000000,
    PING_US = 30 * 1000000,
    AGAIN_US = 60 * 1000000,
    MOST_UNPROVEN = 200,
    MOST_UNPROVEN_OF_ADDRESS = 20,
    MOST_OF_ADDRESS = 100,
    REPLAY_BYTES = 128 * 1024, /* in one tick */
    SEEN = 2 * PROOF_ROWS,
};

static struct visitor *visitors;

/* ---- coming in ---- */

static const struct config *configuration;

void visitors_configure(const struct config *config)
{
    configuration = config;
}

static const char *after_word(const char *text, const char *word)
{
    size_t length = strlen(word);

    return strncasecmp(text, word, length) == 0 ? text + length : NULL;
}

/* The subprotocol "bearer.<key>" among those that are offered. */
static const char *offered_key(const char *protocols, char *key, size_t size)
{
    while (*protocols) {
        const char *bearer = after_word(protocols, "bearer.");
        size_t length = strcspn(protocols, ", ");

        if (bearer && length - 7 < size) {
            memcpy(key, bearer, length - 7);
            key[length - 7] = '\0';
            return key;
        }
        protocols += length + strspn(protocols + length, ", ");
    }
    return NULL;
}

static bool take_secret(struct visitor *visitor, const char *secret)
{
    if (!secret || !*secret || strlen(secret) >= sizeof visitor->secret)
        return false;
    snprintf(visitor->secret, sizeof visitor->secret, "%s", secret);
    return true;
}

/* The first that he shows counts. */
static void read_secret(struct visitor *visitor, const struct upgrade *upgrade)
{
    const char *bearer = after_word(upgrade->authorization, "bearer ");
    char text[PROOF_SECRET];

    if (take_secret(visitor, bearer) ||
        (visitor->stage->takes_api_key && take_secret(visitor, upgrade->api_key)) ||
        take_secret(visitor, offered_key(upgrade->protocols, text, sizeof text)))
        return;
    visitor_query(upgrade->query, "ticket", text, sizeof text);
    visitor->is_ticket = take_secret(visitor, text);
    if (visitor->is_ticket || !visitor->stage->takes_legacy_query ||
        !configuration->legacy_query_auth_enabled)
        return;
    visitor_query(upgrade->query, "auth_token", text, sizeof text);
    take_secret(visitor, text);
}

static bool is_unproven(const struct visitor *visitor)
{
    return visitor->state == WAITING || visitor->state == CHECKING;
}

static bool has_room(const char *ip)
{
    size_t unproven = 0, unproven_here = 0, here = 0;

    for (const struct visitor *visitor = visitors; visitor; visitor = visitor->next) {
        bool is_here = strcmp(visitor->ip, ip) == 0;

        unproven += is_unproven(visitor);
        unproven_here += is_here && is_unproven(visitor);
        here += is_here;
    }
    return unproven < MOST_UNPROVEN && unproven_here < MOST_UNPROVEN_OF_ADDRESS &&
           here < MOST_OF_ADDRESS;
}

/* Whether so many sockets as its stage allows were opened here with the same key. */
static bool is_one_too_many(const struct visitor *visitor)
{
    int64_t count = 0;

    if (!visitor->secret[0] || visitor->is_ticket)
        return false;
    for (const struct visitor *other = visitors; other; other = other->next)
        count += other->stage == visitor->stage && !other->is_gone && other->state != LEAVING &&
                 strcmp(other->secret, visitor->secret) == 0;
    return count >= visitor->stage->proof.most_sockets;
}

static bool read_query(struct visitor *visitor, const char *query)
{
    char after[64];

    visitor_query(query, "call_id", visitor->call, sizeof visitor->call);
    if (!visitor->call[0])
        visitor_query(query, "call_sid", visitor->call, sizeof visitor->call);
    if (!visitor->call[0])
        visitor_query(query, "callSid", visitor->call, sizeof visitor->call);
    visitor_query(query, "after", after, sizeof after);
    return (!after[0] || visitor_event_id(after, &visitor->after)) &&
           (!visitor->stage->read_query || visitor->stage->read_query(visitor, query));
}

static void forget(struct visitor *visitor)
{
    struct visitor **at = &visitors;

    while (*at && *at != visitor)
        at = &(*at)->next;
    if (*at)
        *at = visitor->next;
    while (visitor->waiting) {
        struct waiting *waiting = visitor->waiting;

        visitor->waiting = waiting->next;
        free(waiting);
    }
    if (visitor->replay)
        proof_free(visitor->replay);
    places_give_back(visitor->proven.tenant, &visitor->place);
    seen_free(visitor->seen);
    explicit_bzero(visitor->secret, sizeof visitor->secret);
    free(visitor);
}

static void told(struct watcher *watcher, const struct event_news *news);

int visitor_admit(const struct stage *stage, const struct upgrade *upgrade, void **with)
{
    const char *path = socket_path(upgrade->path);
    struct visitor *visitor;

    if (strcmp(path, stage->path) != 0 && (!stage->also || strcmp(path, stage->also) != 0))
        return 0;
    if (!has_room(upgrade->ip)) {
        log_info(NULL, "visitor.refused", "role=%s ip=%s", stage->proof.ticket, upgrade->ip);
        return 429;
    }
    visitor = calloc(1, sizeof *visitor);
    if (!visitor)
        abort();
    visitor->stage = stage;
    visitor->watcher.tell = told;
    visitor->waiting_end = &visitor->waiting;
    visitor->since_us = sockets_now_us();
    visitor->wants_all = true;
    snprintf(visitor->ip, sizeof visitor->ip, "%s", upgrade->ip);
    read_secret(visitor, upgrade);
    if (!read_query(visitor, upgrade->query) || (!visitor->secret[0] && !stage->takes_frames)) {
        int status = visitor->secret[0] ? 400 : 401;

        forget(visitor);
        return status;
    }
    if (is_one_too_many(visitor)) {
        forget(visitor);
        return 429;
    }
    visitor->next = visitors;
    visitors = visitor;
    *with = visitor;
    return 101;
}

/* ---- being proven ---- */

static void leave(struct visitor *visitor, unsigned code, const char *reason)
{
    if (visitor->state != LEAVING)
        log_info(NULL, "visitor.closed", "role=%s code=%u reason=\"%s\" ip=%s",
                 visitor->stage->proof.ticket, code, reason, visitor->ip);
    visitor->state = LEAVING;
    if (visitor->outlet)
        visitor->outlet->close(visitor->outlet, code, reason);
}

static bool ask(struct visitor *visitor, struct visitor_proof *proof,
                void (*done)(struct task *task))
{
    proof->asker = visitor;
    proof->kind = &visitor->stage->proof;
    snprintf(proof->ip, sizeof proof->ip, "%s", visitor->ip);
    visitor->is_asking = proof_ask(proof, done);
    if (!visitor->is_asking)
        proof_free(proof);
    return visitor->is_asking;
}

static struct visitor_proof *new_proof(void)
{
    struct visitor_proof *proof = calloc(1, sizeof *proof);

    if (!proof)
        abort();
    return proof;
}

/* The one that he has, or a new one. */
static void want_place(const struct visitor *visitor, struct visitor_proof *proof)
{
    proof->wants_place = true;
    proof->place = visitor->place;
    proof->place.node_id = node_id();
    proof->place.node_epoch = node_epoch();
}

/* The visitor that an answer is for; NULL: he is gone, or has been refused by it. */
static struct visitor *answered(struct visitor_proof *proof)
{
    struct visitor *visitor = proof->asker;

    visitor->is_asking = false;
    if (proof->wants_place) {
        visitor->place = proof->place;
        visitor->proven = proof->who;
    }
    if (visitor->is_gone) {
        forget(visitor);
        proof_free(proof);
        return NULL;
    }
    if (proof->refusal || visitor->state == LEAVING) {
        leave(visitor, proof->refusal, proof->reason ? proof->reason : "");
        proof_free(proof);
        return NULL;
    }
    return visitor;
}

/* By this node's own count, which must do while the store is away. */
static bool has_place(const struct visitor *visitor)
{
    const struct stage *stage = visitor->stage;
    int64_t count = 0;

    for (const struct visitor *other = visitors; other; other = other->next)
        count += other != visitor && other->stage == stage && other->is_watching &&
                 other->state != LEAVING && other->proven.tenant == visitor->proven.tenant &&
                 (!stage->proof.is_by_key || uid_equal(other->proven.key, visitor->proven.key));
    return count < stage->proof.most_sockets;
}

static void say_ping(struct visitor *visitor)
{
    static const char ping[] = "{\"type\":\"ping\"}";

    if (visitor->stage->pings)
        outlet_send(visitor->outlet, ping, sizeof ping - 1);
    visitor->ping_us = sockets_now_us() + PING_US;
}

static void row_is_told(struct visitor *visitor, const struct event_news *news, size_t *told_bytes)
{
    struct arena arena = {0};
    struct text text = {.arena = &arena};

    if (!seen_before(visitor->seen, news->id) && visitor_wants(visitor, news) &&
        visitor->stage->render(visitor, news, &text)) {
        outlet_send(visitor->outlet, text.at, text.length);
        *told_bytes += text.length;
    }
    arena_free(&arena);
}

/* At the pace of a replay: his outlet may be full of that still. */
static void flush_waiting(struct visitor *visitor)
{
    while (visitor->waiting && visitor->outlet->waiting < REPLAY_BYTES) {
        struct waiting *waiting = visitor->waiting;

        visitor->waiting = waiting->next;
        visitor->waiting_bytes -= waiting->length;
        if (!seen_before(visitor->seen, waiting->id))
            outlet_send(visitor->outlet, waiting->text, waiting->length);
        free(waiting);
    }
    if (!visitor->waiting)
        visitor->waiting_end = &visitor->waiting;
}

/*
 * Some of what was before, as fast as he reads: it was there before he could be slow.  When it is
 * told, what happened meanwhile.
 */
static void replay(struct visitor *visitor)
{
    struct visitor_proof *proof = visitor->replay;
    const struct event_news *rows = proof->rows.at;
    size_t told_bytes = 0;

    while (visitor->replayed < proof->rows.count && told_bytes < REPLAY_BYTES &&
           visitor->outlet->waiting < REPLAY_BYTES)
        row_is_told(visitor, &rows[visitor->replayed++], &told_bytes);
    if (visitor->replayed < proof->rows.count)
        return;
    flush_waiting(visitor);
    if (visitor->waiting)
        return;
    proof_free(proof);
    visitor->replay = NULL;
    visitor->state = LISTENING;
    say_ping(visitor);
}

static void was_read(struct task *task)
{
    struct visitor_proof *proof = (struct visitor_proof *)task;
    struct visitor *visitor = answered(proof);

    if (!visitor)
        return;
    visitor->replay = proof;
    visitor->replayed = 0;
    replay(visitor);
}

/* He is told what happens from now on, and before it what was before. */
static void begin(struct visitor *visitor)
{
    visitor->proven_us = sockets_now_us();
    if (!has_place(visitor)) {
        leave(visitor, 4429, "too many sockets");
        return;
    }
    visitor->is_watching = true;
    news_watch(visitor->proven.tenant, &visitor->watcher);
    if (uid_is_none(visitor->after) && !visitor->tail) {
        visitor->state = LISTENING;
        say_ping(visitor);
        return;
    }
    visitor_read_again(visitor);
}

void visitor_read_again(struct visitor *visitor)
{
    struct visitor_proof *proof = new_proof();

    visitor->state = REPLAYING;
    if (!visitor->seen)
        visitor->seen = seen_new(SEEN);
    proof->who = visitor->proven;
    proof->wants_rows = true;
    proof->after = visitor->after;
    proof->tail = visitor->tail;
    if (visitor->ncalls == 1)
        proof->rows_of = visitor->calls[0];
    if (!ask(visitor, proof, was_read))
        leave(visitor, 1011, "try again later");
}

static void was_proven(struct task *task)
{
    struct visitor_proof *proof = (struct visitor_proof *)task;
    struct visitor *visitor = answered(proof);

    if (!visitor)
        return;
    if (!uid_is_none(proof->who.call))
        visitor_add_call(visitor, proof->who.call);
    else if (!uid_is_none(proof->call_id))
        visitor_add_call(visitor, proof->call_id);
    proof_free(proof);
    begin(visitor);
}

void visitor_prove(struct visitor *visitor)
{
    struct visitor_proof *proof = new_proof();

    visitor->state = CHECKING;
    memcpy(proof->secret, visitor->secret, sizeof proof->secret);
    memcpy(proof->call, visitor->call, sizeof proof->call);
    proof->is_ticket = visitor->is_ticket;
    want_place(visitor, proof);
    if (!ask(visitor, proof, was_proven))
        leave(visitor, 1011, "try again later");
}

static void was_proven_again(struct task *task)
{
    struct visitor_proof *proof = (struct visitor_proof *)task;

    /* The store is away: what was good stays good. */
    if (proof->refusal == 1011)
        proof->refusal = 0;
    if (answered(proof))
        proof_free(proof);
}

/* A ticket is spent, but its bearer's place may have been lost while the store was away. */
static void prove_again(struct visitor *visitor)
{
    struct visitor_proof *proof = new_proof();

    visitor->proven_us = sockets_now_us();
    proof->who = visitor->proven;
    if (!visitor->is_ticket)
        memcpy(proof->secret, visitor->secret, sizeof proof->secret);
    proof->is_again = true;
    want_place(visitor, proof);
    ask(visitor, proof, was_proven_again);
}

static void call_was_found(struct task *task)
{
    struct visitor_proof *proof = (struct visitor_proof *)task;
    struct visitor *visitor;
    bool is_unknown = proof->refusal == 4404;

    if (is_unknown)
        proof->refusal = 0;
    visitor = answered(proof);
    if (!visitor)
        return;
    visitor_call_found(visitor, is_unknown ? NO_UID : proof->call_id);
    proof_free(proof);
}

bool visitor_find_call(struct visitor *visitor, const char *name)
{
    struct visitor_proof *proof;

    if (visitor->is_asking || strlen(name) >= sizeof proof->call)
        return false;
    proof = new_proof();
    proof->who = visitor->proven;
    memcpy(proof->call, name, strlen(name) + 1);
    return ask(visitor, proof, call_was_found);
}

/* ---- being told ---- */

static void wait_for_replay(struct visitor *visitor, uid id, const struct text *text)
{
    struct waiting *waiting;

    visitor->waiting_bytes += text->length;
    if (visitor->waiting_bytes > VISITOR_BACKLOG) {
        leave(visitor, 4408, "too slow");
        return;
    }
    waiting = malloc(sizeof *waiting + text->length);
    if (!waiting)
        abort();
    waiting->next = NULL;
    waiting->id = id;
    waiting->length = text->length;
    memcpy(waiting->text, text->at, text->length);
    *visitor->waiting_end = waiting;
    visitor->waiting_end = &waiting->next;
}

static void told(struct watcher *watcher, const struct event_news *news)
{
    struct visitor *visitor = (struct visitor *)watcher;
    struct arena arena = {0};
    struct text text = {.arena = &arena};

    if (visitor->state != LEAVING && visitor_wants(visitor, news) &&
        visitor->stage->render(visitor, news, &text)) {
        if (visitor->state == REPLAYING)
            wait_for_replay(visitor, news->id, &text);
        else if (!visitor->seen || !seen_before(visitor->seen, news->id))
            outlet_send(visitor->outlet, text.at, text.length);
    }
    arena_free(&arena);
}

/* ---- the socket ---- */

void visitor_opened(void *with, struct outlet *outlet)
{
    struct visitor *visitor = with;

    visitor->outlet = outlet;
    if (visitor->secret[0])
        visitor_prove(visitor);
}

bool visitor_message(void *with, const char *text, size_t length)
{
    struct visitor *visitor = with;

    return visitor->state == LEAVING || !visitor->stage->takes_frames ||
           visitor_frame(visitor, text, length);
}

void visitor_closed(void *with, const struct closing *closing)
{
    struct visitor *visitor = with;

    (void)closing;
    visitor->outlet = NULL;
    if (visitor->is_watching)
        news_unwatch(visitor->proven.tenant, &visitor->watcher);
    visitor->is_watching = false;
    visitor->is_gone = true;
    if (!visitor->is_asking)
        forget(visitor);
}

static void tick(struct visitor *visitor, int64_t now_us)
{
    if (!visitor->outlet || visitor->state == LEAVING)
        return;
    if (visitor->state == WAITING && now_us - visitor->since_us > PROVE_US)
        leave(visitor, 1008, "no credentials came");
    else if (visitor->state == REPLAYING && visitor->replay)
        replay(visitor);
    else if (visitor->state == LISTENING && now_us > visitor->ping_us)
        say_ping(visitor);
    else if (visitor->state == LISTENING && !visitor->is_asking &&
             now_us - visitor->proven_us > AGAIN_US)
        prove_again(visitor);
}

void visitors_tick(void)
{
    int64_t now_us = sockets_now_us();

    for (struct visitor *visitor = visitors; visitor; visitor = visitor->next)
        tick(visitor, now_us);
    places_tick();
}

void visitors_leave(void)
{
    places_end();
    for (struct visitor *visitor = visitors; visitor; visitor = visitor->next)
        leave(visitor, 1001, "the node is going away");
}

size_t visitors_count(void)
{
    size_t count = 0;

    for (const struct visitor *visitor = visitors; visitor; visitor = visitor->next)
        count += !visitor->is_gone;
    return count;
}
