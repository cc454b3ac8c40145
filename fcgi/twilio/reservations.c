/*
 * Reservations: tasks that are offered to workers, seen from either side.
 */
#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "domain/taskrouter/reservations.h"
#include "fcgi/twilio/taskrouter.h"

/* ---- how one is shown ---- */

static const struct taskrouter_link links[] = {
    {"task", "/Tasks/WT", offsetof(struct tr_reservation, task_id), ""},
    {"worker", "/Workers/WK", offsetof(struct tr_reservation, worker_id), ""},
    {"workspace", "", NO_MEMBER, ""},
};

static void render_links(struct request *req, struct text *out, const struct field *field,
                         const void *cell, const void *row)
{
    (void)field;
    taskrouter_put_links(req, out, *(const uid *)cell, links, COUNT(links), row);
}

static const struct wire reservation_links = {render_links, NULL, TASKROUTER_LINKS, false};

/* Under its task or under its worker, as it was asked for. */
static void render_url(struct request *req, struct text *out, const struct field *field,
                       const void *cell, const void *row)
{
    static const char *const templates[] = {
        "/v1/Workspaces/{WorkspaceSid}/Tasks/{TaskSid}/Reservations/WR*",
        "/v1/Workspaces/{WorkspaceSid}/Workers/{WorkerSid}/Reservations/WR*",
    };
    struct field as_asked = *field;

    as_asked.prefix = templates[request_path(req, "WorkerSid") != NULL];
    twilio_url.render(req, out, &as_asked, cell, row);
}

static const struct wire reservation_url = {render_url, NULL,
                                            "\"type\":\"string\",\"format\":\"uri\"", false};

static const struct field fields[] = {
    /* clang-format off */
    FIELD(tr_reservation, id,           "sid",                READ, .wire = &twilio_sid, .prefix = "WR"),
    FIELD(tr_reservation, tenant_id,    "account_sid",        READ, .wire = &twilio_account_sid),
    FIELD(tr_reservation, workspace_id, "workspace_sid",      READ, .wire = &twilio_sid, .prefix = "WS"),
    FIELD(tr_reservation, task_id,      "task_sid",           READ, .wire = &twilio_sid, .prefix = "WT"),
    FIELD(tr_reservation, worker_id,    "worker_sid",         READ, .wire = &twilio_sid, .prefix = "WK"),
    FIELD(tr_reservation, worker_name,  "worker_name",        READ),
    FIELD(tr_reservation, status,       "reservation_status", READ),
    FIELD(tr_reservation, created_at,   "date_created",       READ, .wire = &wire_iso_seconds),
    FIELD(tr_reservation, updated_at,   "date_updated",       READ, .wire = &wire_iso_seconds),
    FIELD(tr_reservation, id,           "url",                READ, .wire = &reservation_url),
    FIELD(tr_reservation, workspace_id, "links",              READ, .wire = &reservation_links),
    /* clang-format on */
};

const struct view taskrouter_reservation_view = VIEW("Reservation", tr_reservation_entity, fields);

/* ---- what clients say of one ---- */

/* Everything there may be; each instruction has its own words for the same few things. */
struct reservation_order {
    const char *status, *instruction;
    uid worker_activity_id;
    const char *dequeue_to, *dequeue_from;
    int64_t dequeue_timeout;
    bool dequeue_record;
    uid dequeue_post_work;
    const char *call_to, *call_from, *call_url, *call_callback;
    int64_t call_timeout;
    bool call_record, call_accept;
    const char *redirect_call_sid, *redirect_url;
    bool redirect_accept;
    const char *to, *from;
    int64_t timeout;
    bool record, conference_record;
    uid post_work;
    const char *other;
};

