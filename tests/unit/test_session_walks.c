/*
 * Sessions at random, beside models that know the rules in another way: who holds one session while
 * two nodes, the carrier and the jobs pull at it; and how a call goes from node to node, with never
 * more than one of its sessions alive.
 */
#include <string.h>

#include <criterion/criterion.h>

#include "domain/after.h"
#include "domain/call_state.h"
#include "walks.h"
#include "world.h"

static struct world world;
static struct work *const work = &world.work;
static struct media_node nodes[2];

static void begin(void)
{
    world_begin(&world, NULL, true);
    clock_set(clock_now());
    nodes[0] = nodes[1] = world.node;
    nodes[1].name = "other";
    cr_assert(node_register(work, &nodes[1]), "%s", work->error.message);
}

static void end(void)
{
    clock_release();
    world_end(&world);
}

TestSuite(session_walks, .init = begin, .fini = end, .timeout = 120);

enum { SECOND = 1000, TOKEN_LIFE = 120 * SECOND, CLOCKS_DIFFER = 30 * SECOND };
enum state { PENDING, CONNECTING, ACTIVE, DRAINING, LOST, ENDED, EXPIRED, STATES };

static const char *const words[] = {"pending", "connecting", "active",  "draining",
                                    "lost",    "ended",      "expired", NULL};

static bool is_live(enum state state)
{
    return state == CONNECTING || state == ACTIVE || state == DRAINING;
}

static struct voice_session session_now(uid id)
{
    struct voice_session session;

    cr_assert(session_get(work, id, &session), "%s", work->error.message);
    return session;
}

static int64_t count_of(const char *sql, uid call, const char *word)
{
    const struct param params[] = {PARAM(work->tenant), PARAM(call), PARAM(word)};
    int64_t count;

    cr_assert(db_number(work, sql, params, COUNT(params), -1, &count), "%s", work->error.message);
    return count;
}

static int64_t events_of(uid call, const char *type)
{
    return count_of("SELECT COUNT(*) FROM call_events WHERE tenant_id = ? AND call_id = ?"
                    " AND type = ?",
                    call, type);
}

/* ---- one session ---- */

/* What is known of it without asking the store. */
struct model {
    enum state state;
    int holder; /* of nodes; -1: nobody has it */
    int64_t epoch;
    const char *token, *old_token, *result;
    instant expires;
};

/* Further along: a state is left for these alone. */
static bool may(enum state from, enum state to)
{
    static const bool ways[STATES][STATES] = {
        [PENDING] = {[CONNECTING] = true,
                     [ACTIVE] = true,
                     [DRAINING] = true,
                     [LOST] = true,
                     [ENDED] = true,
                     [EXPIRED] = true},
        [CONNECTING] = {[ACTIVE] = true, [DRAINING] = true, [LOST] = true, [ENDED] = true},
        [ACTIVE] = {[DRAINING] = true, [LOST] = true, [ENDED] = true},
        [DRAINING] = {[LOST] = true, [ENDED] = true},
        [LOST] = {[ENDED] = true},
    };

    return ways[from][to];
}

static bool move(struct model *m, enum state to)
{
    bool moves = may(m->state, to);

    if (moves)
        m->state = to;
    return moves;
}

static void issue(struct model *m, const struct incoming *in)
{
    struct voice_session session = session_now(in->session.id);
    char *token;
    bool done = session_issue_token(work, &session, &token);

    cr_assert_eq(done, m->state == PENDING, "%s", words[m->state]);
    if (!done) {
        cr_assert_eq(work->error.what, WRONG_STATE);
        return;
    }
    m->old_token = m->token;
    m->token = token;
    m->expires = instant_after(clock_now(), TOKEN_LIFE);
}

