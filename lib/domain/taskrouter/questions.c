#include "domain/taskrouter/questions.h"

#include <string.h>

#include "core/json.h"
#include "core/log.h"
#include "domain/callbacks.h"
#include "domain/customer_requests.h"
#include "domain/outbox.h"
#include "domain/taskrouter/assignment.h"
#include "domain/taskrouter/event_fields.h"
#include "domain/taskrouter/moves.h"
#include "domain/taskrouter/workflows.h"
#include "domain/tenants.h"
#include "remote/http.h"

enum { LEASE_MS = 60 * 1000, AT_ONCE = 32, ASKED_FIRST = 0, ASKED_LAST = 1 };

/* A question and what is needed to ask it. */
struct question {
    const struct outbox_row *row;
    struct tr_reservation_place place;
    struct tr_reservation reservation;
    struct tr_task task;
    struct tr_worker worker;
    const char *urls[2]; /* the workflow's and its fallback; NULL: none */
    const char *problem; /* of the first attempt; NULL: none yet */
    bool open;           /* nothing has come of it yet */
};

/* ---- what is asked ---- */

static bool read_place(const struct outbox_row *row, struct tr_reservation_place *place)
{
    json_object *payload = json_parse(row->payload.json);
    const char *workspace = json_text(payload, "workspace");
    bool ok = workspace && uid_read_hex(workspace, &place->workspace);

    json_object_put(payload);
    return ok;
}

static const char *given(const char *url)
{
    return url && *url ? url : NULL;
}

/* False with NOT_FOUND when there is nothing to ask any more. */
static bool prepare(struct work *work, struct question *q)
{
    struct tr_workflow workflow;

    if (!read_place(q->row, &q->place))
        return fail(work, NOT_FOUND, "The question names no workspace");
    if (!tr_reservation_get(work, &q->place, q->row->subject_id, &q->reservation))
        return false;
    if (strcmp(q->reservation.status, "pending") != 0)
        return fail(work, NOT_FOUND, "The reservation is decided");
    if (!tr_task_get(work, q->place.workspace, q->reservation.task_id, &q->task) ||
        !tr_worker_get(work, q->place.workspace, q->reservation.worker_id, &q->worker) ||
        !tr_workflow_get(work, q->place.workspace, q->task.workflow_id, &workflow))
        return false;
    q->urls[ASKED_FIRST] = given(workflow.assignment_callback_url);
    q->urls[ASKED_LAST] = given(workflow.fallback_assignment_callback_url);
    q->open = true;
    return true;
}

static bool write_form(struct work *work, const struct question *q, bool again,
                       struct fields *fields)
{
    struct tenant tenant;

    if (!tenant_by_id(work, work->tenant, &tenant))
        return false;
    fields_begin(fields, work);
    fields_text(fields, "AccountSid", tenant.account_sid);
    fields_sid(fields, "WorkspaceSid", "WS", q->place.workspace);
    fields_sid(fields, "ReservationSid", "WR", q->reservation.id);
    fields_number(fields, "Timestamp", clock_now().ms / 1000);
    fields_task(fields, &q->task);
    fields_sid(fields, "TaskQueueSid", "WQ", q->task.queue_id);
    fields_text(fields, "TaskQueueName", q->task.queue_name);
    fields_worker(fields, &q->worker);
    if (again) {
        fields_text(fields, "ErrorUrl", q->urls[ASKED_FIRST]);
        fields_text(fields, "ErrorMessage", q->problem);
    }
    return true;
}

/* The request lives as long as the round. */
static bool write_request(struct work *work, struct question *q, int which,
                          struct http_request *request)
{
    struct http_header *headers = arena_new(&work->arena, struct http_header, CUSTOMER_HEADERS);
    struct customer_request wanted;
    struct fields fields;

    if (!write_form(work, q, which == ASKED_LAST && q->urls[ASKED_FIRST], &fields))
        return false;
    const struct form form = {fields.at, fields.count};
    if (!customer_request(work, q->urls[which], "POST", &form, &wanted))
        return false;
    *request = (struct http_request){
        .url = wanted.url,
        .headers = headers,
        .nheaders = customer_headers(work, &wanted, headers),
        .content_type = CUSTOMER_FORM_TYPE,
        .body = wanted.body,
        .length = strlen(wanted.body),
        .deadline_ms = TR_ANSWER_MS,
        .answer_limit = TR_ANSWER_LIMIT,
        .guarded = true,
    };
    return true;
}

/* ---- what is answered ---- */