static const struct column order_columns[] = {
    COLUMN(reservation_order, status, NULLABLE),
    COLUMN(reservation_order, instruction, NULLABLE),
    COLUMN(reservation_order, worker_activity_id, NULLABLE),
    COLUMN(reservation_order, dequeue_to, NULLABLE),
    COLUMN(reservation_order, dequeue_from, NULLABLE),
    COLUMN(reservation_order, dequeue_timeout, NULLABLE),
    COLUMN(reservation_order, dequeue_record, NOT_NULL),
    COLUMN(reservation_order, dequeue_post_work, NULLABLE),
    COLUMN(reservation_order, call_to, NULLABLE),
    COLUMN(reservation_order, call_from, NULLABLE),
    COLUMN(reservation_order, call_url, NULLABLE),
    COLUMN(reservation_order, call_callback, NULLABLE),
    COLUMN(reservation_order, call_timeout, NULLABLE),
    COLUMN(reservation_order, call_record, NOT_NULL),
    COLUMN(reservation_order, call_accept, NOT_NULL),
    COLUMN(reservation_order, redirect_call_sid, NULLABLE),
    COLUMN(reservation_order, redirect_url, NULLABLE),
    COLUMN(reservation_order, redirect_accept, NOT_NULL),
    COLUMN(reservation_order, to, NULLABLE),
    COLUMN(reservation_order, from, NULLABLE),
    COLUMN(reservation_order, timeout, NULLABLE),
    COLUMN(reservation_order, record, NOT_NULL),
    COLUMN(reservation_order, conference_record, NOT_NULL),
    COLUMN(reservation_order, post_work, NULLABLE),
    COLUMN(reservation_order, other, NULLABLE),
};

static const struct entity order_entity =
    ENTITY(reservation_order, "reservation", NULL, order_columns);

/*
 * What the contract has and our telephone cannot do is refused rather than passed over, unless it
 * says how things are anyway: the words in the prefix, with blanks around each.
 */
static const char *parse_usual(struct request *req, const struct field *field, json_object *in,
                               void *cell)
{
    const char *usual = field->prefix ? field->prefix : "";
    size_t many = json_object_is_type(in, json_type_array) ? json_object_array_length(in) : 0;

    for (size_t i = 0; i < (many ? many : 1); i++) {
        json_object *one = many ? json_object_array_get_idx(in, i) : in;
        const char *word = json_object_get_string(one);

        if (!word || !strstr(usual, arena_format(&req->work.arena, " %s ", word)))
            return *usual ? arena_format(&req->work.arena, "left out, or be:%s", usual)
                          : "left out: it cannot be done here";
    }
    *(const char **)cell = NULL;
    return NULL;
}

static const struct wire usual_word = {NULL, parse_usual, "\"type\":\"string\"", false};
static const struct wire usual_truth = {NULL, parse_usual, "\"type\":\"boolean\"", false};
static const struct wire usual_number = {NULL, parse_usual, "\"type\":\"integer\"", false};
static const struct wire usual_words = {
    NULL, parse_usual, "\"type\":\"array\",\"items\":{\"type\":\"string\"}", false};

/* A word for what is recorded. */
static const char *parse_record(struct request *req, const struct field *field, json_object *in,
                                void *cell)
{
    (void)req;
    (void)field;
    return tr_record_read(json_object_get_string(in), cell)
               ? NULL
               : "do-not-record, record-from-answer, record-from-start, true or false";
}

static const struct wire recording_word = {NULL, parse_record, "\"type\":\"string\"", false};

#define SID_OF(member, called, letters)                                                            \
    FIELD(reservation_order, member, called, CREATE, .wire = &twilio_sid, .prefix = (letters))
#define SAID(member, called) FIELD(reservation_order, member, called, CREATE)
#define USUAL(called, its_wire, words)                                                             \
    FIELD(reservation_order, other, called, CREATE, .wire = &(its_wire), .prefix = (words))

