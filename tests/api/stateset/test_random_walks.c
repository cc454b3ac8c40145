/*
 * What has states, at random: versions with their shares, queues with their tasks, calls with the
 * carrier's news of them; each beside a model that knows the rules in another way.
 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "api/api.h"

TestSuite(random_walks, .timeout = 120);

/* The seed stands in every message, so that a walk can be taken again. */
static unsigned begin_walk(void)
{
    unsigned seed = (unsigned)strtoul(new_call_sid() + 26, NULL, 16);

    srand(getenv("WALK_SEED") ? (seed = (unsigned)strtoul(getenv("WALK_SEED"), NULL, 10)) : seed);
    return seed;
}

/* ---- versions and their shares ---- */

enum { VERSIONS = 7, SHARES = 3 };

struct version {
    const char *id;
    bool was_published;
    int share; /* 0: none */
};

struct versions {
    struct customer customer;
    struct version at[VERSIONS];
    int count, published;
};

static const char *agent_path(const struct versions *v, const char *rest)
{
    return admin_path(&v->customer, say("/agents/%s%s", v->customer.agent_id, rest));
}

static void make_version(struct versions *v)
{
    struct reply reply;

    if (v->count == VERSIONS)
        return;
    reply = admin("POST", admin_path(&v->customer, "/agent-versions"),
                  say("{\"agent_id\":\"%s\",\"config\":{\"greeting\":\"Version %d\"}}",
                      v->customer.agent_id, v->count));
    cr_assert_eq(reply.status, 200, "%s", reply.body);
    cr_expect_eq(atoi(at(reply.json, "version.version_number")), v->count + 1);
    v->at[v->count++] = (struct version){.id = at(reply.json, "version.id")};
}

static void publish_version(struct versions *v)
{
    int which = rand() % v->count;
    struct reply reply = admin(
        "POST", admin_path(&v->customer, say("/agent-versions/%s/publish", v->at[which].id)), NULL);

    cr_assert_eq(reply.status, 200, "%s", reply.body);
    v->published = which;
    v->at[which].was_published = true;
    v->at[which].share = 0; /* what is published has the rest anyway */
}

/* Up to three shares, some of which cannot be; the published version is left alone. */
static void share_calls(struct versions *v, unsigned seed)
{
    int wanted[VERSIONS] = {0}, sum = 0;
    bool legal = true;
    char *entries = say("%s", "");

    for (int i = rand() % (SHARES + 1); i > 0; i--) {
        int which = rand() % v->count, share = rand() % 60 - 2;

        if (which == v->published)
            continue;
        legal = legal && v->at[which].was_published && !wanted[which] && share > 0;
        wanted[which] = share > 0 ? share : 1;
        sum += share;
        entries = say("%s%s{\"agent_version_id\":\"%s\",\"traffic_percentage\":%d}", entries,
                      *entries ? "," : "", v->at[which].id, share);
    }
    legal = legal && sum <= 100;
    struct reply reply =
        admin("PUT", agent_path(v, "/rollouts"), say("{\"entries\":[%s]}", entries));

    cr_assert_eq(reply.status, legal ? 200 : 400, "seed %u: %s %s", seed, entries, reply.body);
    for (int i = 0; legal && i < v->count; i++)
        v->at[i].share = wanted[i];
}

static int version_named(const struct versions *v, const char *id)
{
    for (int i = 0; i < v->count; i++)
        if (strcmp(v->at[i].id, id) == 0)
            return i;
    cr_assert_fail("there is no version %s", id);
    return 0;
}

static void expect_shares(const struct versions *v, unsigned seed)
{
    struct reply reply = admin("GET", agent_path(v, "/rollouts"), NULL);
    int seen = 0, expected = 0, sum = 0;

    for (; has(reply.json, say("rollouts.%d", seen)); seen++) {
        const char *row = say("rollouts.%d", seen);
        int which = version_named(v, at(reply.json, say("%s.agent_version_id", row)));
        int share = atoi(at(reply.json, say("%s.traffic_percentage", row)));

        cr_expect_eq(share, v->at[which].share, "seed %u version %d", seed, which);
        sum += share;
    }
    for (int i = 0; i < v->count; i++)
        expected += v->at[i].share > 0;
    cr_expect_eq(seen, expected, "seed %u: %s", seed, reply.body);
    cr_expect_leq(sum, 100, "seed %u", seed);
}

