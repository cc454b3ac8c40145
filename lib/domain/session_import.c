/*
 * Sessions that a client held elsewhere are written down as if they had been ours.
 */
#include <string.h>

#include "core/json.h"
#include "core/text.h"
#include "domain/session_logs.h"
#include "domain/sessions.h"
#include "domain/turns.h"
#include "domain/words.h"

static const char *const statuses[] = {"active", "completed", "transferred", "failed", NULL};

enum { MOST_ENTRIES = 5000, LONGEST_ENTRY = 16000 };

static const struct column columns_of_import[] = {
    COLUMN(session_import, stream_id, NOT_NULL, .max = 64),
    COLUMN(session_import, call_sid, NULLABLE, .max = 64),
    COLUMN(session_import, call_type, NULLABLE, .max = 24),
    COLUMN(session_import, customer_phone, NULLABLE, .max = 32),
    COLUMN(session_import, agent_name, NULLABLE, .max = 190),
    COLUMN(session_import, model, NULLABLE, .max = 80),
    COLUMN(session_import, voice, NULLABLE, .max = 80),
    COLUMN(session_import, org_id, NULLABLE, .max = 64),
    COLUMN(session_import, status, NULLABLE, .one_of = statuses),
    COLUMN(session_import, summary, NULLABLE, .max = 16000),
    COLUMN(session_import, sentiment, NULLABLE, .max = 32),
    COLUMN(session_import, duration_ms, NULLABLE, .least = 0, .most = INT32_MAX),
    COLUMN(session_import, transcript, NULLABLE),
    COLUMN(session_import, tags, NULLABLE),
    COLUMN(session_import, metadata, NULLABLE),
};

const struct entity session_import_entity =
    ENTITY(session_import, "voice session", NULL, columns_of_import);

/* An import on its way into the tables. */
struct importing {
    const struct session_import *given;
    struct voice_session session;
    struct turn *turns;
    size_t nturns;
    const char *text; /* all that was said, for searches; NULL when nothing was */
};

static bool is_printable(const char *text)
{
    for (; *text; text++)
        if (*text <= ' ' || *text > '~')
            return false;
    return true;
}

/* user, assistant or system, in the words that clients have for them; NULL for any other. */
static const char *role_of(const char *word)
{
    static const struct {
        const char *theirs, *ours;
    } roles[] = {{"user", "user"},           {"caller", "user"},     {"customer", "user"},
                 {"assistant", "assistant"}, {"agent", "assistant"}, {"system", "system"}};

    for (size_t i = 0; word && i < COUNT(roles); i++)
        if (strcmp(roles[i].theirs, word) == 0)
            return roles[i].ours;
    return NULL;
}

/* False when the entry is none that a turn can be made of. */
static bool read_entry(struct work *work, json_object *entry, struct turn *turn)
{
    const char *content = json_text(entry, "content"), *time = json_text(entry, "timestamp");

    row_clear(&turn_entity, turn);
    turn->redactions = 0;
    turn->role = role_of(json_text(entry, "role"));
    if (!turn->role || !content || strlen(content) > LONGEST_ENTRY)
        return false;
    turn->text = arena_text(&work->arena, content);
    return !time || instant_read_iso(time, &turn->occurred_at);
}

/* Reads the transcript into turns; with one entry that is none, nothing becomes a turn. */
static void read_turns(struct work *work, struct importing *i)
{
    json_object *tree = i->given->transcript.json ? json_parse(i->given->transcript.json) : NULL;
    size_t count =
        tree && json_object_is_type(tree, json_type_array) ? json_object_array_length(tree) : 0;
    bool fits = count > 0 && count <= MOST_ENTRIES;

    i->turns = fits ? arena_new(&work->arena, struct turn, count) : NULL;
    for (size_t k = 0; fits && k < count; k++)
        fits = read_entry(work, json_object_array_get_idx(tree, k), &i->turns[k]);
    i->nturns = fits ? count : 0;
    json_object_put(tree);
}

