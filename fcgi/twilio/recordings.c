/*
 * Recordings of calls: what is known of them, and their sound.
 */
#include "domain/recordings.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "domain/call_names.h"
#include "domain/call_records.h"
#include "domain/calls.h"
#include "domain/customer_callbacks.h"
#include "domain/recording_orders.h"
#include "domain/tenants.h"
#include "fcgi/recording.h"
#include "fcgi/twilio/twilio.h"

/* A recording as it is shown. */
struct shown {
    uid id; /* of the row, for the links of lists */
    const char *sid, *call_sid, *status, *source, *track;
    int64_t duration_seconds, channels, error_code;
    double no_price; /* what the carrier takes for one is not asked for */
    instant created_at, updated_at, started_at;
};

static const char *const states[] = {"in-progress", "processing", "completed",
                                     "absent",      "deleted",    NULL};
static const char *const sources[] = {"OutboundAPI", "RecordVerb", "StartCallRecordingAPI", NULL};

static const struct column columns_of_shown[] = {
    COLUMN(shown, id, NOT_NULL),
    COLUMN(shown, sid, NOT_NULL),
    COLUMN(shown, call_sid, NOT_NULL),
    COLUMN(shown, status, NOT_NULL, .one_of = states),
    COLUMN(shown, source, NOT_NULL, .one_of = sources),
    COLUMN(shown, track, NULLABLE),
    COLUMN(shown, duration_seconds, NULLABLE),
    COLUMN(shown, channels, NOT_NULL),
    COLUMN(shown, error_code, NULLABLE),
    COLUMN(shown, no_price, NULLABLE),
    COLUMN(shown, created_at, NOT_NULL),
    COLUMN(shown, updated_at, NOT_NULL),
    COLUMN(shown, started_at, NULLABLE),
};

static const struct entity shown_entity = ENTITY(shown, "recording", NULL, columns_of_shown);

/* Where its sound is; as an absolute link, which clients fetch as it stands. */
static void render_media(struct request *req, struct text *out, const struct field *field,
                         const void *cell, const void *row)
{
    const char *path = arena_format(&req->work.arena, "/2010-04-01/Accounts/%s/Recordings/%s.mp3",
                                    req->tenant->account_sid, *(const char *const *)cell);

    (void)field, (void)row;
    text_json(out, twilio_absolute(req, path));
}

static const struct wire media = {render_media, NULL, "\"type\":\"string\",\"format\":\"uri\"",
                                  false};

#define RECORDING_URI "/2010-04-01/Accounts/{AccountSid}/Recordings/*"

/* clang-format off */
#define COMMON_FIELDS                                                                              \
    FIELD(shown, sid,              "sid",                READ),                                    \
    FIELD(shown, sid,              "account_sid",        READ, .wire = &twilio_account_sid),       \
    FIELD(shown, sid,              "api_version",        READ, .wire = &twilio_version),                  \
    FIELD(shown, call_sid,         "call_sid",           READ),                                    \
    FIELD(shown, track,            "conference_sid",     READ, .wire = &twilio_nothing),           \
    FIELD(shown, created_at,       "date_created",       READ, .wire = &wire_rfc2822),             \
    FIELD(shown, updated_at,       "date_updated",       READ, .wire = &wire_rfc2822),             \
    FIELD(shown, started_at,       "start_time",         READ, .wire = &wire_rfc2822),             \
    FIELD(shown, duration_seconds, "duration",           READ, .wire = &wire_digits, .about = "Seconds."), \
    FIELD(shown, track,            "price_unit",         READ, .wire = &twilio_nothing),           \
    FIELD(shown, status,           "status",             READ),                                    \
    FIELD(shown, channels,         "channels",           READ),                                    \
    FIELD(shown, source,           "source",             READ),                                    \
    FIELD(shown, error_code,       "error_code",         READ),                                    \
    FIELD(shown, track,            "encryption_details", READ, .wire = &twilio_nothing)

static const struct field call_recording_fields[] = {
    COMMON_FIELDS,
    FIELD(shown, no_price,         "price",              READ),
    FIELD(shown, track,            "track",              READ),
    FIELD(shown, sid,              "uri",                READ, .wire = &twilio_uri, .prefix = RECORDING_URI ".json"),
};

static const struct field recording_fields[] = {
    COMMON_FIELDS,
    FIELD(shown, track,            "price",              READ, .wire = &twilio_nothing),
    FIELD(shown, sid,              "uri",                READ, .wire = &twilio_uri, .prefix = RECORDING_URI ".json"),
    FIELD(shown, sid,              "subresource_uris",   READ, .wire = &twilio_uris, .prefix = "media=" RECORDING_URI ".mp3"),
    FIELD(shown, sid,              "media_url",          READ, .wire = &media),
};
/* clang-format on */