/* What a version was, it stays; and calls go to the one that was published last. */
static void expect_versions(const struct versions *v, unsigned seed)
{
    struct reply reply = admin(
        "GET", admin_path(&v->customer, say("/agent-versions?agent_id=%s", v->customer.agent_id)),
        NULL);

    for (int i = 0; has(reply.json, say("versions.%d", i)); i++) {
        const char *row = say("versions.%d", i);
        int which = version_named(v, at(reply.json, say("%s.id", row)));

        cr_expect_str_eq(at(reply.json, say("%s.status", row)),
                         v->at[which].was_published ? "published" : "draft", "seed %u version %d",
                         seed, which);
        cr_expect(which == 0 || strcmp(at(reply.json, say("%s.config.greeting", row)),
                                       say("Version %d", which)) == 0,
                  "seed %u: a version never changes", seed);
    }
    reply = admin("GET", admin_path(&v->customer, "/phone-number-routes"), NULL);
    cr_expect_str_eq(at(reply.json, "routes.0.resolved_agent_version_id"), v->at[v->published].id,
                     "seed %u: %s", seed, reply.body);
    expect_shares(v, seed);
}

Test(random_walks, of_versions_lead_calls_to_the_last_one_and_shares_within_a_hundred)
{
    struct versions v = {.customer = customer_new(), .count = 1};
    unsigned seed = begin_walk();

    customer_number(&v.customer);
    v.at[0] = (struct version){.id = v.customer.agent_version_id, .was_published = true};
    for (int step = 0; step < 60; step++) {
        int what = rand() % 6;

        if (what == 0)
            make_version(&v);
        else if (what == 1)
            publish_version(&v);
        else
            share_calls(&v, seed);
        expect_versions(&v, seed);
    }
}

/* ---- queues and their tasks ---- */

enum { QUEUES = 3, NO_QUEUE = QUEUES, TASKS = 8 };
enum state { OPEN, IN_PROGRESS, COMPLETED, CANCELED };

static const char *const queue_keys[] = {"one", "two", "three"};
static const char *const state_words[] = {"open", "in_progress", "completed", "canceled"};

struct task {
    const char *id;
    int queue;
    enum state state;
};

struct queues {
    struct customer customer;
    bool there[QUEUES];
    int first; /* the default one; NO_QUEUE: none */
    struct task tasks[TASKS];
    int count;
};

static struct reply of(const struct queues *q, const char *method, const char *path,
                       const char *body)
{
    return ask(method, path, q->customer.stateset, body, NULL);
}

static void put_queue(struct queues *q)
{
    int which = rand() % QUEUES;
    bool is_default = rand() % 2;
    struct reply reply = of(q, "PUT", say("/api/v1/operator-queues/%s", queue_keys[which]),
                            say("{\"name\":\"Queue\",\"is_default\":%s,\"priority\":%d}",
                                is_default ? "true" : "false", rand() % 5));

    cr_assert_eq(reply.status, 200, "%s", reply.body);
    q->there[which] = true;
    if (is_default)
        q->first = which;
    else if (q->first == which)
        q->first = NO_QUEUE;
}

static void make_task(struct queues *q, unsigned seed)
{
    int which = rand() % (QUEUES + 1);
    bool legal = which == NO_QUEUE || q->there[which];
    struct reply reply;

    if (q->count == TASKS)
        return;
    reply =
        of(q, "POST", "/api/v1/callback-tasks",
           which == NO_QUEUE ? "{\"disposition\":\"callback_requested\"}"
                             : say("{\"disposition\":\"callback_requested\",\"queue_key\":\"%s\"}",
                                   queue_keys[which]));
    cr_assert_eq(reply.status, legal ? 201 : 400, "seed %u: %s", seed, reply.body);
    if (legal)
        q->tasks[q->count++] = (struct task){.id = at(reply.json, "id"),
                                             .queue = which == NO_QUEUE ? q->first : which};
}

