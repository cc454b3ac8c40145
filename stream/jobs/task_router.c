/* TaskRouter: what time brings, what customers' programs are asked, what follows for callers. */
#include "core/log.h"
#include "domain/taskrouter/assignment.h"
#include "domain/taskrouter/questions.h"
#include "stream/jobs/each.h"
#include "stream/jobs/jobs.h"
#include "stream/jobs/runs.h"

enum { WORKSPACES_AT_ONCE = 200, QUESTIONS_AT_ONCE = 32 };

static bool assign(struct work *work, void *row)
{
    return tr_assign_now(work, ((const struct tr_due *)row)->workspace_id);
}

bool run_task_router(struct work *work)
{
    struct rows due;

    return tr_find_due(work, WORKSPACES_AT_ONCE, &due) &&
           for_each(work, &due, sizeof(struct tr_due), assign);
}

/* Whoever does not answer keeps nobody waiting but those who are asked in the same round. */
bool run_assignments(struct work *work)
{
    int64_t asked;

    if (!tr_questions_ask(work, jobs_owner(), QUESTIONS_AT_ONCE, &asked))
        return false;
    if (asked)
        log_info(work, "taskrouter.asked", "questions=%lld", (long long)asked);
    return true;
}
