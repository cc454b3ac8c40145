#include <string.h>

#include "core/log.h"
#include "core/text.h"
#include "domain/call_state.h"
#include "domain/callbacks.h"
#include "domain/calls.h"
#include "domain/carrier_proof.h"
#include "domain/commands.h"
#include "domain/customer_callbacks.h"
#include "domain/customer_hooks.h"
#include "domain/customer_legs.h"
#include "domain/customer_sms.h"
#include "domain/events.h"
#include "domain/finalise.h"
#include "domain/handoffs.h"
#include "domain/human_legs.h"
#include "domain/recordings.h"
#include "domain/sessions.h"
#include "domain/sms.h"
#include "domain/words.h"

/* A callback that is being applied: its fields, its call, what came of it. */
struct applying {
    const struct carrier_callback *callback;
    struct form form;
    struct call call;
    const char *applied;
};

/*
 * The call that is meant; "applied" says orphan when there is none, and rejected when it is not the
 * proven tenant's or came from another carrier account.
 */
static bool find_call(struct work *work, struct applying *a)
{
    const char *sid = a->callback->call_sid, *account = form_text(&a->form, "AccountSid");
    uid key = callback_key(work, a->callback->url);
    int64_t proven = a->callback->tenant_id;
    bool found = !uid_is_none(key) && call_by_key_anywhere(work, key, &a->call);

    if (!found && !uid_is_none(key) && work->error.what != NOT_FOUND)
        return false;
    if (!found && !call_by_sid_anywhere(work, sid, &a->call)) {
        a->applied = "orphan";
        return work->error.what == NOT_FOUND;
    }
    if ((proven != NO_INTEGER && proven != a->call.tenant_id) ||
        (account && a->call.carrier_account_sid &&
         strcmp(account, a->call.carrier_account_sid) != 0)) {
        log_warning(work, "callback.rejected", "kind=%s call=%s", a->callback->kind, sid);
        a->applied = "rejected";
        return true;
    }
    return !word_sid(sid) || call_learn_sid(work, a->call.id, sid);
}

/* The carrier's verdicts as we keep them; what it may invent later is "unknown". */
static const char *answered_by(const struct form *form)
{
    static const char *const known[] = {
        "human", "machine_start", "machine_end_beep", "machine_end_silence", "machine_end_other",
        "fax"};
    const char *verdict = form_text(form, "AnsweredBy");

    for (size_t i = 0; verdict && i < COUNT(known); i++)
        if (strcmp(known[i], verdict) == 0)
            return known[i];
    return verdict ? "unknown" : NULL;
}

static instant time_of(const struct applying *a)
{
    const char *text = form_text(&a->form, "Timestamp");
    instant when;

    if (text && (instant_read_rfc2822(text, &when) || instant_read_iso(text, &when)))
        return when;
    return a->callback->received_at;
}

static bool apply_status(struct work *work, struct applying *a)
{
    struct call_news news = NO_NEWS;
    bool moved;

    news.state = call_state_of_carrier(form_text(&a->form, "CallStatus"));
    news.at = time_of(a);
    news.carrier_seq = a->callback->sequence_number;
    news.answered_by = answered_by(&a->form);
    news.duration_seconds = form_integer(&a->form, "CallDuration");
    if (news.state && strcmp(news.state, "failed") == 0)
        news.end_reason = "carrier_error";
    news.error_code = word_ascii(&work->arena, form_text(&a->form, "ErrorCode"), 48);
    news.error_message = form_text(&a->form, "ErrorMessage");
    if (!news.state) {
        a->applied = "rejected";
        return true;
    }
    if (!call_apply(work, a->call.id, &news, &moved) ||
        !customer_tell_status(work, &a->call, &a->form, a->callback->id))
        return false;
    a->applied = moved ? "applied" : "late";
    return !call_state_is_terminal(news.state) ||
           (call_finalise(work, a->call.id, NULL) && human_leg_ended(work, &a->call) &&
            human_leg_cancel(work, &a->call));
}

