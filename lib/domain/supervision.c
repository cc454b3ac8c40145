#include "domain/supervision.h"

#include <string.h>
#include <time.h>

#include "core/log.h"
#include "core/text.h"
#include "domain/calls.h"
#include "domain/commands.h"
#include "domain/gate.h"
#include "domain/handoffs.h"
#include "domain/human_legs.h"
#include "domain/nodes.h"
#include "domain/taskrouter/links.h"
#include "domain/tickets.h"
#include "domain/words.h"
#include "remote/http.h"

enum { HINT_MS = 250, LONGEST_NOTE = 4000, LONGEST_CONTEXT = 32 * 1024 };

/* An order on its way. */
struct ordering {
    const struct supervision *wanted;
    const struct voice_session *session;
    struct call call;
    struct session_command command;
    struct handoff handoff;
    bool dials;
};

static bool is(const char *text, const char *word)
{
    return text && strcmp(text, word) == 0;
}

static bool is_blank(const char *text)
{
    return !text || !text[strspn(text, " \t\r\n")];
}

/* ---- what is wanted ---- */

static const struct need {
    const char *action;
    bool note, target; /* what it cannot do without */
    bool may_dial;
} needs[] = {
    {"monitor"},
    {"whisper", .note = true},
    {"barge", .may_dial = true},
    {"escalate", .target = true, .may_dial = true},
    {"transfer", .target = true, .may_dial = true},
    {"end"},
    {"say", .note = true},
    {"dtmf", .note = true},
    {"context", .note = true},
    {"clarify", .note = true},
};

static const struct need *need_of(const char *action)
{
    for (size_t i = 0; i < COUNT(needs); i++)
        if (is(action, needs[i].action))
            return &needs[i];
    return NULL;
}

/* Whoever is to be dialled passes the gate before anybody hears of it. */
static bool check_target(struct work *work, struct ordering *o)
{
    const struct call *call = &o->call;
    struct outward outward = {
        .channel = GATE_VOICE,
        .transfer = true,
        .from = is(call->direction, "inbound") ? call->to_addr : call->from_addr,
        .to = o->wanted->target,
    };

    if (o->wanted->human && o->wanted->human->from)
        outward.from = o->wanted->human->from;

    o->dials = true;
    return tr_is_target(o->wanted->target) || gate_check(work, &outward, NULL);
}

static bool check(struct work *work, struct ordering *o)
{
    const struct need *need = need_of(o->wanted->action);

    if (!need)
        return fail_field(work, "action", "There is no such action");
    if (need->note && is_blank(o->wanted->note))
        return fail_field(work, "note", "%s needs a note", need->action);
    if (need->target && is_blank(o->wanted->target))
        return fail_field(work, "target", "%s needs a target", need->action);
    if (!session_is_live(o->session) || o->session->node_id == NO_INTEGER)
        return fail(work, NOT_FOUND, "There is no live session of that name");
    if (!call_get(work, o->session->call_id, &o->call))
        return false;
    return !need->may_dial || is_blank(o->wanted->target) || check_target(work, o);
}

bool session_is_live(const struct voice_session *session)
{
    return is(session->state, "connecting") || is(session->state, "active") ||
           is(session->state, "draining");
}

/* ---- writing it down ---- */

static void add_member(struct text *text, const char *name, const char *value)
{
    if (!value)
        return;
    text_add(text, "%s\"%s\":", text->length > 1 ? "," : "", name);
    text_json(text, value);
}

static document arguments_of(struct work *work, const struct ordering *o)
{
    struct text text = {.arena = &work->arena};
    size_t longest = is(o->wanted->action, "context") ? LONGEST_CONTEXT : LONGEST_NOTE;

    text_char(&text, '{');
    add_member(&text, "text", word_text(&work->arena, o->wanted->note, longest));
    add_member(&text, "reason", word_text(&work->arena, o->wanted->reason, 500));
    add_member(&text, "target", o->dials ? o->wanted->target : NULL);
    add_member(&text, "supervisor", o->wanted->supervisor);
    text_char(&text, '}');
    return (document){text.at};
}

