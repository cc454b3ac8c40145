#include <criterion/criterion.h>

#include <pthread.h>
#include <string.h>

#include "domain/tokens.h"
#include "world.h"

static struct world world;
static struct work *const work = &world.work;

static void setup(void)
{
    world_begin(&world, NULL, false);
}

static void end(void)
{
    world_end(&world);
}

TestSuite(sessions, .init = setup, .fini = end);

/* What a claim answers. */
struct answer {
    struct voice_session session;
    struct call call;
    struct agent_version version;
};

static struct claim claim_of(const struct incoming *in)
{
    return (struct claim){
        .token = in->plan.stream_token,
        .stream_sid = new_sid(&world, "MZ"),
        .call_sid = in->call.call_sid,
        .node_id = world.node.id,
        .node_epoch = world.node.epoch,
    };
}

static bool claim(const struct claim *given, struct answer *answer)
{
    return session_claim(work, given, &answer->session, &answer->call, &answer->version);
}

Test(sessions, are_claimed_with_their_call_and_version)
{
    struct incoming in = call_in(&world);
    struct claim given = claim_of(&in);
    struct answer answer;
    struct voice_session found;

    work->tenant = 0; /* the daemon knows no tenant before it has read the token */
    cr_assert(claim(&given, &answer), "%s", work->error.message);
    cr_expect_eq(work->tenant, world.tenant.id);
    cr_expect(uid_equal(answer.session.id, in.session.id));
    cr_expect_str_eq(answer.session.state, "connecting");
    cr_expect_eq(answer.session.node_id, world.node.id);
    cr_expect_str_eq(answer.session.greeting, "Hello!");
    cr_expect_str_eq(answer.call.state, "in_progress");
    cr_expect_not(instant_is_none(answer.call.answered_at));
    cr_expect(uid_equal(answer.version.id, world.version.id));
    cr_expect(strstr(answer.version.config.json, "Be kind.") != NULL);
    cr_expect(session_resolve(work, given.stream_sid, &found));
    cr_expect(uid_equal(found.id, in.session.id));
}

Test(sessions, are_claimed_once)
{
    struct incoming in = call_in(&world);
    struct claim given = claim_of(&in), again = claim_of(&in);
    struct answer answer;

    cr_assert(claim(&given, &answer));
    cr_expect_not(claim(&given, &answer), "a replayed token");
    cr_expect_eq(work->error.what, UNAUTHENTICATED);
    cr_expect_not(claim(&again, &answer));
}

struct claimer {
    struct work work;
    struct claim claim;
    struct answer answer;
    bool won;
};

static void *run_claimer(void *with)
{
    struct claimer *claimer = with;

    claimer->won = session_claim(&claimer->work, &claimer->claim, &claimer->answer.session,
                                 &claimer->answer.call, &claimer->answer.version);
    return NULL;
}

Test(sessions, of_many_claims_at_once_one_wins)
{
    enum { MANY = 8 };
    struct incoming in = call_in(&world);
    struct claimer claimers[MANY];
    pthread_t threads[MANY];
    int won = 0;

    for (int i = 0; i < MANY; i++) {
        claimers[i] = (struct claimer){.work = world_work(&world), .claim = claim_of(&in)};
        cr_assert_eq(pthread_create(&threads[i], NULL, run_claimer, &claimers[i]), 0);
    }
    for (int i = 0; i < MANY; i++) {
        pthread_join(threads[i], NULL);
        won += claimers[i].won;
        cr_expect(claimers[i].won || claimers[i].work.error.what == UNAUTHENTICATED);
        db_close(claimers[i].work.db);
        work_end(&claimers[i].work);
    }
    cr_expect_eq(won, 1);
}

Test(sessions, are_not_given_to_the_stream_of_another_call)
{
    struct incoming in = call_in(&world), other = call_in(&world);
    struct claim given = claim_of(&in);
    struct answer answer;

    given.call_sid = other.call.call_sid;
    cr_expect_not(claim(&given, &answer));
    cr_expect_eq(work->error.what, UNAUTHENTICATED);
    given.call_sid = NULL;
    cr_expect_not(claim(&given, &answer));
    cr_assert(session_get(work, in.session.id, &in.session));
    cr_expect_str_eq(in.session.state, "pending", "a refused claim changes nothing");
}

Test(sessions, are_not_given_for_a_token_that_expired)
{
    struct incoming in = call_in(&world);
    struct claim given = claim_of(&in);
    struct answer answer;

    clock_set(instant_after(clock_now(), 151000));
    cr_expect_not(claim(&given, &answer));
    cr_expect_eq(work->error.what, UNAUTHENTICATED);
}

