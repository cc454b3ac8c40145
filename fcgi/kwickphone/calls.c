#include <string.h>

#include "domain/calls.h"
#include "domain/number_calls.h"
#include "domain/turns.h"
#include "fcgi/kwickphone/kwickphone.h"

static const struct field call_fields[] = {
    /* clang-format off */
    FIELD(number_call, call_sid,         "id",             READ, .about = "Call SID; names the call in the paths below."),
    FIELD(number_call, number_seq,       "number_id",      READ, .wire = &wire_numbered, .prefix = "num_"),
    FIELD(number_call, number,           "phone_number",   READ),
    FIELD(number_call, caller,           "caller",         READ),
    FIELD(number_call, direction,        "direction",      READ),
    FIELD(number_call, state,            "status",         READ),
    FIELD(number_call, outcome,          "outcome",        READ),
    FIELD(number_call, duration_seconds, "duration_sec",   READ),
    FIELD(number_call, started_at,       "started_at",     READ, .wire = &wire_iso_seconds),
    FIELD(number_call, recording_count,  "has_recording",  READ, .wire = &wire_positive),
    FIELD(number_call, turn_count,       "has_transcript", READ, .wire = &wire_positive),
    /* clang-format on */
};

const struct view kwickphone_call_view = VIEW("Call", number_call_entity, call_fields);

bool kwickphone_list_calls(struct request *req)
{
    struct page page;
    struct rows calls;

    return read_page(req, &page) &&
           number_calls_list(&req->work, "kwickphone", page.size, page.skip, &calls) &&
           reply_rows(req, &kwickphone_call_view, &page, &calls);
}

static const struct spelling roles[] = {
    {"user", "caller"}, {"assistant", "agent"}, {"operator", "agent"}, {NULL, NULL}};

static const struct field turn_fields[] = {
    /* clang-format off */
    FIELD(turn, role,        "role",        READ, .wire = &wire_word, .spellings = roles),
    FIELD(turn, text,        "text",        READ, .about = "Of an interrupted answer: what was heard of it."),
    FIELD(turn, start_ms,    "start_ms",    READ, .about = "From the start of the conversation."),
    FIELD(turn, end_ms,      "end_ms",      READ),
    FIELD(turn, interrupted, "interrupted", READ),
    /* clang-format on */
};

static const struct view turn_view = VIEW("Turn", turn_entity, turn_fields);

struct transcript {
    const char *call_sid, *state;
    instant started_at;
    int64_t duration_seconds;
    struct rows turns;
};

static const struct column transcript_columns[] = {
    COLUMN(transcript, call_sid, NOT_NULL),
    COLUMN(transcript, state, NOT_NULL),
    COLUMN(transcript, started_at, NOT_NULL),
    COLUMN(transcript, duration_seconds, NULLABLE),
};

static const struct entity transcript_entity =
    ENTITY(transcript, "transcript", NULL, transcript_columns);

static const struct field transcript_fields[] = {
    /* clang-format off */
    FIELD(transcript, call_sid,         "call_sid",     READ),
    FIELD(transcript, state,            "status",       READ),
    FIELD(transcript, started_at,       "started_at",   READ, .wire = &wire_iso_seconds),
    FIELD(transcript, duration_seconds, "duration_sec", READ),
    ROWS(transcript,  turns,            "turns",        turn_view, READ),
    /* clang-format on */
};

const struct view kwickphone_transcript_view =
    VIEW("Transcript", transcript_entity, transcript_fields);

/* What was said between caller and agent; instructions and tools are nobody's words. */
static void keep_speech(struct rows *turns)
{
    struct turn *at = turns->at;
    size_t kept = 0;

    for (size_t i = 0; i < turns->count; i++)
        if (strcmp(at[i].role, "system") != 0 && strcmp(at[i].role, "tool") != 0)
            at[kept++] = at[i];
    turns->count = kept;
}

bool kwickphone_get_transcript(struct request *req)
{
    struct transcript transcript;
    struct call call;

    if (!call_by_sid(&req->work, request_path(req, "callSid"), &call) ||
        !turns_of_call(&req->work, call.id, &transcript.turns))
        return false;
    keep_speech(&transcript.turns);
    if (transcript.turns.count == 0)
        return fail(&req->work, NOT_FOUND, "There is no transcript of this call");
    transcript.call_sid = call.call_sid;
    transcript.state = call.state;
    transcript.started_at = call.started_at;
    transcript.duration_seconds = call.duration_seconds;
    return reply_row(req, 200, &kwickphone_transcript_view, &transcript);
}
