#include "domain/outage_calls.h"

#include <string.h>

#include "core/config.h"
#include "core/crypto.h"
#include "core/json.h"
#include "core/log.h"
#include "domain/agents.h"
#include "domain/call_setup.h"
#include "domain/calls.h"
#include "domain/consent.h"
#include "domain/inbound.h"
#include "domain/nodes.h"
#include "domain/numbers.h"
#include "domain/route_cache.h"
#include "domain/sessions.h"
#include "domain/tenants.h"
#include "domain/words.h"
#include "remote/twilio_signature.h"

enum { DAY_MS = 24 * 60 * 60 * 1000, TOKEN_LIFE_MS = 120 * 1000, ROUNDS = 2 };

/* ---- in the front ---- */

/*
 * A key that follows from what is known without a store.  It begins with the day, so that whatever
 * is made for the call later has a greater key.
 */
static uid derive(struct work *work, const struct outage_call *call, const char *what)
{
    const char *text =
        arena_format(&work->arena, "%s %lld %s", what, (long long)call->tenant_id, call->call_sid);
    hash256 hash = sha256(text, strlen(text));
    uid id = uid_at((instant){call->at.ms / DAY_MS * DAY_MS});

    memcpy(id.bytes + 6, hash.bytes, sizeof id.bytes - 6);
    id.bytes[6] = (unsigned char)(0x70 | (id.bytes[6] & 0x0F));
    id.bytes[8] = (unsigned char)(0x80 | (id.bytes[8] & 0x3F));
    return id;
}

static bool is_signed(struct work *work, const struct posted *posted, const char *token)
{
    const struct twilio_message message = {
        .urls = posted->urls, .fields = posted->form.at, .nfields = posted->form.count};

    return token && posted->signature &&
           twilio_signature_fits(&work->arena, token, posted->signature, &message, NULL);
}

static bool is_incoming(const struct posted *posted)
{
    const char *direction = form_text(&posted->form, "Direction");

    return strcmp(posted->kind, "voice") == 0 && form_text(&posted->form, "To") &&
           word_sid(form_text(&posted->form, "CallSid")) &&
           (!direction || strcmp(direction, "inbound") == 0);
}

/* A stream to one of the nodes, in an order that is the call's own. */
static bool stream_to(struct work *work, const struct outage_call *outage, int64_t attempt,
                      struct call_plan *plan)
{
    const struct call call = {.id = outage->call, .agent_version_id = outage->agent_version};
    const struct voice_session session = {.id = outage->session};
    const struct token token = {
        .tenant_id = outage->tenant_id,
        .call = outage->call,
        .session = outage->session,
        .agent_version = outage->agent_version,
        .expires_at = instant_after(clock_now(), TOKEN_LIFE_MS),
    };
    const char *urls[KNOWN_NODES];
    size_t count = known_nodes_get(work, urls);
    struct media_node node = {0};
    char *text;

    if (!count || attempt >= (int64_t)count * ROUNDS)
        return false;
    node.public_ws_url = urls[(outage->call.bytes[15] + (size_t)attempt) % count];
    text = token_make(work, TOKEN_STREAM, &token);
    plan->kind = PLAN_CONNECT;
    plan->stream_url = node_stream_url(work, &node, text);
    plan->stream_token = text;
    plan->stream_status_url = hook_url(work, "/hooks/twilio/stream");
    plan->after_url = arena_format(&work->arena, "%s?outage=%lld", after_url(work, &call, &session),
                                   (long long)attempt + 1);
    return true;
}

bool outage_connect(struct work *work, const struct posted *posted, struct outage_call *call,
                    struct call_plan *plan)
{
    const struct form *form = &posted->form;
    struct known_route route;

    if (!is_incoming(posted) || !known_route_get(work, form_text(form, "To"), &route) ||
        !is_signed(work, posted, route.carrier_token))
        return false;
    work->tenant = route.tenant_id;
    *call = (struct outage_call){
        .tenant_id = route.tenant_id,
        .agent_version = route.agent_version_id,
        .call_sid = form_text(form, "CallSid"),
        .account_sid = form_text(form, "AccountSid"),
        .from = form_text(form, "From"),
        .to = form_text(form, "To"),
        .at = posted->received_at,
    };
    call->call = derive(work, call, "call");
    call->session = derive(work, call, "session");
    *plan = (struct call_plan){.say = route.say, .language = route.language};
    plan->stream_from = call->from;
    plan->stream_to = call->to;
    if (!stream_to(work, call, 0, plan))
        return false;
    log_info(work, "call.outage", "call=%s", call->call_sid);
    return true;
}

