#include "domain/taskrouter/instructions.h"

#include <string.h>
#include <strings.h>

#include "core/json.h"
#include "core/text.h"
#include "domain/numbers.h"
#include "domain/phone_routes.h"
#include "domain/taskrouter/checks.h"
#include "domain/taskrouter/tasks.h"
#include "domain/taskrouter/workflow.h"

enum { BAD_INSTRUCTION = 40001, RING_MOST_SECONDS = 999, RING_MOST_SIP_SECONDS = 600 };

static const char *const kinds[] = {
    [TR_NO_INSTRUCTION] = "",      [TR_ACCEPT] = "accept", [TR_REJECT] = "reject",
    [TR_DEQUEUE] = "dequeue",      [TR_CALL] = "call",     [TR_REDIRECT] = "redirect",
    [TR_CONFERENCE] = "conference"};

static bool bad(struct work *work, const char *what)
{
    fail_field(work, "instruction", "%s", what);
    work->error.detail = BAD_INSTRUCTION;
    return false;
}

void tr_instruction_begin(struct tr_instruction *instruction)
{
    *instruction = (struct tr_instruction){.timeout_seconds = NO_INTEGER};
}

bool tr_instruction_kind_read(struct work *work, const char *word, enum tr_instruction_kind *kind)
{
    for (size_t i = TR_ACCEPT; i < COUNT(kinds); i++)
        if (strcasecmp(kinds[i], word) == 0) {
            *kind = (enum tr_instruction_kind)i;
            return true;
        }
    return bad(work, strcasecmp(word, "supervise") == 0
                         ? "supervise is not possible: a caller and a worker talk in no conference"
                           " that a third may enter"
                         : "There is no such instruction");
}

bool tr_record_read(const char *word, bool *record)
{
    static const struct {
        const char *word;
        bool record;
    } words[] = {
        {"do-not-record", false},
        {"false", false},
        {"true", true},
        {"record-from-answer", true},
        {"record-from-start", true},
        {"record-from-answer-dual", true},
        {"record-from-ringing", true},
        {"record-from-ringing-dual", true},
    };

    for (size_t i = 0; i < COUNT(words); i++)
        if (word && strcasecmp(words[i].word, word) == 0) {
            *record = words[i].record;
            return true;
        }
    return false;
}

/* ---- JSON ---- */

static const char *copy_text(struct work *work, json_object *object, const char *name)
{
    const char *text = json_text(object, name);

    return text && *text ? arena_text(&work->arena, text) : NULL;
}

static bool read_activity(struct work *work, json_object *object, const char *name, uid *activity)
{
    const char *text = json_text(object, name);

    return !text || !*text || tr_sid_read(text, "WA", activity) ||
           bad(work, "An activity must be named by its SID");
}

/* A number may come as a text, and a truth as a word. */
static int64_t read_seconds(json_object *object, const char *name)
{
    json_object *member = json_member(object, name);

    return member ? json_object_get_int64(member) : NO_INTEGER;
}

/* "record" of most, and of a conference also "conference_record", which takes words alone. */
static bool read_record(struct work *work, json_object *object, struct tr_instruction *instruction)
{
    json_object *record = json_member(object, "record");
    const char *room = json_text(object, "conference_record");
    bool of_room = false;

    if (record && !tr_record_read(json_object_get_string(record), &instruction->record))
        return bad(work, "There is no such way to record");
    if (room && !tr_record_read(room, &of_room))
        return bad(work, "There is no such way to record a conference");
    instruction->record = instruction->record || of_room;
    return true;
}

static bool read_members(struct work *work, json_object *object, struct tr_instruction *instruction)
{
    json_object *accept = json_member(object, "accept");

    instruction->to = copy_text(work, object, "to");
    instruction->from = copy_text(work, object, "from");
    instruction->url = copy_text(work, object, "url");
    instruction->call_sid = copy_text(work, object, "call_sid");
    instruction->status_callback_url = copy_text(work, object, "status_callback_url");
    instruction->timeout_seconds = read_seconds(object, "timeout");
    instruction->accept = json_object_is_type(accept, json_type_boolean)
                              ? json_object_get_boolean(accept)
                              : accept && strcasecmp(json_object_get_string(accept), "true") == 0;
    return read_record(work, object, instruction) &&
           read_activity(work, object, "post_work_activity_sid",
                         &instruction->post_work_activity_id) &&
           read_activity(work, object, "activity_sid", &instruction->activity_id);
}

