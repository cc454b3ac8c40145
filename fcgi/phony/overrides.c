/*
 * A supervisor's hand on a call.
 */
#include <stdio.h>
#include <string.h>

#include "core/json.h"
#include "domain/call_state.h"
#include "domain/sessions.h"
#include "domain/supervision.h"
#include "fcgi/phony/calls.h"

/* ---- what is ordered ---- */

struct override {
    const char *call_sid;
    const char *note; /* what is said, pressed or answered */
    const char *target;
};

static const struct column override_columns[] = {
    COLUMN(override, call_sid, NOT_NULL, .max = 64),
    COLUMN(override, note, NULLABLE),
    COLUMN(override, target, NULLABLE),
};

static const struct entity override_entity = ENTITY(override, "override", NULL, override_columns);

static const char *text_of(json_object *in)
{
    return json_object_is_type(in, json_type_string) ? json_object_get_string(in) : "";
}

static size_t characters(const char *text)
{
    size_t count = 0;

    for (; *text; text++)
        count += (*text & 0xC0) != 0x80;
    return count;
}

static const char *parse_words(json_object *in, size_t most, const char *expected, void *cell)
{
    const char *text = text_of(in);

    if (!text[strspn(text, " \t\r\n")] || characters(text) > most)
        return expected;
    *(const char **)cell = text;
    return NULL;
}

static const char *parse_text(struct request *req, const struct field *field, json_object *in,
                              void *cell)
{
    (void)req, (void)field;
    return parse_words(in, 2000, "a text of 1 to 2000 characters", cell);
}

static const char *parse_response(struct request *req, const struct field *field, json_object *in,
                                  void *cell)
{
    (void)req, (void)field;
    return parse_words(in, 4000, "a text of 1 to 4000 characters", cell);
}

static const char *parse_digits(struct request *req, const struct field *field, json_object *in,
                                void *cell)
{
    const char *digits = text_of(in);
    size_t length = strlen(digits);

    (void)req, (void)field;
    if (!length || length > 32 || strspn(digits, "0123456789*#w") != length)
        return "1 to 32 keys of 0-9, * and #; w waits";
    *(const char **)cell = digits;
    return NULL;
}

static bool is_sip(const char *target)
{
    size_t scheme = strncmp(target, "sip:", 4) == 0 ? 4 : strncmp(target, "sips:", 5) == 0 ? 5 : 0;
    size_t length = strlen(target);

    return scheme && length >= scheme + 3 && length <= 200 && strcspn(target, " \t\r\n") == length;
}

/* A number with or without a plus sign, as the contract has it, or a SIP address. */
static const char *parse_target(struct request *req, const struct field *field, json_object *in,
                                void *cell)
{
    const char *target = text_of(in), *digits = target + (*target == '+');
    size_t length = strlen(digits);

    (void)field;
    if (is_sip(target)) {
        *(const char **)cell = target;
        return NULL;
    }
    if (length < 7 || length > 15 || strspn(digits, "0123456789") != length)
        return "a telephone number in E.164 form or a SIP address";
    *(const char **)cell = arena_format(&req->work.arena, "+%s", digits);
    return NULL;
}

static const struct wire text = {
    .parse = parse_text,
    .schema = "\"type\":\"string\",\"minLength\":1,\"maxLength\":2000",
};

static const struct wire response = {
    .parse = parse_response,
    .schema = "\"type\":\"string\",\"minLength\":1,\"maxLength\":4000",
};

static const struct wire digits = {
    .parse = parse_digits,
    .schema = "\"type\":\"string\",\"pattern\":\"^[0-9*#w]{1,32}$\"",
};

static const struct wire target = {
    .parse = parse_target,
    .schema = "\"type\":\"string\",\"pattern\":"
              "\"^(\\\\+?[0-9]{7,15}|sips?:[^\\\\s]{3,195})$\"",
};

/* clang-format off */
#define CALL_FIELD                                                                                 \
    FIELD(override, call_sid, "call_sid", CREATE | REQUIRED, .about = "A call's SID or a session_ id. callSid is the same.")

static const struct field text_fields[] = {CALL_FIELD, FIELD(override, note, "text", CREATE | REQUIRED, .wire = &text, .about = "Said to the caller in the agent's voice, at once.")};
static const struct field dtmf_fields[] = {CALL_FIELD, FIELD(override, note, "digit", CREATE | REQUIRED, .wire = &digits, .about = "One key, or several in their order.")};
static const struct field transfer_fields[] = {CALL_FIELD, FIELD(override, target, "target", CREATE | REQUIRED, .wire = &target)};
static const struct field end_fields[] = {CALL_FIELD};
static const struct field clarification_fields[] = {CALL_FIELD, FIELD(override, note, "response", CREATE | REQUIRED, .wire = &response)};
/* clang-format on */

static const struct view text_view = VIEW("OverrideText", override_entity, text_fields);
static const struct view dtmf_view = VIEW("OverrideDtmf", override_entity, dtmf_fields);
static const struct view transfer_view = VIEW("OverrideTransfer", override_entity, transfer_fields);
static const struct view end_view = VIEW("OverrideEnd", override_entity, end_fields);
static const struct view clarification_view =
    VIEW("OverrideClarification", override_entity, clarification_fields);

/* ---- what came of it ---- */

struct override_answer {
    const char *status, *message, *call_sid;
    uid command_id;
};

