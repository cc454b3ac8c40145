#include "stream/facts.h"

#include <math.h>
#include <string.h>

#include "core/json.h"
#include "core/log.h"
#include "domain/events.h"
#include "domain/finalise.h"
#include "domain/invocations.h"
#include "domain/outage_calls.h"
#include "domain/rooms.h"
#include "domain/sessions.h"
#include "domain/turns.h"
#include "stream/scan.h"

enum { GROUP = 32 }; /* so many turns or events go into one statement */

bool fact_ends(const struct fact *fact, uid *session)
{
    struct member wanted[] = {{.name = "kind"}, {.name = "session"}};
    char key[33];

    return scan_members(fact->line, fact->length, wanted, COUNT(wanted)) &&
           (slice_is(wanted[0].value, "end") || slice_is(wanted[0].value, "lost")) &&
           slice_copy(wanted[1].value, key, sizeof key) && uid_read_hex(key, session);
}

/* ---- reading ---- */

static const char *text_of(struct work *work, json_object *tree, const char *name)
{
    return arena_text(&work->arena, json_text(tree, name));
}

static instant time_of(json_object *tree, const char *name)
{
    return (instant){json_integer(tree, name, INT64_MIN)};
}

static struct turn read_turn(struct work *work, json_object *tree)
{
    int64_t heard_ms = json_integer(tree, "heard_ms", NO_INTEGER);

    return (struct turn){
        .tenant_id = json_integer(tree, "tenant", 0),
        .session_id = json_key(tree, "session"),
        .seq = json_integer(tree, "seq", 0),
        .call_id = json_key(tree, "call"),
        .role = text_of(work, tree, "role"),
        .text = text_of(work, tree, "text"),
        .occurred_at = time_of(tree, "said_at"),
        .start_ms = json_integer(tree, "start_ms", NO_INTEGER),
        .end_ms = json_integer(tree, "end_ms", NO_INTEGER),
        .interrupted = heard_ms != NO_INTEGER,
        .heard_ms = heard_ms,
        .confidence = NAN,
        .item_ref = text_of(work, tree, "item"),
        .llm_first_token_ms = json_integer(tree, "first_token_ms", NO_INTEGER),
        .e2e_first_audio_ms = json_integer(tree, "first_audio_ms", NO_INTEGER),
        .redactions = json_integer(tree, "redactions", 0),
    };
}

static bool is_kind(json_object *tree, const char *kind)
{
    const char *its = json_text(tree, "kind");

    return its && strcmp(its, kind) == 0;
}

static void put_number(json_object *tree, const char *name, int64_t value)
{
    json_object_object_add(tree, name, json_object_new_int64(value));
}

/* How far a turn was heard when its process died. */
static int64_t heard_of(json_object *tree, const struct fact *fact)
{
    int64_t heard_ms = json_integer(tree, "from_ms", 0), sent_ms = json_integer(tree, "sent_ms", 0);
    int64_t since = json_integer(tree, "since", INT64_MAX), until = json_integer(tree, "at", 0);

    if (fact->died.ms > until)
        until = fact->died.ms;
    if (until > since)
        heard_ms += until - since;
    return heard_ms < sent_ms ? heard_ms : sent_ms;
}

/* What was heard so far becomes a turn; "whole" texts that were heard to their end stay whole. */
static void settle(json_object *tree, const struct fact *fact)
{
    int64_t sent_ms = json_integer(tree, "sent_ms", NO_INTEGER);
    int64_t start_ms = json_integer(tree, "start_ms", NO_INTEGER), heard_ms;
    const char *text = json_text(tree, "text");

    json_object_object_add(tree, "kind", json_object_new_string("turn"));
    if (sent_ms == NO_INTEGER)
        return;
    heard_ms = heard_of(tree, fact);
    if (heard_ms == sent_ms && json_boolean(tree, "whole", false))
        return;
    put_number(tree, "heard_ms", heard_ms);
    if (start_ms != NO_INTEGER)
        put_number(tree, "end_ms", start_ms + heard_ms);
    if (text)
        json_object_object_add(
            tree, "text",
            json_object_new_string_len(text, (int)transcript_heard(text, heard_ms, sent_ms)));
}

