/*
 * Translation calls: two people, two languages, one room.
 */
#include "domain/calls.h"
#include "domain/rooms.h"
#include "domain/tenants.h"
#include "fcgi/auth.h"
#include "fcgi/stateset/stateset.h"

struct translation {
    const char *from, *language_a, *language_b, *participant_a, *participant_b;
    int64_t original_level;
};

static const struct column order_columns[] = {
    COLUMN(translation, from, NULLABLE, .max = 20),
    COLUMN(translation, language_a, NULLABLE, .max = 16),
    COLUMN(translation, language_b, NULLABLE, .max = 16),
    COLUMN(translation, participant_a, NOT_NULL, .max = 20),
    COLUMN(translation, participant_b, NOT_NULL, .max = 20),
    COLUMN(translation, original_level, NULLABLE, .least = 0, .most = 100),
};

static const struct entity order_entity = ENTITY(translation, "call", NULL, order_columns);

static const struct field order_fields[] = {
    /* clang-format off */
    FIELD(translation, from,           "from",           CREATE, .wire = &stateset_phone, .about = "A number of the tenant; that of its first route when none is given."),
    FIELD(translation, language_a,     "language_a",     CREATE, .about = "What participant_a speaks; en when it is not given."),
    FIELD(translation, language_b,     "language_b",     CREATE, .about = "What participant_b speaks; es when it is not given."),
    FIELD(translation, participant_a,  "participant_a",  CREATE | REQUIRED, .wire = &stateset_phone),
    FIELD(translation, participant_b,  "participant_b",  CREATE | REQUIRED, .wire = &stateset_phone),
    FIELD(translation, original_level, "original_level", CREATE, .about = "How loud the untranslated voice stays, in percent; 15 when it is not given."),
    /* clang-format on */
};

static const struct view order_view = VIEW("TranslationCallRequest", order_entity, order_fields);

struct translation_answer {
    bool ok;
    const char *room_id, *error, *participant_a_call_sid, *participant_b_call_sid;
};

static const struct column answer_columns[] = {
    COLUMN(translation_answer, ok, NOT_NULL),
    COLUMN(translation_answer, room_id, NOT_NULL),
    COLUMN(translation_answer, error, NULLABLE),
    COLUMN(translation_answer, participant_a_call_sid, NULLABLE),
    COLUMN(translation_answer, participant_b_call_sid, NULLABLE),
};

static const struct entity answer_entity = ENTITY(translation_answer, "call", NULL, answer_columns);

static const struct field answer_fields[] = {
    /* clang-format off */
    FIELD(translation_answer, ok,                     "ok",                     READ),
    FIELD(translation_answer, room_id,                "room_id",                READ, .about = "Empty when there is no room."),
    FIELD(translation_answer, error,                  "error",                  READ | PRESENT),
    FIELD(translation_answer, participant_a_call_sid, "participant_a_call_sid", READ | PRESENT),
    FIELD(translation_answer, participant_b_call_sid, "participant_b_call_sid", READ | PRESENT),
    /* clang-format on */
};

static const struct view answer_view =
    VIEW("TranslationCallResponse", answer_entity, answer_fields);

/* ---- starting one ---- */

static bool start(struct request *req)
{
    struct work *work = &req->work;
    struct translation given;
    struct room room;
    struct call legs[2];
    char room_id[37];
    columns set;

    row_clear(&order_entity, &given);
    if (!read_body(req, &order_view, CREATE, &given, &set) || !stateset_has_carrier(req))
        return false;
    const struct translation_order order = {
        .from = given.from,
        .to_a = given.participant_a,
        .to_b = given.participant_b,
        .language_a = given.language_a,
        .language_b = given.language_b,
        .original_level = given.original_level,
        .trace_id = work->id,
    };
    if (!room_translate(work, &order, &room, legs))
        return false;
    uid_write_uuid(room.id, room_id);
    return reply_row(req, 200, &answer_view,
                     &(struct translation_answer){
                         .ok = true,
                         .room_id = room_id,
                         .participant_a_call_sid = legs[0].call_sid,
                         .participant_b_call_sid = legs[1].call_sid,
                     });
}

/* ---- the dialect's part ---- */

/* The contract gives this operation one shape for all of its answers. */
static void refuse(struct request *req)
{
    static const int statuses[FAILURES] = {
        /* clang-format off */
        [INVALID] = 400, [UNAUTHENTICATED] = 401, [UNPAID] = 400, [FORBIDDEN] = 400,
        [NOT_FOUND] = 400, [NOT_ALLOWED] = 405, [CONFLICT] = 400, [LIMIT_REACHED] = 429,
        [WRONG_STATE] = 400, [PRECONDITION] = 400, [TOO_LARGE] = 413, [RATE_LIMITED] = 429,
        [INTERNAL] = 503, [UPSTREAM] = 502, [BUSY] = 503,
        /* clang-format on */
    };

    req->status = statuses[req->work.error.what];
    if (req->work.error.what == FORBIDDEN && !req->tenant)
        req->status = 403; /* the account is suspended */
    if (req->status == 401)
        reply_header(req, "WWW-Authenticate", "Bearer");
    view_render(req, &req->reply, &answer_view,
                &(struct translation_answer){.room_id = "", .error = req->work.error.message});
}

static const char error_schema[] =
    "{\"type\":\"object\",\"required\":[\"ok\",\"room_id\"],\"properties\":{"
    "\"ok\":{\"type\":\"boolean\"},\"room_id\":{\"type\":\"string\"},"
    "\"error\":{\"type\":[\"string\",\"null\"]},"
    "\"participant_a_call_sid\":{\"type\":[\"string\",\"null\"]},"
    "\"participant_b_call_sid\":{\"type\":[\"string\",\"null\"]}}}";

static const struct route routes[] = {
    {"POST /api/v1/voice/translation-calls", "key", start, &order_view, &answer_view,
     "Start Translation Call", .flags = IDEMPOTENT | LONG, .answers = "400 401 429 502 503",
     .operation = "start_translation_call",
     .about = "Calls both participants. Each hears the other's words translated, and the voice "
              "itself low behind them."},
};

static const char *const prefixes[] = {"/api/v1/voice/translation-calls", NULL};

const struct dialect stateset_translation = {
    STATESET_FOR_TENANTS,         .prefixes = prefixes,  .body_limit = 64 * 1024,
    .item = stateset_item,        .list = stateset_list, .refuse = refuse,
    .error_schema = error_schema, .routes = routes,      .nroutes = COUNT(routes),
};
