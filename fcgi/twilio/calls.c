/*
 * Calls as they are looked at and listed.
 */
#include <string.h>

#include "core/e164.h"
#include "domain/call_records.h"
#include "domain/call_state.h"
#include "domain/calls.h"
#include "domain/hang_up.h"
#include "domain/words.h"
#include "fcgi/twilio/twilio.h"

/* ---- how a call is spelled ---- */

static void render_state(struct request *req, struct text *out, const struct field *field,
                         const void *cell, const void *row)
{
    (void)req, (void)field, (void)row;
    text_json(out, call_state_word(CALL_AS_TWILIO, *(const char *const *)cell, false));
}

#define STATES                                                                                     \
    "\"type\":\"string\",\"enum\":[\"queued\",\"ringing\",\"in-progress\",\"completed\",\"busy\"," \
    "\"failed\",\"no-answer\",\"canceled\"]"

static const struct wire state = {render_state, NULL, STATES, false};

/* A leg that another call made is one that was dialled in it. */
static void render_direction(struct request *req, struct text *out, const struct field *field,
                             const void *cell, const void *row)
{
    const struct call_record *record = row;

    (void)req, (void)field;
    if (strcmp(*(const char *const *)cell, "inbound") == 0)
        text_put(out, "\"inbound\"");
    else
        text_put(out, record->parent_call_sid ? "\"outbound-dial\"" : "\"outbound-api\"");
}

static const struct wire direction = {
    render_direction, NULL,
    "\"type\":\"string\",\"enum\":[\"inbound\",\"outbound-api\",\"outbound-dial\"]", false};

/* "(312) 555-0100" of a North American number; the rest as it is. */
static void render_formatted(struct request *req, struct text *out, const struct field *field,
                             const void *cell, const void *row)
{
    const char *number = *(const char *const *)cell;

    (void)field, (void)row;
    if (strncmp(number, "+1", 2) == 0 && strlen(number) == 12)
        number =
            arena_format(&req->work.arena, "(%.3s) %.3s-%s", number + 2, number + 5, number + 8);
    text_json(out, number);
}

static const struct wire formatted = {render_formatted, NULL, "\"type\":\"string\"", false};

/* What a call costs is taken from a balance: "-0.01300". */
static void render_price(struct request *req, struct text *out, const struct field *field,
                         const void *cell, const void *row)
{
    int64_t hundred_thousandths = (*(const int64_t *)cell + 5) / 10;

    (void)req, (void)field, (void)row;
    text_add(out, "\"%s%lld.%05lld\"", hundred_thousandths > 0 ? "-" : "",
             (long long)(hundred_thousandths / 100000), (long long)(hundred_thousandths % 100000));
}

static const struct wire price = {render_price, NULL, "\"type\":\"string\"", false};

#define CALL_URI "/2010-04-01/Accounts/{AccountSid}/Calls/*"

static const struct field call_fields[] = {
    /* clang-format off */
    FIELD(call_record, call_sid,             "sid",              READ),
    FIELD(call_record, started_at,           "date_created",     READ, .wire = &wire_rfc2822),
    FIELD(call_record, updated_at,           "date_updated",     READ, .wire = &wire_rfc2822),
    FIELD(call_record, parent_call_sid,      "parent_call_sid",  READ),
    FIELD(call_record, call_sid,             "account_sid",      READ, .wire = &twilio_account_sid),
    FIELD(call_record, to_addr,              "to",               READ),
    FIELD(call_record, to_addr,              "to_formatted",     READ, .wire = &formatted),
    FIELD(call_record, from_addr,            "from",             READ),
    FIELD(call_record, from_addr,            "from_formatted",   READ, .wire = &formatted),
    FIELD(call_record, number_sid,           "phone_number_sid", READ),
    FIELD(call_record, state,                "status",           READ, .wire = &state),
    FIELD(call_record, talk_at,              "start_time",       READ, .wire = &wire_rfc2822, .about = "When it was answered; the end of one that nobody answered."),
    FIELD(call_record, ended_at,             "end_time",         READ, .wire = &wire_rfc2822),
    FIELD(call_record, duration_seconds,     "duration",         READ, .wire = &wire_digits, .about = "Seconds from the answer to the end."),
    FIELD(call_record, carrier_price_micros, "price",            READ, .wire = &price, .about = "What the carrier took for it, negative; known some time after the end."),
    FIELD(call_record, currency,             "price_unit",       READ),
    FIELD(call_record, direction,            "direction",        READ, .wire = &direction),
    FIELD(call_record, answered_by,          "answered_by",      READ),
    FIELD(call_record, call_sid,             "api_version",      READ, .wire = &twilio_version),
    FIELD(call_record, forwarded_from,       "forwarded_from",   READ),
    FIELD(call_record, parent_call_sid,      "group_sid",        READ, .wire = &twilio_nothing),
    FIELD(call_record, caller_name,          "caller_name",      READ),
    FIELD(call_record, parent_call_sid,      "queue_time",       READ, .wire = &twilio_nothing),
    FIELD(call_record, parent_call_sid,      "trunk_sid",        READ, .wire = &twilio_nothing),
    FIELD(call_record, call_sid,             "uri",              READ, .wire = &twilio_uri, .prefix = CALL_URI ".json"),
    FIELD(call_record, call_sid,             "subresource_uris", READ, .wire = &twilio_uris, .prefix = "recordings=" CALL_URI "/Recordings.json"),
    /* clang-format on */
};