static bool read_tree(struct work *work, json_object *tree, struct tr_instruction *instruction)
{
    const char *word = json_text(tree, "instruction");

    if (!json_object_is_type(tree, json_type_object))
        return bad(work, "The answer is no JSON object");
    if (!word || !*word)
        return true;
    return tr_instruction_kind_read(work, word, &instruction->kind) &&
           read_members(work, tree, instruction);
}

bool tr_instruction_read(struct work *work, const char *answer, size_t length,
                         struct tr_instruction *instruction)
{
    json_object *tree;
    bool ok;

    tr_instruction_begin(instruction);
    if (strspn(answer, " \t\r\n") == length)
        return true;
    if (!json_read(work, answer, length, NULL, &tree))
        return bad(work, "The answer is no JSON");
    ok = read_tree(work, tree, instruction);
    json_object_put(tree);
    return ok;
}

static void add_text(struct text *text, const char *name, const char *value)
{
    if (!value)
        return;
    text_add(text, ",\"%s\":", name);
    text_json(text, value);
}

char *tr_instruction_write(struct work *work, const struct tr_instruction *instruction)
{
    struct text text = {.arena = &work->arena};

    text_add(&text, "{\"instruction\":\"%s\"", kinds[instruction->kind]);
    add_text(&text, "to", instruction->to);
    add_text(&text, "from", instruction->from);
    add_text(&text, "url", instruction->url);
    add_text(&text, "call_sid", instruction->call_sid);
    add_text(&text, "status_callback_url", instruction->status_callback_url);
    if (instruction->timeout_seconds != NO_INTEGER)
        text_add(&text, ",\"timeout\":%lld", (long long)instruction->timeout_seconds);
    if (instruction->record)
        text_put(&text, ",\"record\":true");
    text_put(&text, instruction->accept ? ",\"accept\":true}" : "}");
    return text.at;
}

/* ---- rules ---- */

bool tr_instruction_connects(const struct tr_instruction *instruction)
{
    return instruction->kind == TR_DEQUEUE || instruction->kind == TR_CONFERENCE;
}

bool tr_instruction_accepts(const struct tr_instruction *instruction)
{
    return tr_instruction_connects(instruction) || instruction->accept;
}

/* The gate has the last word when the worker is called; what can be told before is. */
static bool check_from(struct work *work, const char *from)
{
    struct phone_number number;
    struct phone_route route;

    if (!from || number_owned(work, from, &number))
        return true;
    if (work->error.what != NOT_FOUND)
        return false;
    return phone_route_for(work, from, "outbound", &route) ||
           (work->error.what == NOT_FOUND && phone_route_for(work, from, "inbound", &route)) ||
           (work->error.what == NOT_FOUND && bad(work, "from is no number of yours"));
}

static int64_t ring_most(const struct tr_instruction *instruction)
{
    return instruction->to && strncmp(instruction->to, "sip", 3) == 0 ? RING_MOST_SIP_SECONDS
                                                                      : RING_MOST_SECONDS;
}

bool tr_instruction_check(struct work *work, const struct tr_task *task,
                          const struct tr_instruction *instruction)
{
    if (tr_instruction_connects(instruction) && uid_is_none(task->call_id))
        return bad(work, "The task stands for no call that could be connected");
    if (instruction->kind == TR_CALL && (!instruction->from || !instruction->url))
        return bad(work, "call needs from and url");
    if (instruction->kind == TR_REDIRECT && (!instruction->call_sid || !instruction->url))
        return bad(work, "redirect needs call_sid and url");
    if (instruction->timeout_seconds != NO_INTEGER &&
        (instruction->timeout_seconds < 1 || instruction->timeout_seconds > ring_most(instruction)))
        return bad(work, "timeout must be from 1 to 999, or to 600 for SIP");
    return (!tr_instruction_connects(instruction) || check_from(work, instruction->from)) &&
           tr_check_url(work, "url", instruction->url) &&
           tr_check_url(work, "status_callback_url", instruction->status_callback_url);
}