const struct view twilio_call_recording_view =
    VIEW("CallRecording", shown_entity, call_recording_fields);
const struct view twilio_recording_view = VIEW("Recording", shown_entity, recording_fields);

/* ---- from our rows ---- */

/* One that failed is one that there is not. */
static const char *status_of(const struct recording *recording)
{
    static const struct {
        const char *ours, *theirs;
    } words[] = {
        {"recording", "in-progress"}, {"processing", "processing"}, {"available", "completed"},
        {"absent", "absent"},         {"deleted", "deleted"},
    };

    for (size_t i = 0; i < COUNT(words); i++)
        if (strcmp(words[i].ours, recording->status) == 0)
            return words[i].theirs;
    return "absent";
}

/* What the carrier records it was asked to with the call, or by a <Record> of ours. */
static const char *source_of(const struct recording *recording, const struct call *call)
{
    if (strcmp(recording->source, "bridge") == 0)
        return "StartCallRecordingAPI";
    return strcmp(call->origin, "twilio") == 0 ? "OutboundAPI" : "RecordVerb";
}

static int64_t error_code_of(const struct recording *recording)
{
    const char *error = recording->error;
    size_t length = error ? strlen(error) : 0;

    if (!length || length > 6 || strspn(error, "0123456789") != length)
        return NO_INTEGER;
    return strtoll(error, NULL, 10);
}

static struct shown show(struct request *req, const struct recording *recording,
                         const struct call *call)
{
    char sid[SID_SIZE];

    sid_write("RE", recording->id, sid);
    return (struct shown){
        .id = recording->id,
        .sid =
            recording->recording_sid ? recording->recording_sid : arena_text(&req->work.arena, sid),
        .call_sid = call->call_sid,
        .status = status_of(recording),
        .source = source_of(recording, call),
        .track = "both",
        .duration_seconds = recording->duration_ms == NO_INTEGER
                                ? NO_INTEGER
                                : (recording->duration_ms + 999) / 1000,
        .channels = recording->channels,
        .error_code = error_code_of(recording),
        .no_price = NAN,
        .created_at = recording->created_at,
        .updated_at = recording->updated_at,
        .started_at = recording->started_at,
    };
}

/* ---- lists ---- */

#define A_DATE "\"type\":\"string\",\"format\":\"date\""

const struct query_parameter twilio_recording_filters[] = {
    {"DateCreated", A_DATE, "Only recordings that were begun on that day.", NULL},
    {"DateCreated<", A_DATE, "Only recordings that were begun before.", NULL},
    {"DateCreated>", A_DATE, "Only recordings that were begun then or later.", NULL},
    TWILIO_PAGING,
    {NULL, NULL, NULL, NULL},
};

static bool list_of_call(struct request *req, const struct call *call, instant since,
                         instant before, struct page *page, struct rows *rows)
{
    const struct param params[] = {PARAM(since), PARAM(since), PARAM(before), PARAM(before)};
    struct recording like = {.call_id = call->id};
    columns by_call =
        columns_add(NO_COLUMNS, &recording_entity, offsetof(struct recording, call_id));

    page->where = "status <> 'deleted' AND (? IS NULL OR created_at >= ?)"
                  " AND (? IS NULL OR created_at < ?)";
    page->params = params;
    page->nparams = COUNT(params);
    return store_list(&req->work, &recording_entity, &like, by_call, page, rows);
}

bool twilio_list_call_recordings(struct request *req)
{
    struct call_record record;
    instant since, before;
    struct rows rows, all;
    struct page page;
    struct shown *shown;
    struct call call;

    if (!read_page(req, &page) || !twilio_read_span(req, "DateCreated", &since, &before) ||
        !call_record_find(&req->work, request_path(req, "CallSid"), &record) ||
        !call_get(&req->work, record.id, &call) ||
        !list_of_call(req, &call, since, before, &page, &rows))
        return false;
    shown = arena_new(&req->work.arena, struct shown, rows.count ? rows.count : 1);
    for (size_t i = 0; i < rows.count; i++)
        shown[i] = show(req, (const struct recording *)rows.at + i, &call);
    all = (struct rows){shown, rows.count};
    return reply_rows(req, &twilio_call_recording_view, &page, &all);
}

/* ---- beginning one ---- */

/* How a call is to be recorded. */
struct wish {
    const char *channels, *track, *trim, *callback, *callback_method;
    document callback_event;
};

static const char *const channels[] = {"mono", "dual", NULL};
static const char *const tracks[] = {"inbound", "outbound", "both", NULL};
static const char *const trims[] = {"trim-silence", "do-not-trim", NULL};
static const char *const methods[] = {"GET", "POST", NULL};