/* Supervisors who step in themselves are not announced, and cannot decline. */
static bool write_handoff(struct work *work, struct ordering *o)
{
    const struct supervision *wanted = o->wanted;
    const struct human_wish *human = wanted->human;

    o->handoff = (struct handoff){
        .call_id = o->call.id,
        .mode = is(wanted->action, "barge") || human ? "bridge"
                : wanted->warm                       ? "warm"
                                                     : "cold",
        .initiated_by =
            is(wanted->origin, "stateset") || is(wanted->origin, "console") ? "supervisor" : "api",
        .target = wanted->target,
        .reason = wanted->reason,
        .briefing = word_text(&work->arena, wanted->note, LONGEST_NOTE),
        .dial_from = human ? human->from : NULL,
        .ring_seconds = human ? human->ring_seconds : NO_INTEGER,
        .recorded = human && human->record,
    };
    return handoff_request(work, &o->handoff);
}

/* The stream's SID, or the one that is derived for a session that has none. */
static const char *stream_of(struct work *work, const struct voice_session *session)
{
    char *sid = arena_take(&work->arena, SID_SIZE, 1);

    if (session->stream_sid)
        return session->stream_sid;
    sid_write("MZ", session->id, sid);
    return sid;
}

static bool write_action(struct work *work, const struct ordering *o)
{
    const struct supervision *wanted = o->wanted;
    struct supervisor_action row;

    row_clear(&supervisor_action_entity, &row);
    row.id = uid_new();
    row.call_id = o->call.id;
    row.session_id = o->session->id;
    row.stream_sid = stream_of(work, o->session);
    row.call_sid = o->call.call_sid;
    row.action = is(wanted->action, "transfer") ? "escalate" : wanted->action;
    row.supervisor = wanted->supervisor ? wanted->supervisor : wanted->origin;
    row.origin = wanted->origin;
    row.target = word_ascii(&work->arena, wanted->target, 200);
    row.note = word_text(&work->arena, wanted->note, LONGEST_NOTE);
    row.reason = word_text(&work->arena, wanted->reason, 500);
    row.command_id = o->command.id;
    row.metadata = (document){"{}"};
    row.created_at = o->command.created_at;
    return store_insert(work, &supervisor_action_entity, &row,
                        columns_all(&supervisor_action_entity));
}

static bool write_step(struct work *work, void *with)
{
    struct ordering *o = with;

    o->command = (struct session_command){
        .session_id = o->session->id,
        .call_id = o->call.id,
        .kind = o->wanted->action,
        .args = arguments_of(work, o),
        .created_by = o->wanted->supervisor ? o->wanted->supervisor : o->wanted->origin,
    };
    return (!o->dials || write_handoff(work, o)) && command_order(work, &o->command) &&
           write_action(work, o);
}

/* ---- the node ---- */

/* Tells the node at once; false: nobody listens there.  That it cannot be told is no failure. */
static bool hint(struct work *work, const struct session_command *command)
{
    struct error error = work->error;
    struct http_header header = {.name = "X-Trunkline-Control"};
    struct http_request request = {.body = "{}",
                                   .length = 2,
                                   .content_type = "application/json",
                                   .headers = &header,
                                   .nheaders = 1,
                                   .deadline_ms = HINT_MS,
                                   .cut = true};
    struct http_answer answer;
    struct media_node node;
    char id[37];
    bool reached = true;

    uid_write_uuid(command->id, id);
    if (node_by_id(work, command->node_id, &node) && node.control_url &&
        strncmp(node.control_url, "http", 4) == 0) {
        const char *path = arena_format(&work->arena, "/control/commands/%s", id);

        header.value = control_signature(work, "POST", path, request.body);
        request.url = arena_format(&work->arena, "%s%s", node.control_url, path);
        reached = http_send(work, &request, &answer) || answer.end != HTTP_UNREACHED;
    }
    work->error = error;
    return reached;
}