static void claim(struct model *m, const struct incoming *in, const struct incoming *other)
{
    bool is_newest = !walk_once_in(4), is_its_call = !walk_once_in(4);
    int node = walk_draw(2);
    struct claim given = {
        .token = is_newest ? m->token : m->old_token,
        .stream_sid = new_sid(&world, "MZ"),
        .call_sid = is_its_call ? in->call.call_sid : other->call.call_sid,
        .node_id = nodes[node].id,
        .node_epoch = nodes[node].epoch,
    };
    struct voice_session session;
    struct agent_version version;
    struct call call;
    bool may_have_it = m->state == PENDING && is_newest && is_its_call &&
                       clock_now().ms < m->expires.ms + CLOCKS_DIFFER;
    bool done = session_claim(work, &given, &session, &call, &version);

    cr_assert_eq(done, may_have_it, "%s, newest %d, its call %d: %s", words[m->state], is_newest,
                 is_its_call, done ? "was given away" : work->error.message);
    if (!done) {
        cr_assert_eq(work->error.what, UNAUTHENTICATED, "%s", work->error.message);
        return;
    }
    m->state = CONNECTING;
    m->holder = node;
    m->epoch = nodes[node].epoch;
}

static void finish(struct model *m, uid id)
{
    static const char *const results[] = {"completed", "transferred", "failed"};
    struct session_end how = {.result = results[walk_draw(3)],
                              .at = NO_INSTANT,
                              .duration_ms = NO_INTEGER,
                              .model_segments = NO_INTEGER};
    bool ended, ends = move(m, ENDED);

    cr_assert(session_end(work, id, &how, &ended), "%s", work->error.message);
    cr_assert_eq(ended, ends, "%s", words[m->state]);
    if (ends)
        m->result = how.result;
}

static void lose(struct model *m, uid id)
{
    bool lost, loses = move(m, LOST);

    cr_assert(session_lose(work, id, &lost), "%s", work->error.message);
    cr_assert_eq(lost, loses, "%s", words[m->state]);
}

static void sweep(struct model *m)
{
    bool expires = m->state == PENDING && m->expires.ms < clock_now().ms;
    uint64_t expired;

    cr_assert(sessions_expire(work, clock_now(), 10, &expired));
    if (expires)
        m->state = EXPIRED;
}

static bool is_orphan(uid id)
{
    struct rows rows;
    bool found = false;

    cr_assert(sessions_orphaned(work, instant_after(db_now(work), -NODE_STALE_MS), 100, &rows));
    for (size_t i = 0; i < rows.count; i++)
        found = found || uid_equal(((struct voice_session *)rows.at)[i].id, id);
    return found;
}

/* Another process takes the place of one, under the same name. */
static void restart(int node)
{
    clock_advance_ms(1);
    cr_assert(node_register(work, &nodes[node]), "%s", work->error.message);
}

static void heartbeats(void)
{
    for (size_t i = 0; i < COUNT(nodes); i++)
        if (strcmp(nodes[i].state, "down") != 0)
            cr_assert(node_heartbeat(work, &nodes[i], 0), "%s", work->error.message);
}

static void compare(const struct model *m, uid id)
{
    struct voice_session now = session_now(id);

    cr_assert_str_eq(now.state, words[m->state]);
    cr_assert_eq(now.state_rank, session_state_rank(now.state));
    cr_assert_eq(now.node_id, m->holder < 0 ? NO_INTEGER : nodes[m->holder].id);
    cr_assert_eq(now.node_epoch, m->holder < 0 ? NO_INTEGER : m->epoch);
    if (m->result)
        cr_assert_str_eq(now.result, m->result, "the first end counts");
    else
        cr_assert_null(now.result);
    cr_assert_eq(instant_is_none(now.ended_at), m->state != ENDED);
    cr_assert_eq(is_orphan(id),
                 m->holder >= 0 && is_live(m->state) && nodes[m->holder].epoch != m->epoch);
}

/* How often it was told that the session came to where it is now. */
static void expect_told(const struct model *m, uid call, bool was_lost)
{
    cr_assert_eq(events_of(call, "session.connected"), m->holder >= 0);
    cr_assert_eq(events_of(call, "session.lost"), was_lost);
    cr_assert_eq(events_of(call, "session.ended"), m->state == ENDED);
}

static void take_step(struct model *m, const struct incoming *in, const struct incoming *other)
{
    uid id = in->session.id;

    switch (walk_draw(10)) {
    case 0:
    case 1:
        claim(m, in, other);
        break;
    case 2:
        issue(m, in);
        break;
    case 3:
        cr_assert(session_activate(work, id, clock_now()));
        move(m, ACTIVE);
        break;
    case 4:
        cr_assert(session_drain(work, id));
        move(m, DRAINING);
        break;
    case 5:
        if (walk_once_in(3))
            lose(m, id);
        break;
    case 6:
        if (walk_once_in(3))
            finish(m, id);
        break;
    case 7:
        sweep(m);
        break;
    case 8:
        clock_advance_ms(walk_draw(60 * SECOND));
        heartbeats();
        break;
    default:
        restart(walk_draw(2));
    }
}