static const struct column columns_of_wish[] = {
    COLUMN(wish, channels, NULLABLE, .one_of = channels),
    COLUMN(wish, track, NULLABLE, .one_of = tracks),
    COLUMN(wish, trim, NULLABLE, .one_of = trims),
    COLUMN(wish, callback, NULLABLE),
    COLUMN(wish, callback_method, NULLABLE, .one_of = methods),
    COLUMN(wish, callback_event, NULLABLE, .max = 500),
};

static const struct entity wish_entity = ENTITY(wish, "recording", NULL, columns_of_wish);

static const struct field wish_fields[] = {
    /* clang-format off */
    FIELD(wish, callback_event,  "recording_status_callback_event",  CREATE, .wire = &twilio_list),
    FIELD(wish, callback,        "recording_status_callback",        CREATE),
    FIELD(wish, callback_method, "recording_status_callback_method", CREATE),
    FIELD(wish, trim,            "trim",                             CREATE),
    FIELD(wish, channels,        "recording_channels",               CREATE),
    FIELD(wish, track,           "recording_track",                  CREATE),
    /* clang-format on */
};

const struct view twilio_recording_order_view =
    VIEW("CallRecordingCreate", wish_entity, wish_fields);

/* Where the customer wants to hear of it is noted with the call's other wishes. */
static bool note_callback(struct request *req, struct call *call, const struct wish *wish)
{
    const struct customer_wishes wishes = {
        .recording_url = wish->callback,
        .recording_method = wish->callback_method,
        .recording_events = twilio_words(req, wish->callback_event),
    };

    return !wish->callback || customer_redirect(&req->work, call, &wishes, 0);
}

bool twilio_create_call_recording(struct request *req)
{
    struct recording recording;
    struct call_record record;
    struct shown shown;
    struct wish wish;
    struct call call;
    columns given;
    bool begun;

    row_clear(&wish_entity, &wish);
    if (!read_body(req, &twilio_recording_order_view, CREATE, &wish, &given) ||
        !call_record_find(&req->work, request_path(req, "CallSid"), &record) ||
        !call_get(&req->work, record.id, &call) || !note_callback(req, &call, &wish) ||
        !recording_order(&req->work, &call,
                         &(struct recording_wish){wish.channels, wish.track, wish.trim}, &recording,
                         &begun))
        return false;
    shown = show(req, &recording, &call);
    return reply_row(req, begun ? 201 : 200, &twilio_call_recording_view, &shown);
}

/* ---- one ---- */

const struct query_parameter twilio_recording_query[] = {
    {"IncludeSoftDeleted", "\"type\":\"boolean\"", "Whether a deleted one is shown, too.", NULL},
    {NULL, NULL, NULL, NULL},
};

const struct query_parameter twilio_media_query[] = {
    {"range", "\"type\":\"string\"", "A part of the recording: bytes=0-499.", "header"},
    {NULL, NULL, NULL, NULL},
};

static bool no_such_recording(struct request *req)
{
    return fail(&req->work, NOT_FOUND, "There is no such recording");
}

bool twilio_get_recording(struct request *req)
{
    const char *deleted = request_query(req, "IncludeSoftDeleted");
    struct recording recording;
    struct shown shown;
    struct call call;

    if (!recording_by_sid(&req->work, request_path(req, "Sid"), &recording))
        return false;
    if (strcmp(recording.status, "deleted") == 0 && (!deleted || strcmp(deleted, "true") != 0))
        return no_such_recording(req);
    if (!call_get(&req->work, recording.call_id, &call))
        return false;
    shown = show(req, &recording, &call);
    return reply_row(req, 200, &twilio_recording_view, &shown);
}

bool twilio_delete_recording(struct request *req)
{
    struct recording recording;

    if (!recording_by_sid(&req->work, request_path(req, "Sid"), &recording))
        return false;
    if (strcmp(recording.status, "deleted") == 0)
        return no_such_recording(req);
    return recording_erase(&req->work, &recording,
                           req->caller.label ? req->caller.label : "twilio") &&
           reply_empty(req, 204);
}

bool twilio_get_recording_media(struct request *req)
{
    static const char refusal[] =
        "{\"code\":20001,\"message\":\"The recording has no such part\","
        "\"more_info\":\"https://www.twilio.com/docs/errors/20001\",\"status\":416}";
    struct recording recording;

    if (!recording_by_sid(&req->work, request_path(req, "Sid"), &recording))
        return false;
    if (strcmp(recording.status, "available") != 0)
        return no_such_recording(req);
    return reply_sound(req, &recording, refusal);
}