static const char *fault_of(struct work *work, const struct http_answer *answer)
{
    if (answer->end != HTTP_ANSWERED)
        return answer->problem ? answer->problem : "no answer";
    return answer->status < 200 || answer->status > 299
               ? arena_format(&work->arena, "HTTP status %d", answer->status)
               : NULL;
}

/* A decision that was made meanwhile, by whomever, stands. */
static bool follow(struct work *work, struct question *q, const struct http_answer *answer)
{
    struct tr_instruction instruction;
    struct tr_reservation_order order = {
        .place = q->place,
        .id = q->reservation.id,
        .instruction = &instruction,
        .if_rev = NO_INTEGER,
    };
    const char *fault = fault_of(work, answer);

    if (!fault && (!tr_instruction_read(work, answer->body.at, answer->body.length, &instruction) ||
                   !tr_reservation_update(work, &order, &q->reservation))) {
        if (work->error.what == BUSY)
            return false;
        if (work->error.what != WRONG_STATE && work->error.what != NOT_FOUND)
            fault = arena_text(&work->arena, work->error.message);
    }
    q->open = fault != NULL;
    q->problem = fault;
    if (fault)
        log_warning(work, "taskrouter.unanswered", "problem=\"%s\"", fault);
    return true;
}

/* What cannot be written is a problem of its own tenant's, and holds up nobody else's. */
static bool write_or_note(struct work *work, struct question *q, int which,
                          struct http_exchange *exchange, bool *written)
{
    exchange->with = q;
    *written = write_request(work, q, which, &exchange->request);
    if (*written)
        return true;
    q->problem = arena_text(&work->arena, work->error.message);
    log_warning(work, "taskrouter.unasked", "problem=\"%s\"", q->problem);
    return work->error.what != BUSY;
}

/* Asks all that are open and have such a URL. */
static bool ask(struct work *work, struct question *questions, size_t count, int which)
{
    struct http_exchange *exchanges = arena_new(&work->arena, struct http_exchange, count + 1);
    size_t asked = 0;
    bool written;

    for (size_t i = 0; i < count; i++) {
        struct question *q = &questions[i];

        if (!q->open || !q->urls[which])
            continue;
        work->tenant = q->row->tenant_id;
        if (!write_or_note(work, q, which, &exchanges[asked], &written))
            return false;
        asked += written;
    }
    http_send_many(work, exchanges, asked, AT_ONCE, NULL);
    for (size_t i = 0; i < asked; i++) {
        struct question *q = exchanges[i].with;

        work->tenant = q->row->tenant_id;
        if (!follow(work, q, &exchanges[i].answer))
            return false;
    }
    return true;
}

/* ---- nobody has answered ---- */

static bool cancel_step(struct work *work, void *with)
{
    struct question *q = with;
    struct tr_workspace workspace;

    return tr_workspace_hold(work, q->place.workspace, &workspace) &&
           tr_reservation_get(work, &q->place, q->reservation.id, &q->reservation) &&
           (strcmp(q->reservation.status, "pending") != 0 ||
            (tr_reservation_give_back(work, &workspace, &q->reservation, "canceled") &&
             tr_assign(work, &workspace)));
}

static bool settle(struct work *work, struct question *q)
{
    work->tenant = q->row->tenant_id;
    if (q->open && !db_transaction(work, cancel_step, q) && work->error.what == BUSY)
        return false;
    return outbox_delivered(work, q->row);
}

/* ---- a round ---- */

static bool prepare_all(struct work *work, const struct rows *claimed, struct question *questions)
{
    for (size_t i = 0; i < claimed->count; i++) {
        questions[i].row = (const struct outbox_row *)claimed->at + i;
        work->tenant = questions[i].row->tenant_id;
        if (!prepare(work, &questions[i]) && work->error.what == BUSY)
            return false;
    }
    return true;
}

bool tr_questions_ask(struct work *work, const char *owner, int64_t limit, int64_t *asked)
{
    int64_t tenant = work->tenant;
    struct question *questions;
    struct rows claimed;
    bool ok;

    *asked = 0;
    if (!outbox_claim(work, "assignment", owner, LEASE_MS, limit, &claimed))
        return false;
    *asked = (int64_t)claimed.count;
    questions = arena_new(&work->arena, struct question, claimed.count + 1);
    ok = prepare_all(work, &claimed, questions) &&
         ask(work, questions, claimed.count, ASKED_FIRST) &&
         ask(work, questions, claimed.count, ASKED_LAST);
    for (size_t i = 0; i < claimed.count && ok; i++)
        ok = settle(work, &questions[i]);
    work->tenant = tenant;
    return ok;
}