/* Turns without a time were said when the one before was. */
static void set_times(struct importing *i)
{
    struct voice_session *session = &i->session;
    int64_t took = i->given->duration_ms;
    instant now = clock_now(), at = NO_INSTANT;

    for (size_t k = 0; k < i->nturns && instant_is_none(at); k++)
        at = i->turns[k].occurred_at;
    if (instant_is_none(at))
        at = took == NO_INTEGER ? now : instant_after(now, -took);
    session->started_at = at;
    for (size_t k = 0; k < i->nturns; k++) {
        if (instant_is_none(i->turns[k].occurred_at))
            i->turns[k].occurred_at = at;
        at = i->turns[k].occurred_at;
        i->turns[k].session_id = session->id;
        i->turns[k].seq = (int64_t)k + 1;
    }
    session->duration_ms = took;
    if (strcmp(session->state, "ended") == 0)
        session->ended_at = took != NO_INTEGER ? instant_after(session->started_at, took)
                            : i->nturns        ? at
                                               : now;
}

static bool check_tags(struct work *work, const char *json)
{
    json_object *tree = json ? json_parse(json) : NULL;
    size_t count = tree ? json_object_array_length(tree) : 0;
    bool ok = true;

    for (size_t k = 0; ok && k < count; k++)
        ok = json_object_is_type(json_object_array_get_idx(tree, k), json_type_string);
    json_object_put(tree);
    return ok || fail_field(work, "tags", "tags must be a list of texts");
}

static void describe(struct work *work, struct importing *i)
{
    const struct session_import *given = i->given;
    struct voice_session *session = &i->session;
    const char *status = given->status ? given->status : "completed";
    bool active = strcmp(status, "active") == 0;

    session_begin(session);
    session->transport = "imported";
    session->stream_sid = given->stream_id;
    session->state = active ? "active" : "ended";
    session->result = active ? NULL : status;
    session->call_type = word_ascii(&work->arena, given->call_type, 24);
    session->customer_phone = word_ascii(&work->arena, given->customer_phone, 32);
    session->agent_name = given->agent_name;
    session->model = word_ascii(&work->arena, given->model, 80);
    session->voice = word_ascii(&work->arena, given->voice, 80);
    session->org_ref = given->org_id;
    session->summary = given->summary;
    session->sentiment = word_ascii(&work->arena, given->sentiment, 32);
    if (given->tags.json)
        session->tags = given->tags;
    if (given->metadata.json)
        session->metadata = given->metadata;
    if (i->nturns == 0)
        session->imported_transcript = given->transcript;
    session->turn_count = (int64_t)i->nturns;
}

/* What was said, a line each; of a transcript that was kept as it is, that. */
static void gather_text(struct work *work, struct importing *i)
{
    struct text out = {.arena = &work->arena};

    for (size_t k = 0; k < i->nturns; k++)
        text_add(&out, "%s\n", i->turns[k].text);
    i->text = i->nturns ? out.at : i->session.imported_transcript.json;
}

static bool put_text(struct work *work, const struct importing *i)
{
    static const char sql[] =
        "REPLACE INTO call_texts (tenant_id, call_id, started_at, tenant_term, body)"
        " VALUES (?, ?, ?, ?, ?)";
    const char *term = arena_format(&work->arena, "tnt%lld", (long long)work->tenant);
    const struct param params[] = {PARAM(work->tenant), PARAM(i->session.id),
                                   PARAM(i->session.started_at), PARAM(term), PARAM(i->text)};

    return !i->text || db_execute(work, sql, params, COUNT(params), NULL);
}

static bool put_call_sid(struct work *work, const struct importing *i)
{
    static const char sql[] =
        "UPDATE voice_sessions SET imported_call_sid = ? WHERE tenant_id = ? AND id = ?";
    const char *sid = word_ascii(&work->arena, i->given->call_sid, 64);
    const struct param params[] = {PARAM(sid), PARAM(work->tenant), PARAM(i->session.id)};

    return !sid || db_execute(work, sql, params, COUNT(params), NULL);
}

static bool write_down(struct work *work, void *with)
{
    struct importing *i = with;

    return session_insert(work, &i->session) && put_call_sid(work, i) &&
           (i->nturns == 0 || turns_put(work, i->turns, i->nturns)) && put_text(work, i);
}

bool session_log_import(struct work *work, const struct session_import *given, uid *id)
{
    struct importing importing = {.given = given};

    if (!*given->stream_id || !is_printable(given->stream_id))
        return fail_field(work, "stream_id", "stream_id must be printable characters of ASCII");
    if (!check_tags(work, given->tags.json))
        return false;
    read_turns(work, &importing);
    describe(work, &importing);
    set_times(&importing);
    gather_text(work, &importing);
    *id = importing.session.id;
    return db_transaction(work, write_down, &importing);
}