/* Whoever talks in the call learns who answered; a call that nobody talks in need not. */
static bool tell_session(struct work *work, uid call, const char *verdict)
{
    struct session_command command = {.kind = "amd", .call_id = call, .created_by = "carrier"};
    struct error before = work->error;
    struct voice_session session;

    if (session_of_call(work, call, &session)) {
        command.session_id = session.id;
        command.args.json = arena_format(&work->arena, "{\"answered_by\":\"%s\"}", verdict);
        if (command_order(work, &command))
            return true;
    }
    if (work->error.what != NOT_FOUND && work->error.what != WRONG_STATE)
        return false;
    work->error = before;
    return true;
}

static bool apply_amd(struct work *work, struct applying *a)
{
    struct call_news news = NO_NEWS;

    news.answered_by = answered_by(&a->form);
    return call_apply(work, a->call.id, &news, NULL) &&
           customer_tell_amd(work, &a->call, &a->form, a->callback->id) &&
           (!news.answered_by || tell_session(work, a->call.id, news.answered_by));
}

static bool note_recording(struct work *work, struct applying *a)
{
    static const struct {
        const char *theirs, *ours;
    } words[] = {{"in-progress", "recording"},
                 {"completed", "available"},
                 {"absent", "absent"},
                 {"failed", "failed"}};
    const char *status = form_text(&a->form, "RecordingStatus");
    int64_t seconds = form_integer(&a->form, "RecordingDuration");
    struct carrier_recording news = {
        .recording_sid = form_text(&a->form, "RecordingSid"),
        .url = form_text(&a->form, "RecordingUrl"),
        .error = form_text(&a->form, "ErrorCode"),
        .channels = form_integer(&a->form, "RecordingChannels"),
        .duration_ms = seconds == NO_INTEGER ? NO_INTEGER : seconds * 1000,
        .started_at = NO_INSTANT,
    };

    for (size_t i = 0; status && i < COUNT(words); i++)
        if (strcmp(words[i].theirs, status) == 0)
            news.status = words[i].ours;
    if (!news.status || !word_sid(news.recording_sid)) {
        a->applied = "rejected";
        return true;
    }
    instant_read_rfc2822(form_value(&a->form, "RecordingStartTime")
                             ? form_value(&a->form, "RecordingStartTime")
                             : "",
                         &news.started_at);
    return recording_note_carrier(work, a->call.id, &news);
}

static bool apply_recording(struct work *work, struct applying *a)
{
    return note_recording(work, a) &&
           customer_tell_recording(work, &a->call, &a->form, a->callback->id);
}

/* An event of the carrier's about a call, with the few fields that tell what it was. */
static bool put_event(struct work *work, const struct applying *a, const char *type,
                      const char *const *names, size_t count, const char *level)
{
    struct text payload = {.arena = &work->arena};
    struct call_event event = {
        .id = uid_new(),
        .call_id = a->call.id,
        .type = type,
        .level = level,
        .source = "carrier",
        .occurred_at = time_of(a),
    };

    text_char(&payload, '{');
    for (size_t i = 0; i < count; i++) {
        if (!form_text(&a->form, names[i]))
            continue;
        text_add(&payload, "%s\"%s\":", payload.length > 1 ? "," : "", names[i]);
        text_json(&payload, word_text(&work->arena, form_text(&a->form, names[i]), 500));
    }
    text_char(&payload, '}');
    event.payload.json = payload.at;
    return events_put(work, &event, 1);
}

static bool apply_stream(struct work *work, struct applying *a)
{
    static const char *const names[] = {"StreamEvent", "StreamSid", "StreamError"};
    const char *what = form_text(&a->form, "StreamEvent");
    bool failed = what && strcmp(what, "stream-error") == 0;

    return put_event(work, a, failed ? "error" : "stream.status", names, COUNT(names),
                     failed ? "error" : "debug");
}

/* Who left a conference ends the handoff that it was for. */
static bool apply_conference(struct work *work, struct applying *a)
{
    static const char *const names[] = {"StatusCallbackEvent", "ConferenceSid", "ParticipantLabel",
                                        "ReasonParticipantLeft"};
    const char *what = form_text(&a->form, "StatusCallbackEvent");
    const char *label = form_text(&a->form, "ParticipantLabel");
    const char *state = NULL;
    struct handoff handoff;

    if (what && strcmp(what, "participant-join") == 0 && label && strcmp(label, "human") == 0)
        state = "bridged";
    else if (what && strcmp(what, "conference-end") == 0)
        state = "completed";
    if (!put_event(work, a, "handoff.conference", names, COUNT(names), "info"))
        return false;
    if (!state)
        return true;
    if (!handoff_open(work, a->call.id, &handoff))
        return work->error.what == NOT_FOUND;
    return handoff_move(work, &handoff, state);
}