static void move_task(struct queues *q, struct task *task, unsigned seed)
{
    int which = rand() % QUEUES;
    bool legal = task->state <= IN_PROGRESS && q->there[which];
    struct reply reply = of(q, "PATCH", say("/api/v1/callback-tasks/%s", task->id),
                            say("{\"queue_key\":\"%s\"}", queue_keys[which]));

    cr_assert_eq(reply.status, legal ? 200 : 400, "seed %u: %s", seed, reply.body);
    if (legal)
        task->queue = which;
}

static void finish_task(struct queues *q, struct task *task, unsigned seed)
{
    enum state to = rand() % 2 ? COMPLETED : CANCELED;
    bool legal =
        task->state <= IN_PROGRESS || task->state == to; /* what is said twice is no news */
    struct reply reply = of(q, "PATCH", say("/api/v1/callback-tasks/%s", task->id),
                            say("{\"status\":\"%s\"}", state_words[to]));

    cr_assert_eq(reply.status, legal ? 200 : 400, "seed %u: %s", seed, reply.body);
    if (legal)
        task->state = to;
}

/* One person alone, so that claiming again is no conflict; nor is releasing what nobody holds. */
static void hold_task(struct queues *q, struct task *task, bool claim, unsigned seed)
{
    bool legal = task->state <= IN_PROGRESS;
    struct reply reply =
        of(q, "POST", say("/api/v1/callback-tasks/%s/%s", task->id, claim ? "claim" : "release"),
           claim ? "{\"operator\":\"ann\"}" : "{}");

    cr_assert_eq(reply.status, legal ? 200 : 400, "seed %u %s of %s: %s", seed,
                 claim ? "claim" : "release", state_words[task->state], reply.body);
    if (legal)
        task->state = claim ? IN_PROGRESS : OPEN;
}

static int count_tasks(const struct queues *q, int queue, int state)
{
    int count = 0;

    for (int i = 0; i < q->count; i++)
        count += q->tasks[i].queue == queue && (state < 0 || (int)q->tasks[i].state == state);
    return count;
}

static void expect_queues(const struct queues *q, unsigned seed)
{
    struct reply all = of(q, "GET", "/api/v1/operator-queues", NULL);
    struct reply stats = of(q, "GET", "/api/v1/operator-queues/stats", NULL);
    int defaults = 0, before = -1;

    for (int i = 0; has(all.json, say("%d", i)); i++) {
        int priority = atoi(at(all.json, say("%d.priority", i)));

        defaults += strcmp(at(all.json, say("%d.is_default", i)), "true") == 0;
        cr_expect_geq(priority, before, "seed %u: they stand by priority", seed);
        before = priority;
    }
    cr_expect_eq(defaults, q->first == NO_QUEUE ? 0 : 1, "seed %u: %s", seed, all.body);
    for (int i = 0; has(stats.json, say("%d", i)); i++) {
        const char *key = at(stats.json, say("%d.queue_key", i));
        int queue = 0;

        while (queue < QUEUES && strcmp(queue_keys[queue], key) != 0)
            queue++;
        cr_expect_eq(atoi(at(stats.json, say("%d.open_tasks", i))), count_tasks(q, queue, OPEN),
                     "seed %u %s: %s", seed, key, stats.body);
        cr_expect_eq(atoi(at(stats.json, say("%d.in_progress_tasks", i))),
                     count_tasks(q, queue, IN_PROGRESS), "seed %u %s", seed, key);
        cr_expect_eq(atoi(at(stats.json, say("%d.total_tasks", i))), count_tasks(q, queue, -1),
                     "seed %u %s", seed, key);
    }
}