static void sleep_until_ms(int64_t began_us, int at_ms)
{
    int64_t left_us = began_us + at_ms * 1000 - clock_monotonic_us();

    if (left_us > 0)
        nanosleep(
            &(struct timespec){.tv_sec = left_us / 1000000, .tv_nsec = left_us % 1000000 * 1000},
            NULL);
}

static bool is_settled(const struct session_command *command)
{
    return !is(command->state, "queued") && !is(command->state, "running");
}

/* Watches the row until something came of it, or two seconds are over. */
static bool watch(struct work *work, struct session_command *command)
{
    static const int at_ms[] = {20,  50,   100,  200,  300,  400,  500, 700,
                                900, 1100, 1300, 1500, 1700, 1850, 2000};
    int64_t began_us = clock_monotonic_us();
    uid id = command->id;

    for (size_t i = 0; i < COUNT(at_ms); i++) {
        sleep_until_ms(began_us, at_ms[i]);
        if (!command_find(work, id, command))
            return false;
        if (is_settled(command))
            return true;
    }
    return true;
}

/* ---- what came of it ---- */

/* Nothing will be dialled for an order that was not carried out. */
static bool call_off(struct work *work, struct ordering *o)
{
    struct error error = work->error;

    if (o->dials && !handoff_move(work, &o->handoff, "canceled"))
        log_warning(work, "handoff.not_canceled", "code=%s", failure_code(work->error.what));
    work->error = error;
    return false;
}

/* Its node is gone: nobody may carry it out later.  True when somebody has taken it after all. */
static bool give_up(struct work *work, struct ordering *o, bool *expired)
{
    return command_expire(work, o->command.id, expired) &&
           (!*expired || fail(work, BUSY, "The session's node is not there"));
}

/* What a node's refusal means to who has ordered. */
static enum failure failure_of(const char *error)
{
    if (is(error, COMMAND_OVER))
        return NOT_FOUND;
    return is(error, COMMAND_NO_QUESTION) ? INVALID : WRONG_STATE;
}

static bool wait_for_node(struct work *work, struct ordering *o)
{
    bool alive = true, expired = false;

    if (!hint(work, &o->command) && !give_up(work, o, &expired))
        return call_off(work, o);
    if (!watch(work, &o->command))
        return false;
    if (is(o->command.state, "queued") &&
        !node_is_alive(work, o->command.node_id, o->command.node_epoch, &alive))
        return false;
    if (!alive && !give_up(work, o, &expired))
        return call_off(work, o);
    if (is(o->command.state, "failed")) {
        fail(work, failure_of(o->command.error), "%s",
             o->command.error ? o->command.error : "It could not be done");
        return call_off(work, o);
    }
    return true;
}

/* A socket on which the session is heard, and for "barge" spoken on. */
static bool open_door(struct work *work, const struct ordering *o, struct supervised *done)
{
    const struct ticket ticket = {
        .role = "monitor",
        .call = o->call.id,
        .session = o->session->id,
        .mode = o->wanted->action,
        .by = o->wanted->supervisor ? o->wanted->supervisor : o->wanted->origin,
    };
    struct media_node node;

    if (!node_by_id(work, o->command.node_id, &node) ||
        !ticket_issue(work, &ticket, TICKET_LIFE_MS, &done->ticket))
        return false;
    done->url =
        arena_format(&work->arena, "%s?ticket=%s", node_monitor_url(work, &node), done->ticket);
    return true;
}

bool supervision_order(struct work *work, const struct voice_session *session,
                       const struct supervision *wanted, struct supervised *done)
{
    struct ordering o = {.wanted = wanted, .session = session};
    bool has_door =
        is(wanted->action, "monitor") || (is(wanted->action, "barge") && is_blank(wanted->target));

    *done = (struct supervised){.command = NO_UID};
    if (!check(work, &o) || !db_transaction(work, write_step, &o) || !wait_for_node(work, &o))
        return false;
    done->command = o.command.id;
    done->handoff = o.dials ? o.handoff.id : NO_UID;
    done->is_queued = !is_settled(&o.command);
    return !has_door || open_door(work, &o, done);
}