/*
 * A message that a customer's TwiML sent is told of on: also when it had that status already, since
 * who moved it may have died before telling.
 */
static bool tell_sms(struct work *work, const struct applying *a, bool moved)
{
    const struct sms_message like = {.message_sid = form_text(&a->form, "MessageSid")};
    columns by_sid =
        columns_add(NO_COLUMNS, &sms_message_entity, offsetof(struct sms_message, message_sid));
    struct sms_message message;

    if (!store_find(work, &sms_message_entity, &like, by_sid, &message))
        return work->error.what == NOT_FOUND;
    return (!moved && !sms_status_is(&message, form_text(&a->form, "MessageStatus"))) ||
           customer_sms_tell(work, &message, a->callback->id);
}

static bool apply_sms_status(struct work *work, struct applying *a)
{
    const char *status = form_text(&a->form, "MessageStatus");
    bool moved;

    if (!work->tenant) {
        a->applied = "orphan";
        return true;
    }
    if (!sms_apply_status(work, form_text(&a->form, "MessageSid"), status,
                          form_text(&a->form, "ErrorCode"), form_text(&a->form, "ErrorMessage"),
                          &moved)) {
        a->applied = work->error.what == NOT_FOUND ? "orphan" : "rejected";
        return work->error.what == NOT_FOUND || work->error.what == INVALID;
    }
    a->applied = moved ? "applied" : "late";
    return tell_sms(work, a, moved);
}

/* To a URL of ours in a customer's TwiML: we learn of it, and so does the customer. */
static bool apply_customer(struct work *work, struct applying *a)
{
    struct customer_hook hook;
    struct token token;

    a->applied = "rejected";
    if (!customer_hook_token(work, a->callback->url, &token))
        return work->error.what == UNAUTHENTICATED;
    if (!customer_hook_read(work, &token, &hook) || !call_get(work, hook.call_id, &a->call))
        return work->error.what == NOT_FOUND;
    a->applied = "applied";
    if (strcmp(hook.kind, "recording") == 0 && !note_recording(work, a))
        return false;
    if (strcmp(hook.kind, "status") == 0 &&
        !customer_leg_news(work, &a->call, &a->form, time_of(a)))
        return false;
    return customer_tell_hook(work, &hook, &a->form, a->callback->id);
}

static bool apply(struct work *work, struct applying *a)
{
    static const struct {
        const char *kind;
        bool (*apply)(struct work *work, struct applying *a);
    } ways[] = {{"status", apply_status},
                {"amd", apply_amd},
                {"recording", apply_recording},
                {"stream", apply_stream},
                {"other", apply_conference}};

    if (customer_hook_is_callback(a->callback->url))
        return apply_customer(work, a);
    if (strcmp(a->callback->kind, "sms_status") == 0)
        return apply_sms_status(work, a);
    for (size_t i = 0; i < COUNT(ways); i++)
        if (strcmp(ways[i].kind, a->callback->kind) == 0)
            return find_call(work, a) &&
                   (strcmp(a->applied, "applied") != 0 || ways[i].apply(work, a));
    return true;
}

/*
 * What is applied is made of statements that change nothing when they are repeated, so that a
 * process that dies before the last line leaves a callback which is simply applied again.
 */
bool callback_apply(struct work *work, struct carrier_callback *callback)
{
    struct applying a = {.callback = callback, .applied = "applied"};
    int64_t tenant = work->tenant;
    bool ok;

    if (strcmp(callback->applied, "new") != 0 && strcmp(callback->applied, "orphan") != 0)
        return true;
    ok = callback_form(work, callback, &a.form) && apply(work, &a);
    if (ok) {
        if (strcmp(a.applied, "rejected") == 0)
            work->tenant = tenant; /* it stays with whose account it came from */
        callback->applied = a.applied;
        ok = callback_settle(work, callback, a.applied, NO_INTEGER);
    }
    work->tenant = tenant;
    return ok;
}