static void walk(unsigned seed)
{
    struct incoming in = call_in(&world), other = call_in(&world);
    struct model m = {.state = PENDING,
                      .holder = -1,
                      .token = in.plan.stream_token,
                      .old_token = "v1.nobody.made",
                      .expires = in.session.token_expires_at};
    bool was_lost = false;

    walk_begin(seed);
    for (int step = 0; step < 25; step++) {
        clock_advance_ms(10);
        heartbeats();
        take_step(&m, &in, &other);
        was_lost = was_lost || m.state == LOST;
        compare(&m, in.session.id);
    }
    expect_told(&m, in.call.id, was_lost);
    end_by_carrier(&world, in.call.id, 1);
    end_by_carrier(&world, other.call.id, 1);
}

Test(session_walks, hold_a_session_for_one_node_and_one_end)
{
    for (unsigned seed = 1; seed <= 40; seed++)
        walk(seed);
}

/* ---- a call from node to node ---- */

enum { MOST_SESSIONS = RESUME_LIMIT + 2 };

struct chained {
    uid id;
    enum state state;
    int holder;
    int64_t epoch;
};

struct chain {
    struct incoming in;
    struct chained all[MOST_SESSIONS];
    int count;
    const char *token; /* that opens the newest */
    bool is_over;      /* nobody speaks with the caller any more but a tape */
};

static struct chained *newest_of(struct chain *c)
{
    return &c->all[c->count - 1];
}

static bool is_up(int node)
{
    return strcmp(nodes[node].state, "up") == 0;
}

static bool is_held(const struct chained *one)
{
    return one->holder >= 0 && is_up(one->holder) && nodes[one->holder].epoch == one->epoch;
}

static void node_falls(void)
{
    int node = walk_draw(2);

    if (is_up(node))
        cr_assert(node_set_state(work, &nodes[node], "down"));
    else
        restart(node);
}

static void node_claims(struct chain *c)
{
    struct chained *one = newest_of(c);
    int node = walk_draw(2);
    struct claim given = {
        .token = c->token,
        .stream_sid = new_sid(&world, "MZ"),
        .call_sid = c->in.call.call_sid,
        .node_id = nodes[node].id,
        .node_epoch = nodes[node].epoch,
    };
    struct voice_session session;
    struct agent_version version;
    struct call call;

    if (!is_up(node))
        return;
    cr_assert_eq(session_claim(work, &given, &session, &call, &version), one->state == PENDING,
                 "%s: %s", words[one->state], work->error.message);
    if (one->state != PENDING)
        return;
    *one = (struct chained){one->id, CONNECTING, node, nodes[node].epoch};
}

/* The node says how a session of its own ended. */
static void node_tells(struct chain *c)
{
    static const struct session_end how = {.result = "completed",
                                           .at = {INT64_MIN},
                                           .duration_ms = NO_INTEGER,
                                           .model_segments = NO_INTEGER};
    struct chained *one = &c->all[walk_draw(c->count)];
    bool ended;

    if (one->holder < 0)
        return;
    cr_assert(session_end(work, one->id, &how, &ended));
    cr_assert_eq(ended, one->state != ENDED);
    if (ended)
        one->state = ENDED;
}

/* Another session follows, if none does yet; "old" is given up. */
static enum plan_kind expect_resumed(struct chain *c, struct chained *old)
{
    bool has_node = is_up(0) || is_up(1);

    if (old != newest_of(c))
        return newest_of(c)->state != PENDING ? PLAN_HANGUP
               : has_node                     ? PLAN_CONNECT
                                              : PLAN_VOICEMAIL;
    old->state = LOST;
    if (c->count > RESUME_LIMIT)
        return PLAN_VOICEMAIL;
    c->all[c->count++] = (struct chained){.state = PENDING, .holder = -1};
    return has_node ? PLAN_CONNECT : PLAN_VOICEMAIL;
}

