#include "api/stateset/evaluated.h"

#include <criterion/criterion.h>

struct evaluated evaluated_new(void)
{
    struct evaluated of = {.customer = customer_new()};

    of.work = customer_work(&of.customer);
    return of;
}

struct voice_session evaluated_session(struct evaluated *of, const char *version_id)
{
    struct call call = call_coming_in(&of->work);
    struct voice_session session;

    session_begin(&session);
    session.call_id = call.id;
    session.state = "ended";
    session.state_rank = 90;
    session.result = "completed";
    session.stream_sid = say("MZ%s", call.call_sid + 2);
    session.agent_name = "Front Desk";
    if (version_id && *version_id) {
        cr_assert(uid_read_uuid(of->customer.agent_id, &session.agent_id));
        cr_assert(uid_read_uuid(version_id, &session.agent_version_id));
    }
    cr_assert(call_insert(&of->work, &call) && session_insert(&of->work, &session), "%s",
              of->work.error.message);
    return session;
}

struct session_eval evaluated_score(struct evaluated *of, const char *version_id, double score)
{
    struct voice_session session = evaluated_session(of, version_id);
    struct session_eval eval;

    row_clear(&session_eval_entity, &eval);
    eval.score = score;
    cr_assert(session_eval_put(&of->work, session.stream_sid, &eval), "%s", of->work.error.message);
    return eval;
}

const char *evaluated_version(const struct evaluated *of)
{
    const char *id = customer_version(&of->customer, "");
    struct reply reply = admin(
        "POST",
        admin_path(&of->customer, say("/agent-versions/%s/publish", of->customer.agent_version_id)),
        NULL);

    cr_assert_eq(reply.status, 200, "%s", reply.body);
    return id;
}

void evaluated_age(struct evaluated *of, const struct session_eval *eval, int hours)
{
    static const char sql[] =
        "UPDATE session_evals SET created_at = ?, updated_at = ? WHERE tenant_id = ? AND id = ?";
    instant then = instant_after(clock_now(), -(int64_t)hours * 3600 * 1000);
    const struct param params[] = {PARAM(then), PARAM(then), PARAM(of->work.tenant),
                                   PARAM(eval->id)};

    cr_assert(db_execute(&of->work, sql, params, COUNT_OF(params), NULL));
}