static const struct field order_fields[] = {
    /* clang-format off */
    FIELD(reservation_order, status,      "reservation_status", CREATE, .about = "accepted, rejected, wrapping or completed."),
    FIELD(reservation_order, instruction, "instruction",        CREATE, .about = "accept, reject, dequeue, call, redirect or conference; the parameters of each begin with its name, but for a conference's.  Not supervise: a caller and a worker talk in no conference that a third may enter."),
    SID_OF(worker_activity_id, "worker_activity_sid", "WA"),

    SAID(dequeue_to,       "dequeue_to"),
    FIELD(reservation_order, dequeue_from,    "dequeue_from",    CREATE, .about = "A number of the account's, which the worker sees; left out: the one the caller talks to."),
    FIELD(reservation_order, dequeue_timeout, "dequeue_timeout", CREATE, .about = "Seconds that it rings, 60 unless given."),
    SID_OF(dequeue_post_work, "dequeue_post_work_activity_sid", "WA"),
    USUAL("dequeue_status_callback_url",   usual_word,  NULL),
    USUAL("dequeue_status_callback_event", usual_words, NULL),
    FIELD(reservation_order, dequeue_record, "dequeue_record", CREATE, .wire = &recording_word, .about = "Whether the worker's leg is recorded, from the answer on."),

    SAID(call_to,       "call_to"),
    SAID(call_from,     "call_from"),
    SAID(call_url,      "call_url"),
    SAID(call_timeout,  "call_timeout"),
    SAID(call_accept,   "call_accept"),
    SAID(call_callback, "call_status_callback_url"),
    FIELD(reservation_order, call_record, "call_record", CREATE, .wire = &recording_word),

    SAID(redirect_call_sid, "redirect_call_sid"),
    SAID(redirect_url,      "redirect_url"),
    SAID(redirect_accept,   "redirect_accept"),

    SAID(to,       "to"),
    FIELD(reservation_order, from,    "from",    CREATE, .about = "As with dequeue."),
    FIELD(reservation_order, timeout, "timeout", CREATE, .about = "As with dequeue."),
    SID_OF(post_work, "post_work_activity_sid", "WA"),
    USUAL("status_callback",                             usual_word,   NULL),
    USUAL("status_callback_method",                      usual_word,   " POST "),
    USUAL("status_callback_event",                       usual_words,  NULL),
    FIELD(reservation_order, record, "record", CREATE, .about = "Whether the worker's leg is recorded."),
    USUAL("muted",                                       usual_truth,  " false "),
    USUAL("beep",                                        usual_word,   " false "),
    USUAL("start_conference_on_enter",                   usual_truth,  " true "),
    USUAL("end_conference_on_exit",                      usual_truth,  " true "),
    USUAL("end_conference_on_customer_exit",             usual_truth,  " true "),
    USUAL("beep_on_customer_entrance",                   usual_truth,  " false "),
    USUAL("wait_url",                                    usual_word,   NULL),
    USUAL("wait_method",                                 usual_word,   " POST "),
    USUAL("early_media",                                 usual_truth,  " true "),
    USUAL("max_participants",                            usual_number, NULL),
    USUAL("conference_status_callback",                  usual_word,   NULL),
    USUAL("conference_status_callback_method",           usual_word,   " POST "),
    USUAL("conference_status_callback_event",            usual_words,  NULL),
    FIELD(reservation_order, conference_record, "conference_record", CREATE, .wire = &recording_word, .about = "The same: the conference begins with the worker."),
    USUAL("conference_trim",                             usual_word,   " do-not-trim trim-silence "),
    USUAL("recording_channels",                          usual_word,   " mono dual "),
    USUAL("recording_status_callback",                   usual_word,   NULL),
    USUAL("recording_status_callback_method",            usual_word,   " POST "),
    USUAL("conference_recording_status_callback",        usual_word,   NULL),
    USUAL("conference_recording_status_callback_method", usual_word,   " POST "),
    USUAL("region",                                      usual_word,   NULL),
    USUAL("sip_auth_username",                           usual_word,   NULL),
    USUAL("sip_auth_password",                           usual_word,   NULL),
    USUAL("supervisor_mode",                             usual_word,   NULL),
    USUAL("supervisor",                                  usual_word,   NULL),
    USUAL("jitter_buffer_size",                          usual_word,   NULL),
    /* clang-format on */
};

const struct view taskrouter_reservation_change_view =
    VIEW("ReservationUpdate", order_entity, order_fields);

/* ---- lists ---- */

#define BY_STATUS                                                                                  \
    {                                                                                              \
        "ReservationStatus", "\"type\":\"string\"", NULL, NULL                                     \
    }

const struct query_parameter taskrouter_task_reservation_filters[] = {
    BY_STATUS,
    {"WorkerSid", "\"type\":\"string\"", NULL, NULL},
    TWILIO_PAGING,
    {NULL, NULL, NULL, NULL},
};

const struct query_parameter taskrouter_worker_reservation_filters[] = {
    BY_STATUS,
    TWILIO_PAGING,
    {NULL, NULL, NULL, NULL},
};

static bool read_place(struct request *req, struct tr_reservation_place *place)
{
    *place = (struct tr_reservation_place){.task = NO_UID};
    if (!taskrouter_path_id(req, "WorkspaceSid", "WS", &place->workspace))
        return false;
    return request_path(req, "TaskSid")
               ? taskrouter_path_id(req, "TaskSid", "WT", &place->task)
               : taskrouter_path_id(req, "WorkerSid", "WK", &place->worker);
}