static enum plan_kind expect_knock(int waited)
{
    if (waited >= 2 * AFTER_KNOCKS)
        return PLAN_VOICEMAIL;
    return waited % 2 && (is_up(0) || is_up(1)) ? PLAN_CONNECT : PLAN_WAIT;
}

/* What the carrier is told when it asks about that session. */
static enum plan_kind expect_plan(struct chain *c, struct chained *one, int waited)
{
    if (one->state == ENDED)
        return PLAN_HANGUP;
    if (one->state == PENDING)
        return expect_knock(waited);
    if (is_live(one->state) && is_held(one) && waited < AFTER_WAITS)
        return PLAN_WAIT;
    return expect_resumed(c, one);
}

/* The carrier asks what is next; about the newest session, or once more about another. */
static void carrier_asks(struct chain *c)
{
    struct chained *one = walk_once_in(3) ? &c->all[walk_draw(c->count)] : newest_of(c);
    int waited = walk_once_in(10) ? 2 * AFTER_KNOCKS : walk_draw(2 * AFTER_KNOCKS);
    int before = c->count;
    const struct after_facts facts = {.waited = waited};
    const struct token token = {
        .tenant_id = work->tenant, .call = c->in.call.id, .session = one->id};
    enum plan_kind expected = expect_plan(c, one, waited);
    struct call_plan plan = {0};
    struct voice_session session;

    cr_assert(after_connect(work, &token, &facts, &plan), "%s", work->error.message);
    cr_assert_eq(plan.kind, expected, "%d, not %d, of session %ld of %d, waited %d", plan.kind,
                 expected, (long)(one - c->all), c->count, waited);
    c->is_over = expected == PLAN_VOICEMAIL;
    if (plan.stream_token)
        c->token = plan.stream_token;
    if (c->count == before || c->is_over)
        return;
    cr_assert(session_of_call(work, c->in.call.id, &session));
    cr_assert(uid_equal(session.resume_of, one->id));
    cr_assert_eq(session.resume_count, before);
    newest_of(c)->id = session.id;
}

static void expect_chain(struct chain *c, unsigned seed, int step)
{
    int live = 0;

    for (int i = 0; i < c->count; i++) {
        struct voice_session now = session_now(c->all[i].id);

        cr_assert_str_eq(now.state, words[c->all[i].state], "seed %u step %d, session %d: %s", seed,
                         step, i, now.state);
        live += is_live(c->all[i].state) || c->all[i].state == PENDING;
    }
    cr_assert_leq(live, 1, "seed %u step %d: one session of a call at a time", seed, step);
    cr_assert_eq(events_of(c->in.call.id, "session.resumed"), c->count - 1, "seed %u step %d", seed,
                 step);
}

/* Whoever hears a tape is not in a conversation that still could begin. */
static void expect_over(const struct chain *c, unsigned seed)
{
    cr_assert_eq(count_of("SELECT COUNT(*) FROM voice_sessions WHERE tenant_id = ? AND call_id = ?"
                          " AND state_rank < 80 AND state <> ?",
                          c->in.call.id, "lost"),
                 0, "seed %u", seed);
}

static void walk_chain(unsigned seed)
{
    struct chain c = {.count = 1};

    for (size_t i = 0; i < COUNT(nodes); i++)
        if (!is_up((int)i))
            restart((int)i);
    heartbeats();
    c.in = call_in(&world);
    c.all[0] = (struct chained){.id = c.in.session.id, .state = PENDING, .holder = -1};
    c.token = c.in.plan.stream_token;
    walk_begin(seed);
    for (int step = 0; step < 25 && !c.is_over; step++) {
        int what = walk_draw(7);

        clock_advance_ms(100);
        heartbeats();
        if (what < 2)
            node_claims(&c);
        else if (what == 2)
            node_falls();
        else if (what == 3 && walk_once_in(3))
            node_tells(&c);
        else
            carrier_asks(&c);
        if (!c.is_over)
            expect_chain(&c, seed, step);
    }
    if (c.is_over)
        expect_over(&c, seed);
    end_by_carrier(&world, c.in.call.id, 1);
}

Test(session_walks, lead_a_call_from_node_to_node_with_one_session_at_a_time)
{
    for (unsigned seed = 1; seed <= 40; seed++)
        walk_chain(seed);
}