static const struct column answer_columns[] = {
    COLUMN(override_answer, status, NOT_NULL),
    COLUMN(override_answer, message, NOT_NULL),
    COLUMN(override_answer, call_sid, NOT_NULL),
    COLUMN(override_answer, command_id, NOT_NULL),
};

static const struct entity answer_entity =
    ENTITY(override_answer, "override's answer", NULL, answer_columns);

static const struct field answer_fields[] = {
    /* clang-format off */
    FIELD(override_answer, status,     "status",     READ, .about = "ok, or queued: the call's node has not taken it up within two seconds."),
    FIELD(override_answer, message,    "message",    READ),
    FIELD(override_answer, call_sid,   "call_sid",   READ),
    FIELD(override_answer, command_id, "command_id", READ, .wire = &wire_uuid),
    /* clang-format on */
};

static const struct view answer_view = VIEW("OverrideResult", answer_entity, answer_fields);

/* ---- ordering ---- */

/* The conversation of a call; one that has ended is another matter than one that never was. */
static bool find_live(struct request *req, const char *name, struct call *call,
                      struct voice_session *session)
{
    bool has_session;

    if (!phony_call(req, name, call))
        return false;
    has_session = session_of_call(&req->work, call->id, session);
    if (!has_session && req->work.error.what != NOT_FOUND)
        return false;
    if (has_session && session_is_live(session))
        return true;
    if (call_state_is_terminal(call->state) ||
        (has_session && session_state_rank(session->state) > RANK_LIVE))
        return fail(&req->work, WRONG_STATE, "The call has ended");
    return fail(&req->work, NOT_FOUND, "The call has no conversation yet");
}

/* Who was faster than the order has ended the call; the gate speaks of its own fields. */
static bool refuse_order(struct request *req)
{
    if (strcmp(req->work.error.field, "to") == 0)
        snprintf(req->work.error.field, sizeof req->work.error.field, "target");
    return req->work.error.what == NOT_FOUND && fail(&req->work, WRONG_STATE, "The call has ended");
}

/* Clients of an older spelling write callSid. */
static void respell(struct request *req)
{
    json_object *older = json_member(req->json, "callSid");

    if (older && !json_member(req->json, "call_sid"))
        json_object_object_add(req->json, "call_sid", json_object_get(older));
}

static bool act(struct request *req, const char *action, const char *message)
{
    struct voice_session session;
    struct supervised done;
    struct override given;
    struct call call;
    columns set;

    row_clear(&override_entity, &given);
    respell(req);
    if (!read_body(req, req->route->in, CREATE, &given, &set))
        return false;
    if (!find_live(req, given.call_sid, &call, &session))
        return false;
    const struct supervision wanted = {
        .action = action,
        .origin = "phony",
        .supervisor = req->caller.label,
        .note = given.note,
        .target = given.target,
    };
    if (!supervision_order(&req->work, &session, &wanted, &done))
        return refuse_order(req);
    return reply_row(req, 200, &answer_view,
                     &(struct override_answer){
                         .status = done.is_queued ? "queued" : "ok",
                         .message = done.is_queued ? "Queued" : message,
                         .call_sid = call.call_sid,
                         .command_id = done.command,
                     });
}

static bool override_text(struct request *req)
{
    return act(req, "say", "Text is being said to the caller");
}

static bool override_dtmf(struct request *req)
{
    return act(req, "dtmf", "Digits sent");
}

static bool override_transfer(struct request *req)
{
    return act(req, "transfer", "Call is being transferred");
}

static bool override_end(struct request *req)
{
    return act(req, "end", "Call is ending");
}

static bool override_clarification(struct request *req)
{
    return act(req, "clarify", "Answer passed on to the agent");
}

/* ---- the dialect's part ---- */

#define OVERRIDE .flags = IDEMPOTENT | LONG, .answers = "400 401 403 404 409 429 500 503"

static const struct route routes[] = {
    /* clang-format off */
    {"POST /api/override/text", "supervisor:write", override_text, &text_view, &answer_view, "Say something to the caller",
     OVERRIDE, .operation = "overrideText",
     .about = "What the agent is saying is cut off; a question that waits for clarification is settled by it. Unknown calls and calls without a conversation yet: 404. Ended ones: 409."},
    {"POST /api/override/dtmf", "supervisor:write", override_dtmf, &dtmf_view, &answer_view, "Press keys",
     OVERRIDE, .operation = "overrideDtmf"},
    {"POST /api/override/transfer", "supervisor:write", override_transfer, &transfer_view, &answer_view, "Pass the caller on",
     OVERRIDE, .operation = "overrideTransfer",
     .about = "The agent ends its sentence, then the target is dialled. A target that the tenant may not call: 403."},
    {"POST /api/override/end", "supervisor:write", override_end, &end_view, &answer_view, "End a call",
     OVERRIDE, .operation = "overrideEnd",
     .about = "The agent says its farewell, if it has one. A call that has ended already: 409."},
    {"POST /api/override/clarification", "supervisor:write", override_clarification, &clarification_view, &answer_view, "Answer the agent's question",
     OVERRIDE, .operation = "overrideClarification",
     .about = "To a call.updated with event supervisor.question. 400 when no question is open."},
    /* clang-format on */
};

static const char *const prefixes[] = {"/api/override", NULL};

const struct dialect phony_overrides = {
    PHONY_PART,
    .prefixes = prefixes,
    .routes = routes,
    .nroutes = COUNT(routes),
};