bool fact_is_turn(struct work *work, const struct fact *fact, struct turn *turn)
{
    const struct json_rules rules = {.depth = JSON_DEPTH};
    json_object *tree;
    bool is_turn;

    if (!json_read(work, fact->line, fact->length, &rules, &tree))
        return false;
    if (is_kind(tree, "partial"))
        settle(tree, fact);
    is_turn = is_kind(tree, "turn");
    if (is_turn)
        *turn = read_turn(work, tree);
    json_object_put(tree);
    return is_turn;
}

static struct call_event read_event(struct work *work, json_object *tree)
{
    json_object *payload = json_member(tree, "payload");

    return (struct call_event){
        .tenant_id = json_integer(tree, "tenant", 0),
        .id = json_key(tree, "id"),
        .call_id = json_key(tree, "call"),
        .session_id = json_key(tree, "session"),
        .type = text_of(work, tree, "type"),
        .level = text_of(work, tree, "level"),
        .source = text_of(work, tree, "source"),
        .payload = {payload ? json_write(&work->arena, payload) : "{}"},
        .occurred_at = time_of(tree, "at"),
    };
}

/* ---- applying ---- */

static bool apply_claimed(struct work *work, json_object *tree)
{
    const struct outage_claim claim = {
        .stream_sid = json_text(tree, "stream_sid"),
        .node_id = json_integer(tree, "node", 0),
        .node_epoch = json_integer(tree, "epoch", 0),
    };
    json_object *outage = json_member(tree, "outage");
    struct outage_call call;

    return outage && outage_call_read(work, json_write(&work->arena, outage), &call)
               ? outage_claimed(work, &call, &claim)
               : fail(work, INVALID, "The claim is incomplete");
}

static bool apply_active(struct work *work, json_object *tree)
{
    return session_activate(work, json_key(tree, "session"), time_of(tree, "at"));
}

static bool apply_draining(struct work *work, json_object *tree)
{
    return session_drain(work, json_key(tree, "session"));
}

static bool apply_end(struct work *work, json_object *tree)
{
    const struct session_end end = {
        .result = json_text(tree, "result"),
        .end_reason = json_text(tree, "reason"),
        .at = time_of(tree, "at"),
        .duration_ms = json_integer(tree, "duration_ms", NO_INTEGER),
        .model_segments = json_integer(tree, "segments", NO_INTEGER),
    };

    return session_end(work, json_key(tree, "session"), &end, NULL) &&
           call_finalise(work, json_key(tree, "call"), NULL);
}

static bool apply_lost(struct work *work, json_object *tree)
{
    return session_lose(work, json_key(tree, "session"), NULL) &&
           call_finalise(work, json_key(tree, "call"), NULL);
}

static bool apply_tool(struct work *work, json_object *tree)
{
    const char *arguments = json_text(tree, "arguments"), *result = json_text(tree, "result");
    struct invocation invocation;

    invocation_begin(&invocation);
    invocation.id = json_key(tree, "id");
    invocation.call_id = json_key(tree, "call");
    invocation.session_id = json_key(tree, "session");
    invocation.tool_name = json_text(tree, "name");
    invocation.model_call_ref = json_text(tree, "ref");
    invocation.arguments.json = json_is_valid(arguments) ? arguments : "{}";
    invocation.result.json = json_is_valid(result) ? result : NULL;
    invocation.status = json_text(tree, "status");
    invocation.error = json_text(tree, "error");
    invocation.tool_id = json_key(tree, "tool_id");
    invocation.http_status = json_integer(tree, "http_status", NO_INTEGER);
    if (json_text(tree, "via"))
        invocation.via = json_text(tree, "via");
    invocation.started_at = time_of(tree, "started_at");
    invocation.duration_ms = json_integer(tree, "duration_ms", NO_INTEGER);
    return invocation_put(work, &invocation);
}

static bool apply_room(struct work *work, json_object *tree)
{
    return room_move(work, json_key(tree, "room"), json_text(tree, "state"), time_of(tree, "at"),
                     NULL);
}