const struct view twilio_call_view = VIEW("Call", call_record_entity, call_fields);

/* ---- filters ---- */

#define A_TIME "\"type\":\"string\",\"format\":\"date-time\""

const struct query_parameter twilio_call_filters[] = {
    {"To", "\"type\":\"string\"", "Only calls to this number.", NULL},
    {"From", "\"type\":\"string\"", "Only calls from this number.", NULL},
    {"ParentCallSid", "\"type\":\"string\"", "Only legs that were dialled in this call.", NULL},
    {"Status", STATES, NULL, NULL},
    {"StartTime", A_TIME, "Only calls that began on the day of this time.", NULL},
    {"StartTime<", A_TIME, "Only calls that began before.", NULL},
    {"StartTime>", A_TIME, "Only calls that began then or later.", NULL},
    {"EndTime", A_TIME, "Only calls that ended on the day of this time.", NULL},
    {"EndTime<", A_TIME, "Only calls that ended before.", NULL},
    {"EndTime>", A_TIME, "Only calls that ended then or later.", NULL},
    TWILIO_PAGING,
    {NULL, NULL, NULL, NULL},
};

/* A number in the spelling of the rows, whatever else as it is; a bare "+" arrives as a space. */
static const char *number_in(struct request *req, const char *name)
{
    const char *text = request_query(req, name);
    char number[E164_SIZE];

    if (!text || !*text)
        return NULL;
    if (*text == ' ')
        text = arena_format(&req->work.arena, "+%s", text + 1);
    return e164_read(text, NULL, number) ? arena_text(&req->work.arena, number) : text;
}

static bool read_status(struct request *req, struct call_record_filter *filter)
{
    const char *word = request_query(req, "Status");

    if (!word || !*word)
        return true;
    filter->status = word;
    for (size_t i = 0; call_states[i]; i++)
        if (strcmp(call_state_word(CALL_AS_TWILIO, call_states[i], false), word) == 0)
            return true;
    return fail_field(&req->work, "Status", "Status must be that of a call");
}

/* A parent that is not there has no legs: its own key is nobody's parent. */
static bool read_parent(struct request *req, struct call_record_filter *filter)
{
    const char *sid = request_query(req, "ParentCallSid");
    struct call parent;

    if (!sid || !*sid)
        return true;
    if (!word_sid(sid))
        return fail_field(&req->work, "ParentCallSid", "ParentCallSid must be the SID of a call");
    if (call_by_sid(&req->work, sid, &parent)) {
        filter->parent = parent.id;
        return true;
    }
    filter->parent = uid_new();
    return req->work.error.what == NOT_FOUND;
}

enum { DAY_MS = 24 * 60 * 60 * 1000 };

/* "2026-11-02", or a full time. */
static bool read_time(struct request *req, const char *name, instant *when)
{
    const char *text = request_query(req, name);

    *when = NO_INSTANT;
    if (!text || !*text)
        return true;
    return instant_read_iso(text, when) || instant_read_rfc2822(text, when) ||
           fail_field(&req->work, name, "%s must be a date or a time", name);
}

bool twilio_read_span(struct request *req, const char *name, instant *since, instant *before)
{
    instant day;

    if (!read_time(req, arena_format(&req->work.arena, "%s>", name), since) ||
        !read_time(req, arena_format(&req->work.arena, "%s<", name), before) ||
        !read_time(req, name, &day))
        return false;
    if (!instant_is_none(day)) {
        *since = instant_after(day, -(day.ms % DAY_MS));
        *before = instant_after(*since, DAY_MS);
    }
    return true;
}

bool twilio_list_calls(struct request *req)
{
    struct call_record_filter filter = ALL_CALL_RECORDS;
    struct page page;
    struct rows records;

    filter.from = number_in(req, "From");
    filter.to = number_in(req, "To");
    return read_page(req, &page) && read_status(req, &filter) && read_parent(req, &filter) &&
           twilio_read_span(req, "StartTime", &filter.talk_since, &filter.talk_before) &&
           twilio_read_span(req, "EndTime", &filter.ended_since, &filter.ended_before) &&
           call_records_list(&req->work, &filter, &page, &records) &&
           reply_rows(req, &twilio_call_view, &page, &records);
}

bool twilio_get_call(struct request *req)
{
    struct call_record record;

    return call_record_find(&req->work, request_path(req, "Sid"), &record) &&
           reply_row(req, 200, &twilio_call_view, &record);
}

/* Live: it is hung up and stays in the list.  Over: it goes from this API. */
bool twilio_delete_call(struct request *req)
{
    struct call_record record;
    struct call call;

    if (!call_record_find(&req->work, request_path(req, "Sid"), &record) ||
        !call_get(&req->work, record.id, &call))
        return false;
    if (call_state_is_terminal(call.state))
        return call_record_hide(&req->work, call.id) && reply_empty(req, 204);
    if (call_hang_up(&req->work, &call, HANG_UP_ANY, NULL))
        return reply_empty(req, 204);
    /* It ended by itself meanwhile. */
    return req->work.error.what == WRONG_STATE && reply_empty(req, 204);
}