Test(sessions, are_not_given_for_the_token_before)
{
    struct incoming in = call_in(&world);
    struct claim old = claim_of(&in), new = claim_of(&in);
    struct answer answer;
    char *fresh;

    clock_set(instant_after(clock_now(), 1));
    cr_assert(session_issue_token(work, &in.session, &fresh));
    cr_expect_not(claim(&old, &answer), "only the last one counts");
    new.token = fresh;
    cr_expect(claim(&new, &answer), "%s", work->error.message);
    cr_expect_not(session_issue_token(work, &in.session, &fresh));
    cr_expect_eq(work->error.what, WRONG_STATE);
}

Test(sessions, are_not_given_for_a_token_that_names_another_session)
{
    struct incoming in = call_in(&world);
    struct token forged = {.tenant_id = world.tenant.id,
                           .call = in.call.id,
                           .session = in.session.id,
                           .agent_version = world.version.id,
                           .expires_at = instant_after(clock_now(), 60000)};
    struct claim given = claim_of(&in);
    struct answer answer;

    given.token = token_make(work, TOKEN_STREAM, &forged);
    cr_expect_not(claim(&given, &answer), "well signed, but never handed out");
    cr_expect_eq(work->error.what, UNAUTHENTICATED);
}

Test(sessions, end_once_and_keep_their_first_end)
{
    struct incoming in = call_in(&world);
    struct session_end first = {.result = "completed",
                                .end_reason = "agent_end",
                                .at = NO_INSTANT,
                                .duration_ms = NO_INTEGER,
                                .model_segments = 2};
    struct session_end second = {.result = "failed", .at = NO_INSTANT, .duration_ms = 7};
    bool ended;

    claim_stream(&world, &in);
    clock_set(instant_after(clock_now(), 5000));
    cr_assert(session_end(work, in.session.id, &first, &ended));
    cr_expect(ended);
    cr_assert(session_end(work, in.session.id, &second, &ended));
    cr_expect_not(ended);
    cr_assert(session_get(work, in.session.id, &in.session));
    cr_expect_str_eq(in.session.result, "completed");
    cr_expect_geq(in.session.duration_ms, 4000, "worked out from when it connected");
    cr_expect_eq(in.session.model_segments, 2);
    cr_assert(call_get(work, in.call.id, &in.call));
    cr_expect_str_eq(in.call.end_reason, "agent_end");
    cr_expect_str_eq(in.call.state, "in_progress", "the carrier says when a call is over");
}

Test(sessions, do_not_go_back)
{
    struct incoming in = call_in(&world);
    bool lost;

    claim_stream(&world, &in);
    cr_assert(session_drain(work, in.session.id));
    cr_assert(session_activate(work, in.session.id, clock_now()));
    cr_assert(session_get(work, in.session.id, &in.session));
    cr_expect_str_eq(in.session.state, "draining");
    cr_assert(session_lose(work, in.session.id, &lost));
    cr_expect(lost);
    cr_assert(session_lose(work, in.session.id, &lost));
    cr_expect_not(lost);
}

Test(sessions, of_another_tenant_do_not_exist)
{
    struct incoming in = call_in(&world);
    struct voice_session found;
    char sid[SID_SIZE];

    sid_write("MZ", in.session.id, sid);
    cr_expect(session_resolve(work, sid, &found), "derived while there is no stream");
    work->tenant++;
    cr_expect_not(session_resolve(work, sid, &found));
    cr_expect_not(session_get(work, in.session.id, &found));
    cr_expect_not(session_of_call(work, in.call.id, &found));
    work->tenant--;
}

Test(sessions_of_all, whose_node_is_gone_are_orphans, .init = NULL, .fini = NULL)
{
    struct incoming claimed, pending;
    struct rows rows;

    world_begin(&world, NULL, true);
    claimed = call_in(&world);
    pending = call_in(&world);
    claim_stream(&world, &claimed);
    cr_assert(sessions_orphaned(work, instant_after(clock_now(), -10000), 10, &rows));
    cr_expect_eq(rows.count, 0);
    cr_assert(node_register(work, &world.node), "the daemon starts anew");
    clock_set(instant_after(clock_now(), 20));
    cr_assert(node_register(work, &world.node));
    cr_assert(sessions_orphaned(work, instant_after(clock_now(), -10000), 10, &rows));
    cr_assert_eq(rows.count, 1);
    cr_expect(uid_equal(((struct voice_session *)rows.at)->id, claimed.session.id));
    (void)pending;
    world_end(&world);
}

Test(sessions_of_all, that_nobody_connected_to_expire, .init = NULL, .fini = NULL)
{
    struct incoming claimed, pending;
    uint64_t expired;

    world_begin(&world, NULL, true);
    claimed = call_in(&world);
    pending = call_in(&world);
    claim_stream(&world, &claimed);
    cr_assert(sessions_expire(work, instant_after(clock_now(), 130000), 10, &expired));
    cr_expect_eq(expired, 1);
    cr_assert(session_get(work, pending.session.id, &pending.session));
    cr_expect_str_eq(pending.session.state, "expired");
    cr_assert(session_get(work, claimed.session.id, &claimed.session));
    cr_expect_str_eq(claimed.session.state, "connecting");
    world_end(&world);
}
