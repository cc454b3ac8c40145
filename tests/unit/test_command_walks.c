/*
 * Orders for a live session at random: two nodes, the clock and the session's end pull at them.
 * Each is carried out at most once, by the process that held the session when it was given.
 */
#include <string.h>

#include <criterion/criterion.h>

#include "domain/commands.h"
#include "walks.h"
#include "world.h"

static struct world world;
static struct work *const work = &world.work;

static void begin(void)
{
    world_begin(&world, NULL, false);
    clock_set(clock_now());
}

static void end(void)
{
    clock_release();
    world_end(&world);
}

TestSuite(command_walks, .init = begin, .fini = end, .timeout = 120);

enum { MOST = 8 };
enum state { QUEUED, RUNNING, DONE, FAILED, EXPIRED };

static const char *const words[] = {"queued", "running", "done", "failed", "expired"};

struct one {
    uid id;
    enum state state;
    instant expires;
    int times_run;
};

struct model {
    struct incoming in;
    bool is_live;
    struct one all[MOST];
    int count;
};

static void order(struct model *m)
{
    bool lasts = walk_once_in(2);
    struct session_command command = {.session_id = m->in.session.id,
                                      .call_id = m->in.call.id,
                                      .kind = lasts ? "context" : "whisper",
                                      .args = {"{\"text\":\"Hello\"}"},
                                      .created_by = "test"};
    bool done;

    if (m->count == MOST)
        return;
    done = command_order(work, &command);
    cr_assert_eq(done, m->is_live, "%s", done ? "nobody is there" : work->error.message);
    if (!done) {
        cr_assert_eq(work->error.what, WRONG_STATE);
        return;
    }
    m->all[m->count++] =
        (struct one){command.id, QUEUED,
                     instant_after(clock_now(), lasts ? CONTEXT_LIFE_MS : COMMAND_LIFE_MS), 0};
}

/* By the process that holds the session, one that came after it, or another node. */
static void take(struct one *one)
{
    int who = walk_draw(3);
    int64_t node = world.node.id + (who == 2), epoch = world.node.epoch + (who == 1);
    struct session_command command;
    bool may = one->state == QUEUED && who == 0 && clock_now().ms < one->expires.ms;
    bool taken = command_take(work, one->id, node, epoch, &command);

    cr_assert_eq(taken, may, "%s, by %d", words[one->state], who);
    if (!taken) {
        cr_assert_eq(work->error.what, NOT_FOUND);
        return;
    }
    one->state = RUNNING;
    one->times_run++;
}

static void give_up(struct one *one)
{
    bool expired;

    cr_assert(command_expire(work, one->id, &expired));
    cr_assert_eq(expired, one->state == QUEUED);
    if (expired)
        one->state = EXPIRED;
}

static void finish(struct one *one)
{
    bool fails = walk_once_in(2);

    cr_assert(command_finish(work, one->id, NULL, fails ? COMMAND_OVER : NULL));
    if (one->state == RUNNING)
        one->state = fails ? FAILED : DONE;
}

/* Who asks what waits for him sees what he could take, the oldest first. */
static void expect_queue(const struct model *m)
{
    const struct session_command *waiting;
    struct rows rows;
    size_t seen = 0;

    cr_assert(commands_queued(work, world.node.id, world.node.epoch, &rows));
    waiting = rows.at;
    for (int i = 0; i < m->count; i++) {
        if (m->all[i].state != QUEUED || m->all[i].expires.ms <= clock_now().ms)
            continue;
        cr_assert_lt(seen, rows.count);
        cr_assert(uid_equal(waiting[seen++].id, m->all[i].id));
    }
    cr_assert_eq(seen, rows.count);
}

static void compare(const struct model *m, unsigned seed, int step)
{
    for (int i = 0; i < m->count; i++) {
        const struct one *one = &m->all[i];
        struct session_command now;

        cr_assert(command_find(work, one->id, &now));
        cr_assert_str_eq(now.state, words[one->state], "seed %u step %d, number %d: %s", seed, step,
                         i, now.state);
        cr_assert_leq(one->times_run, 1);
        cr_assert_eq(instant_is_none(now.started_at), one->times_run == 0);
        cr_assert_eq(instant_is_none(now.finished_at), one->state <= RUNNING);
    }
    expect_queue(m);
}

static void end_session(struct model *m)
{
    const struct session_end how = {.result = "completed",
                                    .at = NO_INSTANT,
                                    .duration_ms = NO_INTEGER,
                                    .model_segments = NO_INTEGER};

    cr_assert(session_end(work, m->in.session.id, &how, NULL));
    m->is_live = false;
}

static void take_step(struct model *m)
{
    struct one *one = m->count ? &m->all[walk_draw(m->count)] : NULL;
    int what = walk_draw(10);

    if (!one || what < 3)
        order(m);
    else if (what < 6)
        take(one);
    else if (what == 6)
        finish(one);
    else if (what == 7)
        give_up(one);
    else if (what == 8)
        clock_advance_ms(walk_draw(2 * COMMAND_LIFE_MS));
    else if (walk_once_in(4))
        end_session(m);
}

static void walk(unsigned seed)
{
    struct model m = {.in = call_in(&world), .is_live = false};

    walk_begin(seed);
    order(&m);
    claim_stream(&world, &m.in);
    m.is_live = true;
    for (int step = 0; step < 24; step++) {
        clock_advance_ms(10);
        take_step(&m);
        compare(&m, seed, step);
    }
    for (int i = 0; i < m.count; i++)
        give_up(&m.all[i]);
    end_by_carrier(&world, m.in.call.id, 1);
    cr_assert(node_heartbeat(work, &world.node, 0));
}

Test(command_walks, carry_each_out_at_most_once)
{
    for (unsigned seed = 1; seed <= 20; seed++)
        walk(seed);
}