/* The new session's keys are made when it is connected: its row follows from the node's word. */
bool outage_after(struct work *work, const struct token *token, int64_t attempt,
                  struct call_plan *plan)
{
    struct outage_call call = {
        .tenant_id = token->tenant_id,
        .call = token->call,
        .session = uid_new(),
        .agent_version = token->agent_version,
    };
    char *digits = arena_take(&work->arena, 1, 33);

    work->tenant = token->tenant_id;
    *plan = (struct call_plan){.kind = PLAN_HANGUP};
    if (known_end_get(work, token->session))
        return true;
    uid_write_hex(token->session, digits);
    plan->stream_resumes = digits;
    return !uid_is_none(token->session) && !uid_is_none(token->agent_version) &&
           stream_to(work, &call, attempt, plan);
}

/* ---- in the journal ---- */

static void write_key(struct text *json, const char *name, uid key)
{
    char digits[33];

    uid_write_hex(key, digits);
    text_add(json, ",\"%s\":\"%s\"", name, digits);
}

static void write_text(struct text *json, const char *name, const char *value)
{
    if (!value)
        return;
    text_add(json, ",\"%s\":", name);
    text_json(json, value);
}

void outage_call_write(struct text *json, const struct outage_call *call)
{
    text_add(json, "{\"tenant\":%lld,\"at\":%lld", (long long)call->tenant_id,
             (long long)call->at.ms);
    write_key(json, "call", call->call);
    write_key(json, "session", call->session);
    write_key(json, "agent_version", call->agent_version);
    write_key(json, "resume_of", call->resume_of);
    write_text(json, "call_sid", call->call_sid);
    write_text(json, "account_sid", call->account_sid);
    write_text(json, "from", call->from);
    write_text(json, "to", call->to);
    text_char(json, '}');
}

static uid read_key(json_object *tree, const char *name)
{
    const char *digits = json_text(tree, name);
    uid key;

    return digits && uid_read_hex(digits, &key) ? key : NO_UID;
}

bool outage_call_read(struct work *work, const char *json, struct outage_call *call)
{
    json_object *tree = json_parse(json);
    struct arena *arena = &work->arena;

    *call = (struct outage_call){
        .tenant_id = json_integer(tree, "tenant", 0),
        .at = {json_integer(tree, "at", 0)},
        .call = read_key(tree, "call"),
        .session = read_key(tree, "session"),
        .agent_version = read_key(tree, "agent_version"),
        .resume_of = read_key(tree, "resume_of"),
        .call_sid = arena_text(arena, json_text(tree, "call_sid")),
        .account_sid = arena_text(arena, json_text(tree, "account_sid")),
        .from = arena_text(arena, json_text(tree, "from")),
        .to = arena_text(arena, json_text(tree, "to")),
    };
    json_object_put(tree);
    return call->tenant_id > 0 && !uid_is_none(call->call) && !uid_is_none(call->session) &&
           word_sid(call->call_sid);
}

/* ---- in the store that is back ---- */

/* The rows of one call, as they would have been written when it came. */
struct adopting {
    const struct outage_call *outage;
    struct call call;
    struct voice_session session;
    struct agent_version version;
    struct tenant tenant;
    bool has_call, has_session;
};

static void describe_call(struct work *work, struct adopting *a)
{
    const struct outage_call *outage = a->outage;
    const char *rehearsal = work->config->rehearsal_account_sid;
    struct phone_number number;
    struct call *call = &a->call;

    call_begin(work, call);
    call->id = outage->call;
    call->call_sid = outage->call_sid;
    call->carrier = rehearsal && outage->account_sid && strcmp(rehearsal, outage->account_sid) == 0
                        ? "sim"
                        : "twilio";
    call->carrier_account_sid = word_sid(outage->account_sid);
    call->origin = "carrier";
    call->direction = "inbound";
    call->channel = "pstn";
    call->state = "ringing";
    call->started_at = outage->at;
    call->from_addr = word_ascii(&work->arena, outage->from, 128);
    call->to_addr = word_ascii(&work->arena, outage->to, 128);
    call->customer_phone = word_ascii(&work->arena, outage->from, 32);
    call->org_ref = a->tenant.default_org_ref;
    if (outage->to && number_owned(work, outage->to, &number))
        call->phone_number_id = number.id;
}