static bool read_status(struct request *req, const char **status)
{
    const struct column *column =
        column_at(&tr_reservation_entity, offsetof(struct tr_reservation, status));

    *status = request_query(req, "ReservationStatus");
    for (const char *const *word = *status ? column->one_of : NULL; word && *word; word++)
        if (strcmp(*word, *status) == 0)
            return true;
    return !*status || fail_field(&req->work, "ReservationStatus",
                                  "ReservationStatus must be one of the documented values");
}

bool taskrouter_list_reservations(struct request *req)
{
    struct tr_reservation_filter filter = {.worker = NO_UID};
    struct rows reservations;
    struct page page;

    return twilio_read_page(req, &page) && read_place(req, &filter.place) &&
           read_status(req, &filter.status) &&
           taskrouter_query_id(req, "WorkerSid", "WK", &filter.worker) &&
           tr_reservations_list(&req->work, &filter, &page, &reservations) &&
           reply_rows(req, &taskrouter_reservation_view, &page, &reservations);
}

/* ---- one reservation ---- */

static bool reply_reservation(struct request *req, const struct tr_reservation *reservation)
{
    return taskrouter_reply(req, 200, &taskrouter_reservation_view, reservation, reservation->rev);
}

static bool find(struct request *req, struct tr_reservation_place *place, uid *id,
                 struct tr_reservation *reservation)
{
    return read_place(req, place) && taskrouter_path_id(req, "Sid", "WR", id) &&
           tr_reservation_get(&req->work, place, *id, reservation);
}

bool taskrouter_get_reservation(struct request *req)
{
    struct tr_reservation reservation;
    struct tr_reservation_place place;
    uid id;

    return find(req, &place, &id, &reservation) && reply_reservation(req, &reservation);
}

/* The parameters of the one instruction that is given. */
static void fill_instruction(const struct reservation_order *order, struct tr_instruction *to)
{
    switch (to->kind) {
    case TR_DEQUEUE:
        to->to = order->dequeue_to;
        to->from = order->dequeue_from;
        to->timeout_seconds = order->dequeue_timeout;
        to->record = order->dequeue_record;
        to->post_work_activity_id = order->dequeue_post_work;
        break;
    case TR_CALL:
        to->to = order->call_to;
        to->from = order->call_from;
        to->url = order->call_url;
        to->timeout_seconds = order->call_timeout;
        to->record = order->call_record;
        to->status_callback_url = order->call_callback;
        to->accept = order->call_accept;
        break;
    case TR_REDIRECT:
        to->call_sid = order->redirect_call_sid;
        to->url = order->redirect_url;
        to->accept = order->redirect_accept;
        break;
    case TR_CONFERENCE:
        to->to = order->to;
        to->from = order->from;
        to->timeout_seconds = order->timeout;
        to->record = order->record || order->conference_record;
        to->post_work_activity_id = order->post_work;
        break;
    case TR_REJECT:
        to->activity_id = order->worker_activity_id;
        break;
    case TR_ACCEPT:
    case TR_NO_INSTRUCTION:
        break;
    }
}

static bool read_instruction(struct request *req, const struct reservation_order *order,
                             struct tr_instruction *instruction)
{
    tr_instruction_begin(instruction);
    if (!order->instruction)
        return true;
    if (!tr_instruction_kind_read(&req->work, order->instruction, &instruction->kind))
        return false;
    fill_instruction(order, instruction);
    return true;
}

bool taskrouter_update_reservation(struct request *req)
{
    struct tr_reservation_order change = {.instruction = NULL};
    struct tr_reservation reservation;
    struct tr_instruction instruction;
    struct reservation_order order;
    columns given;

    row_clear(&order_entity, &order);
    if (!find(req, &change.place, &change.id, &reservation) ||
        !taskrouter_if_rev(req, reservation.rev, &change.if_rev) ||
        !read_body(req, &taskrouter_reservation_change_view, CREATE, &order, &given) ||
        !read_instruction(req, &order, &instruction))
        return false;
    change.status = order.status;
    change.instruction = order.instruction ? &instruction : NULL;
    change.worker_activity_id = order.worker_activity_id;
    return tr_reservation_update(&req->work, &change, &reservation) &&
           reply_reservation(req, &reservation);
}