static bool apply_voice(struct work *work, json_object *tree)
{
    return voice_use_put(work,
                         &(struct voice_use){
                             .session_id = json_key(tree, "session"),
                             .provider = json_text(tree, "provider"),
                             .effective = json_text(tree, "effective"),
                             .fallback_reason = json_text(tree, "reason"),
                             .failed_at = time_of(tree, "failed_at"),
                             .utterances = json_integer(tree, "utterances", 0),
                             .first_audio_ms = json_integer(tree, "first_audio_ms", NO_INTEGER),
                             .used_at = time_of(tree, "at"),
                         });
}

/* Of a process that lives: it will say more. */
static bool apply_partial(struct work *work, json_object *tree)
{
    (void)work;
    (void)tree;
    return true;
}

static const struct kind {
    const char *name;
    bool (*apply)(struct work *work, json_object *tree);
} kinds[] = {
    {"claimed", apply_claimed},   {"partial", apply_partial}, {"active", apply_active},
    {"draining", apply_draining}, {"end", apply_end},         {"lost", apply_lost},
    {"tool", apply_tool},         {"voice", apply_voice},     {"room", apply_room},
};

static bool apply_one(struct work *work, json_object *tree)
{
    const char *kind = json_text(tree, "kind");

    work->tenant = json_integer(tree, "tenant", 0);
    for (size_t i = 0; i < COUNT(kinds); i++)
        if (kind && strcmp(kinds[i].name, kind) == 0)
            return kinds[i].apply(work, tree);
    return fail(work, INVALID, "No such fact");
}

/* How many facts from here on are of that kind and the same tenant. */
static size_t group_size(json_object *const *trees, size_t count, const char *kind)
{
    int64_t tenant = json_integer(trees[0], "tenant", 0);
    size_t size = 0;

    while (size < count && size < GROUP && is_kind(trees[size], kind) &&
           json_integer(trees[size], "tenant", 0) == tenant)
        size++;
    return size;
}

static bool apply_turns(struct work *work, json_object *const *trees, size_t count)
{
    struct turn turns[GROUP];

    for (size_t i = 0; i < count; i++)
        turns[i] = read_turn(work, trees[i]);
    work->tenant = turns[0].tenant_id;
    return turns_put(work, turns, count);
}

static bool apply_events(struct work *work, json_object *const *trees, size_t count)
{
    struct call_event events[GROUP];

    for (size_t i = 0; i < count; i++)
        events[i] = read_event(work, trees[i]);
    work->tenant = events[0].tenant_id;
    return events_put(work, events, count);
}

/* Applies as many as go together, and says how many that are. */
static bool apply_group(struct work *work, json_object *const *trees, size_t count, size_t *size)
{
    *size = group_size(trees, count, "turn");
    if (*size)
        return apply_turns(work, trees, *size);
    *size = group_size(trees, count, "event");
    if (*size)
        return apply_events(work, trees, *size);
    *size = 1;
    return apply_one(work, trees[0]);
}

/* A group that the domain refuses is tried one by one, so that only the bad one is passed over. */
static bool apply_all(struct work *work, json_object *const *trees, size_t count, size_t *done)
{
    bool singly = false;
    size_t size;

    while (*done < count) {
        json_object *const *from = trees + *done;

        if (apply_group(work, from, singly ? 1 : count - *done, &size)) {
            *done += size;
            singly = false;
            continue;
        }
        if (work->error.what == BUSY)
            return false;
        if (size == 1) {
            log_error(work, "writer.refused", "kind=%s code=%s text=\"%s\"",
                      json_text(*from, "kind"), failure_code(work->error.what),
                      work->error.message);
            ++*done;
        }
        singly = size > 1;
    }
    return true;
}

bool facts_apply(struct work *work, const struct fact *facts, size_t count, size_t *done)
{
    json_object **trees = arena_new(&work->arena, json_object *, count);
    const struct json_rules rules = {.depth = JSON_DEPTH};
    bool ok;

    *done = 0;
    for (size_t i = 0; i < count; i++)
        if (!json_read(work, facts[i].line, facts[i].length, &rules, &trees[i]))
            trees[i] = json_object_new_object();
    for (size_t i = 0; i < count; i++)
        if (facts[i].is_left && is_kind(trees[i], "partial"))
            settle(trees[i], &facts[i]); /* nobody lived to say more */
    ok = apply_all(work, trees, count, done);
    for (size_t i = 0; i < count; i++)
        json_object_put(trees[i]);
    return ok;
}