Test(random_walks, of_queues_keep_count_of_their_tasks)
{
    struct queues q = {.customer = customer_new(), .first = NO_QUEUE};
    unsigned seed = begin_walk();

    for (int step = 0; step < 80; step++) {
        int what = rand() % 8;
        struct task *task = q.count ? &q.tasks[rand() % q.count] : NULL;

        if (what == 0)
            put_queue(&q);
        else if (what == 1 || !task)
            make_task(&q, seed);
        else if (what == 2)
            move_task(&q, task, seed);
        else if (what == 3 && rand() % 3 == 0)
            finish_task(&q, task, seed);
        else
            hold_task(&q, task, rand() % 2, seed);
        expect_queues(&q, seed);
    }
}

/* ---- calls and their sessions ---- */

struct news {
    const char *word;  /* of the carrier */
    const char *state; /* of ours */
    int rank;
};

static const struct news news[] = {
    {"initiated", "initiated", 30},
    {"ringing", "ringing", 40},
    {"in-progress", "in_progress", 60},
    {"completed", "completed", 90},
    {"busy", "busy", 90},
    {"failed", "failed", 90},
    {"no-answer", "no_answer", 90},
    {"canceled", "canceled", 90},
};

struct known {
    const char *sid, *state;
    int rank;
};

static void hear(const struct customer *customer, struct known *known, int step, unsigned seed)
{
    const struct news *one = &news[rand() % (int)COUNT_OF(news)];
    struct reply reply =
        callback("/api/v1/call-status",
                 call_form(customer, known->sid, one->word, say("&SequenceNumber=%d", step)),
                 fact("REHEARSAL_AUTH_TOKEN"), NULL);

    cr_assert_eq(reply.status, 200, "seed %u: %s", seed, reply.body);
    if (one->rank > known->rank) {
        known->rank = one->rank;
        known->state = one->state;
    }
}

/* The same call is announced again; nothing becomes of it. */
static void arrive_again(const struct customer *customer, const struct known *known)
{
    cr_expect_eq(callback("/api/v1/incoming-call", call_form(customer, known->sid, "ringing", ""),
                          fact("REHEARSAL_AUTH_TOKEN"), NULL)
                     .status,
                 200);
}

/* Nobody has a session that goes on, so nobody can be supervised. */
static void supervise(const struct customer *customer, const char *stream)
{
    struct reply reply =
        ask("POST", say("/api/v1/sessions/%s/actions/end", stream), customer->stateset, "{}", NULL);

    cr_expect_eq(reply.status, 404, "%ld %s", reply.status, reply.body);
}

static const char *expect_call(const struct customer *customer, const struct known *known,
                               unsigned seed)
{
    static const char *const ended[] = {"completed", "busy", "failed", "no_answer", "canceled"};
    struct reply reply = ask("GET", say("/api/v1/call-logs?call_sid=%s", known->sid),
                             customer->stateset, NULL, NULL);
    const char *status = at(reply.json, "calls.0.status");
    bool is_over = false;

    for (size_t i = 0; i < COUNT_OF(ended); i++)
        is_over = is_over || strcmp(status, ended[i]) == 0;
    cr_expect_str_eq(at(reply.json, "count"), "1", "seed %u: %s", seed, reply.body);
    cr_expect_eq(is_over, known->rank == 90, "seed %u: %s after %s", seed, status, known->state);
    if (is_over)
        cr_expect_str_eq(status, known->state, "seed %u: the first end counts", seed);
    cr_expect_eq(*at(reply.json, "calls.0.ended_at") != '\0', is_over, "seed %u: %s", seed,
                 reply.body);
    return at(reply.json, "calls.0.stream_sid");
}

Test(random_walks, of_calls_only_go_forward)
{
    struct customer customer = customer_new();
    unsigned seed = begin_walk();

    customer_number(&customer);
    for (int walk = 0; walk < 6; walk++) {
        struct known known = {
            .sid = call_arrives(&customer, "+13125550111", NULL), .state = "ringing", .rank = 40};

        for (int step = 0; step < 8; step++) {
            int what = rand() % 5;

            if (what == 0)
                arrive_again(&customer, &known);
            else
                hear(&customer, &known, step, seed);
            supervise(&customer, expect_call(&customer, &known, seed));
        }
    }
}