/* It counts as connecting, because only a token that a node may hold led here. */
static void describe_session(struct work *work, struct adopting *a)
{
    struct agent agent;

    session_begin(&a->session);
    a->session.id = a->outage->session;
    a->session.call_id = a->outage->call;
    a->session.resume_of = a->outage->resume_of;
    a->session.resume_count = uid_is_none(a->outage->resume_of) ? 0 : 1;
    a->session.state = "connecting";
    a->session.started_at = a->outage->at;
    if (agent_find(work, a->version.agent_id, &agent))
        call_set_agent(work, &a->call, &a->session, &agent, &a->version, NULL);
    a->session.customer_phone = a->call.customer_phone;
    a->session.call_type = a->call.direction;
    a->session.org_ref = a->call.org_ref;
}

static bool missing(const struct work *work)
{
    return work->error.what == NOT_FOUND;
}

static bool adopt_step(struct work *work, void *with)
{
    struct adopting *a = with;
    struct voice_session found;

    a->has_call = call_get(work, a->outage->call, &a->call);
    if (!a->has_call && !missing(work))
        return false;
    if (!a->has_call)
        describe_call(work, a);
    a->has_session = session_get(work, a->outage->session, &found);
    if (a->has_session)
        return a->has_call || call_write(work, &a->call, NULL, 0);
    if (!missing(work))
        return false;
    describe_session(work, a);
    if (!a->has_call)
        return call_write(work, &a->call, &a->session, 0);
    return session_insert(work, &a->session);
}

bool outage_adopt(struct work *work, const struct outage_call *call)
{
    struct adopting a = {.outage = call};

    work->tenant = call->tenant_id;
    if (!tenant_by_id(work, work->tenant, &a.tenant) ||
        !agent_version_find(work, call->agent_version, &a.version))
        return false;
    if (!db_transaction(work, adopt_step, &a) &&
        (work->error.what != CONFLICT || !db_transaction(work, adopt_step, &a)))
        return false;
    return a.has_session || consent_note(work, &a.tenant, &a.version, &a.call, &a.session);
}

/* What a claim writes down; the session may have been given up meanwhile. */
static bool take(struct work *work, const struct outage_call *call,
                 const struct outage_claim *claim)
{
    static const char sql[] =
        "UPDATE voice_sessions SET state = 'connecting', state_rank = 20, node_id = ?,"
        " node_epoch = ?, stream_sid = COALESCE(?, stream_sid), connected_at = ?, token_hash = "
        "NULL,"
        " updated_at = ?, rev = rev + 1 WHERE tenant_id = ? AND id = ?"
        " AND (state IN ('pending', 'expired') OR (state = 'connecting' AND node_id IS NULL))";
    const int64_t node_id = claim->node_id ? claim->node_id : NO_INTEGER;
    const int64_t epoch = claim->node_id ? claim->node_epoch : NO_INTEGER;
    instant now = clock_now();
    const struct param params[] = {
        PARAM(node_id), PARAM(epoch),        PARAM(claim->stream_sid), PARAM(call->at),
        PARAM(now),     PARAM(work->tenant), PARAM(call->session),
    };

    return db_execute(work, sql, params, COUNT(params), NULL);
}

bool outage_claimed(struct work *work, const struct outage_call *call,
                    const struct outage_claim *claim)
{
    struct call_news answered = NO_NEWS;

    answered.state = "in_progress";
    answered.at = call->at;
    return outage_adopt(work, call) && take(work, call, claim) &&
           (!claim->stream_sid ||
            call_alias_put(work, claim->stream_sid, "stream_sid", call->call, call->session)) &&
           (uid_is_none(call->resume_of) || session_lose(work, call->resume_of, NULL)) &&
           call_apply(work, call->call, &answered, NULL) && call_tell_started(work, call->call);
}
